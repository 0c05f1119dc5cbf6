//! Words of the commands `Options` and `VerifyMode` in openssl.cnf.

use super::circumstances::Side;
use crate::release::Release;

const OLD: Release = Release::new(1, 1, 0);
const NEW: Release = Release::new(3, 0, 0);

/// A word, since when it is there, and whether only servers have it.
type Word = (&'static str, Release, bool);

const OPTIONS: &[Word] = &[
    ("SessionTicket", OLD, false),
    ("EmptyFragments", OLD, false),
    ("Bugs", OLD, false),
    ("Compression", OLD, false),
    ("ServerPreference", OLD, true),
    ("NoResumptionOnRenegotiation", OLD, true),
    ("DHSingle", OLD, true),
    ("ECDHSingle", OLD, true),
    ("UnsafeLegacyRenegotiation", OLD, false),
    ("EncryptThenMac", OLD, false),
    ("NoRenegotiation", OLD, false),
    ("AllowNoDHEKEX", OLD, false),
    ("PrioritizeChaCha", OLD, false),
    ("MiddleboxCompat", OLD, false),
    ("AntiReplay", OLD, false),
    ("UnsafeLegacyServerConnect", NEW, false),
    ("ClientRenegotiation", NEW, false),
    ("ExtendedMasterSecret", NEW, false),
    ("CANames", NEW, false),
    ("KTLS", NEW, false),
    ("RxCertificateCompression", Release::new(3, 2, 0), false),
    ("TxCertificateCompression", Release::new(3, 2, 0), false),
    ("KTLSTxZerocopySendfile", Release::new(3, 2, 0), false),
    ("PreferNoDHEKEX", Release::new(3, 3, 0), false),
];

const VERIFY: &[Word] = &[
    ("Peer", OLD, false),
    ("Request", OLD, true),
    ("Require", OLD, true),
    ("Once", OLD, true),
    ("RequestPostHandshake", OLD, true),
    ("RequirePostHandshake", OLD, true),
];

/// The first word of `Options` that a library does not know there.
pub(crate) fn unknown_option(list: &str, release: Release, side: Side) -> Option<&str> {
    unknown(OPTIONS, list, release, side)
}

/// The first word of `VerifyMode` that a library does not know there.
pub(crate) fn unknown_mode(list: &str, release: Release, side: Side) -> Option<&str> {
    unknown(VERIFY, list, release, side)
}

fn unknown<'l>(words: &[Word], list: &'l str, release: Release, side: Side) -> Option<&'l str> {
    list.split(',').map(str::trim).find(|word| {
        let name = word.strip_prefix(['-', '+']).unwrap_or(word);
        !words.iter().any(|(known, since, for_servers)| {
            known.eq_ignore_ascii_case(name) && release >= *since && (side == Side::Any || !for_servers)
        })
    })
}
