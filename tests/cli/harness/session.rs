//! SQL for the tests' own questions, over tokio-postgres: one-off queries, and a session that stays open.

use std::error::Error;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// What a query returned, as text; NULL is "".
pub(crate) type Rows = Vec<Vec<String>>;

/// Connects, runs the statements, disconnects. The error is "SQLSTATE: message", or what went wrong with the connection.
pub(super) fn query(config: &Config, sql: &str) -> Result<Rows, String> {
    runtime().block_on(async {
        let (client, connection) = config
            .connect(NoTls)
            .await
            .map_err(|error| describe(&error))?;
        let ask = async move {
            let rows = ask(&client, sql).await;
            drop(client);
            rows
        };
        // The connection ends once the client is dropped, and has then said goodbye to the server.
        let (rows, _) = tokio::join!(ask, connection);
        rows
    })
}

/// A session that stays open until it is dropped or the server ends it.
pub(crate) struct LiveSession {
    client: Option<Client>,
    connection: Option<JoinHandle<()>>,
}

impl LiveSession {
    /// Opens a session, and drives it in a thread of its own.
    pub(super) fn open(config: Config) -> Result<LiveSession, String> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let connection = std::thread::spawn(move || {
            runtime().block_on(async {
                match config.connect(NoTls).await {
                    Ok((client, connection)) => {
                        // Nobody listens any more when the test has panicked meanwhile.
                        let _ = sender.send(Ok(client));
                        // That the server ended the session shows in the next query.
                        let _ = connection.await;
                    }
                    Err(error) => {
                        let _ = sender.send(Err(describe(&error)));
                    }
                }
            });
        });
        let client = receiver.recv().expect("the connection's thread panicked")?;
        Ok(LiveSession {
            client: Some(client),
            connection: Some(connection),
        })
    }

    /// Runs statements in this session.
    pub(crate) fn rows(&self, sql: &str) -> Result<Rows, String> {
        let client = self.client.as_ref().unwrap();
        runtime().block_on(ask(client, sql))
    }

    /// Whether the server still answers in this session.
    pub(crate) fn is_alive(&self) -> bool {
        self.rows("").is_ok()
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.client = None;
        if let Some(connection) = self.connection.take() {
            // A panic in that thread has been printed already.
            let _ = connection.join();
        }
    }
}

/// A runtime for one query, or for the life of one session.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs statements, and collects the rows of all of them.
async fn ask(client: &Client, sql: &str) -> Result<Rows, String> {
    let messages = client
        .simple_query(sql)
        .await
        .map_err(|error| describe(&error))?;
    let mut rows = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            let cells = (0..row.len()).map(|index| row.get(index).unwrap_or_default().to_owned());
            rows.push(cells.collect());
        }
    }
    Ok(rows)
}

/// tokio-postgres prints only "db error": the server's words are in its source.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{}: {}", server.code().code(), server.message());
    }
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
