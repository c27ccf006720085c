//! State files that are wrong: named by line and column, and never with a value or a line of theirs, which may be a password.

use crate::harness::Sandbox;

/// What must never be seen.
const SECRET: &str = "hunter2";

/// Runs the commands that read or change the state file on that text, and returns the message that they all give.
#[track_caller]
fn message(sandbox: &Sandbox, text: &str) -> String {
    sandbox.write_state(text);
    let mut messages = Vec::new();
    for line in [
        "role list",
        "connection show a",
        "issue a --verbose",
        "role remove a",
        "role add a --connection a --member-of g --no-verify",
        "connection remove a --force",
        "init",
        "sweep",
        "lease list --format json",
    ] {
        let answer = sandbox.refusal(None, sandbox.pgcreds(line.split(' ')));
        assert!(!answer.contains(SECRET), "{line}: {answer}");
        messages.push(answer);
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let answer = messages.remove(0);
    let start = "--- stderr ---\nerror: invalid state file \"~/.config/pgcreds/pgcreds.toml\"";
    let rest = answer.strip_prefix(start).unwrap_or(&answer);
    rest.strip_suffix("\n[exit 1]\n").unwrap_or(rest).to_owned()
}

/// A connection and a role with these lines, from line 2 and line 6 on.
fn connection(lines: &str) -> String {
    format!("version = 1\n[connections.a]\n{lines}\n")
}

fn role(lines: &str) -> String {
    format!("version = 1\n[roles.a]\nconnection = \"a\"\n{lines}\n")
}

#[test]
fn broken_toml() {
    let sandbox = Sandbox::new();
    for (text, problem) in [
        (
            connection("password = hunter2"),
            ", line 3, column 12: string values must be quoted, expected literal string",
        ),
        (
            connection("password = \"hunter2"),
            ", line 3, column 20: invalid basic string, expected `\"`",
        ),
        (
            connection("password = 'hunter2"),
            ", line 3, column 20: invalid literal string, expected `'`",
        ),
        (
            connection("url = \"x\" hunter2"),
            ", line 3, column 11: unexpected key or value, expected newline, `#`",
        ),
        (
            connection("hunter2"),
            ", line 3, column 8: key with no value, expected `=`",
        ),
        (
            connection("url = \"hunter2\"\nurl = \"hunter2\""),
            ", line 4, column 1: duplicate key",
        ),
        (
            "version = 1\n[connections.a\nurl = \"hunter2\"\n".to_owned(),
            ", line 2, column 15: unclosed table, expected `]`",
        ),
    ] {
        assert_eq!(message(&sandbox, &text), problem, "{text}");
    }
}

#[test]
fn broken_toml_of_many_kinds_shows_no_secret() {
    let sandbox = Sandbox::new();
    for line in [
        "password = \"\\q hunter2\"",
        "password = \"\\uD800 hunter2\"",
        "password = \"\"\"hunter2",
        "password = '''hunter2",
        "password = 1979-hunter2",
        "password = 12hunter2",
        "password = 0xhunter2",
        "password = truehunter2",
        "password = { file = hunter2 }",
        "password = { hunter2 }",
        "password = { file = \"x\" hunter2",
        "password = [hunter2",
        "password = 'a'hunter2'",
        "password = \u{1}hunter2",
        "password hunter2 = 1",
        "= \"hunter2\"",
        "url = [\"hunter2\"]",
        "url = \"x\"\n[connections.a]\nurl = \"hunter2\"",
        "url = \"x\"\r\npassword = hunter2\r",
        "url = \"x\"\nallowed_roles = [1, \"hunter2\"]",
        "url = \"x\"\nallowed_roles = \"hunter2\"",
        "url = \"x\"\nusername = [\"hunter2\"]",
        "url = \"x\"\npassword = [\"hunter2\"]",
        "url = \"x\"\npassword = { command = \"hunter2\" }",
        "url = \"x\"\npassword = { command = [\"a\", 1, \"hunter2\"] }",
        "url = \"x\"\npassword = { env = \"A\", file = \"hunter2\" }",
        "url = { hunter2 = \"x\" }",
    ] {
        let found = message(&sandbox, &connection(line));
        assert!(found.starts_with(", line "), "{line}: {found}");
    }
}

#[test]
fn unknown_and_missing_keys() {
    let sandbox = Sandbox::new();
    for (text, problem) in [
        (
            connection("url = \"x\"\npasswrod = \"hunter2\""),
            ", line 4, column 1: unknown key \"passwrod\"\nhint: Did you mean \"password\"? There are \"url\", \"username\", \"password\", \"store_command\", \"rotation_statements\", \"allowed_roles\", \"client_host\", \"client_port\", \"client_sslmode\".",
        ),
        (
            connection("url = \"x\"\npassword = { flie = \"hunter2\" }"),
            ", line 4, column 12: unknown key \"flie\"\nhint: Did you mean \"file\"? There are \"env\", \"file\", \"command\", \"credential\".",
        ),
        (
            "version = 1\n[role.a]\nconnection = \"hunter2\"\n".to_owned(),
            ", line 2, column 2: unknown key \"role\"\nhint: Did you mean \"roles\"? There are \"version\", \"audit_log\", \"audit_required\", \"connections\", \"roles\", \"files\".",
        ),
        (
            connection("username = \"hunter2\""),
            ", line 2, column 1: missing key \"url\"",
        ),
        (
            "[connections.a]\nurl = \"hunter2\"\n".to_owned(),
            ", line 1, column 1: missing key \"version\"",
        ),
        (
            "version = 1\n[roles.a]\nmember_of = [\"hunter2\"]\n".to_owned(),
            ", line 2, column 1: missing key \"connection\"",
        ),
    ] {
        assert_eq!(message(&sandbox, &text), problem, "{text}");
    }
    let unknown = message(&sandbox, &role("member_fo = [\"hunter2\"]"));
    assert!(unknown.starts_with(", line 4, column 1: unknown key \"member_fo\"\nhint: Did you mean \"member_of\"? There are \"connection\", "), "{unknown}");
}

#[test]
fn values_that_a_type_refuses() {
    let sandbox = Sandbox::new();
    let name = "a name has 1 to 63 of the characters a-z, A-Z, 0-9, \"_\", \"-\" and \".\", and neither starts nor ends with \"-\" or \".\"";
    for (text, problem) in [
        (connection("url = 5\npassword = \"hunter2\""), ", line 3, column 7: expected a string".to_owned()),
        (
            connection("url = \"x\"\npassword = 5 # hunter2"),
            ", line 4, column 12: expected one of \"PASSWORD\", { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"PROGRAM\", \"ARGUMENT\"] } and { credential = \"NAME\" }".to_owned(),
        ),
        ("version = 1\n[connections.\"a hunter2\"]\nurl = \"x\"\n".to_owned(), format!(", line 2, column 14: {name}")),
        ("version = 1\n[roles.a]\nconnection = \"hunter2 x\"\n".to_owned(), format!(", line 3, column 14: {name}")),
        (role("max_ttl = true # hunter2"), ", line 4, column 11: expected a duration, like \"1h30m\" or 5400".to_owned()),
        (
            role("max_ttl = \"hunter2\""),
            ", line 4, column 11: a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds".to_owned(),
        ),
        (role("max_ttl = 0 # hunter2"), ", line 4, column 11: a duration must be at least one second".to_owned()),
        (role("max_ttl = -5"), ", line 4, column 11: a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds".to_owned()),
    ] {
        assert_eq!(message(&sandbox, &text), problem, "{text}");
    }
}

#[test]
fn types_are_named_as_toml_has_them() {
    let sandbox = Sandbox::new();
    for (text, problem) in [
        (
            "version = \"hunter2\"\n".to_owned(),
            ", line 1, column 11: expected a whole number",
        ),
        (
            "version = 1\nconnections = \"hunter2\"\n".to_owned(),
            ", line 2, column 15: expected a table",
        ),
        (
            connection("url = \"x\"\nallowed_roles = \"hunter2\""),
            ", line 4, column 17: expected an array, in square brackets",
        ),
        (
            connection("url = \"x\"\npassword = { file = [\"hunter2\"] }"),
            ", line 4, column 21: expected a string",
        ),
        (
            role("member_of = [\"g\"]\nmax_leases = \"hunter2\""),
            ", line 5, column 14: expected a whole number",
        ),
        (
            role("member_of = [\"g\"]\nmax_leases = -1"),
            ", line 5, column 14: expected a whole number",
        ),
    ] {
        assert_eq!(message(&sandbox, &text), problem, "{text}");
    }
}

#[test]
fn roles_that_contradict_themselves() {
    let sandbox = Sandbox::new();
    for (lines, problem) in [
        (
            "member_of = [\"g\"]\ndefault_ttl = \"25h\"",
            "default_ttl 25h is over max_ttl 24h",
        ),
        (
            "member_of = []",
            "it says nothing of what a login may do: give member_of, set_role or creation_statements",
        ),
        (
            "member_of = [\"g\"]\ncreation_statements = [\"hunter2\"]",
            "creation_statements go without member_of and set_role: the statements say it all",
        ),
        (
            "creation_statements = [\"SELECT 'hunter2'; COMMIT\"]",
            "creation_statements: COMMIT is not allowed: pgcreds runs the statements in a transaction of its own",
        ),
        (
            "creation_statements = [\"SELECT 'hunter2\"]",
            "creation_statements: unterminated quoted string",
        ),
        (
            "set_role = \"\"",
            "the name of a PostgreSQL role has 1 to 63 bytes without control characters",
        ),
    ] {
        let expected = format!(": role \"a\"\ncaused by: {problem}");
        assert_eq!(message(&sandbox, &role(lines)), expected);
    }
}

#[test]
fn a_newer_version_is_left_alone_whatever_else_it_holds() {
    let sandbox = Sandbox::new();
    for rest in [
        "",
        "[vaults.a]\npassword = \"hunter2\"\n",
        "[connections.a]\nnew_key = \"hunter2\"\n",
    ] {
        assert_eq!(
            message(&sandbox, &format!("version = 2\n{rest}")),
            r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" has version 2, not 1
hint: A newer pgcreds wrote it. Use that one, or another state file with --state FILE."#
        );
    }
}

#[test]
fn a_version_that_never_was() {
    let sandbox = Sandbox::new();
    assert_eq!(
        message(&sandbox, "version = 0\n"),
        r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" has version 0, not 1
hint: There is no such version: write version = 1."#
    );
}
