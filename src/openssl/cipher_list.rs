//! OpenSSL's cipher lists: `HIGH:!aNULL:!MD5`, `ECDHE+AESGCM:@SECLEVEL=1`.
//!
//! A list is a small program that runs over all suites in a given order: words add suites at the end, `-` takes them
//! out, `+` moves them to the end, `!` forbids them for good, `@` is a command. Words that stand for nothing are
//! passed over in silence. After `ssl_create_cipher_list` and `ssl_cipher_process_rulestr` in OpenSSL 3.0.22, 1.1.1w
//! and 3.6.3; held against `openssl ciphers` by `tests/real/openssl_ciphers.rs`. For 1.0.x the order is not exact.

use super::keywords::{Pattern, lookup};
use super::suites::{GCM, LEGACY, Suite, auth, enc, kx, mac};
use crate::release::Release;
use crate::tls::Version;
use std::cmp::Reverse;

/// What a cipher list comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The suites for TLS 1.2 and older, most wanted first.
    pub suites: Vec<&'static Suite>,
    /// The security level that the list names last.
    pub level: Option<u8>,
}

/// A library that cipher lists are read by.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// OpenSSL's version.
    pub release: Release,
    /// Has it the suites that some builds have and some have not?
    pub optional: bool,
    /// Does openssl.cnf load the legacy provider, which has some old ciphers?
    pub legacy: bool,
    /// Does it know `PROFILE=`? To others it is a word like any that stands for nothing.
    pub has_profiles: Option<bool>,
    /// What `PROFILE=SYSTEM` stands for (Red Hat's OpenSSL).
    pub profile: Option<&'a str>,
}

/// Why there is no selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The list can't be understood from here: it has a variable in it, or a profile that is not known.
    Unknown,
    /// OpenSSL refuses the list, as a lowercase fragment.
    Invalid(String),
}

/// Longer lists are not read; nginx takes 4 KiB at most.
const LONGEST_LIST: usize = 65536;

/// A suite in the making of a selection.
#[derive(Clone, Copy)]
struct ListedSuite {
    suite: &'static Suite,
    active: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Kill,
    Delete,
    Last,
    First,
}

