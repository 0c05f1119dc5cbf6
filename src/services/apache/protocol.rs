//! The arithmetic of `SSLProtocol`.

use crate::host::{Software, Tls13};
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// So many bytes of a word that is no protocol are told: variables may have made megabytes of it.
const LONGEST_SHOWN: usize = 100;

/// What a build of httpd makes of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProtocolRules {
    /// What the build can speak, as far as is known.
    pub(super) all: VersionSet,
    /// Is the library known? If not, an old one may give SSLv3, and versions with a gap between them.
    pub(super) knows_library: bool,
    /// Is only the run of versions served that ends at the highest one? (OpenSSL 1.1.0 and later have but a minimum
    /// and a maximum.)
    pub(super) closes_holes: bool,
    /// From httpd 2.4.42 on, with OpenSSL 1.1.1, the virtual host of the server name has a say; `None`: not known.
    pub(super) versions_by_name: Option<bool>,
    /// Is it not known whether the build has TLSv1.3?
    pub(super) doubts_tls1_3: bool,
    /// From 2.4.64 on `SSLEngine optional` means off; `None`: not known.
    pub(super) optional_is_off: Option<bool>,
}

impl ProtocolRules {
    /// The build of this software; what is not known is taken to be of today.
    pub(super) fn of(apache: &Software) -> ProtocolRules {
        let httpd = apache.release.value;
        let openssl = apache.library.release;
        let with_tls1_3 = httpd.is_none_or(|r| r >= Release::new(2, 4, 36)) || apache.tls1_3 != Tls13::ByVersion;
        let all = apache.library.versions();
        let old = |release: Option<Release>, since| release.is_some_and(|r| r < since);
        let by_name = if old(httpd, Release::new(2, 4, 42)) || old(openssl, Release::new(1, 1, 1)) {
            Some(false)
        } else if httpd.is_some() {
            Some(true)
        } else {
            None
        };
        ProtocolRules {
            all: if with_tls1_3 { all } else { all.without(Version::Tls1_3) },
            knows_library: openssl.is_some(),
            closes_holes: !old(openssl, Release::new(1, 1, 0)),
            doubts_tls1_3: apache.tls1_3 == Tls13::Unknown && all.has(Version::Tls1_3),
            versions_by_name: by_name,
            optional_is_off: httpd.map(|r| r >= Release::new(2, 4, 64)),
        }
    }

    /// What the word `all` stands for, at most.
    pub(super) fn all_words(self) -> VersionSet {
        if self.knows_library { self.all } else { self.all.with(Version::Ssl3) }
    }

    /// The most that can be served of a set that was asked for. Whoever names TLSv1.3 has a library that knows it. SSLv3 is
    /// configured where it is asked for: whether it is served is the library's part.
    pub(super) fn most(self, asked: VersionSet, names_tls1_3: bool) -> VersionSet {
        let ssl3 = asked.and(VersionSet::of(&[Version::Ssl3]));
        let new = self.served(if self.knows_library { asked.and(self.all) } else { asked.without(Version::Ssl3) });
        let most = if self.knows_library || names_tls1_3 { new } else { new.union(asked.without(Version::Tls1_3)) };
        most.union(ssl3)
    }

    /// The same build with a library that has SSLv3.
    pub(super) fn with_ssl3(self) -> ProtocolRules {
        ProtocolRules { all: self.all.with(Version::Ssl3), ..self }
    }

    /// What is served of a set that was asked for.
    pub(super) fn served(self, asked: VersionSet) -> VersionSet {
        if self.closes_holes { asked.top_run() } else { asked }
    }
}

/// Why httpd does not start where SSLv3 is asked for and the library lacks it.
pub(super) const NO_SSL3: &str = "SSLv3 is not supported by this version of OpenSSL";

/// What a list of words comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VersionList {
    /// The versions it asks for, holes and all.
    pub(super) asked: VersionSet,
    /// The words that httpd refuses, by index, and why.
    pub(super) refused: Vec<(usize, String)>,
    /// The versions that the words look like they ask for: as if a bare name added.
    pub(super) looks: VersionSet,
    /// Does a word name TLSv1.3?
    pub(super) names_tls1_3: bool,
    /// Bare names, by index, that threw away something that mattered.
    pub(super) overriding: Vec<usize>,
}

/// A word of the list: its sign, and what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// `+`, `-`, or none
    pub(super) sign: Option<u8>,
    /// The versions it names.
    pub(super) versions: VersionSet,
    /// Is it `all`?
    pub(super) all: bool,
}

impl Term {
    /// Reads a word; `Err`: the reason of httpd to refuse it, after the directive's name.
    pub(super) fn read(word: &[u8], build: ProtocolRules) -> Result<Term, String> {
        let (sign, name) = match word {
            [sign @ (b'+' | b'-'), name @ ..] => (Some(*sign), name),
            name => (None, name),
        };
        if name.eq_ignore_ascii_case(b"all") {
            return Ok(Term { sign, versions: build.all_words(), all: true });
        }
        let adds = sign != Some(b'-');
        match Version::from_name_ignore_case(name) {
            Some(Version::Ssl2) if adds => Err("SSLv2 is no longer supported".to_owned()),
            Some(Version::Ssl3) if adds && !build.all_words().has(Version::Ssl3) => Err(NO_SSL3.to_owned()),
            Some(Version::Tls1_3) if !build.all.has(Version::Tls1_3) => {
                Err("illegal protocol 'TLSv1.3' (it needs httpd 2.4.36 and OpenSSL 1.1.1)".to_owned())
            }
            Some(version) => Ok(Term { sign, versions: VersionSet::EMPTY.with(version), all: false }),
            None if name.len() > LONGEST_SHOWN => {
                Err(format!("illegal protocol '{}...'", name[..LONGEST_SHOWN].escape_ascii()))
            }
            None => Err(format!("illegal protocol '{}'", name.escape_ascii())),
        }
    }
}

