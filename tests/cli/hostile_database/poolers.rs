//! What stands between pgcreds and the server may refuse the options of a session's start, or leave them out: then the
//! first request sets what they would have set.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::Admin;
use crate::lease_stage::{APP_ROLE, Stage, sandbox_at};

/// What a pooler does with options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    PassesOn,
    Refuses(&'static str),
    LeavesOut,
}

/// What a client said first: its options, and its first request.
#[derive(Clone, Debug, Default)]
struct Opening {
    options: Option<String>,
    request: String,
}

/// Stands in for a pooler; returns its port and what it hears.
fn pooler(upstream: u16, manner: Manner) -> (u16, Arc<Mutex<Vec<Opening>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::<Mutex<Vec<Opening>>>::default();
    let shared = Arc::clone(&heard);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let heard = Arc::clone(&shared);
            // An error means that one side has closed the connection.
            std::thread::spawn(move || serve(client, upstream, manner, &heard));
        }
    });
    (port, heard)
}

fn serve(
    mut client: TcpStream,
    upstream: u16,
    manner: Manner,
    heard: &Mutex<Vec<Opening>>,
) -> Option<()> {
    let mut texts = start_up(&mut client)?;
    let at = texts.iter().step_by(2).position(|name| name == "options");
    let options = at.map(|at| texts[at * 2 + 1].clone());
    if let (Manner::Refuses(code), Some(_)) = (manner, &options) {
        let text = format!("SFATAL\0VFATAL\0C{code}\0Munsupported startup parameter: options\0\0");
        let length = u32::try_from(text.len() + 4).ok()?;
        let answer = [b"E", &length.to_be_bytes()[..], text.as_bytes()].concat();
        return client.write_all(&answer).ok();
    }
    if let (Manner::LeavesOut, Some(at)) = (manner, at) {
        texts.drain(at * 2..at * 2 + 2);
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).ok()?;
    let body = texts.join("\0") + "\0\0";
    let length = u32::try_from(body.len() + 8).ok()?;
    let packet = [
        &length.to_be_bytes()[..],
        &196_608_u32.to_be_bytes(),
        body.as_bytes(),
    ]
    .concat();
    server.write_all(&packet).ok()?;
    let (mut answers, mut to) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut answers, &mut to));
    let mut opening = Some(Opening {
        options,
        ..Opening::default()
    });
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = client.read(&mut chunk) {
        if chunk[0] == b'Q'
            && let Some(opening) = opening.take()
        {
            let request = String::from_utf8_lossy(&chunk[5..count]).into_owned();
            heard.lock().unwrap().push(Opening { request, ..opening });
        }
        server.write_all(&chunk[..count]).ok()?;
    }
    Some(())
}

/// The names and values of the start-up packet, after no to encryption.
fn start_up(client: &mut TcpStream) -> Option<Vec<String>> {
    loop {
        let mut head = [0; 8];
        client.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let mut body = vec![0; length - 8];
        client.read_exact(&mut body).ok()?;
        if head[4..] == 196_608_u32.to_be_bytes() {
            let text = String::from_utf8(body).ok()?;
            let text = text.trim_end_matches('\0');
            return Some(text.split('\0').map(str::to_owned).collect());
        }
        client.write_all(b"N").ok()?;
    }
}

#[test]
fn no_statement_comes_before_the_session_is_pinned() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, "");
        stage.cluster.execute("GRANT dbowner TO vaultadmin");
        for (name, value) in [
            ("search_path", "evil, pg_catalog"),
            ("role", "dbowner"),
            ("default_transaction_read_only", "on"),
        ] {
            super::set(&stage.cluster, name, value);
        }
        for manner in [
            Manner::PassesOn,
            Manner::Refuses("08P01"),
            Manner::Refuses("0A000"),
            Manner::LeavesOut,
        ] {
            let (port, heard) = pooler(stage.cluster.port(), manner);
            let sandbox = sandbox_at(port, APP_ROLE);
            for arguments in [
                &["issue", "app-role"][..],
                &["lease", "list"],
                &["connection", "check", "my-postgres-db"],
                &["role", "check", "app-role"],
                &["sweep"],
            ] {
                sandbox.pgcreds(arguments).run().success();
            }
            let heard = heard.lock().unwrap();
            assert!(heard.len() >= 5, "{manner:?}: {heard:?}");
            for opening in heard.iter() {
                let text = match manner {
                    Manner::PassesOn => opening.options.as_deref().unwrap_or_default(),
                    _ => &opening.request,
                };
                for setting in ["search_path", "role", "default_transaction_read_only"] {
                    assert!(text.contains(setting), "{manner:?}: {opening:?}");
                }
                if manner != Manner::PassesOn {
                    assert!(!text.contains("SELECT"), "{manner:?}: {opening:?}");
                }
            }
        }
        stage.expire_and_sweep_all();
    }
}

/// What the admin's own options say is not left out to please a pooler.
#[test]
fn options_of_the_url_are_not_left_out() {
    let stage = Stage::new(Admin::CreateRole, "");
    let (port, _) = pooler(stage.cluster.port(), Manner::Refuses("08P01"));
    let sandbox = sandbox_at(port, APP_ROLE);
    let state = sandbox.state();
    sandbox.write_state(&state.replace("/mydb\"", "/mydb?options=-c%20role%3Dapp_rw\""));
    let refused = sandbox.pgcreds(["lease", "list"]).run().exits(3);
    assert!(
        refused.stderr.contains("unsupported startup parameter"),
        "{refused}"
    );
}
