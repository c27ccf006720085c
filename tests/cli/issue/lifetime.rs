//! How long a login lives: the role's default, `--ttl`, and the limits.

use crate::harness::{Admin, Run};
use crate::lease_stage::{APP_ROLE, Stage};

/// Roles with a default of their own, and without.
fn stage() -> Stage {
    let short = APP_ROLE.replace("app-role", "short") + "default_ttl = \"5m\"\nmax_ttl = 600\n";
    Stage::new(Admin::CreateRole, &format!("{APP_ROLE}{short}"))
}

/// Asks for a login in vain.
fn refused(stage: &Stage, arguments: &[&str]) -> Run {
    let run = stage
        .sandbox
        .pgcreds([&["issue"], arguments].concat())
        .run();
    assert_eq!(stage.logins(), []);
    run
}

#[test]
fn it_is_asked_for_or_the_roles_default() {
    let stage = stage();
    for (arguments, seconds, longest) in [
        (&["app-role"][..], 3_600, 86_400),
        (&["app-role", "--ttl", "24h"], 86_400, 86_400),
        (&["app-role", "--ttl", "1h30m"], 5_400, 86_400),
        (&["app-role", "--ttl", "45"], 45, 86_400),
        (&["short"], 300, 600),
        (&["short", "--ttl=10m"], 600, 600),
    ] {
        let issued = stage.issue(arguments);
        let [from, end, last] =
            ["issued_at", "expires_at", "max_expires_at"].map(|key| issued.text(key));
        let seconds_between = |one: &str, other: &str| {
            let sql = format!("SELECT extract(epoch FROM timestamptz '{other}' - '{one}')::int");
            stage.cluster.value(&sql).parse::<u32>().unwrap()
        };
        assert_eq!(seconds_between(from, end), seconds, "{arguments:?}");
        assert_eq!(seconds_between(from, last), longest, "{arguments:?}");
        let login = stage
            .logins()
            .into_iter()
            .find(|login| login.name == issued.id());
        assert_eq!(login.unwrap().end, end);
    }
}

#[test]
fn one_over_the_maximum_is_refused_and_both_are_named() {
    let stage = stage();
    let run = refused(&stage, &["short", "--ttl", "10m1s"]);
    assert_eq!(
        run.to_string(),
        "--- stderr ---\n\
         error: ttl 10m1s is over max_ttl 10m of role \"short\"\n\
         hint: Ask for at most 10m, or raise max_ttl of the role in the state file.\n\
         [exit 1]\n"
    );
}

#[test]
fn one_that_is_no_lifetime_is_a_usage_error() {
    let stage = stage();
    for (ttl, problem) in [
        ("0", "a duration must be at least one second"),
        ("0s", "a duration must be at least one second"),
        ("-5m", "a duration is a number with a unit"),
        ("-1", "a duration is a number with a unit"),
        ("soon", "a duration is a number with a unit"),
        ("1.5h", "a duration is a number with a unit"),
        ("", "a duration is a number with a unit"),
        ("99999999999999999999", "a duration"),
        ("4000d", "a duration must be at most 3650d"),
    ] {
        let run = refused(&stage, &["app-role", "--ttl", ttl]).exits(2);
        let expected = format!("error: invalid value '{ttl}' for '--ttl <DURATION>': {problem}");
        assert!(run.stderr.starts_with(&expected), "{run}");
    }
}

#[test]
fn an_unknown_role_is_refused_and_the_nearest_named() {
    let stage = stage();
    assert_eq!(
        refused(&stage, &["app-rolle"]).to_string(),
        "--- stderr ---\n\
         error: role \"app-rolle\" not found\n\
         hint: Did you mean \"app-role\"? There are \"app-role\", \"short\".\n\
         [exit 1]\n"
    );
}

#[test]
fn a_role_that_the_connection_does_not_allow_is_refused() {
    let stage = stage();
    let state = stage.sandbox.state();
    for allowed in ["[]", "[\"other-*\"]", "[\"App-Role\"]"] {
        let line = format!("username = \"vaultadmin\"\nallowed_roles = {allowed}\n");
        stage
            .sandbox
            .write_state(&state.replace("username = \"vaultadmin\"\n", &line));
        assert_eq!(
            refused(&stage, &["app-role"]).to_string(),
            "--- stderr ---\n\
             error: role \"app-role\" is not allowed on connection \"my-postgres-db\"\n\
             hint: Add \"app-role\" to allowed_roles of the connection in the state file.\n\
             [exit 1]\n"
        );
    }
    let line = "username = \"vaultadmin\"\nallowed_roles = [\"x\", \"app-*\"]\n";
    stage
        .sandbox
        .write_state(&state.replace("username = \"vaultadmin\"\n", line));
    stage.issue(&["app-role"]);
}
