//! Commands run in their own environment, and their output is rendered the same each time.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::harness::{Cluster, Sandbox, Signal, eventually, normalize};

#[test]
fn a_command_sees_only_its_sandbox() {
    let sandbox = Sandbox::new();
    let names = "env | cut -d= -f1 | grep -vE '^(PWD|_|SHLVL|OLDPWD|LLVM_PROFILE_FILE)$' | sort";
    let run = sandbox.program("sh", ["-c", names]).env("EXTRA", "1").run();
    assert_eq!(
        run.to_string(),
        "EXTRA\nHOME\nLANG\nPATH\nTZ\nUSER\n[exit 0]\n"
    );

    let home = sandbox
        .program("sh", ["-c", "echo $HOME; pwd -P"])
        .run()
        .success();
    assert_eq!(home.normalized(&sandbox, None), "~\n~\n[exit 0]\n");
    let elsewhere = sandbox.program("pwd", ["-P"]).cwd("/").run().success();
    assert_eq!(elsewhere.stdout, "/\n");
}

#[test]
fn the_program_under_test_runs() {
    let sandbox = Sandbox::new();
    let run = sandbox.pgcreds(["--version"]).run().success();
    assert_eq!(
        run.stdout,
        format!("pgcreds {}\n", env!("CARGO_PKG_VERSION"))
    );
    sandbox.pgcreds(["--no-such-flag"]).run().exits(2);
}

#[test]
fn a_state_file_is_private() {
    let cluster = Cluster::start();
    let sandbox = Sandbox::new().with_connection(&cluster);
    let url = "postgresql://{{username}}:{{password}}@127.0.0.1:";
    assert!(
        sandbox
            .state()
            .contains(&format!("{url}{}/mydb", cluster.port()))
    );
    assert!(sandbox.state_path().starts_with(sandbox.home()));
    for path in [sandbox.state_path(), sandbox.home().join("admin.password")] {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    sandbox.write_state("version = 1\n");
    assert_eq!(sandbox.state(), "version = 1\n");
}

#[test]
fn a_run_is_rendered_whole() {
    let sandbox = Sandbox::new();
    let script = "cat; echo problem >&2; exit 3";
    let run = sandbox
        .program("sh", ["-c", script])
        .stdin("input\n")
        .run()
        .exits(3);
    assert_eq!(
        run.to_string(),
        "input\n--- stderr ---\nproblem\n[exit 3]\n"
    );
    let run = sandbox.program("echo", [r#"{"a":[1]}"#]).run().success();
    assert_eq!(run.json()["a"][0], 1);

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = sandbox
        .program("sh", ["-c", "trap '' PIPE; echo lost"])
        .stdout(writer)
        .run();
    assert_ne!(run.code, 0);
    assert_eq!(run.stdout, "");
    let mut command = sandbox.program("sh", ["-c", "exit 4"]).command();
    assert_eq!(command.status().unwrap().code(), Some(4));
}

#[test]
fn a_running_command_can_be_signalled_and_killed() {
    let sandbox = Sandbox::new();
    let script =
        "trap 'echo stopping; exit 5' TERM; echo $$; echo note >&2; while :; do sleep 0.02; done";
    let start = || {
        let running = sandbox.program("sh", ["-c", script]).spawn();
        eventually(Duration::from_secs(10), || running.stderr() == "note\n");
        running
    };
    let stopped = start();
    let pid = stopped.pid();
    assert_eq!(stopped.stdout(), format!("{pid}\n"));
    stopped.signal(Signal::TERM);
    assert_eq!(stopped.wait().exits(5).stdout, format!("{pid}\nstopping\n"));
    assert_eq!(start().kill().code, 137);

    let dropped = start();
    let probe = format!("kill -0 {}", dropped.pid());
    drop(dropped);
    assert_ne!(sandbox.program("sh", ["-c", &probe]).run().code, 0);
}

#[test]
fn what_differs_between_runs_is_replaced() {
    for (text, expected) in [
        (
            "pgc_app_role_alice_abcdefghij12",
            "pgc_app_role_alice_RANDOM",
        ),
        ("(\"pgc_a_b_000000000000\")", "(\"pgc_a_b_RANDOM\")"),
        (
            "pgc_a_b_short xpgc_a_000000000000",
            "pgc_a_b_short xpgc_a_000000000000",
        ),
        ("pgc_a_b_ABCDEFGHIJ12", "pgc_a_b_ABCDEFGHIJ12"),
        ("u:abcdefghijABCDEFGHIJ012345678901@h", "u:PASSWORD@h"),
        (
            "abcdefghijABCDEFGHIJ0123456789012",
            "abcdefghijABCDEFGHIJ0123456789012",
        ),
        ("at 2026-11-24T03:00:00Z.", "at TIME."),
        (
            "2026-11-24T03:00:00.123456Z 2026-11-24 03:00:00+00",
            "TIME TIME",
        ),
        ("2026-11-24T03:00:00+00:00", "TIME"),
        (
            "2026-11-24T03:00:00 2026-11-24",
            "2026-11-24T03:00:00 2026-11-24",
        ),
        (
            "pid 12, pid=34, \"pid\": 56, process 7",
            "pid PID, pid=PID, \"pid\": PID, process PID",
        ),
        ("rapid 12 pid: pids 7", "rapid 12 pid: pids 7"),
        ("– é 1h ü", "– é 1h ü"),
    ] {
        assert_eq!(normalize(text), expected);
    }
}

#[test]
fn a_run_hides_where_its_cluster_is() {
    let cluster = Cluster::start();
    let sandbox = Sandbox::new();
    let (port, host) = (cluster.port(), cluster.host());
    let text = format!("{host}:{port} {port}0 {}", cluster.socket_dir().display());
    let run = sandbox.program("echo", [text]).run();
    assert_eq!(
        run.normalized(&sandbox, Some(&cluster)),
        format!("127.0.0.1:PORT {port}0 SOCKETS\n[exit 0]\n")
    );
}
