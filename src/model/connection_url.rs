//! Connection strings as libpq reads them: `postgresql://…` and `keyword=value …`.
//! (PostgreSQL documentation, "Connection Strings".)

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::secret::Secret;

/// libpq's default port.
const DEFAULT_PORT: u16 = 5432;

/// The parameters that pgcreds understands.
const KNOWN: [&str; 22] = [
    "user",
    "password",
    "host",
    "port",
    "dbname",
    "options",
    "application_name",
    "connect_timeout",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcrl",
    "sslnegotiation",
    "channel_binding",
    "hostaddr",
    "target_session_attrs",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// One server address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// A name, an address, or the folder of a Unix socket (then it starts with `/`).
    pub(crate) name: String,
    /// The address to connect to, where the name is only for the certificate and the password file.
    pub(crate) address: Option<IpAddr>,
    /// The port, which is part of a Unix socket's name too.
    pub(crate) port: u16,
}

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
    /// File with revoked certificates.
    pub(crate) revoked: Option<String>,
    /// TLS from the first byte on (PostgreSQL 17+).
    pub(crate) is_direct: bool,
    pub(crate) channel_binding: Option<ChannelBinding>,
}

/// libpq's `channel_binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

/// A connection string, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// Addresses, in the order in which they are tried; empty means the local socket.
    pub(crate) hosts: Vec<Host>,
    pub(crate) user: Option<String>,
    /// A password that stands in the string itself.
    pub(crate) password: Option<Secret>,
    pub(crate) dbname: Option<String>,
    pub(crate) options: Option<String>,
    pub(crate) application_name: Option<String>,
    /// Limit for the whole connect, log-in included; `Some(0)` means none.
    pub(crate) connect_timeout: Option<Duration>,
    /// libpq takes `prefer` where there is none.
    pub(crate) ssl_mode: Option<SslMode>,
    pub(crate) tls: TlsParameters,
    pub(crate) keepalives: Keepalives,
}

/// What is wrong with a connection string. No value of it is repeated: it can hold a password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidUrl {
    /// Neither a URI nor `keyword=value`.
    Form,
    /// A parameter that pgcreds does not know.
    UnknownParameter(String),
    /// A parameter's value that cannot be used.
    Value(&'static str),
    /// A placeholder other than `{{username}}` and `{{password}}`.
    Placeholder,
    /// `{{username}}` without a username.
    NoUsername,
    /// As many ports as hosts, or one.
    PortCount,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => {
                formatter.write_str("it is neither postgresql://… nor a list of keyword=value")
            }
            Self::UnknownParameter(name) => {
                write!(formatter, "unknown parameter \"{name}\"")?;
                let near = KNOWN
                    .iter()
                    .find(|known| strsim::damerau_levenshtein(known, name) <= 2);
                near.map_or(Ok(()), |near| {
                    write!(formatter, " (did you mean \"{near}\"?)")
                })
            }
            Self::Value(name) => write!(formatter, "invalid value for \"{name}\""),
            Self::Placeholder => {
                formatter.write_str("unknown placeholder: there are {{username}} and {{password}}")
            }
            Self::NoUsername => {
                formatter.write_str("it has {{username}}, but no username is given")
            }
            Self::PortCount => formatter.write_str("the numbers of hosts and ports differ"),
        }
    }
}

impl std::error::Error for InvalidUrl {}

/// A parameter's name and its decoded value.
type Pair = (String, String);

