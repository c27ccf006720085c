//! The query that reads the ledger, put together from its parts in `sql/`.
//!
//! The server's statistics have no say in how it runs: until a database is analyzed they are those of an empty cluster, and
//! with them PostgreSQL 16 and later has looked through all memberships of the admin anew for each lease. A look at all
//! roles never loops over another list, and a look for some never reads all of a catalog.

use crate::postgres::comments::is_marked;
use crate::postgres::login::TIMESTAMP_FORMAT;
use crate::postgres::session::{BY_KEY, Session, begin};
use crate::postgres::statement;

/// Among which roles the leases are looked for.
pub(super) enum Roles {
    /// All that have a comment.
    All,
    /// Those that have expired or cannot log in, and those without an end: what a sweep looks at.
    Due,
    /// Those with the names in the first parameter, a text with a name in each line.
    Named,
    /// Those with the oids in the first parameter.
    Oids,
}

/// The names in the first parameter.
pub(super) const NAMES: &str = "string_to_array($1, chr(10))";

/// What to read of each lease.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    /// What makes an entry of the ledger, those that end first coming first; with [`Roles::Oids`] ordered by oid.
    Entry {
        /// Whether to find out if this admin may administer it.
        asks_admin: bool,
    },
    /// Its oid, and whether this admin may administer it, ordered by oid.
    Oid,
}

impl Roles {
    /// Begins the transaction that the query runs in.
    pub(super) fn begin(&self, session: &Session) -> String {
        let settings = match self {
            Self::All | Self::Due => "SET LOCAL enable_nestloop = off;",
            Self::Named | Self::Oids => BY_KEY,
        };
        format!("{} {settings}", begin(session))
    }

    /// The query for these roles with their comments.
    fn marked(&self) -> String {
        let some = |condition: &str| {
            statement(include_str!("sql/marked_some.sql")).replace("/* condition */", condition)
        };
        match self {
            Self::All => statement(include_str!("sql/marked_all.sql")),
            Self::Due => some(
                "(NOT r.rolcanlogin OR coalesce(r.rolvaliduntil, 'infinity') = 'infinity' OR r.rolvaliduntil <= now())",
            ),
            // A name that is too long is cut short here; the filter compares it whole.
            Self::Named => some(&format!("r.rolname = ANY({NAMES}::name[])")),
            Self::Oids => some("r.oid = ANY($1)"),
        }
    }
}

/// The query for the leases among these roles that meet the condition.
pub(super) fn query(roles: &Roles, columns: Columns, condition: &str) -> String {
    let entry = |is_ours: &str| {
        format!(
            "lease.oid, name, description, state, {is_ours} AS is_ours, coalesce(sessions, 0) AS sessions, \
             to_char(ends_at AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS expires_at"
        )
    };
    let is_entry = matches!(columns, Columns::Entry { .. });
    let (columns, asks_admin) = match columns {
        Columns::Entry { asks_admin: true } => (entry(IS_OURS), true),
        Columns::Entry { asks_admin: false } => (entry("true"), false),
        Columns::Oid => (format!("lease.oid, {IS_OURS} AS is_ours"), true),
    };
    let order = match is_entry && !matches!(roles, Roles::Oids) {
        true => "ends_at, name",
        false => "lease.oid",
    };
    let (kept, administered, join) = match asks_admin {
        true => (
            "MATERIALIZED",
            statement(include_str!("sql/administered.sql")),
            "LEFT JOIN administered ON administered.roleid = lease.oid",
        ),
        false => ("", String::new(), ""),
    };
    statement(include_str!("sql/leases.sql"))
        .replace("/* marked */", &roles.marked())
        .replace("/* kept */", kept)
        .replace("/* marker */", &is_marked())
        .replace("/* administered */", &administered)
        .replace("/* columns */", &columns)
        .replace("/* join */", join)
        .replace("/* order */", order)
        .replace("/* filter */", condition)
}

/// Whether the admin may administer the login.
const IS_OURS: &str = "((SELECT has_all FROM me) OR administered.roleid IS NOT NULL)";
