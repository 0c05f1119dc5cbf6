//! Disks that are full, or can't be written: a file system of its own, in a private mount namespace.

use super::estate::{Ends, Estate, What};
use super::rounds;
use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The size of the file system, in KiB.
const SIZE: usize = 512;

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().expect("a program of every Debian");
    assert!(status.success(), "{program} {arguments:?}");
}

/// Fills the disk of a folder but for some KiB.
fn fill(folder: &Path, leave: usize) {
    let free = rustix::fs::statvfs(folder).expect("a disk");
    let bytes = (free.f_bfree * free.f_bsize) as usize;
    let filling = folder.join("filling");
    fs::write(filling, vec![b'x'; bytes.saturating_sub(leave << 10)]).expect("there is room for it");
}

pub fn full_at_any_point() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    unshare(CloneFlags::CLONE_NEWNS).expect("root can make a mount namespace");
    run("mount", &["--make-rprivate", "/"]);
    let ends = Ends::of_a_fix();
    rounds::each("full disks", 12, |_, random| {
        let mount = tempfile::tempdir().expect("a folder");
        let place = mount.path().display().to_string();
        run("mount", &["-t", "tmpfs", "-o", &format!("size={SIZE}k,mode=755"), "tmpfs", &place]);
        let estate = Estate::within(tempfile::tempdir_in(mount.path()).expect("a folder"));
        let what = if random.percent(30) { What::Rollback } else { What::Fix };
        if what == What::Rollback {
            assert!(matches!(estate.run(What::Fix).status, Some(0 | 3)));
        }
        let before = estate.files();
        fill(mount.path(), random.below(160));
        let full = estate.run(what);
        let said_nothing = full.err.contains("every file is as it was") || full.err.contains("nothing was changed");
        assert!(!said_nothing || estate.files() == before, "{}", full.err);
        // To end it takes no room either: the disk is full still.
        let recovered = estate.recover();
        let is_new = ends.of(&estate, &format!("{}\n{}", full.err, recovered.err));
        let is_done = is_new == (what == What::Fix);
        assert_eq!(matches!(full.status, Some(0 | 3)), is_done, "status {:?}: {}", full.status, full.err);
        fs::remove_file(mount.path().join("filling")).expect("the disk is full no more");
        let next = estate.run(What::Fix);
        assert!(ends.of(&estate, &next.err), "a fix with room again: {}", next.err);
        drop(estate);
        run("umount", &[&place]);
        format!("{what:?} status {:?}, {}", full.status.unwrap_or(-1), if is_new { "new" } else { "old" })
    });
}
