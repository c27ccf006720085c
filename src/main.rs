//! Short-lived PostgreSQL logins, without a server to run.

mod cli;
mod commands;
mod context;
mod environment;
mod failure;
mod model;
mod ops;
mod postgres;
mod state;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (cli, state_file) = cli::Cli::read();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(cli.run(state_file)),
        Err(error) => Err(error.into()),
    };
    result.unwrap_or_else(|error| failure::report(&error))
}
