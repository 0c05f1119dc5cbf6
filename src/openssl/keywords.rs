//! The keywords of OpenSSL's cipher lists (`ciphers(1)`), as its `ssl/ssl_ciph.c` (`cipher_aliases`) has them.

use super::cipher_list::Reader;
use super::suites::{ANY_PSK, ARIA, CAMELLIA, CCM, CCM8, GCM, Suite, auth, class, enc, kx, mac};
use crate::release::Release;
use crate::tls::Version;

/// Which suites a rule of a cipher list is about. In each of the masks 0 stands for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// One suite only.
    pub(crate) name: Option<&'static str>,
    pub(crate) kx: u32,
    pub(crate) auth: u32,
    pub(crate) enc: u32,
    pub(crate) mac: u32,
    pub(crate) since: Option<Version>,
    pub(crate) strength: u32,
    pub(crate) not_default: bool,
}

/// Ephemeral DH with 3DES.
const EDH_3DES: Pattern = Pattern {
    name: None,
    kx: kx::DHE,
    auth: 0,
    enc: enc::TRIPLE_DES,
    mac: mac::SHA1,
    since: None,
    strength: 0,
    not_default: false,
};

const STRENGTHS: u32 = class::LOW | class::HIGH | class::MEDIUM | class::FIPS;

impl Pattern {
    /// Does the suite match?
    pub(crate) fn matches(&self, suite: &Suite, release: Release) -> bool {
        let fits = |mask: u32, bits: u32| mask == 0 || mask & bits != 0;
        self.name.is_none_or(|name| name == suite.name)
            && fits(self.kx, suite.kx)
            && fits(self.auth, suite.auth)
            && fits(self.enc, suite.enc)
            && fits(self.mac, suite.mac)
            && self.since.is_none_or(|since| since == suite.since)
            && fits(self.strength, suite.classes(release))
            && (!self.not_default || suite.class & class::NOT_DEFAULT != 0)
    }

    /// What both patterns are about (`A+B`); `None` where that is nothing.
    pub(crate) fn and(mut self, other: &Pattern) -> Option<Pattern> {
        // A slip in OpenSSL that this has to share: the first word with a strength makes it forget `not_default`.
        self.not_default &= self.strength != 0 || other.strength == 0;
        for (mine, theirs) in [
            (&mut self.kx, other.kx),
            (&mut self.auth, other.auth),
            (&mut self.enc, other.enc),
            (&mut self.mac, other.mac),
            (&mut self.strength, other.strength),
        ] {
            if *mine == 0 {
                *mine = theirs;
            } else if theirs != 0 {
                *mine &= theirs;
                if *mine == 0 {
                    return None;
                }
            }
        }
        if self.since.is_some() && other.since.is_some() && self.since != other.since {
            return None;
        }
        self.since = self.since.or(other.since);
        // As in OpenSSL, of two names the later one counts; their algorithms have to agree all the same.
        self.name = other.name;
        self.not_default |= other.not_default;
        Some(self)
    }

    fn pattern_of_suite(suite: &Suite, release: Release) -> Pattern {
        Pattern {
            name: Some(suite.name),
            kx: suite.kx,
            auth: suite.auth,
            enc: suite.enc,
            mac: suite.mac,
            since: None,
            strength: suite.classes(release) & STRENGTHS,
            not_default: suite.class & class::NOT_DEFAULT != 0,
        }
    }
}

/// What a word of a cipher list stands for; `None`: nothing. OpenSSL passes over it in silence, and over all that follows
/// up to the next separator. So do the name of a suite and that of a cipher that the build has not.
pub(crate) fn lookup(word: &str, reader: Reader<'_>) -> Option<Pattern> {
    let release = reader.release;
    let by_standard_name = release >= Release::new(3, 2, 0);
    let named = |s: &&Suite| s.name == word || by_standard_name && s.standard == word;
    match Suite::all().iter().find(named) {
        Some(suite) if reader.has(suite) => Some(Pattern::pattern_of_suite(suite, release)),
        Some(_) => None,
        None => keyword(word, release).filter(|pattern| reader.has_ciphers(pattern.enc)),
    }
}

