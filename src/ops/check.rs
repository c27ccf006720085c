//! Looking at a connection or a role before anybody depends on it.

use anyhow::Result;
use serde::Serialize;

use crate::failure::Failure;
use crate::model::name::{ConnectionName, Label, RoleName};
use crate::model::role::Role;
use crate::model::timestamp::Timestamp;
use crate::ops::connect::{self, Admin};
use crate::ops::issue::new_login_name;
use crate::ops::role_warnings::{dangers, databases, notes, shortcomings};
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::login::{NewLogin, NewPassword};
use crate::postgres::powers::Power;
use crate::postgres::privileges::{self, Standing};
use crate::postgres::rehearsal::ReachedDatabase;
use crate::postgres::survey::try_reassigning;
use crate::state::State;

/// What a connection is good for.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionCheck {
    pub(crate) connection: ConnectionName,
    pub(crate) server_version: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) dbname: String,
    pub(crate) username: String,
    pub(crate) superuser: bool,
}

/// What a role would make.
#[derive(Debug, Serialize)]
pub(crate) struct RoleCheck {
    pub(crate) role: RoleName,
    pub(crate) connection: ConnectionName,
    pub(crate) login: bool,
    pub(crate) valid_until: Timestamp,
    pub(crate) member_of: Vec<String>,
    pub(crate) superuser: bool,
    pub(crate) createrole: bool,
    pub(crate) createdb: bool,
    pub(crate) replication: bool,
    pub(crate) bypassrls: bool,
    /// Groups that are nearly a superuser; said among the warnings.
    #[serde(skip)]
    pub(crate) powers: Vec<Power>,
    /// Databases that logins can alter; said among the warnings.
    #[serde(skip)]
    pub(crate) databases: Vec<ReachedDatabase>,
    /// Why logins may be of no use; said among the warnings.
    #[serde(skip)]
    pub(crate) shortcomings: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// Sessions that a login may have at the same time, -1 for no limit.
    pub(crate) connection_limit: i32,
    /// What is worth knowing, and no reason for a warning.
    pub(crate) notes: Vec<String>,
}

/// Checks that an open connection can be used to make logins.
pub(crate) async fn connection(admin: &Admin) -> Result<ConnectionCheck> {
    let name = admin.server.name();
    let standing = standing(admin).await?;
    if standing.is_read_only {
        return Err(
            Failure::server(format!("connection \"{name}\": the server is read-only"))
                .hint("It is a standby or in recovery. Point the connection's url at the primary.")
                .into(),
        );
    }
    refuse_without_createrole(admin, &standing)?;
    let address = admin.session.address();
    Ok(ConnectionCheck {
        connection: name.clone(),
        server_version: standing.server_version,
        host: address.host.name.clone(),
        port: address.host.port,
        dbname: address.dbname.clone(),
        username: standing.user,
        superuser: standing.is_superuser,
    })
}

/// Fails when the admin may not create or alter roles.
pub(super) async fn refuse_powerless(admin: &Admin) -> Result<()> {
    refuse_without_createrole(admin, &standing(admin).await?)
}

fn refuse_without_createrole(admin: &Admin, standing: &Standing) -> Result<()> {
    let name = admin.server.name();
    if !standing.can_create_roles {
        let user = identifier(&standing.user);
        return Err(Failure::server(format!(
            "\"{}\" of connection \"{name}\" may not create roles",
            standing.user
        ))
        .hint(format!("Run as a superuser: ALTER ROLE {user} CREATEROLE;"))
        .into());
    }
    Ok(())
}

async fn standing(admin: &Admin) -> Result<Standing> {
    let name = admin.server.name();
    privileges::standing(&admin.session)
        .await
        .map_err(|error| error.failure(format!("could not check connection \"{name}\"")))
}

/// Makes a login by the role's recipe in a transaction that is given up, and says what it would be.
pub(crate) async fn role(
    state: &State,
    name: &RoleName,
    role: &Role,
    issued_by: &Label,
) -> Result<RoleCheck> {
    state.connection_for(name, role)?;
    let admin = connect::open(state, &role.connection).await?;
    check_groups(&admin, name, role).await?;
    let mut check = rehearse(&admin, name, role, issued_by).await?;
    check.notes = notes(&admin, name, role, check.connection_limit).await?;
    if let Some(successor) = role.successor() {
        check
            .warnings
            .extend(unfit_successor(&admin, &check.member_of, successor).await?);
    }
    Ok(check)
}

