//! What each parameter of a connection string sets, and which are refused.

use std::time::Duration;

use super::known::KNOWN;
use super::options::{ChannelBinding, Target, TlsParameters};
use super::{InvalidUrl, Parameters};
use crate::model::secret::Secret;

/// Sets one parameter. As in libpq an empty value is none.
pub(super) fn set(parameters: &mut Parameters, name: &str, value: &str) -> Result<(), InvalidUrl> {
    if value.is_empty() && KNOWN.contains(&name) {
        return Ok(());
    }
    let text = || Some(value.to_owned());
    match name {
        // What these say together is for the whole of the settings, or was read before.
        "host" | "hostaddr" | "port" | "service" | "servicefile" => {}
        "user" => parameters.user = text(),
        "password" => parameters.password = Some(Secret::new(value)),
        "passfile" => parameters.passfile = text(),
        "dbname" => parameters.dbname = text(),
        "options" => parameters.options = text(),
        "application_name" => parameters.application_name = text(),
        "fallback_application_name" => {
            if parameters.application_name.is_none() {
                parameters.application_name = text();
            }
        }
        "connect_timeout" => {
            // As in libpq, zero and less are no limit.
            let seconds: i64 = number("connect_timeout", value)?;
            parameters.connect_timeout = Some(Duration::from_secs(seconds.max(0).unsigned_abs()));
        }
        "require_auth" => parameters.require_auth = Some(value.parse()?),
        "requirepeer" => parameters.require_peer = text(),
        "target_session_attrs" => parameters.target = Some(target(value)?),
        "load_balance_hosts" => {
            let known = [("disable", false), ("random", true)];
            parameters.shuffles_hosts = one_of("load_balance_hosts", value, &known)?;
        }
        _ if name.starts_with("keepalives") || name == "tcp_user_timeout" => {
            set_keepalive(parameters, name, value)?;
        }
        _ if name.starts_with("ssl") || name == "channel_binding" => {
            set_tls(parameters, name, value)?;
        }
        _ => pass_over(name, value)?,
    }
    Ok(())
}

fn set_keepalive(parameters: &mut Parameters, name: &str, value: &str) -> Result<(), InvalidUrl> {
    let keepalives = &mut parameters.keepalives;
    // As in libpq, zero and less leave it to the operating system.
    let positive = |name| {
        number::<i64>(name, value).map(|number| u64::try_from(number).ok().filter(|n| *n > 0))
    };
    let seconds = |name| positive(name).map(|number| number.map(Duration::from_secs));
    match name {
        "keepalives" => keepalives.disabled = number::<i64>("keepalives", value)? == 0,
        "keepalives_idle" => keepalives.idle = seconds("keepalives_idle")?,
        "keepalives_interval" => keepalives.interval = seconds("keepalives_interval")?,
        "keepalives_count" => {
            let count = positive("keepalives_count")?;
            keepalives.retries = count.and_then(|count| u32::try_from(count).ok());
        }
        "tcp_user_timeout" => {
            keepalives.user_timeout = positive("tcp_user_timeout")?.map(Duration::from_millis);
        }
        _ => return Err(InvalidUrl::UnknownParameter(name.to_owned())),
    }
    Ok(())
}

fn set_tls(parameters: &mut Parameters, name: &str, value: &str) -> Result<(), InvalidUrl> {
    let tls = &mut parameters.tls;
    let text = || Some(value.to_owned());
    match name {
        "sslmode" => parameters.ssl_mode = Some(value.parse()?),
        "sslrootcert" => tls.root_certificates = text(),
        "sslcert" => tls.certificate = text(),
        "sslkey" => tls.key = text(),
        "sslcrl" => tls.revoked = text(),
        "sslcrldir" => tls.revoked_folder = text(),
        "sslsni" => tls.hides_name = one_of("sslsni", value, &[("0", true), ("1", false)])?,
        "sslnegotiation" => {
            let known = [("postgres", false), ("direct", true)];
            tls.is_direct = one_of("sslnegotiation", value, &known)?;
        }
        "sslcertmode" => {
            if value == "require" {
                return Err(InvalidUrl::Unsupported(
                    "sslcertmode",
                    "pgcreds cannot see whether the server asks for the certificate",
                ));
            }
            let known = [("allow", false), ("disable", true)];
            tls.hides_certificate = one_of("sslcertmode", value, &known)?;
        }
        "channel_binding" => {
            let known = [
                ("disable", ChannelBinding::Disable),
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
            ];
            tls.channel_binding = Some(one_of("channel_binding", value, &known)?);
        }
        "ssl_min_protocol_version" | "ssl_max_protocol_version" => set_versions(tls, name, value)?,
        // TLS is never compressed.
        "sslcompression" => {}
        "sslpassword" => {
            return Err(InvalidUrl::Unsupported(
                "sslpassword",
                "pgcreds reads no encrypted keys; decrypt it with: openssl pkey -in KEY -out NEWKEY",
            ));
        }
        "sslkeylogfile" => {
            return Err(InvalidUrl::Unsupported(
                "sslkeylogfile",
                "pgcreds writes no session keys",
            ));
        }
        _ => return Err(InvalidUrl::UnknownParameter(name.to_owned())),
    }
    Ok(())
}

