//! Waivers: what somebody decided to live with, for how long, and why. In the policy, or in a comment of a
//! configuration file: `# tlsmend: allow forbidden-version until 2027-01-31: reason`.

use super::scope::Scope;
use super::spelling::{list, quoted, suggest};
use crate::catalog;
use crate::finding::{Waived, WaiverPlace};
use crate::tls::{Version, VersionSet};
use jiff::civil::Date;
use std::ops::Range;

/// How a comment begins that is for this program, in whatever case; a colon follows.
const MARK: &str = "tlsmend";

/// A waiver of the policy file.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rules whose findings it covers.
    pub rules: Vec<&'static str>,
    /// What it is about.
    pub scope: Scope,
    /// Its terms.
    pub terms: Terms,
    /// Its line in the policy file, from 1.
    pub line: u32,
    /// The rest of that line from its first key on, as byte offsets in the text of the policy file.
    pub range: Range<usize>,
}

/// What a waiver says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// The versions that it is about; a finding about any other one is not covered.
    pub versions: Option<VersionSet>,
}

impl Terms {
    /// Is its last day over?
    pub fn is_over(&self, day: Date) -> bool {
        self.until.is_some_and(|until| day > until)
    }

    /// How long it holds: without a last day longer than any day.
    pub fn life(&self) -> impl Ord + use<> {
        (self.until.is_none(), self.until)
    }

    /// Is it about all of these versions?
    pub fn cover(&self, versions: VersionSet) -> bool {
        self.versions.is_none_or(|own| versions.is_subset(own))
    }

    /// What is said of a finding that it covers.
    pub fn waived(&self, place: WaiverPlace) -> Waived {
        Waived {
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            until: self.until.map(|until| until.to_string()),
            place,
        }
    }
}

/// The rules that can be waived.
pub(super) fn rules() -> Vec<&'static str> {
    catalog::RULES.iter().filter(|rule| rule.is_waivable).map(|rule| rule.id.0).collect()
}

/// The rule of that name; `Err` says what is wrong with it, and what would be right.
pub(super) fn rule(name: &str) -> Result<&'static str, (String, String)> {
    let known = rules();
    match known.iter().find(|known| **known == name) {
        Some(known) => Ok(known),
        None if catalog::find(name).is_some() => {
            let help = "turn it off with `severity` where it is not wanted".to_owned();
            Err((format!("{} can't be waived", quoted(name)), help))
        }
        None => {
            let help = suggest(name, &known).unwrap_or_else(|| format!("the rules are {}", list(&known)));
            Err((format!("unknown rule {}", quoted(name)), help))
        }
    }
}

/// A date, written `2027-01-31`.
pub(super) fn date(text: &str) -> Option<Date> {
    let shape = |(i, b): (usize, u8)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() };
    (text.len() == 10 && text.bytes().enumerate().all(shape)).then(|| text.parse().ok())?
}

/// May a file have comments for this program? Most have none, and are not searched for comments at all.
pub fn is_marked(bytes: &[u8]) -> bool {
    // The rarest letter of the word.
    const AT: usize = 3;
    memchr::memchr2_iter(b'm', b'M', bytes).any(|at| {
        let start = at.checked_sub(AT);
        let word = start.and_then(|start| bytes.get(start..start + MARK.len()));
        word.is_some_and(|word| word.eq_ignore_ascii_case(MARK.as_bytes()))
    })
}

/// Reads a comment, its mark (`#`) taken away. `None`: it is not for this program; `Err` says what is wrong with it.
pub fn comment(text: &str) -> Option<Result<(Vec<&'static str>, Terms), String>> {
    let text = text.trim_start_matches('#').trim();
    let (mark, rest) = text.split_at_checked(MARK.len())?;
    // Whoever writes `TLSMEND :` means it, and nobody else says so if that is passed over.
    let text = rest.trim_start().strip_prefix(':').filter(|_| mark.eq_ignore_ascii_case(MARK))?.trim_start();
    Some(allowance(text).map_err(|(message, help)| format!("{message}; {help}")))
}

const FORM: &str = "write `# tlsmend: allow RULE until YYYY-MM-DD: reason`";

