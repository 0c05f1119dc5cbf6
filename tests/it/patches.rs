//! What `diff` says beside its patch, and where a patch puts things.

use crate::support::program;

use program::{Run, run_in};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn diff(folder: &Path, arguments: &[&str]) -> Run {
    run_in(folder, &[&["diff", "--no-exec"], arguments].concat())
}

/// The lines that a patch adds.
fn added(run: &Run) -> Vec<&str> {
    run.out.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++")).map(|line| &line[1..]).collect()
}

#[test]
fn places_are_those_of_the_files_as_they_are() {
    let main = "events {}\nhttp {\n    include missing.types;\n    server {\n        listen 127.0.0.1:8443 ssl;\n        ssl_certificate a;\n        ssl_certificate_key b;\n        ssl_protocols TLSv1.2 TLSv1.3;\n        location / { proxy_pass https://127.0.0.1:9443; }\n    }\n}\n";
    let folder = folder(&[("nginx.conf", main), ("a", ""), ("b", "")]);
    let run = diff(folder.path(), &[".", "--assume", "nginx=1.12.2", "--assume", "openssl=1.0.2k"]);
    // A line is added near the beginning, and moves all others.
    assert_eq!(added(&run), ["    proxy_ssl_protocols TLSv1.2;"], "{}", run.screen());
    for place in ["nginx.conf:9:22: medium[missing-version]", "nginx.conf:8:23: low[missing-version]"] {
        assert!(run.err.contains(place), "{place}: {}", run.screen());
    }
    assert!(run.err.contains("problem: nginx.conf:3:5: open()"), "{}", run.screen());
    assert!(run.err.contains("problem: nginx.conf:8:31: invalid value"), "{}", run.screen());
}

#[test]
fn what_a_patch_needs_where_nobody_knows_the_software() {
    let nginx = "events {}\nhttp { server { listen 443 ssl; ssl_certificate a; ssl_certificate_key a; ssl_protocols TLSv1 TLSv1.2; } }\n";
    let httpd = "ServerRoot /etc/httpd\nLoadModule ssl_module modules/mod_ssl.so\nListen 443\nSSLCertificateFile a\nSSLEngine on\nSSLProtocol -all +TLSv1.1 +TLSv1.2\n";
    let folder = folder(&[("nginx.conf", nginx), ("httpd.conf", httpd), ("a", "")]);
    let needs = |arguments: &[&str]| {
        let run = diff(folder.path(), arguments);
        assert!(run.out.contains("TLSv1.3"), "{}", run.screen());
        run.err.lines().find(|line| line.contains("which needs")).map(str::to_owned).unwrap_or_default()
    };
    assert!(needs(&["nginx.conf"]).contains("this adds TLSv1.3, which needs nginx 1.13.0 and OpenSSL 1.1.1"));
    let known = needs(&["nginx.conf", "--assume", "nginx=1.22.1"]);
    assert!(known.contains("which needs OpenSSL 1.1.1;"), "{known}");
    assert_eq!(needs(&["nginx.conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.13"]), "");
    assert!(needs(&["httpd.conf", "--map", "/etc/httpd=."]).contains("which needs httpd 2.4.36 and OpenSSL 1.1.1"));
    // Where it is known to be older, the version is left out.
    let old = diff(folder.path(), &["nginx.conf", "--assume", "nginx=1.12.2", "--assume", "openssl=1.0.2k"]);
    assert!(!old.out.contains("TLSv1.3") && !old.out.is_empty(), "{}", old.screen());
}

#[test]
fn a_version_with_which_no_handshake_could_succeed_is_not_added() {
    let server = |versions: &str, ciphers: &str| {
        format!(
            "events {{}}\nhttp {{ server {{ listen 8443 ssl; ssl_certificate a; ssl_certificate_key a; ssl_protocols {versions}; ssl_ciphers {ciphers}; }} }}\n"
        )
    };
    let facts =
        ["nginx.conf", "--assume", "nginx=1.24.0", "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"];
    let of = |text: String| {
        let folder = folder(&[("nginx.conf", &text), ("a", "")]);
        let run = diff(folder.path(), &facts);
        let audit = run_in(folder.path(), &[&["audit", "--no-exec"], &facts[..]].concat());
        (run, audit)
    };
    let (run, audit) = of(server("TLSv1.3", "TLS_AES_128_GCM_SHA256"));
    assert!(run.out.is_empty() && run.err.contains("no handshake could succeed with it"), "{}", run.screen());
    assert!(!audit.out.contains("can be mended"), "{}", audit.screen());
    // What is wrong is still taken away, and what works is added.
    let (run, _) = of(server("TLSv1 TLSv1.2", "ECDHE-RSA-AES128-SHA"));
    assert_eq!(run.out.matches("ssl_protocols TLSv1.2 TLSv1.3;").count(), 1, "{}", run.screen());
}