impl Parameters {
    /// Takes a connection string apart. `{{username}}` becomes `username`; a password of `{{password}}` counts as none,
    /// because the connection's own source gives it.
    pub(crate) fn parse(text: &str, username: Option<&str>) -> Result<Self, InvalidUrl> {
        let uri = ["postgresql://", "postgres://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let pairs = match uri {
            Some(rest) => uri_pairs(rest)?,
            None => keyword_pairs(text)?,
        };
        let mut parameters = Self::default();
        let (mut hosts, mut addresses, mut ports) = (String::new(), String::new(), String::new());
        for (name, value) in pairs {
            let Some(value) = fill_in(value, username)? else {
                continue;
            };
            match name.as_str() {
                "host" => hosts = value,
                "hostaddr" => addresses = value,
                "port" => ports = value,
                _ => parameters.set(&name, value)?,
            }
        }
        parameters.hosts = pair_hosts(&hosts, &addresses, &ports)?;
        Ok(parameters)
    }

    /// The parameters that say where it leads, as a URI, with `***` for a password.
    pub(crate) fn redacted_uri(&self) -> String {
        let hosts: Vec<String> = self
            .hosts
            .iter()
            .map(|host| format!("{}:{}", encode(&host.name), host.port))
            .collect();
        let user = self.user.as_deref().map(encode).unwrap_or_default();
        let password = if self.password.is_some() { ":***" } else { "" };
        let at = if user.is_empty() && password.is_empty() {
            ""
        } else {
            "@"
        };
        let dbname = self.dbname.as_deref().map(encode).unwrap_or_default();
        format!(
            "postgresql://{user}{password}{at}{}/{dbname}",
            hosts.join(",")
        )
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), InvalidUrl> {
        match name {
            "user" => self.user = Some(value),
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.dbname = Some(value),
            "options" => self.options = Some(value),
            "application_name" => self.application_name = Some(value),
            "connect_timeout" => self.connect_timeout = Some(seconds("connect_timeout", &value)?),
            "sslmode" => self.ssl_mode = Some(value.parse()?),
            "sslrootcert" => self.tls.root_certificates = Some(value),
            "sslcert" => self.tls.certificate = Some(value),
            "sslkey" => self.tls.key = Some(value),
            "sslcrl" => self.tls.revoked = Some(value),
            "sslnegotiation" => {
                self.tls.is_direct = one_of(
                    "sslnegotiation",
                    &value,
                    &[("postgres", false), ("direct", true)],
                )?;
            }
            "channel_binding" => {
                let known = [
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ];
                self.tls.channel_binding = Some(one_of("channel_binding", &value, &known)?);
            }
            // pgcreds writes, so it needs a server that can be written to, whatever the string says.
            "target_session_attrs" => one_of(
                "target_session_attrs",
                &value,
                &[("any", ()), ("read-write", ()), ("primary", ())],
            )?,
            "keepalives" => self.keepalives.disabled = value == "0",
            "keepalives_idle" => self.keepalives.idle = Some(seconds("keepalives_idle", &value)?),
            "keepalives_interval" => {
                self.keepalives.interval = Some(seconds("keepalives_interval", &value)?);
            }
            "keepalives_count" => {
                self.keepalives.retries = Some(number("keepalives_count", &value)?);
            }
            "tcp_user_timeout" => {
                let milliseconds = number("tcp_user_timeout", &value)?;
                self.keepalives.user_timeout = Some(Duration::from_millis(milliseconds));
            }
            _ => return Err(InvalidUrl::UnknownParameter(name.to_owned())),
        }
        Ok(())
    }
}

/// Fills the placeholders of a value in; `None` for the password, which has its own source.
fn fill_in(value: String, username: Option<&str>) -> Result<Option<String>, InvalidUrl> {
    if value == "{{password}}" {
        return Ok(None);
    }
    if !value.contains("{{") {
        return Ok(Some(value));
    }
    let value = match (value.contains("{{username}}"), username) {
        (true, Some(username)) => value.replace("{{username}}", username),
        (true, None) => return Err(InvalidUrl::NoUsername),
        (false, _) => value,
    };
    if value.contains("{{") {
        Err(InvalidUrl::Placeholder)
    } else {
        Ok(Some(value))
    }
}

