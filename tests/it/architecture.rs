//! Imports run downwards only (docs/architecture.md).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tlsmend::catalog;

/// The modules of the library, and what each may import. `services` below stands for the parts that all services
/// share; a service may import those and never another service.
const ALLOWED: &[(&str, &[&str])] = &[
    ("catalog", &["finding"]),
    ("lock", &[]),
    ("hands", &["lock"]),
    ("sanitise", &[]),
    ("spelling", &[]),
    ("tls", &[]),
    ("topic", &[]),
    ("release", &[]),
    ("source", &[]),
    ("endpoint", &["instance", "source", "tls", "topic"]),
    ("instance", &["endpoint", "source", "tls", "trust"]),
    ("edit", &["endpoint", "source", "tls"]),
    ("finding", &["edit", "source", "tls", "topic"]),
    ("trust", &[]),
    ("system", &["trust"]),
    ("transaction", &["system", "trust"]),
    ("openssl", &["release", "system", "tls", "topic"]),
    ("probe", &["hands", "lock", "tls"]),
    ("host", &["instance", "openssl", "release", "spelling", "system", "tls", "trust"]),
    (
        "services",
        &["edit", "endpoint", "host", "instance", "openssl", "release", "source", "system", "tls", "topic", "trust"],
    ),
    ("policy", &["catalog", "endpoint", "finding", "sanitise", "services", "source", "spelling", "tls"]),
    ("baseline", &["finding", "source", "tls"]),
    ("rules", &["catalog", "edit", "endpoint", "finding", "instance", "policy", "source", "tls", "topic", "trust"]),
    (
        "report",
        &[
            "catalog", "edit", "endpoint", "finding", "instance", "probe", "sanitise", "services", "source", "tls",
            "verify",
        ],
    ),
    ("discover", &["instance", "services", "source", "system"]),
    (
        "engine",
        &[
            "baseline", "catalog", "discover", "edit", "endpoint", "finding", "host", "instance", "policy", "rules",
            "services", "source", "system", "tls", "topic", "trust",
        ],
    ),
    ("plan", &["edit", "endpoint", "engine", "finding", "host", "instance", "source", "system", "tls"]),
    (
        "verify",
        &[
            "catalog", "endpoint", "engine", "finding", "hands", "host", "instance", "policy", "probe", "rules",
            "services", "source", "system", "tls", "trust",
        ],
    ),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The first two names of each path that begins with `crate::`, outside of tests.
fn imports(text: &str) -> BTreeSet<(String, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let first = name(rest);
        let after = rest[first.len()..].strip_prefix("::").unwrap_or_default();
        match after.strip_prefix('{').and_then(|list| list.split_once('}')) {
            Some((list, _)) => found.extend(list.split(',').map(|n| (first.clone(), name(n.trim())))),
            None => {
                found.insert((first, name(after)));
            }
        }
    }
    found
}

