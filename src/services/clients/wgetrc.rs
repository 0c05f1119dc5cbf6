//! wget's files: /etc/wgetrc, then the user's own, whose lines win.

use super::trail::Trail;
use crate::endpoint::ReasonKind;
use crate::tls::Version;
use std::path::PathBuf;

/// What the files say about versions: a priority string, and the lowest version. `false`: wget refuses to start.
pub(super) fn apply(priority: &mut String, low: &mut Option<Version>, trail: &mut Trail<'_>) -> bool {
    let mut has_ciphers = false;
    let system = trail.variable("SYSTEM_WGETRC").unwrap_or("/etc/wgetrc");
    let own = trail.variable("WGETRC").map_or_else(|| trail.home().join(".wgetrc"), PathBuf::from);
    for path in [PathBuf::from(system), own] {
        let Some(file) = trail.open(&path) else { continue };
        let lines: Vec<_> = file.lines().collect();
        for line in lines {
            let text = file.text(&line);
            let text = text.trim();
            let Some((name, value)) = text.split_once('=').filter(|_| !text.starts_with('#')) else { continue };
            // wget compares names without case, dashes and underscores.
            let name: String =
                name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
            let value = value.trim();
            match name.as_str() {
                "secureprotocol" => {
                    *low = match value.to_ascii_lowercase().as_str() {
                        "auto" | "pfs" => None,
                        "tlsv1" => Some(Version::Tls1),
                        "tlsv1_1" => Some(Version::Tls1_1),
                        "tlsv1_2" => Some(Version::Tls1_2),
                        "tlsv1_3" => Some(Version::Tls1_3),
                        _ => {
                            trail.at(ReasonKind::Versions, file.id, &line, "wget does not start with this value");
                            return false;
                        }
                    };
                    let words = low.map_or("no lowest version".to_owned(), |low| format!("the lowest version: {low}"));
                    trail.at(ReasonKind::Versions, file.id, &line, words);
                }
                "ciphers" => {
                    value.clone_into(priority);
                    has_ciphers = true;
                    trail.at(ReasonKind::Versions, file.id, &line, "GnuTLS' priority string, instead of wget's own");
                }
                _ => {}
            }
        }
    }
    if has_ciphers && low.take().is_some() {
        trail.say(ReasonKind::Versions, "ciphers beats secure_protocol");
    }
    true
}
