//! What a verification found, as text.

use super::issue::excuse;
use super::secrets::Shown;
use super::table::{names, versions};
use super::{Frame, sanitise};
use crate::finding::{Observed, Severity};
use crate::instance::Problem;
use crate::probe::name::Name;
use crate::probe::{Reason, Trouble, Verdict};
use crate::tls::Version;
use crate::verify::{Checked, Expected, Outcome, Verified};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeMap;
use std::io::{self, Write};

const HEADS: [&str; 4] = ["ADDRESS", "NAME", "CONFIGURED", "OBSERVED"];
/// The longest IPv6 address with a port. What is longer moves its row.
const WIDEST: usize = 47;
/// So many things that were not verified are listed.
const MOST_LEFT: usize = 20;

/// All that the report of a verification is made of.
pub struct VerifyView<'a> {
    /// What every report has.
    pub frame: Frame<'a>,
    /// What was found.
    pub verified: &'a Shown<Verified>,
    /// What could not be read or is not valid.
    pub problems: &'a Shown<Vec<Problem>>,
}

impl VerifyView<'_> {
    /// A problem in a line: `/etc/nginx/a.conf: Permission denied`.
    pub(super) fn problem(&self, one: &Problem) -> String {
        match &one.path {
            Some(path) => format!("{}: {}", self.frame.texts.paths.show(path), one.message),
            None => one.message.clone(),
        }
    }

    /// Where the configuration says it: `/etc/nginx/nginx.conf:12:5`.
    pub(super) fn place(&self, one: &Observed) -> Option<String> {
        Some(self.frame.texts.paths.spot(self.frame.texts.sources, one.primary.as_ref()?.span))
    }
}

/// Writes the report, with terminal styles.
pub(super) fn text(view: &VerifyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all = &view.verified.checked;
    if all.is_empty() {
        writeln!(out, "no TLS endpoint of this machine was found in a configuration: nothing to verify")?;
    }
    let rows = rows(all);
    let widths: Vec<usize> = (0..4)
        .map(|at| {
            let cells = rows.iter().map(|row| row.cells[at].chars().count().min(WIDEST));
            cells.max().unwrap_or(0).max(HEADS[at].len())
        })
        .collect();
    let mut main = None;
    for Row { first, cells, .. } in &rows {
        if main != Some(&first.promise.main) {
            main = Some(&first.promise.main);
            let bold = Style::new().bold();
            let path = view.frame.texts.paths.show(&first.promise.main);
            writeln!(out, "{bold}{}:{bold:#} {path}", first.promise.service)?;
            line(out, &HEADS.map(str::to_owned), &widths, Style::new(), "RESULT")?;
        }
        line(out, cells, &widths, style(first.outcome), said(first))?;
        for (version, reason) in open(first) {
            writeln!(out, "      {version}: {}", clean(&reason.text()))?;
        }
    }
    findings(view, out)?;
    leftovers(view, out)
}

/// Endpoints of one address of which the same is said.
struct Row<'a> {
    first: &'a Checked,
    cells: [String; 4],
    names: Vec<Option<&'a str>>,
}

/// The rows, names together as an audit has them, in the order of their first endpoints.
fn rows(all: &[Checked]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut by_key = BTreeMap::new();
    for one in all {
        let cells = cells(one);
        let [address, _, expected, observed] = cells.clone();
        let reasons: Vec<String> = open(one).map(|(version, reason)| format!("{version} {}", reason.text())).collect();
        let key = (&one.promise.main, one.promise.service, address, expected, observed, said(one), reasons);
        let at = *by_key.entry(key).or_insert(rows.len());
        if at == rows.len() {
            rows.push(Row { first: one, cells, names: Vec::new() });
        }
        rows[at].names.push(one.promise.target.name.as_ref().map(Name::as_str));
    }
    for row in &mut rows {
        row.cells[1] = names(&row.names, WIDEST);
    }
    rows
}

/// Why what came does not tell, version by version.
fn open(one: &Checked) -> impl Iterator<Item = (Version, &Reason)> {
    let rows = one.scan.rows.iter().filter(|_| one.outcome == Outcome::Inconclusive);
    rows.filter_map(|row| match &row.verdict {
        Verdict::Inconclusive(reason) => Some((row.version, reason)),
        _ => None,
    })
}

fn clean(text: &str) -> String {
    sanitise::line(text.as_bytes())
}

pub(super) fn cells(one: &Checked) -> [String; 4] {
    let target = &one.promise.target;
    let name = target.name.as_ref().map_or("(no name)".to_owned(), ToString::to_string);
    let expected = match one.promise.expected {
        // In parentheses what is configured, and barred by the library.
        Expected::Exactly(effective) => versions(one.promise.answer.configured.value, Some(effective)),
        Expected::AtMost(configured) => format!("{configured} ?"),
        Expected::Nothing => "refuses all".to_owned(),
    };
    let observed = match one.scan.trouble {
        Some(_) => "-".to_owned(),
        None if one.scan.accepted().is_empty() && one.promise.expected == Expected::Nothing => "refuses all".to_owned(),
        None => one.scan.accepted().to_string(),
    };
    let way = target.starttls.map(|starttls| format!(" {}", starttls.name())).unwrap_or_default();
    [clean(&format!("{}{way}", target.place)), clean(&name), expected, observed]
}

