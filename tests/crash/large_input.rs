//! Input that is large in one way or another: every command ends, in a time that grows with the input and not with its
//! square. The sizes are such that what is not linear would not end within the two minutes that each run has.

use assert_cmd::Command;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tlsmend::report::{FORMATS, Format};

const NGINX: &str = "etc/nginx/nginx.conf";
const APACHE: &str = "etc/apache2/apache2.conf";

fn host(main: &str, text: impl AsRef<[u8]>) -> TempDir {
    let host = tempfile::tempdir().expect("a temporary directory");
    write(host.path(), main, text);
    host
}

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("mkdir");
    fs::write(path, text).expect("write");
}

/// Runs a command; gives its status and its output. Nginx is the one whose servers each have versions of their own.
fn run(root: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::cargo_bin("tlsmend")
        .expect("the program")
        .args(arguments)
        .arg("--root")
        .arg(root)
        .args(["--assume", "nginx=1.29.2", "--assume", "openssl=3.0.17", "--assume", "apache=2.4.57"])
        .args(["--assume", "distribution=debian"])
        .env_clear()
        .timeout(Duration::from_secs(120))
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let Some(status) = output.status.code() else { panic!("{arguments:?} does not end: {errors:.500}") };
    assert!(!errors.contains("panicked"), "{errors:.2000}");
    (status, String::from_utf8_lossy(&output.stdout).into_owned() + &errors)
}

fn server(name: usize, more: &str) -> String {
    format!(
        "server {{ listen 443 ssl; ssl_certificate /none/x; ssl_certificate_key /none/y; server_name n{name}.test; {more} }}"
    )
}

#[test]
fn one_line_with_thousands_of_findings() {
    let servers: Vec<String> = (0..5_000).map(|name| server(name, "ssl_protocols TLSv1;")).collect();
    let host = host(NGINX, format!("events {{}} http {{ {} }}", servers.join(" ")));
    for Format { name: format, .. } in &FORMATS {
        let (status, text) = run(host.path(), &["audit", "--format", format]);
        assert_eq!(status, 1, "{format}: {text:.500}");
    }
    let (status, patch) = run(host.path(), &["diff"]);
    assert_eq!((status, patch.matches("ssl_protocols TLSv1.2 TLSv1.3;").count()), (1, 5_000));
}

#[test]
fn thousands_of_waivers_on_thousands_of_servers() {
    let mut text = String::from("events {}\nhttp {\n");
    let mut waivers = String::from("waivers:\n");
    for name in 0..3_000 {
        let _ = writeln!(text, "{}", server(name, ""));
        let _ = writeln!(
            waivers,
            "  - {{rule: [missing-version, implicit-default], match: {{server-name: n{name}.test}}, reason: x}}\n  - {{rule: \
             unknown, match: {{path: \"/etc/nginx/{name}/*\"}}, reason: x}}"
        );
    }
    let host = host(NGINX, text + "}\n");
    write(host.path(), "policy.yaml", waivers);
    let policy = host.path().join("policy.yaml").display().to_string();
    for command in [&["audit", "--format", "json"][..], &["diff"]] {
        let (status, text) = run(host.path(), &[command, &["--policy", &policy]].concat());
        assert_eq!(status, i32::from(command[0] == "diff"), "{text:.500}");
        assert!(text.contains("unused-waiver"), "{text:.500}");
    }
}

#[test]
fn thousands_of_comments_about_one_line() {
    let comments = "# tlsmend: allow forbidden-version until 2020-01-01: x\n".repeat(5_000);
    let servers: Vec<String> = (0..3_000).map(|name| server(name, "ssl_protocols TLSv1;")).collect();
    let host = host(NGINX, format!("events {{}}\nhttp {{\n{comments}{}\n}}\n", servers.join(" ")));
    assert_eq!(run(host.path(), &["audit", "--format", "json"]).0, 1);
}

#[test]
fn thousands_of_virtual_hosts_in_one_file() {
    let mut text = String::from("Listen 443\nLoadModule ssl_module x\n");
    for name in 0..10_000 {
        let _ = writeln!(
            text,
            "<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile x\nSSLProtocol all\nServerName n{name}\n</VirtualHost>"
        );
    }
    let host = host(APACHE, text);
    let (status, patch) = run(host.path(), &["diff"]);
    assert_eq!(status, 1);
    assert!(patch.contains("+SSLProtocol"), "{patch:.500}");
}

