//! A network of its own for each thread that starts servers, so that ports never clash and nothing is reachable from
//! outside.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use nix::sched::{CloneFlags, unshare};
use std::process::Command;
use std::sync::Mutex;

/// Held where the machine's own network has to do: one user at a time.
static MACHINE: Mutex<()> = Mutex::new(());

/// May networks be made here?
pub fn can_be_made() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs `work` in a network that holds nothing but a loopback interface; everything that it starts is in there too.
/// Where that takes rights that we do not have, in the machine's network, one after the other.
pub fn inside<T>(work: impl FnOnce() -> T) -> T {
    if !can_be_made() {
        let _alone = MACHINE.lock();
        return work();
    }
    unshare(CloneFlags::CLONE_NEWNET).expect("root can make a network namespace");
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("ip (tests/run installs it)");
    assert!(up.success(), "the loopback interface comes up");
    work()
}
