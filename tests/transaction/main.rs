//! All files of a transaction or none, wherever it is stopped and whatever fails.
//!
//! A program of its own: a child that another test of the same process starts would have the lock for a moment, too.
#![allow(clippy::disallowed_methods, reason = "tests have files of their own")]
#![allow(clippy::print_stderr, reason = "how much was tried is worth a line")]

mod faulty;

use faulty::{Counter, Fate, Faulty};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tlsmend::system::{OsDisk, WritableSystem, trusted};
use tlsmend::transaction::{
    Change, Failure, Instance, Intent, Journal, Name, Recovery, Step, Store, Transaction, force, history, recover, undo,
};

const STATE: &str = "/var/lib/tlsmend";
const ENOSPC: i32 = 28;

/// Five files: two folders, modes of their own, one with a second name, one to be written in place.
const FILES: [(&str, &str, &str); 5] = [
    ("/etc/nginx/nginx.conf", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n", "ssl_protocols TLSv1.2;\n"),
    ("/etc/nginx/sites/a", "# a\nssl_protocols TLSv1;\n", "# a\nssl_protocols TLSv1.2 TLSv1.3;\n"),
    ("/etc/nginx/sites/b", "ssl_protocols TLSv1.1; # b\n", "ssl_protocols TLSv1.2; # b\n"),
    ("/etc/nginx/sites/linked", "ssl_protocols TLSv1;\n", "ssl_protocols TLSv1.2 TLSv1.3;\n"),
    ("/etc/apache2/whole/c.conf", "SSLProtocol all -SSLv3\n", "SSLProtocol TLSv1.2\n"),
];

/// A host on a file system that has everything and is quick.
fn host() -> TempDir {
    let shm = Path::new("/dev/shm");
    let root = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let root = root.expect("a temporary directory");
    for (path, old, _) in FILES {
        let path = inside(root.path(), path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("mkdir");
        fs::write(&path, old).expect("write");
    }
    let set = |path: &str, mode| {
        fs::set_permissions(inside(root.path(), path), fs::Permissions::from_mode(mode)).expect("chmod");
    };
    set(FILES[1].0, 0o640);
    set(FILES[4].0, 0o600);
    fs::hard_link(inside(root.path(), FILES[3].0), root.path().join("etc/second-name")).expect("link");
    root
}

fn inside(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn changes() -> Vec<Change> {
    let change = |(path, old, new): &(&str, &str, &str)| {
        let path = PathBuf::from(path);
        let folder = path.parent().filter(|folder| !folder.ends_with("whole")).map(Path::to_owned);
        let staging = folder.ok_or("the server would read it".to_owned());
        Change { path, old: old.as_bytes().to_vec(), new: new.as_bytes().to_vec(), meta: None, staging }
    };
    FILES.iter().map(change).collect()
}

fn open(disk: &dyn WritableSystem) -> Result<Store<'_>, Failure> {
    Ok(Store::open(disk, (Path::new(STATE), Path::new(STATE)), trusted(), true)?.expect("it is made"))
}

/// What `tlsmend fix` does with the disk.
fn fix(disk: &dyn WritableSystem) -> Result<Journal, Failure> {
    let store = open(disk)?;
    let _lock = store.lock("tlsmend fix")?;
    recovered(disk, &store)?;
    let mut transaction = Transaction::prepare(disk, &store, intent(&store, changes())?)?;
    transaction.write(&|| false)?;
    transaction.checked()?;
    // What can't be tidied up now, the next run tidies up.
    let _later = transaction.commit();
    Ok(transaction.journal().clone())
}

/// A fix that makes these changes.
fn intent(store: &Store<'_>, changes: Vec<Change>) -> Result<Intent, Failure> {
    let instances = vec![Instance { service: "nginx".to_owned(), main: Name::of(Path::new(FILES[0].0)) }];
    Ok(Intent { id: store.new_id()?, command: "fix", root: None, undoes: None, reload: false, instances, changes })
}

/// What the next run of a writing command does first.
fn next_run(disk: &dyn WritableSystem) -> Result<Vec<Recovery>, Failure> {
    let store = open(disk)?;
    let _lock = store.lock("tlsmend fix")?;
    recovered(disk, &store)
}

/// Ends what an earlier run left; the error says what could not be ended.
fn recovered(disk: &dyn WritableSystem, store: &Store<'_>) -> Result<Vec<Recovery>, Failure> {
    let recovered = recover(disk, store, None, "")?;
    recovered.open.into_iter().next().map_or(Ok(recovered.ended), |open| Err(open.why))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whole {
    Old,
    New,
}

/// Every file is old, or every file is new; owner and mode are as before; nothing hidden lies about.
fn whole(root: &Path) -> Result<Whole, String> {
    let mut seen = Vec::new();
    for (number, (path, old, new)) in FILES.iter().enumerate() {
        let real = inside(root, path);
        let bytes = fs::read(&real).map_err(|e| format!("{path}: {e}"))?;
        let which = match () {
            () if bytes == old.as_bytes() => Whole::Old,
            () if bytes == new.as_bytes() => Whole::New,
            () => return Err(format!("{path} holds {:?}", String::from_utf8_lossy(&bytes))),
        };
        seen.push(which);
        let mode = fs::metadata(&real).expect("it is there").mode() & 0o7777;
        let wanted = [0o644, 0o640, 0o644, 0o644, 0o600][number];
        if mode != wanted {
            return Err(format!("{path} has mode {mode:o}"));
        }
    }
    let linked = [FILES[3].0, "/etc/second-name"].map(|p| fs::metadata(inside(root, p)).expect("is there").ino());
    if linked[0] != linked[1] {
        return Err("the two names are two files now".to_owned());
    }
    let entries = walkdir::WalkDir::new(root.join("etc")).into_iter().filter_map(Result::ok);
    let hidden: Vec<PathBuf> =
        entries.map(walkdir::DirEntry::into_path).filter(|p| p.to_string_lossy().contains(".tlsmend")).collect();
    if !hidden.is_empty() {
        return Err(format!("left behind: {hidden:?}"));
    }
    if seen.iter().any(|which| *which != seen[0]) {
        return Err(format!("mixed: {seen:?}"));
    }
    Ok(seen[0])
}

/// So many operations does the work need on a host where nothing fails.
fn operations(prepare: &dyn Fn(&Path), work: &dyn Fn(&dyn WritableSystem)) -> usize {
    let (root, counter) = (host(), Arc::new(Counter::default()));
    prepare(root.path());
    work(&Faulty::new(root.path(), &counter, 0, Fate::DiesBefore));
    counter.count()
}

fn journals(root: &Path) -> Vec<Journal> {
    let disk = OsDisk::new(root);
    let store = open(&disk).expect("the state directory");
    history(&store).expect("journals").into_iter().map(|past| past.journal).collect()
}

#[test]
fn a_fix_that_nothing_stops() {
    let root = host();
    let journal = fix(&OsDisk::new(root.path())).expect("it is done");
    assert_eq!((journal.step, whole(root.path())), (Step::Committed, Ok(Whole::New)));
    assert_eq!(next_run(&OsDisk::new(root.path())), Ok(Vec::new()));
    let mode = |path: &str| fs::metadata(inside(root.path(), path)).expect("is there").mode() & 0o7777;
    let folder = format!("{STATE}/transactions/{}", journal.id);
    assert_eq!((mode(STATE), mode(&folder), mode(&format!("{folder}/old-1"))), (0o700, 0o700, 0o600));
}

/// Stops a fix at every operation, in both ways, and then stops the run that recovers at each of its operations too.
#[test]
fn stopped_anywhere_it_is_all_or_nothing() {
    let run = |disk: &dyn WritableSystem| drop(fix(disk));
    let total = operations(&|_| {}, &run);
    let mut points = 0;
    let mut nested = 0;
    let mut ends = BTreeMap::new();
    for at in 1..=total {
        for fate in [Fate::DiesBefore, Fate::DiesWithin] {
            let stopped = || {
                let (root, counter) = (host(), Arc::new(Counter::default()));
                let _dead = fix(&Faulty::new(root.path(), &counter, at, fate));
                assert!(counter.is_dead(), "operation {at} was reached");
                root
            };
            let root = stopped();
            let counter = Arc::new(Counter::default());
            let recovered = next_run(&Faulty::new(root.path(), &counter, 0, fate));
            assert!(recovered.is_ok(), "{at} {fate:?}: {recovered:?}");
            let end = whole(root.path()).unwrap_or_else(|wrong| panic!("{at} {fate:?}: {wrong}; {recovered:?}"));
            assert!(journals(root.path()).iter().all(|j| j.step.is_over()), "{at} {fate:?}");
            *ends.entry(end).or_insert(0) += 1;
            points += 1;
            for second in 1..=counter.count() {
                let root = stopped();
                let counter = Arc::new(Counter::default());
                let _dead = next_run(&Faulty::new(root.path(), &counter, second, fate));
                assert!(counter.is_dead());
                next_run(&OsDisk::new(root.path())).unwrap_or_else(|e| panic!("{at}, {second} {fate:?}: {e}"));
                whole(root.path()).unwrap_or_else(|wrong| panic!("{at}, {second} {fate:?}: {wrong}"));
                nested += 1;
            }
        }
    }
    assert_eq!(points, total * 2);
    assert!(ends.contains_key(&Whole::Old) && ends.contains_key(&Whole::New), "{ends:?}");
    eprintln!("{total} operations, {points} stops ({ends:?}), {nested} stops while recovering");
}

/// Every operation fails once in each way, and in each way for good.
#[test]
fn whatever_fails_nothing_is_lost() {
    let errors =
        [("EPERM", 1), ("EIO", 5), ("EACCES", 13), ("EBUSY", 16), ("ENOSPC", ENOSPC), ("EROFS", 30), ("EAGAIN", 11)];
    let total = operations(&|_| {}, &|disk| drop(fix(disk)));
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, error) in errors {
        for at in 1..=total {
            for fate in [Fate::Fails(error), Fate::KeepsFailing(error)] {
                let (root, counter) = (host(), Arc::new(Counter::default()));
                let result = fix(&Faulty::new(root.path(), &counter, at, fate));
                let about = format!("{name} at {at}, {fate:?}: {result:?}");
                let now = whole(root.path());
                let outcome = match &result {
                    Ok(_) if fate == Fate::Fails(error) => {
                        // An old file under a hidden name may stay for the next run.
                        let same = now.clone().or_else(|e| e.starts_with("left").then_some(Whole::New).ok_or(e));
                        assert_eq!(same, Ok(Whole::New), "{about}");
                        "done"
                    }
                    Ok(_) => "done",
                    Err(Failure::Refused(_) | Failure::Blocked { .. }) => "refused",
                    Err(Failure::RolledBack(_)) => "rolled back",
                    Err(Failure::Stuck { .. }) => "stuck",
                };
                let honest = now.as_ref().is_ok_and(|now| *now == Whole::Old)
                    || now.as_ref().is_err_and(|e| e.starts_with("left"));
                match outcome {
                    "refused" | "rolled back" => assert!(honest, "{about}: {now:?}"),
                    "stuck" => assert!(fate != Fate::Fails(error) || honest, "{about}: {now:?}"),
                    _ => {}
                }
                *outcomes.entry(outcome).or_default() += 1;
                next_run(&OsDisk::new(root.path())).unwrap_or_else(|e| panic!("{about}: {e}"));
                let end = whole(root.path()).unwrap_or_else(|wrong| panic!("{about}: {wrong}"));
                if outcome != "stuck" {
                    assert_eq!(end, if outcome == "done" { Whole::New } else { Whole::Old }, "{about}");
                }
            }
        }
    }
    assert!(outcomes["refused"] > 0 && outcomes["rolled back"] > 0 && outcomes["done"] > 0);
    eprintln!("{total} operations, {} errors: {outcomes:?}", errors.len());
}

/// Somebody replaces or edits a file right before each operation: that edit is never lost.
#[test]
fn an_edit_at_any_moment_is_kept() {
    let total = operations(&|_| {}, &|disk| drop(fix(disk)));
    let mine = "# mine\n";
    let mut kept = 0;
    for (path, ..) in FILES {
        for at in 1..=total {
            for by_rename in [true, false] {
                let (root, counter) = (host(), Arc::new(Counter::default()));
                let real = inside(root.path(), path);
                let edited = real.clone();
                let edit = Box::new(move || {
                    if by_rename {
                        let fresh = edited.with_extension("editor");
                        fs::write(&fresh, mine).expect("write");
                        fs::rename(&fresh, &edited).expect("rename");
                    } else {
                        fs::write(&edited, mine).expect("write");
                    }
                });
                let result = fix(&Faulty::with(root.path(), &counter, at, Fate::Comes, edit));
                let now = fs::read_to_string(&real).expect("a file");
                let about = format!("{path} at {at}, {by_rename}: {result:?}");
                // Writing into the old file after it was compared for the last time can't be noticed: that is lost
                // with any editor. By rename, it always can, except between the last look at a file that is written
                // in place and its first byte.
                let in_place = path == FILES[3].0 || path == FILES[4].0;
                if by_rename && !in_place {
                    assert_eq!(now, mine, "{about}");
                    kept += 1;
                }
                if !in_place {
                    assert!(now == mine || now.contains("rotocol"), "{about}: {now}");
                }
                if let Err(Failure::Refused(_) | Failure::RolledBack(_)) = &result {
                    for (other, old, _) in FILES.iter().filter(|(other, ..)| *other != path) {
                        let bytes = fs::read_to_string(inside(root.path(), other)).expect("a file");
                        assert_eq!(&bytes, old, "{about}: {other}");
                    }
                }
            }
        }
    }
    eprintln!("{kept} edits by rename, all kept");
}

#[test]
fn what_is_no_longer_the_same_is_refused() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil); 5] = [
        ("it was changed since it was read; run this again", |path| fs::write(path, "# mine\n").expect("write")),
        ("it is gone since it was read", |path| fs::remove_file(path).expect("remove")),
        ("is a symbolic link now, which is not followed", |path| {
            let elsewhere = path.with_file_name("elsewhere");
            fs::rename(path, &elsewhere).expect("rename");
            std::os::unix::fs::symlink(&elsewhere, path).expect("link");
        }),
        ("is a symbolic link now, which is not followed", |path| {
            let folder = path.parent().expect("a folder");
            let elsewhere = folder.with_file_name("elsewhere");
            fs::rename(folder, &elsewhere).expect("rename");
            std::os::unix::fs::symlink(&elsewhere, folder).expect("link");
        }),
        ("is not a regular file", |path| {
            fs::remove_file(path).expect("remove");
            fs::create_dir(path).expect("mkdir");
        }),
    ];
    for (message, spoil) in cases {
        let root = host();
        spoil(&inside(root.path(), FILES[2].0));
        let before = snapshot(root.path());
        let error = fix(&OsDisk::new(root.path())).expect_err("refused");
        assert!(matches!(error, Failure::Refused(_)), "{error:?}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.to_string().ends_with("nothing was changed"), "{error}");
        assert_eq!(snapshot(root.path()), before);
    }
}

