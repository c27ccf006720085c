//! Telling an application that its file has changed.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::core_files::with_first_limit;
use crate::failure::one_line;
use crate::model::file::{FileSignal, OnChange};
use crate::model::name::FileName;
use crate::ui::Log;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Does it in the background; a failure is logged, and concerns nobody else. A command does not get the variables
/// `withheld`.
pub(super) fn start(
    name: FileName,
    action: OnChange,
    withheld: Vec<String>,
    log: Log,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let result = match action {
            OnChange::Command(command) => run(&command, &withheld, LIMIT).await,
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
    })
}

async fn run(command: &[String], withheld: &[String], limit: Duration) -> Result<()> {
    let (program, arguments) = command.split_first().context("the command is empty")?;
    // No pipe: what the program leaves in the background may hold it open for ever.
    let mut complaints = tempfile::tempfile().context("could not make a temporary file")?;
    let mut command = Command::new(program);
    for name in withheld {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(complaints.try_clone()?)
        .kill_on_drop(true);
    // It may start the application.
    let mut child = with_first_limit(|| command.spawn())
        .with_context(|| format!("could not run \"{program}\""))?;
    let status = timeout(limit, child.wait())
        .await
        .with_context(|| format!("\"{program}\" took longer than {} s", limit.as_secs()))??;
    if !status.success() {
        bail!(
            "\"{program}\" failed ({status}){}",
            last_line(&mut complaints)
        );
    }
    Ok(())
}

/// The last line that the program wrote to stderr: usually the one that says why.
fn last_line(complaints: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = complaints
        .rewind()
        .and_then(|()| complaints.take(64 * 1024).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    match text.lines().rfind(|line| !line.trim().is_empty()) {
        Some(line) if read.is_ok() => {
            format!(": {}", line.trim().chars().take(200).collect::<String>())
        }
        _ => String::new(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str) -> Result<()> {
        let command = ["sh", "-c", script].map(str::to_owned);
        run(&command, &[], Duration::from_millis(500)).await
    }

    #[tokio::test]
    async fn a_command_has_its_time_and_no_more() {
        assert!(shell("echo noise >&2").await.is_ok());
        let hung = shell("exec sleep 100").await.unwrap_err();
        assert_eq!(format!("{hung}"), "\"sh\" took longer than 0 s");
        let failed = shell("echo one >&2; echo two >&2; exit 1").await;
        let text = format!("{:#}", failed.unwrap_err());
        assert_eq!(text, "\"sh\" failed (exit status: 1): two");
        // What it leaves behind is not waited for.
        assert!(shell("sleep 2 & exit 0").await.is_ok());
    }
}
