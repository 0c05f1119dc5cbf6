//! Apache httpd: the truth cases, one by one.

use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use support::case::{self, Case, Expected};
use tlsmend::edit::{Change, Edit};
use tlsmend::endpoint::{Address, Answer, Endpoint, Role, SettingId, Speaks, Transport};
use tlsmend::host::Facts;
use tlsmend::services::apache::{self, Apache};
use tlsmend::services::service::{Destination, Question, Resolved, Service, World};
use tlsmend::source::SourceMap;
use tlsmend::system::{MemorySystem, Overlay, System};
use tlsmend::tls::{Version, VersionSet};

/// A case as a host, its facts, and the main file.
struct Host {
    system: MemorySystem,
    facts: Facts,
    main: PathBuf,
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
            let library = &mut facts.of_mut(apache::ID).library;
            library.system = case.read_configuration(&system, path.as_ref(), library);
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
    Question {
        target: Destination::Ip(address.ip(), address.port()),
        transport: Transport::Stream,
        sni: expected.sni.clone(),
    }
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
            let fits = expected.speaks().is_none_or(|expected| speaks == expected)
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
            let upstreams = || instance.endpoints.iter().filter(|endpoint| endpoint.role == Role::Upstream);
            let exact = upstreams().find(|endpoint| *endpoint.address == address);
            let variable = |endpoint: &&Endpoint| endpoint.address.to_string().contains(['$', '%']);
            // Where no connection came, an endpoint may only be one that is not sure.
            let is_sure = |endpoint: &Endpoint| endpoint.answer.unknown.is_empty();
            if expected.accepts.is_empty() && !exact.is_some_and(is_sure) {
                agreed += 1;
                continue;
            }
            let found = exact.or_else(|| upstreams().find(variable));
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
    check("apache", 967);
}

#[test]
fn endpoints_are_what_httpd_2_4_41_gave() {
    check("apache-2.4.41", 49);
}

/// A configuration after fixes: its files, as far as they changed.
type Contents = BTreeMap<PathBuf, Vec<u8>>;

fn splice(sources: &SourceMap, contents: &mut Contents, mut edits: Vec<Edit>) {
    edits.sort();
    edits.dedup();
    for pair in edits.windows(2) {
        assert!(pair[0].span.file != pair[1].span.file || pair[0].span.end <= pair[1].span.start, "{edits:?}");
    }
    for edit in edits.iter().rev() {
        let file = sources.file(edit.span.file);
        let bytes = contents.entry(file.path().to_owned()).or_insert_with(|| file.bytes().to_vec());
        bytes.splice(edit.span.range(), edit.replacement.iter().copied());
    }
}

/// Lowers what a rule would want for every endpoint until there is nothing left to do, and tells what is left.
fn mend(host: &Host) -> (Contents, Result<(), String>) {
    let old = VersionSet::range(Version::Ssl2, Version::Tls1_1);
    let new = VersionSet::range(Version::Tls1_2, Version::Tls1_3);
    let mut contents = Contents::new();
    for _ in 0..20 {
        let mut sources = SourceMap::default();
        let overlay = Overlay::new(&host.system, &contents);
        let resolved = host.load(&overlay, &mut sources);
        let instance = resolved.instance();
        let wrong = |endpoint: &Endpoint| {
            let answer = &endpoint.answer;
            let configured = answer.configured.value;
            let judged = answer.speaks == Speaks::Tls && answer.unknown.is_empty();
            judged && (!configured.and(old).is_empty() || !new.is_subset(configured))
        };
        let mut edits = Vec::new();
        let mut reasons = BTreeSet::new();
        let mut declared = false;
        for (index, endpoint) in instance.endpoints.iter().enumerate().filter(|(_, endpoint)| wrong(endpoint)) {
            let mut changes: Vec<Change> = Vec::new();
            if endpoint.answer.deciders.is_empty() && !declared {
                declared = true;
                changes.push(Change::Declare { endpoint: index, versions: new });
            }
            let adjust = |setting: &SettingId| Change::Adjust { setting: *setting, remove: old, add: new };
            changes.extend(endpoint.answer.deciders.iter().map(adjust));
            for change in changes {
                match resolved.lower(&change, &sources) {
                    Ok(fix) => edits.extend(fix.edits),
                    Err(reason) => drop(reasons.insert(reason.to_string())),
                }
            }
        }
        if edits.is_empty() {
            let left = instance.endpoints.iter().any(wrong);
            let reasons: Vec<String> = reasons.into_iter().collect();
            return (contents.clone(), if left { Err(reasons.join("; ")) } else { Ok(()) });
        }
        let mut next = contents.clone();
        splice(&sources, &mut next, edits);
        contents = next;
    }
    (contents, Err("does not converge".to_owned()))
}

#[test]
fn fixes_converge_and_break_nothing() {
    let mut failures = String::new();
    let (mut mended, mut given_up) = (0, Vec::new());
    for case in case::all("apache").into_iter().chain(case::all("apache-2.4.41")).filter(|case| case.valid) {
        let host = Host::of(&case);
        let (contents, result) = mend(&host);
        let mut sources = SourceMap::default();
        let overlay = Overlay::new(&host.system, &contents);
        let resolved = host.load(&overlay, &mut sources);
        for problem in &resolved.instance().problems {
            let _ = writeln!(failures, "{}: a fix brings: {}", case.name, problem.message);
        }
        let tls = |resolved: &dyn Resolved| {
            let endpoints = resolved.instance().endpoints.iter();
            endpoints.map(|e| (e.address.clone(), e.name.clone(), e.answer.speaks)).collect::<Vec<_>>()
        };
        let before = host.load(&host.system, &mut SourceMap::default());
        if tls(&*before) != tls(&*resolved) {
            let _ = writeln!(failures, "{}: a fix changes the endpoints", case.name);
        }
        match result {
            Ok(()) => mended += 1,
            Err(reason) => given_up.push(format!("{}: {reason}", case.name)),
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(
        given_up,
        [
            "macro-nested-use: the value is handed on from macro to macro without quotes",
            "syscnf-protocol-no-13: the line itself needs no change",
            "var-env: the value comes from the environment variable TLS_SET",
            "var-escaped-dollar-not-supported: the value is that of a variable or macro that other directives use too",
            "var-undefine-falls-back-to-env: the value comes from the environment variable TLS_SET",
        ]
    );
    assert_eq!(mended, 781);
}

#[test]
fn files_print_back() {
    for case in case::all("apache").into_iter().chain(case::all("apache-2.4.41")) {
        let host = Host::of(&case);
        let mut sources = SourceMap::default();
        host.load(&host.system, &mut sources);
        for (_, file) in sources.iter() {
            let tree = tlsmend::services::apache::parse(file.bytes());
            assert_eq!(tree.print(file.bytes()), file.bytes(), "{}", file.path().display());
            let white = |gap: &std::ops::Range<u32>| {
                let text = &file.bytes()[gap.start as usize..gap.end as usize];
                text.iter().all(|b| b.is_ascii_whitespace() || *b == 0x0b)
            };
            assert!(tree.find_gaps(file.bytes().len() as u32).iter().all(white), "{}", file.path().display());
        }
    }
}
