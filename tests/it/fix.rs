//! `tlsmend fix`, `rollback` and `history` as the user sees them, whatever happens.

use crate::support;
use crate::support::needs;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use support::workshop::{Run, Workshop, redacted};
use support::{certificates, network};

/// Two sites that share a snippet, and a main file: three files to change.
fn workshop() -> Workshop {
    let shop = Workshop::new();
    shop.write(
        "conf/nginx.conf",
        "events {}\nhttp {\n    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n    ssl_certificate c/ec.crt;\n    \
         ssl_certificate_key c/ec.key;\n    include sites/*;\n}\n",
    );
    for file in ["ec.crt", "ec.key"] {
        let text = fs::read_to_string(certificates::folder().join(file)).expect("a certificate");
        shop.write(&format!("conf/c/{file}"), &text);
    }
    for (site, versions) in [("a.test", "TLSv1.1 TLSv1.2"), ("b.test", "TLSv1.3")] {
        let port = if site == "a.test" { 8441 } else { 8442 };
        let text = format!(
            "server {{\n    listen 127.0.0.1:{port} ssl;\n    server_name {site};\n    ssl_protocols {versions};\n}}\n"
        );
        shop.write(&format!("conf/sites/{site}"), &text);
    }
    shop
}

/// Runs a fix of the workshop's configuration, with these options added.
fn fix(shop: &Workshop, options: &[&str]) -> Run {
    let all = [&["fix", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"], options].concat();
    shop.tlsmend(&all)
}

/// A checker that is a script.
fn checker(shop: &Workshop, script: &str) -> String {
    format!("nginx={}", shop.script("check", script))
}

/// Accepts the old configuration, and not the new one.
const REFUSES_THE_NEW: &str =
    "grep -q 'TLSv1.1' \"$(dirname \"$0\")/conf/sites/a.test\" && exit 0\necho 'nginx: [emerg] no' >&2\nexit 1";

#[test]
fn applies_what_the_diff_shows_and_takes_it_back() {
    let shop = workshop();
    let before = shop.contents("conf");
    let run = fix(&shop, &["--yes", "--check-with", &checker(&shop, "exit 0")]);
    insta::assert_snapshot!("applied", run.screen());
    let diff = shop.plain(&["diff", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"]);
    assert_eq!((diff.status, diff.out.as_str()), (0, ""), "{}", diff.screen());
    let again = fix(&shop, &["--yes"]);
    insta::assert_snapshot!("nothing_left", again.screen());
    let back = shop.tlsmend(&["rollback", "--yes", "--no-exec"]);
    insta::assert_snapshot!("taken_back", back.screen());
    assert_eq!(shop.contents("conf"), before);
    insta::assert_snapshot!("history", shop.tlsmend(&["history"]).screen());
    let twice = shop.tlsmend(&["rollback", "1", "--yes"]);
    assert_eq!(twice.status, 2);
    assert!(twice.err.contains("it was taken back already"), "{}", twice.screen());
}

#[test]
fn asks_and_does_not_without_a_terminal() {
    let shop = workshop();
    let before = shop.contents("conf");
    let run = fix(&shop, &[]);
    insta::assert_snapshot!("nobody_to_ask", run.screen());
    assert_eq!(shop.contents("conf"), before);
    assert!(!shop.path("state").exists(), "nothing is made for a question");
    // On a terminal the answer counts; script(1) makes one.
    let command =
        format!("{} fix conf --assume nginx=1.22.1 --state-dir {}", Workshop::program(), shop.path("state").display());
    let (text, status) = shop.on_a_terminal(&command, "n\n");
    assert!(text.contains("3 files of 1 instance") && text.contains("apply? [y/N]"), "{text}");
    assert!(text.contains("nothing was changed") && status == 1, "{status}: {text}");
    assert_eq!(shop.contents("conf"), before);
    let (text, status) = shop.on_a_terminal(&format!("{command} --exit-zero"), "n\n");
    assert!(text.contains("nothing was changed") && status == 0, "{status}: {text}");
    let (text, status) = shop.on_a_terminal(&command, "y\n");
    assert!(text.contains("done: ") && status == 3, "{status}: {text}");
    assert_ne!(shop.contents("conf"), before);
}

/// Every way in which a checker can disappoint: before the change nothing is changed, after it everything is put back.
#[test]
fn checkers_that_do_not_accept() {
    let hang = "grep -q 'TLSv1.1' \"$(dirname \"$0\")/conf/sites/a.test\" && exit 0\necho 'still here'\nsleep 60";
    let chatty = "grep -q 'TLSv1.1' \"$(dirname \"$0\")/conf/sites/a.test\" && exit 0\n\
                  echo first\nhead -c 1000000 /dev/zero | tr '\\0' x\necho\necho last\nexit 1";
    let killed = "grep -q 'TLSv1.1' \"$(dirname \"$0\")/conf/sites/a.test\" && exit 0\nkill -9 $$";
    for (name, script, status) in [
        ("refuses_before", "echo 'nginx: [emerg] never' >&2\nexit 1", 2),
        ("hangs_before", "sleep 60", 2),
        ("refuses_after", REFUSES_THE_NEW, 4),
        ("hangs_after", hang, 4),
        ("talks_after", chatty, 4),
        ("is_killed_after", killed, 4),
    ] {
        let shop = workshop();
        let before = shop.contents("conf");
        let check = checker(&shop, script);
        let run = fix(&shop, &["--yes", "--check-timeout", "1", "--check-with", &check]);
        let screen = run.screen();
        let short = screen.replace(&"x".repeat(1000), "").replace("xxxx", "");
        assert!(screen.len() < 40_000, "{name}: of a megabyte only a part is shown");
        insta::assert_snapshot!(format!("checker_{name}"), redacted_numbers(&short));
        assert_eq!(run.status, status, "{name}: {screen}");
        assert_eq!(shop.contents("conf"), before, "{name}");
        shop.nothing_hidden();
    }
    let shop = workshop();
    let wrong = fix(&shop, &["--yes", "--check-with", "nginx"]);
    assert_eq!((wrong.status, wrong.out.as_str()), (2, ""), "{}", wrong.screen());
    let missing = fix(&shop, &["--yes", "--check-with", "nginx=/no/such/nginx -t"]);
    assert_eq!(missing.status, 2, "{}", missing.screen());
    assert!(missing.err.contains("/no/such/nginx: No such file or directory"), "{}", missing.screen());
}

fn redacted_numbers(text: &str) -> String {
    let cut = |line: &str| match line.find(" bytes left out]") {
        Some(_) => "    [.. bytes left out]".to_owned(),
        None => line.trim_end_matches('x').to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// A checker that failed before may fail in the same way after; anything new is too much.
#[test]
fn without_check_is_held_against_the_baseline() {
    let shop = workshop();
    let always = checker(&shop, "echo 'nginx: [emerg] cannot load certificate' >&2\nexit 1");
    let run = fix(&shop, &["--yes", "--without-check", "--check-with", &always]);
    insta::assert_snapshot!("fails_as_before", run.screen());
    assert_eq!(run.status, 3);
    assert!(!shop.read("conf/sites/a.test").contains("TLSv1.1"));

    let shop = workshop();
    let before = shop.contents("conf");
    let other = format!("{REFUSES_THE_NEW} # {}", "unused");
    let other = other.replace("&& exit 0", "&& { echo 'nginx: [emerg] old' >&2; exit 1; }");
    let run = fix(&shop, &["--yes", "--without-check", "--check-with", &checker(&shop, &other)]);
    assert_eq!(run.status, 4, "{}", run.screen());
    assert_eq!(shop.contents("conf"), before);
}

/// On the machine's own configuration its own checker is run: here on one that is mounted over it, in a namespace of
/// its own, so that the machine's is neither read nor changed.
#[test]
fn the_servers_own_checker() {
    if !needs::has(&["nginx"]) {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        // Only root can mount.
        return;
    }
    let shop = workshop();
    shop.write("run/x", "");
    let script = format!(
        "set -e\nmount --bind conf /etc/nginx\nmount --bind run /run\nmount --bind run /var/log/nginx\nset +e\n\
         {} fix /etc/nginx --yes --state-dir state\necho \"first: $?\"\n\
         echo 'server {{ listen 127.0.0.1:8449 ssl; ssl_protocols TLSv1.1; nonsense; }}' > /etc/nginx/sites/c.test\n\
         {} fix /etc/nginx --yes --state-dir state\necho \"second: $?\"\n",
        Workshop::program(),
        Workshop::program()
    );
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]).current_dir(shop.path("."));
    let run = shop.finished(command);
    // 3 where the machine runs other servers that leave a fact undecided.
    assert!(run.out.contains("first: 0") || run.out.contains("first: 3"), "{}", run.screen());
    for line in ["\ntested: `nginx -t", "accepts the result", "second: 2"] {
        assert!(run.out.contains(line), "{line}: {}", run.screen());
    }
    for line in ["the checker does not accept the configuration as it is", "unknown directive \"nonsense\""] {
        assert!(run.err.contains(line), "{line}: {}", run.screen());
    }
    assert!(!shop.read("conf/sites/a.test").contains("TLSv1.1"));
    assert!(shop.read("conf/sites/c.test").contains("TLSv1.1"));
}

#[test]
fn reloads() {
    if !needs::has(&["ip", "nginx", "apache2"]) {
        return;
    }
    // Where nothing listens.
    network::inside(reloads_without_servers);
}

fn reloads_without_servers() {
    let shop = workshop();
    let check = checker(&shop, "exit 0");
    let reload = format!("nginx={}", shop.script("reload", "echo reloaded >> \"$(dirname \"$0\")/reloads\""));
    let run = fix(&shop, &["--yes", "--check-with", &check, "--reload", "--reload-with", &reload]);
    insta::assert_snapshot!("reloaded", run.screen());
    assert_eq!((run.status, shop.read("reloads").as_str()), (0, "reloaded\n"));

    let shop = workshop();
    let before = shop.contents("conf");
    let failing = "echo one >> \"$(dirname \"$0\")/reloads\"\necho 'Job for nginx.service failed.'\nexit 1";
    let reload = format!("nginx={}", shop.script("reload", failing));
    let run = fix(&shop, &["--yes", "--check-with", &checker(&shop, "exit 0"), "--reload", "--reload-with", &reload]);
    insta::assert_snapshot!("reload_fails", run.screen());
    assert_eq!(run.status, 5);
    assert_eq!(shop.contents("conf"), before);
    assert_eq!(shop.read("reloads"), "one\none\n", "it is reloaded once more with the old files");

    let shop = workshop();
    let run = fix(&shop, &["--yes", "--reload"]);
    assert_eq!(run.status, 2, "{}", run.screen());
    assert!(run.err.contains("--reload-with nginx=COMMAND"), "{}", run.screen());
}

/// A polite end while the checker looks at the result: everything is put back.
#[test]
fn asked_to_end_it_puts_everything_back() {
    let shop = workshop();
    let before = shop.contents("conf");
    let slow =
        REFUSES_THE_NEW.replace("echo 'nginx: [emerg] no' >&2\nexit 1", "touch \"$(dirname \"$0\")/begun\"\nsleep 2");
    let check = checker(&shop, &slow);
    let words = ["fix", "conf", "--assume", "nginx=1.22.1", "--yes", "--check-with", &check];
    let child = shop.command(&shop.path("state"), &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("runs");
    while !shop.path("begun").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it is there");
    let output = child.wait_with_output().expect("ends");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("interrupted; every file is as it was"), "{err}");
    assert_eq!(shop.contents("conf"), before);
}

#[test]
fn two_runs_at_once() {
    let shop = workshop();
    let check = checker(&shop, "touch \"$(dirname \"$0\")/begun\"\nsleep 3");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| fix(&shop, &["--yes", "--check-with", &check]));
        while !shop.path("begun").exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let second = fix(&shop, &["--yes"]);
        insta::assert_snapshot!("second_run", second.screen());
        assert_eq!(second.status, 2);
        let first = first.join().expect("the first one");
        assert_eq!(first.status, 0, "{}", first.screen());
    });
}

#[test]
fn what_changed_since_is_not_rolled_back() {
    let shop = workshop();
    assert_eq!(fix(&shop, &["--yes", "--check-with", &checker(&shop, "exit 0")]).status, 0);
    let mine = shop.read("conf/sites/a.test").replace("a.test;", "a.test www.a.test;");
    shop.write("conf/sites/a.test", &mine);
    fs::set_permissions(shop.path("conf/nginx.conf"), fs::Permissions::from_mode(0o600)).expect("chmod");
    let refused = shop.tlsmend(&["rollback", "--yes"]);
    insta::assert_snapshot!("rollback_refused", refused.screen());
    assert_eq!(shop.read("conf/sites/a.test"), mine);
    let forced = shop.tlsmend(&["rollback", "--yes", "--force", "--no-exec"]);
    assert_eq!(forced.status, 3, "nothing tested it: {}", forced.screen());
    assert!(shop.read("conf/sites/a.test").contains("TLSv1.1"));
    // Even that can be taken back.
    assert_eq!(shop.tlsmend(&["rollback", "2", "--yes", "--no-exec"]).status, 3);
    assert_eq!(shop.read("conf/sites/a.test"), mine);
}

/// A run that was putting files back, could not write that down, and was killed: its journal says that the result was
/// checked. Where somebody edited a file since, force ends it like any other.
#[test]
fn what_was_checked_can_be_forced_back() {
    let shop = workshop();
    let before = shop.contents("conf");
    assert_eq!(fix(&shop, &["--yes", "--check-with", &checker(&shop, "exit 0")]).status, 0);
    let journal = shop.contents("state").into_keys().find(|path| path.ends_with("journal.json")).expect("a journal");
    let text = fs::read_to_string(&journal).expect("a journal").replace("\"committed\"", "\"checked\"");
    assert!(text.contains("\"checked\""));
    fs::write(&journal, text).expect("write");
    fs::write(shop.path("conf/nginx.conf"), &before[&shop.path("conf/nginx.conf")].0).expect("write");
    shop.write("conf/sites/a.test", "# mine\n");
    let refused = shop.tlsmend(&["rollback", "1", "--yes", "--no-exec"]);
    assert_eq!(refused.status, 2, "{}", refused.screen());
    assert!(refused.err.contains("somebody edited it") && refused.err.contains("--force"), "{}", refused.screen());
    let forced = shop.tlsmend(&["rollback", "1", "--yes", "--force", "--no-exec"]);
    assert_eq!(forced.status, 0, "{}", forced.screen());
    assert!(forced.out.contains("what was there instead is kept"), "{}", forced.screen());
    assert_eq!(shop.contents("conf"), before);
    let found = journal.with_file_name("found-1");
    assert_eq!(fs::read_to_string(found).expect("it is kept"), "# mine\n");
    assert_eq!(shop.tlsmend(&["rollback", "1", "--yes"]).status, 2, "there is nothing left to take back");
}

#[test]
fn a_rollback_works_while_the_configuration_is_broken() {
    let shop = workshop();
    let before = shop.contents("conf");
    assert_eq!(fix(&shop, &["--yes", "--check-with", &checker(&shop, "exit 0")]).status, 0);
    shop.write("conf/sites/broken", "server {{{\n");
    let back =
        shop.tlsmend(&["rollback", "--yes", "--check-with", &checker(&shop, "echo '[emerg] broken' >&2; exit 1")]);
    insta::assert_snapshot!("rollback_while_broken", back.screen());
    fs::remove_file(shop.path("conf/sites/broken")).expect("removes");
    assert_eq!(shop.contents("conf"), before);
}

#[test]
fn links_stay_and_owners_modes_and_lists_too() {
    let shop = workshop();
    let real = shop.path("elsewhere/a.test");
    shop.write("elsewhere/a.test", &shop.read("conf/sites/a.test"));
    fs::remove_file(shop.path("conf/sites/a.test")).expect("removes");
    std::os::unix::fs::symlink(&real, shop.path("conf/sites/a.test")).expect("links");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("chmod");
    let root = nix::unistd::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&real, Some(33), Some(34)).expect("chown");
    }
    fs::hard_link(shop.path("conf/nginx.conf"), shop.path("second")).expect("links");
    let acl = Workshop::give_acl(&real);
    let run = shop.tlsmend(&[
        "fix",
        "conf",
        "elsewhere",
        "--assume",
        "nginx=1.22.1",
        "--yes",
        "--check-with",
        &checker(&shop, "exit 0"),
    ]);
    assert!(run.out.contains("nginx.conf (in place: it has 2 names (hard links))"), "{}", run.screen());
    let meta = fs::symlink_metadata(&real).expect("is there");
    assert!(fs::symlink_metadata(shop.path("conf/sites/a.test")).expect("is there").is_symlink());
    assert_eq!(meta.mode() & 0o7777, 0o640);
    if root {
        assert_eq!((meta.uid(), meta.gid()), (33, 34));
    }
    assert_eq!(Workshop::acl(&real), acl);
    assert!(!fs::read_to_string(&real).expect("a file").contains("TLSv1.1"));
    let inode = |path: &str| fs::metadata(shop.path(path)).expect("is there").ino();
    assert_eq!(inode("conf/nginx.conf"), inode("second"));
    assert_eq!(shop.read("conf/nginx.conf"), shop.read("second"));
}

