//! `pgcreds connection add|list|show|check|remove`: connections of the state file, tried against their server.

use crate::harness::{Admin, Cluster, Run, Sandbox};

/// A state file that a person has written.
const HAND_WRITTEN: &str = r#"# Ours; ask ops before you change it.
version = 1   # of the format

# The billing database.
[connections.billing]
url = 'host=db.example.com dbname=billing'   # no TLS yet
allowed_roles = [ "billing-*",
                  "report" ]

[roles.report] # for the controllers
default_ttl = 900
connection  = "billing"
member_of   = ["readers"]
"#;

/// A cluster with its admin, and a sandbox with an empty state file.
fn stage(admin: Admin) -> (Cluster, Sandbox) {
    let cluster = Cluster::start();
    cluster.create_admin(admin);
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    (cluster, sandbox)
}

/// The url of the reference flow.
fn url(cluster: &Cluster) -> String {
    format!(
        "postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/mydb",
        cluster.port()
    )
}

/// Adds connection `main`, whose password is in the environment, with further arguments.
fn add(sandbox: &Sandbox, cluster: &Cluster, further: &[&str]) -> Run {
    let url = url(cluster);
    let arguments = [
        "connection",
        "add",
        "main",
        "--username",
        "vaultadmin",
        "--password-env",
        "ADMIN_PASSWORD",
    ];
    let arguments = [&arguments[..], &["--url", &url], further].concat();
    sandbox
        .pgcreds(arguments)
        .env("ADMIN_PASSWORD", "admin-secret")
        .run()
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox
        .pgcreds(arguments)
        .env("ADMIN_PASSWORD", "admin-secret")
        .run()
}

/// The server's version as `connection check` has it.
fn server_version(cluster: &Cluster) -> String {
    cluster.value("SELECT split_part(current_setting('server_version'), ' ', 1)")
}

#[test]
fn a_connection_lives_from_add_to_remove() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    let added = add(
        &sandbox,
        &cluster,
        &["--allowed-roles", "app-*,report", "--verbose"],
    );
    let version = server_version(&cluster);
    assert_eq!(
        added.normalized(&sandbox, None),
        format!(
            "--- stderr ---\nconnected to PostgreSQL {version} as \"vaultadmin\"\nadded connection \"main\"\n[exit 0]\n"
        )
    );
    assert_eq!(
        sandbox.state(),
        format!(
            r#"version = 1

[connections.main]
url = "{}"
username = "vaultadmin"
password = {{ env = "ADMIN_PASSWORD" }}
allowed_roles = ["app-*", "report"]
"#,
            url(&cluster)
        )
    );
    assert_eq!(
        run(&sandbox, &["connection", "remove", "main"]).to_string(),
        "--- stderr ---\nremoved connection \"main\"\n[exit 0]\n"
    );
    assert_eq!(sandbox.state(), "version = 1\n");
}

#[test]
fn people_get_tables() {
    let (cluster, sandbox) = stage(Admin::CreateRole);
    add(&sandbox, &cluster, &["--allowed-roles", "app-*,report"]).success();
    let version = server_version(&cluster);
    assert_eq!(
        run(&sandbox, &["connection", "list"]).normalized(&sandbox, Some(&cluster)),
        r#" connection   url                                            username     password                              allowed roles
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 main         postgresql://vaultadmin@127.0.0.1:PORT/mydb   vaultadmin   environment variable ADMIN_PASSWORD   app-*, report
[exit 0]
"#
    );
    assert_eq!(
        run(&sandbox, &["connection", "show", "main"]).normalized(&sandbox, Some(&cluster)),
        r#" connection      main
 url             postgresql://vaultadmin@127.0.0.1:PORT/mydb
 username        vaultadmin
 password        environment variable ADMIN_PASSWORD
 allowed roles   app-*, report
[exit 0]
"#
    );
    assert_eq!(
        run(&sandbox, &["connection", "check", "main"]).normalized(&sandbox, Some(&cluster)),
        format!(
            r#" connection       main
 server version   {version}
 host             127.0.0.1
 port             PORT
 dbname           mydb
 username         vaultadmin
 superuser        no
[exit 0]
"#
        )
    );
}

#[test]
fn machines_get_json() {
    let (cluster, sandbox) = stage(Admin::Superuser);
    let json = ["--format", "json"];
    let added = add(&sandbox, &cluster, &json);
    assert_eq!(
        added.normalized(&sandbox, Some(&cluster)),
        r#"{
  "connection": "main",
  "url": "postgresql://vaultadmin@127.0.0.1:PORT/mydb",
  "username": "vaultadmin",
  "password": "environment variable ADMIN_PASSWORD",
  "allowed_roles": null
}
--- stderr ---
added connection "main"
[exit 0]
"#
    );
    let object = added.json();
    let ask = |words: &[&str]| run(&sandbox, &[words, &json].concat()).success().json();
    assert_eq!(ask(&["connection", "show", "main"]), object);
    assert_eq!(ask(&["connection", "list"]), serde_json::json!([object]));
    let check = ask(&["connection", "check", "main"]);
    assert_eq!(check["superuser"], true);
    assert_eq!(check["port"], cluster.port());
    assert_eq!(
        ask(&["connection", "remove", "main"]),
        serde_json::json!({ "connection": "main", "removed": true })
    );
    assert_eq!(ask(&["connection", "list"]), serde_json::json!([]));
}

