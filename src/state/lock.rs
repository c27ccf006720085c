//! One writer at a time: a lock file beside the state file, which is never renamed or removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::fs::OFlags;

use crate::failure::Failure;

/// How long another process may keep the lock before we give up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(25);

/// Holds the lock until it is dropped; a process that dies gives it up too.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of the state file at `path`, a few seconds at most.
    pub(super) fn acquire(path: &Path) -> Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let name = Path::new(&name);
        let mut file = open(name).with_context(|| could_not_open(name))?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(held_by_other(&mut file, path)),
                Err(TryLockError::Error(error)) => {
                    return Err(error).context("could not lock the state file");
                }
            }
        }
        // The process id is for the message of others only; a failure to write it harms nobody.
        let _ = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

/// Opens the lock file itself, never what a link in its place leads to: it is written to.
fn open(name: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(name)
}

fn could_not_open(name: &Path) -> Failure {
    let path = name.display();
    if fs::symlink_metadata(name).is_ok_and(|found| found.is_symlink()) {
        return Failure::request(format!("the lock file \"{path}\" is a symbolic link"))
            .hint("Find out who put it there, and remove it.");
    }
    Failure::request(format!("could not open the lock file \"{path}\""))
        .hint("The state file can only be changed by a user who may write to its folder.")
}

/// Says who holds the lock.
fn held_by_other(file: &mut File, path: &Path) -> anyhow::Error {
    let mut holder = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    let holder = match (read, holder.trim()) {
        (Ok(_), pid) if !pid.is_empty() => format!("process {pid}"),
        _ => "another process".to_owned(),
    };
    Failure::request(format!(
        "state file \"{}\" is locked by {holder}",
        path.display()
    ))
    .hint("Try again when that process has ended.")
    .into()
}
