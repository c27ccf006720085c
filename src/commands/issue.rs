use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::ValueEnum as _;

use crate::context::Context;
use crate::environment::variable;
use crate::failure::{self, Failure, one_line};
use crate::files;
use crate::model::credential_format::CredentialFormat;
use crate::model::credentials::Credentials;
use crate::model::file_mode::FileMode;
use crate::model::name::{Label, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::ops::issue::Issued;
use crate::shell::argument;
use crate::state::{Access, State, write_secret};
use crate::ui::credentials::{github_assignments, github_masks, render};
use crate::ui::{Format, is_stdout_closed};

/// Make a login that expires, and print its credentials
///
/// If they cannot be delivered (stdout is closed, FILE cannot be written), the
/// login is revoked again.
///
/// Examples:
///   pgcreds issue app-role
///   pgcreds issue app-role --ttl 10m --for ticket-4711 --format json
///   eval "$(pgcreds issue app-role --format env)"
///   pgcreds issue app-role --format dotenv --out .env
///   pgcreds issue app-role --format pgpass --out /run/app/pgpass \
///     --owner app --verify
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The role's name
    role: RoleName,

    /// Lifetime, like 90s, 15m, 1h30m, 7d [default: the role's default_ttl]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    ttl: Option<Ttl>,

    /// Who or what it is for; a part of the login's name [default: your user name]
    #[arg(long = "for", value_name = "LABEL")]
    label: Option<Label>,

    /// The form of the credentials [env: PGCREDS_FORMAT] [default: table]
    #[arg(long, value_enum)]
    format: Option<CredentialFormat>,

    /// Write the credentials to this file instead of stdout, at once; a link in its place is replaced
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Permission bits of the file, in octal [default: 0600]
    #[arg(long, requires = "out")]
    mode: Option<FileMode>,

    /// Give the file to this user, by name or number
    #[arg(long, value_name = "USER", requires = "out")]
    owner: Option<String>,

    /// Give the file to this group, by name or number
    #[arg(long, value_name = "GROUP", requires = "out")]
    group: Option<String>,

    /// Log in with the credentials where applications will, and revoke the login again when that fails
    #[arg(long)]
    verify: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let state = context.state()?;
    if args.out.is_none() && is_stdout_closed() {
        return Err(Failure::request(
            "stdout is closed or /dev/null, and the credentials would be lost",
        )
        .into());
    }
    let access = ops::access::find(
        args.mode.unwrap_or_default(),
        args.owner.as_deref(),
        args.group.as_deref(),
    )?;
    let target = args.out.as_deref().map(|path| (path, &access));
    let request = ops::issue::Request {
        role: args.role,
        ttl: args.ttl,
        label: context.label(args.label.as_ref()),
        issued_by: context.issued_by(),
    };
    let format = args.format.unwrap_or_else(|| default_format(context));
    let issued = ops::issue::issue(&state, &request).await?;
    for warning in &issued.fresh.warnings {
        context.ui.warn(warning);
    }
    if args.verify
        && let Err(error) = ops::verify::verify(&state, &issued).await
    {
        return Err(take_back_useless(context, &state, &issued, error).await);
    }
    if let Err(error) = deliver(context, &issued.fresh.credentials, format, target) {
        return Err(take_back(&state, &issued, error).await);
    }
    if args.out.is_some() || !context.ui.is_shown() {
        let Credentials {
            lease_id,
            expires_at,
            ..
        } = &issued.fresh.credentials;
        context.ui.status(&format!(
            "issued lease \"{lease_id}\", which ends at {expires_at}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn deliver(
    context: &Context,
    credentials: &Credentials,
    format: CredentialFormat,
    target: Option<(&Path, &Access)>,
) -> Result<()> {
    let stdout = |text: &str| {
        context
            .ui
            .deliver(text)
            .context("could not write to stdout")
    };
    let github_env = variable("GITHUB_ENV").map(PathBuf::from);
    match (target, format, github_env) {
        (Some((path, access)), ..) => {
            write_secret(path, render(credentials, format)?.as_bytes(), access)
        }
        // The masks must have been read before the values can appear in any log.
        (None, CredentialFormat::Github, Some(path)) => {
            stdout(&github_masks(credentials))?;
            append(&path, &github_assignments(credentials))
        }
        _ => stdout(&render(credentials, format)?),
    }
}

fn append(path: &Path, text: &str) -> Result<()> {
    let append = |path: PathBuf| -> Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(file.write_all(text.as_bytes())?)
    };
    files::real_path(path)
        .and_then(append)
        .with_context(|| Failure::request(format!("could not write to \"{}\"", path.display())))
}

/// `PGCREDS_FORMAT` in the names of this command's formats, else what all commands take.
fn default_format(context: &Context) -> CredentialFormat {
    let named =
        variable("PGCREDS_FORMAT").and_then(|name| CredentialFormat::from_str(&name, false).ok());
    match (context.ui.format, named) {
        (Format::Table, Some(named)) => named,
        (Format::Table, None) => CredentialFormat::Table,
        (Format::Json, _) => CredentialFormat::Json,
    }
}

/// Revokes what could not be delivered.
async fn take_back(state: &State, issued: &Issued, error: anyhow::Error) -> anyhow::Error {
    let id = &issued.fresh.credentials.lease_id;
    match issued.take_back(state).await {
        Ok(()) => {
            let hint = failure::hint(&error).map(str::to_owned);
            error.context(
                Failure::request(format!(
                    "could not deliver the credentials; lease \"{id}\" was revoked again"
                ))
                .maybe_hint(hint),
            )
        }
        Err(problem) => error.context(
            Failure::server(format!(
                "could not deliver the credentials, nor revoke lease \"{id}\" ({})",
                one_line(&problem)
            ))
            .hint(format!(
                "Run: pgcreds lease revoke {}",
                argument(id.as_str())
            )),
        ),
    }
}

/// Revokes a login that cannot log in; the error stays what it is.
async fn take_back_useless(
    context: &Context,
    state: &State,
    issued: &Issued,
    error: anyhow::Error,
) -> anyhow::Error {
    let id = &issued.fresh.credentials.lease_id;
    match issued.take_back(state).await {
        Ok(()) => context.ui.status(&format!("revoked lease \"{id}\" again")),
        Err(problem) => context.ui.warn(&format!(
            "could not revoke lease \"{id}\", which ends by itself and is swept then: {}",
            one_line(&problem)
        )),
    }
    error
}
