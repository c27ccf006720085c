//! Tens of thousands of leases on one server. From PostgreSQL 16 on a `CREATEROLE` admin has a membership in each login that
//! it created, and until the database is analyzed the server's statistics know nothing of them.

use std::time::{Duration, Instant};

use crate::harness::{Admin, Cluster, eventually};
use crate::stage::{LATER, PAST, Stage, marker};

/// Far more than any command takes, and half of what one took that looked through all leases for each of 20,000.
const LIMIT: Duration = Duration::from_secs(20);

/// What `CREATE ROLE` of a `CREATEROLE` admin leaves from PostgreSQL 16 on, run by the bootstrap superuser.
const OPTIONS: &str = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE";

/// A server with that many leases of the admin, whose statistics are still those of initdb.
fn stage(count: usize) -> Stage {
    let cluster = Cluster::start_with(&[("autovacuum", "off")]);
    let stage = Stage::on(cluster, Admin::CreateRole);
    let name = "pgc_app_role_tester_";
    let grant = match stage.cluster.version() >= 16 {
        true => format!("GRANT %1$I TO vaultadmin {OPTIONS};"),
        false => String::new(),
    };
    // The admin's own CREATE ROLE takes the longer, the more there are.
    stage.cluster.execute_in(
        "mydb",
        &format!(
            "DO $$ DECLARE lease text; BEGIN FOR i IN 1..{count} LOOP lease := '{name}' || lpad(i::text, 12, '0'); \
             EXECUTE format('CREATE ROLE %1$I LOGIN VALID UNTIL ''{LATER}'' IN ROLE app_rw; {grant} COMMENT ON ROLE %1$I IS %2$L', lease, \
                 replace('{}', 'NAME', lease)); \
             IF i % 1000 = 0 THEN COMMIT; END IF; END LOOP; END $$",
            marker("NAME")
        ),
    );
    // Now the server knows how many rows there are, but still not what is in them.
    stage.cluster.execute_in(
        "mydb",
        "VACUUM pg_authid, pg_auth_members, pg_shdescription",
    );
    stage
}

fn lease(number: usize) -> String {
    format!("pgc_app_role_tester_{number:012}")
}

#[test]
fn leases_of_this_module_are_like_those_of_the_admin() {
    let stage = stage(1);
    stage.make(["pgc real"], LATER);
    let memberships = |name: &str| {
        stage.cluster.rows(&format!(
            "SELECT to_jsonb(m) - ARRAY['oid', 'roleid'] FROM pg_auth_members m WHERE roleid = '{}'",
            stage.oid(name)
        ))
    };
    let real = memberships("pgc real");
    assert_eq!(real.len(), usize::from(stage.cluster.version() >= 16));
    assert_eq!(memberships(&lease(1)), real);
}

#[test]
fn no_command_looks_through_all_leases_for_each_of_them() {
    let stage = stage(20_000);
    for number in [1, 2] {
        let name = lease(number);
        stage
            .cluster
            .execute(&format!("ALTER ROLE {name} VALID UNTIL '{PAST}'"));
    }
    let run = |arguments: &[&str]| stage.sandbox.pgcreds(arguments).run();
    // A machine that is busy with other things may hold up one run, but hardly three.
    let timed = |arguments: &[&str]| {
        let mut runs = (0..3).map(|_| {
            let begin = Instant::now();
            (run(arguments), begin.elapsed())
        });
        let quick = runs.find(|(_, time)| *time < LIMIT);
        quick
            .unwrap_or_else(|| panic!("{arguments:?} takes longer than {LIMIT:?}"))
            .0
    };
    let listed = timed(&["lease", "list", "--role", "app-role", "--format", "json"]).success();
    assert_eq!(listed.json().as_array().unwrap().len(), 20_000);
    timed(&["lease", "show", &lease(3)]).success();
    let due = timed(&["sweep", "--dry-run", "--format", "json"]).success();
    assert_eq!(due.json().as_array().unwrap().len(), 2, "{due}");
    // Its exit code has nothing to do with the leases.
    timed(&["doctor"]);
    run(&["lease", "renew", &lease(3)]).success();
    let swept = run(&["sweep", "--format", "json"]).success().json();
    assert_eq!(swept["revoked"].as_array().unwrap().len(), 2, "{swept}");
    run(&["lease", "revoke", &lease(3)]).success();
    run(&["issue", "app-role"]).success();
    assert_eq!(stage.logins().len(), 20_000 - 3 + 1);
}

