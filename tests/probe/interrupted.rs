//! Ctrl-C: what is known is printed, soon, and the status says that something is open.

use crate::support;
use crate::support::needs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::fake::{Fake, Model, Step};
use support::site::{Site, Software};
use support::{certificates, network, server};
use tlsmend::probe::place::Place;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Limits, Reason, Verdict, scan};
use tlsmend::services::service::Destination;
use tlsmend::tls::Version;

/// As soon as people expect it. What was to be waited for is a minute.
const SOON: Duration = Duration::from_secs(3);

fn modern() -> Model {
    Model {
        versions: vec![Version::Tls1_2, Version::Tls1_3],
        suites: vec![0xc02f],
        suites_1_3: vec![0x1301],
        own_order: true,
    }
}

/// Answers about TLS 1.2, and says nothing about other versions.
fn slow() -> Fake {
    Fake::start(|seen| match seen.version {
        Version::Tls1_2 => modern().answer(seen),
        _ => vec![Step::Hang],
    })
}

/// Runs the program, and presses Ctrl-C once `reached`.
fn interrupted(arguments: &[&str], reached: impl Fn() -> bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlsmend"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("runs");
    let begin = Instant::now();
    while !reached() {
        assert!(begin.elapsed() < Duration::from_secs(30), "the server is asked");
        sleep(Duration::from_millis(5));
    }
    let begin = Instant::now();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("it runs");
    let output = child.wait_with_output().expect("ends");
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    output
}

fn document(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn a_probe_of_several_hosts() {
    let (quick, waits, last) = (Fake::start(|seen| modern().answer(seen)), slow(), slow());
    let hosts = [&quick, &waits, &last].map(|fake| fake.address().to_string());
    for format in ["json", "text"] {
        let asked = waits.seen().len();
        let arguments = ["probe", "--timeout", "60", "--total", "600", "--format", format];
        let arguments = [&arguments[..], &hosts.each_ref().map(String::as_str)].concat();
        let output = interrupted(&arguments, || {
            let seen = &waits.seen()[asked..];
            // TLS 1.2 was answered, and the others are waited for.
            seen.len() >= 5 && seen.iter().any(|seen| seen.version == Version::Tls1_2)
        });
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        if format == "text" {
            let text = String::from_utf8_lossy(&output.stdout);
            for host in &hosts {
                assert!(text.contains(host), "{text}");
            }
            assert!(text.contains("interrupted"), "{text}");
            continue;
        }
        let document = document(&output);
        let result = |target: usize, version: &str| {
            let rows = document["targets"][target]["versions"].as_array().cloned().unwrap_or_default();
            let row = rows.into_iter().find(|row| row["version"] == version).unwrap_or_default();
            (row["verdict"].clone(), row["reason"]["code"].clone())
        };
        assert_eq!(document["exit"]["status"], 3, "{document:#}");
        assert_eq!(result(0, "TLSv1.2").0, "accepted", "{document:#}");
        assert_eq!(result(0, "TLSv1").0, "rejected", "{document:#}");
        assert_eq!(result(1, "TLSv1.2").0, "accepted", "{document:#}");
        assert_eq!(result(1, "TLSv1.3"), ("inconclusive".into(), "interrupted".into()), "{document:#}");
        // One after the other at one address: the last was not begun.
        assert!(document["targets"][2].to_string().contains("interrupted"), "{document:#}");
    }
    assert!(last.seen().is_empty());
}

#[test]
fn a_verification() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let site = Site::new(Software::Nginx);
        let certs = certificates::folder().display();
        let text = format!(
            "events {{}}\nhttp {{\nssl_certificate {certs}/rsa.crt;\nssl_certificate_key {certs}/rsa.key;\n\
             server {{ listen 127.0.0.1:20801 ssl; server_name a.example; ssl_protocols TLSv1.2 TLSv1.3; }}\n}}\n"
        );
        site.write("nginx.conf", text.as_bytes());
        let asked = Destination::Ip(Ipv4Addr::LOCALHOST.into(), 20_801);
        let _server = server::Server::start(&site, &[asked]).unwrap_or_else(|e| panic!("{e}"));
        let pid = std::fs::read_to_string(site.pid_file()).expect("the pid file");
        let nginx = Pid::from_raw(pid.trim().parse().expect("a number"));
        // Connections still come about: the system makes them.
        kill(nginx, Signal::SIGSTOP).expect("nginx runs");
        let main = site.main_file().display().to_string();
        // Facts about this machine's processes are not wanted.
        let map = ["--map", "/no/such/directory=/tmp"];
        let arguments = [&["verify", &main, "--wait", "60", "--format", "json"][..], &map].concat();
        let begin = Instant::now();
        let output = interrupted(&arguments, || begin.elapsed() > Duration::from_secs(2));
        kill(nginx, Signal::SIGCONT).expect("nginx runs");
        let document = document(&output);
        assert_eq!((output.status.code(), &document["exit"]["status"]), (Some(3), &3.into()), "{document:#}");
        assert_eq!(document["endpoints"][0]["result"], "inconclusive", "{document:#}");
        assert!(document["endpoints"][0].to_string().contains("interrupted"), "{document:#}");
    });
}

/// The wait for a connection ends too.
fn gives_up(place: Place) {
    let target = Target::at(place);
    let minute = Duration::from_secs(60);
    let limits = Limits { connect: minute, exchange: minute, total: minute, ..Limits::of(&target, Depth::Versions) };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let probing = scope.spawn(|| scan(&target, Depth::Versions, limits, &stop));
        sleep(Duration::from_millis(300));
        assert!(!probing.is_finished(), "it waits for a connection");
        let begin = Instant::now();
        stop.store(true, Ordering::Relaxed);
        let found = probing.join().expect("no panic");
        assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
        for row in found.rows {
            assert_eq!(row.verdict, Verdict::Inconclusive(Reason::Interrupted), "{}", row.version);
        }
    });
}

/// Nobody ever takes a connection, and there is no room for another one.
fn full(family: AddressFamily, address: &impl rustix::net::addr::SocketAddrArg) -> Vec<OwnedFd> {
    let socket = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        socket_with(family, SocketType::STREAM, flags, None).expect("a socket")
    };
    let server = socket();
    bind(&server, address).expect("an address of our own");
    listen(&server, 0).expect("listens");
    let own = rustix::net::getsockname(&server).expect("its address");
    let mut all = vec![server];
    for _ in 0..4 {
        let client = socket();
        // The first come in, the last do not.
        let _full = connect(&client, &own);
        all.push(client);
    }
    all
}

#[test]
fn a_connection_that_does_not_come_about() {
    let sockets = full(AddressFamily::INET, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let own = rustix::net::getsockname(&sockets[0]).expect("its address");
    gives_up(Place::Ip(SocketAddr::try_from(own).expect("an address of IP")));
}

#[test]
fn a_socket_whose_queue_is_full() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("socket");
    let _sockets = full(AddressFamily::UNIX, &SocketAddrUnix::new(&path).expect("an address"));
    gives_up(Place::Unix(path));
}
