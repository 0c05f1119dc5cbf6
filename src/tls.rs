//! TLS protocol versions and sets of them.

use std::fmt;

/// A protocol version, in the order in which they were published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Version {
    /// SSL 2.0 (1995)
    Ssl2 = 0,
    /// SSL 3.0 (RFC 6101)
    Ssl3 = 1,
    /// TLS 1.0 (RFC 2246)
    Tls1 = 2,
    /// TLS 1.1 (RFC 4346)
    Tls1_1 = 3,
    /// TLS 1.2 (RFC 5246)
    Tls1_2 = 4,
    /// TLS 1.3 (RFC 8446)
    Tls1_3 = 5,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Version; 6] =
        [Version::Ssl2, Version::Ssl3, Version::Tls1, Version::Tls1_1, Version::Tls1_2, Version::Tls1_3];

    /// The name that nginx, Apache and OpenSSL use: `TLSv1`, `TLSv1.1`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Version::Ssl2 => "SSLv2",
            Version::Ssl3 => "SSLv3",
            Version::Tls1 => "TLSv1",
            Version::Tls1_1 => "TLSv1.1",
            Version::Tls1_2 => "TLSv1.2",
            Version::Tls1_3 => "TLSv1.3",
        }
    }

    /// The version of that exact name (see [`Version::name`]).
    pub fn from_name(name: &[u8]) -> Option<Version> {
        Version::ALL.into_iter().find(|v| v.name().as_bytes() == name)
    }

    /// Like [`Version::from_name`], upper and lower case alike.
    pub fn from_name_ignore_case(name: &[u8]) -> Option<Version> {
        Version::ALL.into_iter().find(|v| v.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Version`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionSet(u8);

impl VersionSet {
    /// No version.
    pub const EMPTY: VersionSet = VersionSet(0);
    /// SSLv2 to TLSv1.3.
    pub const ALL: VersionSet = VersionSet(0b11_1111);
    /// TLSv1 to TLSv1.3: what present-day libraries can do at all.
    pub const TLS: VersionSet = VersionSet(0b11_1100);
    /// TLSv1.2 and TLSv1.3.
    pub const MODERN: VersionSet = VersionSet(0b11_0000);

    /// The set of these versions.
    pub const fn of(versions: &[Version]) -> VersionSet {
        let mut bits = 0;
        let mut i = 0;
        while i < versions.len() {
            bits |= 1 << versions[i] as u8;
            i += 1;
        }
        VersionSet(bits)
    }

    /// All versions from `low` to `high`, both included; empty where `low > high`.
    pub fn range(low: Version, high: Version) -> VersionSet {
        Version::ALL.into_iter().filter(|v| (low..=high).contains(v)).collect()
    }

    /// Is `version` in the set?
    pub const fn has(self, version: Version) -> bool {
        self.0 & (1 << version as u8) != 0
    }

    /// Has the set no version?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The number of versions.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The set with `version` too.
    #[must_use]
    pub const fn with(self, version: Version) -> VersionSet {
        VersionSet(self.0 | 1 << version as u8)
    }

    /// The set without `version`.
    #[must_use]
    pub const fn without(self, version: Version) -> VersionSet {
        VersionSet(self.0 & !(1 << version as u8))
    }

    /// Versions that are in either set.
    #[must_use]
    pub const fn union(self, other: VersionSet) -> VersionSet {
        VersionSet(self.0 | other.0)
    }

    /// Versions that are in both sets.
    #[must_use]
    pub const fn and(self, other: VersionSet) -> VersionSet {
        VersionSet(self.0 & other.0)
    }

    /// Versions of this set that are not in `other`.
    #[must_use]
    pub const fn minus(self, other: VersionSet) -> VersionSet {
        VersionSet(self.0 & !other.0)
    }

    /// Is every version of this set in `other`?
    pub const fn is_subset(self, other: VersionSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// The highest version.
    pub fn max(self) -> Option<Version> {
        Version::ALL.into_iter().rev().find(|v| self.has(*v))
    }

    /// The lowest version.
    pub fn min(self) -> Option<Version> {
        self.iter().next()
    }

    /// The contiguous run of versions that ends at the highest one: what an OpenSSL minimum and maximum
    /// can express of this set.
    #[must_use]
    pub fn top_run(self) -> VersionSet {
        Version::ALL.into_iter().rev().skip_while(|v| !self.has(*v)).take_while(|v| self.has(*v)).collect()
    }

    /// The contiguous run of versions that begins at the lowest one: what an OpenSSL client offers of this set since 1.1.0
    /// (`ssl_get_min_max_version`).
    #[must_use]
    pub fn lowest_run(self) -> VersionSet {
        Version::ALL.into_iter().skip_while(|v| !self.has(*v)).take_while(|v| self.has(*v)).collect()
    }

    /// The names as a part of a sentence: `TLSv1, TLSv1.1 and TLSv1.2`; `no version` for the empty set.
    pub fn listed(self) -> String {
        let names: Vec<&str> = self.iter().map(Version::name).collect();
        match names.split_last() {
            None => "no version".to_owned(),
            Some((only, [])) => (*only).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        }
    }

    /// `is` or `are`, after what [`listed`](Self::listed) says.
    pub fn verb(self) -> &'static str {
        if self.len() == 1 { "is" } else { "are" }
    }

    /// The versions, lowest first.
    pub fn iter(self) -> impl Iterator<Item = Version> {
        Version::ALL.into_iter().filter(move |v| self.has(*v))
    }
}

impl FromIterator<Version> for VersionSet {
    fn from_iter<T: IntoIterator<Item = Version>>(iter: T) -> Self {
        iter.into_iter().fold(VersionSet::EMPTY, VersionSet::with)
    }
}

/// Names in ascending order, separated by a blank; `none` for the empty set.
impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.pad("none");
        }
        let names: Vec<&str> = self.iter().map(Version::name).collect();
        f.pad(&names.join(" "))
    }
}

impl fmt::Debug for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_at_the_highest_version() {
        let holes = VersionSet::of(&[Version::Tls1, Version::Tls1_2, Version::Tls1_3]);
        assert_eq!(holes.top_run(), VersionSet::of(&[Version::Tls1_2, Version::Tls1_3]));
        assert_eq!(VersionSet::EMPTY.top_run(), VersionSet::EMPTY);
        assert_eq!(VersionSet::ALL.top_run(), VersionSet::ALL);
    }

    #[test]
    fn shows_names_in_ascending_order() {
        let set = VersionSet::of(&[Version::Tls1_3, Version::Tls1]);
        assert_eq!(set.to_string(), "TLSv1 TLSv1.3");
        assert_eq!(VersionSet::EMPTY.to_string(), "none");
        assert_eq!(set.with(Version::Tls1_2).listed(), "TLSv1, TLSv1.2 and TLSv1.3");
        assert_eq!(set.listed(), "TLSv1 and TLSv1.3");
        assert_eq!(VersionSet::EMPTY.listed(), "no version");
        assert_eq!(VersionSet::range(Version::Tls1_3, Version::Tls1), VersionSet::EMPTY);
    }
}
