//! `pgcreds role add|list|show|check|remove`: recipes of the state file, rehearsed on their server.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Admin, Cluster, Run, Sandbox};

/// The statement of the reference flow.
const REFERENCE: &str =
    r#"CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"#;

/// A cluster with its admin, and a sandbox with connection `my-postgres-db`.
fn stage(admin: Admin) -> (Cluster, Sandbox) {
    let cluster = Cluster::start();
    cluster.create_admin(admin);
    let sandbox = Sandbox::new().with_connection(&cluster);
    (cluster, sandbox)
}

/// `role add` with further arguments.
fn add(sandbox: &Sandbox, name: &str, further: &[&str]) -> Run {
    let arguments = ["role", "add", name, "--connection", "my-postgres-db"];
    sandbox.pgcreds([&arguments, further].concat()).run()
}

fn run(sandbox: &Sandbox, line: &str) -> Run {
    sandbox.pgcreds(line.split(' ')).run()
}

/// The roles of PostgreSQL, to see that nothing was left behind.
fn server_roles(cluster: &Cluster) -> Vec<Vec<String>> {
    cluster.rows("SELECT rolname, rolcanlogin FROM pg_roles ORDER BY 1")
}

#[test]
fn a_role_lives_from_add_to_remove() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let (cluster, sandbox) = stage(admin);
        let (before, roles) = (sandbox.state(), server_roles(&cluster));
        let ttls = ["--default-ttl", "1h", "--max-ttl", "24h"];
        let added = add(
            &sandbox,
            "app-role",
            &[&["--creation-statements", REFERENCE][..], &ttls].concat(),
        );
        assert_eq!(
            added.to_string(),
            "--- stderr ---\nadded role \"app-role\"; next: pgcreds issue app-role\n[exit 0]\n"
        );
        let entry = format!(
            r#"
[roles.app-role]
connection = "my-postgres-db"
creation_statements = ["""{REFERENCE}"""]
default_ttl = "1h"
max_ttl = "24h"
"#
        );
        assert_eq!(sandbox.state(), format!("{before}{entry}"));
        let check = run(&sandbox, "role check app-role").normalized(&sandbox, None);
        let (check, notes) = check.split_once(" notes").unwrap();
        assert_eq!(
            check,
            r#" role               app-role
 connection         my-postgres-db
 login              yes
 valid until        TIME
 member of
 superuser          no
 createrole         no
 createdb           no
 replication        no
 bypassrls          no
 warnings
 connection limit   -1
"#
        );
        assert!(
            notes.ends_with("write connection_limit = 20\n[exit 0]\n"),
            "{notes}"
        );
        assert_eq!(
            run(&sandbox, "role remove app-role").to_string(),
            "--- stderr ---\nremoved role \"app-role\"\n[exit 0]\n"
        );
        assert_eq!((sandbox.state(), server_roles(&cluster)), (before, roles));
    }
}

#[test]
fn show_prints_the_statements() {
    let (_cluster, sandbox) = stage(Admin::CreateRole);
    add(&sandbox, "app-role", &["--creation-statements", REFERENCE]).success();
    assert_eq!(
        run(&sandbox, "role show app-role").to_string(),
        r#" role                         app-role
 connection                   my-postgres-db
 creation statements          CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
 member of
 set role
 search path                  public
 renew statements
 revocation statements
 default ttl                  1h
 max ttl                      24h
 reassign owned to
 max leases
 username template
 password length              32
 password policy
 connection limit
 allow dangerous privileges   no
[exit 0]
"#
    );
}

