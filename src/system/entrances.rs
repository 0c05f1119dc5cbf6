//! What lets others into the groups of this machine, besides passwd(5) and group(5).
//!
//! Asked once in a run, and only where something that a group may write matters.
#![expect(clippy::disallowed_methods, reason = "this machine's groups, whatever host is looked at")]

use super::own::{named, own_user};
use crate::trust::Entrances;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where systemd finds units, also those that programs make while it runs.
const UNITS: [&str; 14] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
    "/run/host/systemd/system",
];
/// The kinds of units that run something.
const KINDS: [&str; 4] = ["service", "socket", "mount", "swap"];
/// Where programs are that everybody finds.
const PROGRAMS: [&str; 8] =
    ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/games", "/usr/local/games"];
/// Where systemd's module for users and groups reads more of them, and whose answers add none to groups of files.
const USER_RECORDS: [&str; 5] =
    ["/etc/userdb", "/run/userdb", "/run/host/userdb", "/usr/lib/userdb", "/var/lib/systemd/home"];
const USER_SERVICES: &str = "/run/systemd/userdb";
const OWN_SERVICES: [&str; 6] = [
    "io.systemd.DynamicUser",
    "io.systemd.DropIn",
    "io.systemd.Home",
    "io.systemd.Machine",
    "io.systemd.Multiplexer",
    "io.systemd.NameServiceSwitch",
];
/// The set-group-ID bit, and the one with which others may start a program.
const SET_GROUP: u32 = 0o2000;
const OTHERS_START: u32 = 0o001;

/// What lets others into groups, as this process first saw it.
pub(super) fn entrances() -> &'static Entrances {
    static ENTRANCES: OnceLock<Entrances> = OnceLock::new();
    ENTRANCES.get_or_init(|| {
        let mut found = Entrances::default();
        let own = named("/etc/passwd", own_user());
        let own = own.as_deref();
        read("/etc/group", &mut found, Entrances::add_group_passwords);
        read("/etc/gshadow", &mut found, |found, text| found.add_gshadow(text, own));
        read("/etc/subgid", &mut found, |found, text| found.add_subordinate(text, own));
        read("/etc/security/group.conf", &mut found, Entrances::add_group_conf);
        read("/etc/sudoers", &mut found, Entrances::add_sudoers);
        for path in names_in("/etc/sudoers.d", &mut found) {
            read(&path, &mut found, Entrances::add_sudoers);
        }
        add_units(&mut found);
        add_pools(&mut found);
        add_user_records(&mut found);
        add_programs(&mut found);
        add_processes(&mut found);
        found
    })
}

/// Reads a file, if it is there. Where root can't read it, it may say anything; others are not shown all of these.
fn read(path: impl AsRef<Path>, found: &mut Entrances, add: impl FnOnce(&mut Entrances, &str)) {
    if let Some(text) = read_text(path.as_ref(), found) {
        add(found, &text);
    }
}

fn read_text(path: &Path, found: &mut Entrances) -> Option<String> {
    match std::fs::read(path) {
        Ok(bytes) => return Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => missing(&error, found),
    }
    None
}

fn missing(error: &io::Error, found: &mut Entrances) {
    let is_gone = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory);
    if !is_gone && own_user() == 0 {
        found.add_unknown();
    }
}

/// What is in a folder, if that is there.
fn names_in(folder: impl AsRef<Path>, found: &mut Entrances) -> Vec<PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(error) => {
            missing(&error, found);
            Vec::new()
        }
    }
}

fn add_units(found: &mut Entrances) {
    let mut texts = Vec::new();
    let ends_with = |path: &Path, ends: &[&str]| path.extension().is_some_and(|end| ends.iter().any(|e| end == *e));
    for path in UNITS.iter().flat_map(|folder| names_in(folder, found)).collect::<Vec<PathBuf>>() {
        if ends_with(&path, &KINDS) {
            texts.extend(read_text(&path, found).map(|text| (false, text)));
        } else if ends_with(&path, &["d"]) {
            for drop_in in names_in(&path, found).iter().filter(|path| ends_with(path, &["conf"])) {
                texts.extend(read_text(drop_in, found).map(|text| (true, text)));
            }
        }
    }
    found.add_units(&texts);
}

/// What else starts programs with a group of its settings: PHP-FPM, xinetd.
fn add_pools(found: &mut Entrances) {
    let mut folders = vec![PathBuf::from("/etc/xinetd.d"), PathBuf::from("/etc/php-fpm.d")];
    folders.extend(names_in("/etc/php", found).into_iter().map(|version| version.join("fpm/pool.d")));
    for path in folders.iter().flat_map(|folder| names_in(folder, found)).collect::<Vec<PathBuf>>() {
        read(&path, found, Entrances::add_assignments);
    }
}

/// Records of users, which say in what groups these are.
fn add_user_records(found: &mut Entrances) {
    for path in USER_RECORDS.iter().flat_map(|folder| names_in(folder, found)).collect::<Vec<PathBuf>>() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if [".user", ".membership", ".identity", ".user-privileged"].iter().any(|end| name.ends_with(end)) {
            found.add_unknown();
        }
    }
    for path in names_in(USER_SERVICES, found) {
        if !OWN_SERVICES.iter().any(|service| path.ends_with(service)) {
            found.add_unknown();
        }
    }
}

/// Programs that anybody can start and that then have their file's group.
fn add_programs(found: &mut Entrances) {
    for path in PROGRAMS.iter().flat_map(|folder| names_in(folder, found)).collect::<Vec<PathBuf>>() {
        if let Ok(meta) = std::fs::metadata(&path)
            && meta.is_file()
            && meta.mode() & (SET_GROUP | OTHERS_START) == SET_GROUP | OTHERS_START
        {
            found.add_number(meta.gid());
        }
    }
}

/// The groups that processes of other users are in.
fn add_processes(found: &mut Entrances) {
    let numbers = |line: &str| line.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<u32>>();
    for path in names_in("/proc", found) {
        let is_process = path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        // One that is gone by now is in no group any more.
        let Some(status) = is_process.then(|| std::fs::read(path.join("status")).ok()).flatten() else { continue };
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map_or_else(Vec::new, numbers);
        if field("Uid:").iter().any(|user| *user != 0 && *user != own_user()) {
            field("Gid:").into_iter().chain(field("Groups:")).for_each(|group| found.add_number(group));
        }
    }
}
