//! `pgcreds issue`: what it prints, what it makes on the server, and what it leaves when something goes wrong.

mod cuts;
mod hostile;
