//! `kill -9` at any moment: whatever arrives at the server afterwards, what is on disk works.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{
    CHECK, CONNECTION, PATIENCE, ROTATE, Source, assert_recovers, assert_works, cluster,
    count_messages, reset, rotate, wait_for_sessions,
};
use crate::harness::{Cluster, Direction, Fault, Proxy, Run, Sandbox, Signal};

/// Runs pgcreds past the proxy, with the same passwords.
fn past(sandbox: &Sandbox, proxy: &Proxy, cluster: &Cluster, arguments: &[&str]) -> Run {
    let port = |port: u16| format!(":{port}/");
    let state = sandbox
        .state()
        .replace(&port(proxy.port()), &port(cluster.port()));
    let path = sandbox.state_path().with_file_name("direct.toml");
    sandbox_write(&path, &state);
    let path = path.display().to_string();
    let run = sandbox
        .pgcreds([&["--state", &path], arguments].concat())
        .run();
    // What a rotation has stored in that file is what the other one is to have.
    let state = fs::read_to_string(path).unwrap();
    sandbox.write_state(&state.replace(&port(cluster.port()), &port(proxy.port())));
    run
}

fn sandbox_write(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Rotates until that message is to be passed on, and kills it there.
fn kill_at(proxy: &Proxy, sandbox: &Sandbox, direction: Direction, count: usize) {
    proxy.set_fault(Fault::StallAt { direction, count });
    let running = sandbox.pgcreds(ROTATE).spawn();
    proxy.wait_for_stall(PATIENCE);
    assert_eq!(running.kill().code, 137);
}

fn at_every_message(source: Source) {
    let cluster = cluster();
    for (direction, messages) in count_messages(&cluster, source) {
        for count in 1..=messages {
            let what = format!("{source:?}, {direction:?} {count} of {messages}");
            let proxy = Proxy::start(cluster.port());
            let sandbox = source.sandbox(proxy.port());
            kill_at(&proxy, &sandbox, direction, count);
            // Before the server has what was on its way to it, and after.
            let run = past(&sandbox, &proxy, &cluster, &CHECK);
            assert_eq!(run.code, 0, "locked out: {what}\n{run}");
            proxy.resume();
            wait_for_sessions(&cluster);
            assert_recovers(&cluster, &sandbox, source, &what);
            reset(&cluster);
        }
    }
}

#[test]
fn at_every_message_with_a_file() {
    at_every_message(Source::File);
}

#[test]
fn at_every_message_with_a_literal() {
    at_every_message(Source::Literal);
}

#[test]
fn at_every_message_with_a_command() {
    at_every_message(Source::Command);
}

/// What the killed one had sent is the last thing that the server gets.
#[test]
fn what_arrives_after_the_next_rotation_does_no_harm() {
    let cluster = cluster();
    for source in Source::ALL {
        let [(direction, messages), _] = count_messages(&cluster, source);
        for count in 1..=messages {
            let what = format!("{source:?}, {count} of {messages}");
            let proxy = Proxy::start(cluster.port());
            let sandbox = source.sandbox(proxy.port());
            kill_at(&proxy, &sandbox, direction, count);
            past(&sandbox, &proxy, &cluster, &ROTATE).success();
            proxy.resume();
            wait_for_sessions(&cluster);
            assert_recovers(&cluster, &sandbox, source, &what);
            reset(&cluster);
        }
    }
}

#[test]
fn at_random_moments() {
    let cluster = cluster();
    for source in Source::ALL {
        let sandbox = source.sandbox(cluster.port());
        let start = Instant::now();
        rotate(&sandbox).success();
        let span = start.elapsed();
        let mut killed = 0;
        for number in 0..60_u32 {
            let running = sandbox.pgcreds(ROTATE).spawn();
            std::thread::sleep(span * (number * 37 % 60) / 60);
            running.signal(Signal::KILL);
            killed += u32::from(running.wait().code == 137);
            assert_works(&sandbox, &format!("{source:?}, kill {number}"));
        }
        assert!(killed > 15, "only {killed} were killed before their end");
        // A store command may have outlived its rotation.
        wait_for_sessions(&cluster);
        assert_recovers(&cluster, &sandbox, source, "random");
        let left = temporary_files(&[sandbox.home(), config_folder(&sandbox)]);
        assert_eq!(left, [] as [String; 0], "{source:?}");
        reset(&cluster);
    }
}

fn config_folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.state_path().parent().unwrap().to_owned()
}

