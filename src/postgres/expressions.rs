//! Which expressions of tables and types do no more than compute: what they are made of is on a list of what is known to be
//! harmless. Anything else is code.

/// Functions that PostgreSQL made itself for somebody's range types, for the bootstrap superuser and in language internal.
pub(super) const CONSTRUCTORS: &str =
    "SELECT oid FROM pg_proc WHERE oid >= 16384 AND proowner = 10 AND prolang = 12";

/// PostgreSQL's own functions that change from call to call, and do nothing else.
const HARMLESS: &str = "nextval,currval,lastval,random,random_normal,gen_random_uuid,uuidv4,uuidv7,clock_timestamp,timeofday";

/// PostgreSQL's own functions that do not change from call to call, and yet run a query, or the checks of a domain that is
/// only named in a text.
const ACTING: &str = "_to_xml|^pg_input_";

/// Only the input functions of types take these: a domain's takes the domain's number, and runs its checks.
const INTERNAL: &str = "cstring,internal,void";

/// Nodes of expressions, as `pg_node_tree` names them on PostgreSQL 13 to 18. There are no queries among them, nor JSON that
/// becomes some type, which no dependency tells.
const NODES: &str = "VAR,CONST,FUNCEXPR,NAMEDARGEXPR,OPEXPR,DISTINCTEXPR,NULLIFEXPR,SCALARARRAYOPEXPR,BOOLEXPR,NULLTEST,BOOLEANTEST,\
    RELABELTYPE,COERCEVIAIO,ARRAYCOERCEEXPR,COERCETODOMAIN,COERCETODOMAINVALUE,COLLATE,COLLATEEXPR,CASE,CASEEXPR,WHEN,CASEWHEN,\
    CASETESTEXPR,COALESCE,COALESCEEXPR,MINMAX,MINMAXEXPR,ARRAY,ARRAYEXPR,ROW,ROWEXPR,ROWCOMPARE,ROWCOMPAREEXPR,FIELDSELECT,\
    SUBSCRIPTINGREF,SQLVALUEFUNCTION,NEXTVALUEEXPR,XMLEXPR,JSONISPREDICATE,JSONFORMAT";

/// Every place where the catalogs keep an expression of what is in `used`. (PostgreSQL 13 has no `stxexprs`.)
const TREES: &str = "SELECT login, adbin::text FROM used JOIN pg_attrdef e ON classid = 'pg_attrdef'::regclass AND objid = e.oid \
    UNION ALL SELECT login, conbin::text FROM used JOIN pg_constraint e ON classid = 'pg_constraint'::regclass AND objid = e.oid \
    UNION ALL SELECT login, concat(polqual, polwithcheck) FROM used JOIN pg_policy e ON classid = 'pg_policy'::regclass AND objid = e.oid \
    UNION ALL SELECT login, concat(indexprs, indpred) FROM used JOIN pg_index ON classid = 'pg_class'::regclass AND objid = indexrelid \
    UNION ALL SELECT login, partexprs::text FROM used JOIN pg_partitioned_table ON classid = 'pg_class'::regclass AND objid = partrelid \
    UNION ALL SELECT login, typdefaultbin::text FROM used JOIN pg_type e ON classid = 'pg_type'::regclass AND objid = e.oid \
    UNION ALL SELECT login, to_jsonb(e) ->> 'stxexprs' FROM used JOIN pg_statistic_ext e ON classid = 'pg_statistic_ext'::regclass AND objid = e.oid";

/// The logins that use an expression that is code, from the table `used (login, classid, objid)`.
pub(super) fn logins_with_acting_expressions() -> String {
    format!(
        "SELECT login FROM (SELECT DISTINCT login, part[1], part[2] FROM ({TREES}) e (login, tree) \
             CROSS JOIN LATERAL regexp_matches(tree, '(\\{{|:funcid |:opno )(\\w+)', 'g') p (part)) p (login, kind, name) \
         LEFT JOIN pg_operator o ON kind = ':opno ' AND o.oid::text = name \
         WHERE CASE kind WHEN '{{' THEN name <> ALL('{{{NODES}}}') \
             ELSE coalesce(o.oprcode, name::oid) NOT IN ({CONSTRUCTORS} UNION ALL SELECT oid FROM pg_proc \
                 WHERE oid < 16384 AND pronamespace = 'pg_catalog'::regnamespace AND proname !~ '{ACTING}' \
                 AND (provolatile <> 'v' OR proname = ANY('{{{HARMLESS}}}')) \
                 AND NOT (proargtypes::oid[] || prorettype) && '{{{INTERNAL}}}'::regtype[]::oid[]) END"
    )
}
