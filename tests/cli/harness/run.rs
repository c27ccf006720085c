//! Runs a command: `Invocation` (what to run), `Running`, and `Run` (what came of it).

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::cluster::Cluster;
use super::sandbox::Sandbox;
use super::{normalize, within};

/// Longer than any command takes, also on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command to run. Standard input is empty, and output goes to files, so that nothing waits for a pipe that a grandchild holds.
#[must_use]
pub(crate) struct Invocation {
    command: Command,
    stdout: Option<Stdio>,
    output: PathBuf,
}

impl Invocation {
    /// `output` is where the files for input and output go, without their ending.
    pub(super) fn new(mut command: Command, output: PathBuf) -> Invocation {
        command.stdin(Stdio::null());
        Invocation {
            command,
            stdout: None,
            output,
        }
    }

    /// What the command reads from standard input.
    pub(crate) fn stdin(mut self, text: &str) -> Invocation {
        let path = self.output.with_extension("stdin");
        fs::write(&path, text).unwrap();
        self.command.stdin(File::open(path).unwrap());
        self
    }

    /// Where standard output goes instead of into `Run::stdout`: `/dev/full`, or a pipe without reader.
    pub(crate) fn stdout(mut self, target: impl Into<Stdio>) -> Invocation {
        self.stdout = Some(target.into());
        self
    }

    /// One more environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Invocation {
        self.command.env(name, value);
        self
    }

    /// The folder to run in, instead of the home folder.
    pub(crate) fn cwd(mut self, folder: impl AsRef<Path>) -> Invocation {
        self.command.current_dir(folder);
        self
    }

    /// The command itself, for a test that connects it to a terminal.
    pub(crate) fn command(self) -> Command {
        self.command
    }

    /// Runs the command to its end; panics after 60 s.
    #[must_use]
    pub(crate) fn run(self) -> Run {
        self.spawn().wait()
    }

    /// Starts the command, in a process group of its own.
    pub(crate) fn spawn(mut self) -> Running {
        let stdout = self.output.with_extension("stdout");
        let stderr = self.output.with_extension("stderr");
        let captured = File::create(&stdout).unwrap();
        self.command
            .stdout(self.stdout.take().unwrap_or_else(|| captured.into()))
            .stderr(File::create(&stderr).unwrap())
            .process_group(0);
        let child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("could not run {:?}: {error}", self.command));
        Running {
            child,
            stdout,
            stderr,
        }
    }
}

/// A command that was started. Dropped: killed, with all that it started.
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Sends it a signal; it alone, not what it started.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("could not send the signal");
    }

    /// Kills it with SIGKILL; it alone, not what it started.
    #[must_use]
    pub(crate) fn kill(self) -> Run {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// Waits for its end; panics after 60 s.
    #[must_use]
    pub(crate) fn wait(mut self) -> Run {
        let mut ended = None;
        within(DEADLINE, || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        let (stdout, stderr) = (self.stdout(), self.stderr());
        let Some(status) = ended else {
            panic!("still running after {DEADLINE:?}:\n{stdout}--- stderr ---\n{stderr}");
        };
        Run {
            stdout,
            stderr,
            code: exit_code(status),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // It may have ended in between.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// What came of a command. As text: standard output, standard error, exit code.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// As a shell reports it: 128+N when signal N ended it.
    pub(crate) code: i32,
}

impl Run {
    /// Itself; panics unless the exit code is 0.
    #[track_caller]
    pub(crate) fn success(self) -> Run {
        self.exits(0)
    }

    /// Itself; panics unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Run {
        assert_eq!(self.code, code, "unexpected exit code:\n{self}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }

    /// Its text, with what differs between runs replaced (see `normalize`).
    pub(crate) fn normalized(&self, sandbox: &Sandbox, cluster: Option<&Cluster>) -> String {
        let mut text = self
            .to_string()
            .replace(&sandbox.home().display().to_string(), "~");
        if let Some(cluster) = cluster {
            text = text.replace(&cluster.socket_dir().display().to_string(), "SOCKETS");
            text = normalize::replace_word(&text, &cluster.port().to_string(), "PORT");
        }
        normalize::normalize(&text)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(formatter, "--- stderr ---\n{}", self.stderr)?;
        }
        writeln!(formatter, "[exit {}]", self.code)
    }
}

/// The text of an output file.
fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// The exit code as a shell reports it.
fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .expect("a process exits or is killed")
}
