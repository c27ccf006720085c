//! The rows of several statements, asked by their columns' names.

use std::str::FromStr;

use tokio_postgres::SimpleQueryRow;

use crate::postgres::error::DatabaseError;

/// What the server answered to one request.
pub(super) struct Answers(Vec<SimpleQueryRow>);

impl Answers {
    pub(super) fn new(rows: Vec<SimpleQueryRow>) -> Self {
        Self(rows)
    }

    /// The first value in a column of this name, if there is one that is not null.
    pub(super) fn find(&self, column: &str) -> Option<&str> {
        self.0
            .iter()
            .find_map(|row| row.try_get(column).ok().flatten())
    }

    /// The same where a value is certain: nothing stands in for one that is missing.
    pub(super) fn text(&self, column: &str) -> Result<&str, DatabaseError> {
        self.find(column).ok_or_else(|| missing(column))
    }

    pub(super) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, DatabaseError> {
        self.text(column)?.parse().map_err(|_| missing(column))
    }

    pub(super) fn is_true(&self, column: &str) -> Result<bool, DatabaseError> {
        Ok(self.text(column)? == "t")
    }
}

fn missing(column: &str) -> DatabaseError {
    DatabaseError::unexpected(&format!("the server did not answer with \"{column}\""))
}
