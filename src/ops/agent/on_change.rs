//! Telling an application that its file has changed.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::time::timeout;

use crate::failure::one_line;
use crate::model::file::{FileSignal, OnChange};
use crate::model::name::FileName;
use crate::ui::Log;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Does it in the background; a failure is logged, and concerns nobody else.
pub(super) fn start(name: FileName, action: OnChange, log: Log) {
    tokio::spawn(async move {
        let result = match action {
            OnChange::Command(command) => run(&command).await,
            OnChange::Signal { signal, pid_file } => {
                let text = fs::read_to_string(&pid_file);
                text.with_context(|| format!("could not read \"{}\"", pid_file.display()))
                    .and_then(|text| send(signal, &text))
            }
        };
        match result {
            Ok(()) => log.event("told", &[("file", name.as_str())]),
            Err(error) => log.event(
                "on_change_failed",
                &[("file", name.as_str()), ("error", &one_line(&error))],
            ),
        }
    });
}

async fn run(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("could not run \"{program}\""))?;
    let status = timeout(LIMIT, child.wait())
        .await
        .with_context(|| format!("\"{program}\" took longer than 30 s"))??;
    if !status.success() {
        bail!("\"{program}\" failed ({status})");
    }
    Ok(())
}

fn send(signal: FileSignal, pid: &str) -> Result<()> {
    let number = match signal {
        FileSignal::Hup => Signal::HUP,
        FileSignal::Usr1 => Signal::USR1,
        FileSignal::Usr2 => Signal::USR2,
        FileSignal::Int => Signal::INT,
        FileSignal::Term => Signal::TERM,
    };
    let pid = pid
        .trim()
        .parse()
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw);
    let pid = pid.context("the pid file holds no process id")?;
    kill_process(pid, number).context("could not send the signal")
}
