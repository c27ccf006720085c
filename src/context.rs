//! What a command may ask for: the printer, the state file, and who is asking.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::environment::{home, host_name, user_name, variable};
use crate::failure::Failure;
use crate::model::name::Label;
use crate::state::{State, StateFile};
use crate::ui::Ui;

/// Handed to every command.
pub(crate) struct Context {
    pub(crate) ui: Ui,
    state_path: Option<PathBuf>,
}

impl Context {
    /// `state_path` is what the command line named.
    pub(crate) fn new(ui: Ui, state_path: Option<PathBuf>) -> Self {
        let state_path = state_path.or_else(|| variable("PGCREDS_STATE").map(PathBuf::from));
        Self { ui, state_path }
    }

    /// The state file's place; it need not exist.
    pub(crate) fn state_file(&self) -> Result<StateFile> {
        let path = match &self.state_path {
            Some(path) => path.clone(),
            None => config_folder()?.join("pgcreds/pgcreds.toml"),
        };
        Ok(StateFile::new(path))
    }

    /// The state file's content, checked.
    pub(crate) fn state(&self) -> Result<State> {
        self.state_file()?.load()
    }

    /// Who runs pgcreds, as `user@host`.
    pub(crate) fn issued_by(&self) -> Label {
        Label::lossy(&format!("{}@{}", user_name(), host_name()))
    }

    /// The label for a lease: what was asked for, else the operating system's user.
    pub(crate) fn label(&self, asked: Option<&Label>) -> Label {
        asked.cloned().unwrap_or_else(|| Label::lossy(&user_name()))
    }
}

/// `$XDG_CONFIG_HOME`, else `~/.config` (XDG Base Directory Specification; a relative path there is ignored).
fn config_folder() -> Result<PathBuf> {
    variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home().map(|home| home.join(".config")))
        .context(
            Failure::request("could not find a folder for the state file: HOME is not set")
                .hint("Name the file with --state FILE or PGCREDS_STATE."),
        )
}
