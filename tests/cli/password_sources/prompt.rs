//! Passwords that a person is asked for.

use std::process::Stdio;
use std::time::Duration;

use expectrl::session::OsSession;
use expectrl::{Eof, Expect};

use super::{add, check, stage, stored};
use crate::harness::{Sandbox, eventually};

/// Prompt of `connection add main`.
const PROMPT: &str = "Password of vaultadmin for connection main: ";

/// Runs a shell script at a terminal of its own, which ends by saying `code=N` and `echo` or `-echo`.
fn at_terminal(sandbox: &Sandbox, arguments: &[String]) -> OsSession {
    // The shell survives the Ctrl-C, to tell how its child ended and how it left the terminal.
    let script = "stty echo; trap : INT; \"$@\"; echo code=$?; stty -a | grep -ow -- '-\\?echo'";
    let words = ["-c", script, "sh", env!("CARGO_BIN_EXE_pgcreds")];
    let words = words
        .into_iter()
        .chain(arguments.iter().map(String::as_str));
    let mut command = sandbox.program("sh", words).command();
    command.stdin(Stdio::inherit());
    let mut session = OsSession::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(20)));
    session
}

/// Types at the prompt, once it is there and the terminal shows no more of what is typed.
fn answer(session: &mut OsSession, text: &str) {
    session.expect(PROMPT).unwrap();
    eventually(Duration::from_secs(20), || {
        !session.get_process().get_echo().unwrap()
    });
    session.send(text).unwrap();
}

/// Everything that the terminal shows until the script ends.
fn rest(session: &mut OsSession) -> String {
    let captures = session.expect(Eof).unwrap();
    String::from_utf8_lossy(captures.as_bytes()).replace('\r', "")
}

#[test]
fn a_person_is_asked_and_the_answer_is_not_shown() {
    let (cluster, sandbox) = stage();
    let mut terminal = at_terminal(&sandbox, &add(&cluster, &[]));
    answer(&mut terminal, "admin-secret\n");
    let shown = rest(&mut terminal).replace(&sandbox.home().display().to_string(), "~");
    assert_eq!(
        shown.trim_start(),
        "stored the password in \"~/.config/pgcreds/main.password\"\nadded connection \"main\"\ncode=0\necho\n"
    );
    assert_eq!(
        stored(&sandbox).as_deref(),
        Some("{ file = \"main.password\" }")
    );
    let files = sandbox.files();
    assert_eq!(
        files["main.password"],
        (0o100_600, b"admin-secret\n".to_vec())
    );
    check(&sandbox).success();
    sandbox
        .pgcreds(["connection", "remove", "main", "--delete-password"])
        .run()
        .success();
    assert_eq!(sandbox.files().len(), 1);
}

#[test]
fn a_wrong_answer_is_refused_and_not_stored() {
    let (cluster, sandbox) = stage();
    let before = sandbox.files();
    let mut terminal = at_terminal(&sandbox, &add(&cluster, &[]));
    answer(&mut terminal, "wrong-secret\n");
    let shown = rest(&mut terminal);
    assert!(shown.contains("password authentication failed"), "{shown}");
    assert!(shown.ends_with("code=3\necho\n"), "{shown}");
    assert!(!shown.contains("wrong-secret"), "{shown}");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn ctrl_c_at_the_prompt_leaves_the_echo_on_and_nothing_behind() {
    let (cluster, sandbox) = stage();
    let before = sandbox.files();
    let mut terminal = at_terminal(&sandbox, &add(&cluster, &[]));
    answer(&mut terminal, "half-a-secr\u{3}");
    let shown = rest(&mut terminal);
    assert_eq!(shown.trim_start(), "error: interrupted\ncode=130\necho\n");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn a_connection_without_a_password_asks_whoever_uses_it() {
    let (cluster, sandbox) = stage();
    let added = sandbox
        .pgcreds(add(&cluster, &["--no-verify"]))
        .run()
        .success();
    assert_eq!(stored(&sandbox), None, "{added}");
    let arguments = ["connection", "check", "main"].map(str::to_owned);
    let mut terminal = at_terminal(&sandbox, &arguments);
    answer(&mut terminal, "admin-secret\n");
    let shown = rest(&mut terminal);
    assert!(shown.contains(" username         vaultadmin\n"), "{shown}");
    assert!(shown.ends_with("code=0\necho\n"), "{shown}");
}

#[test]
fn without_a_terminal_the_flags_are_named() {
    let (cluster, sandbox) = stage();
    let expected = r#"--- stderr ---
error: connection "main" needs a password, and there is no terminal to ask at
hint: Give it with --password-stdin, --password-env, --password-file, --password-command or --password-credential of: pgcreds connection add. PGPASSWORD and ~/.pgpass work too.
[exit 1]
"#;
    let command = sandbox.pgcreds(add(&cluster, &[]));
    assert_eq!(sandbox.refusal(Some(&cluster), command), expected);
    sandbox
        .pgcreds(add(&cluster, &["--no-verify"]))
        .run()
        .success();
    let command = sandbox.pgcreds(["connection", "check", "main"]);
    assert_eq!(sandbox.refusal(Some(&cluster), command), expected);
}
