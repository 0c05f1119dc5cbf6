//! Apache httpd: the truth cases, one by one.

mod support;

use std::fmt::Write;
use support::case::{self, Case, Expected};
use tlsmend::endpoint::{Address, Answer, Role};
use tlsmend::host::Facts;
use tlsmend::openssl::SystemDefault;
use tlsmend::services::apache::Apache;
use tlsmend::services::service::{Question, Resolved, Service, Target, World};
use tlsmend::source::SourceMap;
use tlsmend::system::{MemorySystem, System};
use tlsmend::tls::{Version, VersionSet};

/// A case as a host, its facts, and the main file.
struct Host {
    system: MemorySystem,
    facts: Facts,
    main: std::path::PathBuf,
}

impl Host {
    fn of(case: &Case) -> Host {
        let mut system = case.system();
        let mut facts = case.facts();
        let mut main = case.main_file();
        // `-C` and `-c` directives: what is read before the main file, and after it.
        let with = |option: &str| -> String {
            let pairs = case.args.windows(2).filter(|pair| pair[0] == option);
            pairs.fold(String::new(), |all, pair| all + &pair[1] + "\n")
        };
        if !case.args.is_empty() {
            let text = format!("{}Include {}\n{}", with("-C"), main.display(), with("-c"));
            main = main.with_file_name("command-line.conf");
            system.add_file(&main, text);
        }
        if let Some(path) = case.env.get("OPENSSL_CONF").filter(|path| !path.is_empty()) {
            let path = case.fill(path);
            facts.apache.library.system = SystemDefault::read(&system, path.as_ref(), &[]).0;
        }
        Host { system, facts, main }
    }

    fn load(&self, system: &dyn System, sources: &mut SourceMap) -> Box<dyn Resolved> {
        Apache.load(&self.main, World { system, facts: &self.facts }, sources)
    }
}

fn set(names: &[String]) -> VersionSet {
    names.iter().map(|name| Version::from_name(name.as_bytes()).expect("a version")).collect()
}

fn question(expected: &Expected) -> Question {
    let address: std::net::SocketAddr = expected.listen.parse().expect("an address");
    Question { target: Target::Ip(address.ip(), address.port()), sni: expected.sni.clone() }
}

fn show(case: &Case, expected: &Expected, answer: Option<&Answer>, sources: &SourceMap) -> String {
    let mut out = format!("{} ({})\n  {expected:?}\n", case.name, case.why);
    let Some(answer) = answer else { return out + "  nothing listens there\n" };
    let (speaks, configured, effective) = (answer.speaks, answer.configured.value, answer.effective);
    let _ = writeln!(out, "  {speaks:?}, configured {configured}, effective {effective:?}");
    for reason in &answer.configured.because {
        let place = reason.span.map(|span| {
            let (file, at) = (sources.file(span.file).path().display(), sources.line_column(span));
            format!("{file}:{}: {}", at.line, String::from_utf8_lossy(sources.text(span)))
        });
        let _ = writeln!(out, "    {:?}: {} ({})", reason.kind, reason.note, place.unwrap_or_default());
    }
    out
}

/// The case does not say which versions are configured, only which ones the security level lets through.
fn is_silent(case: &Case, expected: &Expected) -> bool {
    case.name.starts_with("seclevel-per-sni-vhost--") && expected.configured.is_none()
}

fn check(folder: &str, total: usize) {
    let mut failures = String::new();
    let mut agreed = 0;
    for case in case::all(folder) {
        let host = Host::of(&case);
        let mut sources = SourceMap::default();
        let resolved = host.load(&host.system, &mut sources);
        let instance = resolved.instance();
        if !case.valid {
            let doubts = instance.endpoints.iter().any(|endpoint| !endpoint.answer.unknown.is_empty());
            if instance.problems.is_empty() && instance.unknown.is_empty() && !doubts {
                let _ = writeln!(failures, "{} is not valid, and that was not seen", case.name);
            }
            continue;
        }
        for problem in &instance.problems {
            let place = problem.span.map(|span| sources.line_column(span).line);
            let _ = writeln!(failures, "{} is valid; line {place:?}: {}", case.name, problem.message);
        }
        for expected in &case.endpoints {
            let answer = resolved.ask(&question(expected)).map(|response| response.answer);
            let speaks = answer.as_deref().map_or("refused", |answer| answer.speaks.name());
            let fits = speaks == expected.speaks()
                && answer.as_deref().is_none_or(|answer| {
                    (answer.configured.value == set(expected.configured()) || is_silent(&case, expected))
                        && answer.effective.is_none_or(|versions| versions == set(&expected.accepts))
                });
            if fits {
                agreed += 1;
            } else {
                failures += &show(&case, expected, answer.as_deref(), &sources);
            }
        }
        for expected in &case.upstreams {
            let address = Address::Remote(format!("https://{}", expected.backend));
            let found = instance.endpoints.iter().find(|endpoint| *endpoint.address == address);
            let versions = found.map(|endpoint| (endpoint.role, endpoint.answer.effective));
            if versions == Some((Role::Upstream, Some(set(&expected.accepts)))) {
                agreed += 1;
            } else {
                let _ = writeln!(failures, "{}: {expected:?}, found {versions:?}", case.name);
            }
        }
    }
    assert!(failures.is_empty(), "{agreed} agree\n{failures}");
    assert_eq!(agreed, total, "endpoints in {folder}");
}

#[test]
fn endpoints_are_what_httpd_2_4_71_gave() {
    check("apache", 377);
}

#[test]
fn endpoints_are_what_httpd_2_4_41_gave() {
    check("apache-2.4.41", 49);
}
