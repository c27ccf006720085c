//! `Row`: one kind of dependency; and what runs a table of rows and asks the server about each.

use std::collections::BTreeMap;

use crate::harness::{Admin, Cluster};
use crate::stage::{LATER, Stage, identifier};

/// One kind of dependency on a lease.
///
/// Steps are SQL by the superuser in `mydb`, each in a transaction of its own; by the admin, the lease or role stranger where
/// they start with `admin:`, `lease:` or `stranger:`. `{lease}`, and names of one's own `{a}`, `{b}`, `{c}`, `{oid}`, are filled in.
pub(super) struct Row {
    name: &'static str,
    steps: &'static [&'static str],
    since: u32,
    is_plain: bool,
    forbidden: Option<Forbidden>,
}

/// What PostgreSQL does not let an admin without superuser do away with.
struct Forbidden {
    /// Part of the error, with names filled in.
    says: &'static str,
    /// What a superuser runs so that the next sweep succeeds.
    mend: &'static str,
    /// Only from the minor releases of November 2026 on.
    is_late: bool,
}

impl Row {
    /// A dependency that every admin can do away with.
    pub(super) const fn new(name: &'static str, steps: &'static [&'static str]) -> Row {
        Row {
            name,
            steps,
            since: 0,
            is_plain: false,
            forbidden: None,
        }
    }

    /// Only from this version of PostgreSQL on.
    pub(super) const fn since(self, since: u32) -> Row {
        Row { since, ..self }
    }

    /// For a lease without quotes, `$`, `\\` and `--` in its name.
    pub(super) const fn named_plainly(self) -> Row {
        let is_plain = true;
        Row { is_plain, ..self }
    }

    /// An admin without superuser quarantines the lease and says so, until a superuser mends it.
    pub(super) const fn forbidden(self, says: &'static str, mend: &'static str) -> Row {
        let forbidden = Some(Forbidden {
            says,
            mend,
            is_late: false,
        });
        Row { forbidden, ..self }
    }

    /// The same from the minor releases of November 2026 on.
    pub(super) const fn forbidden_lately(self, says: &'static str, mend: &'static str) -> Row {
        let forbidden = Some(Forbidden {
            says,
            mend,
            is_late: true,
        });
        Row { forbidden, ..self }
    }
}

/// Runs all rows with an admin of that power, one lease after the other, and panics with a list of what went wrong.
#[track_caller]
pub(super) fn run(rows: &[Row], admin: Admin) {
    let owner = match admin {
        Admin::Superuser => "dbowner",
        Admin::CreateRole => "vaultadmin",
    };
    run_for(rows, admin, Some(owner));
}

/// The same where what the leases own has code in it.
#[track_caller]
pub(super) fn run_code(rows: &[Row], admin: Admin) {
    run_for(rows, admin, None);
}

#[track_caller]
fn run_for(rows: &[Row], admin: Admin, owner: Option<&'static str>) {
    let bench = Bench::new(admin, owner);
    let mut problems = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        if bench.stage.cluster.version() >= row.since
            && let Err(problem) = bench.run(row, number)
        {
            problems.push(format!("{}: {problem}", row.name));
        }
    }
    assert!(problems.is_empty(), "{admin:?}\n{}", problems.join("\n"));
}

/// The cluster that a table's rows use in turn.
struct Bench {
    stage: Stage,
    admin: Admin,
    /// Who is to get what leases own, if it is not a role without rights.
    owner: Option<&'static str>,
}

impl Bench {
    fn new(admin: Admin, owner: Option<&'static str>) -> Bench {
        let cluster = Cluster::start_with(&[("allow_in_place_tablespaces", "on")]);
        let stage = Stage::on(cluster, admin);
        stage
            .cluster
            .execute("CREATE ROLE stranger; CREATE ROLE \"Some \"\"One; é\"");
        stage.cluster.execute_in(
            "mydb",
            "GRANT CREATE ON DATABASE mydb TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC",
        );
        Bench {
            stage,
            admin,
            owner,
        }
    }

    /// Makes the dependency, revokes the lease, looks.
    fn run(&self, row: &Row, number: usize) -> Result<(), String> {
        let cluster = &self.stage.cluster;
        let names = Names::new(number, row.is_plain);
        self.stage.make([names.lease.as_str()], LATER);
        let oid = self.stage.oid(&names.lease);
        for step in row.steps {
            cluster.execute_in("mydb", &names.fill(step));
        }
        if self.stage.is_gone(&oid) || !has_dependency(cluster, &oid) {
            return Err("the row makes no dependency".to_owned());
        }
        let before = worth(cluster);
        let owned = owned(cluster, &oid);
        let run = self.stage.revoke(&names.lease);
        match &row.forbidden {
            Some(forbidden)
                if self.admin == Admin::CreateRole
                    && (!forbidden.is_late || cluster.is_of_november_2026()) =>
            {
                self.expect_quarantine(&run.to_string(), run.code, &oid)?;
                if !run.stderr.contains(&names.fill(forbidden.says)) {
                    return Err(format!("the error does not name the cause:\n{run}"));
                }
                cluster.execute_in("mydb", &names.fill(forbidden.mend));
                let sweep = self.stage.sweep([] as [&str; 0]);
                if sweep.code != 0 {
                    return Err(format!("the cause is mended, and still:\n{sweep}"));
                }
            }
            _ if run.code != 0 => return Err(run.to_string()),
            _ if run.stderr.contains("has code") != self.owner.is_none() => {
                return Err(format!("not the warning that belongs there:\n{run}"));
            }
            _ => {}
        }
        let owner = match self.owner {
            Some(owner) => owner.to_owned(),
            None => self.stage.left_by(&names.lease).concat(),
        };
        self.expect_gone(&oid, &before, &owned, &owner)
    }

