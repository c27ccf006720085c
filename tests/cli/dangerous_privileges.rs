//! Logins that could act on sessions of other roles or on the server's files: refused unless the role allows them.

use crate::harness::{Admin, Run};
use crate::stage::{Stage, identifier};

/// The predefined roles of 13 to 18 that are refused, with the version that brought them.
const DANGEROUS: [(&str, u32, &str); 6] = [
    (
        "pg_signal_backend",
        13,
        "terminates sessions of other roles",
    ),
    (
        "pg_read_server_files",
        13,
        "the server's files and programs",
    ),
    (
        "pg_write_server_files",
        13,
        "the server's files and programs",
    ),
    (
        "pg_execute_server_program",
        13,
        "the server's files and programs",
    ),
    (
        "pg_use_reserved_connections",
        16,
        "takes the connection slots that are reserved for the admin",
    ),
    (
        "pg_maintain",
        17,
        "locks every table, those that a login needs too",
    ),
];

const HARMLESS: [&str; 7] = [
    "pg_monitor",
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_all_stats",
    "pg_checkpoint",
    "pg_signal_autovacuum_worker",
    "pg_create_subscription",
];

const ALLOWED: &str = "allow_dangerous_privileges = true";

fn pgcreds(stage: &Stage, line: &str) -> Run {
    stage.sandbox.pgcreds(line.split(' ')).run()
}

/// Fails unless `issue`, `role check` and `role add` are refused with this problem and hint, and leave nothing behind.
#[track_caller]
fn refused(stage: &Stage, problem: &str, hint: &str) {
    let (state, logins) = (stage.sandbox.state(), stage.logins());
    let allow = "write allow_dangerous_privileges = true in [roles.app-role] of the state file, as role add --force does";
    let expected = format!(
        "error: logins of role \"app-role\" could act on sessions of other roles or on the server's files: {problem}\n\
         hint: {hint}or, to allow it, {allow}"
    );
    for command in ["issue app-role", "role check app-role"] {
        let run = pgcreds(stage, command).exits(1);
        assert_eq!(
            run.stderr.trim_end().trim_end_matches('.'),
            expected,
            "{command}"
        );
        assert_eq!(run.stdout, "");
    }
    let add = "role add other --connection my-postgres-db --member-of app_rw --member-of app_rw";
    if state.contains("member_of = [\"app_rw\"]") {
        let run = pgcreds(stage, add).exits(1);
        let stderr = run.stderr.replace("other\" could", "app-role\" could");
        assert_eq!(
            stderr
                .replace("[roles.other]", "[roles.app-role]")
                .trim_end(),
            expected
        );
    }
    assert_eq!((stage.sandbox.state(), stage.logins()), (state, logins));
}

#[test]
fn predefined_roles_of_a_group() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        let version = stage.cluster.version();
        for (role, since, power) in DANGEROUS {
            if version < since {
                continue;
            }
            stage.cluster.execute(&format!("GRANT {role} TO app_rw"));
            refused(
                &stage,
                &format!("\"{role}\" ({power})"),
                &format!("Run as a superuser: REVOKE {role} FROM app_rw; -- "),
            );
            stage.cluster.execute(&format!("REVOKE {role} FROM app_rw"));
            pgcreds(&stage, "issue app-role").success();
        }
    }
}

/// Sensible groups are issued as before, without a word.
#[test]
fn harmless_predefined_roles_are_not_refused() {
    let stage = Stage::new(Admin::CreateRole);
    let there = stage.cluster.rows("SELECT rolname FROM pg_roles").concat();
    for role in HARMLESS {
        if there.iter().any(|name| name == role) {
            stage.cluster.execute(&format!("GRANT {role} TO app_rw"));
        }
    }
    let issued = pgcreds(&stage, "issue app-role --quiet").success();
    assert_eq!(issued.stderr, "");
}

