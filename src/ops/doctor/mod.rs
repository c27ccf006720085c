//! Looking for what does not work, or will hurt, before it does. Nothing is changed: what is tried is given up.

mod admin;
mod files;
mod finding;
mod leases;
mod left_roles;
mod places;
mod privileges;
mod roles;
mod server;
mod sessions;

use anyhow::Result;

use crate::model::name::{ConnectionName, Label};
use crate::ops::ask::open_all;
use crate::ops::connect::{Admin, reopen};
use crate::state::{State, StateFile};

pub(crate) use finding::{Finding, Status};

use finding::Check;

/// Looks at the state file, and at the named connections with their roles and leases; at all where none is named.
pub(crate) async fn examine(
    file: &StateFile,
    named: &[ConnectionName],
    issued_by: &Label,
) -> Result<Vec<Finding>> {
    let (state, mode, refusal) = file.inspect()?;
    let names = crate::ops::leases::connections(&state, named)?;
    let mut findings = vec![
        files::state_file(file.path(), &state, mode),
        places::place(file.path()),
    ];
    if named.is_empty() {
        findings.extend(places::kept_files(&state));
        findings.extend(roles::without_connection(&state));
    }
    // Its commands and its SQL may be another user's.
    if let Some(error) = refusal {
        if !findings[..2]
            .iter()
            .any(|found| found.status == Status::Failure)
        {
            let subject = format!("file {}", file.path().display());
            let check = Check {
                name: "state_file",
                subject: &subject,
            };
            findings.push(check.error(&error, "Name another state file with --state FILE."));
        }
        return Ok(findings);
    }
    for (name, admin) in open_all(&state, &names).await {
        findings.extend(files::passwords(&state, &name));
        let subject = format!("connection {name}");
        let check = Check {
            name: "reachable",
            subject: &subject,
        };
        let examined = match admin {
            Ok(admin) => examine_connection(&state, admin, issued_by, &mut findings).await,
            Err(error) => Err(error),
        };
        if let Err(error) = examined {
            findings.push(check.error(&error, &format!("pgcreds connection check {name}")));
        }
    }
    Ok(findings)
}

/// Everything that takes a session. Fails where no session is of use; a role that cannot be tried costs only its own.
async fn examine_connection(
    state: &State,
    mut admin: Admin,
    issued_by: &Label,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let name = admin.server.name().clone();
    let seen = server::look(&admin).await?;
    findings.extend(server::examine(&seen, &admin).await);
    findings.extend(admin::examine(&seen, &admin).await);
    for (role_name, role) in &state.roles {
        if role.connection != name {
            continue;
        }
        let subject = roles::Subject {
            state,
            admin: &admin,
            seen: &seen,
            name: role_name,
            role,
            issued_by,
        };
        if let Err(error) = roles::examine(&subject, findings).await {
            findings.push(roles::untried(role_name, &error));
            // What it left open, or broke, must not get in the way of what is asked next.
            admin = reopen(state, &admin.server).await?;
        }
    }
    findings.extend(leases::examine(state, &admin, &seen.survey.hour_ago).await?);
    findings.extend(left_roles::examine(&admin).await);
    Ok(())
}

/// The address of a session as people write it.
fn place(admin: &Admin) -> String {
    let host = &admin.session.address().host;
    format!("{}:{}", host.name, host.port)
}
