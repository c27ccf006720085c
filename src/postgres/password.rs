//! Which password is sent to a server, and where it comes from.

use crate::environment::secret_variable;
use crate::model::secret::Secret;
use crate::postgres::connect::Server;
use crate::postgres::passfile;
use crate::postgres::session::Address;

impl Server {
    /// The connection's own password, else that of its parameters, else that of the password file.
    pub(super) fn password_for(&self, address: &Address) -> Option<Secret> {
        let wanted = passfile::Wanted {
            host: &address.host.name,
            port: address.host.port,
            dbname: &address.dbname,
            user: &address.user,
        };
        self.password
            .clone()
            .or_else(|| self.parameters.password.clone())
            .or_else(|| passfile::password(self.parameters.passfile.as_deref(), &wanted))
    }

    /// Where the password for that address comes from, if that is not the connection's own source: libpq's rules.
    pub(crate) fn password_origin(&self, address: &Address) -> Option<String> {
        if self.password.is_some() {
            return None;
        }
        if let Some(password) = &self.parameters.password {
            let is_variable = secret_variable("PGPASSWORD").as_ref() == Some(password);
            let origin = if is_variable {
                "environment variable PGPASSWORD"
            } else {
                "the service file"
            };
            return Some(origin.to_owned());
        }
        self.password_for(address)?;
        let file = passfile::path(self.parameters.passfile.as_deref())?;
        Some(format!("password file \"{}\"", file.display()))
    }
}
