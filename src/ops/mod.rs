//! What pgcreds does: state file and server together. No flags, no printing.

pub(crate) mod access;
pub(crate) mod agent;
mod ask;
mod batch;
pub(crate) mod check;
pub(crate) mod connect;
mod disable;
pub(crate) mod doctor;
pub(crate) mod history;
pub(crate) mod hold;
pub(crate) mod issue;
pub(crate) mod leases;
pub(crate) mod password;
mod release;
pub(crate) mod renew;
pub(crate) mod report;
pub(crate) mod revoke;
pub(crate) mod revoke_by_id;
mod role_warnings;
mod rotatable;
pub(crate) mod rotate;
mod servers;
pub(crate) mod sweep;
pub(crate) mod trace;
pub(crate) mod verify;
