//! `pgcreds issue`: what it prints, what it makes on the server, and what it leaves when something goes wrong.

mod cuts;
mod delivery;
mod hostile;
mod lifetime;
mod login;
mod out;
mod output;
mod statements;
mod warnings;
