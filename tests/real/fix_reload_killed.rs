//! `fix --reload` killed while it reloads: the next run finishes the files, and does not forget that nobody knows whether
//! the servers have them.

use crate::support;
use crate::support::needs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::network;
use support::reloaded::{Nginx, PATIENCE, PORT, comes_to_offer, offered};
use support::workshop::Workshop;
use tlsmend::tls::Version::{Tls1_1, Tls1_2, Tls1_3};

const UNKNOWN: &str = "whether its servers were reloaded is not known";

/// A reload that does this, then leaves a mark with its number and waits until it is killed.
fn waits(nginx: &Nginx, name: &str, first: &str) -> String {
    let script = format!(
        "cd \"$(dirname \"$0\")\"\n{first}\necho $$ > {name}.pid.new\nmv {name}.pid.new {name}.pid\nexec sleep 60"
    );
    format!("nginx={}", nginx.shop.script(name, &script))
}

/// Runs a fix until its reload waits, and kills both.
fn killed(nginx: &Nginx, name: &str, reload: &str, options: &[&str]) {
    let arguments = nginx.arguments(reload, options);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = nginx.shop.command(&nginx.shop.path("state"), &arguments);
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    let mark = nginx.shop.path(&format!("{name}.pid"));
    let begin = Instant::now();
    while !mark.exists() {
        assert!(begin.elapsed() < PATIENCE * 2, "it reloads");
        sleep(Duration::from_millis(10));
    }
    child.kill().expect("it is there");
    child.wait().expect("ends");
    let reload: i32 = nginx.shop.read(&format!("{name}.pid")).trim().parse().expect("a number");
    kill(Pid::from_raw(reload), Signal::SIGKILL).expect("the reload is there");
}

