//! The curl program's own file: the first of four that is there. libcurl in other programs reads none of them.

use super::openssl::Wanted;
use super::programs::Bound;
use super::trail::{File, Trail};
use crate::endpoint::ReasonKind;
use crate::tls::Version;
use std::path::PathBuf;

/// What the file says about versions.
pub(super) fn apply(wanted: &mut Wanted, trail: &mut Trail<'_>) {
    let Some(file) = find(trail) else { return };
    let lines: Vec<_> = file.lines().collect();
    for line in lines {
        let text = file.text(&line);
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let end = text.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == ':').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let value = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '=' || c == ':');
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => value.split_ascii_whitespace().next().unwrap_or_default(),
        };
        let least = match name.trim_start_matches('-') {
            "tlsv1" | "1" | "tlsv1.0" => Version::Tls1,
            "tlsv1.1" => Version::Tls1_1,
            "tlsv1.2" => Version::Tls1_2,
            "tlsv1.3" => Version::Tls1_3,
            "tls-max" => {
                let most = match value {
                    "default" => Bound::Open,
                    "1.0" => Bound::At(Version::Tls1),
                    "1.1" => Bound::At(Version::Tls1_1),
                    "1.2" => Bound::At(Version::Tls1_2),
                    "1.3" => Bound::At(Version::Tls1_3),
                    _ => continue,
                };
                wanted.max = most;
                trail.at(ReasonKind::Versions, file.id, &line, format!("the highest version: {value}"));
                continue;
            }
            "ciphers" => {
                wanted.ciphers = Some(value.to_owned());
                trail.at(ReasonKind::Command, file.id, &line, "curl's own list of ciphers");
                continue;
            }
            _ => continue,
        };
        wanted.min = Bound::At(least);
        trail.at(
            ReasonKind::Versions,
            file.id,
            &line,
            format!("the lowest version: {least}; the last such line counts"),
        );
    }
}

fn find(trail: &mut Trail<'_>) -> Option<File> {
    let folder = |name: &str| trail.variable(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let mut paths: Vec<PathBuf> =
        ["CURL_HOME", "XDG_CONFIG_HOME"].into_iter().filter_map(folder).map(|folder| folder.join(".curlrc")).collect();
    paths.push(trail.home().join(".curlrc"));
    paths.push(trail.home().join(".config/curlrc"));
    paths.iter().find_map(|path| trail.open(path))
}
