//! Checks of roles.

use super::{everything, finding, passes, remedy, sql_mends};
use crate::harness::Admin;
use crate::stage::Stage;

/// Replaces all roles of the state file.
fn with_roles(stage: &Stage, roles: &str) {
    let state = stage.sandbox.state();
    let connections = state.split("\n[roles.").next().unwrap();
    stage
        .sandbox
        .write_state(&format!("{connections}\n{roles}\n"));
}

/// A role by SQL, with more SQL after its first statement.
fn recipe(options: &str, further: &str) -> String {
    format!(
        "[roles.app]\nconnection = \"my-postgres-db\"\ncreation_statements = [\"\"\"CREATE ROLE \"{{{{name}}}}\" {options} \
         PASSWORD '{{{{password}}}}'; {further}\"\"\"]"
    )
}

#[test]
fn a_role_without_its_connection() {
    let stage = Stage::new(Admin::CreateRole);
    with_roles(
        &stage,
        "[roles.app]\nconnection = \"other\"\nmember_of = [\"app_rw\"]",
    );
    let remedy = remedy(&stage.sandbox, "role_connection", "failure");
    assert_eq!(remedy, "pgcreds connection add other --url URL");
    // Who asks about one connection is told of that.
    stage
        .sandbox
        .pgcreds(["doctor", "my-postgres-db"])
        .run()
        .success();
}

#[test]
fn a_role_that_the_connection_does_not_allow() {
    let stage = Stage::new(Admin::CreateRole);
    passes(&stage.sandbox, "allowed_roles");
    let state = stage.sandbox.state();
    let limited = state.replace("\n[roles.", "allowed_roles = [\"web-*\"]\n\n[roles.");
    stage.sandbox.write_state(&limited);
    let remedy = remedy(&stage.sandbox, "allowed_roles", "warning");
    assert_eq!(
        remedy,
        "Add \"app-role\" to allowed_roles in [connections.my-postgres-db]."
    );
}

#[test]
fn groups_that_are_missing_or_not_the_admins_to_grant() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("CREATE ROLE \"odd \"\"one\"");
    with_roles(
        &stage,
        "[roles.app]\nconnection = \"my-postgres-db\"\nmember_of = [\"app_rw\", \"odd \\\"one\", \"absent\"]",
    );
    let before = everything(&stage);
    let grant = "GRANT \"odd \"\"one\" TO \"vaultadmin\" WITH ADMIN OPTION;";
    let create = "CREATE ROLE \"absent\" NOLOGIN;";
    let expected = if stage.cluster.version() < 16 {
        create.to_owned()
    } else {
        format!("{grant} {create} GRANT \"absent\" TO \"vaultadmin\" WITH ADMIN OPTION;")
    };
    assert_eq!(remedy(&stage.sandbox, "groups", "failure"), expected);
    assert_eq!(everything(&stage), before);
    sql_mends(&stage, "groups", "failure", &expected);
    passes(&stage.sandbox, "recipe");
    stage.sandbox.pgcreds(["issue", "app"]).run().success();
}

#[test]
fn statements_that_fail_or_hurt() {
    let stage = Stage::new(Admin::Superuser);
    stage.cluster.execute_in("mydb", "CREATE TABLE t (n int)");
    let grant = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{{name}}\"";
    // Before PostgreSQL 16 CREATEROLE has to be allowed.
    let keys = "allow_dangerous_privileges = true";
    let role = recipe("LOGIN CREATEROLE BYPASSRLS", grant);
    with_roles(&stage, &format!("{role}\n{keys}"));
    let before = everything(&stage);
    let attributes = remedy(&stage.sandbox, "attributes", "warning");
    assert_eq!(
        attributes,
        "Leave CREATEROLE and BYPASSRLS out of creation_statements in [roles.app]."
    );
    let grants = remedy(&stage.sandbox, "table_grants", "warning");
    assert!(grants.contains("member_of"), "{grants}");
    for (options, problem) in [
        ("", "without LOGIN"),
        ("LOGIN SUPERUSER", "created a superuser"),
        ("LOGIN IN ROLE nobody", "does not exist"),
        ("LOGGIN", "unrecognized role option"),
    ] {
        with_roles(&stage, &recipe(options, ""));
        let found = finding(&stage.sandbox, "recipe");
        assert_eq!(found["status"], "failure", "{found:#}");
        assert!(
            found["detail"].as_str().unwrap().contains(problem),
            "{found:#}"
        );
        assert!(found["remedy"].is_string(), "{found:#}");
        // What came after it was looked at all the same.
        passes(&stage.sandbox, "unknown_roles");
    }
    assert_eq!(everything(&stage), before);
    with_roles(&stage, &recipe("LOGIN", ""));
    for check in ["recipe", "attributes", "table_grants"] {
        passes(&stage.sandbox, check);
    }
}

