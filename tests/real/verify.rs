//! `tlsmend verify` against nginx as it really runs: as configured, edited and not reloaded, reloaded, a line that
//! decides nothing, another program on the port.

use crate::support;
use crate::support::needs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::site::{Site, Software};
use support::{cage, certificates, network, server};
use tlsmend::services::service::Destination;

const TRANSPORT: [u8; 4] = [127, 0, 0, 1];

/// nginx with a master and workers, as it runs on hosts.
pub(crate) struct Nginx {
    pub(crate) site: Site,
    child: Child,
}

impl Nginx {
    pub(crate) fn start(site: Site, ports: &[u16]) -> Nginx {
        let mut global = format!("daemon off; pid {}; error_log stderr;", site.pid_file().display());
        for module in &site.modules {
            global = format!("{global} load_module {module};");
        }
        let child = Command::new("timeout")
            .args(["300", "/usr/sbin/nginx", "-g", &global, "-p"])
            .arg(format!("{}/", site.root().display()))
            .arg("-c")
            .arg(site.main_file())
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(site.error_log()).expect("a file of our own"))
            .spawn();
        let nginx = Nginx { site, child: child.expect("timeout, which every Debian has") };
        for port in ports {
            let begin = Instant::now();
            while !server::connects(&Destination::Ip(TRANSPORT.into(), *port)) {
                let log = || std::fs::read_to_string(nginx.site.error_log()).unwrap_or_default();
                assert!(begin.elapsed() < Duration::from_secs(15), "nginx listens at {port}: {}", log());
                sleep(Duration::from_millis(10));
            }
        }
        nginx
    }

    fn reload(&self) {
        let text = std::fs::read_to_string(self.site.pid_file()).expect("the pid file");
        kill(Pid::from_raw(text.trim().parse().expect("a number")), Signal::SIGHUP).expect("nginx runs");
    }

    pub(crate) fn edit(&self, from: &str, to: &str) {
        // Times of processes have hundredths of a second.
        sleep(Duration::from_millis(100));
        let text = std::fs::read_to_string(self.site.main_file()).expect("the main file");
        assert!(text.contains(from));
        std::fs::write(self.site.main_file(), text.replace(from, to)).expect("a file of our own");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // timeout(1) hands it on.
        let _ended_already = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
        let _status = self.child.wait();
    }
}

pub(crate) fn site(http: &str, more: &str) -> Site {
    let site = Site::new(Software::Nginx);
    let certs = certificates::folder().display();
    let text = format!(
        "events {{}}\n{more}\nhttp {{\naccess_log off;\nssl_certificate {certs}/rsa.crt;\nssl_certificate_key \
         {certs}/rsa.key;\n{http}\n}}\n"
    );
    site.write("nginx.conf", text.as_bytes());
    site
}

struct Run {
    status: i32,
    out: String,
}

fn verify(site: &Site, arguments: &[&str]) -> Run {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_tlsmend"))
        .arg("verify")
        .arg(site.main_file())
        // Other servers may run on this machine: with a map, facts are not taken from processes.
        .args(["--map", "/no/such/directory=/tmp", "--policy"])
        .arg(policy(site))
        .args(arguments)
        .env_clear()
        .output()
        .expect("runs");
    let out = String::from_utf8([stdout, stderr].concat()).expect("UTF-8");
    Run { status: status.code().expect("an exit status"), out }
}

/// Nothing is required, so that only differences count.
fn policy(site: &Site) -> std::path::PathBuf {
    let path = site.root().join("policy.yaml");
    std::fs::write(&path, "forbid: [SSLv2, SSLv3, TLSv1, TLSv1.1]\nrequire: []\n").expect("a file of our own");
    path
}

fn results(site: &Site, arguments: &[&str]) -> (i32, Vec<(String, String)>) {
    let run = verify(site, &[&["--format", "json"], arguments].concat());
    let document: Value = serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}", run.out));
    assert_eq!(document["schema"], "tlsmend/verify/1");
    assert_eq!(document["exit"]["status"], run.status);
    let endpoints = document["endpoints"].as_array().expect("endpoints");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    (run.status, endpoints.iter().map(|one| (text(&one["name"]), text(&one["result"]))).collect())
}

