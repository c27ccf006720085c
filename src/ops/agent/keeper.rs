//! One file's lease: issued, renewed, replaced. It knows when something is due, and leaves the revoking to the worker.

use std::time::Duration;

use anyhow::Result;
use rand::RngExt as _;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::health::FileHealth;
use super::kept::Kept;
use super::on_change;
use super::output::{Look, Output};
use super::retired::Retired;
use crate::failure::{self, Kind, one_line};
use crate::model::connection::Connection;
use crate::model::credentials::Credentials;
use crate::model::file::FileRecipe;
use crate::model::name::{ConnectionName, FileName, Label, LeaseId};
use crate::ops::access;
use crate::ops::connect::Admin;
use crate::ops::hold::{PAUSES, two_thirds};
use crate::ops::issue::{self, Fresh, Request};
use crate::ops::renew::extend;
use crate::postgres::renewal::Renewed;
use crate::state::{Claimed, State};
use crate::ui::Log;
use crate::ui::credentials::{fill_in, render};

/// One file and its lease.
pub(super) struct Keeper {
    name: FileName,
    recipe: FileRecipe,
    connection: ConnectionName,
    /// Where that leads, and what it makes credentials say.
    place: Connection,
    output: Output,
    issued_by: Label,
    /// The lease in the file.
    kept: Option<Kept>,
    /// A lease that was issued and could not be written yet: no further one is issued while it lives.
    unwritten: Option<(Kept, Zeroizing<String>)>,
    /// Leases that nobody needs any more after a while.
    retired: Vec<Retired>,
    act_at: Instant,
    pause: Duration,
    error: Option<String>,
    /// What tells the application, as long as it does.
    telling: Option<JoinHandle<()>>,
}

impl Keeper {
    /// A keeper that has nothing yet. Fails when the role does not exist, or the template is wrong.
    pub(super) fn new(state: &State, name: &FileName, issued_by: &Label) -> Result<Self> {
        let recipe = state.file(name)?.clone();
        let role = state.role(&recipe.role)?;
        let connection = state.connection(&role.connection)?;
        if let Some(template) = &recipe.template {
            fill_in(
                template,
                &Credentials::example(&recipe.role, &role.connection)?,
            )?;
        }
        let access = access::find(
            recipe.mode,
            recipe.owner.as_deref(),
            recipe.group.as_deref(),
        )?;
        Ok(Self {
            name: name.clone(),
            connection: role.connection.clone(),
            place: Connection {
                password: None,
                allowed_roles: None,
                ..connection.clone()
            },
            output: Output::new(state.folder.join(&recipe.path), access),
            recipe,
            issued_by: issued_by.clone(),
            kept: None,
            unwritten: None,
            retired: Vec::new(),
            act_at: Instant::now(),
            pause: PAUSES.0,
            error: None,
            telling: None,
        })
    }

