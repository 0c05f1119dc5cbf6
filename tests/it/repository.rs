//! What is not a host: repositories with sites, snippets, templates and manuals, files that a hook is given, and files
//! that the host's own main file loads.

use crate::support::program;

use program::{run, run_in};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repository")
}

/// The rules of the findings by file, and the problems by file.
fn said(document: &Value) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<String>>) {
    let (mut findings, mut problems) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for finding in document["findings"].as_array().expect("findings") {
        let main = &document["instances"][finding["instance"].as_u64().expect("a number") as usize]["main"];
        let rules = findings.entry(text(main)).or_default();
        rules.push(text(&finding["rule"]));
        rules.extend(finding["also"].as_array().expect("aspects").iter().map(|also| text(&also["rule"])));
    }
    for problem in document["problems"].as_array().expect("problems") {
        problems.entry(text(&problem["path"])).or_default().push(text(&problem["message"]));
    }
    (findings, problems)
}

#[test]
fn sites_are_judged_as_included_and_templates_are_named() {
    let run = run_in(&repository(), &["audit", "--no-exec", "--format", "json", "."]);
    assert_eq!(run.status, 1, "{}", run.screen());
    let (findings, problems) = said(&run.json());
    let of = |path: &str| findings.get(path).map(|rules| rules.join(" ")).unwrap_or_default();
    assert_eq!(of("sites/old.conf"), "forbidden-version missing-version", "by the snippet that it includes");
    assert_eq!(of("sites/inherits.conf"), "unknown");
    assert_eq!(of("sites/good.conf"), "");
    assert_eq!(of("sites/plain.conf"), "");
    assert_eq!(of("sites/shop.pl"), "forbidden-version", "a domain, not a program");
    assert_eq!(of("snippets/proxy-tls.conf"), "forbidden-version", "included by something that is not here");
    assert_eq!(findings.len(), 4, "neither manuals nor programs nor templates: {findings:?}");
    let template = |language: &str| vec![format!("an unrendered template ({language}): audit what it renders to")];
    let expected = BTreeMap::from([
        ("templates/site.conf.j2".to_owned(), template("Jinja")),
        ("templates/vhost.conf.erb".to_owned(), template("ERB or EPP")),
        ("templates/nginx.tmpl".to_owned(), template("Go")),
        ("templates/default.conf.template".to_owned(), template("variables of another program")),
    ]);
    assert_eq!(problems, expected);
}

#[test]
fn only_sites_and_snippets_are_changed() {
    let run = run_in(&repository(), &["diff", "--no-exec", "."]);
    let changed: Vec<&str> = run.out.lines().filter_map(|line| line.strip_prefix("+++ b/")).collect();
    assert_eq!(changed, ["sites/shop.pl", "snippets/proxy-tls.conf", "snippets/tls.conf"], "{}", run.screen());
}

#[test]
fn one_file_is_enough() {
    for (file, status) in [
        ("sites/old.conf", 3),
        ("sites/inherits.conf", 3),
        ("sites/good.conf", 0),
        ("sites/plain.conf", 0),
        ("sites/shop.pl", 1),
        ("snippets/tls.conf", 1),
        // What is named is read, whatever its name is.
        ("docs/vhost_spec.rb", 1),
        ("templates/site.conf.j2", 3),
        // Nothing that a server reads.
        ("docs", 3),
    ] {
        let run = run_in(&repository(), &["audit", "--no-exec", file]);
        assert_eq!(run.status, status, "{file}: {}", run.screen());
    }
    insta::assert_snapshot!("part_old", run_in(&repository(), &["audit", "--no-exec", "sites/old.conf"]).screen());
    insta::assert_snapshot!(
        "part_snippet",
        run_in(&repository(), &["audit", "--no-exec", "snippets/tls.conf"]).screen()
    );
}

