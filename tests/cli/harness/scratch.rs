//! Where the harness keeps its files: one folder per user, in it one per test process, which is removed when that process ends,
//! however it ends.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// A cluster takes about 25 MB: a tmpfs with less room than this (64 MB in Docker) is left alone.
const ROOM: u64 = 1 << 30;

/// Removes folder `$1` when standard input ends, that is, when the test process does. Servers may still be writing to it.
const GUARD: &str = r#"read -r _
tries=0
while [ -e "$1" ] && [ $tries -lt 100 ]; do
  chmod -R u+rwX "$1"; rm -rf "$1"; sleep 0.05; tries=$((tries + 1))
done"#;

/// The folder of this test process.
struct Scratch {
    path: PathBuf,
    /// Locked for as long as the process lives: that is how others know that the folder is in use.
    _lock: File,
    /// Holds the write end of the guard's standard input.
    _guard: Child,
}

/// The folder that all test processes of this user share: on tmpfs where there is one.
pub(super) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let user = rustix::process::getuid().as_raw();
        let shared_memory = PathBuf::from("/dev/shm");
        let parent = if is_roomy(&shared_memory) {
            shared_memory
        } else {
            std::env::temp_dir()
        };
        let path = parent.join(format!("pgcreds-test-{user}"));
        open_folder(&path);
        let owner = fs::symlink_metadata(&path).unwrap().uid();
        assert_eq!(owner, user, "{} belongs to somebody else", path.display());
        path
    })
}

/// A new folder for one cluster or sandbox. Names are short: the path of a Unix socket has at most 107 bytes.
pub(super) fn folder(kind: &str) -> PathBuf {
    static SCRATCH: OnceLock<Scratch> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let scratch = SCRATCH.get_or_init(claim);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = scratch.path.join(format!("{kind}{number}"));
    open_folder(&path);
    path
}

/// An exclusive lock among test processes, held until the file is dropped.
pub(super) fn lock(name: &str) -> File {
    let file = File::create(root().join(name)).unwrap();
    file.lock().unwrap();
    file
}

/// Removes what dead test processes left, and makes the folder of this one.
fn claim() -> Scratch {
    let _claiming = lock("lock");
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let is_run = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("run-"));
        if is_run && File::open(path.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&path);
        }
    }
    let path = root().join(format!("run-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    open_folder(&path);
    let lock = File::create(path.join("lock")).unwrap();
    lock.lock().unwrap();
    let guard = Command::new("/bin/sh")
        .args(["-c", GUARD, "pgcreds-test-guard"])
        .arg(&path)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("could not start /bin/sh");
    Scratch {
        path,
        _lock: lock,
        _guard: guard,
    }
}

/// Makes a folder that the server's user may enter, whatever the umask is.
fn open_folder(path: &Path) {
    match fs::DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        made => {
            made.unwrap_or_else(|error| panic!("could not create {}: {error}", path.display()));
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
    }
}

/// Whether clusters fit there, and programs may run from there.
fn is_roomy(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| {
        found.f_bavail * found.f_frsize >= ROOM && !found.f_flag.contains(StatVfsMountFlags::NOEXEC)
    })
}
