//! Just enough of the shell to read files of assignments: `/etc/apache2/envvars`, `/etc/sysconfig/*`, os-release.
//!
//! Runs assignments, `export`, `unset`, `: ${X:=y}` and `if` with `[ a = b ]`. What it can't follow (command
//! substitution, loops, functions, other commands) is passed over, and every variable that is set there becomes
//! unknown, so nothing is claimed that the shell might see otherwise.

use super::words::{assignment, commands, is_name, raw_words};
use std::collections::{BTreeMap, BTreeSet};

/// Deeper nesting than any real file has; what comes after it is not read.
const MOST_NESTED: usize = 100;
/// Values in values in values (`${A:-${B:-${C}}}`): what is nested deeper can't be told.
const DEEPEST_VALUE: usize = 20;
/// The longest value, in bytes; a longer one can't be told.
const LONGEST_VALUE: usize = 65536;
/// What all values may come to, in bytes; those beyond can't be told.
const MOST_BYTES: usize = 4 << 20;

/// The variables of a shell.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// The value, or `None` where it can't be told.
    variables: BTreeMap<String, Option<String>>,
    exported: BTreeSet<String>,
    /// The bytes of all values.
    bytes: usize,
}

/// What is done with the lines of an `if` at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// This branch runs.
    Taken,
    /// It does not, and no later one has been decided on.
    Pending,
    /// Another branch ran.
    Done,
    /// It can't be told.
    Unknown,
}

impl Shell {
    /// Sets a variable from outside.
    pub fn set(&mut self, name: &str, value: &str) {
        self.assign(name, Some(value.to_owned()));
    }

    fn assign(&mut self, name: &str, value: Option<String>) {
        let length = |value: &Option<String>| value.as_ref().map_or(0, String::len);
        let value = value.filter(|value| self.bytes + value.len() <= MOST_BYTES);
        self.bytes += length(&value);
        let old = self.variables.insert(name.to_owned(), value).flatten();
        self.bytes -= length(&old);
    }

    /// Exports a variable that is set from outside.
    pub fn export(&mut self, name: &str, value: &str) {
        self.set(name, value);
        self.exported.insert(name.to_owned());
    }