#[test]
fn a_name_is_looked_up_where_it_is_configured() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let site = "server {\n    listen 443 ssl;\n    server_name app.test;\n    ssl_protocols TLSv1.3;\n}\n";
    let host = "<VirtualHost _default_:443>\n  ServerName x.test\n  SSLEngine on\n  SSLProtocol -all +TLSv1.2\n</VirtualHost>\n";
    fs::write(folder.path().join("app.conf"), site).expect("written");
    fs::write(folder.path().join("x.conf"), host).expect("written");
    for (name, file, version) in [("x.test", "x.conf", "TLSv1.2"), ("app.test", "app.conf", "TLSv1.3")] {
        let run = run_in(folder.path(), &["why", name, "."]);
        let first = run.out.lines().next().unwrap_or_default();
        assert!(first.ends_with(version) && run.out.contains(file), "{name}: {}", run.screen());
    }
}

#[test]
fn the_key_of_a_site_may_be_in_the_block_around_it() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/certs/ec.crt");
    fs::copy(certificate, folder.path().join("site.crt")).expect("copied");
    let site = "server {\n    listen 443 ssl;\n    ssl_certificate /site.crt;\n    ssl_protocols TLSv1 TLSv1.2;\n}\n";
    fs::write(folder.path().join("site.conf"), site).expect("written");
    fs::write(folder.path().join("relative.conf"), site.replace("/site.crt", "site.crt")).expect("written");
    let known = ["--assume", "nginx=1.22.1", "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"];
    let root = folder.path().to_str().expect("a path");
    for place in [&["/site.conf", "--root", root][..], &["/relative.conf", "--root", root], &["."]] {
        let audit = [&["audit", "--no-exec", "--format", "json"], place, &known].concat();
        let document = run_in(folder.path(), &audit).json();
        let instances = document["instances"].as_array().expect("instances");
        for instance in instances {
            let effective = &instance["endpoints"][0]["effective"];
            assert_eq!(*effective, serde_json::json!(["TLSv1", "TLSv1.2"]), "{place:?}: {document:#}");
        }
        assert!(!instances.is_empty(), "{place:?}");
    }
}

/// A host whose main file gives the versions to a site that inherits them, and loads another.
fn host() -> tempfile::TempDir {
    let host = tempfile::tempdir().expect("a temporary directory");
    let folder = host.path().join("etc/nginx");
    for name in ["sites-available", "sites-enabled"] {
        fs::create_dir_all(folder.join(name)).expect("made");
    }
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("written");
    write(
        "nginx.conf",
        "events {}\nhttp {\n    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n    include sites-enabled/*;\n}\n",
    );
    let site = |name: &str, more: &str| {
        format!(
            "server {{\n    listen 443 ssl;\n    server_name {name};\n    ssl_certificate a;\n    ssl_certificate_key a;\n{more}}}\n"
        )
    };
    write("sites-available/a", &site("a.test", ""));
    write("sites-available/b", &site("b.test", "    ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n").replace("443", "8443"));
    write("sites-available/off", &site("off.test", "    ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n"));
    for name in ["a", "b"] {
        symlink(format!("../sites-available/{name}"), folder.join("sites-enabled").join(name)).expect("linked");
    }
    host
}

#[test]
fn what_the_hosts_main_file_loads_is_judged_there() {
    let host = host();
    let root = host.path().to_str().expect("a path");
    let known =
        ["--root", root, "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"];
    let of = |command: &str, path: &str| run(&[&[command], &known[..], &[path]].concat());
    let enabled = of("audit", "/etc/nginx/sites-enabled");
    assert_eq!(enabled.status, 1);
    assert!(
        enabled.err.contains("/etc/nginx/nginx.conf loads it, so it and 1 more are audited there"),
        "{}",
        enabled.err
    );
    assert!(enabled.out.contains("a.test") && !enabled.out.contains("as included"), "{}", enabled.out);
    // Only what was named is changed.
    let diff = of("diff", "/etc/nginx/sites-enabled");
    let changed: Vec<&str> = diff.out.lines().filter_map(|line| line.strip_prefix("+++ b/")).collect();
    assert_eq!(changed, ["etc/nginx/sites-available/b"], "{}", diff.screen());
    assert!(diff.err.contains("the fix changes /etc/nginx/nginx.conf, which is not in what you named"), "{}", diff.err);
    // Nothing loads that one.
    let off = of("audit", "/etc/nginx/sites-available/off");
    assert!(off.out.contains("sites-available/off (as included)") && off.err.is_empty(), "{}", off.screen());
}

