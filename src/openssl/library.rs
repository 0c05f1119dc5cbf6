//! A TLS library as a server finds it, and for which versions a handshake with it can succeed.

use super::cipher_list::{Reader, Refused, Selection};
use super::conf::SystemDefault;
use super::keys::Keys;
use super::security;
use super::suites::Suite;
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// A TLS library as a server finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// OpenSSL's version; `None`: unknown, or another library.
    pub release: Option<Release>,
    /// Where that comes from.
    pub source: String,
    /// The security level that was compiled in; `None`: unknown.
    pub level: Option<u8>,
    /// Where the level comes from: `compiled into /usr/lib/x86_64-linux-gnu/libcrypto.so.3`; empty: not known.
    pub level_source: String,
    /// The security level from which a patch of the distribution refuses TLSv1 and TLSv1.1, where that is not what
    /// upstream's source has: 2 for OpenSSL 1.1.1 of Ubuntu.
    pub patched: Option<u8>,
    /// Was it built with SSLv3? Since 1.1.0 it is not, unless somebody asks for it.
    pub ssl3: bool,
    /// The system's configuration of the library.
    pub system: SystemDefault,
}

impl Library {
    /// Nothing is known.
    pub fn unknown() -> Library {
        Library {
            release: None,
            source: "not looked for".to_owned(),
            level: None,
            level_source: String::new(),
            patched: None,
            ssl3: false,
            system: SystemDefault::default(),
        }
    }

    /// The versions that the library can speak; SSLv3 and all of TLS where its version is not known.
    pub fn versions(&self) -> VersionSet {
        match self.release {
            Some(release) if release < Release::new(1, 0, 1) => VersionSet::of(&[Version::Ssl3, Version::Tls1]),
            Some(release) if release < Release::new(1, 1, 0) => VersionSet::range(Version::Ssl3, Version::Tls1_2),
            Some(release) if release < Release::new(1, 1, 1) => {
                VersionSet::range(if self.ssl3 { Version::Ssl3 } else { Version::Tls1 }, Version::Tls1_2)
            }
            None => VersionSet::TLS.with(Version::Ssl3),
            _ if self.ssl3 => VersionSet::TLS.with(Version::Ssl3),
            _ => VersionSet::TLS,
        }
    }

    /// The security level for a cipher list (`ssl_ciphers`, `SSLCipherSuite`): the one that it names with
    /// `@SECLEVEL`, else the one that openssl.cnf names, else the one compiled in. `None`: unknown.
    pub fn security_level(&self, ciphers: Option<&str>) -> Option<u8> {
        self.traced_level(ciphers).map(|(level, _)| level)
    }

    /// The security level and where it comes from. A level stays until another one is named: a new context reads the
    /// default list (on Red Hat that is the crypto policy), then openssl.cnf, then the server's list.
    pub fn traced_level(&self, ciphers: Option<&str>) -> Option<(u8, &str)> {
        if self.release.is_some_and(|release| release < Release::new(1, 1, 0)) {
            return Some((0, "there were no levels before 1.1.0"));
        }
        let policy = |list: &str| list.starts_with("PROFILE=SYSTEM").then_some(self.system.profile.as_deref());
        let said = |list: Option<&str>, origin| Some((named_level(list)?, origin));
        said(ciphers, "named in the cipher list")
            .or_else(|| said(ciphers.and_then(policy)?, "named in the system's crypto policy"))
            .or_else(|| said(self.system.cipher_string.as_deref(), "named in openssl.cnf"))
            .or_else(|| said(self.system.profile.as_deref(), "named in the system's crypto policy"))
            .or_else(|| Some((self.level?, self.level_source.as_str())))
    }

    /// What a cipher list comes to; `None` is the library's default list. Suites that only some builds have are left out.
    ///
    /// `Err(Refused::Invalid)`: the server won't start with it.
    pub fn select(&self, ciphers: Option<&str>) -> Result<Selection, Refused> {
        self.read(ciphers, false)
    }

    fn read(&self, ciphers: Option<&str>, optional: bool) -> Result<Selection, Refused> {
        let release = self.release.ok_or(Refused::Unknown)?;
        let profile = self.system.profile.as_deref();
        let reader = Reader { release, optional, profile };
        if ciphers.is_none()
            && let Some(list) = self.system.cipher_string.as_deref()
            && let Ok(selection) = reader.select(list)
        {
            return Ok(selection);
        }
        // A list of openssl.cnf that is refused leaves the built-in one in place (but its level is kept).
        reader.select(ciphers.unwrap_or(if profile.is_some() { "PROFILE=SYSTEM" } else { "DEFAULT" }))
    }

