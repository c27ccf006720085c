//! A database that lets nobody in keeps no lease alive: another database of the server is used.

use crate::harness::{Admin, Run};
use crate::lease_stage::{APP_ROLE, Stage};
use crate::stage;

/// How a database is closed, how that is undone, what the fix says, and whether a superuser is kept out, too.
struct Door {
    close: &'static str,
    open: &'static str,
    fix: &'static str,
    stops_superusers: bool,
    since: u32,
}

const DOORS: [Door; 4] = [
    Door {
        close: "ALTER DATABASE mydb CONNECTION LIMIT 0",
        open: "ALTER DATABASE mydb CONNECTION LIMIT -1",
        fix: "run: ALTER DATABASE \"mydb\" CONNECTION LIMIT -1;",
        stops_superusers: false,
        since: 13,
    },
    Door {
        close: "ALTER DATABASE mydb ALLOW_CONNECTIONS false",
        open: "ALTER DATABASE mydb ALLOW_CONNECTIONS true",
        fix: "run: ALTER DATABASE \"mydb\" ALLOW_CONNECTIONS true;",
        stops_superusers: true,
        since: 13,
    },
    Door {
        close: "REVOKE CONNECT ON DATABASE mydb FROM PUBLIC",
        open: "GRANT CONNECT ON DATABASE mydb TO PUBLIC",
        fix: "run: GRANT CONNECT ON DATABASE \"mydb\" TO \"vaultadmin\";",
        stops_superusers: false,
        since: 13,
    },
    Door {
        close: "ALTER DATABASE mydb SET session_preload_libraries = 'nonesuch'",
        open: "ALTER DATABASE mydb RESET session_preload_libraries",
        fix: "run: ALTER DATABASE \"mydb\" RESET session_preload_libraries;",
        stops_superusers: true,
        since: 13,
    },
];

/// Those that keep that admin out of that server.
fn doors(stage: &Stage, admin: Admin) -> Vec<&'static Door> {
    DOORS
        .iter()
        .filter(|door| admin == Admin::CreateRole || door.stops_superusers)
        .filter(|door| stage.cluster.version() >= door.since)
        .collect()
}

fn oid(stage: &Stage, name: &str) -> String {
    let name = stage::literal(name);
    stage
        .cluster
        .value(&format!("SELECT oid FROM pg_roles WHERE rolname = {name}"))
}

/// Whether the lease cannot log in and has no session.
fn is_disabled(stage: &Stage, oid: &str) -> bool {
    stage.cluster.value(&format!(
        "SELECT EXISTS (SELECT FROM pg_authid WHERE oid = {oid} AND NOT rolcanlogin AND rolpassword IS NULL) \
         AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usesysid = {oid})"
    )) == "t"
}

#[track_caller]
fn warns(run: &Run) {
    assert!(
        run.stderr.contains("database \"mydb\"")
            && run.stderr.contains("goes through database \"postgres\""),
        "{run}"
    );
}

#[test]
fn leases_end_through_another_database() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, APP_ROLE);
        for door in doors(&stage, admin) {
            let free = stage.issue(&["app-role"]);
            let bound = stage.issue(&["app-role"]);
            let listed = stage.issue(&["app-role"]);
            let (free_oid, bound_oid) = (oid(&stage, free.id()), oid(&stage, bound.id()));
            let login =
                stage
                    .cluster
                    .connect_as(bound.text("username"), bound.text("password"), "mydb");
            stage.cluster.execute_in(
                "mydb",
                &format!(
                    "CREATE TABLE IF NOT EXISTS shared (); ALTER TABLE shared OWNER TO vaultadmin; \
                     GRANT SELECT ON shared TO {}",
                    stage::identifier(bound.id())
                ),
            );
            stage.cluster.execute(door.close);

            let list = stage.sandbox.pgcreds(["lease", "list"]).run().success();
            assert!(list.stdout.contains(listed.id()), "{list}");
            warns(&list);
            let show = stage.sandbox.pgcreds(["lease", "show", listed.id()]).run();
            warns(&show.success());
            let revoke = stage
                .sandbox
                .pgcreds(["lease", "revoke", listed.id()])
                .run();
            warns(&revoke.success());

            stage.expire_all();
            let sweep = stage.sandbox.pgcreds(["sweep"]).run().exits(4);
            warns(&sweep);
            assert!(sweep.stderr.contains(door.fix), "{}: {sweep}", door.fix);
            let gone = format!("SELECT count(*) FROM pg_roles WHERE oid = {free_oid}");
            assert_eq!(stage.cluster.value(&gone), "0", "{}", door.close);
            assert!(is_disabled(&stage, &bound_oid), "{}", door.close);
            assert!(!login.is_alive());

            // What needs the database itself says why it does not get it.
            for arguments in [
                &["issue", "app-role"][..],
                &["connection", "check", "my-postgres-db"],
            ] {
                let refused = stage.sandbox.pgcreds(arguments).run().exits(3);
                assert!(refused.stderr.contains("could not connect"), "{refused}");
            }
            assert_eq!(stage.logins().len(), 1);

            stage.cluster.execute(door.open);
            stage.sandbox.pgcreds(["sweep", "--quiet"]).run().success();
            assert_eq!(stage.logins(), []);
        }
    }
}

