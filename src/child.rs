//! Running a command with an environment of ours: signals go on to it, its end is ours. It knows nothing of leases.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::process::{Pid, Signal as Number, getpgrp, kill_process};
use tokio::process::{Child as Process, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use crate::core_files::with_first_limit;

/// Exit codes that shells and `env` use for a command that could not be run. (POSIX, "env", Exit Status)
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// After the command's end, signals count for so long as its own.
const PATIENCE: Duration = Duration::from_secs(1);

/// A running command.
pub(crate) struct Child {
    process: Process,
    signals: Signals,
}

/// The signals that are meant for the command.
struct Signals {
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    hang_up: Signal,
    user_1: Signal,
    user_2: Signal,
}

impl Child {
    /// Starts the command with exactly this environment. From now on signals no longer end this process.
    pub(crate) fn spawn(
        command: &[OsString],
        environment: Vec<(OsString, OsString)>,
    ) -> io::Result<Self> {
        // The handlers come first: a signal between the two must not end us and leave the command alone.
        let signals = Signals::watch()?;
        let (program, arguments) = command.split_first().ok_or(ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment);
        let process = with_first_limit(|| command.spawn())?;
        Ok(Self { process, signals })
    }

    /// Waits for its end and passes signals on until then. Can be given up and called again.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = self.process.wait() => return status,
                number = self.signals.next() => self.pass_on(number),
            }
        }
    }

    /// Waits for somebody who does not want to wait any longer for what comes after the command's end. The signals that
    /// ended the command, or came with its end, do not count.
    pub(crate) async fn given_up(&mut self) {
        sleep(PATIENCE).await;
        while self.signals.next().now_or_never().is_some() {}
        while matches!(self.signals.next().await, Number::USR1 | Number::USR2) {}
    }

    fn pass_on(&self, number: Number) {
        // A terminal sends Ctrl-C and Ctrl-\ to the command itself: a second one would be one too many.
        if matches!(number, Number::INT | Number::QUIT) && is_in_foreground() {
            return;
        }
        let pid = self
            .process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended just now, which is what we wait for.
            let _ = kill_process(pid, number);
        }
    }
}

impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Number {
        tokio::select! {
            _ = self.interrupt.recv() => Number::INT,
            _ = self.quit.recv() => Number::QUIT,
            _ = self.terminate.recv() => Number::TERM,
            _ = self.hang_up.recv() => Number::HUP,
            _ = self.user_1.recv() => Number::USR1,
            _ = self.user_2.recv() => Number::USR2,
        }
    }
}

/// Whether we and the command, which shares our process group, are what the terminal's keys go to.
fn is_in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    let group = terminal.map(|terminal| rustix::termios::tcgetpgrp(&terminal));
    matches!(group, Ok(Ok(group)) if group == getpgrp())
}

/// The exit code that stands for the command's end: its own, or 128 + the signal that ended it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}

/// The exit code of a command that could not be started.
pub(crate) fn spawn_code(error: &io::Error) -> u8 {
    match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    }
}
