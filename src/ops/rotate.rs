//! Giving the admin a new password. Both passwords are on disk from before the server gets the new one until it is known
//! which of them works, and the same new one is used again after an interruption: a change that is still on its way to
//! the server then does no harm whenever it arrives.

use anyhow::{Context as _, Result};

use crate::failure::{Failure, Kind};
use crate::model::connection::{Connection, PasswordSource};
use crate::model::event::{Event, EventKind};
use crate::model::name::{ConnectionName, generate_password};
use crate::model::secret::Secret;
use crate::ops::connect::{self, Admin, is_password_refused};
use crate::ops::rotatable::Store;
use crate::ops::{password, rotatable, trace};
use crate::postgres::error::DatabaseError;
use crate::postgres::login::verifier;
use crate::postgres::rotation;
use crate::state::{Locked, Pending, Section, State, StateFile};

/// What came of a rotation.
#[derive(Debug)]
pub(crate) struct Rotated {
    pub(crate) username: String,
    /// The server had the new password already, from a rotation that was interrupted.
    pub(crate) is_resumed: bool,
}

/// Gives the connection's admin a new password, and stores it. A superuser `postgres` has to be confirmed.
///
/// `state` is what the file held before it is locked, with the audit log that gets a line of what came of it.
pub(crate) async fn rotate(
    file: &StateFile,
    state: &State,
    name: &ConnectionName,
    is_confirmed: bool,
) -> Result<Rotated> {
    // What can be refused is refused to those who may only read, too.
    rotatable::source(state, name)?;
    let rotated = rotate_locked(file, name, is_confirmed).await;
    let event = Event::new(EventKind::Rotate).connection(name);
    state.audit.note(&match &rotated {
        Ok(_) => event,
        Err(error) => trace::failed(event, error),
    });
    rotated
}

async fn rotate_locked(
    file: &StateFile,
    name: &ConnectionName,
    is_confirmed: bool,
) -> Result<Rotated> {
    let locked = file.lock()?;
    let state = locked.load()?;
    let (source, store) = rotatable::source(&state, name)?;
    let rotation = Rotation {
        pending: Pending::of(&state, name, source),
        connection: state.connection(name)?,
        state: &state,
        locked: &locked,
        name,
        source,
        store,
    };
    rotation.run(is_confirmed).await
}

/// One rotation, under the state file's lock.
struct Rotation<'a> {
    state: &'a State,
    locked: &'a Locked<'a>,
    name: &'a ConnectionName,
    connection: &'a Connection,
    source: &'a PasswordSource,
    store: Store<'a>,
    pending: Pending,
}

impl Rotation<'_> {
    async fn run(&self, is_confirmed: bool) -> Result<Rotated> {
        let admin = connect::open(self.state, self.name).await?;
        rotatable::check_login(&admin, is_confirmed).await?;
        rotatable::check_name(self.connection, &admin)?;
        let left = self.left_over().await?;
        let is_resumed = left.is_some() && admin.server.password() == left.as_ref();
        let new = match left {
            Some(password) if is_resumed => password,
            Some(password) => {
                self.change(&admin, &password, false).await?;
                password
            }
            None => {
                let password = generate_password();
                self.pending.write(&password)?;
                self.change(&admin, &password, true).await?;
                password
            }
        };
        self.keep(&new).await?;
        Ok(Rotated {
            username: admin.server.user(),
            is_resumed,
        })
    }

    /// The password that an interrupted rotation has left, unless the source has it: then only forgetting was missing.
    async fn left_over(&self) -> Result<Option<Secret>> {
        let Some(left) = self.pending.read()? else {
            return Ok(None);
        };
        let stored = password::read(self.source, &self.state.folder).await;
        if stored.is_ok_and(|stored| stored == left) {
            self.pending.remove()?;
            return Ok(None);
        }
        Ok(Some(left))
    }

    /// Gives the server the new password, and logs in with it.
    async fn change(&self, admin: &Admin, new: &Secret, is_fresh: bool) -> Result<()> {
        let statements = &self.connection.rotation_statements;
        let sent = rotation::set_password(&admin.session, statements, &verifier(new)).await;
        let lost = match sent {
            Ok(()) => None,
            Err(error) if error.is_lost() => Some(error),
            Err(error) => {
                // The server has said no. A password from before may still be on its way to it.
                if is_fresh {
                    self.pending.remove()?;
                }
                return Err(error.failure(format!("could not change the {}", self.whose(admin))));
            }
        };
        match admin.server.with_password(new.clone()).connect().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.not_changed(admin, lost, error).await),
        }
    }

    /// Says which password works when the new one does not.
    async fn not_changed(
        &self,
        admin: &Admin,
        lost: Option<DatabaseError>,
        new: anyhow::Error,
    ) -> anyhow::Error {
        let old = match admin.server.connect().await {
            Ok(_) => "the old one works still",
            Err(error) if is_password_refused(&error) => "the old one is refused too",
            Err(_) => "whether the old one works is not known",
        };
        let message = format!("could not log in with the new {}; {old}", self.whose(admin));
        let error = lost.map_or(new, anyhow::Error::new);
        error.context(Failure::server(message).hint(format!(
            "Both are kept, the new one in \"{}\", and every command tries both. Run it again: pgcreds connection rotate {}",
            self.pending.path().display(),
            self.name
        )))
    }

    fn whose(&self, admin: &Admin) -> String {
        format!(
            "password of \"{}\" on connection \"{}\"",
            admin.server.user(),
            self.name
        )
    }

    /// Puts the new password, which works, where the old one was, and forgets both the old and the pending one.
    async fn keep(&self, new: &Secret) -> Result<()> {
        let stored = match self.store {
            Store::StateFile => self.locked.edit(|_, edit| {
                let value = new.expose().into();
                edit.replace(Section::Connections, self.name.as_str(), "password", value)
            }),
            Store::Command(arguments) => self.keep_by_command(arguments, new).await,
            Store::File => self.pending.install(),
        };
        stored.with_context(|| {
            let path = self.pending.path().display();
            let name = self.name;
            Failure::new(
                Kind::Partial,
                format!("the server has the new password of connection \"{name}\", and it could not be stored"),
            )
            .hint(format!(
                "It is in \"{path}\", where pgcreds finds it. Mend what failed, and run again: pgcreds connection rotate {name}"
            ))
        })?;
        self.pending.remove()
    }

    async fn keep_by_command(&self, arguments: &[String], new: &Secret) -> Result<()> {
        password::store(arguments, new, &self.state.password_variables()).await?;
        let stored = password::read(self.source, &self.state.folder).await?;
        if stored != *new {
            return Err(Failure::request(
                "the password command does not print what store_command has got",
            )
            .into());
        }
        Ok(())
    }
}
