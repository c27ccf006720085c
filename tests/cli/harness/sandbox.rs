//! `Sandbox`: a home folder and a state file for one test, and commands that see nothing else of the machine.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cluster::Cluster;
use super::run::Invocation;
use super::scratch;

/// A home folder of its own. Dropped: removed.
pub(crate) struct Sandbox {
    folder: PathBuf,
    invocations: AtomicUsize,
}

impl Sandbox {
    /// An empty home folder: no state file.
    pub(crate) fn new() -> Sandbox {
        let folder = scratch::folder("h");
        fs::create_dir_all(folder.join("home")).unwrap();
        fs::create_dir(folder.join("output")).unwrap();
        Sandbox {
            folder,
            invocations: AtomicUsize::new(0),
        }
    }

    /// Writes a state file with connection `my-postgres-db` to the cluster's `mydb` as `vaultadmin`.
    pub(crate) fn with_connection(self, cluster: &Cluster) -> Sandbox {
        self.with_connection_at(cluster.port())
    }

    /// The same, to another port: that of a proxy.
    pub(crate) fn with_connection_at(self, port: u16) -> Sandbox {
        let password = self.home().join("admin.password");
        write_private(&password, "admin-secret\n");
        self.write_state(&format!(
            "\
version = 1

[connections.my-postgres-db]
url = \"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{port}/mydb\"
username = \"vaultadmin\"
password = {{ file = \"{}\" }}
",
            password.display()
        ));
        self
    }

    /// What `HOME` is for its commands.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Where pgcreds keeps its state file by default.
    pub(crate) fn state_path(&self) -> PathBuf {
        self.home().join(".config/pgcreds/pgcreds.toml")
    }

    /// The state file's text.
    pub(crate) fn state(&self) -> String {
        fs::read_to_string(self.state_path()).expect("could not read the state file")
    }

    /// Replaces the state file.
    pub(crate) fn write_state(&self, text: &str) {
        let path = self.state_path();
        let folder = path.parent().unwrap();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .unwrap();
        write_private(&path, text);
    }

    /// pgcreds with these arguments.
    pub(crate) fn pgcreds(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation {
        self.program(env!("CARGO_BIN_EXE_pgcreds"), arguments)
    }

    /// Another program in the environment that pgcreds gets.
    pub(crate) fn program(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home())
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .env("USER", "tester")
            .current_dir(self.home());
        for name in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        Invocation::new(command, self.folder.join(format!("output/{number}")))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What is left is removed when the test process ends.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) {
    // A new file: an old one would keep its mode.
    let _ = fs::remove_file(path);
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
