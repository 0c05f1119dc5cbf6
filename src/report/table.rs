//! The table of endpoints: one row for all names of an address for which the same is said.

use super::{AuditView, sanitise};
use crate::endpoint::{Address, Endpoint, Role, Speaks, Transport};
use crate::finding::Verdict;
use crate::instance::{Instance, Standing};
use crate::tls::VersionSet;
use anstyle::{AnsiColor, Style};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// With more rows than this, those with nothing to complain about are only counted.
const MOST_ROWS: usize = 50;
/// The longest IPv6 address with a port. Paths of sockets may be longer.
const WIDEST_ADDRESS: usize = 47;
const NARROWEST_NAMES: usize = 20;
const HEADS: [&str; 4] = ["ADDRESS", "NAME", "VERSIONS", "VERDICT"];

/// Endpoints with the same key share a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    role: Role,
    address: &'a Address,
    transport: Transport,
    speaks: Speaks,
    configured: VersionSet,
    effective: Option<VersionSet>,
    undecided: bool,
    verdict: Verdict,
}

struct Row<'a> {
    key: Key<'a>,
    names: Vec<Option<&'a str>>,
}

impl<'a> Key<'a> {
    fn of(endpoint: &'a Endpoint, verdict: Verdict) -> Key<'a> {
        let answer = &endpoint.answer;
        Key {
            role: endpoint.role,
            address: &endpoint.address,
            transport: endpoint.transport,
            speaks: answer.speaks,
            configured: answer.configured.value,
            effective: answer.effective,
            undecided: !answer.unknown.is_empty() || answer.effective.is_none(),
            verdict,
        }
    }

    fn address(&self) -> String {
        let address = sanitise::line(self.address.to_string().as_bytes());
        match (self.role, self.transport) {
            (Role::Upstream, _) => format!("-> {address}"),
            (Role::Listener, transport) => transport.of(&address),
        }
    }

    fn versions(&self) -> String {
        match self.speaks {
            Speaks::Plaintext => "plaintext".to_owned(),
            Speaks::Refused => "nothing listens".to_owned(),
            Speaks::Unknown | Speaks::Tls => {
                let mark = if self.undecided { " ?" } else { "" };
                format!("{}{mark}", versions(self.configured, self.effective))
            }
        }
    }
}

/// The versions in ascending order, those in parentheses that are configured and not effective.
pub(super) fn versions(configured: VersionSet, effective: Option<VersionSet>) -> String {
    let effective = effective.unwrap_or(configured);
    let all = configured.union(effective);
    if all.is_empty() {
        return all.to_string();
    }
    let mut words: Vec<(bool, Vec<&str>)> = Vec::new();
    for version in all.iter() {
        let blocked = !effective.has(version);
        match words.last_mut() {
            Some((last, names)) if *last == blocked => names.push(version.name()),
            _ => words.push((blocked, vec![version.name()])),
        }
    }
    let words = words.into_iter().map(|(blocked, names)| {
        let names = names.join(" ");
        if blocked { format!("({names})") } else { names }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The rows of an instance in the order of its endpoints. Plain text is not listed.
fn rows<'a>(view: &AuditView<'a>, index: usize, instance: &'a Instance) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut by_key: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    for (i, endpoint) in instance.endpoints.iter().enumerate() {
        if endpoint.answer.speaks == Speaks::Plaintext {
            continue;
        }
        let key = Key::of(endpoint, view.verdict(index, i));
        let row = *by_key.entry(key).or_insert(rows.len());
        if row == rows.len() {
            rows.push(Row { key, names: Vec::new() });
        }
        rows[row].names.push(endpoint.name.as_deref());
    }
    rows
}

/// Writes the tables of all instances that are loaded, no wider than that if it can be helped.
pub(super) fn write(view: &AuditView<'_>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let loaded = view.instances.iter().enumerate().filter(|(_, instance)| instance.standing != Standing::NotLoaded);
    let tables: Vec<(&Instance, Vec<Row<'_>>)> =
        loaded.map(|(index, instance)| (instance, rows(view, index, instance))).collect();
    let all: Vec<&Row<'_>> = tables.iter().flat_map(|(_, rows)| rows).collect();
    if all.is_empty() {
        return Ok(());
    }
    let brief = all.len() > MOST_ROWS;
    let widths = widths(&all, width);
    let bold = Style::new().bold();
    for (instance, rows) in &tables {
        let main = view.frame.texts.paths.show(&instance.main);
        let standing = if instance.standing == Standing::Part { " (as included)" } else { "" };
        writeln!(out, "{bold}{}:{bold:#} {main}{standing}", instance.service)?;
        if !rows.is_empty() {
            line(out, &HEADS.map(str::to_owned), widths, Style::new())?;
        }
        let shown = rows.iter().filter(|row| !brief || row.key.verdict != Verdict::Compliant);
        let mut count = 0;
        for row in shown {
            count += 1;
            let key = &row.key;
            let cells = [key.address(), names(&row.names, widths[1]), key.versions(), key.verdict.name().to_owned()];
            line(out, &cells, widths, style(key.verdict))?;
        }
        match rows.len() - count {
            _ if rows.is_empty() => writeln!(out, "  no TLS endpoints")?,
            0 => {}
            1 => writeln!(out, "  ... and 1 compliant row")?,
            left => writeln!(out, "  ... and {left} compliant rows")?,
        }
    }
    legend(&all, out)
}

fn legend(rows: &[&Row<'_>], out: &mut dyn Write) -> io::Result<()> {
    let listed = |key: &&Key<'_>| matches!(key.speaks, Speaks::Tls | Speaks::Unknown);
    let keys = || rows.iter().map(|row| &row.key).filter(listed);
    let blocked = keys().any(|key| key.effective.is_some_and(|effective| !key.configured.is_subset(effective)));
    let lines = [
        (blocked, "(..)  configured, but blocked by the TLS library, the ciphers or the keys"),
        (keys().any(|key| key.undecided), "?     not all that decides is known: these are the most that it can be"),
        (rows.iter().any(|row| row.key.role == Role::Upstream), "->    the service is the TLS client of this server"),
    ];
    if lines.iter().any(|(used, _)| *used) {
        writeln!(out)?;
    }
    for (_, line) in lines.iter().filter(|(used, _)| *used) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn style(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Exposed | Verdict::Missing => AnsiColor::BrightRed,
        Verdict::Latent | Verdict::Unknown => AnsiColor::Yellow,
        Verdict::Shadowed => AnsiColor::BrightCyan,
        Verdict::Compliant => AnsiColor::BrightGreen,
    };
    colour.on_default()
}

/// The widths of the first three columns; the names get what the others leave.
fn widths(rows: &[&Row<'_>], width: usize) -> [usize; 3] {
    let widest = |column: usize, text: &dyn Fn(&Row<'_>) -> usize| {
        rows.iter().map(|row| text(row)).max().unwrap_or(0).max(HEADS[column].len())
    };
    let address = widest(0, &|row| row.key.address().chars().count()).min(WIDEST_ADDRESS);
    let versions = widest(2, &|row| row.key.versions().chars().count());
    let verdict = Verdict::Compliant.name().len();
    let left = width.saturating_sub(2 + address + 2 + 2 + versions + 2 + verdict).max(NARROWEST_NAMES);
    let names = widest(1, &|row| names(&row.names, left).chars().count()).min(left);
    [address, names, versions]
}

/// As many names as fit, and how many more there are; of the first one, as much as fits.
pub(super) fn names(names: &[Option<&str>], width: usize) -> String {
    let show = |name: Option<&str>| name.map_or_else(|| "(no name)".to_owned(), |n| sanitise::line(n.as_bytes()));
    // No name is empty, so that more of them than this can't fit.
    let some: Vec<String> = names.iter().copied().take(width).map(show).collect();
    for shown in (1..=some.len()).rev() {
        let text = with_rest(some[..shown].join(", "), names.len() - shown);
        if text.chars().count() <= width {
            return text;
        }
    }
    let rest = with_rest("...".to_owned(), names.len().saturating_sub(1));
    let room = width.saturating_sub(rest.chars().count());
    some.first().into_iter().flat_map(|name| name.chars().take(room)).chain(rest.chars()).collect()
}

fn with_rest(text: String, rest: usize) -> String {
    if rest > 0 { format!("{text} (+{rest} more)") } else { text }
}

/// One line; the last cell has the style, and a cell that is too wide moves the others.
fn line(out: &mut dyn Write, cells: &[String; 4], widths: [usize; 3], style: Style) -> io::Result<()> {
    let [address, names, versions, verdict] = cells;
    let [a, n, v] = widths;
    writeln!(out, "  {address:a$}  {names:n$}  {versions:v$}  {style}{verdict}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Version;

    #[test]
    fn blocked_versions_stand_in_parentheses() {
        let all = VersionSet::TLS;
        let some = VersionSet::of(&[Version::Tls1_1, Version::Tls1_2]);
        assert_eq!(versions(all, Some(some)), "(TLSv1) TLSv1.1 TLSv1.2 (TLSv1.3)");
        assert_eq!(versions(some, None), "TLSv1.1 TLSv1.2");
        assert_eq!(versions(VersionSet::EMPTY, Some(VersionSet::EMPTY)), "none");
    }

    #[test]
    fn names_fit() {
        let all: Vec<Option<&str>> = vec![None, Some("a.test"), Some("b.test"), Some("c.test")];
        assert_eq!(names(&all, 80), "(no name), a.test, b.test, c.test");
        assert_eq!(names(&all, 28), "(no name), a.test (+2 more)");
        assert_eq!(names(&all[..1], 14), "(no name)");
        assert_eq!(names(&[Some("a-very-long-name.example.test"), None], 20), "a-very-... (+1 more)");
    }
}
