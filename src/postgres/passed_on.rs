//! What logins have granted on to others, and what would vanish with them: PostgreSQL takes it away with the grant option
//! that it came from. It is granted again in the same transaction, in the state that it was found in, or named. A lease gets
//! nothing again: what it may do is its role's business.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryRow;

use crate::postgres::acl::items;
use crate::postgres::answers::Answers;
use crate::postgres::comments::is_marked;
use crate::postgres::error::DatabaseError;
use crate::postgres::literal;
use crate::postgres::powerless::LEFT_PREFIX;
use crate::postgres::session::Session;

/// What a grantee has: the object or group, and the grantee, each ready for SQL, and what belongs to it.
#[derive(Clone, Debug)]
struct Held {
    /// `SELECT (a) ON TABLE s.t`, or a group.
    what: String,
    grantee: String,
    /// Whether it may be granted on, or the options of a membership: more is more.
    options: Vec<bool>,
    /// Whom to grant it as, the best first; `None` is the admin itself.
    actors: Vec<Option<String>>,
    /// How the `GRANT` ends.
    suffix: &'static str,
    /// Who can grant it, in any case.
    owner: Option<String>,
    is_lease: bool,
    is_live: bool,
}

/// By object or group, and grantee.
type Holdings = BTreeMap<(String, String), Held>;

/// What is there before logins lose their privileges.
pub(super) struct PassedOn {
    oids: String,
    privileges: Holdings,
    memberships: Holdings,
    /// Where the privileges' objects are.
    objects: String,
    has_parameters: bool,
    has_options: bool,
    is_superuser: bool,
}

impl PassedOn {
    /// Notes what depends on grants of these logins on `objects` (a query), and on memberships that they granted, in the
    /// session's transaction.
    pub(super) async fn find(
        session: &Session,
        oids: &[u32],
        objects: &str,
    ) -> Result<Self, DatabaseError> {
        let answers = Answers::new(
            session
                .run(
                    "SELECT current_setting('server_version_num') AS version, rolsuper FROM pg_roles \
                     WHERE rolname = current_user",
                )
                .await?,
        );
        let version: u32 = answers.parsed("version")?;
        let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
        let mut found = Self {
            oids: format!("'{{{}}}'::oid[]", oids.join(",")),
            privileges: Holdings::new(),
            memberships: Holdings::new(),
            objects: objects.to_owned(),
            has_parameters: version >= 150_000,
            has_options: version >= 160_000,
            is_superuser: answers.is_true("rolsuper")?,
        };
        let rows = session.run(&found.privileges_query(true)).await?;
        found.objects = touched(&rows)?;
        found.privileges = privileges(&rows)?;
        found.memberships = found.memberships_now(session).await?;
        Ok(found)
    }

    /// Grants again what was lost since, and returns what could not be, in words.
    pub(super) async fn restore(self, session: &Session) -> Result<Vec<String>, DatabaseError> {
        let mut warnings = Vec::new();
        if !self.privileges.is_empty() {
            let now = async || privileges(&session.run(&self.privileges_query(false)).await?);
            let lost = restore(session, &self.privileges, now).await?;
            let place = format!(" in database \"{}\"", session.address().dbname);
            warnings.extend(lost.iter().filter_map(|held| warning(held, &place)));
        }
        if !self.memberships.is_empty() {
            let now = async || self.memberships_now(session).await;
            let lost = restore(session, &self.memberships, now).await?;
            warnings.extend(lost.iter().filter_map(|held| warning(held, "")));
        }
        Ok(warnings)
    }

    /// `is_first`: only objects that a login granted something on; else all, as the login's grants are gone.
    fn privileges_query(&self, is_first: bool) -> String {
        let sql = match is_first {
            true => include_str!("sql/passed_on.sql").to_owned(),
            false => include_str!("sql/passed_on.sql")
                .replace("WHERE grantor = ANY($OIDS) AND grantor <> owner", ""),
        };
        fill(&sql, &self.oids)
            .replace("$OBJECTS", &self.objects)
            .replace("$ITEMS", &items(self.has_parameters))
    }

    async fn memberships_now(&self, session: &Session) -> Result<Holdings, DatabaseError> {
        if !self.has_options {
            return Ok(Holdings::new());
        }
        let mut sql = include_str!("sql/memberships_passed_on.sql").to_owned();
        if !self.memberships.is_empty() {
            let groups: Vec<&str> = self
                .memberships
                .keys()
                .map(|(group, _)| group.as_str())
                .collect();
            sql = sql.replace(
                "SELECT roleid FROM pg_auth_members WHERE grantor = ANY($OIDS)",
                &groups.join(", "),
            );
        }
        let rows = session.run(&fill(&sql, &self.oids)).await?;
        memberships(&rows, self.is_superuser)
    }
}

fn fill(sql: &str, oids: &str) -> String {
    sql.replace("$OIDS", oids)
        .replace("$MARKED", &is_marked())
        .replace("$PREFIX", &literal(LEFT_PREFIX))
}

/// The objects of these rows, as a query.
fn touched(rows: &[SimpleQueryRow]) -> Result<String, DatabaseError> {
    let mut objects = Vec::new();
    for row in rows {
        let value = |name| row.try_get(name).map(Option::unwrap_or_default);
        objects.push(format!(
            "({}::oid, {}::oid)",
            value("classid")?,
            value("objid")?
        ));
    }
    objects.sort_unstable();
    objects.dedup();
    if objects.is_empty() {
        return Ok("SELECT 0::oid AS classid, 0::oid AS objid".to_owned());
    }
    Ok(format!(
        "SELECT * FROM (VALUES {}) AS listed (classid, objid)",
        objects.join(", ")
    ))
}

