//! How much there is to release for logins, counted before anything is locked, and how much fits into one transaction.

use std::collections::{BTreeMap, BTreeSet};

use crate::postgres::answers::Answers;
use crate::postgres::dependencies::{Login, here};
use crate::postgres::error::DatabaseError;
use crate::postgres::session::{Session, begin};

/// What a release would have to do for one login in one database.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    /// Locks that giving away what it owns takes.
    pub(crate) locks: usize,
    /// Objects that it has privileges on.
    pub(crate) granted: usize,
}

/// What logins have in the session's database, and how many locks one transaction may take.
#[derive(Debug)]
pub(crate) struct Loads {
    pub(crate) budget: usize,
    pub(crate) by_login: BTreeMap<u32, Load>,
}

impl Loads {
    /// The logins that own more than fits into one transaction.
    pub(crate) fn large(&self) -> Vec<u32> {
        let loads = self.by_login.iter();
        let large = loads.filter(|(_, load)| load.locks > self.budget);
        large.map(|(oid, _)| *oid).collect()
    }

    /// The logins in parts that can be freed together, those that are large each alone; with the number of objects that fit
    /// into one transaction where they have privileges on more.
    pub(crate) fn parts(&self) -> Vec<(BTreeSet<u32>, Option<usize>)> {
        let mut parts = Vec::new();
        let (mut part, mut sum) = (BTreeSet::new(), Load::default());
        for (oid, load) in &self.by_login {
            if sum.locks + load.locks > self.budget && !part.is_empty() {
                parts.push((std::mem::take(&mut part), std::mem::take(&mut sum)));
            }
            part.insert(*oid);
            sum.locks += load.locks;
            sum.granted += load.granted;
        }
        parts.push((part, sum));
        let budget = |sum: Load| (sum.granted > self.budget).then_some(self.budget);
        let parts = parts.into_iter();
        parts.map(|(part, sum)| (part, budget(sum))).collect()
    }
}

/// Of the server's lock slots a transaction takes one in eight; the rest is for applications.
const SHARE: usize = 8;

/// The most and the least locks for a transaction, however many slots there are: a portion holds its locks for a fraction of a second.
const PORTION: (usize, usize) = (20, 1_500);

/// Counts what these logins have in the session's database.
pub(crate) async fn loads(session: &Session, logins: &[Login]) -> Result<Loads, DatabaseError> {
    let sql = include_str!("sql/loads.sql").replace("$HERE", &here(logins));
    let slots = "SELECT current_setting('max_locks_per_transaction')::int8 \
         * (current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8) AS slots";
    let rows = session
        .run(&format!("{} {slots}; {sql}; COMMIT", begin(session)))
        .await;
    if rows.is_err() {
        session.rollback().await;
    }
    let mut rows = rows?.into_iter();
    let slots: usize = Answers::new(rows.next().into_iter().collect()).parsed("slots")?;
    let mut by_login = BTreeMap::new();
    for row in rows {
        let answers = Answers::new(vec![row]);
        let load = Load {
            locks: answers.parsed("locks")?,
            granted: answers.parsed("granted")?,
        };
        by_login.insert(answers.parsed("refobjid")?, load);
    }
    let budget = (slots / SHARE).clamp(PORTION.0, PORTION.1);
    Ok(Loads { budget, by_login })
}
