//! What a sweep and a revocation print.

use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::failure::{self, Failure, Kind};
use crate::model::name::ConnectionName;
use crate::ops::report::Report;
use crate::ui::Format;

/// Prints the report, says what went wrong on stderr, and returns the exit code.
pub(super) fn print(context: &Context, report: &Report) -> Result<ExitCode> {
    let ui = context.ui;
    for lease in &report.revoked {
        ui.detail(&format!("revoked lease \"{lease}\""));
    }
    match report.revoked.as_slice() {
        [] => {}
        [lease] => ui.status(&format!("revoked lease \"{lease}\"")),
        leases => ui.status(&format!("revoked {} leases", leases.len())),
    }
    for note in &report.notes {
        ui.warn(note);
    }
    if report.others > 0 {
        ui.detail(&format!(
            "left {} leases to another admin, who has ADMIN OPTION on them",
            report.others
        ));
    }
    print_problems(report);
    if ui.format == Format::Json {
        ui.object(report)?;
    }
    Ok(
        match (report.failed.is_empty(), report.unreachable.is_empty()) {
            (true, true) => ExitCode::SUCCESS,
            (true, false) if report.reached == 0 => Kind::Server.code().into(),
            _ => Kind::Partial.code().into(),
        },
    )
}

fn print_problems(report: &Report) {
    for failed in &report.failed {
        let failure = Failure::new(
            Kind::Partial,
            format!(
                "could not drop lease \"{}\" on connection \"{}\": {}",
                failed.lease_id, failed.connection, failed.error
            ),
        );
        let hint = format!(
            "The next sweep tries again. Look at it with: pgcreds lease show {}",
            failed.lease_id
        );
        failure::report(&failure.hint(hint).into());
    }
    for unreachable in &report.unreachable {
        let failure = Failure::server(format!(
            "connection \"{}\": {}",
            unreachable.connection, unreachable.error
        ));
        let hint = format!(
            "Look at it with: pgcreds connection check {}",
            unreachable.connection
        );
        failure::report(&failure.hint(hint).into());
    }
}

/// Says which connections could not be asked for a list, and returns the exit code.
pub(super) fn print_unreachable(
    failures: &[(ConnectionName, anyhow::Error)],
    asked: usize,
) -> ExitCode {
    for (_, error) in failures {
        failure::report(error);
    }
    match failures.first() {
        None => ExitCode::SUCCESS,
        Some((_, error)) if failures.len() == asked => failure::kind(error).code().into(),
        Some(_) => Kind::Partial.code().into(),
    }
}
