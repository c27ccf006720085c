//! Every kind of server certificate against every sslmode, by pgcreds and by psql.

use super::stage::Stage;

/// What psql says to the same.
#[derive(Clone, Copy)]
enum Psql {
    Agrees,
    /// For this reason it need not.
    May(&'static str),
}
use Psql::{Agrees, May};

/// Whether pgcreds connects.
const OK: Option<&str> = None;

const UNKNOWN: Option<&str> = Some("invalid peer certificate: UnknownIssuer");
const WRONG_NAME: Option<&str> = Some("invalid peer certificate: certificate not valid for name");
const VERSION_1: Option<&str> =
    Some("invalid peer certificate: Other(OtherError(UnsupportedCertVersion))");
const EXPIRED: Option<&str> = Some("invalid peer certificate: certificate expired");
const NOT_YET: Option<&str> = Some("invalid peer certificate: certificate not valid yet");
const REVOKED: Option<&str> = Some("invalid peer certificate: Revoked");
const NO_BINDING: Option<&str> = Some("server did not use channel binding");

/// What is tried of one certificate: parameters, what pgcreds answers, whether psql must agree.
type Case = (&'static str, Option<&'static str>, Psql);

const MODES: [(&str, &[Case]); 12] = [
    (
        "signed",
        &[
            ("sslmode=disable", OK, Agrees),
            ("sslmode=allow", OK, Agrees),
            ("sslmode=prefer", OK, Agrees),
            ("sslmode=require", OK, Agrees),
            ("sslmode=verify-ca sslrootcert=~/ca.crt", OK, Agrees),
            ("sslmode=verify-full sslrootcert=~/ca.crt", OK, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt host=127.0.0.1",
                OK,
                May("libpq before 15 reads no IP address in a certificate"),
            ),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt sslsni=0",
                OK,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt channel_binding=require",
                OK,
                Agrees,
            ),
            (
                "sslmode=require ssl_max_protocol_version=TLSv1.2",
                OK,
                Agrees,
            ),
            (
                "sslmode=require ssl_min_protocol_version=TLSv1.3",
                OK,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/other.crt",
                UNKNOWN,
                Agrees,
            ),
            ("sslmode=verify-ca sslrootcert=~/other.crt", UNKNOWN, Agrees),
            ("sslmode=require sslrootcert=~/other.crt", UNKNOWN, Agrees),
            (
                "sslmode=prefer sslrootcert=~/other.crt",
                UNKNOWN,
                May("libpq falls back to a session without TLS"),
            ),
            (
                "sslmode=verify-full sslrootcert=~/none.crt",
                Some("could not read certificates"),
                Agrees,
            ),
            (
                "sslmode=require sslrootcert=~/none.crt",
                Some("could not read certificates"),
                May("libpq passes over a file that is missing"),
            ),
        ],
    ),
    (
        "rsa",
        &[
            (
                "sslmode=verify-full sslrootcert=~/ca.crt channel_binding=require",
                OK,
                Agrees,
            ),
            (
                "sslmode=require channel_binding=require ssl_max_protocol_version=TLSv1.2",
                OK,
                Agrees,
            ),
        ],
    ),
    (
        "ed25519",
        &[
            (
                "sslmode=verify-full sslrootcert=~/server.crt channel_binding=disable",
                OK,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/server.crt",
                OK,
                May("libpq 15 fails for want of a digest"),
            ),
            (
                "sslmode=verify-full sslrootcert=~/server.crt channel_binding=require",
                NO_BINDING,
                May("as above"),
            ),
        ],
    ),
    (
        "common name",
        &[
            ("sslmode=verify-full sslrootcert=~/ca.crt", OK, Agrees),
            ("sslmode=verify-ca sslrootcert=~/ca.crt", OK, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt host=other.example.test",
                WRONG_NAME,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/other.crt",
                UNKNOWN,
                Agrees,
            ),
        ],
    ),
    (
        "other name",
        &[
            (
                "sslmode=verify-full sslrootcert=~/ca.crt",
                WRONG_NAME,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt host=other.example.test",
                OK,
                Agrees,
            ),
            ("sslmode=verify-ca sslrootcert=~/ca.crt", OK, Agrees),
            ("sslmode=require sslrootcert=~/ca.crt", OK, Agrees),
        ],
    ),
    (
        "wildcard",
        &[
            ("sslmode=verify-full sslrootcert=~/ca.crt", OK, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt host=a.b.example.test",
                WRONG_NAME,
                Agrees,
            ),
        ],
    ),
    (
        "v1",
        &[
            ("sslmode=require", OK, Agrees),
            ("sslmode=require channel_binding=require", OK, Agrees),
            (
                "sslmode=require ssl_max_protocol_version=TLSv1.2",
                OK,
                Agrees,
            ),
            (
                "sslmode=verify-ca sslrootcert=~/ca.crt",
                VERSION_1,
                May("rustls reads no version 1"),
            ),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt",
                VERSION_1,
                May("rustls reads no version 1"),
            ),
            (
                "sslmode=verify-full sslrootcert=~/server.crt",
                OK,
                May("OpenSSL trusts authorities, not servers"),
            ),
        ],
    ),
    (
        "self-signed",
        &[
            ("sslmode=require", OK, Agrees),
            ("sslmode=verify-ca sslrootcert=~/server.crt", OK, Agrees),
            ("sslmode=verify-full sslrootcert=~/server.crt", OK, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/server.crt host=other.example.test",
                WRONG_NAME,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt",
                Some("invalid peer certificate: "),
                Agrees,
            ),
        ],
    ),
    (
        "intermediate",
        &[
            ("sslmode=verify-full sslrootcert=~/ca.crt", OK, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/other.crt",
                UNKNOWN,
                Agrees,
            ),
        ],
    ),
    (
        "expired",
        &[
            ("sslmode=require", OK, Agrees),
            ("sslmode=verify-ca sslrootcert=~/ca.crt", EXPIRED, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/server.crt",
                EXPIRED,
                Agrees,
            ),
        ],
    ),
    (
        "not yet valid",
        &[
            ("sslmode=require", OK, Agrees),
            ("sslmode=verify-ca sslrootcert=~/ca.crt", NOT_YET, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/server.crt",
                NOT_YET,
                Agrees,
            ),
        ],
    ),
    (
        "revoked",
        &[
            ("sslmode=verify-full sslrootcert=~/ca.crt", OK, Agrees),
            (
                "sslmode=verify-full sslrootcert=~/ca.crt sslcrl=~/ca.crl",
                REVOKED,
                Agrees,
            ),
            (
                "sslmode=verify-full sslrootcert=~/both.crt sslcrl=~/ca.crl",
                REVOKED,
                Agrees,
            ),
            (
                "sslmode=verify-ca sslrootcert=~/ca.crt sslcrl=~/ca.crl",
                REVOKED,
                Agrees,
            ),
            (
                "sslmode=verify-ca sslrootcert=~/ca.crt sslcrl=~/none.crl",
                Some("could not read the certificate revocation list"),
                May("libpq passes over a file that is missing"),
            ),
        ],
    ),
];

#[test]
fn every_certificate_in_every_mode() {
    let stage = Stage::new("signed");
    for (kind, cases) in MODES {
        stage.show(kind);
        for (parameters, refusal, psql) in cases {
            let run = stage.check(parameters);
            match refusal {
                None => assert_eq!(run.code, 0, "{kind}, {parameters}:\n{run}"),
                Some(cause) => {
                    assert!(
                        run.code != 0 && run.stderr.contains(cause),
                        "{kind}, {parameters}:\n{run}"
                    );
                }
            }
            let verdict = stage.psql(parameters);
            let agrees = (verdict.code == 0) == (run.code == 0);
            match psql {
                Agrees => assert!(
                    agrees,
                    "{kind}, {parameters}: pgcreds says\n{run}\nand psql\n{verdict}"
                ),
                May(reason) => assert!(!reason.is_empty()),
            }
            if verdict.code == 0 && run.code == 0 && !parameters.contains("=allow") {
                assert_eq!(
                    stage.had_tls(),
                    verdict.stdout == "t\n",
                    "{kind}, {parameters}"
                );
            }
        }
    }
}
