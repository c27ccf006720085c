//! Texts from the server that may be no UTF-8: names and comments are shared by all databases of a cluster, and one with
//! encoding SQL_ASCII lets any bytes in.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type, accepts};

/// A text as far as it is UTF-8.
#[derive(Debug)]
pub(super) struct Text {
    /// With U+FFFD for what is none.
    pub(super) lossy: String,
    /// Whether nothing had to be replaced.
    pub(super) is_whole: bool,
}

impl<'a> FromSql<'a> for Text {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self {
            lossy: String::from_utf8_lossy(raw).into_owned(),
            is_whole: str::from_utf8(raw).is_ok(),
        })
    }

    accepts!(TEXT, NAME);
}
