//! Making a login, and taking it back when it cannot be handed out.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::environment::unix_time;
use crate::failure::{Failure, one_line};
use crate::model::credentials::Credentials;
use crate::model::event::{Event, EventKind};
use crate::model::lease::Lease;
use crate::model::name::{Label, LeaseId, RoleName};
use crate::model::reassigned::Reassigned;
use crate::model::role::Role;
use crate::model::ttl::Ttl;
use crate::model::username_template::Subject;
use crate::ops::connect::{self, Admin};
use crate::ops::report::Report;
use crate::ops::revoke::Revocation;
use crate::ops::trace;
use crate::postgres::error::DatabaseError;
use crate::postgres::login::{NewLogin, NewPassword};
use crate::postgres::retry::on_conflict;
use crate::postgres::revocation::Which;
use crate::shell::argument;
use crate::state::State;
use crate::ui::warn_once;

/// What is asked for.
pub(crate) struct Request {
    pub(crate) role: RoleName,
    /// The role's default when it is not given.
    pub(crate) ttl: Option<Ttl>,
    pub(crate) label: Label,
    pub(crate) issued_by: Label,
}

/// A fresh login.
pub(crate) struct Fresh {
    pub(crate) lease: Lease,
    pub(crate) credentials: Credentials,
    /// Its lifetime: what was asked for, else the role's default.
    pub(crate) ttl: Ttl,
    /// What the server warned of while it was made.
    pub(crate) warnings: Vec<String>,
}

/// A fresh login, and the session that made it.
pub(crate) struct Issued {
    pub(crate) fresh: Fresh,
    pub(super) admin: Admin,
}

/// Checks the request against the state file, then connects and makes the login.
pub(crate) async fn issue(state: &State, request: &Request) -> Result<Issued> {
    state.audit.prepare()?;
    let opened = open(state, request).await;
    let (admin, password) = trace::failure(state, || request.event(state), opened)?;
    let fresh = issue_with(&admin, state, request, Some(password)).await?;
    Ok(Issued { fresh, admin })
}

/// Connects, and makes the password while the server is waited for.
async fn open(state: &State, request: &Request) -> Result<(Admin, NewPassword)> {
    check(state, request)?;
    let role = state.role(&request.role)?;
    let password = NewPassword::new(role.new_password());
    let opening = connect::open(state, &role.connection);
    let (admin, ()) = tokio::join!(opening, password.prepare());
    Ok((admin?, password))
}

/// Makes the login with a session that is open already, and its password if there is none yet. Its line is in the audit
/// log when it is returned.
pub(super) async fn issue_with(
    admin: &Admin,
    state: &State,
    request: &Request,
    password: Option<NewPassword>,
) -> Result<Fresh> {
    let mut event = request.event(state);
    match make(admin, state, request, password, &mut event).await {
        Ok(fresh) => entered(admin, state, fresh).await,
        Err(error) => {
            state.audit.note(&trace::failed(event, &error));
            Err(error)
        }
    }
}

/// Enters a fresh login in the audit log, or takes it back.
async fn entered(admin: &Admin, state: &State, fresh: Fresh) -> Result<Fresh> {
    let event = trace::on_server(EventKind::Issue, admin, &fresh.lease);
    let Err(error) = state.audit.record(&event) else {
        return Ok(fresh);
    };
    let id = &fresh.lease.marker.lease;
    match take_back(admin, state, id).await {
        Ok(_) => Err(error),
        Err(problem) => Err(error.context(
            Failure::request(format!(
                "could not revoke lease \"{id}\", which is not in the audit log ({})",
                one_line(&problem)
            ))
            .hint(format!(
                "Run: pgcreds lease revoke {}",
                argument(id.as_str())
            )),
        )),
    }
}

