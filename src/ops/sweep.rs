//! Revoking what has ended, on many connections at once.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::failure::Failure;
use crate::model::count::counted;
use crate::model::name::ConnectionName;
use crate::ops::check;
use crate::ops::connect::{Admin, CONCURRENCY, ask_all};
use crate::ops::report::Report;
use crate::ops::revoke::Revocation;
use crate::ops::servers::by_server;
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
    server: Identity,
    oids: Vec<u32>,
    /// Those that another connection to the server tries first.
    again: Vec<u32>,
    /// How many leases are left to another admin.
    others: usize,
}

impl Work {
    async fn revoke(
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
        // What is gone is passed over.
        revocation.run(&self.again, report, &|_| ()).await
    }
}

/// Revokes all leases that fit the filter. A lease or a connection that cannot be dealt with is in the report and stops
/// no other one.
pub(crate) async fn sweep(state: &State, request: &Request, progress: &Bar) -> Result<Report> {
    let mut report = Report::default();
    let mut servers = look(state, request, &mut report).await;
    let count = count_once(&mut servers);
    if let Some(most) = request.most.filter(|most| count > *most) {
        let refusal = Failure::request(format!(
            "{} would be revoked, which is over --max {most}",
            counted(count, "lease")
        ))
        .hint("See them with: pgcreds sweep --dry-run. Then run it again with a higher --max.");
        return trace::refused_sweep(state, request.which, Err(refusal.into()));
    }
    progress.start(count);
    let mut reports = stream::iter(servers)
        .map(|parts| revoke_on_server(state, request, parts, progress))
        .buffer_unordered(CONCURRENCY);
    while let Some(part) = reports.next().await {
        report.add_server(part);
    }
    trace::unreachable(state, request.which, &report.unreachable);
    report.finish();
    Ok(report)
}

/// Connects everywhere and finds what there is to do, server by server.
async fn look(state: &State, request: &Request, report: &mut Report) -> Vec<Vec<Work>> {
    let find = async |admin: Admin| {
        let filter = filter_for(request, admin.server.name());
        find(admin, &filter).await
    };
    let mut work = Vec::new();
    for (name, found) in ask_all(state, &request.connections, find).await {
        match found {
            Ok(found) => {
                report.others += found.others;
                report.reached += 1;
                work.push(found);
            }
            Err(error) => report.unreachable(&name, &error),
        }
    }
    by_server(work, |work| &work.server)
}

/// Leaves each lease to the first connection that leads to it: the others try what that one cannot do. Returns how many
/// leases there are.
fn count_once(servers: &mut [Vec<Work>]) -> usize {
    let mut count = 0;
    for server in servers {
        let mut seen = BTreeSet::new();
        for work in server {
            let oids = std::mem::take(&mut work.oids);
            (work.oids, work.again) = oids.into_iter().partition(|oid| seen.insert(*oid));
        }
        count += seen.len();
    }
    count
}

/// Finds the leases to revoke. Fails when they are left to another admin only because this one may not alter any role any
/// more.
async fn find(admin: Admin, filter: &Filter) -> Result<Work> {
    let name = admin.server.name();
    let failure = |error: DatabaseError| {
        error.failure(format!(
            "could not look for leases on connection \"{name}\""
        ))
    };
    let (oids, others) = ledger::oids(&admin.session, filter)
        .await
        .map_err(failure)?;
    if others > 0 {
        check::refuse_powerless(&admin).await?;
    }
    let server = Identity::of(&admin.session).await.map_err(failure)?;
    Ok(Work {
        admin,
        server,
        oids,
        again: Vec::new(),
        others,
    })
}

fn filter_for(request: &Request, name: &ConnectionName) -> Filter {
    let connection = request.own_only.then(|| name.clone());
    Filter {
        connection,
        ..request.filter.clone()
    }
}

/// Revokes through each connection to one server in turn: the second finds what the first has left, or could not do.
async fn revoke_on_server(
    state: &State,
    request: &Request,
    parts: Vec<Work>,
    progress: &Bar,
) -> Report {
    let mut report = Report::default();
    for work in parts {
        if let Err(error) = work.revoke(state, request, progress, &mut report).await {
            report.unreachable(work.admin.server.name(), &error);
        }
    }
    report
}
