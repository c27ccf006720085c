//! What `role check` and `role add` say of a role whose logins can be made, and are of no use or hard to get rid of.

use crate::harness::{Admin, Run};
use crate::stage::Stage;

fn check(stage: &Stage) -> Run {
    let run = stage.sandbox.pgcreds(["role", "check", "app-role"]).run();
    run.success()
}

/// The warnings of a check, which `role add` gives as well.
#[track_caller]
fn warnings(stage: &Stage) -> String {
    let of_check = check(stage).stderr;
    let state = stage.sandbox.state();
    let force = match state.contains("allow_dangerous_privileges") {
        true => " --force",
        false => "",
    };
    let arguments = format!("role add other --connection my-postgres-db --member-of app_rw{force}");
    let owner = state.contains("reassign_owned_to");
    let options = ["--reassign-owned-to", "the owner"];
    let arguments = arguments
        .split(' ')
        .chain(options.into_iter().filter(|_| owner));
    let added = stage.sandbox.pgcreds(arguments).run().success();
    let of_add = added
        .stderr
        .replace("added role \"other\"; next: pgcreds issue other\n", "");
    assert_eq!(of_add.replace("\"other\"", "\"app-role\""), of_check);
    stage.sandbox.write_state(&state);
    of_check
}

#[test]
fn a_database_that_lets_nobody_in() {
    let stage = Stage::new(Admin::CreateRole);
    assert_eq!(warnings(&stage), "");
    let database = |sql: &str| stage.cluster.execute_in("mydb", sql);
    database(
        "REVOKE CONNECT ON DATABASE mydb FROM PUBLIC; GRANT CONNECT ON DATABASE mydb TO vaultadmin",
    );
    let warning = warnings(&stage);
    let (problem, remedy) = warning.split_once("; let them: ").unwrap();
    assert_eq!(
        problem,
        "warning: logins of role \"app-role\" may not connect to database \"mydb\""
    );
    database(remedy);
    assert_eq!(warnings(&stage), "");
}

/// What it says to run is run, and then a lease that owns something can be revoked.
#[test]
fn an_owner_to_be_that_the_admin_cannot_act_as() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("CREATE ROLE \"the owner\"");
    stage.describe_role("reassign_owned_to = \"the owner\"");
    let warning = warnings(&stage);
    let (problem, remedy) = warning.split_once("; run as a superuser: ").unwrap();
    let expected = "warning: what a login owns cannot be given to \"the owner\" when it ends (permission denied to reassign objects";
    assert!(problem.starts_with(expected), "{problem}");
    assert_eq!(remedy, "GRANT \"the owner\" TO \"vaultadmin\";\n");
    stage.cluster.execute(remedy);
    assert_eq!(warnings(&stage), "");
}

#[test]
fn statements_that_set_no_password() {
    let stage = Stage::new(Admin::CreateRole);
    let state = stage.sandbox.state();
    let statements = r#"creation_statements = ['CREATE ROLE "{{name}}" LOGIN']"#;
    stage
        .sandbox
        .write_state(&state.replace("member_of = [\"app_rw\"]", statements));
    assert_eq!(
        check(&stage).stderr,
        "warning: creation_statements of role \"app-role\" do not set {{password}}: nobody can log in with what is issued\n"
    );
}

/// A lease that is the admin, at whatever remove, could give itself a new end.
#[test]
fn groups_that_lead_to_the_admin_or_a_superuser() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin);
        stage.cluster.execute(
            "CREATE ROLE boss SUPERUSER; CREATE ROLE far; CREATE ROLE near; GRANT near TO far; \
             GRANT far TO vaultadmin WITH ADMIN OPTION",
        );
        let keys = stage.sandbox.state().replace("app_rw", "far");
        stage.sandbox.write_state(&keys);
        assert_eq!(warnings(&stage), "", "{admin:?}");
        for target in ["vaultadmin", "boss"] {
            // The admin must be no member of it then, or PostgreSQL would see a circle.
            stage
                .cluster
                .execute("REVOKE far FROM vaultadmin; ALTER ROLE vaultadmin SUPERUSER");
            stage.cluster.execute(&format!("GRANT {target} TO near"));
            for command in [&["role", "check", "app-role"][..], &["issue", "app-role"]] {
                let refusal = stage
                    .sandbox
                    .refusal(Some(&stage.cluster), stage.sandbox.pgcreds(command));
                assert!(
                    refusal.starts_with(
                        "--- stderr ---\n\
                         error: logins of role \"app-role\" could become the connection's admin or a superuser\n"
                    ),
                    "{refusal}"
                );
                let hint = match command[0] {
                    "role" => format!("hint: Run as a superuser: REVOKE {target} FROM near;\n"),
                    _ => {
                        "hint: See which membership leads there with: pgcreds role check app-role\n"
                            .to_owned()
                    }
                };
                assert!(refusal.contains(&hint), "{refusal}");
            }
            stage.cluster.execute(&format!("REVOKE {target} FROM near"));
        }
        stage.sandbox.pgcreds(["issue", "app-role"]).run().success();
    }
}

#[test]
fn groups_that_can_more_than_their_members_end_takes_back() {
    let stage = Stage::new(Admin::Superuser);
    stage
        .cluster
        .execute("CREATE ROLE maker CREATEROLE; GRANT maker, pg_read_server_files TO app_rw");
    stage.describe_role("allow_dangerous_privileges = true");
    assert_eq!(
        warnings(&stage),
        "warning: logins of role \"app-role\" can act as \"maker\" (CREATEROLE)\n\
         warning: logins of role \"app-role\" can act as \"pg_read_server_files\" (the server's files and programs)\n"
    );
}

/// To hand it out, the admin would have to become one.
#[test]
fn a_superuser_is_no_group_for_logins() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("CREATE ROLE boss SUPERUSER");
    let add = "role add other --connection my-postgres-db --member-of boss";
    let refusal = stage
        .sandbox
        .refusal(Some(&stage.cluster), stage.sandbox.pgcreds(add.split(' ')));
    assert_eq!(
        refusal,
        "--- stderr ---\n\
         error: role \"other\": \"boss\" is a superuser, and its members could undo their own end\n\
         hint: Make logins members of a group role that has what they need, and no more.\n\
         [exit 1]\n"
    );
}
