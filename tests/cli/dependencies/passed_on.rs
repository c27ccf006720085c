//! What a lease granted on to others: applications keep it, leases do not get it again, and what cannot be kept is named.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage};

/// All that `app`, `further` and everybody were granted, by object.
const GRANTED: &str = "WITH acl (object, acl) AS ( \
         SELECT relname::text, relacl FROM pg_class WHERE relname LIKE 'x\\_%' \
         UNION ALL SELECT attrelid::regclass || '.' || attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384 \
         UNION ALL SELECT proname || proargtypes::text, proacl FROM pg_proc WHERE proname LIKE 'x\\_%' \
         UNION ALL SELECT typname, typacl FROM pg_type WHERE typname LIKE 'x\\_%' \
         UNION ALL SELECT nspname, nspacl FROM pg_namespace WHERE nspname LIKE 'x\\_%' \
         UNION ALL SELECT datname, datacl FROM pg_database WHERE datname = 'mydb' \
         UNION ALL SELECT oid::text, lomacl FROM pg_largeobject_metadata \
         UNION ALL SELECT lanname, lanacl FROM pg_language WHERE lanname LIKE 'x\\_%' \
         UNION ALL SELECT fdwname, fdwacl FROM pg_foreign_data_wrapper UNION ALL SELECT srvname, srvacl FROM pg_foreign_server) \
     SELECT object, coalesce(rolname, 'PUBLIC'), privilege_type, bool_or(is_grantable) FROM acl, aclexplode(acl) a \
     LEFT JOIN pg_roles r ON r.oid = grantee WHERE grantee = 0 OR rolname IN ('app', 'further') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

/// Kinds of objects that the admin makes, with how they are named in a `GRANT`, and a privilege on them.
const OBJECTS: [(&str, &str, &str); 10] = [
    (
        "CREATE TABLE public.x_table (n int)",
        "TABLE public.x_table",
        "SELECT, UPDATE",
    ),
    (
        "CREATE TABLE public.x_column (\"a b\" int, c int)",
        "TABLE public.x_column",
        "SELECT (\"a b\"), UPDATE (c)",
    ),
    (
        "CREATE VIEW public.x_view AS SELECT 1 AS n",
        "TABLE public.x_view",
        "SELECT",
    ),
    (
        "CREATE SEQUENCE public.x_sequence",
        "SEQUENCE public.x_sequence",
        "USAGE",
    ),
    (
        "CREATE FUNCTION public.x_function(int, OUT text) LANGUAGE sql AS 'SELECT NULL'; \
         REVOKE ALL ON FUNCTION public.x_function FROM PUBLIC",
        "FUNCTION public.x_function(int)",
        "EXECUTE",
    ),
    (
        "CREATE PROCEDURE public.x_procedure() LANGUAGE sql AS 'SELECT 1'",
        "PROCEDURE public.x_procedure()",
        "EXECUTE",
    ),
    (
        "CREATE TYPE public.x_type AS ENUM ('a'); REVOKE ALL ON TYPE public.x_type FROM PUBLIC",
        "TYPE public.x_type",
        "USAGE",
    ),
    (
        "CREATE SCHEMA \"x_Schema \"\"1\"",
        "SCHEMA \"x_Schema \"\"1\"",
        "USAGE, CREATE",
    ),
    ("SELECT lo_create(4711)", "LARGE OBJECT 4711", "SELECT"),
    ("SELECT 1", "DATABASE mydb", "CREATE"),
];

fn stage(admin: Admin) -> Stage {
    let stage = Stage::new(admin);
    stage.cluster.execute(
        "CREATE ROLE app LOGIN; CREATE ROLE further; GRANT ALL ON DATABASE mydb TO vaultadmin WITH GRANT OPTION",
    );
    stage
}

/// Runs SQL in `mydb` as a role, whatever it may do.
fn run_as(stage: &Stage, role: &str, sql: &str) {
    let sql = format!("SET SESSION AUTHORIZATION {role}; {sql}");
    stage.cluster.execute_in("mydb", &sql);
}

fn pass_on_everything(stage: &Stage) {
    for (creation, object, privileges) in OBJECTS {
        stage.as_admin(creation);
        stage.as_admin(&format!(
            "GRANT {privileges} ON {object} TO pgc_giver WITH GRANT OPTION"
        ));
        for (grantor, grantee, option) in [
            ("pgc_giver", "app", "WITH GRANT OPTION"),
            ("app", "further", ""),
            ("pgc_giver", "PUBLIC", ""),
        ] {
            let grant = format!("GRANT {privileges} ON {object} TO {grantee} {option}");
            run_as(stage, grantor, &grant);
        }
    }
}

#[test]
fn applications_keep_what_a_lease_granted_on() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        stage.make(["pgc_giver"], PAST);
        pass_on_everything(&stage);
        let before = stage.cluster.rows_in("mydb", GRANTED);
        assert!(before.len() > 30, "{before:?}");
        let oid = stage.oid("pgc_giver");
        stage.sweep([] as [&str; 0]).success();
        assert!(stage.is_gone(&oid));
        assert_eq!(stage.cluster.rows_in("mydb", GRANTED), before, "{admin:?}");
    }
}

