//! The look at a new login that no creation statement can leave out. It fails the transaction; what it says then comes
//! back in the server's error.

use crate::failure::Failure;
use crate::model::name::RoleName;
use crate::postgres::privileges::reached;
use crate::postgres::session::Session;
use crate::postgres::{literal, statement};

/// What is wrong with creation statements: the sign that the server repeats in its error, the problem, the next step.
const VERDICTS: [(&str, &str, &str); 3] = [
    (
        "pgcreds: not created",
        "did not create the role \"{{name}}\"",
        "Start them with: CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';",
    ),
    (
        "pgcreds: no login",
        "created the role \"{{name}}\" without LOGIN",
        "Write: CREATE ROLE \"{{name}}\" WITH LOGIN …, or CREATE USER.",
    ),
    (
        "pgcreds: superuser",
        "created a superuser, which pgcreds never revokes",
        "Leave SUPERUSER out and grant what is needed, for example pg_read_all_data.",
    ),
];

/// The sign of a login that is in a group that leads to the admin or to a superuser. Where somebody has the time to look, the
/// membership to take away follows it in brackets, as `REVOKE` takes it; the group alone where the login is the member.
const LEADS_UP: &str = "pgcreds: leads up";

/// Fails the transaction unless the role exists, may log in, is no superuser, and is in no group that leads to one or to the
/// admin, whatever the memberships' options are: with `ADMIN` its holder gives itself the rest. The cast refuses every verdict
/// but a number, and needs no procedural language.
///
/// A look at all roles is planned in half the time of a look at the way up, but takes longer where there `are_many`.
pub(super) fn look(session: &Session, name: &str, are_many: bool) -> String {
    // A superuser may read what the view shows, and that is planned in half the time.
    let roles = match session.mode().is_superuser {
        true => "pg_authid",
        false => "pg_roles",
    };
    let leads_up = match are_many {
        true => statement(include_str!("sql/leads_up.sql")),
        false => format!(
            "SELECT '' FROM {roles} g \
             WHERE (g.rolsuper OR g.rolname IN (current_user, session_user)) AND pg_has_role(r.oid, g.oid, 'MEMBER') LIMIT 1"
        ),
    };
    look_with(name, roles, &leads_up)
}

/// The same, and says which membership leads there.
pub(super) fn thorough_look(name: &str) -> String {
    let leads_up = format!(
        "SELECT '[' || g.membership || ']' FROM {} g \
         WHERE g.rolsuper OR g.rolname IN (current_user, session_user) ORDER BY 1 LIMIT 1",
        reached("r.oid")
    );
    look_with(name, "pg_roles", &leads_up)
}

fn look_with(name: &str, roles: &str, leads_up: &str) -> String {
    format!(
        "SELECT CAST(CASE WHEN r.oid IS NULL THEN 'pgcreds: not created' \
         WHEN r.rolsuper THEN 'pgcreds: superuser' \
         WHEN NOT r.rolcanlogin THEN 'pgcreds: no login' \
         ELSE coalesce('{LEADS_UP}' || ({leads_up}), r.oid::text) END AS bigint) AS pgcreds_oid \
         FROM (SELECT 1) one LEFT JOIN {roles} r ON r.rolname = {};",
        literal(name)
    )
}

/// What the look found, if it is what an error of the server speaks of.
pub(super) fn failure(error: &str, role: &RoleName) -> Option<Failure> {
    if let Some((_, found)) = error.split_once(LEADS_UP) {
        return Some(leads_up(found, role));
    }
    let verdict = VERDICTS.iter().find(|(sign, ..)| error.contains(sign));
    verdict.map(|(_, problem, hint)| {
        Failure::request(format!("creation_statements of role \"{role}\" {problem}")).hint(*hint)
    })
}

fn leads_up(found: &str, role: &RoleName) -> Failure {
    let membership = found
        .strip_prefix('[')
        .and_then(|found| found.rsplit_once(']'));
    let hint = match membership {
        Some((membership, _)) if membership.contains(" FROM ") => {
            format!("Run as a superuser: REVOKE {membership};")
        }
        Some((group, _)) => format!("Leave {group} out of the role."),
        None => format!("See which membership leads there with: pgcreds role check {role}"),
    };
    Failure::request(format!(
        "logins of role \"{role}\" could become the connection's admin or a superuser"
    ))
    .hint(hint)
}

/// A subquery for the names of the roles that a role is a member of and that could do more than their end takes back, with what that is.
pub(super) fn powers(role: &str) -> String {
    format!(
        "(SELECT json_agg(DISTINCT format('\"%s\" (%s)', g.rolname, p.power)) FROM {} g CROSS JOIN LATERAL (SELECT CASE \
         WHEN g.rolcreaterole THEN 'CREATEROLE' WHEN g.rolreplication THEN 'REPLICATION' WHEN g.rolbypassrls THEN 'BYPASSRLS' \
         WHEN g.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files') \
         THEN 'the server''s files and programs' END AS power) p WHERE p.power IS NOT NULL)",
        reached(role)
    )
}
