//! Servers that limit connections, or lose some of them: no version that they accept is called rejected, and no list of
//! suites is called complete that is not. A few runs each unless the environment asks for more (docs/testing.md).

use crate::support;
use crate::support::needs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::gate::{Gate, Rule};
use support::probing::{at, names, probe};
use support::server::Server;
use support::site::{Site, Software};
use support::{certificates, network, one_by_one};
use tlsmend::probe::{Depth, Row, Scan, Verdict};
use tlsmend::services::service::Destination;
use tlsmend::tls::Version::{self, Tls1, Tls1_1, Tls1_2, Tls1_3};
use tlsmend::tls::VersionSet;

/// The port of a server without limits, and the first of those with them.
const FREE: u16 = 20_801;
const LIMITED: u16 = 20_802;
/// So long one server is asked; after that, a new one. No server of a test lives longer than two minutes.
const SHIFT: Duration = Duration::from_secs(40);
/// What all of these servers have.
const ALL: VersionSet = VersionSet::of(&[Tls1, Tls1_1, Tls1_2, Tls1_3]);

/// How often each server is asked.
fn rounds() -> u64 {
    number("TLSMEND_ROUNDS").unwrap_or(3)
}

/// The number of the first run: it decides which connections get lost.
fn first() -> u64 {
    number("TLSMEND_SEED").unwrap_or(1)
}

fn number(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// What came of some runs.
#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<(Version, &'static str), u64>,
    whole: u64,
    incomplete: u64,
    connections: u64,
    most: u32,
    wrong: Vec<String>,
}

impl Tally {
    /// Holds a scan against what the server has.
    fn add(&mut self, run: u64, found: &Scan, depth: Depth, has: &dyn Fn(Version) -> BTreeSet<&'static str>) {
        self.connections += u64::from(found.connections);
        self.most = self.most.max(found.connections);
        for row in &found.rows {
            *self.verdicts.entry((row.version, row.verdict.name())).or_default() += 1;
            let right = match row.verdict {
                Verdict::Accepted => ALL.has(row.version),
                Verdict::Rejected(_) => !ALL.has(row.version),
                Verdict::Inconclusive(_) => true,
            };
            if !right {
                self.wrong.push(format!("run {run}: {} is said to be {:?}", row.version, row.verdict));
            }
            if depth == Depth::Ciphers && row.verdict == Verdict::Accepted {
                self.list(run, found, row, &has(row.version));
            }
        }
    }

    fn list(&mut self, run: u64, found: &Scan, row: &Row, has: &BTreeSet<&'static str>) {
        let got = names(found, row.version);
        let right = if row.complete { got == *has } else { got.is_subset(has) };
        *(if row.complete { &mut self.whole } else { &mut self.incomplete }) += 1;
        if !right {
            let missed: Vec<_> = has.difference(&got).collect();
            let word = if row.complete { "complete" } else { "incomplete" };
            self.wrong.push(format!("run {run}: the {word} list of {} lacks {missed:?}", row.version));
        }
    }

    /// Prints the counts. `most_open`: so many of a hundred rows of versions may stay inconclusive.
    fn assert_right(&self, what: &str, most_open: u64) {
        let count = |verdict: &str| -> u64 {
            let ours = self.verdicts.iter().filter(|((version, name), _)| ALL.has(*version) && *name == verdict);
            ours.map(|(_, count)| *count).sum()
        };
        let (accepted, rejected, open) = (count("accepted"), count("rejected"), count("inconclusive"));
        let all = accepted + rejected + open;
        let mut line = format!("{what}: of {all} rows accepted {accepted}, rejected {rejected}, inconclusive {open}");
        if self.whole + self.incomplete > 0 {
            let _always = write!(line, "; lists whole {}, incomplete {}", self.whole, self.incomplete);
        }
        let runs = all / ALL.len() as u64;
        println!("{line}; connections {} on average, {} at most", self.connections / runs.max(1), self.most);
        assert!(self.wrong.is_empty(), "{what}: {} wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        // Of a few rows, one or two are many of a hundred.
        let allowed = (all * most_open / 100).max(if most_open == 0 { 0 } else { 2 });
        assert!(open <= allowed, "{what}: {open} of {all} rows are inconclusive");
    }
}

/// Probes for versions and then for suites, each of them so many times.
fn ask<S>(what: &str, most_open: u64, start: impl Fn() -> S, port: impl Fn(u64) -> (u16, Option<Gate>)) {
    let mut server = (start(), Instant::now());
    let lists: BTreeMap<Version, BTreeSet<&'static str>> =
        ALL.iter().map(|version| (version, one_by_one::suites(FREE, version))).collect();
    let has = |version| lists.get(&version).cloned().unwrap_or_default();
    // Suites take a hundred times as many connections.
    for (depth, option, rounds) in
        [(Depth::Versions, "", rounds()), (Depth::Ciphers, ", --ciphers", rounds().div_ceil(20))]
    {
        let mut tally = Tally::default();
        for run in first()..first() + rounds {
            if server.1.elapsed() > SHIFT {
                drop(server.0);
                server = (start(), Instant::now());
            }
            let (port, _gate) = port(run);
            let found = probe(&at(port), depth);
            assert_eq!(found.trouble, None, "{what}{option}: run {run}");
            tally.add(run, &found, depth, &has);
        }
        tally.assert_right(&format!("{what}{option}"), most_open);
    }
}

/// nginx with all versions, without limits at one port, and with `limits` at another one.
fn nginx(limits: &str, place: Place) -> (Site, Server) {
    let mut site = Site::new(Software::Nginx);
    site.modules.push("/usr/lib/nginx/modules/ngx_stream_module.so".to_owned());
    let certs = certificates::folder().display().to_string();
    let tls = format!(
        "ssl_certificate {certs}/rsa.crt; ssl_certificate_key {certs}/rsa.key;\n\
         ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers AES:@SECLEVEL=0;"
    );
    let (zones, limits) = limits.split_once('|').unwrap_or(("", limits));
    let free = format!("stream {{ {tls} server {{ listen 127.0.0.1:{FREE} ssl; return x; }} @MORE@ }}");
    let text = match place {
        Place::Stream => {
            free.replace("@MORE@", &format!("{zones} server {{ listen 127.0.0.1:{LIMITED} ssl; {limits} return x; }}"))
        }
        Place::Http => format!(
            "{}\nhttp {{ access_log off; {tls} {zones}\n\
             server {{ listen 127.0.0.1:{LIMITED} ssl; {limits} location / {{ return 200; }} }} }}",
            free.replace("@MORE@", "")
        ),
    };
    site.write("nginx.conf", format!("events {{ }}\n{text}\n").as_bytes());
    let targets = [FREE, LIMITED].map(|port| Destination::Ip([127, 0, 0, 1].into(), port));
    let server = Server::start(&site, &targets).unwrap_or_else(|e| panic!("{e}"));
    (site, server)
}

/// The part of nginx that limits.
#[derive(Clone, Copy)]
enum Place {
    Stream,
    Http,
}

#[test]
fn nginx_stream_limit_conn() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        for most in 1..=4 {
            let limits = format!("limit_conn_zone $binary_remote_addr zone=a:1m; | limit_conn a {most};");
            let start = || nginx(&limits, Place::Stream);
            ask(&format!("nginx stream, limit_conn {most}"), 5, start, |_| (LIMITED, None));
        }
    });
}

