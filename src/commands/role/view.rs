//! A role as `list` and `show` print it.

use serde::Serialize;

use crate::model::name::{ConnectionName, RoleName};
use crate::model::password_policy::PasswordPolicy;
use crate::model::role::Role;
use crate::model::ttl::Ttl;
use crate::model::username_template::UsernameTemplate;

/// One role.
#[derive(Serialize)]
pub(super) struct View {
    role: RoleName,
    connection: ConnectionName,
    creation_statements: Vec<String>,
    member_of: Vec<String>,
    set_role: Option<String>,
    search_path: Vec<String>,
    renew_statements: Vec<String>,
    revocation_statements: Vec<String>,
    default_ttl_seconds: Ttl,
    max_ttl_seconds: Ttl,
    reassign_owned_to: Option<String>,
    max_leases: Option<u32>,
    username_template: Option<UsernameTemplate>,
    password_length: usize,
    password_policy: Option<PasswordPolicy>,
    connection_limit: Option<i32>,
    allow_dangerous_privileges: bool,
}

impl View {
    pub(super) fn new(name: &RoleName, role: &Role) -> Self {
        Self {
            role: name.clone(),
            connection: role.connection.clone(),
            creation_statements: role.creation().texts().to_vec(),
            member_of: role.member_of.clone(),
            set_role: role.set_role.clone(),
            search_path: role.search_path.clone(),
            renew_statements: role.renew_statements.texts().to_vec(),
            revocation_statements: role.revocation_statements.texts().to_vec(),
            default_ttl_seconds: role.default_ttl,
            max_ttl_seconds: role.max_ttl,
            reassign_owned_to: role.reassign_owned_to.clone(),
            max_leases: role.max_leases,
            username_template: role.username_template.clone(),
            password_length: role.password_length(),
            password_policy: role.password_policy.clone(),
            connection_limit: role.connection_limit(),
            allow_dangerous_privileges: role.allow_dangerous_privileges,
        }
    }
}
