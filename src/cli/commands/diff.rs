//! `tlsmend diff`

use super::super::args::{self, Host, Judgement};
use super::super::exit::ExitStatus;
use super::super::{options, output};
use super::outcome_of;
use crate::finding::{Finding, Standing};
use crate::plan::{self, Plan, Selection, Spot};
use crate::report::Outcome;
use anyhow::{Context, Result};
use std::path::Path;

/// Prints the patch.
pub(in crate::cli) fn run(host: &Host, judgement: &Judgement, selected: &args::Selection) -> Result<ExitStatus> {
    let day = options::day(judgement)?;
    let policy = options::policy(judgement)?;
    let opened = options::open(host)?;
    let request = opened.request(&policy, (!selected.fix_waived).then_some(day));
    let selection = options::selection(selected);
    let plan = plan::plan_selected(request, &selection);
    show(&opened, &plan)?;
    leftovers(&opened, &plan, &selection);
    let remaining = remaining(&opened, &plan, &selection, judgement).outcome;
    let outcome = if plan.contents.is_empty() { remaining } else { Outcome::Findings };
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

/// Prints the patch of all files.
pub(super) fn show(opened: &options::Opened, plan: &Plan) -> Result<()> {
    let mut patch = Vec::new();
    for (path, new) in &plan.contents {
        let Some(file) = plan.before.sources.find(path) else { continue };
        let old = plan.before.sources.file(file).bytes();
        let shown = opened.shown.strip(path);
        let shown = shown.strip_prefix("/").unwrap_or(shown);
        plan::unified(shown, old, new, &mut patch).context("the patch can't be written")?;
    }
    output::patch(&patch)
}

/// What the patch does not mend.
pub(super) fn leftovers(opened: &options::Opened, plan: &Plan, selection: &Selection) {
    let spot = |Spot { path, line, column }: Spot<'_>| format!("{}:{line}:{column}", opened.shown.show(path));
    let place = |finding: &Finding| plan.spot(finding).map(|at| format!("{}: ", spot(at)));
    plan.needs().iter().for_each(output::remark);
    if let Some(why) = &plan.unsteady {
        output::remark(why);
    }
    for finding in plan.remains(selection) {
        let place = place(finding).unwrap_or_default();
        if let Standing::Waived(waived) = &finding.standing {
            let reason = &waived.reason;
            let what = format!("{}[{}]: {}", finding.severity, finding.rule, finding.message);
            output::remark(format!("waived: {place}{what}; {reason}"));
            continue;
        }
        let why = finding.help.clone().unwrap_or_else(|| "it can't be mended here".to_owned());
        output::remark(format!(
            "not mended: {place}{}[{}]: {}; {why}",
            finding.severity, finding.rule, finding.message
        ));
    }
    let others = plan.after.findings.len() - plan.remains(selection).count();
    if others > 0 {
        let findings = if others == 1 { "finding is" } else { "findings are" };
        output::remark(format!("{others} more {findings} not selected"));
    }
    plan.before.remarks.iter().for_each(output::remark);
    match plan.before.excluded.len() {
        0 => {}
        1 => output::remark("1 file is excluded"),
        n => output::remark(format!("{n} files are excluded")),
    }
    for endpoint in &plan.beside {
        output::remark(format!("also changes {endpoint}"));
    }
    for (path, managed) in plan.before.managed.iter().filter(|(path, _)| plan.contents.contains_key(*path)) {
        output::remark(format!("note: {}: {}", opened.shown.show(path), managed.text()));
    }
    for (path, why) in &plan.refused {
        output::remark(format!("left alone: {}: {why}", opened.shown.show(path)));
    }
    for (problem, at) in plan.problems_left() {
        let named = || problem.path.as_deref().map(|path: &Path| opened.shown.show(path)).unwrap_or_default();
        let path = at.map_or_else(named, spot);
        output::remark(format!("problem: {path}: {}", problem.message));
    }
}
