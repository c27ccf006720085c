//! Revoking what has ended, on many connections at once.

use std::cell::RefCell;
use std::collections::HashSet;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::model::count::counted;
use crate::model::name::ConnectionName;
use crate::ops::ask::ask;
use crate::ops::check;
use crate::ops::connect::Admin;
use crate::ops::report::Report;
use crate::ops::revoke::Revocation;
use crate::ops::trace;
use crate::postgres::error::DatabaseError;
use crate::postgres::identity::Identity;
use crate::postgres::ledger::{self, Filter};
use crate::postgres::revocation::Which;
use crate::state::State;
use crate::ui::Bar;

/// What to revoke, and how.
pub(crate) struct Request {
    pub(crate) connections: Vec<ConnectionName>,
    /// Only leases that were issued through the very connection that is asked.
    pub(crate) own_only: bool,
    pub(crate) filter: Filter,
    pub(crate) which: Which,
    /// Refuse to start when more leases than this would be revoked.
    pub(crate) most: Option<usize>,
    pub(crate) session_timeout: Duration,
}

/// A connection and the logins to revoke on it.
struct Work {
    admin: Admin,
    server: Rc<Server>,
    is_standby: bool,
    oids: Vec<u32>,
    /// Those that another connection to the server tries too. What is gone by then is passed over.
    again: Vec<u32>,
}

/// What the connections that lead to one server have in common.
struct Server {
    identities: RefCell<Vec<Identity>>,
    /// The leases that were found on it.
    found: RefCell<HashSet<u32>>,
    /// The connection that holds it revokes: the next one finds what this one has left, or could not do.
    report: Mutex<Report>,
}

/// The servers that were reached.
#[derive(Default)]
struct Servers(RefCell<Vec<Rc<Server>>>);

impl Servers {
    /// The server with this identity, or with one that stands for the same server.
    fn with(&self, identity: Identity) -> Rc<Server> {
        let mut servers = self.0.borrow_mut();
        let is_it = |server: &&Rc<Server>| {
            let identities = server.identities.borrow();
            identities.iter().any(|other| other.is_same(&identity))
        };
        if let Some(server) = servers.iter().find(is_it) {
            server.identities.borrow_mut().push(identity);
            return Rc::clone(server);
        }
        let server = Rc::new(Server {
            identities: RefCell::new(vec![identity]),
            found: RefCell::default(),
            report: Mutex::default(),
        });
        servers.push(Rc::clone(&server));
        server
    }
}

impl Work {
    async fn revoke(self, state: &State, request: &Request, progress: &Bar) {
        let mut report = self.server.report.lock().await;
        if let Err(error) = self.run(state, request, progress, &mut report).await {
            report.unreachable(self.admin.server.name(), &error);
        }
    }

    async fn run(
        &self,
        state: &State,
        request: &Request,
        progress: &Bar,
        report: &mut Report,
    ) -> Result<()> {
        let revocation = Revocation {
            admin: &self.admin,
            state,
            which: request.which,
            session_timeout: request.session_timeout,
        };
        let advance = |leases| progress.advance(leases);
        revocation.run(&self.oids, report, &advance).await?;
        revocation.run(&self.again, report, &|_| ()).await
    }
}

/// Revokes all leases that fit the filter, on each server as soon as it has answered. A lease or a connection that cannot be
/// dealt with is in the report and stops no other one.
///
/// Where there is a limit, all connections are asked before anything is revoked. Standbys come last: what has gone on the
/// primary goes there too.
pub(crate) async fn sweep(state: &State, request: &Request, progress: &Bar) -> Result<Report> {
    let mut report = Report::default();
    let servers = Servers::default();
    let find = async |admin: Admin| find(admin, request, &servers, progress).await;
    let patience = request.session_timeout;
    let mut answers = pin!(ask(state, &request.connections, patience, &find));
    let mut running = FuturesUnordered::new();
    let mut put_off = Vec::new();
    loop {
        tokio::select! {
            answer = answers.next() => match answer {
                None => break,
                Some((position, Ok((others, work)))) => {
                    report.others += others;
                    report.reached += 1;
                    match work.is_standby || request.most.is_some() {
                        true => put_off.push((work.is_standby, position, work)),
                        false => running.push(work.revoke(state, request, progress)),
                    }
                }
                Some((position, Err(error))) => {
                    report.unreachable(&request.connections[position], &error);
                }
            },
            Some(()) = running.next() => {}
        }
    }
    let count = servers
        .0
        .borrow()
        .iter()
        .map(|it| it.found.borrow().len())
        .sum();
    trace::refused_sweep(state, request.which, refuse_too_many(request, count))?;
    put_off.sort_unstable_by_key(|(is_standby, position, _)| (*is_standby, *position));
    let (standbys, primaries): (Vec<_>, Vec<_>) = put_off.into_iter().partition(|it| it.0);
    running.extend(
        primaries
            .into_iter()
            .map(|(.., work)| work.revoke(state, request, progress)),
    );
    while running.next().await.is_some() {}
    for (.., standby) in standbys {
        standby.revoke(state, request, progress).await;
    }
    for server in servers.0.take() {
        report.add_server(std::mem::take(&mut *server.report.lock().await));
    }
    report.sort_unreachable(&request.connections);
    trace::unreachable(state, request.which, &report.unreachable);
    report.finish();
    Ok(report)
}

/// Refuses to revoke more leases than the request allows.
fn refuse_too_many(request: &Request, count: usize) -> Result<()> {
    let Some(most) = request.most.filter(|most| count > *most) else {
        return Ok(());
    };
    let what = format!(
        "{} would be revoked, which is over --max {most}",
        counted(count, "lease")
    );
    let hint = "See them with: pgcreds sweep --dry-run. Then run it again with a higher --max.";
    Err(Failure::request(what).hint(hint).into())
}

/// Finds the leases to revoke, and how many are left to another admin. Fails when they are left to it only because this
/// one may not alter any role any more.
async fn find(
    admin: Admin,
    request: &Request,
    servers: &Servers,
    progress: &Bar,
) -> Result<(usize, Work)> {
    let name = admin.server.name();
    let failure = |error: DatabaseError| {
        error.failure(format!(
            "could not look for leases on connection \"{name}\""
        ))
    };
    let found = ledger::oids(&admin.session, &filter_for(request, name)).await;
    let (oids, others) = found.map_err(failure)?;
    if others > 0 {
        check::refuse_powerless(&admin).await?;
    }
    let identity = Identity::of(&admin.session).await.map_err(failure)?;
    let is_standby = identity.is_standby();
    let server = servers.with(identity);
    let mut found = server.found.borrow_mut();
    let (oids, again): (Vec<u32>, _) = oids.into_iter().partition(|oid| found.insert(*oid));
    drop(found);
    progress.add(oids.len());
    let work = Work {
        admin,
        server,
        is_standby,
        oids,
        again,
    };
    Ok((others, work))
}

fn filter_for(request: &Request, name: &ConnectionName) -> Filter {
    let connection = request.own_only.then(|| name.clone());
    Filter {
        connection,
        ..request.filter.clone()
    }
}