    /// The suites of a list: those that every build has, and those that some build has. A list that is refused has
    /// none. `None`: unknown.
    fn suites(&self, ciphers: Option<&str>) -> Option<[Vec<&'static Suite>; 2]> {
        let release = self.release?;
        let most = match self.read(ciphers, true) {
            Ok(selection) => selection.suites,
            Err(Refused::Unknown) => return None,
            Err(Refused::Invalid(_)) => Vec::new(),
        };
        let least = most.iter().copied().filter(|s| s.exists(release) == Some(true)).collect();
        Some([least, most])
    }

    /// The versions for which a handshake can succeed with these ciphers and keys, among all that the library can
    /// speak: the security level allows them and there is a suite that fits. `None`: unknown.
    ///
    /// `ciphers` is the list for TLS 1.2 and older, `suites` the one for TLS 1.3; `None` means the library's default.
    /// For a server without parameters for DHE (nginx without `ssl_dhparam`) ask with [`without_dhe`].
    pub fn usable(&self, ciphers: Option<&str>, suites: Option<&str>, keys: Keys) -> Option<VersionSet> {
        let release = self.release?;
        let level = self.security_level(ciphers)?;
        if self.system.sha1_signatures && level == 1 && release >= Release::new(3, 0, 0) {
            return None; // Red Hat's patch for its LEGACY policy; not tried
        }
        let [old, other] = self.suites(ciphers)?.map(|suites| fitting(release, level, &suites, keys));
        if old != other {
            return None; // it depends on the build
        }
        let tls1_3 = self.suites_of_tls1_3(release, suites).into_iter().any(|b| security::allows_tls1_3(level, b));
        let any_key = keys.rsa || keys.ec || keys.ed;
        let new: VersionSet = (tls1_3 && any_key).then_some(Version::Tls1_3).into_iter().collect();
        Some(old.union(new).minus(security::refused(release, level, self.patched)).and(self.versions()))
    }

    /// The versions that the library can speak and the security level of the list allows; `None`: unknown.
    pub fn allowed_versions(&self, ciphers: Option<&str>) -> Option<VersionSet> {
        let (release, level) = (self.release?, self.security_level(ciphers)?);
        Some(self.versions().minus(security::refused(release, level, self.patched)))
    }

