//! Where the new password goes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::{CONNECTION, ROTATE, ROTATED, Source, assert_whole, assert_works, cluster, rotate};
use crate::harness::{Cluster, Sandbox};

#[test]
fn each_source_gets_it() {
    for source in Source::ALL {
        let cluster = cluster();
        let sandbox = source.sandbox(cluster.port());
        let before = sandbox.state();
        assert_eq!(rotate(&sandbox).to_string(), ROTATED, "{source:?}");
        let what = format!("{source:?}");
        assert_whole(&cluster, &sandbox, source, &what);
        assert_works(&sandbox, &what);
        let first = source.stored(&sandbox).unwrap();
        let state = sandbox.state().replace(&first, "admin-secret");
        assert_eq!(state, before, "{source:?}");
        assert_eq!(rotate(&sandbox).to_string(), ROTATED, "{source:?}");
        assert_whole(&cluster, &sandbox, source, &what);
        assert_ne!(source.stored(&sandbox).unwrap(), first);
        let run = sandbox.pgcreds(ROTATE.iter().chain(&["--format", "json"]));
        assert_eq!(
            run.run().success().json(),
            serde_json::json!({ "connection": CONNECTION, "username": "vaultadmin", "rotated": true })
        );
    }
}

#[test]
fn a_password_file_keeps_its_mode_owner_and_further_lines() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let file = sandbox.home().join("admin.password");
    fs::write(&file, "admin-secret\nof the admin\nno end").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o440)).unwrap();
    let owner = rustix::process::getuid().is_root().then_some(65534);
    std::os::unix::fs::chown(&file, owner, owner).unwrap();
    rotate(&sandbox).success();
    let found = fs::metadata(&file).unwrap();
    assert_eq!(found.mode() & 0o777, 0o440);
    if let Some(owner) = owner {
        assert_eq!((found.uid(), found.gid()), (owner, owner));
    }
    let text = fs::read_to_string(&file).unwrap();
    let (_, further) = text.split_once('\n').unwrap();
    assert_eq!(further, "of the admin\nno end");
    assert_whole(&cluster, &sandbox, Source::File, "lines");
}

#[test]
fn nothing_of_the_old_password_is_left_in_the_folders() {
    for source in Source::ALL {
        let cluster = cluster();
        let sandbox = source.sandbox(cluster.port());
        let names = || {
            (
                names_in(&sandbox.home()),
                sandbox.files().into_keys().collect::<Vec<_>>(),
            )
        };
        let before = names();
        rotate(&sandbox).success();
        assert_eq!(names(), before, "{source:?}");
        for (name, (_, content)) in sandbox.files() {
            let text = String::from_utf8(content).unwrap();
            assert!(!text.contains("admin-secret"), "{source:?} {name}");
        }
    }
}

fn names_in(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        // The audit log's folder.
        .filter(|name| name != ".local")
        .collect();
    names.sort();
    names
}

#[test]
fn a_link_to_the_password_file_stays_one() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let (link, real) = (
        sandbox.home().join("admin.password"),
        sandbox.home().join("real"),
    );
    fs::rename(&link, &real).unwrap();
    symlink("real", &link).unwrap();
    rotate(&sandbox).success();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_whole(&cluster, &sandbox, Source::File, "link");
}

#[test]
fn the_file_that_connection_add_stored_is_rotated() {
    let cluster = cluster();
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let url = format!("postgresql://127.0.0.1:{}/mydb", cluster.port());
    let add = ["connection", "add", CONNECTION, "--username", "vaultadmin"];
    let further = ["--password-stdin", "--url", &url];
    let add = sandbox.pgcreds(add.iter().chain(&further));
    add.stdin("admin-secret\n").run().success();
    assert_eq!(rotate(&sandbox).to_string(), ROTATED);
    let files = sandbox.files();
    let (mode, content) = &files["my-postgres-db.password"];
    assert_eq!((*mode, content.len()), (0o100_600, 33));
    assert_eq!(files.len(), 2);
    assert_works(&sandbox, "added");
}

