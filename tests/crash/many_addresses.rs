//! More addresses than are looked at: what is left out is said, nothing is claimed of it, and nothing is mended.

use crate::support::program;

use program::run;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use tlsmend::edit::{Change, LowerError};
use tlsmend::endpoint::{SettingId, Speaks, Transport};
use tlsmend::host::Facts;
use tlsmend::services::apache::Apache;
use tlsmend::services::limits::{ADDRESSES, ENDPOINTS};
use tlsmend::services::nginx::Nginx;
use tlsmend::services::service::{Destination, Question, Resolved, Response, Service, World};
use tlsmend::source::SourceMap;
use tlsmend::system::MemorySystem;
use tlsmend::tls::{Version, VersionSet};

const OLD: VersionSet = VersionSet::of(&[Version::Tls1]);

/// A configuration, loaded.
struct Loaded {
    resolved: Box<dyn Resolved>,
    sources: SourceMap,
}

impl Loaded {
    fn nginx(http: &str) -> Loaded {
        let text =
            format!("events {{}}\nhttp {{\nssl_certificate /none/c.pem;\nssl_certificate_key /none/k.pem;\n{http}}}\n");
        Loaded::of(&Nginx, "/etc/nginx/nginx.conf", &text)
    }

    fn apache(text: &str) -> Loaded {
        Loaded::of(&Apache, "/etc/apache2/apache2.conf", &format!("LoadModule ssl_module x.so\n{text}"))
    }

    fn of(service: &dyn Service, main: &str, text: &str) -> Loaded {
        let system = MemorySystem::with_files([(main, text)]);
        let facts = Facts::unknown();
        let mut sources = SourceMap::default();
        let resolved = service.load(Path::new(main), World { system: &system, facts: &facts }, &mut sources);
        Loaded { resolved, sources }
    }

    /// The problems, each with its line.
    fn problems(&self) -> Vec<(u32, &str)> {
        let problems = &self.resolved.instance().problems;
        let line = |problem: &tlsmend::instance::Problem| self.sources.line_column(problem.span.expect("a place")).line;
        problems.iter().map(|problem| (line(problem), problem.message.as_str())).collect()
    }

    fn addresses(&self) -> usize {
        let endpoints = &self.resolved.instance().endpoints;
        endpoints.iter().map(|endpoint| endpoint.address.to_string()).collect::<BTreeSet<_>>().len()
    }

    fn ask(&self, ip: [u8; 4], port: u16, sni: Option<&str>) -> Option<Response> {
        let target = Destination::Ip(ip.into(), port);
        self.resolved.ask(&Question { target, transport: Transport::Stream, sni: sni.map(str::to_owned) })
    }

    fn versions(&self, ip: [u8; 4], port: u16, sni: Option<&str>) -> Option<VersionSet> {
        let answer = self.ask(ip, port, sni)?.answer;
        (answer.speaks == Speaks::Tls).then_some(answer.configured.value)
    }

    fn is_unknown(&self, ip: [u8; 4], port: u16) -> bool {
        self.ask(ip, port, None)
            .is_some_and(|response| response.answer.speaks == Speaks::Unknown && !response.answer.unknown.is_empty())
    }

    /// Claims nothing of its settings, and mends none.
    fn keeps_quiet(&self) {
        for (id, setting) in self.resolved.instance().settings.iter().enumerate() {
            assert_eq!(setting.dead, None, "{}", setting.scope);
            let setting = SettingId(id as u32);
            let change = Change::Adjust { setting, remove: OLD, add: VersionSet::of(&[Version::Tls1_2]) };
            let said = self.resolved.lower(&change, &self.sources).expect_err("nothing is mended");
            assert_eq!(said, LowerError::TooManyAddresses);
        }
    }
}

#[test]
fn nginx_ranges_of_ports() {
    let whole = Loaded::nginx(&format!("server {{ listen 1-{ADDRESSES} ssl; ssl_protocols TLSv1; }}\n"));
    assert_eq!((whole.addresses(), whole.problems()), (ADDRESSES, vec![]));
    assert_eq!(whole.versions([10, 0, 0, 1], 5000, None), Some(OLD));
    assert!(whole.ask([10, 0, 0, 1], 5001, None).is_none());

    let cut = Loaded::nginx(
        "server { listen 127.0.0.1:60000 ssl; server_name z; ssl_protocols TLSv1.1; }\n\
         server { listen 1-65535 ssl; listen [::]:1-65535 ssl; server_name a b c d e f g h; ssl_protocols TLSv1; }\n\
         server { listen 127.0.0.1:60000 ssl; listen 127.0.0.2:60000 ssl; server_name y; ssl_protocols TLSv1.2; }\n",
    );
    assert_eq!(cut.addresses(), ADDRESSES);
    let problems = cut.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].0, 6);
    assert!(problems[0].1.starts_with("too many addresses: 0.0.0.0:5000 and those after it"), "{problems:?}");
    // A server that comes later to an address that is there counts (by name or by default, as the version has it).
    let either = VersionSet::of(&[Version::Tls1_1, Version::Tls1_2]);
    assert_eq!(cut.versions([127, 0, 0, 1], 60000, Some("y")), Some(either));
    assert_eq!(cut.versions([127, 0, 0, 1], 60000, None), Some(VersionSet::of(&[Version::Tls1_1])));
    // 127.0.0.2:60000 was left out. So may be any address behind a wildcard's, even where that is known.
    assert!(cut.is_unknown([127, 0, 0, 2], 60000) && cut.is_unknown([10, 0, 0, 1], 80));
    assert_eq!(cut.versions([0, 0, 0, 0], 80, None), Some(OLD), "the wildcard itself is known");
    cut.keeps_quiet();
}

