//! Connection slots: whether the admin still gets one where all others are taken.

use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::session::Session;

/// The slots that are left for the admin.
#[derive(Debug)]
pub(crate) struct ReservedSlots {
    /// How many there are.
    pub(crate) slots: i32,
    /// `max_connections`.
    connections: i32,
    user: String,
    is_superuser: bool,
    has_group: bool,
    is_member: bool,
    reserved: i32,
}

/// Asks the server.
pub(crate) async fn reserved_slots(session: &Session) -> Result<ReservedSlots, DatabaseError> {
    let rows = session
        .query(include_str!("sql/reserved_slots.sql"), &[])
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| DatabaseError::unexpected("the server does not know its own user"))?;
    Ok(ReservedSlots {
        slots: row.try_get("slots")?,
        connections: row.try_get("connections")?,
        user: session.address().user.clone(),
        is_superuser: row.try_get("is_superuser")?,
        has_group: row.try_get("has_group")?,
        is_member: row.try_get("is_member")?,
        reserved: row.try_get("reserved")?,
    })
}

impl ReservedSlots {
    /// What it means, and the SQL that reserves some.
    pub(crate) fn explain(&self) -> String {
        if self.slots > 0 {
            return format!(
                "{} connection slots are reserved for \"{}\"",
                self.slots, self.user
            );
        }
        let problem = format!(
            "no connection slot is reserved for \"{}\": a sweep cannot connect while other sessions take all {}",
            self.user, self.connections
        );
        format!("{problem}; {}", self.remedy())
    }

    fn remedy(&self) -> String {
        if self.is_superuser {
            return "reserve some: ALTER SYSTEM SET superuser_reserved_connections = 3; -- then restart the server".into();
        }
        if !self.has_group {
            return "before PostgreSQL 16 only a superuser has reserved slots: give every login a CONNECTION LIMIT".into();
        }
        let mut sql = Vec::new();
        if !self.is_member {
            sql.push(format!(
                "GRANT pg_use_reserved_connections TO {};",
                identifier(&self.user)
            ));
        }
        if self.reserved == 0 {
            sql.push(
                "ALTER SYSTEM SET reserved_connections = 3; -- then restart the server".into(),
            );
        }
        format!("reserve some, as a superuser: {}", sql.join(" "))
    }
}
