//! What a reply means for the version that was asked for.

use super::hello;
use super::key::Agreement;
use super::reason::{NO_PROTOCOL, Reason};
use super::reply::{Choice, Reply};
use super::suites::Suite;
use crate::tls::Version;

/// A suite that the server chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The suite's number.
    pub suite: u16,
    /// How keys are agreed upon, as far as the server told.
    pub key: Option<Agreement>,
    /// The compression method; 0: none.
    pub compression: u8,
}

/// What a server said about a version and some suites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The version is spoken, with this suite.
    Chosen(Hit),
    /// SSLv2 is spoken, with these kinds of cipher.
    Ssl2(Vec<&'static str>),
    /// An older version is spoken instead; with this suite, if it was offered.
    Lower(Version, Option<Hit>),
    /// The version is not spoken, whatever the suites.
    No(Reason),
    /// None of these suites, or not the version.
    NoneOfThese(u8),
    /// Nothing that decides.
    Odd(Reason),
}

impl Said {
    /// Does it refuse the version, or the suites?
    pub(super) fn is_no(&self) -> bool {
        matches!(self, Said::Lower(..) | Said::No(_) | Said::NoneOfThese(_))
    }
}

/// Reads a reply to a hello of `version` with `suites`: all that it offers, for older versions too.
pub(super) fn classify(version: Version, suites: &[u16], reply: Reply) -> Said {
    match reply {
        Reply::Chosen(choice) => chosen(version, suites, *choice),
        Reply::Ssl2(kinds) if kinds.is_empty() => Said::Odd(Reason::Violation("SSLv2 without a kind of cipher")),
        Reply::Ssl2(kinds) => Said::Ssl2(kinds),
        Reply::Ssl2Error(error) => Said::No(Reason::Ssl2Error(error)),
        Reply::Alert(70) => Said::No(Reason::Alert(70)),
        Reply::Alert(alert @ (40 | 71)) => Said::NoneOfThese(alert),
        Reply::Alert(alert @ 112) => Said::Odd(Reason::Name(alert)),
        Reply::Alert(alert @ (41..=46 | 48 | 49 | 115 | 116)) => Said::Odd(Reason::Client(alert)),
        // SSLv3 has no extension to offer one in.
        Reply::Alert(NO_PROTOCOL) if version > Version::Ssl3 => Said::Odd(Reason::Protocol),
        Reply::Alert(alert) => Said::Odd(Reason::Alert(alert)),
        Reply::Closed => Said::Odd(Reason::Closed),
        Reply::Reset => Said::Odd(Reason::Reset),
        Reply::Truncated => Said::Odd(Reason::Truncated),
        Reply::Timeout => Said::Odd(Reason::Timeout),
        Reply::NotTls(bytes) => Said::Odd(Reason::NotTls(bytes)),
        Reply::Violation(what) => Said::Odd(Reason::Violation(what)),
    }
}

fn chosen(version: Version, suites: &[u16], choice: Choice) -> Said {
    // SSLv2 has no such message.
    let Some(got) = hello::from_wire(choice.version).filter(|got| *got > Version::Ssl2) else {
        return Said::Odd(Reason::Violation("a version was chosen that does not exist"));
    };
    // Clients of old versions pass over that extension or end the handshake: what they would get nobody knows.
    if choice.is_extended && version < Version::Tls1_3 {
        return Said::Odd(Reason::Violation("the version stands in an extension that was not offered"));
    }
    if got > version {
        return Said::Odd(Reason::Violation("a version was chosen that was not offered"));
    }
    if choice.is_extended && got < Version::Tls1_3 {
        return Said::Odd(Reason::Violation("an older version stands in the extension of TLSv1.3"));
    }
    let is_of_1_3 = Suite::of(choice.suite).is_some_and(|suite| suite.is_tls1_3());
    let is_offered = suites.contains(&choice.suite) && is_of_1_3 == (got == Version::Tls1_3);
    let hit = Hit { suite: choice.suite, key: choice.key, compression: choice.compression };
    match got < version {
        true => Said::Lower(got, is_offered.then_some(hit)),
        false if is_offered => Said::Chosen(hit),
        false => Said::Odd(Reason::Violation("a suite was chosen that was not offered")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(version: u16, suite: u16) -> Reply {
        Reply::Chosen(Box::new(Choice { version, suite, ..Choice::default() }))
    }

    #[test]
    fn each_row_of_the_table() {
        let say = |reply| classify(Version::Tls1_2, &[0x009c, 0x009d], reply);
        let hit = Hit { suite: 0x009c, key: None, compression: 0 };
        let unoffered = Reason::Violation("a suite was chosen that was not offered");
        assert_eq!(say(choice(0x0303, 0x009c)), Said::Chosen(hit.clone()));
        assert_eq!(say(choice(0x0301, 0x002f)), Said::Lower(Version::Tls1, None));
        assert_eq!(say(choice(0x0301, 0x009c)), Said::Lower(Version::Tls1, Some(hit.clone())));
        assert!(matches!(say(choice(0x0002, 0x009c)), Said::Odd(Reason::Violation(_))));
        assert_eq!(say(choice(0x0303, 0x002f)), Said::Odd(unoffered.clone()));
        assert_eq!(say(choice(0x0303, 0x00ff)), Said::Odd(unoffered));
        assert!(matches!(say(choice(0x0304, 0x009c)), Said::Odd(Reason::Violation(_))));
        assert!(matches!(say(choice(0x7f17, 0x009c)), Said::Odd(Reason::Violation(_))));
        assert_eq!(say(Reply::Alert(70)), Said::No(Reason::Alert(70)));
        assert_eq!(say(Reply::Alert(40)), Said::NoneOfThese(40));
        assert_eq!(say(Reply::Alert(71)), Said::NoneOfThese(71));
        assert_eq!(say(Reply::Alert(112)), Said::Odd(Reason::Name(112)));
        assert_eq!(say(Reply::Alert(116)), Said::Odd(Reason::Client(116)));
        assert_eq!(say(Reply::Alert(80)), Said::Odd(Reason::Alert(80)));
        assert_eq!(say(Reply::Alert(120)), Said::Odd(Reason::Protocol));
        let old = classify(Version::Ssl3, &[0x002f], Reply::Alert(120));
        assert_eq!(old, Said::Odd(Reason::Alert(120)));
        assert_eq!(say(Reply::Timeout), Said::Odd(Reason::Timeout));
        assert_eq!(say(Reply::Closed), Said::Odd(Reason::Closed));
    }

    #[test]
    fn a_version_in_an_extension_is_for_tls_1_3_alone() {
        let extended = |asked, version, suite| {
            let choice = Choice { version, suite, is_extended: true, ..Choice::default() };
            classify(asked, &[0x1301, 0x002f], Reply::Chosen(Box::new(choice)))
        };
        assert!(matches!(extended(Version::Tls1_3, 0x0304, 0x1301), Said::Chosen(_)));
        for (asked, version) in [(Version::Tls1, 0x0300), (Version::Tls1, 0x0301), (Version::Tls1_3, 0x0302)] {
            let said = extended(asked, version, 0x002f);
            assert!(matches!(said, Said::Odd(Reason::Violation(_))), "{asked} {version:x}: {said:?}");
        }
        // A suite of TLS 1.3 with an older version, and the other way around.
        assert!(matches!(extended(Version::Tls1_3, 0x0304, 0x002f), Said::Odd(Reason::Violation(_))));
    }
}