/// The server goes through the memberships of the admin anew for each role that it drops: with many of them, a statement
/// that drops 500 takes longer than a statement may.
#[test]
fn where_the_admin_has_many_memberships_a_sweep_drops_fewer_logins_at_a_time() {
    let stage = stage(4_000);
    stage
        .cluster
        .execute("ALTER ROLE vaultadmin SET log_statement = 'all'");
    stage.cluster.execute(&format!(
        "DO $$ DECLARE lease text; BEGIN FOR lease IN SELECT rolname FROM pg_roles WHERE rolname ~ '^pgc_' ORDER BY 1 LIMIT 400 \
         LOOP EXECUTE format('ALTER ROLE %I VALID UNTIL %L', lease, '{PAST}'); END LOOP; END $$"
    ));
    let report = stage.sweep_report(0);
    assert_eq!(report["revoked"].as_array().unwrap().len(), 400);
    let log = stage.cluster.log();
    let drops = log
        .lines()
        .filter_map(|line| line.split_once("DROP ROLE IF EXISTS "));
    let numbers: Vec<usize> = drops.map(|(_, names)| names.split(", ").count()).collect();
    // An admin that is a member of app_rw, too.
    let expected = match stage.cluster.version() >= 16 {
        true => vec![249, 151],
        false => vec![400],
    };
    assert_eq!(numbers, expected);
}

/// Rows that were read from the catalogs of roles as a whole, and how often comments were looked up by key.
fn reads(stage: &Stage) -> (u64, u64) {
    let row = stage.cluster.rows_in(
        "mydb",
        "SELECT sum(seq_tup_read) FROM pg_stat_sys_tables \
             WHERE relname IN ('pg_authid', 'pg_auth_members', 'pg_shdescription') \
         UNION ALL SELECT idx_scan FROM pg_stat_sys_tables WHERE relname = 'pg_shdescription'",
    );
    let numbers: Vec<u64> = row
        .concat()
        .iter()
        .map(|cell| cell.parse().unwrap())
        .collect();
    (numbers[0], numbers[1])
}

#[test]
fn one_lease_is_found_by_its_key() {
    let stage = stage(3_000);
    let name = lease(3);
    for command in ["show", "renew", "revoke"] {
        let before = reads(&stage);
        stage
            .sandbox
            .pgcreds(["lease", command, &name])
            .run()
            .success();
        // A session reports what it has read when it ends.
        let mut after = before;
        eventually(LIMIT, || {
            after = reads(&stage);
            after.1 > before.1
        });
        let rows = after.0 - before.0;
        assert!(rows < 3_000, "{command} has read {rows} rows");
    }
}

#[test]
fn among_many_roles_a_login_that_leads_to_a_superuser_is_still_refused() {
    let stage = stage(3_000);
    stage.cluster.execute(
        "CREATE ROLE root SUPERUSER; CREATE ROLE middle; CREATE ROLE harmless; CREATE ROLE top; \
         GRANT root TO middle; GRANT top TO harmless; \
         GRANT middle TO vaultadmin WITH ADMIN OPTION; GRANT harmless TO vaultadmin WITH ADMIN OPTION",
    );
    let issue = |group: &str| {
        stage.describe_role("");
        let state = stage.sandbox.state();
        stage.sandbox.write_state(&state.replace("app_rw", group));
        stage.sandbox.pgcreds(["issue", "app-role"]).run()
    };
    let refused = issue("middle").exits(1);
    assert!(
        refused
            .stderr
            .contains("could become the connection's admin or a superuser"),
        "{}",
        refused.stderr
    );
    issue("harmless").success();
    assert_eq!(stage.logins().len(), 3_001);
}

#[test]
fn leases_that_the_admin_administers_through_groups_are_its_own() {
    let stage = Stage::new(Admin::CreateRole);
    let names = ["pgc direct", "pgc group", "pgc groups", "pgc foreign"];
    stage.cluster.execute(
        "CREATE ROLE team; CREATE ROLE company; CREATE ROLE strangers; \
         GRANT team TO vaultadmin; GRANT company TO team; CREATE ROLE person LOGIN; GRANT strangers TO person",
    );
    stage.make([names[0]], PAST);
    for (name, holder) in [
        (names[1], "team"),
        (names[2], "company"),
        (names[3], "strangers"),
    ] {
        stage.cluster.execute(&crate::stage::creation(name, PAST));
        let grant = format!("GRANT \"{name}\" TO {holder} WITH ADMIN OPTION");
        stage.cluster.execute(&grant);
    }
    let report = stage.sweep_report(0);
    let left = match stage.cluster.version() >= 16 {
        true => vec!["pgc foreign"],
        false => vec![],
    };
    assert_eq!(stage.logins(), left, "{report}");
}
