//! One file: issues, writes, renews, replaces, and revokes what was replaced.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use rand::RngExt as _;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::health::FileHealth;
use super::on_change;
use crate::failure::{self, Kind, one_line};
use crate::model::credentials::Credentials;
use crate::model::file::FileRecipe;
use crate::model::lease::Lease;
use crate::model::name::{ConnectionName, FileName, Label};
use crate::model::ttl::Ttl;
use crate::ops::access;
use crate::ops::connect::{self, Admin};
use crate::ops::hold::two_thirds;
use crate::ops::issue::{self, Fresh, Request};
use crate::ops::renew::extend;
use crate::ops::trace;
use crate::state::{Access, State, write_secret};
use crate::ui::Log;
use crate::ui::credentials::{fill_in, render};

/// Pause after the first failure; each further one is twice as long, up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// One file and its lease.
pub(super) struct Keeper {
    name: FileName,
    recipe: FileRecipe,
    connection: ConnectionName,
    path: PathBuf,
    access: Access,
    issued_by: Label,
    /// The lease in the file.
    kept: Option<Kept>,
    /// A lease that was issued and could not be written yet: no further one is issued until it was.
    unwritten: Option<Kept>,
    /// Replaced leases, and when they are revoked.
    replaced: Vec<(Instant, u32)>,
    act_at: Instant,
    pause: Duration,
    error: Option<String>,
}

/// A lease and the content that it makes.
struct Kept {
    lease: Lease,
    ttl: Ttl,
    ends_at: Instant,
    content: Zeroizing<String>,
    stamp: Option<Stamp>,
}

/// What tells whether somebody touched the file: inode, length, time of the last change, mode.
type Stamp = (u64, u64, i64, i64, u32);

impl Keeper {
    /// A keeper that has nothing yet. Fails when the role does not exist, or the template is wrong.
    pub(super) fn new(state: &State, name: &FileName, issued_by: &Label) -> Result<Self> {
        let recipe = state.file(name)?.clone();
        let role = state.role(&recipe.role)?;
        if let Some(template) = &recipe.template {
            fill_in(
                template,
                &Credentials::example(&recipe.role, &role.connection)?,
            )?;
        }
        Ok(Self {
            name: name.clone(),
            connection: role.connection.clone(),
            path: state.folder.join(&recipe.path),
            access: access::find(
                recipe.mode,
                recipe.owner.as_deref(),
                recipe.group.as_deref(),
            )?,
            recipe,
            issued_by: issued_by.clone(),
            kept: None,
            unwritten: None,
            replaced: Vec::new(),
            act_at: Instant::now(),
            pause: PAUSES.0,
            error: None,
        })
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
            && self.path == other.path
    }

    /// Takes over what another keeper of this file leaves: its leases are replaced ones now.
    pub(super) fn inherit(&mut self, other: Self) {
        let end = Instant::now() + self.grace();
        self.replaced.extend(other.leases().map(|oid| (end, oid)));
    }

    /// When the server is needed next.
    pub(super) fn due_at(&self) -> Instant {
        let replaced = self.replaced.iter().map(|(end, _)| *end).min();
        replaced.map_or(self.act_at, |end| end.min(self.act_at))
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(self.recipe.grace.as_seconds())
    }

    /// The replaced leases whose time has come; the caller revokes them.
    pub(super) fn take_replaced(&mut self) -> Vec<u32> {
        let now = Instant::now();
        let (due, rest) = self.replaced.drain(..).partition(|(end, _)| *end <= now);
        self.replaced = rest;
        let due: Vec<(Instant, u32)> = due;
        due.into_iter().map(|(_, oid)| oid).collect()
    }

    /// Puts leases back that could not be revoked: tried again after a while; the sweep takes them at their end.
    pub(super) fn put_back(&mut self, oids: Vec<u32>) {
        let later = Instant::now() + PAUSES.1;
        self.replaced
            .extend(oids.into_iter().map(|oid| (later, oid)));
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
        if self.unwritten.is_some() {
            return self.write(log);
        }
        let Some(kept) = &mut self.kept else {
            return self.replace(state, admin, log).await;
        };
        if kept.lease.expires_at >= kept.lease.marker.max_expires_at {
            return self.replace(state, admin, log).await;
        }
        match extend(state, admin, &kept.lease, Some(kept.ttl)).await {
            Ok(renewed) => {
                let end = renewed.expires_at.to_string();
                kept.lease.expires_at = renewed.expires_at;
                kept.ends_at = Instant::now() + Duration::from_secs(renewed.seconds_left);
                log.event(
                    "renewed",
                    &[
                        ("file", self.name.as_str()),
                        ("lease", kept.lease.marker.lease.as_str()),
                        ("expires_at", &end),
                    ],
                );
                self.succeeded(renewed.seconds_left);
                Ok(())
            }
            // It has ended, or somebody revoked it.
            Err(error) if failure::kind(&error) == Kind::Request => {
                self.replace(state, admin, log).await
            }
            Err(error) => Err(error),
        }
    }

