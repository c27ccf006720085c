//! Revoking what has ended, on many connections at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::failure::Failure;
use crate::model::connection_url::Host;
use crate::model::name::ConnectionName;
use crate::ops::check;
use crate::ops::connect::{Admin, CONCURRENCY, open_all};
use crate::ops::report::Report;
use crate::ops::revoke::Revocation;
use crate::ops::trace;
use crate::postgres::error::DatabaseError;
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
    oids: Vec<u32>,
}

/// Revokes all leases that fit the filter. A lease or a connection that cannot be dealt with is in the report and stops
/// no other one.
pub(crate) async fn sweep(state: &State, request: &Request, progress: &Bar) -> Result<Report> {
    let mut report = Report::default();
    let work = look(state, request, &mut report).await;
    let all: BTreeSet<(&[Host], u32)> = work
        .iter()
        .flat_map(|work| {
            work.oids
                .iter()
                .map(|oid| (work.admin.server.hosts(), *oid))
        })
        .collect();
    if let Some(most) = request.most.filter(|most| all.len() > *most) {
        let refusal = Failure::request(format!(
            "{} leases would be revoked, which is over --max {most}",
            all.len()
        ))
        .hint("See them with: pgcreds sweep --dry-run. Then run it again with a higher --max.");
        return trace::refused_sweep(state, request.which, Err(refusal.into()));
    }
    progress.start(all.len());
    // Two connections to one server go one after the other: the second finds what the first has left.
    let mut servers = BTreeMap::<Vec<Host>, Vec<Work>>::new();
    for part in work {
        servers
            .entry(part.admin.server.hosts().to_vec())
            .or_default()
            .push(part);
    }
    let mut reports = stream::iter(servers.into_values())
        .map(|parts| revoke_on_server(state, request, parts, progress))
        .buffer_unordered(CONCURRENCY);
    while let Some(part) = reports.next().await {
        report.merge(part);
    }
    trace::unreachable(state, request.which, &report.unreachable);
    report.finish();
    Ok(report)
}

/// Connects everywhere and finds what there is to do.
async fn look(state: &State, request: &Request, report: &mut Report) -> Vec<Work> {
    let mut work = Vec::new();
    for (name, admin) in open_all(state, &request.connections).await {
        let found = match admin {
            Ok(admin) => find(admin, &filter_for(request, &name), report).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => work.push(found),
            Err(error) => report.unreachable(&name, &error),
        }
    }
    work
}

/// Finds the leases to revoke. Leases that are left to another admin are counted; fails when they are left only because
/// this admin may not alter any role any more.
async fn find(admin: Admin, filter: &Filter, report: &mut Report) -> Result<Work> {
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
    report.others += others;
    report.reached += 1;
    Ok(Work { admin, oids })
}

fn filter_for(request: &Request, name: &ConnectionName) -> Filter {
    let connection = request.own_only.then(|| name.clone());
    Filter {
        connection,
        ..request.filter.clone()
    }
}

/// Revokes through each connection to one server in turn.
async fn revoke_on_server(
    state: &State,
    request: &Request,
    parts: Vec<Work>,
    progress: &Bar,
) -> Report {
    let mut report = Report::default();
    let mut done = BTreeSet::new();
    for Work { admin, mut oids } in parts {
        oids.retain(|oid| done.insert(*oid));
        let revocation = Revocation {
            admin: &admin,
            state,
            which: request.which,
            session_timeout: request.session_timeout,
        };
        if let Err(error) = revocation
            .run(&oids, &mut report, &|leases| progress.advance(leases))
            .await
        {
            report.unreachable(admin.server.name(), &error);
        }
    }
    report
}
