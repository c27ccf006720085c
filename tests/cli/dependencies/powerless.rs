//! The role without rights that gets what has code in it, and who gets code instead of it.

use super::table::POWERLESS;
use crate::harness::{Admin, Sandbox};
use crate::stage::{LATER, PAST, Stage, creation};

/// A lease `pgc thief`, whose successor this will be by default.
fn stage(admin: Admin) -> (Stage, &'static str) {
    let stage = Stage::new(admin);
    stage.make(["pgc thief"], PAST);
    let successor = match admin {
        Admin::Superuser => "dbowner",
        Admin::CreateRole => "vaultadmin",
    };
    (stage, successor)
}

/// Runs SQL in `mydb` as the lease `pgc thief`.
#[track_caller]
pub(super) fn as_thief(stage: &Stage, sql: &str) {
    let sql = format!("SET SESSION AUTHORIZATION \"pgc thief\"; {sql}");
    stage.cluster.execute_in("mydb", &sql);
}

/// Who owns the function, table or view of that name in `mydb`.
#[track_caller]
fn owner(stage: &Stage, name: &str) -> String {
    stage.cluster.value_in(
        "mydb",
        &format!("SELECT relowner::regrole FROM pg_class WHERE relname = '{name}' UNION ALL SELECT proowner::regrole FROM pg_proc WHERE proname = '{name}'"),
    )
}

#[test]
fn the_role_is_made_without_any_rights() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let (stage, successor) = stage(admin);
        as_thief(&stage, "CREATE VIEW v AS SELECT 1 AS n");
        let run = stage.sweep([] as [&str; 0]).success();
        assert_eq!(
            run.stderr,
            format!(
                "revoked lease \"pgc thief\"\nwarning: what lease \"pgc thief\" owned in database \"mydb\" belongs to \"{POWERLESS}\" now: \
                 it has code that could have run with the rights of \"{successor}\"; choose who gets it with reassign_owned_to\n"
            )
        );
        assert_eq!(owner(&stage, "v"), POWERLESS);
        let attributes = format!(
            "SELECT rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls \
                 OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) FROM pg_roles r WHERE rolname = '{POWERLESS}'"
        );
        assert_eq!(stage.cluster.value(&attributes), "f");
        let comment = format!("SELECT shobj_description('{POWERLESS}'::regrole, 'pg_authid')");
        assert!(
            stage
                .cluster
                .value(&comment)
                .starts_with("Owns what ended logins left behind")
        );
        // It is no lease, and it can be used again.
        let run = stage.revoke(POWERLESS).exits(1);
        let expected = format!("error: role \"{POWERLESS}\" is not a lease of pgcreds\n");
        assert!(run.stderr.starts_with(&expected), "{run}");
        stage.make(["pgc thief"], PAST);
        as_thief(&stage, "CREATE VIEW w AS SELECT 1 AS n");
        stage.sweep([] as [&str; 0]).success();
        assert_eq!(owner(&stage, "w"), POWERLESS);
    }
}

/// Who may create in a schema that others may not still leaves its code to the role without rights.
#[test]
fn a_schema_of_its_own_is_no_obstacle() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let (stage, _) = stage(admin);
        let oid = stage.oid("pgc thief");
        stage.cluster.execute_in(
            "mydb",
            "CREATE SCHEMA closed; GRANT ALL ON SCHEMA closed TO app_rw; GRANT app_rw TO \"pgc thief\"; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        );
        as_thief(
            &stage,
            "CREATE FUNCTION closed.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        );
        stage.sweep([] as [&str; 0]).success();
        assert!(stage.is_gone(&oid));
        assert_eq!(owner(&stage, "f"), POWERLESS);
        let rights = format!(
            "SELECT rolinherit OR has_schema_privilege(oid, 'closed', 'CREATE') OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) \
             FROM pg_roles r WHERE rolname = '{POWERLESS}'"
        );
        assert_eq!(stage.cluster.value_in("mydb", &rights), "f");
    }
}

#[test]
fn who_was_chosen_gets_code_as_it_is() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for keys in ["reassign_owned_to = 'heir'", "set_role = 'heir'"] {
            let stage = Stage::new(admin);
            stage
                .cluster
                .execute("CREATE ROLE heir; GRANT heir TO vaultadmin");
            stage.describe_role(keys);
            stage.make(["pgc thief"], PAST);
            as_thief(
                &stage,
                "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT 1 AS n",
            );
            let run = stage.sweep([] as [&str; 0]).success();
            assert_eq!(run.stderr, "revoked lease \"pgc thief\"\n");
            assert_eq!([owner(&stage, "f"), owner(&stage, "v")], ["heir", "heir"]);
            let kept = "SELECT prosecdef AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'v' AND reloptions IS NOT NULL) \
                AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname LIKE 'pgcreds%') FROM pg_proc WHERE proname = 'f'";
            assert_eq!(stage.cluster.value_in("mydb", kept), "t");
        }
    }
}

/// It could have acted as its successor while it lived.
#[test]
fn a_member_of_its_successor_leaves_code_to_it() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let (stage, _) = stage(admin);
        stage
            .cluster
            .execute("GRANT dbowner TO vaultadmin, \"pgc thief\"");
        as_thief(&stage, "CREATE VIEW v AS SELECT 1 AS n");
        let run = stage.sweep([] as [&str; 0]).success();
        assert_eq!(run.stderr, "revoked lease \"pgc thief\"\n");
        assert_eq!(owner(&stage, "v"), "dbowner");
    }
}

