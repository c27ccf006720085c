//! What a person types: one file is one command, one folder is one noun.

pub(crate) mod agent;
pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod connection;
pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod init;
pub(crate) mod issue;
pub(crate) mod lease;
mod report;
pub(crate) mod role;
pub(crate) mod sweep;
