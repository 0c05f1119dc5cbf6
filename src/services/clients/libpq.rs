//! libpq: variables of the environment, and the service that one of them names.

use super::openssl::Wanted;
use super::programs::Bound;
use super::trail::Trail;
use crate::endpoint::ReasonKind;
use crate::tls::Version;
use std::path::PathBuf;

/// What the environment says about versions.
pub(super) fn apply(wanted: &mut Wanted, trail: &mut Trail<'_>) {
    if wanted.min == Bound::Follows {
        return; // libpq before 13 has neither
    }
    for (name, parameter) in [
        ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
        ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
    ] {
        if let Some(value) = trail.variable(name) {
            trail.say(ReasonKind::Versions, format!("{name}={value}"));
            set(wanted, parameter, value, trail);
        }
    }
    // What a service says beats the environment.
    let Some(service) = trail.variable("PGSERVICE") else { return };
    let own = trail.variable("PGSERVICEFILE").map_or_else(|| trail.home().join(".pg_service.conf"), PathBuf::from);
    let folder = trail.variable("PGSYSCONFDIR").unwrap_or("/etc/postgresql-common");
    for path in [own, PathBuf::from(folder).join("pg_service.conf")] {
        let Some(file) = trail.open(&path) else { continue };
        let (mut is_it, mut is_found) = (false, false);
        let lines: Vec<_> = file.lines().collect();
        for line in lines {
            let text = file.text(&line);
            let text = text.trim();
            if let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
                is_it = name == service;
                is_found |= is_it;
            } else if let Some((name, value)) = text.split_once('=').filter(|_| is_it && !text.starts_with('#'))
                && matches!(name, "ssl_min_protocol_version" | "ssl_max_protocol_version")
            {
                trail.at(ReasonKind::Versions, file.id, &line, format!("the service {service}: {name} is {value}"));
                set(wanted, name, value, trail);
            }
        }
        if is_found {
            return;
        }
    }
}

/// An empty value leaves the bound to openssl.cnf; libpq refuses unknown ones, so that nothing connects.
fn set(wanted: &mut Wanted, parameter: &str, value: &str, trail: &mut Trail<'_>) {
    let bound = match value.to_ascii_lowercase().as_str() {
        "" => Bound::Follows,
        "tlsv1" => Bound::At(Version::Tls1),
        "tlsv1.1" => Bound::At(Version::Tls1_1),
        "tlsv1.2" => Bound::At(Version::Tls1_2),
        "tlsv1.3" => Bound::At(Version::Tls1_3),
        _ => {
            trail.say(ReasonKind::Floor, format!("libpq refuses {parameter}={value}: nothing connects"));
            wanted.off = crate::tls::VersionSet::ALL;
            return;
        }
    };
    match parameter {
        "ssl_min_protocol_version" => wanted.min = bound,
        _ => wanted.max = bound,
    }
}
