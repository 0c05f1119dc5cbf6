//! What a probe found, as text.

use super::{Exit, sanitise};
use crate::finding::{Observed, Severity};
use crate::probe::client::{Certificate, Check, Handshake};
use crate::probe::key::Agreement;
use crate::probe::strength::{self, Level};
use crate::probe::suites::Suite;
use crate::probe::target::Target;
use crate::probe::{Depth, Hit, Order, Reason, Row, Scan, Trouble, Verdict};
use anstyle::{AnsiColor, Style};
use std::io::{self, ErrorKind, Write};

/// More names of a certificate than this are only counted.
const MOST_NAMES: usize = 6;

/// All that the report of a probe is made of.
pub struct ProbeView<'a> {
    /// What was probed, in the user's order.
    pub targets: Vec<Probed<'a>>,
    /// How much was asked.
    pub depth: Depth,
    /// The name of the policy.
    pub policy: &'a str,
    /// How the program is going to exit.
    pub exit: Exit<'a>,
}

/// Something that was probed.
pub struct Probed<'a> {
    /// As the user wrote it.
    pub label: &'a str,
    /// What became of it.
    pub outcome: Outcome<'a>,
    /// The complaints about it.
    pub observed: &'a [Observed],
}

/// What became of something that the user wrote.
pub enum Outcome<'a> {
    /// There was nothing to connect to, and why.
    Unresolved(&'a str),
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
pub fn text(view: &ProbeView<'_>, out: &mut dyn Write) -> io::Result<()> {
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
            Outcome::Scanned { target, scan, client } => {
                writeln!(out, "{bold}{}{bold:#}", clean(&title(target)))?;
                self::scan(scan, view.depth, out)?;
                if let Some(check) = client {
                    self::client(check, scan, out)?;
                }
            }
        }
        for one in probed.observed {
            let colour = if one.severity == Severity::High { AnsiColor::BrightRed } else { AnsiColor::Yellow };
            let style = colour.on_default().bold();
            writeln!(out, "  {style}{}[{}]{style:#}: {}", one.severity, one.rule, clean(&one.message))?;
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
        let what = match trouble {
            Trouble::Unreachable(_) => "unreachable",
            Trouble::NotTls(_) => "not TLS",
            Trouble::StartTls(_) => "no TLS",
        };
        let style = AnsiColor::BrightRed.on_default();
        return writeln!(out, "  {style}{what}{style:#}: {}", clean(&said(trouble.reason())));
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

/// A reason, and the option that gets further.
fn said(reason: &Reason) -> String {
    match reason.advice() {
        Some(advice) => format!("{}; {advice}", reason.text()),
        None => reason.text(),
    }
}

fn row(row: &Row, depth: Depth, out: &mut dyn Write) -> io::Result<()> {
    let colour = match &row.verdict {
        Verdict::Accepted => AnsiColor::BrightGreen,
        Verdict::Rejected(_) => AnsiColor::White,
        Verdict::Inconclusive(_) => AnsiColor::Yellow,
    };
    let style = colour.on_default();
    let mut remarks: Vec<String> = row.verdict.reason().map(said).into_iter().collect();
    remarks.extend(row.notes.iter().map(|note| (*note).to_owned()));
    if depth == Depth::Ciphers && row.verdict == Verdict::Accepted {
        match row.order {
            Some(Order::Server) => remarks.push("the server's order decides".to_owned()),
            Some(Order::Client) => remarks.push("the client's order decides".to_owned()),
            None => {}
        }
        if row.compression.is_some_and(|method| method != 0) {
            remarks.push("compresses".to_owned());
        }
        if !row.complete {
            remarks.push("there may be more suites: the server stopped answering".to_owned());
        }
    }
    let (name, verdict) = (row.version.name(), row.verdict.name());
    let remarks = clean(&remarks.join("; "));
    match remarks.is_empty() {
        true => writeln!(out, "  {name:<8} {style}{verdict}{style:#}")?,
        false => writeln!(out, "  {name:<8} {style}{verdict:<12}{style:#}  {remarks}")?,
    }
    if depth == Depth::Versions {
        return Ok(());
    }
    for kind in &row.kinds {
        writeln!(out, "             {kind}")?;
    }
    for hit in &row.suites {
        let key = hit.key.as_ref().map(Agreement::to_string).unwrap_or_default();
        let level = level_of(hit).min(strength::most(row.version));
        let style = level_style(level);
        let suite = Suite::name_of(hit.suite);
        let line = format!("             {suite:<47} {key:<15} {style}{}{style:#}", level.name());
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// How strong a suite is, with the parameters that the server used.
pub(super) fn level_of(hit: &Hit) -> Level {
    strength::level_with(hit.suite, hit.key.as_ref().and_then(Agreement::dh_bits))
}

/// The least strength at an endpoint; `None`: no suite is known.
pub(super) fn least_of(scan: &Scan) -> Option<Level> {
    let ssl2 = scan.rows.iter().filter(|row| !row.kinds.is_empty()).map(|row| strength::most(row.version));
    let of = |row: &Row| {
        let most = strength::most(row.version);
        row.suites.iter().map(|hit| level_of(hit).min(most)).min()
    };
    scan.rows.iter().filter_map(of).chain(ssl2).min()
}

fn least(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let Some(level) = least_of(scan) else { return Ok(()) };
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
    match &check.handshake {
        Handshake::Made { version, suite, group, alpn, asked, refused } => {
            let mut words = vec![version.name().to_owned(), Suite::name_of(*suite)];
            words.extend(group.map(|group| Agreement::group(group).to_string()));
            words.extend(alpn.as_ref().map(|name| format!("ALPN {name}")));
            writeln!(out, "  client: connects with {}", clean(&words.join(", ")))?;
            match (refused, asked) {
                (true, _) => writeln!(out, "    the server refuses clients without a certificate")?,
                (false, true) => writeln!(out, "    the server asks for a certificate of the client")?,
                _ => {}
            }
        }
        Handshake::Failed(why) if check.reaches_modern(scan) => writeln!(
            out,
            "  client: one with modern suites and curves only does not connect ({}); the server has TLSv1.2 or newer, \
             and others get in",
            clean(why)
        )?,
        Handshake::Failed(why) => writeln!(out, "  client: does not connect with TLSv1.2 or newer: {}", clean(why))?,
        Handshake::Inconclusive(why) => writeln!(out, "  client: inconclusive: {}", clean(&said(why)))?,
    }
    if let Some(certificate) = &check.certificate {
        self::certificate(certificate, out)?;
    }
    match &check.trust {
        Some(trust) => writeln!(out, "    certificate: {}", clean(&trust.text())),
        None => Ok(()),
    }
}

fn certificate(certificate: &Certificate, out: &mut dyn Write) -> io::Result<()> {
    let Certificate { subject, issuer, names, not_before, not_after, key, signature, .. } = certificate;
    let mut shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let more = format!("{} more", names.len().saturating_sub(MOST_NAMES));
    if names.len() > MOST_NAMES {
        shown.push(&more);
    }
    writeln!(out, "    subject: {}", clean(subject))?;
    if !shown.is_empty() {
        writeln!(out, "    names:   {}", clean(&shown.join(", ")))?;
    }
    writeln!(out, "    issuer:  {}", clean(issuer))?;
    writeln!(out, "    valid:   {not_before} to {not_after}")?;
    writeln!(out, "    key:     {}, {}", clean(key), clean(signature))
}
