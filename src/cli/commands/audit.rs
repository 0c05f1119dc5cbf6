//! `tlsmend audit`

use super::super::args::{Format, Host, Judgement};
use super::super::exit::ExitStatus;
use super::super::{options, output};
use super::status;
use crate::engine::{self, Audit, Request};
use crate::finding::Severity;
use crate::host::{self, Fate, Managed};
use crate::instance::Standing;
use crate::report::{AuditView, Coverage, Exit, ManagedFile, json, text};
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Audits a host and reports.
pub(in crate::cli) fn run(host: &Host, judgement: &Judgement, format: Format) -> Result<ExitStatus> {
    let policy = options::policy(judgement)?;
    let opened = options::open(host)?;
    let request = Request { system: &opened.system, facts: &opened.facts, policy: &policy, paths: &opened.paths };
    let audit = engine::audit(request);
    let status = status(&audit, judgement);
    let view = AuditView {
        sources: &audit.sources,
        instances: audit.instances().collect(),
        verdicts: &audit.verdicts,
        findings: &audit.findings,
        problems: &audit.problems,
        files: coverage(&audit),
        managed: &managed(&audit),
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
    Ok(status)
}

/// Files that belong to an instance or hold TLS directives, and those that could not be read.
fn coverage(audit: &Audit) -> Coverage {
    let files: BTreeSet<_> = audit.instances().flat_map(|i| &i.files).collect();
    let unread: BTreeSet<_> = audit.all_problems().filter_map(|p| p.path.as_ref()).collect();
    Coverage { read: files.len(), found: files.len() + unread.len() }
}

/// Whose the files with findings are.
fn managed(audit: &Audit) -> Vec<ManagedFile> {
    let one = |(path, managed): (&PathBuf, &Managed)| ManagedFile {
        path: path.clone(),
        generated: managed.fate == Fate::Generated,
        by: managed.by.clone(),
        advice: managed.advice.clone(),
    };
    audit.managed.iter().map(one).collect()
}

/// How to make a change effective, for each service that has something to mend.
fn reload(opened: &options::Opened, audit: &Audit) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    if !opened.look {
        return commands;
    }
    for (index, instance) in audit.instances().enumerate() {
        let mended = audit.findings.iter().any(|f| f.instance == index && f.fix.is_some());
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