#[test]
fn two_connections_may_share_file_and_login() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let state = sandbox.state();
    let second = state.split_once("\n[").unwrap().1;
    let second = second
        .replace(CONNECTION, "second")
        .replace("/mydb", "/postgres");
    sandbox.write_state(&format!("{state}\n[{second}"));
    rotate(&sandbox).success();
    sandbox
        .pgcreds(["connection", "check", "second"])
        .run()
        .success();
    assert_whole(&cluster, &sandbox, Source::File, "shared");
}

/// Rotates with these statements.
fn rotate_by(cluster: &Cluster, statements: &str) -> (Sandbox, crate::harness::Run) {
    let sandbox = Source::File.sandbox(cluster.port());
    let key = format!("rotation_statements = ['''{statements}''']\n");
    sandbox.write_state(&(sandbox.state() + &key));
    let run = rotate(&sandbox);
    (sandbox, run)
}

#[test]
fn rotation_statements_take_the_place_of_the_built_in_one() {
    let cluster = cluster();
    cluster.execute("CREATE TABLE rotations (name text); GRANT INSERT ON rotations TO vaultadmin");
    cluster.execute_in("mydb", "CREATE TABLE rotations (name text, verifier text); GRANT INSERT ON rotations TO vaultadmin");
    let statements = "ALTER USER \"{{name}}\" PASSWORD '{{password}}'; INSERT INTO rotations VALUES ('{{username}}', '{{password}}')";
    let (sandbox, run) = rotate_by(&cluster, statements);
    assert_eq!(run.to_string(), ROTATED);
    assert_whole(&cluster, &sandbox, Source::File, "statements");
    let row = cluster.rows_in("mydb", "SELECT name, left(verifier, 19) FROM rotations");
    assert_eq!(row, [["vaultadmin", "SCRAM-SHA-256$4096:"]]);
}

#[test]
fn a_session_with_another_role_rotates_its_own_login() {
    let cluster = cluster();
    cluster.execute("GRANT app_rw TO vaultadmin; ALTER ROLE vaultadmin SET role TO app_rw");
    let sandbox = Source::File.sandbox(cluster.port());
    assert_eq!(rotate(&sandbox).to_string(), ROTATED);
    cluster.execute("ALTER ROLE vaultadmin RESET role");
    assert_whole(&cluster, &sandbox, Source::File, "set role");
}

/// An asynchronous commit that a crash takes back would bring the old password back, which nobody has any more.
#[test]
fn a_server_that_crashes_right_after_it_has_the_new_one() {
    let settings = [("synchronous_commit", "off"), ("wal_writer_delay", "10s")];
    let cluster = Cluster::start_with(&settings);
    cluster.create_admin(crate::harness::Admin::CreateRole);
    let sandbox = Source::File.sandbox(cluster.port());
    cluster.execute("CHECKPOINT");
    rotate(&sandbox).success();
    cluster.crash();
    cluster.restart();
    assert_whole(&cluster, &sandbox, Source::File, "crash");
}

#[test]
fn a_name_that_has_to_be_quoted() {
    let cluster = cluster();
    let quoted = r#""o'b \""; DROP""#;
    cluster.execute(&format!("ALTER ROLE vaultadmin RENAME TO {quoted}"));
    let sandbox = Source::File.sandbox(cluster.port());
    let state = sandbox.state();
    let state = state.replace("\"vaultadmin\"", r#""o'b \\\"; DROP""#);
    sandbox.write_state(&state);
    rotate(&sandbox).success();
    assert_works(&sandbox, "quoted");
    let statements = "rotation_statements = [\"ALTER ROLE '{{name}}' PASSWORD '{{password}}'\"]\n";
    sandbox.write_state(&(state + statements));
    let run = sandbox.refusal(Some(&cluster), sandbox.pgcreds(ROTATE));
    assert_eq!(
        run,
        "--- stderr ---\n\
         error: rotation_statements of connection \"my-postgres-db\" cannot be filled in: the admin's name has a quote or a backslash\n\
         hint: Leave them out: pgcreds then quotes the name as it has to be.\n\
         [exit 1]\n"
    );
}
