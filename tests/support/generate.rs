//! What made-up hosts of all servers are made of.

use super::random::Random;
use super::site::Site;

/// Versions that a present-day server can be told to speak.
pub const VERSIONS: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Cipher lists for TLS 1.2 and older.
pub const CIPHERS: [&str; 25] = [
    "DEFAULT:@SECLEVEL=0",
    "ALL:@SECLEVEL=0",
    "HIGH:!aNULL:!MD5:@SECLEVEL=0",
    "HIGH:!aNULL:!MD5",
    "@SECLEVEL=1:HIGH:!aNULL",
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
    "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0",
    "AES128-SHA:AES256-SHA:@SECLEVEL=0",
    "AES128-GCM-SHA256:@SECLEVEL=0",
    "ECDHE-RSA-AES128-SHA256:AES128-SHA256:@SECLEVEL=0",
    "DHE-RSA-AES128-SHA:DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0",
    "EECDH+AESGCM:EDH+AESGCM",
    "kRSA+AES:@SECLEVEL=0",
    "aNULL:@SECLEVEL=0",
    "ECDHE+CHACHA20:@SECLEVEL=0",
    "SHA1:!DHE:!PSK:@SECLEVEL=0",
    "HIGH:-SHA1:@SECLEVEL=0",
    "aECDSA:@SECLEVEL=0",
    "TLSv1.2:!eNULL:@SECLEVEL=0",
    "HIGH:!aNULL:!RC4@SECLEVEL=0",
    "AES128-SHA:DEFAULT@SECLEVEL=0",
    "ALL:!LOW@SECLEVEL=0",
    "HIGH:!EXP@SECLEVEL=0",
    "ALL:!SEED@SECLEVEL=1:@SECLEVEL=0",
];

/// Names that clients send.
pub const CLIENTS: [&str; 9] =
    ["a.test", "b.test", "c.test", "www.a.test", "x.y.b.test", "r7.test", "www.zzz", "A.Test", "nobody.example"];

/// Kinds of keys, as the certificates are called.
pub fn keys(random: &mut Random) -> &'static [&'static str] {
    match random.below(20) {
        0..12 => &["rsa"],
        12..16 => &["ec"],
        16 => &["ed"],
        _ => &["rsa", "ec"],
    }
}

/// Writes a file the way an editor might have left it.
pub fn write(random: &mut Random, site: &Site, path: &str, text: &str) {
    let mut text = text.to_owned();
    if random.percent(20) {
        text.insert_str(0, "# caf\u{e9}\n");
    }
    if random.percent(12) {
        text = text.replace('\n', "\r\n");
    }
    // httpd loses a last line without an end after a macro's use (seen on 2.4.71).
    if random.percent(12) && !text.contains("Use ") {
        text.truncate(text.trim_end().len());
    }
    // Latin-1: one byte a character.
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).expect("all text is Latin-1")).collect();
    site.write(path, &bytes);
}
