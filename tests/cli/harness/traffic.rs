//! What passes through a proxy: the counts of all its connections, and the decision on each message.

use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::proxy::{Direction, Fault};
use super::wire::READY_FOR_QUERY;

/// What becomes of a connection after the admitted messages were passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    Cut,
}

/// Shared by all threads of a proxy.
pub(super) struct Traffic {
    state: Mutex<State>,
    changed: Condvar,
}

/// What the threads share, under one lock.
struct State {
    fault: Fault,
    is_stalled: bool,
    is_closed: bool,
    connections: Vec<Connection>,
    messages: Vec<(Direction, u8)>,
    /// How many messages passed, by `Direction as usize`.
    passed: [usize; 2],
    sockets: Vec<TcpStream>,
}

/// One client and its server process.
#[derive(Default)]
struct Connection {
    /// Past its first ReadyForQuery.
    is_started: bool,
    /// Nothing passes any more in either direction, not even what arrives before the sockets are closed.
    is_cut: bool,
    is_request_pending: bool,
    round_trips: usize,
}

impl Traffic {
    /// No connections, no fault.
    pub(super) fn new() -> Traffic {
        let state = State {
            fault: Fault::None,
            is_stalled: false,
            is_closed: false,
            connections: Vec::new(),
            messages: Vec::new(),
            passed: [0; 2],
            sockets: Vec::new(),
        };
        Traffic {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Registers a new connection and returns its number.
    pub(super) fn open(&self) -> usize {
        let mut state = self.lock();
        state.connections.push(Connection::default());
        state.connections.len() - 1
    }

    /// Keeps a socket until the end, to close it then.
    pub(super) fn keep(&self, socket: TcpStream) {
        let mut state = self.lock();
        if state.is_closed {
            let _ = socket.shutdown(Shutdown::Both);
        }
        state.sockets.push(socket);
    }

    /// Closes all sockets and wakes all threads.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        for socket in state.sockets.drain(..) {
            // An error means that it is closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// Whether the proxy is going away.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// The fault that is set.
    pub(super) fn fault(&self) -> Fault {
        self.lock().fault
    }

    /// Replaces the fault.
    pub(super) fn set_fault(&self, fault: Fault) {
        self.lock().fault = fault;
    }

    /// The round trips of each connection.
    pub(super) fn round_trips(&self) -> Vec<usize> {
        self.lock()
            .connections
            .iter()
            .map(|connection| connection.round_trips)
            .collect()
    }

    /// All messages after the connections' start-up.
    pub(super) fn messages(&self) -> Vec<(Direction, u8)> {
        self.lock().messages.clone()
    }

    /// Whether a stall was reached within the timeout.
    pub(super) fn wait_for_stall(&self, timeout: Duration) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), timeout, |state| !state.is_stalled);
        waited.unwrap().0.is_stalled
    }

    /// Ends a stall.
    pub(super) fn resume(&self) {
        self.lock().is_stalled = false;
        self.changed.notify_all();
    }

    /// Returns once the traffic flows.
    pub(super) fn wait_while_stalled(&self) {
        drop(self.lock_unstalled());
    }

    /// Counts messages that arrived together, as far as they may be passed on now: how many that is, and what comes after them.
    /// Blocks while the traffic is stalled.
    pub(super) fn admit(
        &self,
        connection: usize,
        direction: Direction,
        types: &[u8],
    ) -> (usize, Verdict) {
        let mut state = self.lock_unstalled();
        while state.stalls_at_next(connection, direction) {
            state.fault = Fault::None;
            state.is_stalled = true;
            self.changed.notify_all();
            drop(state);
            state = self.lock_unstalled();
        }
        if state.is_closed || state.connections[connection].is_cut {
            return (0, Verdict::Cut);
        }
        for (index, kind) in types.iter().enumerate() {
            if index > 0 && state.stalls_at_next(connection, direction) {
                return (index, Verdict::GoOn);
            }
            let count = state.count(connection, direction, *kind);
            if state.fault == (Fault::CutBefore { direction, count }) {
                state.connections[connection].is_cut = true;
                return (index, Verdict::Cut);
            }
            if state.fault == (Fault::CutAfter { direction, count }) {
                state.connections[connection].is_cut = true;
                return (index + 1, Verdict::Cut);
            }
        }
        (types.len(), Verdict::GoOn)
    }

    /// The state, for one look or change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The state, once the traffic flows or is closed.
    fn lock_unstalled(&self) -> MutexGuard<'_, State> {
        let is_held = |state: &mut State| state.is_stalled && !state.is_closed;
        self.changed.wait_while(self.lock(), is_held).unwrap()
    }
}

impl State {
    /// Counts one message. Returns its number among those of its direction; 0 during start-up.
    fn count(&mut self, connection: usize, direction: Direction, kind: u8) -> usize {
        let connection = &mut self.connections[connection];
        if !connection.is_started {
            connection.is_started = direction == Direction::ToClient && kind == READY_FOR_QUERY;
            return 0;
        }
        if direction == Direction::ToClient && connection.is_request_pending {
            connection.round_trips += 1;
        }
        connection.is_request_pending = direction == Direction::ToServer;
        self.messages.push((direction, kind));
        self.passed[direction as usize] += 1;
        self.passed[direction as usize]
    }

    /// Whether the next message in that direction is the one to stall at.
    fn stalls_at_next(&self, connection: usize, direction: Direction) -> bool {
        let count = self.passed[direction as usize] + 1;
        self.connections[connection].is_started && self.fault == Fault::StallAt { direction, count }
    }
}
