//! The command line as a whole: help, version, usage errors, global arguments, where the state file is.

use crate::harness::{Run, Sandbox};

/// Every command, as `--help` lists them.
const COMMANDS: [&str; 27] = [
    "doctor",
    "completions",
    "agent",
    "audit",
    "exec",
    "",
    "init",
    "connection",
    "connection add",
    "connection list",
    "connection show",
    "connection check",
    "connection rotate",
    "connection remove",
    "role",
    "role add",
    "role list",
    "role show",
    "role check",
    "role remove",
    "issue",
    "lease",
    "lease list",
    "lease show",
    "lease renew",
    "lease revoke",
    "sweep",
];

/// A state file with one role, to be told apart from others.
fn state_with(role: &str) -> String {
    format!("version = 1\n\n[roles.{role}]\nconnection = \"main\"\nmember_of = [\"app_rw\"]\n")
}

fn run(sandbox: &Sandbox, line: &str) -> Run {
    sandbox.pgcreds(line.split_whitespace()).run()
}

/// The roles that a command sees, which tell the state file that it reads.
fn roles(run: &Run) -> Vec<String> {
    let roles = run.json();
    let names = roles.as_array().unwrap().iter();
    names
        .map(|role| role["role"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_command_has_help_with_a_summary_and_its_global_arguments() {
    let sandbox = Sandbox::new();
    for command in COMMANDS {
        let help = run(&sandbox, &format!("{command} --help")).success();
        assert_eq!(help.stderr, "", "{command}");
        let summary = help.stdout.lines().next().unwrap();
        assert!(
            summary.len() > 10 && !summary.ends_with('.'),
            "{command}: {summary}"
        );
        // That one has a `--state` of its own.
        let state = if command == "lease list" {
            "--state <STATE>"
        } else {
            "--state <FILE>"
        };
        for part in ["Usage: pgcreds", state, "--format <FORMAT>"] {
            assert!(help.stdout.contains(part), "{command}: {help}");
        }
        // They stand last, in the same order everywhere; `issue` has a `--format` of its own.
        let (_, global) = help.stdout.split_once("Global options:\n").unwrap();
        let own = ["--state <FILE>", "--format <FORMAT>"];
        let order = ["--audit-log", "--quiet", "--verbose", "--help", "--version"];
        let is_global = |option: &&str| match command {
            "lease list" => !option.contains("--state"),
            "issue" => !option.contains("--format"),
            _ => true,
        };
        let expected = own.into_iter().filter(is_global);
        let mut rest = global;
        for option in expected.chain(order) {
            rest = rest
                .split_once(option)
                .unwrap_or_else(|| panic!("{command}: {option}\n{help}"))
                .1;
        }
        let is_leaf = !help.stdout.contains("Commands:");
        assert_eq!(help.stdout.contains("Examples:"), is_leaf, "{command}");
    }
}

#[test]
fn a_state_file_behind_lease_list_is_shown_where_it_goes() {
    let run = run(&Sandbox::new(), "lease list --state /etc/pgcreds.toml");
    assert_eq!(
        run.to_string(),
        "\
--- stderr ---
error: invalid value '/etc/pgcreds.toml' for '--state <STATE>'
  [possible values: active, expired, quarantined]

  tip: a state file goes before the command: pgcreds --state FILE lease list

For more information, try '--help'.
[exit 2]
"
    );
}

#[test]
fn the_list_of_commands_above_is_complete() {
    let sandbox = Sandbox::new();
    let known = |noun: &str, word: &str| COMMANDS.contains(&format!("{noun} {word}").trim());
    for noun in ["", "connection", "role", "lease"] {
        let help = run(&sandbox, &format!("{noun} --help")).success().stdout;
        let (_, rest) = help.split_once("Commands:\n").unwrap();
        let (list, _) = rest.split_once("\n\n").unwrap();
        for line in list.lines() {
            let word = line.split_whitespace().next().unwrap();
            assert!(word == "help" || known(noun, word), "{noun} {word}");
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    let sandbox = Sandbox::new();
    for arguments in ["--version", "-V"] {
        let expected = format!("pgcreds {}\n[exit 0]\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(run(&sandbox, arguments).to_string(), expected);
    }
    assert!(
        run(&sandbox, "role list --version")
            .success()
            .stdout
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_command_line_is_2_and_touches_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write_state(&state_with("mine"));
    for line in [
        "",
        "connection",
        "role",
        "lease",
        "nope",
        "role nope",
        "--nope role list",
        "role list extra",
        "role list --format yaml",
        "role list --format",
        "role list --quiet --verbose",
        "role show",
        "issue",
        "role add x",
        "role add x --connection c",
        "role add x --connection c --member-of a --creation-statements b",
        "role add x --connection c --member-of a --max-leases many",
        "role add x --connection c --member-of a --default-ttl soon",
        "connection add",
        "connection add x",
        "connection add --url host=x",
        "connection add x --url host=x --password hunter2",
        "connection add x --url host=x --password-env A --password-stdin",
    ] {
        let output = sandbox.refusal(None, sandbox.pgcreds(line.split_whitespace()));
        assert!(output.ends_with("[exit 2]\n"), "{line}: {output}");
        assert!(output.starts_with("--- stderr ---\n"), "{line}: {output}");
        assert!(
            output.contains("Usage: pgcreds") || output.contains("--help"),
            "{line}: {output}"
        );
    }
    assert_eq!(
        run(&sandbox, "rol list").to_string(),
        "\
--- stderr ---
error: unrecognized subcommand 'rol'

  tip: a similar subcommand exists: 'role'

Usage: pgcreds [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit 2]
"
    );
}

#[test]
fn a_role_needs_statements_or_groups() {
    let sandbox = Sandbox::new();
    assert_eq!(
        run(&sandbox, "role add x --connection c").to_string(),
        "\
--- stderr ---
error: the following required arguments were not provided:
  <--creation-statements <SQL>|--member-of <GROUP>|--set-role <GROUP>>

Usage: pgcreds role add --connection <NAME> <--creation-statements <SQL>|--member-of <GROUP>|--set-role <GROUP>> <NAME>

For more information, try '--help'.
[exit 2]
"
    );
}

#[test]
fn the_format_comes_from_the_option_else_from_the_environment() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let table = r#" role   connection   default ttl   max ttl   member of
───────────────────────────────────────────────────────
[exit 0]
"#;
    assert_eq!(run(&sandbox, "role list").to_string(), table);
    assert_eq!(run(&sandbox, "role list --format table").to_string(), table);
    assert_eq!(
        run(&sandbox, "role list --format json").to_string(),
        "[]\n[exit 0]\n"
    );
    assert_eq!(
        run(&sandbox, "--format json role list").to_string(),
        "[]\n[exit 0]\n"
    );
    let with_variable = |line: &str, format: &str| {
        let command = sandbox.pgcreds(line.split_whitespace());
        command.env("PGCREDS_FORMAT", format).run()
    };
    assert_eq!(
        with_variable("role list", "json").to_string(),
        "[]\n[exit 0]\n"
    );
    assert_eq!(
        with_variable("role list --format table", "json").to_string(),
        table
    );
    let wrong = with_variable("role list", "yaml").exits(2);
    assert!(
        wrong.stderr.contains("[possible values: table, json]"),
        "{wrong}"
    );
}

#[test]
fn quiet_keeps_warnings_and_errors_and_verbose_adds_detail() {
    let sandbox = Sandbox::new();
    for (line, output) in [
        ("init --quiet", "[exit 0]\n"),
        ("init -q", "[exit 0]\n"),
        (
            "init --quiet --format json",
            "{\n  \"state_file\": \"~/.config/pgcreds/pgcreds.toml\",\n  \"created\": false\n}\n[exit 0]\n",
        ),
        (
            "role remove --quiet x",
            "--- stderr ---\nerror: role \"x\" not found\nhint: There are no roles yet. Add one: pgcreds role add NAME --connection NAME --member-of GROUP\n[exit 1]\n",
        ),
    ] {
        let run = run(&sandbox, line);
        assert_eq!(run.normalized(&sandbox, None), output, "{line}");
    }
    let revocation = "version = 1\n\n[roles.r]\nconnection = \"main\"\nmember_of = [\"g\"]\nrevocation_statements = [\"SELECT 1\"]\n";
    sandbox.write_state(revocation);
    assert_eq!(
        run(&sandbox, "role remove r --quiet").to_string(),
        "--- stderr ---\nwarning: leases of role \"r\" that are still there will be revoked without its revocation_statements\n[exit 0]\n"
    );
}

#[test]
fn the_state_file_is_found_in_the_documented_order() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    let file = |name: &str| home.join(name).display().to_string();
    sandbox.write_state(&state_with("default"));
    for (folder, role) in [("xdg/pgcreds", "xdg"), ("other", "other")] {
        std::fs::create_dir_all(home.join(folder)).unwrap();
        std::fs::write(home.join(folder).join("pgcreds.toml"), state_with(role)).unwrap();
    }
    let list = |arguments: &[&str]| {
        sandbox.pgcreds(["role", "list", "--format", "json"].iter().chain(arguments))
    };
    assert_eq!(roles(&list(&[]).run()), ["default"]);

    let in_xdg = list(&[]).env("XDG_CONFIG_HOME", file("xdg"));
    assert_eq!(roles(&in_xdg.run()), ["xdg"]);
    let relative = list(&[]).env("XDG_CONFIG_HOME", "xdg");
    assert_eq!(roles(&relative.run()), ["default"]);

    let named = list(&[])
        .env("XDG_CONFIG_HOME", file("xdg"))
        .env("PGCREDS_STATE", "other/pgcreds.toml");
    assert_eq!(roles(&named.run()), ["other"]);
    let given =
        list(&["--state", "xdg/pgcreds/pgcreds.toml"]).env("PGCREDS_STATE", "other/pgcreds.toml");
    assert_eq!(roles(&given.run()), ["xdg"]);

    let missing = list(&["--state", "nowhere.toml"]).env("PGCREDS_STATE", "other/pgcreds.toml");
    assert_eq!(
        missing.run().to_string(),
        r#"--- stderr ---
error: state file "nowhere.toml" not found
caused by: No such file or directory (os error 2)
hint: Create it with: pgcreds init. Or name another one with --state FILE or PGCREDS_STATE.
[exit 1]
"#
    );
}
