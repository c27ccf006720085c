//! Who a file is for, by the names that people use.

use std::io;

use anyhow::{Context as _, Result};

use crate::environment::{group_id, user_id};
use crate::failure::Failure;
use crate::model::file_mode::FileMode;
use crate::state::Access;

/// Looks up the user and the group, each by its name or its number.
pub(crate) fn find(mode: FileMode, owner: Option<&str>, group: Option<&str>) -> Result<Access> {
    Ok(Access {
        mode,
        owner: owner
            .map(|name| existing("user", name, user_id(name)))
            .transpose()?,
        group: group
            .map(|name| existing("group", name, group_id(name)))
            .transpose()?,
    })
}

fn existing(kind: &str, name: &str, id: io::Result<Option<u32>>) -> Result<u32> {
    id.with_context(|| Failure::request(format!("could not look up {kind} \"{name}\"")))?
        .with_context(|| Failure::request(format!("{kind} \"{name}\" does not exist")))
}
