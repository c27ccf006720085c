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
        if let Some(warning) = warning(name, role) {
            context.ui.warn(&warning);
        }
        for (file, _) in state
            .files
            .iter()
            .filter(|(_, recipe)| recipe.role == *name)
        {
            context.ui.warn(&format!(
                "[files.{file}] uses role \"{name}\": no agent can fill it now"
            ));
        }
        edit.remove(Section::Roles, name.as_str())
    })?;
    context.ui.status(&format!("removed role \"{name}\""));
    context
        .ui
        .result(&serde_json::json!({ "role": name, "removed": true }))?;
    Ok(ExitCode::SUCCESS)
}

/// What leases that are still there lose: no server is asked for them.
fn warning(name: &RoleName, role: &Role) -> Option<String> {
    let statements = (!role.revocation_statements.is_empty())
        .then(|| "be revoked without its revocation_statements".to_owned());
    let successor = role.successor();
    let successor = successor.map(|successor| format!("leave nothing to \"{successor}\""));
    let losses: Vec<String> = statements.into_iter().chain(successor).collect();
    (!losses.is_empty()).then(|| {
        format!(
            "leases of role \"{name}\" that are still there will {}",
            losses.join(" and ")
        )
    })
}
