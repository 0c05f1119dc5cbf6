//! Holds the reading of cipher lists against `openssl ciphers` of this machine, on lists made from a fixed seed.
//!
//! Says so and does nothing where there is no `openssl`, or none of the versions 1.1.1 to 3.x.

use crate::support::needs;
use std::process::Command;
use tlsmend::openssl::{Library, Reader, Refused};
use tlsmend::release::Release;

/// Words that lists are made of: all keywords, some suites, some nonsense.
const WORDS: &[&str] = &[
    "ALL",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "kRSA",
    "kEDH",
    "kDHE",
    "DH",
    "kEECDH",
    "kECDHE",
    "ECDH",
    "kPSK",
    "kRSAPSK",
    "kECDHEPSK",
    "kDHEPSK",
    "PSK",
    "aRSA",
    "aDSS",
    "DSS",
    "aNULL",
    "aECDSA",
    "ECDSA",
    "aPSK",
    "EDH",
    "DHE",
    "EECDH",
    "ECDHE",
    "NULL",
    "eNULL",
    "RSA",
    "ADH",
    "AECDH",
    "3DES",
    "RC4",
    "RC2",
    "IDEA",
    "SEED",
    "AES128",
    "AES256",
    "AES",
    "AESGCM",
    "AESCCM",
    "AESCCM8",
    "CAMELLIA128",
    "CAMELLIA256",
    "CAMELLIA",
    "CHACHA20",
    "ARIA",
    "ARIAGCM",
    "ARIA128",
    "ARIA256",
    "CBC",
    "MD5",
    "SHA1",
    "SHA",
    "SHA256",
    "SHA384",
    "SSLv3",
    "TLSv1",
    "TLSv1.0",
    "TLSv1.2",
    "LOW",
    "MEDIUM",
    "HIGH",
    "FIPS",
    "EXPORT",
    "EDH-RSA-DES-CBC3-SHA",
    "AES128-SHA",
    "AES256-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-SHA",
    "DHE-RSA-AES256-SHA",
    "AECDH-AES128-SHA",
    "DES-CBC3-SHA",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "AES128-CCM8",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE-PSK-AES128-CBC-SHA",
    "GOST",
    "nonsense",
    "high",
];

/// Lists of the wild.
const KNOWN: &[&str] = &[
    "DEFAULT",
    "DEFAULT@SECLEVEL=1",
    "DEFAULT:!kRSA:@STRENGTH",
    "HIGH:!aNULL:!MD5",
    "HIGH:!aNULL",
    "ALL:!ADH:!LOW:!EXP:!MD5:@STRENGTH",
    "HIGH:MEDIUM:!MD5:!RC4",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256",
    "EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:AES256+EDH",
    "EECDH+ECDSA+AESGCM EECDH+aRSA+AESGCM EECDH+ECDSA+SHA384 EECDH+aRSA+SHA384 EECDH EDH+aRSA !RC4 !aNULL !eNULL",
    "ECDH+AESGCM:DH+AESGCM:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:RSA+AESGCM:RSA+AES:!aNULL:!MD5:!DSS",
    "SUITEB128",
    "SUITEB192",
    "SUITEB128ONLY",
    "@SECLEVEL=2",
    "HIGH:@SECLEVEL=9",
    "HIGH:@",
    "HIGH!",
    "HIGH:!",
    "",
    ":::",
    "HIGH\t:AES",
    "AES+",
    "!ALL:AES",
    "-ALL:AES",
    "+AES:HIGH",
    "AES@STRENGTH+HIGH",
];

/// xorshift64*: the same lists everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn list(&mut self) -> String {
        let mut list = String::new();
        if self.roll(8) == 0 {
            list.push_str("DEFAULT");
        } else if self.roll(3) > 0 {
            list.push_str(["ALL", "HIGH", "ALL:COMPLEMENTOFALL"][self.roll(3)]);
        }
        for _ in 0..=self.roll(7) {
            list.push_str([":", ":", ":", ",", " ", ";", "::"][self.roll(7)]);
            match self.roll(24) {
                0 => list.push_str("@STRENGTH"),
                1 => list.push_str(["@SECLEVEL=0", "@SECLEVEL=1", "@SECLEVEL=2", "@SECLEVEL=3"][self.roll(4)]),
                _ => {
                    list.push_str(["", "", "", "!", "-", "+"][self.roll(6)]);
                    list.push_str(WORDS[self.roll(WORDS.len())]);
                    while self.roll(3) == 0 {
                        list.push('+');
                        list.push_str(WORDS[self.roll(WORDS.len())]);
                    }
                }
            }
        }
        list
    }
}

