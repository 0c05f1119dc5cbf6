//! Input that is not what it should be: a message with the place, the rest still audited, status 3, and never a panic.

use assert_cmd::Command;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const MAIN: &str = "events {}\nhttp {\n    include sites/*;\n}\n";
const GOOD: &str = "server {\n    listen 443 ssl;\n    server_name good.test;\n    ssl_certificate /c.crt;\n    \
                    ssl_certificate_key /c.key;\n    ssl_protocols TLSv1.2 TLSv1.3;\n}\n";

/// A host with one good site, to which a test adds something bad.
fn host() -> TempDir {
    let host = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir_all(host.path().join("etc/nginx/sites")).expect("mkdir");
    fs::write(host.path().join("etc/nginx/nginx.conf"), MAIN).expect("write");
    fs::write(host.path().join("etc/nginx/sites/good"), GOOD).expect("write");
    host
}

/// Audits, and checks that the good site is audited and that the status is 3; gives standard output.
fn audit(root: &Path) -> String {
    let output = Command::cargo_bin("tlsmend")
        .expect("the program")
        .args(["audit", "--root"])
        .arg(root)
        .env_clear()
        .timeout(Duration::from_secs(60))
        .output()
        .expect("runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}{errors}");
    assert!(text.contains("good.test"), "{text}{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    text
}

fn site(host: &TempDir, name: &str) -> std::path::PathBuf {
    host.path().join("etc/nginx/sites").join(name)
}

#[test]
fn missing_includes_and_cycles() {
    let host = host();
    fs::write(site(&host, "a"), "include /etc/nginx/nothing.conf;\ninclude sites/a;\n").expect("write");
    let text = audit(host.path());
    assert!(text.contains("/etc/nginx/nothing.conf\" failed: No such file or directory"), "{text}");
    assert!(text.contains("includes itself"), "{text}");
    assert!(text.contains("/etc/nginx/sites/a:1:1"), "{text}");
}

#[test]
fn links_that_lead_nowhere_or_round() {
    let host = host();
    symlink("/etc/nowhere", site(&host, "dangling")).expect("link");
    symlink("round", site(&host, "round")).expect("link");
    let text = audit(host.path());
    assert!(text.contains("/etc/nginx/sites/dangling\" failed: No such file or directory"), "{text}");
    assert!(text.contains("Too many levels of symbolic links"), "{text}");
}

#[test]
fn directories_and_fifos_where_files_are_expected() {
    let host = host();
    fs::create_dir(site(&host, "directory")).expect("mkdir");
    let made = std::process::Command::new("mkfifo").arg(site(&host, "fifo")).status().expect("mkfifo runs");
    assert!(made.success());
    symlink("/dev/zero", site(&host, "device")).expect("link");
    let text = audit(host.path());
    assert!(text.contains("is a directory"), "{text}");
    assert!(text.contains("fifo\" failed: is not a regular file"), "{text}");
}

#[test]
fn a_file_of_100_megabytes() {
    let host = host();
    fs::File::create(site(&host, "large")).expect("create").set_len(100 << 20).expect("grows");
    let text = audit(host.path());
    assert!(text.contains("is too large (100 MiB; at most 32 MiB are read)"), "{text}");
}

#[test]
fn a_hundred_thousand_braces() {
    let host = host();
    fs::write(site(&host, "deep"), "location / {\n".repeat(100_000)).expect("write");
    let text = audit(host.path());
    assert!(text.contains("expecting \"}\""), "{}", &text[..2000]);
}

#[test]
fn rubbish() {
    let host = host();
    let mut state = 7_u32;
    let mut rubbish = Vec::new();
    for _ in 0..200_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        rubbish.push((state >> 24) as u8);
    }
    fs::write(site(&host, "rubbish"), rubbish).expect("write");
    audit(host.path());
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let host = host();
    fs::write(site(&host, "evil"), "ssl_protocols TLSv1\x1b[2J\x1b]0;x\x07;\n").expect("write");
    let text = audit(host.path());
    assert!(text.contains("invalid value"), "{text}");
    assert!(!text.contains('\x1b') && !text.contains('\x07'), "{text:?}");
}

