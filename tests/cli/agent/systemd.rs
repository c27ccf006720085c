//! What systemd is told, over the socket that it would listen on.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::{Agent, LONG, line};
use crate::app_role::App;
use crate::harness::Signal;

fn receive(socket: &UnixDatagram, timeout: Duration) -> Option<String> {
    socket.set_read_timeout(Some(timeout)).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).ok()?;
    Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
}

#[test]
fn systemd_is_told_when_it_is_ready_and_when_it_stops() {
    let app = App::new();
    let folder = app.path("folder");
    app.describe("app", "");
    app.describe(
        "late",
        &format!("path = \"{}\"\n", folder.join("late").display()),
    );
    let socket = UnixDatagram::bind(app.path("notify")).unwrap();
    let command = app.sandbox.pgcreds(line(&[]));
    let running = command.env("NOTIFY_SOCKET", app.path("notify")).spawn();
    let agent = Agent { app: &app, running };
    agent.wait_for("issued", 1);
    agent.wait_for("failed", 1);
    let early = receive(&socket, Duration::from_millis(200)).unwrap_or_default();
    assert!(!early.contains("READY"), "{early}");
    fs::create_dir(&folder).unwrap();
    let mut said = Vec::new();
    while !said.iter().any(|text: &String| text.contains("READY=1")) {
        said.push(receive(&socket, LONG).expect("systemd is never told"));
    }
    assert!(folder.join("late").exists());
    assert!(
        said.last().unwrap().contains("STATUS=2 files filled"),
        "{said:?}"
    );

    // The status tells when one of them is not good any more.
    fs::remove_dir_all(&folder).unwrap();
    let status = receive(&socket, LONG).unwrap();
    assert_eq!(status.trim_end(), "STATUS=1 of 2 files filled");

    agent.running.signal(Signal::TERM);
    let stopping = receive(&socket, LONG).unwrap();
    assert_eq!(stopping.trim_end(), "STOPPING=1");
    assert_eq!(agent.running.wait().success().stdout, "");
}
