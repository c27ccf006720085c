//! Questions to a person at a terminal.

use std::io::{ErrorKind, IsTerminal as _};

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Failure, Kind};
use crate::model::secret::Secret;

/// Whether there is a person to ask: stdin and stderr are terminals.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a password without echo. Must be called inside the runtime.
///
/// While SIGINT has no handler, rpassword dies of Ctrl-C before it has put the terminal's echo back; with one it
/// returns, so a handler is set first.
pub(crate) fn password(question: &str) -> Result<Secret> {
    let interrupts = signal(SignalKind::interrupt()).context("could not watch for Ctrl-C")?;
    let answer = rpassword::prompt_password(format!("{question}: "));
    exit_at_next(interrupts);
    match answer {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) if error.kind() == ErrorKind::Interrupted => {
            Err(Failure::new(Kind::Interrupted, "interrupted").into())
        }
        Err(error) => Err(error).context("could not read the password from the terminal"),
    }
}

/// Gives Ctrl-C its usual meaning back: a handler, once set, cannot be taken away again.
fn exit_at_next(mut interrupts: Signal) {
    tokio::spawn(async move {
        interrupts.recv().await;
        #[expect(
            clippy::exit,
            reason = "this is what SIGINT does to a process without a handler"
        )]
        std::process::exit(i32::from(Kind::Interrupted.code()));
    });
}
