//! A file that tells probes how the agent is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::failure::one_line;
use crate::model::name::{FileName, LeaseId};
use crate::model::timestamp::Timestamp;
use crate::state::{Access, write_secret};
use crate::ui::Log;
use crate::ui::json_line;

/// How each file is, as it is written for probes. Rewritten at every look, so that an old one tells of an agent that hangs.
pub(super) struct Health<'a> {
    path: Option<PathBuf>,
    files: RefCell<BTreeMap<FileName, FileHealth>>,
    supervisor: &'a dyn Supervisor,
    is_ready: Cell<bool>,
    /// How many files were good when it was said last.
    told: Cell<Option<usize>>,
}

/// Who started the agent, and wants to know how it is.
pub(crate) trait Supervisor {
    /// All files are good for the first time.
    fn ready(&self, files: usize);
    /// So many of the files are good.
    fn status(&self, good: usize, files: usize);
}

/// How one file is.
#[derive(Clone, Debug, Serialize)]
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
    pub(super) fn new(
        path: Option<PathBuf>,
        files: BTreeMap<FileName, FileHealth>,
        supervisor: &'a dyn Supervisor,
    ) -> Self {
        Self {
            path,
            files: RefCell::new(files),
            supervisor,
            is_ready: Cell::new(false),
            told: Cell::new(None),
        }
    }

    /// Notes how a file is; calls out when all files are good for the first time.
    pub(super) fn note(&self, name: &FileName, health: FileHealth) {
        self.files.borrow_mut().insert(name.clone(), health);
        let (good, files) = self.count();
        if good == files && !self.is_ready.replace(true) {
            self.told.set(Some(good));
            self.supervisor.ready(files);
        }
    }

    /// How many files are good, and how many there are.
    fn count(&self) -> (usize, usize) {
        let files = self.files.borrow();
        let good = files.values().filter(|file| file.healthy).count();
        (good, files.len())
    }

    /// Writes the file, and tells the supervisor when something has changed.
    pub(super) fn publish(&self, log: Log) {
        let (good, files) = self.count();
        if self.told.replace(Some(good)) != Some(good) {
            self.supervisor.status(good, files);
        }
        if let Err(error) = self.write(good == files) {
            log.event("health_failed", &[("error", &one_line(&error))]);
        }
    }

    fn write(&self, healthy: bool) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let content = Content {
            healthy,
            files: &self.files.borrow(),
        };
        let text = json_line(&content)? + "\n";
        // It holds no secret, but names.
        write_secret(path, text.as_bytes(), &Access::readable())
    }
}
