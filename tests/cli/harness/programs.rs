//! The server's programs: where they are, which version they have, and the user to run them as.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// `initdb` and `postgres` of one version.
pub(super) struct Programs {
    pub(super) folder: PathBuf,
    /// What `postgres --version` prints.
    pub(super) banner: String,
    pub(super) version: u32,
}

/// The programs under `$PGCREDS_TEST_PG`, else the newest installed ones. Panics when there are none.
pub(super) fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| match std::env::var_os("PGCREDS_TEST_PG") {
        Some(folder) => probe(Path::new(&folder)).unwrap_or_else(|| {
            panic!("PGCREDS_TEST_PG={} has no working initdb and postgres", folder.display())
        }),
        None => installed().into_iter().filter_map(|folder| probe(&folder)).max_by_key(|found| found.version).expect(
            "no PostgreSQL server found: install one (Debian: apt-get install postgresql) or set PGCREDS_TEST_PG=/path/to/bin",
        ),
    })
}

/// The folders of `PATH`, and those that packages put server programs in: of the same version, the last one counts.
fn installed() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for (parent, start) in [
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr", "pgsql-"),
        ("/usr/lib/postgresql", ""),
    ] {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(start) {
                folders.push(entry.path().join("bin"));
            }
        }
    }
    folders
}

/// Which version the folder's programs have; `None` when they are missing or do not run.
fn probe(folder: &Path) -> Option<Programs> {
    if !folder.join("initdb").exists() {
        return None;
    }
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    // "postgres (PostgreSQL) 15.14 (Debian 15.14-1)", "postgres (PostgreSQL) 18beta1"
    let banner = String::from_utf8(output.stdout).ok()?;
    let (_, number) = banner.split_once("(PostgreSQL) ")?;
    let major = number
        .split(|character: char| !character.is_ascii_digit())
        .next()?;
    Some(Programs {
        folder: folder.to_owned(),
        version: major.parse().ok()?,
        banner,
    })
}

/// The user and group to run servers as: PostgreSQL refuses to run as root. `None`: as ourselves.
fn server_user() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':').collect())
            .find(|fields: &Vec<&str>| fields[0] == name)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    Some(
        find("postgres")
            .or_else(|| find("nobody"))
            .expect("root needs a user to run PostgreSQL as: create \"postgres\""),
    )
}

/// Makes the server's user the owner.
pub(super) fn give_to_server(path: &Path) {
    if let Some((user, group)) = server_user() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    }
}

/// A command that runs as the server's user, in a clean environment.
pub(super) fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C")
        .current_dir("/");
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    command
}