fn line(out: &mut dyn Write, cells: &[String; 4], widths: &[usize], style: Style, result: &str) -> io::Result<()> {
    let [address, name, expected, observed] = cells;
    let (a, n, e, o) = (widths[0], widths[1], widths[2], widths[3]);
    writeln!(out, "  {address:a$}  {name:n$}  {expected:e$}  {observed:o$}  {style}{result}{style:#}")
}

pub(super) fn said(one: &Checked) -> &'static str {
    match one.outcome {
        Outcome::Agrees => "as configured",
        Outcome::Differs => "differs",
        Outcome::Mixed => "mixed",
        Outcome::Possible => "possible",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Unreachable if matches!(one.scan.trouble, Some(Trouble::Unreachable(_))) => "nothing answers",
        Outcome::Unreachable => "no TLS there",
    }
}

fn style(outcome: Outcome) -> Style {
    let colour = match outcome {
        Outcome::Agrees => AnsiColor::BrightGreen,
        Outcome::Differs | Outcome::Unreachable => AnsiColor::BrightRed,
        Outcome::Mixed | Outcome::Possible | Outcome::Inconclusive => AnsiColor::Yellow,
    };
    colour.on_default()
}

/// All complaints; those that say the same of several endpoints only once.
fn findings(view: &VerifyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all = view
        .verified
        .checked
        .iter()
        .flat_map(|one| &one.observed)
        .chain(&view.verified.dead)
        .chain(&view.verified.unexplained);
    let mut groups: Vec<(&Observed, Vec<&Observed>)> = Vec::new();
    for one in all {
        let alike = |other: &Observed| {
            (other.rule, other.severity, &other.standing, &other.message, &other.notes)
                == (one.rule, one.severity, &one.standing, &one.message, &one.notes)
        };
        match groups.iter_mut().find(|(other, _)| alike(other)) {
            Some((_, all)) => all.push(one),
            None => groups.push((one, vec![one])),
        }
    }
    for (one, all) in groups {
        writeln!(out)?;
        headline(one, out)?;
        places(view, one, &all, out)?;
        if let Some(excuse) = excuse(view.frame.texts, &one.standing) {
            writeln!(out, "  = {excuse}")?;
        }
        for note in &one.notes {
            writeln!(out, "  = {}", clean(note))?;
        }
        if let Some(help) = &one.help {
            writeln!(out, "  = help: {}", clean(help))?;
        }
    }
    Ok(())
}

/// Where the same is found: the endpoints, and the line, which stands beside each of them where there are several.
fn places(view: &VerifyView<'_>, first: &Observed, all: &[&Observed], out: &mut dyn Write) -> io::Result<()> {
    let shared = all.iter().all(|one| one.primary == first.primary);
    for one in all.iter().take(MOST_LEFT) {
        let place = view.place(one).filter(|_| !shared).map(|place| format!(" --> {place}")).unwrap_or_default();
        writeln!(out, "  at {}{place}", clean(&one.target))?;
    }
    if all.len() > MOST_LEFT {
        writeln!(out, "  and at {} more", all.len() - MOST_LEFT)?;
    }
    match view.place(first).filter(|_| shared) {
        Some(place) => writeln!(out, "  --> {place}"),
        None => Ok(()),
    }
}

/// `high[forbidden-version]: TLSv1 is accepted`; what does not count says so first.
pub(super) fn headline(one: &Observed, out: &mut dyn Write) -> io::Result<()> {
    let (colour, before) = match (one.is_open(), one.severity) {
        (false, _) => (AnsiColor::BrightBlack, format!("{}: ", one.standing.name())),
        (true, Severity::High) => (AnsiColor::BrightRed, String::new()),
        (true, _) => (AnsiColor::Yellow, String::new()),
    };
    let style = colour.on_default().bold();
    writeln!(out, "{style}{before}{}[{}]{style:#}: {}", one.severity, one.rule, clean(&one.message))
}

fn leftovers(view: &VerifyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let left = &view.verified.left;
    if !left.is_empty() {
        writeln!(out, "\nnot verified:")?;
    }
    for one in left.iter().take(MOST_LEFT) {
        writeln!(out, "  {}: {}", clean(&one.what), clean(&one.text()))?;
    }
    if left.len() > MOST_LEFT {
        writeln!(out, "  and {} more", left.len() - MOST_LEFT)?;
    }
    if view.verified.interrupted {
        writeln!(out, "\ninterrupted: the rest was not verified")?;
    }
    if !view.problems.is_empty() {
        let audit = format!("tlsmend audit{}", view.frame.options);
        writeln!(out, "\nthe configuration has problems that may change this (`{}` shows where):", clean(&audit))?;
    }
    for problem in view.problems.iter().take(MOST_LEFT) {
        writeln!(out, "  {}", clean(&view.problem(problem)))?;
    }
    Ok(())
}
