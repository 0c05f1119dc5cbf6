//! Hosts that change while they are read: every command ends, says so, and applies nothing that was made from two
//! different states.

use assert_cmd::Command;
use rustix::fs::inotify;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const MAIN: &str = "events {}\nhttp {\n ssl_protocols TLSv1 TLSv1.2;\n include /srv/site/*.conf;\n}\n";

fn site(name: &str) -> String {
    format!(
        "server {{ listen 443 ssl; ssl_certificate /none/x; ssl_certificate_key /none/y; server_name {name}.test; }}\n"
    )
}

/// A host with a site that is going to change, and others beside it.
fn host() -> (TempDir, PathBuf) {
    let host = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir_all(host.path().join("etc/nginx")).expect("mkdir");
    fs::create_dir_all(host.path().join("srv/site")).expect("mkdir");
    fs::write(host.path().join("etc/nginx/nginx.conf"), MAIN).expect("write");
    for number in 0..50 {
        let name = format!("z{number}");
        fs::write(host.path().join(format!("srv/site/{name}.conf")), site(&name)).expect("write");
    }
    let own = host.path().join("srv/site/own.conf");
    fs::write(&own, site("own")).expect("write");
    (host, own)
}

/// Runs a command and gives its status and all that it says.
fn run(root: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::cargo_bin("tlsmend")
        .expect("the program")
        .args(arguments)
        .arg("--root")
        .arg(root)
        .args(["--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"])
        .env_clear()
        .timeout(Duration::from_secs(60))
        .output()
        .expect("runs");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.code().is_some(), "{arguments:?} does not end: {text}");
    (output.status.code(), text)
}

/// Waits for the end of that many reads of a file, then changes the host.
fn after_reads(file: &Path, reads: usize, change: impl FnOnce() + Send + 'static) {
    let events = inotify::init(inotify::CreateFlags::CLOEXEC).expect("inotify");
    inotify::add_watch(&events, file, inotify::WatchFlags::CLOSE_NOWRITE).expect("a watch");
    std::thread::spawn(move || {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(events, &mut buffer);
        for _ in 0..reads {
            events.next().expect("an event");
        }
        change();
    });
}

const COMMANDS: [&[&str]; 3] = [&["diff"], &["fix", "--yes", "--without-check"], &["audit", "--format", "html"]];

#[test]
fn a_file_that_vanishes_between_two_reads_ends_every_command() {
    for command in COMMANDS {
        let (host, own) = host();
        let away = own.with_extension("away");
        let from = own.clone();
        after_reads(&own, 1, move || fs::rename(from, away).expect("rename"));
        let (status, text) = run(host.path(), command);
        match command[0] {
            "diff" => {
                assert_eq!(status, Some(1), "{text}");
                assert!(text.contains("run this again"), "{text}");
            }
            "fix" => {
                assert_eq!(status, Some(2), "{text}");
                assert!(text.contains("own.conf") && text.contains("nothing was changed"), "{text}");
            }
            _ => assert_eq!(status, Some(1), "{text}"),
        }
        assert_eq!(fs::read_to_string(host.path().join("etc/nginx/nginx.conf")).expect("reads"), MAIN);
    }
}

#[test]
fn a_file_that_appears_or_changes_is_noticed() {
    type Make = fn(&Path);
    let changes: [(&str, Make); 3] = [
        ("another site", |own| fs::write(own.with_file_name("new.conf"), site("new")).expect("write")),
        ("another text", |own| fs::write(own, site("own").replace("443 ssl", "8443 ssl")).expect("write")),
        ("a directory", |own| {
            fs::remove_file(own).expect("remove");
            fs::create_dir(own).expect("mkdir");
        }),
    ];
    for (what, change) in changes {
        let (host, own) = host();
        let at = own.clone();
        after_reads(&own, 1, move || change(&at));
        let (status, text) = run(host.path(), &["diff"]);
        assert_eq!(status, Some(1), "{what}: {text}");
        assert!(text.contains("run this again"), "{what}: {text}");
    }
}

/// What is clean only because a file was gone for a moment is not said to be clean.
#[test]
fn a_host_that_changes_is_never_said_to_comply() {
    for command in [&["diff"][..], &["fix", "--yes", "--without-check"]] {
        let (host, own) = host();
        let main = host.path().join("etc/nginx/nginx.conf");
        fs::write(&main, MAIN.replace("TLSv1 TLSv1.2", "TLSv1.2 TLSv1.3")).expect("write");
        assert_eq!(run(host.path(), command).0, Some(0), "without a change it complies");
        let at = own.clone();
        after_reads(&own, 1, move || {
            fs::write(at, site("own").replace("server_name", "ssl_protocols TLSv1; server_name")).expect("write");
        });
        let (status, text) = run(host.path(), command);
        assert_eq!(status, Some(3), "{text}");
        assert!(text.contains("run this again") && !text.contains("nothing to"), "{text}");
    }
}

#[test]
fn a_file_that_comes_and_goes_all_the_time() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let (host, own) = host();
    let main = host.path().join("etc/nginx/nginx.conf");
    let (at, away) = (own.clone(), own.with_extension("away"));
    let flicker = std::thread::spawn(move || {
        while !DONE.load(Ordering::SeqCst) {
            fs::rename(&at, &away).expect("rename");
            std::thread::sleep(Duration::from_micros(300));
            fs::rename(&away, &at).expect("rename");
            std::thread::sleep(Duration::from_micros(300));
        }
    });
    for command in COMMANDS.iter().cycle().take(12) {
        let (status, text) = run(host.path(), command);
        assert!(!text.contains("panicked"), "{text}");
        // Where the file was there each time that it was looked at, the fix may be made, as a whole.
        let now = fs::read_to_string(&main).expect("reads");
        assert!(now == MAIN || now == MAIN.replace("TLSv1 TLSv1.2", "TLSv1.2 TLSv1.3"), "{now}");
        assert!(matches!(status, Some(1..=3)) || now != MAIN, "{status:?}: {text}");
        fs::write(&main, MAIN).expect("write");
    }
    DONE.store(true, Ordering::SeqCst);
    flicker.join().expect("the thread");
    // Nobody's text was lost: the file holds what it did, since the fix is in the main file.
    assert_eq!(fs::read_to_string(&own).expect("reads"), site("own"));
}
