//! Reports that root writes to where others can write too, as people do in /tmp; and what the user's own shell opened.

use crate::support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::process::{Command, Stdio};
use support::workshop::{Run, Workshop};

const OTHER: Option<u32> = Some(65534);

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("r/etc/nginx/nginx.conf", "events {}\nhttp {\n    ssl_protocols TLSv1 TLSv1.2;\n}\n");
    shop.write("home/authorized_keys", "precious");
    fs::set_permissions(shop.path("home"), fs::Permissions::from_mode(0o700)).expect("chmod");
    fs::create_dir(shop.path("tmp")).expect("mkdir");
    fs::set_permissions(shop.path("tmp"), fs::Permissions::from_mode(0o1777)).expect("chmod");
    shop
}

/// Every option that writes a file is led by nobody else's link, file, fifo or second name.
#[test]
fn every_option_that_writes_a_file() {
    if !nix::unistd::geteuid().is_root() {
        // Only root can make files of others.
        return;
    }
    for option in [
        &["--format", "json", "--output", "tmp/report"][..],
        &["--format", "json=tmp/report"],
        &["--write-baseline", "tmp/report"],
    ] {
        for kind in ["link", "link to nothing", "file", "fifo", "second name", "folder by link"] {
            let shop = shop();
            let (report, precious) = (shop.path("tmp/report"), shop.path("home/authorized_keys"));
            let mut words = [&["audit", "--root", "r"][..], option].concat();
            let further = words.last().expect("a path").to_string() + "/authorized_keys";
            match kind {
                "link" => symlink(&precious, &report).expect("a link"),
                "link to nothing" => symlink(shop.path("home/authorized_keys2"), &report).expect("a link"),
                "file" => fs::write(&report, "theirs").expect("a file"),
                "fifo" => assert!(Command::new("mkfifo").arg(&report).status().expect("mkfifo").success()),
                "second name" => fs::hard_link(&precious, &report).expect("links"),
                _ => {
                    symlink(shop.path("home"), &report).expect("a link");
                    *words.last_mut().expect("a path") = &further;
                }
            }
            if kind != "second name" {
                lchown(&report, OTHER, OTHER).expect("chown");
            }
            let run = shop.plain(&words);
            assert_eq!(run.status, 2, "{option:?} {kind}: {}", run.screen());
            let told = ["which is not followed", "in a folder that others can write to (everybody)"];
            assert!(told.iter().any(|part| run.err.contains(part)), "{option:?} {kind}: {}", run.screen());
            assert_eq!(fs::read_to_string(&precious).expect("a file"), "precious", "{option:?} {kind}");
            assert!(!shop.path("home/authorized_keys2").exists(), "{option:?} {kind}");
            assert_eq!(fs::read_dir(shop.path("tmp")).expect("a folder").count(), 1, "{option:?} {kind}");
        }
        // What is not there yet, and then is root's own.
        let shop = shop();
        for _ in 0..2 {
            let run = shop.plain(&[&["audit", "--root", "r", "--exit-zero"][..], option].concat());
            assert_eq!(run.status, 0, "{}", run.screen());
        }
        assert_eq!(fs::metadata(shop.path("tmp/report")).expect("is there").uid(), 0);
    }
}

fn sh(shop: &Workshop, script: &str) -> Run {
    let mut command = Command::new("bash");
    let script =
        script.replace("AUDIT", &format!("{} audit --root r --exit-zero --format json --output", Workshop::program()));
    command.args(["-c", &script]).current_dir(shop.path(".")).stdin(Stdio::null());
    shop.finished(command)
}

/// Pipes, redirections and process substitutions, and whatever stands for them in /dev and /proc.
#[test]
fn what_the_shell_opened() {
    let shop = shop();
    let whole = sh(&shop, "AUDIT whole.json; cat whole.json").out;
    assert!(whole.starts_with("{\n  \"schema\": \"tlsmend/audit/1\"") && whole.ends_with("}\n"), "{whole}");
    for script in [
        "AUDIT /dev/stdout",
        "AUDIT /dev/stdout | cat",
        "AUDIT /proc/self/fd/1",
        "AUDIT /dev/fd/3 3> file; cat file",
        "AUDIT /dev/fd/3 3>&1 >/dev/null | cat",
        "AUDIT >(cat); sleep 0.3",
        "AUDIT /dev/stderr 2>&1 >/dev/null",
        "mkfifo fifo; cat fifo & AUDIT fifo; wait",
        "ln -s target link; AUDIT link; cat target",
        "mkdir folder; ln -s folder by; AUDIT by/../by/x; cat folder/x",
        "AUDIT home/../home/../up; cat up",
        "AUDIT /proc/self/cwd/cwd; cat cwd",
        "AUDIT /dev/null; cat whole.json",
    ] {
        let run = sh(&shop, script);
        assert_eq!((run.status, run.out.as_str()), (0, whole.as_str()), "{script}: {}", run.err);
    }
}

/// A report is readable to nobody who could not read what was there, and to those whom the umask leaves, if nothing was.
#[test]
fn who_may_read_it() {
    let shop = shop();
    let mode = |name: &str| fs::metadata(shop.path(name)).expect("is there").mode() & 0o7777;
    for (umask, expected) in [("022", 0o644), ("077", 0o600), ("002", 0o664)] {
        let name = format!("new-{umask}");
        sh(&shop, &format!("umask {umask}; AUDIT {name}"));
        assert_eq!(mode(&name), expected, "{umask}");
    }
    for kept in [0o600, 0o640, 0o604, 0o400] {
        fs::write(shop.path("kept"), "x").expect("write");
        fs::set_permissions(shop.path("kept"), fs::Permissions::from_mode(kept)).expect("chmod");
        let run = sh(&shop, "umask 0; AUDIT kept");
        assert_eq!((run.status, mode("kept")), (0, kept), "{}", run.screen());
        fs::remove_file(shop.path("kept")).expect("removes");
    }
}
