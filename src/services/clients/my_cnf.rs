//! The MariaDB client's files: `tls_version` in a group for clients is a list of exactly these versions.

use super::openssl::Wanted;
use super::trail::Trail;
use crate::endpoint::ReasonKind;
use crate::tls::{Version, VersionSet};
use std::path::{Path, PathBuf};

/// Groups that the client reads.
const GROUPS: &[&str] = &["client", "client-server", "client-mariadb", "mysql", "mariadb-client"];

/// What Debian's my.cnf includes.
const STOCK: &[&str] = &["/etc/mysql/conf.d", "/etc/mysql/mariadb.conf.d"];

/// More files than any host includes.
const MOST_FILES: usize = 500;

/// What the files say about versions. `is_there`: was the program found?
pub(super) fn apply(wanted: &mut Wanted, is_there: bool, trail: &mut Trail<'_>) {
    let mut left = MOST_FILES;
    for path in ["/etc/my.cnf", "/etc/mysql/my.cnf"] {
        read(Path::new(path), &mut left, wanted, trail);
    }
    let has_main = ["/etc/my.cnf", "/etc/mysql/my.cnf"].iter().any(|path| trail.system.kind(Path::new(path)).is_ok());
    if !has_main && !is_there {
        // Neither program nor main file: what is there is a part of what a package brings.
        for folder in STOCK {
            read_folder(Path::new(folder), &mut left, wanted, trail);
        }
    }
    let own = trail.home().join(".my.cnf");
    read(&own, &mut left, wanted, trail);
}

fn read(path: &Path, left: &mut usize, wanted: &mut Wanted, trail: &mut Trail<'_>) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let Some(file) = trail.open(path) else { return };
    let mut is_ours = false;
    let lines: Vec<_> = file.lines().collect();
    for line in lines {
        let text = file.text(&line);
        let text = text.trim();
        if let Some(folder) = text.strip_prefix("!includedir") {
            read_folder(Path::new(folder.trim()), left, wanted, trail);
        } else if let Some(path) = text.strip_prefix("!include") {
            read(Path::new(path.trim()), left, wanted, trail);
        } else if let Some((group, _)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            is_ours = GROUPS.contains(&group.trim());
        } else if let Some((name, value)) = text.split_once('=').filter(|_| is_ours && !text.starts_with(['#', ';'])) {
            let name = name.trim().replace('_', "-");
            if name.strip_prefix("loose-").unwrap_or(&name) != "tls-version" {
                continue;
            }
            let value = value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            let names = value.split(',').map(|name| if name.trim() == "TLSv1.0" { "TLSv1" } else { name.trim() });
            let listed: VersionSet = names.filter_map(|name| Version::from_name_ignore_case(name.as_bytes())).collect();
            wanted.off = VersionSet::ALL.minus(listed);
            trail.at(ReasonKind::Versions, file.id, &line, format!("exactly these: {}", listed.listed()));
        }
    }
}

fn read_folder(folder: &Path, left: &mut usize, wanted: &mut Wanted, trail: &mut Trail<'_>) {
    let entries = trail.system.list(folder).unwrap_or_default();
    let names = entries.into_iter().map(|entry| folder.join(entry.name));
    let paths: Vec<PathBuf> = names.filter(|path| path.extension().is_some_and(|end| end == "cnf")).collect();
    for path in paths {
        read(&path, left, wanted, trail);
    }
}
