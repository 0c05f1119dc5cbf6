//! The user's screen: whole outputs of the program on the sample hosts, and how it ends.

use crate::support::needs;
use crate::support::program;

use assert_cmd::Command;
use program::{run, run_in};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn host(name: &str) -> String {
    format!("fixtures/hosts/{name}")
}

#[test]
fn audits_of_the_sample_hosts() {
    for name in ["debian", "rhel", "alpine", "compliant", "broken"] {
        let screen = run(&["audit", "--root", &host(name)]).screen();
        insta::assert_snapshot!(format!("audit_{name}"), screen);
    }
}

#[test]
fn diffs_of_the_sample_hosts() {
    for name in ["debian", "rhel", "alpine", "compliant", "broken"] {
        let screen = run(&["diff", "--root", &host(name)]).screen();
        insta::assert_snapshot!(format!("diff_{name}"), screen);
    }
}

#[test]
fn answers_for_one_client() {
    let debian = host("debian");
    let why = |arguments: &[&str]| run(&[&["why", "--root", &debian][..], arguments].concat()).screen();
    insta::assert_snapshot!("why_default_server", why(&["192.0.2.10:443", "--sni", "blog.example"]));
    insta::assert_snapshot!("why_macro", why(&["10.0.0.20:443", "--sni", "beta.tenants.example"]));
    insta::assert_snapshot!("why_refused", why(&["192.0.2.10:9", "--format", "json"]));
    insta::assert_snapshot!("why_json", why(&["192.0.2.20:8443", "--sni", "legacy.example", "--format", "json"]));
}

