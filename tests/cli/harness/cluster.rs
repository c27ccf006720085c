//! `Cluster`: the life of a throw-away PostgreSQL cluster.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::programs::{give_to_server, programs};
use super::scratch;
use super::server::Server;
use super::template::{append, template};

/// How often to try another port, or the same one at a restart.
const TRIES: u32 = 20;

/// A PostgreSQL cluster of its own, with superuser `postgres`. Dropped: stopped and removed.
///
/// Its methods block and must not be called from async code.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    server: Mutex<Option<Server>>,
}

impl Cluster {
    /// Starts a cluster with the harness's settings.
    pub(crate) fn start() -> Cluster {
        Cluster::start_with(&[])
    }

    /// Starts a cluster with further settings for postgresql.conf.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Cluster {
        let folder = copy_of(template());
        let mut lines = String::new();
        for (name, value) in settings {
            lines.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        }
        Cluster::launch(folder, &lines)
    }

    /// A cluster of its own that was this one until now. This one is restarted for it: its sessions end.
    pub(crate) fn copy(&self) -> Cluster {
        self.stop();
        let folder = copy_of(&self.data_dir());
        self.restart();
        Cluster::launch(folder, "")
    }

    /// A standby of this cluster that follows it. The primary is restarted for it: its sessions end.
    pub(crate) fn standby(&self) -> Cluster {
        self.stop();
        let folder = copy_of(&self.data_dir());
        self.restart();
        let signal = folder.join("data/standby.signal");
        fs::write(&signal, "").unwrap();
        give_to_server(&signal);
        let primary = format!(
            "host={} port={} user=postgres",
            self.socket_dir().display(),
            self.port
        );
        Cluster::launch(folder, &format!("primary_conninfo = '{primary}'\n"))
    }

    /// Starts a server on a data folder that was just copied, on a free port.
    fn launch(folder: PathBuf, settings: &str) -> Cluster {
        let data = folder.join("data");
        let sockets = folder.join("s");
        fs::create_dir(&sockets).unwrap();
        give_to_server(&sockets);
        append(
            &data.join("postgresql.conf"),
            &format!(
                "{settings}unix_socket_directories = '{}'\n",
                sockets.display()
            ),
        );
        let mut refusal = String::new();
        for _ in 0..TRIES {
            let port = free_port();
            append(&data.join("postgresql.conf"), &format!("port = {port}\n"));
            match Server::start(&data, &folder.join("log")) {
                Ok(server) => {
                    let server = Mutex::new(Some(server));
                    return Cluster {
                        folder,
                        port,
                        server,
                    };
                }
                Err(log) if is_port_taken(&log) => refusal = log,
                Err(log) => panic!("PostgreSQL did not start:\n{log}"),
            }
        }
        panic!("found no free port:\n{refusal}");
    }

    /// Stops the server as `pg_ctl stop` does: fast and cleanly. Nothing if it is stopped already.
    pub(crate) fn stop(&self) {
        if let Some(mut server) = self.server.lock().unwrap().take() {
            assert!(server.stop("INT"), "PostgreSQL did not stop");
        }
    }

    /// Ends the server as a crash does: what it has not written by then is lost.
    pub(crate) fn crash(&self) {
        if let Some(mut server) = self.server.lock().unwrap().take() {
            assert!(server.stop("QUIT"), "PostgreSQL did not stop");
        }
    }

    /// Stops the server if it runs, and starts it on the same port, with an empty log.
    pub(crate) fn restart(&self) {
        self.stop();
        for _ in 0..TRIES {
            match Server::start(&self.data_dir(), &self.folder.join("log")) {
                Ok(server) => {
                    *self.server.lock().unwrap() = Some(server);
                    return;
                }
                Err(log) if is_port_taken(&log) => {}
                Err(log) => panic!("PostgreSQL did not start again:\n{log}"),
            }
        }
        panic!("port {} is taken by another program", self.port);
    }

    /// Writes a file into the data folder, readable by nobody but the server: a key, or one of its configuration files. The
    /// server reads it when it is restarted.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.data_dir().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        give_to_server(&path);
    }

    /// The server's major version.
    pub(crate) fn version(&self) -> u32 {
        programs().version
    }

    /// Whether the server has the minor release of November 2026 or a later one, which asks for more privileges where
    /// objects change hands.
    pub(crate) fn is_of_november_2026(&self) -> bool {
        let number: u32 = self.value("SHOW server_version_num").parse().unwrap();
        let first = match number / 10_000 {
            14 => 25,
            15 => 20,
            16 => 16,
            17 => 12,
            18 => 7,
            major => return major > 18,
        };
        number % 10_000 >= first
    }

    /// The address that the server listens on.
    pub(crate) fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port of both the address and the Unix socket.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the Unix socket, where `postgres` needs no password and everybody else does.
    pub(crate) fn socket_dir(&self) -> PathBuf {
        self.folder.join("s")
    }

    /// The server's data folder.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What the server has logged since it was started.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("log")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Poisoned when a start failed: then there is no server.
        if let Ok(mut server) = self.server.lock() {
            server.take();
        }
        // What is left is removed when the test process ends.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new cluster folder with a copy of a data folder. `cp` keeps owner and mode, and clones where the file system can.
fn copy_of(data: &Path) -> PathBuf {
    let folder = scratch::folder("c");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(data)
        .arg(folder.join("data"))
        .status();
    assert!(
        copied.is_ok_and(|status| status.success()),
        "could not copy {}",
        data.display()
    );
    folder
}

/// A port that is free now. Below the ports that systems hand out to clients, and always five digits.
fn free_port() -> u16 {
    loop {
        let port = rand::random_range(10_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Whether the server's log says that another program has its port.
fn is_port_taken(log: &str) -> bool {
    log.contains("could not bind IPv4 address")
}
