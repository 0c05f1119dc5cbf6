//! `tlsmend policy`

use super::super::args::{Colour, Format, PolicyCommand};
use super::super::exit::ExitStatus;
use super::super::record::document;
use super::super::{options, output};
use crate::policy::{PROFILES, Policy, PolicyError, Profile};
use crate::report::Outcome;
use crate::report::json::known as json;
use crate::report::secrets::Shown;
use crate::spelling::suggest_or_list;
use anyhow::{Result, anyhow};
use std::io::{self, Write};
use std::path::Path;

/// Lists, shows or checks policies.
pub(in crate::cli) fn run(command: &PolicyCommand) -> Result<ExitStatus> {
    match command {
        PolicyCommand::List { telling } if telling.format == Format::Json => {
            let profiles = PROFILES.iter().filter_map(described).collect();
            document(&json::PolicyList { profiles })?;
        }
        PolicyCommand::List { .. } => output::write(Colour::Auto, list)?,
        PolicyCommand::Show { name, telling } => {
            let help = || suggest_or_list(name, "profiles", &Profile::names());
            let profile = Profile::find(name).ok_or_else(|| anyhow!("there is no profile {name}; {}", help()))?;
            match described(profile).filter(|_| telling.format == Format::Json) {
                Some(known) => document(&json::PolicyShow { profile: known, text: profile.text })?,
                None => output::write(Colour::Auto, |out| out.write_all(profile.text.as_bytes()))?,
            }
        }
        PolicyCommand::Check { file, telling } if telling.format == Format::Json => return check(file),
        PolicyCommand::Check { file, .. } => {
            let policy = options::policy_file(file)?;
            output::write(Colour::Auto, |out| sound(&policy, out))?;
        }
        PolicyCommand::Schema => {
            output::write(Colour::Auto, |out| out.write_all(crate::policy::schema().as_bytes()))?;
        }
    }
    Ok(Outcome::Compliant.into())
}

/// Says whether a policy is sound, as a document. What is wrong with it is the answer, and no failure to give one.
fn check(file: &Path) -> Result<ExitStatus> {
    let (name, text) = options::policy_text(file)?;
    let problem = |PolicyError { line, column, message, .. }| json::PolicyProblem { line, column, message };
    let (policy, errors) = match Policy::parse(&text, &name) {
        Ok(policy) => (Some(policy), Vec::new()),
        Err(errors) => (None, errors.into_iter().map(problem).collect()),
    };
    document(&json::PolicyCheck {
        policy: name,
        sound: policy.is_some(),
        errors: Shown::masked(errors),
        demands: policy.as_ref().map(demanded).unwrap_or_default(),
        overrides: policy.as_ref().map_or(0, Policy::override_count),
        waivers: policy.as_ref().map_or(0, |policy| policy.waivers.len()),
    })?;
    Ok(if policy.is_some() { Outcome::Compliant } else { Outcome::CouldNotRun }.into())
}

fn described(profile: &Profile) -> Option<json::Profile> {
    let policy = Policy::profile(profile.name)?;
    let demands = demanded(&policy);
    let about = policy.about;
    Some(json::Profile {
        name: profile.name,
        title: about.title,
        source: about.source,
        source_version: about.version,
        date: about.date,
        demands,
    })
}

fn demanded(policy: &Policy) -> json::Demands {
    let base = &policy.base;
    json::Demands::of(base.forbid, base.require, base.recommend)
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    for (at, profile) in PROFILES.iter().enumerate() {
        let Some(policy) = Policy::profile(profile.name) else { continue };
        if at > 0 {
            writeln!(out)?;
        }
        let about = &policy.about;
        writeln!(out, "{}: {}", profile.name, about.title.as_deref().unwrap_or_default())?;
        demands(&policy, out)?;
        writeln!(out, "  source     {}", about.source.as_deref().unwrap_or_default())?;
        let (version, date) = (about.version.as_deref(), about.date.as_deref());
        writeln!(out, "  version    {}, {}", version.unwrap_or_default(), date.unwrap_or_default())?;
    }
    Ok(())
}

fn demands(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let base = &policy.base;
    for (key, versions) in [("forbid", base.forbid), ("require", base.require), ("recommend", base.recommend)] {
        if !versions.is_empty() {
            writeln!(out, "  {key:10} {versions}")?;
        }
    }
    Ok(())
}

fn sound(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: sound", policy.name)?;
    demands(policy, out)?;
    writeln!(out, "  overrides  {}", policy.override_count())?;
    writeln!(out, "  waivers    {}", policy.waivers.len())
}