    /// Fails when another process keeps the file. A place that cannot be written to yet is tried again later.
    pub(super) fn claim(&mut self) -> Result<()> {
        match self.output.claim() {
            Err(error) if error.is::<Claimed>() => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn connection(&self) -> &ConnectionName {
        &self.connection
    }

    pub(super) fn name(&self) -> &FileName {
        &self.name
    }

    /// Whether both keep the same file in the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.recipe == other.recipe
            && self.connection == other.connection
            && self.place == other.place
            && self.output.is_at(&other.output)
    }

    /// Takes the place of one that kept this file in another way, and returns that one's leases. Its content stays until
    /// there is a new one.
    pub(super) fn take_over(&mut self, mut other: Self, log: Log) -> Vec<Retired> {
        if self.output.is_at(&other.output) {
            self.output.take_over(&mut other.output);
        } else {
            other.remove(log);
        }
        other.into_retired()
    }

    /// When the server is needed next.
    pub(super) fn due_at(&self) -> Instant {
        self.act_at
    }

    /// The lease to look after, and how often to ask the server about it.
    pub(super) fn watched(&self) -> Option<(LeaseId, Duration)> {
        let kept = self.kept.as_ref()?;
        Some((kept.id().clone(), kept.ask_every()))
    }

    /// Hears how much time the server gives the lease, `None` when it is gone.
    pub(super) fn hear(&mut self, left: Option<Duration>) {
        let Some(kept) = &mut self.kept else { return };
        if kept.is_cut_short(left.unwrap_or_default()) {
            self.act_at = Instant::now();
        }
    }

    /// The leases that were replaced since the last call; the caller revokes them when their time has come.
    pub(super) fn take_retired(&mut self) -> Vec<Retired> {
        std::mem::take(&mut self.retired)
    }

    /// Issues, renews or replaces, whatever is due.
    pub(super) async fn act(&mut self, state: &State, admin: &Admin, log: Log) {
        if self.act_at > Instant::now() {
            return;
        }
        if let Err(error) = self.try_act(state, admin, log).await {
            self.failed(&error, log);
        }
    }

    async fn try_act(&mut self, state: &State, admin: &Admin, log: Log) -> Result<()> {
        if let Some((ended, _)) = self.unwritten.take_if(|(kept, _)| kept.is_over()) {
            self.retired.push(Retired::now(ended.lease.marker.lease));
        }
        if self.unwritten.is_some() {
            return self.write(state, log);
        }
        let Some(kept) = &self.kept else {
            return self.replace(state, admin, log).await;
        };
        if kept.is_at_cap() {
            return self.replace(state, admin, log).await;
        }
        match extend(state, admin, &kept.lease, Some(kept.ttl)).await {
            Ok(renewed) => {
                let is_last = renewed.is_capped;
                self.renewed(renewed, log);
                if is_last {
                    return self.replace(state, admin, log).await;
                }
                Ok(())
            }
            // It has ended, or somebody revoked it.
            Err(error) if failure::kind(&error) == Kind::Request => {
                self.replace(state, admin, log).await
            }
            Err(error) => Err(error),
        }
    }

    fn renewed(&mut self, renewed: Renewed, log: Log) {
        let Some(kept) = &mut self.kept else { return };
        kept.renewed(renewed);
        let left = kept.left();
        tell(log, "renewed", &self.name, kept);
        self.succeeded(left);
    }

    /// Issues a lease and writes it.
    pub(super) async fn replace(&mut self, state: &State, admin: &Admin, log: Log) -> Result<()> {
        self.output.check()?;
        let request = Request {
            role: self.recipe.role.clone(),
            ttl: self.recipe.ttl,
            label: Label::lossy(self.name.as_str()),
            issued_by: self.issued_by.clone(),
        };
        state.audit.prepare()?;
        let fresh = issue::issue_with(admin, state, &request, None).await?;
        for warning in &fresh.warnings {
            let file = ("file", self.name.as_str());
            log.event("warning", &[file, ("text", warning)]);
        }
        let content = self.content(&fresh);
        let kept = Kept::new(fresh.lease, fresh.ttl);
        match content {
            Ok(content) => self.unwritten = Some((kept, content)),
            Err(error) => {
                self.retired.push(Retired::now(kept.lease.marker.lease));
                return Err(error);
            }
        }
        self.write(state, log)
    }

    fn content(&self, fresh: &Fresh) -> Result<Zeroizing<String>> {
        match (&self.recipe.template, self.recipe.format) {
            (Some(template), _) => {
                let text = fill_in(template, &fresh.credentials)?;
                Ok(Zeroizing::new(text.expose().to_owned()))
            }
            (None, Some(format)) => render(&fresh.credentials, format),
            (None, None) => Ok(Zeroizing::default()),
        }
    }

    /// Writes the lease that waits for it, and lets the one before it go after a while.
    fn write(&mut self, state: &State, log: Log) -> Result<()> {
        let Some((kept, content)) = self.unwritten.take() else {
            return Ok(());
        };
        if let Err(error) = self.output.write(&content) {
            self.unwritten = Some((kept, content));
            return Err(error);
        }
        tell(log, "issued", &self.name, &kept);
        let left = kept.left();
        if let Some(old) = self.kept.replace(kept) {
            let grace = self.recipe.grace;
            self.retired
                .push(Retired::after(grace, old.lease.marker.lease));
        }
        self.succeeded(left);
        if let Some(action) = &self.recipe.on_change {
            let withheld = state.password_variables();
            let (name, action) = (self.name.clone(), action.clone());
            self.telling = Some(on_change::start(name, action, withheld, log));
        }
        Ok(())
    }

    /// Waits until the application has been told, or could not be.
    pub(super) async fn told(&mut self) {
        if let Some(telling) = self.telling.take() {
            // A panic in that task has been printed already.
            let _ = telling.await;
        }
    }

    fn succeeded(&mut self, left: Duration) {
        self.error = None;
        self.pause = PAUSES.0;
        self.act_at = Instant::now() + jittered(two_thirds(left));
    }

    /// Notes a failure and waits a while.
    pub(super) fn failed(&mut self, error: &anyhow::Error, log: Log) {
        let text = one_line(error);
        log.event("failed", &[("file", self.name.as_str()), ("error", &text)]);
        self.error = Some(text);
        self.act_at = Instant::now() + jittered(self.pause);
        self.pause = (self.pause * 2).min(PAUSES.1);
    }

    /// Puts the file back when somebody touched or removed it.
    pub(super) fn restore(&mut self, log: Log) {
        let file = ("file", self.name.as_str());
        match self.output.restore() {
            Look::Same => {}
            Look::Restored => log.event("restored", &[file]),
            Look::Lost(problem) => log.event("failed", &[file, ("error", &problem)]),
        }
    }

    /// How the file is.
    pub(super) fn health(&self) -> FileHealth {
        let kept = self.kept.as_ref();
        FileHealth {
            healthy: self.output.is_intact() && kept.is_some_and(|kept| !kept.is_over()),
            lease_id: kept.map(|kept| kept.id().clone()),
            expires_at: kept.map(|kept| kept.expires_at().clone()),
            error: self.output.problem().or(self.error.as_ref()).cloned(),
        }
    }

    /// Removes the file if it is still ours.
    pub(super) fn remove(&self, log: Log) {
        if let Err(error) = self.output.remove() {
            let file = ("file", self.name.as_str());
            log.event("failed", &[file, ("error", &error.to_string())]);
        }
    }

    /// All its leases, to be revoked: that in the file after the time that its readers have.
    pub(super) fn into_retired(mut self) -> Vec<Retired> {
        let grace = self.recipe.grace;
        if let Some((unwritten, _)) = self.unwritten {
            self.retired
                .push(Retired::now(unwritten.lease.marker.lease));
        }
        if let Some(kept) = self.kept {
            self.retired
                .push(Retired::after(grace, kept.lease.marker.lease));
        }
        self.retired
    }

    /// A lease that could not be written is good for nothing.
    pub(super) fn take_unwritten(&mut self) -> Option<LeaseId> {
        let (unwritten, _) = self.unwritten.take()?;
        Some(unwritten.lease.marker.lease)
    }
}

fn tell(log: Log, event: &str, name: &FileName, kept: &Kept) {
    let end = kept.expires_at().to_string();
    log.event(
        event,
        &[
            ("file", name.as_str()),
            ("lease", kept.id().as_str()),
            ("expires_at", &end),
        ],
    );
}

/// Up to a tenth less, so that many files do not act at once.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(rand::rng().random_range(0.9..=1.0))
}