/// Each file of a folder of sites is judged by itself; `why` has to ask the one that has the name.
#[test]
fn why_asks_the_site_that_has_the_name() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    let nginx = |name: &str, version: &str| {
        format!("server {{ listen 443 ssl; server_name {name}; ssl_protocols {version}; ssl_certificate_key a; }}\n")
    };
    write("a.conf", &nginx("a.test", "TLSv1.2"));
    write("b.conf", &nginx("*.b.test", "TLSv1"));
    let apache = |name: &str, version: &str| {
        format!("<VirtualHost *:8443>\nSSLEngine on\nServerName {name}\nSSLProtocol {version}\n</VirtualHost>\n")
    };
    write("c.conf", &apache("c.test", "TLSv1.2"));
    write("d.conf", &apache("d.test", "TLSv1"));
    for (address, name, version) in [
        ("192.0.2.7:443", "a.test", "TLSv1.2"),
        ("192.0.2.7:443", "x.b.test", "TLSv1"),
        ("192.0.2.7:8443", "c.test", "TLSv1.2"),
        ("192.0.2.7:8443", "d.test", "TLSv1"),
    ] {
        let why = run_in(folder.path(), &["why", "--no-exec", address, "--sni", name, "."]);
        let first = why.out.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!("at most {version}")), "{name}: {}", why.screen());
    }
}

#[test]
fn includes_that_lead_out_of_what_is_read_leave_everything_open() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(path, text)).expect("written");
    };
    let site = "server {\n    listen 443 ssl;\n    ssl_certificate /none/a;\n    ssl_certificate_key /none/a;\n";
    write(
        "nginx.conf",
        "events {}\nhttp {\n    include /etc/nginx/sites/*.conf;\n    ssl_protocols TLSv1 TLSv1.2;\n}\n",
    );
    write("sites/a.conf", &format!("{site}}}\n"));
    write("sites/b.conf", &format!("{site}    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n}}\n").replace("443", "8443"));
    let audit = run_in(folder.path(), &["audit", "--no-exec", "--format", "json", "."]);
    let (findings, _) = said(&audit.json());
    // Nothing is said to decide nothing, or to be loaded by nobody.
    let expected = BTreeMap::from([
        ("sites/a.conf".to_owned(), vec!["unknown".to_owned()]),
        ("sites/b.conf".to_owned(), vec!["forbidden-version".to_owned()]),
    ]);
    assert_eq!(findings, expected, "{}", audit.screen());
    let mapped = run_in(folder.path(), &["audit", "--no-exec", "--format", "json", ".", "--map", "/etc/nginx=."]);
    let (findings, _) = said(&mapped.json());
    assert!(findings.contains_key("nginx.conf") && findings.len() == 1, "{}", mapped.screen());
    write("apache/httpd.conf", "ServerRoot /etc/httpd\nInclude /etc/httpd/conf.d/*.conf\nSSLProtocol all\n");
    let audit = run_in(folder.path(), &["audit", "--no-exec", "apache"]);
    assert!(audit.status == 3 && !audit.out.contains("decides nothing"), "{}", audit.screen());
}

#[test]
fn a_server_root_that_is_not_read_is_no_error() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let main = "ServerRoot /etc/httpd\nLoadModule ssl_module modules/mod_ssl.so\nListen 443\nSSLEngine on\nSSLCertificateFile /etc/pki/a\nSSLProtocol -all +TLSv1.2 +TLSv1.3\n";
    fs::write(folder.path().join("httpd.conf"), main).expect("written");
    let audit = run_in(folder.path(), &["audit", "--no-exec", "httpd.conf"]);
    assert!(audit.status == 0 && !audit.out.contains("error"), "{}", audit.screen());
}