#[test]
fn groups_that_give_more_than_an_end_takes_back() {
    let stage = Stage::new(Admin::CreateRole);
    stage
        .cluster
        .execute("GRANT pg_write_server_files TO app_rw");
    let revoke = "REVOKE pg_write_server_files FROM app_rw; -- or, to allow it, write allow_dangerous_privileges = true in \
                  [roles.app-role] of the state file, as role add --force does";
    assert_eq!(remedy(&stage.sandbox, "recipe", "failure"), revoke);
    stage.describe_role("allow_dangerous_privileges = true");
    passes(&stage.sandbox, "recipe");
    let attributes = remedy(&stage.sandbox, "attributes", "warning");
    assert_eq!(
        attributes,
        "Leave the groups that lead there out of [roles.app-role]."
    );
    let found = finding(&stage.sandbox, "attributes");
    assert_eq!(
        found["detail"],
        "logins can act as \"pg_write_server_files\" (the server's files and programs)"
    );
    stage.cluster.execute("GRANT postgres TO app_rw");
    sql_mends(&stage, "recipe", "failure", "REVOKE postgres FROM app_rw;");
    stage.describe_role("");
    sql_mends(&stage, "recipe", "failure", revoke);
}

/// `doctor` and `role check` name each database of the group, and its owner.
#[track_caller]
fn names_both_databases(stage: &Stage) {
    let found = finding(&stage.sandbox, "database_owner");
    let detail = found["detail"].as_str().unwrap();
    for database in ["mydb", "other db"] {
        let part = format!("can act as \"dbowner\", which owns database \"{database}\"");
        assert!(detail.contains(&part), "{detail}");
    }
    let check = ["role", "check", "app-role"];
    let warnings = stage.sandbox.pgcreds(check).run().success().stderr;
    assert_eq!(
        warnings.matches("which owns database").count(),
        2,
        "{warnings}"
    );
}

/// Who owns a database sets what all its sessions start with. After the remedy the group creates as before, and cannot alter it.
#[test]
fn a_group_that_owns_a_database() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        stage
            .cluster
            .execute("CREATE DATABASE \"other db\" OWNER dbowner");
        stage.cluster.execute("CREATE ROLE near IN ROLE dbowner");
        passes(&stage.sandbox, "database_owner");
        stage.cluster.execute("GRANT near TO app_rw");
        names_both_databases(&stage);
        let lease = stage
            .sandbox
            .pgcreds(["issue", "app-role", "--format", "json"])
            .run();
        let lease = lease.success().json();
        let as_lease = |sql: &str| {
            let (name, password) = (lease["username"].as_str(), lease["password"].as_str());
            let sql = format!("SET ROLE dbowner; {sql}");
            stage
                .cluster
                .try_execute_as(name.unwrap(), password.unwrap(), "mydb", &sql)
        };
        let alter = "ALTER DATABASE mydb SET work_mem = '1MB'";
        let create =
            "CREATE SCHEMA s; CREATE TABLE public.t (); DROP TABLE public.t; DROP SCHEMA s";
        assert!(as_lease(alter).is_ok() && as_lease(create).is_ok());
        stage
            .cluster
            .execute_in("mydb", "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        let public = stage.cluster.version() >= 15;
        if !public {
            stage
                .cluster
                .execute_in("mydb", "GRANT CREATE ON SCHEMA public TO dbowner");
        }
        let remedy = remedy(&stage.sandbox, "database_owner", "warning");
        let grant = if public {
            " GRANT CREATE ON SCHEMA public TO \"dbowner\";"
        } else {
            ""
        };
        let statements = |database: &str| {
            format!(
                "ALTER DATABASE \"{database}\" OWNER TO \"vaultadmin\"; GRANT CREATE ON DATABASE \"{database}\" TO \"dbowner\";"
            )
        };
        assert_eq!(
            remedy,
            format!("{}{grant} {}", statements("mydb"), statements("other db"))
        );
        sql_mends(&stage, "database_owner", "warning", &remedy);
        assert!(as_lease(create).is_ok());
        assert_eq!(
            as_lease(alter),
            Err("42501: must be owner of database mydb".to_owned())
        );
    }
}

