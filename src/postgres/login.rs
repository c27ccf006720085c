//! Making a login, in one transaction with its marker and its end.

use std::cell::OnceCell;

use anyhow::Result;
use postgres_protocol::password::scram_sha_256;
use tokio_postgres::error::SqlState;

use crate::failure::Failure;
use crate::model::count::counted;
use crate::model::lease::{Lease, LeaseState};
use crate::model::marker::Marker;
use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::model::statements::Values;
use crate::model::timestamp::Timestamp;
use crate::model::ttl::Ttl;
use crate::postgres::answers::Answers;
use crate::postgres::comments::live_leases;
use crate::postgres::error::DatabaseError;
use crate::postgres::powers;
use crate::postgres::session::{Session, foreign};
use crate::postgres::turn::{Turn, begin_in_turn};
use crate::postgres::{identifier, literal, verdict};

/// `to_char` format of a [`Timestamp`].
pub(super) const TIMESTAMP_FORMAT: &str = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'";

/// The SCRAM-SHA-256 verifier of a password, with a new salt each time: all that the server ever gets of it.
pub(crate) fn verifier(password: &Secret) -> String {
    scram_sha_256(password.expose().as_bytes())
}

/// The password of a new login, and what the server gets in its place, which takes a millisecond and is computed once.
pub(crate) struct NewPassword {
    clear: Secret,
    verifier: OnceCell<String>,
}

impl NewPassword {
    /// Nothing is computed yet.
    pub(crate) fn new(clear: Secret) -> Self {
        Self {
            clear,
            verifier: OnceCell::new(),
        }
    }

    /// The password itself.
    pub(crate) fn clear(&self) -> &Secret {
        &self.clear
    }

    /// Computes the verifier once whatever else was begun at the same time waits for a server: a socket is connected
    /// in one turn, and the first message is sent in the next.
    pub(crate) async fn prepare(&self) {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        self.verifier();
    }

    fn verifier(&self) -> &str {
        self.verifier.get_or_init(|| verifier(&self.clear))
    }
}

/// What the first round trip told.
pub(super) struct Begun {
    pub(super) times: Times,
    /// Whether the server has so many roles that a look at all of them takes long.
    are_many: bool,
}

/// The size in bytes from which on `pg_authid` holds many roles: about 2,000, which are looked at in a third of a
/// millisecond.
const MANY_ROLES: u32 = 512 * 1024;

/// Everything that a new login is made from.
pub(crate) struct NewLogin<'a> {
    pub(crate) id: &'a LeaseId,
    pub(crate) password: &'a NewPassword,
    pub(crate) role_name: &'a RoleName,
    pub(crate) role: &'a Role,
    pub(crate) connection: &'a ConnectionName,
    pub(crate) ttl: Ttl,
    pub(crate) issued_by: &'a Label,
    pub(crate) label: &'a Label,
}

/// The times of a lease, by the server's clock.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) max_expires_at: Timestamp,
}