#[test]
fn a_chain_stays_a_chain() {
    let stage = stage(Admin::Superuser);
    stage.make(["pgc_giver"], PAST);
    pass_on_everything(&stage);
    stage.sweep([] as [&str; 0]).success();
    run_as(
        &stage,
        "vaultadmin",
        "REVOKE ALL ON public.x_table FROM PUBLIC",
    );
    let further = "SELECT has_table_privilege('further', 'x_table', 'SELECT')";
    assert_eq!(stage.cluster.value_in("mydb", further), "t");
    run_as(
        &stage,
        "vaultadmin",
        "REVOKE ALL ON public.x_table FROM app CASCADE",
    );
    assert_eq!(stage.cluster.value_in("mydb", further), "f");
}

#[test]
fn no_more_comes_back_than_was_there() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        stage.make(["pgc_giver"], PAST);
        stage.as_admin("CREATE TABLE x_table (n int); GRANT ALL ON x_table TO pgc_giver; GRANT SELECT ON x_table TO pgc_giver WITH GRANT OPTION; GRANT INSERT ON x_table TO app");
        run_as(&stage, "pgc_giver", "GRANT SELECT ON x_table TO app");
        let before = stage.cluster.rows_in("mydb", GRANTED);
        stage.sweep([] as [&str; 0]).success();
        assert_eq!(stage.cluster.rows_in("mydb", GRANTED), before);
        assert_eq!(before.len(), 4, "{before:?}");
    }
}

#[test]
fn a_lease_gets_nothing_again() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        stage.make(["pgc_giver", "pgc_due"], PAST);
        stage.make(["pgc_live"], LATER);
        stage.as_admin(
            "CREATE TABLE x_table (n int); GRANT SELECT ON x_table TO pgc_giver WITH GRANT OPTION",
        );
        run_as(
            &stage,
            "pgc_giver",
            "GRANT SELECT ON x_table TO pgc_live, pgc_due, app WITH GRANT OPTION",
        );
        run_as(&stage, "pgc_due", "GRANT SELECT ON x_table TO further");
        let run = stage.sweep([] as [&str; 0]).success();
        let may = "SELECT string_agg(r, ',') FROM unnest('{pgc_live,app,further}'::text[]) r WHERE has_table_privilege(r, 'x_table', 'SELECT')";
        assert_eq!(stage.cluster.value_in("mydb", may), "app,further");
        assert_eq!(stage.logins(), ["pgc_live"]);
        assert!(
            run.stderr
                .contains("lease pgc_live no longer has SELECT ON TABLE public.x_table"),
            "{run}"
        );
        assert!(!run.stderr.contains("pgc_due no longer"), "{run}");
    }
}

#[test]
fn members_keep_the_groups_that_a_lease_gave_them() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        stage.make(["pgc_giver"], PAST);
        stage.make(["pgc_live"], LATER);
        stage.as_admin("GRANT app_rw TO pgc_giver WITH ADMIN OPTION");
        let options = if stage.cluster.version() >= 16 {
            "WITH INHERIT FALSE, ADMIN TRUE"
        } else {
            "WITH ADMIN OPTION"
        };
        run_as(
            &stage,
            "pgc_giver",
            &format!("GRANT app_rw TO app {options}; GRANT app_rw TO pgc_live"),
        );
        run_as(&stage, "app", "GRANT app_rw TO further");
        let members = "SELECT member::regrole, to_jsonb(m) - '{oid,grantor}'::text[] FROM pg_auth_members m \
             WHERE roleid = 'app_rw'::regrole AND member IN (SELECT oid FROM pg_roles WHERE rolname IN ('app', 'further')) ORDER BY 1";
        let before = stage.cluster.rows(members);
        assert_eq!(before.len(), 2);
        let run = stage.sweep([] as [&str; 0]).success();
        assert_eq!(stage.cluster.rows(members), before, "{run}");
        if stage.cluster.version() >= 16 {
            assert!(
                run.stderr.contains("lease pgc_live no longer has app_rw"),
                "{run}"
            );
            let live = "SELECT pg_has_role('pgc_live', 'app_rw', 'MEMBER')";
            assert_eq!(stage.cluster.value(live), "f");
        }
    }
}

#[test]
fn a_membership_that_cannot_be_given_again_is_named() {
    let stage = stage(Admin::CreateRole);
    if stage.cluster.version() < 16 {
        // There memberships stay.
        return;
    }
    stage.make(["pgc_giver"], PAST);
    stage
        .cluster
        .execute("CREATE ROLE \"A Group\"; GRANT \"A Group\" TO pgc_giver WITH ADMIN OPTION");
    run_as(&stage, "pgc_giver", "GRANT \"A Group\" TO app");
    let run = stage.sweep([] as [&str; 0]).success();
    assert!(stage.logins().is_empty());
    let grant = "run: GRANT \"A Group\" TO app WITH ADMIN false, INHERIT true, SET true;";
    assert!(run.stderr.contains(grant), "{run}");
    stage.cluster.execute(grant.trim_start_matches("run: "));
}
