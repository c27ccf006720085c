use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::model::name::RoleName;
use crate::model::role::Role;
use crate::state::Section;

/// Remove a role from the state file
///
/// Its leases live on until their end, and sweeps revoke them: that needs no
/// role. Revoke them now with pgcreds lease revoke --role NAME.
///
/// Examples:
///   pgcreds role remove app-role
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The role's name
    name: RoleName,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let name = &args.name;
    context.state_file()?.edit(|state, edit| {
        let role = state.role(name)?;
        context.ui.warn(&warning(name, role));
        edit.remove(Section::Roles, name.as_str())
    })?;
    context.ui.status(&format!("removed role \"{name}\""));
    context
        .ui
        .result(&serde_json::json!({ "role": name, "removed": true }))?;
    Ok(ExitCode::SUCCESS)
}

/// What becomes of leases that nobody looked for.
fn warning(name: &RoleName, role: &Role) -> String {
    let mut warning = format!(
        "the server was not asked for leases of role \"{name}\": those that are there live on until their end"
    );
    if !role.revocation_statements.is_empty() {
        warning += ", are revoked without its revocation_statements";
    }
    if let Some(successor) = role.successor() {
        warning += &format!(", and leave nothing to \"{successor}\"");
    }
    warning
}