#[test]
fn group_roles_stand_for_statements() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n\n[connections.my-postgres-db]\nurl = \"host=h\"\n");
    let groups = ["--member-of", "app_rw,odd \"group", "--set-role", "app_rw"];
    add(
        &sandbox,
        "member",
        &[&groups[..], &["--max-leases", "5", "--no-verify"]].concat(),
    )
    .success();
    assert_eq!(
        run(&sandbox, "role show member --format json").to_string(),
        r#"{
  "role": "member",
  "connection": "my-postgres-db",
  "creation_statements": [
    "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' CONNECTION LIMIT 20 IN ROLE \"app_rw\", \"odd \"\"group\"",
    "ALTER ROLE \"{{name}}\" SET role TO \"app_rw\""
  ],
  "member_of": [
    "app_rw",
    "odd \"group"
  ],
  "set_role": "app_rw",
  "search_path": [
    "public"
  ],
  "renew_statements": [],
  "revocation_statements": [],
  "default_ttl_seconds": 3600,
  "max_ttl_seconds": 86400,
  "reassign_owned_to": null,
  "max_leases": 5,
  "username_template": null,
  "password_length": 32,
  "password_policy": null,
  "connection_limit": 20,
  "allow_dangerous_privileges": false
}
[exit 0]
"#
    );
}

#[test]
fn list_has_a_row_for_each_role() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n\n[connections.my-postgres-db]\nurl = \"host=h\"\n");
    let groups = ["--member-of", "app_rw,odd \"group", "--no-verify"];
    add(&sandbox, "member", &groups).success();
    let short = ["--default-ttl", "90", "--set-role", "app_rw", "--no-verify"];
    add(&sandbox, "by-name", &short).success();
    assert_eq!(
        run(&sandbox, "role list").to_string(),
        r#" role      connection       default ttl   max ttl   member of
───────────────────────────────────────────────────────────────────────
 by-name   my-postgres-db   1m30s         24h
 member    my-postgres-db   1h            24h       app_rw, odd "group
[exit 0]
"#
    );
}

/// As Vault takes them.
#[test]
fn statements_come_from_files_and_stdin_too() {
    let (_cluster, sandbox) = stage(Admin::CreateRole);
    let folder = sandbox.home().join("sql");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("create.sql"),
        format!("-- ours\n{REFERENCE}\n\n"),
    )
    .unwrap();
    let arguments = [
        "role",
        "add",
        "app",
        "--connection",
        "my-postgres-db",
        "--creation-statements",
        "@create.sql",
        "--renew-statements",
        "SELECT 1",
        "--revocation-statements",
        "@-",
    ];
    let added = sandbox
        .pgcreds(arguments)
        .cwd(&folder)
        .stdin("SELECT 2;\n")
        .run();
    added.success();
    let shown = run(&sandbox, "role show app --format json").json();
    assert_eq!(
        shown["creation_statements"][0],
        format!("-- ours\n{REFERENCE}")
    );
    assert_eq!(shown["renew_statements"][0], "SELECT 1");
    assert_eq!(shown["revocation_statements"][0], "SELECT 2;");
    run(&sandbox, "issue app").success();

    fs::write(folder.join("empty.sql"), "\n").unwrap();
    for (file, problem) in [
        (
            "@none.sql",
            "error: could not read the SQL from \"none.sql\"\ncaused by: No such file or directory (os error 2)\n\
             hint: After an @ comes the path of a file with SQL, from the current folder on; without it comes the SQL itself.\n",
        ),
        ("@empty.sql", "error: there is no SQL in \"empty.sql\"\n"),
        ("@-", "error: there is no SQL in stdin\n"),
    ] {
        let line = [
            "role",
            "add",
            "other",
            "--connection",
            "my-postgres-db",
            "--creation-statements",
            file,
        ];
        let refused = sandbox.pgcreds(line).cwd(&folder).run();
        assert_eq!(
            refused.to_string(),
            format!("--- stderr ---\n{problem}[exit 1]\n")
        );
    }
}

