//! What a sweep and a revocation print.

use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::failure::{self, Failure, Kind};
use crate::model::count::counted;
use crate::model::name::{ConnectionName, RoleName};
use crate::model::reassigned::Reassigned;
use crate::ops::report::Report;
use crate::shell::argument;
use crate::state::State;
use crate::ui::Format;

/// Prints the report, says what went wrong on stderr, and returns the exit code.
pub(super) fn print(context: &Context, report: &Report) -> Result<ExitCode> {
    let ui = context.ui;
    for reassigned in &report.reassigned {
        if reassigned.withheld_from.is_none() {
            ui.detail(&reassigned.to_string());
        }
    }
    for lease in report
        .revoked
        .iter()
        .filter(|lease| !report.gone.contains(lease))
    {
        ui.detail(&format!("revoked lease \"{lease}\""));
    }
    for lease in &report.gone {
        ui.status(&format!(
            "lease \"{lease}\" is not there: it has ended, or its name is mistyped"
        ));
    }
    match report.revoked.len() - report.gone.len() {
        0 => {}
        1 if !ui.is_verbose => {
            let revoked = report
                .revoked
                .iter()
                .find(|lease| !report.gone.contains(lease));
            revoked
                .iter()
                .for_each(|lease| ui.status(&format!("revoked lease \"{lease}\"")));
        }
        count => ui.status(&format!("revoked {}", counted(count, "lease"))),
    }
    let warnings = report.reassigned.iter().filter_map(Reassigned::warning);
    for warning in warnings.chain(report.notes.iter().cloned()) {
        ui.warn(&warning);
    }
    if report.others > 0 {
        ui.detail(&format!(
            "left {} to another admin, who has the ADMIN OPTION",
            counted(report.others, "lease")
        ));
    }
    print_problems(report);
    if ui.format == Format::Json {
        ui.object(report)?;
    }
    Ok(code(report))
}

fn code(report: &Report) -> ExitCode {
    let is_nothing_done = report.revoked.is_empty() && report.failed.is_empty();
    let kind = match (report.unreachable.is_empty(), report.unasked.is_empty()) {
        _ if report.is_complete() => return ExitCode::SUCCESS,
        (false, _) if report.reached == 0 => {
            kind_of_all(report.unreachable.iter().map(|it| it.kind))
        }
        (true, false) if is_nothing_done => Kind::Request,
        _ => Kind::Partial,
    };
    kind.code().into()
}

/// A role that the state file does not have may have been removed from it, or be a slip of the finger.
pub(super) fn warn_of_unknown_role(context: &Context, state: &State, role: Option<&RoleName>) {
    if let Some(role) = role.filter(|role| !state.roles.contains_key(role)) {
        context
            .ui
            .warn(&format!("role \"{role}\" is not in the state file"));
    }
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
            argument(failed.lease_id.as_str())
        );
        failure::report(&failure.hint(hint).into());
    }
    for unasked in &report.unasked {
        let (id, connection) = (&unasked.lease_id, &unasked.connection);
        let failure = Failure::request(format!(
            "lease \"{id}\" may be on connection \"{connection}\": {}",
            unasked.error
        ));
        let hint = format!(
            "Ask it with: pgcreds lease revoke --connection {connection} {}",
            argument(id.as_str())
        );
        failure::report(&failure.hint(hint).into());
    }
    for unreachable in &report.unreachable {
        let failure = Failure::new(
            unreachable.kind,
            format!(
                "connection \"{}\": {}",
                unreachable.connection, unreachable.error
            ),
        );
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
    if failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    if failures.len() < asked {
        return Kind::Partial.code().into();
    }
    kind_of_all(failures.iter().map(|(_, error)| failure::kind(error)))
        .code()
        .into()
}

/// Whose problem it is that no connection could be used: the request's, where it is that of all of them.
fn kind_of_all(mut kinds: impl Iterator<Item = Kind>) -> Kind {
    let other = kinds.find(|kind| *kind != Kind::Request);
    other.unwrap_or(Kind::Request)
}
