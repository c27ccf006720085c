//! The system's log, through its socket: one datagram a line, as syslog(3) sends it, without a time, which the log adds.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// Facility `authpriv` (10) with severity informational (6) and warning (4); RFC 3164, section 4.1.1.
const PRIORITIES: [u8; 2] = [10 * 8 + 6, 10 * 8 + 4];

/// How long a log that does not read may hold us up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the socket.
pub(super) fn connect(socket: &Path) -> io::Result<UnixDatagram> {
    let datagrams = UnixDatagram::unbound()?;
    datagrams.connect(socket)?;
    datagrams.set_write_timeout(Some(PATIENCE))?;
    Ok(datagrams)
}

/// Sends lines, each with whether it tells of a success. The log's word is all that there is: it says nothing of disks.
pub(super) fn send<'a>(
    socket: &Path,
    lines: impl Iterator<Item = (&'a str, bool)>,
) -> io::Result<()> {
    let datagrams = connect(socket)?;
    let pid = std::process::id();
    for (line, is_ok) in lines {
        let priority = PRIORITIES[usize::from(!is_ok)];
        datagrams.send(format!("<{priority}>pgcreds[{pid}]: {line}").as_bytes())?;
    }
    Ok(())
}
