//! The admin's password as systemd hands it to a unit: a file in `$CREDENTIALS_DIRECTORY`.

use crate::harness::{Admin, Cluster, Sandbox, write_private};

#[test]
fn a_credential_of_the_unit_is_the_password() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let folder = sandbox.home().join("credentials");
    std::fs::create_dir(&folder).unwrap();
    write_private(&folder.join("admin"), "admin-secret\n");
    let url = format!("postgresql://vaultadmin@127.0.0.1:{}/mydb", cluster.port());
    let add = [
        "connection",
        "add",
        "main",
        "--url",
        &url,
        "--password-credential",
        "admin",
    ];
    let added = sandbox.pgcreds(add).env("CREDENTIALS_DIRECTORY", &folder);
    added.run().success();
    assert!(
        sandbox
            .state()
            .contains("password = { credential = \"admin\" }"),
        "{}",
        sandbox.state()
    );
    let check = || sandbox.pgcreds(["connection", "check", "main"]);
    check()
        .env("CREDENTIALS_DIRECTORY", &folder)
        .run()
        .success();
    let shown = sandbox
        .pgcreds(["connection", "show", "main"])
        .run()
        .success();
    assert!(
        shown.stdout.contains("systemd's credential admin"),
        "{shown}"
    );
    assert_eq!(
        sandbox.refusal(Some(&cluster), check()),
        r#"--- stderr ---
error: could not get the password of connection "main"
caused by: the admin's password is systemd's credential "admin", and CREDENTIALS_DIRECTORY is not set
hint: Run pgcreds in a unit with: LoadCredential=admin:/path/of/the/password
[exit 1]
"#
    );
    std::fs::remove_file(folder.join("admin")).unwrap();
    let missing = check().env("CREDENTIALS_DIRECTORY", &folder).run().exits(1);
    assert!(
        missing.stderr.contains("could not read the password file"),
        "{missing}"
    );
}

#[test]
fn a_credential_is_a_name_and_no_path() {
    let sandbox = Sandbox::new();
    for name in ["../admin", "/etc/passwd", "."] {
        sandbox.write_state(&format!(
            "version = 1\n[connections.main]\nurl = \"postgresql://127.0.0.1:1/d\"\npassword = {{ credential = \"{name}\" }}\n"
        ));
        let check = sandbox.pgcreds(["connection", "check", "main"]);
        let run = check.env("CREDENTIALS_DIRECTORY", "/").run().exits(1);
        assert!(run.stderr.contains("is no name of a credential"), "{run}");
    }
}