#[test]
fn a_group_that_statements_grant() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("CREATE ROLE secret_group");
    with_roles(
        &stage,
        &recipe("LOGIN", "GRANT secret_group TO \"{{name}}\""),
    );
    if stage.cluster.version() >= 16 {
        let grant = "GRANT \"secret_group\" TO \"vaultadmin\" WITH ADMIN OPTION;";
        sql_mends(&stage, "recipe", "failure", grant);
    }
    passes(&stage.sandbox, "recipe");
}

#[test]
fn a_successor_that_is_missing_or_out_of_reach() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        for key in ["reassign_owned_to", "set_role"] {
            let name = format!("new_{key}");
            let role =
                format!("[roles.app]\nconnection = \"my-postgres-db\"\n{key} = \"{name}\"\n");
            let member = if key == "set_role" {
                ""
            } else {
                "member_of = [\"app_rw\"]"
            };
            with_roles(&stage, &format!("{role}{member}"));
            let check = if key == "set_role" {
                "groups"
            } else {
                "successor"
            };
            let remedy = remedy(&stage.sandbox, check, "failure");
            assert!(
                remedy.starts_with(&format!("CREATE ROLE \"{name}\" NOLOGIN;")),
                "{remedy}"
            );
            super::paste(&stage, &remedy);
            passes(&stage.sandbox, "successor");
        }
        stage.describe_role("reassign_owned_to = \"dbowner\"");
        if admin == Admin::CreateRole {
            let grant = "GRANT \"dbowner\" TO \"vaultadmin\";";
            sql_mends(&stage, "successor", "failure", grant);
        }
        passes(&stage.sandbox, "successor");
        let detail = || finding(&stage.sandbox, "successor")["detail"].clone();
        assert_eq!(
            detail(),
            "\"dbowner\" gets what a login owns, or a role without rights if there is code in it"
        );
        // Logins that can act as it may leave it code.
        stage.cluster.execute("GRANT dbowner TO app_rw");
        assert_eq!(detail(), "\"dbowner\" gets what a login owns");
    }
}

#[test]
fn a_superuser_that_would_get_what_logins_own() {
    let stage = Stage::new(Admin::Superuser);
    stage
        .cluster
        .execute("ALTER DATABASE mydb OWNER TO postgres");
    let remedy = remedy(&stage.sandbox, "successor", "warning");
    assert!(remedy.contains("[roles.app-role]"), "{remedy}");
    // Where a login can create nothing, nobody gets anything.
    stage
        .cluster
        .execute_in("mydb", "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    passes(&stage.sandbox, "successor");
    stage
        .cluster
        .execute_in("mydb", "GRANT CREATE ON DATABASE mydb TO app_rw");
    assert_eq!(finding(&stage.sandbox, "successor")["status"], "warning");
    stage.describe_role("reassign_owned_to = \"dbowner\"");
    passes(&stage.sandbox, "successor");
}

#[test]
fn logins_that_are_of_no_use() {
    let stage = Stage::new(Admin::CreateRole);
    passes(&stage.sandbox, "recipe");
    stage.cluster.execute(
        "REVOKE CONNECT ON DATABASE mydb FROM PUBLIC; GRANT CONNECT ON DATABASE mydb TO vaultadmin",
    );
    let found = finding(&stage.sandbox, "recipe");
    assert_eq!(found["status"], "warning", "{found:#}");
    let detail = found["detail"].as_str().unwrap();
    let (problem, sql) = detail.split_once("; let them: ").unwrap();
    assert!(
        problem.contains("may not connect to database \"mydb\""),
        "{detail}"
    );
    stage.cluster.execute(sql);
    passes(&stage.sandbox, "recipe");
}
