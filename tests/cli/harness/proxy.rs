//! `Proxy`: stands between a client and PostgreSQL, counts what passes, and breaks connections at a chosen message.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::traffic::{Traffic, Verdict};
use super::wire;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    ToClient,
}

/// What goes wrong. Messages are counted from 1, per direction, over the proxy's life, without those of the connections' start-up
/// (up to the first ReadyForQuery): just as `Proxy::messages` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Passes that message on, then closes both sides.
    CutAfter {
        direction: Direction,
        count: usize,
    },
    /// Closes both sides instead of passing that message on.
    CutBefore {
        direction: Direction,
        count: usize,
    },
    /// Holds that message and everything after it back, on all connections, until `Proxy::resume`.
    StallAt {
        direction: Direction,
        count: usize,
    },
    /// Accepts new connections and never answers.
    Silent,
    /// Accepts new connections and closes them.
    Refuse,
}

/// A proxy on a port of its own. Dropped: all its connections are closed.
pub(crate) struct Proxy {
    port: u16,
    traffic: Arc<Traffic>,
    listener: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy for the server on that port.
    pub(crate) fn start(upstream_port: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let traffic = Arc::new(Traffic::new());
        let shared = Arc::clone(&traffic);
        let thread = std::thread::spawn(move || accept(&listener, &shared, upstream_port));
        Proxy {
            port,
            traffic,
            listener: Some(thread),
        }
    }

    /// The port that clients connect to, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.traffic.round_trips().len()
    }

    /// How often a client waited for the server after authentication: requests that were answered, where those sent together
    /// count once.
    pub(crate) fn round_trips(&self) -> usize {
        self.round_trips_by_connection().iter().sum()
    }

    /// The round trips of each connection, in the order in which they were opened.
    pub(crate) fn round_trips_by_connection(&self) -> Vec<usize> {
        self.traffic.round_trips()
    }

    /// Direction and type byte of all messages after the connections' start-up.
    pub(crate) fn messages(&self) -> Vec<(Direction, u8)> {
        self.traffic.messages()
    }

    /// Sets what goes wrong from now on. A message that has passed already is not counted again.
    pub(crate) fn set_fault(&self, fault: Fault) {
        self.traffic.set_fault(fault);
    }

    /// Waits until a `StallAt` was reached; panics when it is not within the timeout.
    #[track_caller]
    pub(crate) fn wait_for_stall(&self, timeout: Duration) {
        assert!(
            self.traffic.wait_for_stall(timeout),
            "the proxy did not stall within {timeout:?}"
        );
    }

    /// Whether a `StallAt` is reached within the timeout: the client may have no more to say.
    pub(crate) fn stalls_within(&self, timeout: Duration) -> bool {
        self.traffic.wait_for_stall(timeout)
    }

    /// Ends a stall: what was held back is passed on, also when its sender has died meanwhile.
    pub(crate) fn resume(&self) {
        self.traffic.resume();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.traffic.close();
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// Takes connections until the traffic is closed.
fn accept(listener: &TcpListener, traffic: &Arc<Traffic>, upstream_port: u16) {
    for client in listener.incoming().flatten() {
        if traffic.is_closed() {
            return;
        }
        let connection = traffic.open();
        match traffic.fault() {
            Fault::Refuse => drop(client),
            Fault::Silent => traffic.keep(client),
            _ => {
                let traffic = Arc::clone(traffic);
                // An error means that one side has closed the connection, and then both are closed.
                std::thread::spawn(move || {
                    let _ = serve(&traffic, connection, client, upstream_port);
                });
            }
        }
    }
}

/// Connects a client to the server, and passes on what they say until one of them ends it.
fn serve(
    traffic: &Arc<Traffic>,
    connection: usize,
    mut client: TcpStream,
    upstream_port: u16,
) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream_port))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        traffic.keep(stream.try_clone()?);
    }
    traffic.wait_while_stalled();
    let started = wire::pass_start_up(&mut client, &mut server);
    let is_encrypted = started.inspect_err(|_| close([&client, &server]))?;
    let (answers_from, answers_to) = (server.try_clone()?, client.try_clone()?);
    let requests = Pump {
        traffic: Arc::clone(traffic),
        connection,
        direction: Direction::ToServer,
        is_encrypted,
    };
    let answers = Pump {
        direction: Direction::ToClient,
        traffic: Arc::clone(traffic),
        ..requests
    };
    std::thread::spawn(move || answers.run(answers_from, answers_to));
    requests.run(client, server);
    Ok(())
}

/// Closes both sides, of which the traffic keeps copies.
fn close(sides: [&TcpStream; 2]) {
    for side in sides {
        // An error means that it is closed already.
        let _ = side.shutdown(Shutdown::Both);
    }
}

/// Passes on what one side sends.
struct Pump {
    traffic: Arc<Traffic>,
    connection: usize,
    direction: Direction,
    /// Then messages cannot be told apart: everything is passed on, and nothing counted.
    is_encrypted: bool,
}

impl Pump {
    /// Runs until one side closes the connection or a fault cuts it; then both sides are closed.
    fn run(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut received = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut chunk) {
            received.extend_from_slice(&chunk[..length]);
            let passed = if self.is_encrypted {
                to.write_all(&std::mem::take(&mut received)).is_ok()
            } else {
                self.pass(&wire::take_messages(&mut received), &mut to)
            };
            if !passed {
                break;
            }
        }
        close([&from, &to]);
    }

    /// Passes messages that were received together on together. Whether the connection goes on.
    fn pass(&self, mut messages: &[Vec<u8>], to: &mut TcpStream) -> bool {
        while !messages.is_empty() {
            let types: Vec<u8> = messages.iter().map(|message| message[0]).collect();
            let (count, verdict) = self.traffic.admit(self.connection, self.direction, &types);
            let (admitted, rest) = messages.split_at(count);
            if to.write_all(&admitted.concat()).is_err() || verdict == Verdict::Cut {
                return false;
            }
            messages = rest;
        }
        true
    }
}