/// All files below /etc and what they hold.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, String> {
    let entries = walkdir::WalkDir::new(root.join("etc")).into_iter().filter_map(Result::ok);
    let files = entries.filter(|e| e.file_type().is_file());
    files.map(|e| (e.path().to_owned(), fs::read_to_string(e.path()).expect("text"))).collect()
}

/// An editor that had the old file open writes into it when it is out of place: that is kept, and said.
#[test]
fn what_is_written_into_the_old_file_is_kept() {
    let root = host();
    let disk = OsDisk::new(root.path());
    let store = open(&disk).expect("the state directory");
    let _lock = store.lock("tlsmend fix").expect("the lock");
    let id = store.new_id().expect("a name");
    let kept = inside(root.path(), &format!("{STATE}/transactions/{}/found-0", id.0));
    let intent = Intent {
        id,
        command: "fix",
        root: None,
        undoes: None,
        reload: false,
        instances: Vec::new(),
        changes: changes(),
    };
    let mut transaction = Transaction::prepare(&disk, &store, intent).expect("prepared");
    let editor = fs::OpenOptions::new().write(true).open(inside(root.path(), FILES[0].0)).expect("a file");
    transaction.write(&|| false).expect("written");
    std::io::Write::write_all(&mut &editor, b"# mine, late").expect("is written");
    transaction.checked().expect("checked");
    let said = transaction.commit().expect("committed");
    assert!(said.len() == 1 && said[0].starts_with(FILES[0].0), "{said:?}");
    assert!(fs::read_to_string(kept).expect("is kept").starts_with("# mine, late"));
    assert_eq!(whole(root.path()), Ok(Whole::New));
}