/// Selected services and rules, and what is left.
#[test]
fn selections() {
    let shop = workshop();
    let diff = |options: &[&str]| {
        let all = [&["diff", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"], options].concat();
        shop.plain(&all)
    };
    let rule = diff(&["--rule", "missing-version"]);
    insta::assert_snapshot!("one_rule", rule.screen());
    let none = diff(&["--only", "apache"]);
    assert_eq!((none.status, none.out.as_str()), (0, ""), "{}", none.screen());
    assert!(none.err.contains("not selected"), "{}", none.screen());
    // Another server takes the line too, and narrows it: no selected finding is about that one.
    let before = shop.read("conf/sites/b.test");
    let narrowed = before.replace("ssl_protocols TLSv1.3", "ssl_conf_command MinProtocol TLSv1.2");
    shop.write("conf/sites/b.test", &narrowed);
    let bare = shop.read("conf/sites/a.test").replace("ssl_protocols TLSv1.1 TLSv1.2;", "");
    shop.write("conf/sites/a.test", &bare);
    insta::assert_snapshot!("safe", diff(&["--rule", "forbidden-version"]).screen());
    insta::assert_snapshot!("unsafe", diff(&["--rule", "forbidden-version", "--fix-level", "unsafe"]).screen());
    let wrong = diff(&["--only", "ngnix"]);
    assert_eq!(wrong.status, 2);
}

/// What a program generates is left alone, and said; what a package brought is changed, and said.
#[test]
fn generated_files_are_left_alone() {
    let shop = workshop();
    let text = shop.read("conf/sites/a.test");
    shop.write("conf/sites/a.test", &format!("# Ansible managed\n{text}"));
    let before = shop.read("conf/sites/a.test");
    let run = fix(&shop, &["--yes", "--fail-on", "low", "--check-with", &checker(&shop, "exit 0")]);
    insta::assert_snapshot!("generated", run.screen());
    assert_eq!((run.status, shop.read("conf/sites/a.test")), (1, before));
    let all = fix(&shop, &["--yes", "--include-managed", "--check-with", &checker(&shop, "exit 0")]);
    assert_eq!(all.status, 0, "{}", all.screen());
    assert!(all.err.contains("a.test: this file is generated by Ansible"), "{}", all.screen());
    assert!(!shop.read("conf/sites/a.test").contains("TLSv1.1"));
}

#[test]
fn what_it_can_not_write() {
    // Not as root: root may write anywhere.
    let shop = workshop();
    let unwritable = shop.path("nowhere");
    fs::create_dir(&unwritable).expect("mkdir");
    fs::set_permissions(&unwritable, fs::Permissions::from_mode(0o777)).expect("chmod");
    let run = shop.tlsmend_with(
        &unwritable,
        &["fix", "conf", "--assume", "nginx=1.22.1", "--yes", "--check-with", &checker(&shop, "exit 0")],
    );
    insta::assert_snapshot!("state_of_others", run.screen());
    let history = shop.tlsmend_with(&shop.path("none"), &["history"]);
    insta::assert_snapshot!("no_history", history.screen());
    let nothing = shop.tlsmend_with(&shop.path("none"), &["rollback"]);
    assert_eq!(nothing.status, 2, "{}", nothing.screen());
    assert!(!shop.path("none").exists());
    let closed = shop.closed_pipe(&[
        "fix",
        "conf",
        "--assume",
        "nginx=1.22.1",
        "--yes",
        "--check-with",
        &checker(&shop, "exit 0"),
    ]);
    assert_eq!(closed, 0, "a reader that goes away does not stop a transaction");
    assert!(!shop.read("conf/sites/a.test").contains("TLSv1.1"));
}

#[test]
fn help() {
    let shop = Workshop::new();
    for command in ["fix", "rollback", "history"] {
        insta::assert_snapshot!(format!("help_{command}"), shop.plain(&[command, "--help"]).screen());
    }
}

#[test]
fn redaction_hides_what_changes() {
    let text = redacted(
        "x 20261124T143556Z-12 (process 4711, since 2026-11-24T14:35:56Z) /tmp/y/z",
        &[(PathBuf::from("/tmp/y"), "[DIR]")],
    );
    assert_eq!(text, "x [TIME]-12 (process [PID], since [TIME]) [DIR]/z");
    assert!(Path::new("/").exists());
}

/// A policy is no file of the host, wherever it lies.
#[test]
fn a_policy_may_lie_outside_of_what_is_fixed() {
    let shop = workshop();
    shop.write("policy.yaml", "forbid: [TLSv1, TLSv1.1]\nrequire: [TLSv1.2]\n");
    let policy = shop.path("policy.yaml").display().to_string();
    let run = fix(&shop, &["--yes", "--policy", &policy, "--check-with", &checker(&shop, "exit 0")]);
    assert_eq!(run.status, 0, "{}", run.screen());
    assert!(!shop.read("conf/sites/a.test").contains("TLSv1.1"), "{}", run.screen());
}

/// What no server loads, no checker tests, unless the user names one.
#[test]
fn files_that_nothing_loads_are_not_tested() {
    let shop = Workshop::new();
    let old = "ssl_protocols TLSv1 TLSv1.2;\n";
    shop.write("conf/nginx.conf", "events {}\nhttp {\n}\n");
    shop.write("conf/old.conf", old);
    let refusing = checker(&shop, "echo no >&2; exit 1");
    let run = fix(&shop, &["--yes", "--check-with", &refusing]);
    assert!(run.status == 2 && shop.read("conf/old.conf") == old, "{}", run.screen());
    let run = fix(&shop, &["--yes", "--check-with", &checker(&shop, "exit 0")]);
    assert!(run.status == 0 && run.out.contains("accepts the result"), "{}", run.screen());
    shop.write("conf/old.conf", old);
    let run = fix(&shop, &["--yes"]);
    assert!(run.out.contains("not tested: servers do not usually read files from there"), "{}", run.screen());
    assert_eq!(run.status, 3, "{}", run.screen());
}
