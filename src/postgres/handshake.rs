//! What to do when no session came about, told from the error's text.

/// What to do when no session came about: texts of rustls, of the verifier and of the watch over the log-in.
const HANDSHAKE_HINTS: [(&str, &str); 17] = [
    (
        "require_auth=",
        "Set the method to scram-sha-256 in the server's pg_hba.conf, or mend require_auth in the connection's url. No password was sent.",
    ),
    (
        "did not use channel binding",
        "channel_binding=require needs TLS, the method scram-sha-256 in pg_hba.conf, and an RSA or ECDSA certificate.",
    ),
    (
        "server does not support TLS",
        "Turn ssl on in the server's postgresql.conf. Only where the network can be trusted, set sslmode=disable in the connection's url.",
    ),
    (
        "UnsupportedCertVersion",
        "The server's certificate is X.509 v1, as made by openssl x509 -req without -extfile. Reissue it with -extfile, or use sslmode=require.",
    ),
    (
        "UnknownIssuer",
        "Name the certificate authority's file with sslrootcert=FILE in the connection's url.",
    ),
    (
        "not valid for name",
        "Connect with a host name that is in the certificate, or use sslmode=verify-ca.",
    ),
    (
        "NotValidForName",
        "Connect with a host name that is in the certificate, or use sslmode=verify-ca.",
    ),
    (
        "Revoked",
        "The certificate is on the list that sslcrl names: give the server a new one.",
    ),
    (
        "expired",
        "Renew the server's certificate, or mend the clock of this host.",
    ),
    (
        "not valid yet",
        "Wait until the server's certificate is valid, or mend the clock of this host.",
    ),
    (
        "BadSignature",
        "The server does not have the certificate's key: it may be an impostor. Find out what answers at that address.",
    ),
    (
        "CaUsedAsEndEntity",
        "The server shows an authority's certificate. Name that very file with sslrootcert=FILE, or reissue it without CA:TRUE.",
    ),
    (
        "invalid peer certificate",
        "Look at the certificate with: openssl s_client -starttls postgres -connect HOST:PORT -showcerts",
    ),
    (
        "tls handshake eof",
        "The server hung up during the TLS handshake: sslnegotiation=direct needs PostgreSQL 17 or later.",
    ),
    (
        "alert: UnknownCA",
        "The server does not trust the client's certificate: sslcert must be signed by an authority in its ssl_ca_file.",
    ),
    (
        "alert: CertificateExpired",
        "Renew the client's certificate, sslcert.",
    ),
    (
        "alert: ",
        "The server refused the TLS handshake. Check sslcert and sslkey, and look into the server's log.",
    ),
];

/// The next step after that message, if it is one of those.
pub(super) fn hint(message: &str) -> Option<&'static str> {
    let known = HANDSHAKE_HINTS
        .iter()
        .find(|(text, _)| message.contains(text));
    known.map(|(_, hint)| *hint)
}
