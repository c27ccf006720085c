//! The admin's own password: who it belongs to, and giving it a new one.

use crate::model::role::default_search_path;
use crate::model::statements::{Statements, Values};
use crate::postgres::error::DatabaseError;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{Session, begin, foreign};
use crate::postgres::{identifier, literal};

/// The login that a session belongs to, whatever role it has taken on.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) is_superuser: bool,
}

/// What has to be durable is durable when the commit returns: the old password is forgotten then.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'";

/// Asks the server whose session it is.
pub(crate) async fn login(session: &Session) -> Result<Login, DatabaseError> {
    let rows = session
        .query(
            "SELECT rolname::text AS name, rolsuper FROM pg_roles WHERE rolname = session_user",
            &[],
        )
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| DatabaseError::unexpected("the server does not know its own user"))?;
    Ok(Login {
        name: row.try_get("name")?,
        is_superuser: row.try_get("rolsuper")?,
    })
}

/// Gives the session's login the password of this verifier, by the administrator's statements where there are some.
/// Nothing is changed when it fails, unless the session is lost: then the server may have committed.
pub(crate) async fn set_password(
    session: &Session,
    statements: &Statements,
    verifier: &str,
) -> Result<(), DatabaseError> {
    let name = &session.address().user;
    let sql = if statements.is_empty() {
        let (name, verifier) = (identifier(name), literal(verifier));
        format!("ALTER ROLE {name} PASSWORD {verifier};")
    } else {
        let values = Values {
            name,
            password: verifier,
            expiration: "",
        };
        foreign(session, &statements.render(&values), &default_search_path())
    };
    // A role may change its own password, but not while it has taken on another one.
    let begin = begin(session);
    let sql = format!("{begin} {DURABLE}; SET LOCAL ROLE NONE; {sql} COMMIT;");
    let changed = on_conflict(DatabaseError::is_conflict, async |_| {
        let result = session.run(&sql).await;
        if result.is_err() {
            session.rollback().await;
        }
        result.map(|_| ())
    })
    .await;
    changed.map_err(|error| error.redacted(verifier))
}
