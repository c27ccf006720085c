//! The template cluster: `initdb` and the settings that all clusters of the tests have in common.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::programs::{Programs, as_server, give_to_server, programs};
use super::scratch;

/// The superuser's password, for logins over TCP; over the socket none is needed.
const SUPERUSER_PASSWORD: &str = "superuser-secret";

/// The superuser needs no password on the socket; everybody else needs one everywhere.
const PG_HBA: &str = "\
local all         postgres              trust
local replication postgres              trust
local all         all                   scram-sha-256
host  all         all      127.0.0.1/32 scram-sha-256
";

/// Nothing in a test must survive a crash of the machine: no fsync.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 100
max_prepared_transactions = 10
shared_buffers = 16MB
wal_level = logical
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
";

/// A data folder to copy: made once per version, and shared by all test processes.
pub(super) fn template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let programs = programs();
        let mut hasher = DefaultHasher::new();
        (&programs.folder, &programs.banner, PG_HBA, SETTINGS).hash(&mut hasher);
        let name = format!("template-{}-{:016x}", programs.version, hasher.finish());
        let path = scratch::root().join(&name);
        let _making = scratch::lock("template-lock");
        if !path.exists() {
            let draft = scratch::folder("t").join("data");
            initdb(programs, &draft);
            fs::rename(&draft, &path).unwrap();
        }
        path
    })
}

/// Makes a data folder with the harness's settings.
fn initdb(programs: &Programs, data: &Path) {
    let parent = data.parent().unwrap();
    give_to_server(parent);
    let password = parent.join("password");
    fs::write(&password, SUPERUSER_PASSWORD).unwrap();
    let output = as_server(&programs.folder.join("initdb"))
        .args(["-N", "-U", "postgres", "--encoding=UTF8", "--locale=C"])
        .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
        .arg("--wal-segsize=1")
        .arg(format!("--pwfile={}", password.display()))
        .arg("-D")
        .arg(data)
        .output()
        .expect("could not run initdb");
    assert!(
        output.status.success(),
        "initdb failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    fs::write(data.join("pg_hba.conf"), PG_HBA).unwrap();
    append(&data.join("postgresql.conf"), SETTINGS);
    if programs.version >= 18 {
        append(&data.join("postgresql.conf"), "io_method = sync\n");
    }
}

/// Adds text to the end of a file.
pub(super) fn append(path: &Path, text: &str) {
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
