//! What a role says of the names and the passwords of its logins.

use crate::model::name::{LeaseId, PASSWORD_CHARACTERS, RoleName, generate_password};
use crate::model::password_policy::PasswordPolicy;
use crate::model::role::{InvalidRole, Role};
use crate::model::secret::Secret;
use crate::model::statements::InvalidStatements;
use crate::model::username_template::{InvalidTemplate, Subject};

impl Role {
    /// Checks that passwords can be made, and are hard to guess.
    pub(super) fn check_password(&self) -> Result<(), InvalidRole> {
        if self.password_length.is_some() && self.password_policy.is_some() {
            return Err(InvalidRole::TwoPasswords);
        }
        let key = match self.password_length {
            Some(_) => "password_length",
            None => "password_policy",
        };
        self.policy()
            .map_or(Ok(()), |policy| policy.check())
            .map_err(|error| InvalidRole::Password(key, error))
    }

    /// Checks that logins of the role, whose name is `name`, can have names.
    pub(crate) fn check_names(&self, name: &RoleName) -> Result<(), InvalidRole> {
        let Some(template) = &self.username_template else {
            return Ok(());
        };
        let examples = template.examples(name).map_err(InvalidRole::Username)?;
        for (key, statements) in [
            ("renew_statements", &self.renew_statements),
            ("revocation_statements", &self.revocation_statements),
        ] {
            if !examples.iter().all(|name| statements.can_name(name)) {
                return Err(InvalidRole::Statements(key, InvalidStatements::BareName));
            }
        }
        Ok(())
    }

    /// A name for a new login.
    pub(crate) fn new_login_name(&self, subject: Subject<'_>) -> Result<LeaseId, InvalidTemplate> {
        match &self.username_template {
            Some(template) => template.name(subject),
            None => Ok(LeaseId::generate(subject.role, subject.label)),
        }
    }

    /// A password for a new login.
    pub(crate) fn new_password(&self) -> Secret {
        self.policy()
            .map_or_else(generate_password, |policy| policy.generate())
    }

    /// How long a login's password is.
    pub(crate) fn password_length(&self) -> usize {
        self.policy()
            .map_or(PASSWORD_CHARACTERS, |policy| policy.length())
    }

    fn policy(&self) -> Option<PasswordPolicy> {
        let plain = || self.password_length.map(PasswordPolicy::letters_and_digits);
        self.password_policy.clone().or_else(plain)
    }
}