#[test]
fn only_leases_with_code_are_set_apart() {
    let (stage, _) = stage(Admin::Superuser);
    stage.cluster.execute("CREATE DATABASE other");
    stage.make(["pgc honest"], PAST);
    as_thief(
        &stage,
        "CREATE TABLE plain AS SELECT 1 AS n; CREATE VIEW v AS SELECT 1 AS n",
    );
    stage.cluster.execute_in(
        "mydb",
        "SET SESSION AUTHORIZATION \"pgc honest\"; CREATE TABLE honest AS SELECT 1 AS n",
    );
    stage.cluster.execute_in(
        "other",
        "CREATE TABLE t (n int); ALTER TABLE t OWNER TO \"pgc honest\"; CREATE VIEW v AS SELECT 1 AS n; ALTER VIEW v OWNER TO \"pgc honest\"",
    );
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
    let owners = ["plain", "v", "honest"].map(|name| owner(&stage, name));
    assert_eq!(owners, [POWERLESS, POWERLESS, "dbowner"]);
    let owners =
        "SELECT string_agg(relowner::regrole::text, ' ') FROM pg_class WHERE relname IN ('t', 'v')";
    assert_eq!(
        stage.cluster.value_in("other", owners),
        format!("{POWERLESS} {POWERLESS}")
    );
}

#[test]
fn a_role_with_rights_is_refused() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute(&format!(
        "CREATE ROLE {POWERLESS}; CREATE ROLE mighty; GRANT {POWERLESS} TO vaultadmin"
    ));
    for (change, says, mend) in [
        (
            format!("ALTER ROLE {POWERLESS} LOGIN"),
            "can log in",
            format!("ALTER ROLE {POWERLESS} NOLOGIN"),
        ),
        (
            format!("ALTER ROLE {POWERLESS} SUPERUSER"),
            "is a superuser",
            format!("ALTER ROLE {POWERLESS} NOSUPERUSER"),
        ),
        (
            format!("ALTER ROLE {POWERLESS} CREATEROLE CREATEDB REPLICATION BYPASSRLS"),
            "can create roles, can create databases, can replicate, bypasses row security",
            format!("ALTER ROLE {POWERLESS} NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"),
        ),
        (
            format!("GRANT mighty TO {POWERLESS}"),
            "is a member of \"mighty\"",
            format!("REVOKE mighty FROM {POWERLESS}"),
        ),
    ] {
        stage.make(["pgc thief", "pgc honest"], PAST);
        let oid = stage.oid("pgc thief");
        as_thief(&stage, "CREATE VIEW v AS SELECT 1 AS n");
        stage.cluster.execute(&change);
        let run = stage.sweep([] as [&str; 0]).exits(4);
        let message =
            format!("role \"{POWERLESS}\" cannot be given what has code in it: it {says}");
        assert!(run.stderr.contains(&message), "{run}");
        assert!(stage.is_quarantined(&oid));
        assert_eq!(stage.logins(), ["pgc thief"]);
        assert_eq!(owner(&stage, "v"), "\"pgc thief\"");
        stage.cluster.execute(&mend);
        stage.sweep([] as [&str; 0]).success();
        assert!(stage.is_gone(&oid));
        assert_eq!(owner(&stage, "v"), POWERLESS);
        stage.cluster.execute_in("mydb", "DROP VIEW v");
    }
}

/// From PostgreSQL 16 on neither may administer what the other has made.
#[test]
fn each_admin_has_a_role_of_its_own() {
    let stage = Stage::new(Admin::CreateRole);
    let long = format!("other_admin_{}", "ä".repeat(20));
    stage.cluster.execute(&format!(
        "CREATE ROLE {long} LOGIN PASSWORD 'admin-secret' CREATEROLE"
    ));
    let other = Sandbox::new().with_connection(&stage.cluster);
    other.write_state(&stage.sandbox.state().replace("vaultadmin", &long));
    for (sandbox, admin, view) in [(&stage.sandbox, "vaultadmin", "v"), (&other, &long, "w")] {
        let made = creation("pgc thief", PAST);
        let made = stage
            .cluster
            .try_execute_as(admin, "admin-secret", "mydb", &made);
        made.unwrap();
        as_thief(&stage, &format!("CREATE VIEW {view} AS SELECT 1 AS n"));
        sandbox.pgcreds(["sweep"]).run().success();
        assert_eq!(stage.logins(), [] as [&str; 0]);
    }
    // 63 bytes hold 16 of the 20 letters.
    let cut = format!("pgcreds_reassigned_other_admin_{}", "ä".repeat(16));
    assert_eq!(owner(&stage, "v"), POWERLESS);
    assert_eq!(owner(&stage, "w"), format!("\"{cut}\""));
}

#[test]
fn revocations_at_once_share_the_role() {
    const AT_ONCE: usize = 8;
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin);
        let names = stage.make_many(AT_ONCE, LATER);
        for (number, name) in names.iter().enumerate() {
            let sql = format!(
                "SET SESSION AUTHORIZATION {name}; CREATE FUNCTION f_{number}() RETURNS int LANGUAGE sql AS 'SELECT 1'"
            );
            stage.cluster.execute_in("mydb", &sql);
        }
        let running: Vec<_> = names
            .iter()
            .map(|name| {
                stage
                    .sandbox
                    .pgcreds(["lease", "revoke", name.as_str()])
                    .spawn()
            })
            .collect();
        for running in running {
            running.wait().success();
        }
        assert_eq!(stage.logins(), [] as [&str; 0]);
        let owned = format!("SELECT count(*) FROM pg_proc WHERE proowner = '{POWERLESS}'::regrole");
        assert_eq!(stage.cluster.value_in("mydb", &owned), AT_ONCE.to_string());
    }
}
