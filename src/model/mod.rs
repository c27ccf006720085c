//! Values and their rules: no files, no environment, no network, no clock.

pub(crate) mod audit_log;
pub(crate) mod connection;
pub(crate) mod connection_url;
pub(crate) mod count;
pub(crate) mod credential_format;
pub(crate) mod credentials;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod file_mode;
pub(crate) mod lease;
pub(crate) mod marker;
pub(crate) mod name;
pub(crate) mod password_policy;
mod placeholders;
pub(crate) mod redaction;
pub(crate) mod role;
mod role_logins;
pub(crate) mod rotation;
pub(crate) mod secret;
pub(crate) mod since;
mod sql_statements;
mod sql_text;
pub(crate) mod statements;
mod template_functions;
pub(crate) mod timestamp;
pub(crate) mod ttl;
pub(crate) mod username_template;
