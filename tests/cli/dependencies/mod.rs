//! Whatever depends on a lease, it goes, and nothing of value goes with it. Each row of the tables makes one kind of dependency.

mod code;
mod databases;
mod grants;
mod late_code;
mod many;
mod memberships;
mod owned;
mod passed_on;
mod powerless;
mod prepared;
mod reassigned;
mod references;
mod successor;
mod table;
mod traps;
