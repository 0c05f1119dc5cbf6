//! No decision hangs on prose: with every text of the services in other words, the same is found, counts the same, is known
//! as the same, and gets the same fix.

use crate::support::case;

use std::sync::Arc;
use tlsmend::edit::{Change, Fix, LowerError};
use tlsmend::endpoint::{Answer, Unknown};
use tlsmend::engine::{Audit, Request, judge, load};
use tlsmend::finding::Finding;
use tlsmend::host::Facts;
use tlsmend::instance::{Instance, Problem};
use tlsmend::policy::Policy;
use tlsmend::services::service::{Question, Resolved, Response};
use tlsmend::source::SourceMap;
use tlsmend::system::MemorySystem;

/// A text in other words, of another length, that sorts the other way round.
fn reword(text: &mut String) {
    *text = format!("so {}", text.chars().rev().collect::<String>());
}

fn reword_unknown(unknown: &mut Unknown) {
    reword(&mut unknown.what);
    reword(&mut unknown.help);
}

fn reword_answer(answer: &mut Answer) {
    answer.unknown.iter_mut().for_each(reword_unknown);
    for reason in &mut answer.configured.because {
        reword(reason.note.to_mut());
    }
}

fn reword_problem(problem: &mut Problem) {
    reword(&mut problem.message);
}

/// What a service made of a configuration, told in other words.
struct Reworded {
    inner: Box<dyn Resolved>,
    instance: Instance,
}

impl Reworded {
    fn of(inner: Box<dyn Resolved>) -> Reworded {
        let mut instance = inner.instance().clone();
        instance.unknown.iter_mut().for_each(reword_unknown);
        instance.problems.iter_mut().for_each(reword_problem);
        for endpoint in &mut instance.endpoints {
            reword_answer(Arc::make_mut(&mut endpoint.answer));
        }
        for setting in &mut instance.settings {
            if let Some(dead) = &mut setting.dead {
                reword(&mut dead.why);
            }
            if let Some(trap) = &mut setting.trap {
                reword(&mut trap.message);
                trap.related.iter_mut().for_each(|(_, text)| reword(text));
            }
        }
        Reworded { inner, instance }
    }
}

impl Resolved for Reworded {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn ask(&self, question: &Question) -> Option<Response> {
        self.inner.ask(question)
    }

    fn lower(&self, change: &Change, sources: &SourceMap) -> Result<Fix, LowerError> {
        self.inner.lower(change, sources)
    }
}

/// All of a finding that is no prose.
fn essence(finding: &Finding) -> String {
    let edits = finding.fix.as_ref().map(|fix| (fix.applicability, &fix.edits));
    format!(
        "{} {} {} {:?} {} {:?} {} {} {edits:?}",
        finding.rule,
        finding.verdict,
        finding.severity,
        finding.endpoints,
        finding.versions,
        finding.primary.as_ref().map(|label| label.span),
        finding.fingerprint,
        finding.known_as
    )
}

fn essences(audit: &Audit) -> Vec<String> {
    let mut all: Vec<String> = audit.findings.iter().map(essence).collect();
    all.sort();
    all
}

/// The number of findings that hang on no line of a setting.
fn hold(system: &MemorySystem, facts: &Facts, title: &str) -> usize {
    let policy = Policy::default_profile();
    let request = Request::new(system, facts, &policy);
    let plain = judge(request, load(request));
    let mut host = load(request);
    host.resolved = host.resolved.into_iter().map(|one| Box::new(Reworded::of(one)) as Box<dyn Resolved>).collect();
    host.problems.iter_mut().for_each(reword_problem);
    let reworded = judge(request, host);
    assert_eq!(essences(&plain), essences(&reworded), "{title}");
    assert_eq!(plain.verdicts, reworded.verdicts, "{title}");
    plain.findings.iter().filter(|finding| finding.topic.is_some()).count()
}

#[test]
fn other_words_change_no_decision() {
    let mut open = 0;
    for folder in ["nginx", "apache", "apache-2.4.41"] {
        for case in case::all(folder) {
            let system = case.files_only();
            open += hold(&system, &case.facts(), &case.name);
            // Where nothing is known of the host, much is open.
            open += hold(&system, &Facts::unknown(), &case.name);
        }
    }
    assert!(open > 500, "{open} open questions: too few to show anything");
}

/// Two questions of one file keep their names when the other one is answered.
#[test]
fn an_open_question_keeps_its_fingerprint_when_another_is_answered() {
    let (policy, facts) = (Policy::default_profile(), Facts::unknown());
    let audit = |text: &str| {
        let system = MemorySystem::with_files([("/etc/apache2/apache2.conf", text)]);
        let request = Request::new(&system, &facts, &policy);
        let found = judge(request, load(request)).findings;
        let open = found.iter().filter(|finding| finding.rule.0 == "unknown");
        open.map(|finding| (finding.topic.clone(), finding.fingerprint.clone())).collect::<Vec<_>>()
    };
    let head = "Listen 443\n";
    let host = |protocol: &str| {
        format!("<VirtualHost *:443>\nServerName {}.test\nSSLEngine on\n{protocol}\n</VirtualHost>\n", protocol.len())
    };
    let (first, second) = (host("SSLProtocol ${FIRST}"), host("SSLProtocol -all ${SECOND}"));
    let both = audit(&format!("{head}{first}{second}"));
    let one = audit(&format!("{head}{second}"));
    assert!(both.len() > one.len(), "{both:?}");
    assert!(!one.is_empty() && one.iter().all(|open| both.contains(open)), "{one:#?} {both:#?}");
}