/// What is in the folders besides the files that pgcreds has there for long.
fn temporary_files(folders: &[PathBuf]) -> Vec<String> {
    const LASTING: [&str; 7] = [
        ".config",
        ".local",
        "admin.password",
        "store",
        "pgcreds.toml",
        "pgcreds.toml.lock",
        "direct.toml",
    ];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| !LASTING.contains(&name.as_str()))
        .collect()
}

/// What a killed process has left is removed by the next one that locks the state file, and a living one loses nothing.
#[test]
fn temporary_files_are_removed_unless_a_process_writes_them() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n[connections.c]\nurl = \"host=h\"\n");
    let folder = config_folder(&sandbox);
    let [dead, alive, foreign] = [
        ".pgcreds-0123456789abcdef.partial",
        ".pgcreds-fedcba9876543210.partial",
        ".pgcreds-prod.toml",
    ]
    .map(|name| folder.join(name));
    for path in [&dead, &alive, &foreign] {
        sandbox_write(path, "secret");
    }
    let lock = fs::File::open(&alive).unwrap();
    lock.lock().unwrap();
    let add = "role add r --connection c --member-of g --no-verify";
    sandbox.pgcreds(add.split(' ')).run().success();
    let mut left = temporary_files(std::slice::from_ref(&folder));
    left.sort();
    assert_eq!(
        left,
        [".pgcreds-fedcba9876543210.partial", ".pgcreds-prod.toml"]
    );
    drop(lock);
    sandbox.pgcreds(["role", "remove", "r"]).run().success();
    assert_eq!(temporary_files(&[folder]), [".pgcreds-prod.toml"]);
}

/// A store that is half-written, by a command that hangs.
#[test]
fn while_the_store_command_hangs() {
    for before in ["", ": >store; "] {
        let cluster = cluster();
        let sandbox = Source::Command.sandbox(cluster.port());
        let state = sandbox.state();
        let hang = format!("{before}touch hangs; while [ -e hangs ]; do sleep 0.02; done");
        sandbox.write_state(&state.replace(super::STORE, &hang));
        let running = sandbox.pgcreds(ROTATE).spawn();
        let hangs = sandbox.home().join("hangs");
        crate::harness::eventually(PATIENCE, || hangs.exists());
        let run = running.kill();
        assert_eq!(run.to_string(), "[exit 137]\n");
        fs::remove_file(hangs).unwrap();
        assert_works(&sandbox, before);
        for line in ["role list", "lease list", "sweep", "connection list"] {
            sandbox.pgcreds(line.split(' ')).run().success();
        }
        sandbox.write_state(&state);
        assert_recovers(&cluster, &sandbox, Source::Command, before);
    }
}

/// With everything stored, and the pending entry not yet removed.
#[test]
fn right_before_the_pending_entry_is_forgotten() {
    for source in [Source::Literal, Source::Command] {
        let cluster = cluster();
        let sandbox = source.sandbox(cluster.port());
        rotate(&sandbox).success();
        let first = source.stored(&sandbox).unwrap();
        sandbox_write(&source.pending(&sandbox), &format!("{first}\n"));
        assert_recovers(&cluster, &sandbox, source, "not forgotten");
        // Nothing was to be finished but forgetting: this was a rotation of its own.
        assert_ne!(source.stored(&sandbox).unwrap(), first, "{source:?}");
        let force = ["--force", "--delete-password"];
        let remove = ["connection", "remove", CONNECTION].iter().chain(&force);
        sandbox.pgcreds(remove).run().success();
    }
}

/// Time for a test that waits for nothing else.
#[test]
fn others_wait_for_the_lock_and_say_who_has_it() {
    let cluster = cluster();
    let proxy = Proxy::start(cluster.port());
    let sandbox = Source::File.sandbox(proxy.port());
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToServer,
        count: 1,
    });
    let running = sandbox.pgcreds(ROTATE).spawn();
    proxy.wait_for_stall(PATIENCE);
    let start = Instant::now();
    let run = rotate(&sandbox).exits(1);
    assert!(start.elapsed() < Duration::from_secs(9));
    let pid = running.pid().to_string();
    assert_eq!(
        run.to_string()
            .replace(&sandbox.home().display().to_string(), "~")
            .replace(&pid, "PID"),
        "--- stderr ---\n\
         error: state file \"~/.config/pgcreds/pgcreds.toml\" is locked by process PID\n\
         hint: Try again when that process has ended.\n\
         [exit 1]\n"
    );
    proxy.resume();
    assert_eq!(running.wait().to_string(), super::ROTATED);
}