#[test]
fn edited_and_not_reloaded() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let http = "server { listen 20443 ssl; server_name a.example; ssl_protocols TLSv1.2 TLSv1.3; }";
        let nginx = Nginx::start(site(http, ""), &[20_443]);
        let run = verify(&nginx.site, &[]);
        assert_eq!(run.status, 0, "{}", run.out);
        let row = "  127.0.0.1:20443  (no name), a.example  TLSv1.2 TLSv1.3  TLSv1.2 TLSv1.3  as configured\n";
        assert!(run.out.contains(row), "by the name and without: {}", run.out);

        nginx.edit("TLSv1.2 TLSv1.3", "TLSv1.3");
        let run = verify(&nginx.site, &[]);
        assert_eq!(run.status, 1, "{}", run.out);
        let file = nginx.site.main_file().display().to_string();
        for part in [
            "medium[drift]: TLSv1.2 is accepted, and not configured",
            "at 127.0.0.1:20443, name a.example",
            &format!("--> {file}:7:51"),
            &format!("not reloaded: {file} was changed after the workers of nginx started"),
            "help: reload nginx",
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }

        nginx.reload();
        let run = verify(&nginx.site, &["--wait", "10"]);
        assert_eq!(run.status, 0, "{}", run.out);

        // Less than configured, too.
        nginx.edit("TLSv1.3", "TLSv1.2 TLSv1.3");
        let run = verify(&nginx.site, &[]);
        assert!(run.out.contains("TLSv1.2 is configured, and not accepted"), "{}", run.out);
        assert!(run.out.contains("not reloaded"), "{}", run.out);
    });
}

#[test]
fn a_line_that_decides_nothing() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let http = "server { listen 127.0.0.1:20443 ssl; server_name a.example; ssl_protocols TLSv1.2; }\n\
                    server { listen 127.0.0.1:20443 ssl; server_name b.example; ssl_protocols TLSv1 TLSv1.3; }";
        let nginx = Nginx::start(site(http, ""), &[20_443]);
        let run = verify(&nginx.site, &["--fail-on", "low"]);
        // From 1.29.2 on each name decides, and the line counts.
        if Software::Nginx.release() >= tlsmend::release::Release::new(1, 29, 2) {
            return;
        }
        assert_eq!(run.status, 1, "{}", run.out);
        for part in [
            "[shadowed-directive]: this ssl_protocols decides nothing\n  at 127.0.0.1:20443, name b.example\n  --> ",
            "handshakes got TLSv1.2, and this line says TLSv1 TLSv1.3",
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
        assert!(
            run.out.contains("  (no name), a.example, b.example  TLSv1.2     TLSv1.2   as configured\n"),
            "{}",
            run.out
        );
        assert!(!run.out.contains("clients are given"), "what handshakes got is said instead: {}", run.out);
    });
}

/// What is said of many lines is said once.
#[test]
fn many_lines_that_decide_nothing() {
    if Software::Nginx.release() >= tlsmend::release::Release::new(1, 29, 2) {
        return;
    }
    network::inside(|| {
        let mut http = String::from("server { listen 127.0.0.1:20443 ssl; ssl_protocols TLSv1.2 TLSv1.3; }");
        for number in 0..30 {
            let name = format!("server_name n{number}.example;");
            http += &format!("\nserver {{ listen 127.0.0.1:20443 ssl; {name} ssl_protocols TLSv1.2; }}");
        }
        let nginx = Nginx::start(site(&http, ""), &[20_443]);
        let run = verify(&nginx.site, &[]);
        assert_eq!(run.out.matches("[shadowed-directive]").count(), 1, "{}", run.out);
        assert!(run.out.contains("  at 127.0.0.1:20443, name n7.example --> "), "{}", run.out);
        assert!(run.out.contains("\n  and at 10 more\n"), "{}", run.out);
    });
}