#[test]
fn json_is_one_document_with_its_schema() {
    let run = run(&["audit", "--root", &host("debian"), "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(document["schema"], "tlsmend/audit/1");
    assert_eq!((run.status, &document["exit"]["status"]), (1, &serde_json::json!(1)));
}

#[test]
fn same_input_same_bytes() {
    let once = || run(&["audit", "--root", &host("debian"), "--format", "json"]).out;
    assert_eq!(once(), once());
}

#[test]
fn help_names_the_exit_statuses() {
    insta::assert_snapshot!("help", run(&["--help"]).screen());
    insta::assert_snapshot!("help_audit", run(&["audit", "--help"]).screen());
    insta::assert_snapshot!("help_why", run(&["why", "--help"]).screen());
    insta::assert_snapshot!("help_diff", run(&["diff", "--help"]).screen());
}

#[test]
fn what_it_can_not_run_with_is_status_2() {
    let compliant = host("compliant");
    for (arguments, message) in [
        (&["audit", "/no/such/path"][..], "/no/such/path: No such file or directory"),
        (&["audit", "--root", "/no/such/root"], "/no/such/root: No such file or directory"),
        (&["audit", "--root", "Cargo.toml"], "is not a directory"),
        (&["audit", "--no-such-option"], "unexpected argument"),
        (&["audit", "--assume", "nginx=new"], "is no version of nginx"),
        (&["audit", "--assume", "lighttpd=1.4"], "can't be assumed; the keys are"),
        (&["audit", "--map", "nginx=./nginx"], "has to be an absolute path"),
        (&["audit", "--map", "/etc/nginx="], "the directory is missing, as in /etc/nginx=./etc/nginx"),
        (&["audit", "--map", "/etc/nginx=./no-such"], "--map /etc/nginx=./no-such: No such file or directory"),
        (&["audit", "--map", "/etc/nginx=Cargo.toml"], "is no directory"),
        (&["audit", "--map", "/a=src", "--map", "/a/=docs"], "--map /a/=docs: contradicts --map /a=src"),
        (&["audit", "--assume", "nginx=1.18.0", "--assume", "nginx=1.20.0"], "contradicts --assume nginx=1.18.0"),
        (&["audit", "--define", "A=1", "--define", "A"], "--define A: contradicts --define A=1"),
        (&["audit", "--env", "A=1", "--env", "A=2"], "--env A=2: contradicts --env A=1"),
        (&["audit", "--assume", "apache=2.2.15"], "httpd 2.2.15 is not one that is understood"),
        (&["audit", "--now", "20270131"], "--now 20270131: it has to be a date, such as 2027-01-31"),
        (&["audit", "--now", "2027-01-31T10:00"], "it has to be a date"),
        (&["why", "10.0.0.1:443", "--sni", " "], "--sni: the name is empty"),
        (&["why", ":443"], "is not ADDRESS:PORT"),
        (&["why", "10.0.0.1:+443"], "is not ADDRESS:PORT"),
        (&["why", "10.0.0.1:0"], "is not ADDRESS:PORT"),
        (&["why", "unix:"], "\"unix:\" has no path"),
        (&["audit", "--policy", "/no/such/policy"], "/no/such/policy: No such file or directory"),
        (&["why", "127.0.0.1", "--root", &compliant], "give the port too (127.0.0.1:"),
        (&["why", "a.test", "--sni", "b.test", "--root", &compliant], "\"a.test\" is a server name already"),
        (&["audit", "--exclude", "[", "--root", &compliant], "--exclude [: is not a pattern"),
        (&["audit", "--exclude", "", "--root", &compliant], "--exclude : names nothing"),
        (&["why", "::1:443"], "in brackets"),
        (&["why", "www.example.org:443", "--root", &compliant], "/etc/hosts"),
        (&[], "Usage"),
    ] {
        let run = run(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.screen());
        assert!(run.err.contains(message), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_wrong_policy_is_shown_with_its_places() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::write(folder.path().join("p.yaml"), "forbids: [TLSv1]\nrequire: [TLSv1.2, TLSv1.9]\n").expect("write");
    let run = run_in(folder.path(), &["audit", "--policy", "p.yaml"]);
    assert_eq!(run.status, 2);
    insta::assert_snapshot!("wrong_policy", run.screen());
}

#[test]
fn a_policy_decides() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let policy = folder.path().join("p.yaml");
    fs::write(&policy, "forbid: [TLSv1.2]\nrequire: [TLSv1.3]\n").expect("write");
    let policy = policy.display().to_string();
    let run = run(&["diff", "--root", &host("compliant"), "--policy", &policy]);
    assert_eq!(run.status, 1, "{}", run.screen());
    assert!(run.out.contains("+\tssl_protocols TLSv1.3;"), "{}", run.screen());
}

#[test]
fn levels_and_zero() {
    let status = |arguments: &[&str]| run(&[&["audit", "--root", &host("debian")][..], arguments].concat()).status;
    assert_eq!(status(&["--fail-on", "high"]), 1);
    assert_eq!(status(&["--exit-zero"]), 0);
    assert_eq!(run(&["audit", "--root", &host("compliant"), "--fail-on", "low"]).status, 0);
}

/// A copy of a sample host.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let done = std::process::Command::new("cp")
        .args(["-a", &format!("{}/.", root().join(host(name)).display())])
        .arg(folder.path())
        .status()
        .expect("cp runs");
    assert!(done.success());
    folder
}

/// All files below a folder and their contents.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    entries
        .filter(|e| e.file_type().is_file())
        .map(|e| (e.path().to_owned(), fs::read(e.path()).expect("a file")))
        .collect()
}

#[test]
fn patches_apply_with_patch_and_with_git_and_then_there_is_none() {
    if !needs::has(&["patch", "git"]) {
        return;
    }
    for name in ["debian", "rhel", "alpine", "broken"] {
        let (by_patch, by_git) = (copy(name), copy(name));
        let before = contents(by_patch.path());
        let diff = run(&["diff", "--root", &by_patch.path().display().to_string()]);
        assert_eq!(contents(by_patch.path()), before, "{name}: diff writes nothing");
        let patch = by_patch.path().join("patch");
        fs::write(&patch, &diff.out).ok();
        // Latin-1 in the context: take the bytes, not the text.
        let raw = Command::cargo_bin("tlsmend")
            .expect("the program")
            .args(["diff", "--root"])
            .arg(by_git.path())
            .output()
            .expect("runs")
            .stdout;
        fs::write(&patch, &raw).expect("write");
        let applied = |program: &str, arguments: &[&str], folder: &Path| {
            let input = fs::File::open(&patch).expect("the patch");
            let output = std::process::Command::new(program)
                .args(arguments)
                .current_dir(folder)
                .stdin(input)
                .output()
                .unwrap_or_else(|e| panic!("{program}: {e} (tests/run installs it)"));
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{name}: {program}: {text}{}", String::from_utf8_lossy(&output.stderr));
        };
        applied("patch", &["-p1", "--fuzz=0", "--no-backup-if-mismatch"], by_patch.path());
        applied("git", &["apply", "-p1", "-"], by_git.path());
        fs::remove_file(&patch).expect("removes");
        let strip = |folder: &Path| -> Vec<(PathBuf, Vec<u8>)> {
            let all = contents(folder).into_iter();
            all.map(|(p, b)| (p.strip_prefix(folder).expect("below").to_owned(), b)).collect()
        };
        assert!(strip(by_patch.path()) == strip(by_git.path()), "{name}: patch and git apply differ");
        let again = run(&["diff", "--root", &by_patch.path().display().to_string()]);
        assert_eq!(again.out, "", "{name}: a second patch");
    }
}

#[test]
fn a_repository_of_configurations() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("web/nginx");
    fs::create_dir_all(conf.join("conf.d")).expect("mkdir");
    fs::write(conf.join("nginx.conf"), "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n").expect("write");
    let site = "server {\n    listen 443 ssl;\n    server_name a.test;\n    ssl_certificate a.crt;\n    \
                ssl_certificate_key a.key;\n    ssl_protocols TLSv1.1 TLSv1.2;\n}\n";
    fs::write(conf.join("conf.d/a.conf"), site).expect("write");
    fs::write(conf.join("leftover.inc"), "ssl_protocols TLSv1;\n").expect("write");
    let audit = run_in(folder.path(), &["audit", "web", "--map", "/etc/nginx=./web/nginx"]);
    insta::assert_snapshot!("repository_audit", audit.screen());
    let diff = run_in(folder.path(), &["diff", "web", "--map", "/etc/nginx=./web/nginx"]);
    insta::assert_snapshot!("repository_diff", diff.screen());
}

