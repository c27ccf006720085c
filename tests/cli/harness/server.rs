//! Starts and stops a `postgres` that never outlives the test process.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::programs::{as_server, programs};
use super::within;

/// Runs `"$@"` until it ends, and sends it the signal that is read from standard input; SIGQUIT at the end of the input, that is,
/// when the test process died: again and again, because `postgres` ignores it until it has set its handlers.
const WATCH: &str = r#"exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
  read -r signal <&3 && kill -s "$signal" "$server" && exit
  while kill -s QUIT "$server"; do sleep 0.05; done
} 2>/dev/null &
reader=$!
exec 3<&-
wait "$server"
code=$?
kill "$reader" 2>/dev/null
wait "$reader"
exit "$code""#;

/// A running `postgres` under its watcher. Dropped: gone at once, as in an immediate shutdown.
pub(super) struct Server {
    watcher: Child,
}

impl Server {
    /// Starts a server on a data folder; the log's text when it ended instead of becoming ready.
    pub(super) fn start(data: &Path, log: &Path) -> Result<Server, String> {
        let output = File::create(log).unwrap();
        let mut command = as_server(Path::new("/bin/sh"));
        command.args(["-c", WATCH, "pgcreds-test-watch"]);
        // Should somebody kill the watcher, the kernel ends the server.
        if Path::new("/usr/bin/setpriv").exists() {
            command.args(["/usr/bin/setpriv", "--pdeathsig", "QUIT"]);
        }
        let watcher = command
            .arg(programs().folder.join("postgres"))
            .arg("-D")
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .process_group(0)
            .spawn()
            .expect("could not start /bin/sh");
        let mut server = Server { watcher };
        let is_settled = || server.has_ended() || is_ready(data);
        if within(Duration::from_secs(60), is_settled) && !server.has_ended() {
            return Ok(server);
        }
        Err(fs::read_to_string(log).unwrap())
    }

    /// Stops the server with that signal ("INT": fast, "QUIT": immediate). Whether it is gone within half a minute.
    pub(super) fn stop(&mut self, signal: &str) -> bool {
        if let Some(mut orders) = self.watcher.stdin.take() {
            // This fails when the server has ended by itself, and its watcher with it.
            let _ = orders.write_all(format!("{signal}\n").as_bytes());
        }
        within(Duration::from_secs(30), || self.has_ended())
    }

    /// Whether the server, and with it its watcher, is gone.
    fn has_ended(&mut self) -> bool {
        self.watcher.try_wait().unwrap().is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop("QUIT");
    }
}

/// Line 8 of postmaster.pid is the server's state (PostgreSQL: src/include/utils/pidfile.h).
fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid"))
        .is_ok_and(|text| text.lines().nth(7).map(str::trim) == Some("ready"))
}