/// `[user[:password]@][host[:port],…][/dbname][?name=value&…]`
fn uri_pairs(rest: &str) -> Result<Vec<Pair>, InvalidUrl> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    let (user_info, addresses) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for address in addresses.split(',') {
        let (host, port) = split_port(address)?;
        hosts.push(decode(host)?);
        ports.push(port);
    }
    let mut pairs = vec![
        ("user".into(), decode(user)?),
        ("password".into(), decode(password)?),
        ("host".into(), hosts.join(",")),
        ("port".into(), ports.join(",")),
        ("dbname".into(), decode(dbname)?),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(InvalidUrl::Form)?;
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

/// Splits `host:port`; an IPv6 address stands in brackets.
fn split_port(address: &str) -> Result<(&str, &str), InvalidUrl> {
    match address.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']').ok_or(InvalidUrl::Form)?;
            let port = tail.strip_prefix(':').unwrap_or(tail);
            Ok((host, port))
        }
        None => Ok(address.split_once(':').unwrap_or((address, ""))),
    }
}

/// Percent-encodes everything that could mean something in a URI.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String, InvalidUrl> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = tail
                .get(..2)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            bytes.push(byte.filter(|byte| *byte != 0).ok_or(InvalidUrl::Form)?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| InvalidUrl::Form)
}

/// `keyword = value`, where a value in single quotes may hold spaces, and a backslash takes the next character as it is.
fn keyword_pairs(text: &str) -> Result<Vec<Pair>, InvalidUrl> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, tail) = rest.split_once('=').ok_or(InvalidUrl::Form)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(InvalidUrl::Form);
        }
        let (value, tail) = keyword_value(tail.trim_start())?;
        pairs.push((name.to_owned(), value));
        rest = tail.trim_start();
    }
    if pairs.is_empty() {
        Err(InvalidUrl::Form)
    } else {
        Ok(pairs)
    }
}

/// Reads one value and returns it with what follows.
fn keyword_value(text: &str) -> Result<(String, &str), InvalidUrl> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next() {
            Some('\\') => value.push(characters.next().ok_or(InvalidUrl::Form)?),
            Some('\'') if quoted => return Ok((value, characters.as_str())),
            Some(space) if !quoted && space.is_whitespace() => {
                return Ok((value, characters.as_str()));
            }
            Some(other) => value.push(other),
            None if quoted => return Err(InvalidUrl::Form),
            None => return Ok((value, "")),
        }
    }
}

/// Brings hosts, addresses and ports together: one port serves all hosts, else each has its own.
fn pair_hosts(names: &str, addresses: &str, ports: &str) -> Result<Vec<Host>, InvalidUrl> {
    // As in libpq, an address without a name is its own name.
    let names: Vec<&str> = if names.is_empty() { addresses } else { names }
        .split(',')
        .collect();
    let addresses: Vec<&str> = addresses.split(',').collect();
    let ports: Vec<&str> = ports.split(',').collect();
    let fits = |list: &[&str]| list.len() == 1 || list.len() == names.len();
    if !fits(&ports) || (addresses != [""] && addresses.len() != names.len()) {
        return Err(InvalidUrl::PortCount);
    }
    let mut hosts = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let address = match addresses.get(at) {
            None | Some(&"") => None,
            Some(text) => Some(text.parse().map_err(|_| InvalidUrl::Value("hostaddr"))?),
        };
        let port = match ports[if ports.len() == 1 { 0 } else { at }] {
            "" => DEFAULT_PORT,
            text => text
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or(InvalidUrl::Value("port"))?,
        };
        hosts.push(Host {
            name: (*name).to_owned(),
            address,
            port,
        });
    }
    Ok(hosts)
}

fn one_of<V: Copy>(name: &'static str, value: &str, known: &[(&str, V)]) -> Result<V, InvalidUrl> {
    let found = known.iter().find(|(text, _)| *text == value);
    found
        .map(|(_, value)| *value)
        .ok_or(InvalidUrl::Value(name))
}