    /// The value of a variable, where it is set and known.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.as_deref()
    }

    /// The exported variables whose values are known.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let known = |name: &String| Some((name.clone(), self.get(name)?.to_owned()));
        self.exported.iter().filter_map(known).collect()
    }

    /// Runs a file.
    pub fn run(&mut self, text: &str) {
        let mut branches: Vec<Branch> = Vec::new();
        // The end that a loop, `case` or function that is passed over has.
        let mut skipping: Vec<&str> = Vec::new();
        for command in commands(text) {
            if branches.len() + skipping.len() > MOST_NESTED {
                return;
            }
            let words = raw_words(&command);
            let Some(first) = words.first().map(String::as_str) else { continue };
            match first {
                "for" | "while" | "until" => skipping.push("done"),
                "case" => skipping.push("esac"),
                _ if first.ends_with("()") || words.get(1).is_some_and(|w| w == "()") => skipping.push("}"),
                _ if skipping.last() == Some(&first) => {
                    skipping.pop();
                    continue;
                }
                _ => {}
            }
            if !skipping.is_empty() {
                self.forget(&words);
                continue;
            }
            match first {
                "if" => branches.push(match branches.last() {
                    None | Some(Branch::Taken) => self.decide(&words[1..]),
                    Some(Branch::Unknown) => Branch::Unknown,
                    Some(_) => Branch::Done,
                }),
                "elif" => match branches.last_mut() {
                    Some(top @ Branch::Pending) => *top = self.decide(&words[1..]),
                    Some(top @ Branch::Taken) => *top = Branch::Done,
                    _ => {}
                },
                "else" => {
                    match branches.last_mut() {
                        Some(top @ Branch::Pending) => *top = Branch::Taken,
                        Some(top @ Branch::Taken) => *top = Branch::Done,
                        _ => {}
                    }
                    self.command(&words[1..], &branches);
                }
                "fi" => drop(branches.pop()),
                "then" => self.command(&words[1..], &branches),
                _ => self.command(&words, &branches),
            }
        }
    }

    fn command(&mut self, words: &[String], branches: &[Branch]) {
        if branches.iter().all(|b| *b == Branch::Taken) {
            self.simple_command(words);
        } else if branches.contains(&Branch::Unknown) && !branches.contains(&Branch::Done) {
            self.forget(words);
        }
    }

    /// Does the condition hold?
    fn decide(&self, words: &[String]) -> Branch {
        let words: Option<Vec<String>> = words.iter().map(|w| self.expand(w)).collect();
        let Some(words) = words else { return Branch::Unknown };
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut wanted = true;
        match (words.first(), words.last()) {
            (Some(&"["), Some(&"]")) | (Some(&"[["), Some(&"]]")) => {
                words.pop();
                words.remove(0);
            }
            (Some(&"test"), _) => drop(words.remove(0)),
            _ => return Branch::Unknown,
        }
        if words.first() == Some(&"!") {
            wanted = false;
            words.remove(0);
        }
        let holds = match words[..] {
            [a, "=" | "==", b] => a == b,
            [a, "!=", b] => a != b,
            ["-n", a] | [a] => !a.is_empty(),
            ["-z", a] => a.is_empty(),
            _ => return Branch::Unknown,
        };
        if holds == wanted { Branch::Taken } else { Branch::Pending }
    }

    fn simple_command(&mut self, words: &[String]) {
        let unclear = |w: &String| matches!(w.as_str(), "&&" | "||" | "|" | "{" | "}");
        if words.iter().any(unclear) {
            return self.forget(words);
        }
        match words.first().map(String::as_str) {
            Some("export" | "readonly" | "declare" | "typeset") => {
                let exports = words[0] == "export";
                for word in &words[1..] {
                    let name = match assignment(word) {
                        Some((name, value)) => {
                            let value = self.expand(value);
                            self.assign(name, value);
                            name
                        }
                        None => word,
                    };
                    if exports {
                        self.exported.insert(name.to_owned());
                    }
                }
            }
            Some("unset") => {
                for name in &words[1..] {
                    self.assign(name, None);
                    self.variables.remove(name);
                    self.exported.remove(name);
                }
            }
            Some(":") => {
                for word in &words[1..] {
                    self.assign_default(word);
                }
            }
            _ if words.iter().all(|w| assignment(w).is_some()) => {
                for (name, value) in words.iter().filter_map(|w| assignment(w)) {
                    let value = self.expand(value);
                    self.assign(name, value);
                }
            }
            _ => {}
        }
    }

    /// `${X:=y}` or `${X=y}` as a whole word.
    fn assign_default(&mut self, word: &str) {
        let inner = word.trim_matches('"').strip_prefix("${").and_then(|w| w.strip_suffix('}'));
        let Some((name, value)) = inner.and_then(|i| i.split_once(":=").or_else(|| i.split_once('='))) else { return };
        let set = self.variables.get(name).is_some_and(|v| v.as_deref() != Some(""));
        if is_name(name) && !set {
            let value = self.expand(value);
            self.assign(name, value);
        }
    }

    /// Every variable that these words might set becomes unknown.
    fn forget(&mut self, words: &[String]) {
        for word in words {
            let name = assignment(word).map(|(name, _)| name);
            let default = word.split_once("${").and_then(|(_, w)| w.split_once(":=")).map(|(name, _)| name);
            if let Some(name) = name.or(default) {
                self.assign(name, None);
            }
        }
    }

    /// A word without its quotes, with its variables replaced; `None`: can't be told.
    pub fn expand(&self, word: &str) -> Option<String> {
        self.expand_at(word, 0)
    }

    fn expand_at(&self, word: &str, depth: usize) -> Option<String> {
        if depth > DEEPEST_VALUE {
            return None;
        }
        let mut out = String::new();
        let mut chars = word.chars();
        let mut quoted = false;
        while let Some(c) = chars.next() {
            if out.len() > LONGEST_VALUE {
                return None;
            }
            match c {
                '"' => quoted = !quoted,
                '\'' if !quoted => {
                    while let Some(c) = chars.next().filter(|c| *c != '\'') {
                        out.push(c);
                    }
                }
                '\\' => match chars.next() {
                    Some('\n') => {}
                    Some(c) if quoted && !matches!(c, '"' | '\\' | '$' | '`') => out.extend(['\\', c]),
                    other => out.extend(other),
                },
                '`' => return None,
                '$' => {
                    let rest = chars.as_str();
                    match rest.chars().next() {
                        Some('(' | '\'' | '"') => return None,
                        Some('{') => {
                            let (inner, rest) = braced(&rest[1..]);
                            chars = rest.chars();
                            out.push_str(&self.parameter(inner, depth)?);
                        }
                        Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                            let (name, rest) = rest.split_at(end_of_name(rest));
                            chars = rest.chars();
                            out.push_str(&self.parameter(name, depth)?);
                        }
                        Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => return None,
                        _ => out.push('$'),
                    }
                }
                c => out.push(c),
            }
        }
        Some(out)
    }

    /// What stands between `${` and `}`.
    fn parameter(&self, inner: &str, depth: usize) -> Option<String> {
        let (name, operation) = inner.split_at(end_of_name(inner));
        let value = match self.variables.get(name) {
            _ if !is_name(name) => return None,
            Some(None) => return None,
            Some(Some(value)) => Some(value.as_str()),
            None => None,
        };
        let expand = |word: &str| self.expand_at(word, depth + 1);
        let full = value.filter(|v| !v.is_empty());
        let literal = |pattern: &str| expand(pattern).filter(|p| !p.contains(['*', '?', '[', '\\']));
        let text = value.unwrap_or_default();
        if operation.is_empty() {
            Some(text.to_owned())
        } else if let Some(other) = operation.strip_prefix(":-").or_else(|| operation.strip_prefix(":=")) {
            full.map_or_else(|| expand(other), |v| Some(v.to_owned()))
        } else if let Some(other) = operation.strip_prefix(":+") {
            if full.is_some() { expand(other) } else { Some(String::new()) }
        } else if let Some(other) = operation.strip_prefix('-').or_else(|| operation.strip_prefix('=')) {
            value.map_or_else(|| expand(other), |v| Some(v.to_owned()))
        } else if let Some(pattern) = operation.strip_prefix("##").or_else(|| operation.strip_prefix('#')) {
            literal(pattern).map(|p| text.strip_prefix(p.as_str()).unwrap_or(text).to_owned())
        } else if let Some(pattern) = operation.strip_prefix("%%").or_else(|| operation.strip_prefix('%')) {
            literal(pattern).map(|p| text.strip_suffix(p.as_str()).unwrap_or(text).to_owned())
        } else {
            None
        }
    }
}

