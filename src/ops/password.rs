//! Getting the admin's password from where the state file says that it is.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::environment::{secret_variable, variable};
use crate::failure::Failure;
use crate::files::{self, Owners};
use crate::model::connection::PasswordSource;
use crate::model::secret::Secret;

/// How long a password command or a store command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// How many bytes of a line are read: a password of PostgreSQL is much shorter.
const MAX_LINE: u64 = 64 * 1024;

/// How long what a command printed may take to be read once the command has exited.
const AFTER_EXIT: Duration = Duration::from_millis(100);

/// Reads the password; relative paths start at `folder`, which is the state file's.
pub(crate) async fn read(source: &PasswordSource, folder: &Path) -> Result<Secret> {
    match source {
        PasswordSource::Literal(secret) => Ok(secret.clone()),
        PasswordSource::Env(name) => secret_variable(name).with_context(|| {
            Failure::request(format!(
                "environment variable \"{name}\", which holds the admin's password, is not set"
            ))
            .hint(format!("Set it, for example: export {name}=…"))
        }),
        PasswordSource::File(path) => from_file(&folder.join(path)),
        PasswordSource::Command(arguments) => from_command(arguments).await,
        PasswordSource::Credential(name) => from_file(&credential(name)?),
    }
}

/// The source in words, for an error that says whose password was refused.
pub(crate) fn origin(source: &PasswordSource, folder: &Path) -> String {
    match source {
        PasswordSource::Literal(_) => "the state file".to_owned(),
        PasswordSource::Env(name) => format!("environment variable \"{name}\""),
        PasswordSource::File(path) => format!("file \"{}\"", folder.join(path).display()),
        PasswordSource::Command(arguments) => {
            // The arguments may be nobody else's business.
            let program = arguments.first().map_or("", String::as_str);
            format!("command \"{program}\"")
        }
        PasswordSource::Credential(name) => format!("systemd's credential \"{name}\""),
    }
}

/// Where systemd has put a credential of the unit that pgcreds runs in (systemd.exec(5), "Credentials").
fn credential(name: &str) -> Result<PathBuf> {
    if name.contains('/') || name.starts_with('.') {
        return Err(Failure::request(format!("\"{name}\" is no name of a credential")).into());
    }
    let folder = variable("CREDENTIALS_DIRECTORY").with_context(|| {
        Failure::request(format!(
            "the admin's password is systemd's credential \"{name}\", and CREDENTIALS_DIRECTORY is not set"
        ))
        .hint(format!("Run pgcreds in a unit with: LoadCredential={name}:/path/of/the/password"))
    })?;
    Ok(Path::new(&folder).join(name))
}

fn from_file(path: &Path) -> Result<Secret> {
    let unreadable = |error| {
        let what = format!("could not read the password file \"{}\"", path.display());
        files::explain(error, Failure::request(what))
    };
    let mut line = Zeroizing::new(Vec::new());
    let read = files::open_secret(path, Owners::Placed).and_then(|file| {
        let mut file = BufReader::new(file.take(MAX_LINE + 1));
        Ok(file.read_until(b'\n', &mut line)?)
    });
    if read.map_err(unreadable)? as u64 > MAX_LINE {
        let error = io::Error::other("its first line is longer than 64 KiB");
        return Err(unreadable(error.into()));
    }
    let text = std::str::from_utf8(&line).map_err(|error| unreadable(error.into()))?;
    first_line(text).with_context(|| {
        Failure::request(format!(
            "password file \"{}\" has an empty first line",
            path.display()
        ))
    })
}

/// Runs the command without a shell; its stderr is shown, the first line of its stdout is the password and never shown.
async fn from_command(arguments: &[String]) -> Result<Secret> {
    let (program, rest) = arguments
        .split_first()
        .context(Failure::request("the password command is empty"))?;
    let failure =
        |problem: &str| Failure::request(format!("password command \"{program}\" {problem}"));
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| failure("could not be started"))?;
    let ran = timeout(COMMAND_LIMIT, first_line_of(&mut child))
        .await
        .with_context(|| failure("took longer than 30 s"))?;
    let (line, status) = match ran {
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(failure("printed a line of more than 64 KiB").into());
        }
        ran => ran.with_context(|| failure("could not be read"))?,
    };
    if !status.success() {
        return Err(failure(&format!("failed ({status})")).into());
    }
    let text = std::str::from_utf8(&line).map_err(|_| failure("printed no UTF-8 text"))?;
    first_line(text).with_context(|| failure("printed nothing"))
}

/// The first line that the command prints, and how it exited. What follows is read and dropped, so that the command can
/// exit; its stdout need not be closed then, since another process may hold it.
async fn first_line_of(child: &mut Child) -> io::Result<(Zeroizing<Vec<u8>>, ExitStatus)> {
    let mut stdout = child.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut part = Zeroizing::new([0; 4096]);
    let status = loop {
        let length = tokio::select! {
            biased;
            length = stdout.read(&mut part[..]) => length?,
            status = child.wait() => break status?,
        };
        if length == 0 {
            return Ok((line, child.wait().await?));
        }
        add(&mut line, &part[..length])?;
    };
    // What was printed before the exit is in the pipe already.
    while !line.contains(&b'\n') {
        match timeout(AFTER_EXIT, stdout.read(&mut part[..])).await {
            Ok(Ok(length)) if length > 0 => add(&mut line, &part[..length])?,
            _ => break,
        }
    }
    Ok((line, status))
}

/// Adds to a line what belongs to it.
fn add(line: &mut Vec<u8>, part: &[u8]) -> io::Result<()> {
    if line.contains(&b'\n') {
        return Ok(());
    }
    let end = part.iter().position(|byte| *byte == b'\n');
    let text = &part[..end.unwrap_or(part.len())];
    if (line.len() + text.len()) as u64 > MAX_LINE {
        return Err(ErrorKind::InvalidData.into());
    }
    line.extend_from_slice(text);
    line.extend(end.map(|_| b'\n'));
    Ok(())
}

/// Runs a store command without a shell: it gets the password on stdin, without a line's end. Its stderr is shown, its stdout
/// never. It does not get the variables `withheld`.
pub(crate) async fn store(
    arguments: &[String],
    password: &Secret,
    withheld: &[String],
) -> Result<()> {
    let (program, rest) = arguments
        .split_first()
        .context(Failure::request("store_command is empty"))?;
    let failure =
        |problem: &str| Failure::request(format!("store_command \"{program}\" {problem}"));
    let mut process = Command::new(program);
    for name in withheld {
        process.env_remove(name);
    }
    let mut child = process
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| failure("could not be started"))?;
    let mut stdin = child.stdin.take();
    let run = async {
        if let Some(stdin) = &mut stdin {
            // One that reads nothing shows in its exit code, or in what the password command then prints.
            let _ = stdin.write_all(password.expose().as_bytes()).await;
        }
        drop(stdin);
        child.wait().await
    };
    let status = timeout(COMMAND_LIMIT, run)
        .await
        .with_context(|| failure("took longer than 30 s"))?
        .with_context(|| failure("could not be waited for"))?;
    if !status.success() {
        return Err(failure(&format!("failed ({status})")).into());
    }
    Ok(())
}

fn first_line(text: &str) -> Option<Secret> {
    let line = text.lines().next().filter(|line| !line.is_empty())?;
    Some(Secret::new(line))
}
