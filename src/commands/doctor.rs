use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::failure::Kind;
use crate::model::count::counted;
use crate::model::name::ConnectionName;
use crate::ops::doctor::{self, Finding, Status};
use crate::ui::{Format, printable};

/// Look for what does not work, or will hurt, and say how to mend it
///
/// Looks at the state file, and at the server, the roles and the leases of each
/// connection. Changes nothing: logins are made in a transaction that is rolled
/// back. A remedy is SQL to run as a superuser, a shell command, or what to
/// write in the state file.
///
/// Exit codes: 0 no failure; 1 a failure, also when a connection cannot be
/// reached.
///
/// Examples:
///   pgcreds doctor
///   pgcreds doctor my-postgres-db
///   pgcreds doctor --format json | jq '.[] | select(.status != "ok")'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Connections to look at [default: all]
    #[arg(value_name = "CONNECTION")]
    connections: Vec<ConnectionName>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let file = context.state_file()?;
    let findings = doctor::examine(&file, &args.connections, &context.issued_by()).await?;
    match context.ui.format {
        Format::Json => context.ui.object(&findings)?,
        Format::Table => context.ui.text(&report(&findings))?,
    }
    if number_of(Status::Failure, &findings) > 0 {
        return Ok(Kind::Request.code().into());
    }
    Ok(ExitCode::SUCCESS)
}

/// How wide a text for people is, if what it says can be broken.
const WIDTH: usize = 80;

/// What people read: a block for each finding, and what they add up to.
fn report(findings: &[Finding]) -> String {
    let mut text: String = findings.iter().map(block).collect();
    let worse = [(Status::Failure, "failure"), (Status::Warning, "warning")];
    let found: Vec<String> = worse
        .into_iter()
        .map(|(status, noun)| (number_of(status, findings), noun))
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| counted(number, noun))
        .collect();
    let sum = match found.is_empty() {
        true => "all OK".to_owned(),
        false => found.join(", "),
    };
    text.push_str(&format!("{}: {sum}\n", counted(findings.len(), "check")));
    text
}

fn number_of(status: Status, findings: &[Finding]) -> usize {
    let such = findings.iter().filter(|finding| finding.status == status);
    such.count()
}

/// What a check found: what it looked at, what it means, and what mends it; a command stands on one line, to be pasted.
fn block(finding: &Finding) -> String {
    let status = match finding.status {
        Status::Ok => "OK",
        Status::Warning => "warning",
        Status::Failure => "failure",
    };
    let mut lines = vec![format!("{}  {}", finding.check, finding.subject)];
    lines.extend(broken(&finding.detail));
    lines.extend(finding.remedy.clone());
    let lines = lines.iter().enumerate().map(|(number, line)| {
        let margin = if number == 0 { status } else { "" };
        format!("{margin:<MARGIN$}{}\n", printable(line))
    });
    lines.collect()
}

/// Where a block's texts begin.
const MARGIN: usize = "failure  ".len();

/// A text in lines that are broken between words.
fn broken(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if MARGIN + line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