/// The handshakes themselves reach the limit: the server does as its configuration says all the same.
#[test]
fn limits_of_connections_are_no_drift() {
    network::inside(|| {
        let certs = certificates::folder().display();
        let tls = format!(
            "ssl_certificate {certs}/rsa.crt; ssl_certificate_key {certs}/rsa.key; ssl_ciphers ALL:@SECLEVEL=0;\n\
             ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"
        );
        for connections in 1..=3 {
            let server =
                |port| format!("server {{ listen 127.0.0.1:{port} ssl; limit_conn a {connections}; return x; }}\n");
            let servers = [20_451, 20_452, 20_453].map(server).concat();
            let zone = "limit_conn_zone $binary_remote_addr zone=a:1m;";
            let mut site = site("", &format!("stream {{ {tls}\n{zone}\n{servers} }}"));
            site.modules = vec!["/usr/lib/nginx/modules/ngx_stream_module.so".to_owned()];
            let nginx = Nginx::start(site, &[20_451, 20_452, 20_453]);
            let (status, found) = results(&nginx.site, &[]);
            assert!(found.len() == 3 && found.iter().all(|(_, result)| result == "agrees"), "{found:?}");
            // TLSv1 is forbidden.
            assert_eq!(status, 1, "{connections}");
        }
    });
}

#[test]
fn another_program_has_the_port() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let http = "server { listen 127.0.0.1:20443 ssl; server_name a.example; ssl_protocols TLSv1.3; }\n\
                    server { listen 20444 ssl; ssl_protocols TLSv1.3; }";
        let site = site(http, "");
        let certs = certificates::folder();
        let mut other = Command::new("timeout")
            .args(["300", "openssl", "s_server", "-quiet", "-accept", "127.0.0.1:20443", "-tls1_2", "-cert"])
            .arg(certs.join("rsa.crt"))
            .arg("-key")
            .arg(certs.join("rsa.key"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let begin = Instant::now();
        while !server::connects(&Destination::Ip(TRANSPORT.into(), 20_443)) && begin.elapsed() < Duration::from_secs(15)
        {
            sleep(Duration::from_millis(10));
        }
        let run = verify(&site, &[]);
        let _ended_already = kill(Pid::from_raw(other.id().cast_signed()), Signal::SIGTERM);
        let _status = other.wait();
        assert_eq!(run.status, 1, "{}", run.out);
        assert!(run.out.contains("openssl (process "), "{}", run.out);
        assert!(run.out.contains(") listens there, not nginx"), "{}", run.out);
        assert!(run.out.contains("TLS is configured, and nothing answers: "), "{}", run.out);
        // Nothing but silence is another status.
        let run = verify(&site, &[]);
        assert_eq!(run.status, 2, "{}", run.out);
    });
}

/// The same program with another main file has the port: no reload would help.
#[test]
fn another_instance_has_the_port() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        if !network::can_be_made() {
            // Nobody but root sees which processes listen.
            return;
        }
        let http = "server { listen 127.0.0.1:20443 ssl; ssl_protocols TLSv1.2 TLSv1.3; }";
        let nginx = Nginx::start(site(http, ""), &[20_443]);
        let own = nginx.site.main_file().display().to_string();
        let other = site(http, "");
        let run = verify(&other, &[]);
        assert_eq!(run.status, 1, "{}", run.out);
        for part in [
            "[drift]: another instance of nginx answers\n",
            &format!("= another nginx answers: it runs with {own} (process "),
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
        // Files that are younger than its workers are not the cause.
        other.write(
            "nginx.conf",
            std::fs::read_to_string(other.main_file()).expect("text").replace("TLSv1.2 ", "").as_bytes(),
        );
        let run = verify(&other, &[]);
        assert!(run.out.contains("TLSv1.2 is accepted, and not configured"), "{}", run.out);
        assert!(run.out.contains("another nginx answers: ") && !run.out.contains("reload"), "{}", run.out);
        // A link to the file that it runs with is that file.
        let link = other.root().join("link.conf");
        std::os::unix::fs::symlink(nginx.site.main_file(), &link).expect("a link of our own");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tlsmend"));
        let output = command.arg("verify").arg(&link).arg("--policy").arg(policy(&other)).output().expect("runs");
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.contains("as configured") && !out.contains("drift"), "{out}");
    });
}

