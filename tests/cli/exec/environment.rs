//! What the command finds in its environment, and what it must not find there.

use std::collections::BTreeMap;

use super::run;
use crate::app_role::{App, psql};

/// The environment that `env` printed.
fn variables(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .collect()
}

/// Variables that the shell sets by itself, or the machine for measuring coverage.
const SHELL: [&str; 5] = ["PWD", "OLDPWD", "SHLVL", "_", "LLVM_PROFILE_FILE"];

#[test]
fn the_credentials_are_in_it() {
    let app = App::new();
    let ended = run(&app, &["--for", "report"], "env").success();
    let found = variables(&ended.stdout);
    let port = app.cluster.port().to_string();
    assert_eq!(found["PGHOST"], "127.0.0.1");
    assert_eq!(found["PGPORT"], port);
    assert_eq!(found["PGDATABASE"], "mydb");
    let user = found["PGUSER"];
    assert!(user.starts_with("pgc_app_role_report_"), "{user}");
    assert_eq!(found["PGAPPNAME"], user);
    assert_eq!(found["PGCREDS_LEASE"], user);
    assert!(found["PGCREDS_EXPIRES_AT"].ends_with('Z'));
    let password = found["PGPASSWORD"];
    let url = format!("postgresql://{user}:{password}@127.0.0.1:{port}/mydb");
    assert_eq!(found["DATABASE_URL"], url);
    assert_eq!(found["USER"], "tester", "the rest is as it was");
}

