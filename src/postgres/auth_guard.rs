//! Holds what a server asks for during log-in against `require_auth`, before it is answered.
//!
//! tokio-postgres answers every request for a password. This stream reads along (PostgreSQL documentation, "Message
//! Formats"), and fails instead of handing a request on that is not allowed: so no password is ever sent in answer to it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::model::connection_url::{AuthMethod, RequireAuth};

/// A stream whose server is watched until it has let us in.
pub(super) struct Guarded<S> {
    stream: S,
    watch: Option<Watch>,
}

impl<S> Guarded<S> {
    /// Watches what comes from `stream`, if anything is required.
    pub(super) fn new(stream: S, required: Option<RequireAuth>) -> Self {
        Self {
            stream,
            watch: required.map(Watch::new),
        }
    }

    /// The stream that is watched.
    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }
}

/// The server asked for what is not allowed.
#[derive(Debug)]
pub(super) struct AuthRefused {
    asked: &'static str,
    required: RequireAuth,
}

impl fmt::Display for AuthRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, required } = self;
        write!(
            formatter,
            "the server {asked}, which require_auth={required} does not allow"
        )
    }
}

impl std::error::Error for AuthRefused {}

/// Type byte, length, and the code of an authentication message.
const HEAD: usize = 9;

/// What was seen of the server's messages.
#[derive(Debug)]
struct Watch {
    required: RequireAuth,
    /// The first bytes of the message that is being received.
    head: Vec<u8>,
    /// Bytes of it that are still to come, once its head is there.
    rest: usize,
    /// The server has asked for something that is allowed.
    is_asked: bool,
}

/// How the watch goes on.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Watching,
    /// The log-in is over.
    Over,
}

impl Watch {
    fn new(required: RequireAuth) -> Self {
        Self {
            required,
            head: Vec::with_capacity(HEAD),
            rest: 0,
            is_asked: false,
        }
    }

    /// Takes note of received bytes.
    fn see(&mut self, mut bytes: &[u8]) -> Result<Verdict, AuthRefused> {
        while let Some((byte, tail)) = bytes.split_first() {
            if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            self.head.push(*byte);
            bytes = tail;
            let is_authentication = self.head[0] == b'R';
            if self.head.len() < (if is_authentication { HEAD } else { HEAD - 4 }) {
                continue;
            }
            if is_authentication && self.judge(number(&self.head[5..]))? == Verdict::Over {
                return Ok(Verdict::Over);
            }
            // The length counts itself, and not the type byte.
            let length = 1 + number(&self.head[1..5]) as usize;
            self.rest = length.saturating_sub(self.head.len());
            self.head.clear();
        }
        Ok(Verdict::Watching)
    }

    /// Judges an authentication request by its code.
    fn judge(&mut self, code: u32) -> Result<Verdict, AuthRefused> {
        let (method, asked) = match code {
            // As in libpq, to let us in without any question must be allowed too.
            0 if self.is_asked || self.required.allows(AuthMethod::None) => {
                return Ok(Verdict::Over);
            }
            0 => (AuthMethod::None, "lets us in without authentication"),
            3 => (AuthMethod::Password, "asks for the password in clear text"),
            5 => (AuthMethod::Md5, "asks for the password's MD5 hash"),
            7 | 8 => (AuthMethod::Gss, "asks for GSSAPI"),
            9 => (AuthMethod::Sspi, "asks for SSPI"),
            // Of SASL's mechanisms, tokio-postgres speaks only this one.
            10..=12 => (AuthMethod::Scram, "asks for SCRAM-SHA-256"),
            _ => (AuthMethod::None, "asks for an unknown method"),
        };
        if code != 0 && self.required.allows(method) && method != AuthMethod::None {
            self.is_asked = true;
            return Ok(Verdict::Watching);
        }
        Err(AuthRefused {
            asked,
            required: self.required.clone(),
        })
    }
}

/// A number in network byte order.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if let Some(watch) = &mut self.watch {
            match watch.see(&buffer.filled()[before..]) {
                Ok(Verdict::Watching) => {}
                Ok(Verdict::Over) => self.watch = None,
                Err(refused) => {
                    buffer.set_filled(before);
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::PermissionDenied,
                        refused,
                    )));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 0];
    const CLEAR: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];
    const MD5: [u8; 13] = [b'R', 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4];
    const SASL: [u8; 24] = *b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
    const NOTICE: [u8; 7] = [b'N', 0, 0, 0, 6, b'R', 0];

    /// The end of the watch over these messages, received in pieces of that size.
    fn watch(required: &str, messages: &[&[u8]], size: usize) -> Result<Verdict, String> {
        let mut watch = Watch::new(required.parse().unwrap());
        for piece in messages.concat().chunks(size) {
            match watch.see(piece) {
                Ok(Verdict::Watching) => {}
                Ok(Verdict::Over) => return Ok(Verdict::Over),
                Err(refused) => return Err(refused.to_string()),
            }
        }
        Ok(Verdict::Watching)
    }

    #[test]
    fn what_is_not_allowed_is_refused_however_it_arrives() {
        for size in [1, 2, 5, 9, 100] {
            for (required, messages, is_allowed) in [
                ("scram-sha-256", vec![&SASL[..], &OK], true),
                ("scram-sha-256", vec![&NOTICE, &SASL, &OK], true),
                ("scram-sha-256", vec![&CLEAR], false),
                ("scram-sha-256", vec![&NOTICE, &MD5], false),
                ("scram-sha-256", vec![&SASL, &CLEAR], false),
                ("scram-sha-256", vec![&OK], false),
                ("none", vec![&OK], true),
                ("none", vec![&CLEAR], false),
                ("none,md5", vec![&MD5, &OK], true),
                ("!password", vec![&MD5, &OK], true),
                ("!password", vec![&OK], true),
                ("!password", vec![&CLEAR], false),
                ("!none", vec![&OK], false),
                ("!none", vec![&CLEAR, &OK], true),
            ] {
                let expected = if is_allowed {
                    Ok(Verdict::Over)
                } else {
                    Err(())
                };
                let end = watch(required, &messages, size);
                assert_eq!(
                    end.map_err(|_| ()),
                    expected,
                    "{required} {messages:?} {size}"
                );
            }
        }
    }

    #[test]
    fn the_refusal_says_what_was_asked_for() {
        assert_eq!(
            watch("scram-sha-256", &[&CLEAR], 9).unwrap_err(),
            "the server asks for the password in clear text, which require_auth=scram-sha-256 does not allow"
        );
    }

    #[tokio::test]
    async fn a_refused_request_is_never_handed_on() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut server, client) = tokio::io::duplex(64);
        let mut guarded = Guarded::new(client, Some("md5".parse().unwrap()));
        server.write_all(&CLEAR).await.unwrap();
        let mut received = [0; 9];
        let refusal = guarded.read(&mut received).await.unwrap_err();
        assert_eq!(refusal.kind(), io::ErrorKind::PermissionDenied);
    }
}
