//! Short-lived PostgreSQL logins, without a server to run.

// The futures of a revocation lie deeper in each other than the compiler looks unless it is told.
#![recursion_limit = "256"]

mod audit;
mod child;
mod cli;
mod commands;
mod completion;
mod context;
mod core_files;
mod environment;
mod failure;
mod files;
mod model;
mod ops;
mod postgres;
mod shell;
mod state;
mod terminal;
mod ui;
mod usage;

use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    core_files::forbid();
    if let Some(code) = completion::answer() {
        return code;
    }
    let (cli, globals) = cli::Cli::read();
    run(cli, globals).unwrap_or_else(|error| failure::report(&error))
}

fn run(cli: cli::Cli, globals: cli::Globals) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(cli.run(globals));
    // Sessions say goodbye in tasks of their own, once nobody uses them any more.
    runtime.block_on(tokio::task::yield_now());
    result
}