#[test]
fn imports_run_downwards() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in files(&source) {
        let inside = path.strip_prefix(&source).expect("below src").to_owned();
        let parts: Vec<String> =
            inside.iter().map(|p| p.to_string_lossy().trim_end_matches(".rs").to_owned()).collect();
        let module = parts[0].as_str();
        let text = std::fs::read_to_string(&path).expect("a source file");
        if inside.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs") {
            continue;
        }
        for (first, second) in imports(&text) {
            let fine = match module {
                // The top: the list of modules, the program, the command line.
                "lib" | "main" | "cli" => true,
                _ if first == module => module != "services" || same_service(&parts, &second),
                _ => allowed.get(module).is_some_and(|a| a.contains(&first.as_str())),
            };
            if !fine {
                wrong.push(format!("src/{} imports crate::{first}::{second}", inside.display()));
            }
        }
        assert!(
            matches!(module, "lib" | "main" | "cli") || allowed.contains_key(module),
            "src/{} belongs to no layer: add it to the list",
            inside.display()
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of a service that a file imports: `super::name` and the names in `super::{...}`, tests left out.
fn siblings(text: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split("super::").skip(1) {
        let list = rest.strip_prefix('{').and_then(|list| list.split_once('}')).map(|(list, _)| list);
        for part in list.map_or_else(|| vec![rest], |list| list.split(',').collect()) {
            let name = part.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
            found.extend(Some(name).filter(|name| known.contains(name)));
        }
    }
    found
}

#[test]
fn no_file_of_a_service_imports_in_a_circle() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services");
    for service in ["nginx", "apache"] {
        let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let paths = files(&services.join(service));
        // mod.rs is above all others; that they name the service (`ID`) is no circle.
        let known: BTreeSet<String> = paths.iter().map(|path| name(path)).filter(|name| name != "mod").collect();
        let text = |path: &PathBuf| std::fs::read_to_string(path).expect("a source file");
        let mut left: BTreeMap<String, BTreeSet<String>> =
            paths.iter().map(|path| (name(path), siblings(&text(path), &known))).collect();
        assert!(left.values().map(BTreeSet::len).sum::<usize>() > 50, "imports are found");
        // Files that import nothing that is left go, until none is left; a circle stays.
        loop {
            let free: Vec<String> =
                left.iter().filter(|(_, uses)| uses.is_empty()).map(|(name, _)| name.clone()).collect();
            if free.is_empty() {
                break;
            }
            for name in free {
                left.remove(&name);
                for uses in left.values_mut() {
                    uses.remove(&name);
                }
            }
        }
        assert!(left.is_empty(), "{service}: a circle in {left:?}");
    }
}

/// Within `services` a service sees itself and what all share.
fn same_service(parts: &[String], imported: &str) -> bool {
    let shared = [
        "service",
        "tree",
        "align",
        "glob",
        "include",
        "limits",
        "place",
        "trail",
        "unread",
        "numeric",
        "named_file",
        "expression",
        "pcre",
        "userinfo",
    ];
    match parts.get(1).map(String::as_str) {
        Some("mod") => true,
        Some(own) if !shared.contains(&own) => imported == own || shared.contains(&imported),
        _ => shared.contains(&imported),
    }
}

/// Files outside of the services' own folders that name software: the list of services itself, the programs that write
/// configurations of others, words that such programs use, and samples.
const MAY_NAME_SERVICES: &[&str] = &[
    "services/mod.rs",
    "host/managed/signs.rs",
    "host/managed/header.rs",
    "report/secrets/forms.rs",
    "cli/args/mod.rs",
    "cli/args/servers.rs",
    "cli/args/verify.rs",
];

/// What is known of one piece of software lies in its folder; another service is another folder.
#[test]
fn a_service_is_named_in_its_own_folder_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let names = ["nginx", "apache", "httpd"];
    let mut wrong = Vec::new();
    for path in files(&source) {
        let inside = path.strip_prefix(&source).expect("below src");
        let shown = inside.to_string_lossy().into_owned();
        let is_test = inside.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs");
        let is_own = shown.starts_with("services/nginx/") || shown.starts_with("services/apache/");
        if is_test || is_own || MAY_NAME_SERVICES.contains(&shown.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let lower = line.to_ascii_lowercase();
            let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
            if words.any(|word| names.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()))) {
                wrong.push(format!("src/{shown}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_parsers_know_pest() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in files(&source) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let parser = path.file_name().is_some_and(|n| n == "parse.rs");
        assert!(parser || !text.contains("use pest"), "{} knows pest", path.display());
    }
}

/// The names in a folder.
fn files_of(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Reading is for everybody, writing for few: `system` itself, `transaction`, and `cli`, which hands one to the other.
#[test]
fn only_transactions_write() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in files(&source) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let inside = path.strip_prefix(&source).expect("below src");
        let writes = text.contains("OsDisk") || text.contains("WritableSystem");
        let may = ["system", "transaction", "cli"].iter().any(|module| inside.starts_with(module));
        assert!(may || !writes, "{} writes", path.display());
        let syscalls = text.contains("rustix::fs");
        assert!(!syscalls || inside.starts_with("system"), "{} calls the file system by itself", path.display());
    }
}

