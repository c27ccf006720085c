//! The right to keep a file filled. Two that fill the same one would undo each other's work for ever.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::lock::{Lock, Unlocked, could_not_open};
use crate::failure::Failure;

/// Holds the right until it is dropped; a process that dies gives it up too.
pub(crate) struct Claim {
    lock: Lock,
}

/// Somebody else keeps the file.
#[derive(Debug)]
pub(crate) struct Claimed {
    holder: String,
}

impl fmt::Display for Claimed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} does already", self.holder)
    }
}

impl std::error::Error for Claimed {}

impl Claim {
    /// Claims the file at `path` with a hidden lock file beside it. Fails with [`Claimed`] when another has it.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let what = || Failure::request(format!("could not keep the file \"{}\"", path.display()));
        let name = path
            .file_name()
            .with_context(|| Failure::request(format!("\"{}\" is not a file", path.display())))?;
        let lock_file = path.with_file_name(format!(".{}.lock", name.to_string_lossy()));
        match Lock::try_acquire(&lock_file) {
            Ok(lock) => Ok(Self { lock }),
            Err(Unlocked::HeldBy(holder)) => Err(anyhow::Error::new(Claimed { holder })
                .context(what().hint("Stop that one, or choose another path."))),
            Err(Unlocked::Failed(error)) => {
                let hint = "A file can only be kept by a user who may write to its folder.";
                Err(anyhow::Error::from(error).context(could_not_open(&lock_file, hint)))
            }
        }
    }

    /// Whether others still see it: its folder may have been replaced.
    pub(crate) fn is_in_place(&self) -> bool {
        self.lock.is_in_place()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.lock.remove();
    }
}