#[test]
fn one_run_at_a_time() {
    let root = host();
    let disk = OsDisk::new(root.path());
    let store = open(&disk).expect("the state directory");
    let lock = store.lock("tlsmend fix").expect("the lock");
    let error = fix(&disk).expect_err("the lock is held").to_string();
    let held = format!("tlsmend fix (process {}, since ", std::process::id());
    assert!(error.starts_with(&held) && error.contains("is at work"), "{error}");
    assert_eq!(whole(root.path()), Ok(Whole::Old));
    drop(lock);
    assert!(fix(&disk).is_ok());
}

#[test]
fn a_state_directory_of_others_is_refused() {
    let root = host();
    let state = inside(root.path(), STATE);
    fs::create_dir_all(&state).expect("mkdir");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("chmod");
    let error = fix(&OsDisk::new(root.path())).expect_err("refused").to_string();
    assert!(error.contains("everybody can write into it"), "{error}");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("chmod");
    fs::remove_dir(&state).expect("rmdir");
    std::os::unix::fs::symlink("/tmp", &state).expect("link");
    let error = fix(&OsDisk::new(root.path())).expect_err("refused").to_string();
    assert!(error.contains("symbolic link"), "{error}");
}

/// A finished fix is taken back, byte for byte, and that is taken back too.
#[test]
fn undone_and_done_again() {
    let root = host();
    let disk = OsDisk::new(root.path());
    let attribute = |name: &str| {
        let file = fs::File::open(inside(root.path(), FILES[1].0)).expect("a file");
        rustix::fs::fsetxattr(&file, name, b"x", rustix::fs::XattrFlags::empty())
    };
    let has_attributes = attribute("user.mine").is_ok();
    let first = fix(&disk).expect("done");
    assert_eq!(first.files[1].new_meta.attributes.contains_key(std::ffi::OsStr::new("user.mine")), has_attributes);
    let store = open(&disk).expect("the state directory");
    let take_back = |journal: &Journal| {
        let undo = undo(&disk, &store, journal).expect("can be undone");
        assert_eq!(undo.conflicts, []);
        let intent = Intent {
            id: store.new_id().expect("a name"),
            command: "rollback",
            root: None,
            undoes: Some(journal.id.clone()),
            reload: false,
            instances: journal.instances.clone(),
            changes: undo.changes,
        };
        let mut transaction = Transaction::prepare(&disk, &store, intent).expect("prepared");
        transaction.write(&|| false).expect("written");
        transaction.checked().expect("checked");
        transaction.commit().expect("committed");
        transaction.journal().clone()
    };
    let second = take_back(&first);
    assert_eq!(whole(root.path()), Ok(Whole::Old));
    let undone =
        |id: &str| history(&store).expect("read").into_iter().find(|p| p.journal.id == id).expect("is there").undone_by;
    assert_eq!(undone(&first.id), Some(second.id.clone()));
    let third = take_back(&second);
    assert_eq!(whole(root.path()), Ok(Whole::New));
    assert_eq!((undone(&first.id), undone(&second.id)), (None, Some(third.id)));
}

