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

/// A mount namespace for this thread and what it starts; false: only root can make one.
fn is_apart() -> bool {
    if !nix::unistd::geteuid().is_root() {
        return false;
    }
    unshare(CloneFlags::CLONE_NEWNS).expect("root can make a mount namespace");
    run("mount", &["--make-rprivate", "/"]);
    true
}

pub fn full_at_any_point() {
    if !is_apart() {
        return;
    }
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

/// What stands in the way, with the file or folder that it concerns.
#[derive(Clone, Copy, Debug)]
enum Obstacle {
    /// It is a mount point.
    Mounted(&'static str),
    /// It is mounted, and can't be written.
    ReadOnly(&'static str),
    /// chattr(1) with this letter.
    Flag(char, &'static str),
}

const OBSTACLES: [Obstacle; 10] = [
    Obstacle::Mounted("etc/nginx/sites/s3"),
    Obstacle::Mounted("etc/nginx/sites"),
    Obstacle::ReadOnly("etc/nginx/sites/s3"),
    Obstacle::ReadOnly("etc/nginx/sites"),
    Obstacle::ReadOnly("etc"),
    Obstacle::Flag('i', "etc/nginx/sites/s3"),
    Obstacle::Flag('a', "etc/nginx/sites/s3"),
    Obstacle::Flag('i', "etc/nginx/sites"),
    Obstacle::Flag('a', "etc/nginx/sites"),
    Obstacle::Flag('a', "etc/apache2/sites"),
];

impl Obstacle {
    /// Puts it there; false: the file system has no such thing.
    fn put(self, estate: &Estate) -> bool {
        let path = |path| estate.path(path).display().to_string();
        match self {
            Obstacle::Mounted(at) => run("mount", &["--bind", &path(at), &path(at)]),
            Obstacle::ReadOnly(at) => {
                run("mount", &["--bind", &path(at), &path(at)]);
                run("mount", &["-o", "remount,bind,ro", &path(at)]);
            }
            Obstacle::Flag(flag, at) => {
                let mut command = Command::new("chattr");
                let set = command.args([&format!("+{flag}"), &path(at)]).stderr(std::process::Stdio::null()).status();
                return set.is_ok_and(|status| status.success());
            }
        }
        true
    }

    fn take_away(self, estate: &Estate) {
        let path = |path| estate.path(path).display().to_string();
        match self {
            Obstacle::Mounted(at) | Obstacle::ReadOnly(at) => run("umount", &[&path(at)]),
            Obstacle::Flag(flag, at) => run("chattr", &[&format!("-{flag}"), &path(at)]),
        }
    }
}

pub fn what_can_not_be_written() {
    if !is_apart() {
        return;
    }
    let ends = Ends::of_a_fix();
    for obstacle in OBSTACLES {
        let estate = Estate::new();
        if !obstacle.put(&estate) {
            eprintln!("left out: {obstacle:?}");
            continue;
        }
        let fix = estate.run(What::Fix);
        let told = format!("{obstacle:?}: status {:?}: {}", fix.status, fix.err);
        let mut now = estate.files();
        now.retain(|path, _| !path.to_string_lossy().contains(".tlsmend"));
        let is_done = matches!(fix.status, Some(0 | 3));
        assert!(now == if is_done { ends.new.clone() } else { ends.old.clone() }, "{told}");
        obstacle.take_away(&estate);
        let recovered = estate.run(What::Recover);
        assert_eq!(ends.of(&estate, &format!("{told}\n{}", recovered.err)), is_done);
        let next = estate.run(What::Fix);
        assert!(ends.of(&estate, &next.err), "a fix without the obstacle: {}", next.err);
    }
}
