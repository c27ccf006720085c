//! The harness is tested as well: a broken harness makes every other test worthless.

mod cleanup;
mod clusters;
mod proxies;
mod sandboxes;
