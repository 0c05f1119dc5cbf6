//! The user of this process, and those whose word counts as theirs does.
#![expect(clippy::disallowed_methods, reason = "this machine's users, whatever host is looked at")]

use crate::trust::{Groups, Trusted};
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
        // What can't be read makes a group unknown, which is the cautious side.
        let text =
            |path: &str| String::from_utf8_lossy(&std::fs::read(Path::new(path)).unwrap_or_default()).into_owned();
        let passwd = text("/etc/passwd");
        let groups = Groups::parse(&passwd, &text("/etc/group"), &text("/etc/nsswitch.conf"));
        Trusted::new(own_user(), groups.of_user(&passwd, own_user()))
    })
}