/// Reads a list. It starts from nothing; a bare name replaces all that came before it.
pub(super) fn read_list<'a>(words: impl Iterator<Item = &'a [u8]>, build: ProtocolRules) -> VersionList {
    let mut list = VersionList::default();
    // Versions that were taken away by name, which a bare name brings back.
    let mut taken = VersionSet::EMPTY;
    for (i, word) in words.enumerate() {
        list.names_tls1_3 |= word.to_ascii_lowercase().ends_with(b"tlsv1.3");
        match Term::read(word, build) {
            Err(why) => {
                // It is asked for all the same.
                if why == NO_SSL3 {
                    list.asked = list.asked.with(Version::Ssl3);
                }
                list.refused.push((i, why));
            }
            Ok(Term { sign: Some(b'-'), versions, all }) => {
                list.asked = list.asked.minus(versions);
                list.looks = list.looks.minus(versions);
                if !all {
                    taken = taken.union(versions);
                }
            }
            Ok(Term { sign: Some(_), versions, .. }) => {
                list.asked = list.asked.union(versions);
                list.looks = list.looks.union(versions);
            }
            Ok(Term { sign: None, versions, .. }) => {
                if !list.asked.minus(versions).is_empty() || !taken.and(versions).is_empty() {
                    list.overriding.push(i);
                }
                list.asked = versions;
                list.looks = list.looks.union(versions).minus(taken);
                taken = VersionSet::EMPTY;
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Software;

    fn read(text: &str) -> VersionList {
        read_list(text.split_whitespace().map(str::as_bytes), build(Some(Release::new(3, 0, 0))))
    }

    fn build(openssl: Option<Release>) -> ProtocolRules {
        let mut apache = Software::unknown();
        apache.library.release = openssl;
        ProtocolRules::of(&apache)
    }

    #[test]
    fn without_a_library_the_most_is_what_an_old_one_gives_too() {
        let most = |openssl, text: &str| {
            let build = build(openssl);
            let list = read_list(text.split_whitespace().map(str::as_bytes), build);
            assert_eq!(list.refused, [], "{text}");
            build.most(list.asked, list.names_tls1_3).to_string()
        };
        for (text, known, unknown) in [
            ("all", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
            ("all -SSLv3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
            ("-all +TLSv1 +TLSv1.2", "TLSv1.2", "TLSv1 TLSv1.2"),
            ("-all +TLSv1 +TLSv1.3", "TLSv1.3", "TLSv1.3"),
            ("all -SSLv3 -TLSv1.1", "TLSv1.2 TLSv1.3", "TLSv1 TLSv1.2 TLSv1.3"),
            ("-all +TLSv1.2 +TLSv1.3", "TLSv1.2 TLSv1.3", "TLSv1.2 TLSv1.3"),
        ] {
            assert_eq!(most(Some(Release::new(3, 0, 0)), text), known, "{text}");
            assert_eq!(most(None, text), unknown, "{text}");
        }
        assert_eq!(most(None, "all +SSLv3"), "SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3");
    }

    #[test]
    fn a_list_starts_from_nothing_and_a_bare_name_replaces() {
        let cases = [
            ("all", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
            ("all -SSLv3 -TLSv1 -TLSv1.1", "TLSv1.2 TLSv1.3"),
            ("TLSv1.2 TLSv1.3", "TLSv1.3"),
            ("TLSv1.2 +TLSv1.3", "TLSv1.2 TLSv1.3"),
            ("+TLSv1.2 all", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
            ("-SSLv3 -TLSv1 -TLSv1.1 all", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
            ("-TLSv1", "none"),
            ("", "none"),
            ("-SSLv2 -SSLv3 -TLSv1 -TLSv1.1 +tlsv1.2", "TLSv1.2"),
            ("-ALL +TLSV1", "TLSv1"),
        ];
        for (text, asked) in cases {
            let list = read(text);
            assert_eq!((list.asked.to_string().as_str(), list.refused.len()), (asked, 0), "{text}");
        }
    }

    #[test]
    fn what_httpd_refuses() {
        for (text, why) in [
            ("TLSv1.0", "illegal protocol 'TLSv1.0'"),
            ("--TLSv1", "illegal protocol '-TLSv1'"),
            ("+", "illegal protocol ''"),
            ("+SSLv2", "SSLv2 is no longer supported"),
            ("SSLv3", "SSLv3 is not supported by this version of OpenSSL"),
            ("\u{2013}TLSv1", r"illegal protocol '\xe2\x80\x93TLSv1'"),
        ] {
            assert_eq!(read(text).refused, [(0, why.to_owned())], "{text}");
        }
        assert!(read("all -SSLv2 -SSLv3").refused.is_empty());
    }

    #[test]
    fn a_bare_name_is_a_trap_only_where_something_is_lost() {
        assert_eq!(read("TLSv1.2 TLSv1.3").overriding, [1]);
        assert_eq!(read("-TLSv1 -TLSv1.1 all").overriding, [2]);
        assert!(read("-all TLSv1.2 +TLSv1.3").overriding.is_empty());
        assert!(read("-SSLv2 -SSLv3 all").overriding.is_empty());
        assert!(read("TLSv1.2 all").overriding.is_empty());
    }
}