#[test]
fn thousands_of_nested_conditions_and_of_proxied_servers() {
    let head = "Listen 443\nLoadModule ssl_module x\n<VirtualHost *:443>\nSSLEngine on\nSSLProxyEngine on\n";
    let nested = format!("{}SSLProtocol all\n{}", "<IfDefine !x>\n".repeat(20_000), "</IfDefine>\n".repeat(20_000));
    let mut proxies = String::new();
    for name in 0..5_000 {
        let _ = writeln!(
            proxies,
            "<Proxy https://b{name}/>\nSSLProxyProtocol all\n</Proxy>\nProxyPass /{name} https://b{name}/"
        );
    }
    let host = host(APACHE, format!("{head}{nested}{proxies}</VirtualHost>\n"));
    let (_, text) = run(host.path(), &["audit", "--format", "json"]);
    assert!(text.contains("https://b4999"), "{text:.500}");
}

/// Each level has four times the paths of the one before, for nginx too.
#[test]
fn links_that_lead_back_are_followed_as_long_as_there_is_room() {
    let pattern = |levels: usize| format!("/a{}/x", "/*".repeat(levels));
    let main = |levels| format!("events {{}}\nhttp {{ include {}; {} }}\n", pattern(levels), server(1, ""));
    let host = host(NGINX, main(4));
    write(host.path(), "a/x", "ssl_protocols TLSv1.2 TLSv1.3;\n");
    for name in ["b", "c", "d", "e"] {
        symlink(".", host.path().join("a").join(name)).expect("link");
    }
    assert_eq!(run(host.path(), &["audit"]).0, 0);
    write(host.path(), NGINX, main(60));
    for command in [&["audit"][..], &["diff"], &["why", "0.0.0.0:443"]] {
        let (status, text) = run(host.path(), command);
        // What was not read may decide: nothing is known.
        assert_eq!(status, 3, "{text:.1000}");
        assert!(text.contains("too many places") || command[0] == "why", "{text}");
        assert!(text.contains("not all of the configuration was read"), "{text}");
    }
}

#[test]
fn files_that_include_each_other_a_billion_times() {
    let server = server(1, "");
    for (main, include, text) in [
        (NGINX, "include", format!("events {{}}\nhttp {{ include /l0; {server} }}\n")),
        (APACHE, "Include", "Include /l0\nListen 443\n".to_owned()),
    ] {
        let host = host(main, text);
        for level in 0..30 {
            write(
                host.path(),
                &format!("l{level}"),
                format!("{include} /l{};\n", level + 1)
                    .replace(if include == "Include" { ";" } else { "" }, "")
                    .repeat(2),
            );
        }
        write(host.path(), "l30", "# the end\n");
        let (status, text) = run(host.path(), &["audit"]);
        assert_eq!(status, 3, "{text:.1000}");
        assert!(text.contains("not read"), "{text:.1000}");
    }
}

/// A text for each number.
fn each(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect()
}

#[test]
fn thousands_of_certificates_for_thousands_of_servers() {
    let pairs = each(3_000, |at| format!("ssl_certificate /c/{at}; ssl_certificate_key /k/{at};\n"));
    let servers = each(3_000, |at| format!("server {{ listen 443 ssl; server_name n{at}.test; }}\n"));
    let nginx = format!("events {{}}\nhttp {{\n{pairs}{servers}}}\n");
    let files = each(3_000, |at| format!("SSLCertificateFile /c/{at}\nSSLOpenSSLConfCmd PrivateKey /k/{at}\n"));
    let hosts = each(3_000, |at| format!("<VirtualHost *:443>\nSSLEngine on\nServerName n{at}\n</VirtualHost>\n"));
    let apache = format!("Listen 443\nLoadModule ssl_module x\n{files}{hosts}");
    for (main, text) in [(NGINX, nginx), (APACHE, apache)] {
        let (status, text) = run(host(main, text).path(), &["audit"]);
        assert!(status == 3 && text.contains("not all of them were looked at"), "{status}: {text:.1000}");
    }
}

#[test]
fn one_large_file_of_certificates_under_thousands_of_names() {
    let name = |at: usize| format!("/etc/ssl/{}large.pem", "./".repeat(at));
    let server = |at: usize| {
        let name = name(at);
        format!(
            "server {{ listen 443 ssl; server_name n{at}.test; ssl_certificate {name}; ssl_certificate_key {name}; }}\n"
        )
    };
    let nginx = format!("events {{}}\nhttp {{\n{}}}\n", (0..1_000).map(server).collect::<String>());
    let virtual_host = |at: usize| {
        let name = name(at);
        let stores = format!("SSLCACertificateFile {name}\nSSLProxyEngine on\nSSLProxyMachineCertificateFile {name}\n");
        format!(
            "<VirtualHost *:443>\nSSLEngine on\nServerName n{at}\nSSLCertificateFile {name}\n{stores}</VirtualHost>\n"
        )
    };
    let apache = format!("Listen 443\nLoadModule ssl_module x\n{}", (0..1_000).map(virtual_host).collect::<String>());
    // Apache's own default is a finding, too.
    for (main, text, expected) in [(NGINX, nginx, 3), (APACHE, apache, 1)] {
        let host = host(main, text);
        // Nothing of it is a certificate, so all of it is looked through.
        write(host.path(), "etc/ssl/large.pem", "-----BEGIN NOTHING-----\n".repeat(50_000));
        let (status, text) = run(host.path(), &["audit"]);
        assert!(status == expected && text.contains("certificate"), "{status}: {text:.1000}");
    }
}

