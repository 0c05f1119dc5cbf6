//! A TLS library as a server finds it, and for which versions a handshake with it can succeed.

use super::cipher_list::{Reader, Refused, Selection};
use super::cnf::SystemDefault;
use super::command::{Caller, find_command, refuse_value};
use super::groups::{self, Groups};
use super::keys::Keys;
use super::presented::{Identity, Presented};
use super::security::{self, Suite1_3};
use super::signatures::{self, Signers};
use super::suite_b::SuiteB;
use super::suites::{Suite, auth, enc, kx};
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// A TLS library as a server finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// OpenSSL's version; `None`: unknown, or another library.
    pub release: Option<Release>,
    /// Where that comes from.
    pub source: String,
    /// What became of looking for it.
    pub search: Search,
    /// The security level that was compiled in; `None`: unknown.
    pub level: Option<u8>,
    /// Where the level comes from: `compiled into /usr/lib/x86_64-linux-gnu/libcrypto.so.3`; empty: not known.
    pub level_source: String,
    /// The security level from which a patch of the distribution refuses TLSv1 and TLSv1.1, where that is not what
    /// upstream's source has: 2 for OpenSSL 1.1.1 of Ubuntu.
    pub patched: Option<u8>,
    /// Was it built with SSLv3? Since 1.1.0 it is not, unless somebody asks for it.
    pub ssl3: bool,
    /// Does it know `PROFILE=SYSTEM`, as a patch of Red Hat's and its like has it? `None`: that is not known.
    pub has_profiles: Option<bool>,
    /// The system's configuration of the library.
    pub system: SystemDefault,
}

/// What became of looking for a library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// It was found, or nobody looked for it.
    #[default]
    Done,
    /// There is none.
    Nothing,
    /// It is one of another maker, and not judged.
    Foreign,
}

impl Library {
    /// Nothing is known.
    pub fn unknown() -> Library {
        Library {
            release: None,
            source: "not looked for".to_owned(),
            search: Search::default(),
            level: None,
            level_source: String::new(),
            patched: None,
            ssl3: false,
            has_profiles: None,
            system: SystemDefault::default(),
        }
    }

    /// What a client offers of these versions. Since 1.1.0 it says a lowest and a highest one, and of versions with a gap it
    /// takes the lowest ones (`ssl_get_min_max_version`); before, some may be left out in the middle. `None`: the release
    /// is not known, and matters.
    pub fn offered_by_client(&self, versions: VersionSet) -> Option<VersionSet> {
        let run = versions.lowest_run();
        match self.release {
            _ if run == versions => Some(versions),
            Some(release) if release < Release::new(1, 1, 0) => Some(versions),
            Some(_) => Some(run),
            None => None,
        }
    }

    /// The versions that the hello of a client names, of those that it enables. `None`: unknown.
    pub fn hello(&self, enabled: VersionSet, ciphers: Option<&str>) -> Option<VersionSet> {
        let (release, level) = (self.release?, self.security_level(ciphers)?);
        if self.system.refuses.is_some() {
            return Some(VersionSet::EMPTY);
        }
        let off = security::refused_at_once(release, level, self.patched);
        self.offered_by_client(enabled.and(self.versions()).minus(off))
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
        if !self.system.doubts.is_empty() {
            return None;
        }
        if self.release.is_some_and(|release| release < Release::new(1, 1, 0)) {
            return Some((0, "there were no levels before 1.1.0"));
        }
        let mut level = self.level.map(|level| (level, self.level_source.as_str()));
        let mut run = |list: &str, origin| match self.named_level(list) {
            Ok(Some(named)) => level = Some((named, origin)),
            Ok(None) => {}
            Err(Refused::Unknown | Refused::Invalid(_)) => level = None,
        };
        if let Some(policy) = self.system.profile.as_deref() {
            run(policy, OF_POLICY);
        }
        if let Some(list) = self.system.cipher_string.as_deref() {
            run(list, "named in openssl.cnf");
        }
        for list in ciphers.into_iter().flat_map(|lists| lists.split(NEXT)) {
            // A level behind the policy beats the policy's own.
            if let (Some(rest), Some(policy)) = (list.strip_prefix("PROFILE=SYSTEM"), self.system.profile.as_deref()) {
                run(policy, OF_POLICY);
                run(rest, "named in the cipher list");
            } else {
                run(list, "named in the cipher list");
            }
        }
        level
    }

