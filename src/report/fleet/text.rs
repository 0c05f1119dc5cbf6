//! The fleet as text: a line for each host, worst first.

use super::{Fleet, HEADS};
use crate::report::sanitise;
use anstyle::Style;
use std::io::{self, Write};

/// A name is cut to so many characters.
const WIDEST: usize = 40;
/// The columns that are shown: what is the matter with endpoints, and findings that count.
const SHOWN: [(usize, &str); 9] = [
    (0, "ENDPOINTS"),
    (1, "EXPOSED"),
    (2, "MISSING"),
    (3, "UNKNOWN"),
    (4, "LATENT"),
    (5, "COMPLIANT"),
    (6, "HIGH"),
    (7, "MEDIUM"),
    (8, "LOW"),
];

/// Writes the table.
pub(super) fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    debug_assert!(SHOWN.iter().all(|(at, head)| HEADS[*at].eq_ignore_ascii_case(head)));
    let hosts = fleet.by_need();
    let name = |text: &str| sanitise::line(text.as_bytes()).chars().take(WIDEST).collect::<String>();
    let widest = hosts.iter().map(|host| name(&host.name).chars().count()).max().unwrap_or(0).max(4);
    let states = hosts.iter().map(|host| host.told().chars().count()).max().unwrap_or(0).max(6);
    if !hosts.is_empty() {
        let bold = Style::new().bold();
        let heads: Vec<&str> = SHOWN.iter().map(|(_, head)| *head).collect();
        writeln!(out, "{bold}{:widest$}  {:states$}  {}{bold:#}", "HOST", "STATUS", heads.join("  "))?;
    }
    for host in &hosts {
        write!(out, "{:widest$}  {:states$}", name(&host.name), host.told())?;
        let numbers = host.numbers();
        for (at, head) in SHOWN {
            let width = head.len();
            write!(out, "  {:>width$}", numbers[at])?;
        }
        writeln!(out)?;
    }
    for (file, reason) in &fleet.unread {
        writeln!(out, "not merged: {}: {}", sanitise::line(file.as_bytes()), sanitise::line(reason.as_bytes()))?;
    }
    if let Some(differing) = fleet.differing() {
        writeln!(out, "{}", sanitise::line(differing.as_bytes()))?;
    }
    if !hosts.is_empty() || !fleet.unread.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", fleet.headline())
}
