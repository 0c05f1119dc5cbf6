//! Plans of hosts that do not stand still.

use super::settle::settle;
use super::{Plan, Selection, UNSTEADY, plan_selected};
use crate::engine;
use crate::engine::Request;
use crate::host::Facts;
use crate::policy::Policy;
use crate::system::{Entry, FileIdentity, Kind, MemorySystem, System, Walk};
use crate::trust::Writers;
use proptest::prelude::*;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More questions than any plan of these hosts needs: eight audits for each of a dozen files, of a few hundred questions
/// each.
const MOST_QUESTIONS: usize = 100_000;

/// One state of a host.
#[derive(Clone, Debug)]
struct State {
    files: MemorySystem,
    /// A file that can't be read.
    closed: Option<&'static str>,
}

/// A host that goes through its states, again and again, each for some questions.
#[derive(Debug)]
struct Flickering {
    states: Vec<(State, usize)>,
    asked: AtomicUsize,
}

impl Flickering {
    /// The state that the next question meets.
    fn now(&self) -> &State {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(asked < MOST_QUESTIONS, "the plan does not end");
        let mut left = asked % self.states.iter().map(|(_, length)| length).sum::<usize>();
        for (state, length) in &self.states {
            if left < *length {
                return state;
            }
            left -= length;
        }
        unreachable!("the rest is smaller than the sum")
    }
}

impl System for Flickering {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let State { files, closed } = self.now();
        match closed {
            Some(closed) if Path::new(closed) == path => Err(io::Error::from_raw_os_error(13)),
            _ => files.read(path),
        }
    }
    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.now().files.kind(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.now().files.list(path)
    }
    fn canonical(&self, path: &Path) -> io::Result<std::path::PathBuf> {
        self.now().files.canonical(path)
    }
    fn walk(&self, path: &Path) -> Walk {
        self.now().files.walk(path)
    }
    fn writers(&self, path: &Path) -> io::Result<Writers> {
        self.now().files.writers(path)
    }
    fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
        self.now().files.is_hidden_from(path, who)
    }
    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.now().files.identity(path)
    }
}

const SITE: &str = "server { listen 443 ssl; ssl_certificate x; ssl_certificate_key y; server_name a.test; }\n";
/// What a file may hold from one moment to the next.
const TEXTS: [&str; 7] = [
    "",
    SITE,
    "server { listen 443 ssl; ssl_certificate x; ssl_certificate_key y; server_name b.test; ssl_protocols TLSv1; }\n",
    "server { listen 8443 ssl; ssl_certificate x; ssl_certificate_key y; ssl_protocols TLSv1 TLSv1.2; }\n",
    "ssl_protocols SSLv3;\n",
    "server { listen 443 ssl; \n",
    "include /srv/site/*.conf;\n",
];
const MAIN: [&str; 3] = [
    "events {}\nhttp {\n ssl_protocols TLSv1 TLSv1.2;\n include /srv/site/*.conf;\n}\n",
    "events {}\nhttp {\n include /srv/site/*.conf;\n include /srv/site/own;\n ssl_protocols TLSv1;\n}\n",
    "events {}\n",
];
const NAMES: [&str; 5] =
    ["/srv/site/a.conf", "/srv/site/b.conf", "/srv/site/own", "/etc/nginx/spare.conf", "/etc/apache2/apache2.conf"];

/// A host whose files hold those texts; a number too large: the file is not there.
fn state(main: usize, texts: &[usize], closed: Option<&'static str>) -> State {
    let mut files = MemorySystem::default();
    files.add_file("/etc/hostname", "x\n");
    if let Some(text) = MAIN.get(main) {
        files.add_file("/etc/nginx/nginx.conf", text);
    }
    for (name, text) in NAMES.iter().zip(texts) {
        if let Some(text) = TEXTS.get(*text) {
            files.add_file(name, text);
        }
    }
    State { files, closed }
}