#[test]
fn thousands_of_waivers_on_one_address() {
    let mut text = String::from("events {}\nhttp {\n");
    let (mut named, mut same) = (String::from("waivers:\n"), String::from("waivers:\n"));
    for at in 0..2_000 {
        let _ = writeln!(text, "{}", server(at, "ssl_protocols TLSv1;"));
        let waiver = |scope: &str| {
            format!("  - {{rule: missing-version, match: {{address: \"0.0.0.0:443\"{scope}}}, reason: x}}\n")
        };
        named += &waiver(&format!(", server-name: n{at}.test"));
        same += &waiver("");
    }
    let host = host(NGINX, text + "}\n");
    let policy = host.path().join("policy.yaml").display().to_string();
    for waivers in [named, same] {
        write(host.path(), "policy.yaml", waivers);
        for command in [&["audit", "--format", "json"][..], &["diff"], &["diff", "--format", "json"]] {
            let (status, text) = run(host.path(), &[command, &["--policy", &policy]].concat());
            assert!(matches!(status, 1 | 3), "{command:?} {status}: {text:.500}");
            assert!(!text.contains("unused-waiver"), "{command:?}: {text:.500}");
        }
    }
}

#[test]
fn thousands_of_servers_to_proxy_to() {
    let mut proxied = String::new();
    for at in 0..4_000 {
        let _ =
            writeln!(proxied, "ProxyPass /{at} https://b{at}.test/\nBalancerMember balancer://all https://m{at}.test/");
    }
    let head = "Listen 443\nLoadModule ssl_module x\nLoadModule proxy_module x\nLoadModule proxy_balancer_module x\n";
    let virtual_host =
        "<VirtualHost *:443>\nSSLEngine on\nSSLProxyEngine on\nSSLProxyProtocol all\nProxyPass /x balancer://all/\n";
    let host = host(APACHE, format!("{head}{virtual_host}{proxied}</VirtualHost>\n"));
    let (_, text) = run(host.path(), &["audit", "--format", "json"]);
    assert!(text.contains("https://b3999.test") && text.contains("https://m3999.test"), "{text:.1000}");
}

#[test]
fn a_line_of_a_baseline_with_thousands_of_addresses() {
    let listens = each(3_000, |at| format!("listen 10.0.{}.{}:443 ssl;\n", at >> 8, at & 255));
    let server = "ssl_certificate /none/x; ssl_certificate_key /none/y; ssl_protocols TLSv1;";
    let host = host(NGINX, format!("events {{}}\nhttp {{\nserver {{\n{listens}{server}\n}}\n}}\n"));
    let baseline = host.path().join("baseline.json").display().to_string();
    run(host.path(), &["audit", "--write-baseline", &baseline]);
    let text = fs::read_to_string(&baseline).expect("a baseline");
    let more = each(60_000, |at| format!("\"listener 11.0.{}.{}:443\",", at >> 8, at & 255));
    fs::write(&baseline, text.replace("\"addresses\": [", &format!("\"addresses\": [{more}"))).expect("written");
    let (_, known) = run(host.path(), &["audit", "--baseline", &baseline]);
    assert!(!known.contains("worse than in the baseline") && known.contains("known"), "{known:.1000}");
    // One address that is not in it is told.
    let other = text.replace("listener 10.0.11.183:443", "listener 10.9.9.9:443");
    assert_ne!(other, text);
    fs::write(&baseline, other).expect("written");
    let (_, worse) = run(host.path(), &["audit", "--baseline", &baseline]);
    assert!(worse.contains("worse than in the baseline: also at 10.0.11.183:443"), "{worse:.1000}");
}

/// Each value is twice as long as the one before: forty lines would be a terabyte.
#[test]
fn values_that_double_take_no_more_memory_than_there_is_room_for() {
    let doubled = each(39, |at| format!("Define v{} ${{v{at}}}${{v{at}}}\n", at + 1));
    let text = format!("Define v0 aaaaaaaaaa\n{doubled}Listen 443\nLoadModule ssl_module x\nSSLProtocol ${{v39}}\n");
    let host = host(APACHE, text);
    let program = assert_cmd::cargo::cargo_bin("tlsmend");
    let limited = format!("ulimit -v 1500000; exec '{}' audit --root '{}'", program.display(), host.path().display());
    let output = Command::new("sh").args(["-c", &limited]).timeout(Duration::from_secs(120)).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(3) && text.contains("line too long"), "{text:.2000}");
    assert!(text.len() < 20_000, "no message holds what was made: {}", text.len());
}