#[test]
fn nginx_http_limits() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        for limits in [
            "limit_conn_zone $binary_remote_addr zone=a:1m; | limit_conn a 1;",
            "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s; | limit_req zone=a;",
        ] {
            let what = format!("nginx http, {}", limits.split('|').next_back().unwrap_or_default());
            ask(&what, 0, || nginx(limits, Place::Http), |_| (LIMITED, None));
        }
    });
}

/// HAProxy with that rule at the second port.
fn haproxy(rule: &str, folder: &std::path::Path) -> Daemon {
    let certs = certificates::folder();
    let read = |name: &str| std::fs::read_to_string(certs.join(name)).expect("a file of our own");
    let both = folder.join("both.pem");
    std::fs::write(&both, read("rsa.crt") + &read("rsa.key")).expect("a file of our own");
    let tls = format!("ssl crt {} ssl-min-ver TLSv1.0 ciphers AES:@SECLEVEL=0", both.display());
    let config = folder.join("haproxy.cfg");
    let text = format!(
        "global\n maxconn 300\ndefaults\n mode tcp\n timeout client 8s\n timeout server 8s\n timeout connect 1s\n\
         frontend limited\n bind 127.0.0.1:{LIMITED} {tls}\n\
         stick-table type ip size 100 expire 10s store conn_rate(1s),conn_cur\n\
         tcp-request connection track-sc0 src\n tcp-request connection reject if {{ {rule} }}\n default_backend none\n\
         frontend free\n bind 127.0.0.1:{FREE} {tls}\n default_backend none\n\
         backend none\n server s 127.0.0.1:9\n"
    );
    std::fs::write(&config, text).expect("a file of our own");
    Daemon::start(FREE, "haproxy", |command| {
        command.args(["-db", "-f"]).arg(config);
    })
}

#[test]
fn haproxy_connections_at_a_time() {
    if !needs::has(&["ip", "haproxy", "openssl"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        ask("HAProxy, conn_cur gt 2", 5, || haproxy("sc0_conn_cur gt 2", folder.path()), |_| (LIMITED, None));
    });
}

#[test]
fn haproxy_connections_a_second() {
    if !needs::has(&["ip", "haproxy", "openssl"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        ask("HAProxy, conn_rate(1s) gt 6", 5, || haproxy("sc0_conn_rate gt 6", folder.path()), |_| (LIMITED, None));
    });
}

/// A server behind a gate of its own in each run.
fn behind(rule: Rule, most_open: u64) {
    network::inside(|| {
        ask(
            &format!("{rule:?}"),
            most_open,
            || nginx("", Place::Stream),
            |run| {
                let gate = Gate::before(FREE, rule, run);
                (gate.address().port(), Some(gate))
            },
        );
    });
}

#[test]
fn each_nth_is_reset() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    for n in [2, 3, 5] {
        behind(Rule::Nth(n), 5);
    }
}

#[test]
fn some_are_lost_by_chance() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    for percent in [10, 30] {
        behind(Rule::Percent(percent), 5);
    }
}

#[test]
fn most_are_lost_by_chance() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    behind(Rule::Percent(60), 10);
}

#[test]
fn a_backlog_of_one() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    behind(Rule::Backlog, 5);
}
