//! The user of this process, and those whose word counts as theirs does.
#![expect(clippy::disallowed_methods, reason = "this machine's users, whatever host is looked at")]

use crate::trust::{Groups, Trusted, Writers};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

/// The number of the user whose rights this process has.
pub fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Root, the user of this process, and the groups of this machine that nobody else is in. The numbers of the users of
/// another root mean nothing here: whoever writes to a mounted image is a user of this machine.
pub fn trusted() -> &'static Trusted {
    static TRUSTED: OnceLock<Trusted> = OnceLock::new();
    TRUSTED.get_or_init(|| {
        let passwd = text("/etc/passwd");
        let groups = Groups::parse(&passwd, &text("/etc/group"), &text("/etc/nsswitch.conf"));
        Trusted::new(own_user(), groups.of_user(&passwd, own_user()).held_by(held_groups))
    })
}

/// The groups that processes of other users are in, as this process first saw it.
fn held_groups() -> &'static BTreeSet<u32> {
    static HELD: OnceLock<BTreeSet<u32>> = OnceLock::new();
    HELD.get_or_init(|| {
        let numbers = |line: &str| line.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<u32>>();
        let of_process = |status: &str| -> Vec<u32> {
            let field =
                |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map_or_else(Vec::new, numbers);
            match field("Uid:").iter().all(|user| *user == 0 || *user == own_user()) {
                true => Vec::new(),
                false => field("Gid:").into_iter().chain(field("Groups:")).collect(),
            }
        };
        let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let processes = entries.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
        let statuses = processes.filter_map(|entry| std::fs::read(entry.path().join("status")).ok());
        statuses.flat_map(|status| of_process(&String::from_utf8_lossy(&status))).collect()
    })
}

/// A user for people: `user nobody (65534)`, `root`.
pub fn user_name(user: u32) -> String {
    named("/etc/passwd", user).map_or_else(
        || format!("user {user}"),
        |name| match user {
            0 => name,
            _ => format!("user {name} ({user})"),
        },
    )
}

/// Users and groups for people, with their names on this machine.
pub fn described(writers: &Writers) -> String {
    if writers.is_everybody() {
        return writers.to_string();
    }
    let group = |group: &u32| {
        named("/etc/group", *group).map_or_else(|| format!("group {group}"), |name| format!("group {name} ({group})"))
    };
    let all: Vec<String> = writers.users().map(|user| user_name(*user)).chain(writers.groups().map(group)).collect();
    all.join(", ")
}

/// The name that a file of passwd(5) or group(5) gives a number.
fn named(path: &str, number: u32) -> Option<String> {
    let has_number = |line: &&str| line.split(':').nth(2).is_some_and(|field| field.parse() == Ok(number));
    let name = text(path).lines().find(has_number)?.split(':').next()?.to_owned();
    (!name.is_empty()).then_some(name)
}

/// A file of this machine as text. What can't be read makes users and groups unknown, which is the cautious side.
fn text(path: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(Path::new(path)).unwrap_or_default()).into_owned()
}
