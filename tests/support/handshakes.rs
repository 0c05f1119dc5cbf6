//! A probe and a verification made by hand, with servers and files that mean harm: what the reports of handshakes are
//! tested with where no server could answer the same twice.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tlsmend::catalog;
use tlsmend::endpoint::{Answer, Reason as Step, ReasonKind, Speaks, Traced, Unknown};
use tlsmend::finding::{Label, Observed, RuleId, Severity, Standing, Verdict};
use tlsmend::instance::{Problem, ServiceId};
use tlsmend::probe::client::{Certificate, Check, Handshake, Trust};
use tlsmend::probe::key::Agreement;
use tlsmend::probe::name::Name;
use tlsmend::probe::place::Place;
use tlsmend::probe::starttls::{self, StartTls};
use tlsmend::probe::target::Target;
use tlsmend::probe::{self, Depth, Hit, Order, Reason, Row, Scan, Trouble};
use tlsmend::report::probe::{Outcome, ProbeView, Probed};
use tlsmend::report::secrets::{Mask, Shown};
use tlsmend::report::verify::VerifyView;
use tlsmend::report::{Frame, Outcome as Ended, Paths, RuleText, Texts};
use tlsmend::rules;
use tlsmend::source::{SourceMap, Span};
use tlsmend::tls::{Version, VersionSet};
use tlsmend::topic::Topic;
use tlsmend::verify::{self, Checked, Expected, Left, Promise, Verified};

/// Markup, markers of workflows, an end of a script, and characters that turn a terminal or a reader around.
pub const EVIL: &str = "</script><img src=x onerror=window.evil=1>|`@team`\u{1b}[2J\u{202e}\n::error::x\"'&]]>";

/// What reports tell of some rules.
pub fn rule_texts(names: &[&str]) -> Vec<RuleText<'static>> {
    let text = |name: &&str| {
        let rule = catalog::find(name).unwrap_or_else(|| panic!("there is no rule {name}"));
        let (summary, reason, severity) = (rule.summary(), rule.reason(), rules::severity(rule));
        RuleText { id: rule.id.0, summary, reason, help: rule.page, severity }
    };
    names.iter().map(text).collect()
}

fn versions(names: &str) -> VersionSet {
    names.split_whitespace().map(|name| Version::from_name(name.as_bytes()).expect("a version")).collect()
}

/// A row for each version: accepted, inconclusive, or rejected.
pub fn scan(accepted: &str, open: &str) -> Scan {
    let (accepted, open) = (versions(accepted), versions(open));
    let row = |version: Version| Row {
        version,
        verdict: match () {
            () if accepted.has(version) => probe::Verdict::Accepted,
            () if open.has(version) => probe::Verdict::Inconclusive(Reason::Timeout),
            () => probe::Verdict::Rejected(Reason::Alert(70)),
        },
        suites: Vec::new(),
        kinds: Vec::new(),
        order: None,
        compression: None,
        complete: true,
        gap: None,
        notes: Vec::new(),
    };
    let rows = VersionSet::ALL.iter().map(row).collect();
    Scan { rows, trouble: None, connections: 7, elapsed: Duration::from_millis(40) }
}

fn troubled(trouble: Trouble) -> Scan {
    Scan { trouble: Some(trouble), ..scan("", "") }
}

fn target(label: &str, address: &str, name: Option<&str>) -> Target {
    let place: SocketAddr = address.parse().expect("an address");
    let name = name.map(|name| Name::parse(name).expect("a name"));
    Target { label: label.to_owned(), name, ..Target::at(Place::Ip(place)) }
}

fn observed(rule: &'static str, severity: Severity, verdict: Verdict, of: &str, message: &str) -> Observed {
    Observed {
        rule: RuleId(rule),
        standing: Standing::Open,
        severity,
        verdict,
        target: "127.0.0.1:443".to_owned(),
        versions: versions(of),
        message: message.to_owned(),
        primary: None,
        notes: Vec::new(),
        help: None,
    }
}

/// One target of a probe.
struct Asked {
    label: String,
    target: Option<Target>,
    scan: Option<Scan>,
    client: Option<Check>,
    observed: Shown<Vec<Observed>>,
    place: Option<Span>,
    spared: bool,
}

/// A probe of everything that can come of a target.
pub struct Probes {
    asked: Vec<Asked>,
    sources: Shown<SourceMap>,
    paths: Paths,
    rules: Vec<RuleText<'static>>,
}