/// What is to be said when the admin cannot give what a login owns to that role.
async fn unfit_successor(
    admin: &Admin,
    member_of: &[String],
    successor: &str,
) -> Result<Option<String>> {
    match try_reassigning(&admin.session, member_of, successor).await {
        Ok(_) => Ok(None),
        Err(error) if error.is_lost() => {
            Err(error.failure(format!("could not try to give objects to \"{successor}\"")))
        }
        Err(error) => Ok(Some(format!(
            "what a login owns cannot be given to \"{successor}\" when it ends ({error}); run as a superuser: GRANT {} TO {};",
            identifier(successor),
            identifier(&admin.session.address().user)
        ))),
    }
}

/// Makes a login with a session that is open already, and gives it up.
pub(super) async fn rehearse(
    admin: &Admin,
    name: &RoleName,
    role: &Role,
    issued_by: &Label,
) -> Result<RoleCheck> {
    let label = Label::lossy("probe");
    let id = new_login_name(role, name, &label)?;
    // Counting leases is for those that are really made.
    let role = Role {
        max_leases: None,
        ..role.clone()
    };
    let probe = NewLogin {
        id: &id,
        password: &NewPassword::new(role.new_password()),
        role_name: name,
        role: &role,
        connection: &role.connection,
        ttl: role.default_ttl,
        issued_by,
        label: &label,
    };
    let (made, times) = probe.rehearse(&admin.session).await?;
    let mut shortcomings = shortcomings(name, &role, &made);
    // What it says of the short forms' statements nobody wrote: that the admin may not set_role itself, for example.
    let has_own_statements = !role.creation_statements.is_empty();
    let remarks = probe.remarks(&admin.session, has_own_statements);
    let mut warnings = shortcomings.clone();
    warnings.extend(dangers(name, &role, &made));
    let user = &admin.session.address().user;
    warnings.extend(databases(name, &made, user));
    warnings.extend(remarks.iter().cloned());
    shortcomings.extend(remarks);
    let has = |attribute: &str| made.attributes.contains(&attribute);
    Ok(RoleCheck {
        role: name.clone(),
        connection: role.connection.clone(),
        login: made.oid != 0,
        valid_until: times.expires_at,
        superuser: has("superuser"),
        createrole: has("createrole"),
        createdb: has("createdb"),
        replication: has("replication"),
        bypassrls: has("bypassrls"),
        powers: made.powers,
        databases: made.databases,
        connection_limit: made.connection_limit,
        notes: Vec::new(),
        shortcomings,
        warnings,
        member_of: made.member_of,
    })
}

/// The groups that the short forms name must exist, and the admin must be able to hand them out.
async fn check_groups(admin: &Admin, name: &RoleName, role: &Role) -> Result<()> {
    let mut groups: Vec<String> = role.groups().cloned().collect();
    groups.extend(role.reassign_owned_to.clone());
    let failure = |error: DatabaseError| error.failure(format!("could not check role \"{name}\""));
    let problems = privileges::ungrantable(&admin.session, &groups)
        .await
        .map_err(failure)?;
    let Some(problem) = problems
        .into_iter()
        .find(|it| !it.is_there || role.groups().any(|name| *name == it.group))
    else {
        return Ok(());
    };
    let group = problem.group;
    if !problem.is_there {
        let quoted = identifier(&group);
        return Err(Failure::request(format!(
            "role \"{name}\": PostgreSQL role \"{group}\" does not exist"
        ))
        .hint(format!(
            "Create it, for example with: CREATE ROLE {quoted} NOLOGIN;"
        ))
        .into());
    }
    if problem.is_superuser {
        return Err(Failure::request(format!(
            "role \"{name}\": \"{group}\" is a superuser, and its members could undo their own end"
        ))
        .hint("Make logins members of a group role that has what they need, and no more.")
        .into());
    }
    let Standing {
        user,
        can_create_roles,
        ..
    } = standing(admin).await?;
    let mut grants = privileges::grant_admin_option(&group, &user);
    if !can_create_roles {
        let user = identifier(&user);
        grants = format!("ALTER ROLE {user} CREATEROLE; {grants}");
    }
    Err(Failure::server(format!(
        "role \"{name}\": \"{user}\" may not make logins members of \"{group}\""
    ))
    .hint(format!("Run as a superuser: {grants}"))
    .into())
}
