//! `tlsmend audit`

use super::super::args::{Format, Host, Judgement, Known};
use super::super::exit::ExitStatus;
use super::super::{files, options, output};
use super::status;
use crate::baseline;
use crate::engine::{self, Audit};
use crate::finding::Severity;
use crate::host;
use crate::instance::Standing;
use crate::report::{AuditView, Coverage, Exit, json, text};
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;
use std::path::Path;

/// Audits a host and reports.
pub(in crate::cli) fn run(host: &Host, judgement: &Judgement, known: &Known, format: Format) -> Result<ExitStatus> {
    let day = options::day(judgement)?;
    let policy = options::policy(judgement)?;
    let opened = options::open(host)?;
    let request = opened.request(&policy, Some(day));
    let baseline = options::baseline(known)?;
    let mut audit = engine::audit(request);
    let gone = baseline.apply(&mut audit.findings);
    let status = status(&audit, judgement);
    let view = AuditView {
        sources: &audit.sources,
        instances: audit.instances().collect(),
        verdicts: &audit.verdicts,
        findings: &audit.findings,
        problems: &audit.problems,
        files: coverage(&audit),
        reload: &reload(&opened, &audit),
        policy: &policy.name,
        fail_on: Severity::from(judgement.fail_on),
        exit: Some(Exit { status: status as u8, name: status.name() }),
        paths: opened.shown.clone(),
    };
    output::write(host.color, |out| match format {
        Format::Text => text::audit(&view, out),
        Format::Json => json::audit(&view, out),
    })?;
    if let Some(path) = &known.write_baseline {
        let shown = |path: &Path| opened.shown.lossy(path);
        let bytes = baseline::write(&audit.findings, &audit.sources, shown).map_err(|why| anyhow!(why))?;
        files::write(path, &bytes)?;
    }
    match gone {
        0 => {}
        1 => output::remark("1 finding of the baseline is gone; --write-baseline makes a new one"),
        gone => output::remark(&format!("{gone} findings of the baseline are gone; --write-baseline makes a new one")),
    }
    // The process ends now: to take a hundred thousand answers apart first would be for nothing.
    std::mem::forget(audit);
    Ok(status)
}

/// Files that belong to an instance or hold TLS directives, and those that could not be read.
fn coverage(audit: &Audit) -> Coverage {
    let files: BTreeSet<_> = audit.instances().flat_map(|i| &i.files).collect();
    let unread: BTreeSet<_> = audit.all_problems().filter_map(|p| p.path.as_ref()).collect();
    Coverage { read: files.len(), found: files.len() + unread.len() }
}

/// How to make a change effective, for each service that has something to mend.
fn reload(opened: &options::Opened, audit: &Audit) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    if !opened.look {
        return commands;
    }
    for (index, instance) in audit.instances().enumerate() {
        let mended = audit.findings.iter().any(|f| f.instance == Some(index) && f.is_open() && f.fix.is_some());
        if instance.standing == Standing::Loaded && mended {
            let reload = host::reload(&opened.system, &opened.facts, instance.service, &instance.main);
            let line = (instance.service.0.to_owned(), reload.command);
            if !commands.contains(&line) {
                commands.push(line);
            }
        }
    }
    commands
}
