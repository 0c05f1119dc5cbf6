//! What the docs show and say is what the program does.

use crate::support::program;

use program::{run, run_in};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The packages of the page, without whatever else the machine has.
const PACKAGES: [&str; 9] = [
    "nginx",
    "nginx-common",
    "apache2",
    "apache2-bin",
    "apache2-data",
    "apache2-utils",
    "openssl",
    "libssl3",
    "ssl-cert",
];

/// The blocks of docs/debian-12.md, the version of OpenSSL left out: it goes on with security updates.
fn blocks() -> Vec<String> {
    let page = fs::read_to_string("docs/debian-12.md").expect("the page");
    let parts = page.split("```").skip(1).step_by(2);
    parts.map(|part| versionless(part.split_once('\n').map_or("", |(_, text)| text))).collect()
}

fn versionless(text: &str) -> String {
    let mut words = text.split("OpenSSL 3.0.");
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, rest| {
        format!("{text}OpenSSL 3.0.x{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
    })
}

fn shell(script: &str, root: &Path) {
    let status = Command::new("bash").args(["-euc", script, "sh"]).arg(root).status().expect("bash");
    assert!(status.success(), "{script}");
}

/// A copy of what the packages installed here; none: this is no Debian 12 with nginx and Apache as they come.
fn copy() -> Option<tempfile::TempDir> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let status = fs::read_to_string("/var/lib/dpkg/status").unwrap_or_default();
    let sound = Command::new("dpkg").args(["-V", "nginx-common", "apache2"]).output();
    let changed = !sound.is_ok_and(|sound| sound.status.success() && sound.stdout.is_empty());
    if !release.contains("VERSION_ID=\"12\"") || changed {
        eprintln!("left out: no Debian 12 with unchanged packages nginx-common and apache2");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    shell(
        "cp -dR --parents /etc/nginx /etc/apache2 /etc/ssl/certs /etc/ssl/openssl.cnf /etc/os-release /usr/lib/os-release \
         /usr/lib/apache2 /usr/sbin/nginx /usr/sbin/apache2 /usr/share/nginx /usr/lib/systemd/system/nginx.service \
         /usr/lib/systemd/system/apache2.service \"$1\"; mkdir -p \"$1/var/lib/dpkg/info\"; ln -s usr/lib \"$1/lib\"; \
         for library in libssl.so.3 libcrypto.so.3; do cp --parents /usr/lib/x86_64-linux-gnu/$library \"$1\"; done; \
         for package in nginx nginx-common apache2; do cp /var/lib/dpkg/info/$package.* \"$1/var/lib/dpkg/info\"; done",
        root,
    );
    let is_one = |paragraph: &&str| PACKAGES.iter().any(|name| paragraph.starts_with(&format!("Package: {name}\n")));
    let status: Vec<&str> = status.split("\n\n").filter(is_one).collect();
    fs::write(root.join("var/lib/dpkg/status"), status.join("\n\n") + "\n").expect("written");
    Some(folder)
}

#[test]
fn a_stock_debian_12_says_what_its_page_shows() {
    let Some(folder) = copy() else { return };
    let root = folder.path().display().to_string();
    let blocks = blocks();
    let audit = run(&["audit", "--root", &root]);
    // Where systemd runs, it reloads.
    let as_installed = versionless(&audit.out).replace("systemctl reload nginx", "nginx -s reload");
    // The page shows it on the host itself.
    let as_installed = as_installed.replace(&format!(" --root {root}"), "");
    assert_eq!((as_installed.as_str(), audit.status), (blocks[0].as_str(), 0));
    shell(
        "cd \"$1/etc/apache2\"; ln -sf ../mods-available/ssl.load ../mods-available/ssl.conf \
         ../mods-available/socache_shmcb.load mods-enabled; ln -sf ../sites-available/default-ssl.conf sites-enabled; \
         sed -i -e 's/# \\(listen .*443 ssl default_server;\\)/\\1/' -e 's/# \\(include snippets.snakeoil.conf;\\)/\\1/' \
         ../nginx/sites-available/default",
        folder.path(),
    );
    let audit = run(&["audit", "--root", &root]);
    let as_copied = versionless(&audit.out).replace(&root, "COPY");
    assert_eq!((as_copied.as_str(), audit.status), (blocks[1].as_str(), 1));
    let diff = run(&["diff", "--root", &root]);
    assert_eq!(diff.out, blocks[2]);
    assert_eq!(diff.err.matches("belongs to the package").count(), 2, "{}", diff.err);
    let why = run(&["why", "127.0.0.1:443", "--sni", "www.example", "/etc/nginx/nginx.conf", "--root", &root]);
    assert_eq!(versionless(&why.out), blocks[3]);
}

