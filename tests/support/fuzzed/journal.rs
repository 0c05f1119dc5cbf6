//! A state directory with anything in it, and a host to which it is applied: the history is read, and what is unfinished is
//! ended. The input's files are laid out below a root on a disk; the state directory is `/state` there.
//!
//! In a `journal.json`, `@NAME@` stands for the hash of the file NAME beside it, and `@owner@` and `@group@` for those of
//! this process: no fuzzer finds such numbers by chance.

use super::input::Input;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tlsmend::system::{OsDisk, trusted};
use tlsmend::transaction::{Recovered, Step, Store, can_finish, history, recover, undo};

const STATE: &str = "/state";
const JOURNAL: &str = "/journal.json";

pub fn run(bytes: &[u8]) {
    let input = Input::read(bytes, "/state/transactions/20260131T120000Z-1/journal.json");
    let shm = Path::new("/dev/shm");
    let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let folder = folder.expect("a temporary folder");
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    fs::create_dir(&root).expect("a folder");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("journal.json"), "outside").expect("a file");
    lay_out(&input, &root);
    let before = contents(&root);
    applied(&root);
    let after = contents(&root);
    let beside = contents(&outside);
    assert_eq!(beside, [("journal.json".into(), b"outside".to_vec())].into(), "something outside of the root changed");
    untorn(&before, &after);
}

/// Writes the files of an input below a root. Where that can't be done, it is no host.
fn lay_out(input: &Input<'_>, root: &Path) {
    let below = |path: &str| root.join(tlsmend::system::normalize(path.as_ref()).strip_prefix("/").unwrap_or(root));
    let make = |path: &Path| path.parent().is_some_and(|parent| fs::create_dir_all(parent).is_ok());
    for (path, content) in input.files.iter().filter(|(path, _)| path.starts_with('/')) {
        let place = below(path);
        let content = if path.ends_with(JOURNAL) { filled(content, path, input) } else { content.to_vec() };
        if make(&place) && fs::write(&place, content).is_ok() {
            let _as_it_is = fs::set_permissions(&place, fs::Permissions::from_mode(0o644));
        }
    }
    for (path, target) in input.links.iter().filter(|(path, _)| path.starts_with('/')) {
        let place = below(path);
        if make(&place) {
            let _or_not = std::os::unix::fs::symlink(target, &place);
        }
    }
    for folder in [STATE, "/state/transactions"] {
        let _as_it_is = fs::set_permissions(below(folder), fs::Permissions::from_mode(0o700));
    }
}

/// A journal with its placeholders filled in.
fn filled(journal: &[u8], path: &str, input: &Input<'_>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(journal) else { return journal.to_vec() };
    let folder = path.strip_suffix(JOURNAL).unwrap_or_default();
    let own = fs::metadata("/proc/self").expect("this process");
    let mut text = text.replace("@owner@", &own.uid().to_string()).replace("@group@", &own.gid().to_string());
    for (other, content) in &input.files {
        if let Some(name) = other.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
            let mut hash = String::new();
            for byte in Sha256::digest(content) {
                let _writing_to_a_string = write!(hash, "{byte:02x}");
            }
            text = text.replace(&format!("@{name}@"), &hash);
        }
    }
    text.into_bytes()
}

/// Reads the history, ends what is unfinished, and works out what takes back the rest.
fn applied(root: &Path) {
    let disk = OsDisk::new(root);
    let shown = (Path::new(STATE), Path::new("/shown"));
    let open = || Store::open(&disk, shown, trusted(), false).ok().flatten();
    let (Some(store), Some(again)) = (open(), open()) else { return };
    if let Ok(past) = history(&store) {
        assert_eq!(past, history(&again).expect("as before"), "two histories");
        for one in &past {
            let _either_way = can_finish(&disk, &store, &one.journal);
        }
    }
    let Ok(_lock) = store.lock("fuzz") else { return };
    if recover(&disk, &store, None, "").is_ok_and(|recovered| recovered.open.is_empty()) {
        let fresh = open().expect("as before");
        let again = recover(&disk, &fresh, None, "").expect("nothing is left to fail");
        assert_eq!(again, Recovered::default(), "ended twice");
        let past = history(&fresh).expect("what was recovered can be read");
        for one in past.iter().filter(|one| one.journal.root.is_none()) {
            assert!(one.journal.step.is_over(), "{} is not ended: {:?}", one.journal.id, one.journal.step);
        }
    }
    for one in history(&store).unwrap_or_default() {
        if one.journal.step == Step::Committed {
            let _either_way = undo(&disk, &store, &one.journal);
        }
    }
}

/// The regular files below a folder, by their paths there.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file());
    let relative = |path: &Path| path.strip_prefix(folder).map(Path::to_owned).unwrap_or_default();
    files.filter_map(|entry| Some((relative(entry.path()), fs::read(entry.path()).ok()?))).collect()
}

/// What is on the host afterwards was there before, or was kept: no file is torn, and none is new.
fn untorn(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) {
    let known: BTreeSet<&Vec<u8>> = before.values().collect();
    for (path, content) in after.iter().filter(|(path, _)| !path.starts_with("state")) {
        assert!(before.contains_key(path), "{} is new", path.display());
        assert!(known.contains(content), "{} has a content that nobody wrote", path.display());
    }
}
