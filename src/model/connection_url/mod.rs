//! Connection strings as libpq reads them: `postgresql://…` and `keyword=value …`.
//! (PostgreSQL documentation, "Connection Strings".)

mod hosts;
mod invalid;
mod keywords;
mod known;
mod options;
mod settings;
mod text;

use std::net::IpAddr;
use std::time::Duration;

pub(crate) use invalid::InvalidUrl;
pub(crate) use options::{
    AuthMethod, ChannelBinding, Keepalives, RequireAuth, SslMode, Target, TlsParameters,
};
pub(crate) use settings::Settings;
pub(crate) use text::encode;

use crate::model::secret::Secret;

/// One server address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// A name, an address, or the folder of a Unix socket (then it starts with `/`, or with `@` for an abstract one).
    pub(crate) name: String,
    /// The address to connect to, where the name is only for the certificate and the password file.
    pub(crate) address: Option<IpAddr>,
    /// The port, which is part of a Unix socket's name too.
    pub(crate) port: u16,
}

impl Host {
    /// Whether it is a Unix socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.address.is_none() && (self.name.is_empty() || self.name.starts_with(['/', '@']))
    }
}

/// A connection string, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// Addresses, in the order in which they are tried; an empty name means the local socket.
    pub(crate) hosts: Vec<Host>,
    pub(crate) user: Option<String>,
    /// A password that stands in the string itself.
    pub(crate) password: Option<Secret>,
    /// The password file, instead of the usual one.
    pub(crate) passfile: Option<String>,
    pub(crate) dbname: Option<String>,
    pub(crate) options: Option<String>,
    pub(crate) application_name: Option<String>,
    /// Limit for the whole connect to one address, log-in included; `Some(0)` means none.
    pub(crate) connect_timeout: Option<Duration>,
    /// Which of several servers will do.
    pub(crate) target: Option<Target>,
    /// The hosts are tried in random order.
    pub(crate) shuffles_hosts: bool,
    /// How the server may ask who we are; every way, where there is none.
    pub(crate) require_auth: Option<RequireAuth>,
    /// The operating system's user that a server behind a Unix socket must run as.
    pub(crate) require_peer: Option<String>,
    /// libpq takes `prefer` where there is none.
    pub(crate) ssl_mode: Option<SslMode>,
    pub(crate) tls: TlsParameters,
    pub(crate) keepalives: Keepalives,
}

impl Parameters {
    /// Takes a connection string apart, as [`Settings::parse`] does, and adds nothing to it.
    pub(crate) fn parse(text: &str, username: Option<&str>) -> Result<Self, InvalidUrl> {
        Settings::parse(text, username)?.parameters()
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