/// The names that `openssl ciphers` prints for a list, without those of TLS 1.3; empty: it refuses the list.
fn openssl(options: &[&str], list: &str) -> Vec<String> {
    let run = Command::new("openssl").arg("ciphers").args(options).args(["-ciphersuites", "", "--", list]).output();
    let output = run.expect("openssl was there a moment ago");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().split(':').filter(|n| !n.is_empty() && !n.starts_with("TLS_") && common(n)).map(str::to_owned).collect()
}

/// Has every build the suite? Others are left out of the comparison.
fn common(name: &str) -> bool {
    !["RC4", "DES", "IDEA", "SEED", "GOST"].iter().any(|part| name.contains(part))
}

#[test]
fn lists_mean_what_openssl_makes_of_them() {
    let Some(library) = library() else {
        println!("not tested: this needs the program openssl, 1.1.1 or later");
        return;
    };
    let release = library.release.expect("a version");
    let mut dice = Dice(0x7153_0e4d);
    let lists = KNOWN.iter().map(|l| (*l).to_owned()).chain((0..400).map(|_| dice.list()));
    let mut differences = Vec::new();
    for list in lists {
        let expected = openssl(&[], &list);
        for optional in [false, true] {
            let found: Vec<String> =
                match (Reader { release, optional, legacy: false, has_profiles: None, profile: None }).select(&list) {
                    Ok(found) => found.suites.iter().map(|s| s.name.to_owned()).filter(|n| common(n)).collect(),
                    Err(Refused::Invalid(_)) => Vec::new(),
                    Err(Refused::Unknown) => panic!("{list}: unknown"),
                };
            if found != expected {
                differences.push(format!("{list}\n   openssl {expected:?}\n   tlsmend {found:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{} lists differ:\n{}", differences.len(), differences.join("\n"));
}

/// A level that is glued to a word counts if the library knows the word.
#[test]
fn levels_glued_to_words_are_those_of_openssl() {
    let Some(library) = library() else {
        println!("not tested: this needs the program openssl, 1.1.1 or later");
        return;
    };
    let mut dice = Dice(0x5ec1_e7e1);
    let mut known = 0;
    let lists = WORDS.iter().map(|word| format!("!{word}@SECLEVEL=0")).chain((0..300).map(|_| {
        let level = ["@SECLEVEL=0", "@SECLEVEL=2", ":@SECLEVEL=0", "@SECLEVEL=0@SECLEVEL=2", ""][dice.roll(5)];
        format!("{}{level}", dice.list())
    }));
    for list in lists {
        // With anonymous suites a list shows its level: only level 0 keeps them.
        let list = format!("{list}:AECDH-AES128-SHA");
        let suites = openssl(&["-s"], &list);
        if suites.is_empty() && openssl(&[], &list).is_empty() {
            continue;
        }
        let is_forbidden = !openssl(&[], &list).iter().any(|name| name == "AECDH-AES128-SHA");
        let Some(level) = library.security_level(Some(&list)).filter(|_| !is_forbidden) else { continue };
        known += 1;
        assert_eq!(suites.iter().any(|name| name == "AECDH-AES128-SHA"), level == 0, "{list}");
    }
    assert!(known > 150, "{known}");
}

#[test]
fn security_levels_leave_the_suites_that_openssl_leaves() {
    let Some(library) = library() else {
        println!("not tested: this needs the program openssl, 1.1.1 or later");
        return;
    };
    for level in 0..=5 {
        let list = format!("ALL:COMPLEMENTOFALL:-PSK:-SRP:@SECLEVEL={level}");
        let expected = openssl(&["-s"], &list);
        let found: Vec<String> = library.allowed(Some(&list)).into_iter().map(|s| s.name.to_owned()).collect();
        assert_eq!(found, expected, "level {level}");
    }
}

/// The library of this machine, if it is one that is understood.
fn library() -> Option<Library> {
    if !needs::has(&["openssl"]) {
        return None;
    }
    let output = Command::new("openssl").args(["version", "-a"]).output().expect("it is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let release = Release::parse(text.strip_prefix("OpenSSL ")?).filter(|r| *r >= Release::new(1, 1, 1))?;
    let level = text.split("-DOPENSSL_TLS_SECURITY_LEVEL=").nth(1).and_then(|t| t[..1].parse().ok()).unwrap_or(1);
    Some(Library { release: Some(release), level: Some(level), ..Library::unknown() })
}
