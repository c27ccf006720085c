//! PostgreSQL's message framing (documentation: "Message Formats"), as far as a proxy must understand it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// ReadyForQuery: the server waits for the next request.
pub(super) const READY_FOR_QUERY: u8 = b'Z';

/// Request codes of the packets that ask for encryption before the start-up packet.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];

/// Passes the start-up packet on, and whatever is asked and answered before it. Whether the connection is encrypted from here on.
pub(super) fn pass_start_up(client: &mut TcpStream, server: &mut TcpStream) -> io::Result<bool> {
    loop {
        let mut packet = vec![0; 8];
        client.read_exact(&mut packet)?;
        let length = number(&packet[..4]) as usize;
        let code = number(&packet[4..]);
        packet.resize(length.max(8), 0);
        client.read_exact(&mut packet[8..])?;
        server.write_all(&packet)?;
        if !ENCRYPTION_REQUESTS.contains(&code) {
            return Ok(false);
        }
        let mut answer = [0];
        server.read_exact(&mut answer)?;
        client.write_all(&answer)?;
        if answer != *b"N" {
            return Ok(true);
        }
    }
}

/// Takes the complete messages out of what was received.
pub(super) fn take_messages(received: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while received.len() >= 5 {
        // A type byte, then a length that counts itself.
        let length = 1 + number(&received[1..5]) as usize;
        if received.len() < length {
            break;
        }
        messages.push(received.drain(..length).collect());
    }
    messages
}

/// A number in network byte order.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
