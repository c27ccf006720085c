//! The look at a new login that no creation statement can leave out. It fails the transaction; what it says then comes
//! back in the server's error.

use crate::failure::Failure;
use crate::model::name::RoleName;
use crate::model::role::Role;
use crate::postgres::powers::{self, DANGEROUS, IS_DANGEROUS};
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

/// Fails the transaction unless the login exists, may log in, is no superuser, is in no group that leads to one or to the
/// admin, and has no dangerous privileges that the role does not allow, whatever the memberships' options are: with `ADMIN` its holder gives itself the rest. The cast refuses every verdict
/// but a number, and needs no procedural language.
///
/// A look at all roles is planned in half the time of a look at the way up, but takes longer where there `are_many`.
pub(super) fn look(session: &Session, name: &str, role: &Role, are_many: bool) -> String {
    // A superuser may read what the view shows, and that is planned in half the time.
    let roles = match session.mode().is_superuser {
        true => "pg_authid",
        false => "pg_roles",
    };
    let dangerous = match role.allow_dangerous_privileges {
        true => String::new(),
        false => format!(" OR {IS_DANGEROUS}"),
    };
    // The worse of the two signs is the first by its text.
    let problem = match are_many {
        true => statement(include_str!("sql/login_problem.sql"))
            .replace("{leads_up}", LEADS_UP)
            .replace("{dangerous}", DANGEROUS)
            .replace("{roles}", roles)
            .replace("{or_dangerous}", &dangerous),
        // So is this planned in half the time of a look at the way up.
        false => format!(
            "SELECT CASE WHEN g.rolsuper OR g.rolname IN (current_user, session_user) THEN '{LEADS_UP}' ELSE '{DANGEROUS}' END \
             FROM {roles} g WHERE (g.rolsuper OR g.rolname IN (current_user, session_user){dangerous}) \
             AND pg_has_role(r.oid, g.oid, 'MEMBER') ORDER BY 1 LIMIT 1"
        ),
    };
    let problem = format!("({problem})");
    look_with(name, roles, &problem)
}

/// The same, and names the memberships that lead there.
pub(super) fn thorough_look(name: &str, role: &Role) -> String {
    let leads_up = format!(
        "(SELECT '{LEADS_UP}[' || g.membership || ']' FROM {} g \
         WHERE g.rolsuper OR g.rolname IN (current_user, session_user) ORDER BY 1 LIMIT 1)",
        reached("r.oid")
    );
    let problem = match role.allow_dangerous_privileges {
        true => leads_up,
        false => format!("{leads_up}, {}", powers::dangerous_powers("r.oid")),
    };
    look_with(name, "pg_roles", &problem)
}

fn look_with(name: &str, roles: &str, problem: &str) -> String {
    format!(
        "SELECT CAST(CASE WHEN r.oid IS NULL THEN 'pgcreds: not created' \
         WHEN r.rolsuper THEN 'pgcreds: superuser' \
         WHEN NOT r.rolcanlogin THEN 'pgcreds: no login' \
         ELSE coalesce({problem}, r.oid::text) END AS bigint) AS pgcreds_oid \
         FROM (SELECT 1) one LEFT JOIN {roles} r ON r.rolname = {};",
        literal(name)
    )
}

/// What the look found, if it is what an error of the server speaks of.
pub(super) fn failure(error: &str, role: &RoleName) -> Option<Failure> {
    if let Some((_, found)) = error.split_once(LEADS_UP) {
        return Some(leads_up(found, role));
    }
    if let Some(failure) = powers::failure(error, role) {
        return Some(failure);
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
