//! TLS against real servers, with certificates made here, and beside the verdict of psql.

mod authentication;
mod certificates;
mod clients;
mod impostor;
mod matrix;
mod refusals;
mod stage;
mod variables;
mod warnings;
