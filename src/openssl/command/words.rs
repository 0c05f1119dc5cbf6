//! Words of the commands `Options` and `VerifyMode`.

use super::super::cipher_list::Refused;
use super::Caller;
use super::names::{LATER, exists};
use crate::release::Release;

const OLD: Release = Release::new(1, 1, 0);
const MIDDLE: Release = Release::new(1, 1, 1);
const NEW: Release = Release::new(3, 0, 0);
const NEWER: Release = Release::new(3, 2, 0);

/// Which side of a handshake knows a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KnownBy {
    Both,
    Servers,
    Clients,
}

/// A word, since when it is there, and who knows it.
type Word = (&'static str, Release, KnownBy);

const OPTIONS: &[Word] = &[
    ("SessionTicket", OLD, KnownBy::Both),
    ("EmptyFragments", OLD, KnownBy::Both),
    ("Bugs", OLD, KnownBy::Both),
    ("Compression", OLD, KnownBy::Both),
    ("ServerPreference", OLD, KnownBy::Servers),
    ("NoResumptionOnRenegotiation", OLD, KnownBy::Servers),
    ("DHSingle", OLD, KnownBy::Servers),
    ("ECDHSingle", OLD, KnownBy::Servers),
    ("UnsafeLegacyRenegotiation", OLD, KnownBy::Both),
    ("EncryptThenMac", OLD, KnownBy::Both),
    ("NoRenegotiation", OLD, KnownBy::Both),
    ("AllowNoDHEKEX", MIDDLE, KnownBy::Both),
    ("PrioritizeChaCha", MIDDLE, KnownBy::Both),
    ("MiddleboxCompat", MIDDLE, KnownBy::Both),
    ("AntiReplay", MIDDLE, KnownBy::Both),
    ("UnsafeLegacyServerConnect", NEW, KnownBy::Both),
    ("ClientRenegotiation", NEW, KnownBy::Both),
    ("ExtendedMasterSecret", NEW, KnownBy::Both),
    ("CANames", NEW, KnownBy::Both),
    ("KTLS", NEW, KnownBy::Both),
    ("StrictCertCheck", NEWER, KnownBy::Both),
    ("TxCertificateCompression", NEWER, KnownBy::Both),
    ("RxCertificateCompression", NEWER, KnownBy::Both),
    ("KTLSTxZerocopySendfile", NEWER, KnownBy::Both),
    ("IgnoreUnexpectedEOF", NEWER, KnownBy::Both),
    ("PreferNoDHEKEX", Release::new(3, 3, 0), KnownBy::Both),
    ("LegacyECPointFormats", LATER, KnownBy::Both),
];

const VERIFY: &[Word] = &[
    ("Peer", OLD, KnownBy::Clients),
    ("Request", OLD, KnownBy::Servers),
    ("Require", OLD, KnownBy::Servers),
    ("Once", OLD, KnownBy::Servers),
    ("RequestPostHandshake", MIDDLE, KnownBy::Servers),
    ("RequirePostHandshake", MIDDLE, KnownBy::Servers),
];

pub(super) fn refuse_options(list: &str, caller: Caller, release: Option<Release>) -> Result<(), Refused> {
    refuse(OPTIONS, list, caller, release)
}

pub(super) fn refuse_modes(list: &str, caller: Caller, release: Option<Release>) -> Result<(), Refused> {
    refuse(VERIFY, list, caller, release)
}

fn refuse(words: &[Word], list: &str, caller: Caller, release: Option<Release>) -> Result<(), Refused> {
    for word in list.split(',').map(str::trim_ascii) {
        let name = word.strip_prefix(['-', '+']).unwrap_or(word);
        let is_it = |(known, _, by): &&Word| {
            known.eq_ignore_ascii_case(name)
                && (*by != KnownBy::Servers || caller.is_server)
                && (*by != KnownBy::Clients || caller.is_client)
        };
        let bad = || Refused::Invalid(format!("bad value \"{word}\""));
        let (_, since, _) = words.iter().find(is_it).ok_or_else(bad)?;
        exists(*since, release).map_err(|refused| match refused {
            Refused::Invalid(why) => Refused::Invalid(format!("bad value \"{word}\": {why}")),
            Refused::Unknown => Refused::Unknown,
        })?;
    }
    Ok(())
}