/// Calls by which the program acts on its machine without asking another module.
const ACTS: &[&str] = &[
    "std::fs",
    "use std::net::{TcpStream",
    "UdpSocket::bind",
    "rustix::fs",
    "rustix::net",
    "tempfile::",
    "walkdir::",
    "Command::new",
    "kill_process",
    "pidfd",
    "libc::",
    "signal_hook",
    "ToSocketAddrs",
    // Methods of paths, which look at the machine without a name of `std::fs`.
    ".read_link()",
    ".canonicalize()",
    ".symlink_metadata()",
    ".metadata()",
    ".try_exists()",
    ".read_dir()",
    ".is_symlink()",
    ".is_file()",
    ".is_dir()",
    ".exists()",
];

/// docs/safety.md lists every place that opens, writes, runs, signals or connects to something.
#[test]
fn every_place_that_acts_is_listed_with_its_guard() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/safety.md")).expect("the page");
    let (_, table) = page.split_once("### Every place that acts").expect("the section");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<&str> = rows.filter_map(|row| row.split_once('`').map(|(file, _)| file)).collect();
    let mut found = BTreeSet::new();
    for path in files(&root.join("src")) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let of_tests = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        if !of_tests && ACTS.iter().any(|call| code.contains(call)) {
            found.insert(path.strip_prefix(root).expect("below the root").display().to_string());
        }
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, listed, "docs/safety.md, Every place that acts");
}

/// One door to the terminal: what passes it is harmless (`tests/it/terminal.rs`).
#[test]
fn only_the_screen_writes_to_the_terminal() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let door = source.join("cli/screen.rs");
    for path in files(&source).into_iter().filter(|path| *path != door) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let bypasses = [
            "io::stdout",
            "io::stderr",
            "anstream::std",
            "print!(",
            "println!(",
            "eprint!(",
            "eprintln!(",
            "dbg!(",
            "/dev/tty",
        ];
        let bypass = bypasses.iter().find(|bypass| text.contains(**bypass));
        assert!(bypass.is_none(), "{} has {bypass:?}", path.display());
    }
    let door = std::fs::read_to_string(door).expect("a source file");
    assert_eq!(door.matches("io::stdout()").count() + door.matches("io::stderr()").count(), 8, "each is guarded");
    // What is said to people goes through a message, which ends no line that it did not begin.
    let output = std::fs::read_to_string(source.join("cli/output.rs")).expect("a source file");
    for says in [
        "tell(message: impl Into<Message>)",
        "ask(question: impl Into<Message>)",
        "remark(message: impl Into<Message>)",
    ] {
        assert!(output.contains(says), "{says}");
    }
}

/// Types that hold what files say.
const RAW: &[&str] = &[
    "SourceMap",
    "Finding",
    "Observed",
    "Problem",
    "Instance",
    "Answer",
    "Unknown",
    "Uncovered",
    "ManagedFile",
    "Changed",
    "Verified",
    "FactsView",
];

