//! Roles: whether a login can be made, and what it would leave behind.

use anyhow::Result;

use super::finding::{Check, Finding};
use super::privileges;
use super::server::Seen;
use super::sessions;
use crate::model::count::counted;
use crate::model::name::{Label, RoleName};
use crate::model::role::Role;
use crate::ops::check::{self, RoleCheck};
use crate::ops::connect::Admin;
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::privileges::{Ungrantable, grant_admin_option, ungrantable};
use crate::postgres::survey::{default_successor, try_reassigning};
use crate::state::State;

/// A role, and the session to try it with.
pub(super) struct Subject<'a> {
    pub(super) state: &'a State,
    pub(super) admin: &'a Admin,
    pub(super) seen: &'a Seen,
    pub(super) name: &'a RoleName,
    pub(super) role: &'a Role,
    pub(super) issued_by: &'a Label,
}

/// Roles that name a connection that there is not.
pub(super) fn without_connection(state: &State) -> Vec<Finding> {
    let is_lost = |role: &Role| !state.connections.contains_key(&role.connection);
    let lost = state.roles.iter().filter(|(_, role)| is_lost(role));
    lost.map(|(name, role)| {
        let subject = format!("role {name}");
        let check = Check {
            name: "role_connection",
            subject: &subject,
        };
        check.failure(
            format!(
                "connection \"{}\" is not in the state file",
                role.connection
            ),
            format!("pgcreds connection add {} --url URL", role.connection),
        )
    })
    .collect()
}

/// All checks of a role. Fails where a login cannot be tried; what was found until then stands.
pub(super) async fn examine(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    let name = format!("role {}", subject.name);
    let check = |check| Check {
        name: check,
        subject: &name,
    };
    findings.push(allowed_roles(check("allowed_roles"), subject));
    findings.push(table_grants(check("table_grants"), subject));
    let (groups, are_good) = groups(check("groups"), subject).await?;
    findings.push(groups);
    if !are_good || !subject.seen.can_try() {
        return Ok(());
    }
    let made =
        check::rehearse(subject.admin, subject.name, subject.role, subject.issued_by).await?;
    let successor = successor(check("successor"), subject, &made).await?;
    findings.push(recipe(check("recipe"), subject, &made));
    findings.push(privileges::attributes(
        check("attributes"),
        subject.name,
        &made,
    ));
    findings.push(successor);
    findings.push(sessions::connection_limit(
        check("connection_limit"),
        subject.name,
        subject.role,
        &made,
        &subject.seen.slots,
    ));
    findings.push(privileges::database_owner(
        check("database_owner"),
        &subject.seen.standing.user,
        &made,
    ));
    Ok(())
}

/// What a login that was made would be good for.
fn recipe(check: Check<'_>, subject: &Subject<'_>, made: &RoleCheck) -> Finding {
    if made.shortcomings.is_empty() {
        return check.ok("a login was made and given up");
    }
    check.warning(
        made.shortcomings.join("; "),
        format!("pgcreds role check {}", subject.name),
    )
}

/// A role whose logins cannot be tried.
pub(super) fn untried(name: &RoleName, error: &anyhow::Error) -> Finding {
    let subject = format!("role {name}");
    let check = Check {
        name: "recipe",
        subject: &subject,
    };
    check.error(
        error,
        &format!("Mend [roles.{name}], and see: pgcreds role check {name}"),
    )
}

fn failure(subject: &Subject<'_>) -> impl Fn(DatabaseError) -> anyhow::Error {
    let what = format!("could not look at role \"{}\"", subject.name);
    move |error| error.failure(what.clone())
}

fn allowed_roles(check: Check<'_>, subject: &Subject<'_>) -> Finding {
    let name = &subject.role.connection;
    let allows = subject
        .state
        .connections
        .get(name)
        .is_some_and(|connection| connection.allows(subject.name));
    if allows {
        return check.ok(format!("connection \"{name}\" allows it"));
    }
    check.warning(
        format!("connection \"{name}\" does not allow it: nothing can be issued"),
        format!(
            "Add \"{}\" to allowed_roles in [connections.{name}].",
            subject.name
        ),
    )
}

/// Each login then adds to the access control list of every table.
fn table_grants(check: Check<'_>, subject: &Subject<'_>) -> Finding {
    if subject.role.creation_statements.grants_on_all_tables() {
        return check.warning(
            "it grants on all tables to each login, and PostgreSQL fails with \"row is too big\" after some 2,400",
            format!(
                "Grant to a group role once, and in [roles.{}] write member_of instead of creation_statements.",
                subject.name
            ),
        );
    }
    check.ok("no login adds to the access control lists of all tables")
}

