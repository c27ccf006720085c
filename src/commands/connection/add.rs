use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::view::View;
use crate::context::Context;
use crate::failure::Failure;
use crate::model::connection::{Connection, PasswordSource};
use crate::model::connection_url::SslMode;
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::model::statements::Statements;
use crate::ops;
use crate::ops::connect::Admin;
use crate::shell::word;
use crate::state::{Access, Section, State, StateFile, connection_keys, password_file, write_new};

/// Add a connection to the state file
///
/// Connects first, to see that it works. A password that is typed or piped in
/// is stored in a file of its own beside the state file (NAME.password, mode
/// 0600). Without any password option libpq's rules hold (PGPASSWORD,
/// ~/.pgpass), and a person at a terminal is asked when the server wants one.
///
/// Examples:
///   pgcreds connection add my-postgres-db \
///     --username vaultadmin --allowed-roles app-role \
///     --url 'postgresql://{{username}}:{{password}}@db.example.com:5432/mydb'
///   pgcreds connection add local \
///     --url 'postgresql:///postgres?host=/var/run/postgresql'
///   pgcreds connection add prod --url postgresql://db/app \
///     --username admin --password-command 'op read op://it/db/pw'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The connection's name
    name: ConnectionName,

    /// Connection string, with {{username}} and {{password}} where they belong
    #[arg(long, value_name = "URL", value_parser = parse_secret)]
    url: Secret,

    /// The admin's name
    #[arg(long)]
    username: Option<String>,

    /// Roles that may use it, as globs [default: every role]
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    allowed_roles: Option<Vec<String>>,

    /// Host for the credentials, where applications reach the server another way than the admin
    #[arg(long, value_name = "HOST")]
    client_host: Option<String>,

    /// Port for the credentials
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    client_port: Option<u16>,

    /// sslmode for the credentials [default: that of the url]
    #[arg(long, value_name = "MODE")]
    client_sslmode: Option<SslMode>,

    #[command(flatten)]
    password: PasswordArgs,

    /// Write the password into the state file itself
    #[arg(long)]
    store_password: bool,

    /// Do not connect, nor read the password
    #[arg(long)]
    no_verify: bool,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct PasswordArgs {
    /// Read the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,

    /// Read the password from this environment variable, each time
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,

    /// Read the password from the first line of this file, each time
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Read the password from the first line that this command prints, each time
    #[arg(long, value_name = "COMMAND")]
    password_command: Option<String>,

    /// Read the password from systemd's credential of this name (LoadCredential=), each time
    #[arg(long, value_name = "NAME")]
    password_credential: Option<String>,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let name = args.name.clone();
    let file = context.state_file()?;
    let state = file.load()?;
    refuse_existing(&state, &name)?;
    let mut connection = Connection {
        url: args.url,
        username: args.username,
        password: None,
        store_command: None,
        rotation_statements: Statements::default(),
        allowed_roles: args.allowed_roles,
        client_host: args.client_host,
        client_port: args.client_port,
        client_sslmode: args.client_sslmode,
    };
    refuse_password_in_url(&connection)?;
    connection.password = args.password.source()?;
    ops::connect::parameters(&name, &connection)?;
    if !args.no_verify {
        let admin = verify(context, &name, &connection, &state).await;
        let admin = admin.map_err(|error| not_added(&name, error))?;
        if let Some(origin) = admin.server.password_origin(admin.session.address()) {
            context.ui.status(&format!(
                "the password is not stored: it is taken from {origin} each time"
            ));
        }
        connection.password = admin
            .typed
            .map(PasswordSource::Literal)
            .or(connection.password);
    }
    let typed = match &connection.password {
        Some(PasswordSource::Literal(secret)) if !args.store_password => Some(secret.clone()),
        _ => None,
    };
    if let Some(secret) = typed {
        connection.password = Some(PasswordSource::File(password_file(&name)));
        let path = state.folder.join(password_file(&name));
        save(&file, &name, &connection, Some((&path, &secret)))?;
        context
            .ui
            .status(&format!("stored the password in \"{}\"", path.display()));
    } else {
        save(&file, &name, &connection, None)?;
    }
    let next = if args.no_verify {
        format!("; next: pgcreds connection check {name}")
    } else {
        String::new()
    };
    context
        .ui
        .status(&format!("added connection \"{name}\"{next}"));
    context.ui.result(&View::new(&name, &connection))?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the connection, and sees that logins can be made over it.
async fn verify(
    context: &Context,
    name: &ConnectionName,
    connection: &Connection,
    state: &State,
) -> Result<Admin> {
    let mut server = ops::connect::server(name, connection, &state.folder).await?;
    if let Some(PasswordSource::Literal(_)) = connection.password {
        // It is not in the state file yet.
        server = server.with_origin("stdin".to_owned());
    }
    let admin = ops::connect::open_server(server).await?;
    let check = ops::check::connection(&admin).await?;
    context.ui.detail(&format!(
        "connected to PostgreSQL {} as \"{}\"",
        check.server_version, check.username
    ));
    Ok(admin)
}

/// A connection that was not added cannot be checked: says how to add it all the same.
fn not_added(name: &ConnectionName, mut error: anyhow::Error) -> anyhow::Error {
    if let Some(failure) = error.downcast_mut::<Failure>()
        && let Some(hint) = failure.next_step()
        && let Some((first_step, check)) = hint.split_once(", then run: ")
        && check == format!("pgcreds connection check {name}")
    {
        failure.replace_hint(format!(
            "{first_step}, then run this again; or add it with --no-verify, and later run: {check}"
        ));
    }
    error
}

/// Writes the connection into the state file, and a password into a file of its own: both or neither.
fn save(
    file: &StateFile,
    name: &ConnectionName,
    connection: &Connection,
    password: Option<(&Path, &Secret)>,
) -> Result<()> {
    let mut written = None;
    let saved = file.edit(|state, edit| {
        refuse_existing(state, name)?;
        if let Some((path, secret)) = password {
            refuse_stored(path)?;
            let line = format!("{}\n", secret.expose());
            write_new(path, line.as_bytes(), &Access::default())?;
            written = Some(path);
        }
        edit.add(
            Section::Connections,
            name.as_str(),
            connection_keys(connection),
        )
    });
    if let (Err(_), Some(path)) = (&saved, written) {
        // The first failure is the one to tell.
        let _ = std::fs::remove_file(path);
    }
    saved
}

/// Every user of the host can read the arguments of a process.
fn refuse_password_in_url(connection: &Connection) -> Result<()> {
    if !connection.has_literal_password() {
        return Ok(());
    }
    Err(Failure::request("the url holds a password, and other users can read the arguments of a process")
        .hint("Write {{password}} in its place, or leave it out, and use --password-stdin, --password-env, --password-file, --password-command or --password-credential.")
        .into())
}

/// What is stored there may be the only copy of an admin's password.
fn refuse_stored(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::request(format!(
        "\"{}\" is there already, and may hold the only copy of a password",
        path.display()
    ))
    .hint(format!(
        "Use it with --password-file {}, or move it away.",
        word(path)
    ))
    .into())
}

