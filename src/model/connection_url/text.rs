//! The two forms of a connection string, taken apart into names and values.

use super::InvalidUrl;

/// A parameter's name and its decoded value.
pub(super) type Pair = (String, String);

/// Takes a connection string of either form apart.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair>, InvalidUrl> {
    let uri = ["postgresql://", "postgres://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    match uri {
        Some(rest) => uri_pairs(rest),
        None => keyword_pairs(text),
    }
}

/// `[user[:password]@][host[:port],…][/dbname][?name=value&…]`
fn uri_pairs(rest: &str) -> Result<Vec<Pair>, InvalidUrl> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    let (user_info, addresses) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for address in addresses.split(',') {
        let (host, port) = split_port(address)?;
        hosts.push(decode(host)?);
        ports.push(port);
    }
    let mut pairs = vec![
        ("user".into(), decode(user)?),
        ("password".into(), decode(password)?),
        ("host".into(), hosts.join(",")),
        ("port".into(), ports.join(",")),
        ("dbname".into(), decode(dbname)?),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(InvalidUrl::Form)?;
        pairs.push(match (decode(name)?.as_str(), decode(value)?) {
            // As libpq does for the sake of JDBC's URLs.
            ("ssl", value) if value == "true" => ("sslmode".to_owned(), "require".to_owned()),
            (name, value) => (name.to_owned(), value),
        });
    }
    Ok(pairs)
}

/// Splits `host:port`; an IPv6 address stands in brackets.
fn split_port(address: &str) -> Result<(&str, &str), InvalidUrl> {
    match address.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']').ok_or(InvalidUrl::Form)?;
            match tail.strip_prefix(':') {
                Some(port) => Ok((host, port)),
                None if tail.is_empty() => Ok((host, "")),
                None => Err(InvalidUrl::Form),
            }
        }
        None => Ok(address.split_once(':').unwrap_or((address, ""))),
    }
}

/// Percent-encodes everything that could mean something in a URI.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String, InvalidUrl> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = tail
                .get(..2)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            bytes.push(byte.filter(|byte| *byte != 0).ok_or(InvalidUrl::Form)?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| InvalidUrl::Form)
}

/// `keyword = value`, where a value in single quotes may hold spaces, and a backslash takes the next character as it is.
fn keyword_pairs(text: &str) -> Result<Vec<Pair>, InvalidUrl> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, tail) = rest.split_once('=').ok_or(InvalidUrl::Form)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(InvalidUrl::Form);
        }
        let (value, tail) = keyword_value(tail.trim_start())?;
        pairs.push((name.to_owned(), value));
        rest = tail.trim_start();
    }
    if pairs.is_empty() {
        Err(InvalidUrl::Form)
    } else {
        Ok(pairs)
    }
}

/// Reads one value and returns it with what follows.
fn keyword_value(text: &str) -> Result<(String, &str), InvalidUrl> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next() {
            Some('\\') => value.push(characters.next().ok_or(InvalidUrl::Form)?),
            Some('\'') if quoted => return Ok((value, characters.as_str())),
            Some(space) if !quoted && space.is_whitespace() => {
                return Ok((value, characters.as_str()));
            }
            Some(other) => value.push(other),
            None if quoted => return Err(InvalidUrl::Form),
            None => return Ok((value, "")),
        }
    }
}
