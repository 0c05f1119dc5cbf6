//! State directories that mean harm, or that others could have written: in an image, in a folder of somebody else's.
//! Nothing outside of the root is written, nothing hangs, nobody becomes root, and one entry that can't be read stops no
//! other.

use crate::support;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::workshop::{Run, Workshop};

const ID: &str = "20260101T000000Z-1";
const FOLDER: &str = "image/var/lib/tlsmend/transactions";
const OLD: &str = "* * * * * root touch /owned\n";
const NEW: &str = "ssl_protocols TLSv1 TLSv1.2;\n";
const VICTIM: &str = "image/etc/nginx/victim.conf";

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// What is done to something, by name.
type Case<T> = (&'static str, fn(&mut T));

/// A state directory, what is said of it, and who makes it somebody else's.
type Foreign = (&'static str, &'static str, fn(&Workshop));
/// How a folder of the history is broken, by name.
type Broken = (&'static str, fn(&Path));

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |all, byte| format!("{all}{byte:02x}"))
}

/// An image with one file that a fix would change, and something precious beside it, outside.
fn image() -> Workshop {
    let shop = Workshop::new();
    shop.write("image/etc/nginx/nginx.conf", "events {}\nhttp {\n    include victim.conf;\n}\n");
    shop.write("image/etc/nginx/victim.conf", NEW);
    shop.write("outside/journal.json", "precious");
    shop.write("outside/file", "precious");
    shop
}

/// The journal of a run that was interrupted while it wrote.
fn journal() -> Value {
    let own = fs::metadata("/proc/self").expect("this process");
    let version = |text: &str| json!({"sha256": hash(text), "owner": own.uid(), "group": own.gid(), "mode": "0644", "attributes": {}});
    json!({
        "schema": "tlsmend/journal/1", "id": ID, "command": "fix", "time": "2026-01-01T00:00:00Z", "root": null,
        "step": "writing", "undoes": null, "why": null, "instances": [],
        "files": [{"path": "/etc/nginx/victim.conf", "in_place": null, "staging": "/etc/nginx",
                   "old": version(OLD), "new": version(NEW)}]
    })
}

