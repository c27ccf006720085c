//! Whatever happens to a file, it comes back.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::wait_for_logins;
use crate::app_role::App;

#[test]
fn a_file_that_somebody_touched_is_put_back() {
    let app = App::new();
    let folder = app.path("folder");
    fs::create_dir(&folder).unwrap();
    for name in ["replaced", "deleted", "unreadable", "linked"] {
        app.describe(name, "");
    }
    let path = folder.join("inside");
    app.describe("inside", &format!("path = \"{}\"\n", path.display()));
    let agent = app.agent(&[]);
    let users = app.logins();

    fs::write(app.path("elsewhere"), "somebody's").unwrap();
    fs::write(app.path("replaced"), "PGPASSWORD=other\n").unwrap();
    fs::remove_file(app.path("deleted")).unwrap();
    fs::set_permissions(app.path("unreadable"), Permissions::from_mode(0o000)).unwrap();
    fs::remove_file(app.path("linked")).unwrap();
    std::os::unix::fs::symlink(app.path("elsewhere"), app.path("linked")).unwrap();
    fs::remove_dir_all(&folder).unwrap();

    agent.wait_for("restored", 4);
    for name in ["replaced", "deleted", "unreadable", "linked"] {
        assert_eq!(app.log_in(name), Ok(()), "{name}");
        let metadata = fs::symlink_metadata(app.path(name)).unwrap();
        assert!(metadata.is_file(), "{name}");
        assert_eq!(metadata.mode() & 0o7777, 0o600, "{name}");
    }
    let kept = fs::read_to_string(app.path("elsewhere")).unwrap();
    assert_eq!(kept, "somebody's");

    // Without its folder, it is not there, and the probe is told so.
    agent.wait_until("the probe knows", || !agent.is_healthy());
    let health = agent.health();
    let problem = health["files"]["inside"]["error"].as_str().unwrap();
    assert!(problem.starts_with("could not write the file"), "{problem}");
    fs::create_dir(&folder).unwrap();
    agent.wait_until("the file is back", || path.exists() && agent.is_healthy());
    assert_eq!(app.logins(), users, "no other login was needed");
}

#[test]
fn a_folder_that_cannot_be_written_to_costs_one_login_at_most() {
    let app = App::with("default_ttl = \"2s\"\nmax_ttl = \"1h\"\n");
    // Also root cannot write there.
    fs::write(app.path("folder"), "").unwrap();
    let path = app.path("folder/app");
    let keys = format!("path = \"{}\"\ngrace = \"1s\"\n", path.display());
    app.describe("app", &keys);
    let agent = app.agent_at_once(&[]);
    for count in 1..4 {
        agent.wait_for("failed", count);
        assert!(app.logins().len() <= 1, "{:?}", app.logins());
    }
    fs::remove_file(app.path("folder")).unwrap();
    fs::create_dir(app.path("folder")).unwrap();
    agent.wait_until("the file is filled", || agent.is_healthy());
    assert_eq!(
        app.log_in("folder/app"),
        Ok(()),
        "{}",
        agent.running.stderr()
    );
    wait_for_logins(&app, 1);
}

#[test]
fn each_file_has_its_form_and_its_access() {
    let app = App::new();
    let group = fs::metadata(app.sandbox.home()).unwrap().gid();
    let user = fs::metadata(app.sandbox.home()).unwrap().uid();
    app.describe(
        "env",
        &format!("format = \"env\"\nmode = \"0640\"\nowner = \"{user}\"\ngroup = \"{group}\"\n"),
    );
    app.describe(
        "text",
        "template = \"{{ username }}@{{ host }}\"\nttl = \"10m\"\n",
    );
    // A relative path starts at the state file's folder.
    app.describe("relative", "path = \"app.url\"\nformat = \"url\"\n");
    let agent = app.agent(&[]);
    let text = fs::read_to_string(app.path("text")).unwrap();
    assert!(text.starts_with("pgc_app_role_text_"), "{text}");
    assert!(text.ends_with("@127.0.0.1"), "{text}");
    let env = fs::read_to_string(app.path("env")).unwrap();
    assert!(env.contains("export PGPASSWORD="), "{env}");
    let metadata = fs::metadata(app.path("env")).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o640);
    assert_eq!((metadata.uid(), metadata.gid()), (user, group));
    let state = app.sandbox.state_path();
    let url = fs::read_to_string(state.with_file_name("app.url")).unwrap();
    assert!(
        url.starts_with("postgresql://pgc_app_role_relative_"),
        "{url}"
    );
    let health = agent.health();
    let lease = health["files"]["text"]["lease_id"].as_str().unwrap();
    assert!(text.starts_with(lease), "{health}");
    let sql = format!(
        "SELECT rolvaliduntil BETWEEN now() + interval '9 min' AND now() + interval '10 min' FROM pg_roles WHERE rolname = '{lease}'"
    );
    assert_eq!(app.cluster.value(&sql), "t");
}

#[test]
fn a_wrong_template_is_refused_before_anything_is_made() {
    let app = App::new();
    app.describe("good", "");
    for keys in [
        "template = \"{{ pasword }}\"\n",
        "template = \"{{ password\"\n",
        "format = \"json\"\nrole = \"no-role\"\n",
        "format = \"json\"\nowner = \"no-such-user\"\n",
    ] {
        let state = app.sandbox.state();
        app.describe("bad", keys);
        for arguments in [&["agent"][..], &["agent", "--once"]] {
            let refused = app.sandbox.pgcreds(arguments).run().exits(1);
            assert!(refused.stderr.starts_with("error: "), "{refused}");
        }
        app.sandbox.write_state(&state);
    }
    assert_eq!(app.logins(), Vec::<String>::new());
    assert!(!app.path("good").exists());
}
