use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::view::View;
use crate::context::Context;
use crate::failure::Failure;
use crate::model::name::{ConnectionName, RoleName};
use crate::model::role::{InvalidRole, Role, default_search_path, default_ttl, max_ttl};
use crate::model::statements::Statements;
use crate::model::ttl::Ttl;
use crate::model::username_template::UsernameTemplate;
use crate::ops;
use crate::state::{Section, State, role_keys};

/// Add a role to the state file
///
/// What a login may do comes from group roles (--member-of, --set-role), or
/// from SQL (--creation-statements) with the placeholders {{name}},
/// {{password}} and {{expiration}}. A login is made and given up at once, to
/// see that it works.
///
/// Examples:
///   pgcreds role add app-role --connection my-postgres-db --member-of app_rw
///   pgcreds role add migrate --connection my-postgres-db \
///     --set-role app_owner --default-ttl 15m
///   pgcreds role add app-role --connection my-postgres-db \
///     --default-ttl 1h --max-ttl 24h \
///     --creation-statements "CREATE ROLE \"{{name}}\" WITH LOGIN
///       PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, group(
    clap::ArgGroup::new("recipe").required(true).multiple(true).args(["creation_statements", "member_of", "set_role"])
))]
pub(crate) struct Args {
    /// The role's name
    name: RoleName,

    /// The connection whose server gets the logins
    #[arg(long, value_name = "NAME")]
    connection: ConnectionName,

    /// SQL that makes a login, @FILE to take it from a file, or @- from stdin (can be repeated)
    #[arg(long, value_name = "SQL", conflicts_with_all = ["member_of", "set_role"])]
    creation_statements: Vec<String>,

    /// Group role that logins become members of (can be repeated)
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    member_of: Vec<String>,

    /// Group role that sessions work as, so that it owns what they create
    #[arg(long, value_name = "GROUP")]
    set_role: Option<String>,

    /// Schema in which the statements find what is named without one [default: public] (can be repeated)
    #[arg(long, value_name = "SCHEMA", value_delimiter = ',')]
    search_path: Vec<String>,

    /// SQL that runs at each renewal, or @FILE, or @- (can be repeated)
    #[arg(long, value_name = "SQL")]
    renew_statements: Vec<String>,

    /// SQL that runs at revocation, before the built-in revocation, or @FILE, or @- (can be repeated)
    #[arg(long, value_name = "SQL")]
    revocation_statements: Vec<String>,

    /// Lifetime when none is asked for, like 90s, 15m, 1h30m, 7d
    #[arg(long, value_name = "DURATION", default_value_t = default_ttl(), allow_hyphen_values = true)]
    default_ttl: Ttl,

    /// Longest lifetime, renewals included
    #[arg(long, value_name = "DURATION", default_value_t = max_ttl(), allow_hyphen_values = true)]
    max_ttl: Ttl,

    /// Role that gets what a login owns when it is revoked
    #[arg(long, value_name = "ROLE")]
    reassign_owned_to: Option<String>,

    /// Live leases at the most
    #[arg(long, value_name = "NUMBER")]
    max_leases: Option<u32>,

    /// How logins are named, as in "v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}"
    #[arg(long, value_name = "TEMPLATE")]
    username_template: Option<String>,

    /// Letters and digits of a password, 24 to 128 [default: 32]
    #[arg(long, value_name = "NUMBER")]
    password_length: Option<usize>,

    /// Sessions that a login may have at the same time, -1 for no limit [default: 20, or as --creation-statements say]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    connection_limit: Option<i32>,

    /// Allow logins to act on other sessions or on the server's files, as with pg_signal_backend or REPLICATION
    #[arg(long)]
    force: bool,

    /// Do not connect
    #[arg(long)]
    no_verify: bool,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let (name, is_verified) = (args.name.clone(), !args.no_verify);
    let file = context.state_file()?;
    let state = file.load()?;
    refuse_existing(&state, &name)?;
    state.connection(&args.connection)?;
    let role = args.into_role()?;
    role.check()
        .and_then(|()| role.check_names(&name))
        .map_err(|error| invalid(&name, error))?;
    if is_verified {
        let check = ops::check::role(&state, &name, &role, &context.issued_by()).await?;
        for warning in &check.warnings {
            context.ui.warn(warning);
        }
    }
    file.edit(|state, edit| {
        refuse_existing(state, &name)?;
        edit.add(Section::Roles, name.as_str(), role_keys(&role))
    })?;
    context.ui.status(&format!(
        "added role \"{name}\"; next: pgcreds issue {name}"
    ));
    context.ui.result(&View::new(&name, &role))?;
    Ok(ExitCode::SUCCESS)
}

fn invalid(name: &RoleName, error: InvalidRole) -> anyhow::Error {
    let is_long = matches!(error, InvalidRole::TtlOrder { .. });
    let hint = is_long.then(|| "Give a higher --max-ttl, or a lower --default-ttl.".to_owned());
    let failure = Failure::request(format!("invalid role \"{name}\"")).maybe_hint(hint);
    anyhow::Error::new(error).context(failure)
}

impl Args {
    fn into_role(self) -> Result<Role> {
        Ok(Role {
            connection: self.connection,
            creation_statements: statements(self.creation_statements)?,
            member_of: self.member_of,
            set_role: self.set_role,
            search_path: match self.search_path.is_empty() {
                true => default_search_path(),
                false => self.search_path,
            },
            renew_statements: statements(self.renew_statements)?,
            revocation_statements: statements(self.revocation_statements)?,
            default_ttl: self.default_ttl,
            max_ttl: self.max_ttl,
            reassign_owned_to: self.reassign_owned_to,
            max_leases: self.max_leases,
            username_template: self.username_template.map(UsernameTemplate::new),
            password_length: self.password_length,
            password_policy: None,
            connection_limit: self.connection_limit,
            allow_dangerous_privileges: self.force,
        })
    }
}

const AT_FILE: &str = "After an @ comes the path of a file with SQL, from the current folder on; without it comes the SQL itself.";

/// The SQL of an option: as it stands, or from the file that `@FILE` names, as Vault takes it.
fn statements(arguments: Vec<String>) -> Result<Statements> {
    let texts = arguments.into_iter().map(|argument| {
        let Some(file) = argument.strip_prefix('@') else {
            return Ok(argument);
        };
        let (text, place) = match file {
            "-" => (
                std::io::read_to_string(std::io::stdin()),
                "stdin".to_owned(),
            ),
            file => (std::fs::read_to_string(file), format!("\"{file}\"")),
        };
        let text = text.with_context(|| {
            Failure::request(format!("could not read the SQL from {place}")).hint(AT_FILE)
        })?;
        if text.trim().is_empty() {
            return Err(Failure::request(format!("there is no SQL in {place}")).into());
        }
        Ok(text.trim_end().to_owned())
    });
    Ok(Statements::new(texts.collect::<Result<_>>()?))
}

fn refuse_existing(state: &State, name: &RoleName) -> Result<()> {
    if !state.roles.contains_key(name) {
        return Ok(());
    }
    Err(Failure::request(format!("role \"{name}\" exists already"))
        .hint(format!(
            "Edit it in the state file, or remove it first: pgcreds role remove {name}"
        ))
        .into())
}
