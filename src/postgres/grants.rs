//! Privileges that logins were granted on objects, found in the access control lists and revoked for many logins at once.

use std::collections::BTreeMap;

use crate::postgres::dependencies::{Login, here};
use crate::postgres::error::DatabaseError;
use crate::postgres::session::Session;
use crate::postgres::{identifier, literal};

/// Takes privileges on objects away, from all logins at once: one catalog update an object, not one an object and login.
///
/// PostgreSQL revokes only what one grantor granted, so this is done as each grantor that the admin may act as.
pub(super) async fn revoke_grants(
    session: &Session,
    logins: &[Login],
) -> Result<(), DatabaseError> {
    let rows = session.run(&grants_query(logins)).await?;
    let mut revokes = BTreeMap::<(&str, &str, &str), Vec<&str>>::new();
    for row in &rows {
        let value = |name| row.try_get(name).map(Option::unwrap_or_default);
        let key = (value("grantor")?, value("kind")?, value("grantees")?);
        revokes.entry(key).or_default().push(value("object")?);
    }
    let own_role = session.mode().own_role();
    let mut sql = String::new();
    for ((grantor, kind, grantees), objects) in revokes {
        sql.push_str(&format!(
            "SET LOCAL ROLE {}; REVOKE ALL ON {kind} {} FROM {grantees} CASCADE; {own_role};",
            identifier(grantor),
            objects.join(", ")
        ));
    }
    session.run(&sql).await?;
    Ok(())
}

/// The access control lists that can name a login: catalog, column, kind in SQL, the object's name in SQL.
const ACLS: [(&str, &str, &str, &str); 9] = [
    (
        "pg_class",
        "relacl",
        "CASE o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END",
        "(SELECT format('%I.%I', n.nspname, o.relname) FROM pg_namespace n WHERE n.oid = o.relnamespace)",
    ),
    // Without IN, PostgreSQL 14+ would try the types on OUT arguments of procedures too, and find more than one.
    (
        "pg_proc",
        "proacl",
        "'ROUTINE'",
        "(SELECT format('%I.%I(%s)', n.nspname, o.proname, (SELECT string_agg('IN ' || format_type(id, NULL), ', ' ORDER BY i) \
         FROM unnest(o.proargtypes) WITH ORDINALITY t (id, i))) FROM pg_namespace n WHERE n.oid = o.pronamespace)",
    ),
    // Here a name of the SQL standard, such as character varying, names no type.
    (
        "pg_type",
        "typacl",
        "'TYPE'",
        "(SELECT format('%I.%I', n.nspname, o.typname) FROM pg_namespace n WHERE n.oid = o.typnamespace)",
    ),
    (
        "pg_namespace",
        "nspacl",
        "'SCHEMA'",
        "quote_ident(o.nspname)",
    ),
    (
        "pg_database",
        "datacl",
        "'DATABASE'",
        "quote_ident(o.datname)",
    ),
    (
        "pg_tablespace",
        "spcacl",
        "'TABLESPACE'",
        "quote_ident(o.spcname)",
    ),
    (
        "pg_foreign_data_wrapper",
        "fdwacl",
        "'FOREIGN DATA WRAPPER'",
        "quote_ident(o.fdwname)",
    ),
    (
        "pg_foreign_server",
        "srvacl",
        "'FOREIGN SERVER'",
        "quote_ident(o.srvname)",
    ),
    (
        "pg_language",
        "lanacl",
        "'LANGUAGE'",
        "quote_ident(o.lanname)",
    ),
];

/// Finds the grants to `logins`: for each object and grantor the list of grantees, ready to be put into a `REVOKE`.
/// Grants on columns go with those on their table; only grantors that the admin may act as are named.
fn grants_query(logins: &[Login]) -> String {
    let names: Vec<String> = logins.iter().map(|login| literal(&login.name)).collect();
    let mut parts: Vec<String> = ACLS
        .iter()
        .map(|(catalog, acl, kind, object)| {
            format!(
                "SELECT {kind} AS kind, {object} AS object, a.grantor, a.grantee FROM dependency d \
                 JOIN {catalog} o ON o.oid = d.objid, aclexplode(o.{acl}) a WHERE d.classid = '{catalog}'::regclass"
            )
        })
        .collect();
    parts.push(
        "SELECT CASE o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, format('%I.%I', n.nspname, o.relname), a.grantor, a.grantee \
         FROM dependency d JOIN pg_class o ON o.oid = d.objid JOIN pg_namespace n ON n.oid = o.relnamespace \
         JOIN pg_attribute c ON c.attrelid = o.oid AND c.attacl IS NOT NULL, aclexplode(c.attacl) a \
         WHERE d.classid = 'pg_class'::regclass"
            .into(),
    );
    parts.push(
        "SELECT 'LARGE OBJECT', o.oid::text, a.grantor, a.grantee FROM dependency d \
         JOIN pg_largeobject_metadata o ON o.oid = d.objid, aclexplode(o.lomacl) a WHERE d.classid = 'pg_largeobject'::regclass"
            .into(),
    );
    format!(
        "WITH dependency AS (SELECT DISTINCT classid, objid FROM pg_shdepend WHERE {} AND deptype = 'a'), \
         login AS (SELECT oid, rolname FROM pg_roles WHERE rolname::text IN ({})), \
         grants AS ({}) \
         SELECT kind, object, g.rolname AS grantor, \
             string_agg(DISTINCT quote_ident(login.rolname), ', ' ORDER BY quote_ident(login.rolname)) AS grantees \
         FROM grants JOIN login ON login.oid = grants.grantee JOIN pg_roles g ON g.oid = grants.grantor \
         WHERE pg_has_role(g.oid, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) \
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        here(logins),
        names.join(", "),
        parts.join(" UNION ALL "),
    )
}