#[test]
fn what_changed_since_is_a_conflict() {
    let root = host();
    let disk = OsDisk::new(root.path());
    let journal = fix(&disk).expect("done");
    fs::write(inside(root.path(), FILES[0].0), "# mine\n").expect("write");
    fs::set_permissions(inside(root.path(), FILES[2].0), fs::Permissions::from_mode(0o600)).expect("chmod");
    let store = open(&disk).expect("the state directory");
    let undo = undo(&disk, &store, &journal).expect("read");
    let conflicts: Vec<(&str, &str)> =
        undo.conflicts.iter().map(|c| (c.path.to_str().expect("UTF-8"), c.why.as_str())).collect();
    assert_eq!(
        conflicts,
        [(FILES[0].0, "it was changed since"), (FILES[2].0, "its mode was changed from 0644 to 0600")]
    );
    assert_eq!(undo.changes.len(), 5);
}

/// An edit after a crash is not overwritten by the recovery, but on demand, and then it is kept.
#[test]
fn an_edit_after_a_crash() {
    let total = operations(&|_| {}, &|disk| drop(fix(disk)));
    let mut refused = 0;
    for at in 1..=total {
        let (root, counter) = (host(), Arc::new(Counter::default()));
        let _dead = fix(&Faulty::new(root.path(), &counter, at, Fate::DiesBefore));
        let real = inside(root.path(), FILES[1].0);
        fs::write(&real, "# mine\n").expect("write");
        let disk = OsDisk::new(root.path());
        let recovered = next_run(&disk);
        assert_eq!(fs::read_to_string(&real).expect("a file"), "# mine\n", "{at}: {recovered:?}");
        let Err(error) = recovered else { continue };
        refused += 1;
        let text = error.to_string();
        assert!(text.contains("somebody edited it") && text.contains("--force"), "{at}: {text}");
        let store = open(&disk).expect("the state directory");
        let journal = history(&store).expect("read").pop().expect("one").journal;
        let id = journal.id.clone();
        force(&disk, &store, journal).unwrap_or_else(|e| panic!("{at}: {e}"));
        assert_eq!(whole(root.path()), Ok(Whole::Old), "{at}");
        let kept = inside(root.path(), &format!("{STATE}/transactions/{id}/found-1"));
        assert_eq!(fs::read_to_string(kept).expect("is kept"), "# mine\n");
        assert_eq!(next_run(&disk), Ok(Vec::new()));
    }
    assert!(refused > 0);
}

