//! The commands that set versions: `MinProtocol`, `MaxProtocol`, `Protocol`.

use crate::tls::{Version, VersionSet};

/// What a command does to the set of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionCommand {
    /// `MinProtocol`; `None`: no limit
    Min(Option<Version>),
    /// `MaxProtocol`; `None`: no limit
    Max(Option<Version>),
    /// `Protocol`: versions that are switched on or off, in this order
    Switch(Vec<(bool, VersionSet)>),
}

/// What the word `ALL` stands for (`SSL_OP_NO_SSL_MASK`).
const ALL: VersionSet = VersionSet::TLS.with(Version::Ssl3);

impl VersionCommand {
    /// Reads a command; `None`: it does not touch the versions of TLS, as a limit for DTLS does not. The error is the word
    /// that no library knows.
    pub fn read<'v>(name: &str, value: &'v str) -> Option<Result<VersionCommand, &'v str>> {
        let limit = || match Version::from_name(value.as_bytes()) {
            _ if value == "None" => Ok(None),
            Some(Version::Ssl2) | None => Err(value),
            version => Ok(version),
        };
        match name.to_ascii_lowercase().as_str() {
            "minprotocol" | "maxprotocol" if is_dtls(value) => None,
            "minprotocol" => Some(limit().map(VersionCommand::Min)),
            "maxprotocol" => Some(limit().map(VersionCommand::Max)),
            "protocol" => {
                let (switches, unknown) = VersionCommand::read_switches(value);
                Some(unknown.map_or(Ok(VersionCommand::Switch(switches)), Err))
            }
            _ => None,
        }
    }

    /// The switches of a list up to the first word that is none, and that word: those before it are carried out.
    pub fn read_switches(list: &str) -> (Vec<(bool, VersionSet)>, Option<&str>) {
        let mut switches = Vec::new();
        for word in list.split(',') {
            match read_switch(word) {
                Some(switch) => switches.push(switch),
                None => return (switches, Some(word.trim_ascii())),
            }
        }
        (switches, None)
    }

    /// Applies it to a set.
    #[must_use]
    pub fn apply(&self, set: VersionSet) -> VersionSet {
        match self {
            VersionCommand::Min(low) => set.and(VersionSet::range(low.unwrap_or(Version::Ssl2), Version::Tls1_3)),
            VersionCommand::Max(high) => set.and(VersionSet::range(Version::Ssl2, high.unwrap_or(Version::Tls1_3))),
            VersionCommand::Switch(switches) => switches.iter().fold(set, |set, (on, versions)| match on {
                true => set.union(*versions),
                false => set.minus(*versions),
            }),
        }
    }

    /// What it leaves or adds by itself: a limit, of all versions of TLS; switches, to none.
    pub fn alone(&self) -> VersionSet {
        match self {
            VersionCommand::Min(_) | VersionCommand::Max(_) => self.apply(VersionSet::TLS),
            VersionCommand::Switch(_) => self.apply(VersionSet::EMPTY).and(VersionSet::TLS),
        }
    }
}

/// A word of `Protocol`: `-TLSv1`, `TLSv1.2`, `ALL`.
pub(crate) fn read_switch(word: &str) -> Option<(bool, VersionSet)> {
    let word = word.trim_ascii();
    let (on, name) = match word.strip_prefix('-') {
        Some(name) => (false, name),
        None => (true, word.strip_prefix('+').unwrap_or(word)),
    };
    let version = match name.to_ascii_lowercase().as_str() {
        "all" => return Some((on, ALL)),
        // SSL_OP_NO_DTLSv1 is SSL_OP_NO_TLSv1, and so on.
        "dtlsv1" => Version::Tls1,
        "dtlsv1.2" => Version::Tls1_2,
        _ => Version::from_name_ignore_case(name.as_bytes())?,
    };
    Some((on, VersionSet::of(&[version])))
}

/// Is a value the name of a version of DTLS?
pub(super) fn is_dtls(value: &str) -> bool {
    matches!(value, "DTLSv1" | "DTLSv1.2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_switches() {
        let read = |name, value| VersionCommand::read(name, value);
        assert_eq!(read("minprotocol", "TLSv1.2"), Some(Ok(VersionCommand::Min(Some(Version::Tls1_2)))));
        assert_eq!(read("MaxProtocol", "None"), Some(Ok(VersionCommand::Max(None))));
        assert_eq!(read("MinProtocol", "DTLSv1.2"), None);
        for wrong in ["1.2", "tlsv1.2", "SSLv2", "", " TLSv1", "DTLSv1.3"] {
            assert_eq!(read("MinProtocol", wrong), Some(Err(wrong)));
        }
        assert_eq!(read("CipherString", "ALL"), None);
        let applied = |list, set| read("Protocol", list).and_then(Result::ok).map(|command| command.apply(set));
        assert_eq!(applied("-DTLSv1", VersionSet::TLS), Some(VersionSet::TLS.without(Version::Tls1)));
        assert_eq!(applied("-ALL, +TLSv1.2,TLSv1.3", VersionSet::ALL), Some(VersionSet::MODERN.with(Version::Ssl2)));
        assert_eq!(applied("-SSLv2,-SSLv3", VersionSet::TLS), Some(VersionSet::TLS));
        assert_eq!(applied("all", VersionSet::EMPTY), Some(ALL));
        assert_eq!(read("Protocol", "-TLSv1,bogus,-ALL"), Some(Err("bogus")));
        let before = VersionCommand::read_switches("-TLSv1,bogus,-ALL").0;
        assert_eq!(before, [(false, VersionSet::of(&[Version::Tls1]))]);
        for wrong in ["", "- TLSv1", "--TLSv1", "-", "TLSv1.3,"] {
            assert!(matches!(read("Protocol", wrong), Some(Err(_))), "{wrong}");
        }
    }
}
