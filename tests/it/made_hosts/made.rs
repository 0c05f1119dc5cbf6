//! A host, a policy and the options of a run, by chance.

use crate::support::random::Random;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const VERSIONS: [&str; 5] = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const NAMES: [&str; 4] = ["a.test", "b.test", "*.c.test", "till.test"];
const LISTEN: [&str; 7] = [
    "443 ssl",
    "127.0.0.1:443 ssl",
    "192.0.2.1:443 ssl",
    "8443 ssl",
    "[::]:443 ssl",
    "443 quic",
    "unix:/run/x.sock ssl",
];
const FACTS: [&[&str]; 4] = [
    &["nginx=1.29.3", "apache=2.4.59", "openssl=1.1.1", "openssl-seclevel=1"],
    &["nginx=1.22.1", "apache=2.4.59", "openssl=3.0.19", "openssl-seclevel=2"],
    &["nginx=1.8.0", "apache=2.4.10", "openssl=1.0.2", "openssl-seclevel=0"],
    &[],
];
const RULES: [&str; 4] = ["forbidden-version", "missing-version", "unknown", "implicit-default"];
const FAIL_ON: [&str; 3] = ["low", "medium", "high"];
const SEVERITIES: [&str; 4] = ["off", "low", "medium", "high"];

/// A host on disk, and how it is looked at.
pub(crate) struct Made {
    pub(crate) folder: TempDir,
    /// Options of `audit` and `diff` alike.
    pub(crate) options: Vec<String>,
    pub(crate) fail_on: &'static str,
    pub(crate) exit_zero: bool,
}

impl Made {
    /// The host of a number.
    pub(crate) fn of(seed: u64) -> Made {
        let mut random = Random::new(seed);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let root = folder.path().join("root");
        if random.percent(75) {
            nginx(&mut random, &root);
        }
        if random.percent(50) {
            apache(&mut random, &root);
        }
        fs::create_dir_all(root.join("etc")).expect("a folder");
        let mut options: Vec<String> =
            ["--root", "root", "--no-exec", "--now", "2026-11-30"].map(str::to_owned).to_vec();
        for fact in *random.pick(&FACTS) {
            options.extend(["--assume".to_owned(), (*fact).to_owned()]);
        }
        if random.percent(70) {
            write(folder.path(), "policy.yaml", &policy(&mut random));
            options.extend(["--policy".to_owned(), "policy.yaml".to_owned()]);
        }
        Made { folder, options, fail_on: FAIL_ON[random.below(FAIL_ON.len())], exit_zero: random.percent(25) }
    }

    pub(crate) fn summary(&self) -> String {
        format!("{} --fail-on {}, exit-zero {}", self.options.join(" "), self.fail_on, self.exit_zero)
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(path, text)).expect("writes");
}

/// A certificate and its key.
fn keys(root: &Path, folder: &str) {
    for (name, from) in [("c.pem", "pair.crt"), ("k.pem", "pair.key")] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/certs").join(from);
        write(root, &format!("{folder}/{name}"), &fs::read_to_string(from).expect("a file"));
    }
}

fn list(random: &mut Random) -> String {
    random.some(&VERSIONS).join(" ")
}

/// A waiver in a comment, now and then.
fn comment(random: &mut Random) -> &'static str {
    match random.below(12) {
        0 => "# tlsmend: allow forbidden-version until 2027-01-31: the till\n",
        1 => "# tlsmend: allow missing-version: later\n",
        2 => "# tlsmend: allow forbidden-version until 2020-01-31: over\n",
        _ => "",
    }
}

fn protocols(random: &mut Random, directive: &str) -> String {
    if random.percent(40) {
        return String::new();
    }
    let (waiver, list) = (comment(random), list(random));
    // Two lines are a union.
    let more = if random.percent(10) { format!("{directive} {};\n", self::list(random)) } else { String::new() };
    format!("{waiver}{directive} {list};\n{more}")
}

