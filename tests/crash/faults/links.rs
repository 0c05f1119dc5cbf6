//! A site owner who swaps folders, files and hidden files for links to other places while root's `fix` runs.

use super::rounds;
use crate::support::random::Random;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const OWNER: u32 = 1234;
/// Where sites are, below the root and in the places that links lead to.
const SITES: [&str; 3] = ["own.conf", "d/own.conf", "e/deep/own.conf"];

/// What the owner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attack {
    Folders,
    Files,
    Hidden,
}

/// A root with a server that reads the owner's folder, and the same files in two other places: `other` below the root, and
/// `outside` of it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        let place = Place { folder };
        let main = "events {}\nhttp {\n    include /srv/site/*.conf;\n    include /srv/site/d/*.conf;\n    include /srv/site/e/deep/*.conf;\n}\n";
        place.write("root/etc/nginx/nginx.conf", main);
        for (number, site) in SITES.iter().enumerate() {
            let text = format!(
                "server {{ listen {} ssl; ssl_certificate x; ssl_certificate_key y; ssl_protocols TLSv1 TLSv1.2; }}\n",
                443 + number
            );
            for folder in ["root/srv/site", "root/srv/other", "outside"] {
                place.write(&format!("{folder}/{site}"), &text);
            }
        }
        for entry in walkdir::WalkDir::new(place.path("root/srv/site")) {
            chown(entry.expect("an entry").path(), Some(OWNER), Some(OWNER)).expect("an owner");
        }
        place
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().expect("a parent")).expect("folders");
        fs::write(self.path(path), text).expect("a file");
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A link of the owner beside the site, with a name that nothing reads.
    fn link(&self, name: &str, target: &str) -> PathBuf {
        let path = self.path("root/srv/site").join(name);
        symlink(target, &path).expect("a link");
        lchown(&path, Some(OWNER), Some(OWNER)).expect("an owner");
        path
    }

    /// All that is not the owner's, with owners and modes.
    fn others(&self) -> BTreeMap<PathBuf, (Vec<u8>, u32, u32)> {
        let folders = ["root/srv/other", "outside", "root/etc"];
        let entries = folders.iter().flat_map(|folder| walkdir::WalkDir::new(self.path(folder)));
        let files = entries.map(|entry| entry.expect("an entry").into_path()).filter(|path| path.is_file());
        let one = |path: PathBuf| {
            let meta = fs::metadata(&path).expect("is there");
            let bytes = fs::read(&path).expect("a file");
            (path, (bytes, meta.uid(), meta.mode()))
        };
        files.map(one).collect()
    }

    /// Does it until it is over.
    fn attack(&self, attack: Attack, random: &mut Random, over: &AtomicBool) {
        let names: &[&str] = match attack {
            Attack::Folders => &["d", "e", "e/deep"],
            Attack::Files => &SITES,
            Attack::Hidden => &[],
        };
        let outside = self.path("outside").display().to_string();
        // What is swapped, and the link that takes its place.
        let mut swaps: Vec<(PathBuf, PathBuf)> = Vec::new();
        for name in names {
            for elsewhere in ["/srv/other", &outside] {
                let link = self.link(&format!("link-{}", swaps.len()), &format!("{elsewhere}/{name}"));
                swaps.push((self.path("root/srv/site").join(name), link));
            }
        }
        while !over.load(Ordering::SeqCst) {
            if attack == Attack::Hidden {
                self.meddle(random);
                continue;
            }
            let (one, link) = random.pick(&swaps);
            // The other way round a moment later. What is under a folder that is swapped itself is not there then.
            let swapped = exchange(one, link);
            std::thread::sleep(std::time::Duration::from_micros(random.below(3_000) as u64));
            if swapped {
                assert!(exchange(one, link) || !one.exists(), "the link goes away again");
            }
        }
    }

    /// Whatever hidden file is there is removed, or becomes something else.
    fn meddle(&self, random: &mut Random) {
        let folders = ["root/srv/site", "root/srv/site/d", "root/srv/site/e/deep"];
        let entries = folders.iter().filter_map(|folder| fs::read_dir(self.path(folder)).ok()).flatten().flatten();
        for hidden in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tlsmend")) {
            let (path, aside) = (hidden.path(), self.path("aside"));
            let made = match random.below(5) {
                0 => symlink(self.path("outside/own.conf"), &aside),
                1 => symlink("/srv/other/own.conf", &aside),
                2 => fs::create_dir(&aside),
                3 => fs::write(&aside, "evil\n"),
                _ => Ok(()),
            };
            let _gone_already = fs::remove_file(&path);
            if made.is_ok() && lchown(&aside, Some(OWNER), Some(OWNER)).is_ok() {
                let _taken = fs::rename(&aside, &path);
            }
            let _nothing_there = fs::remove_file(&aside).or_else(|_| fs::remove_dir(&aside));
        }
    }
}

fn exchange(one: &Path, other: &Path) -> bool {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

pub fn swapped_while_it_runs() {
    if !nix::unistd::geteuid().is_root() {
        // Only root can give links to somebody, and only root can be made to do what they can't.
        return;
    }
    rounds::each("swapped links", 15, |seed, random| {
        let attack = *random.pick(&[Attack::Folders, Attack::Files, Attack::Hidden]);
        let place = Place::new();
        let before = place.others();
        let over = AtomicBool::new(false);
        let ran = std::thread::scope(|scope| {
            scope.spawn(|| place.attack(attack, &mut Random::new(seed), &over));
            let mut command = Command::new(rounds::program());
            command.args(["fix", "--yes", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17", "--root"]);
            command.arg(place.path("root")).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rounds::output(command)));
            over.store(true, Ordering::SeqCst);
            super::estate::ended(&ran.expect("a run that ends"))
        });
        let status = ran.status.expect("it ends by itself");
        assert!((0..=3).contains(&status), "{attack:?}: status {status}: {}", ran.err);
        let after = place.others();
        assert!(after == before, "{attack:?}: the file of another is changed: {}", ran.err);
        for entry in walkdir::WalkDir::new(place.path("root/srv/site")).into_iter().filter_map(Result::ok) {
            let mode = fs::symlink_metadata(entry.path()).map(|meta| meta.mode()).unwrap_or_default();
            assert_eq!(mode & 0o6000, 0, "{}", entry.path().display());
        }
        format!("{attack:?} status {status}")
    });
}
