//! Sections that are read or skipped: `<IfModule>`, `<IfDefine>`, `<IfVersion>`, `<IfFile>`, `<IfDirective>`,
//! `<IfSection>`. (`<If>` is another thing: its body is always read.)

use super::ID;
use super::files;
use super::modules::is_ssl_directive;
use super::reader::{Interpreter, LogicalLine};
use super::words::{Word, next_word, split};
use crate::endpoint::Unknown;
use crate::release::Release;
use crate::services::expression::cased_expression;
use crate::services::pcre::is_broken;
use crate::topic::Topic;
use std::cmp::Ordering;

/// A kind of condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Module,
    Define,
    Version,
    File,
    Directive,
    Section,
}

/// What a condition comes to.
struct Decision {
    holds: bool,
    doubt: Option<Unknown>,
}

impl Decision {
    fn sure(holds: bool) -> Decision {
        Decision { holds, doubt: None }
    }

    fn doubt(line: &LogicalLine, topic: Topic, what: String, help: impl Into<String>) -> Decision {
        let unknown = Unknown { topic, span: Some(line.place.span), what, help: help.into() };
        Decision { holds: false, doubt: Some(unknown) }
    }
}

impl Condition {
    /// The condition of a section by its lower-case name.
    pub(super) fn of(section: &[u8]) -> Option<Condition> {
        Some(match section {
            b"ifmodule" => Condition::Module,
            b"ifdefine" => Condition::Define,
            b"ifversion" => Condition::Version,
            b"iffile" => Condition::File,
            b"ifdirective" => Condition::Directive,
            b"ifsection" => Condition::Section,
            _ => return None,
        })
    }
}