    fn expect_quarantine(&self, run: &str, code: i32, oid: &str) -> Result<(), String> {
        if code == 4 && self.stage.is_quarantined(oid) {
            return Ok(());
        }
        Err(format!("it should be quarantined:\n{run}"))
    }

    /// The lease is gone, everything else is there, and what it owned has its new owner.
    fn expect_gone(
        &self,
        oid: &str,
        before: &BTreeMap<String, String>,
        owned: &[Vec<String>],
        owner: &str,
    ) -> Result<(), String> {
        let cluster = &self.stage.cluster;
        if !self.stage.is_gone(oid) {
            return Err("something of the lease is left".to_owned());
        }
        for (what, count) in &worth(cluster) {
            if before.get(what).is_some_and(|before| before != count) {
                let before = &before[what];
                return Err(format!("there were {before} of {what}, now {count}"));
            }
        }
        for object in owned {
            let found = cluster.rows(&format!(
                "SELECT refobjid::regrole FROM pg_shdepend WHERE deptype = 'o' \
                 AND (dbid, classid, objid, objsubid) = ({})",
                object.join(", ")
            ));
            if found.concat() != [owner] {
                return Err(format!("{object:?} belongs to {found:?}, not to {owner}"));
            }
        }
        Ok(())
    }
}

/// The names that a row's SQL uses: each as bad as PostgreSQL lets it be.
struct Names {
    lease: String,
    filled: [(&'static str, String); 5],
}

impl Names {
    fn new(number: usize, is_plain: bool) -> Names {
        let lease = if is_plain {
            format!("pgc {number}; Ünïcode %s")
        } else {
            format!("pgc {number} \"; DROP ROLE x; --' Ünïcode \\ $$ %s")
        };
        // 63 bytes, the longest name that there is.
        let long = format!("{number:03}{}", "Ü".repeat(30));
        let filled = [
            ("{lease}", identifier(&lease)),
            (
                "{a}",
                identifier(&format!("A \"{number}\" '; DROP TABLE x; --é")),
            ),
            ("{b}", identifier(&long)),
            ("{c}", identifier(&format!("{number} $$ \\ %I.%s (,) 日本"))),
            ("{oid}", (900_000 + number).to_string()),
        ];
        Names { lease, filled }
    }

    /// The step's SQL, by whom it says.
    fn fill(&self, step: &str) -> String {
        let (by, sql) = match step.split_once(':') {
            Some(("admin", sql)) => ("SET SESSION AUTHORIZATION vaultadmin; ", sql),
            Some(("lease", sql)) => ("SET SESSION AUTHORIZATION {lease}; ", sql),
            Some(("stranger", sql)) => ("SET SESSION AUTHORIZATION stranger; ", sql),
            _ => ("", step),
        };
        let text = format!("{by}{sql}");
        self.filled
            .iter()
            .fold(text, |text, (place, name)| text.replace(place, name))
    }
}

fn has_dependency(cluster: &Cluster, oid: &str) -> bool {
    cluster.value(&format!(
        "SELECT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = {oid}) \
         OR EXISTS (SELECT FROM pg_auth_members WHERE {oid} IN (roleid, grantor) AND member <> 'vaultadmin'::regrole OR member = {oid})"
    )) == "t"
}

/// The things of worth that the lease owns, as they are named in `pg_shdepend`.
fn owned(cluster: &Cluster, oid: &str) -> Vec<Vec<String>> {
    cluster.rows(&format!(
        "SELECT dbid, classid, objid, objsubid FROM pg_shdepend WHERE deptype = 'o' AND refobjid = {oid} \
         AND refclassid = 'pg_authid'::regclass AND classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)"
    ))
}

/// How many objects and rows there are, by database and kind. What lives for a login only is not counted: its default
/// privileges, its user mapping, policies for it alone.
pub(super) fn worth(cluster: &Cluster) -> BTreeMap<String, String> {
    const CATALOGS: &str = "class proc type namespace operator opclass opfamily amop ts_config ts_dict ts_parser ts_template \
        collation conversion statistic_ext largeobject_metadata largeobject publication publication_rel subscription database extension \
        event_trigger foreign_server foreign_data_wrapper foreign_table language trigger cast rewrite constraint attribute \
        tablespace transform inherits index enum range";
    let catalogs = CATALOGS
        .split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| format!("SELECT '{name}', count(*) FROM pg_{name}"));
    let objects = catalogs.collect::<Vec<_>>().join(" UNION ALL ");
    // A query in a query: the only way to count the rows of tables whose names are not known.
    let rows = "SELECT 'rows of ' || c.oid, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]::text::bigint \
        FROM pg_class c WHERE c.relkind IN ('r', 'm', 'S') AND c.oid >= 16384 AND c.relpersistence <> 't' AND (c.relkind <> 'm' OR c.relispopulated)";
    let mut found = BTreeMap::new();
    let databases = cluster
        .rows("SELECT datname FROM pg_database WHERE datallowconn")
        .concat();
    for database in databases {
        for row in cluster.rows_in(&database, &format!("{objects} UNION ALL {rows}")) {
            found.insert(format!("{} in {database}", row[0]), row[1].clone());
        }
    }
    found
}