/// docs/services/apache.md, "Where the value is written".
#[test]
fn a_list_that_several_parameters_give_is_fixed_in_the_one_whose_word_it_is() {
    let fixed = |list: &str, arguments: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!(
            "LoadModule ssl_module a.so\nLoadModule macro_module b.so\nListen 443\n<Macro S $a $b>\n<VirtualHost *:443>\n\
             SSLEngine on\nSSLCertificateFile c.pem\nSSLProtocol -all {list}\n</VirtualHost>\n</Macro>\nUse S {arguments}\n"
        );
        fs::write(folder.path().join("httpd.conf"), text).expect("written");
        let facts =
            ["--assume", "apache=2.4.62", "--assume", "openssl=3.0.17", "--assume", "openssl-seclevel=0", "--no-exec"];
        let run = run_in(folder.path(), &[&["diff", "httpd.conf"][..], &facts].concat());
        let line = run.out.lines().find(|line| line.starts_with("+Use ")).map(str::to_owned);
        (line, run.err.contains("is put together from"))
    };
    let use_ = |text: &str| (Some(format!("+Use S {text}")), false);
    assert_eq!(fixed("$a $b", "+TLSv1.2 \"+TLSv1.1 +TLSv1.3\""), use_("+TLSv1.2 \"+TLSv1.3\""));
    assert_eq!(fixed("$a $b", "\"+TLSv1.1 +TLSv1.2\" +TLSv1.3"), use_("\"+TLSv1.2\" +TLSv1.3"));
    assert_eq!(fixed("$a +TLSv1.2 $b", "+TLSv1.3 \"+TLSv1.3 +TLSv1.1\""), use_("+TLSv1.3 \"+TLSv1.3\""));
    // One word, or words side by side, of two parameters.
    for (list, arguments) in
        [("$a$b +TLSv1.2 +TLSv1.3", "+TLSv1 .1"), ("$a $b", "\"+TLSv1.2 +TLSv1\" \"+TLSv1.1 +TLSv1.3\"")]
    {
        assert_eq!(fixed(list, arguments), (None, true), "{list} {arguments}");
    }
}

/// README, "Exit status": what can't be decided gives 3, whatever its severity.
#[test]
fn an_unknown_of_any_severity_gives_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "events {}\nhttp { ssl_certificate a; ssl_certificate_key b; server { listen 443 ssl; } }\n";
    fs::write(folder.path().join("nginx.conf"), text).expect("written");
    for severity in ["note", "low", "medium", "high"] {
        let policy = format!(
            "severity: {{unknown: {severity}, implicit-default: off, forbidden-version: off, missing-version: off}}\n"
        );
        fs::write(folder.path().join("p.yaml"), policy).expect("written");
        for fail_on in ["low", "medium", "high"] {
            let run = run_in(
                folder.path(),
                &["audit", "nginx.conf", "--policy", "p.yaml", "--fail-on", fail_on, "--no-exec"],
            );
            assert_eq!(run.status, 3, "{severity} {fail_on}: {}", run.screen());
            assert!(run.out.contains("[unknown]"), "{}", run.screen());
        }
    }
}

/// The transcripts of these pages that run on the sample hosts. `[...]` stands for any lines.
#[test]
fn transcripts_are_what_the_program_prints() {
    for (page, number) in [("README.md", 1), ("docs/audit.md", 1), ("docs/facts.md", 1)] {
        let text = fs::read_to_string(page).expect("the page");
        let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("console\n$ tlsmend "));
        let mut seen = 0;
        for block in blocks {
            let (command, shown) = block.split_once('\n').expect("what it prints");
            let printed = run(&command.split(' ').collect::<Vec<_>>()).out;
            let mut rest = printed.as_str();
            for (index, part) in shown.split("[...]\n").enumerate() {
                let at =
                    rest.find(part).unwrap_or_else(|| panic!("{page}: {command} prints no\n{part}\nbut\n{printed}"));
                assert!(index > 0 || at == 0, "{page}: {command} does not begin as shown");
                rest = &rest[at + part.len()..];
            }
            assert!(rest.is_empty() || shown.ends_with("[...]\n"), "{page}: {command} prints more:\n{rest}");
            seen += 1;
        }
        assert_eq!(seen, number, "transcripts of {page}");
    }
}