/// What reports are made of comes through the door that masks secrets: only that can make a `Shown`, and the views of
/// reports hold what files say as nothing else.
#[test]
fn reports_get_what_files_say_through_the_door_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for path in files(&source.join("report")) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        for view in text.split("\npub struct ").skip(1) {
            let (name, rest) = view.split_once(' ').expect("a name");
            let name = name.split('<').next().expect("a name");
            if !["AuditView", "ProbeView", "Probed", "VerifyView", "WhyView", "Frame", "Texts", "Extra"].contains(&name)
            {
                continue;
            }
            let body = rest.split("\n}").next().unwrap_or_default();
            for field in body.lines().map(str::trim).filter(|line| line.starts_with("pub ")) {
                let mut words = field.split(|c: char| !c.is_alphanumeric());
                let is_raw = words.any(|word| RAW.contains(&word));
                seen += usize::from(is_raw);
                assert!(!is_raw || field.contains("Shown<"), "{}: {name} has `{field}`", path.display());
            }
        }
    }
    assert!(seen > 10, "only {seen} fields were looked at");
    let door = source.join("report/secrets/shown.rs");
    for path in files(&source).into_iter().filter(|path| *path != door) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        // Whether secrets are shown is the user's choice, which `cli` knows and no format.
        let chooses = text.contains("Shown::of(");
        assert!(!chooses || is_test || path.starts_with(source.join("cli")), "{} shows secrets", path.display());
    }
    // The rows of pipelines are harmless by their type too; only a fingerprint is made here.
    let rows = std::fs::read_to_string(source.join("report/issue/mod.rs")).expect("a source file");
    for name in ["Place<'a>", "Issue<'a>"] {
        let (_, fields) = rows.split_once(&format!("pub(super) struct {name} {{")).expect("a struct");
        let fields = fields.split("\n}").next().unwrap_or_default();
        assert!(fields.contains("SafeLine"), "{name}");
        let loose = fields.lines().find(|line| line.contains("String") && !line.contains("fingerprint"));
        assert!(loose.is_none(), "{name} has `{loose:?}`");
    }
    let door = std::fs::read_to_string(door).expect("a source file");
    assert!(door.contains("pub struct Shown<T>(T);"), "what is inside is nobody else's to make");
}

#[test]
fn every_service_and_rule_is_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for service in tlsmend::services::all() {
        let id = service.id().0;
        for path in [format!("grammars/{id}.pest"), format!("docs/services/{id}.md"), format!("fixtures/truth/{id}")] {
            assert!(root.join(&path).exists(), "{path} is missing");
        }
    }
    for rule in &catalog::RULES {
        let path = format!("docs/rules/{}.md", rule.id);
        let page = std::fs::read_to_string(root.join(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(page, rule.page, "{path}");
        assert!(page.starts_with(&format!("# {}\n\n", rule.id)), "{path}: the title");
        let summary = rule.summary();
        assert!(!summary.contains('\n') && summary.ends_with('.') && !summary.starts_with('#'), "{path}: {summary}");
        let heads: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(heads, rule.heads(), "{path}");
        for head in heads {
            assert!(rule.section(head).is_some_and(|text| !text.is_empty()), "{path}: {head}");
        }
    }
    for rule in catalog::weighed() {
        assert!(tlsmend::policy::Policy::default_text().contains(rule.id.0), "the policy does not know {}", rule.id);
    }
    let names: Vec<&str> = catalog::RULES.iter().map(|rule| rule.id.0).collect();
    assert!(names.is_sorted(), "{names:?}");
    let pages = files_of(&root.join("docs/rules"));
    assert_eq!(pages, names.iter().map(|name| format!("{name}.md")).collect::<Vec<_>>(), "pages without a rule");
}

/// The walk of the manual names folders, files, functions and types of the source: each is there.
#[test]
fn the_walk_names_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = std::fs::read_to_string(root.join("docs/architecture.md")).expect("the manual");
    let walk = manual.split("\n## A walk\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the walk");
    let named: Vec<&str> = walk.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(named.len() > 40, "{named:?}");
    let mut missing = Vec::new();
    for name in named {
        let (place, item) = name.rsplit_once("::").expect("a path");
        let place = root.join("src").join(place.replace("::", "/"));
        let texts = match place.is_dir() {
            true => files(&place),
            false => vec![place.with_extension("rs")],
        };
        let has = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let declares = |kind: &str| {
                let declared = format!("{kind} {item}");
                let mut found = text.match_indices(&declared).map(|(at, found)| at + found.len());
                found.any(|end| !text[end..].starts_with(|next: char| next.is_alphanumeric() || next == '_'))
            };
            ["fn", "struct", "enum", "trait", "static", "mod"].into_iter().any(declares)
        };
        if !texts.iter().any(has) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "the walk of docs/architecture.md names what is not there: {missing:?}");
}
