//! A host with configurations: from the bytes to the reports and the plan, and what has to hold on the way.

use super::input::Input;
use super::{consistent, patched, reports};
use tlsmend::engine::{self, Audit, Request};
use tlsmend::host::{self, Assumption, Facts, Given};
use tlsmend::plan::{Level, Selection, plan_selected};
use tlsmend::policy::{Date, Policy};
use tlsmend::services::{self, tree::Tree};
use tlsmend::system::{MemorySystem, Overlay};

/// What is known of the software unless an input says something else.
const USUAL: [&str; 4] = ["nginx=1.22.1", "apache=2.4.57", "openssl=3.0.17", "distribution=debian"];

/// The day on which waivers have to hold.
const TODAY: Date = Date::constant(2026, 6, 30);

/// The parser of a service.
type Parse = fn(&[u8]) -> Tree;

/// All that is tried with an input; `main` is where the bytes go if they name no files.
pub fn run(bytes: &[u8], main: &str, parse: Parse) {
    let input = Input::read(bytes, main);
    for (_, content) in &input.files {
        consistent::tree(&parse(content), content);
    }
    let system = input.host();
    let facts = facts(&input, &system);
    let Some(policy) = policy(&input) else { return };
    let request = Request { day: Some(TODAY), ..Request::new(&system, &facts, &policy) };
    let shown = seen(request);
    if is_sampled(bytes) {
        assert!(shown == seen(request), "the same input gave two different reports");
    }
    planned(request, &input, parse);
}

/// One input in eight: to do everything twice takes twice the time.
fn is_sampled(bytes: &[u8]) -> bool {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)).is_multiple_of(8)
}

/// The facts that the words of an input state.
fn facts(input: &Input<'_>, system: &MemorySystem) -> Facts {
    let products = services::products();
    let stated = USUAL.iter().map(|usual| {
        let (key, _) = usual.split_once('=').expect("a key");
        let said = input.word(key).and_then(|value| Assumption::parse(&format!("{key}={value}"), &products).ok());
        said.or_else(|| Assumption::parse(usual, &products).ok()).expect("a fact")
    });
    let level = input
        .word("seclevel")
        .and_then(|value| Assumption::parse(&format!("openssl-seclevel={value}"), &products).ok());
    let assume = stated.chain(level).collect();
    let defines = input.word("define").map(str::to_owned).into_iter().collect();
    host::gather(system, &Given { assume, defines, ..Given::default() }, &products)
}

/// The policy of an input; `None`: it has one that is not valid.
fn policy(input: &Input<'_>) -> Option<Policy> {
    match input.aside("policy.yaml") {
        Some(text) => Policy::parse(std::str::from_utf8(text).ok()?, "policy.yaml").ok(),
        None => Some(input.word("profile").and_then(Policy::profile).unwrap_or_else(Policy::default_profile)),
    }
}

/// Everything that a reader of the audit sees, checked.
fn seen(request: Request<'_>) -> Vec<u8> {
    let audit = engine::audit(request);
    consistent::audit(&audit);
    let mut seen = reports::all(&audit, request.policy);
    seen.extend(reports::answers(&audit));
    seen
}

/// Plans, and holds the plan against what it was made from.
fn planned(request: Request<'_>, input: &Input<'_>, parse: Parse) {
    let level = if input.word("level") == Some("unsafe") { Level::Unsafe } else { Level::Safe };
    let selection = Selection { level, include_managed: input.word("managed").is_some(), ..Selection::default() };
    let first = plan_selected(request, &selection);
    for (path, new) in &first.contents {
        let old = request.system.read(path).expect("a file that is planned was read");
        patched::hold(path, &old, new, parse);
    }
    consistent::audit(&first.after);
    assert!(problems(&first.after) <= problems(&first.before), "the plan brings new problems");
    if first.contents.is_empty() {
        return;
    }
    let overlay = Overlay::new(request.system, &first.contents);
    let second = plan_selected(Request { system: &overlay, ..request }, &selection);
    assert!(second.contents.is_empty(), "a second plan changes {:?} again", second.contents.keys());
}

fn problems(audit: &Audit) -> usize {
    audit.all_problems().count()
}