fn certificate() -> Certificate {
    Certificate {
        subject: format!("CN={EVIL}"),
        issuer: "CN=Example Authority".to_owned(),
        names: vec!["www.example".to_owned(), EVIL.to_owned()],
        not_before: "2026-01-31T00:00:00Z".to_owned(),
        not_after: "2027-01-31T00:00:00Z".to_owned(),
        key: "EC 256".to_owned(),
        signature: "ecdsa-with-SHA256".to_owned(),
        chain: 2,
        self_signed: false,
    }
}

/// A client that gets nowhere.
fn dead() -> Check {
    let handshake = Handshake::Failed { why: EVIL.to_owned(), nothing_in_common: false };
    Check { handshake, certificate: None, trust: None }
}

impl Probes {
    pub fn new() -> Probes {
        let mut sources = SourceMap::default();
        let list = "# our servers\nwww.example\nold.example:8443   # the till\n";
        let file = sources.insert(PathBuf::from("/srv/checks/list"), list.as_bytes().to_vec());
        let place = |host: &str| {
            let start = list.find(host).expect("a host of the list") as u32;
            Some(Span::new(file, start, start + host.len() as u32))
        };
        let plain = |label: &str, target: Option<Target>, scan: Option<Scan>| Asked {
            label: label.to_owned(),
            target,
            scan,
            client: None,
            observed: Shown::default(),
            place: None,
            spared: false,
        };

        let mut good = scan("TLSv1.2 TLSv1.3", "");
        let suite = |suite, key| Hit { suite, key, compression: 0 };
        good.rows[4].suites = vec![suite(0xc02f, Some(Agreement::group(29))), suite(0x002f, None)];
        good.rows[4].order = Some(Order::Server);
        good.rows[5].suites = vec![suite(0x1301, Some(Agreement::group(29)))];
        let made = Handshake::Made {
            version: Version::Tls1_3,
            suite: 0x1301,
            group: Some(29),
            alpn: Some(EVIL.to_owned()),
            asked: true,
            refused: false,
        };
        let check = Check { handshake: made, certificate: Some(certificate()), trust: Some(Trust::Other(EVIL.into())) };

        let mut old = scan("SSLv2 TLSv1", "TLSv1.2");
        old.rows[0].kinds = vec!["SSL_CK_RC4_128_WITH_MD5"];
        old.rows[2].complete = false;
        let mail = Target {
            starttls: Some(StartTls::Smtp),
            ..target("mail.example:25", "192.0.2.3:25", Some("mail.example"))
        };

        let (local, older) = (Target::at(Place::Unix("/run/a b.sock".into())), scan("TLSv1.1", ""));

        let asked = vec![
            Asked {
                client: Some(check),
                place: place("www.example"),
                ..plain("www.example", Some(target("www.example", "192.0.2.1:443", Some("www.example"))), Some(good))
            },
            Asked {
                spared: true,
                place: place("www.example"),
                ..plain(
                    "www.example",
                    Some(target("www.example", "[2001:db8::1]:443", Some("www.example"))),
                    Some(troubled(Trouble::Unreachable(Reason::Unreachable(ErrorKind::NetworkUnreachable)))),
                )
            },
            Asked {
                place: place("old.example:8443"),
                observed: shown(vec![
                    Observed {
                        notes: vec!["the built-in policy requires this".to_owned()],
                        ..observed(
                            "missing-version",
                            Severity::Low,
                            Verdict::Missing,
                            "TLSv1.3",
                            "TLSv1.3 is not accepted",
                        )
                    },
                    Observed {
                        notes: vec!["the built-in policy forbids this".to_owned()],
                        ..observed(
                            "forbidden-version",
                            Severity::High,
                            Verdict::Exposed,
                            "SSLv2 TLSv1",
                            "SSLv2 and TLSv1 are accepted",
                        )
                    },
                ]),
                ..plain(
                    "old.example:8443",
                    Some(target("old.example:8443", "192.0.2.2:8443", Some("old.example"))),
                    Some(old),
                )
            },
            plain(
                "mail.example:25",
                Some(mail),
                Some(troubled(Trouble::StartTls(Reason::StartTls(starttls::Error::Refused(EVIL.to_owned()))))),
            ),
            Asked {
                observed: shown(verify::refused(&local.label, &older, &dead()).into_iter().collect()),
                client: Some(dead()),
                ..plain("unix:/run/a b.sock", Some(local), Some(older))
            },
            plain("gone.example", None, None),
        ];
        let names = ["forbidden-version", "inconclusive", "missing-version", "no-modern-version", "unreachable"];
        Probes { asked, sources: shown(sources), paths: Paths::below("/srv/checks"), rules: rule_texts(&names) }
    }

