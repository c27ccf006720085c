//! Recipes that cannot work: refused before anything is made, with what is wrong and what to do, and nothing stays behind.

use crate::harness::{Admin, Cluster, Sandbox};

const CREATE: &str =
    r#"CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"#;

fn stage(admin: Admin) -> (Cluster, Sandbox) {
    let cluster = Cluster::start();
    cluster.create_admin(admin);
    let sandbox = Sandbox::new().with_connection(&cluster);
    (cluster, sandbox)
}

/// What `role add` answers to creation statements.
#[track_caller]
fn refusal(cluster: &Cluster, sandbox: &Sandbox, statements: &[&str]) -> String {
    let options = statements
        .iter()
        .flat_map(|sql| ["--creation-statements", sql]);
    add(cluster, sandbox, &options.collect::<Vec<_>>())
}

/// What `role add` answers to further arguments.
#[track_caller]
fn add(cluster: &Cluster, sandbox: &Sandbox, further: &[&str]) -> String {
    let arguments = ["role", "add", "app", "--connection", "my-postgres-db"];
    let command = sandbox.pgcreds([&arguments, further].concat());
    sandbox.refusal(Some(cluster), command)
}

/// The same role, added without a look at the server: then `issue` has to refuse.
#[track_caller]
fn issue(cluster: &Cluster, sandbox: &Sandbox, statements: &str) -> String {
    let state = sandbox.state();
    let add = [
        "role",
        "add",
        "app",
        "--connection",
        "my-postgres-db",
        "--no-verify",
    ];
    sandbox
        .pgcreds(add.iter().chain(&["--creation-statements", statements]))
        .run()
        .success();
    let refusal = sandbox.refusal(Some(cluster), sandbox.pgcreds(["issue", "app"]));
    sandbox.write_state(&state);
    refusal
}

/// Statements that can be seen to be wrong without a server: the key, the text, the problem.
const WRONG: [(&str, &str, &str); 12] = [
    (
        "creation",
        "",
        "it says nothing of what a login may do: give member_of, set_role or creation_statements",
    ),
    (
        "creation",
        "CREATE ROLE \"{{nmae}}\"",
        "creation_statements: unknown placeholder {{nmae}}: there are {{name}}, {{username}}, {{password}}, {{expiration}}",
    ),
    (
        "creation",
        "CREATE ROLE \"{{name}}",
        "creation_statements: unterminated quoted identifier",
    ),
    (
        "creation",
        "SELECT 'a; COMMIT",
        "creation_statements: unterminated quoted string",
    ),
    (
        "creation",
        "DO $$ a",
        "creation_statements: unterminated dollar-quoted string",
    ),
    (
        "creation",
        "SELECT 1; commit",
        "creation_statements: COMMIT is not allowed",
    ),
    ("creation", "END", "creation_statements: END is not allowed"),
    (
        "creation",
        "/* x */ ROLLBACK",
        "creation_statements: ROLLBACK is not allowed",
    ),
    (
        "creation",
        "ABORT",
        "creation_statements: ABORT is not allowed",
    ),
    ("renew", "COMMIT", "renew_statements: COMMIT is not allowed"),
    (
        "renew",
        "SELECT '{{password}}'",
        "renew_statements: unknown placeholder {{password}}: there are {{name}}, {{username}}, {{expiration}}",
    ),
    (
        "revocation",
        "SELECT '{{expiration}}'",
        "revocation_statements: unknown placeholder {{expiration}}: there are {{name}}, {{username}}",
    ),
];

/// The whole of such a problem.
fn problem(text: &str) -> String {
    let reason = "is not allowed: pgcreds runs the statements in a transaction of its own";
    text.replace("is not allowed", reason)
}

#[test]
fn statements_that_can_never_run_need_no_server() {
    let sandbox = Sandbox::new();
    sandbox.write_state(
        "version = 1\n\n[connections.my-postgres-db]\nurl = \"host=127.0.0.1 port=1\"\n",
    );
    for (key, sql, text) in WRONG {
        let option = format!("--{key}-statements");
        let groups: &[&str] = if key == "creation" {
            &[]
        } else {
            &["--member-of", "app_rw"]
        };
        let add = [
            "role",
            "add",
            "app",
            "--connection",
            "my-postgres-db",
            &option,
            sql,
        ];
        let expected = format!(
            "--- stderr ---\nerror: invalid role \"app\"\ncaused by: {}\n[exit 1]\n",
            problem(text)
        );
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds([&add, groups].concat())),
            expected,
            "{sql}"
        );
    }
}

