//! New lines that look like their neighbours.

/// A directive with its value in the column where its neighbour's is, if the author lines values up: `name`, blanks,
/// `value`. `neighbour`: the text of a directive from its name on.
pub fn aligned(name: &str, value: &str, neighbour: &[u8]) -> String {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let length = neighbour.iter().position(is_blank).unwrap_or(neighbour.len());
    let gap = neighbour[length..].iter().take_while(|byte| is_blank(byte)).count();
    let blanks = &neighbour[length..length + gap];
    let column = length + gap;
    match blanks {
        // A single blank lines nothing up, unless the name happens to be the longest; that can't be told.
        [] | [b' '] => format!("{name} {value}"),
        _ if blanks.contains(&b'\t') => format!("{name}{}{value}", String::from_utf8_lossy(blanks)),
        _ => format!("{name:0$}{value}", column.max(name.len() + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_the_neighbour() {
        let of = |neighbour: &str| aligned("ssl_protocols", "TLSv1.2;", neighbour.as_bytes());
        assert_eq!(of("ssl_ciphers HIGH;"), "ssl_protocols TLSv1.2;");
        assert_eq!(of("ssl_ciphers           HIGH;"), "ssl_protocols         TLSv1.2;");
        assert_eq!(of("ssl_on  x;"), "ssl_protocols TLSv1.2;");
        assert_eq!(of("ssl_ciphers\t\tHIGH;"), "ssl_protocols\t\tTLSv1.2;");
        assert_eq!(of("ssl;"), "ssl_protocols TLSv1.2;");
    }
}
