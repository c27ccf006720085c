//! Names and values, from wherever they come, on their way to [`Parameters`].

use super::hosts::pair_hosts;
use super::keywords::set;
use super::options::SslMode;
use super::{InvalidUrl, Parameters, text};
use crate::model::secret::Secret;

/// One name and value.
#[derive(Clone, Debug)]
struct Setting {
    name: String,
    value: Secret,
    /// What added it, where it is not the connection string.
    origin: Option<String>,
}

/// A connection string's settings, to which those of lower precedence can be added.
#[derive(Clone, Debug)]
pub(crate) struct Settings(Vec<Setting>);

impl Settings {
    /// Takes a connection string apart. `{{username}}` becomes `username`; a password of `{{password}}` counts as none,
    /// because the connection's own source gives it.
    pub(crate) fn parse(text: &str, username: Option<&str>) -> Result<Self, InvalidUrl> {
        let mut settings: Vec<Setting> = Vec::new();
        for (name, value) in text::pairs(text)? {
            let Some(value) = fill_in(value, username)? else {
                continue;
            };
            // As in libpq the last one counts.
            settings.retain(|setting| setting.name != name);
            settings.push(Setting {
                name,
                value: Secret::new(value),
                origin: None,
            });
        }
        Ok(Self(settings))
    }

    /// The value of a setting.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|setting| setting.name == name)?;
        Some(found.value.expose())
    }

    /// Where a setting comes from, if not from the connection string.
    pub(crate) fn origin(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|setting| setting.name == name)?;
        found.origin.as_deref()
    }

    /// Adds a setting where there is none of that name yet.
    pub(crate) fn add_default(&mut self, name: &str, value: &str, origin: &str) {
        if self.get(name).is_none() {
            self.0.push(Setting {
                name: name.to_owned(),
                value: Secret::new(value),
                origin: Some(origin.to_owned()),
            });
        }
    }

    /// The parameters that the settings make.
    pub(crate) fn parameters(&self) -> Result<Parameters, InvalidUrl> {
        let mut parameters = Parameters::default();
        for setting in &self.0 {
            set(&mut parameters, &setting.name, setting.value.expose())?;
        }
        let list = |name| self.get(name).unwrap_or_default();
        parameters.hosts = pair_hosts(list("host"), list("hostaddr"), list("port"))?;
        let is_system = parameters.tls.root_certificates.as_deref() == Some("system");
        if is_system && parameters.ssl_mode.is_none() {
            parameters.ssl_mode = Some(SslMode::VerifyFull);
        }
        if is_system && parameters.ssl_mode != Some(SslMode::VerifyFull) {
            return Err(InvalidUrl::Conflict(
                "sslrootcert=system goes with sslmode=verify-full only: everybody can get a certificate from a public authority",
            ));
        }
        if parameters.tls.is_direct && !parameters.ssl_mode.is_some_and(SslMode::needs_tls) {
            return Err(InvalidUrl::Conflict(
                "sslnegotiation=direct goes with sslmode=require, verify-ca or verify-full only",
            ));
        }
        Ok(parameters)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parameters, InvalidUrl> {
        Settings::parse(text, None)?.parameters()
    }

    #[test]
    fn defaults_yield_to_the_string_even_where_that_is_empty() {
        let mut settings = Settings::parse("host=a user=''", None).unwrap();
        settings.add_default("host", "b", "PGHOST");
        settings.add_default("user", "b", "PGUSER");
        settings.add_default("port", "1", "PGPORT");
        settings.add_default("port", "2", "later");
        let parameters = settings.parameters().unwrap();
        assert_eq!(parameters.hosts[0].name, "a");
        assert_eq!(parameters.hosts[0].port, 1);
        assert_eq!(parameters.user, None);
        assert_eq!(settings.origin("port"), Some("PGPORT"));
        assert_eq!(settings.origin("host"), None);
    }

    #[test]
    fn the_system_s_roots_imply_verify_full() {
        let parameters = parse("sslrootcert=system").unwrap();
        assert_eq!(parameters.ssl_mode, Some(SslMode::VerifyFull));
    }

    #[test]
    fn the_last_of_two_counts() {
        assert_eq!(parse("host=a host=b").unwrap().hosts[0].name, "b");
    }
}
