//! Numbers of things, in words.

/// A number with its noun, such as `1 lease` and `2 leases`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [0, 1, 2].map(|number| counted(number, "lease")),
            ["0 leases", "1 lease", "2 leases"]
        );
    }
}
