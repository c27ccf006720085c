//! The new password of a connection while it is rotated: on disk before the server gets it, until its source has it. It
//! knows no server.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::secret_file::{Access, remove, rename, write_new};
use super::{State, password_file};
use crate::failure::Failure;
use crate::model::connection::PasswordSource;
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;

/// A pending password's place. It is beside the password file, which it is to replace, so that all who use that file
/// find it; for every other source it is beside the state file.
pub(crate) struct Pending {
    path: PathBuf,
    /// The password file; a link to it was followed.
    replaces: Option<PathBuf>,
}

impl Pending {
    /// The place for a connection with this password source.
    pub(crate) fn of(state: &State, name: &ConnectionName, source: &PasswordSource) -> Self {
        let real = |path: PathBuf| fs::canonicalize(&path).unwrap_or(path);
        let (base, replaces) = match source {
            PasswordSource::File(path) => {
                let file = real(state.folder.join(path));
                (file.clone(), Some(file))
            }
            _ => (
                real(state.path.clone()).with_file_name(password_file(name)),
                None,
            ),
        };
        let mut path = OsString::from(base);
        path.push(".pending");
        Self {
            path: path.into(),
            replaces,
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The password in it, if it is there.
    pub(crate) fn read(&self) -> Result<Option<Secret>> {
        match fs::read_to_string(&self.path).map(Secret::new) {
            Ok(text) => Ok(text.expose().lines().next().map(Secret::new)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| {
                Failure::request(format!(
                    "could not read the pending password \"{}\"",
                    self.path.display()
                ))
            }),
        }
    }

    /// Writes it durably, where none is yet. Whoever may read the password file may read what is to replace it, and finds
    /// the same in its further lines.
    pub(crate) fn write(&self, password: &Secret) -> Result<()> {
        let mut access = Access::default();
        let mut rest = Secret::new("");
        if let Some(file) = &self.replaces {
            let failure = || {
                Failure::request(format!(
                    "could not read the password file \"{}\"",
                    file.display()
                ))
            };
            let found = fs::metadata(file).with_context(failure)?;
            if !found.is_file() {
                let problem = format!(
                    "\"{}\" is not a file, and cannot be replaced",
                    file.display()
                );
                return Err(Failure::request(problem).into());
            }
            access = Access::of(&found);
            let text = fs::read_to_string(file)
                .map(Secret::new)
                .with_context(failure)?;
            if let Some((_, tail)) = text.expose().split_once('\n') {
                rest = Secret::new(tail);
            }
        }
        let content = Secret::new(format!("{}\n{}", password.expose(), rest.expose()));
        write_new(&self.path, content.expose().as_bytes(), &access)
    }

    /// Makes it the password file, at once.
    pub(crate) fn install(&self) -> Result<()> {
        let file = self.replaces.as_ref();
        rename(&self.path, file.context("there is no password file")?)
    }

    /// Forgets it.
    pub(crate) fn remove(&self) -> Result<()> {
        remove(&self.path)
    }
}
