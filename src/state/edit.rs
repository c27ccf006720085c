//! Changes to the state file's text that keep what a person wrote: comments, order and spelling.

use anyhow::{Context as _, Result};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::failure::Failure;

/// The state file's text while it is changed.
pub(crate) struct Edit {
    document: DocumentMut,
}

/// The tables that have named entries.
#[derive(Clone, Copy)]
pub(crate) enum Section {
    Connections,
    Roles,
}

impl Section {
    fn key(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Roles => "roles",
        }
    }
}

impl Edit {
    pub(super) fn new(text: &str) -> Result<Self> {
        let document = text
            .parse()
            .map_err(|_| Failure::request("could not edit the state file"))?;
        Ok(Self { document })
    }

    pub(super) fn into_text(self) -> String {
        self.document.to_string()
    }

    /// Adds an entry at the end of a section.
    pub(crate) fn add(
        &mut self,
        section: Section,
        name: &str,
        keys: Vec<(&str, Value)>,
    ) -> Result<()> {
        let mut entry = Table::new();
        for (key, value) in keys {
            entry.insert(key, Item::Value(value));
        }
        entry.decor_mut().set_prefix("\n");
        let section = self.section(section)?;
        section.insert(name, Item::Table(entry));
        Ok(())
    }

    /// Replaces the value of a key that an entry has; the comment beside it stays.
    pub(crate) fn replace(
        &mut self,
        section: Section,
        name: &str,
        key: &str,
        mut value: Value,
    ) -> Result<()> {
        let old = self
            .section(section)?
            .get_mut(name)
            .and_then(Item::as_table_like_mut)
            .and_then(|entry| entry.get_mut(key))
            .and_then(Item::as_value_mut)
            .context("could not edit the state file")?;
        value.decor_mut().clone_from(old.decor());
        *old = value;
        Ok(())
    }

    /// Removes an entry, with the comment above it.
    pub(crate) fn remove(&mut self, section: Section, name: &str) -> Result<()> {
        self.section(section)?.remove(name);
        Ok(())
    }

    /// The section's table; made when it is not there, without a header of its own.
    fn section(&mut self, section: Section) -> Result<&mut dyn TableLike> {
        let implicit = || {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        };
        self.document
            .entry(section.key())
            .or_insert_with(implicit)
            .as_table_like_mut()
            .context("could not edit the state file")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine\nversion = 1 # one\n\n# the main one\n[connections.a]\nurl = 'x' # here\n\n[roles.r] # r\nconnection = 'a'\nmember_of = ['g']\n";

    #[test]
    fn comments_order_and_spelling_stay() {
        let mut edit = Edit::new(TEXT).unwrap();
        edit.add(Section::Connections, "b.c", vec![("url", "y".into())])
            .unwrap();
        assert_eq!(
            edit.into_text(),
            TEXT.replace(
                "\n[roles.r]",
                "\n[connections.\"b.c\"]\nurl = \"y\"\n\n[roles.r]"
            )
        );
    }

    #[test]
    fn a_value_is_replaced_in_its_place() {
        for (text, expected) in [
            (
                "[connections.a]\nurl = 'x'\npassword = 'old' # mine\n",
                "[connections.a]\nurl = 'x'\npassword = \"new\" # mine\n",
            ),
            (
                "connections.a = { password = 'old', url = 'x' }\n",
                "connections.a = { password = \"new\", url = 'x' }\n",
            ),
        ] {
            let mut edit = Edit::new(text).unwrap();
            edit.replace(Section::Connections, "a", "password", "new".into())
                .unwrap();
            assert_eq!(edit.into_text(), expected);
        }
    }

    #[test]
    fn nothing_changed_is_the_same_text() {
        assert_eq!(Edit::new(TEXT).unwrap().into_text(), TEXT);
    }

    #[test]
    fn an_empty_file_gets_sections() {
        let mut edit = Edit::new("version = 1\n").unwrap();
        edit.add(Section::Roles, "r", vec![("connection", "a".into())])
            .unwrap();
        assert_eq!(
            edit.into_text(),
            "version = 1\n\n[roles.r]\nconnection = \"a\"\n"
        );
    }

    #[test]
    fn removing_leaves_the_rest() {
        let mut edit = Edit::new(TEXT).unwrap();
        edit.remove(Section::Connections, "a").unwrap();
        let text = edit.into_text();
        assert!(
            text.contains("[roles.r] # r") && !text.contains("connections.a"),
            "{text}"
        );
        assert!(text.starts_with("# mine\nversion = 1 # one\n"), "{text}");
    }
}