impl Interpreter<'_> {
    /// Reads the head of a condition, and skips its body if it does not hold.
    pub(super) fn condition(&mut self, line: &LogicalLine, condition: Condition, section: &[u8], rest: usize) {
        let decided = match condition {
            Condition::Version => self.version_holds(line, rest),
            _ => self.argument_holds(line, condition, rest),
        };
        let decision = decided.unwrap_or_else(|message| {
            self.model.complain(line.place, message.replace("<>", &format!("<{}>", section.escape_ascii())));
            Decision::sure(false)
        });
        if let Some(unknown) = Self::undefined(line).or(decision.doubt)
            && self.body_matters(matters)
        {
            self.model.unknown.push(unknown);
        }
        if decision.holds {
            self.push_section(section, line.place, true, self.current_scope());
        } else {
            self.skip(line, section);
        }
    }

    /// Conditions of the form `[!]ARGUMENT`; `Err`: httpd refuses it.
    fn argument_holds(&mut self, line: &LogicalLine, condition: Condition, rest: usize) -> Result<Decision, String> {
        let text = line.bytes();
        let Some(end) = memchr::memrchr(b'>', &text[rest..]).map(|length| rest + length) else {
            return Err("<> directive missing closing '>'".to_owned());
        };
        let not = text[rest..end].starts_with(b"!");
        let word = next_word(&text[..end], rest + usize::from(not));
        let argument = word.map(|word| word.value(&text[..end])).unwrap_or_default();
        if argument.is_empty() {
            return Err("<> directive requires additional arguments".to_owned());
        }
        let mut decision = self.test_condition(line, condition, &argument);
        decision.holds = decision.holds != not;
        Ok(decision)
    }

    fn test_condition(&mut self, line: &LogicalLine, condition: Condition, argument: &[u8]) -> Decision {
        let shown = String::from_utf8_lossy(argument);
        match condition {
            Condition::Module => match self.modules.has(&shown) {
                Some(holds) => Decision::sure(holds),
                None => Decision::doubt(
                    line,
                    Topic::about("compiled-in", shown.to_string()),
                    format!("whether {shown} was compiled into httpd is not known here"),
                    "audit the host itself, or a whole copy of it, so that its distribution is known",
                ),
            },
            Condition::Define if self.variables.is_defined(argument) => Decision::sure(true),
            Condition::Define if self.defines_known => Decision::sure(false),
            Condition::Define => Decision::doubt(
                line,
                Topic::about("defined", shown.to_string()),
                format!("whether httpd is started with -D {shown} is not known"),
                format!("say it with --define {shown}, or with --define '' if it is not"),
            ),
            Condition::File => {
                let file = files::absolute(&self.server_root, argument);
                let by = self.files_of(line);
                let is_hidden = self.is_hidden(&by, argument, &file);
                let is_there = !is_hidden && self.system().kind(&file).is_ok();
                // Whoever can make it decides what httpd reads the next time.
                self.model.reach.includes.insert(file);
                if is_hidden {
                    return Decision::doubt(
                        line,
                        Topic::about("hidden-file", shown.to_string()),
                        format!("whether {shown} is there is not for everybody who can write this condition to know"),
                        "check that section by hand",
                    );
                }
                Decision::sure(is_there)
            }
            Condition::Directive | Condition::Section => {
                let mut name = shown.to_ascii_lowercase();
                if condition == Condition::Section {
                    name.insert(0, '<');
                }
                match self.modules.knows(&name) {
                    Some(known) => Decision::sure(known),
                    None => Decision::doubt(
                        line,
                        Topic::about("module-knows", shown.to_string()),
                        format!("whether a loaded module brings {shown} is not known"),
                        "check that section by hand",
                    ),
                }
            }
            Condition::Version => Decision::sure(false),
        }
    }

    /// `<IfVersion [[!]OPERATOR] VERSION>`; `Err`: httpd refuses it.
    fn version_holds(&self, line: &LogicalLine, rest: usize) -> Result<Decision, String> {
        let text = line.bytes();
        let mut words: Vec<Vec<u8>> = split(text, rest).iter().take(3).map(|word: &Word| word.value(text)).collect();
        // As the first word, `>` is an operator.
        let closed = (0..words.len()).find(|i| words[*i].ends_with(b">") && !(*i == 0 && words[0] == b">"));
        let Some(closed) = closed else { return Err("<> directive missing closing '>'".to_owned()) };
        words.truncate(closed + 1);
        if let Some(last) = words.last_mut() {
            last.pop();
        }
        words.retain(|word| !word.is_empty());
        let (operator, version) = match words.as_slice() {
            [version] => (&b"="[..], version),
            [operator, version] => (operator.as_slice(), version),
            _ => return Err("<> directive requires additional arguments".to_owned()),
        };
        let (not, operator) = match operator {
            [b'!', rest @ ..] if !rest.is_empty() => (true, rest),
            operator => (false, operator),
        };
        let Some(release) = self.world.facts.of(ID).release.value else {
            let what = "the version of httpd is not known, and this section depends on it".to_owned();
            return Ok(Decision::doubt(line, Topic::of("server-version"), what, "say it with --assume apache=2.4.NN"));
        };
        let Some(holds) = compare(operator, version, release)? else {
            let what = format!("the regular expression of <> can't be evaluated here: {}", version.escape_ascii());
            return Ok(Decision::doubt(
                line,
                Topic::of("regular-expression"),
                what,
                "write a simpler one, or compare the version",
            ));
        };
        Ok(Decision::sure(holds != not))
    }

    /// Skips the body of a condition that does not hold. Sections in it have to balance, nothing else is looked at.
    fn skip(&mut self, head: &LogicalLine, section: &[u8]) {
        let mut open: Vec<Vec<u8>> = vec![section.to_owned()];
        while let Some(line) = self.next_line() {
            let text = line.bytes();
            let Some(word) = next_word(text, 0) else { continue };
            let name = word.value(text);
            match name.as_slice() {
                [b'<', b'/', name @ ..] => {
                    // httpd drops the last byte, whatever it is.
                    let name = &name[..name.len().saturating_sub(1)];
                    let expected = open.pop().unwrap_or_default();
                    if !expected.eq_ignore_ascii_case(name) {
                        let (expected, name) = (expected.escape_ascii(), name.escape_ascii());
                        self.model.complain_of_syntax(line.place, format!("expected </{expected}> but saw </{name}>"));
                        if name.to_string().eq_ignore_ascii_case(&section.escape_ascii().to_string()) {
                            return;
                        }
                    }
                    if open.is_empty() {
                        return;
                    }
                }
                [b'<', name @ ..] => open.push(name.strip_suffix(b">").unwrap_or(name).to_owned()),
                _ => {}
            }
        }
        let expected = open.last().map(|name| name.escape_ascii().to_string()).unwrap_or_default();
        self.model.complain_of_syntax(head.place, format!("expected </{expected}> before end of configuration"));
    }
}

