use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tempfile::NamedTempFile;

use crate::child::{self, Child};
use crate::context::Context;
use crate::environment;
use crate::failure::{self, Failure, one_line};
use crate::model::credential_format::CredentialFormat;
use crate::model::credentials::Credentials;
use crate::model::name::{Label, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::ops::hold::{Event, Held};
use crate::ops::issue::Issued;
use crate::state::State;
use crate::ui::Ui;
use crate::ui::credentials::{fill_in, render};

/// The exit code when pgcreds failed before the command ran, as with env, nohup and docker.
const NOT_STARTED: u8 = 125;

/// Set in the command's environment, to its lease: `PGCREDS_LEASE` is set by `eval "$(pgcreds issue …)"` too.
const INSIDE: &str = "PGCREDS_EXEC";

/// What `--pristine` leaves of the environment.
const KEPT: [&str; 10] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "TZ", "TMPDIR",
];

/// Run a command with a fresh login in its environment
///
/// Sets PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGAPPNAME,
/// DATABASE_URL, PGCREDS_LEASE and PGCREDS_EXPIRES_AT (PGSSLMODE and
/// PGSSLROOTCERT where the connection has them); other PG* variables and an old
/// DATABASE_URL are taken out first. The lease is renewed while the command
/// runs, and revoked when it ends. Without a command it starts $SHELL.
///
/// Exit codes: the command's own; 128+N when signal N ended it; 127 not found;
/// 126 not executable; 125 pgcreds itself failed before the command ran.
///
/// Examples:
///   pgcreds exec app-role -- psql
///   pgcreds exec app-role --ttl 10m --for nightly -- ./report.sh
///   pgcreds exec app-role --env 'SPRING_DATASOURCE_URL={{ jdbc }}' -- \
///     java -jar app.jar
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The role's name
    role: RoleName,

    /// Lifetime, and how long each renewal is for [default: the role's default_ttl]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    ttl: Option<Ttl>,

    /// Who or what it is for; a part of the login's name [default: your user name]
    #[arg(long = "for", value_name = "LABEL")]
    label: Option<Label>,

    /// One more variable, from a template over the fields of issue --format json, and jdbc (can be repeated)
    #[arg(long = "env", value_name = "NAME=TEMPLATE", value_parser = parse_variable)]
    variables: Vec<(String, String)>,

    /// Start with an empty environment but for PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_ALL, TZ and TMPDIR
    #[arg(long)]
    pristine: bool,

    /// Give the password in a file that PGPASSFILE names (mode 0600, removed afterwards), and not in the environment
    #[arg(long)]
    pgpass: bool,

    /// Leave the lease to its end when the command has ended
    #[arg(long)]
    keep: bool,

    /// Run inside another pgcreds exec
    #[arg(long)]
    nested: bool,

    /// The command and its arguments, after -- or without it [default: $SHELL]
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    match start_and_wait(context, &args).await {
        Ok(code) => Ok(code),
        Err(error) => {
            failure::report(&error);
            Ok(NOT_STARTED.into())
        }
    }
}

/// Fails only before the command runs.
async fn start_and_wait(context: &Context, args: &Args) -> Result<ExitCode> {
    refuse_nesting(args.nested)?;
    let state = context.state()?;
    let request = ops::issue::Request {
        role: args.role.clone(),
        ttl: args.ttl,
        label: context.label(args.label.as_ref()),
        issued_by: context.issued_by(),
    };
    let issued = ops::issue::issue(&state, &request).await?;
    for warning in &issued.fresh.warnings {
        context.ui.warn(warning);
    }
    let prepared = prepare(args, &state, &issued.fresh.credentials);
    let (environment, password_file) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Err(give_up(context.ui, &state, issued, error).await),
    };
    let command = if args.command.is_empty() {
        vec![shell()]
    } else {
        args.command.clone()
    };
    let program = command[0].to_string_lossy().into_owned();
    let marker = &issued.fresh.lease.marker;
    ops::trace::exec_start(&state, marker, &program);
    let child = match Child::spawn(&command, environment) {
        Ok(child) => child,
        Err(error) => {
            let code = child::spawn_code(&error);
            ops::trace::exec_end(&state, marker, code, Some(&error.to_string()));
            let error = anyhow::Error::from(error)
                .context(Failure::request(format!("could not run \"{program}\"")));
            failure::report(&give_up(context.ui, &state, issued, error).await);
            return Ok(code.into());
        }
    };
    let held = Held::new(&state, issued);
    let code = watch(context.ui, &state, child, held, args.keep).await;
    drop(password_file);
    Ok(code)
}

