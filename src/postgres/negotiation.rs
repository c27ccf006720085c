//! How a session with a server begins: whether and how TLS is agreed on, and the watch over what the server asks for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::model::connection_url::RequireAuth;
use crate::postgres::auth_guard::Guarded;

/// The request for TLS (PostgreSQL documentation, "Message Formats": SSLRequest).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Whether the session is to have TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Never,
    /// As in libpq's `prefer`: where the server has it.
    IfOffered,
    Always,
    /// Without asking first.
    Direct,
}

/// Begins sessions. To tokio-postgres it looks like TLS that begins at once, whatever it agrees on: only so can it watch the
/// log-in without TLS too.
#[derive(Clone)]
pub(super) struct Negotiation {
    /// `None` for sessions without TLS.
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) encryption: Encryption,
    pub(super) required: Option<RequireAuth>,
    /// Whom the server's certificate must be for.
    pub(super) host: String,
}

/// A stream with or without TLS.
pub(super) enum Transport<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Plain(S),
    Tls(Box<<MakeRustlsConnect as MakeTlsConnect<S>>::Stream>),
}

impl<S> MakeTlsConnect<S> for Negotiation
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Guarded<Transport<S>>;
    type TlsConnect = Self;
    type Error = io::Error;

    fn make_tls_connect(&mut self, _: &str) -> io::Result<Self> {
        Ok(self.clone())
    }
}

impl<S> TlsConnect<S> for Negotiation
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Guarded<Transport<S>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Stream>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let required = self.required.clone();
            Ok(Guarded::new(self.begin(stream).await?, required))
        })
    }
}

impl Negotiation {
    async fn begin<S>(self, mut stream: S) -> io::Result<Transport<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(mut tls) = self.tls else {
            return Ok(Transport::Plain(stream));
        };
        if self.encryption != Encryption::Direct {
            stream.write_all(&SSL_REQUEST).await?;
            match (stream.read_u8().await?, self.encryption) {
                (b'S', _) => {}
                (b'N', Encryption::IfOffered) => return Ok(Transport::Plain(stream)),
                _ => return Err(io::Error::other("server does not support TLS")),
            }
        }
        let connector = match MakeTlsConnect::<S>::make_tls_connect(&mut tls, &self.host) {
            Ok(connector) => connector,
            Err(never) => match never {},
        };
        let stream = connector.connect(stream).await?;
        Ok(Transport::Tls(Box::new(stream)))
    }
}

impl<S> TlsStream for Guarded<Transport<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn channel_binding(&self) -> ChannelBinding {
        match self.get_ref() {
            Transport::Plain(_) => ChannelBinding::none(),
            Transport::Tls(stream) => stream.channel_binding(),
        }
    }
}

impl<S> AsyncRead for Transport<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl<S> AsyncWrite for Transport<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
