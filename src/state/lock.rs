//! One process at a time: a lock file beside the file that it is about.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::fs::OFlags;

use crate::failure::Failure;

/// How long another process may keep the state file's lock before we give up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(25);

/// Holds the lock until it is dropped; a process that dies gives it up too.
pub(super) struct Lock {
    name: PathBuf,
    file: File,
}

/// Why there is no lock.
pub(super) enum Unlocked {
    /// Somebody has it: "process 4711".
    HeldBy(String),
    /// The lock file cannot be used.
    Failed(io::Error),
}

impl Lock {
    /// Waits for the lock of the state file at `path`, a few seconds at most. Its lock file stays for ever.
    pub(super) fn acquire(path: &Path) -> Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let name = Path::new(&name);
        let end = Instant::now() + PATIENCE;
        loop {
            match Self::try_acquire(name) {
                Ok(lock) => return Ok(lock),
                Err(Unlocked::HeldBy(_)) if Instant::now() < end => std::thread::sleep(PAUSE),
                Err(Unlocked::HeldBy(holder)) => {
                    return Err(Failure::request(format!(
                        "state file \"{}\" is locked by {holder}",
                        path.display()
                    ))
                    .hint("Try again when that process has ended.")
                    .into());
                }
                Err(Unlocked::Failed(error)) => {
                    let hint =
                        "The state file can only be changed by a user who may write to its folder.";
                    return Err(anyhow::Error::from(error).context(could_not_open(name, hint)));
                }
            }
        }
    }

    /// Locks this lock file, or says at once who has it.
    pub(super) fn try_acquire(name: &Path) -> Result<Self, Unlocked> {
        loop {
            let mut file = open(name).map_err(Unlocked::Failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Unlocked::HeldBy(holder(&mut file))),
                Err(TryLockError::Error(error)) => return Err(Unlocked::Failed(error)),
            }
            let lock = Self {
                name: name.to_owned(),
                file,
            };
            // Whoever had it may have removed it since it was opened.
            if lock.is_in_place() {
                lock.sign();
                return Ok(lock);
            }
        }
    }

    /// Whether the lock file is still where others look for it.
    pub(super) fn is_in_place(&self) -> bool {
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        let ours = self.file.metadata().map(identity).ok();
        ours.is_some() && ours == fs::symlink_metadata(&self.name).map(identity).ok()
    }

    /// Removes the lock file. Nobody else may rely on it any more.
    pub(super) fn remove(&self) {
        if self.is_in_place() {
            // An empty file that stays harms nobody.
            let _ = fs::remove_file(&self.name);
        }
    }

    /// The process id is for the message of others only; a failure to write it harms nobody.
    fn sign(&self) {
        let mut file = &self.file;
        let _ = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
    }
}

/// Opens the lock file itself, never what a link in its place leads to, nor another file that has its name too: it is
/// written to.
fn open(name: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(name)?;
    let found = file.metadata()?;
    if !found.is_file() || found.nlink() > 1 {
        return Err(io::Error::other("it is not a file of pgcreds"));
    }
    Ok(file)
}

/// Names the lock file that could not be opened, and the next step.
pub(super) fn could_not_open(name: &Path, hint: &str) -> Failure {
    let path = name.display();
    if fs::symlink_metadata(name).is_ok_and(|found| found.is_symlink()) {
        return Failure::request(format!("the lock file \"{path}\" is a symbolic link"))
            .hint("Find out who put it there, and remove it.");
    }
    Failure::request(format!("could not open the lock file \"{path}\"")).hint(hint)
}

/// Who holds the lock.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    match (read, holder.trim()) {
        (Ok(_), pid) if !pid.is_empty() => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}
