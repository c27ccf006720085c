//! What a command may ask for: the printer, the state file, and who is asking.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::audit::Audit;
use crate::environment::{home, host_name, user_name, variable};
use crate::failure::Failure;
use crate::model::audit_log::AuditLog;
use crate::model::name::Label;
use crate::state::{State, StateFile};
use crate::ui::Ui;

/// Handed to every command.
pub(crate) struct Context {
    pub(crate) ui: Ui,
    state_path: Option<PathBuf>,
    /// What the command line named.
    audit_log: Option<AuditLog>,
    /// Whether stdout is free for lines of a log.
    is_stdout_free: bool,
}

impl Context {
    /// `state_path` is what the command line named.
    pub(crate) fn new(ui: Ui, state_path: Option<PathBuf>) -> Self {
        let state_path = state_path.or_else(|| variable("PGCREDS_STATE").map(PathBuf::from));
        Self {
            ui,
            state_path,
            audit_log: None,
            is_stdout_free: false,
        }
    }

    /// With the audit log that the command line named, if it did, and whether stdout has no product of the command.
    pub(crate) fn with_audit_log(self, audit_log: Option<AuditLog>, is_stdout_free: bool) -> Self {
        Self {
            audit_log,
            is_stdout_free,
            ..self
        }
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
        let mut state = self.state_file()?.load()?;
        let named = || Some(state.audit_log.clone()?.within(&state.folder));
        let place = self.audit_log.clone().or_else(named);
        let is_required = state.audit_required != Some(false);
        state.audit = Audit::new(self.open_place(place), is_required, self.ui);
        Ok(state)
    }

    /// The audit log to read: the command line's, else that of the state file.
    pub(crate) fn audit(&self) -> Result<Audit> {
        match &self.audit_log {
            Some(named) => Ok(Audit::new(Some(named.clone()), true, self.ui)),
            None => Ok(self.state()?.audit),
        }
    }

    /// Where the audit log is when it is there, or nowhere in particular.
    fn open_place(&self, place: Option<AuditLog>) -> Option<AuditLog> {
        match place {
            // Elsewhere stdout is the product, credentials even.
            Some(AuditLog::Stdout) if !self.is_stdout_free => Some(AuditLog::Stderr),
            None => user_folder("XDG_STATE_HOME", ".local/state")
                .map(|folder| AuditLog::File(folder.join("pgcreds/audit.jsonl"))),
            place => place,
        }
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

fn config_folder() -> Result<PathBuf> {
    user_folder("XDG_CONFIG_HOME", ".config").context(
        Failure::request("could not find a folder for the state file: HOME is not set")
            .hint("Name the file with --state FILE or PGCREDS_STATE."),
    )
}

/// The folder that the variable names, else that one of the home folder (XDG Base Directory Specification; a relative
/// path in the variable is ignored).
fn user_folder(name: &str, in_home: &str) -> Option<PathBuf> {
    variable(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home().map(|home| home.join(in_home)))
}
