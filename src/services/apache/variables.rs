//! `Define`, `UnDefine` and `${...}`.

use super::text::TracedText;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The names that are defined, and the values of those that have one.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// For `<IfDefine>`; upper and lower case differ.
    names: BTreeSet<Vec<u8>>,
    /// For `${...}`, by lower-case name: httpd looks them up in a table that ignores case.
    values: BTreeMap<Vec<u8>, TracedText>,
    environment: BTreeMap<String, String>,
}

/// A line after its variables have been replaced.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// The line.
    pub(super) text: TracedText,
    /// Names that are not defined; the line holds them as they were written.
    pub(super) undefined: Vec<Arc<str>>,
    /// How many bytes came from values.
    pub(super) grown: usize,
}

impl Variables {
    /// At the start: names given with `-D` (which have no value), and the environment.
    pub(super) fn new(names: &[String], environment: &BTreeMap<String, String>) -> Variables {
        let names = names.iter().map(|name| name.clone().into_bytes()).collect();
        Variables { names, values: BTreeMap::new(), environment: environment.clone() }
    }

    /// `Define NAME [VALUE]`
    pub(super) fn define(&mut self, name: &[u8], value: Option<TracedText>) {
        self.names.insert(name.to_vec());
        if let Some(value) = value {
            self.values.insert(name.to_ascii_lowercase(), value);
        }
    }

    /// `UnDefine NAME`
    pub(super) fn undefine(&mut self, name: &[u8]) {
        self.names.remove(name);
        self.values.remove(&name.to_ascii_lowercase());
    }

    /// What `<IfDefine NAME>` asks.
    pub(super) fn is_defined(&self, name: &[u8]) -> bool {
        self.names.contains(name)
    }

    fn value(&self, name: &[u8]) -> Option<TracedText> {
        let value = if let Some(value) = self.values.get(&name.to_ascii_lowercase()) {
            value.clone()
        } else {
            let name = std::str::from_utf8(name).ok()?;
            TracedText::of_environment(name, self.environment.get(name)?)
        };
        (!value.is_empty()).then_some(value)
    }

    /// Replaces each `${NAME}` by its value. A value is not looked at again, and a backslash protects nothing.
    pub(super) fn expand(&self, line: TracedText) -> Expanded {
        if !line.bytes().contains(&b'$') {
            return Expanded { text: line, ..Expanded::default() };
        }
        let bytes = line.bytes();
        let mut out = Expanded::default();
        let mut copied = 0;
        let mut at = 0;
        // Behind the last brace there is nothing to replace.
        let last = memchr::memrchr(b'}', bytes).unwrap_or(0);
        while let Some(length) = memchr::memchr(b'$', &bytes[at..]) {
            let dollar = at + length;
            if dollar > last {
                break;
            }
            let name =
                bytes[dollar + 1..].strip_prefix(b"{").and_then(|rest| Some(&rest[..memchr::memchr(b'}', rest)?]));
            let Some(name) = name else {
                at = dollar + 1;
                continue;
            };
            at = dollar + name.len() + 3;
            if let Some(value) = self.value(name) {
                out.text.push_part(&line, copied..dollar);
                out.text.push_text(&value);
                out.grown += value.len();
                copied = at;
            } else if !name.is_empty() && !name.contains(&b':') {
                out.undefined.push(String::from_utf8_lossy(name).as_ref().into());
            }
        }
        out.text.push_part(&line, copied..line.len());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn expand(variables: &Variables, line: &str) -> (String, Vec<String>) {
        let mut sources = SourceMap::default();
        let file = sources.insert("/a".into(), line.as_bytes().to_vec());
        let expanded = variables.expand(TracedText::of_file(file, 0, line.as_bytes()));
        let text = String::from_utf8(expanded.text.bytes().to_vec()).unwrap();
        (text, expanded.undefined.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_braces_name_a_variable() {
        let environment = BTreeMap::from([("E".to_owned(), "env".to_owned()), ("EMPTY".to_owned(), String::new())]);
        let mut variables = Variables::new(&["FLAG".to_owned()], &environment);
        let mut sources = SourceMap::default();
        let file = sources.insert("/d".into(), b"${E}".to_vec());
        variables.define(b"Tls", Some(TracedText::of_file(file, 0, b"${E}")));
        let cases = [
            ("a ${TLS}b", "a ${E}b", &[][..]),
            ("${E}${e}", "env${e}", &["e"]),
            ("$TLS $(TLS) $", "$TLS $(TLS) $", &[]),
            ("\\${E}", "\\env", &[]),
            ("${a:b} ${} ${FLAG}", "${a:b} ${} ${FLAG}", &["FLAG"]),
            ("${E ${E}", "${E ${E}", &["E ${E"]),
            ("$${E} ${EMPTY}", "$env ${EMPTY}", &["EMPTY"]),
            ("${E", "${E", &[]),
        ];
        for (line, text, undefined) in cases {
            let undefined = undefined.iter().map(ToString::to_string).collect();
            assert_eq!(expand(&variables, line), (text.to_owned(), undefined), "{line}");
        }
    }

    #[test]
    fn names_keep_their_case_and_values_do_not() {
        let mut variables = Variables::new(&["D".to_owned()], &BTreeMap::new());
        assert!(variables.is_defined(b"D") && !variables.is_defined(b"d"));
        variables.define(b"X", Some(TracedText::of_environment("x", "1")));
        variables.define(b"x", None);
        assert_eq!(expand(&variables, "${x}").0, "1");
        variables.undefine(b"x");
        assert!(variables.is_defined(b"X"));
        assert_eq!(expand(&variables, "${X}").0, "${X}");
    }
}
