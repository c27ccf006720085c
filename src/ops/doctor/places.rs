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
    let folder = match fs::canonicalize(folder_of(path)) {
        Ok(folder) => folder,
        Err(error) => {
            let folder = folder_of(path);
            return check.warning(
                format!("its folder cannot be looked at: {error}"),
                format!("ls -ld {}", word(folder)),
            );
        }
    };
    // Who can write to a folder above can put another one in the place of all that is below.
    for folder in folder.ancestors() {
        let Ok(found) = fs::metadata(folder) else {
            continue;
        };
        let can_be_replaced = |who: &str| {
            format!(
                "{who} can put another in its place, in folder {} (mode {:04o})",
                folder.display(),
                found.mode() & 0o7777
            )
        };
        let owner = found.uid();
        if ![0, user].contains(&owner) {
            let remedy = format!("chown {user} {}", word(folder));
            return check.failure(can_be_replaced(&format!("user {owner}")), remedy);
        }
        let remedy = format!("chmod go-w {}", word(folder));
        match found.mode() & STICKY {
            0 if found.mode() & 0o002 != 0 => {
                return check.failure(can_be_replaced("all users"), remedy);
            }
            0 if found.mode() & 0o020 != 0 => {
                return check.warning(can_be_replaced("the members of a group"), remedy);
            }
            _ => {}
        }
    }
    check.ok("nobody else can put another in its place")
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
            if let Err(error) = state.role(&recipe.role) {
                let remedy = format!("Mend role in [files.{name}].");
                return check.error(&error, &remedy);
            }
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
