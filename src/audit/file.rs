//! Appending to the log's file: whole, durable, among many writers, while somebody else rotates it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use crate::files;

/// How long other writers may take before we give up: each holds the lock for one write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks whether the file can be appended to; makes it where there is none.
pub(super) fn probe(path: &Path) -> io::Result<()> {
    open(path).map(drop)
}

/// Appends these lines with one write, and returns when they are on the disk. All of them are there then, or none.
pub(super) fn append(path: &Path, lines: &str) -> io::Result<()> {
    let file = open_locked(path)?;
    let length = file.metadata()?.len();
    // Somebody who died in his write must not spoil our line too.
    let lines = match has_torn_end(&file, length)? {
        true => &format!("\n{lines}"),
        false => lines,
    };
    if let Err(error) = write_at_once(&file, lines.as_bytes()) {
        // A full disk takes a part of a line.
        let _ = file.set_len(length);
        return Err(error);
    }
    // Others may write while the disk works.
    file.unlock()?;
    file.sync_data()
}

fn write_at_once(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    loop {
        match file.write(bytes) {
            Ok(length) if length == bytes.len() => return Ok(()),
            Ok(_) => return Err(ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn has_torn_end(file: &File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else {
        return Ok(false);
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte != *b"\n")
}

/// Opens the file that has this name while we hold its lock: logrotate may rename it just now.
fn open_locked(path: &Path) -> io::Result<File> {
    let end = Instant::now() + PATIENCE;
    loop {
        let file = open(path)?;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::WouldBlock if Instant::now() < end => std::thread::sleep(PAUSE),
                TryLockError::WouldBlock => {
                    return Err(io::Error::other("another process keeps it locked"));
                }
                TryLockError::Error(error) => return Err(error),
            }
        }
        let ours = file.metadata()?;
        let is_still_there = std::fs::metadata(path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino()));
        if is_still_there {
            return Ok(file);
        }
    }
}

/// Opens the file for reading.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let path = real_path(path)?;
    let file = reading().open(&path)?;
    regular(&path, file)
}

/// Without NONBLOCK a pipe would be waited for; a link has been followed already.
fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    options.read(true).custom_flags(flags);
    options
}

fn regular(path: &Path, file: File) -> io::Result<File> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    files::refuse_planted(path, &found).map_err(plain)?;
    Ok(file)
}

fn open(path: &Path) -> io::Result<File> {
    let path = real_path(path)?;
    let mut options = reading();
    options.append(true).mode(0o600);
    let file = match options.open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(&path, options.create(true))?,
        opened => opened?,
    };
    regular(&path, file)
}

/// The file that the path's links lead to: a link of another user would have the lines written to any file of ours.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    files::real_path(path).map_err(plain)
}

/// The error as one of the file system; it has the text, and the log's failure has a hint of its own.
fn plain(error: anyhow::Error) -> io::Error {
    error
        .downcast()
        .unwrap_or_else(|error| io::Error::other(format!("{error:#}")))
}

/// Makes the file, and its folders for nobody else; its name is on the disk then.
fn create(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let file = options.open(path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}
