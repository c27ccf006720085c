//! A file that tells probes how the agent is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::model::name::{FileName, LeaseId};
use crate::model::timestamp::Timestamp;
use crate::state::{Access, write_secret};

/// How each file is, as it is written for probes. Rewritten at every look, so that an old one tells of an agent that hangs.
pub(super) struct Health<'a> {
    path: Option<PathBuf>,
    files: RefCell<BTreeMap<FileName, FileHealth>>,
    on_ready: &'a dyn Fn(),
    is_ready: RefCell<bool>,
}

/// How one file is.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct FileHealth {
    /// It holds credentials that are good.
    pub(super) healthy: bool,
    pub(super) lease_id: Option<LeaseId>,
    pub(super) expires_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub(super) error: Option<String>,
}

#[derive(Serialize)]
struct Content<'a> {
    healthy: bool,
    files: &'a BTreeMap<FileName, FileHealth>,
}

impl<'a> Health<'a> {
    pub(super) fn new<'n>(
        path: Option<PathBuf>,
        names: impl Iterator<Item = &'n FileName>,
        on_ready: &'a dyn Fn(),
    ) -> Self {
        let files = names
            .map(|name| (name.clone(), FileHealth::default()))
            .collect();
        Self {
            path,
            files: RefCell::new(files),
            on_ready,
            is_ready: RefCell::new(false),
        }
    }

    /// Notes how a file is; calls out when all files are good for the first time.
    pub(super) fn note(&self, name: &FileName, health: FileHealth) {
        self.files.borrow_mut().insert(name.clone(), health);
        if !*self.is_ready.borrow() && self.is_healthy() {
            self.is_ready.replace(true);
            (self.on_ready)();
        }
    }

    fn is_healthy(&self) -> bool {
        self.files.borrow().values().all(|file| file.healthy)
    }

    /// Writes the file.
    pub(super) fn write(&self) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let content = Content {
            healthy: self.is_healthy(),
            files: &self.files.borrow(),
        };
        let text = serde_json::to_string(&content)? + "\n";
        // It holds no secret, but names.
        write_secret(path, text.as_bytes(), &Access::readable())
    }
}