#[test]
fn a_new_line_of_apache_stands_beside_its_sibling() {
    let main = "ServerRoot /etc/apache2\nLoadModule proxy_module /m/mod_proxy.so\nLoadModule ssl_module /m/mod_ssl.so\nListen 127.0.0.1:8443\nSSLProtocol           -all +TLSv1.2 +TLSv1.3\nInclude conf.d/*.conf\n<VirtualHost *:8443>\n    SSLEngine on\n    SSLCertificateFile /c\n    SSLProxyEngine on\n    ProxyPass / https://192.0.2.1/\n</VirtualHost>\n";
    let stapling = "<IfModule mod_socache_shmcb.c>\n    SSLUseStapling On\n</IfModule>\n";
    let ours = "# Managed by Puppet\nSSLHonorCipherOrder on\n";
    let folder = folder(&[
        ("etc/apache2/apache2.conf", main),
        ("etc/apache2/conf.d/1.conf", stapling),
        ("etc/apache2/conf.d/2.conf", ours),
    ]);
    let root = folder.path().to_str().expect("a path");
    let facts = ["--assume", "apache=2.4.57", "--assume", "openssl=3.0.13", "--assume", "distribution=debian"];
    let run = diff(folder.path(), &[&["--root", root], &facts[..]].concat());
    assert_eq!(added(&run), ["SSLProxyProtocol      -all +TLSv1.2 +TLSv1.3"], "{}", run.screen());
    assert!(run.out.contains("+++ b/etc/apache2/apache2.conf"), "{}", run.screen());
}

#[test]
fn a_new_line_of_nginx_is_lined_up_with_its_family() {
    let main = "events {}\nhttp {\n    ssl_certificate      a;\n    ssl_certificate_key  a;\n    server { listen 443 ssl; }\n}\n";
    let folder = folder(&[("nginx.conf", main), ("a", "")]);
    let facts =
        ["nginx.conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"];
    let run = diff(folder.path(), &facts);
    assert_eq!(added(&run), ["    ssl_protocols        TLSv1.2 TLSv1.3;"], "{}", run.screen());
}