/// A script in a copy of the machine in which root's configuration promises TLSv1.2 and TLSv1.3 at a port that anybody can
/// open, and nothing of root's runs.
fn with_a_port_of_anybodys(script: &str) -> Option<String> {
    let set_up = r#"
ip link set lo up
rm -rf /etc/nginx /etc/apache2 /etc/postfix /etc/dovecot
mkdir /etc/nginx /tmp/theirs
cd /tmp/theirs
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=a.test -keyout key -out cert 2> /dev/null
chmod 644 key cert
cat > /etc/nginx/nginx.conf <<'C'
events {}
http {
    access_log off;
    ssl_certificate /tmp/theirs/cert;
    ssl_certificate_key /tmp/theirs/key;
    server { listen 127.0.0.1:20443 ssl; server_name a.test; ssl_protocols TLSv1.2 TLSv1.3; }
}
C
(
    echo 'pid /tmp/theirs/pid; error_log /dev/null; daemon off;'
    sed 's|access_log|client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n access_log|' /etc/nginx/nginx.conf
) > theirs.conf
cp "$(command -v openssl)" nginx
chown -R 65534:65534 /tmp/theirs
verify() { sleep 1; tlsmend verify /etc/nginx/nginx.conf && echo "status 0" || echo "status $?"; }
as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@" > /dev/null 2>&1 & }
"#;
    cage::run(&format!("{set_up}{script}"))
}

/// A program has the name of the server's, or is the server's with other files: whoever runs it is not the server.
#[test]
fn a_program_of_another_user_is_no_server() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let Some(said) = with_a_port_of_anybodys(
        r#"
as_user /tmp/theirs/nginx s_server -quiet -accept 127.0.0.1:20443 -cert cert -key key
verify; kill $!; sleep 1
echo ---
as_user /usr/sbin/nginx -p /tmp/theirs/ -c theirs.conf
verify; kill $!; sleep 1
echo ---
nginx -g 'user nobody nogroup;'
verify
tlsmend verify --format json | grep -c '"agrees"'
nginx -s stop
"#,
    ) else {
        return;
    };
    let parts: Vec<&str> = said.split("---\n").collect();
    for (program, part) in ["/tmp/theirs/nginx", "/usr/sbin/nginx"].into_iter().zip(&parts) {
        for expected in
            ["[drift]: another program than nginx answers\n", "status 1\n", &format!("= {program} (process ")]
        {
            assert!(part.contains(expected), "{expected}: {said}");
        }
        assert!(part.contains(") listens there, run or writable by "), "{said}");
        assert!(!part.contains("as configured"), "{said}");
    }
    assert!(parts[1].contains("run or writable by user 65534: not nginx\n"), "{said}");
    // Root's own, whose workers are that user's.
    assert!(parts[2].contains("as configured") && parts[2].contains("status 0\n2\n"), "{said}");
}

/// The same program and the same path of the main file, and another file behind it.
#[test]
fn a_server_in_a_container_leaves_it_open() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let Some(said) = with_a_port_of_anybodys(
        r"
cd /
unshare --mount --pid --fork --kill-child --mount-proc bash -c \
    'mount --bind /tmp/theirs/theirs.conf /etc/nginx/nginx.conf; exec nginx -p /tmp/theirs/ -c /etc/nginx/nginx.conf' > /dev/null 2>&1 &
verify
",
    ) else {
        return;
    };
    for part in [
        "possible\n",
        "not verified:\n  127.0.0.1:20443: ",
        "/usr/sbin/nginx (process ",
        ") listens there, in a container or below another root directory: which files it reads is not known\n",
        "status 3\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("as configured"), "{said}");
}

