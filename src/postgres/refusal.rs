//! A database that lets the admin not in, though the server does: why, and the statement that changes it.

use tokio_postgres::types::Type;

use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::session::Session;

/// Why a connect failed where another database of the server may not refuse. Tried on PostgreSQL 13 to 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A limit of connections: the database's, which superusers are not held to, or the role's, or the server's.
    Full,
    /// `ALLOW_CONNECTIONS false`, or what an interrupted `DROP DATABASE` left.
    Closed,
    /// No CONNECT privilege, or a library that may not be loaded.
    Forbidden,
    /// There is no database of that name.
    Missing,
    /// A library that is to be loaded is not there.
    Library,
    /// No line of `pg_hba.conf` lets the admin in.
    Unlisted,
    /// Whatever code an event trigger for logins fails with (PostgreSQL 17 and later).
    Trigger,
}

/// Classes of SQLSTATE that have nothing to do with the database: connection, password, resources, server that starts or
/// stops.
const OF_SERVER: [&str; 4] = ["08", "28", "53", "57"];

impl Refusal {
    /// What a failed connect was refused for; `None` when it failed for a reason that every database has.
    pub(crate) fn of(error: &anyhow::Error) -> Option<Self> {
        Self::of_connect(error.downcast_ref()?)
    }

    /// The same for the server's own error.
    pub(super) fn of_connect(error: &DatabaseError) -> Option<Self> {
        let code = error.code()?.code();
        match code {
            "53300" => Some(Self::Full),
            "55000" => Some(Self::Closed),
            "42501" => Some(Self::Forbidden),
            "3D000" => Some(Self::Missing),
            "58P01" => Some(Self::Library),
            "28000" if !error.is_password_refused() => Some(Self::Unlisted),
            // The server is read-only, or takes no options.
            "25006" | "0A000" | "42704" => None,
            _ if OF_SERVER.iter().any(|class| code.starts_with(class)) => None,
            _ => Some(Self::Trigger),
        }
    }

    /// The next step where nothing is known but the refusal, and no other hint says it.
    pub(super) fn hint(self, database: &str) -> Option<String> {
        let name = identifier(database);
        Some(match self {
            Self::Closed => {
                format!("Run as a superuser: ALTER DATABASE {name} ALLOW_CONNECTIONS true;")
            }
            Self::Library => {
                format!("Run as a superuser: ALTER DATABASE {name} RESET session_preload_libraries;")
            }
            Self::Trigger => {
                "See which event trigger for logins the database has with: PGOPTIONS=\"-c event_triggers=off\" psql".to_owned()
            }
            Self::Full | Self::Forbidden | Self::Missing | Self::Unlisted => return None,
        })
    }

    /// What lets the admin into the database, found through a session in another one: a statement where there is one.
    pub(crate) async fn fix(
        self,
        session: &Session,
        database: &str,
    ) -> Result<String, DatabaseError> {
        let sql = include_str!("sql/database_doors.sql");
        let rows = session.query(sql, &[(&database, Type::TEXT)]).await?;
        let name = identifier(database);
        let Some(row) = rows.first() else {
            return Ok("give the connection's url the name of a database that exists".to_owned());
        };
        let limit: i32 = row.try_get("connection_limit")?;
        let libraries: Option<&str> = row.try_get("libraries")?;
        let admin = identifier(&session.address().user);
        Ok(if limit == INVALID {
            format!("run: DROP DATABASE {name}")
        } else if !row.try_get::<_, bool>("is_open")? {
            format!("run: ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        } else if !row.try_get::<_, bool>("may_connect")? {
            format!("run: GRANT CONNECT ON DATABASE {name} TO {admin}")
        } else if self == Self::Full && limit >= 0 {
            format!("run: ALTER DATABASE {name} CONNECTION LIMIT -1")
        } else if self == Self::Full {
            format!("run: ALTER ROLE {admin} CONNECTION LIMIT -1")
        } else if let Some(libraries) = libraries {
            format!("run: ALTER DATABASE {name} RESET {libraries}")
        } else if self == Self::Unlisted {
            "let the admin in by a line of the server's pg_hba.conf".to_owned()
        } else {
            "drop the database's event trigger for logins, as a superuser with PGOPTIONS=\"-c event_triggers=off\""
                .to_owned()
        })
    }
}

/// The limit of a database whose `DROP DATABASE` was interrupted.
const INVALID: i32 = -2;