fn inode(root: &Path, path: &str) -> u64 {
    fs::metadata(inside(root, path)).expect("it is there").ino()
}

/// Files that their owner keeps from being opened once they are written: they go back all the same, as all others do.
#[test]
fn what_can_not_be_opened_goes_back() {
    for (leased, (path, old, new)) in FILES.into_iter().enumerate() {
        let root = host();
        let disk = Faulty::sound(root.path());
        let id = {
            let store = open(&disk).expect("the state directory");
            let intent = intent(&store, changes()).expect("a fix");
            let mut transaction = Transaction::prepare(&disk, &store, intent).expect("is prepared");
            transaction.write(&|| false).expect("is written");
            disk.lease(&[inode(root.path(), path)]);
            let failure = transaction.fail("the checker does not accept it".to_owned());
            let Failure::Stuck { left, .. } = failure else { panic!("{path}: {failure:?}") };
            assert!(left.len() == 1 && left[0].contains("it is as it was; what was there can't be opened"), "{left:?}");
            transaction.journal().id.clone()
        };
        for (path, old, _) in FILES {
            assert_eq!(fs::read_to_string(inside(root.path(), path)).expect("a file"), old, "{path}, {leased}");
        }
        let hidden = inside(root.path(), path).with_file_name(format!(".tlsmend-{id}-{leased}-old"));
        assert_eq!(fs::read_to_string(&hidden).expect("what was there is kept"), new);
        // As long as that lasts, others' fixes go on, and this file is left alone.
        let store = open(&disk).expect("the state directory");
        assert!(recovered(&disk, &store).is_err());
        let changes = |same: bool| -> Vec<Change> {
            let all = changes().into_iter();
            all.enumerate().filter(|(number, _)| (*number == leased) == same).map(|(_, change)| change).collect()
        };
        let again = Transaction::prepare(&disk, &store, intent(&store, changes(true)).expect("a fix"));
        assert!(matches!(again.map(drop), Err(Failure::Blocked { .. })), "{path}");
        let past = history(&store).expect("a history");
        if leased % 2 == 0 {
            // It can be insisted on.
            force(&disk, &store, past[0].journal.clone()).expect("is over");
            assert!(!hidden.exists(), "{path}");
        } else {
            disk.lease(&[]);
            assert_eq!(next_run(&disk).map(|ended| ended.len()), Ok(1), "{path}");
        }
        assert_eq!(fs::read_to_string(inside(root.path(), path)).expect("a file"), old);
        if leased < 3 {
            assert_eq!(whole(root.path()), Ok(Whole::Old), "{path}");
        }
        assert!(fix(&disk).is_ok(), "{path}");
    }
}