    pub fn view(&self) -> ProbeView<'_> {
        ProbeView {
            frame: frame(&self.sources, &self.paths, &self.rules),
            targets: self.asked.iter().map(Asked::probed).collect(),
            depth: Depth::Ciphers,
        }
    }
}

/// As it is.
fn shown<T: Mask>(value: T) -> Shown<T> {
    Shown::of(value, true)
}

/// What both reports have.
fn frame<'a>(sources: &'a Shown<SourceMap>, paths: &'a Paths, rules: &'a [RuleText<'a>]) -> Frame<'a> {
    Frame {
        texts: Texts { sources, paths },
        policy: "default",
        options: "",
        fail_on: Severity::Medium,
        outcome: Ended::Findings,
        host: None,
        rules,
    }
}

impl Asked {
    fn probed(&self) -> Probed<'_> {
        let outcome = match (&self.target, &self.scan) {
            (Some(target), Some(scan)) => Outcome::Scanned { target, scan, client: self.client.as_ref() },
            _ => Outcome::Unresolved("the name gone.example can't be resolved"),
        };
        Probed { label: &self.label, outcome, observed: &self.observed, place: self.place, spared: self.spared }
    }
}

/// A verification with everything that can come of a promise.
pub struct Promises {
    verified: Shown<Verified>,
    sources: Shown<SourceMap>,
    paths: Paths,
    problems: Shown<Vec<Problem>>,
    rules: Vec<RuleText<'static>>,
}

/// A configuration whose file, and what is in it, mean harm.
struct Configuration {
    sources: SourceMap,
    main: PathBuf,
    /// Where it listens.
    listen: Span,
    /// The line that decides.
    decides: Span,
    /// The line that decides nothing.
    dead: Span,
}

impl Configuration {
    fn new() -> Configuration {
        let mut sources = SourceMap::default();
        let text = format!(
            "http {{\n  server {{ listen 443 ssl; server_name a.example;\n    ssl_protocols TLSv1 TLSv1.2; # {} \n  }}\n  \
             ssl_protocols TLSv1.3;\n}}\n",
            EVIL.replace('\n', " ")
        );
        let main = PathBuf::from("/etc/nginx/<b>nginx.conf");
        let file = sources.insert(main.clone(), text.clone().into_bytes());
        let at = |needle: &str| {
            let start = text.find(needle).expect("a text of the file") as u32;
            Span::new(file, start, start + needle.len() as u32)
        };
        let (listen, decides) = (at("listen 443 ssl"), at("ssl_protocols TLSv1 TLSv1.2"));
        Configuration { listen, decides, dead: at("ssl_protocols TLSv1.3"), sources, main }
    }

    /// What it promises.
    fn answer(&self, unknown: Vec<Unknown>) -> Arc<Answer> {
        let because = vec![
            Step::at(ReasonKind::Listen, self.listen, "opens *:443"),
            Step::at(ReasonKind::Versions, self.decides, EVIL),
            Step::placeless(ReasonKind::Floor, "the TLS library allows all of them"),
        ];
        Arc::new(Answer {
            speaks: Speaks::Tls,
            configured: Traced { value: versions("TLSv1 TLSv1.2"), because },
            effective: Some(versions("TLSv1 TLSv1.2")),
            usable: None,
            refuses: false,
            deciders: Vec::new(),
            unknown,
        })
    }

    /// What came of it at a port, for a name.
    fn checked(
        &self,
        at: (u16, Option<&str>),
        scan: Scan,
        outcome: verify::Outcome,
        observed: Vec<Observed>,
    ) -> Checked {
        let address = format!("127.0.0.1:{}", at.0);
        let promise = Promise {
            target: target(&address, &address, at.1),
            expected: Expected::Exactly(versions("TLSv1 TLSv1.2")),
            nameless: None,
            service: ServiceId("nginx"),
            main: self.main.clone(),
            instance: 0,
            endpoint: 0,
            answer: self.answer(Vec::new()),
        };
        Checked { promise, scan, outcome, by_another: false, observed }
    }

