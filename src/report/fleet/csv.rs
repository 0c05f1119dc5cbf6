//! The fleet as CSV (RFC 4180): a line for each TLS endpoint of each host.
//!
//! A host without TLS endpoints has a line too. Cells that a spreadsheet would take for a formula begin with an
//! apostrophe.

use super::{Endpoint, Fleet, Host};
use crate::report::sanitise;
use std::io::{self, Write};

const HEADS: [&str; 15] = [
    "host",
    "status",
    "policy",
    "service",
    "main",
    "role",
    "address",
    "transport",
    "name",
    "configured",
    "effective",
    "verdict",
    "severity",
    "rules",
    "file",
];

/// Writes the table.
pub fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(HEADS)?;
    for host in &fleet.hosts {
        if host.endpoints.is_empty() {
            table.write_record(cells(host, None))?;
        }
        for endpoint in &host.endpoints {
            table.write_record(cells(host, Some(endpoint)))?;
        }
    }
    for (file, reason) in &fleet.unread {
        let mut cells = vec![String::new(); HEADS.len()];
        cells[1] = safe(&format!("unreadable: {reason}"));
        cells[HEADS.len() - 1] = safe(file);
        table.write_record(cells)?;
    }
    table.flush()
}

fn cells(host: &Host, endpoint: Option<&Endpoint>) -> Vec<String> {
    let mut cells = vec![safe(&host.name), safe(&host.status), safe(&host.policy)];
    match endpoint {
        None => cells.resize(HEADS.len() - 1, String::new()),
        Some(one) => {
            let own = [&one.service, &one.main, &one.role, &one.address, &one.transport];
            cells.extend(own.map(|text| safe(text)));
            cells.push(safe(one.name.as_deref().unwrap_or_default()));
            cells.push(safe(&one.configured.join(" ")));
            cells.push(safe(&one.effective.as_ref().map_or_else(|| "unknown".to_owned(), |e| e.join(" "))));
            cells.push(one.verdict.to_string());
            cells.push(one.severity.map(|severity| severity.to_string()).unwrap_or_default());
            cells.push(safe(&one.rules.join(" ")));
        }
    }
    cells.push(safe(&host.file));
    cells
}

/// Text that no terminal and no spreadsheet takes for a command.
fn safe(text: &str) -> String {
    let text = sanitise::line(text.as_bytes());
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}
