//! The values of connection parameters, in libpq's words.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::InvalidUrl;

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// The modes in libpq's spelling.
const SSL_MODES: [(&str, SslMode); 6] = [
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

impl SslMode {
    /// Whether a session without TLS will not do.
    pub(crate) fn needs_tls(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }
}

impl FromStr for SslMode {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let known = SSL_MODES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, mode)| *mode)
            .ok_or(InvalidUrl::Value("sslmode"))
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = SSL_MODES.iter().find(|(_, mode)| mode == self);
        formatter.write_str(known.map_or("", |(name, _)| name))
    }
}

/// TCP keep-alive settings; what is `None` is left to the operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keepalives {
    pub(crate) disabled: bool,
    pub(crate) idle: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) retries: Option<u32>,
    pub(crate) user_timeout: Option<Duration>,
}

/// What a connection string says of TLS beside its `sslmode`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsParameters {
    /// File with the certificates to trust, or `system`.
    pub(crate) root_certificates: Option<String>,
    /// The client's certificate and key, in PEM.
    pub(crate) certificate: Option<String>,
    pub(crate) key: Option<String>,
    /// The client's certificate is not shown, even where there is one (`sslcertmode=disable`).
    pub(crate) hides_certificate: bool,
    /// File with revoked certificates.
    pub(crate) revoked: Option<String>,
    /// Folder with such files.
    pub(crate) revoked_folder: Option<String>,
    /// TLS from the first byte on (PostgreSQL 17+).
    pub(crate) is_direct: bool,
    /// The host's name is not said in clear (`sslsni=0`).
    pub(crate) hides_name: bool,
    /// The lowest and the highest version, as far as they exclude one of the two there are.
    pub(crate) without_1_2: bool,
    pub(crate) without_1_3: bool,
    pub(crate) channel_binding: Option<ChannelBinding>,
}

impl TlsParameters {
    /// Whether the server has to prove by SCRAM that it is the one at the other end of the TLS session.
    pub(crate) fn binds_channel(&self) -> bool {
        self.channel_binding == Some(ChannelBinding::Require)
    }
}

/// libpq's `channel_binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

/// libpq's `target_session_attrs`, as far as a program that writes can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Any,
    ReadWrite,
    Primary,
}

/// How a server can ask who somebody is, in the words of libpq's `require_auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    /// It does not ask: `trust`, `peer`, `cert`.
    None,
    /// A password in clear text.
    Password,
    Md5,
    Gss,
    Sspi,
    /// SCRAM, with or without channel binding.
    Scram,
    Oauth,
}

/// The methods in libpq's spelling.
const AUTH_METHODS: [(&str, AuthMethod); 7] = [
    ("none", AuthMethod::None),
    ("password", AuthMethod::Password),
    ("md5", AuthMethod::Md5),
    ("gss", AuthMethod::Gss),
    ("sspi", AuthMethod::Sspi),
    ("scram-sha-256", AuthMethod::Scram),
    ("oauth", AuthMethod::Oauth),
];

/// libpq's `require_auth`: what a server may ask for; everything by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequireAuth {
    methods: Vec<AuthMethod>,
    /// The methods are those that are not allowed.
    is_negated: bool,
    text: String,
}

impl RequireAuth {
    /// Whether the server may authenticate that way.
    pub(crate) fn allows(&self, method: AuthMethod) -> bool {
        self.methods.contains(&method) != self.is_negated
    }
}

impl FromStr for RequireAuth {
    type Err = InvalidUrl;

    /// `a,b` or `!a,!b`; as in libpq the two do not mix.
    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let invalid = || InvalidUrl::Value("require_auth");
        let is_negated = text.starts_with('!');
        let mut methods = Vec::new();
        for item in text.split(',').map(str::trim) {
            let name = match item.strip_prefix('!') {
                Some(name) if is_negated => name,
                None if !is_negated => item,
                _ => return Err(invalid()),
            };
            let known = AUTH_METHODS.iter().find(|(known, _)| *known == name);
            methods.push(known.ok_or_else(invalid)?.1);
        }
        Ok(Self {
            methods,
            is_negated,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for RequireAuth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn require_auth_lists_what_is_allowed_or_what_is_not() {
        let allows = |text: &str, method| text.parse::<RequireAuth>().unwrap().allows(method);
        assert!(allows("scram-sha-256", AuthMethod::Scram));
        assert!(!allows("scram-sha-256", AuthMethod::Password));
        assert!(!allows("scram-sha-256", AuthMethod::None));
        assert!(allows("md5, none", AuthMethod::None));
        assert!(allows("!password,!md5", AuthMethod::None));
        assert!(!allows("!password,!md5", AuthMethod::Md5));
        for text in ["", "scram", "!md5,none", "none,!md5", "md5,"] {
            assert_eq!(
                text.parse::<RequireAuth>(),
                Err(InvalidUrl::Value("require_auth")),
                "{text}"
            );
        }
    }
}
