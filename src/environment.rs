//! The only reader of the process's environment, and of this host's clock. It knows nothing of pgcreds.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::secret::Secret;

/// An environment variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here and nowhere else"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// All of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here and nowhere else"
)]
pub(crate) fn all() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// A secret from the environment.
pub(crate) fn secret_variable(name: &str) -> Option<Secret> {
    variable(name).map(Secret::new)
}

/// The time since 1970 by this host's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "for names of logins, the audit log and a look at the clock itself; leases follow the server's"
)]
pub(crate) fn unix_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// The user's home folder.
pub(crate) fn home() -> Option<PathBuf> {
    variable("HOME").map(PathBuf::from)
}

/// The name of the user that runs pgcreds, from the user database, which is asked once; the number where it has none.
pub(crate) fn user_name() -> String {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        whoami::username().unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string())
    });
    NAME.clone()
}

/// The number of a user, by name or number; `None` when the user database has no such name.
pub(crate) fn user_id(user: &str) -> io::Result<Option<u32>> {
    let found = nix::unistd::User::from_name(user)?.map(|user| user.uid.as_raw());
    Ok(found.or_else(|| user.parse().ok()))
}

/// The number of a group, by name or number; `None` when the group database has no such name.
pub(crate) fn group_id(group: &str) -> io::Result<Option<u32>> {
    let found = nix::unistd::Group::from_name(group)?.map(|group| group.gid.as_raw());
    Ok(found.or_else(|| group.parse().ok()))
}

/// The host's name.
pub(crate) fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
