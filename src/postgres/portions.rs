//! Leases that own more than fits into one transaction: what they own is given away in committed portions, so that the
//! server's lock table has room for applications and no table is locked for long. What has no statement of its own, or
//! could not be given away by it, is left to `REASSIGN OWNED`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::postgres::answers::Answers;
use crate::postgres::code::owners_of_code;
use crate::postgres::dependencies::{Login, NewOwner, Released};
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::powerless::{Powerless, begun, new_name};
use crate::postgres::reassignment::{lock_tables, new_owner, owned, owned_objects, successor};
use crate::postgres::session::{LOCK_STEP, Session, begin, begin_waiting};

/// Objects that are read, and searched for code, at a time.
const CHUNK: usize = 4_000;

/// Refusals of single objects after which a portion that is refused is no longer split.
const REFUSALS: usize = 20;

/// An object that can be given away by a statement of its own.
struct Object {
    class: u32,
    oid: u32,
    /// What follows `ALTER`.
    sql: String,
    locks: usize,
}

/// Who gets what a login owns: decided before the first portion, for all of them.
struct ChosenOwner {
    role: String,
    successor: String,
    /// Whether it is a role without rights.
    is_powerless: bool,
}

/// Gives most of what a login owns in the session's database away, in portions that take at most `budget` locks. A lock is
/// waited for as often as it takes, for up to `patience` in all. Interrupted, the next call goes on. The new owners of the
/// portions that are committed go into `released`.
pub(crate) async fn move_in_portions(
    session: &Session,
    login: &Login,
    budget: usize,
    patience: Duration,
    released: &RefCell<Released>,
) -> Result<(), DatabaseError> {
    let mut mover = Mover {
        session,
        login,
        released,
        powerless: in_transaction(session, Powerless::look(session)).await?,
        new_owner: None,
    };
    mover.decide().await?;
    let mut last = (0, 0);
    loop {
        let objects = mover.objects(last).await?;
        let Some(object) = objects.last() else { break };
        last = (object.class, object.oid);
        let portions = into_portions(objects, budget);
        mover.portions(portions, patience).await?;
    }
    Ok(())
}

/// Splits objects into parts that take at most `budget` locks each, or one object each.
fn into_portions(objects: Vec<Object>, budget: usize) -> VecDeque<Vec<Object>> {
    let mut portions = VecDeque::new();
    let (mut portion, mut locks) = (Vec::new(), 0);
    for object in objects {
        if object.sql.is_empty() {
            continue;
        }
        if locks + object.locks > budget && !portion.is_empty() {
            portions.push_back(std::mem::take(&mut portion));
            locks = 0;
        }
        locks += object.locks;
        portion.push(object);
    }
    if !portion.is_empty() {
        portions.push_back(portion);
    }
    portions
}

/// Runs queries in a transaction of their own.
async fn in_transaction<T>(
    session: &Session,
    queries: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    session.run(&begin(session)).await?;
    let result = queries.await;
    session.rollback().await;
    result
}

struct Mover<'a> {
    session: &'a Session,
    login: &'a Login,
    released: &'a RefCell<Released>,
    powerless: Powerless,
    new_owner: Option<ChosenOwner>,
}