#[test]
fn a_refusal_is_said_once_and_never_beside_a_promise() {
    let site = "# Managed by Puppet\nserver {\n    listen 443 ssl;\n    ssl_certificate a;\n    ssl_certificate_key a;\n    ssl_protocols TLSv1;\n}\n";
    let folder = folder(&[("nginx.conf", "events {}\nhttp { include site.conf; }\n"), ("site.conf", site), ("a", "")]);
    let facts = [".", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"];
    let run = diff(folder.path(), &facts);
    assert!(run.out.is_empty(), "{}", run.screen());
    assert_eq!(run.err.matches("generated by Puppet").count(), 1, "{}", run.screen());
    let audit = run_in(folder.path(), &[&["audit", "--no-exec"], &facts[..]].concat());
    assert!(!audit.out.contains("can be mended"), "{}", audit.screen());
}

/// What `diff` says where a file with this end must not be changed.
fn is_spared(name: &str, text: &str, why: &str) {
    let folder = folder(&[(name, text), ("a", "")]);
    let run = diff(folder.path(), &[name, "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"]);
    assert_eq!((run.status, &*run.out), (1, ""), "{text}: {}", run.screen());
    let expected = format!("; the file does not parse as a whole ({why}");
    assert!(run.err.contains("): repair it first, no part of it is changed"), "{text}: {}", run.screen());
    assert!(run.err.contains(&expected), "{text}: {expected}: {}", run.screen());
    let audit = run_in(folder.path(), &["audit", "--no-exec", name]);
    assert!(!audit.out.contains("can be mended"), "{text}: {}", audit.screen());
}

// As nginx 1.22.1 and httpd 2.4.71 refuse them.
#[test]
fn a_file_that_does_not_parse_as_a_whole_is_not_changed() {
    let site =
        "server {\n listen 443 ssl;\n ssl_certificate a;\n ssl_certificate_key a;\n ssl_protocols TLSv1 TLSv1.2;\n";
    let main = format!("events {{}}\nhttp {{\n{site}");
    is_spared("nginx.conf", &main, "line 2: unexpected end of file, expecting \"}\" for this block");
    is_spared("nginx.conf", &format!("{main}}}\n}}\n}}\n"), "line 10: unexpected \"}\"");
    is_spared("nginx.conf", &format!("{main} root /srv }}\n}}\n"), "line 8: unexpected \"}\"");
    is_spared("nginx.conf", &format!("{main}}}\n}}\nuser www-data"), "line 10: unexpected end of file");
    is_spared(
        "nginx.conf",
        &format!("{main} server_name \"x;\n}}\n}}\n"),
        "line 8: unexpected \"\"\", expecting \";\" or \"{\"",
    );
    is_spared("site.conf", site, "line 1: unexpected end of file, expecting \"}\" for this block");

    let head = "ServerRoot /etc/httpd\nLoadModule ssl_module modules/mod_ssl.so\nListen 443\n";
    let host = "<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile a\nSSLProtocol all\n";
    let main = |text: String| format!("{head}{text}");
    is_spared("httpd.conf", &main(host.to_owned()), "line 4: <VirtualHost> was not closed");
    let ends = [
        ("</VirtualHos>\n", "line 8: expected </VirtualHost> but saw </VirtualHos>"),
        ("</VirtualHost", "line 8: </VirtualHost> directive missing closing '>'"),
        ("<IfModule mod_ssl.c>\n</VirtualHost>\n", "line 9: </VirtualHost> without matching <VirtualHost> section"),
        ("</VirtualHost>\n</VirtualHost>\n", "line 9: </VirtualHost> without matching <VirtualHost> section"),
        ("</VirtualHost>\n<IfModule nope.c>\n", "line 9: expected </IfModule> before end of configuration"),
        ("</VirtualHost>\n<Macro x>\n", "line 9: expected token not found: </Macro>"),
        ("</VirtualHost>\n<Directory /\n</Directory>\n", "line 9: <Directory> directive missing closing '>'"),
    ];
    for (end, why) in ends {
        is_spared("httpd.conf", &main(format!("{host}{end}")), why);
    }
    is_spared("site.conf", host, "line 1: <VirtualHost> was not closed");
}

// A condition that holds may stay open at the end of a file, with all that is open inside of it.
#[test]
fn a_condition_without_an_end_keeps_no_fix_away() {
    let main = "ServerRoot /etc/httpd\nLoadModule ssl_module modules/mod_ssl.so\nListen 443\n<IfModule mod_ssl.c>\n<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile a\nSSLProtocol all\n";
    let folder = folder(&[("httpd.conf", main), ("a", "")]);
    let run = diff(folder.path(), &["httpd.conf", "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"]);
    assert_eq!(added(&run), ["SSLProtocol all -TLSv1 -TLSv1.1"], "{}", run.screen());
}

#[test]
fn a_broken_file_that_nothing_loads_is_not_changed_either_and_its_neighbours_are() {
    let site = |port: u16| {
        format!("server {{\n listen {port} ssl;\n ssl_certificate a;\n ssl_certificate_key a;\n ssl_protocols TLSv1;\n")
    };
    let host = "<VirtualHost *:443>\nSSLProtocol TLSv1\n";
    let folder = folder(&[
        ("etc/nginx/nginx.conf", "events {}\nhttp { include sites/*; }\n"),
        ("etc/nginx/sites/1", &(site(1) + "}\n")),
        ("etc/nginx/sites/2", &site(2)),
        ("etc/nginx/old/3", &site(3)),
        ("etc/apache2/apache2.conf", "ServerRoot /etc/apache2\nListen 80\n"),
        ("etc/apache2/old/4", host),
    ]);
    let root = folder.path().to_str().expect("a path");
    let run = diff(folder.path(), &["--root", root, "--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0"]);
    let changed: Vec<&str> = run.out.lines().filter_map(|line| line.strip_prefix("+++ b/")).collect();
    assert_eq!(changed, ["etc/nginx/sites/1"], "{}", run.screen());
    assert!(
        run.err
            .contains("/etc/nginx/sites/2:5:16: high[forbidden-version]: TLSv1 is accepted; TLSv1.2 and TLSv1.3 are not offered; the file does not parse"),
        "{}",
        run.screen()
    );
}

/// The lines that the text report would put in, of all fixes that it shows, without their indentation.
fn shown(audit: &Run) -> Vec<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let lines = audit.out.lines().filter_map(|line| line.trim_start().split_once(" + "));
    lines.filter(|(number, _)| is_number(number)).map(|(_, text)| text.trim()).collect()
}

