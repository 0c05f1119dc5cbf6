//! `tlsmend facts`: whole outputs on the sample hosts, what is kept to itself, and what is never run.
#![allow(clippy::disallowed_methods, reason = "tests make their own files")]

use assert_cmd::Command;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Runs the program; how it ended, and its standard output and error.
fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::cargo_bin("tlsmend")
        .expect("the program")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .env_clear()
        .timeout(std::time::Duration::from_secs(120))
        .output()
        .expect("runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().expect("an exit status"), String::from_utf8(text).expect("UTF-8"))
}

/// A host with these files.
fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("mkdir");
        fs::write(path, text).expect("write");
    }
    folder
}

fn on(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, String) {
    let root = folder.path().display().to_string();
    run(&[&[arguments[0], "--root", &root], &arguments[1..]].concat())
}

#[test]
fn facts_of_the_sample_hosts() {
    for name in ["debian", "rhel", "alpine"] {
        let root = format!("fixtures/hosts/{name}");
        for format in ["text", "json"] {
            let (status, text) = run(&["facts", "--root", &root, "--format", format]);
            insta::assert_snapshot!(format!("facts_{name}_{format}"), text);
            assert_eq!(status, 0, "{name}");
        }
    }
}

#[test]
fn the_example_of_the_manual_is_real() {
    let manual = include_str!("../docs/json.md");
    let (_, json) = run(&["facts", "--root", "fixtures/hosts/alpine", "--format", "json"]);
    assert!(manual.contains(&format!("```json\n{json}```")), "{json}");
}

#[test]
fn what_is_assumed_and_what_stays_unknown() {
    let conf = [("etc/nginx/nginx.conf", "events {}\nhttp { server { listen 443 ssl; } }\n")];
    let host = host(&conf);
    let (status, text) = on(&host, &["facts"]);
    insta::assert_snapshot!("facts_unknown", text);
    assert_eq!(status, 3);
    let assume = ["facts", "--assume", "nginx=1.18.0", "--assume", "openssl=1.1.1", "--assume", "distribution=ubuntu"];
    let (status, text) = on(&host, &assume);
    insta::assert_snapshot!("facts_assumed", text);
    assert_eq!(status, 0, "{text}");
}

#[test]
fn secrets_are_not_shown() {
    let envvars = "export APACHE_RUN_DIR=/run/x\nexport DB_PASSWORD=geheim1\nexport ApiToken=geheim2\n";
    let host = host(&[("etc/apache2/envvars", envvars), ("etc/apache2/apache2.conf", "ServerRoot /etc/apache2\n")]);
    for format in ["text", "json"] {
        let (_, text) = on(&host, &["facts", "--format", format]);
        assert!(text.contains("DB_PASSWORD") && text.contains("ApiToken") && text.contains("/run/x"), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }
}

#[test]
fn with_a_root_nothing_of_it_is_run() {
    let host = host(&[
        ("etc/nginx/nginx.conf", "events {}\nhttp {}\n"),
        ("etc/apache2/apache2.conf", "ServerRoot /etc/apache2\n"),
        ("etc/systemd/system/nginx.service", "[Service]\nExecStart=/usr/sbin/nginx -c /etc/nginx/nginx.conf\n"),
    ]);
    let ran = host.path().join("ran");
    for program in ["usr/sbin/nginx", "usr/sbin/apache2", "usr/sbin/httpd", "usr/bin/openssl"] {
        let path = host.path().join(program);
        fs::create_dir_all(path.parent().expect("a directory")).expect("mkdir");
        fs::write(&path, format!("#!/bin/sh\ntouch {}\necho nginx/1.22.1\n", ran.display())).expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    for command in ["facts", "audit", "diff"] {
        on(&host, &[command]);
        assert!(!ran.exists(), "{command} ran a program");
    }
}

#[test]
fn a_main_file_that_only_a_unit_names_is_audited() {
    let site = "events {}\nhttp {\n    include sites/*;\n}\n";
    let server = "server {\n    listen 443 ssl;\n    ssl_certificate a.crt;\n    ssl_certificate_key a.key;\n    \
                  ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n}\n";
    let unit = "[Service]\nExecStart=/usr/sbin/nginx -c /srv/web/shop.cfg\n";
    let files = [
        ("srv/web/shop.cfg", site),
        ("srv/web/sites/a", server),
        ("etc/systemd/system/shop.service", unit),
        ("etc/systemd/system/gone.service", "[Service]\nExecStart=/usr/sbin/nginx -c /srv/gone.conf\n"),
    ];
    let host = host(&files);
    let (status, text) = on(&host, &["audit"]);
    insta::assert_snapshot!("audit_of_an_odd_main_file", text);
    assert_eq!(status, 1);
}