/// The old file, which has a hidden name by then, is kept from being opened: it needs no opening to go.
#[test]
fn an_old_file_that_can_not_be_opened_goes() {
    let root = host();
    let disk = Faulty::sound(root.path());
    let store = open(&disk).expect("the state directory");
    let old = inode(root.path(), FILES[1].0);
    let intent = intent(&store, changes()).expect("a fix");
    let mut transaction = Transaction::prepare(&disk, &store, intent).expect("is prepared");
    transaction.write(&|| false).and_then(|()| transaction.checked()).expect("is written");
    disk.lease(&[old]);
    assert_eq!(transaction.commit(), Ok(Vec::new()));
    assert_eq!(whole(root.path()), Ok(Whole::New));
}

/// One run that can't be ended stops no fix of other files.
#[test]
fn a_run_that_stays_open_blocks_its_own_files_only() {
    let root = host();
    let disk = Faulty::sound(root.path());
    {
        let store = open(&disk).expect("the state directory");
        let only = changes().into_iter().take(2).collect();
        let mut transaction =
            Transaction::prepare(&disk, &store, intent(&store, only).expect("a fix")).expect("is prepared");
        transaction.write(&|| false).expect("is written");
    }
    fs::write(inside(root.path(), FILES[1].0), "# mine\n").expect("write");
    let store = open(&disk).expect("the state directory");
    assert!(recovered(&disk, &store).is_err());
    let of = |first: usize, count: usize| {
        let some = changes().into_iter().skip(first).take(count).collect();
        Transaction::prepare(&disk, &store, intent(&store, some).expect("a fix"))
    };
    let blocked = of(1, 2).map(drop).expect_err("a file of the open run");
    assert!(blocked.help().is_some_and(|help| help.contains("--force")), "{blocked}");
    let mut other = of(2, 1).expect("is prepared");
    other.write(&|| false).and_then(|()| other.checked()).expect("is written");
    assert_eq!(other.commit(), Ok(Vec::new()));
    assert_eq!(fs::read_to_string(inside(root.path(), FILES[1].0)).expect("a file"), "# mine\n");
}