fn plain(nginx: &Nginx) -> support::workshop::Run {
    let check = format!("nginx={} -t", nginx.program);
    let words = ["fix", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17", "--yes", "--check-with"];
    nginx.shop.tlsmend(&[&words[..], &[&check]].concat())
}

#[test]
fn the_next_run_reloads_and_verifies() {
    if !needs::has(&["ip", "nginx", "openssl", "strace"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        killed(&nginx, "slow", &waits(&nginx, "slow", ""), &[]);
        assert_eq!(offered(PORT), [Tls1_1, Tls1_2].into_iter().collect(), "nothing was reloaded");
        let history = nginx.shop.tlsmend(&["history"]);
        assert!(history.out.contains("interrupted: the next fix or rollback ends it"), "{}", history.screen());

        let next = nginx.fix(&[]);
        assert_eq!(next.status, 0, "{}", next.screen());
        for part in ["was interrupted; finished: all its files were written and checked; ", UNKNOWN] {
            assert!(next.err.contains(part), "{part}: {}", next.screen());
        }
        for part in
            ["nothing to mend\n", "reloaded: ", "verified: handshakes with 2 endpoints get what the new files promise"]
        {
            assert!(next.out.contains(part), "{part}: {}", next.screen());
        }
        assert_eq!(offered(PORT), [Tls1_2, Tls1_3].into_iter().collect());
        let after = plain(&nginx);
        assert_eq!((after.status, after.err.as_str()), (0, ""), "{}", after.screen());
        let history = nginx.shop.tlsmend(&["history"]);
        assert!(history.out.contains("fix: done\n"), "{}", history.screen());
    });
}

/// Without --reload nothing is reloaded, and that is neither forgotten nor told as success, however often it is run and
/// whatever is killed again.
#[test]
fn it_stays_unknown_until_it_is_known() {
    if !needs::has(&["ip", "nginx", "openssl", "strace"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        killed(&nginx, "slow", &waits(&nginx, "slow", ""), &[]);
        for _ in 0..3 {
            let run = plain(&nginx);
            assert_eq!(run.status, 3, "{}", run.screen());
            assert!(run.err.contains(UNKNOWN) && run.out.contains("`tlsmend fix --reload "), "{}", run.screen());
            assert!(!run.out.contains("reloaded: "), "{}", run.screen());
        }
        let history = nginx.shop.tlsmend(&["history"]);
        assert!(history.out.contains(&format!("fix: done; {UNKNOWN}\n")), "{}", history.screen());
        // The run that reloads is killed too.
        killed(&nginx, "again", &waits(&nginx, "again", ""), &[]);
        assert_eq!(plain(&nginx).status, 3);
        // A reload that fails, a checker that does not accept, and one that reports success and does nothing.
        let failed = nginx.fix_with("nginx=false", &[]);
        assert!(failed.status == 3 && failed.err.contains("not reloaded: the reload failed"), "{}", failed.screen());
        let broken = nginx.shop.read("conf/nginx.conf");
        nginx.shop.write("conf/nginx.conf", &format!("{broken}nonsense;\n"));
        let refused = nginx.fix(&[]);
        assert_ne!(refused.status, 0, "{}", refused.screen());
        assert!(refused.err.contains("the checker does not accept"), "{}", refused.screen());
        nginx.shop.write("conf/nginx.conf", &broken);
        let idle = nginx.fix_with("nginx=true", &["--check-timeout", "2"]);
        assert_eq!(idle.status, 3, "{}", idle.screen());
        assert!(idle.err.contains("TLSv1.3 is configured now, and not accepted"), "{}", idle.screen());
        assert_eq!(plain(&nginx).status, 3);
        let done = nginx.fix(&[]);
        assert_eq!(done.status, 0, "{}", done.screen());
        comes_to_offer(PORT, &[Tls1_2, Tls1_3]);
        assert_eq!(plain(&nginx).status, 0);
    });
}

/// The new files were loaded, handshakes did not like them, the old ones are back, and the run is killed before the
/// servers have them.
#[test]
fn killed_after_the_files_were_put_back() {
    if !needs::has(&["ip", "nginx", "openssl", "strace"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let before = nginx.shop.contents("conf");
        let taken = nginx.obstruct();
        let with_obstacle = nginx.shop.contents("conf");
        // The first reload reports success; the second one never ends.
        let first = format!("[ -e second ] || {{ touch second; exec {} -s reload; }}", nginx.program);
        killed(&nginx, "second-time", &waits(&nginx, "second-time", &first), &["--check-timeout", "2"]);
        assert_eq!(nginx.shop.contents("conf"), with_obstacle, "the old files are back");
        let history = nginx.shop.tlsmend(&["history"]);
        assert!(history.out.contains("not done, every file is as it was before"), "{}", history.screen());
        assert!(history.out.contains(UNKNOWN), "{}", history.screen());
        drop(taken);
        std::fs::remove_file(nginx.shop.path("conf/sites/z.conf")).expect("removes");
        assert_eq!(nginx.shop.contents("conf"), before);
        let run = nginx.fix(&[]);
        assert_eq!(run.status, 0, "{}", run.screen());
        assert!(run.err.contains(UNKNOWN), "{}", run.screen());
        assert_eq!(run.out.matches("reloaded: ").count(), 2, "with the old files, then with the new: {}", run.screen());
        assert_eq!(offered(PORT), [Tls1_2, Tls1_3].into_iter().collect());
        assert_eq!(plain(&nginx).status, 0);
    });
}

/// What is taken back by hand with a reload is known to be reloaded.
#[test]
fn a_rollback_that_reloads_settles_it() {
    if !needs::has(&["ip", "nginx", "openssl", "strace"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        killed(&nginx, "slow", &waits(&nginx, "slow", ""), &[]);
        let check = format!("nginx={} -t", nginx.program);
        let words = ["rollback", "--yes", "--check-with", &check];
        let back = nginx.shop.tlsmend(&[&words[..], &["--reload", "--reload-with", &nginx.reload()]].concat());
        assert_eq!(back.status, 0, "{}", back.screen());
        assert!(back.err.contains(UNKNOWN) && back.out.contains("reloaded: "), "{}", back.screen());
        let history = nginx.shop.tlsmend(&["history"]);
        assert!(!history.out.contains(UNKNOWN), "{}", history.screen());
    });
}

/// A fix that was to reload nothing owes no reload, wherever it is killed.
#[test]
fn without_a_reload_nothing_is_owed() {
    if !needs::has(&["ip", "nginx", "openssl", "strace"]) {
        return;
    }
    let shop = Workshop::new();
    shop.write("conf/nginx.conf", "events {}\nhttp {\n    ssl_protocols TLSv1 TLSv1.2;\n}\n");
    let check = format!("nginx={}", shop.script("check", "exit 0"));
    let words =
        ["fix", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17", "--yes", "--check-with", &check];
    assert_eq!(shop.tlsmend(&words).status, 0);
    let journal = shop.contents("state").into_keys().find(|path| path.ends_with("journal.json")).expect("a journal");
    let text = std::fs::read_to_string(&journal).expect("a journal").replace("\"committed\"", "\"checked\"");
    assert!(text.contains("\"reload\": \"unwanted\""), "{text}");
    std::fs::write(&journal, text).expect("write");
    let next = shop.tlsmend(&words);
    assert_eq!(next.status, 0, "{}", next.screen());
    assert!(next.err.contains("was interrupted; finished: "), "{}", next.screen());
    // Nor does a journal from before it was written down.
    let old = std::fs::read_to_string(&journal).expect("a journal").replace("  \"reload\": \"unwanted\",\n", "");
    std::fs::write(&journal, old).expect("write");
    let next = shop.tlsmend(&words);
    assert_eq!((next.status, next.err.as_str()), (0, ""), "{}", next.screen());
}