#[test]
fn group_roles_need_no_sql() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    cluster.execute(r#"CREATE ROLE "odd ""group" NOLOGIN"#);
    if cluster.version() >= 16 {
        cluster.execute(r#"GRANT "odd ""group" TO vaultadmin WITH ADMIN OPTION"#);
    }
    let roles = server_roles(&cluster);
    add(
        &sandbox,
        "member",
        &[
            "--member-of",
            "app_rw,odd \"group",
            "--set-role",
            "app_rw",
            "--max-leases",
            "5",
        ],
    )
    .success();
    // Whether the server could reserve connections for the admin depends on its version.
    let check = run(&sandbox, "role check member --format json").normalized(&sandbox, None);
    let (start, rest) = check
        .split_once("no connection slot is reserved for")
        .unwrap();
    let (_, end) = rest.split_once("\"\n").unwrap();
    assert_eq!(
        format!("{start}NOTE\"\n{end}"),
        r#"{
  "role": "member",
  "connection": "my-postgres-db",
  "login": true,
  "valid_until": "TIME",
  "member_of": [
    "app_rw",
    "odd \"group"
  ],
  "superuser": false,
  "createrole": false,
  "createdb": false,
  "replication": false,
  "bypassrls": false,
  "warnings": [],
  "connection_limit": 20,
  "notes": [
    "NOTE"
  ]
}
[exit 0]
"#
    );
    assert_eq!(server_roles(&cluster), roles);
}

#[test]
fn check_says_what_is_dangerous() {
    let (cluster, sandbox) = stage(Admin::Superuser);
    cluster.execute_in("mydb", "CREATE TABLE t (n int)");
    let roles = server_roles(&cluster);
    let dangerous = format!(
        r#"{REFERENCE} ALTER ROLE "{{{{name}}}}" CREATEROLE CREATEDB REPLICATION BYPASSRLS;
           GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{{{name}}}}""#
    );
    let warnings = r#"warning: role "wide" grants on all tables to each login: each adds to the ACL of every table, until PostgreSQL fails with "row is too big" after some 2,400. Grant to a group role once, and use member_of
warning: logins of role "wide" have CREATEROLE
warning: logins of role "wide" have REPLICATION
warning: logins of role "wide" have BYPASSRLS
"#;
    assert_eq!(
        add(
            &sandbox,
            "wide",
            &["--creation-statements", &dangerous, "--force"]
        )
        .to_string(),
        format!(
            "--- stderr ---\n{warnings}added role \"wide\"; next: pgcreds issue wide\n[exit 0]\n"
        )
    );
    let check = run(&sandbox, "role check wide --format json").success();
    assert_eq!(check.stderr, warnings);
    let found = check.json();
    for (attribute, expected) in [
        ("superuser", false),
        ("createrole", true),
        ("createdb", true),
        ("replication", true),
        ("bypassrls", true),
    ] {
        assert_eq!(found[attribute], expected, "{attribute}");
    }
    assert_eq!(found["warnings"].as_array().unwrap().len(), 4);
    assert_eq!(server_roles(&cluster), roles);
    let acl = "SELECT count(*) FROM pg_class WHERE relname = 't' AND relacl IS NOT NULL";
    assert_eq!(cluster.value_in("mydb", acl), "0");
}

#[test]
fn edits_keep_what_a_person_wrote() {
    let sandbox = Sandbox::new();
    let text = r#"# ours
version = 1

[roles.first]   # keep
member_of  = ['a',
  'b']  # both
connection = "main"

# about main
[connections.main] # the end
url = '''host=x'''"#;
    sandbox.write_state(&format!("{text}\n"));
    fs::set_permissions(sandbox.state_path(), fs::Permissions::from_mode(0o640)).unwrap();
    let add = [
        "role",
        "add",
        "second",
        "--connection",
        "main",
        "--set-role",
        "g",
        "--no-verify",
    ];
    sandbox.pgcreds(add).run().success();
    let entry = "\n[roles.second]\nconnection = \"main\"\nset_role = \"g\"\ndefault_ttl = \"1h\"\nmax_ttl = \"24h\"\n";
    assert_eq!(
        sandbox.state(),
        format!(
            "{}\n",
            text.replace("\n\n# about", &format!("\n{entry}\n# about"))
        )
    );
    run(&sandbox, "role remove second").success();
    assert_eq!(sandbox.state(), format!("{text}\n"));
    assert_eq!(sandbox.files()["pgcreds.toml"].0 & 0o777, 0o640);
    assert_eq!(sandbox.files().len(), 1);
}