fn nginx(random: &mut Random, root: &Path) {
    keys(root, "etc/nginx");
    let mut text = String::from("events {}\nhttp {\nssl_certificate c.pem; ssl_certificate_key k.pem;\n");
    text.push_str(&protocols(random, "ssl_protocols"));
    for _ in 0..=random.below(3) {
        text.push_str("server {\n");
        for listen in random.some(&LISTEN).into_iter().take(2) {
            let _ = writeln!(text, "listen {listen};");
        }
        if random.percent(70) {
            let _ = writeln!(text, "server_name {};", random.some(&NAMES).join(" "));
        }
        match random.below(4) {
            0 => text.push_str("include tls.inc;\n"),
            _ => text.push_str(&protocols(random, "ssl_protocols")),
        }
        if random.percent(30) {
            for path in ["a", "b"] {
                let versions = protocols(random, "proxy_ssl_protocols");
                let _ = writeln!(text, "location /{path} {{\nproxy_pass https://backend.test;\n{versions}}}");
            }
        }
        text.push_str("}\n");
    }
    if random.percent(8) {
        text.push_str("include missing.conf;\n");
    }
    if random.percent(50) {
        // A line that nobody would split, and the end of lines of another system.
        text = text.replace(";\n", "; ");
    } else if random.percent(10) {
        text = text.replace('\n', "\r\n");
    }
    write(root, "etc/nginx/nginx.conf", &(text + "}\n"));
    let generated = if random.percent(15) { "# This file is generated by Puppet. Do not edit.\n" } else { "" };
    write(root, "etc/nginx/tls.inc", &format!("{generated}ssl_protocols {};\n", list(random)));
    if random.percent(30) {
        write(root, "etc/nginx/sites-available/old", "server { listen 444 ssl; ssl_protocols TLSv1 TLSv1.2; }\n");
    }
}

fn signed(random: &mut Random) -> String {
    let words = random.some(&VERSIONS[1..]);
    match random.below(4) {
        0 => format!("all -{}", words.join(" -")),
        1 => "all".to_owned(),
        2 => words.join(" "),
        _ => format!("-all +{}", words.join(" +")),
    }
}

fn apache(random: &mut Random, root: &Path) {
    keys(root, "etc/apache2");
    let mut text = String::from("Listen 443\nListen 127.0.0.1:8443\nLoadModule ssl_module modules/mod_ssl.so\n");
    if random.percent(60) {
        let _ = writeln!(text, "{}SSLProtocol {}", comment(random), signed(random));
    }
    for _ in 0..=random.below(3) {
        let address = random.pick(&["*:443", "192.0.2.1:443", "127.0.0.1:8443", "${IP}:443", "nosuch.test:443"]);
        let _ = writeln!(
            text,
            "<VirtualHost {address}>\nServerName {}\nSSLEngine on\nSSLCertificateFile c.pem\nSSLCertificateKeyFile k.pem",
            random.pick(&NAMES)
        );
        if random.percent(60) {
            let _ = writeln!(text, "{}SSLProtocol {}", comment(random), signed(random));
        }
        text.push_str("</VirtualHost>\n");
    }
    if random.percent(15) {
        let _ = writeln!(text, "<IfDefine OLD>\nSSLProtocol {}\n</IfDefine>", signed(random));
    }
    write(root, "etc/apache2/apache2.conf", &text);
}

fn scope(random: &mut Random) -> String {
    let all = [
        "service: nginx".to_owned(),
        "service: apache".to_owned(),
        format!("server-name: {:?}", random.pick(&NAMES)),
        "server-name: [till.test, \"\"]".to_owned(),
        "address: \"127.0.0.1:443\"".to_owned(),
        "address: \"*:443\"".to_owned(),
        "role: upstream".to_owned(),
        "path: \"**/tls.inc\"".to_owned(),
    ];
    format!("{{{}}}", random.pick(&all))
}

fn policy(random: &mut Random) -> String {
    let mut text = String::new();
    if random.percent(40) {
        let (rule, severity) = (random.pick(&RULES), random.pick(&SEVERITIES));
        let _ = writeln!(text, "severity: {{{rule}: {severity:?}}}");
    }
    if random.percent(20) {
        text.push_str("exposure: {loopback: same, unix-socket: lower}\n");
    }
    if random.percent(50) {
        text.push_str("overrides:\n");
        for _ in 0..=random.below(2) {
            let change = random.pick(&[
                "forbid: [SSLv2, SSLv3]",
                "forbid: [SSLv2, SSLv3, TLSv1]",
                "require: [TLSv1.2]",
                "forbid: []",
            ]);
            let _ = writeln!(text, "  - match: {}\n    {change}", scope(random));
        }
    }
    if random.percent(50) {
        text.push_str("waivers:\n");
        for _ in 0..=random.below(2) {
            let until = random.pick(&["", ", until: 2026-12-01", ", until: 2027-12-01"]);
            let versions = random.pick(&["", ", versions: [TLSv1]"]);
            let _ = writeln!(
                text,
                "  - {{rule: {}, match: {}, reason: x{until}{versions}}}",
                random.pick(&RULES),
                scope(random)
            );
        }
    }
    text
}
