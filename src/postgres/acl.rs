//! The access control lists of all kinds of objects, as one table of what was granted.

/// The access control lists that can name a login: catalog, its columns of lists and owners, kind in SQL, the object's name in SQL.
const ACLS: [(&str, &str, &str, &str, &str); 9] = [
    (
        "pg_class",
        "relacl",
        "relowner",
        "CASE o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END",
        "(SELECT format('%I.%I', n.nspname, o.relname) FROM pg_namespace n WHERE n.oid = o.relnamespace)",
    ),
    // Without IN, PostgreSQL 14+ would try the types on OUT arguments of procedures too, and find more than one.
    (
        "pg_proc",
        "proacl",
        "proowner",
        "'ROUTINE'",
        "(SELECT format('%I.%I(%s)', n.nspname, o.proname, (SELECT string_agg('IN ' || format_type(id, NULL), ', ' ORDER BY i) \
         FROM unnest(o.proargtypes) WITH ORDINALITY t (id, i))) FROM pg_namespace n WHERE n.oid = o.pronamespace)",
    ),
    // Here a name of the SQL standard, such as character varying, names no type.
    (
        "pg_type",
        "typacl",
        "typowner",
        "'TYPE'",
        "(SELECT format('%I.%I', n.nspname, o.typname) FROM pg_namespace n WHERE n.oid = o.typnamespace)",
    ),
    (
        "pg_namespace",
        "nspacl",
        "nspowner",
        "'SCHEMA'",
        "quote_ident(o.nspname)",
    ),
    (
        "pg_database",
        "datacl",
        "datdba",
        "'DATABASE'",
        "quote_ident(o.datname)",
    ),
    (
        "pg_tablespace",
        "spcacl",
        "spcowner",
        "'TABLESPACE'",
        "quote_ident(o.spcname)",
    ),
    (
        "pg_foreign_data_wrapper",
        "fdwacl",
        "fdwowner",
        "'FOREIGN DATA WRAPPER'",
        "quote_ident(o.fdwname)",
    ),
    (
        "pg_foreign_server",
        "srvacl",
        "srvowner",
        "'FOREIGN SERVER'",
        "quote_ident(o.srvname)",
    ),
    (
        "pg_language",
        "lanacl",
        "lanowner",
        "'LANGUAGE'",
        "quote_ident(o.lanname)",
    ),
];

/// Columns of a table, large objects and, from PostgreSQL 15 on, parameters: in the same form.
const COLUMNS: &str = "SELECT d.classid, d.objid, CASE o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, \
     format('%I.%I', n.nspname, o.relname) AS object, quote_ident(c.attname) AS part, o.relowner AS owner, a.* \
     FROM dependency d JOIN pg_class o ON o.oid = d.objid JOIN pg_namespace n ON n.oid = o.relnamespace \
     JOIN pg_attribute c ON c.attrelid = o.oid AND c.attacl IS NOT NULL, aclexplode(c.attacl) a \
     WHERE d.classid = 'pg_class'::regclass";
const LARGE_OBJECTS: &str = "SELECT d.classid, d.objid, 'LARGE OBJECT', o.oid::text, NULL, o.lomowner, a.* \
     FROM dependency d JOIN pg_largeobject_metadata o ON o.oid = d.objid, aclexplode(o.lomacl) a \
     WHERE d.classid = 'pg_largeobject'::regclass";
const PARAMETERS: &str = "SELECT d.classid, d.objid, 'PARAMETER', quote_ident(o.parname), NULL, 10::oid, a.* \
     FROM dependency d JOIN pg_parameter_acl o ON o.oid = d.objid, aclexplode(o.paracl) a \
     WHERE d.classid = 'pg_parameter_acl'::regclass";

/// A query for all that was granted on the objects of a table `dependency (classid, objid)`: `classid, objid, kind, object,
/// part` (a column's name), `owner, grantor, grantee, privilege_type, is_grantable`.
pub(super) fn items(has_parameters: bool) -> String {
    let mut parts = vec![COLUMNS.to_owned(), LARGE_OBJECTS.to_owned()];
    parts.extend(ACLS.iter().map(|(catalog, acl, owner, kind, object)| {
        format!(
            "SELECT d.classid, d.objid, {kind}, {object}, NULL, o.{owner}, a.* FROM dependency d \
             JOIN {catalog} o ON o.oid = d.objid, aclexplode(o.{acl}) a WHERE d.classid = '{catalog}'::regclass"
        )
    }));
    if has_parameters {
        parts.push(PARAMETERS.to_owned());
    }
    parts.join(" UNION ALL ")
}

/// The catalogs of these kinds of objects, without those of parameters.
pub(super) fn classes() -> String {
    let catalogs: Vec<&str> = ACLS.iter().map(|kind| kind.0).collect();
    format!(
        "'{{pg_largeobject,{}}}'::regclass[]::oid[]",
        catalogs.join(",")
    )
}

/// Objects as a query for `dependency`.
pub(super) fn listed(objects: &[(u32, u32)]) -> String {
    let rows: Vec<String> = objects
        .iter()
        .map(|(class, oid)| format!("({class}::oid, {oid}::oid)"))
        .collect();
    format!(
        "SELECT * FROM (VALUES {}) AS listed (classid, objid)",
        rows.join(", ")
    )
}
