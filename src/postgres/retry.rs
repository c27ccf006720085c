//! Running a transaction again when another one got into its way.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::sleep;

/// Tries in all. With the lock that is taken from the second one on, each round lets at least one through.
const TRIES: u32 = 10;

/// Runs `attempt` until it succeeds, fails for another reason than a conflict, or was tried often enough.
///
/// `attempt` is told how often it was tried before, and must have given up its transaction when it fails.
pub(crate) async fn on_conflict<T, E>(
    is_conflict: impl Fn(&E) -> bool,
    mut attempt: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Result<T, E> {
    let mut tried = 0;
    loop {
        match attempt(tried).await {
            Err(error) if is_conflict(&error) && tried + 1 < TRIES => {
                tried += 1;
                let longest = 20 << tried.min(4);
                let pause = rand::rng().random_range(5..longest);
                sleep(Duration::from_millis(pause)).await;
            }
            result => return result,
        }
    }
}
