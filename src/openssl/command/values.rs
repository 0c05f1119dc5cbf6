//! Which values of commands a library refuses. Cipher lists are read in [`super::super::library`], files by those who can see
//! them.

use super::super::cipher_list::Refused;
use super::super::{groups, security, signatures};
use super::Caller;
use super::versions::{VersionCommand, is_dtls};
use super::words::{refuse_modes, refuse_options};
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// The record size of TLS, in bytes, to which padding can go.
const LARGEST_RECORD: i64 = 16_384;
/// Since then `RecordPadding` may be two numbers, and must be numbers.
const STRICT_PADDING: Release = Release::new(3, 4, 0);

/// Does a library take the value of a command that it has? `foreign`: other providers may add groups and algorithms.
pub(crate) fn refuse_value(
    name: &str,
    value: &str,
    caller: Caller,
    release: Option<Release>,
    foreign: bool,
) -> Result<(), Refused> {
    let bad = || Err(Refused::Invalid(format!("bad value \"{value}\"")));
    match (name.to_ascii_lowercase().as_str(), release) {
        ("options", _) => refuse_options(value, caller, release),
        ("verifymode", _) => refuse_modes(value, caller, release),
        ("minprotocol" | "maxprotocol" | "protocol", _) => refuse_versions(name, value, release),
        ("numtickets", _) if read_integer(value) < 0 => bad(),
        ("recordpadding", _) => refuse_padding(value, release),
        ("ecdhparameters", _) if is_automatic(value) => Ok(()),
        ("ecdhparameters", _) if value.contains(':') => bad(),
        // What the oldest of today takes, all of them take.
        (_, None) => match refuse_value(name, value, caller, Some(Release::new(3, 0, 0)), foreign) {
            Err(_) => Err(Refused::Unknown),
            Ok(()) => Ok(()),
        },
        ("ciphersuites", Some(release)) => {
            let is_refused = !value.is_empty() && security::suites_of_tls1_3(release, Some(value)).is_empty();
            if is_refused { Err(Refused::Invalid("no cipher match".to_owned())) } else { Ok(()) }
        }
        ("groups" | "curves" | "ecdhparameters", Some(release)) => groups::parse(value, 0, release, foreign).map(drop),
        ("signaturealgorithms" | "clientsignaturealgorithms", Some(release)) => {
            signatures::parse(value, 0, release, foreign).map(drop)
        }
        _ => Ok(()),
    }
}

/// Is it a word of `ECDHParameters` for "the library's own groups"?
pub(crate) fn is_automatic(value: &str) -> bool {
    ["automatic", "+automatic"].iter().any(|word| word.eq_ignore_ascii_case(value))
}

fn refuse_versions(name: &str, value: &str, release: Option<Release>) -> Result<(), Refused> {
    let bad = |word: &str| Err(Refused::Invalid(format!("bad value \"{word}\"")));
    let named = match VersionCommand::read(name, value) {
        Some(Err(word)) => return bad(word),
        // Before 1.1.1h limits for DTLS are refused.
        None if is_dtls(value) => {
            let is_old = release.is_some_and(|r| r < Release { numbers: [1, 1, 1], letter: 8 });
            return if is_old { bad(value) } else { Ok(()) };
        }
        Some(Ok(VersionCommand::Min(limit) | VersionCommand::Max(limit))) => limit.into_iter().collect(),
        Some(Ok(VersionCommand::Switch(switches))) => {
            let single = switches.iter().map(|(_, versions)| *versions).filter(|versions| versions.len() == 1);
            single.fold(VersionSet::EMPTY, VersionSet::union)
        }
        None => VersionSet::EMPTY,
    };
    if named.has(Version::Tls1_3) && release.is_some_and(|r| r < Release::new(1, 1, 1)) {
        return Err(Refused::Invalid("the TLS library has no TLSv1.3".to_owned()));
    }
    Ok(())
}

fn refuse_padding(value: &str, release: Option<Release>) -> Result<(), Refused> {
    let bad = || Err(Refused::Invalid(format!("bad value \"{value}\"")));
    let is_fine = |number: i64| (0..=LARGEST_RECORD).contains(&number);
    let old = is_fine(read_integer(value));
    // What follows a number is passed over there, but there has to be one.
    let has_number = |text: &str| text.trim_ascii_start().starts_with(|c: char| c.is_ascii_digit());
    let has_other_base = |text: &str| {
        let text = text.trim_ascii_start();
        text.len() > 1 && text.starts_with('0')
    };
    let mut parts = value.splitn(2, ',');
    let new = parts.clone().all(|part| has_number(part) && is_fine(read_integer(part)));
    match release {
        Some(release) if release < STRICT_PADDING => {
            if old {
                Ok(())
            } else {
                bad()
            }
        }
        _ if parts.any(has_other_base) => Err(Refused::Unknown),
        None if old != new => Err(Refused::Unknown),
        _ => {
            if new {
                Ok(())
            } else {
                bad()
            }
        }
    }
}

/// A number as atoi(3) reads it, with the overflow of the C library of Linux.
fn read_integer(text: &str) -> i64 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.bytes().take_while(u8::is_ascii_digit);
    let number = digits.fold(0_i64, |number, digit| number.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    i64::from((sign * number) as i32)
}
