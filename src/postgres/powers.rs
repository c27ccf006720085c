//! Privileges with which a login could act on sessions of other roles, or on the server's files.

use serde::Deserialize;

use crate::failure::Failure;
use crate::model::name::RoleName;

/// The sign of a login with such privileges, in the server's error; a JSON array of them follows where they were looked for.
pub(super) const DANGEROUS: &str = "pgcreds: privileges";

/// Something that a login can do beyond its own privileges.
#[derive(Debug, Deserialize)]
pub(crate) struct Power {
    role_name: String,
    power: String,
    membership: String,
    /// Whether the login itself has the attribute.
    pub(crate) is_itself: bool,
}

impl std::fmt::Display for Power {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.is_itself {
            true => formatter.write_str(&self.power),
            false => write!(formatter, "\"{}\" ({})", self.role_name, self.power),
        }
    }
}

/// Whether a role `g` of `pg_roles` makes its members dangerous: the same as `is_dangerous` in `powers.sql`, planned in less time.
pub(super) const IS_DANGEROUS: &str = "g.rolname IN ('pg_execute_server_program', 'pg_write_server_files', \
    'pg_read_server_files', 'pg_signal_backend', 'pg_maintain', 'pg_use_reserved_connections') OR g.rolreplication \
    OR (g.rolcreaterole AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 160000)";

/// A subquery for the powers of a role, as a JSON array. `login` is SQL for its oid.
pub(super) fn powers(login: &str) -> String {
    format!("(SELECT json_agg(p) FROM ({}) p)", query(login))
}

/// A subquery for the sign and the powers that are refused; NULL where there are none.
pub(super) fn dangerous_powers(login: &str) -> String {
    format!(
        "(SELECT '{DANGEROUS}' || json_agg(p)::pg_catalog.text FROM ({}) p WHERE p.is_dangerous)",
        query(login)
    )
}

fn query(login: &str) -> String {
    include_str!("sql/powers.sql").replace("{login}", login)
}

/// Whether the server's error says that there are such privileges, and not which.
pub(super) fn is_vague(error: &str) -> bool {
    error
        .split_once(DANGEROUS)
        .is_some_and(|(_, found)| !found.starts_with('['))
}

/// Why the login was not created, where the server's error says that it was for its privileges.
pub(super) fn failure(error: &str, role: &RoleName) -> Option<Failure> {
    let (_, found) = error.split_once(DANGEROUS)?;
    let end = found.rfind(']').map_or(0, |end| end + 1);
    let powers: Vec<Power> = serde_json::from_str(&found[..end]).unwrap_or_default();
    let mut named: Vec<String> = powers.iter().map(Power::to_string).collect();
    named.dedup();
    let what = match named.is_empty() {
        true => String::new(),
        false => format!(": {}", named.join(", ")),
    };
    Some(
        Failure::request(format!(
            "logins of role \"{role}\" could act on sessions of other roles or on the server's files{what}"
        ))
        .hint(hint(&powers, role)),
    )
}

/// What to revoke or to leave out, and how to allow it.
fn hint(powers: &[Power], role: &RoleName) -> String {
    let allow = format!(
        "write allow_dangerous_privileges = true in [roles.{role}] of the state file, as role add --force does"
    );
    let mut revokes = Vec::new();
    let mut left_out = Vec::new();
    for power in powers {
        match power.membership.contains(" FROM ") {
            _ if power.is_itself => left_out.push(power.power.clone()),
            true => revokes.push(format!("REVOKE {};", power.membership)),
            false => left_out.push(power.membership.clone()),
        }
    }
    revokes.dedup();
    left_out.dedup();
    match (revokes.is_empty(), left_out.is_empty()) {
        (true, true) => format!("See what they reach with: pgcreds role check {role}"),
        (true, false) => format!(
            "Leave {} out of the role; or, to allow it, {allow}.",
            left_out.join(" and ")
        ),
        (false, true) => format!(
            "Run as a superuser: {} -- or, to allow it, {allow}",
            revokes.join(" ")
        ),
        (false, false) => format!(
            "Run as a superuser: {} -- and leave {} out of the role; or, to allow it, {allow}",
            revokes.join(" "),
            left_out.join(" and ")
        ),
    }
}
