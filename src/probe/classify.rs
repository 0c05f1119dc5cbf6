//! What a reply means for the version that was asked for.

use super::hello;
use super::key::Agreement;
use super::reason::{NO_PROTOCOL, Reason};
use super::reply::{Choice, Reply};
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
    /// The version is not spoken, whatever the suites.
    No(Reason),
    /// None of these suites, or not the version.
    NoneOfThese(u8),
    /// Nothing that decides.
    Odd(Reason),
}

/// Reads a reply to a hello of `version` with `suites`.
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
    let Some(got) = hello::from_wire(choice.version) else {
        return Said::Odd(Reason::Violation("a version was chosen that does not exist"));
    };
    if got < version {
        return Said::No(Reason::LowerVersion(got));
    }
    if got > version {
        return Said::Odd(Reason::Violation("a version was chosen that was not offered"));
    }
    if !suites.contains(&choice.suite) {
        return Said::Odd(Reason::Violation("a suite was chosen that was not offered"));
    }
    Said::Chosen(Hit { suite: choice.suite, key: choice.key, compression: choice.compression })
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
        let lower = |version| Said::No(Reason::LowerVersion(version));
        let unoffered = Reason::Violation("a suite was chosen that was not offered");
        assert_eq!(say(choice(0x0303, 0x009c)), Said::Chosen(hit));
        assert_eq!(say(choice(0x0301, 0x002f)), lower(Version::Tls1));
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
}