fn seconds(name: &'static str, value: &str) -> Result<Duration, InvalidUrl> {
    number(name, value).map(Duration::from_secs)
}

fn number<N: std::str::FromStr>(name: &'static str, value: &str) -> Result<N, InvalidUrl> {
    value.trim().parse().map_err(|_| InvalidUrl::Value(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Parameters {
        Parameters::parse(text, Some("admin")).unwrap()
    }

    fn host(name: &str, port: u16) -> Host {
        Host {
            name: name.into(),
            address: None,
            port,
        }
    }

    #[test]
    fn a_uri_is_taken_apart() {
        let parameters = parse(
            "postgresql://{{username}}:{{password}}@db.example.com:6000/my%20db?sslmode=verify-full&connect_timeout=3",
        );
        assert_eq!(parameters.hosts, [host("db.example.com", 6000)]);
        assert_eq!(parameters.user.as_deref(), Some("admin"));
        assert_eq!(parameters.password, None);
        assert_eq!(parameters.dbname.as_deref(), Some("my db"));
        assert_eq!(parameters.ssl_mode, Some(SslMode::VerifyFull));
        assert_eq!(parameters.connect_timeout, Some(Duration::from_secs(3)));
    }

    #[test]
    fn hosts_come_in_every_form() {
        for (text, hosts) in [
            ("postgres://", vec![host("", 5432)]),
            ("postgresql:///db", vec![host("", 5432)]),
            ("postgresql://a,b:1/db", vec![host("a", 5432), host("b", 1)]),
            ("postgresql://[::1]:7/db", vec![host("::1", 7)]),
            ("postgresql://%2Fvar%2Frun/db", vec![host("/var/run", 5432)]),
            ("postgresql:///db?host=/tmp&port=9", vec![host("/tmp", 9)]),
            (
                "host=a,b port=7 dbname=db",
                vec![host("a", 7), host("b", 7)],
            ),
        ] {
            assert_eq!(parse(text).hosts, hosts, "{text}");
        }
    }

    #[test]
    fn keyword_values_are_unquoted() {
        let parameters = parse(r"host = h password='a b\'c\\' user=x\ y");
        assert_eq!(parameters.password, Some(Secret::new(r"a b'c\")));
        assert_eq!(parameters.user.as_deref(), Some("x y"));
    }

    #[test]
    fn passwords_may_hold_any_character() {
        let parameters = parse("postgresql://u:p%40%3A%2F%25@h/d");
        assert_eq!(parameters.password, Some(Secret::new("p@:/%")));
    }

    #[test]
    fn errors_name_the_parameter_and_no_value() {
        for (text, error) in [
            ("mysql://a", InvalidUrl::Form),
            ("", InvalidUrl::Form),
            (
                "postgresql://h/d?sslmod=x",
                InvalidUrl::UnknownParameter("sslmod".into()),
            ),
            ("postgresql://h/d?sslmode=x", InvalidUrl::Value("sslmode")),
            ("postgresql://h:port/d", InvalidUrl::Value("port")),
            ("postgresql://h:0/d", InvalidUrl::Value("port")),
            ("postgresql://{{user}}@h/d", InvalidUrl::Placeholder),
            ("host=a,b port=1,2,3", InvalidUrl::PortCount),
            ("postgresql://h/%zz", InvalidUrl::Form),
            ("host='a", InvalidUrl::Form),
        ] {
            assert_eq!(Parameters::parse(text, Some("admin")), Err(error), "{text}");
        }
        assert_eq!(
            InvalidUrl::UnknownParameter("sslmod".into()).to_string(),
            "unknown parameter \"sslmod\" (did you mean \"sslmode\"?)"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(postgresql://)?[a-z%:@/?=&,'\\\\ ä0-9\\[\\]{}]{0,40}") {
            let _ = Parameters::parse(&text, None);
        }
    }
}