/// A new address needs a reload like any other change.
#[test]
fn a_listener_that_was_added_and_not_reloaded() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let http = "server { listen 20443 ssl; ssl_protocols TLSv1.2 TLSv1.3; }";
        let nginx = Nginx::start(site(http, ""), &[20_443]);
        nginx.edit("listen 20443 ssl;", "listen 20443 ssl; listen 20444 ssl;");
        let run = verify(&nginx.site, &[]);
        assert_eq!(run.status, 2, "{}", run.out);
        let file = nginx.site.main_file().display().to_string();
        for part in [
            "medium[unreachable]: TLS is configured, and nothing answers: ",
            "at 127.0.0.1:20444\n",
            &format!("= not reloaded: {file} was changed after the workers of nginx started\n"),
            "= help: reload nginx",
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
        assert!(!run.out.contains("drift"), "{}", run.out);
    });
}

/// Names without a handshake: the advice is given where it helps.
#[test]
fn names_that_nobody_can_send() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let http = r#"server { listen 127.0.0.1:20443 ssl default_server; }
            server { listen 127.0.0.1:20443 ssl; server_name "a,b" "~\.c\.example$" "~^(?!foo)bar.*$"; }"#;
        let nginx = Nginx::start(site(http, ""), &[20_443]);
        let run = verify(&nginx.site, &[]);
        assert_eq!(run.status, 3, "{}", run.out);
        for part in [
            "127.0.0.1:20443, a,b: it is not a name that can be sent in a handshake\n",
            "127.0.0.1:20443, ~\\.c\\.example$: no name was found that this pattern matches; --name adds one\n",
            "127.0.0.1:20443, ~^(?!foo)bar.*$: this expression can't be evaluated here",
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
        let run = verify(&nginx.site, &["--name", "x.c.example"]);
        assert!(!run.out.contains("--name adds one") && run.out.contains("x.c.example"), "{}", run.out);
    });
}

/// A worker that hangs keeps nobody waiting for each of its names.
#[test]
fn an_address_that_does_not_answer() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let names: Vec<String> = (0..400).map(|number| format!("n{number}.example")).collect();
        let http = format!("server {{ listen 127.0.0.1:20443 ssl; server_name {}; }}", names.join(" "));
        let site = site(&http, "");
        // Connections are made, and nobody takes them.
        let _silent = std::net::TcpListener::bind("127.0.0.1:20443").expect("a free port");
        let begin = Instant::now();
        let run = verify(&site, &[]);
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
        assert!(
            run.out.contains("not verified:\n  127.0.0.1:20443, n0.example: the address did not answer in time\n"),
            "{}",
            run.out
        );
        assert!(run.out.contains("  and 380 more\n"), "{}", run.out);
        assert!(
            run.out.contains("TLSv1.2: no answer in time\n") || run.out.contains("listens there, not nginx"),
            "{}",
            run.out
        );
    });
}

/// What listens at every address is asked through one that no other listener has for itself.
#[test]
fn a_listener_behind_one_of_a_single_address() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let loose = "ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;";
        let http = format!(
            "server {{ listen 20443 ssl; server_name all.example; {loose} }}\n\
             server {{ listen 127.0.0.1:20443 ssl; server_name one.example; ssl_protocols TLSv1.3; }}\n\
             server {{ listen [::]:20444 ssl ipv6only=off; {loose} }}\n\
             server {{ listen [::1]:20444 ssl; ssl_protocols TLSv1.3; }}\n\
             server {{ listen [::]:20445 ssl; {loose} }}\n\
             server {{ listen [::1]:20445 ssl; ssl_protocols TLSv1.3; }}"
        );
        let nginx = Nginx::start(site(&http, ""), &[20_443]);
        let run = verify(&nginx.site, &[]);
        assert_eq!(run.status, 1, "{}", run.out);
        for part in [
            "  127.0.0.2:20443  (no name), all.example  TLSv1.1 TLSv1.2  TLSv1.1 TLSv1.2  as configured\n",
            "  127.0.0.1:20443  (no name), one.example  TLSv1.3          TLSv1.3          as configured\n",
            "  127.0.0.1:20444  (no name)               TLSv1.1 TLSv1.2  TLSv1.1 TLSv1.2  as configured\n",
            "  [::1]:20444      (no name)               TLSv1.3          TLSv1.3          as configured\n",
            "TLSv1.1 is accepted\n  at 127.0.0.2:20443 --> ",
            "not verified:\n  [::]:20445, (no name): other listeners have the addresses of this machine",
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
    });
}

