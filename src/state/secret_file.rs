//! Files that hold a secret: written durably and at once, and readable by nobody but those who shall read them.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::file::folder_of;
use crate::failure::Failure;
use crate::model::file_mode::FileMode;

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
    tempfile::NamedTempFile::new_in(folder_of(path)).with_context(|| not_written(path))?;
    Ok(())
}

/// Replaces a file durably and at once: a crash leaves the old one or the new one, whole.
pub(super) fn replace(path: &Path, content: &[u8], access: &Access) -> Result<()> {
    write(path, content, access).with_context(|| not_written(path))
}

fn not_written(path: &Path) -> Failure {
    Failure::request(format!("could not write the file \"{}\"", path.display()))
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

fn write(path: &Path, content: &[u8], access: &Access) -> Result<()> {
    let folder = folder_of(path);
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    if access.owner.is_some() || access.group.is_some() {
        fchown(temporary.as_file(), access.owner, access.group)
            .context("could not give it to that owner and group")?;
    }
    // After the owner: a file of mode 0640 must not be readable by the wrong group for a moment.
    let permissions = Permissions::from_mode(access.mode.bits());
    temporary.as_file().set_permissions(permissions)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}