/// Puts a journal and its contents into the image.
fn plant(shop: &Workshop, folder: &str, journal: &Value) {
    shop.write(&format!("{FOLDER}/{folder}/journal.json"), &journal.to_string());
    shop.write(&format!("{FOLDER}/{folder}/old-0"), OLD);
    shop.write(&format!("{FOLDER}/{folder}/new-0"), NEW);
    for folder in ["", "/transactions"] {
        let path = shop.path(&format!("image/var/lib/tlsmend{folder}"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("chmod");
    }
}

fn run(shop: &Workshop, command: &[&str]) -> Run {
    let root = shop.path("image").display().to_string();
    let begin = Instant::now();
    let run = shop.plain(&[command, &["--root", &root]].concat());
    assert!(begin.elapsed() < Duration::from_secs(60), "it ends");
    assert!(!run.err.contains("panicked"), "{}", run.screen());
    run
}

fn fix(shop: &Workshop) -> Run {
    run(shop, &["fix", "--yes", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"])
}

/// What lies outside is as it was, and nothing that anybody may run as root came about.
fn unharmed(shop: &Workshop, what: &str) {
    let outside: Vec<(PathBuf, Vec<u8>)> =
        shop.contents("outside").into_iter().map(|(path, (bytes, _))| (path, bytes)).collect();
    let expected = ["file", "journal.json"].map(|name| (shop.path("outside").join(name), b"precious".to_vec()));
    assert_eq!(outside, expected, "{what}");
    for (path, (_, mode)) in shop.contents("image") {
        assert_eq!(mode & 0o6000, 0, "{what}: {}", path.display());
    }
}

/// Everything that a journal can say to lead a run astray.
#[test]
fn a_journal_that_lies() {
    let cases: [Case<Value>; 22] = [
        ("an id with a slash", |j| j["id"] = json!("A/evil")),
        ("an id that climbs", |j| j["id"] = json!("../../../../../outside")),
        ("an id of another", |j| j["id"] = json!("20260101T000000Z-2")),
        ("an id with a line end", |j| j["id"] = json!("20260101T000000Z-1\n")),
        ("an id with ESC", |j| j["id"] = json!("\u{1b}[2J")),
        ("a path that climbs", |j| j["files"][0]["path"] = json!("/etc/../../outside/file")),
        ("a relative path", |j| j["files"][0]["path"] = json!("outside/file")),
        ("a path of no file", |j| j["files"][0]["path"] = json!("/")),
        ("staging elsewhere", |j| j["files"][0]["staging"] = json!("/tmp")),
        ("staging that climbs", |j| j["files"][0]["staging"] = json!("/etc/nginx/../../../outside")),
        ("the same file twice", |j| {
            let file = j["files"][0].clone();
            j["files"].as_array_mut().expect("a list").push(file);
        }),
        ("the journal itself", |j| {
            j["files"][0]["path"] = json!(format!("/var/lib/tlsmend/transactions/{ID}/new-0"));
            j["files"][0]["staging"] = json!(format!("/var/lib/tlsmend/transactions/{ID}"));
        }),
        ("the lock", |j| {
            j["files"][0]["path"] = json!("/var/lib/tlsmend/lock");
            j["files"][0]["staging"] = json!("/var/lib/tlsmend");
        }),
        ("no hash", |j| j["files"][0]["old"]["sha256"] = json!("../../x")),
        ("a mode that is none", |j| j["files"][0]["old"]["mode"] = json!("104755")),
        ("set-user-ID", |j| j["files"][0]["old"]["mode"] = json!("4755")),
        ("set-group-ID, in place", |j| {
            j["files"][0]["old"]["mode"] = json!("2755");
            j["files"][0]["in_place"] = json!("it has 2 names (hard links)");
        }),
        ("capabilities", |j| {
            j["files"][0]["old"]["attributes"] =
                json!({"security.capability": "0100000200040000000000000000000000000000"});
        }),
        ("a reason with ESC", |j| j["files"][0]["in_place"] = json!("\u{1b}[2J")),
        ("an unknown field", |j| j["run"] = json!("touch /owned")),
        ("another version", |j| j["schema"] = json!("tlsmend/journal/9")),
        ("what it undoes", |j| j["undoes"] = json!("../x")),
    ];
    for (what, spoil) in cases {
        let shop = image();
        let mut spoiled = journal();
        spoil(&mut spoiled);
        plant(&shop, ID, &spoiled);
        plant(&shop, "A/evil", &journal());
        for folder in ["image/etc/nginx/.tlsmend-A", "image/etc/nginx/.tlsmend-..", "image/etc/nginx/.tlsmend-"] {
            symlink(shop.path("outside"), shop.path(folder)).expect("a link");
        }
        for command in [&["history"][..], &["rollback", "--yes", "--no-exec"], &["rollback", "1", "--force", "--yes"]] {
            let run = run(&shop, command);
            assert!(!run.screen().contains('\u{1b}'), "{what}: {}", run.screen());
            unharmed(&shop, what);
        }
        let fixed = fix(&shop);
        // One that names other files than the fix keeps these from being changed, and no others.
        let status = if matches!(what, "the journal itself" | "the lock") { 3 } else { 2 };
        assert_eq!(fixed.status, status, "{what}: {}", fixed.screen());
        assert!(
            fixed.err.contains("-1 can't be read") || fixed.err.contains("an interrupted run ([TIME]-1)"),
            "{what}: {}",
            fixed.screen()
        );
        unharmed(&shop, what);
        let is_fixed = shop.read(VICTIM) != NEW;
        assert_eq!(is_fixed, status == 3, "{what}");
    }
    // One that does not lie is ended, inside of the image.
    let shop = image();
    plant(&shop, ID, &journal());
    let back = run(&shop, &["rollback", "--yes", "--no-exec"]);
    assert!(back.err.contains("undone: its file is as it was"), "{}", back.screen());
    assert_eq!(shop.read(VICTIM), OLD);
    unharmed(&shop, "no lie");
    // One of another root is none of this one's business.
    let shop = image();
    let mut elsewhere = journal();
    elsewhere["root"] = json!("/mnt");
    plant(&shop, ID, &elsewhere);
    assert_eq!(fix(&shop).status, 3);
    assert_ne!(shop.read(VICTIM), NEW);
}

/// A reload that a journal of an image asks for, is not run.
#[test]
fn an_image_makes_nobody_reload() {
    let shop = image();
    let mut owed = journal();
    owed["step"] = json!("committed");
    owed["reload"] = json!("begun");
    owed["instances"] = json!([{"service": "nginx", "main": "/etc/nginx/nginx.conf"}]);
    plant(&shop, ID, &owed);
    shop.write(VICTIM, "ssl_protocols TLSv1.2 TLSv1.3;\n");
    let reload = format!("nginx={}", shop.script("reload", "touch \"$(dirname \"$0\")/owned\""));
    let check = format!("nginx={}", shop.script("check", "touch \"$(dirname \"$0\")/owned\""));
    let assumed = ["fix", "--yes", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"];
    let run = run(&shop, &[&assumed[..], &["--reload", "--reload-with", &reload, "--check-with", &check]].concat());
    assert_eq!(run.status, 3, "{}", run.screen());
    assert!(run.err.contains("its word is not enough to run anything"), "{}", run.screen());
    assert!(!shop.path("owned").exists());
}

fn replace(path: &Path, with: &str, outside: &Path) {
    if fs::remove_file(path).is_err() {
        let _not_there = fs::remove_dir_all(path);
    }
    match with {
        "link" => symlink(outside, path).expect("a link"),
        "second name" => fs::hard_link(outside, path).expect("a name"),
        "socket" => drop(UnixListener::bind(path).expect("a socket")),
        "folder" => fs::create_dir(path).expect("a folder"),
        "fifo" => assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success()),
        // The device of no file: to open it fails, to write to a real one would not.
        "device" => {
            assert!(Command::new("mknod").arg(path).args(["b", "7", "250"]).status().expect("mknod").success());
        }
        "2 GiB" => fs::File::create(path).and_then(|file| file.set_len(2 << 30)).expect("a file"),
        "deep" => fs::write(path, "[".repeat(1 << 20)).expect("a file"),
        _ => unreachable!("{with}"),
    }
}

/// Where a file of the state directory should be, lies something else: it is said, not waited for and not written to.
#[test]
fn something_else_in_its_place() {
    let mut kinds = vec!["link", "second name", "socket", "folder", "fifo", "2 GiB", "deep"];
    if is_root() {
        kinds.push("device");
    }
    for name in ["lock", "journal.json", "old-0", "new-0", "journal.json.new", "found-0"] {
        // What is read is read to an end.
        let is_read = ["journal.json", "old-0"].contains(&name);
        for kind in kinds.iter().filter(|kind| is_read || !["2 GiB", "deep"].contains(kind)) {
            let shop = image();
            plant(&shop, ID, &journal());
            let place = match name {
                "lock" => shop.path("image/var/lib/tlsmend/lock"),
                name => shop.path(&format!("{FOLDER}/{ID}/{name}")),
            };
            replace(&place, kind, &shop.path("outside/file"));
            let what = format!("{name} is a {kind}");
            if name == "journal.json" {
                let history = run(&shop, &["history"]);
                assert_eq!((history.status, history.out.matches("not readable").count()), (0, 1), "{what}");
            }
            run(&shop, &["rollback", "1", "--yes", "--force", "--no-exec"]);
            unharmed(&shop, &what);
            let fixed = fix(&shop);
            unharmed(&shop, &what);
            // What is only written, and anew each time, keeps nothing from going back.
            if !["journal.json.new", "found-0"].contains(&name) {
                assert_eq!(fixed.status, 2, "{what}: {}", fixed.screen());
                assert_eq!(shop.read(VICTIM), NEW, "{what}");
            }
        }
    }
}

/// Hidden names that somebody took already stay theirs.
#[test]
fn names_that_are_taken() {
    for kind in ["folder", "link", "fifo", "socket"] {
        for hidden in [format!(".tlsmend-{ID}-0"), format!(".tlsmend-{ID}-0-old")] {
            let shop = image();
            plant(&shop, ID, &journal());
            let place = shop.path("image/etc/nginx").join(&hidden);
            replace(&place, kind, &shop.path("outside"));
            let run = run(&shop, &["rollback", "--yes", "--no-exec"]);
            unharmed(&shop, &hidden);
            assert!(fs::symlink_metadata(&place).is_ok(), "{kind} {hidden}: {}", run.screen());
            let now = shop.read(VICTIM);
            assert!(now == OLD || now == NEW && run.status == 2, "{kind} {hidden}: {}", run.screen());
        }
    }
}

/// A second name of the machine's file, in an image: neither a journal nor a fix writes into it.
#[test]
fn a_name_of_a_file_outside() {
    let shop = image();
    let mut in_place = journal();
    in_place["files"][0]["in_place"] = json!("it has 2 names (hard links)");
    plant(&shop, ID, &in_place);
    fs::remove_file(shop.path(VICTIM)).expect("removes");
    shop.write("elsewhere", NEW);
    fs::hard_link(shop.path("elsewhere"), shop.path(VICTIM)).expect("links");
    let back = run(&shop, &["rollback", "1", "--yes", "--no-exec"]);
    assert_eq!(back.status, 2, "{}", back.screen());
    assert!(back.err.contains("not all of them lie inside of the root"), "{}", back.screen());
    fs::remove_dir_all(shop.path("image/var")).expect("removes");
    let fixed = fix(&shop);
    assert_eq!(fixed.status, 2, "{}", fixed.screen());
    assert!(fixed.err.contains("not all of them lie inside of the root"), "{}", fixed.screen());
    assert_eq!(shop.read("elsewhere"), NEW);
    // Where all names lie inside, they stay one file.
    fs::remove_file(shop.path("elsewhere")).expect("removes");
    fs::create_dir(shop.path("image/srv")).expect("mkdir");
    fs::hard_link(shop.path(VICTIM), shop.path("image/srv/second")).expect("links");
    assert_eq!(fix(&shop).status, 3);
    assert_ne!(shop.read(VICTIM), NEW);
    assert_eq!(shop.read("image/srv/second"), shop.read(VICTIM));
}

/// Links on the way to the state directory stay inside of the root, and those in `transactions/` are not followed.
#[test]
fn links_in_an_image() {
    let shop = image();
    fs::create_dir_all(shop.path("image/var/lib")).expect("mkdir");
    // What looks like the machine's is the image's.
    symlink(shop.path("outside"), shop.path("image/var/lib/tlsmend")).expect("a link");
    let fixed = fix(&shop);
    unharmed(&shop, "an absolute link");
    let inside = shop.path("image").join(shop.path("outside").strip_prefix("/").expect("an absolute path"));
    assert!(fixed.status == 3 && inside.join("transactions").is_dir(), "{}", fixed.screen());

    let shop = image();
    plant(&shop, "20260101T000000Z-2", &journal());
    symlink(shop.path("outside"), shop.path(&format!("{FOLDER}/20260101T000000Z-3"))).expect("a link");
    symlink("/", shop.path(&format!("{FOLDER}/A"))).expect("a link");
    let history = run(&shop, &["history"]);
    for line in ["[TIME]-3  not readable: is a symbolic link", "A  not readable: has no name of a transaction"] {
        assert!(history.out.contains(line), "{line}: {}", history.screen());
    }
    fix(&shop);
    unharmed(&shop, "links in transactions/");

    let shop = image();
    plant(&shop, ID, &journal());
    fs::rename(shop.path(FOLDER), shop.path("image/var/lib/tlsmend/other")).expect("aside");
    symlink("other", shop.path(FOLDER)).expect("a link");
    assert_eq!(fix(&shop).status, 2, "transactions is a link");
    assert_eq!(shop.read(VICTIM), NEW);
}

fn configuration() -> Workshop {
    let shop = Workshop::new();
    shop.write("conf/nginx.conf", "events {}\nhttp {\n    ssl_protocols TLSv1 TLSv1.2;\n}\n");
    shop.script("check", "exit 0");
    shop
}

fn fix_in(shop: &Workshop, state: &Path) -> Run {
    let check = format!("nginx={}", shop.path("check").display());
    let words = ["fix", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17", "--yes", "--check-with"];
    shop.tlsmend_with(state, &[&words[..], &[&check]].concat())
}

/// Whoever could have written the state directory, or put it there, is named, and nothing is done.
#[test]
fn a_state_directory_that_others_could_have_written() {
    if !is_root() {
        // Only root can give things to others.
        return;
    }
    let other = Some(65534);
    let chmod = |shop: &Workshop, path: &str, mode| {
        fs::set_permissions(shop.path(path), fs::Permissions::from_mode(mode)).expect("chmod");
    };
    let cases: [Foreign; 8] = [
        ("p/state", "everybody can write to ", |shop| {
            fs::set_permissions(shop.path("p"), fs::Permissions::from_mode(0o777)).expect("chmod");
        }),
        ("p/new", "everybody can write to ", |shop| {
            fs::set_permissions(shop.path("p"), fs::Permissions::from_mode(0o777)).expect("chmod");
        }),
        ("p/state", "user 65534 can write to ", |shop| chown(shop.path("p"), Some(65534), None).expect("chown")),
        ("p/state", "user 65534 can write into it", |shop| {
            chown(shop.path("p/state"), Some(65534), None).expect("chown");
        }),
        ("p/state", "everybody can write to ", |shop| {
            fs::set_permissions(shop.path("p/state/transactions"), fs::Permissions::from_mode(0o777)).expect("chmod");
        }),
        ("p/state", "user 65534 can write to ", |shop| {
            chown(shop.path("p/state/transactions"), Some(65534), None).expect("chown");
        }),
        ("link", "a symbolic link of user 65534, which is not followed", |shop| {
            symlink(shop.path("p/state"), shop.path("link")).expect("a link");
            std::os::unix::fs::lchown(shop.path("link"), Some(65534), None).expect("chown");
        }),
        ("open/link/state", "a symbolic link in a place that others can write to (everybody)", |shop| {
            fs::create_dir(shop.path("open")).expect("mkdir");
            fs::set_permissions(shop.path("open"), fs::Permissions::from_mode(0o777)).expect("chmod");
            symlink(shop.path("p"), shop.path("open/link")).expect("a link");
        }),
    ];
    for (state, message, spoil) in cases {
        let shop = configuration();
        fs::create_dir_all(shop.path("p/state/transactions")).expect("mkdir");
        for path in ["p/state", "p/state/transactions"] {
            chmod(&shop, path, 0o700);
        }
        spoil(&shop);
        let before = shop.contents("conf");
        let run = fix_in(&shop, &shop.path(state));
        assert_eq!(run.status, 2, "{message}: {}", run.screen());
        assert!(run.err.contains(message), "{message}: {}", run.screen());
        for command in [&["history"][..], &["rollback", "--yes"]] {
            let run = shop.tlsmend_with(&shop.path(state), command);
            assert!(run.status == 2 || state == "p/new", "{message}: {}", run.screen());
        }
        assert_eq!(shop.contents("conf"), before, "{message}");
        assert!(!shop.path("p/new").exists(), "nothing is made there");
    }
    // In a folder with the sticky bit, what is root's is root's; and a link of root's own is followed.
    let shop = configuration();
    fs::create_dir(shop.path("tmp")).expect("mkdir");
    chmod(&shop, "tmp", 0o1777);
    symlink(shop.path("tmp/state"), shop.path("link")).expect("a link");
    assert_eq!(fix_in(&shop, &shop.path("link")).status, 0);
    assert!(shop.path("tmp/state/transactions").is_dir());
    let folder =
        fs::read_dir(shop.path("tmp/state/transactions")).expect("is there").next().expect("one").expect("one");
    // The folder of one transaction, which somebody could have written into.
    chown(folder.path(), other, other).expect("chown");
    let history = shop.tlsmend_with(&shop.path("tmp/state"), &["history"]);
    assert!(history.out.contains("not readable: user 65534 can write into it; left alone"), "{}", history.screen());
}

/// An old entry that can't be read is said and left alone, whatever it is; one that may be a run that was interrupted
/// keeps everything as it is until somebody looks.
#[test]
fn one_broken_entry_stops_no_other() {
    let cases: [Broken; 6] = [
        ("rubbish", |folder| fs::write(folder.join("journal.json"), b"\xff\x00rubbish").expect("write")),
        ("empty", |folder| fs::write(folder.join("journal.json"), "").expect("write")),
        ("another version", |folder| {
            let text = fs::read_to_string(folder.join("journal.json")).expect("a journal");
            fs::write(folder.join("journal.json"), text.replace("journal/1", "journal/2")).expect("write");
        }),
        ("cut off", |folder| {
            let bytes = fs::read(folder.join("journal.json")).expect("a journal");
            fs::write(folder.join("journal.json"), &bytes[..bytes.len() / 2]).expect("write");
        }),
        ("no journal, and more", |folder| {
            fs::remove_file(folder.join("journal.json")).expect("removes");
            fs::create_dir(folder.join("mine")).expect("mkdir");
        }),
        ("a fifo", |folder| replace(&folder.join("journal.json"), "fifo", folder)),
    ];
    for (what, spoil) in cases {
        let shop = configuration();
        let state = shop.path("state");
        assert_eq!(fix_in(&shop, &state).status, 0);
        let first = shop.contents("state").into_keys().find(|path| path.ends_with("journal.json")).expect("a journal");
        let first = first.parent().expect("a folder").to_owned();
        shop.write("conf/nginx.conf", "events {}\nhttp {\n    ssl_protocols TLSv1.1 TLSv1.2;\n}\n");
        assert_eq!(fix_in(&shop, &state).status, 0);
        spoil(&first);
        fs::write(state.join("transactions/stray"), "x").expect("write");
        let before = shop.contents("state").len();
        let history = shop.tlsmend(&["history"]);
        assert_eq!(history.status, 0, "{what}: {}", history.screen());
        assert_eq!(history.out.matches("not readable: ").count(), 2, "{what}: {}", history.screen());
        assert!(history.out.contains("-2  fix: done\n"), "{what}: {}", history.screen());
        let back = shop.tlsmend(&["rollback", "--yes", "--no-exec"]);
        assert_eq!(back.status, 3, "nothing tested it: {what}: {}", back.screen());
        assert!(back.err.contains("left alone"), "{what}: {}", back.screen());
        let named = shop.tlsmend(&["rollback", "1", "--yes", "--no-exec"]);
        assert!(named.status == 2 && named.err.contains("it is not readable"), "{what}: {}", named.screen());
        let again = fix_in(&shop, &state);
        assert_eq!(again.status, 0, "{what}: {}", again.screen());
        assert!(first.exists() && shop.contents("state").len() > before, "{what}: it is left alone");
    }
    // The latest one, of which it is not known whether it was interrupted.
    let shop = configuration();
    let state = shop.path("state");
    assert_eq!(fix_in(&shop, &state).status, 0);
    let journal = shop.contents("state").into_keys().find(|path| path.ends_with("journal.json")).expect("a journal");
    fs::write(&journal, "rubbish").expect("write");
    shop.write("conf/nginx.conf", "events {}\nhttp {\n    ssl_protocols TLSv1.1 TLSv1.2;\n}\n");
    let stopped = fix_in(&shop, &state);
    assert_eq!(stopped.status, 2, "{}", stopped.screen());
    assert!(stopped.err.contains("\nhelp: if no file named .tlsmend-"), "{}", stopped.screen());
    assert_eq!(shop.tlsmend(&["history"]).status, 0);
    fs::rename(journal.parent().expect("a folder"), shop.path("aside")).expect("moves");
    assert_eq!(fix_in(&shop, &state).status, 0);
}

/// A run that was killed before it had a journal leaves a folder, which goes if nothing of others is in it.
#[test]
fn a_folder_without_a_journal() {
    let shop = configuration();
    let folder = shop.path("state/transactions").join(ID);
    fs::create_dir_all(&folder).expect("mkdir");
    for path in ["state", "state/transactions"] {
        fs::set_permissions(shop.path(path), fs::Permissions::from_mode(0o700)).expect("chmod");
    }
    fs::write(folder.join("old-0"), "x").expect("write");
    fs::write(folder.join("journal.json.new"), "x").expect("write");
    assert_eq!(fix_in(&shop, &shop.path("state")).status, 0);
    assert!(!folder.exists());
}

/// Thousands of entries: each journal is opened once by each command.
#[test]
fn a_long_history() {
    let shop = configuration();
    assert_eq!(fix_in(&shop, &shop.path("state")).status, 0);
    let journal = shop.contents("state").into_keys().find(|path| path.ends_with("journal.json")).expect("a journal");
    let text = fs::read_to_string(&journal).expect("a journal");
    let id = journal.parent().expect("a folder").file_name().expect("a name").to_string_lossy().into_owned();
    let many = 3000;
    for number in 2..=many {
        let other = id.replace("-1", &format!("-{number}"));
        fs::create_dir(shop.path("state/transactions").join(&other)).expect("mkdir");
        fs::write(shop.path("state/transactions").join(&other).join("journal.json"), text.replace(&id, &other))
            .expect("write");
    }
    // Nothing tests the result of the rollback.
    for (words, status) in [(&["history"][..], 0), (&["rollback", "1", "--yes", "--no-exec"], 3)] {
        let mut command = Command::new("strace");
        let trace = shop.path("trace").display().to_string();
        command.args(["-o", &trace, "-e", "trace=openat", Workshop::program()]).args(words);
        command.arg("--state-dir").arg(shop.path("state")).current_dir(shop.path(".")).env_clear();
        let run = shop.finished(command);
        assert_eq!(run.status, status, "{}", run.err);
        let opened = shop.read("trace").lines().filter(|line| line.contains("\"journal.json\"")).count();
        assert!((many..many + 10).contains(&opened), "{words:?}: {opened}");
    }
}

/// Whatever the umask is, the state directory is its owner's alone, and usable; and nothing of it is there before the user
/// agreed.
#[test]
fn whatever_the_umask_is() {
    for umask in ["000", "022", "777"] {
        let shop = configuration();
        let check = format!("nginx={}", shop.path("check").display());
        let fix = format!(
            "umask {umask}; exec {} fix conf --assume nginx=1.22.1 --assume openssl=3.0.17 --check-with '{check}' --state-dir s",
            Workshop::program()
        );
        let sh = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).current_dir(shop.path(".")).stdin(std::process::Stdio::null());
            shop.finished(command)
        };
        let asked = sh(&fix);
        assert!(asked.status == 2 && !shop.path("s").exists(), "{}", asked.screen());
        let done = sh(&format!("{fix} --yes"));
        assert_eq!(done.status, 0, "{umask}: {}", done.screen());
        for entry in walkdir::WalkDir::new(shop.path("s")) {
            let meta = entry.as_ref().expect("an entry").metadata().expect("is there");
            let wanted = if meta.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(meta.mode() & 0o7777, wanted, "{umask}: {:?}", entry.expect("an entry").path());
        }
        assert_eq!(fs::metadata(shop.path("conf/nginx.conf")).expect("is there").mode() & 0o777, 0o644);
    }
}
