//! Templates and policies that make no good names or passwords.

use super::add;
use crate::harness::Sandbox;

#[test]
fn what_makes_no_good_names_is_refused_when_it_is_added() {
    let sandbox = Sandbox::new();
    let vaults = r#"{{ printf "v-%s-%s" (.RoleName | truncate 8) (random 20) | truncate 63 }}"#;
    for (options, problem) in [
        (
            ["--username-template", "app-{{ random(11) }}"],
            "a name would have 11 random characters, and must have 12",
        ),
        (
            ["--username-template", "{{ label }}-{{ random(12) }}"],
            "a name would have 77 bytes, and PostgreSQL keeps 63",
        ),
        (
            ["--username-template", "\"{{ random(12) }}"],
            "the character '\"'",
        ),
        (
            ["--username-template", "pg_{{ random(12) }}"],
            "begin with \"-\" or \"pg_\"",
        ),
        (
            ["--username-template", "{{ user }}{{ random(12) }}"],
            "undefined value in line 1; there are role, label,",
        ),
        (
            ["--username-template", vaults],
            "this is Vault's syntax; write Vault's default as \"v-{{ label | truncate(8) }}",
        ),
        (
            ["--password-length", "23"],
            "password_length: a password has 24 to 128 characters",
        ),
    ] {
        let run = add(&sandbox, &options).exits(1);
        assert!(
            run.stderr.starts_with("error: invalid role \"app\"\n"),
            "{run}"
        );
        assert!(run.stderr.contains(problem), "{run}");
    }
}

#[test]
fn keys_that_a_person_wrote_are_refused_with_the_state_file() {
    let sandbox = Sandbox::new();
    let base = "version = 1\n\n[roles.app]\nconnection = \"c\"\nset_role = \"g\"\n";
    for (keys, problem) in [
        (
            "username_template = \"x\"",
            "username_template: a name would have 0 random characters",
        ),
        (
            "password_length = 129",
            "password_length: a password has 24 to 128 characters",
        ),
        (
            "password_length = 30\npassword_policy = { rules = [] }",
            "password_length goes without password_policy",
        ),
        (
            "password_policy = { rules = [{ charset = \"0123456789\" }] }",
            "less than 128 bits",
        ),
        (
            "password_policy = { rules = [{ charset = \"aé\" }] }",
            "only printable ASCII without the space",
        ),
        (
            "password_policy = { rules = [{ charset = \"ab\" }, { charset = \"bc\" }] }",
            "'b' is in two charsets",
        ),
        (
            "password_policy = { rules = [{ charset = \"ab\", min-chars = 1 }] }",
            "unknown key \"min-chars\"",
        ),
    ] {
        sandbox.write_state(&format!("{base}{keys}\n"));
        let run = sandbox.pgcreds(["role", "list"]).run().exits(1);
        assert!(run.stderr.contains(problem), "{keys}: {run}");
    }
}
