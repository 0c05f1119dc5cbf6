//! The programs of a host as clients, in a few lines: what they complete, and whether a server without old versions is
//! enough for all of them.

use super::{WhyView, sanitise};
use crate::endpoint::Answer;
use crate::tls::VersionSet;
use anstyle::Style;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What becomes of a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Completes(VersionSet),
    /// with what it completes at most
    Unknown(VersionSet),
}

/// Writes a line for each set of versions, and what follows from them.
pub fn text(views: &[WhyView<'_>], out: &mut dyn Write) -> io::Result<()> {
    let bold = Style::new().bold();
    writeln!(out, "{bold}clients of this host{bold:#}")?;
    let mut rows: BTreeMap<Row, Vec<String>> = BTreeMap::new();
    for (name, answer) in views.iter().filter_map(|view| Some((name_of(view), view.answer?))) {
        rows.entry(row(answer)).or_default().push(name);
    }
    if rows.is_empty() {
        return writeln!(
            out,
            "\nno program that is known was found; tlsmend why client:PROGRAM answers for one all the same"
        );
    }
    writeln!(out)?;
    let shown = |row: &Row| match row {
        Row::Completes(versions) if versions.is_empty() => "no version works".to_owned(),
        Row::Completes(versions) => versions.to_string(),
        Row::Unknown(versions) => format!("at most {versions}"),
    };
    let width = rows.keys().map(|row| shown(row).len()).max().unwrap_or(0);
    for (row, names) in &rows {
        writeln!(out, "  {:width$}  {}", shown(row), names.join(", "))?;
    }
    let named = |wanted: &dyn Fn(&Row) -> bool| -> Vec<&str> {
        rows.iter().filter(|(row, _)| wanted(row)).flat_map(|(_, names)| names).map(String::as_str).collect()
    };
    let unready = named(&|row| matches!(row, Row::Completes(versions) if versions.and(VersionSet::MODERN).is_empty()));
    let unknown = named(&|row| matches!(row, Row::Unknown(_)));
    let old = named(&|row| matches!(row, Row::Completes(versions) if !versions.minus(VersionSet::MODERN).is_empty()));
    let ready = match (unready.as_slice(), unknown.as_slice()) {
        ([], []) => "yes".to_owned(),
        ([], unknown) => format!("not known of {}", unknown.join(", ")),
        (unready, _) => format!("no: {}", unready.join(", ")),
    };
    writeln!(out, "\n{bold}ready for a server that accepts TLSv1.2 and later: {ready}{bold:#}")?;
    if let Some(first) = old.first() {
        writeln!(out, "complete TLSv1 or TLSv1.1 with an old server: {}", old.join(", "))?;
        writeln!(out, "  help: tlsmend why client:{first}, with the same options, shows what decides")?;
    }
    Ok(())
}

fn name_of(view: &WhyView<'_>) -> String {
    sanitise::line(view.address.strip_prefix("client:").unwrap_or(view.address).as_bytes())
}

fn row(answer: &Answer) -> Row {
    match answer.effective {
        Some(versions) if answer.unknown.is_empty() => Row::Completes(versions),
        _ => Row::Unknown(answer.offered()),
    }
}
