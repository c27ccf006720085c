//! The role without rights that gets what has code in it, and who gets code instead of it.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage};

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

/// The one role that got what the lease left.
#[track_caller]
fn left(stage: &Stage) -> String {
    let roles = stage.left_by("pgc thief");
    assert_eq!(roles.len(), 1, "{roles:?}");
    roles.concat()
}

#[test]
fn the_role_is_made_without_any_rights() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let (stage, successor) = stage(admin);
        as_thief(&stage, "CREATE VIEW v AS SELECT 1 AS n");
        let run = stage.sweep([] as [&str; 0]).success();
        let left = left(&stage);
        assert_eq!(
            run.stderr,
            format!(
                "revoked lease \"pgc thief\"\nwarning: what lease \"pgc thief\" owned in database \"mydb\" belongs to \"{left}\" now: \
                 it has code that could have run with the rights of \"{successor}\", as the lease could not; \
                 after a look at it, run in that database: REASSIGN OWNED BY {left} TO \"{successor}\"; DROP ROLE {left};\n"
            )
        );
        assert_eq!(owner(&stage, "v"), left);
        let attributes = format!(
            "SELECT rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls \
                 OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) FROM pg_roles r WHERE rolname = '{left}'"
        );
        assert_eq!(stage.cluster.value(&attributes), "f");
        let comment = format!(
            "SELECT shobj_description('{left}'::regrole, 'pg_authid') = format('What lease \"pgc thief\" left in database \"mydb\" on %s, \
                 with code in it: this role has no rights. Made by pgcreds.', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'))"
        );
        assert_eq!(stage.cluster.value(&comment), "t");
        // It is no lease.
        let run = stage.revoke(&left).exits(1);
        let expected = format!("error: role \"{left}\" is not a lease of pgcreds\n");
        assert!(run.stderr.starts_with(&expected), "{run}");
    }
}

#[test]
fn the_admin_can_drop_the_role() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let (stage, _) = stage(admin);
        as_thief(&stage, "CREATE VIEW v AS SELECT 1 AS n");
        let run = stage.sweep([] as [&str; 0]).success();
        let (_, sql) = run.stderr.split_once("run in that database: ").unwrap();
        stage.as_admin(sql);
        assert_eq!(stage.left_by("pgc thief"), [] as [&str; 0]);
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
        let left = left(&stage);
        assert_eq!(owner(&stage, "f"), left);
        let rights = format!(
            "SELECT rolinherit OR has_schema_privilege(oid, 'closed', 'CREATE') OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) \
             FROM pg_roles r WHERE rolname = '{left}'"
        );
        assert_eq!(stage.cluster.value_in("mydb", &rights), "f");
    }
}

/// A login that works as a group leaves it what it could have made as that group.
#[test]
fn who_was_chosen_gets_the_code_of_its_members_as_it_is() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for keys in ["reassign_owned_to = 'heir'", "set_role = 'heir'"] {
            let stage = Stage::new(admin);
            stage
                .cluster
                .execute("CREATE ROLE heir; GRANT heir TO vaultadmin");
            stage.describe_role(keys);
            stage.make(["pgc thief"], PAST);
            stage.cluster.execute("GRANT heir TO \"pgc thief\"");
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

/// A role with `CREATEROLE` can make a login and its marker, and so choose among the successors of the state file.
#[test]
fn who_was_chosen_gets_no_code_of_others() {
    for (admin, heir) in [
        (Admin::Superuser, "postgres"),
        (Admin::Superuser, "heir"),
        (Admin::CreateRole, "heir"),
    ] {
        for key in ["reassign_owned_to", "set_role"] {
            let (stage, _) = stage(admin);
            stage
                .cluster
                .execute("CREATE ROLE heir; GRANT heir TO vaultadmin");
            stage.describe_role(&format!("{key} = '{heir}'"));
            stage.make(["pgc honest"], PAST);
            as_thief(
                &stage,
                "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
            );
            stage.cluster.execute_in(
                "mydb",
                "SET SESSION AUTHORIZATION \"pgc honest\"; CREATE TABLE t AS SELECT 1 AS n",
            );
            let run = stage.sweep([] as [&str; 0]).success();
            let says = format!("could have run with the rights of \"{heir}\"");
            assert!(run.stderr.contains(&says), "{run}");
            let owners = ["f", "t"].map(|name| owner(&stage, name));
            assert_eq!(owners, [&*left(&stage), heir]);
        }
    }
}

/// From PostgreSQL 16 on a member may have the group's rights, and not be able to act as the group.
#[test]
fn a_member_that_cannot_act_as_its_successor_leaves_it_no_code() {
    let (stage, _) = stage(Admin::Superuser);
    if stage.cluster.version() < 16 {
        return;
    }
    stage.describe_role("reassign_owned_to = 'dbowner'");
    stage
        .cluster
        .execute("GRANT dbowner TO \"pgc thief\" WITH INHERIT TRUE, SET FALSE");
    as_thief(&stage, "CREATE VIEW v AS SELECT 1 AS n");
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(owner(&stage, "v"), left(&stage));
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
        "CREATE TABLE t (n int); ALTER TABLE t OWNER TO \"pgc honest\"; CREATE VIEW v AS SELECT 1 AS n; ALTER VIEW v OWNER TO \"pgc honest\"; \
         CREATE VIEW w AS SELECT 1 AS n; ALTER VIEW w OWNER TO \"pgc thief\"",
    );
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
    let [thief, honest] = ["pgc thief", "pgc honest"].map(|lease| stage.left_by(lease));
    let owners = ["plain", "v", "honest"].map(|name| owner(&stage, name));
    assert_eq!(owners, [&thief[0], &thief[0], "dbowner"]);
    let owners =
        "SELECT relowner::regrole FROM pg_class WHERE relname IN ('t', 'v', 'w') ORDER BY relname";
    assert_eq!(
        stage.cluster.rows_in("other", owners).concat(),
        [&*honest[0], &*honest[0], &*thief[1]]
    );
    assert_eq!((thief.len(), honest.len()), (2, 1));
}

#[test]
fn revocations_at_once_make_a_role_each() {
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
        let owners = "SELECT count(DISTINCT proowner) FROM pg_proc WHERE proowner::regrole::text LIKE 'pgcreds\\_left\\_%'";
        assert_eq!(stage.cluster.value_in("mydb", owners), AT_ONCE.to_string());
    }
}