/// There is TLS 1.2 and 1.3, whatever is allowed below and above.
fn set_versions(tls: &mut TlsParameters, name: &str, value: &str) -> Result<(), InvalidUrl> {
    match (name, value) {
        ("ssl_min_protocol_version", "TLSv1" | "TLSv1.1" | "TLSv1.2") => tls.without_1_2 = false,
        ("ssl_min_protocol_version", "TLSv1.3") => tls.without_1_2 = true,
        ("ssl_min_protocol_version", _) => {
            return Err(InvalidUrl::Value("ssl_min_protocol_version"));
        }
        (_, "TLSv1.2") => tls.without_1_3 = true,
        (_, "TLSv1.3") => tls.without_1_3 = false,
        (_, "TLSv1" | "TLSv1.1") => {
            return Err(InvalidUrl::Unsupported(
                "ssl_max_protocol_version",
                "pgcreds speaks TLS 1.2 and 1.3 only",
            ));
        }
        _ => return Err(InvalidUrl::Value("ssl_max_protocol_version")),
    }
    Ok(())
}

/// Parameters that change nothing for pgcreds, as long as they do not ask for what it cannot do.
fn pass_over(name: &str, value: &str) -> Result<(), InvalidUrl> {
    let unsupported = |name, reason| Err(InvalidUrl::Unsupported(name, reason));
    match (name, value) {
        ("gssencmode", "require") => {
            unsupported("gssencmode", "pgcreds speaks TLS, no GSSAPI encryption")
        }
        ("gssencmode", "disable" | "prefer")
        | ("gssdelegation", "0")
        // Both matter to GSSAPI only, which is not spoken.
        | ("krbsrvname" | "gsslib", _)
        // The server converts; what is said is the same.
        | ("client_encoding", _)
        | ("replication", "false" | "off" | "no" | "0")
        | ("min_protocol_version", "3.0" | "3")
        | ("max_protocol_version", "3.0" | "3.2" | "3" | "latest") => Ok(()),
        ("gssencmode", _) => Err(InvalidUrl::Value("gssencmode")),
        ("gssdelegation", _) => unsupported("gssdelegation", "pgcreds speaks no GSSAPI"),
        ("replication", _) => unsupported("replication", "pgcreds needs an ordinary session"),
        ("min_protocol_version", _) => {
            unsupported("min_protocol_version", "pgcreds speaks version 3.0 of the protocol")
        }
        ("max_protocol_version", _) => Err(InvalidUrl::Value("max_protocol_version")),
        ("scram_client_key", _) => unsupported("scram_client_key", "pgcreds needs the password itself"),
        ("scram_server_key", _) => unsupported("scram_server_key", "pgcreds needs the password itself"),
        _ if name.starts_with("oauth_") && KNOWN.contains(&name) => {
            unsupported("oauth_…", "pgcreds logs in with passwords and certificates")
        }
        _ => Err(InvalidUrl::UnknownParameter(name.to_owned())),
    }
}

fn target(value: &str) -> Result<Target, InvalidUrl> {
    if ["read-only", "standby", "prefer-standby"].contains(&value) {
        return Err(InvalidUrl::Unsupported(
            "target_session_attrs",
            "pgcreds writes, and a standby cannot be written to; use read-write or primary",
        ));
    }
    let known = [
        ("any", Target::Any),
        ("read-write", Target::ReadWrite),
        ("primary", Target::Primary),
    ];
    one_of("target_session_attrs", value, &known)
}

fn one_of<V: Copy>(name: &'static str, value: &str, known: &[(&str, V)]) -> Result<V, InvalidUrl> {
    let found = known.iter().find(|(text, _)| *text == value);
    found
        .map(|(_, value)| *value)
        .ok_or(InvalidUrl::Value(name))
}

fn number<N: std::str::FromStr>(name: &'static str, value: &str) -> Result<N, InvalidUrl> {
    value.trim().parse().map_err(|_| InvalidUrl::Value(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parameters, InvalidUrl> {
        Parameters::parse(text, None)
    }

    #[test]
    fn what_changes_nothing_is_accepted() {
        for text in [
            "gssencmode=prefer",
            "gssencmode=disable krbsrvname=postgres gsslib=gssapi gssdelegation=0",
            "sslcompression=1 sslsni=1 sslcertmode=allow",
            "ssl_min_protocol_version=TLSv1.2 ssl_max_protocol_version=TLSv1.3",
            "client_encoding=auto replication=false",
            "min_protocol_version=3.0 max_protocol_version=latest",
            "keepalives=1 keepalives_idle=0 keepalives_count=-1 tcp_user_timeout=0",
        ] {
            parse(text).unwrap();
        }
    }

    #[test]
    fn what_would_be_silently_passed_over_is_refused() {
        for text in [
            "gssencmode=require",
            "gssdelegation=1",
            "sslpassword=x",
            "sslcertmode=require",
            "sslkeylogfile=/f",
            "ssl_max_protocol_version=TLSv1.1",
            "replication=database",
            "min_protocol_version=3.2",
            "scram_client_key=x",
            "target_session_attrs=prefer-standby",
            "target_session_attrs=read-only",
            "oauth_issuer=https://x",
        ] {
            assert!(
                matches!(parse(text), Err(InvalidUrl::Unsupported(..))),
                "{text}"
            );
        }
        for text in [
            "sslrootcert=system sslmode=verify-ca",
            "sslnegotiation=direct",
            "sslnegotiation=direct sslmode=prefer",
        ] {
            assert!(
                matches!(parse(text), Err(InvalidUrl::Conflict(_))),
                "{text}"
            );
        }
    }
}