async fn make(
    admin: &Admin,
    state: &State,
    request: &Request,
    password: Option<NewPassword>,
    event: &mut Event,
) -> Result<Fresh> {
    let ttl = check(state, request)?;
    let role = state.role(&request.role)?;
    let id = new_login_name(role, &request.role, &request.label)?;
    event.lease = Some(id.clone());
    let password = password.unwrap_or_else(|| NewPassword::new(role.new_password()));
    let login = NewLogin {
        id: &id,
        password: &password,
        role_name: &request.role,
        role,
        connection: &role.connection,
        ttl,
        issued_by: &request.issued_by,
        label: &request.label,
    };
    let made = on_conflict(is_conflict, async |tried| {
        let made = login.create(&admin.session, tried > 0).await;
        if made.is_err() {
            admin.session.rollback().await;
        }
        made
    })
    .await;
    let (lease, times) = match made {
        Ok(made) => made,
        Err(error) => return Err(settle(admin, state, &id, error).await),
    };
    let address = admin.session.address();
    let connection = state.connection(&role.connection)?;
    let place = connection.for_clients(admin.server.parameters(), &address.host, &address.dbname);
    let credentials = Credentials::new(&lease.marker, &times.expires_at, password.clear(), place);
    Ok(Fresh {
        lease,
        credentials,
        ttl,
        warnings: login.remarks(&admin.session, false),
    })
}

/// A name for a login of this role. The server's clock is not known yet; this host's only makes names differ.
pub(super) fn new_login_name(role: &Role, name: &RoleName, label: &Label) -> Result<LeaseId> {
    let subject = Subject {
        role: name,
        label,
        unix_time: unix_time().as_secs(),
    };
    role.new_login_name(subject).with_context(|| {
        Failure::request(format!("could not name a login of role \"{name}\""))
            .hint("Mend username_template of the role in the state file.")
    })
}

/// Everything that can be refused without a server. Returns the lifetime.
fn check(state: &State, request: &Request) -> Result<Ttl> {
    let name = &request.role;
    let role = state.role(name)?;
    state.connection_for(name, role)?;
    let ttl = request.ttl.unwrap_or(role.default_ttl);
    if ttl > role.max_ttl {
        return Err(Failure::request(format!(
            "ttl {ttl} is over max_ttl {} of role \"{name}\"",
            role.max_ttl
        ))
        .hint(format!(
            "Ask for at most {}, or raise max_ttl of the role in the state file.",
            role.max_ttl
        ))
        .into());
    }
    Ok(ttl)
}

fn is_conflict(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DatabaseError>()
        .is_some_and(DatabaseError::is_conflict)
}

/// When the connection broke, the server may have committed: takes the login back if it is there.
async fn settle(admin: &Admin, state: &State, id: &LeaseId, error: anyhow::Error) -> anyhow::Error {
    let is_lost = error
        .downcast_ref::<DatabaseError>()
        .is_some_and(DatabaseError::is_lost);
    if !is_lost {
        return error;
    }
    let is_revoked = match connect::reopen_anywhere(state, &admin.server).await {
        Ok(fresh) => take_back(&fresh, state, id).await.unwrap_or(false),
        Err(_) => false,
    };
    if is_revoked {
        return error;
    }
    // That it was not found proves nothing: the server may still be at work on the statements.
    error.context(
        Failure::server(format!("login \"{id}\" may have been created before the connection broke"))
            .hint(format!(
                "It expires by itself, and the next sweep removes it. To be sure now: pgcreds lease revoke {}",
                argument(id.as_str())
            )),
    )
}

/// Revokes the lease with this id, if there is one, and warns of what it leaves to a role without rights. Returns whether
/// there was one.
pub(super) async fn take_back(admin: &Admin, state: &State, id: &LeaseId) -> Result<bool> {
    let mut report = Report::default();
    let revocation = Revocation {
        admin,
        state,
        which: Which::All,
        session_timeout: Duration::from_secs(10),
    };
    let result = revocation.run_by_id(id, &mut report).await;
    for warning in report.reassigned.iter().filter_map(Reassigned::warning) {
        warn_once(&warning);
    }
    result?;
    match report.failed.pop() {
        None => Ok(!report.revoked.is_empty()),
        Some(failed) => Err(anyhow::anyhow!(failed.error)),
    }
}

impl Request {
    /// The event that it would be, as far as it is known before the login is made.
    fn event(&self, state: &State) -> Event {
        let mut event = Event::new(EventKind::Issue);
        event.role = Some(self.role.clone());
        event.label = Some(self.label.clone());
        event.connection = state
            .roles
            .get(&self.role)
            .map(|role| role.connection.clone());
        event
    }
}

impl Issued {
    /// Revokes the login, because its credentials could not be handed out.
    pub(crate) async fn take_back(&self, state: &State) -> Result<()> {
        take_back(&self.admin, state, &self.fresh.lease.marker.lease).await?;
        Ok(())
    }
}