fn allowance(text: &str) -> Result<(Vec<&'static str>, Terms), (String, String)> {
    let form = |message: &str| (message.to_owned(), FORM.to_owned());
    let rest = text.strip_prefix("allow").filter(|rest| rest.starts_with([' ', '\t', ':']));
    let rest = rest.ok_or_else(|| form("this comment says nothing that is understood"))?;
    let (head, reason) = rest.split_once(':').ok_or_else(|| form("a waiver needs a reason"))?;
    if reason.trim().is_empty() {
        return Err(form("a waiver needs a reason"));
    }
    let mut words = head.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let mut rules = Vec::new();
    let (mut until, mut versions) = (None, None::<VersionSet>);
    while let Some(word) = words.next() {
        if word == "until" {
            let day = words.next().ok_or_else(|| form("the date after `until` is missing"))?;
            until = Some(date(day).ok_or_else(|| form(&format!("{} is not a date", quoted(day))))?);
            if let Some(more) = words.next() {
                return Err(form(&format!("{} is not expected after the date", quoted(more))));
            }
        } else if let Some(version) = Version::from_name(word.as_bytes()) {
            versions = Some(versions.unwrap_or_default().with(version));
        } else if let Some(help) = suggest(word, &Version::ALL.map(Version::name)) {
            return Err((format!("unknown version {}", quoted(word)), help));
        } else {
            rules.push(rule(word)?);
        }
    }
    if rules.is_empty() {
        return Err(form("a waiver names the rules that it is about"));
    }
    Ok((rules, Terms { reason: reason.trim().to_owned(), owner: None, until, versions }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments() {
        let read = |text: &str| comment(text).map(|read| read.map(|(rules, terms)| (rules, terms.until, terms.reason)));
        let until = Some(jiff::civil::date(2027, 1, 31));
        let good =
            read("# tlsmend: allow forbidden-version until 2027-01-31: old tills: two of them").unwrap().unwrap();
        assert_eq!(good, (vec!["forbidden-version"], until, "old tills: two of them".to_owned()));
        let good = read("## tlsmend:allow forbidden-version, missing-version : x").unwrap().unwrap();
        assert_eq!(good, (vec!["forbidden-version", "missing-version"], None, "x".to_owned()));
        let narrow = comment("# tlsmend: allow forbidden-version TLSv1, TLSv1.1: x").unwrap().unwrap().1;
        assert_eq!(narrow.versions, Some(VersionSet::of(&[Version::Tls1, Version::Tls1_1])));
        for mark in ["TLSMEND:", "tlsmend :", "TlsMend\t:"] {
            let text = format!("# {mark} allow unknown: x");
            assert!(is_marked(text.as_bytes()), "{mark}");
            assert_eq!(read(&text).unwrap().unwrap(), (vec!["unknown"], None, "x".to_owned()), "{mark}");
        }
        assert_eq!(read("# about tlsmend: allow"), None);
        assert_eq!(read("# tlsmend changed this: see below"), None);
        for text in ["", "m", "tls", "tlsmen", "send", "tlsmen tlsm end"] {
            assert!(!is_marked(text.as_bytes()), "{text}");
        }
        assert!(is_marked(b"x mm tlsmend") && is_marked(b"tlsmend"));
        for (text, message) in [
            ("# tlsmend: allow forbidden-version", "a waiver needs a reason"),
            ("# tlsmend: allow forbidden-version:  ", "a waiver needs a reason"),
            ("# tlsmend: allow: because", "names the rules"),
            ("# tlsmend: allow forbiden-version: x", "did you mean `forbidden-version`?"),
            ("# tlsmend: allow expired-waiver: x", "can't be waived"),
            ("# tlsmend: allow unknown until 2027-02-30: x", "`2027-02-30` is not a date"),
            ("# tlsmend: allow unknown until: x", "the date after `until` is missing"),
            ("# tlsmend: allow forbidden-version tlsv1: x", "unknown version `tlsv1`; did you mean `TLSv1`?"),
            ("# TLSMEND : allowed", "nothing that is understood"),
            ("# tlsmend: allow unknown until 2027-1-3: x", "is not a date"),
            ("# tlsmend: allow unknown until 2027-01-03 or so: x", "not expected after the date"),
            ("# tlsmend: allowed unknown: x", "nothing that is understood"),
            ("# tlsmend: ", "nothing that is understood"),
        ] {
            let error = read(text).unwrap().unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
