//! What the server says beside its answers: warnings and notices. Nobody has to wait for them: they come before the answer.

use std::sync::{Arc, Mutex};

use tokio_postgres::error::{DbError, Severity};

/// How many are kept; a statement can raise any number.
const MOST: usize = 20;

/// What a session was told, and nobody has taken yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Notices(Arc<Mutex<Vec<Notice>>>);

/// One thing that the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) is_warning: bool,
    pub(super) text: String,
}

impl Notices {
    /// Keeps a notice, unless it was said already.
    pub(super) fn push(&self, said: &DbError) {
        let mut text = said.message().to_owned();
        if let Some(detail) = said.detail() {
            text = format!("{text}: {}", detail.replace('\n', "; "));
        }
        let notice = Notice {
            is_warning: said.parsed_severity() == Some(Severity::Warning),
            // Whoever wrote a function that the statements call wrote the text too.
            text: text.replace(char::is_control, " "),
        };
        // A task that panicked with the lock leaves nothing to say.
        let Ok(mut kept) = self.0.lock() else { return };
        if kept.len() < MOST && !kept.contains(&notice) {
            kept.push(notice);
        }
    }

    /// All since the last call.
    pub(super) fn take(&self) -> Vec<Notice> {
        self.0
            .lock()
            .map(|mut kept| std::mem::take(&mut *kept))
            .unwrap_or_default()
    }
}
