//! The comment on a login that says that pgcreds made it, for whom, and how long it may live.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::timestamp::Timestamp;

/// How every marker begins; what the server is asked for when leases are looked for.
pub(crate) const MARKER_PREFIX: &str = "{\"pgcreds\":";

/// No marker has more bytes.
pub(crate) const MARKER_SIZE: usize = 1024;

/// The version of marker that this program writes and reads.
const MARKER_VERSION: u32 = 1;

/// What pgcreds knows of a lease beside its `VALID UNTIL`. Every database user can read it: it holds no secret.
///
/// The order of the fields is part of the format: the server filters leases by parts of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// Version of the format.
    #[serde(rename = "pgcreds")]
    version: u32,
    /// The login's own name.
    pub(crate) lease: LeaseId,
    /// The recipe that it was made from.
    pub(crate) role: RoleName,
    /// The connection that it was made through.
    pub(crate) connection: ConnectionName,
    /// When, by the server's clock.
    pub(crate) issued_at: Timestamp,
    /// No renewal goes beyond this.
    pub(crate) max_expires_at: Timestamp,
    /// Operating system's user and host that asked.
    pub(crate) issued_by: Label,
    /// Who or what it is for.
    pub(crate) label: Label,
}

/// Why a comment is no marker of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MarkerError {
    /// Another text, or a broken marker.
    NotAMarker,
    /// Written by a later pgcreds.
    Newer(u32),
    /// A marker that names another role: copied or forged.
    OtherLogin,
    /// Bytes that are no text, in the marker or in the login's name.
    NotUtf8,
}

impl fmt::Display for MarkerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMarker => formatter.write_str("it has no pgcreds marker in its comment"),
            Self::Newer(version) => write!(
                formatter,
                "its marker has version {version}, which this pgcreds does not know"
            ),
            Self::OtherLogin => formatter.write_str("its marker names another role"),
            Self::NotUtf8 => formatter.write_str("its marker is not valid UTF-8"),
        }
    }
}

impl std::error::Error for MarkerError {}

/// What every version of the marker has in common.
#[derive(Deserialize)]
struct AnyVersion {
    pgcreds: u32,
}

impl Marker {
    /// Makes a marker of the current version.
    pub(crate) fn new(
        lease: LeaseId,
        (role, connection): (RoleName, ConnectionName),
        (issued_at, max_expires_at): (Timestamp, Timestamp),
        (issued_by, label): (Label, Label),
    ) -> Self {
        Self {
            version: MARKER_VERSION,
            lease,
            role,
            connection,
            issued_at,
            max_expires_at,
            issued_by,
            label,
        }
    }

    /// Reads the comment of the login `name`.
    pub(crate) fn parse(comment: &str, name: &str) -> Result<Self, MarkerError> {
        let AnyVersion { pgcreds: version } =
            serde_json::from_str(comment).map_err(|_| MarkerError::NotAMarker)?;
        if version > MARKER_VERSION {
            return Err(MarkerError::Newer(version));
        }
        let marker: Self = serde_json::from_str(comment).map_err(|_| MarkerError::NotAMarker)?;
        if marker.lease.as_str() != name {
            return Err(MarkerError::OtherLogin);
        }
        Ok(marker)
    }

    /// The comment's text: one line of JSON in ASCII, at most 1 KiB.
    pub(crate) fn to_comment(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// The part of a comment that markers of this role have, and no others.
    pub(crate) fn role_part(role: &RoleName) -> String {
        format!("\"role\":\"{role}\",\"connection\":\"")
    }

    /// The part of a comment that markers of this connection have, and no others.
    pub(crate) fn connection_part(connection: &ConnectionName) -> String {
        format!("\"connection\":\"{connection}\",\"issued_at\":\"")
    }

    /// The part at the end of a comment that markers with this label have, and no others.
    pub(crate) fn label_part(label: &Label) -> String {
        format!("\"label\":{}}}", serde_json::json!(label.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker(label: &str) -> Marker {
        Marker::new(
            "pgc_app_ci_abcdefghijkl".parse().unwrap(),
            ("app".parse().unwrap(), "main".parse().unwrap()),
            (
                "2026-11-24T03:12:00Z".parse().unwrap(),
                "2026-11-25T03:12:00Z".parse().unwrap(),
            ),
            ("alice@host".parse().unwrap(), label.parse().unwrap()),
        )
    }

    #[test]
    fn the_text_is_fixed() {
        assert_eq!(
            marker("ci").to_comment(),
            "{\"pgcreds\":1,\"lease\":\"pgc_app_ci_abcdefghijkl\",\"role\":\"app\",\"connection\":\"main\",\
             \"issued_at\":\"2026-11-24T03:12:00Z\",\"max_expires_at\":\"2026-11-25T03:12:00Z\",\
             \"issued_by\":\"alice@host\",\"label\":\"ci\"}"
        );
    }

    #[test]
    fn the_parts_that_the_server_filters_by_are_in_it() {
        let comment = marker("he said \"\\\"").to_comment();
        assert!(comment.starts_with(MARKER_PREFIX));
        assert!(comment.contains(&Marker::role_part(&"app".parse().unwrap())));
        assert!(comment.contains(&Marker::connection_part(&"main".parse().unwrap())));
        assert!(comment.ends_with(&Marker::label_part(&"he said \"\\\"".parse().unwrap())));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let name = "pgc_app_ci_abcdefghijkl";
        let good = marker("ci").to_comment();
        assert!(Marker::parse(&good, name).is_ok());
        assert_eq!(
            Marker::parse(&good, "postgres"),
            Err(MarkerError::OtherLogin)
        );
        assert_eq!(
            Marker::parse("{\"pgcreds\":2,\"new\":true}", name),
            Err(MarkerError::Newer(2))
        );
        for comment in [
            "",
            "a comment",
            "{\"pgcreds\":1}",
            "{\"pgcreds\":\"1\"}",
            "[1]",
        ] {
            assert_eq!(
                Marker::parse(comment, name),
                Err(MarkerError::NotAMarker),
                "{comment}"
            );
        }
        let bad_time = good.replace("2026-11-25T03:12:00Z", "infinity");
        assert_eq!(Marker::parse(&bad_time, name), Err(MarkerError::NotAMarker));
    }

    proptest! {
        #[test]
        fn it_is_read_back_and_fits(label in "[ -~]{0,63}[!-~]") {
            let marker = marker(&label);
            let comment = marker.to_comment();
            prop_assert!(comment.len() <= MARKER_SIZE && comment.is_ascii());
            prop_assert_eq!(Marker::parse(&comment, marker.lease.as_str()), Ok(marker));
        }
    }
}
