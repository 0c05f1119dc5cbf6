//! ldap.conf, as OpenLDAP's tools with GnuTLS read it: `TLS_CIPHER_SUITE` is a priority string; `TLS_PROTOCOL_MIN` does
//! nothing there.

use super::trail::Trail;
use crate::endpoint::ReasonKind;
use std::path::PathBuf;

/// What the files and the environment say about versions.
pub(super) fn apply(priority: &mut String, trail: &mut Trail<'_>) {
    if trail.variable("LDAPNOINIT").is_some() {
        return;
    }
    let home = trail.home();
    let files = [PathBuf::from("/etc/ldap/ldap.conf"), home.join("ldaprc"), home.join(".ldaprc")];
    let named = trail.variable("LDAPCONF").map(PathBuf::from);
    for path in files.into_iter().chain(named) {
        let Some(file) = trail.open(&path) else { continue };
        let lines: Vec<_> = file.lines().collect();
        for line in lines {
            let text = file.text(&line);
            let Some((name, value)) = text.split_once(|c: char| c.is_ascii_whitespace()) else { continue };
            match name.to_ascii_uppercase().as_str() {
                "TLS_CIPHER_SUITE" => {
                    value.trim().clone_into(priority);
                    trail.at(ReasonKind::Versions, file.id, &line, "GnuTLS' priority string");
                }
                "TLS_PROTOCOL_MIN" | "TLS_PROTOCOL_MAX" => {
                    trail.at(ReasonKind::Versions, file.id, &line, "has no effect with GnuTLS");
                }
                _ => {}
            }
        }
    }
    if let Some(value) = trail.variable("LDAPTLS_CIPHER_SUITE") {
        value.clone_into(priority);
        trail.say(ReasonKind::Versions, format!("LDAPTLS_CIPHER_SUITE={value}"));
    }
}
