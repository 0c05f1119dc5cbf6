//! Regular expressions that no build of PCRE takes. Whatever is not surely broken passes.

/// Does httpd refuse to compile it?
pub(super) fn is_broken(regex: &str) -> bool {
    // These change how the rest is read.
    if ["\\Q", "(?x", "(?#", "(*"].iter().any(|special| regex.contains(special)) {
        return false;
    }
    let chars: Vec<char> = regex.chars().collect();
    let last = chars.windows(2).rposition(|pair| pair == [':', ']']).unwrap_or(0);
    let (mut open, mut at, mut begins) = (0_usize, 0, true);
    while let Some(c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match c {
            '\\' if next.is_none() => return true,
            '\\' => at += 1,
            '[' => match class_end(&chars, at, last) {
                Some(end) => at = end,
                None => return true,
            },
            '(' => open += 1,
            ')' if open == 0 => return true,
            ')' => open -= 1,
            '*' | '+' if begins => return true,
            '?' if begins && (at == 0 || chars[at - 1] == '|') => return true,
            _ => {}
        }
        begins = matches!(c, '(' | '|');
        at += 1;
    }
    open > 0
}

/// Where the class ends that begins at `at`; a bracket right behind its beginning belongs to it.
///
/// `last`: where the last `:]` is.
fn class_end(chars: &[char], at: usize, last: usize) -> Option<usize> {
    let mut end = at + 1;
    end += usize::from(chars.get(end) == Some(&'^'));
    end += usize::from(chars.get(end) == Some(&']'));
    loop {
        match chars.get(end)? {
            ']' => return Some(end),
            '\\' => end += 2,
            '[' if chars.get(end + 1) == Some(&':') => {
                // Nothing is looked for where there is none: not to the end for each.
                let rest = if last < end + 2 { &[] } else { &chars[end + 2..] };
                end += rest.windows(2).position(|pair| pair == [':', ']']).map_or(1, |length| length + 4);
            }
            _ => end += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_compiled() {
        for regex in ["(", "^/(a", "a)", "*.html", "+x", "a|*", "(+a)", "[a", "[^]", "a\\", "a|?b", "[[:alpha:]"] {
            assert!(is_broken(regex), "{regex}");
        }
        for regex in [
            "",
            "^",
            "^/(.*)$",
            "(?:a|b)?",
            "(?!x)y",
            "[]a]",
            "[^]]",
            "[\\]]",
            "a\\(",
            "[[:alpha:]]+",
            "a++",
            "^*",
            "()",
            "\\Q(",
            "(?i)x",
        ] {
            assert!(!is_broken(regex), "{regex}");
        }
    }
}
