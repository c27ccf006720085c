//! A progress bar for long work, for people only.

use indicatif::{ProgressBar, ProgressStyle};

use super::Ui;

/// Fewer leases than this are done before anybody could read a bar.
const WORTH_A_BAR: u64 = 1_000;

/// How far the work is. Shows itself on a terminal's stderr, and only for long work.
pub(crate) struct Bar {
    is_wanted: bool,
    bar: ProgressBar,
}

impl Bar {
    /// A bar that is not shown yet.
    pub(crate) fn new(ui: Ui) -> Self {
        Self {
            is_wanted: ui.shows_progress(),
            bar: ProgressBar::hidden(),
        }
    }

    /// There is this much more to do.
    pub(crate) fn add(&self, more: usize) {
        let all = self.bar.length().unwrap_or_default() + more as u64;
        self.bar.set_length(all);
        if !self.is_wanted || all < WORTH_A_BAR {
            return;
        }
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} leases, {eta} left")
        {
            self.bar.set_style(style);
        }
        self.bar
            .set_draw_target(indicatif::ProgressDrawTarget::stderr());
    }

    /// This much more is done.
    pub(crate) fn advance(&self, more: usize) {
        self.bar.inc(more as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