#[test]
fn edits_keep_what_a_person_wrote() {
    let sandbox = Sandbox::new();
    sandbox.write_state(HAND_WRITTEN);
    let add = [
        "connection",
        "add",
        "audit",
        "--url",
        "host=/run/audit",
        "--allowed-roles",
        "",
        "--no-verify",
    ];
    run(&sandbox, &add).success();
    let entry = "\n[connections.audit]\nurl = \"host=/run/audit\"\nallowed_roles = []\n";
    assert_eq!(
        sandbox.state(),
        HAND_WRITTEN.replace("\n[roles.report]", &format!("{entry}\n[roles.report]"))
    );
    run(&sandbox, &["connection", "remove", "audit"]).exits(3);
    run(&sandbox, &["connection", "remove", "audit", "--force"]).success();
    assert_eq!(sandbox.state(), HAND_WRITTEN);
}

#[test]
fn entries_may_be_written_in_every_form_of_toml() {
    let sandbox = Sandbox::new();
    for text in [
        "version = 1\nconnections = { a = { url = \"host=a\" } }\n",
        "version = 1\nconnections.a.url = \"host=a\"\n",
        "version = 1\n[connections]\na = { url = \"host=a\" }",
        "version = 1\n[\"connections\".'a']\n\"url\" = '''host=a'''",
    ] {
        sandbox.write_state(text);
        let add = [
            "connection",
            "add",
            "b.c",
            "--url",
            "host=b",
            "--no-verify",
            "--quiet",
        ];
        run(&sandbox, &add).success();
        let list = run(&sandbox, &["connection", "list", "--format", "json"])
            .success()
            .json();
        assert_eq!(list[0]["url"], "postgresql://a:5432/", "{text}");
        assert_eq!(list[1]["connection"], "b.c", "{text}: {}", sandbox.state());
        run(&sandbox, &["connection", "remove", "b.c", "--force"]).success();
        let list = run(&sandbox, &["connection", "list", "--format", "json"])
            .success()
            .json();
        assert_eq!(list.as_array().unwrap().len(), 1, "{text}");
    }
}

#[test]
fn an_unknown_or_taken_name_is_answered_with_what_there_is() {
    let sandbox = Sandbox::new();
    sandbox.write_state(HAND_WRITTEN);
    let not_found = r#"--- stderr ---
error: connection "biling" not found
hint: Did you mean "billing"? There are "billing".
[exit 1]
"#;
    for command in ["show", "check", "remove"] {
        let refusal = sandbox.refusal(None, sandbox.pgcreds(["connection", command, "biling"]));
        assert_eq!(refusal, not_found, "{command}");
    }
    let add = [
        "connection",
        "add",
        "billing",
        "--url",
        "host=x",
        "--no-verify",
    ];
    assert_eq!(
        sandbox.refusal(None, sandbox.pgcreds(add)),
        r#"--- stderr ---
error: connection "billing" exists already
hint: Edit it in the state file, or remove it first: pgcreds connection remove billing
[exit 1]
"#
    );
    sandbox.write_state("version = 1\n");
    assert_eq!(
        sandbox.refusal(None, sandbox.pgcreds(["connection", "show", "x"])),
        r#"--- stderr ---
error: connection "x" not found
hint: There are no connections yet. Add one: pgcreds connection add NAME --url URL
[exit 1]
"#
    );
}

#[test]
fn a_name_that_is_none_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let long = "a".repeat(200);
    for name in [
        "a b",
        "a'b",
        "a\"b",
        "a/b",
        "../a",
        "a\nb",
        "",
        ".",
        "é",
        "-",
        long.as_str(),
    ] {
        let add = [
            "connection",
            "add",
            "--url",
            "host=x",
            "--no-verify",
            "--",
            name,
        ];
        let rule = r#"a name has 1 to 63 of the characters a-z, A-Z, 0-9, "_", "-" and ".", and neither starts nor ends with "-" or ".""#;
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(add)),
            format!(
                "--- stderr ---\nerror: invalid value '{name}' for '<NAME>': {rule}\n\nFor more information, try '--help'.\n[exit 2]\n"
            )
        );
    }
}