impl NewLogin<'_> {
    /// Makes the login in two round trips and returns it as a lease: the server's clock is read in the first, everything
    /// else happens in the second. Nothing is left behind when it fails, unless the connection breaks after the
    /// server has committed; then the login has its marker and its end.
    pub(crate) async fn create(&self, session: &Session, in_turn: bool) -> Result<(Lease, Times)> {
        let (begun, ()) = tokio::join!(self.begin(session, in_turn), self.password.prepare());
        let Begun { times, are_many } = begun?;
        let marker = self.marker(&times);
        let look = verdict::look(session, self.id.as_str(), self.role, are_many);
        let sql = format!(
            "{} COMMIT;",
            self.creation_sql(session, &times, &marker, &look)
        );
        let rows = match session.run(&sql).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.refusal(session, error).await),
        };
        let oid = Answers::new(rows).parsed("pgcreds_oid");
        let lease = Lease {
            oid: oid.map_err(|error| self.creation_failure(error))?,
            marker,
            state: LeaseState::Active,
            expires_at: times.expires_at.clone(),
            sessions: 0,
            is_ours: true,
        };
        Ok((lease, times))
    }

    /// What the server said about the creation statements, without the secret that was sent.
    pub(crate) fn remarks(&self, session: &Session, with_notices: bool) -> Vec<String> {
        session
            .take_notices()
            .into_iter()
            .filter(|notice| notice.is_warning || with_notices)
            .map(|notice| {
                let text = notice.text.replace(self.password.verifier(), "***");
                format!("the server says: {text}")
            })
            .collect()
    }

    /// First round trip: begins the transaction, reads the clock, and refuses what must not be tried.
    pub(super) async fn begin(&self, session: &Session, in_turn: bool) -> Result<Begun> {
        let what = || {
            format!(
                "could not issue role \"{}\" on connection \"{}\"",
                self.role_name, self.connection
            )
        };
        let count = match self.role.max_leases {
            Some(_) => live_leases(self.role_name),
            None => "0".into(),
        };
        let sql = format!(
            "SELECT to_char(now() AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS issued_at, \
             to_char((now() + make_interval(secs => {})) AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS expires_at, \
             to_char((now() + make_interval(secs => {})) AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS max_expires_at, \
             current_setting('transaction_read_only') AS read_only, ({count}) AS live, \
             pg_relation_size('pg_authid') > {MANY_ROLES} AS are_many;",
            self.ttl.as_seconds(),
            self.role.max_ttl.as_seconds(),
        );
        // What was said earlier has nothing to do with this login.
        session.take_notices();
        let rows = begin_in_turn(session, self.turns(in_turn), &sql, what).await?;
        let failure = |error: DatabaseError| error.failure(what());
        let answers = Answers::new(rows);
        if answers.text("read_only").map_err(failure)? == "on" {
            return Err(Failure::server(format!("{}: the server is read-only", what()))
                .hint("It is a standby or in recovery. Point the connection's url at the primary.")
                .into());
        }
        let live: usize = answers.parsed("live").map_err(failure)?;
        if let Some(most) = self.role.max_leases.filter(|most| live >= *most as usize) {
            return Err(Failure::request(format!(
                "role \"{}\" has {}, and max_leases is {most}",
                self.role_name,
                counted(live, "live lease")
            ))
            .hint(format!(
                "See them with: pgcreds lease list --role {}",
                self.role_name
            ))
            .into());
        }
        let times = Times {
            issued_at: answers.parsed("issued_at").map_err(failure)?,
            expires_at: answers.parsed("expires_at").map_err(failure)?,
            max_expires_at: answers.parsed("max_expires_at").map_err(failure)?,
        };
        let are_many = answers.is_true("are_many").map_err(failure)?;
        Ok(Begun { times, are_many })
    }

    /// What has to be waited for. `in_turn` is for those that have got into each other's way nevertheless.
    fn turns(&self, in_turn: bool) -> Vec<Turn> {
        let is_counting = self.role.max_leases.is_some();
        let is_granting = in_turn || self.role.creation_statements.grants_on_objects();
        let counting = is_counting.then(|| Turn::counting(self.role_name));
        let granting = is_granting.then(Turn::granting);
        counting.into_iter().chain(granting).collect()
    }

    pub(super) fn marker(&self, times: &Times) -> Marker {
        Marker::new(
            self.id.clone(),
            (self.role_name.clone(), self.connection.clone()),
            (times.issued_at.clone(), times.max_expires_at.clone()),
            (self.issued_by.clone(), self.label.clone()),
        )
    }

    /// The administrator's statements, then what no statement can leave out: the end, the marker, and a look at the result.
    pub(super) fn creation_sql(
        &self,
        session: &Session,
        times: &Times,
        marker: &Marker,
        look: &str,
    ) -> String {
        let name = self.id.as_str();
        let expiration = postgres_time(&times.expires_at);
        let statements = self.role.creation().render(&Values {
            name,
            password: self.password.verifier(),
            expiration: &expiration,
        });
        let limit = match self.role.connection_limit {
            Some(limit) => format!(" CONNECTION LIMIT {limit}"),
            None => String::new(),
        };
        format!(
            "{} {look} ALTER ROLE {role} VALID UNTIL '{expiration}'{limit}; COMMENT ON ROLE {role} IS {};",
            foreign(session, &statements, &self.role.search_path),
            literal(&marker.to_comment()),
            role = identifier(name),
        )
    }

    /// The same as [`Self::creation_failure`]. Where the login has dangerous privileges it is created again, in a transaction
    /// that is rolled back, to name the memberships that lead there.
    async fn refusal(&self, session: &Session, error: DatabaseError) -> anyhow::Error {
        let is_vague = powers::is_vague(&error.text());
        let failure = self.creation_failure(error);
        if !is_vague {
            return failure;
        }
        session.rollback().await;
        match self.rehearse(session).await {
            Err(exact) if exact.downcast_ref::<DatabaseError>().is_none() => exact,
            _ => failure,
        }
    }

    /// Says what is wrong with the creation statements, without their text.
    pub(super) fn creation_failure(&self, error: DatabaseError) -> anyhow::Error {
        let role = self.role_name;
        if let Some(failure) = verdict::failure(&error.text(), role) {
            return failure.into();
        }
        let error = error.redacted(self.password.verifier());
        let hint = self.quoting_hint(&error).or_else(|| error.hint());
        let failure = Failure::server(format!(
            "could not run the creation_statements of role \"{role}\" on connection \"{}\"",
            self.connection
        ));
        anyhow::Error::new(error).context(failure.maybe_hint(hint))
    }

    /// What to do about quotes that a shell took away, where they are what the server stumbled over.
    fn quoting_hint(&self, error: &DatabaseError) -> Option<String> {
        error
            .code()
            .filter(|code| **code == SqlState::SYNTAX_ERROR)?;
        let placeholder = self.role.creation_statements.unquoted_placeholder()?;
        Some(format!(
            "{{{{{placeholder}}}}} has to stand in single quotes. In a shell, put all of the SQL in double quotes, \
             with \\\" around {{{{name}}}}, or give it in a file: --creation-statements @FILE"
        ))
    }
}

/// A time as PostgreSQL reads it whatever `DateStyle` and `TimeZone` are, and as Vault writes it.
pub(super) fn postgres_time(timestamp: &Timestamp) -> String {
    timestamp.to_string().replace('T', " ").replace('Z', "+00")
}