/// What a person has written into the state file is held to the same rules.
#[test]
fn statements_of_the_state_file_that_can_never_run() {
    let sandbox = Sandbox::new();
    for (key, sql, text) in WRONG {
        let groups = if key == "creation" {
            ""
        } else {
            "member_of = [\"app_rw\"]\n"
        };
        let role = format!("connection = \"a\"\n{groups}{key}_statements = ['''{sql}''']\n");
        sandbox.write_state(&format!("version = 1\n[roles.app]\n{role}"));
        let expected = format!(
            "--- stderr ---\nerror: invalid state file \"~/.config/pgcreds/pgcreds.toml\": role \"app\"\ncaused by: {}\n[exit 1]\n",
            problem(text)
        );
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(["issue", "app"])),
            expected,
            "{sql}"
        );
    }
}

#[test]
fn lifetimes_that_contradict_each_other() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    let groups = ["--member-of", "app_rw"];
    assert_eq!(
        add(
            &cluster,
            &sandbox,
            &[&groups[..], &["--default-ttl", "2h", "--max-ttl", "90m"]].concat()
        ),
        "--- stderr ---\nerror: invalid role \"app\"\ncaused by: default_ttl 2h is over max_ttl 1h30m\nhint: Give a higher --max-ttl, or a lower --default-ttl.\n[exit 1]\n"
    );
    for (ttl, problem) in [
        ("0", "a duration must be at least one second"),
        (
            "-5m",
            "a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds",
        ),
        (
            "soon",
            "a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds",
        ),
        (
            "11y",
            "a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds",
        ),
        ("3651d", "a duration must be at most 3650d"),
    ] {
        for option in ["--default-ttl", "--max-ttl"] {
            assert_eq!(
                add(&cluster, &sandbox, &[&groups[..], &[option, ttl]].concat()),
                format!(
                    "--- stderr ---\nerror: invalid value '{ttl}' for '{option} <DURATION>': {problem}\n\nFor more information, try '--help'.\n[exit 2]\n"
                )
            );
        }
    }
}

#[test]
fn statements_that_make_no_login() {
    let (cluster, sandbox) = stage(Admin::Superuser);
    for (sql, answer) in [
        (
            "SELECT 1",
            r#"error: creation_statements of role "app" did not create the role "{{name}}"
hint: Start them with: CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
"#,
        ),
        (
            r#"CREATE ROLE "{{name}}" PASSWORD '{{password}}'"#,
            r#"error: creation_statements of role "app" created the role "{{name}}" without LOGIN
hint: Write: CREATE ROLE "{{name}}" WITH LOGIN …, or CREATE USER.
"#,
        ),
        (
            r#"CREATE USER "{{name}}" SUPERUSER PASSWORD '{{password}}'"#,
            r#"error: creation_statements of role "app" created a superuser, which pgcreds never revokes
hint: Leave SUPERUSER out and grant what is needed, for example pg_read_all_data.
"#,
        ),
    ] {
        let expected = format!("--- stderr ---\n{answer}[exit 1]\n");
        assert_eq!(refusal(&cluster, &sandbox, &[sql]), expected);
        assert_eq!(issue(&cluster, &sandbox, sql), expected);
    }
}

#[test]
fn statements_that_fail_half_way() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    let grant = r#"GRANT nobody_there TO "{{name}}""#;
    let expected = r#"--- stderr ---
error: could not run the creation_statements of role "app" on connection "my-postgres-db"
caused by: role "nobody_there" does not exist (SQLSTATE 42704)
[exit 3]
"#;
    assert_eq!(refusal(&cluster, &sandbox, &[CREATE, grant]), expected);
    assert_eq!(
        issue(&cluster, &sandbox, &format!("{CREATE} {grant}")),
        expected
    );
    assert_eq!(
        refusal(&cluster, &sandbox, &[CREATE, "CREATE TABEL t (n int)"]),
        r#"--- stderr ---
error: could not run the creation_statements of role "app" on connection "my-postgres-db"
caused by: syntax error at or near "TABEL" (SQLSTATE 42601)
[exit 3]
"#
    );
    // What ends the transaction in a way that no one can see beforehand.
    let hidden = r#"CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL pg_temp.p()"#;
    let answer = refusal(&cluster, &sandbox, &[CREATE, hidden]);
    assert!(
        answer.contains("invalid transaction termination (SQLSTATE 2D000)"),
        "{answer}"
    );
}

/// A shell takes away quotes that stand within others of their kind, and some write the wrong ones.
#[test]
fn quotes_that_a_shell_took_away() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    for (sql, placeholder) in [
        (CREATE.replace('\'', ""), "password"),
        (CREATE.replace('\'', "\""), "password"),
        (
            CREATE.replace("'{{expiration}}'", "{{ expiration }}"),
            "expiration",
        ),
    ] {
        let refused = refusal(&cluster, &sandbox, &[&sql]);
        let hint = format!(
            "(SQLSTATE 42601)\nhint: {{{{{placeholder}}}}} has to stand in single quotes. In a shell, put all of the SQL in double quotes, \
             with \\\" around {{{{name}}}}, or give it in a file: --creation-statements @FILE\n[exit 3]\n"
        );
        assert!(refused.ends_with(&hint), "{sql}\n{refused}");
        assert!(!refused.contains("SHA-256"), "{refused}");
    }
    // A mistake elsewhere is not their fault.
    let other = refusal(&cluster, &sandbox, &[CREATE, "SELECT FROM WHERE"]);
    assert!(!other.contains("hint:"), "{other}");
}