impl Mover<'_> {
    fn logins(&self) -> &[Login] {
        std::slice::from_ref(self.login)
    }

    /// Decides who is the new owner, and makes a role without rights if that is what it takes.
    async fn decide(&mut self) -> Result<(), DatabaseError> {
        let (session, logins) = (self.session, self.logins());
        let (successor, begun, has_code) = in_transaction(session, async {
            let successor = successor(session, self.login).await?;
            let begun = begun(session, &[self.login.oid]).await?;
            let code = owners_of_code(session, logins, &owned_objects(logins), &successor).await?;
            Ok((successor, begun, !code.is_empty()))
        })
        .await?;
        let begun = begun.into_values().next();
        self.new_owner = Some(ChosenOwner {
            is_powerless: begun.is_some(),
            role: begun.unwrap_or_else(|| successor.clone()),
            successor,
        });
        if has_code {
            self.set_apart().await?;
        }
        Ok(())
    }

    /// Makes a role without rights the new owner from now on.
    async fn set_apart(&mut self) -> Result<(), DatabaseError> {
        let Some(new_owner) = self.new_owner.as_mut().filter(|owner| !owner.is_powerless) else {
            return Ok(());
        };
        let role = new_name();
        let creation = self.powerless.creation(&role, &self.login.name);
        commit(self.session, &creation, LOCK_STEP).await?;
        new_owner.role = role;
        new_owner.is_powerless = true;
        Ok(())
    }

    /// The next objects, from the one after `last` on.
    async fn objects(&self, last: (u32, u32)) -> Result<Vec<Object>, DatabaseError> {
        let owned = format!(
            "{} AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
            owned(self.logins())
        );
        let sql = include_str!("sql/owned_objects.sql")
            .replace("$OWNED", &owned)
            .replace("$AFTER", &format!("{}::oid, {}::oid", last.0, last.1))
            .replace("$LIMIT", &CHUNK.to_string());
        let rows = in_transaction(self.session, self.session.run(&sql)).await?;
        let mut objects = Vec::new();
        for row in rows {
            let answers = Answers::new(vec![row]);
            objects.push(Object {
                class: answers.parsed("classid")?,
                oid: answers.parsed("objid")?,
                sql: answers.find("object").unwrap_or_default().to_owned(),
                locks: answers.parsed("locks")?,
            });
        }
        Ok(objects)
    }

    /// Gives portions away. One that has to wait for a lock comes again after the others, in halves, so that only what is
    /// locked waits; fails when `patience` is at an end and all that is left is locked.
    async fn portions(
        &mut self,
        mut portions: VecDeque<Vec<Object>>,
        patience: Duration,
    ) -> Result<(), DatabaseError> {
        let (mut waited, mut in_a_row, mut refused) = (Duration::ZERO, 0, 0);
        while let Some(mut portion) = portions.pop_front() {
            let start = Instant::now();
            let Err(error) = self.portion(&portion).await else {
                in_a_row = 0;
                continue;
            };
            let is_locked = error.is_lock_timeout() || error.is_conflict();
            if error.is_lost() {
                return Err(error);
            } else if is_locked {
                sleep(LOCK_STEP / 4).await;
                waited += start.elapsed();
                in_a_row += 1;
                if waited > patience && in_a_row > portions.len() {
                    return Err(error);
                }
            } else if portion.len() == 1 || refused >= REFUSALS {
                // REASSIGN OWNED asks for less than ALTER does, and says it better.
                refused += 1;
                continue;
            }
            if portion.len() > 1 && !(is_locked && waited > patience) {
                portions.push_back(portion.split_off(portion.len() / 2));
            }
            portions.push_back(portion);
        }
        Ok(())
    }

    /// Gives one portion away and commits. Code may have been added since the first look: it is looked for again once the
    /// tables are locked, and a role without rights gets all from then on.
    async fn portion(&mut self, portion: &[Object]) -> Result<(), DatabaseError> {
        let result = self.try_portion(portion).await;
        if !matches!(result, Ok(true)) {
            self.session.rollback().await;
        }
        if result? {
            return Ok(());
        }
        self.set_apart().await?;
        let result = self.try_portion(portion).await;
        if result.is_err() {
            self.session.rollback().await;
        }
        result.map(|_| ())
    }

    /// The same without an end for a transaction that fails; `false` when there is code, and nothing is committed.
    async fn try_portion(&self, portion: &[Object]) -> Result<bool, DatabaseError> {
        let Some(new_owner) = &self.new_owner else {
            return Ok(true);
        };
        let session = self.session;
        session.run(&begin_waiting(session, LOCK_STEP)).await?;
        if !new_owner.is_powerless {
            let objects = self.noted(portion);
            let successor = &new_owner.successor;
            if lock_tables(session, &objects).await?
                && !owners_of_code(session, self.logins(), &objects, successor)
                    .await?
                    .is_empty()
            {
                return Ok(false);
            }
        }
        let role = identifier(&new_owner.role);
        let alter = |object: &Object| format!("ALTER {} OWNER TO {role}", object.sql);
        let statements: Vec<String> = portion.iter().map(alter).collect();
        let mut sql = statements.join("; ");
        if new_owner.is_powerless {
            sql = self.powerless.give(&new_owner.role, &self.login.name, &sql);
        }
        session.run(&format!("{sql}; COMMIT")).await?;
        let owner = NewOwner {
            withheld_from: new_owner.is_powerless.then(|| new_owner.successor.clone()),
            ..self::new_owner(session, self.login, &new_owner.role)
        };
        let reassigned = &mut self.released.borrow_mut().reassigned;
        if !reassigned.contains(&owner) {
            reassigned.push(owner);
        }
        Ok(true)
    }

    /// A query for these objects, with the columns that [`owners_of_code`] reads.
    fn noted(&self, objects: &[Object]) -> String {
        let login = self.login.oid;
        let rows: Vec<String> = objects
            .iter()
            .map(|object| format!("({login}::oid, {}::oid, {}::oid)", object.class, object.oid))
            .collect();
        format!("VALUES {}", rows.join(", "))
    }
}

/// Runs SQL in a transaction of its own, waiting for each lock for as long as `patience`.
async fn commit(session: &Session, sql: &str, patience: Duration) -> Result<(), DatabaseError> {
    let result = session
        .run(&format!(
            "{} {sql}; COMMIT",
            begin_waiting(session, patience)
        ))
        .await;
    if result.is_err() {
        session.rollback().await;
    }
    result.map(|_| ())
}