#[test]
fn an_unknown_or_taken_name_is_answered_with_what_there_is() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    for name in ["app-role", "report"] {
        add(&sandbox, name, &["--member-of", "app_rw"]).success();
    }
    let refusal = |arguments: &[&str]| sandbox.refusal(Some(&cluster), sandbox.pgcreds(arguments));
    for line in [
        "role show app-rolle",
        "role check app-rolle",
        "role remove app-rolle",
        "issue app-rolle",
    ] {
        assert_eq!(
            refusal(&line.split(' ').collect::<Vec<_>>()),
            r#"--- stderr ---
error: role "app-rolle" not found
hint: Did you mean "app-role"? There are "app-role", "report".
[exit 1]
"#
        );
    }
    assert_eq!(
        refusal(&["role", "show", "other"]),
        "--- stderr ---\nerror: role \"other\" not found\nhint: There are \"app-role\", \"report\".\n[exit 1]\n"
    );
    let to = |connection: &'static str| {
        [
            "role",
            "add",
            "report",
            "--connection",
            connection,
            "--member-of",
            "app_rw",
        ]
    };
    assert_eq!(
        refusal(&to("my-postgres-db")),
        r#"--- stderr ---
error: role "report" exists already
hint: Edit it in the state file, or remove it first: pgcreds role remove report
[exit 1]
"#
    );
    let unknown = to("my-postgres-dv").map(|word| if word == "report" { "new" } else { word });
    assert_eq!(
        refusal(&unknown),
        r#"--- stderr ---
error: connection "my-postgres-dv" not found
hint: Did you mean "my-postgres-db"? There are "my-postgres-db".
[exit 1]
"#
    );
}

#[test]
fn a_role_that_the_connection_does_not_allow() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    add(&sandbox, "app", &["--member-of", "app_rw"]).success();
    let state = sandbox.state();
    sandbox.write_state(&state.replace("\n[roles", "allowed_roles = [\"web-*\"]\n\n[roles"));
    let expected = r#"--- stderr ---
error: role "app" is not allowed on connection "my-postgres-db"
hint: Add "app" to allowed_roles of the connection in the state file.
[exit 1]
"#;
    for line in ["issue app", "role check app"] {
        let refusal = sandbox.refusal(Some(&cluster), sandbox.pgcreds(line.split(' ')));
        assert_eq!(refusal, expected, "{line}");
    }
    let add_other = [
        "role",
        "add",
        "other",
        "--connection",
        "my-postgres-db",
        "--member-of",
        "app_rw",
    ];
    let refusal = sandbox.refusal(Some(&cluster), sandbox.pgcreds(add_other));
    assert_eq!(refusal, expected.replace("\"app\"", "\"other\""));
    add(&sandbox, "web-1", &["--member-of", "app_rw"]).success();
}

#[test]
fn removing_a_role_strands_no_lease() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    add(
        &sandbox,
        "app",
        &[
            "--member-of",
            "app_rw",
            "--revocation-statements",
            "SELECT 1",
            "--reassign-owned-to",
            "app_rw",
        ],
    )
    .success();
    let lease = run(&sandbox, "issue app --format json").success().json();
    let id = lease["lease_id"].as_str().unwrap();
    assert_eq!(
        run(&sandbox, "role remove app --format json").to_string(),
        r#"{
  "role": "app",
  "removed": true
}
--- stderr ---
warning: leases of role "app" that are still there will be revoked without its revocation_statements and leave nothing to "app_rw"
removed role "app"
[exit 0]
"#
    );
    let count = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{id}'");
    assert_eq!(cluster.value(&count), "1");
    run(&sandbox, &format!("lease revoke {id}")).success();
    assert_eq!(cluster.value(&count), "0");
}
