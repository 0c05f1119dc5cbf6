//! `fix --reload` on real servers under load: nobody who speaks TLSv1.2 or TLSv1.3 notices, and nobody gets less.

use crate::support;
use crate::support::needs;

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::handshake::{Contact, knock};
use support::running::Running;
use support::workshop::Workshop;
use support::{certificates, network};
use tlsmend::services::service::Destination;
use tlsmend::tls::{Version, VersionSet};

const SITES: u16 = 10;
const FIRST_PORT: u16 = 8440;
/// Requests of one round to one site.
const ROUND: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);

fn ports() -> std::ops::Range<u16> {
    FIRST_PORT..FIRST_PORT + SITES
}

fn certificate(kind: &str) -> String {
    certificates::folder().join(format!("ec.{kind}")).display().to_string()
}

/// nginx with ten sites, each of which offers all that is old too.
fn nginx() -> Workshop {
    let shop = Workshop::new();
    shop.write_nginx();
    for port in ports() {
        let (crt, key) = (certificate("crt"), certificate("key"));
        let text = format!(
            "server {{\n    listen 127.0.0.1:{port} ssl;\n    server_name s{port}.test;\n    ssl_certificate {crt};\n    \
             ssl_certificate_key {key};\n    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n    \
             ssl_ciphers ALL:@SECLEVEL=0;\n    location / {{ return 200 \"fine\"; }}\n}}\n"
        );
        shop.write(&format!("conf/sites/s{port}.conf"), &text);
    }
    shop
}

/// The same for Apache.
fn apache() -> Workshop {
    let shop = Workshop::new();
    let root = shop.path(".").display().to_string();
    let user = if is_root() { "User www-data\nGroup www-data\n" } else { "" };
    let mut main =
        format!("ServerRoot {root}/conf\nServerName main.test\nPidFile {root}/apache.pid\nErrorLog {root}/error.log\n");
    main.extend([format!("DefaultRuntimeDir {root}\nDocumentRoot {root}/pages\n{user}")]);
    for module in ["mpm_event", "ssl", "authz_core", "dir", "mime"] {
        main.extend([format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n")]);
    }
    main.push_str("TypesConfig /etc/mime.types\nSSLProtocol all\nInclude sites/*.conf\n");
    shop.write("conf/apache2.conf", &main);
    shop.write("pages/index.html", "fine");
    for port in ports() {
        let (crt, key) = (certificate("crt"), certificate("key"));
        let text = format!(
            "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\n    ServerName s{port}.test\n    SSLEngine on\n    \
             SSLCertificateFile {crt}\n    SSLCertificateKeyFile {key}\n    SSLProtocol +TLSv1 +TLSv1.1 +TLSv1.2 +TLSv1.3\n    \
             SSLCipherSuite ALL:@SECLEVEL=0\n</VirtualHost>\n"
        );
        shop.write(&format!("conf/sites/s{port}.conf"), &text);
    }
    shop
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Asks one site after the other, with one version, until it is over; how many answers came, or what went wrong.
fn load(version: &str, over: &AtomicBool, rounds: &AtomicUsize) -> Result<usize, String> {
    let mut answers = 0;
    loop {
        for port in ports() {
            let url = format!("https://127.0.0.1:{port}/");
            let output = Command::new("ab")
                .args(["-q", "-n", &ROUND.to_string(), "-c", "4", "-f", version, &url])
                .output()
                .expect("ab (tests/run installs it)");
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            let number =
                |name: &str| text.lines().find_map(|l| l.strip_prefix(name)).map(|rest| rest.trim().to_owned());
            let complete = number("Complete requests:") == Some(ROUND.to_string());
            let failed = number("Failed requests:") != Some("0".to_owned()) || number("Non-2xx responses:").is_some();
            if !complete || failed {
                return Err(format!("{version} at {port}: {text}"));
            }
            answers += ROUND;
        }
        rounds.fetch_add(1, Ordering::SeqCst);
        if over.load(Ordering::SeqCst) {
            return Ok(answers);
        }
    }
}

fn offered(port: u16) -> VersionSet {
    let target = Destination::Ip(std::net::IpAddr::from([127, 0, 0, 1]), port);
    knock(&Contact::new(target, Some(&format!("s{port}.test")))).versions
}

fn hold(service: &str, shop: &Workshop, start: &str, check: &str, reload: &str) {
    let _server = Running::start(start, &[], ports());
    let old = VersionSet::range(Version::Tls1, Version::Tls1_3);
    assert!(ports().all(|port| offered(port) == old), "all is offered before: {:?}", offered(FIRST_PORT));
    let over = AtomicBool::new(false);
    let rounds = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let (run, answers) = std::thread::scope(|scope| {
        let clients: Vec<_> = ["TLS1.2", "TLS1.3"]
            .iter()
            .zip(&rounds)
            .map(|(version, rounds)| scope.spawn(|| load(version, &over, rounds)))
            .collect();
        let begin = Instant::now();
        while rounds.iter().any(|rounds| rounds.load(Ordering::SeqCst) == 0) && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(10));
        }
        let (check, reload) = (format!("{service}={check}"), format!("{service}={reload}"));
        let run = shop.tlsmend(&["fix", "conf", "--yes", "--check-with", &check, "--reload", "--reload-with", &reload]);
        // Two more rounds on the new configuration.
        let now: Vec<usize> = rounds.iter().map(|rounds| rounds.load(Ordering::SeqCst)).collect();
        let begin = Instant::now();
        while rounds.iter().zip(&now).any(|(r, n)| r.load(Ordering::SeqCst) < n + 2) && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(10));
        }
        over.store(true, Ordering::SeqCst);
        let answers: Vec<_> = clients.into_iter().map(|client| client.join().expect("no panic")).collect();
        (run, answers)
    });
    assert!(run.status == 0, "{}", run.screen());
    assert!(run.out.contains("reloaded: "), "{}", run.screen());
    // Each site by its name, and without one.
    let all = format!("verified: handshakes with {} endpoints get what the new files promise", 2 * SITES);
    assert!(run.out.contains(&all), "{}", run.screen());
    let answers: Vec<usize> = answers.into_iter().map(|all| all.unwrap_or_else(|e| panic!("{service}: {e}"))).collect();
    let new = VersionSet::range(Version::Tls1_2, Version::Tls1_3);
    for port in ports() {
        let begin = Instant::now();
        // Workers of before take no new connections, but the new ones need a moment.
        while offered(port) != new {
            assert!(begin.elapsed() < PATIENCE, "{service}: {:?} at {port}", offered(port));
        }
    }
    eprintln!("{service}: {answers:?} answers to TLSv1.2 and TLSv1.3 clients, none failed");
}

#[test]
fn nobody_notices_nginx() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl", "ab"]) {
        return;
    }
    network::inside(|| {
        let shop = nginx();
        let main = shop.path("conf/nginx.conf").display().to_string();
        let log = shop.path("error.log").display().to_string();
        fs::write(&log, "").expect("a log");
        let nginx = format!("/usr/sbin/nginx -e {log} -c {main}");
        hold("nginx", &shop, &nginx, &format!("{nginx} -t"), &format!("{nginx} -s reload"));
    });
}

#[test]
fn nobody_notices_apache() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl", "ab"]) {
        return;
    }
    network::inside(|| {
        let shop = apache();
        let main = shop.path("conf/apache2.conf").display().to_string();
        let apache = format!("/usr/sbin/apache2 -f {main}");
        hold(
            "apache",
            &shop,
            &format!("{apache} -DFOREGROUND"),
            &format!("{apache} -t"),
            &format!("{apache} -k graceful"),
        );
    });
}
