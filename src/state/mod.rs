//! The state file: connections and roles, written by people and by pgcreds alike. It holds no leases.

mod claim;
mod edit;
mod file;
mod invalid;
mod keys;
mod lock;
mod pending;
mod secret_file;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

pub(crate) use claim::{Claim, Claimed};
pub(crate) use edit::{Edit, Section};
pub(crate) use file::{Locked, StateFile, folder_of};
pub(crate) use keys::{connection_keys, role_keys};
pub(crate) use pending::Pending;
pub(crate) use secret_file::{Access, check_place, write_new, write_secret};

use crate::audit::Audit;
use crate::failure::{Failure, existing};
use crate::model::audit_log::AuditLog;
use crate::model::connection::{Connection, PasswordSource};
use crate::model::file::FileRecipe;
use crate::model::name::{ConnectionName, FileName, RoleName};
use crate::model::role::Role;

/// The version of the state file that this program reads and writes.
pub(crate) const STATE_VERSION: i64 = 1;

/// The state file's content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// Version of the format; checked before everything else.
    #[serde(rename = "version")]
    _version: i64,
    /// Where the audit log goes, if it is said here.
    pub(crate) audit_log: Option<AuditLog>,
    /// Whether nothing is issued without its line there; so it is unless it says `false`.
    pub(crate) audit_required: Option<bool>,
    #[serde(default)]
    pub(crate) connections: BTreeMap<ConnectionName, Connection>,
    #[serde(default)]
    pub(crate) roles: BTreeMap<RoleName, Role>,
    #[serde(default)]
    pub(crate) files: BTreeMap<FileName, FileRecipe>,
    /// The folder that the file is in: relative paths in it start here.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// The file itself, as it was named.
    #[serde(skip)]
    path: PathBuf,
    /// The log of what is done with this state; without a place until one is opened for it.
    #[serde(skip)]
    pub(crate) audit: Audit,
}

impl State {
    /// What the file says now.
    pub(crate) fn reload(&self) -> Result<Self> {
        StateFile::new(self.path.clone()).load()
    }

    /// Finds a connection, or says which ones there are.
    pub(crate) fn connection(&self, name: &ConnectionName) -> Result<&Connection> {
        self.connections.get(name).ok_or_else(|| {
            let names = self.connections.keys().map(ConnectionName::as_str);
            let hint = existing(name.as_str(), names).unwrap_or_else(|| {
                "There are no connections yet. Add one: pgcreds connection add NAME --url URL"
                    .into()
            });
            Failure::request(format!("connection \"{name}\" not found"))
                .hint(hint)
                .into()
        })
    }

    /// Finds the connection of a role, which must be allowed on it.
    pub(crate) fn connection_for(&self, name: &RoleName, role: &Role) -> Result<&Connection> {
        let connection = self.connection(&role.connection)?;
        if connection.allows(name) {
            return Ok(connection);
        }
        let problem = format!(
            "role \"{name}\" is not allowed on connection \"{}\"",
            role.connection
        );
        Err(Failure::request(problem)
            .hint(format!(
                "Add \"{name}\" to allowed_roles of the connection in the state file."
            ))
            .into())
    }

    /// Environment variables that hold the password of an admin: for pgcreds, not for the programs that it runs.
    pub(crate) fn password_variables(&self) -> Vec<String> {
        let sources = self.connections.values();
        let named = sources.filter_map(|connection| match &connection.password {
            Some(PasswordSource::Env(name)) => Some(name.clone()),
            _ => None,
        });
        // libpq's own.
        named.chain(["PGPASSWORD".to_owned()]).collect()
    }

    /// Finds a file, or says which ones there are.
    pub(crate) fn file(&self, name: &FileName) -> Result<&FileRecipe> {
        self.files.get(name).ok_or_else(|| {
            let names = self.files.keys().map(FileName::as_str);
            let hint = existing(name.as_str(), names).unwrap_or_else(|| {
                "There are no files yet. Describe them as [files.NAME] in the state file.".into()
            });
            Failure::request(format!("file \"{name}\" not found"))
                .hint(hint)
                .into()
        })
    }

    /// Finds a role, or says which ones there are.
    pub(crate) fn role(&self, name: &RoleName) -> Result<&Role> {
        self.roles.get(name).ok_or_else(|| {
            let names = self.roles.keys().map(RoleName::as_str);
            let hint = existing(name.as_str(), names).unwrap_or_else(|| {
                "There are no roles yet. Add one: pgcreds role add NAME --connection NAME --member-of GROUP".into()
            });
            Failure::request(format!("role \"{name}\" not found")).hint(hint).into()
        })
    }
}

/// The file beside the state file that the password of a connection is stored in when it was typed or piped in.
pub(crate) fn password_file(name: &ConnectionName) -> PathBuf {
    PathBuf::from(format!("{name}.password"))
}
