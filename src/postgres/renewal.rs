//! Giving a login more time.

use anyhow::Result;

use crate::failure::Failure;
use crate::model::lease::Lease;
use crate::model::role::Role;
use crate::model::statements::Values;
use crate::model::timestamp::Timestamp;
use crate::model::ttl::Ttl;
use crate::postgres::answers::Answers;
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::login::{TIMESTAMP_FORMAT, postgres_time};
use crate::postgres::session::{Session, begin, foreign};

/// What came of a renewal.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// The new end.
    pub(crate) expires_at: Timestamp,
    /// How far it is from now.
    pub(crate) seconds_left: u64,
    /// Whether the end is earlier than asked for, because the lease may live no longer.
    pub(crate) is_capped: bool,
}

/// Gives a lease a new end: the server's now + `ttl`, but not beyond its last. `statements` run first, in the same
/// transaction. Fails without a change when the lease has expired, is at its last end, or is being revoked.
pub(crate) async fn extend(
    session: &Session,
    lease: &Lease,
    ttl: Ttl,
    statements: Option<&Role>,
) -> Result<Renewed> {
    let name = lease.marker.lease.as_str();
    let failure = |error: DatabaseError| error.failure(format!("could not renew lease \"{name}\""));
    let seconds = ttl.as_seconds();
    let new_end = format!(
        "to_char(least(now() + make_interval(secs => {seconds}), '{}'::timestamptz) AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT})",
        lease.marker.max_expires_at
    );
    let rows = session
        .run(&format!(
            "{} SELECT {new_end} AS expires_at, now() + make_interval(secs => {seconds}) > '{max}'::timestamptz AS capped, \
             rolcanlogin AND rolvaliduntil > now() AS live, rolvaliduntil >= '{max}'::timestamptz AS at_cap, \
             floor(extract(epoch FROM least(make_interval(secs => {seconds}), '{max}'::timestamptz - now())))::bigint AS seconds_left \
             FROM pg_roles WHERE oid = {};",
            begin(session),
            lease.oid,
            max = lease.marker.max_expires_at,
        ))
        .await
        .map_err(failure)?;
    let answers = Answers::new(rows);
    // A login that is gone has no answers, one whose end was taken away has none that count.
    let is = |column| answers.find(column) == Some("t");
    refuse_unless_renewable(lease, is("live"), is("at_cap"))?;
    let expires_at: Timestamp = answers.parsed("expires_at").map_err(failure)?;
    let seconds_left = answers.parsed("seconds_left").map_err(failure)?;
    let is_capped = answers.is_true("capped").map_err(failure)?;
    let expiration = postgres_time(&expires_at);
    let statements = statements.map(|role| {
        let values = Values {
            name,
            password: "",
            expiration: &expiration,
        };
        foreign(
            session,
            &role.renew_statements.render(&values),
            &role.search_path,
        )
    });
    // A sweep may have cut the lease off since the look above. It holds the role's row while it does, so the look
    // after our own change sees what it did.
    let sql = format!(
        "{} ALTER ROLE {} VALID UNTIL '{expiration}'; \
         SELECT CAST(CASE WHEN rolcanlogin THEN '1' ELSE 'pgcreds: revoked' END AS integer) FROM pg_roles WHERE oid = {}; \
         COMMIT;",
        statements.unwrap_or_default(),
        identifier(name),
        lease.oid
    );
    match session.run(&sql).await {
        Ok(_) => Ok(Renewed {
            expires_at,
            seconds_left,
            is_capped,
        }),
        Err(error) if error.text().contains("pgcreds: revoked") => {
            refuse_unless_renewable(lease, false, false)?;
            Err(failure(error))
        }
        Err(error) => Err(failure(error)),
    }
}

fn refuse_unless_renewable(lease: &Lease, is_live: bool, is_at_cap: bool) -> Result<()> {
    let (id, role) = (&lease.marker.lease, &lease.marker.role);
    let hint = format!("Issue a new one: pgcreds issue {role}");
    if !is_live {
        return Err(
            Failure::request(format!("lease \"{id}\" has ended and cannot be renewed"))
                .hint(hint)
                .into(),
        );
    }
    if is_at_cap {
        let end = &lease.marker.max_expires_at;
        return Err(Failure::request(format!(
            "lease \"{id}\" cannot be renewed: it may live until {end} at the latest (max_ttl), and already does"
        ))
        .hint(hint)
        .into());
    }
    Ok(())
}