/// Where the name at the beginning of a text ends.
fn end_of_name(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

/// What stands before the brace that closes, and behind it.
fn braced(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return (&text[..at], &text[at + 1..]);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian ships it, shortened.
    const ENVVARS: &str = r#"
unset HOME
if [ "${APACHE_CONFDIR##/etc/apache2-}" != "${APACHE_CONFDIR}" ] ; then
	SUFFIX="-${APACHE_CONFDIR##/etc/apache2-}"
else
	SUFFIX=
fi
# settings; with 'quotes
export APACHE_RUN_USER=www-data
export APACHE_PID_FILE=/var/run/apache2$SUFFIX/apache2.pid
export LANG=C
export LANG
#export APACHE_ARGUMENTS=''
"#;

    fn run(text: &str) -> Shell {
        let mut shell = Shell::default();
        shell.run(text);
        shell
    }

    #[test]
    fn reads_debians_envvars() {
        for (folder, pid_file) in
            [("/etc/apache2", "/var/run/apache2/apache2.pid"), ("/etc/apache2-two", "/var/run/apache2-two/apache2.pid")]
        {
            let mut shell = Shell::default();
            shell.set("APACHE_CONFDIR", folder);
            shell.run(ENVVARS);
            let environment = shell.environment();
            assert_eq!(environment.get("APACHE_PID_FILE").map(String::as_str), Some(pid_file));
            assert_eq!(environment.len(), 3, "{environment:?}");
        }
    }

    #[test]
    fn expands_what_it_can_and_knows_what_it_cannot() {
        let shell =
            run("A=x; B=\"$A y\" C='$A' D=${E:-$A.z}\n: ${F:=f}\nG=`id`\nH=$(id)\nI=$G\nJ=${A%x}${U-u}${A:+p}\n");
        let values =
            |names: &str| names.chars().map(|n| shell.get(&n.to_string()).map(str::to_owned)).collect::<Vec<_>>();
        let some = |v: &str| Some(v.to_owned());
        assert_eq!(values("ABCDF"), [some("x"), some("x y"), some("$A"), some("x.z"), some("f")]);
        assert_eq!(values("GHI"), [None, None, None]);
        assert_eq!(values("J"), [some("up")]);
    }

    #[test]
    fn what_depends_on_more_is_forgotten() {
        let shell = run(
            "A=1 B=1 C=1 D=1 E=1\nif [ -f /x ]; then A=2; fi\n[ -r /x ] && B=2\nfor i in 1 2; do C=$i; done\n\
             case x in\n x) D=3 ;;\nesac\nf() {\n E=2\n}\nif test -z \"$Z\"; then Y=1; elif true; then X=1; else W=1; fi\nV=1\n",
        );
        for name in ["A", "B", "C", "D", "E", "X", "W"] {
            assert_eq!(shell.get(name), None, "{name}");
        }
        assert_eq!((shell.get("Y"), shell.get("V")), (Some("1"), Some("1")));
    }

    #[test]
    fn nested_values_and_many_long_ones_take_no_memory() {
        let nested = |levels: usize| format!("A={}x{}\n", "${B:-".repeat(levels), "}".repeat(levels));
        assert_eq!(run(&nested(DEEPEST_VALUE)).get("A"), Some("x"));
        for levels in [DEEPEST_VALUE + 1, 60_000] {
            assert_eq!(run(&nested(levels)).get("A"), None);
        }
        let long = "x".repeat(LONGEST_VALUE);
        let many = (0..1000).map(|number| format!("B{number}=$A\n")).collect::<Vec<_>>().concat();
        let mut shell = run(&format!("A={long}\n{many}"));
        let known = (0..1000).filter(|number| shell.get(&format!("B{number}")).is_some()).count();
        assert!(known > 10 && known <= MOST_BYTES / LONGEST_VALUE, "{known}");
        // What is set anew makes room.
        for _ in 0..1000 {
            shell.run("unset B0\nB0=$A\nB1=\n");
        }
        assert_eq!(shell.get("B0").map(str::len), Some(LONGEST_VALUE));
    }

    #[test]
    fn any_text_is_read() {
        let doubling = "A=xx\n".to_owned() + &"A=$A$A\n".repeat(80);
        assert_eq!(run(&doubling).get("A"), None);
        assert_eq!(run(&"if x\n".repeat(100_000)).get("A"), None);
        for text in
            ["\"", "'", "${", "$", "\\", "if", "fi\nfi", "}", "a=${b", "export", "esac", "#", "a='\n", "$(", "unset"]
        {
            let _ = run(text);
            let _ = run(&format!("A={text}"));
        }
    }
}
