//! `tlsmend report merge`

use super::super::args::{Merge, Report, ReportCommand};
use super::super::exit::ExitStatus;
use super::super::reports::Reports;
use super::super::typed_path::absolute;
use super::super::{options, output};
use crate::report::Outcome;
use crate::report::fleet::{self, Fleet, Host};
use crate::system::{LARGEST_FILE, System, read_input, reason};
use anyhow::{Result, bail};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Does what is to be done with reports.
pub(in crate::cli) fn run(report: &Report) -> Result<ExitStatus> {
    match &report.command {
        ReportCommand::Merge(arguments) => merge(arguments),
    }
}

fn merge(arguments: &Merge) -> Result<ExitStatus> {
    let reports = Reports::of(&arguments.format, arguments.output.as_deref(), arguments.color)?;
    reports.spare_inputs(arguments.files.iter().map(PathBuf::as_path))?;
    let machine = options::machine()?;
    // A file that two patterns of a shell name is one host, by whatever path.
    let mut seen = BTreeSet::new();
    let mut files: Vec<(&PathBuf, PathBuf)> = Vec::new();
    for path in &arguments.files {
        let inside = absolute(path)?;
        if seen.insert(machine.canonical(&inside).unwrap_or_else(|_| inside.clone())) {
            files.push((path, inside));
        } else {
            output::remark(format!("{}: is given twice, and counts once", path.display()));
        }
    }
    let read = |(path, inside): &(&PathBuf, PathBuf)| -> std::result::Result<Host, (String, String)> {
        let name = path.display().to_string();
        let read = read_input(&machine, inside, LARGEST_FILE).map_err(|e| (name.clone(), reason(&e)))?;
        fleet::host(&name, read.stays, &read.bytes).map_err(|why| (name, why))
    };
    let mut hosts = Vec::new();
    let mut unread = Vec::new();
    for read in files.par_iter().map(read).collect::<Vec<_>>() {
        match read {
            Ok(host) => hosts.push(host),
            Err(wrong) => unread.push(wrong),
        }
    }
    for (file, why) in &unread {
        output::remark(format!("{file}: {why}"));
    }
    if hosts.is_empty() {
        bail!("none of the files is the JSON of an audit (tlsmend audit --format json)");
    }
    let fleet = Fleet::of(hosts, unread);
    fleet.differing().iter().for_each(output::remark);
    reports.write(|write, out| write(&fleet, out))?;
    Ok(if fleet.unread.is_empty() { Outcome::Compliant } else { Outcome::Incomplete }.into())
}