    /// The level that one list names; `Err`: that depends on the build, or on something that is not known.
    fn named_level(&self, list: &str) -> Result<Option<u8>, Refused> {
        // Not known: what a level looks like has been the same all along.
        let release = self.release.unwrap_or(Release::new(3, 0, 0));
        let least = self.reader(release, false).level(list)?;
        let most = self.reader(release, true).level(list)?;
        if least == most { Ok(least) } else { Err(Refused::Unknown) }
    }

    fn reader(&self, release: Release, optional: bool) -> Reader<'_> {
        let SystemDefault { legacy, profile, .. } = &self.system;
        Reader { release, optional, legacy: *legacy, has_profiles: self.has_profiles, profile: profile.as_deref() }
    }

    /// What a cipher list comes to; `None` is the library's default list. Suites that only some builds have are left out.
    ///
    /// `Err(Refused::Invalid)`: the server won't start with it.
    pub fn select(&self, ciphers: Option<&str>) -> Result<Selection, Refused> {
        self.read(ciphers, false)
    }

    fn read(&self, ciphers: Option<&str>, optional: bool) -> Result<Selection, Refused> {
        let release = self.release.ok_or(Refused::Unknown)?;
        let reader = self.reader(release, optional);
        if ciphers.is_none()
            && let Some(list) = self.system.cipher_string.as_deref()
            && let Ok(selection) = reader.select(list)
        {
            return Ok(selection);
        }
        // A list of openssl.cnf that is refused leaves the built-in one in place (but its level is kept).
        let default = if reader.profile.is_some() { "PROFILE=SYSTEM" } else { "DEFAULT" };
        reader.select(ciphers.and_then(|lists| lists.split(NEXT).next_back()).unwrap_or(default))
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
        self.usable_on(&Terms { ciphers, suites, keys: self.unread(keys, ciphers), ..Terms::default() })
    }

    /// What is presented of keys whose certificates were not read.
    fn unread(&self, keys: Keys, ciphers: Option<&str>) -> Presented {
        self.presented(&Identity { unread: keys, ..Identity::default() }, ciphers)
    }

    /// The same with all that a server can say about its handshakes.
    pub fn usable_on(&self, terms: &Terms<'_>) -> Option<VersionSet> {
        let release = self.release?;
        let level = self.security_level(terms.ciphers)?;
        if self.system.refuses.is_some() {
            return Some(VersionSet::EMPTY);
        }
        if self.system.sha1_signatures && level == 1 && release >= Release::new(3, 0, 0) {
            return None; // Red Hat's patch for its LEGACY policy; not tried
        }
        let exchange = self.exchange(terms, release, level).ok()?;
        let keys = terms.keys;
        let usable = self.usable_by(terms, keys.all(), exchange, level)?;
        if keys.perhaps.is_empty() || Some(usable) == self.usable_by(terms, keys.sure, exchange, level) {
            return Some(usable);
        }
        None
    }

    /// The same where it is known which keys clients get.
    fn usable_by(&self, terms: &Terms<'_>, keys: Keys, exchange: Exchange, level: u8) -> Option<VersionSet> {
        let release = self.release?;
        let [old, other] = self.suites(terms.ciphers)?.map(|suites| {
            // Only with a client that knows rare groups and curves, or with every one.
            let [few, all] = [true, false].map(|rare| fitting(release, level, &suites, keys, exchange, rare));
            (few == all).then_some(all)
        });
        if old != other {
            return None; // it depends on the build
        }
        let new = self.fits_tls1_3(terms, keys, release, level, exchange)?.then_some(Version::Tls1_3);
        let mut all = old?.union(new.into_iter().collect());
        if self.suite_b(terms.ciphers).is_some() {
            all = all.and(VersionSet::MODERN);
        }
        Some(all.minus(security::refused(release, level, self.patched)).and(self.versions()))
    }

    /// What is left where a list asks for Suite B: one of the lists that the library was given, in openssl.cnf or by the
    /// server.
    pub fn suite_b(&self, ciphers: Option<&str>) -> Option<SuiteB> {
        let given = ciphers.into_iter().flat_map(|lists| lists.split(NEXT));
        self.system.cipher_string.as_deref().into_iter().chain(given).filter_map(SuiteB::of).next_back()
    }

    /// Can a handshake of TLS 1.3 succeed? `None`: that depends on the client.
    fn fits_tls1_3(
        &self,
        terms: &Terms<'_>,
        keys: Keys,
        release: Release,
        level: u8,
        exchange: Exchange,
    ) -> Option<bool> {
        let suites: Vec<Suite1_3> = self
            .suites_of_tls1_3(release, terms.suites)
            .into_iter()
            .filter(|suite| security::allows_tls1_3(level, suite.bits))
            .collect();
        let groups = exchange.groups;
        let any_group = groups.common || groups.finite && release >= Release::new(3, 0, 0);
        if suites.is_empty() || !keys.has(exchange.signers.tls1_3) || !any_group && !groups.new {
            return Some(false);
        }
        (any_group && suites.iter().any(|suite| suite.is_common)).then_some(true)
    }

    /// What groups and signature algorithms leave; the error says why that is not known or not valid.
    fn exchange(&self, terms: &Terms<'_>, release: Release, level: u8) -> Result<Exchange, Refused> {
        let foreign = self.system.foreign;
        let usual = Groups { common: true, ..Groups::default() };
        // A list of openssl.cnf that is not valid leaves the default in place.
        let of_system = |list: Option<&str>| list.map(|list| groups::parse(list, level, release, foreign));
        let groups = match (terms.groups, of_system(self.system.groups.as_deref())) {
            (Some(list), _) => groups::parse(list, level, release, foreign)?,
            (None, Some(Err(Refused::Unknown))) => return Err(Refused::Unknown),
            (None, system) => system.and_then(Result::ok).unwrap_or(usual),
        };
        let read = |list: &str| signatures::parse(list, level, release, foreign);
        let signers = match (terms.signatures, self.system.signatures.as_deref().map(read)) {
            (Some(list), _) => read(list)?,
            (None, Some(Err(Refused::Unknown))) => return Err(Refused::Unknown),
            (None, system) => system.and_then(Result::ok).unwrap_or(Signers::usual()),
        };
        Ok(Exchange { groups, signers })
    }

    /// Why OpenSSL refuses a list of groups; `None`: it does not, or that is not known.
    pub fn refuses_groups(&self, list: &str) -> Option<String> {
        invalid(groups::parse(list, 0, self.release?, self.system.foreign).err()?)
    }

    /// Does OpenSSL take a command of `SSL_CONF_cmd(3)`, as far as that shows without the files that it names?
    pub fn refuse_command(&self, name: &str, value: &str, caller: Caller) -> Result<(), Refused> {
        find_command(name, caller, self.release)?;
        match name.eq_ignore_ascii_case("cipherstring") {
            // A list that only some builds refuse is not known to be refused.
            true => self.read(Some(value), true).map(drop),
            false => refuse_value(name, value, caller, self.release, self.system.foreign),
        }
    }

    /// Does this OpenSSL have a command of that name?
    pub fn has_command(&self, name: &str, caller: Caller) -> Result<(), Refused> {
        find_command(name, caller, self.release)
    }

    /// Does OpenSSL refuse a list of TLS 1.3 suites? It does where there is something in it and no suite. False where
    /// that is not known.
    pub fn refuses_suites(&self, list: &str) -> bool {
        let Some(release) = self.release else { return false };
        release >= Release::new(1, 1, 1)
            && !list.is_empty()
            && security::suites_of_tls1_3(release, Some(list)).is_empty()
    }

    /// The versions that the library can speak and the security level of the list allows; `None`: unknown.
    pub fn allowed_versions(&self, ciphers: Option<&str>) -> Option<VersionSet> {
        let (release, level) = (self.release?, self.security_level(ciphers)?);
        if self.system.refuses.is_some() {
            return Some(VersionSet::EMPTY);
        }
        Some(self.versions().minus(security::refused(release, level, self.patched)))
    }

    /// The suites of a list that its security level allows; none where that is not known.
    pub fn allowed(&self, ciphers: Option<&str>) -> Vec<&'static Suite> {
        let (Some(release), Some(level)) = (self.release, self.security_level(ciphers)) else { return Vec::new() };
        let suites = self.select(ciphers).map(|s| s.suites).unwrap_or_default();
        suites.into_iter().filter(|s| security::allows(release, level, s)).collect()
    }

    fn suites_of_tls1_3(&self, release: Release, suites: Option<&str>) -> Vec<Suite1_3> {
        // A list of openssl.cnf of which nothing is known is passed over: what was there before stays.
        let of_system = self.system.ciphersuites.as_deref().filter(|list| !self.refuses_suites(list));
        security::suites_of_tls1_3(release, suites.or(of_system))
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
        if self.system.refuses.is_some() {
            return Some(true);
        }
        let off = security::refused_at_once(release, level, self.patched);
        let enabled = enabled.and(self.versions()).minus(off);
        let Some(top) = enabled.lowest_run().max() else { return Some(true) };
        if top == Version::Tls1_3 {
            return Some(self.suites_of_tls1_3(release, suites).is_empty());
        }
        let [one, other] = self.suites(ciphers)?.map(|suites| !suites.iter().any(|s| s.since <= top));
        (one == other).then_some(one)
    }

    /// Why versions of `enabled` are not accepted, as lowercase fragments, most general first. Empty where all are, or
    /// where it is not known.
    pub fn why(&self, enabled: VersionSet, ciphers: Option<&str>, suites: Option<&str>, keys: Keys) -> Vec<String> {
        self.why_on(enabled, &Terms { ciphers, suites, keys: self.unread(keys, ciphers), ..Terms::default() })
    }

    /// The same with all that a server can say about its handshakes.
    pub fn why_on(&self, enabled: VersionSet, terms: &Terms<'_>) -> Vec<String> {
        let &Terms { ciphers, suites, keys, .. } = terms;
        let mut reasons = Vec::new();
        let (Some(release), Some(usable)) = (self.release, self.usable_on(terms)) else { return reasons };
        let Some(dead) = self.refuses_all(enabled, ciphers, suites) else { return reasons };
        if let Some(why) = self.system.refuses.as_ref().filter(|_| !enabled.is_empty()) {
            return vec![format!("OpenSSL {release} can't make a context: {why}")];
        }
        let accepted = if dead { VersionSet::EMPTY } else { usable.and(enabled) };
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
        if dead && !enabled.is_subset(absent.union(refused)) {
            reasons.push("the highest version has no cipher suite, so OpenSSL refuses every handshake".to_owned());
            return reasons;
        }
        let mut unfit = enabled.minus(accepted).minus(absent).minus(refused);
        if self.suite_b(ciphers).is_some() && !unfit.is_empty() {
            reasons.push(
                "the cipher list asks for Suite B, which leaves no certificate, or nothing before TLSv1.2".to_owned(),
            );
            return reasons;
        }
        // What is there without them, they take away.
        for (terms, what) in [
            (Terms { groups: None, ..*terms }, "no group for the key exchange that clients have"),
            (Terms { signatures: None, ..*terms }, "no signature algorithm that fits the certificate"),
        ] {
            let cut = self.usable_on(&terms).map_or(VersionSet::EMPTY, |more| more.and(unfit));
            if !cut.is_empty() {
                reasons.push(format!("{what} is left for {}", cut.listed()));
                unfit = unfit.minus(cut);
            }
        }
        if !unfit.is_empty() {
            let fit = if keys.all() == Keys::ANY { "" } else { " that fits the certificate" };
            reasons.push(format!("no cipher suite{fit} is left for {}", unfit.listed()));
        }
        reasons
    }
}

