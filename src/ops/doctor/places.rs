//! Where files of this host are: who can put another in their place, and whether the agent can.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::Access;

use super::finding::{Check, Finding};
use crate::shell::word;
use crate::state::{State, folder_of};

/// The bit of a folder, such as `/tmp`, in which nobody can replace what belongs to others.
const STICKY: u32 = 0o1000;

/// Whether only this user, or root, can replace a file that pgcreds reads or writes.
pub(super) fn place(path: &Path) -> Finding {
    let subject = format!("file {}", path.display());
    let check = Check {
        name: "file",
        subject: &subject,
    };
    let user = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(path).map_or(user, |file| file.uid());
    if ![0, user].contains(&owner) {
        return check.failure(
            format!("it belongs to user {owner}, who can change it"),
            format!("chown {user} {}", word(path)),
        );
    }
    let folder = folder_of(path);
    let mode = fs::metadata(folder).map_or(0, |folder| folder.mode());
    let detail = |who| {
        format!(
            "{who} can put another in its place: they can write to its folder (mode {:04o})",
            mode & 0o7777
        )
    };
    let remedy = format!("chmod go-w {}", word(folder));
    match mode & STICKY {
        0 if mode & 0o002 != 0 => check.failure(detail("all users"), remedy),
        0 if mode & 0o020 != 0 => check.warning(detail("the members of a group"), remedy),
        _ => check.ok("nobody else can put another in its place"),
    }
}

/// The files that the agent keeps filled.
pub(super) fn kept_files(state: &State) -> Vec<Finding> {
    let files = state.files.iter();
    files
        .map(|(name, recipe)| {
            let path = state.folder.join(&recipe.path);
            let subject = format!("file {}", path.display());
            let check = Check {
                name: "file",
                subject: &subject,
            };
            let folder = folder_of(&path);
            if !folder.exists() {
                return check.failure(
                    format!("[files.{name}] cannot be written: its folder does not exist"),
                    format!("install -d -m 700 {}", word(folder)),
                );
            }
            if rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
                return check.failure(
                    format!(
                        "[files.{name}] cannot be written: this user cannot write to its folder"
                    ),
                    format!(
                        "Run pgcreds agent as a user who can write to {}, or choose another path.",
                        word(folder)
                    ),
                );
            }
            place(&path)
        })
        .collect()
}
