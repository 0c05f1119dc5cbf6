//! What a probe found, as text.

use super::issue::excuse;
use super::secrets::Shown;
use super::{Frame, handshake, sanitise, verify};
use crate::finding::Observed;
use crate::probe::client::Check;
use crate::probe::strength::Level;
use crate::probe::target::Target;
use crate::probe::{Depth, Reason, Row, Scan, Trouble, Verdict};
use crate::source::Span;
use anstyle::{AnsiColor, Style};
use std::io::{self, ErrorKind, Write};

/// What is said of a target that was not probed any more.
pub(super) const INTERRUPTED: &str = "interrupted";

/// All that the report of a probe is made of.
pub struct ProbeView<'a> {
    /// What every report has.
    pub frame: Frame<'a>,
    /// What was probed, in the user's order.
    pub targets: Vec<Probed<'a>>,
    /// How much was asked.
    pub depth: Depth,
}

/// Something that was probed.
pub struct Probed<'a> {
    /// As the user wrote it.
    pub label: &'a str,
    /// What became of it.
    pub outcome: Outcome<'a>,
    /// The complaints about it.
    pub observed: &'a Shown<Vec<Observed>>,
    /// Where the list of targets names it; none: it was on the command line.
    pub place: Option<Span>,
    /// This machine has no way there, another address of the same host answers, and nothing is wrong with that.
    pub spared: bool,
}

/// What became of something that the user wrote.
pub enum Outcome<'a> {
    /// There was nothing to connect to, and why.
    Unresolved(&'a str),
    /// The user ended it before it was probed.
    Interrupted,
    /// It was probed.
    Scanned {
        /// What exactly.
        target: &'a Target,
        /// What was found.
        scan: &'a Scan,
        /// What a client of this machine gets.
        client: Option<&'a Check>,
    },
}

/// `www.example:443 (192.0.2.1:443), smtp`
pub fn title(target: &Target) -> String {
    let place = target.place.to_string();
    let mut text = target.label.clone();
    if target.label != place {
        text = format!("{text} ({place})");
    }
    let label = target.label.rsplit_once(':').map_or(target.label.as_str(), |(host, _)| host);
    match &target.name {
        Some(name) if name.as_str() != label && name.as_str() != target.label => text = format!("{text}, name {name}"),
        _ => {}
    }
    match target.starttls {
        Some(starttls) => format!("{text}, {}", starttls.name()),
        None => text,
    }
}

/// Is it only that this machine has no way there?
pub fn has_no_route(trouble: &Trouble) -> bool {
    let kinds = [ErrorKind::NetworkUnreachable, ErrorKind::AddrNotAvailable, ErrorKind::HostUnreachable];
    matches!(trouble, Trouble::Unreachable(Reason::Unreachable(kind)) if kinds.contains(kind))
}

/// Writes the report, with terminal styles.
pub(super) fn text(view: &ProbeView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bold = Style::new().bold();
    for (at, probed) in view.targets.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        match &probed.outcome {
            Outcome::Unresolved(why) => {
                writeln!(out, "{bold}{}{bold:#}", clean(probed.label))?;
                writeln!(out, "  {}", clean(why))?;
            }
            Outcome::Interrupted => {
                writeln!(out, "{bold}{}{bold:#}", clean(probed.label))?;
                writeln!(out, "  {INTERRUPTED}")?;
            }
            Outcome::Scanned { target, scan, client } => {
                writeln!(out, "{bold}{}{bold:#}", clean(&title(target)))?;
                self::scan(scan, view.depth, out)?;
                if let Some(hint) = handshake::hint(target, scan) {
                    writeln!(out, "  help: {hint}")?;
                }
                if let Some(check) = client {
                    self::client(check, scan, out)?;
                }
            }
        }
        for one in probed.observed {
            write!(out, "  ")?;
            verify::headline(one, out)?;
            if let Some(excuse) = excuse(view.frame.texts, &one.standing) {
                writeln!(out, "    {excuse}")?;
            }
            for note in &one.notes {
                writeln!(out, "    {}", clean(note))?;
            }
        }
    }
    Ok(())
}

fn clean(text: &str) -> String {
    sanitise::line(text.as_bytes())
}

/// The rows of an endpoint.
pub(super) fn scan(scan: &Scan, depth: Depth, out: &mut dyn Write) -> io::Result<()> {
    if let Some(trouble) = &scan.trouble {
        let what = handshake::trouble(trouble);
        let style = AnsiColor::BrightRed.on_default();
        return writeln!(out, "  {style}{what}{style:#}: {}", clean(&handshake::with_advice(trouble.reason())));
    }
    for row in &scan.rows {
        self::row(row, depth, out)?;
    }
    if depth == Depth::Ciphers {
        least(scan, out)?;
    }
    let count = scan.connections;
    writeln!(out, "  {count} {}", if count == 1 { "connection" } else { "connections" })
}

fn row(row: &Row, depth: Depth, out: &mut dyn Write) -> io::Result<()> {
    let colour = match &row.verdict {
        Verdict::Accepted => AnsiColor::BrightGreen,
        Verdict::Rejected(_) => AnsiColor::White,
        Verdict::Inconclusive(_) => AnsiColor::Yellow,
    };
    let style = colour.on_default();
    let (name, verdict) = (row.version.name(), row.verdict.name());
    let remarks = handshake::remarks(row, depth, handshake::with_advice);
    match remarks.is_empty() {
        true => writeln!(out, "  {name:<8} {style}{verdict}{style:#}")?,
        false => writeln!(out, "  {name:<8} {style}{verdict:<12}{style:#}  {remarks}")?,
    }
    if depth == Depth::Versions {
        return Ok(());
    }
    for suite in handshake::suites(row) {
        let style = level_style(suite.level);
        let (name, key, level) = (&suite.name, &suite.key, suite.level.name());
        let line = format!("             {name:<47} {key:<15} {style}{level}{style:#}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn least(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let Some(level) = handshake::least(scan) else { return Ok(()) };
    let style = level_style(level);
    writeln!(out, "  least strength: {style}{}{style:#}", level.name())
}

fn level_style(level: Level) -> Style {
    match level {
        Level::Insecure => AnsiColor::BrightRed,
        Level::Weak => AnsiColor::Yellow,
        Level::Ok => AnsiColor::White,
        Level::Good => AnsiColor::BrightGreen,
    }
    .on_default()
}

fn client(check: &Check, scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    for (at, line) in handshake::client(check, scan).iter().enumerate() {
        let head = if at == 0 { "  client: " } else { "    " };
        writeln!(out, "{head}{line}")?;
    }
    for (name, value) in handshake::certificate(check) {
        writeln!(out, "    {:<8} {value}", format!("{name}:"))?;
    }
    Ok(())
}