/// Whether the groups that the short forms name are there, and the admin may hand them out. Also returns whether all is good.
async fn groups(check: Check<'_>, subject: &Subject<'_>) -> Result<(Finding, bool)> {
    let seen = subject.seen;
    let user = &seen.standing.user;
    let groups: Vec<String> = subject.role.groups().cloned().collect();
    let problems = ungrantable(&subject.admin.session, &groups)
        .await
        .map_err(failure(subject))?;
    let needs_admin_option = seen.survey.version_number >= 160_000 && !seen.standing.is_superuser;
    let mut remedies = Vec::new();
    for Ungrantable {
        group,
        is_there,
        is_superuser,
    } in &problems
    {
        if *is_superuser {
            let name = subject.name;
            remedies.push(format!("Leave \"{group}\" out of [roles.{name}]."));
            continue;
        }
        if !is_there {
            remedies.push(format!("CREATE ROLE {} NOLOGIN;", identifier(group)));
        }
        // Before PostgreSQL 16 it takes CREATEROLE, which has a check of its own.
        if needs_admin_option {
            remedies.push(grant_admin_option(group, user));
        }
    }
    let names: Vec<String> = problems
        .iter()
        .map(|problem| {
            let what = match (problem.is_there, problem.is_superuser) {
                (false, _) => ", which does not exist",
                (true, true) => ", which is a superuser",
                (true, false) => "",
            };
            format!("\"{}\"{what}", problem.group)
        })
        .collect();
    if remedies.is_empty() {
        return Ok((
            check.ok(counted(groups.len(), "group")),
            problems.is_empty(),
        ));
    }
    let detail = format!(
        "\"{user}\" may not make logins members of {}",
        names.join(" and ")
    );
    Ok((check.failure(detail, remedies.join(" ")), false))
}

/// Who gets what a login owns when it is revoked.
async fn successor(check: Check<'_>, subject: &Subject<'_>, made: &RoleCheck) -> Result<Finding> {
    let role = subject.role;
    match role.successor() {
        Some(named) => named_successor(check, subject, made, named).await,
        None => unnamed_successor(check, subject, made).await,
    }
}

async fn named_successor(
    check: Check<'_>,
    subject: &Subject<'_>,
    made: &RoleCheck,
    name: &str,
) -> Result<Finding> {
    let session = &subject.admin.session;
    let quoted = identifier(name);
    let user = identifier(&subject.seen.standing.user);
    let problems = ungrantable(session, &[name.to_owned()])
        .await
        .map_err(failure(subject))?;
    let is_missing = problems.iter().any(|problem| !problem.is_there);
    if is_missing {
        return Ok(check.failure(
            format!("\"{name}\", who shall get what logins own, does not exist"),
            format!("CREATE ROLE {quoted} NOLOGIN; GRANT {quoted} TO {user};"),
        ));
    }
    match try_reassigning(session, &made.member_of, name).await {
        Ok(true) => Ok(check.ok(format!("\"{name}\" gets what a login owns"))),
        Ok(false) => Ok(check.ok(without_code(name))),
        Err(error) if error.is_lost() => Err(failure(subject)(error)),
        Err(error) => Ok(check.failure(
            format!("what a login owns cannot be given to \"{name}\": {error}"),
            format!("GRANT {quoted} TO {user};"),
        )),
    }
}

async fn unnamed_successor(
    check: Check<'_>,
    subject: &Subject<'_>,
    made: &RoleCheck,
) -> Result<Finding> {
    let found = default_successor(&subject.admin.session, &made.member_of)
        .await
        .map_err(failure(subject))?;
    let name = &found.name;
    if !found.is_needed {
        return Ok(check.ok("logins can create nothing"));
    }
    if found.is_superuser {
        return Ok(check.warning(
            format!("logins can create objects, and superuser \"{name}\" gets those without code when they end"),
            format!(
                "In [roles.{}] write set_role = \"GROUP\" or reassign_owned_to = \"GROUP\".",
                subject.name
            ),
        ));
    }
    Ok(check.ok(without_code(name)))
}

fn without_code(name: &str) -> String {
    format!("\"{name}\" gets what a login owns, or a role without rights if there is code in it")
}
