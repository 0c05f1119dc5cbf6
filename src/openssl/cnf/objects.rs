//! `oid_section`: names for object identifiers. One that is not valid ends the loading (`oid_module_init`).

use super::modules::Trouble;
use super::sections::Entry;
use std::collections::BTreeSet;

/// Names that every library has, and that nobody can give again.
const TAKEN: &[&str] = &[
    "C",
    "CN",
    "DC",
    "L",
    "O",
    "OU",
    "ST",
    "UID",
    "SN",
    "GN",
    "commonName",
    "countryName",
    "emailAddress",
    "localityName",
    "organizationName",
    "organizationalUnitName",
    "serialNumber",
    "stateOrProvinceName",
    "surname",
    "subjectAltName",
    "keyUsage",
    "extendedKeyUsage",
    "basicConstraints",
    "certificatePolicies",
    "serverAuth",
    "clientAuth",
    "id-ce",
    "id-pkix",
];

/// Are all of them valid?
pub(crate) fn check(entries: &[(String, &Entry)]) -> Result<(), Trouble> {
    let mut seen = BTreeSet::new();
    for (name, entry) in entries {
        let text = entry.text();
        let (long, number) = match text.rsplit_once(',') {
            Some((long, number)) => (long.trim(), number.trim_start()),
            None => (name.as_str(), text.as_str()),
        };
        if !is_number(number) {
            return Err(Trouble::at(entry, format!("\"{number}\" is no object identifier")));
        }
        let is_new = seen.insert(number.replace(' ', "."));
        if !is_new || TAKEN.contains(&name.as_str()) || TAKEN.contains(&long) {
            return Err(Trouble::at(entry, format!("{name} or its number has a meaning already")));
        }
    }
    Ok(())
}

/// Numbers between dots or blanks (`a2d_ASN1_OBJECT`).
fn is_number(text: &str) -> bool {
    let arcs: Vec<&str> = text.split(['.', ' ']).collect();
    let [first, second, rest @ ..] = arcs.as_slice() else { return false };
    let is_arc = |arc: &&str| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit());
    let small = second.parse::<u64>().is_ok_and(|second| second < 40);
    let begins = matches!(*first, "0" | "1") && small || *first == "2";
    begins && is_arc(second) && rest.iter().all(is_arc)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenSSL 3.0.19 takes them.
    #[test]
    fn numbers_of_objects() {
        for good in ["1.2.3.4.5", "2.50.3", "1 2 3", "0.39"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["1", "1.", "1.2.a", "1.40.3", "3.1.1", "", "y"] {
            assert!(!is_number(bad), "{bad}");
        }
    }
}