    /// The suites of a list that its security level allows; none where that is not known.
    pub fn allowed(&self, ciphers: Option<&str>) -> Vec<&'static Suite> {
        let (Some(release), Some(level)) = (self.release, self.security_level(ciphers)) else { return Vec::new() };
        let suites = self.select(ciphers).map(|s| s.suites).unwrap_or_default();
        suites.into_iter().filter(|s| security::allows(release, level, s)).collect()
    }

    fn suites_of_tls1_3(&self, release: Release, suites: Option<&str>) -> Vec<u32> {
        security::suites_of_tls1_3(release, suites.or(self.system.ciphersuites.as_deref()))
    }

    /// The versions of `enabled` for which a handshake can succeed; `None`: unknown.
    pub fn accepts(
        &self,
        enabled: VersionSet,
        ciphers: Option<&str>,
        suites: Option<&str>,
        keys: Keys,
    ) -> Option<VersionSet> {
        let usable = self.usable(ciphers, suites, keys)?;
        Some(if self.refuses_all(enabled, ciphers, suites)? { VersionSet::EMPTY } else { usable.and(enabled) })
    }

    /// Does OpenSSL refuse every handshake, since the highest enabled version has no suite at all ("No ciphers
    /// enabled for max supported SSL/TLS version")? `None`: unknown.
    ///
    /// The check is in 1.1.1 and later (`tls_setup_handshake`), asks neither for keys nor for the security level of a
    /// suite, and is made with the default server's lists, before a server name is looked at. The highest version is
    /// that of `ssl_get_min_max_version`: in a set with holes, the top of the lowest run.
    pub fn refuses_all(&self, enabled: VersionSet, ciphers: Option<&str>, suites: Option<&str>) -> Option<bool> {
        let release = self.release?;
        if release < Release::new(1, 1, 1) {
            return Some(false);
        }
        let level = self.security_level(ciphers)?;
        let off = security::refused_at_once(release, level, self.patched);
        let enabled = enabled.and(self.versions()).minus(off);
        let Some(top) = top_of_lowest_run(enabled) else { return Some(true) };
        if top == Version::Tls1_3 {
            return Some(self.suites_of_tls1_3(release, suites).is_empty());
        }
        let [one, other] = self.suites(ciphers)?.map(|suites| !suites.iter().any(|s| s.since <= top));
        (one == other).then_some(one)
    }

    /// Why versions of `enabled` are not accepted, as lowercase fragments, most general first. Empty where all are, or
    /// where it is not known.
    pub fn why(&self, enabled: VersionSet, ciphers: Option<&str>, suites: Option<&str>, keys: Keys) -> Vec<String> {
        let mut reasons = Vec::new();
        let (Some(release), Some(accepted)) = (self.release, self.accepts(enabled, ciphers, suites, keys)) else {
            return reasons;
        };
        let absent = enabled.minus(self.versions());
        if !absent.is_empty() {
            reasons.push(format!("OpenSSL {release} has no {}", absent.listed()));
        }
        let (level, origin) = self.traced_level(ciphers).unwrap_or_default();
        let refused = enabled.and(self.versions()).and(security::refused(release, level, self.patched));
        if !refused.is_empty() {
            let origin = if origin.is_empty() { "compiled in" } else { origin };
            reasons
                .push(format!("OpenSSL {release} at security level {level} ({origin}) refuses {}", refused.listed()));
        }
        if let Err(Refused::Invalid(reason)) = self.select(ciphers) {
            reasons.push(format!("OpenSSL {release} refuses the cipher list: {reason}"));
        }
        if self.refuses_all(enabled, ciphers, suites) == Some(true) && !enabled.is_subset(absent.union(refused)) {
            reasons.push("the highest version has no cipher suite, so OpenSSL refuses every handshake".to_owned());
            return reasons;
        }
        let unfit = enabled.minus(accepted).minus(absent).minus(refused);
        if !unfit.is_empty() {
            let fit = if keys == Keys::ANY { "" } else { " that fits the certificate" };
            reasons.push(format!("no cipher suite{fit} is left for {}", unfit.listed()));
        }
        reasons
    }
}

/// The versions up to TLS 1.2 that one of the suites fits.
fn fitting(release: Release, level: u8, suites: &[&Suite], keys: Keys) -> VersionSet {
    let allowed: Vec<&&Suite> = suites.iter().filter(|s| security::allows(release, level, s)).collect();
    let signed = |s: &Suite, v: Version| keys.fit(s, v) && security::allows_signature(release, level, s, v);
    let fits = |v: &Version| allowed.iter().any(|s| s.since <= *v && signed(s, *v));
    VersionSet::range(Version::Ssl3, Version::Tls1_2).iter().filter(fits).collect()
}

/// The list for a server that has no parameters for DHE, so that those suites are as good as not there.
pub fn without_dhe(ciphers: &str) -> String {
    format!("{ciphers}:!kDHE")
}

/// The list for a server that is given one list after another: the last one counts, but a level that it does not name
/// stays as an earlier one has set it.
pub fn one_after_another<'l>(lists: impl IntoIterator<Item = &'l str>) -> Option<String> {
    let (mut last, mut level) = (None, None);
    for list in lists {
        level = named_level(Some(list)).or(level);
        last = Some(list);
    }
    match (last?, level) {
        (list, Some(level)) if named_level(Some(list)).is_none() => Some(format!("{list}:@SECLEVEL={level}")),
        (list, _) => Some(list.to_owned()),
    }
}

/// The highest version of the lowest run of versions.
fn top_of_lowest_run(set: VersionSet) -> Option<Version> {
    let after_run = |v: &Version| !set.has(*v) && set.iter().any(|w| w < *v);
    let end = Version::ALL.into_iter().find(after_run);
    set.iter().filter(|v| end.is_none_or(|end| *v < end)).last()
}

