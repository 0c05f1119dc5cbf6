//! The user of this process, and those whose word counts as theirs does.
#![expect(clippy::disallowed_methods, reason = "this machine's users, whatever host is looked at")]

use super::entrances::entrances;
use crate::trust::{Groups, Trusted, Writers};
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
        let groups = match where_users_come_from() {
            Ok(nsswitch) => Groups::parse(&read_text("/etc/passwd"), &read_text("/etc/group"), &nsswitch),
            Err(_) => Groups::default(),
        };
        Trusted::new(own_user(), groups.of_user(&read_text("/etc/passwd"), own_user()).with_entrances(entrances))
    })
}

/// What nsswitch.conf(5) says; without it, users and groups come from files.
fn where_users_come_from() -> std::io::Result<String> {
    match std::fs::read("/etc/nsswitch.conf") {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
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
pub(super) fn named(path: &str, number: u32) -> Option<String> {
    let has_number = |line: &&str| line.split(':').nth(2).is_some_and(|field| field.parse() == Ok(number));
    let name = read_text(path).lines().find(has_number)?.split(':').next()?.to_owned();
    (!name.is_empty()).then_some(name)
}

/// A file of this machine as text. What can't be read makes users and groups unknown, which is the cautious side.
fn read_text(path: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(Path::new(path)).unwrap_or_default()).into_owned()
}