/// What a server says about its handshakes; `None` means the library's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// The list for TLS 1.2 and older.
    pub ciphers: Option<&'a str>,
    /// The list for TLS 1.3.
    pub suites: Option<&'a str>,
    /// The kinds of keys that it presents.
    pub keys: Presented,
    /// The groups for the key exchange.
    pub groups: Option<&'a str>,
    /// The algorithms that it may sign with.
    pub signatures: Option<&'a str>,
}

/// What is left of groups and signatures.
#[derive(Clone, Copy)]
struct Exchange {
    groups: Groups,
    signers: Signers,
}

fn invalid(refused: Refused) -> Option<String> {
    match refused {
        Refused::Invalid(reason) => Some(reason),
        Refused::Unknown => None,
    }
}

/// The versions up to TLS 1.2 that one of the suites fits. `rare`: with a client that has groups and curves which few
/// clients have, offers suites without encryption, or prefers suites that no client prefers.
fn fitting(release: Release, level: u8, suites: &[&Suite], keys: Keys, exchange: Exchange, rare: bool) -> VersionSet {
    let keys = if rare { keys } else { keys.minus(Keys::OTHER_CURVE) };
    let curves = exchange.groups.common || rare && exchange.groups.rare;
    let allowed: Vec<&&Suite> = suites
        .iter()
        .filter(|s| security::allows(release, level, s))
        .filter(|s| s.kx & (kx::RSA | kx::DHE | kx::ECDHE) != 0 && (s.kx != kx::ECDHE || curves))
        .filter(|s| s.enc != enc::NULL || rare)
        .collect();
    let fits = |v: &Version| {
        let tls1_2 = *v == Version::Tls1_2;
        let signers = if tls1_2 { keys.and(exchange.signers.tls1_2) } else { keys };
        let of_version = || allowed.iter().filter(|s| s.since <= *v);
        // OpenSSL takes a suite for RSA or DSA that the key fits, and fails when it finds no algorithm to sign with.
        let stuck = keys.minus(signers).and(Keys::RSA.union(Keys::DSA));
        let is_stuck = of_version().any(|s| stuck.has(of_auth(s.auth)));
        of_version().any(|s| match s.auth {
            // Unless the client prefers a suite without a key.
            auth::NULL => !is_stuck || rare,
            auth::RSA if tls1_2 && s.kx != kx::RSA => signers.has(Keys::RSA.union(Keys::PSS)),
            auth::RSA | auth::DSS => signers.has(of_auth(s.auth)),
            auth::ECDSA if tls1_2 => signers.has(Keys::EC.union(Keys::ED)),
            auth::ECDSA => signers.has(Keys::EC) && security::allows_signature(release, level, s, *v),
            _ => false,
        })
    };
    VersionSet::range(Version::Ssl3, Version::Tls1_2).iter().filter(fits).collect()
}