#[test]
fn each_name_and_each_way_in() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let http = r#"server { listen 20443 ssl default_server; ssl_reject_handshake on; }
            server { listen 20443 ssl; server_name a.example *.b.example "~^www\d+\.c\.example$" _; }
            server { listen 20444 ssl proxy_protocol; server_name d.example; }
            server { listen unix:@RUN@/x.sock ssl; server_name e.example; }
            server { listen 192.0.2.7:20445 ssl; server_name f.example; }"#;
        let mail = "mail { auth_http 127.0.0.1:1; ssl_certificate @CERTS@/rsa.crt; ssl_certificate_key @CERTS@/rsa.key;\n\
                    server { listen 20025; protocol smtp; starttls on; smtp_auth none; }\n\
                    server { listen 20143; protocol imap; starttls on; }\n\
                    server { listen 20110; protocol pop3; starttls only; } }";
        let certs = certificates::folder().display().to_string();
        let mut site = site("", "");
        let text = std::fs::read_to_string(site.main_file()).expect("the main file");
        let run = site.root().join("run").display().to_string();
        let mail = mail.replace("@CERTS@", &certs);
        let text = text.replace("events {}", &format!("events {{}}\n{mail}"));
        let text = text.replace("\n\n}", &format!("\n{}\n}}", http.replace("@RUN@", &run)));
        // Not an address of this machine: nginx could not start with it.
        let promised = text.clone();
        let started = text.lines().filter(|line| !line.contains("192.0.2.7")).collect::<Vec<_>>().join("\n") + "\n";
        site.write("nginx.conf", started.as_bytes());
        site.modules = vec!["/usr/lib/nginx/modules/ngx_mail_module.so".to_owned()];
        let nginx = Nginx::start(site, &[20_443, 20_444, 20_025, 20_143, 20_110]);
        let (status, found) = results(&nginx.site, &[]);
        let expected = ["-", "a.example", "d.example", "e.example", "tlsmend-verify.b.example", "www0.c.example"];
        let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names, expected);
        for (name, result) in &found {
            assert!(result == "agrees", "{name} {result}: {found:?}");
        }
        // 20443, 20444, the socket and three for mail without a name; five names.
        assert_eq!((status, found.len()), (0, 6 + 5), "{found:?}");
        let (_, more) = results(&nginx.site, &["--name", "x.example"]);
        assert_eq!(more.iter().filter(|(name, _)| name == "x.example").count(), 6, "{more:?}");

        nginx.site.write("nginx.conf", promised.as_bytes());
        let run = verify(&nginx.site, &[]);
        assert!(run.out.contains("this machine does not have the address; --remote"), "{}", run.out);
        assert_eq!(run.status, 3, "{}", run.out);
    });
}

#[test]
fn what_it_can_not_run_with() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tlsmend")).arg("verify").args(arguments).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, said) = run(&["--root", "/tmp"]);
    assert!(status == Some(2) && said.contains("servers that run are those of this machine"), "{said}");
    let (status, said) = run(&["--name", "192.0.2.1"]);
    assert!(status == Some(2) && said.contains("is an address"), "{said}");
    let (status, said) = run(&["/no/such/nginx.conf"]);
    assert!(status == Some(2) && said.contains("No such file"), "{said}");
}

#[test]
fn answers_that_change_are_never_passed() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use support::fake::{Fake, Model};
    use tlsmend::tls::Version;

    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    // As during a reload that does not end: every other handshake meets an old worker.
    let count = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| {
        let mut versions = vec![Version::Tls1_2, Version::Tls1_3];
        if seen.version == Version::Tls1 && count.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
            versions.push(Version::Tls1);
        }
        Model { versions, suites: vec![0xc02f, 0x002f], suites_1_3: vec![0x1301], own_order: true }.answer(seen)
    });
    let http = format!("server {{ listen {} ssl; ssl_protocols TLSv1.2 TLSv1.3; }}", fake.address());
    let site = site(&http, "");
    let (status, found) = results(&site, &[]);
    assert_eq!((status, found), (1, vec![("-".to_owned(), "mixed".to_owned())]));
    assert!(verify(&site, &[]).out.contains("the answers change from one handshake to the next"));
}

