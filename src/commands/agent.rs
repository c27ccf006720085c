use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::context::Context;
use crate::failure::{self, Failure, Kind, one_line};
use crate::model::count::counted;
use crate::model::name::FileName;
use crate::ops::agent::{Agent, Pause, Settings, Supervisor};
use crate::state::State;
use crate::ui::{Log, LogFormat};

/// Keep files filled with valid credentials
///
/// The files are described in the state file, as [files.NAME]. Each lease is
/// renewed at two thirds of its time; when it can live no longer, a new one is
/// written in its place and the old one revoked after a while. Without a server
/// the files stay as they are. SIGHUP reads the state file again; SIGTERM
/// revokes the leases and removes the files, and a second one does not wait for
/// the server. Tells systemd how it is (Type=notify).
///
/// Exit codes: 0 when all leases were revoked at its stop, or kept; 4 when some
/// were not, which end by themselves and are swept then.
///
/// Examples:
///   pgcreds agent
///   pgcreds agent app-db --once
///   pgcreds agent --health-file /run/pgcreds/health.json --log-format json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Only these files [default: all of the state file]
    #[arg(value_name = "NAME")]
    names: Vec<FileName>,

    /// Write each file once and exit, for init containers; the leases are not renewed
    #[arg(long)]
    once: bool,

    /// Leave the files and the leases when it is stopped
    #[arg(long)]
    keep: bool,

    /// Write how the files are to this file, every few seconds, for probes
    #[arg(long, value_name = "FILE")]
    health_file: Option<PathBuf>,

    /// How a line of the log is written
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let log = Log {
        format: args.log_format,
    };
    let state = read_state(context, log)?;
    let settings = Settings {
        names: args.names,
        issued_by: context.issued_by(),
        log,
        health_file: args.health_file,
    };
    let agent = Agent::new(&state, settings)?;
    if agent.is_empty() {
        return Err(Failure::request("there are no files to keep")
            .hint("Describe them in the state file, as [files.NAME] with role, path and format.")
            .into());
    }
    if args.once {
        return Ok(fill(agent, &state).await);
    }
    serve(context, agent, state, args.keep, log).await
}

async fn fill(mut agent: Agent, state: &State) -> ExitCode {
    let count = agent.len();
    let failures = agent.fill(state).await;
    for (names, error) in &failures {
        let what = if names.len() == 1 { "file" } else { "files" };
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let names = names.join(", ");
        let failure = Failure::new(
            failure::kind(error),
            format!("could not fill {what} {names}: {}", one_line(error)),
        );
        failure::report(&failure.into());
    }
    let failed: usize = failures.iter().map(|(names, _)| names.len()).sum();
    match failures.first() {
        None => ExitCode::SUCCESS,
        Some((_, error)) if failed == count => failure::kind(error).code().into(),
        Some(_) => Kind::Partial.code().into(),
    }
}

/// Serves until SIGTERM or Ctrl-C.
async fn serve(
    context: &Context,
    mut agent: Agent,
    mut state: State,
    keep: bool,
    log: Log,
) -> Result<ExitCode> {
    let (sender, receiver) = watch::channel(Pause::None);
    watch_signals(sender.clone())?;
    let mut signals = receiver.clone();
    let systemd = Systemd { log };
    log.event("started", &[("files", &agent.len().to_string())]);
    while *receiver.borrow() < Pause::Stop {
        tokio::select! {
            () = agent.run(&state, receiver.clone(), &systemd) => {}
            _ = signals.wait_for(|pause| *pause == Pause::Abandon) => {}
        }
        if *receiver.borrow() == Pause::Reload {
            // A stop that came meanwhile stays.
            sender.send_if_modified(|pause| {
                let is_reload = *pause == Pause::Reload;
                if is_reload {
                    *pause = Pause::None;
                }
                is_reload
            });
            reload(context, &mut agent, &mut state, log).await;
        }
    }
    tell_systemd(&[NotifyState::Stopping], log);
    if keep {
        agent.leave();
        log.event("stopped", &[("kept", "true")]);
        return Ok(ExitCode::SUCCESS);
    }
    tokio::select! {
        biased;
        report = agent.stop(&state) => {
            let count = report.revoked.len().to_string();
            if report.is_complete() {
                log.event("stopped", &[("revoked", &count)]);
                return Ok(ExitCode::SUCCESS);
            }
            log.event("stopped", &[("revoked", &count), ("incomplete", "true")]);
        }
        _ = signals.wait_for(|pause| *pause == Pause::Abandon) => {
            log.event("stopped", &[("abandoned", "true")]);
        }
    }
    // The files are gone; the leases that are left end by themselves, and are swept then.
    Ok(Kind::Partial.code().into())
}

/// The state file's content; problems with its audit log go to the agent's log.
fn read_state(context: &Context, log: Log) -> Result<State> {
    let mut state = context.state()?;
    state.audit.report_to(log);
    Ok(state)
}

/// Reads the state file again; the agent goes on as before when that fails.
async fn reload(context: &Context, agent: &mut Agent, state: &mut State, log: Log) {
    let result = match read_state(context, log) {
        Ok(new) => agent.reload(state, &new).await.map(|()| *state = new),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => log.event("reloaded", &[("files", &agent.len().to_string())]),
        Err(error) => log.event("reload_failed", &[("error", &one_line(&error))]),
    }
}

fn watch_signals(sender: watch::Sender<Pause>) -> Result<()> {
    let watch = |kind| signal(kind).context("could not watch for signals");
    let (mut terminate, mut interrupt) = (
        watch(SignalKind::terminate())?,
        watch(SignalKind::interrupt())?,
    );
    let mut hang_up = watch(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            let is_end = tokio::select! {
                _ = terminate.recv() => true,
                _ = interrupt.recv() => true,
                _ = hang_up.recv() => false,
            };
            sender.send_modify(|pause| {
                *pause = match *pause {
                    Pause::Stop | Pause::Abandon if is_end => Pause::Abandon,
                    _ if is_end => Pause::Stop,
                    Pause::None => Pause::Reload,
                    pause => pause,
                };
            });
        }
    });
    Ok(())
}

/// Tells systemd, where it started the agent.
struct Systemd {
    log: Log,
}

impl Supervisor for Systemd {
    fn ready(&self, files: usize) {
        let status = format!("{} filled", counted(files, "file"));
        tell_systemd(
            &[NotifyState::Ready, NotifyState::Status(&status)],
            self.log,
        );
    }

    fn status(&self, good: usize, files: usize) {
        let status = if good == files {
            format!("{} filled", counted(files, "file"))
        } else {
            format!("{good} of {} filled", counted(files, "file"))
        };
        tell_systemd(&[NotifyState::Status(&status)], self.log);
    }
}

fn tell_systemd(state: &[NotifyState<'_>], log: Log) {
    if let Err(error) = sd_notify::notify(state) {
        log.event("notify_failed", &[("error", &error.to_string())]);
    }
}