/// At whatever remove, by whatever kind of membership, and by attributes.
#[test]
fn every_way_to_such_a_privilege() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        let has_options = stage.cluster.version() >= 16;
        stage
            .cluster
            .execute("CREATE ROLE far; CREATE ROLE \"the middle\"; GRANT \"the middle\" TO far; GRANT far TO app_rw");
        let signal = "\"pg_signal_backend\" (terminates sessions of other roles)";
        let options: &[&str] = match has_options {
            true => &[
                "",
                " WITH INHERIT FALSE",
                " WITH INHERIT FALSE, SET FALSE, ADMIN TRUE",
            ],
            false => &[""],
        };
        for options in options {
            stage.cluster.execute(&format!(
                "GRANT pg_signal_backend TO \"the middle\"{options}"
            ));
            refused(
                &stage,
                signal,
                "Run as a superuser: REVOKE pg_signal_backend FROM \"the middle\"; -- ",
            );
            stage
                .cluster
                .execute("REVOKE pg_signal_backend FROM \"the middle\"");
        }
        stage
            .cluster
            .execute("ALTER ROLE far NOINHERIT REPLICATION");
        refused(
            &stage,
            "\"far\" (REPLICATION)",
            "Run as a superuser: REVOKE far FROM app_rw; -- ",
        );
        stage
            .cluster
            .execute("ALTER ROLE far NOREPLICATION CREATEROLE");
        if has_options {
            // It can grant no role that it does not administer.
            let run = pgcreds(&stage, "role check app-role").success();
            assert_eq!(
                run.stderr,
                "warning: logins of role \"app-role\" can act as \"far\" (CREATEROLE)\n"
            );
        } else {
            refused(
                &stage,
                "\"far\" (CREATEROLE)",
                "Run as a superuser: REVOKE far FROM app_rw; -- ",
            );
        }
    }
}

/// What the role's own SQL gives is found as well, at the issue.
#[test]
fn what_creation_statements_give() {
    let stage = Stage::new(Admin::Superuser);
    let version = stage.cluster.version();
    let role = |statement: &str, key: &str| {
        let state = stage.sandbox.state();
        let connections = state.split("\n[roles.").next().unwrap();
        stage.sandbox.write_state(&format!(
            "{connections}\n[roles.app-role]\nconnection = \"my-postgres-db\"\ncreation_statements = [\"\"\"CREATE ROLE \
             \"{{{{name}}}}\" LOGIN PASSWORD '{{{{password}}}}'; {statement}\"\"\"]\n{key}\n"
        ));
    };
    let signal = "GRANT pg_signal_backend TO \"{{name}}\"";
    let attributes = "ALTER ROLE \"{{name}}\" CREATEROLE REPLICATION BYPASSRLS";
    role(signal, "");
    refused(
        &stage,
        "\"pg_signal_backend\" (terminates sessions of other roles)",
        "Leave pg_signal_backend out of the role; ",
    );
    role(attributes, "");
    let (problem, left_out) = match version {
        16.. => ("REPLICATION", "REPLICATION"),
        _ => ("CREATEROLE, REPLICATION", "CREATEROLE and REPLICATION"),
    };
    refused(
        &stage,
        problem,
        &format!("Leave {left_out} out of the role; "),
    );
    for statement in [signal, attributes] {
        role(statement, ALLOWED);
        pgcreds(&stage, "issue app-role").success();
    }
}

/// A role that allows it is issued, and `role check` and `doctor` still tell.
#[test]
fn role_add_with_force_allows_it() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("GRANT pg_signal_backend TO app_rw");
    let add = "role add new --connection my-postgres-db --member-of app_rw --force";
    let warning = "warning: logins of role \"new\" can act as \"pg_signal_backend\" (terminates sessions of other roles)\n";
    let run = pgcreds(&stage, add).success();
    assert_eq!(
        run.stderr,
        format!("{warning}added role \"new\"; next: pgcreds issue new\n")
    );
    assert!(stage.sandbox.state().contains(&format!("\n{ALLOWED}\n")));
    assert_eq!(pgcreds(&stage, "role check new").success().stderr, warning);
    let issued = pgcreds(&stage, "issue new --format json").success().json();
    let name = identifier(issued["username"].as_str().unwrap());
    let has = format!(
        "SELECT pg_has_role({}, 'pg_signal_backend', 'USAGE')",
        name.replace('"', "'")
    );
    assert_eq!(stage.cluster.value(&has), "t");
    // Superusers and the admin are refused all the same.
    stage.cluster.execute("GRANT postgres TO app_rw");
    assert!(pgcreds(&stage, "issue new").exits(1).stderr.starts_with(
        "error: logins of role \"new\" could become the connection's admin or a superuser\n"
    ));
}