/// Does the comparison hold? `None`: its regular expression can't be evaluated here; `Err`: httpd refuses it.
fn compare(operator: &[u8], version: &[u8], release: Release) -> Result<Option<bool>, String> {
    let regex = |pattern: &[u8]| {
        let pattern = std::str::from_utf8(pattern).ok().filter(|pattern| !is_broken(pattern));
        let pattern = pattern.ok_or("unable to compile the regular expression of <>")?;
        Ok(cased_expression(pattern).map(|pattern| pattern.is_match(release.to_string().as_bytes())))
    };
    let order = || numbers(version).map(|numbers| release.numbers.cmp(&numbers));
    let holds = match operator {
        b"~" => return regex(version),
        b"=" | b"==" => match version {
            [b'/', pattern @ .., b'/'] => return regex(pattern),
            _ => order()? == Ordering::Equal,
        },
        b">" => order()? == Ordering::Greater,
        b"<" => order()? == Ordering::Less,
        b">=" => order()? != Ordering::Less,
        b"<=" => order()? != Ordering::Greater,
        _ => return Err(format!("unrecognized operator '{}' in <>", operator.escape_ascii())),
    };
    Ok(Some(holds))
}

/// Up to three numbers; missing ones are 0.
fn numbers(version: &[u8]) -> Result<[u32; 3], String> {
    let wrong = || format!("version '{}' in <> is not a version number", version.escape_ascii());
    let text = std::str::from_utf8(version).map_err(|_| wrong())?;
    let mut numbers = [0; 3];
    for (i, part) in text.split('.').enumerate() {
        let number = numbers.get_mut(i).ok_or_else(wrong)?;
        *number = part.parse().map_err(|_| wrong())?;
    }
    Ok(numbers)
}

/// Can a directive of that lower-case name change which versions are offered where?
fn matters(name: &[u8]) -> bool {
    const MATTERS: &[&str] = &[
        "<virtualhost",
        "define",
        "include",
        "includeoptional",
        "listen",
        "protocol",
        "serveralias",
        "servername",
        "serverroot",
        "undefine",
        "use",
    ];
    std::str::from_utf8(name).is_ok_and(|name| {
        let name = name.trim_end_matches('>');
        MATTERS.contains(&name) || is_ssl_directive(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let release = Release::new(2, 4, 9);
        let holds = |operator: &str, version: &str| compare(operator.as_bytes(), version.as_bytes(), release);
        for (operator, version, expected) in [
            (">=", "2.4", true),
            ("=", "2.4", false),
            (">", "2.4.10", false),
            ("<", "2.4.10", true),
            ("<=", "2.4.9", true),
            ("=", "/^2\\.4\\./", true),
            ("~", "^2.2", false),
        ] {
            assert_eq!(holds(operator, version), Ok(Some(expected)), "{operator} {version}");
        }
        assert!(holds("=", "x").is_err());
        assert!(holds("=>", "2.4").is_err());
        assert!(holds("~", "(").is_err());
        assert_eq!(holds("~", r"\pL{60}"), Ok(None));
    }

    #[test]
    fn what_matters_for_tls() {
        assert!([&b"sslprotocol"[..], b"<virtualhost", b"use", b"listen"].iter().all(|name| matters(name)));
        assert!([&b"customlog"[..], b"<directory", b"loadmodule"].iter().all(|name| !matters(name)));
    }
}