    /// Issues a lease and writes it.
    async fn replace(&mut self, state: &State, admin: &Admin, log: Log) -> Result<()> {
        let request = Request {
            role: self.recipe.role.clone(),
            ttl: self.recipe.ttl,
            label: Label::lossy(self.name.as_str()),
            issued_by: self.issued_by.clone(),
        };
        state.audit.prepare()?;
        let fresh = issue::issue_with(admin, state, &request).await?;
        self.unwritten = Some(self.kept_from(fresh)?);
        self.write(log)
    }

    fn kept_from(&self, fresh: Fresh) -> Result<Kept> {
        let content = match (&self.recipe.template, self.recipe.format) {
            (Some(template), _) => {
                Zeroizing::new(fill_in(template, &fresh.credentials)?.expose().to_owned())
            }
            (None, Some(format)) => render(&fresh.credentials, format)?,
            (None, None) => Zeroizing::new(String::new()),
        };
        Ok(Kept {
            lease: fresh.lease,
            ttl: fresh.ttl,
            ends_at: Instant::now() + Duration::from_secs(fresh.ttl.as_seconds()),
            content,
            stamp: None,
        })
    }

    /// Writes the lease that waits for it, and lets the one before it go after a while.
    fn write(&mut self, log: Log) -> Result<()> {
        let Some(mut kept) = self.unwritten.take() else {
            return Ok(());
        };
        if let Err(error) = write_secret(&self.path, kept.content.as_bytes(), &self.access) {
            self.unwritten = Some(kept);
            return Err(error);
        }
        kept.stamp = self.stamp();
        let (lease, end) = (
            kept.lease.marker.lease.to_string(),
            kept.lease.expires_at.to_string(),
        );
        log.event(
            "issued",
            &[
                ("file", self.name.as_str()),
                ("lease", &lease),
                ("expires_at", &end),
            ],
        );
        let seconds = kept
            .ends_at
            .saturating_duration_since(Instant::now())
            .as_secs();
        if let Some(old) = self.kept.replace(kept) {
            self.replaced
                .push((Instant::now() + self.grace(), old.lease.oid));
        }
        self.succeeded(seconds);
        if let Some(action) = &self.recipe.on_change {
            on_change::start(self.name.clone(), action.clone(), log);
        }
        Ok(())
    }

    fn succeeded(&mut self, seconds_left: u64) {
        self.error = None;
        self.pause = PAUSES.0;
        self.act_at = Instant::now() + jittered(two_thirds(seconds_left));
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
        let now = self.stamp();
        let Some(kept) = &mut self.kept else { return };
        if kept.stamp == now {
            return;
        }
        match write_secret(&self.path, kept.content.as_bytes(), &self.access) {
            Ok(()) => log.event("restored", &[("file", self.name.as_str())]),
            Err(error) if self.error.is_none() => {
                self.error = Some(one_line(&error));
                log.event(
                    "failed",
                    &[("file", self.name.as_str()), ("error", &one_line(&error))],
                );
                return;
            }
            Err(_) => return,
        }
        self.error = None;
        let stamp = self.stamp();
        if let Some(kept) = &mut self.kept {
            kept.stamp = stamp;
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::symlink_metadata(&self.path).ok()?;
        Some((
            metadata.ino(),
            metadata.len(),
            metadata.ctime(),
            metadata.ctime_nsec(),
            metadata.mode(),
        ))
    }

    /// How the file is.
    pub(super) fn health(&self) -> FileHealth {
        let lease = self.kept.as_ref().map(|kept| &kept.lease);
        FileHealth {
            healthy: self
                .kept
                .as_ref()
                .is_some_and(|kept| kept.stamp.is_some() && kept.ends_at > Instant::now()),
            lease_id: lease.map(|lease| lease.marker.lease.clone()),
            expires_at: lease.map(|lease| lease.expires_at.clone()),
            error: self.error.clone(),
        }
    }

    /// Fills the file once.
    pub(super) async fn fill(&mut self, state: &State, log: Log) -> Result<()> {
        let opened = connect::open(state, &self.connection).await;
        let admin = trace::failure(state, || trace::connect(&self.connection), opened)?;
        self.replace(state, &admin, log).await
    }

    /// Removes the file if it is still ours, and returns the leases to revoke.
    pub(super) fn remove(self, log: Log) -> Vec<u32> {
        let is_ours = self
            .kept
            .as_ref()
            .is_some_and(|kept| kept.stamp.is_some() && kept.stamp == self.stamp());
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            log.event(
                "failed",
                &[("file", self.name.as_str()), ("error", &error.to_string())],
            );
        }
        self.leases().collect()
    }

    fn leases(self) -> impl Iterator<Item = u32> {
        let held = [self.kept, self.unwritten]
            .into_iter()
            .flatten()
            .map(|kept| kept.lease.oid);
        held.chain(self.replaced.into_iter().map(|(_, oid)| oid))
    }
}

/// Up to a tenth less, so that many files do not act at once.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(rand::rng().random_range(0.9..=1.0))
}
