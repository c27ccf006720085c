//! Asking many connections at once: one that does not answer keeps no other waiting.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use futures_util::stream;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::model::connection_url::Host;
use crate::model::name::ConnectionName;
use crate::ops::connect::{self, Admin};
use crate::postgres::error::DatabaseError;
use crate::state::State;

/// Connections that are asked at the same time. Few of them are at work: most of the time goes by waiting for answers.
const CONCURRENCY: usize = 64;

/// How long to wait before a server that had no room is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Opens all the named connections in their own databases, many at a time, and returns what became of each, in order.
pub(crate) async fn open_all(
    state: &State,
    names: &[ConnectionName],
) -> Vec<(ConnectionName, Result<Admin>)> {
    let question = async |admin| Ok(admin);
    let sessions = ask_in(state, names, Database::Own, Duration::ZERO, &question);
    in_order(names, sessions).await
}

/// Opens all the named connections, in whatever database, and asks something through each, many at a time; returns what
/// became of each, in order.
pub(crate) async fn ask_all<T>(
    state: &State,
    names: &[ConnectionName],
    question: impl AsyncFn(Admin) -> Result<T>,
) -> Vec<(ConnectionName, Result<T>)> {
    in_order(names, ask(state, names, Duration::ZERO, &question)).await
}

async fn in_order<T>(
    names: &[ConnectionName],
    answers: impl Stream<Item = (usize, Result<T>)>,
) -> Vec<(ConnectionName, Result<T>)> {
    let mut answers: Vec<_> = answers.collect().await;
    answers.sort_unstable_by_key(|(position, _)| *position);
    let named = |(position, answer): (usize, _)| (names[position].clone(), answer);
    answers.into_iter().map(named).collect()
}

/// The same, each answer with the position of its connection and as soon as it is there. A server that refuses sessions
/// because all its connection slots are taken is tried again for as long as `patience`.
pub(crate) fn ask<'a, T, F: AsyncFn(Admin) -> Result<T>>(
    state: &'a State,
    names: &'a [ConnectionName],
    patience: Duration,
    question: &'a F,
) -> impl Stream<Item = (usize, Result<T>)> + use<'a, T, F> {
    ask_in(state, names, Database::Any, patience, question)
}

fn ask_in<'a, T, F: AsyncFn(Admin) -> Result<T>>(
    state: &'a State,
    names: &'a [ConnectionName],
    database: Database,
    patience: Duration,
    question: &'a F,
) -> impl Stream<Item = (usize, Result<T>)> + use<'a, T, F> {
    let addresses = Addresses::default();
    stream::iter(names.iter().enumerate())
        .map(move |(position, name)| {
            let address = addresses.of(state, name);
            async move {
                let open = async || address.open(state, name, database).await;
                let answer = match when_there_is_room(patience, open).await {
                    Ok(admin) => question(admin).await,
                    Err(error) => Err(error),
                };
                (position, answer)
            }
        })
        .buffer_unordered(CONCURRENCY)
}

/// Opens something on a server. Where all its connection slots are taken, it is tried again for as long as `patience`.
pub(super) async fn when_there_is_room<T>(
    patience: Duration,
    open: impl AsyncFn() -> Result<T>,
) -> Result<T> {
    let end = Instant::now() + patience;
    loop {
        match open().await {
            Err(error) if is_full(&error) && Instant::now() < end => sleep(PAUSE).await,
            result => return result,
        }
    }
}

fn is_full(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DatabaseError>()
        .is_some_and(DatabaseError::is_full)
}

/// In which database of a server a session is opened.
#[derive(Clone, Copy)]
enum Database {
    /// That of the connection.
    Own,
    /// Another one, where the connection's own refuses sessions.
    Any,
}

impl Database {
    async fn open(self, state: &State, name: &ConnectionName) -> Result<Admin> {
        match self {
            Self::Own => connect::open(state, name).await,
            Self::Any => connect::open_anywhere(state, name).await,
        }
    }
}

/// The addresses that the connections lead to.
#[derive(Default)]
struct Addresses(RefCell<BTreeMap<Vec<Host>, Rc<Address>>>);

/// What several connections to one address have in common. The first one that tries it keeps the others waiting.
#[derive(Default)]
struct Address(Mutex<Answer>);

#[derive(Default)]
enum Answer {
    #[default]
    Unknown,
    /// It answered, or refused.
    Some,
    /// It did not answer this connection.
    None(ConnectionName, DatabaseError),
}

impl Addresses {
    /// The address of a connection. One whose url is not valid has one of its own.
    fn of(&self, state: &State, name: &ConnectionName) -> Rc<Address> {
        let connection = state.connection(name);
        match connection.and_then(|it| connect::parameters(name, it)) {
            Ok(parameters) => {
                let mut addresses = self.0.borrow_mut();
                Rc::clone(addresses.entry(parameters.hosts).or_default())
            }
            Err(_) => Rc::default(),
        }
    }
}

impl Address {
    /// Opens a connection to it, unless another one has found that no server answers there.
    async fn open(
        &self,
        state: &State,
        name: &ConnectionName,
        database: Database,
    ) -> Result<Admin> {
        let mut answer = self.0.lock().await;
        match &*answer {
            Answer::Some => {
                drop(answer);
                database.open(state, name).await
            }
            Answer::None(first, error) => {
                let what = format!(
                    "could not connect to \"{name}\": it leads to the same address as \"{first}\""
                );
                Err(error.clone().failure(what))
            }
            Answer::Unknown => {
                let opened = database.open(state, name).await;
                let error = opened.as_ref().err();
                let error = error.and_then(|it| it.downcast_ref::<DatabaseError>());
                *answer = match error {
                    Some(error) if error.is_silence() => Answer::None(name.clone(), error.clone()),
                    _ => Answer::Some,
                };
                opened
            }
        }
    }
}
