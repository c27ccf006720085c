//! Files that hold a secret: written durably and at once, and readable by nobody but those who shall read them.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use super::file::folder_of;
use crate::failure::Failure;
use crate::model::file_mode::FileMode;
use crate::shell::argument;

/// How the names of temporary files begin and end, with random letters and digits between them.
const TEMPORARY: (&str, &str) = (".pgcreds-", ".partial");

/// How many letters and digits these are.
const RANDOM: usize = 16;

/// Who may read the file; by default only the user who runs pgcreds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Access {
    pub(crate) mode: FileMode,
    /// Number of the user that it is given to.
    pub(crate) owner: Option<u32>,
    /// Number of the group that it is given to.
    pub(crate) group: Option<u32>,
}

impl Access {
    /// As it is for a file that is there already.
    pub(super) fn of(file: &fs::Metadata) -> Self {
        Self {
            mode: FileMode::from_bits(file.mode()),
            owner: Some(file.uid()),
            group: Some(file.gid()),
        }
    }

    /// For files that hold no secret.
    pub(crate) fn readable() -> Self {
        Self {
            mode: FileMode::READABLE,
            ..Self::default()
        }
    }
}

/// Writes a secret to a file of its own. A link in its place is replaced, not followed; what belongs to somebody else, or is
/// no file, is left alone.
pub(crate) fn write_secret(path: &Path, content: &[u8], access: &Access) -> Result<()> {
    refuse_foreign(path)?;
    replace(path, content, access)
}

/// Fails where [`write_secret`] would, as far as that can be known without a content.
pub(crate) fn check_place(path: &Path) -> Result<()> {
    refuse_foreign(path)?;
    temporary_in(folder_of(path)).with_context(|| could_not_write(path))?;
    Ok(())
}

/// Writes a secret to a file that must not be there yet.
pub(crate) fn write_new(path: &Path, content: &[u8], access: &Access) -> Result<()> {
    let written = prepare(path, content, access).and_then(|temporary| {
        temporary.persist_noclobber(path)?;
        sync_folder(path)
    });
    written.with_context(|| could_not_write(path))
}

/// Gives a file a new name in the same folder, durably; a file of that name is replaced at once.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .map_err(anyhow::Error::from)
        .and_then(|()| sync_folder(to))
        .with_context(|| could_not_write(to))
}

/// Removes a file durably; one that is not there counts as removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => sync_folder(path),
    }
    .with_context(|| Failure::request(format!("could not remove the file \"{}\"", path.display())))
}

/// Replaces a file durably and at once: a crash leaves the old one or the new one, whole.
pub(super) fn replace(path: &Path, content: &[u8], access: &Access) -> Result<()> {
    let written = prepare(path, content, access).and_then(|temporary| {
        temporary.persist(path)?;
        sync_folder(path)
    });
    written.with_context(|| could_not_write(path))
}

fn could_not_write(path: &Path) -> Failure {
    let failure = Failure::request(format!("could not write the file \"{}\"", path.display()));
    let folder = folder_of(path);
    match folder.try_exists() {
        Ok(false) => failure.hint(format!("Make its folder: mkdir -p {}", argument(folder))),
        _ => failure,
    }
}

fn refuse_foreign(path: &Path) -> Result<()> {
    let Ok(present) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    // A link counts as what it leads to: /dev/stdout must not become a file.
    let is_file = fs::metadata(path).map_or(present.is_symlink(), |target| target.is_file());
    if !is_file {
        return Err(Failure::request(format!("\"{}\" is not a file", path.display())).into());
    }
    let user = rustix::process::geteuid();
    if !user.is_root() && present.uid() != user.as_raw() {
        return Err(Failure::request(format!(
            "file \"{}\" belongs to another user",
            path.display()
        ))
        .hint("Remove it, or choose another name.")
        .into());
    }
    Ok(())
}

/// A temporary file in the same folder, with its content on disk.
fn prepare(path: &Path, content: &[u8], access: &Access) -> Result<NamedTempFile> {
    let mut temporary = temporary_in(folder_of(path))?;
    if access.owner.is_some() || access.group.is_some() {
        fchown(temporary.as_file(), access.owner, access.group)
            .context("could not give it to that owner and group")?;
    }
    // After the owner: a file of mode 0640 must not be readable by the wrong group for a moment.
    let permissions = Permissions::from_mode(access.mode.bits());
    temporary.as_file().set_permissions(permissions)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// A temporary file, locked while this process lives; those that killed processes have left in the folder are removed.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    remove_abandoned(folder);
    loop {
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY.0)
            .suffix(TEMPORARY.1)
            .rand_bytes(RANDOM)
            .tempfile_in(folder)?;
        // Some network file systems have no locks: there, nothing is taken for abandoned.
        let _ = temporary.as_file().try_lock();
        // Another process may have removed it before it was locked.
        let ours = temporary.as_file().metadata()?.ino();
        if fs::symlink_metadata(temporary.path()).is_ok_and(|found| found.ino() == ours) {
            return Ok(temporary);
        }
    }
}

/// Removes the temporary files that processes have left which were killed while they wrote into this folder.
pub(super) fn remove_abandoned(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if is_temporary(entry.file_name().as_bytes()) && is_abandoned(&entry.path()) {
            // What another user has put there may stay.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file has a name that only [`temporary_in`] gives.
fn is_temporary(name: &[u8]) -> bool {
    let random = name
        .strip_prefix(TEMPORARY.0.as_bytes())
        .and_then(|rest| rest.strip_suffix(TEMPORARY.1.as_bytes()));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

fn is_abandoned(path: &Path) -> bool {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path);
    file.is_ok_and(|file| {
        let user = rustix::process::geteuid().as_raw();
        let is_ours = file
            .metadata()
            .is_ok_and(|found| found.is_file() && found.uid() == user && found.nlink() == 1);
        is_ours && file.try_lock().is_ok()
    })
}

fn sync_folder(path: &Path) -> Result<()> {
    File::open(folder_of(path))?.sync_all()?;
    Ok(())
}
