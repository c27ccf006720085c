//! Which logins own something that can make code run with the rights of its owner, now or later.
//!
//! PostgreSQL runs a view, a `SECURITY DEFINER` routine and the refresh of a materialized view as their owner; and as a
//! table's owner whatever `ANALYZE` (also autovacuum's) and `REINDEX` evaluate, and all that happens to the rows that a
//! foreign key changes: triggers, rules, checks, defaults. What is foreign acts elsewhere, with its owner's user mapping.
//! (src/backend/commands/analyze.c, src/backend/utils/adt/ri_triggers.c)

use std::collections::BTreeSet;

use crate::postgres::dependencies::Login;
use crate::postgres::error::DatabaseError;
use crate::postgres::expressions::{CONSTRUCTORS, logins_with_acting_expressions};
use crate::postgres::reassignment::first_column;
use crate::postgres::session::Session;
use crate::postgres::successor::can_act;

/// The oids of those logins that own code, and could not act as `successor` themselves; `objects` is a query for the objects
/// to check, with the columns login, classid and objid. (There is no code in large objects, and there can be millions of
/// them.)
pub(super) async fn owners_of_code(
    session: &Session,
    logins: &[Login],
    objects: &str,
    successor: &str,
) -> Result<BTreeSet<u32>, DatabaseError> {
    let oids: Vec<String> = logins.iter().map(|login| login.oid.to_string()).collect();
    let sql = format!(
        "WITH RECURSIVE login AS (SELECT oid FROM pg_roles WHERE oid = ANY('{{{}}}'::oid[]) AND NOT {}), \
         owned AS (SELECT object.* FROM ({objects}) AS object (login, classid, objid) JOIN login ON login.oid = object.login \
             WHERE object.classid <> 'pg_largeobject'::regclass), \
         used (login, classid, objid) AS (SELECT * FROM owned UNION {NEXT}) {}",
        oids.join(","),
        can_act("oid", successor),
        code(successor),
    );
    let rows = session.run(&sql).await;
    let rows =
        rows.map_err(|error| error.during(&format!("could not reassign to \"{successor}\"")))?;
    first_column(&rows)
}

/// From what a table or type is made of to the next: its indexes and columns, the expressions and casts that belong to it,
/// its parent tables and its partitions, the types and routines that these use. Routines of base types are passed over: only superusers make such types.
const NEXT: &str = "SELECT used.login, next.classid, next.objid \
     FROM used LEFT JOIN pg_type t ON used.classid = 'pg_type'::regclass AND t.oid = used.objid CROSS JOIN LATERAL ( \
         SELECT 'pg_class'::regclass::oid, indexrelid FROM pg_index WHERE used.classid = 'pg_class'::regclass AND indrelid = used.objid \
         UNION ALL SELECT 'pg_class'::regclass, inhrelid FROM pg_inherits WHERE used.classid = 'pg_class'::regclass AND inhparent = used.objid \
         UNION ALL SELECT 'pg_class'::regclass, t.typrelid WHERE t.typrelid <> 0 \
         UNION ALL SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = used.classid AND d.refobjid = used.objid \
             AND used.classid IN ('pg_class'::regclass, 'pg_type'::regclass) AND t.typtype IS DISTINCT FROM 'b' \
             AND (d.classid = 'pg_cast'::regclass OR d.deptype IN ('a', 'i') AND d.classid IN ( \
                 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass)) \
         UNION ALL SELECT d.refclassid, d.refobjid FROM pg_depend d WHERE d.classid = used.classid AND d.objid = used.objid \
             AND d.refobjid >= 16384 AND (d.refclassid IN ('pg_type'::regclass, 'pg_operator'::regclass) \
             OR d.refclassid = 'pg_proc'::regclass AND coalesce(t.typtype IN ('r', 'm'), true) \
             OR d.refclassid = 'pg_class'::regclass AND used.classid = 'pg_class'::regclass) \
     ) next (classid, objid)";

/// Kinds of objects that are no code by themselves.
const DATA: &str = "pg_class,pg_type,pg_namespace,pg_largeobject,pg_database,pg_tablespace,pg_ts_config,pg_ts_dict,pg_collation,\
    pg_publication,pg_statistic_ext,pg_constraint,pg_attrdef,pg_policy,pg_cast";

/// The logins that use code, or something that others can add code to: a table or type that is not theirs, or a table that
/// others may put triggers and foreign keys on, or have: a key can call a cast; or expressions that are code.
fn code(successor: &str) -> String {
    format!(
        "SELECT DISTINCT used.login FROM used \
         LEFT JOIN pg_class c ON used.classid = 'pg_class'::regclass AND c.oid = used.objid \
         LEFT JOIN pg_type t ON used.classid = 'pg_type'::regclass AND t.oid = used.objid \
         WHERE used.classid <> ALL('{{{DATA}}}'::regclass[]::oid[]) AND used.objid NOT IN ({CONSTRUCTORS}) OR c.relkind IN ('v', 'm', 'f') \
         OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = c.oid) \
         OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) \
         OR coalesce(c.relowner, t.typowner) <> used.login AND NOT {} \
         OR EXISTS (SELECT FROM (SELECT c.relacl UNION ALL SELECT attacl FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL) l (acl), aclexplode(acl) a \
             WHERE a.privilege_type IN ('TRIGGER', 'REFERENCES') AND a.grantee <> c.relowner AND NOT {}) \
         UNION SELECT login FROM used JOIN pg_constraint k ON classid = 'pg_class'::regclass AND objid = k.confrelid \
             JOIN pg_class r ON r.oid = k.conrelid WHERE r.relowner <> login AND NOT {} \
         UNION {}",
        can_act("coalesce(c.relowner, t.typowner)", successor),
        can_act("a.grantee", successor),
        can_act("r.relowner", successor),
        logins_with_acting_expressions(),
    )
}
