//! `tlsmend diff`

use super::super::args::{self, Format, Host, Judgement};
use super::super::exit::ExitStatus;
use super::super::record::document;
use super::super::{options, output};
use super::outcome_of;
use crate::finding::{Finding, Standing};
use crate::instance::Problem;
use crate::plan::{self, Places, Plan, Selection, Spot};
use crate::policy::Policy;
use crate::report::Outcome;
use crate::report::json::change::{self as json, Brief, File, Left};
use crate::report::secrets::{self, Shown};
use anyhow::{Context, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Prints the patch.
pub(in crate::cli) fn run(
    host: &Host,
    judgement: &Judgement,
    selected: &args::Selection,
    format: Format,
) -> Result<ExitStatus> {
    let day = options::day(judgement)?;
    let policy = options::policy(judgement)?;
    let opened = options::open(host)?;
    let request = opened.request(&policy, (!selected.fix_waived).then_some(day));
    let selection = options::selection(selected);
    let plan = plan::plan_selected(request, &selection);
    secrets::learn(plan.before.instances().chain(plan.after.instances()));
    if format == Format::Text {
        output::patch(&patch(&opened, &plan)?)?;
        leftovers(&opened, &plan, &selection);
    }
    let remaining = remaining(&opened, &plan, &selection, judgement).outcome;
    let outcome = if plan.contents.is_empty() { remaining } else { Outcome::Findings };
    if format == Format::Json {
        let plan = described(&opened, &policy, &plan, &selection, true);
        document(&json::Diff { exit: outcome.into(), plan })?;
    }
    Ok(ExitStatus::unless(judgement.exit_zero, outcome))
}

/// What is left to do after a patch.
pub(super) struct Remaining {
    /// Never compliant where the host changed while the patch was made.
    pub(super) outcome: Outcome,
    /// Is the host still as it was?
    pub(super) is_steady: bool,
}

/// Judges what the patch does not fix, and says so where the host is no longer what the patch was made from.
pub(super) fn remaining(
    opened: &options::Opened,
    plan: &Plan,
    selection: &Selection,
    judgement: &Judgement,
) -> Remaining {
    let outcome = outcome_of(plan.remains(selection), &plan.after, judgement);
    let change = plan.change(&opened.system);
    if let Some((path, why)) = &change {
        let path = opened.shown.show(path);
        output::remark(format!("{path}: {why}; the patch is for the configuration as it was: run this again"));
    }
    let is_steady = change.is_none() && plan.unsteady.is_none();
    let hides = !is_steady && outcome == Outcome::Compliant;
    Remaining { outcome: if hides { Outcome::Incomplete } else { outcome }, is_steady }
}

/// The files of the patch, for a document.
pub(super) fn files(opened: &options::Opened, plan: &Plan) -> Vec<File> {
    let file = |(path, new): (&PathBuf, &Vec<u8>)| {
        let old = plan.before.sources.file(plan.before.sources.find(path)?).bytes();
        Some(described_file(&opened.shown.lossy(path), old, new))
    };
    plan.contents.iter().filter_map(file).collect()
}

/// A file that changes, for a document.
pub(super) fn described_file(path: &str, old: &[u8], new: &[u8]) -> File {
    File::of(path.to_owned(), old, new, |old, new| diff(path, old, new))
}

/// The patch of all files.
pub(super) fn patch(opened: &options::Opened, plan: &Plan) -> Result<Vec<u8>> {
    let mut patch = Vec::new();
    for (path, new) in &plan.contents {
        let Some(file) = plan.before.sources.find(path) else { continue };
        let old = plan.before.sources.file(file).bytes();
        let shown = opened.shown.strip(path);
        let shown = shown.strip_prefix("/").unwrap_or(shown);
        plan::unified(shown, old, new, &mut patch).context("the patch can't be written")?;
    }
    Ok(patch)
}

/// The patch and what it leaves, for a document. `is_done`: the patch is in place, or would be; else nothing is fixed.
pub(super) fn described(
    opened: &options::Opened,
    policy: &Policy,
    plan: &Plan,
    selection: &Selection,
    is_done: bool,
) -> json::Plan {
    let stay: HashSet<&str> = plan.after.findings.iter().map(|one| one.fingerprint.as_str()).collect();
    let is_gone = |one: &&Finding| !stay.contains(one.fingerprint.as_str());
    let gone = || plan.before.findings.iter().filter(is_gone);
    let after = plan::Left::of(plan);
    let (fixed, kept) = (gone().filter(|one| is_done && after.by(one).is_none()), gone().filter(|_| !is_done));
    let places = Places::of(plan);
    let at = |finding: &Finding| places.spot(finding).map(|at| (opened.shown.lossy(at.path), at.line));
    let as_it_is = |finding: &Finding| places.place(finding).map(|at| (opened.shown.lossy(at.path), at.line));
    let left = plan.after.findings.iter().map(|one| Brief::of(one, at(one), Some(reason(plan, selection, one))));
    let kept = kept.map(|one| Brief::of(one, as_it_is(one), Some("its fix was not applied".to_owned())));
    let alone = plan.refused.iter().map(|(path, why)| Left { path: opened.shown.lossy(path), why: why.clone() });
    json::Plan {
        policy: policy.name.clone(),
        files: files(opened, plan),
        findings_fixed: Shown::masked(fixed.map(|one| Brief::of(one, as_it_is(one), None)).collect()),
        findings_left: Shown::masked(kept.chain(left).collect()),
        left_alone: Shown::masked(alone.collect()),
        problems: Shown::masked(problems(opened, &places)),
        notes: Shown::masked(
            plan.needs().into_iter().chain(plan.unsteady.clone()).chain(notes(opened, plan)).collect(),
        ),
    }
}

/// A diff of two texts under a path.
fn diff(path: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    // Writing into memory does not fail.
    let _written = plan::unified(Path::new(path.strip_prefix('/').unwrap_or(path)), old, new, &mut patch);
    patch
}

/// Why a finding is left.
fn reason(plan: &Plan, selection: &Selection, finding: &Finding) -> String {
    match &finding.standing {
        Standing::Waived(waived) => format!("waived: {}", waived.reason),
        _ if !selection.wants(&plan.after, finding) => "not selected".to_owned(),
        _ => why_left(finding),
    }
}

fn why_left(finding: &Finding) -> String {
    finding.help.clone().unwrap_or_else(|| "it can't be mended here".to_owned())
}

/// What the patch does not mend.
pub(super) fn leftovers(opened: &options::Opened, plan: &Plan, selection: &Selection) {
    plan.needs().iter().for_each(output::remark);
    if let Some(why) = &plan.unsteady {
        output::remark(why);
    }
    let places = Places::of(plan);
    for finding in plan.remains(selection) {
        let place = places.spot(finding).map(|at| format!("{}: ", spot(opened, at))).unwrap_or_default();
        let what = format!("{place}{}[{}]: {}", finding.severity, finding.rule, finding.message);
        output::remark(match &finding.standing {
            Standing::Waived(waived) => format!("waived: {what}; {}", waived.reason),
            _ => format!("not mended: {what}; {}", why_left(finding)),
        });
    }
    let others = plan.after.findings.len() - plan.remains(selection).count();
    if others > 0 {
        let findings = if others == 1 { "finding is" } else { "findings are" };
        output::remark(format!("{others} more {findings} not selected"));
    }
    notes(opened, plan).iter().for_each(output::remark);
    for (path, why) in &plan.refused {
        output::remark(format!("left alone: {}: {why}", opened.shown.show(path)));
    }
    for problem in problems(opened, &places) {
        output::remark(format!("problem: {problem}"));
    }
}

/// What else there is to know.
fn notes(opened: &options::Opened, plan: &Plan) -> Vec<String> {
    let mut notes = plan.before.remarks.clone();
    match plan.before.excluded.len() {
        0 => {}
        1 => notes.push("1 file is excluded".to_owned()),
        n => notes.push(format!("{n} files are excluded")),
    }
    notes.extend(plan.beside.iter().map(|endpoint| format!("also changes {endpoint}")));
    let managed = plan.before.managed.iter().filter(|(path, _)| plan.contents.contains_key(*path));
    notes.extend(managed.map(|(path, managed)| format!("note: {}: {}", opened.shown.show(path), managed.text())));
    notes
}

fn problems(opened: &options::Opened, places: &Places<'_>) -> Vec<String> {
    let shown = |(problem, at): (&Problem, Option<Spot<'_>>)| {
        let named = || problem.path.as_deref().map(|path: &Path| opened.shown.show(path)).unwrap_or_default();
        format!("{}: {}", at.map_or_else(named, |at| spot(opened, at)), problem.message)
    };
    places.problems_left().into_iter().map(shown).collect()
}

fn spot(opened: &options::Opened, Spot { path, line, column }: Spot<'_>) -> String {
    format!("{}:{line}:{column}", opened.shown.show(path))
}
