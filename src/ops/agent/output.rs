//! A file on disk: written, put back when somebody touched it, and removed if it is still ours.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use zeroize::Zeroizing;

use crate::failure::one_line;
use crate::state::{Access, Claim, check_place, write_secret};

/// What a file shall be, and what was written to it.
pub(super) struct Output {
    path: PathBuf,
    access: Access,
    /// Nobody else keeps it meanwhile.
    claim: Option<Claim>,
    content: Zeroizing<String>,
    /// As it was when it was written last.
    stamp: Option<Stamp>,
    /// Why it could not be put back.
    problem: Option<String>,
}

/// What tells whether somebody touched the file: inode, length, time of the last change, mode.
type Stamp = (u64, u64, i64, i64, u32);

/// What came of a look at the file.
pub(super) enum Look {
    /// Nothing had to be done, or nothing new can be said.
    Same,
    /// It was put back.
    Restored,
    /// It could not be put back.
    Lost(String),
}

impl Output {
    pub(super) fn new(path: PathBuf, access: Access) -> Self {
        Self {
            path,
            access,
            claim: None,
            content: Zeroizing::default(),
            stamp: None,
            problem: None,
        }
    }

    /// Whether both are in the same place.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.path == other.path
    }

    /// Looks after what another one wrote to this place.
    pub(super) fn take_over(&mut self, other: &mut Self) {
        self.claim = other.claim.take();
        self.content = std::mem::take(&mut other.content);
        self.stamp = other.stamp;
        self.problem = other.problem.take();
    }

    /// Why the file is not as it was written.
    pub(super) fn problem(&self) -> Option<&String> {
        self.problem.as_ref()
    }

    /// Whether it was written, and is there as far as we know.
    pub(super) fn is_intact(&self) -> bool {
        self.stamp.is_some() && self.problem.is_none()
    }

    /// Makes sure that nobody else keeps it.
    pub(super) fn claim(&mut self) -> Result<()> {
        if !self.claim.as_ref().is_some_and(Claim::is_in_place) {
            self.claim = Some(Claim::new(&self.path)?);
        }
        Ok(())
    }

    /// Fails when it cannot be written, as far as that can be known without a content.
    pub(super) fn check(&mut self) -> Result<()> {
        check_place(&self.path)?;
        self.claim()
    }

    /// Writes it; the old content stays when that fails.
    pub(super) fn write(&mut self, content: &Zeroizing<String>) -> Result<()> {
        write_secret(&self.path, content.as_bytes(), &self.access)?;
        self.content.clone_from(content);
        self.stamp = stamp(&self.path);
        self.problem = None;
        Ok(())
    }

    /// Puts it back when somebody touched or removed it.
    pub(super) fn restore(&mut self) -> Look {
        if self.stamp.is_none() || self.stamp == stamp(&self.path) {
            return Look::Same;
        }
        let content = self.content.clone();
        match self.write(&content) {
            Ok(()) => Look::Restored,
            Err(error) => {
                let problem = one_line(&error);
                match self.problem.replace(problem.clone()) {
                    Some(_) => Look::Same,
                    None => Look::Lost(problem),
                }
            }
        }
    }

    /// Removes it, unless somebody else put another in its place.
    pub(super) fn remove(&self) -> io::Result<()> {
        if self.stamp.is_some() && self.stamp == stamp(&self.path) {
            fs::remove_file(&self.path)
        } else {
            Ok(())
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((
        metadata.ino(),
        metadata.len(),
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.mode(),
    ))
}
