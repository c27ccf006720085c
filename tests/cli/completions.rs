//! Completion: the committed scripts are those of the program, and names come from the state file alone.

use std::fs;
use std::path::Path;

use crate::app_role::program;
use crate::harness::{Run, Sandbox};

/// A connection that nobody could reach, whose password would cost a command.
const STATE: &str = "\
version = 1

[connections.my-postgres-db]
url = \"postgresql://192.0.2.1/mydb\"
username = \"vaultadmin\"
password = { command = [\"touch\", \"password-command-ran\"] }

[roles.app-role]
connection = \"my-postgres-db\"
member_of = [\"app_rw\"]

[roles.reporting]
connection = \"my-postgres-db\"
member_of = [\"app_ro\"]
";

/// What each shell wants its script to be called.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "pgcreds.bash"),
    ("zsh", "_pgcreds"),
    ("fish", "pgcreds.fish"),
    ("powershell", "_pgcreds.ps1"),
    ("elvish", "pgcreds.elv"),
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    sandbox
}

/// Asks for completions of the last word, as the bash script does.
fn complete(sandbox: &Sandbox, line: &[&str]) -> Run {
    let last = (line.len() - 1).to_string();
    let invocation = sandbox.pgcreds(["--"].iter().chain(line));
    invocation
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", last)
        .env("_CLAP_IFS", "\n")
        .run()
}

/// The completions that are no options.
fn names(sandbox: &Sandbox, line: &[&str]) -> Vec<String> {
    let run = complete(sandbox, line);
    assert_eq!(run.stderr, "", "{line:?}");
    let words = run.stdout.lines().filter(|word| !word.starts_with('-'));
    words.map(str::to_owned).collect()
}

#[test]
fn the_committed_scripts_are_those_of_the_program() {
    let sandbox = Sandbox::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, file) in SCRIPTS {
        let script = sandbox.pgcreds(["completions", shell]).run().success();
        let committed = fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert!(
            script.stdout == committed,
            "completions/{file} is out of date; run: cargo run -- completions {shell} >completions/{file}"
        );
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, SCRIPTS.len(), "a script that nobody makes");
    sandbox.pgcreds(["completions", "ksh"]).run().exits(2);
}

#[test]
fn names_come_from_the_state_file() {
    let sandbox = sandbox();
    for (line, expected) in [
        (
            &["pgcreds", "issue", ""][..],
            &["app-role", "reporting"][..],
        ),
        (&["pgcreds", "issue", "re"], &["reporting"]),
        (&["pgcreds", "exec", "a"], &["app-role"]),
        (&["pgcreds", "role", "show", ""], &["app-role", "reporting"]),
        (
            &["pgcreds", "lease", "revoke", "--role", ""],
            &["app-role", "reporting"],
        ),
        (&["pgcreds", "connection", "check", ""], &["my-postgres-db"]),
        (
            &["pgcreds", "sweep", "--connection", ""],
            &["my-postgres-db"],
        ),
        (
            &["pgcreds", "role", "add", "x", "--connection", ""],
            &["my-postgres-db"],
        ),
        // New names, and those of leases, are nobody's to guess.
        (&["pgcreds", "role", "add", ""], &[]),
        (&["pgcreds", "connection", "add", ""], &[]),
        (&["pgcreds", "lease", "show", ""], &[]),
        (
            &["pgcreds", "issue", "app-role", "--format", "po"],
            &["powershell"],
        ),
    ] {
        let found: Vec<String> = names(&sandbox, line)
            .into_iter()
            .filter(|word| line.last() != Some(&"po") || word.starts_with("po"))
            .collect();
        assert_eq!(found, expected, "{line:?}");
    }
    let ran = sandbox.home().join("password-command-ran");
    assert!(!ran.exists(), "completion asked for the password");
}

#[test]
fn the_state_file_is_the_one_that_the_line_would_use() {
    let sandbox = sandbox();
    let other = STATE.replace("roles.app-role", "roles.other");
    fs::write(sandbox.home().join("other.toml"), other).unwrap();
    for line in [
        &["pgcreds", "--state", "other.toml", "issue", ""][..],
        &["pgcreds", "--state=other.toml", "issue", ""],
        &["pgcreds", "issue", "--state", "other.toml", ""],
    ] {
        assert_eq!(names(&sandbox, line), ["other", "reporting"], "{line:?}");
    }
    // There --state is a filter.
    let line = [
        "pgcreds", "lease", "list", "--state", "expired", "--role", "a",
    ];
    assert_eq!(names(&sandbox, &line), ["app-role"]);
    let invocation = sandbox.pgcreds(["--", "pgcreds", "issue", "o"]);
    let run = invocation
        .env("COMPLETE", "fish")
        .env("PGCREDS_STATE", "other.toml");
    assert_eq!(run.run().success().to_string(), "other\n[exit 0]\n");
}

#[test]
fn completion_is_silent_about_what_is_wrong() {
    let sandbox = Sandbox::new();
    assert_eq!(names(&sandbox, &["pgcreds", "issue", ""]), [""; 0]);
    for text in [
        "version = 2\n",
        "this is no TOML",
        "version = 1\n[roles.x]\nconnection = 7\n",
    ] {
        sandbox.write_state(text);
        assert_eq!(
            names(&sandbox, &["pgcreds", "issue", ""]),
            [""; 0],
            "{text}"
        );
    }
    for line in [
        &["pgcreds", "nonsense", ""][..],
        &["pgcreds", "lease", "renew", ""],
    ] {
        assert_eq!(complete(&sandbox, line).stderr, "", "{line:?}");
    }
}

#[test]
fn another_programs_variable_is_no_obstacle() {
    let sandbox = Sandbox::new();
    for value in ["", "0", "1", "yes", "tcsh"] {
        let run = sandbox.pgcreds(["--version"]).env("COMPLETE", value).run();
        assert!(run.success().stdout.starts_with("pgcreds "), "{value}");
    }
}

#[test]
fn it_works_in_bash() {
    let sandbox = sandbox();
    let script = format!(
        "source <(COMPLETE=bash {}) || exit
complete -p pgcreds
COMP_WORDS=(pgcreds issue rep) COMP_CWORD=2
_clap_complete_pgcreds pgcreds rep issue
printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        env!("CARGO_BIN_EXE_pgcreds")
    );
    let run = sandbox
        .program(program("bash", "bash"), ["-c", &script])
        .run();
    let text = run.success().to_string();
    assert!(text.contains("_clap_complete_pgcreds pgcreds\n"), "{text}");
    assert!(text.ends_with("\nreporting\n[exit 0]\n"), "{text}");
    let static_one = "source completions/pgcreds.bash; COMP_WORDS=(pgcreds sw) COMP_CWORD=1; _pgcreds pgcreds sw pgcreds; echo $COMPREPLY";
    let run = sandbox
        .program("bash", ["-c", static_one])
        .cwd(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(run.run().to_string(), "sweep\n[exit 0]\n");
}

#[test]
fn it_works_in_fish() {
    let sandbox = sandbox();
    let ask = "complete -C 'pgcreds issue rep'; complete -C 'pgcreds sw' | cut -f1";
    let folder = Path::new(env!("CARGO_BIN_EXE_pgcreds")).parent().unwrap();
    let path = format!("PATH={}:$PATH", folder.display());
    let script = format!("{path} fish -c \"COMPLETE=fish pgcreds | source; {ask}\"");
    program("fish", "fish");
    let run = sandbox.program("sh", ["-c", &script]).run().success();
    assert_eq!(run.to_string(), "reporting\nsweep\n[exit 0]\n");
    let script = format!(
        "{path} fish -c \"source completions/pgcreds.fish; complete -C 'pgcreds sw' | cut -f1\""
    );
    let run = sandbox
        .program("sh", ["-c", &script])
        .cwd(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(run.run().to_string(), "sweep\n[exit 0]\n");
}
