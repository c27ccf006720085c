//! Opening files that no other user of this host may have put in their place. It relies on no setting of the kernel, such
//! as `fs.protected_symlinks`, and knows nothing of what is in the files.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::failure::{Failure, hint};
use crate::shell::{argument, word};

/// How many links lead to a file at most, as on Linux (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The bit of a folder, such as `/tmp`, in which a user can only replace the user's own files.
const STICKY: u32 = 0o1000;

/// Who may own a file besides this user and root.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owners {
    /// No other user.
    Ours,
    /// This user, too.
    Or(u32),
    /// Any user, where only this user or root can have put the file into its folder.
    Placed,
}

/// Where a path leads to.
enum Real {
    /// Without any link.
    Path(PathBuf),
    /// An open file of this process, such as `/dev/stdin`: the caller has passed it on.
    Descriptor(PathBuf),
}

/// Follows the path's links. Fails where one belongs to another user, or is where all users can replace it. An open file of
/// this process that has no name, such as a pipe, keeps the path that it was named by.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf> {
    match follow(path)? {
        Real::Path(path) => Ok(path),
        Real::Descriptor(link) => {
            let target = fs::read_link(link)?;
            Ok(if target.is_file() {
                target
            } else {
                path.to_owned()
            })
        }
    }
}

/// Opens a file for reading. Fails where another user than `owners` says owns it or a link on the way to it.
pub(crate) fn open(path: &Path, owners: Owners) -> Result<File> {
    let real = match follow(path)? {
        Real::Descriptor(path) => return Ok(File::open(path)?),
        Real::Path(path) => path,
    };
    // Before it is opened, too: a pipe of another user would be waited for.
    check_owner(&real, &fs::symlink_metadata(&real)?, owners)?;
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let file = options.read(true).custom_flags(flags).open(&real)?;
    check_owner(&real, &file.metadata()?, owners)?;
    Ok(file)
}

/// Opens a file that holds a secret: as [`open`], and refused where other users can write it.
pub(crate) fn open_secret(path: &Path, owners: Owners) -> Result<File> {
    let file = open(path, owners)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && is_writable_by_others(&metadata) {
        return Err(writable_by_others(path, &metadata).into());
    }
    Ok(file)
}

/// Whether the file's group or all users can write it.
pub(crate) fn is_writable_by_others(metadata: &Metadata) -> bool {
    metadata.mode() & 0o022 != 0
}

/// The refusal of a file that other users can write.
pub(crate) fn writable_by_others(path: &Path, metadata: &Metadata) -> Failure {
    let mode = metadata.mode() & 0o777;
    Failure::request(format!(
        "other users can write \"{}\" (mode {mode:04o})",
        path.display()
    ))
    .hint(format!("Run: chmod go-w {}", argument(path)))
}

/// Fails where all users can put another file in the place of this one, or a user can who is neither this one nor root.
pub(crate) fn check_folder(path: &Path) -> Result<()> {
    let folder = parent(path);
    let found = fs::metadata(folder)?;
    let problem = |who: &str| {
        let folder = folder.display();
        Failure::request(format!(
            "{who} can put another file in its place, in folder \"{folder}\""
        ))
    };
    if !is_trusted(found.uid()) {
        let user = rustix::process::geteuid().as_raw();
        let hint = format!("Run: chown {user} {}", argument(folder));
        return Err(problem(&format!("user {}", found.uid())).hint(hint).into());
    }
    if found.mode() & 0o002 != 0 && found.mode() & STICKY == 0 {
        let hint = format!("Run: chmod o-w {}", argument(folder));
        return Err(problem("every user").hint(hint).into());
    }
    Ok(())
}

/// Fails for a file that another user may have put into a folder that all users can write to.
pub(crate) fn refuse_planted(path: &Path, found: &Metadata) -> Result<()> {
    let is_shared = fs::metadata(parent(path))?.mode() & 0o002 != 0;
    if is_shared && (!is_trusted(found.uid()) || found.nlink() > 1) {
        return Err(belongs_to_another(path, found).into());
    }
    Ok(())
}

/// The error with what was tried; its hint stays the hint.
pub(crate) fn explain(error: anyhow::Error, what: Failure) -> anyhow::Error {
    let next_step = hint(&error).map(str::to_owned);
    error.context(what.maybe_hint(next_step))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a user can do no more harm than has been done already.
fn is_trusted(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

fn check_owner(path: &Path, found: &Metadata, owners: Owners) -> Result<()> {
    let owner = found.uid();
    let is_allowed = is_trusted(owner)
        || match owners {
            Owners::Ours => false,
            Owners::Or(user) => owner == user,
            Owners::Placed => {
                let folder = fs::metadata(parent(path))?;
                is_trusted(folder.uid()) && !is_writable_by_others(&folder)
            }
        };
    if !is_allowed {
        return Err(belongs_to_another(path, found).into());
    }
    Ok(())
}

fn belongs_to_another(path: &Path, found: &Metadata) -> Failure {
    let owner = found.uid();
    let problem = match is_trusted(owner) {
        true => format!(
            "\"{}\" has another name, which another user may have given it",
            path.display()
        ),
        false => format!("\"{}\" belongs to user {owner}", path.display()),
    };
    let user = rustix::process::geteuid().as_raw();
    let hint = match is_trusted(owner) {
        true => "Find out who put it there, and remove it.".to_owned(),
        false => format!(
            "If it is yours, run: chown {user} {}. Else find out who put it there, and remove it.",
            word(path)
        ),
    };
    Failure::request(problem).hint(hint)
}

/// Resolves links one by one.
fn follow(path: &Path) -> Result<Real> {
    let mut real = PathBuf::new();
    let mut rest = reversed(path);
    let mut links = 0;
    while let Some(name) = rest.pop() {
        let next = real.join(name);
        let found = match fs::symlink_metadata(&next) {
            Ok(found) if found.is_symlink() => found,
            // What comes after a missing folder is missing too.
            _ => {
                real = next;
                continue;
            }
        };
        if next.starts_with("/proc") && parent(&next).ends_with("fd") {
            return Ok(Real::Descriptor(next));
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::from(Errno::LOOP).into());
        }
        check_link(&next, &found)?;
        let target = fs::read_link(&next)?;
        if target.is_absolute() {
            real = PathBuf::new();
        }
        rest.extend(reversed(&target));
    }
    Ok(Real::Path(real))
}

/// The parts of a path, the last one first.
fn reversed(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev();
    let parts = parts.filter(|part| *part != Component::CurDir);
    parts.map(|part| part.as_os_str().to_owned()).collect()
}

fn check_link(link: &Path, found: &Metadata) -> Result<()> {
    if !is_trusted(found.uid()) {
        let problem = format!(
            "symbolic link \"{}\" belongs to user {}",
            link.display(),
            found.uid()
        );
        return Err(Failure::request(problem)
            .hint("Find out who put it there, and name the file itself.")
            .into());
    }
    check_folder(link).map_err(|error| {
        let what = format!("symbolic link \"{}\" cannot be trusted", link.display());
        explain(error, Failure::request(what))
    })
}