#[test]
fn ports_that_no_configuration_explains() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let Some(said) = cage::run(
        r#"
ip link set lo up
rm -rf /etc/nginx /etc/apache2 /etc/postfix /etc/dovecot
mkdir /etc/nginx
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=a.test -keyout /tmp/key -out /tmp/cert 2> /dev/null
cat > /etc/nginx/nginx.conf <<'C'
events {}
http {
    access_log off;
    ssl_certificate /tmp/cert;
    ssl_certificate_key /tmp/key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server { listen 127.0.0.1:443 ssl; }
    server { listen 127.0.0.1:80; }
}
C
nginx
openssl s_server -www -accept 127.0.0.1:9443 -cert /tmp/cert -key /tmp/key -tls1_2 > /dev/null 2>&1 &
openssl s_server -www -accept 127.0.0.1:9444 -cert /tmp/cert -key /tmp/key > /dev/null 2>&1 &
openssl s_server -www -accept 127.0.0.1:9446 -cert /tmp/cert -key /tmp/key -tls1 -cipher ALL:@SECLEVEL=0 > /dev/null 2>&1 &
# It says nothing, and never speaks TLS.
perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:9445", Listen => 9) or die; sleep 60' &
sleep 1
tlsmend verify || echo "status $?"
echo ---
tlsmend verify --format json > /tmp/json || true
cat /tmp/json
echo ---
tlsmend verify /etc/nginx/nginx.conf --format json | grep -c not-covered || true
tlsmend verify --only-configured | grep -c not-covered || true
echo ---
printf 'severity: {not-covered: medium}\n' > /tmp/policy.yaml
tlsmend verify --policy /tmp/policy.yaml > /tmp/out || echo "status $?"
cat /tmp/out
echo ---
# Whoever opens many ports hides the others behind them, and that is said.
perl -MIO::Socket::INET -MIO::Select -e '
    my @all = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1:" . (8000 + $_), Listen => 9) or die } 1..300;
    my $select = IO::Select->new(@all);
    while (my @ready = $select->can_read) { for (@ready) { my $c = $_->accept; print $c "SSH-2.0-x\r\n"; close $c; } }
' &
sleep 1
tlsmend verify || echo "status $?"
nginx -s stop
"#,
    ) else {
        return;
    };
    let parts: Vec<&str> = said.split("---\n").collect();
    let text = parts[0];
    assert!(
        text.contains("note[not-covered]: TLSv1.2 is accepted, and no audited configuration explains it"),
        "{said}"
    );
    assert!(text.contains("at 127.0.0.1:9443") && text.contains("openssl listens there"), "{said}");
    assert!(text.contains("at 127.0.0.1:9444") && !text.contains("9445") && !text.contains("status"), "{said}");
    let document: serde_json::Value = serde_json::from_str(parts[1]).expect("JSON");
    let ports: Vec<&str> =
        document["not_covered"].as_array().expect("a list").iter().filter_map(|one| one["address"].as_str()).collect();
    assert_eq!(ports, ["127.0.0.1:9443", "127.0.0.1:9444", "127.0.0.1:9446"]);
    assert!(parts[2].starts_with("0\n0\n"), "of a PATH nothing else is asked, nor where nobody wants it: {said}");
    // What is forbidden is said, and counts where the policy wants it to.
    assert!(
        text.contains(
            "  at 127.0.0.1:9446\n  = /usr/bin/openssl listens there\n  = the built-in policy forbids TLSv1\n"
        ),
        "{said}"
    );
    assert!(parts[3].contains("medium[not-covered]") && parts[3].contains("status 1\n"), "{said}");
    assert!(parts[4].contains("not verified:\n  127.0.0.1:82"), "{said}");
    assert!(
        parts[4].contains(" more: of the ports that no configuration explains, at most 256 are asked, for 60 seconds"),
        "{said}"
    );
    assert!(parts[4].contains("status 3\n"), "{said}");
}