fn keyword(word: &str, release: Release) -> Option<Pattern> {
    let all = Pattern::default();
    let by_kx = |kx| Some(Pattern { kx, ..all });
    let by_auth = |auth| Some(Pattern { auth, ..all });
    let by_enc = |enc| Some(Pattern { enc, ..all });
    let by_mac = |mac| Some(Pattern { mac, ..all });
    let by_since = |since| Some(Pattern { since: Some(since), ..all });
    let by_strength = |strength| Some(Pattern { strength, ..all });
    let both = |kx, auth| Some(Pattern { kx, auth, ..all });
    match word {
        "ALL" => by_enc(!enc::NULL),
        "COMPLEMENTOFALL" | "NULL" | "eNULL" => by_enc(enc::NULL),
        "COMPLEMENTOFDEFAULT" => Some(Pattern { not_default: true, ..all }),

        "kRSA" => by_kx(kx::RSA),
        "kEDH" | "kDHE" | "DH" => by_kx(kx::DHE),
        "kEECDH" | "kECDHE" | "ECDH" => by_kx(kx::ECDHE),
        "kPSK" => by_kx(kx::PSK),
        "kRSAPSK" => by_kx(kx::RSA_PSK),
        "kECDHEPSK" => by_kx(kx::ECDHE_PSK),
        "kDHEPSK" => by_kx(kx::DHE_PSK),
        "PSK" => by_kx(ANY_PSK),
        "kSRP" | "SRP" => by_kx(kx::SRP),

        "aRSA" => by_auth(auth::RSA),
        "aDSS" | "DSS" => by_auth(auth::DSS),
        "aNULL" => by_auth(auth::NULL),
        "aECDSA" | "ECDSA" => by_auth(auth::ECDSA),
        "aPSK" => by_auth(auth::PSK),
        "aSRP" => by_auth(auth::SRP),

        "EDH" | "DHE" => both(kx::DHE, !auth::NULL),
        "EECDH" | "ECDHE" => both(kx::ECDHE, !auth::NULL),
        "RSA" => both(kx::RSA, auth::RSA),
        "ADH" => both(kx::DHE, auth::NULL),
        "AECDH" => both(kx::ECDHE, auth::NULL),

        "3DES" => by_enc(enc::TRIPLE_DES),
        "RC4" => by_enc(enc::RC4),
        "IDEA" => by_enc(enc::IDEA),
        "SEED" => by_enc(enc::SEED),
        "AES128" => by_enc(enc::AES128 | enc::AES128_GCM | enc::AES128_CCM | enc::AES128_CCM8),
        "AES256" => by_enc(enc::AES256 | enc::AES256_GCM | enc::AES256_CCM | enc::AES256_CCM8),
        "AES" => by_enc(enc::AES128 | enc::AES256 | GCM | CCM),
        "AESGCM" => by_enc(GCM),
        "AESCCM" => by_enc(CCM),
        "AESCCM8" => by_enc(CCM8),
        "CAMELLIA128" => by_enc(enc::CAMELLIA128),
        "CAMELLIA256" => by_enc(enc::CAMELLIA256),
        "CAMELLIA" => by_enc(CAMELLIA),
        "CHACHA20" => by_enc(enc::CHACHA20),
        "ARIA" | "ARIAGCM" => by_enc(ARIA),
        "ARIA128" => by_enc(enc::ARIA128),
        "ARIA256" => by_enc(enc::ARIA256),
        "CBC" if release >= Release::new(3, 0, 0) => {
            by_enc(enc::TRIPLE_DES | enc::IDEA | enc::SEED | enc::AES128 | enc::AES256 | CAMELLIA)
        }

        "MD5" => by_mac(mac::MD5),
        "SHA1" | "SHA" => by_mac(mac::SHA1),
        "SHA256" => by_mac(mac::SHA256),
        "SHA384" => by_mac(mac::SHA384),

        "SSLv3" => by_since(Version::Ssl3),
        "TLSv1" | "TLSv1.0" => by_since(Version::Tls1),
        "TLSv1.2" => by_since(Version::Tls1_2),

        // No suite of the table is that weak.
        "LOW" => by_strength(class::LOW),
        "MEDIUM" => by_strength(class::MEDIUM),
        "HIGH" => by_strength(class::HIGH),
        "FIPS" => Some(Pattern { enc: !enc::NULL, strength: class::FIPS, ..all }),

        // Old names of suites.
        "EDH-DSS-DES-CBC3-SHA" => Some(Pattern { auth: auth::DSS, ..EDH_3DES }),
        "EDH-RSA-DES-CBC3-SHA" => Some(Pattern { auth: auth::RSA, ..EDH_3DES }),
        _ => None,
    }
}
