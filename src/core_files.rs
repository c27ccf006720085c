//! Core files: this process, whose memory holds passwords, leaves none. The commands that it runs may.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit that this process was started with.
static LIMIT: OnceLock<Rlimit> = OnceLock::new();

/// Forbids core files of this process, and that other processes of the user read its memory.
pub(crate) fn forbid() {
    let limit = getrlimit(Resource::Core);
    let none = Rlimit {
        current: Some(0),
        maximum: limit.maximum,
    };
    // A system that refuses it has no such files, or none that we could prevent.
    let _ = setrlimit(Resource::Core, none);
    let _ = LIMIT.set(limit);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Starts a command with the limit that this process was started with.
pub(crate) fn with_first_limit<T>(start: impl FnOnce() -> T) -> T {
    let Some(limit) = LIMIT.get() else {
        return start();
    };
    // Only the soft limit was changed, so both changes are allowed.
    let ours = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, *limit);
    let started = start();
    let _ = setrlimit(Resource::Core, ours);
    started
}
