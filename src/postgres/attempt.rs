//! One attempt to open a session at one address: encryption, what is pinned from the start on, which servers will do.

use std::sync::atomic::Ordering;

use anyhow::Result;
use tokio_postgres::config::Config;

use crate::model::connection_url::{SslMode, Target};
use crate::postgres::connect::Server;
use crate::postgres::error::DatabaseError;
use crate::postgres::negotiation::{Encryption, Negotiation};
use crate::postgres::opening::{Open, Place, configuration, open};
use crate::postgres::pinned::{KNOWS_TRANSACTION, Startup, new_proof};
use crate::postgres::session::{Address, Session};
use crate::postgres::tls;

impl Server {
    /// Opens a session at one address and pins its settings; fails where the server is not of the kind that is looked for.
    pub(super) async fn connect_at(&self, address: &Address, place: &Place) -> Result<Session> {
        let (negotiation, is_verified) = self.negotiation(address, place)?;
        let is_verified = is_verified || place.is_local();
        let startup = match self.is_before_14.load(Ordering::Relaxed) {
            true => Startup::PinnedBefore14,
            false => Startup::Pinned,
        };
        let open = async |startup| {
            let opened = self.open_pinned(address, place, &negotiation, startup);
            let session = Session::new(opened.await?, address.clone(), is_verified);
            session.mode().pin(&session, &self.parameters).await?;
            Ok::<_, DatabaseError>(session)
        };
        let mut session = open(startup).await?;
        // What ends leases must not depend on how quick the server is.
        if !self.others().is_empty()
            && session.mode().has_startup_options()
            && limits_transactions(&session).await?
        {
            session = open(Startup::PinnedFrom17).await?;
        }
        let mode = session.mode();
        if mode.is_unfit_for(self.target(), &session).await? {
            return Err(DatabaseError::read_only().into());
        }
        mode.accept_any_bytes(&session).await?;
        Ok(session)
    }

    /// Opens a session with what has to be set from its start on, as far as the server takes that.
    async fn open_pinned(
        &self,
        address: &Address,
        place: &Place,
        negotiation: &Negotiation,
        mut startup: Startup,
    ) -> Result<Open, DatabaseError> {
        loop {
            let proof = new_proof();
            let config = self.config(address, startup, &proof);
            // Without options there is nothing to be proven.
            let proof = if startup == Startup::Bare { "" } else { &proof };
            let opened = self
                .open_as_prefer(&config, place, negotiation, proof)
                .await;
            let refusal = opened.as_ref().err().and_then(DatabaseError::code);
            let has_options = self.parameters.options.is_some();
            let next = refusal.and_then(|code| startup.after(code.code(), has_options));
            let Some(next) = next else {
                if opened.is_ok() {
                    let is_before_14 = startup == Startup::PinnedBefore14;
                    self.is_before_14.store(is_before_14, Ordering::Relaxed);
                }
                return opened;
            };
            startup = next;
        }
    }

    /// Opens a session; where encryption is optional, without it if that is what the server wants.
    async fn open_as_prefer(
        &self,
        config: &Config,
        place: &Place,
        negotiation: &Negotiation,
        proof: &str,
    ) -> Result<Open, DatabaseError> {
        let is_optional = negotiation.encryption == Encryption::IfOffered;
        let peer = self.parameters.require_peer.as_deref();
        let mut opened = open(config, place, negotiation.clone(), peer, proof).await;
        // As with libpq's prefer, a server that has TLS and lets this host in without it only.
        let is_refused =
            |error: &DatabaseError| error.code().is_some_and(|code| code.code() == "28000");
        if is_optional
            && let Err(error) = &opened
            && is_refused(error)
        {
            let plain = Negotiation {
                tls: None,
                encryption: Encryption::Never,
                ..negotiation.clone()
            };
            match open(config, place, plain, peer, proof).await {
                Err(second) if is_refused(&second) => {}
                other => opened = other,
            }
        }
        opened
    }

    /// How to begin a session, and whether the server proves in it who it is.
    fn negotiation(&self, address: &Address, place: &Place) -> Result<(Negotiation, bool)> {
        let parameters = &self.parameters;
        let mode = parameters.ssl_mode.unwrap_or(SslMode::Prefer);
        let mut negotiation = Negotiation {
            tls: None,
            encryption: Encryption::Never,
            required: parameters.require_auth.clone(),
            host: address.host.name.clone(),
        };
        // As in libpq, a Unix socket has no TLS and needs none.
        if matches!(place, Place::Socket(_)) || mode == SslMode::Disable {
            return Ok((negotiation, false));
        }
        let (connector, verifies) = tls::connector(mode, &parameters.tls)?;
        negotiation.tls = Some(connector);
        negotiation.encryption = match mode.needs_tls() {
            true if parameters.tls.is_direct => Encryption::Direct,
            true => Encryption::Always,
            // libpq's allow tries without TLS first; there is no reason to.
            false => Encryption::IfOffered,
        };
        let is_verified = (mode.needs_tls() && verifies) || parameters.tls.binds_channel();
        Ok((negotiation, is_verified))
    }

    /// Which servers will do. Among several hosts a standby will not, whatever the string says: pgcreds writes.
    fn target(&self) -> Target {
        match self.parameters.target {
            Some(Target::Primary) => Target::Primary,
            Some(Target::ReadWrite) => Target::ReadWrite,
            _ if self.parameters.hosts.len() > 1 => Target::ReadWrite,
            _ => Target::Any,
        }
    }

    fn config(&self, address: &Address, startup: Startup, proof: &str) -> Config {
        let mut config = configuration(&self.parameters, address, startup, proof);
        if let Some(password) = self.password_for(address) {
            config.password(password.expose());
        }
        config
    }
}

/// Whether the database limits the time of transactions, so far that the limit may strike before one can lift it.
async fn limits_transactions(session: &Session) -> Result<bool, DatabaseError> {
    if session.mode().version < KNOWS_TRANSACTION {
        return Ok(false);
    }
    match session.run("SHOW transaction_timeout").await {
        Ok(rows) => Ok(rows.first().and_then(|row| row.get(0)) != Some("0")),
        Err(error) if error.code().is_some_and(|code| code.code() == "25P04") => Ok(true),
        Err(error) => Err(error),
    }
}