#[test]
fn groups_that_do_not_exist_or_cannot_be_handed_out() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    for options in [["--member-of", "no group"], ["--set-role", "no group"]] {
        assert_eq!(
            add(&cluster, &sandbox, &options),
            r#"--- stderr ---
error: role "app": PostgreSQL role "no group" does not exist
hint: Create it, for example with: CREATE ROLE "no group" NOLOGIN;
[exit 1]
"#
        );
    }
    let owner = ["--member-of", "app_rw", "--reassign-owned-to", "no_owner"];
    assert_eq!(
        add(&cluster, &sandbox, &owner),
        r#"--- stderr ---
error: role "app": PostgreSQL role "no_owner" does not exist
hint: Create it, for example with: CREATE ROLE "no_owner" NOLOGIN;
[exit 1]
"#
    );
    let long = "g".repeat(64);
    for name in ["", "a\nb", &long] {
        assert_eq!(
            add(&cluster, &sandbox, &["--member-of", name]),
            r#"--- stderr ---
error: invalid role "app"
caused by: the name of a PostgreSQL role has 1 to 63 bytes without control characters
[exit 1]
"#
        );
    }
}

/// Since PostgreSQL 16 CREATEROLE alone does not give a group away.
#[test]
fn an_admin_without_admin_option_on_the_group() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    cluster.execute("CREATE ROLE \"other's group\"");
    let options = ["--member-of", "other's group"];
    let is_enough = cluster.version() < 16;
    let expected = r#"--- stderr ---
error: role "app": "vaultadmin" may not make logins members of "other's group"
hint: Run as a superuser: GRANT "other's group" TO "vaultadmin" WITH ADMIN OPTION;
[exit 3]
"#;
    if !is_enough {
        assert_eq!(add(&cluster, &sandbox, &options), expected);
        cluster.execute("GRANT \"other's group\" TO \"vaultadmin\" WITH ADMIN OPTION");
    }
    let arguments = ["role", "add", "app", "--connection", "my-postgres-db"];
    sandbox
        .pgcreds([&arguments[..], &options].concat())
        .run()
        .success();
}

/// The hint is one that helps: what it says to run is run, and then it works.
#[test]
fn the_grants_of_a_hint_are_enough() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    cluster.execute("ALTER ROLE vaultadmin RENAME TO \"the admin\"");
    cluster.execute(
        "ALTER ROLE \"the admin\" NOCREATEROLE PASSWORD 'admin-secret'; CREATE ROLE other",
    );
    sandbox.write_state(&sandbox.state().replace("vaultadmin", "the admin"));
    let run = |line: &str| sandbox.pgcreds(line.split(' ')).run();
    let add = "role add --connection my-postgres-db --no-verify";
    run(&format!("{add} grouped --member-of other")).success();
    let sql = ["--creation-statements", CREATE];
    let written = add.split(' ').chain(["written"]).chain(sql);
    sandbox.pgcreds(written).run().success();
    for line in [
        "role check grouped",
        "issue grouped",
        "role check written",
        "issue written",
    ] {
        cluster.execute("ALTER ROLE \"the admin\" NOCREATEROLE");
        // On PostgreSQL 16 and later, the first hint leads to a second one.
        for _ in 0..3 {
            let answer = run(line);
            let Some((_, hint)) = answer.stderr.split_once("hint: Run as a superuser: ") else {
                assert_eq!(answer.code, 0, "{line}: {answer}");
                break;
            };
            cluster.execute(hint);
        }
        run(line).success();
        if cluster.version() >= 16 {
            cluster.execute("REVOKE other FROM \"the admin\" CASCADE");
        }
    }
}

#[test]
fn what_only_a_superuser_can_do_is_said_to_be_so() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    cluster.execute("CREATE ROLE boss SUPERUSER");
    for sql in [
        "ALTER ROLE \"{{name}}\" SUPERUSER",
        "GRANT boss TO \"{{name}}\"",
    ] {
        let answer = refusal(&cluster, &sandbox, &[CREATE, sql]);
        let hint = "hint: Only a superuser can do that: leave it out of the statements, or let a superuser be the connection's admin.\n[exit 3]\n";
        assert!(answer.ends_with(hint), "{sql}: {answer}");
    }
}