#[test]
fn nginx_more_than_any_memory_holds() {
    let mut servers = String::new();
    for number in 0..200 {
        writeln!(servers, "server {{ listen 1-65535 ssl; server_name s{number}; ssl_protocols TLSv1; }}").unwrap();
    }
    let none = Loaded::nginx(&servers);
    assert_eq!(none.addresses(), 0);
    let problems = none.problems();
    assert_eq!((problems.len(), problems[0].0), (1, 5), "{problems:?}");
    assert!(problems[0].1.contains("none of them was looked at"), "{problems:?}");
    assert!(none.is_unknown([10, 0, 0, 1], 80));
    none.keeps_quiet();
}

#[test]
fn nginx_says_once_what_is_the_same_for_each_port() {
    let twice = Loaded::nginx(
        "server { listen 1-100 ssl default_server; listen 1-100 ssl; }\n\
         server { listen 1-100 ssl default_server; }\n",
    );
    assert_eq!(
        twice.problems(),
        [(5, "a duplicate listen 0.0.0.0:1"), (6, "a duplicate default server for 0.0.0.0:1")]
    );
}

#[test]
fn apache_many_listeners() {
    let text = |listeners: usize, hosts: usize| {
        let mut text = String::new();
        for port in 1..=listeners {
            writeln!(text, "Listen {port}").unwrap();
        }
        for number in 0..hosts {
            let inside = "SSLEngine on\nSSLCertificateFile c.pem\nSSLProtocol TLSv1";
            writeln!(text, "<VirtualHost *:*>\nServerName s{number}.test\n{inside}\n</VirtualHost>").unwrap();
        }
        text
    };
    let whole = Loaded::apache(&text(ADDRESSES, 1));
    assert_eq!((whole.addresses(), whole.problems()), (ADDRESSES, vec![]));
    assert_eq!(whole.versions([10, 0, 0, 1], 5000, Some("s0.test")), Some(OLD));

    let cut = Loaded::apache(&text(ADDRESSES + 2, 1));
    assert_eq!(cut.addresses(), ADDRESSES);
    let problems = cut.problems();
    assert_eq!((problems.len(), problems[0].0), (1, 5002), "{problems:?}");
    assert!(problems[0].1.starts_with("too many addresses: *:5001 and those after it"), "{problems:?}");
    assert_eq!(cut.versions([10, 0, 0, 1], 5000, Some("s0.test")), Some(OLD));
    assert!(cut.is_unknown([10, 0, 0, 1], 5001) && cut.is_unknown([10, 0, 0, 1], 5002));
    assert!(cut.ask([10, 0, 0, 1], 5003, None).is_none(), "nothing listens there, that is known");
    cut.keeps_quiet();

    // Few addresses with many names each.
    let names = 2_000;
    let cut = Loaded::apache(&text(200, names));
    let fit = ENDPOINTS.div_ceil(names + 1);
    assert_eq!(cut.addresses(), fit);
    assert!(cut.is_unknown([10, 0, 0, 1], fit as u16 + 1));
    cut.keeps_quiet();
}

#[test]
fn the_exit_status_shows_it() {
    let root = tempfile::tempdir().expect("a directory");
    let main = root.path().join("etc/nginx/nginx.conf");
    fs::create_dir_all(main.parent().unwrap()).unwrap();
    let text = "events {}\nhttp {\n server { listen 1-5001 ssl; ssl_protocols TLSv1.2 TLSv1.3; }\n}\n";
    fs::write(&main, text).unwrap();
    let root = root.path().display().to_string();
    let audit = run(&["audit", "--root", &root]);
    assert_eq!(audit.status, 3, "{}", audit.screen());
    assert!(audit.screen().contains("too many addresses: 0.0.0.0:5001"), "{}", audit.screen());
    assert_eq!(run(&["why", "10.0.0.1:5001", "--root", &root]).status, 3);
    assert_eq!(fs::read_to_string(&main).unwrap(), text);
}
