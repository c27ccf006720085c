//! `pgcreds exec`: a command with a fresh login in its environment.

mod environment;
mod lifetime;
mod signals;

use crate::app_role::App;
use crate::harness::{Run, Sandbox};

/// Runs a shell script under `exec app-role` with these options.
fn run(app: &App, options: &[&str], script: &str) -> Run {
    app.sandbox.pgcreds(line(options, script)).run()
}

/// The arguments of `exec app-role` with these options and a shell script.
fn line<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    let mut line = vec!["exec", "app-role"];
    line.extend(options);
    line.extend(["--", "sh", "-c", script]);
    line
}

#[test]
fn the_exit_code_is_the_commands() {
    let app = App::new();
    for (script, code) in [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ] {
        let ended = run(&app, &[], script).exits(code);
        assert_eq!(ended.to_string(), format!("[exit {code}]\n"), "{script}");
    }
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_command_that_cannot_be_run_leaves_no_lease() {
    let app = App::new();
    let script = app.sandbox.home().join("not-executable");
    std::fs::write(&script, "exit 0\n").unwrap();
    for (command, code) in [("no-such-command", 127), ("./not-executable", 126)] {
        let failed = app.sandbox.pgcreds(["exec", "app-role", "--", command]);
        let text = failed.run().exits(code).stderr;
        let first = text.lines().next().unwrap();
        assert_eq!(first, format!("error: could not run \"{command}\""));
    }
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn what_fails_before_the_command_runs_is_125() {
    let sandbox = Sandbox::new();
    let no_state = sandbox.pgcreds(["exec", "app-role", "--", "true"]).run();
    assert!(no_state.exits(125).stderr.contains("not found"));

    let app = App::new();
    for options in [
        &["exec", "no-role", "--", "touch", "ran"][..],
        &["exec", "app-role", "--ttl", "48h", "--", "touch", "ran"],
        &[
            "exec",
            "app-role",
            "--env",
            "X={{ nothing }}",
            "--",
            "touch",
            "ran",
        ],
    ] {
        let failed = app.sandbox.pgcreds(options).run().exits(125);
        assert!(failed.stderr.starts_with("error: "), "{failed}");
    }
    app.cluster.stop();
    let failed = run(&app, &[], "touch ran").exits(125);
    assert!(failed.stderr.contains("could not connect"), "{failed}");
    assert!(!app.sandbox.home().join("ran").exists());
    app.cluster.restart();
    assert_eq!(app.logins(), Vec::<String>::new());
    app.sandbox.pgcreds(["exec"]).run().exits(2);
}

/// Nothing after the command's name is an option of ours.
#[test]
fn a_command_needs_no_dashes_before_it() {
    let app = App::new();
    let script = "echo \"$PGUSER $*\"";
    let further = ["sh", "-c", script, "--", "--ttl", "--quiet", "--", "x"];
    for start in [
        &["exec", "app-role", "--for", "dashes"][..],
        &["exec", "app-role", "--for", "dashes", "--"],
        &["exec", "--for", "dashes", "app-role"],
    ] {
        let line = [start, &further].concat();
        let ended = app.sandbox.pgcreds(line).run().success();
        assert!(ended.stdout.starts_with("pgc_app_role_dashes_"), "{ended}");
        assert!(ended.stdout.ends_with(" --ttl --quiet -- x\n"), "{ended}");
    }
    // A slip before the command is not taken for one.
    let slip = ["exec", "app-role", "--tll", "5m", "sh"];
    app.sandbox.pgcreds(slip).run().exits(2);
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn without_a_command_it_starts_the_shell() {
    let app = App::new();
    let shell = app.sandbox.home().join("shell");
    std::fs::write(&shell, "#!/bin/sh\necho \"shell of $PGUSER\"\nexit 6\n").unwrap();
    let made = app.sandbox.program("chmod", ["+x", "shell"]).run();
    assert_eq!(made.success().stderr, "");
    let invocation = app.sandbox.pgcreds(["exec", "app-role"]);
    let ended = invocation.env("SHELL", &shell).run().exits(6);
    assert!(
        ended.stdout.starts_with("shell of pgc_app_role_"),
        "{ended}"
    );
}

#[test]
fn it_refuses_to_run_inside_of_itself() {
    let app = App::new();
    let program = env!("CARGO_BIN_EXE_pgcreds");
    let inner = |option: &str| format!("{program} exec app-role {option} -- sh -c 'echo $PGUSER'");
    let refused = run(&app, &[], &inner("")).exits(125);
    let expected = "\
--- stderr ---
error: this is inside of pgcreds exec already (lease \"pgc_app_role_root_RANDOM\")
hint: Leave that first, or say --nested.
[exit 125]
";
    let user = whoami();
    let text = refused.normalized(&app.sandbox, None);
    assert_eq!(text.replace(&format!("_{user}_"), "_root_"), expected);

    let both = format!("echo $PGUSER; {}", inner("--nested"));
    let nested = run(&app, &[], &both).success().stdout;
    let users: Vec<&str> = nested.lines().collect();
    assert!(users.len() == 2 && users[0] != users[1], "{nested}");
    assert_eq!(app.logins(), Vec::<String>::new());
}

/// The user's name as it appears in a lease's name.
fn whoami() -> String {
    let output = std::process::Command::new("id").arg("-un").output();
    let name = String::from_utf8(output.unwrap().stdout).unwrap();
    name.trim()
        .replace(|character: char| !character.is_ascii_alphanumeric(), "_")
}