/// What an audit of the folder says was read, by file, and its text.
fn read_with(folder: &Path, arguments: &[&str]) -> (Vec<String>, String) {
    let all = [&["audit", "--no-exec"], arguments].concat();
    let text = run_in(folder, &all);
    let json = run_in(folder, &[&all[..], &["--format", "json"]].concat()).json();
    let mains = json["instances"].as_array().expect("instances").iter().map(|one| one["main"].as_str());
    let mut mains: Vec<String> = mains.map(|main| main.expect("a path").to_owned()).collect();
    mains.sort();
    (mains, format!("{} {}", json["coverage"]["excluded"], text.screen()))
}

#[test]
fn what_is_excluded_is_not_looked_at_and_counted() {
    let all = ["snippets", "--exclude", "templates"];
    let (_, screen) = read_with(&repository(), &all);
    assert!(screen.contains("tlsmend: --exclude templates: excludes nothing"), "{screen}");
    let (mains, screen) = read_with(&repository(), &[".", "--exclude", "templates/", "--exclude", "sites/*.pl"]);
    assert!(
        mains.iter().all(|main| main != "sites/shop.pl") && mains.contains(&"sites/old.conf".to_owned()),
        "{mains:?}"
    );
    assert!(screen.starts_with("5 ") && screen.contains("; 5 files are excluded"), "{screen}");
    assert!(!screen.contains("unrendered template"), "{screen}");
    // Seen from the folder in which the command is given, and by the whole path.
    let whole = repository().join("templates").display().to_string();
    for pattern in ["./templates", &whole, "**/templates/**", "*.{j2,erb,tmpl,template}"] {
        let (_, screen) = read_with(&repository(), &[".", "--exclude", pattern]);
        assert!(screen.contains("; 4 files are excluded"), "{pattern}: {screen}");
    }
    let diff = run_in(&repository(), &["diff", "--no-exec", ".", "--exclude", "snippets", "--exclude", "shop.pl"]);
    // The snippet that a site includes is read, and so it is mended.
    let changed: Vec<&str> = diff.out.lines().filter_map(|line| line.strip_prefix("+++ b/")).collect();
    assert_eq!(changed, ["snippets/tls.conf"], "{}", diff.screen());
    assert!(diff.err.contains("2 files are excluded"), "{}", diff.screen());
}

#[test]
fn nothing_that_a_main_file_includes_is_excluded_nor_what_is_named() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("etc/nginx/nginx.conf", "events {}\nhttp { include sites/*; }\n");
    write("etc/nginx/sites/old", "server { listen 443 ssl; ssl_protocols TLSv1; }\n");
    write("etc/nginx/old/other", "server { listen 444 ssl; ssl_protocols TLSv1; }\n");
    write("etc/apache2/apache2.conf", "ServerRoot /etc/apache2\nListen 80\n");
    let root = folder.path().to_str().expect("a path");
    let (mains, screen) = read_with(folder.path(), &["--root", root, "--exclude", "old", "--exclude", "apache2"]);
    assert_eq!(mains, ["/etc/nginx/nginx.conf"], "{screen}");
    assert!(screen.contains("0.0.0.0:443") && screen.contains("; 2 files are excluded"), "{screen}");
    let said = "/etc/nginx/sites/old: --exclude matches it, and a configuration includes it: it is read";
    assert!(screen.contains(said), "{screen}");
    let named = ["/etc/nginx/old", "/etc/nginx/old/other", "--root", root, "--exclude", "old", "--exclude", "other"];
    let (mains, screen) = read_with(folder.path(), &named);
    assert_eq!(mains, ["/etc/nginx/old/other"], "{screen}");
    // Who excludes everything is told that nothing was there.
    let (mains, screen) = read_with(folder.path(), &["/etc/nginx/old", "--root", root, "--exclude", "*"]);
    assert!(mains.is_empty() && screen.contains("exit status 3"), "{screen}");
}