/// Each line that a fix of the report shows is one that the patch adds. Some lines are changed in several rounds: two
/// fixes want the same place, or one uncovers what another one hid.
fn help_is_the_edit_of(what: &str, folder: &Path, arguments: &[&str]) {
    let audit = run_in(folder, &[&["audit", "--no-exec"], arguments].concat());
    let patch = diff(folder, arguments);
    let added: Vec<&str> = added(&patch).into_iter().map(str::trim).collect();
    let shown = shown(&audit);
    assert!(!shown.is_empty() || added.is_empty(), "{what}: {}", audit.screen());
    for line in shown {
        // A long line is cut in the report.
        let is_it =
            |full: &&str| line.trim_matches('.').trim().len() > 10 && full.contains(line.trim_matches('.').trim());
        assert!(added.iter().any(is_it), "{what}: the patch has no line `{line}`: {}{}", audit.out, patch.out);
    }
}

#[test]
fn help_shows_the_edit_of_the_patch() {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts");
    for host in ["alpine", "broken", "compliant", "debian", "rhel", "waived"] {
        help_is_the_edit_of(host, &hosts, &["--root", host]);
    }
    let facts = ["--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0", "--assume", "nginx=1.22.1"];
    let nginx = |lines: &str| {
        let text = format!("events {{}}\nhttp {{\n  ssl_certificate a;\n  ssl_certificate_key a;\n{lines}\n}}\n");
        let folder = folder(&[("nginx.conf", &text), ("a", "")]);
        help_is_the_edit_of(lines, folder.path(), &[&["nginx.conf"], &facts[..]].concat());
    };
    let server = "  server { listen 443 ssl; }";
    nginx(&format!("  ssl_protocols TLSv1;\n{server}"));
    nginx(&format!("  ssl_protocols TLSv1;\n  ssl_protocols TLSv1.2;\n{server}"));
    nginx(&format!("  ssl_protocols TLSv1 TLSv1.2;\n  ssl_conf_command MinProtocol TLSv1;\n{server}"));
    nginx(&format!("  ssl_protocols TLSv1.1 TLSv1.2;\n  ssl_conf_command MaxProtocol TLSv1.1;\n{server}"));
    nginx(
        "  server {\n    listen 443 ssl;\n    location / { proxy_pass https://192.0.2.1; }\n    location /b { grpc_pass grpcs://192.0.2.1; }\n  }",
    );
    let httpd = |lines: &str| {
        let text = format!(
            "ServerRoot /etc/httpd\nLoadModule ssl_module m.so\nLoadModule proxy_module m.so\nListen 443\n<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile a\n{lines}\n</VirtualHost>\n"
        );
        let folder = folder(&[("httpd.conf", &text), ("a", "")]);
        let facts = [&["httpd.conf", "--assume", "apache=2.4.57"], &facts[..4]].concat();
        help_is_the_edit_of(lines, folder.path(), &facts);
    };
    for lines in [
        "SSLProtocol TLSv1.2 TLSv1.3",
        "SSLProtocol TLSv1\nSSLProtocol +TLSv1.1",
        "SSLProtocol all\nSSLOpenSSLConfCmd MaxProtocol TLSv1.1",
        "SSLProtocol TLSv1\nSSLOpenSSLConfCmd MinProtocol TLSv1",
        "SSLOpenSSLConfCmd Protocol -TLSv1.2",
        "SSLProxyEngine on\nProxyPass / https://192.0.2.1/",
        "SSLProxyEngine on\nSSLProxyProtocol TLSv1\nProxyPass / https://192.0.2.1/\nSSLProtocol TLSv1",
    ] {
        httpd(lines);
    }
}

/// What an unsafe fix would take from an endpoint that may keep it costs only the file of that fix.
#[test]
fn an_unsafe_fix_that_goes_too_far_leaves_the_others_alone() {
    let facts = ["--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0", "--assume", "nginx=1.22.1"];
    let server =
        |address: &str| format!("server {{ listen {address} ssl; ssl_certificate a; ssl_certificate_key a; }}\n");
    let main = "events {}\nhttp {\n  include site.conf;\n}\nstream {\n  include stream.conf;\n}\n";
    let site = format!("ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n{}", server("443"));
    let folder =
        folder(&[("nginx.conf", main), ("site.conf", &site), ("stream.conf", &server("10.0.0.10:8883")), ("a", "")]);
    let policy =
        "waivers:\n  - rule: forbidden-version\n    match: {address: \"10.0.0.10:8883\"}\n    reason: old meters\n";
    std::fs::write(folder.path().join("policy.yaml"), policy).expect("written");
    for level in ["safe", "unsafe"] {
        let arguments = ["diff", ".", "--policy", "policy.yaml", "--fix-level", level];
        let run = run_in(folder.path(), &[&arguments[..], &facts].concat());
        assert!(run.out.contains("+++ b/site.conf"), "{level}: {}", run.screen());
        assert!(!run.out.contains("+++ b/stream.conf"), "{level}: {}", run.screen());
    }
}
