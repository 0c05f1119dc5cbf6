//! `tlsmend policy`

use super::super::args::{Colour, PolicyCommand};
use super::super::exit::ExitStatus;
use super::super::{options, output};
use crate::policy::{PROFILES, Policy, Profile};
use crate::report::Outcome;
use crate::spelling::suggest_or_list;
use anyhow::{Result, anyhow};
use std::io::{self, Write};

/// Lists, shows or checks policies.
pub(in crate::cli) fn run(command: &PolicyCommand) -> Result<ExitStatus> {
    match command {
        PolicyCommand::List => output::write(Colour::Auto, list)?,
        PolicyCommand::Show { name } => {
            let help = || suggest_or_list(name, "profiles", &Profile::names());
            let profile = Profile::find(name).ok_or_else(|| anyhow!("there is no profile {name}; {}", help()))?;
            output::write(Colour::Auto, |out| out.write_all(profile.text.as_bytes()))?;
        }
        PolicyCommand::Check { file } => {
            let policy = options::policy_file(file)?;
            output::write(Colour::Auto, |out| sound(&policy, out))?;
        }
        PolicyCommand::Schema => {
            output::write(Colour::Auto, |out| out.write_all(crate::policy::schema().as_bytes()))?;
        }
    }
    Ok(Outcome::Compliant.into())
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