/// Waits for the command's end, renews meanwhile, and revokes then. From here on only the command's end decides the code.
async fn watch(
    ui: Ui,
    state: &State,
    mut child: Child,
    mut held: Held<'_>,
    keep: bool,
) -> ExitCode {
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            event = held.next() => tell(ui, &event),
        }
    };
    let code = match &status {
        Ok(status) => child::exit_code(*status),
        Err(error) => {
            ui.warn(&format!("could not wait for the command: {error}"));
            NOT_STARTED
        }
    };
    ops::trace::exec_end(state, held.marker(), code, None);
    if !keep {
        let released = tokio::select! {
            released = held.release() => released,
            () = child.given_up() => Err(anyhow::anyhow!("interrupted")),
        };
        if let Err(error) = released {
            ui.warn(&format!(
                "could not revoke the lease, which ends by itself and is swept then: {}",
                one_line(&error)
            ));
        }
    }
    code.into()
}

fn tell(ui: Ui, event: &Event) {
    match event {
        Event::Renewed(end) => ui.detail(&format!("renewed the lease until {end}")),
        Event::Last(end) => ui.warn(&format!(
            "the lease ends at {end} and cannot be renewed any more (max_ttl)"
        )),
        Event::NotRenewed(error) => {
            ui.warn(&format!("could not renew the lease: {}", one_line(error)));
        }
    }
}

/// Revokes a lease that the command never got.
async fn give_up(ui: Ui, state: &State, issued: Issued, error: anyhow::Error) -> anyhow::Error {
    if let Err(problem) = Held::new(state, issued).release().await {
        ui.warn(&format!(
            "could not revoke the lease, which ends by itself and is swept then: {}",
            one_line(&problem)
        ));
    }
    error
}

fn refuse_nesting(is_wanted: bool) -> Result<()> {
    match environment::variable(INSIDE) {
        Some(lease) if !is_wanted => Err(Failure::request(format!(
            "this is inside of pgcreds exec already (lease \"{lease}\")"
        ))
        .hint("Leave that first, or say --nested.")
        .into()),
        _ => Ok(()),
    }
}

fn shell() -> OsString {
    environment::variable("SHELL")
        .unwrap_or_else(|| "/bin/sh".into())
        .into()
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, template)) if !name.is_empty() => Ok((name.to_owned(), template.to_owned())),
        _ => Err("it must look like NAME=TEMPLATE".into()),
    }
}

/// The command's environment, and the file with the password if it goes there.
type Prepared = (Vec<(OsString, OsString)>, Option<NamedTempFile>);

fn prepare(args: &Args, state: &State, credentials: &Credentials) -> Result<Prepared> {
    let secret = state.password_variables();
    let mut variables: Vec<(OsString, OsString)> = environment::all()
        .filter(|(name, _)| {
            !secret.iter().any(|secret| name == secret.as_str())
                && name
                    .to_str()
                    .is_none_or(|name| is_kept(name, args.pristine))
        })
        .collect();
    let mut set = |name: &str, value: &str| variables.push((name.into(), value.into()));
    for (name, value) in credentials.variables() {
        if !args.pgpass || !["PGPASSWORD", "DATABASE_URL"].contains(&name) {
            set(name, value.expose());
        }
    }
    set(INSIDE, credentials.lease_id.as_str());
    if let Some(file) = &credentials.root_certificates {
        set("PGSSLROOTCERT", file);
    }
    for (name, template) in &args.variables {
        set(name, fill_in(template, credentials)?.expose());
    }
    let mut file = None;
    if args.pgpass {
        let passwords = password_file(credentials)
            .context(Failure::request("could not write the password file"))?;
        set("PGPASSFILE", &passwords.path().to_string_lossy());
        set("DATABASE_URL", &credentials.url_without_password);
        file = Some(passwords);
    }
    Ok((variables, file))
}

/// libpq's variables of the surroundings must not win over ours, nor give the admin's password away.
fn is_kept(name: &str, is_pristine: bool) -> bool {
    let is_stale =
        name == "DATABASE_URL" || (name.starts_with("PG") && !name.starts_with("PGCREDS_"));
    let is_ours = ["PGCREDS_LEASE", "PGCREDS_EXPIRES_AT", INSIDE].contains(&name);
    !is_stale && !is_ours && (!is_pristine || KEPT.contains(&name))
}

fn password_file(credentials: &Credentials) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::with_prefix("pgcreds-")?;
    file.write_all(render(credentials, CredentialFormat::Pgpass)?.as_bytes())?;
    file.flush()?;
    Ok(file)
}