/// The keys that a suite's way to prove who the server is asks for.
fn of_auth(auth: u32) -> Keys {
    match auth {
        auth::RSA => Keys::RSA,
        auth::DSS => Keys::DSA,
        _ => Keys::default(),
    }
}

/// The list for a server that has no parameters for DHE, so that those suites are as good as not there.
pub fn without_dhe(ciphers: &str) -> String {
    format!("{ciphers}:!kDHE")
}

/// The list without suites that do not encrypt.
pub fn without_null(ciphers: &str) -> String {
    format!("{ciphers}:!eNULL")
}

/// Where the level of Red Hat's crypto policies comes from.
const OF_POLICY: &str = "named in the system's crypto policy";

/// Ends a list that another one follows. Lists are strings of C, so that none can have it in it.
const NEXT: char = '\0';

/// The list for a server that is given one list after another: the last one counts, but a level that it does not name
/// stays as an earlier one has set it.
pub fn one_after_another<'l>(lists: impl IntoIterator<Item = &'l str>) -> Option<String> {
    let lists: Vec<&str> = lists.into_iter().collect();
    let mark: &str = &NEXT.to_string();
    (!lists.is_empty()).then(|| lists.join(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{Tls1, Tls1_1, Tls1_2, Tls1_3};

    const RSA: Keys = Keys::RSA;
    const EC: Keys = Keys::P256;
    const ED: Keys = Keys::ED25519;
    const OLD: VersionSet = VersionSet::of(&[Tls1, Tls1_1]);
    const NEW: VersionSet = VersionSet::of(&[Tls1_2, Tls1_3]);

    fn library(release: &str, level: u8) -> Library {
        Library { release: Release::parse(release), level: Some(level), ..Library::unknown() }
    }

    /// As nginx 1.22.1 and httpd 2.4.71 with OpenSSL 3.0.22.
    #[test]
    fn a_list_of_the_system_without_a_suite_is_passed_over() {
        let with = |suites: &str| {
            let mut library = library("3.0.22", 2);
            library.system.ciphersuites = Some(suites.to_owned());
            library.accepts(NEW, None, None, EC)
        };
        assert_eq!(with("nosuch"), Some(NEW));
        assert_eq!(with("TLS_AES_128_GCM_SHA256:nosuch"), Some(NEW));
        assert_eq!(with(""), Some(VersionSet::EMPTY), "none for the highest version");
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
        let both = RSA.union(EC);
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
    fn suites_without_encryption_depend_on_the_client() {
        let usable = |list: &str| library("3.0.22", 2).usable(Some(list), None, RSA);
        assert_eq!(usable("eNULL"), Some(VersionSet::of(&[Tls1_3])), "the level refuses them");
        assert_eq!(usable("COMPLEMENTOFALL:@SECLEVEL=0"), None);
        assert_eq!(usable("NULL-SHA:AESGCM:@SECLEVEL=0"), None, "older versions have nothing else");
        assert_eq!(usable("NULL-SHA256:AESGCM:@SECLEVEL=0"), Some(NEW));
    }

    #[test]
    fn suite_b_asks_for_its_own_keys() {
        let library = library("3.0.22", 2);
        let usable =
            |lists: &[&str], keys| library.usable(one_after_another(lists.iter().copied()).as_deref(), None, keys);
        assert_eq!(usable(&["SUITEB128"], RSA), Some(VersionSet::EMPTY));
        assert_eq!(usable(&["SUITEB192"], EC), Some(VersionSet::EMPTY));
        assert_eq!(usable(&["SUITEB128ONLY"], Keys::P384), Some(VersionSet::EMPTY));
        assert_eq!(usable(&["SUITEB128", "HIGH"], RSA), Some(VersionSet::EMPTY), "it stays");
        assert_eq!(usable(&["SUITEB128"], EC), None);
        assert_eq!(usable(&["SUITEB128"], Keys::ANY), None);
        assert_eq!(usable(&["HIGH:SUITEB128"], RSA), Some(NEW));
        let reasons = library.why(NEW, Some("SUITEB128"), None, RSA);
        assert_eq!(
            reasons,
            ["the cipher list asks for Suite B, which leaves no certificate, or nothing before TLSv1.2"]
        );
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
        let library = library("3.0.22", 3);
        let after = |lists: &[&str]| library.security_level(one_after_another(lists.iter().copied()).as_deref());
        assert_eq!(after(&["ALL:@SECLEVEL=0", "HIGH"]), Some(0));
        assert_eq!(after(&["ALL:@SECLEVEL=0", "AES:@SECLEVEL=1", "HIGH"]), Some(1));
        assert_eq!(after(&["ALL:@SECLEVEL=0", "@SECLEVEL=2:HIGH"]), Some(2));
        assert_eq!(after(&["ALL:@SECLEVEL=0", "HIGH:!RC4@SECLEVEL=2"]), Some(0));
        assert_eq!(after(&["ALL", "HIGH"]), Some(3));
        assert_eq!(after(&[]), Some(3));
        let last = one_after_another(["eNULL", "AES128-SHA"]);
        let names: Vec<&str> = library.select(last.as_deref()).expect("a list").suites.iter().map(|s| s.name).collect();
        assert_eq!(names, ["AES128-SHA"]);
    }

    #[test]
    fn a_level_behind_a_word_that_the_build_does_not_know_is_lost() {
        let level = |library: &Library, list: &str| library.security_level(Some(list));
        let (new, old) = (library("3.0.22", 3), library("1.1.1w", 3));
        for lost in ["HIGH:!RC4@SECLEVEL=0", "AES:DEFAULT@SECLEVEL=0", "!SEED@SECLEVEL=0", "FOO+AES@SECLEVEL=0"] {
            assert_eq!(level(&new, lost), Some(3), "{lost}");
        }
        for kept in ["HIGH@SECLEVEL=0", "DEFAULT@SECLEVEL=0", "!LOW@SECLEVEL=0", "!3DES@SECLEVEL=0", "!RC4:@SECLEVEL=0"]
        {
            assert_eq!(level(&new, kept), Some(0), "{kept}");
        }
        assert_eq!(level(&old, "HIGH:!RC4@SECLEVEL=0"), Some(0), "1.1.1 has the cipher, if not the suites");
        assert_eq!(level(&old, "HIGH:!IDEA@SECLEVEL=0"), None, "that depends on the build");
        assert_eq!(level(&new, "HIGH:!DES-CBC3-SHA@SECLEVEL=0"), None, "that depends on the build");
        assert_eq!(level(&new, "SUITEB128@SECLEVEL=0"), Some(3));
        let legacy = SystemDefault { legacy: true, ..SystemDefault::default() };
        let with_legacy = Library { system: legacy, ..new };
        assert_eq!(level(&with_legacy, "HIGH:!RC4@SECLEVEL=0"), None);
    }

    #[test]
    fn runs_of_versions() {
        assert_eq!(VersionSet::TLS.lowest_run().max(), Some(Tls1_3));
        assert_eq!(VersionSet::of(&[Tls1, Tls1_1, Tls1_3]).lowest_run().max(), Some(Tls1_1));
        assert_eq!(VersionSet::of(&[Tls1_2]).lowest_run().max(), Some(Tls1_2));
        assert_eq!(VersionSet::EMPTY.lowest_run().max(), None);
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
