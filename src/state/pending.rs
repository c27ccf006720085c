//! The new password of a connection while it is rotated: on disk before the server gets it, until its source has it. It
//! knows no server.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::secret_file::{Access, remove, rename, write_new};
use super::{State, password_file};
use crate::failure::Failure;
use crate::files::{self, Owners};
use crate::model::connection::PasswordSource;
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::shell::argument;

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
        // A path that cannot be followed is refused when it is read.
        let real = |path: PathBuf| files::real_path(&path).unwrap_or(path);
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

    /// The password in it, if it is there. Fails where another user may have put the file there: the server would get that
    /// user's password.
    pub(crate) fn read(&self) -> Result<Option<Secret>> {
        match self.read_own() {
            Ok(text) => Ok(text.expose().lines().next().map(Secret::new)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => {
                let path = self.path.display();
                let what = format!("could not read the pending password \"{path}\"");
                Err(files::explain(error, Failure::request(what)))
            }
        }
    }

    fn read_own(&self) -> Result<Secret> {
        if fs::symlink_metadata(&self.path)?.is_symlink() {
            return Err(self.planted("it is a symbolic link"));
        }
        let replaced = self
            .replaces
            .as_ref()
            .and_then(|file| fs::metadata(file).ok());
        let owners = replaced.map_or(Owners::Ours, |file| Owners::Or(file.uid()));
        let file = files::open_secret(&self.path, owners)?;
        // A second name of another file with a known first line.
        if file.metadata()?.nlink() > 1 {
            return Err(self.planted("the file has another name"));
        }
        Ok(Secret::new(io::read_to_string(file)?))
    }

    fn planted(&self, problem: &str) -> anyhow::Error {
        let path = argument(&self.path);
        Failure::request(problem)
            .hint(format!(
                "pgcreds has not written it. Find out who put it there, and remove it: rm {path}"
            ))
            .into()
    }

    /// Writes it durably, where none is yet. Whoever may read the password file may read what is to replace it, and finds
    /// the same in its further lines.
    pub(crate) fn write(&self, password: &Secret) -> Result<()> {
        let mut access = Access::default();
        let mut rest = Secret::new("");
        if let Some(file) = &self.replaces {
            let failure = |error| {
                let what = format!("could not read the password file \"{}\"", file.display());
                files::explain(error, Failure::request(what))
            };
            let opened = files::open_secret(file, Owners::Placed).map_err(failure)?;
            let found = opened.metadata()?;
            if !found.is_file() {
                let problem = format!(
                    "\"{}\" is not a file, and cannot be replaced",
                    file.display()
                );
                return Err(Failure::request(problem).into());
            }
            access = Access::of(&found);
            let text = io::read_to_string(opened)
                .map(Secret::new)
                .map_err(|error| failure(error.into()))?;
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

fn is_missing(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::NotFound)
}
