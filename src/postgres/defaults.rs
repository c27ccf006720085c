//! What libpq adds to a connection string: the service's settings, then the environment's.
//! (PostgreSQL documentation, "Environment Variables" and "The Connection Service File".)

use anyhow::{Error, Result};

use crate::environment::variable;
use crate::model::connection_url::{Parameters, Settings};
use crate::postgres::service;

/// The parameters that have an environment variable (PostgreSQL 18: src/interfaces/libpq/fe-connect.c).
const VARIABLES: [(&str, &str); 35] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslcompression", "PGSSLCOMPRESSION"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslcertmode", "PGSSLCERTMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("sslsni", "PGSSLSNI"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    ("min_protocol_version", "PGMINPROTOCOLVERSION"),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    ("require_auth", "PGREQUIREAUTH"),
    ("requirepeer", "PGREQUIREPEER"),
    ("gssencmode", "PGGSSENCMODE"),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("gsslib", "PGGSSLIB"),
    ("gssdelegation", "PGGSSDELEGATION"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("servicefile", "PGSERVICEFILE"),
];

/// The parameters of a connection string with all that libpq would add to them. Reads the environment, and the service
/// file where a service is named.
pub(crate) fn complete(mut settings: Settings) -> Result<Parameters> {
    let service = settings.get("service").map(str::to_owned);
    if let Some(service) = service.or_else(|| variable("PGSERVICE")) {
        let file = settings.get("servicefile").map(str::to_owned);
        for (name, value) in service::settings(&service, file.as_deref())? {
            settings.add_default(&name, &value, &format!("service \"{service}\""));
        }
    }
    for (name, variable_name) in VARIABLES {
        if let Some(value) = variable(variable_name) {
            let origin = format!("environment variable {variable_name}");
            settings.add_default(name, &value, &origin);
        }
    }
    settings.parameters().map_err(|error| {
        let origin = error.parameter().and_then(|name| settings.origin(name));
        match origin.map(|origin| format!("{origin} cannot be used")) {
            Some(origin) => Error::new(error).context(origin),
            None => error.into(),
        }
    })
}