#[test]
fn psql_logs_in_with_it() {
    let app = App::new();
    let psql = psql();
    let ask = "SELECT session_user, current_setting('application_name')";
    let script = format!(
        "{psql} -XAtc \"{ask}\" && {psql} \"$DATABASE_URL\" -XAtc \"{ask}\" && echo \"$PGUSER|$PGUSER\""
    );
    for options in [&[][..], &["--pgpass"], &["--pristine"]] {
        let ended = run(&app, options, &script).success();
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(lines.len(), 3, "{options:?}: {ended}");
        assert_eq!([lines[0], lines[1]], [lines[2]; 2], "{options:?}");
    }
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn the_variables_of_admins_passwords_are_not_passed_on() {
    let app = App::new();
    let state = app.sandbox.state();
    let other = "[connections.other]\nurl = \"host=h\"\npassword = { env = \"OTHER_ADMIN\" }\n";
    app.sandbox.write_state(&format!("{state}\n{other}"));
    let ended = app
        .sandbox
        .pgcreds(["exec", "app-role", "--", "env"])
        .env("OTHER_ADMIN", "admin-secret-2")
        .env("MINE", "mine")
        .run()
        .success();
    assert!(!ended.stdout.contains("admin-secret-2"), "{ended}");
    assert_eq!(variables(&ended.stdout)["MINE"], "mine");
}

#[test]
fn stale_variables_are_taken_out() {
    let app = App::new();
    let arguments = ["exec", "app-role", "--", "env"];
    let mut invocation = app.sandbox.pgcreds(arguments);
    let services = app.sandbox.home().join("stale.conf");
    std::fs::write(&services, "[stale]\ndbname=stale\n").unwrap();
    let services = services.display().to_string();
    // They are libpq's defaults for pgcreds itself too; none must reach the command.
    let stale = [
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGSERVICE", "stale"),
        ("PGSERVICEFILE", &services),
        ("PGPASSFILE", "stale"),
        ("PGOPTIONS", "-c application_name=stale"),
    ];
    for (name, value) in stale {
        invocation = invocation.env(name, value);
    }
    for name in ["PGHOST", "PGUSER", "PGPASSWORD", "DATABASE_URL"] {
        invocation = invocation.env(name, "stale");
    }
    // This one says how this host reaches the server.
    let invocation = invocation.env("PGSSLMODE", "disable");
    let ended = invocation.env("PGCREDS_FORMAT", "json").run().success();
    let found = variables(&ended.stdout);
    assert!(!ended.stdout.contains("stale"), "{ended}");
    assert!(
        !stale.iter().any(|(name, _)| found.contains_key(name)),
        "{ended}"
    );
    assert_eq!(found["PGSSLMODE"], "disable");
    assert_eq!(found["PGCREDS_FORMAT"], "json", "that is no stale login");
}

#[test]
fn pristine_is_nothing_but_the_login() {
    let app = App::new();
    let arguments = [
        "exec",
        "app-role",
        "--pristine",
        "--env",
        "EXTRA={{ dbname }}",
        "--",
        "env",
    ];
    let invocation = app.sandbox.pgcreds(arguments).env("SECRET_OF_CI", "x");
    let ended = invocation.run().success();
    let found: Vec<&str> = variables(&ended.stdout)
        .into_keys()
        .filter(|name| !SHELL.contains(name))
        .collect();
    assert_eq!(
        found,
        [
            "DATABASE_URL",
            "EXTRA",
            "HOME",
            "LANG",
            "PATH",
            "PGAPPNAME",
            "PGCREDS_EXEC",
            "PGCREDS_EXPIRES_AT",
            "PGCREDS_LEASE",
            "PGDATABASE",
            "PGHOST",
            "PGPASSWORD",
            "PGPORT",
            "PGUSER",
            "TZ",
            "USER"
        ]
    );
}

#[test]
fn more_variables_come_from_templates() {
    let app = App::new();
    let options = [
        "--env",
        "SPRING_DATASOURCE_URL={{ jdbc }}",
        "--env",
        "DB={{ username }}@{{ host }}/{{ dbname | upper }}",
        "--env",
        "PGAPPNAME=mine",
    ];
    let script = "echo \"$SPRING_DATASOURCE_URL\"; echo \"$DB $PGAPPNAME\"; echo \"$PGUSER $PGPASSWORD $PGPORT\"";
    let ended = run(&app, &options, script).success();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let values: Vec<&str> = lines[2].split(' ').collect();
    let [user, password, port] = values[..] else {
        panic!("{ended}")
    };
    assert_eq!(
        lines[0],
        format!("jdbc:postgresql://127.0.0.1:{port}/mydb?user={user}&password={password}")
    );
    assert_eq!(lines[1], format!("{user}@127.0.0.1/MYDB mine"));

    let failed = run(&app, &["--env", "X=s3cret {{ nothing }}"], "true").exits(125);
    assert!(
        failed.stderr.contains("could not fill in the template"),
        "{failed}"
    );
    assert!(!failed.stderr.contains("s3cret"), "{failed}");
    run(&app, &["--env", "=x"], "true").exits(2);
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn the_password_file_is_private_and_goes_away() {
    let app = App::new();
    let script = "ls -l \"$PGPASSFILE\" | cut -c1-10; echo \"$PGPASSFILE\"; echo \"[$PGPASSWORD]\"; echo \"$DATABASE_URL\"";
    for code in [0, 5] {
        let ended = run(&app, &["--pgpass"], &format!("{script}; exit {code}")).exits(code);
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(lines[0], "-rw-------");
        assert_eq!(lines[2], "[]");
        let port = app.cluster.port();
        assert!(
            lines[3].ends_with(&format!("@127.0.0.1:{port}/mydb")),
            "{ended}"
        );
        assert!(
            !lines[3]
                .trim_start_matches("postgresql://")
                .split('@')
                .next()
                .unwrap()
                .contains(':')
        );
        assert!(!std::path::Path::new(lines[1]).exists(), "{ended}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_password_is_in_no_command_line_and_no_output() {
    use crate::harness::eventually;
    use std::time::Duration;

    let app = App::new();
    let script = "printf %s \"$PGPASSWORD\" >password; touch ready; while [ ! -e stop ]; do sleep 0.02; done";
    let arguments = super::line(&["--env", "URL={{ url }}"], script);
    let running = app
        .sandbox
        .pgcreds(["--verbose"].into_iter().chain(arguments))
        .spawn();
    let home = app.sandbox.home();
    eventually(Duration::from_secs(20), || home.join("ready").exists());
    let password = std::fs::read_to_string(home.join("password")).unwrap();
    assert_eq!(password.len(), 32);
    let mut seen = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        // Processes end while we look.
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        seen += usize::from(line.contains("while [ ! -e stop ]"));
        assert!(!line.contains(&password), "{line}");
    }
    assert!(
        seen >= 2,
        "pgcreds and the shell were not among the processes"
    );
    std::fs::write(home.join("stop"), "").unwrap();
    let ended = running.wait().success();
    assert!(!ended.to_string().contains(&password), "{ended}");
}