#[test]
fn an_unreadable_file_is_said() {
    let host = host();
    let path = site(&host, "secret");
    fs::write(&path, GOOD).expect("write");
    let mut mode = fs::metadata(&path).expect("is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o000);
    fs::set_permissions(&path, mode).expect("chmod");
    if fs::read(&path).is_ok() {
        // Root reads everything: let somebody else look.
        let root = host.path().to_owned();
        fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
        let program = assert_cmd::cargo::cargo_bin("tlsmend");
        let copy = root.join("tlsmend");
        fs::copy(program, &copy).expect("copies");
        let output = std::process::Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(copy)
            .args(["audit", "--root"])
            .arg(&root)
            .output()
            .expect("setpriv runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains("Permission denied") && text.contains("good.test"), "{text}");
    } else {
        assert!(audit(host.path()).contains("Permission denied"));
    }
}

#[test]
fn one_file_under_two_names_is_no_cycle() {
    let host = host();
    symlink("good", site(&host, "again")).expect("link");
    fs::write(site(&host, "first"), "include sites/good;\n").expect("write");
    // The audit ends with 3 for another reason, so that the helper can be used.
    fs::write(site(&host, "z"), "include /etc/nginx/nothing.conf;\n").expect("write");
    let text = audit(host.path());
    assert!(!text.contains("includes itself"), "{text}");
}

#[test]
fn includes_that_double_end() {
    let host = host();
    for level in 0..40 {
        let next = format!("include /etc/nginx/i{};\n", level + 1);
        fs::write(host.path().join(format!("etc/nginx/i{level}")), next.repeat(2)).expect("write");
    }
    fs::write(host.path().join("etc/nginx/i40"), "").expect("write");
    fs::write(site(&host, "zz"), "include /etc/nginx/i0;\n").expect("write");
    let text = audit(host.path());
    assert!(text.contains("files are included: what follows is not read"), "{text}");
}

/// Runs a command on a host as somebody who is not root; status and standard output.
fn as_nobody(host: &Path, command: &str, more: &[&str]) -> (Option<i32>, String) {
    fs::set_permissions(host, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
    let copy = host.join("tlsmend");
    if !copy.exists() {
        fs::copy(assert_cmd::cargo::cargo_bin("tlsmend"), &copy).expect("copies");
    }
    // Only root reads what has no mode at all, and only root can become somebody else.
    let locked = host.join("locked");
    fs::write(&locked, "").expect("write");
    close(&locked);
    let mut run = std::process::Command::new(if fs::read(&locked).is_ok() { "setpriv" } else { "env" });
    if fs::read(&locked).is_ok() {
        run.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    fs::remove_file(&locked).expect("removes");
    let output = run.arg(copy).args([command, "--root"]).arg(host).args(more).output().expect("runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn close(path: &Path) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).expect("chmod");
}

/// A host with one file that nobody can read.
fn locked(path: &str) -> TempDir {
    let host = tempfile::tempdir().expect("a temporary directory");
    let file = host.path().join(path);
    fs::create_dir_all(file.parent().expect("a directory")).expect("mkdir");
    fs::create_dir_all(host.path().join("etc")).expect("mkdir");
    fs::write(&file, MAIN).expect("write");
    close(&file);
    host
}

#[test]
fn a_configuration_that_can_not_be_read_is_not_none() {
    for path in [
        "etc/nginx/nginx.conf",
        "etc/nginx/sites-enabled/shop",
        "etc/httpd/conf.d/ssl.conf",
        "etc/apache2-shop/ports.conf",
        "etc/shop/nginx.conf",
        "opt/shop/httpd.conf",
        "usr/local/nginx/conf/any",
    ] {
        let host = locked(path);
        let (status, text) = as_nobody(host.path(), "audit", &[]);
        assert_eq!(status, Some(3), "{path}: {text}");
        assert!(text.contains(&format!("can't be read: Permission denied\n --> /{path}\n")), "{path}: {text}");
        assert!(!text.contains("nothing to audit"), "{text}");
        let (status, text) = as_nobody(host.path(), "audit", &["--format", "prometheus"]);
        let complete = text.lines().find(|line| line.starts_with("tlsmend_audit_complete")).expect("is there");
        assert!(complete.ends_with(" 0"), "{complete}");
        assert_eq!(status, Some(3));
        let (status, text) = as_nobody(host.path(), "facts", &[]);
        assert_eq!(status, Some(3), "{path}: {text}");
        assert!(text.contains(path), "{text}");
        assert_eq!(as_nobody(host.path(), "diff", &[]).0, Some(3), "{path}");
    }
}

#[test]
fn what_only_root_reads_is_no_configuration_elsewhere() {
    for path in ["etc/sudoers", "etc/ppp/chap-secrets", "etc/nginx.d/x", "opt/shop/secret"] {
        let host = locked(path);
        let (status, text) = as_nobody(host.path(), "audit", &[]);
        assert_eq!(status, Some(0), "{path}: {text}");
        // Below /opt only main files are looked for.
        let counted = text.contains("1 file or directory elsewhere can't be read");
        assert_eq!(counted, path.starts_with("etc"), "{path}: {text}");
    }
}

#[test]
fn thousands_of_files_that_can_not_be_read_are_counted() {
    let host = locked("etc/nginx/sites/0");
    for number in 1..1500 {
        let file = host.path().join(format!("etc/nginx/sites/{number}"));
        fs::write(&file, GOOD).expect("write");
        close(&file);
    }
    let (status, text) = as_nobody(host.path(), "audit", &[]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("1480 more files or directories below can't be read: Permission denied"), "{text}");
    assert!(text.lines().count() < 80, "{text}");
}

#[test]
fn a_main_file_may_be_a_link_out_of_etc() {
    let host = tempfile::tempdir().expect("a temporary directory");
    for folder in ["etc/nginx", "srv/sites"] {
        fs::create_dir_all(host.path().join(folder)).expect("mkdir");
    }
    let real = host.path().join("srv/main");
    fs::write(&real, MAIN).expect("write");
    symlink("/srv/main", host.path().join("etc/nginx/nginx.conf")).expect("link");
    symlink("/srv/sites", host.path().join("etc/nginx/sites")).expect("link");
    fs::write(host.path().join("srv/sites/good"), GOOD).expect("write");
    let (_, text) = as_nobody(host.path(), "audit", &[]);
    assert!(text.contains("good.test"), "{text}");
    close(&real);
    let (status, text) = as_nobody(host.path(), "audit", &[]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("can't be read: Permission denied\n --> /etc/nginx/nginx.conf\n"), "{text}");
    fs::remove_file(&real).expect("removes");
    let (status, text) = as_nobody(host.path(), "audit", &[]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("can't be read: No such file or directory\n --> /etc/nginx/nginx.conf\n"), "{text}");
}

#[test]
fn a_directory_of_configuration_that_can_not_be_listed_is_said() {
    let host = host();
    let folder = host.path().join("etc/nginx");
    close(&folder);
    let (status, text) = as_nobody(host.path(), "audit", &[]);
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("can't be read: Permission denied"), "{text}");
}