#[test]
fn a_url_that_is_none_is_refused_without_being_repeated() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    for (url, problem) in [
        (
            "hunter2",
            "it is neither postgresql://… nor a list of keyword=value",
        ),
        ("postgresql://a@h:hunter2/d", "invalid value for \"port\""),
        (
            "postgresql://a@h/d?sslmode=hunter2",
            "invalid value for \"sslmode\"",
        ),
        (
            "postgresql://a@h/d?passwrod=hunter2",
            "unknown parameter \"passwrod\" (did you mean \"password\"?)",
        ),
        (
            "postgresql://{{user}}@h/hunter2",
            "unknown placeholder: there are {{username}} and {{password}}",
        ),
        (
            "postgresql://{{username}}@h/hunter2",
            "it has {{username}}, but no username is given\nhint: Give it with --username, or as username of the connection in the state file.",
        ),
        (
            "host=a,b,c port=1,2 dbname=hunter2",
            "the numbers of hosts and ports differ",
        ),
    ] {
        let add = ["connection", "add", "main", "--no-verify", "--url", url];
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(add)),
            format!(
                "--- stderr ---\nerror: invalid url of connection \"main\"\ncaused by: {problem}\n[exit 1]\n"
            )
        );
    }
}

#[test]
fn removing_does_not_strand_roles_or_leases() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new().with_connection(&cluster);
    let add = [
        "role",
        "add",
        "app",
        "--connection",
        "my-postgres-db",
        "--member-of",
        "app_rw",
    ];
    run(&sandbox, &add).success();
    let remove = ["connection", "remove", "my-postgres-db"];
    assert_eq!(
        sandbox.refusal(Some(&cluster), sandbox.pgcreds(remove)),
        r#"--- stderr ---
error: role "app" uses connection "my-postgres-db"
hint: Remove it first: pgcreds role remove app. Or go on with --force.
[exit 1]
"#
    );
    run(&sandbox, &["issue", "app"]).success();
    run(&sandbox, &["role", "remove", "app"]).success();
    assert_eq!(
        sandbox.refusal(Some(&cluster), sandbox.pgcreds(remove)),
        r#"--- stderr ---
error: the server still has a lease of connection "my-postgres-db" (1)
hint: Revoke them first: pgcreds lease revoke --connection my-postgres-db. To remove it all the same, use --force: nothing will sweep them then.
[exit 1]
"#
    );
    cluster.stop();
    let unreachable = sandbox.refusal(None, sandbox.pgcreds(remove));
    assert_eq!(
        unreachable.replace(&cluster.port().to_string(), "PORT"),
        r#"--- stderr ---
error: could not look for leases of connection "my-postgres-db"
caused by: could not connect to "my-postgres-db" at 127.0.0.1:PORT, database "mydb", as "vaultadmin"
caused by: error connecting to server: Connection refused (os error 111)
hint: To remove it all the same, use --force: nothing will sweep them then.
[exit 3]
"#
    );
    run(
        &sandbox,
        &["connection", "remove", "my-postgres-db", "--force"],
    )
    .success();
    assert_eq!(sandbox.state(), "version = 1\n");
    assert!(sandbox.home().join("admin.password").exists());
}

#[test]
fn removing_by_force_names_the_leases_that_are_left() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new().with_connection(&cluster);
    let add = "role add app --connection my-postgres-db --member-of app_rw";
    run(&sandbox, &add.split(' ').collect::<Vec<_>>()).success();
    let issue = ["issue", "app", "--format", "json"];
    let mut ids = [&issue, &issue].map(|issue| {
        let lease = run(&sandbox, issue).success().json();
        lease["lease_id"].as_str().unwrap().to_owned()
    });
    ids.sort();
    let before = sandbox.state();
    let remove = ["connection", "remove", "my-postgres-db", "--force"];
    let removed = run(&sandbox, &remove).success();
    let (warning, rest) = removed.stderr.split_once('\n').unwrap();
    for id in &ids {
        assert!(warning.contains(&format!("\"{id}\"")), "{removed}");
    }
    assert!(
        warning.starts_with("warning: nothing will sweep the leases of connection \"my-postgres-db\" that are left on the server: "),
        "{removed}"
    );
    assert!(
        rest.ends_with("removed connection \"my-postgres-db\"\n"),
        "{removed}"
    );
    assert!(!rest.contains("warning"), "{removed}");

    // Nothing is said where nothing is left, and that nobody was asked where that is so.
    sandbox.write_state(&before);
    run(&sandbox, &["lease", "revoke", "--all"]).success();
    let removed = run(&sandbox, &remove).success();
    assert!(!removed.stderr.contains("warning"), "{removed}");
    sandbox.write_state(&before);
    cluster.stop();
    let removed = run(&sandbox, &remove).success();
    assert!(
        removed.stderr.starts_with(
            "warning: the server was not asked for leases of connection \"my-postgres-db\": nothing will sweep those that are left\n"
        ),
        "{removed}"
    );
}
