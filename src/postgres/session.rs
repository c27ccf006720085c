//! One open session with a server, as the admin.

use std::pin::Pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream, SimpleQueryMessage, SimpleQueryRow};

use crate::model::connection_url::Host;
use crate::postgres::error::DatabaseError;
use crate::postgres::notices::{Notice, Notices};
use crate::postgres::opening::{Mode, Open};
use crate::postgres::pinned;

/// The server ends a statement of ours after this time, so that no lock of ours is in an application's way for longer.
const STATEMENT_SECONDS: u64 = 60;

/// How long pgcreds waits for an answer: a little longer than the server works on it.
const ANSWER_SECONDS: u64 = STATEMENT_SECONDS + 10;

/// How long a statement of ours waits for a lock.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How long a lock that applications queue behind is waited for at a time.
pub(crate) const LOCK_STEP: Duration = Duration::from_millis(200);

/// A parameter of a query with its type, so that no round trip is needed to ask for it.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Where a session is connected to.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) host: Host,
    pub(crate) dbname: String,
    pub(crate) user: String,
}

/// An open session. Every call is bounded in time.
pub(crate) struct Session {
    client: Client,
    address: Address,
    is_verified: bool,
    mode: Mode,
    notices: Notices,
    /// Why it is not in the database that was wanted.
    refused: Option<String>,
}

/// Begins a transaction for pgcreds' own SQL: bounded, and blind to what is in other people's schemas. Its queries of the
/// catalogs are estimated so high that compiling them would take longer than they run.
pub(crate) fn begin(session: &Session) -> String {
    begin_waiting(session, LOCK_WAIT)
}

/// The same with another limit on the wait for each lock.
pub(crate) fn begin_waiting(session: &Session, patience: Duration) -> String {
    let mode = session.mode();
    // A standby refuses even to be told that it is one.
    let access = if mode.is_primary() {
        ", READ WRITE"
    } else {
        ""
    };
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED{access}; {}\
         SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; \
         SET LOCAL jit = off; \
         SET LOCAL TimeZone = 'UTC'; \
         {}; \
         SET LOCAL standard_conforming_strings = on; \
         {OWN_SEARCH_PATH};",
        pinned::for_transaction(mode.version),
        lock_timeout(patience)
    )
}

/// Makes the transaction's queries find rows by their keys and read no catalog as a whole, whatever the statistics are.
pub(super) const BY_KEY: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;";

/// Limits how long a statement waits for a lock. Zero would be no limit.
fn lock_timeout(patience: Duration) -> String {
    let milliseconds = patience.as_millis().max(1);
    format!("SET LOCAL lock_timeout = {milliseconds}")
}

/// What pgcreds' own SQL runs under.
const OWN_SEARCH_PATH: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// Wraps an administrator's SQL, inside a transaction begun by [`begin`]: it finds PostgreSQL's own objects first, then
/// those of these schemas, whatever the database's settings are. Whatever user and role it takes on is given back.
pub(crate) fn foreign(session: &Session, sql: &str, schemas: &[String]) -> String {
    let own_role = session.mode().own_role();
    let path = pinned::statements_path(schemas);
    format!(
        "{path}\n{sql}\n;RESET SESSION AUTHORIZATION; {own_role}; \
         SET LOCAL standard_conforming_strings = on; {OWN_SEARCH_PATH};"
    )
}

impl Session {
    /// `is_verified`: nobody else can have answered in the server's place.
    pub(super) fn new(opened: Open, address: Address, is_verified: bool) -> Self {
        Self {
            client: opened.client,
            address,
            is_verified,
            mode: opened.mode,
            notices: opened.notices,
            refused: None,
        }
    }

    /// The same session, which stands in for one that was refused for this reason.
    pub(super) fn instead_of(self, refusal: String) -> Self {
        Self {
            refused: Some(refusal),
            ..self
        }
    }

    /// Why it is not in the connection's own database, if it is not.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// What the server has said since the last call, beside its answers.
    pub(super) fn take_notices(&self) -> Vec<Notice> {
        self.notices.take()
    }

    /// Whether it is certain that the server is the one that was meant: it proved it, or it is on this machine.
    pub(crate) fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// What the server reported at log-in.
    pub(super) fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Where it is connected to.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Runs SQL without parameters in one round trip and returns the rows of all its statements, as text.
    pub(crate) async fn run(&self, sql: &str) -> Result<Vec<SimpleQueryRow>, DatabaseError> {
        let messages = self.bounded(self.client.simple_query(sql)).await?;
        Ok(messages
            .into_iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .collect())
    }

    /// Runs a query in a transaction of its own, all in one round trip.
    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        let begin = begin(self);
        // The three are sent at once, in this order; each waits for its own answer.
        let (begun, rows, ended) = tokio::join!(
            self.run(&begin),
            self.bounded(self.client.query_typed(sql, parameters)),
            self.run("COMMIT"),
        );
        begun?;
        let rows = rows?;
        ended?;
        Ok(rows)
    }

    /// Runs a query and hands its rows on one by one, in a transaction that `begin` begins, and that stays open until
    /// [`Session::rollback`].
    pub(crate) async fn stream(
        &self,
        begin: &str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<RowStream, DatabaseError> {
        let parameters = parameters
            .iter()
            .map(|(value, kind)| (*value, kind.clone()));
        let (begun, rows) = tokio::join!(
            self.run(begin),
            self.bounded(self.client.query_typed_raw(sql, parameters)),
        );
        begun?;
        rows
    }

    /// The next row of a stream; a server that sends none is not waited for without end.
    pub(crate) async fn next(
        &self,
        rows: &mut Pin<&mut RowStream>,
    ) -> Result<Option<Row>, DatabaseError> {
        self.bounded(rows.try_next()).await
    }

    /// Runs SQL within the open transaction, which goes on without it where it fails. Returns whether it succeeded. Fails
    /// when the transaction has to be run again, or the session is lost.
    pub(super) async fn attempt(&self, sql: &str) -> Result<bool, DatabaseError> {
        self.run("SAVEPOINT attempt").await?;
        match self.run(sql).await {
            Ok(_) => self.run("RELEASE SAVEPOINT attempt").await?,
            Err(error) if error.is_lost() || error.is_conflict() || error.is_lock_timeout() => {
                return Err(error);
            }
            Err(_) => {
                self.run("ROLLBACK TO SAVEPOINT attempt").await?;
                return Ok(false);
            }
        };
        Ok(true)
    }

    /// Gives a transaction up. When that fails the session is lost, and the transaction with it.
    pub(crate) async fn rollback(&self) {
        let _ = self.run("ROLLBACK").await;
    }

    async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseError> {
        match timeout(Duration::from_secs(ANSWER_SECONDS), call).await {
            Ok(result) => result.map_err(|error| DatabaseError::from(error).of(&self.address.user)),
            Err(_) => Err(DatabaseError::timed_out(ANSWER_SECONDS)),
        }
    }
}