#[test]
fn settings_of_the_database_do_not_stop_the_sweep() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, APP_ROLE);
        stage.cluster.execute("GRANT dbowner TO vaultadmin");
        for (name, value, since) in super::SETTINGS {
            if stage.cluster.version() < since {
                continue;
            }
            let issued = stage.issue(&["app-role"]);
            let session =
                stage
                    .cluster
                    .connect_as(issued.text("username"), issued.text("password"), "mydb");
            let value = match name {
                // Too little for any transaction, however quick the server is.
                "transaction_timeout" => "'1ms'",
                _ => value,
            };
            super::set(&stage.cluster, name, value);
            stage.expire_and_sweep_all();
            assert!(!session.is_alive(), "{name}");
            stage
                .cluster
                .execute(&format!("ALTER DATABASE mydb RESET {name}"));
        }
    }
}

/// From PostgreSQL 17 on a superuser may have code run at each login.
#[test]
fn a_trigger_for_logins_does_not_stop_the_sweep() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, APP_ROLE);
        stage.issue(&["app-role"]);
        if stage.cluster.version() < 17 {
            // There is none: the database itself is away instead.
            stage.cluster.execute("ALTER DATABASE mydb RENAME TO other");
        } else {
            stage.cluster.execute_in(
                "mydb",
                "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; \
                 CREATE EVENT TRIGGER refuse ON login EXECUTE FUNCTION refuse()",
            );
        }
        stage.expire_all();
        warns(&stage.sandbox.pgcreds(["sweep"]).run().success());
        assert_eq!(stage.logins(), []);
    }
}

#[test]
fn a_database_that_is_gone_keeps_no_lease() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for change in ["ALTER DATABASE mydb RENAME TO other", "DROP DATABASE mydb"] {
            let stage = Stage::new(admin, APP_ROLE);
            stage.issue(&["app-role"]);
            stage.cluster.execute(change);
            stage.expire_all();
            warns(&stage.sandbox.pgcreds(["sweep"]).run().success());
            assert_eq!(stage.logins(), []);
        }
    }
}

/// The statements of a role belong into its connection's database.
#[test]
fn revocation_statements_wait_for_their_database() {
    let role = format!(
        "{APP_ROLE}revocation_statements = [\"SELECT 1\"]\nrenew_statements = [\"SELECT 1\"]\n"
    );
    let stage = Stage::new(Admin::CreateRole, &role);
    let issued = stage.issue(&["app-role"]);
    let issued_oid = oid(&stage, issued.id());
    stage
        .cluster
        .execute("ALTER DATABASE mydb CONNECTION LIMIT 0");
    let renewed = stage.sandbox.pgcreds(["lease", "renew", issued.id()]).run();
    let renewed = renewed.exits(3);
    assert!(
        renewed.stderr.contains("renew_statements could not run"),
        "{renewed}"
    );
    let revoked = stage
        .sandbox
        .pgcreds(["lease", "revoke", issued.id()])
        .run();
    let revoked = revoked.exits(4);
    assert!(
        revoked
            .stderr
            .contains("revocation_statements could not run"),
        "{revoked}"
    );
    assert!(is_disabled(&stage, &issued_oid));
    stage
        .cluster
        .execute("ALTER DATABASE mydb CONNECTION LIMIT -1");
    stage.sandbox.pgcreds(["sweep"]).run().success();
    assert_eq!(stage.logins(), []);
}

/// A connection of the state file to the same server names a database that lets the admin in.
#[test]
fn the_database_of_another_connection_will_do() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    stage.issue(&["app-role"]);
    stage.cluster.execute("CREATE DATABASE third");
    let state = stage.sandbox.state();
    let start = state.find("[connections.").unwrap();
    let end = state.find("\n[roles.").unwrap();
    let other = state[start..end]
        .replace("my-postgres-db", "other")
        .replace("/mydb\"", "/third\"");
    stage.sandbox.write_state(&format!("{state}\n{other}"));
    for database in ["mydb", "postgres", "template1"] {
        stage
            .cluster
            .execute(&format!("ALTER DATABASE {database} CONNECTION LIMIT 0"));
    }
    stage.expire_all();
    let sweep = stage
        .sandbox
        .pgcreds(["sweep", "--connection", "my-postgres-db"])
        .run()
        .success();
    assert!(
        sweep.stderr.contains("goes through database \"third\""),
        "{sweep}"
    );
    assert_eq!(stage.logins(), []);
}