    fn complaint(&self, rule: &'static str, of: &str, message: &str) -> Vec<Observed> {
        vec![Observed {
            primary: Some(Label { span: self.decides, text: "promised here".to_owned() }),
            notes: vec![format!("not reloaded: {EVIL}")],
            help: Some("reload nginx (tlsmend facts says how)".to_owned()),
            ..observed(rule, Severity::Medium, Verdict::Exposed, of, message)
        }]
    }

    /// One endpoint for each outcome, and some more.
    fn all(&self) -> Vec<Checked> {
        use verify::Outcome::{Agrees, Differs, Inconclusive, Mixed, Possible, Unreachable};
        let forbidden =
            || vec![observed("forbidden-version", Severity::High, Verdict::Exposed, "TLSv1", "TLSv1 is accepted")];
        let unknown = Unknown {
            topic: Topic::of("made-up"),
            span: Some(self.decides),
            what: EVIL.to_owned(),
            help: "say it".to_owned(),
        };
        let mut possible = self.checked((447, None), scan("TLSv1.2", ""), Possible, Vec::new());
        possible.promise.expected = Expected::AtMost(versions("TLSv1 TLSv1.2"));
        possible.promise.answer = self.answer(vec![unknown]);
        let no_server = Trouble::Unreachable(Reason::Unreachable(ErrorKind::ConnectionRefused));
        let differs = "TLSv1.3 is accepted, and not configured; TLSv1 is configured, and not accepted";
        let gone = "TLS is configured, and nothing answers";
        vec![
            self.checked((443, None), scan("TLSv1 TLSv1.2", ""), Agrees, forbidden()),
            self.checked((443, Some("a.example")), scan("TLSv1 TLSv1.2", ""), Agrees, forbidden()),
            self.checked(
                (444, Some("b.example")),
                scan("TLSv1.2 TLSv1.3", ""),
                Differs,
                self.complaint("drift", "TLSv1 TLSv1.3", differs),
            ),
            self.checked((445, None), scan("TLSv1.2", "TLSv1"), Inconclusive, Vec::new()),
            self.checked((446, None), scan("TLSv1.2", ""), Mixed, self.complaint("drift", "", "the answers change")),
            possible,
            self.checked((448, None), troubled(no_server), Unreachable, self.complaint("unreachable", "", gone)),
            self.checked((449, None), scan("TLSv1 TLSv1.2", ""), Agrees, Vec::new()),
        ]
    }
}

impl Promises {
    pub fn new() -> Promises {
        let configuration = Configuration::new();
        let main = &configuration.main;
        let message = "this ssl_protocols decides nothing";
        let shadowed = Observed {
            primary: Some(Label { span: configuration.dead, text: EVIL.to_owned() }),
            target: main.display().to_string(),
            ..observed("shadowed-directive", Severity::Low, Verdict::Shadowed, "TLSv1.3", message)
        };
        let left = |what: &str, why: &str, help: Option<&'static str>| Left {
            what: what.to_owned(),
            why: why.to_owned(),
            help,
            by_design: help.is_none(),
            main: Some(main.clone()),
        };
        let verified = Verified {
            checked: configuration.all(),
            left: vec![
                left("*:443, ~^<i>", "no name was found that this pattern matches", Some("--name adds one")),
                left("*:443, (no name)", "QUIC is not probed", None),
            ],
            dead: vec![shadowed],
            unexplained: Vec::new(),
            interrupted: true,
        };
        let problems = vec![
            Problem::with("/etc/nginx/more.conf", EVIL),
            Problem::at(configuration.listen, "something is not valid"),
        ];
        let names = [
            "drift",
            "forbidden-version",
            "inconclusive",
            "missing-version",
            "shadowed-directive",
            "union-or-override",
            "unreachable",
        ];
        let (sources, paths) = (shown(configuration.sources), Paths::absolute());
        Promises { verified: shown(verified), sources, paths, problems: shown(problems), rules: rule_texts(&names) }
    }

    pub fn view(&self) -> VerifyView<'_> {
        VerifyView {
            verified: &self.verified,
            frame: frame(&self.sources, &self.paths, &self.rules),
            problems: &self.problems,
        }
    }
}
