//! `tlsmend rule`

use super::super::args::{Colour, Format, Rule};
use super::super::exit::ExitStatus;
use super::super::output;
use super::super::record::document;
use crate::catalog::{self, Command, Entry};
use crate::report::Outcome;
use crate::report::json::known as json;
use crate::rules;
use crate::spelling::suggest_or_list;
use anyhow::{Result, anyhow};
use std::io::{self, Write};

/// Explains one rule, or lists all.
pub(in crate::cli) fn run(arguments: &Rule) -> Result<ExitStatus> {
    let known = arguments.id.as_deref().map(found).transpose()?;
    match (arguments.telling.format, known) {
        (Format::Text, None) => output::write(Colour::Auto, list)?,
        (Format::Text, Some(rule)) => {
            output::write(Colour::Auto, |out| out.write_all(without_targets(rule.page).as_bytes()))?;
        }
        (Format::Json, Some(rule)) => document(&json::Rules { rules: vec![described(rule)] })?,
        (Format::Json, None) => document(&json::Rules { rules: catalog::RULES.iter().map(described).collect() })?,
    }
    Ok(Outcome::Compliant.into())
}

fn found(id: &str) -> Result<&'static Entry> {
    let names: Vec<&str> = catalog::RULES.iter().map(|rule| rule.id.0).collect();
    catalog::find(id).ok_or_else(|| anyhow!("there is no rule {id}; {}", suggest_or_list(id, "rules", &names)))
}

fn described(rule: &Entry) -> json::Rule {
    json::Rule {
        id: rule.id.0,
        severity: rules::severity(rule).name(),
        summary: rule.summary(),
        found_in: if rule.is_of(Command::Audit) { "files" } else { "handshakes" },
        page: rule.page,
    }
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    let widest = catalog::RULES.iter().map(|rule| rule.id.0.len()).max().unwrap_or(0);
    let line = |rule: &Entry, out: &mut dyn Write| {
        writeln!(out, "{:widest$}  {:6}  {}", rule.id, rules::severity(rule), rule.summary())
    };
    catalog::of(Command::Audit).try_for_each(|rule| line(rule, out))?;
    writeln!(out, "\nWhat only handshakes show (`probe`, `verify`):")?;
    catalog::RULES.iter().filter(|rule| !rule.is_of(Command::Audit)).try_for_each(|rule| line(rule, out))?;
    writeln!(
        out,
        "\nSeverities are those of the built-in policy, in the worst case. `tlsmend rule ID` explains a rule."
    )
}

/// Markdown with the words of its links only: their targets are of no use on a terminal.
fn without_targets(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(open) = rest.find('[') {
        let (before, link) = rest.split_at(open);
        out.push_str(before);
        let close = link.find(']').filter(|close| link[close + 1..].starts_with('('));
        let end = close.and_then(|close| Some((close, close + link[close..].find(')')?)));
        match end {
            Some((close, end)) if !link[1..close].contains('[') => {
                out.push_str(&link[1..close]);
                rest = &link[end + 1..];
            }
            _ => {
                out.push('[');
                rest = &link[1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::without_targets;

    #[test]
    fn links_become_their_words() {
        assert_eq!(
            without_targets("see [unknown](unknown.md#x), high[rule]: `[a]` [b"),
            "see unknown, high[rule]: `[a]` [b"
        );
    }
}
