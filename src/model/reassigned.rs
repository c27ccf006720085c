//! What a lease owned in a database, and the role that owns it now.

use std::fmt;

use postgres_protocol::escape::escape_identifier;
use serde::Serialize;

use crate::model::name::{ConnectionName, LeaseId};

/// A lease's objects in one database got a new owner; shared objects count for the database that the session was in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Reassigned {
    pub(crate) lease_id: LeaseId,
    pub(crate) connection: ConnectionName,
    pub(crate) database: String,
    pub(crate) new_owner: String,
    /// The role that did not get them, because the lease's code could have run with that role's rights.
    #[serde(skip)]
    pub(crate) withheld_from: Option<String>,
}

impl fmt::Display for Reassigned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "what lease \"{}\" owned in database \"{}\" belongs to \"{}\" now",
            self.lease_id, self.database, self.new_owner
        )
    }
}

impl Reassigned {
    /// What the administrator has to know and to do, where the objects went to a role without rights.
    pub(crate) fn warning(&self) -> Option<String> {
        let intended = self.withheld_from.as_ref()?;
        let new_owner = &self.new_owner;
        Some(format!(
            "{self}: it has code that could have run with the rights of \"{intended}\", as the lease could not; \
             after a look at it, run in that database: REASSIGN OWNED BY {new_owner} TO {}; DROP ROLE {new_owner};",
            escape_identifier(intended)
        ))
    }
}
