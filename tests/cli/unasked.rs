//! A lease is said to have ended only where its own server was asked, or the audit log knows its end.

use serde_json::json;

use crate::harness::{Admin, Cluster, Run};
use crate::lease_stage::{APP_ROLE, Stage};

/// A lease, and a connection `other` to a server that does not have it.
struct Elsewhere {
    stage: Stage,
    other: Cluster,
    id: String,
}

impl Elsewhere {
    fn new() -> Self {
        let stage = Stage::new(Admin::CreateRole, APP_ROLE);
        let other = Cluster::start();
        other.create_admin(Admin::CreateRole);
        let state = stage.sandbox.state();
        let connection = state.split("\n\n").nth(1).unwrap();
        let connection = connection
            .replace("my-postgres-db", "other")
            .replace(&stage.cluster.port().to_string(), &other.port().to_string());
        stage
            .sandbox
            .write_state(&format!("{state}\n{connection}\n"));
        let id = stage.issue(&["app-role"]).id().to_owned();
        Self { stage, other, id }
    }

    fn pgcreds(&self, arguments: &[&str]) -> Run {
        let arguments = ["lease"].iter().chain(arguments);
        let run = self.stage.sandbox.pgcreds(arguments).run();
        assert!(!run.to_string().contains("panicked"), "{run}");
        run
    }

    fn forget(&self) {
        let log = ".local/state/pgcreds/audit.jsonl";
        std::fs::remove_file(self.stage.sandbox.home().join(log)).unwrap();
    }

    fn is_there(&self) -> bool {
        self.stage
            .logins()
            .iter()
            .any(|login| login.name == self.id)
    }
}

#[test]
fn a_lease_of_a_connection_that_was_left_out_may_be_there() {
    let it = Elsewhere::new();
    let id = it.id.as_str();
    let run = it.pgcreds(&["revoke", id, "--connection", "other"]);
    assert_eq!(
        run.to_string(),
        format!(
            "--- stderr ---\n\
             error: lease \"{id}\" may be on connection \"my-postgres-db\": it was not asked\n\
             hint: Ask it with: pgcreds lease revoke --connection my-postgres-db {id}\n\
             [exit 1]\n"
        )
    );
    let json = ["--connection", "other", "--format", "json"];
    let run = it.pgcreds(&[&["revoke", id], &json[..]].concat()).exits(1);
    assert_eq!(
        run.json(),
        json!({
            "revoked": [], "failed": [], "unreachable": [], "reassigned": [],
            "unasked": [{"lease_id": id, "connection": "my-postgres-db", "error": "it was not asked"}],
        })
    );
    let shown = it.pgcreds(&[&["show", id], &json[..]].concat()).exits(1);
    assert_eq!(shown.json()["state"], "unknown", "{shown}");
    assert_eq!(
        shown.stderr,
        format!(
            "warning: lease \"{id}\" may be on connection \"my-postgres-db\", which was not asked\n"
        )
    );
    assert!(it.is_there());
}

#[test]
fn so_may_one_whose_connection_was_taken_out_of_the_state_file() {
    let it = Elsewhere::new();
    let id = it.id.as_str();
    let state = it.stage.sandbox.state();
    let renamed = state.replace("my-postgres-db", "new-name");
    it.stage.sandbox.write_state(&renamed.replace(
        &it.stage.cluster.port().to_string(),
        &it.other.port().to_string(),
    ));
    let run = it.pgcreds(&["revoke", id]).exits(1);
    assert!(
        run.stderr
            .contains("add it again, the state file does not have it any more"),
        "{run}"
    );
    let shown = it.pgcreds(&["show", id, "--format", "json"]).exits(1);
    assert_eq!(shown.json()["state"], "unknown", "{shown}");
    assert!(it.is_there());
    // Some done, some not.
    it.stage.sandbox.write_state(&state);
    let second = it.stage.issue(&["app-role"]);
    it.stage.sandbox.write_state(&renamed);
    let run = it.pgcreds(&["revoke", id, second.id()]).success();
    assert_eq!(run.stderr, "revoked 2 leases\n");
    assert!(!it.is_there());
}

#[test]
fn what_was_asked_or_is_known_to_have_ended_is_gone() {
    let it = Elsewhere::new();
    let id = it.id.as_str();
    // Somebody dropped it, and another server cannot be asked.
    let dropped = it.stage.issue(&["app-role"]).id().to_owned();
    it.stage
        .cluster
        .execute(&format!("DROP ROLE \"{dropped}\""));
    it.other.stop();
    let run = it
        .pgcreds(&["revoke", &dropped, "--format", "json"])
        .exits(4);
    assert_eq!(run.json()["revoked"], json!([dropped]), "{run}");
    it.other.restart();
    it.pgcreds(&["revoke", id]).success();
    assert!(!it.is_there());
    it.pgcreds(&["revoke", id, "--connection", "other"])
        .success();
    it.stage.cluster.stop();
    it.other.stop();
    let shown = it.pgcreds(&["show", id, "--format", "json"]).success();
    assert_eq!(shown.json()["state"], "revoked", "{shown}");
    let shown = it.pgcreds(&["show", &dropped, "--format", "json"]).exits(3);
    assert_eq!(shown.json()["state"], "unknown", "{shown}");
}

#[test]
fn a_lease_that_no_log_knows_may_be_wherever_nobody_asked() {
    let it = Elsewhere::new();
    let id = it.id.as_str();
    let json = ["--format", "json"];
    let revoke = |further: &[&str]| it.pgcreds(&[&["revoke", id], &json[..], further].concat());
    let show = |further: &[&str]| it.pgcreds(&[&["show", id], &json[..], further].concat());
    let unasked =
        |error: &str| json!([{"lease_id": id, "connection": "my-postgres-db", "error": error}]);
    it.forget();
    let elsewhere = ["--connection", "other"];
    let run = revoke(&elsewhere).exits(1);
    assert_eq!(run.json()["revoked"], json!([]), "{run}");
    assert_eq!(run.json()["unasked"], unasked("it was not asked"));
    assert_eq!(show(&elsewhere).exits(1).json()["state"], "unknown");

    it.stage.cluster.stop();
    let run = revoke(&[]).exits(4);
    assert_eq!(run.json()["revoked"], json!([]), "{run}");
    assert_eq!(run.json()["unasked"], unasked("it could not be asked"));
    let run = show(&[]).exits(4);
    assert_eq!(run.json()["state"], "unknown");
    assert!(
        run.stderr
            .contains("could not connect to \"my-postgres-db\""),
        "{run}"
    );
    it.other.stop();
    assert_eq!(
        revoke(&[]).exits(3).json()["unasked"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(show(&[]).exits(3).json()["state"], "unknown");

    it.other.restart();
    it.stage.cluster.restart();
    assert!(it.is_there());
    revoke(&[]).success();
    it.forget();
    let run = revoke(&[]).success();
    assert_eq!(run.json()["revoked"], json!([id]), "{run}");
    assert!(show(&[]).exits(1).stderr.contains("not found"));
}