#[test]
fn nothing_to_audit() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().display().to_string();
    let unmounted = run(&["audit", "--root", &path]);
    assert_eq!(unmounted.status, 3, "{}", unmounted.screen());
    assert!(unmounted.out.contains("is this the root of a host?"), "{}", unmounted.screen());
    fs::create_dir(folder.path().join("etc")).expect("mkdir");
    let empty = run(&["audit", "--root", &path]);
    assert_eq!(empty.status, 0, "{}", empty.screen());
    assert!(empty.out.contains("nothing to audit"), "{}", empty.screen());
    fs::write(folder.path().join("x.conf"), "hello\n").expect("write");
    let named = run(&["audit", &path]);
    assert_eq!(named.status, 3, "{}", named.screen());
}

/// A daemon's or a job's folder may have been removed meanwhile.
#[test]
fn whole_paths_need_no_current_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = root().join("fixtures/hosts/compliant");
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("policy.yaml"), "extends: default\n").expect("written");
    std::fs::write(file("targets"), "127.0.0.1:1\n").expect("written");
    let gone = |arguments: &[&str]| {
        let script = r#"mkdir "$0/gone" && cd "$0/gone" && rmdir "$0/gone" && exec "$@""#;
        let output = Command::new("sh")
            .args(["-c", script])
            .arg(folder.path())
            .arg(assert_cmd::cargo::cargo_bin!("tlsmend"))
            .args(arguments)
            .output()
            .expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let root = root.display().to_string();
    let (report, state) = (file("report.json"), file("state"));
    for (arguments, status) in [
        (vec!["audit", "--root", &root, "--policy", &file("policy.yaml"), "--format", &format!("json={report}")], 0),
        (vec!["report", "merge", &report, "--output", &file("fleet")], 0),
        (vec!["diff", "--root", &root], 0),
        (vec!["fix", "--root", &root, "--state-dir", &state, "--yes"], 0),
        (vec!["history", "--root", &root, "--state-dir", &state], 0),
        (vec!["why", "192.0.2.1:443", "--root", &root], 0),
        (vec!["facts", "--root", &root], 0),
        (vec!["policy", "check", &file("policy.yaml")], 0),
        (vec!["audit", &format!("{root}/etc/nginx/nginx.conf"), "--format", "json"], 3),
        (vec!["probe", "--targets", &file("targets"), "--output", &file("probe")], 2),
    ] {
        let (found, said) = gone(&arguments);
        assert_eq!(found, Some(status), "{arguments:?}: {said}");
        assert!(!said.contains("current directory"), "{arguments:?}: {said}");
    }
    for arguments in [
        vec!["audit", "."],
        vec!["audit", "--root", "image"],
        vec!["audit", "--root", &root, "--format", "json=report.json"],
        vec!["policy", "check", "policy.yaml"],
        vec!["report", "merge", "report.json"],
        vec!["history", "--state-dir", "state"],
    ] {
        let (found, said) = gone(&arguments);
        assert_eq!(found, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("is seen from the current directory, and that is not known"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_repository_does_not_mean_the_files_of_this_machine() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    let main = "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n    include /etc/nginx/mime.types;\n}\n";
    fs::write(conf.join("nginx.conf"), main).expect("write");
    let run = run_in(folder.path(), &["audit", "nginx"]);
    assert_eq!(run.status, 3, "{}", run.screen());
    for line in ["nginx/nginx.conf:3:5", "nginx/nginx.conf:4:5", "--map says where it is"] {
        assert!(run.out.contains(line), "{}", run.screen());
    }
}

#[test]
fn a_day_that_is_none_is_refused_by_every_command() {
    let root = root().join("fixtures/hosts/compliant").display().to_string();
    let state = tempfile::tempdir().expect("a folder");
    let state = state.path().display().to_string();
    for day in ["nonsense", "2026-13-01", "2026-02-30", "", "20260131"] {
        for command in [
            &["audit", "--root", &root][..],
            &["diff", "--root", &root],
            &["fix", "--root", &root, "--state-dir", &state, "--yes"],
            &["verify", "--root", &root],
            &["probe", "127.0.0.1:1"],
        ] {
            let run = run(&[command, &["--now", day]].concat());
            assert_eq!(run.status, 2, "{command:?} {day}: {}", run.screen());
            assert!(run.err.contains("it has to be a date, such as 2027-01-31"), "{command:?} {day}: {}", run.err);
        }
    }
}

#[test]
fn probes_say_what_they_can_not_do() {
    insta::assert_snapshot!("help_probe", run(&["probe", "--help"]).screen());
    insta::assert_snapshot!("help_verify", run(&["verify", "--help"]).screen());
    for (arguments, message) in [
        (&["probe"][..], "required"),
        (&["probe", "https://a.example/"], "is a URL"),
        (&["probe", "::1:443:x"], "in brackets"),
        (&["probe", "127.0.0.1", "--sni", "127.0.0.1"], "a server name can't be one"),
        (&["probe", "127.0.0.1", "--sni", ""], "--sni: the name is empty; --no-sni sends none"),
        (&["probe", "127.0.0.1", "--sni", "-"], "--sni: \"-\" is not a server name, such as www.example"),
        (&["probe", "127.0.0.1", "--sni=-a.test"], "--sni: \"-a.test\" is not a server name, such as www.example"),
        (&["probe", "127.0.0.1", "--sni", "a..b"], "--sni: \"a..b\" is not a server name, such as www.example"),
        (&["probe", "127.0.0.1", "--client", "--sni", "a.1"], "ends in a number, as an address does"),
        (&["probe", "127.0.0.1", "--client", "--alpn", ","], "the name of a protocol is empty"),
        (&["probe", "127.0.0.1", "--client", "--alpn", ""], "the name of a protocol is empty"),
        (&["probe", "127.0.0.1", "--client", "--alpn", "h2,"], "the name of a protocol is empty"),
        (&["probe", "127.0.0.1", "--client", "--alpn", &"x".repeat(256)], "has 256 bytes; 255 at most"),
        (&["probe", "127.0.0.1", "--client", "--alpn", &"xx,".repeat(2731)[..8192]], "too many names"),
        (&["probe", "127.0.0.1", "--max-connections", "0"], "0"),
        (&["probe", "127.0.0.1", "--pace", "18446744073709551614"], "is not in 0..=60000"),
        (&["probe", "127.0.0.1", "--timeout", "601"], "is not in 1..=600"),
        (&["probe", "127.0.0.1", "--total", "86401"], "is not in 1..=86400"),
        (&["probe", "127.0.0.1:+443"], "is not HOST[:PORT]"),
        (&["probe", "a:1,b:1"], "write each as an argument or a line of its own"),
        (&["probe", "[::1"], "the bracket is not closed"),
        (&["probe", &format!("unix:/{}", "x".repeat(107))], "the path is too long for a socket (107 bytes at most)"),
        (&["probe", "--targets", "/no/such/list"], "/no/such/list: No such file or directory"),
        (&["probe", "127.0.0.1", "--starttls", "gopher"], "possible values"),
        (&["probe", "127.0.0.1", "--policy", "/no/such/policy"], "/no/such/policy"),
    ] {
        let run = run(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.screen());
        assert!(run.err.contains(message), "{arguments:?}: {}", run.err);
    }
    // A name that is sent raw only, and an address of one interface; nothing listens at these ports.
    for arguments in [
        &["probe", "127.0.0.1:1", "--sni", "_a.1"][..],
        &["probe", "127.0.0.1:1", "--client", "--sni", "_a.test", "--alpn", &"x".repeat(255)],
        &["probe", "[fe80::1%lo]:1", "--timeout", "1"],
    ] {
        let run = run(arguments);
        assert!(run.status == 2 && run.err.is_empty() && run.out.contains("unreachable"), "{}", run.screen());
    }
    // Nothing listens at port 1 of the loopback interface.
    let run = run(&["probe", "127.0.0.1:1", "[::1]:1", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((run.status, &document["schema"]), (2, &serde_json::json!("tlsmend/probe/1")));
    assert_eq!(document["targets"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["targets"][0]["trouble"]["kind"], "unreachable");
}

/// What the program says of a list that it gets from a shell.
fn listed(script: &str, folder: &Path) -> (Option<i32>, String, String) {
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(assert_cmd::cargo::cargo_bin!("tlsmend"))
        .current_dir(folder)
        .timeout(std::time::Duration::from_secs(60))
        .output()
        .expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn all_that_is_wrong_in_a_list_is_said_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("list"), "127.0.0.1:1\n# hosts\n a..b  # a slip\n[::1\n").expect("written");
    let wrong = run_in(folder.path(), &["probe", "127.0.0.1:x", "--targets", "list"]);
    assert_eq!((wrong.status, wrong.out.as_str()), (2, ""), "{}", wrong.screen());
    for said in
        ["\"127.0.0.1:x\" is not HOST", "list:3: \"a..b\" is not a server name", "list:4: \"[::1\": the bracket"]
    {
        assert!(wrong.err.contains(said), "{said}: {}", wrong.err);
    }
    let (status, _, said) = listed("\"$0\" probe --targets - < list", folder.path());
    assert_eq!(status, Some(2));
    assert!(said.contains("standard input, line 3: \"a..b\""), "{said}");
    assert!(said.contains("standard input, line 4: \"[::1\""), "{said}");
    for (bytes, why) in
        [(&b"\xff\xfea"[..], "list: is not UTF-8"), (&vec![b'#'; (1 << 20) + 1], "list: is larger than 1 MiB")]
    {
        fs::write(folder.path().join("list"), bytes).expect("written");
        let run = run_in(folder.path(), &["probe", "--targets", "list"]);
        assert!(run.status == 2 && run.err.contains(why), "{}", run.screen());
    }
    let run = run_in(folder.path(), &["probe", "--targets", "."]);
    assert!(run.status == 2 && run.err.contains(".: Is a directory"), "{}", run.screen());
}

#[test]
fn lists_have_marks_and_come_through_pipes() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("list"), "\u{feff}127.0.0.1:1\n").expect("written");
    for script in [
        "\"$0\" probe --targets list",
        "\"$0\" probe --targets - < list",
        "\"$0\" probe --targets <(cat list)",
        "\"$0\" probe --targets <(cat list) --format sarif",
        "mkfifo pipe; cat list > pipe & \"$0\" probe --targets pipe",
    ] {
        let (status, shown, said) = listed(script, folder.path());
        assert!(status == Some(2) && said.is_empty() && shown.contains("127.0.0.1:1"), "{script}: {shown}{said}");
        assert!(shown.contains("nothing listens there"), "{script}: {shown}{said}");
    }
    let (status, _, said) = listed("\"$0\" probe --targets <(echo a..b)", folder.path());
    assert!(status == Some(2) && said.contains(":1: \"a..b\" is not a server name"), "{said}");
}

#[test]
fn policies_baselines_and_reports_come_through_pipes() {
    let folder = nginx("events {}\nhttp { ssl_certificate a; ssl_certificate_key b; server { listen 443 ssl; } }\n");
    let policy = "forbid: [TLSv1.2]\nrequire: [TLSv1.3]\n";
    fs::write(folder.path().join("p.yaml"), policy).expect("written");
    let facts = "--assume nginx=1.29.3 --assume openssl=3.0.17 --assume openssl-seclevel=2 --no-exec";
    let plain = listed(&format!("\"$0\" audit nginx.conf {facts} --policy p.yaml --format github"), folder.path());
    assert!(plain.1.contains("TLSv1.2") && plain.0 == Some(1), "{plain:?}");
    // Of several ways to say the same.
    for policy in ["<(cat p.yaml)", "/dev/stdin < p.yaml", "/dev/fd/3 3< p.yaml", "<(sleep 0.2; cat p.yaml)", "pipe"] {
        let feed = if policy == "pipe" { "mkfifo pipe; cat p.yaml > pipe & " } else { "" };
        let script = format!("{feed}\"$0\" audit nginx.conf {facts} --format github --policy {policy}");
        let (status, shown, said) = listed(&script, folder.path());
        assert!(status == Some(1) && said.is_empty() && shown.contains("TLSv1.2 is"), "{script}: {shown}{said}");
    }
    let heres = [
        format!("/dev/stdin <<'END'\n{policy}END"),
        format!("/dev/stdin <<'END'\n{}{policy}END", "#\n".repeat(30_000)),
    ];
    for here in heres {
        let (status, _, said) = listed(&format!("\"$0\" policy check {here}"), folder.path());
        assert!(status == Some(0) && said.is_empty(), "{said}");
    }
    let audit = format!("\"$0\" audit nginx.conf {facts} --policy p.yaml");
    let script = format!("{audit} --write-baseline b.json > /dev/null; {audit} --baseline <(cat b.json) --format json");
    let (status, shown, said) = listed(&script, folder.path());
    assert!(status == Some(0) && said.is_empty() && shown.contains("\"known\""), "{shown}{said}");
    let json = format!("{audit} --format json");
    let script = format!("{json} --host one > a.json; \"$0\" report merge a.json <({json} --host two) --format csv");
    let (status, shown, said) = listed(&script, folder.path());
    assert!(
        status == Some(0) && said.is_empty() && shown.contains("\r\none,") && shown.contains("\r\ntwo,"),
        "{shown}{said}"
    );
    // Nothing names a host that comes through a pipe.
    let (status, _, said) = listed(&format!("\"$0\" report merge <({json})"), folder.path());
    assert!(status == Some(2) && said.contains("names no host, and is no file that one could be named by"), "{said}");
}

#[test]
fn what_never_ends_is_not_read_to_its_end() {
    let folder = nginx("events {}\n");
    for (script, why) in [
        ("\"$0\" policy check <(yes)", "is larger than 32 MiB, and no more is read"),
        ("\"$0\" policy check /dev/stdin < /dev/zero", "is larger than 32 MiB, and no more is read"),
        ("\"$0\" policy check /dev/zero", "/dev/zero: is not a regular file"),
        ("\"$0\" policy check .", ".: is a directory"),
        ("\"$0\" audit nginx.conf --no-exec --baseline <(yes)", "is larger than 32 MiB, and no more is read"),
        ("\"$0\" report merge <(yes)", "is larger than 32 MiB, and no more is read"),
        ("\"$0\" probe --targets <(yes '#')", "is larger than 1 MiB"),
        ("\"$0\" probe --targets /dev/stdin < /dev/zero", "is larger than 1 MiB"),
    ] {
        let (status, _, said) = listed(script, folder.path());
        assert!(status == Some(2) && said.contains(why), "{script}: {said}");
    }
}

/// A folder with a main file of nginx.
fn nginx(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::write(folder.path().join("nginx.conf"), text).expect("written");
    folder
}

#[test]
fn why_answers_for_other_servers_too() {
    let folder = nginx(
        "events {}\nhttp {\n  server {\n    listen 8080;\n    location /a { proxy_pass https://192.0.2.7:8443; }\n    location /b {\n      proxy_ssl_protocols TLSv1.2;\n      proxy_pass https://192.0.2.7:8443;\n    }\n    location /c {\n      proxy_ssl_protocols TLSv1.3;\n      proxy_pass https://api;\n    }\n  }\n}\n",
    );
    let why = |address: &str| {
        run_in(folder.path(), &["why", address, "nginx.conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.13"])
    };
    let one = why("https://api");
    assert_eq!((one.status, one.out.lines().next()), (0, Some("https://api (nginx): TLSv1.3")), "{}", one.screen());
    // From two places, which offer different versions.
    let two = why("https://192.0.2.7:8443");
    assert!(
        two.status == 3 && two.out.contains("which place connects: they offer different versions"),
        "{}",
        two.screen()
    );
    let none = why("https://192.0.2.8");
    let nobody = "https://192.0.2.8: no configuration that was read connects there by TLS\n";
    assert_eq!((none.status, &*none.out), (3, nobody), "as where nothing listens: {}", none.screen());
}

#[test]
fn why_knows_no_more_than_the_audit() {
    let folder = nginx("events {}\nhttp {\n  server {\n    listen nohost.example:443;\n  }\n}\n");
    let why = run_in(folder.path(), &["why", "192.0.2.1:443", "nginx.conf"]);
    assert!(why.status == 3 && why.out.contains("can't be told"), "{}", why.screen());
    let folder = nginx("events {}\nhttp {\n  server {\n    listen 80;\n  }\n}\n");
    let why = run_in(folder.path(), &["why", "192.0.2.1:443", "nginx.conf"]);
    assert_eq!(why.status, 3);
    assert!(why.out.contains("no configuration that was read listens there"), "{}", why.screen());
}

/// Two servers on one address, one of them on another one too.
const TWO_SERVERS: &str = "events {}\nhttp {\n  ssl_certificate c;\n  ssl_certificate_key c;\n  server {\n    listen 192.0.2.1:443 ssl;\n    server_name a.test *.b.test;\n    ssl_protocols TLSv1.2;\n  }\n  server {\n    listen 192.0.2.1:443 ssl;\n    listen 192.0.2.1:8443 ssl;\n    server_name c.test ~^d\\d+\\.test$;\n    ssl_protocols TLSv1.2 TLSv1.3;\n  }\n}\n";
const SURE: [&str; 5] = ["nginx.conf", "--assume", "nginx=1.30.0", "--assume", "openssl=3.0.13"];

#[test]
fn why_is_certain_or_does_not_end_with_0() {
    let folder = nginx(TWO_SERVERS);
    fs::write(folder.path().join("c"), "").expect("written");
    let why = |arguments: &[&str]| run_in(folder.path(), &[&["why", "192.0.2.1:8443"], arguments].concat());
    let sure = why(&SURE);
    assert_eq!(sure.status, 0, "{}", sure.screen());
    // The library is not known, and it may refuse any of them: nothing else is unknown.
    let most = why(&["nginx.conf", "--assume", "nginx=1.30.0"]);
    assert!(most.out.starts_with("192.0.2.1:8443 without a name (nginx): at most "), "{}", most.screen());
    assert!(!most.out.contains("not known:") && most.status == 3, "{}", most.screen());
    let plain = nginx("events {}\nhttp { server { listen 80; } }\n");
    let plain = run_in(plain.path(), &["why", "192.0.2.1:80", "nginx.conf"]);
    assert_eq!(plain.status, 0, "{}", plain.screen());
}

#[test]
fn why_answers_for_a_name_at_all_its_addresses() {
    let folder = nginx(TWO_SERVERS);
    fs::write(folder.path().join("c"), "").expect("written");
    let why = |name: &str, more: &[&str]| run_in(folder.path(), &[&["why", name], &SURE[..], more].concat());
    let heads = |name: &str| {
        let run = why(name, &[]);
        let heads = run.out.lines().filter(|line| !line.is_empty() && !line.starts_with(' '));
        (run.status, heads.map(str::to_owned).collect::<Vec<_>>())
    };
    let both = |name: &str| {
        let head = |port: u16| format!("{name} at 192.0.2.1:{port} (nginx): TLSv1.2 TLSv1.3");
        (0, vec![head(443), head(8443)])
    };
    assert_eq!(heads("c.test"), both("c.test"));
    assert_eq!(heads("d7.test"), both("d7.test"), "a regular expression");
    assert_eq!(heads("A.test"), (0, vec!["A.test at 192.0.2.1:443 (nginx): TLSv1.2".to_owned()]));
    assert_eq!(heads("x.b.test"), (0, vec!["x.b.test at 192.0.2.1:443 (nginx): TLSv1.2".to_owned()]));
    let nobody = (3, vec!["e.test: no configuration that was read has this name".to_owned()]);
    assert_eq!(heads("e.test"), nobody);
    assert_eq!(why("c.test", &["--quic"]).status, 3);
    let json = why("c.test", &["--format", "json"]).json();
    assert_eq!((json["schema"].as_str(), json["name"].as_str()), (Some("tlsmend/why-name/1"), Some("c.test")));
    assert_eq!(json["answers"][1]["address"], "192.0.2.1:8443");
    assert_eq!(json["answers"][1]["schema"], "tlsmend/why/1");
    assert_eq!(why("e.test", &["--format", "json"]).json()["answers"], serde_json::json!([]));
}

#[test]
fn an_error_without_a_line_is_laid_out_like_the_others() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let audit = run_in(folder.path(), &["audit", "."]);
    assert!(
        audit.out.contains("error: no configuration of nginx or Apache httpd is there\n --> "),
        "{}",
        audit.screen()
    );
    assert!(!audit.out.contains("\n-->"), "{}", audit.screen());
}

/// An image with a site, and what is known of its software.
fn image() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir_all(root.path().join("etc/nginx")).expect("made");
    fs::create_dir_all(root.path().join("etc/postfix")).expect("made");
    let site = "events {}\nhttp { server { listen 443 ssl; ssl_certificate c; ssl_certificate_key c; ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3; } }\n";
    let read = |name: &str| fs::read_to_string(Path::new("fixtures/certs").join(name)).expect("read");
    let pair = read("pair.crt") + &read("pair.key");
    for (path, text) in [("etc/nginx/nginx.conf", site), ("etc/nginx/c", &pair), ("etc/postfix/main.cf", "")] {
        fs::write(root.path().join(path), text).expect("written");
    }
    root
}

#[test]
fn of_an_image_nobody_is_sent_to_this_machine() {
    let image = image();
    let root = image.path().to_str().expect("a path");
    let audit = run(&["audit", "--root", root]);
    assert!(audit.out.contains("tlsmend probe HOST:25 --starttls smtp"), "{}", audit.screen());
    assert!(!audit.out.contains("127.0.0.1"), "{}", audit.screen());
}

#[test]
fn a_fix_and_its_rollback_that_nothing_tests_end_alike() {
    let image = image();
    let root = image.path().to_str().expect("a path");
    let run = |command: &str, more: &[&str]| run(&[&[command, "--root", root, "--yes"], more].concat());
    let (fix, rollback) = (run("fix", &[]), run("rollback", &[]));
    assert_eq!((fix.status, rollback.status), (3, 3), "{}{}", fix.screen(), rollback.screen());
    assert!(rollback.out.contains("not tested: nginx (nothing is run with --root)"), "{}", rollback.screen());
    assert!(
        rollback.out.contains("where the servers of this image run (no restart is needed): nginx: nginx -s reload")
    );
    let tested = ["--check-with", "nginx=/bin/true"];
    let (fix, rollback) = (run("fix", &tested), run("rollback", &tested));
    assert_eq!((fix.status, rollback.status), (0, 0), "{}{}", fix.screen(), rollback.screen());
}

#[test]
fn after_a_failed_reload_of_an_image_what_is_suggested_works() {
    let (image, state) = (image(), tempfile::tempdir().expect("a temporary directory"));
    let (root, state) = (image.path().to_str().expect("a path"), state.path().join("s").display().to_string());
    let fix = |more: &[&str]| {
        let all = [&["fix", "--root", root, "--state-dir", &state, "--yes", "--check-with", "nginx=/bin/true"], more];
        run(&all.concat())
    };
    let failed = fix(&["--reload", "--reload-with", "nginx=/bin/false"]);
    assert_eq!(failed.status, 5, "{}", failed.screen());
    let later = fix(&[]);
    assert_eq!(later.status, 3, "{}", later.screen());
    assert!(
        later.out.contains("to reload, where the servers of this image run: nginx: nginx -s reload"),
        "{}",
        later.screen()
    );
    let next =
        format!("`tlsmend fix --reload --reload-with nginx=COMMAND --root {root} --state-dir {state}` reloads, and");
    assert!(later.out.contains(&next), "{next}: {}", later.screen());
    let done = fix(&["--reload", "--reload-with", "nginx=/bin/true"]);
    assert_eq!(done.status, 0, "{}", done.screen());
    // A history in the image runs nothing, and so nothing is suggested that would.
    let inside = |more: &[&str]| run(&[&["fix", "--root", root, "--yes"], more].concat());
    let reload = ["--reload", "--reload-with", "nginx=/bin/false", "--check-with", "nginx=/bin/true"];
    fs::copy(format!("{root}/etc/nginx/c"), format!("{root}/etc/nginx/d")).expect("copied");
    let text = fs::read_to_string(format!("{root}/etc/nginx/nginx.conf")).expect("read");
    fs::write(format!("{root}/etc/nginx/nginx.conf"), text.replace("TLSv1.2", "TLSv1.1 TLSv1.2")).expect("written");
    assert_eq!(inside(&reload).status, 5);
    let later = inside(&[]);
    assert!(!later.out.contains("tlsmend fix --reload"), "{}", later.screen());
    assert!(later.out.contains("--state-dir keeps the one of later runs outside of it"), "{}", later.screen());
}

#[test]
fn a_missing_file_is_told_once() {
    let server = "  server {\n    listen 80;\n    include tls.conf;\n  }\n";
    let folder = nginx(&format!("events {{}}\nhttp {{\n{}}}\n", server.repeat(5)));
    let audit = run_in(folder.path(), &["audit", "."]);
    assert_eq!(audit.out.matches("tls.conf\" failed: No such file or directory (4 more lines want it too)").count(), 1);
    assert_eq!(audit.out.matches("error:").count(), 1, "{}", audit.screen());
    assert!(audit.out.contains("1 of 1 file read"), "{}", audit.screen());
}
