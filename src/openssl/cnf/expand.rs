//! The value that a text stands for: quotes and escapes taken away, variables replaced (`str_copy` in `conf_def.c`).

use std::ops::Range;

/// The longest text that a variable may bring about, as in OpenSSL.
const LONGEST: usize = 65536;

/// A variable in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    section: Option<Range<usize>>,
    name: Range<usize>,
    end: usize,
    /// Is it `${` without a `}`, or `$(` without a `)`?
    is_open: bool,
}

/// A text without quotes and escapes, with its variables replaced by what `look_up` finds: the section that the variable
/// names, and its name. `dollars`: a dollar without a brace is a character like others.
pub(crate) fn expand<E: From<String>>(
    text: &[u8],
    dollars: bool,
    mut look_up: impl FnMut(Option<&[u8]>, &[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let mut out = Vec::with_capacity(text.len());
    // What the library reckons with: the text as it stands, longer with each variable.
    let mut length = text.len() + 1;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' | b'\'' | b'`' => at = unquote(text, at, byte, &mut out),
            b'\\' => {
                out.extend(text.get(at).map(|escaped| match escaped {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b'b' => 8,
                    b't' => b'\t',
                    other => *other,
                }));
                at += 1;
            }
            b'$' if !dollars || matches!(text.get(at), Some(b'{' | b'(')) => {
                let variable = variable(text, at, dollars);
                if variable.is_open {
                    return Err("a variable's name has no closing brace".to_owned().into());
                }
                let section = variable.section.map(|range| &text[range]);
                let value = look_up(section, &text[variable.name])?;
                length = length + value.len() - (variable.end + 1 - at);
                if length > LONGEST {
                    return Err(format!("variables make a value longer than {LONGEST} characters").into());
                }
                out.extend(value);
                at = variable.end;
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

/// Copies what a quote encloses; what comes back is where it ends.
fn unquote(text: &[u8], mut at: usize, quote: u8, out: &mut Vec<u8>) -> usize {
    while let Some(&byte) = text.get(at).filter(|byte| **byte != quote) {
        at += 1;
        if byte == b'\\' {
            out.extend(text.get(at));
            at += 1;
        } else {
            out.push(byte);
        }
    }
    at + 1
}

/// Reads the variable behind a dollar.
fn variable(text: &[u8], start: usize, dollars: bool) -> Variable {
    let close = match text.get(start) {
        Some(b'{') => Some(b'}'),
        Some(b'(') => Some(b')'),
        _ => None,
    };
    let begin = start + usize::from(close.is_some());
    let word = |from: usize| {
        let is_part = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_' || dollars && **b == b'$';
        from + text.get(from..).unwrap_or_default().iter().take_while(is_part).count()
    };
    let mut name = begin..word(begin);
    let mut section = None;
    if text.get(name.end..name.end + 2) == Some(b"::") {
        let begin = name.end + 2;
        section = Some(std::mem::replace(&mut name, begin..word(begin)));
    }
    let is_open = close.is_some_and(|close| text.get(name.end) != Some(&close));
    let end = name.end + usize::from(close.is_some());
    Variable { section, name, end, is_open }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, dollars: bool) -> Result<String, String> {
        let look_up = |section: Option<&[u8]>, name: &[u8]| {
            let name = String::from_utf8_lossy(name).into_owned();
            match section {
                Some(section) => Ok(format!("<{}:{name}>", String::from_utf8_lossy(section)).into_bytes()),
                None if name.is_empty() => Err("nothing".to_owned()),
                None => Ok(format!("<{name}>").into_bytes()),
            }
        };
        expand(text.as_bytes(), dollars, look_up).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn quotes_escapes_and_variables() {
        for (text, expected) in [
            (r#"TLS"v1".3"#, "TLSv1.3"),
            (r#""TLS""v1""#, "TLSv1"),
            (r#""a\"b" 'c\'d' `e\`f`"#, r#"a"b c'd e`f"#),
            (r#""$a" '$b' `$c`"#, "$a $b $c"),
            (r"\T\$v\n", "T$v\n"),
            (r#""open"#, "open"),
            (r"'a\", "a"),
            (r"a\", "a"),
            ("$v.3 ${v}3 $(v)3", "<v>.3 <v>3 <v>3"),
            ("$s::v ${s::v} $::v", "<s:v> <s:v> <:v>"),
            ("$v:x", "<v>:x"),
        ] {
            assert_eq!(shown(text, false).as_deref(), Ok(expected), "{text}");
        }
        for text in ["${v", "${v)", "$(v}", "${v x}"] {
            assert_eq!(shown(text, false), Err("a variable's name has no closing brace".to_owned()), "{text}");
        }
        assert_eq!(shown("a $ b", false), Err("nothing".to_owned()));
        assert_eq!(shown("$v ${v$w}", true).as_deref(), Ok("$v <v$w>"));
    }

    #[test]
    fn only_variables_make_a_value_too_long() {
        let long = |length: usize, text: &str| {
            expand::<String>(text.as_bytes(), false, |_, _| Ok(vec![b'a'; length])).map(|value| value.len())
        };
        assert_eq!(long(1, &"a".repeat(70_000)), Ok(70_000));
        assert!(long(1, &format!("{}$v", "a".repeat(70_000))).is_err());
        assert_eq!(long(65_535, "$v"), Ok(65_535));
        assert!(long(65_536, "$v").is_err());
        assert_eq!(long(0, "$v"), Ok(0));
    }
}
