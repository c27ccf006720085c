//! Writing to stdout, and knowing whether it arrived.

use std::io::{self, ErrorKind, Write as _};

use anyhow::{Context as _, Result};

/// Writes to stdout; a reader that has gone away is no error, as for every filter.
pub(super) fn write(text: &str) -> Result<()> {
    match deliver(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("could not write to stdout"),
    }
}

/// Writes to stdout; fails when the reader has gone away, or when there never was a stdout.
pub(super) fn deliver(text: &str) -> io::Result<()> {
    if is_stdout_closed() {
        return Err(io::Error::new(ErrorKind::BrokenPipe, "stdout is closed"));
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Where lines of a log go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Writes lines of a log at once; fails when they could not be delivered.
pub(crate) fn write_line(stream: Stream, line: &str) -> io::Result<()> {
    match stream {
        Stream::Stdout => deliver(line),
        Stream::Stderr => io::stderr().lock().write_all(line.as_bytes()),
    }
}

/// Whether the process was started without a stdout (`>&-`).
///
/// Rust's runtime then opens `/dev/null` for reading and writing in its place, so that writing would seem to succeed;
/// a person's own `>/dev/null` is open for writing only.
pub(crate) fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let is_null = match (rustix::fs::fstat(&stdout), rustix::fs::stat("/dev/null")) {
        (Ok(ours), Ok(null)) => ours.st_rdev == null.st_rdev && ours.st_mode == null.st_mode,
        (Err(_), _) => return true,
        _ => false,
    };
    let access = rustix::fs::fcntl_getfl(&stdout).map(|flags| flags & rustix::fs::OFlags::ACCMODE);
    is_null && access == Ok(rustix::fs::OFlags::RDWR)
}