fn privileges(rows: &[SimpleQueryRow]) -> Result<Holdings, DatabaseError> {
    let mut holdings = Holdings::new();
    for row in rows {
        let text = |name| row.try_get(name).map(Option::unwrap_or_default);
        let role = |name| Ok::<_, DatabaseError>(row.try_get(name)?.map(str::to_owned));
        if text("is_revoked")? == "t" {
            continue;
        }
        let part = match row.try_get("part")? {
            Some(part) => format!(" ({part})"),
            None => String::new(),
        };
        let what = format!(
            "{}{part} ON {} {}",
            text("privilege")?,
            text("kind")?,
            text("object")?
        );
        let roles = [
            role("grantor_role")?,
            role("owner_role")?,
            role("giver_role")?,
        ];
        let mut actors: Vec<Option<String>> = roles.into_iter().flatten().map(Some).collect();
        actors.push(None);
        let is_grantable = text("is_grantable")? == "t";
        let key = (what.clone(), text("grantee")?.to_owned());
        let held = holdings.entry(key).or_insert(Held {
            what,
            grantee: text("grantee_name")?.to_owned(),
            options: vec![is_grantable],
            actors,
            suffix: "",
            owner: Some(text("owner_name")?.to_owned()),
            is_lease: text("is_lease")? == "t",
            is_live: text("is_live")? == "t",
        });
        held.options[0] |= is_grantable;
    }
    Ok(holdings)
}

fn memberships(rows: &[SimpleQueryRow], is_superuser: bool) -> Result<Holdings, DatabaseError> {
    let mut holdings = Holdings::new();
    for row in rows {
        let text = |name| row.try_get(name).map(Option::unwrap_or_default);
        let is = |name| Ok::<_, DatabaseError>(text(name)? == "t");
        // Without it the server could choose the login as the grantor, which the admin is a member of.
        let by = if is_superuser {
            ""
        } else {
            " GRANTED BY CURRENT_USER"
        };
        let held = Held {
            what: text("role")?.to_owned(),
            grantee: text("member_name")?.to_owned(),
            options: vec![is("admin")?, is("inherit")?, is("set")?],
            actors: vec![None],
            suffix: by,
            owner: None,
            is_lease: is("is_lease")?,
            is_live: is("is_live")?,
        };
        let key = (text("roleid")?.to_owned(), text("member")?.to_owned());
        holdings.insert(key, held);
    }
    Ok(holdings)
}

/// What `before` has and `now` has not, or with fewer options.
fn lost(before: &Holdings, now: &Holdings) -> Vec<Held> {
    let has_less = |key, held: &Held| match now.get(key) {
        Some(now) => held
            .options
            .iter()
            .zip(&now.options)
            .any(|(was, is)| *was && !is),
        None => true,
    };
    let lost = before.iter().filter(|(key, held)| has_less(*key, held));
    lost.map(|(_, held)| held.clone()).collect()
}

/// Grants again what is lost, as one role after the other, and returns what still is lost.
async fn restore(
    session: &Session,
    before: &Holdings,
    now: impl AsyncFn() -> Result<Holdings, DatabaseError>,
) -> Result<Vec<Held>, DatabaseError> {
    let mut missing = lost(before, &now().await?);
    for number in 0..4 {
        // Twice: what a grantee granted on can be granted as that grantee once it has it back.
        for _ in 0..2 {
            let grants: Vec<String> = missing
                .iter()
                .filter(|held| !held.is_lease)
                .filter_map(|held| {
                    held.actors
                        .get(number)
                        .map(|actor| grant_as(session, held, actor))
                })
                .collect();
            if grants.is_empty() {
                break;
            }
            for grant in grants {
                let sql = format!("SAVEPOINT granted; {grant} RELEASE SAVEPOINT granted");
                match session.run(&sql).await {
                    Err(error)
                        if error.is_lost() || error.is_lock_timeout() || error.is_conflict() =>
                    {
                        return Err(error);
                    }
                    Err(_) => {
                        session.run("ROLLBACK TO SAVEPOINT granted").await?;
                    }
                    Ok(_) => {}
                }
            }
            missing = lost(before, &now().await?);
        }
    }
    Ok(missing)
}

fn grant_as(session: &Session, held: &Held, actor: &Option<String>) -> String {
    let own_role = session.mode().own_role();
    let grant = grant(held);
    match actor {
        Some(role) => format!("SET LOCAL ROLE {role}; {grant}; {own_role};"),
        None => format!("{grant};"),
    }
}

/// The `GRANT` that makes it as it was.
fn grant(held: &Held) -> String {
    let options = match (held.owner.is_some(), held.options.as_slice()) {
        (true, [true, ..]) => " WITH GRANT OPTION".to_owned(),
        (false, [admin, inherit, set]) => {
            format!(
                " WITH ADMIN {admin}, INHERIT {inherit}, SET {set}{}",
                held.suffix
            )
        }
        _ => String::new(),
    };
    format!("GRANT {} TO {}{options}", held.what, held.grantee)
}

/// What somebody should know of what is lost; nothing of a lease that is at its end as well.
fn warning(held: &Held, place: &str) -> Option<String> {
    if held.is_lease {
        let lost = format!(
            "lease {} no longer has {}{place}: a lease that was revoked had granted it",
            held.grantee, held.what
        );
        return held.is_live.then_some(lost);
    }
    let (by, name) = match &held.owner {
        Some(owner) => (format!("as {owner}, run{place}"), "privilege"),
        None => (
            format!("as a role with ADMIN OPTION on {}, run", held.what),
            "membership",
        ),
    };
    let grant = grant(held).replace(" GRANTED BY CURRENT_USER", "");
    Some(format!(
        "{} lost the {name} {}{place}, which came from a lease that was revoked, and the admin cannot grant it again; \
         {by}: {grant};",
        held.grantee, held.what
    ))
}
