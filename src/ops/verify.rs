//! Logging in with what was issued, at the place where applications will: the admin's session proves nothing about that.

use anyhow::Result;

use crate::failure::Failure;
use crate::model::connection_url::{Host, Parameters};
use crate::ops::connect;
use crate::ops::issue::Issued;
use crate::postgres::connect::Server;
use crate::postgres::error::DatabaseError;
use crate::state::State;

/// Logs in with the credentials. The error says why they are of no use, and what to do about it.
pub(crate) async fn verify(state: &State, issued: &Issued) -> Result<()> {
    let credentials = &issued.fresh.credentials;
    let connection = state.connection(&credentials.connection)?;
    let parameters = Parameters {
        hosts: vec![Host {
            name: credentials.host.clone(),
            address: None,
            port: credentials.port,
        }],
        user: Some(credentials.username.clone()),
        password: None,
        dbname: Some(credentials.dbname.clone()),
        options: None,
        ssl_mode: credentials.ssl_mode,
        target: None,
        ..connect::parameters(&credentials.connection, connection)?
    };
    let server = Server::new(
        credentials.connection.clone(),
        parameters,
        Some(credentials.password.clone()),
    );
    let session = match server.connect().await {
        Ok(session) => session,
        Err(error) => {
            let hint = hint(issued, error.downcast_ref::<DatabaseError>());
            return Err(error.context(failure(issued).hint(hint)));
        }
    };
    let rows = session.run("SELECT session_user").await;
    let rows = rows.map_err(|error| anyhow::Error::new(error).context(failure(issued)))?;
    let user = rows.first().and_then(|row| row.get(0)).unwrap_or_default();
    if user == credentials.username {
        return Ok(());
    }
    let problem = anyhow::anyhow!("the server knows this session as \"{user}\"");
    Err(problem.context(failure(issued).hint(format!(
        "A pooler or a map in pg_ident.conf at {} replaces the login by another.",
        place(issued)
    ))))
}

fn failure(issued: &Issued) -> Failure {
    Failure::server(format!(
        "login \"{}\" cannot log in at {}",
        issued.fresh.credentials.lease_id,
        place(issued)
    ))
}

fn place(issued: &Issued) -> String {
    format!(
        "{}:{}",
        issued.fresh.credentials.host, issued.fresh.credentials.port
    )
}

/// What to do where the admin was let in and the login was not.
fn hint(issued: &Issued, error: Option<&DatabaseError>) -> String {
    let name = &issued.fresh.credentials.connection;
    let dbname = crate::postgres::identifier(&issued.fresh.credentials.dbname);
    let Some((error, code)) = error.and_then(|error| Some((error, error.code()?.code()))) else {
        return format!(
            "Check client_host, client_port and client_sslmode of connection \"{name}\", and that this host may connect there."
        );
    };
    let text = error.text();
    match code {
        "28000" if text.contains("pg_hba.conf") => format!(
            "Add a line for such logins to the server's pg_hba.conf, for example: host {dbname} all samenet scram-sha-256"
        ),
        "28000" | "28P01" if !text.contains("password") => {
            "Set the method for this address to scram-sha-256 in the server's pg_hba.conf: the login has nothing but its password.".into()
        }
        "28P01" | "08P01" => {
            "Set the method to scram-sha-256 in the server's pg_hba.conf; a pooler must ask the server for users (PgBouncer: auth_query).".into()
        }
        "42501" => format!(
            "Let the role's logins in: GRANT CONNECT ON DATABASE {dbname} TO the group that they are members of."
        ),
        "55000" | "3D000" => format!("Check the database's name in the url of connection \"{name}\"."),
        _ => error.hint().unwrap_or_else(|| "Look into the server's log.".into()),
    }
}