impl Reader<'_> {
    /// What the list comes to. OpenSSL refuses lists that leave no suite.
    pub fn select(self, list: &str) -> Result<Selection, Refused> {
        let expanded = self.expand(list)?;
        let mut slots = self.in_order();
        let mut level = None;
        let list = match expanded.strip_prefix("DEFAULT") {
            Some(rest) => {
                self.run(self.default_list(), &mut slots, &mut level)?;
                rest.strip_prefix(':').unwrap_or(rest)
            }
            None => &expanded,
        };
        self.run(list, &mut slots, &mut level)?;
        let suites: Vec<&'static Suite> = slots.iter().filter(|s| s.active).map(|s| s.suite).collect();
        if suites.is_empty() && list.starts_with("PROFILE=") {
            return Err(Refused::Invalid("only the OpenSSL of Red Hat and its like knows profiles".to_owned()));
        }
        if suites.is_empty() {
            return Err(Refused::Invalid("no cipher suite of the list exists".to_owned()));
        }
        Ok(Selection { suites, level })
    }

    /// The security level that the list names last, refused or not; `Ok(None)`: it names none.
    pub fn level(self, list: &str) -> Result<Option<u8>, Refused> {
        let expanded = self.expand(list)?;
        let rest = expanded.strip_prefix("DEFAULT").unwrap_or(&expanded);
        let mut level = None;
        match self.run(rest, &mut Vec::new(), &mut level) {
            // What stands before the mistake has been carried out.
            Ok(()) | Err(Refused::Invalid(_)) => Ok(level),
            Err(Refused::Unknown) => Err(Refused::Unknown),
        }
    }

    /// Has the library the suite?
    pub(crate) fn has(self, suite: &Suite) -> bool {
        let legacy = suite.enc & LEGACY == 0 || self.has_ciphers(suite.enc);
        legacy && suite.exists(self.release).unwrap_or(self.optional)
    }

    /// Has the library one of the ciphers (0: any)?
    pub(crate) fn has_ciphers(self, ciphers: u32) -> bool {
        let missing = if self.release >= Release::new(3, 0, 0) {
            if self.legacy && self.optional { 0 } else { LEGACY }
        } else if self.optional {
            0
        } else {
            // Debian and others leave it out.
            enc::IDEA
        };
        ciphers == 0 || ciphers & !missing != 0
    }

    /// Replaces what stands for a whole list.
    fn expand(self, list: &str) -> Result<String, Refused> {
        if list.contains(['$', '{', '%', '<']) || list.len() > LONGEST_LIST {
            return Err(Refused::Unknown);
        }
        let (aes128, aes256) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384");
        if let Some(rest) = list.strip_prefix("PROFILE=SYSTEM").filter(|_| self.has_profiles != Some(false)) {
            let profile = self.profile.ok_or(Refused::Unknown)?;
            return Ok(format!("{profile}{rest}"));
        }
        Ok(match list {
            l if l.starts_with("PROFILE=") && self.has_profiles != Some(false) => return Err(Refused::Unknown),
            l if l.starts_with("SUITEB128ONLY") => aes128.to_owned(),
            l if l.starts_with("SUITEB128C2") || l.starts_with("SUITEB192") => aes256.to_owned(),
            l if l.starts_with("SUITEB128") => format!("{aes128}:{aes256}"),
            l => l.to_owned(),
        })
    }

    fn default_list(self) -> &'static str {
        if self.release >= Release::new(1, 1, 0) { "ALL:!COMPLEMENTOFDEFAULT:!eNULL" } else { "ALL:!aNULL:!eNULL" }
    }

    /// All suites of the library in its own order, none active. It starts from the highest number.
    fn in_order(self) -> Vec<ListedSuite> {
        let mut slots: Vec<ListedSuite> = Suite::all()
            .iter()
            .rev()
            .filter(|s| self.has(s))
            .map(|suite| ListedSuite { suite, active: false })
            .collect();
        let all = Pattern::default();
        let ephemeral = Pattern { kx: kx::DHE | kx::ECDHE, ..all };
        let aead = Pattern { mac: mac::AEAD, ..all };
        for (verb, pattern) in [
            (Verb::Add, Pattern { kx: kx::ECDHE, auth: auth::ECDSA, ..all }),
            (Verb::Add, Pattern { kx: kx::ECDHE, ..all }),
            (Verb::Delete, Pattern { kx: kx::ECDHE, ..all }),
            (Verb::Add, Pattern { enc: GCM, ..all }),
            (Verb::Add, Pattern { enc: enc::CHACHA20, ..all }),
            (Verb::Add, Pattern { enc: super::suites::CCM | enc::AES128 | enc::AES256, ..all }),
            (Verb::Add, all),
            (Verb::Last, Pattern { mac: mac::MD5, ..all }),
            (Verb::Last, Pattern { auth: auth::NULL, ..all }),
            (Verb::Last, Pattern { kx: kx::RSA, ..all }),
            (Verb::Last, Pattern { kx: kx::PSK, ..all }),
            (Verb::Last, Pattern { enc: enc::RC4, ..all }),
        ] {
            self.apply(verb, &pattern, &mut slots);
        }
        self.sort_by_strength(&mut slots);
        for (verb, pattern) in [
            (Verb::First, Pattern { since: Some(Version::Tls1_2), ..all }),
            (Verb::First, aead),
            (Verb::First, ephemeral),
            (Verb::First, Pattern { mac: mac::AEAD, ..ephemeral }),
            (Verb::Delete, all),
        ] {
            self.apply(verb, &pattern, &mut slots);
        }
        slots
    }

    fn apply(self, verb: Verb, pattern: &Pattern, slots: &mut Vec<ListedSuite>) {
        let (mut hit, mut rest): (Vec<ListedSuite>, Vec<ListedSuite>) = slots.iter().partition(|slot| {
            let concerned = match verb {
                Verb::Add => !slot.active,
                Verb::Kill => true,
                Verb::Delete | Verb::Last | Verb::First => slot.active,
            };
            concerned && pattern.matches(slot.suite, self.release)
        });
        for slot in &mut hit {
            slot.active = verb != Verb::Delete;
        }
        match verb {
            Verb::Add | Verb::Last => rest.append(&mut hit),
            Verb::Delete | Verb::First => {
                hit.append(&mut rest);
                rest = hit;
            }
            Verb::Kill => {}
        }
        *slots = rest;
    }

    fn sort_by_strength(self, slots: &mut [ListedSuite]) {
        // The inactive ones stay in front, as OpenSSL leaves them there.
        slots.sort_by_key(|slot| (slot.active, slot.active.then(|| Reverse(slot.suite.bits(self.release)))));
    }

    /// Runs the rules of a list.
    fn run(self, list: &str, slots: &mut Vec<ListedSuite>, level: &mut Option<u8>) -> Result<(), Refused> {
        let separator = |c: char| matches!(c, ':' | ' ' | ';' | ',');
        let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
        let invalid = |at: &str| {
            let shown: String = at.chars().take(20).collect();
            Refused::Invalid(format!("the cipher list is not valid from \"{shown}\" on"))
        };
        let mut rest = list;
        while let Some(first) = rest.chars().next() {
            if separator(first) {
                rest = &rest[1..];
                continue;
            }
            let from = rest;
            let verb = match first {
                '!' => Some(Verb::Kill),
                '-' => Some(Verb::Delete),
                '+' => Some(Verb::Last),
                '@' => None,
                _ => Some(Verb::Add),
            };
            if matches!(first, '!' | '-' | '+' | '@') {
                rest = &rest[1..];
            }
            let mut pattern = Some(Pattern::default());
            loop {
                let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
                if length == 0 {
                    return Err(invalid(from));
                }
                let word = &rest[..length];
                rest = &rest[length..];
                if verb.is_none() {
                    self.command(word, slots, level).ok_or_else(|| invalid(from))?;
                    pattern = None;
                    break;
                }
                pattern = lookup(word, self).and_then(|p| pattern.and_then(|all| all.and(&p)));
                match rest.strip_prefix('+') {
                    Some(more) if pattern.is_some() => rest = more,
                    _ => break,
                }
            }
            match (verb, pattern) {
                (Some(verb), Some(pattern)) => self.apply(verb, &pattern, slots),
                _ => rest = &rest[rest.find(separator).unwrap_or(rest.len())..],
            }
        }
        Ok(())
    }

    /// `@STRENGTH` or `@SECLEVEL=n`; `None`: not valid.
    fn command(self, word: &str, slots: &mut [ListedSuite], level: &mut Option<u8>) -> Option<()> {
        if word == "STRENGTH" {
            self.sort_by_strength(slots);
            return Some(());
        }
        let digit = word.strip_prefix("SECLEVEL=")?;
        let known = digit.len() == 1 && self.release >= Release::new(1, 1, 0);
        let value = digit.parse::<u8>().ok().filter(|value| known && *value <= 5)?;
        *level = Some(value);
        Some(())
    }
}
