//! Waivers: what somebody decided to live with, for how long, and why. In the policy, or in a comment of a
//! configuration file: `# tlsmend: allow forbidden-version until 2027-01-31: reason`.

use super::scope::Scope;
use super::severity::{RULES, WAIVER_RULES};
use super::spelling::{list, quoted, suggest};
use crate::tls::{Version, VersionSet};
use jiff::civil::Date;
use std::ops::Range;

/// How a comment begins that is for this program.
pub const MARK: &str = "tlsmend:";

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

/// The rules that can be waived.
pub(super) fn rules() -> Vec<&'static str> {
    RULES.iter().map(|(name, _)| *name).filter(|name| !WAIVER_RULES.contains(name)).collect()
}

/// The rule of that name; `Err` says what is wrong with it, and what would be right.
pub(super) fn rule(name: &str) -> Result<&'static str, (String, String)> {
    let known = rules();
    match known.iter().find(|known| **known == name) {
        Some(known) => Ok(known),
        None if WAIVER_RULES.contains(&name) => {
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

/// Reads a comment, its mark (`#`) taken away. `None`: it is not for this program; `Err` says what is wrong with it.
pub fn comment(text: &str) -> Option<Result<(Vec<&'static str>, Terms), String>> {
    let text = text.trim_start_matches('#').trim().strip_prefix(MARK)?.trim_start();
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
            let day = words.next().unwrap_or_default();
            until = Some(date(day).ok_or_else(|| form(&format!("{} is not a date", quoted(day))))?);
            if let Some(more) = words.next() {
                return Err(form(&format!("{} is not expected after the date", quoted(more))));
            }
        } else if let Some(version) = Version::from_name(word.as_bytes()) {
            versions = Some(versions.unwrap_or_default().with(version));
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
        let read = |text| comment(text).map(|read| read.map(|(rules, terms)| (rules, terms.until, terms.reason)));
        let until = Some(jiff::civil::date(2027, 1, 31));
        let good =
            read("# tlsmend: allow forbidden-version until 2027-01-31: old tills: two of them").unwrap().unwrap();
        assert_eq!(good, (vec!["forbidden-version"], until, "old tills: two of them".to_owned()));
        let good = read("## tlsmend:allow forbidden-version, missing-version : x").unwrap().unwrap();
        assert_eq!(good, (vec!["forbidden-version", "missing-version"], None, "x".to_owned()));
        let narrow = comment("# tlsmend: allow forbidden-version TLSv1, TLSv1.1: x").unwrap().unwrap().1;
        assert_eq!(narrow.versions, Some(VersionSet::of(&[Version::Tls1, Version::Tls1_1])));
        assert_eq!(read("# about tlsmend: allow"), None);
        for (text, message) in [
            ("# tlsmend: allow forbidden-version", "a waiver needs a reason"),
            ("# tlsmend: allow forbidden-version:  ", "a waiver needs a reason"),
            ("# tlsmend: allow: because", "names the rules"),
            ("# tlsmend: allow forbiden-version: x", "did you mean `forbidden-version`?"),
            ("# tlsmend: allow expired-waiver: x", "can't be waived"),
            ("# tlsmend: allow unknown until 2027-02-30: x", "`2027-02-30` is not a date"),
            ("# tlsmend: allow unknown until: x", "is not a date"),
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
