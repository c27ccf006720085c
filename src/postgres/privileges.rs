//! What the admin may do on its server.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::session::Session;

/// The server and the admin, as far as pgcreds has to know them.
#[derive(Debug)]
pub(crate) struct Standing {
    /// As the server writes it, such as `15.18`.
    pub(crate) server_version: String,
    pub(crate) user: String,
    pub(crate) is_superuser: bool,
    pub(crate) can_create_roles: bool,
    pub(crate) is_read_only: bool,
}

/// Asks the server who we are to it.
pub(crate) async fn standing(session: &Session) -> Result<Standing, DatabaseError> {
    let rows = session
        .query(
            "SELECT split_part(current_setting('server_version'), ' ', 1) AS version, rolname::text AS name, rolsuper, \
             rolsuper OR rolcreaterole AS creates, current_setting('transaction_read_only')::bool AS read_only \
             FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| DatabaseError::unexpected("the server does not know its own user"))?;
    Ok(Standing {
        server_version: row.try_get("version")?,
        user: row.try_get("name")?,
        is_superuser: row.try_get("rolsuper")?,
        can_create_roles: row.try_get("creates")?,
        is_read_only: row.try_get("read_only")?,
    })
}

/// A group role that the admin cannot make others members of, or that does not exist.
pub(crate) struct Ungrantable {
    pub(crate) group: String,
    pub(crate) is_there: bool,
    pub(crate) is_superuser: bool,
}

/// Those of `groups` that are such.
///
/// PostgreSQL 16+ wants `ADMIN OPTION` on the group, before that `CREATEROLE` is enough unless the group is a superuser.
pub(crate) async fn ungrantable(
    session: &Session,
    groups: &[String],
) -> Result<Vec<Ungrantable>, DatabaseError> {
    let rows = session
        .query(
            "SELECT g.name, r.oid IS NOT NULL AS is_there, coalesce(r.rolsuper, false) AS is_superuser FROM unnest($1::text[]) AS g(name) \
             LEFT JOIN pg_roles r ON r.rolname::text = g.name \
             CROSS JOIN (SELECT * FROM pg_roles WHERE rolname = current_user) me \
             WHERE r.oid IS NULL OR NOT (me.rolsuper OR pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') \
                 OR (current_setting('server_version_num')::int < 160000 AND me.rolcreaterole AND NOT r.rolsuper))",
            &[(&groups, Type::TEXT_ARRAY)],
        )
        .await?;
    let ungrantable = |row: &Row| {
        Ok(Ungrantable {
            group: row.try_get("name")?,
            is_there: row.try_get("is_there")?,
            is_superuser: row.try_get("is_superuser")?,
        })
    };
    rows.iter().map(ungrantable).collect()
}

/// The `GRANT`s that make the admin a member of these logins, by the logins' oids, for those that it has no privileges of
/// yet: terminating their sessions and reassigning what they own needs it. A superuser needs nothing.
pub(crate) async fn joins(
    session: &Session,
    oids: &[u32],
) -> Result<BTreeMap<u32, String>, DatabaseError> {
    if oids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = session
        .query(
            "SELECT r.oid, r.rolname::text AS name, current_setting('server_version_num')::int >= 160000 AS has_options \
             FROM pg_roles r WHERE r.oid = ANY($1) AND NOT pg_has_role(r.oid, 'USAGE')",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    let join = |row: &Row| {
        let name: String = row.try_get("name")?;
        Ok((
            row.try_get("oid")?,
            join(&name, row.try_get("has_options")?),
        ))
    };
    rows.iter().map(join).collect()
}

/// The `GRANT` that makes the admin a member of a role, with all the role's privileges.
///
/// From PostgreSQL 16 on (`has_options`) a member inherits only if the grant says so, whatever `INHERIT` of the member says.
pub(super) fn join(role: &str, has_options: bool) -> String {
    let options = if has_options {
        " WITH INHERIT TRUE, SET TRUE"
    } else {
        ""
    };
    format!("GRANT {} TO CURRENT_USER{options};", identifier(role))
}

/// The `GRANT` that a superuser runs to let the admin hand a group role out.
pub(crate) fn grant_admin_option(group: &str, admin: &str) -> String {
    format!(
        "GRANT {} TO {} WITH ADMIN OPTION;",
        identifier(group),
        identifier(admin)
    )
}

/// A subquery for the roles that a role is a member of, at whatever remove, each with the membership that leads there, as `REVOKE` takes it;
/// the group alone where the role itself is the member.
pub(super) fn reached(role: &str) -> String {
    format!(
        "(WITH RECURSIVE reached AS (SELECT roleid, member FROM pg_auth_members WHERE member = {role} \
         UNION SELECT m.roleid, m.member FROM pg_auth_members m JOIN reached ON m.member = reached.roleid) \
         SELECT g.*, quote_ident(g.rolname) || CASE WHEN reached.member = {role} THEN '' \
             ELSE ' FROM ' || quote_ident(pg_get_userbyid(reached.member)) END AS membership \
         FROM reached JOIN pg_roles g ON g.oid = reached.roleid)"
    )
}