fn states() -> impl Strategy<Value = Vec<(State, usize)>> {
    let closed = prop_oneof![4 => Just(None), 1 => prop::sample::select(&NAMES[..]).prop_map(Some)];
    let one = (0..MAIN.len() + 1, prop::collection::vec(0..TEXTS.len() + 2, NAMES.len()), closed)
        .prop_map(|(main, texts, closed)| state(main, &texts, closed));
    prop::collection::vec((one, 1..80_usize), 1..5)
}

/// A plan on a system as it is, which may change meanwhile.
fn bare(request: Request<'_>, selection: &Selection) -> Plan {
    settle(request, selection, engine::audit(request))
}

fn of(system: &dyn System, plan: fn(Request<'_>, &Selection) -> Plan) -> Plan {
    let (facts, policy) = (Facts::unknown(), Policy::default_profile());
    plan(Request::new(system, &facts, &policy), &Selection::default())
}

proptest! {
    /// The loop has a measure of its own: it does not rely on a host that stands still.
    #[test]
    fn planning_ends_whatever_the_host_does(states in states()) {
        let system = Flickering { states, asked: AtomicUsize::new(0) };
        let plan = of(&system, bare);
        prop_assert!(plan.contents.keys().all(|path| plan.before.sources.find(path).is_some()));
        prop_assert!(plan.unsteady.is_none() || plan.contents.is_empty());
    }

    #[test]
    fn a_plan_is_of_one_host(states in states()) {
        let system = Flickering { states: states.clone(), asked: AtomicUsize::new(0) };
        let plan = of(&system, plan_selected);
        prop_assert_eq!(&plan.unsteady, &None);
        // What is planned is made of texts that the host had, and a host that has others now is told apart.
        let now = &states[0].0.files;
        let same = plan.before.sources.iter().all(|(_, file)| {
            !file.path().is_absolute() || now.read(file.path()).is_ok_and(|bytes| bytes == file.bytes())
        });
        prop_assert_eq!(plan.changed_text(now).is_none(), same);
    }
}

/// A host of which the first audit sees the first state and every other one the second; and the two by themselves.
fn turning(first: &[usize], second: &[usize]) -> [Flickering; 3] {
    let [first, second] = [first, second].map(|texts| state(0, texts, None));
    let host = |states| Flickering { states, asked: AtomicUsize::new(0) };
    let counted = host(vec![(first.clone(), 1)]);
    let (facts, policy) = (Facts::unknown(), Policy::default_profile());
    let request = Request::new(&counted, &facts, &policy);
    crate::engine::audit(request);
    let questions = counted.asked.into_inner();
    let turning = vec![(first.clone(), questions), (second.clone(), MOST_QUESTIONS)];
    [host(turning), host(vec![(first, 1)]), host(vec![(second, 1)])]
}

#[test]
fn a_file_that_is_gone_for_the_second_audit() {
    let files = [&[1, 9, 9, 9, 9], &[9, 9, 9, 9, 9]];
    let [host, ..] = turning(files[0], files[1]);
    let plan = of(&host, bare);
    assert_eq!((plan.contents.len(), plan.unsteady.as_deref()), (0, Some(UNSTEADY)));
    let [host, old, new] = turning(files[0], files[1]);
    let plan = of(&host, plan_selected);
    assert_eq!((&plan.contents, plan.contents.len()), (&of(&old, plan_selected).contents, 1));
    assert_eq!(plan.change(&old), None);
    let (path, _) = plan.change(&new).expect("the host has changed");
    assert_eq!(path, Path::new(NAMES[0]));
}

#[test]
fn a_file_that_is_new_for_the_second_audit() {
    let [host, old, new] = turning(&[1, 9, 9, 9, 9], &[1, 2, 9, 9, 9]);
    let plan = of(&host, plan_selected);
    assert_eq!(plan.contents, of(&old, plan_selected).contents);
    assert_eq!((plan.changed_text(&new), plan.change(&old)), (None, None));
    let (path, _) = plan.change(&new).expect("the host has changed");
    assert_eq!(path, Path::new("/srv/site"));
}

/// Files that are refused one after another do not take an audit each.
#[test]
fn a_thousand_reasons_to_refuse_do_not_make_a_thousand_turns() {
    let policy = "overrides:\n  - {match: {address: 127.0.0.2}, forbid: [SSLv2], require: [TLSv1.2], recommend: []}\n";
    let policy = Policy::parse(policy, "p.yaml").expect("a policy");
    let questions = |sites: usize| {
        let mut files = MemorySystem::default();
        files.add_file("/etc/nginx/nginx.conf", "events {}\nhttp { include sites/*; }\n");
        for site in 0..sites {
            // What the first address needs would change the second one.
            let port = 1000 + site;
            let listen = format!("listen 127.0.0.1:{port} ssl; listen 127.0.0.2:{port} ssl;");
            let text = format!(
                "server {{ {listen} ssl_certificate x; ssl_certificate_key y;\n ssl_protocols TLSv1 TLSv1.2; }}\n"
            );
            files.add_file(format!("/etc/nginx/sites/{site}"), text);
        }
        let host = Flickering { states: vec![(State { files, closed: None }, 1)], asked: AtomicUsize::new(0) };
        let facts = Facts::unknown();
        let request = Request::new(&host, &facts, &policy);
        let plan = bare(request, &Selection::default());
        assert_eq!((plan.contents.len(), plan.refused.len()), (0, sites));
        host.asked.into_inner() / sites
    };
    let (few, many) = (questions(20), questions(160));
    assert!(many <= few * 2, "{few} questions for each of 20 files, {many} for each of 160");
}

/// What root's plan makes of this host.
fn plan_of(host: &MemorySystem) -> Plan {
    let (facts, policy) = (Facts::unknown(), Policy::default_profile());
    let request = Request::new(host, &facts, &policy);
    plan_selected(request, &Selection::default())
}

#[test]
fn nobody_has_files_changed_that_they_can_not_write() {
    let site = "server { listen 443 ssl; ssl_certificate x; ssl_certificate_key y; include /srv/tls; }\n";
    let mut host = MemorySystem::with_files([
        ("/etc/nginx/nginx.conf", "events {}\nhttp { include /srv/site/*; }\n"),
        ("/srv/site/own", site),
        ("/srv/tls", "ssl_protocols TLSv1 TLSv1.2;\n"),
    ]);
    let planned = |host: &MemorySystem| -> Vec<String> {
        plan_of(host).contents.into_keys().map(|path| path.display().to_string()).collect()
    };
    assert_eq!(planned(&host), ["/srv/tls"]);
    host.give("/srv/site", 1000, 0o755);
    assert_eq!(planned(&host), [] as [&str; 0]);
    let why = &plan_of(&host).refused[0];
    assert!(why.1.starts_with("user 1000 can write /srv/site/own, which alone leads to it"), "{why:?}");
    // Theirs is changed, and so is what root's own files include.
    let mut theirs = host.clone();
    theirs.give("/srv/tls", 1000, 0o644);
    assert_eq!(planned(&theirs), ["/srv/tls"]);
    host.add_file(
        "/etc/nginx/nginx.conf",
        "events {}\nhttp { include /srv/site/*; server { include /srv/tls; listen 444; } }\n",
    );
    assert_eq!(planned(&host), ["/srv/tls"]);
}

#[test]
fn names_of_one_file_get_one_content() {
    let mut host = MemorySystem::with_files([
        ("/etc/nginx/nginx.conf", "events {}\nhttp { include /etc/nginx/sites-enabled/*; }\n"),
        ("/etc/nginx/sites-available/a", SITE.replace("a.test;", "a.test; ssl_protocols TLSv1 TLSv1.2;").as_str()),
    ]);
    host.add_name("/etc/nginx/sites-enabled/a", "/etc/nginx/sites-available/a");
    host.add_name("/etc/nginx/sites-enabled/b", "/etc/nginx/sites-available/a");
    let plan = plan_of(&host);
    let texts: Vec<&[u8]> = plan.contents.values().map(Vec::as_slice).collect();
    assert_eq!(plan.contents.len(), 3);
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert!(String::from_utf8_lossy(texts[0]).contains("ssl_protocols TLSv1.2 TLSv1.3;"), "{texts:?}");
}
