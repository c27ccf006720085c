//! What a new login must be, found out by the statement that comes last before the commit: no further round trip.

use crate::postgres::literal;

/// What the look at a new login can find: the sign that the server repeats in its error, the problem, the next step.
pub(super) const VERDICTS: [(&str, &str, &str); 4] = [
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
    (
        "pgcreds: admin",
        "made it a member of the admin or of a superuser: it could undo its own end",
        "Make logins members of a group role that has what they need, and that is itself no member of such roles.",
    ),
];

/// Fails the transaction unless the role exists, may log in, is no superuser and cannot become one, nor the admin: the cast
/// refuses every verdict but a number, and needs no procedural language.
pub(super) fn look(name: &str) -> String {
    format!(
        "SELECT CAST(CASE WHEN r.oid IS NULL THEN 'pgcreds: not created' \
         WHEN r.rolsuper THEN 'pgcreds: superuser' \
         WHEN NOT r.rolcanlogin THEN 'pgcreds: no login' \
         WHEN EXISTS ({} WHERE g.rolsuper OR g.rolname IN (session_user, current_user)) THEN 'pgcreds: admin' \
         ELSE r.oid::text END AS bigint) AS pgcreds_oid \
         FROM (SELECT 1) one LEFT JOIN pg_roles r ON r.rolname::text = {};",
        reached("r.oid", ""),
        literal(name)
    )
}

/// Selects columns of the roles `g` that a role is a member of, at whatever remove. A membership without `SET` and `INHERIT` counts: with
/// `ADMIN` its holder gives itself the rest.
fn reached(role: &str, columns: &str) -> String {
    format!(
        "WITH RECURSIVE reached AS (SELECT roleid FROM pg_auth_members WHERE member = {role} \
         UNION SELECT m.roleid FROM pg_auth_members m JOIN reached ON m.member = reached.roleid) \
         SELECT {columns} FROM reached JOIN pg_roles g ON g.oid = reached.roleid"
    )
}

/// A subquery for the names of those of them that could do more than their end takes back, with what that is.
pub(super) fn powers(role: &str) -> String {
    let reached = reached(role, "g.*");
    format!(
        "(SELECT json_agg(format('\"%s\" (%s)', g.rolname, p.power) ORDER BY g.rolname) FROM ({reached}) g CROSS JOIN LATERAL (SELECT CASE \
         WHEN g.rolcreaterole THEN 'CREATEROLE' WHEN g.rolreplication THEN 'REPLICATION' WHEN g.rolbypassrls THEN 'BYPASSRLS' \
         WHEN g.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files') \
         THEN 'the server''s files and programs' END AS power) p WHERE p.power IS NOT NULL)"
    )
}