/// The last `@SECLEVEL=n` of a cipher list.
fn named_level(list: Option<&str>) -> Option<u8> {
    let list = list?;
    let at = list.rfind("@SECLEVEL=")? + "@SECLEVEL=".len();
    list[at..].chars().next().and_then(|c| c.to_digit(10)).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{Tls1, Tls1_1, Tls1_2, Tls1_3};

    const RSA: Keys = Keys { rsa: true, ec: false, ed: false };
    const EC: Keys = Keys { rsa: false, ec: true, ed: false };
    const ED: Keys = Keys { rsa: false, ec: false, ed: true };
    const OLD: VersionSet = VersionSet::of(&[Tls1, Tls1_1]);
    const NEW: VersionSet = VersionSet::of(&[Tls1_2, Tls1_3]);

    fn library(release: &str, level: u8) -> Library {
        Library { release: Release::parse(release), level: Some(level), ..Library::unknown() }
    }

    #[test]
    fn the_security_level_decides_about_old_versions() {
        let debian = library("3.0.22", 2);
        assert_eq!(debian.usable(None, None, RSA), Some(NEW));
        assert_eq!(debian.usable(Some("HIGH:!aNULL:!MD5:@SECLEVEL=0"), None, RSA), Some(VersionSet::TLS));
        assert_eq!(debian.usable(Some("HIGH:@SECLEVEL=1"), None, RSA), Some(NEW));
        assert_eq!(debian.allowed_versions(Some("nothing")), Some(NEW));
        assert_eq!(library("1.1.1w", 2).usable(Some("HIGH"), None, RSA), Some(VersionSet::TLS));
        assert_eq!(library("1.1.0i", 1).usable(Some("HIGH"), None, RSA), Some(OLD.with(Tls1_2)));
        let both = Keys { rsa: true, ..EC };
        assert_eq!(library("1.1.1w", 2).usable(Some("HIGH:!aNULL"), None, EC), Some(NEW), "ECDSA with SHA-1");
        assert_eq!(library("1.1.1w", 2).usable(Some("HIGH:!aNULL"), None, both), Some(VersionSet::TLS));
        assert_eq!(library("1.1.1w", 1).usable(Some("HIGH:!aNULL"), None, EC), Some(VersionSet::TLS));
        let ubuntu = Library { patched: Some(2), ..library("1.1.1f", 2) };
        assert_eq!(ubuntu.usable(Some("HIGH"), None, RSA), Some(NEW));
        let mut system = library("3.0.22", 2);
        system.system.cipher_string = Some("DEFAULT:@SECLEVEL=0".to_owned());
        assert_eq!(system.usable(Some("HIGH:!aNULL:!MD5"), None, RSA), Some(VersionSet::TLS));
    }

    #[test]
    fn the_suites_must_fit_version_and_key() {
        let library = library("3.0.22", 0);
        let usable = |list: &str, keys| library.usable(Some(list), None, keys);
        assert_eq!(usable("ECDHE+AESGCM", RSA), Some(NEW));
        assert_eq!(usable(&without_dhe("DHE:EDH+AES"), RSA), Some(VersionSet::of(&[Tls1_3])));
        assert_eq!(usable("ECDHE-ECDSA-AES128-SHA", RSA), Some(VersionSet::of(&[Tls1_3])));
        assert_eq!(usable("ECDHE-ECDSA-AES128-SHA", EC), Some(VersionSet::TLS));
        assert_eq!(usable("HIGH:!aNULL", ED), Some(NEW));
        assert_eq!(usable("ALL", ED), Some(VersionSet::TLS), "anonymous suites need no key");
        assert_eq!(usable("PSK:SRP:aDSS", Keys::ANY), Some(VersionSet::of(&[Tls1_3])));
        assert_eq!(library.usable(Some("HIGH"), Some(""), RSA), Some(OLD.with(Tls1_2)));
        assert_eq!(library.usable(Some("HIGH"), None, Keys::default()), Some(OLD.with(Tls1_2)), "anonymous");
    }

    #[test]
    fn what_depends_on_the_build_or_is_not_said_is_unknown() {
        let library = library("3.0.22", 0);
        assert_eq!(library.usable(Some("DES-CBC3-SHA:AESGCM"), None, RSA), None);
        assert_eq!(library.usable(Some("DES-CBC3-SHA:AES128-SHA"), None, RSA), Some(VersionSet::TLS));
        assert_eq!(library.usable(Some("PROFILE=SYSTEM"), None, RSA), None);
        assert_eq!(library.usable(Some("${CIPHERS}"), None, RSA), None);
        assert_eq!(Library::unknown().usable(Some("HIGH"), None, RSA), None);
        let mut red_hat = library.clone();
        red_hat.system.profile = Some("@SECLEVEL=2:kEECDH:kRSA:!aNULL".to_owned());
        assert_eq!(red_hat.usable(Some("PROFILE=SYSTEM"), None, RSA), Some(NEW));
        assert_eq!(red_hat.usable(None, None, RSA), Some(NEW));
        // The level of the policy stays, as the default list was read first.
        assert_eq!(red_hat.usable(Some("HIGH"), None, RSA), Some(NEW));
        red_hat.system.cipher_string = Some("@SECLEVEL=0:HIGH".to_owned());
        assert_eq!(red_hat.usable(Some("HIGH"), None, RSA), Some(VersionSet::TLS));
        assert_eq!(red_hat.usable(Some("PROFILE=SYSTEM"), None, RSA), Some(NEW));
    }

    #[test]
    fn a_highest_version_without_suites_refuses_every_handshake() {
        let library = library("3.0.22", 0);
        let all = VersionSet::TLS;
        assert_eq!(library.accepts(all, Some("HIGH"), Some(""), RSA), Some(VersionSet::EMPTY));
        assert_eq!(library.accepts(OLD, Some("AESGCM"), None, RSA), Some(VersionSet::EMPTY));
        let holes = VersionSet::of(&[Tls1, Tls1_2]);
        assert_eq!(library.accepts(holes, Some("AESGCM"), None, RSA), Some(VersionSet::EMPTY));
        assert_eq!(library.accepts(holes, Some("HIGH"), None, RSA), Some(holes));
        // The suites need not fit the key.
        let to_1_2 = OLD.with(Tls1_2);
        assert_eq!(library.accepts(to_1_2, Some("aECDSA:AES128-SHA"), None, RSA), Some(to_1_2));
        assert_eq!(library.accepts(VersionSet::EMPTY, Some("HIGH"), None, RSA), Some(VersionSet::EMPTY));
    }

    #[test]
    fn a_level_stays_until_another_one_is_named() {
        let after = |lists: &[&str]| one_after_another(lists.iter().copied());
        assert_eq!(after(&["ALL:@SECLEVEL=0", "HIGH"]).as_deref(), Some("HIGH:@SECLEVEL=0"));
        assert_eq!(after(&["ALL:@SECLEVEL=0", "AES:@SECLEVEL=1", "HIGH"]).as_deref(), Some("HIGH:@SECLEVEL=1"));
        assert_eq!(after(&["ALL:@SECLEVEL=0", "@SECLEVEL=2:HIGH"]).as_deref(), Some("@SECLEVEL=2:HIGH"));
        assert_eq!(after(&["ALL", "HIGH"]).as_deref(), Some("HIGH"));
        assert_eq!(after(&[]), None);
    }

    #[test]
    fn runs_of_versions() {
        assert_eq!(top_of_lowest_run(VersionSet::TLS), Some(Tls1_3));
        assert_eq!(top_of_lowest_run(VersionSet::of(&[Tls1, Tls1_1, Tls1_3])), Some(Tls1_1));
        assert_eq!(top_of_lowest_run(VersionSet::of(&[Tls1_2])), Some(Tls1_2));
        assert_eq!(top_of_lowest_run(VersionSet::EMPTY), None);
    }

    #[test]
    fn says_why() {
        let debian = Library { level_source: "compiled in by Debian".to_owned(), ..library("3.0.22", 2) };
        let why = |enabled, list, suites| debian.why(enabled, Some(list), suites, RSA);
        assert_eq!(
            why(VersionSet::TLS, "HIGH", None),
            ["OpenSSL 3.0.22 at security level 2 (compiled in by Debian) refuses TLSv1 and TLSv1.1"]
        );
        assert_eq!(
            why(VersionSet::TLS, "AESGCM:@SECLEVEL=0", None),
            ["no cipher suite that fits the certificate is left for TLSv1 and TLSv1.1"]
        );
        assert_eq!(
            why(NEW, "HIGH", Some("")),
            ["the highest version has no cipher suite, so OpenSSL refuses every handshake"]
        );
        assert_eq!(
            why(NEW, "HIGH:@", None),
            [
                "OpenSSL 3.0.22 refuses the cipher list: the cipher list is not valid from \"@\" on",
                "no cipher suite that fits the certificate is left for TLSv1.2"
            ]
        );
        assert_eq!(why(NEW, "HIGH", None), [] as [&str; 0]);
        assert_eq!(library("1.1.0i", 1).why(NEW, None, None, RSA), ["OpenSSL 1.1.0i has no TLSv1.3"]);
    }
}
