//! `tlsmend facts`: whole outputs on the sample hosts, what is kept to itself, and what is never run.

use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeSet;
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
    let manual = include_str!("../../docs/json.md");
    let (_, json) = run(&["facts", "--root", "fixtures/hosts/alpine", "--format", "json"]);
    assert!(manual.contains(&format!("```json\n{json}```")), "{json}");
}

/// The keys of all objects; those of a fact are the same everywhere.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let path = if map.contains_key("decides") { "fact" } else { path };
            for (key, value) in map {
                let key = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                keys(value, &key, found);
                found.insert(key);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, &format!("{path}[]"), found)),
        _ => {}
    }
}

#[test]
fn every_key_is_in_the_manual() {
    let mut found = BTreeSet::new();
    for name in ["debian", "rhel"] {
        let (_, json) = run(&["facts", "--root", &format!("fixtures/hosts/{name}"), "--format", "json"]);
        keys(&serde_json::from_str(&json).expect("JSON"), "", &mut found);
    }
    let manual = include_str!("../../docs/json.md");
    let section = manual.split("\n## ").find(|s| s.starts_with("`tlsmend/facts/1`")).expect("a section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(found, rows.map(str::to_owned).collect());
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
    let server = "server {\n    listen 443 ssl;\n    ssl_certificate /none/a.crt;\n    ssl_certificate_key /none/a.key;\n    \
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
    insta::assert_snapshot!("audit_of_an_odd_main_file", text.replace(&host.path().display().to_string(), "ROOT"));
    assert_eq!(status, 1);
}

#[test]
fn a_named_main_file_that_can_not_be_read_is_a_problem() {
    let host = host(&[
        ("srv/web/x", ""),
        ("etc/systemd/system/web.service", "[Service]\nExecStart=/usr/sbin/nginx -c /srv/web\n"),
        ("etc/systemd/system/odd.service", "[Service]\nExecStart=/usr/sbin/nginx -c odd.conf\n"),
    ]);
    let (status, text) = on(&host, &["audit"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("can't be read: is a directory"), "{text}");
    assert!(text.contains("odd.service: where odd.conf lies can't be told"), "{text}");
}

#[test]
fn a_command_line_counts_for_the_main_file_that_it_names() {
    let unit = |command: &str| format!("[Service]\nExecStart={command}\n");
    let old = unit("/usr/sbin/httpd -f /srv/old.conf -D OLD -k start");
    let new = unit("/usr/sbin/httpd -f /srv/new.conf -k start");
    let conf = |port: u16| {
        format!(
            "LoadModule ssl_module modules/mod_ssl.so\nServerName x.test\nListen 127.0.0.1:{port} http\n\
             SSLEngine on\nSSLProtocol TLSv1.2\n<IfDefine OLD>\nSSLProtocol TLSv1\n</IfDefine>\n"
        )
    };
    let (old_conf, new_conf) = (conf(8443), conf(9443));
    let folder = host(&[
        ("etc/systemd/system/old.service", &old),
        ("etc/systemd/system/new.service", &new),
        ("srv/old.conf", &old_conf),
        ("srv/new.conf", &new_conf),
        ("srv/modules/mod_ssl.so", ""),
    ]);
    for (address, versions) in [("127.0.0.1:8443", "TLSv1"), ("127.0.0.1:9443", "TLSv1.2")] {
        let (status, json) = on(&folder, &["why", address, "--format", "json", "--assume", "apache=2.4.58"]);
        // Remarks on standard error follow it.
        let answer = serde_json::Deserializer::from_str(&json).into_iter::<Value>().next();
        let answer = answer.expect("an answer").expect("JSON");
        assert_eq!(answer["configured"], serde_json::json!([versions]), "{status} {json}");
        assert!(!json.contains("-D OLD is not known"), "{json}");
    }
}

#[test]
fn each_nginx_has_the_directives_of_its_own_command_line() {
    let unit = |main: &str, port: u16| {
        let listen = format!("http {{ server {{ listen 127.0.0.1:{port}; }} }}");
        format!("[Service]\nExecStart=/usr/sbin/nginx -c {main} -g '{listen}'\n")
    };
    let (one, two) = (unit("/srv/one.conf", 8081), unit("/srv/two.conf", 8082));
    let folder = host(&[
        ("etc/systemd/system/one.service", &one),
        ("etc/systemd/system/two.service", &two),
        ("srv/one.conf", "events {}\n"),
        ("srv/two.conf", "events {}\n"),
    ]);
    let (_, json) = on(&folder, &["audit", "--format", "json", "--assume", "nginx=1.22.1"]);
    assert!(json.contains("127.0.0.1:8081") && json.contains("127.0.0.1:8082"), "{json}");
}

#[test]
fn a_main_file_with_two_names_is_one_configuration() {
    let unit = "[Service]\nExecStart=/usr/sbin/nginx -c /srv/link.conf\n";
    let conf = "events {}\nhttp { server { listen 127.0.0.1:8443; } }\n";
    let folder = host(&[("etc/systemd/system/web.service", unit), ("etc/nginx/nginx.conf", conf), ("srv/x", "")]);
    std::os::unix::fs::symlink("/etc/nginx/nginx.conf", folder.path().join("srv/link.conf")).expect("a link");
    let (_, text) = on(&folder, &["audit", "--assume", "nginx=1.22.1"]);
    assert!(text.contains("1 instance, 1 endpoint (1 plaintext)"), "{text}");
}

#[test]
fn who_asks_for_a_file_hears_of_its_service_only() {
    let unit = "[Service]\nExecStart=/usr/sbin/httpd -C 'SSLProtocol all'\n";
    let main = "events {}\nhttp {}\n";
    let host = host(&[("etc/systemd/system/a.service", unit), ("etc/nginx/nginx.conf", main)]);
    let (status, text) = on(&host, &["audit"]);
    assert!(status == 3 && text.contains("\"SSLProtocol all\" is not read"), "{status}: {text}");
    let (status, text) = on(&host, &["audit", "/etc/nginx/nginx.conf"]);
    assert!(status == 0 && !text.contains("SSLProtocol"), "{status}: {text}");
}
