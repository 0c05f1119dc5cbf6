//! The fleet as CSV (RFC 4180): a line for each TLS endpoint of each host.
//!
//! A host without TLS endpoints has a line too. Cells that a spreadsheet would take for a formula begin with an
//! apostrophe.

use super::{Endpoint, Fleet, Host};
use crate::report::sanitise;
use std::io::{self, Write};

const HEADS: [&str; 17] = [
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
    "incomplete",
    "waived or known",
];

/// Where the name of the file stands.
const FILE: usize = 14;

/// Writes the table.
pub(super) fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
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
        cells[FILE] = safe(file);
        table.write_record(cells)?;
    }
    table.flush()
}

fn cells(host: &Host, endpoint: Option<&Endpoint>) -> Vec<String> {
    let mut cells = vec![safe(&host.name), safe(host.status()), safe(&host.policy)];
    match endpoint {
        None => cells.resize(FILE, String::new()),
        Some(one) => {
            let own: [&str; 5] = [&one.service, &one.main, &one.role, &one.address, &one.transport];
            cells.extend(own.map(safe));
            cells.push(safe(one.name.as_deref().unwrap_or_default()));
            cells.push(safe(&one.configured.join(" ")));
            cells.push(safe(&one.effective.as_ref().map_or_else(|| "unknown".to_owned(), |e| e.join(" "))));
            cells.push(one.verdict.to_string());
            cells.push(one.severity.map(|severity| severity.to_string()).unwrap_or_default());
            cells.push(safe(&one.rules.join(" ")));
        }
    }
    cells.push(safe(&host.file));
    cells.push(if host.incomplete { "yes" } else { "no" }.to_owned());
    cells.push(host.excused.to_string());
    cells
}

/// Text that no terminal and no spreadsheet takes for a command.
fn safe(text: &str) -> String {
    let text = sanitise::line(text.as_bytes());
    // Many programs end a cell at a semicolon, and look at no quotes within one.
    let parts = text.split_inclusive(';').map(|part| {
        // Blanks before it do not make it harmless: some programs trim a cell.
        if part.trim_start().starts_with(begins_a_formula) { format!("'{part}") } else { part.to_owned() }
    });
    parts.collect()
}

/// The signs that a formula begins with, as ASCII has them, and those that a program may take for them: their full-width,
/// small, raised and lowered forms, and the hyphens, dashes and the minus. Tabs and line ends begin one, too.
fn begins_a_formula(c: char) -> bool {
    matches!(c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{2409}' | '\u{240a}' | '\u{240d}'
        | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
        | '\u{fe66}' | '\u{fe62}' | '\u{fe63}' | '\u{fe6b}'
        | '\u{207a}'..='\u{207c}' | '\u{208a}'..='\u{208c}'
        | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{2795}' | '\u{2796}')
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn no_cell_begins_a_formula() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@a",
            "\t=1",
            "\r=1",
            "\n=1",
            "\u{ff1d}1",
            "\u{ff0b}1",
            "\u{ff0d}1",
            "\u{ff20}a",
            " =1",
            "\u{3000}\u{ff1d}1",
            "\u{2212}1",
            "\u{fe66}1",
            "\u{207c}1",
            "\u{2013}1",
        ] {
            assert!(safe(text).starts_with('\''), "{text:?}: {:?}", safe(text));
        }
        for text in ["a=1", "192.0.2.1:443", "*:443", "", "\u{e9}", "~^=", "[::]:443", "/etc/a"] {
            assert_eq!(safe(text), text);
        }
        assert_eq!(safe("a;=1+1; @b;c"), "a;'=1+1;' @b;c");
    }
}