fn parse_secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

fn refuse_existing(state: &State, name: &ConnectionName) -> Result<()> {
    if !state.connections.contains_key(name) {
        return Ok(());
    }
    Err(
        Failure::request(format!("connection \"{name}\" exists already"))
            .hint(format!(
                "Edit it in the state file, or remove it first: pgcreds connection remove {name}"
            ))
            .into(),
    )
}

impl PasswordArgs {
    /// The source that the options name; a piped password is a literal here.
    fn source(self) -> Result<Option<PasswordSource>> {
        if self.password_stdin {
            return Ok(Some(PasswordSource::Literal(read_stdin()?)));
        }
        if let Some(text) = self.password_command {
            let arguments = shlex::split(&text)
                .filter(|arguments| !arguments.is_empty())
                .context(Failure::request(
                    "--password-command is no command: a quote is not closed, or it is empty",
                ))?;
            return Ok(Some(PasswordSource::Command(arguments)));
        }
        if let Some(path) = self.password_file {
            // In the state file a relative path starts at the file's folder, on the command line at the current one.
            let path = std::path::absolute(path)
                .context("could not make the password file's path absolute")?;
            return Ok(Some(PasswordSource::File(path)));
        }
        if let Some(name) = self.password_env {
            refuse_no_variable(&name)?;
            return Ok(Some(PasswordSource::Env(name)));
        }
        Ok(self.password_credential.map(PasswordSource::Credential))
    }
}

/// What is no name may be the password itself, and is not repeated.
fn refuse_no_variable(name: &str) -> Result<()> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.bytes().all(is_part) && !name.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(());
    }
    Err(
        Failure::request("--password-env takes the name of an environment variable")
            .hint("To give the password itself use --password-stdin, or leave the option out to be asked for it.")
            .into(),
    )
}

fn read_stdin() -> Result<Secret> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(
            Failure::request("--password-stdin reads a pipe, and stdin is a terminal")
                .hint("Leave it out to be asked for the password.")
                .into(),
        );
    }
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .context("could not read the password from stdin")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::request("stdin has no password in its first line").into());
    }
    Ok(Secret::new(password))
}
