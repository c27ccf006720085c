//! Reading the state file, and replacing it so that a crash leaves the old one or the new one, whole.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::invalid;
use super::lock::Lock;
use super::secret_file::{Access, remove_abandoned, replace};
use super::{Edit, STATE_VERSION, State};
use crate::failure::Failure;
use crate::files::{self, Owners};
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
        let (text, found) = self.read()?;
        let state = self.parse(&text)?;
        self.refuse_exposed(&state, &found)?;
        Ok(state)
    }

    /// Reads and checks it even where other users can read a password in it or change it, and returns its permission bits
    /// as well, and why every other command refuses it.
    pub(crate) fn inspect(&self) -> Result<(State, u32, Option<anyhow::Error>)> {
        let opened = File::open(&self.path).map_err(anyhow::Error::from);
        let (text, found) = opened
            .and_then(read_open)
            .map_err(|error| self.unreadable(error))?;
        let state = self.parse(&text)?;
        let refusal = self
            .read()
            .and_then(|_| self.refuse_exposed(&state, &found))
            .err();
        Ok((state, found.mode() & 0o777, refusal))
    }

    /// Changes it in place under the lock; what comes out must be a valid state file.
    pub(crate) fn edit(&self, change: impl FnOnce(&State, &mut Edit) -> Result<()>) -> Result<()> {
        self.lock()?.edit(change)
    }

    /// Keeps others from changing it until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<Locked<'_>> {
        self.read()?;
        let target = self.target()?;
        let lock = Lock::acquire(&target)?;
        remove_abandoned(folder_of(&target));
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
        files::real_path(&self.path).map_err(|error| self.unreadable(error))
    }

    /// Its text, where no other user can have put it in its place: SQL and commands in it run with this user's rights.
    fn read(&self) -> Result<(String, Metadata)> {
        let opened = files::open(&self.path, Owners::Ours).and_then(|file| {
            files::check_folder(&files::real_path(&self.path)?)?;
            read_open(file)
        });
        opened.map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: anyhow::Error) -> anyhow::Error {
        let path = self.path.display();
        let is_link = fs::symlink_metadata(&self.path).is_ok_and(|metadata| metadata.is_symlink());
        let unreadable = || Failure::request(format!("could not read the state file \"{path}\""));
        let failure = match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::NotFound) if is_link => Failure::request(format!(
                "state file \"{path}\" is a symbolic link to a file that does not exist"
            )),
            Some(ErrorKind::NotFound) => Failure::request(format!("state file \"{path}\" not found"))
                .hint("Create it with: pgcreds init. Or name another one with --state FILE or PGCREDS_STATE."),
            Some(ErrorKind::InvalidData) => {
                Failure::request(format!("state file \"{path}\" is not UTF-8 text"))
            }
            Some(ErrorKind::PermissionDenied) => unreadable()
                .hint("Run pgcreds as the user it belongs to, or name another one with --state FILE or PGCREDS_STATE."),
            Some(ErrorKind::IsADirectory) => {
                unreadable().hint("Name the file itself with --state FILE or PGCREDS_STATE.")
            }
            _ => unreadable(),
        };
        files::explain(error, failure)
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

    /// A password in a file that others can read is a password that others have, and a user who can write the file decides
    /// which commands pgcreds runs.
    fn refuse_exposed(&self, state: &State, found: &Metadata) -> Result<()> {
        self.refuse_readable_password(state, found.mode() & 0o777)?;
        if found.is_file() && files::is_writable_by_others(found) {
            let problem = files::writable_by_others(&self.path, found);
            let what = format!("refused the state file \"{}\"", self.path.display());
            return Err(files::explain(problem.into(), Failure::request(what)));
        }
        Ok(())
    }

    fn refuse_readable_password(&self, state: &State, mode: u32) -> Result<()> {
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
        let (text, found) = file.read()?;
        let state = file.parse(&text)?;
        let mut edit = Edit::new(&text)?;
        change(&state, &mut edit)?;
        let text = edit.into_text();
        let state = file.parse(&text)?;
        file.refuse_exposed(&state, &found)?;
        write_keeping_mode(&file.target()?, text.as_bytes())
    }
}

fn read_open(file: File) -> Result<(String, Metadata)> {
    let found = file.metadata()?;
    Ok((io::read_to_string(file)?, found))
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
