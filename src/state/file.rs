//! Reading the state file, and replacing it so that a crash leaves the old one or the new one, whole.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::invalid;
use super::lock::Lock;
use super::secret_file::{Access, replace};
use super::{Edit, STATE_VERSION, State};
use crate::failure::Failure;
use crate::shell::word;

/// What a new state file holds.
const NEW: &str = "# Connections and roles of pgcreds. Leases are not here: they are in PostgreSQL.\nversion = 1\n";

/// The state file while nobody else can change it.
pub(crate) struct Locked<'a> {
    file: &'a StateFile,
    _lock: Lock,
}

/// A state file, which need not exist yet.
pub(crate) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The state file at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path, as it was given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes an empty state file with mode 0600, and its folders; returns false if there is a valid one already.
    pub(crate) fn create(&self) -> Result<bool> {
        let folder = folder_of(&self.path);
        fs::create_dir_all(folder).with_context(|| {
            Failure::request(format!(
                "could not create the folder \"{}\"",
                folder.display()
            ))
        })?;
        let _lock = Lock::acquire(&self.target()?)?;
        if fs::symlink_metadata(&self.path).is_ok() {
            self.load()?;
            return Ok(false);
        }
        write_keeping_mode(&self.path, NEW.as_bytes())?;
        Ok(true)
    }

    /// Reads and checks it.
    pub(crate) fn load(&self) -> Result<State> {
        let text = self.read()?;
        let state = self.parse(&text)?;
        self.refuse_readable_password(&state)?;
        Ok(state)
    }

    /// Reads and checks it even where others can read a password in it, and returns its permission bits as well.
    pub(crate) fn inspect(&self) -> Result<(State, u32)> {
        let state = self.parse(&self.read()?)?;
        Ok((state, self.mode()?))
    }

    fn mode(&self) -> Result<u32> {
        let metadata = fs::metadata(&self.path).context("could not look at the state file")?;
        Ok(metadata.mode() & 0o777)
    }

    /// Changes it in place under the lock; what comes out must be a valid state file.
    pub(crate) fn edit(&self, change: impl FnOnce(&State, &mut Edit) -> Result<()>) -> Result<()> {
        self.lock()?.edit(change)
    }

    /// Keeps others from changing it until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<Locked<'_>> {
        self.read()?;
        let lock = Lock::acquire(&self.target()?)?;
        Ok(Locked {
            file: self,
            _lock: lock,
        })
    }

    /// The file that is locked and replaced: a link stays a link, and whoever opens its file directly meets the same lock.
    fn target(&self) -> Result<PathBuf> {
        let is_link = fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_symlink());
        if !is_link || !self.path.exists() {
            return Ok(self.path.clone());
        }
        fs::canonicalize(&self.path).context("could not follow the state file's path")
    }

    fn read(&self) -> Result<String> {
        fs::read_to_string(&self.path).map_err(|error| {
            let path = self.path.display();
            let is_link = fs::symlink_metadata(&self.path).is_ok_and(|metadata| metadata.is_symlink());
            let unreadable = || Failure::request(format!("could not read the state file \"{path}\""));
            let failure = match error.kind() {
                ErrorKind::NotFound if is_link => Failure::request(format!(
                    "state file \"{path}\" is a symbolic link to a file that does not exist"
                )),
                ErrorKind::NotFound => Failure::request(format!("state file \"{path}\" not found"))
                    .hint("Create it with: pgcreds init. Or name another one with --state FILE or PGCREDS_STATE."),
                ErrorKind::InvalidData => Failure::request(format!("state file \"{path}\" is not UTF-8 text")),
                ErrorKind::PermissionDenied => unreadable()
                    .hint("Run pgcreds as the user it belongs to, or name another one with --state FILE or PGCREDS_STATE."),
                ErrorKind::IsADirectory => {
                    unreadable().hint("Name the file itself with --state FILE or PGCREDS_STATE.")
                }
                _ => unreadable(),
            };
            anyhow::Error::from(error).context(failure)
        })
    }

    fn parse(&self, text: &str) -> Result<State> {
        self.check_version(text)?;
        let mut state: State =
            toml::from_str(text).map_err(|error| invalid::failure(&self.path, text, &error))?;
        for (name, role) in &state.roles {
            let checked = role.check().and_then(|()| role.check_names(name));
            checked.with_context(|| {
                Failure::request(format!(
                    "invalid state file \"{}\": role \"{name}\"",
                    self.path.display()
                ))
            })?;
        }
        for (name, file) in &state.files {
            file.check().with_context(|| {
                Failure::request(format!(
                    "invalid state file \"{}\": file \"{name}\"",
                    self.path.display()
                ))
            })?;
        }
        for (name, connection) in &state.connections {
            connection.check_rotation().with_context(|| {
                Failure::request(format!(
                    "invalid state file \"{}\": connection \"{name}\"",
                    self.path.display()
                ))
            })?;
        }
        folder_of(&self.path).clone_into(&mut state.folder);
        self.path.clone_into(&mut state.path);
        Ok(state)
    }

    /// A newer version may have keys that we do not know, so it is looked at first.
    fn check_version(&self, text: &str) -> Result<()> {
        #[derive(Deserialize)]
        struct AnyVersion {
            version: i64,
        }
        let AnyVersion { version } =
            toml::from_str(text).map_err(|error| invalid::failure(&self.path, text, &error))?;
        if version == STATE_VERSION {
            return Ok(());
        }
        let path = self.path.display();
        let hint = if version > STATE_VERSION {
            "A newer pgcreds wrote it. Use that one, or another state file with --state FILE."
        } else {
            "There is no such version: write version = 1."
        };
        Err(Failure::request(format!(
            "state file \"{path}\" has version {version}, not {STATE_VERSION}"
        ))
        .hint(hint)
        .into())
    }

    /// A password in a file that others can read is a password that others have.
    fn refuse_readable_password(&self, state: &State) -> Result<()> {
        let mode = self.mode()?;
        if mode & 0o077 == 0 {
            return Ok(());
        }
        let Some((name, _)) = state
            .connections
            .iter()
            .find(|(_, connection)| connection.has_literal_password())
        else {
            return Ok(());
        };
        let path = self.path.display();
        Err(Failure::request(format!(
            "state file \"{path}\" holds the password of connection \"{name}\", and others can read it (mode {mode:04o})"
        ))
        .hint(format!("Run: chmod 600 {}", word(&self.path)))
        .into())
    }
}

impl Locked<'_> {
    /// Reads and checks it.
    pub(crate) fn load(&self) -> Result<State> {
        self.file.load()
    }

    /// Changes it in place; what comes out must be a valid state file.
    pub(crate) fn edit(&self, change: impl FnOnce(&State, &mut Edit) -> Result<()>) -> Result<()> {
        let file = self.file;
        let text = file.read()?;
        let state = file.parse(&text)?;
        let mut edit = Edit::new(&text)?;
        change(&state, &mut edit)?;
        let text = edit.into_text();
        let state = file.parse(&text)?;
        file.refuse_readable_password(&state)?;
        write_keeping_mode(&file.target()?, text.as_bytes())
    }
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Replaces the state file: a new one gets mode 0600, an old one keeps the mode and the owner that it had.
fn write_keeping_mode(path: &Path, content: &[u8]) -> Result<()> {
    let access = match fs::metadata(path) {
        Ok(old) => Access::of(&old),
        Err(_) => Access::default(),
    };
    replace(path, content, &access)
}
