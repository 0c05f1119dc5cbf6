//! The fleet as a table in Markdown, worst hosts first.

use super::{Fleet, HEADS};
use crate::report::markdown::{code, prose};
use std::io::{self, Write};

/// A comment is cut before it has more bytes than this.
const LONGEST: usize = 60_000;

/// Writes the table.
pub(super) fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let mut text = format!("<!-- tlsmend fleet -->\n## TLS versions: {}\n\n", fleet.headline());
    for (file, reason) in &fleet.unread {
        text.push_str(&format!("- not merged: {}: {}\n", code(file), prose(reason)));
    }
    if let Some(differing) = fleet.differing() {
        text.push_str(&format!("- {}\n", prose(&differing)));
    }
    text.push_str(&format!(
        "\n| host | status | {} |\n| --- | --- |{}\n",
        HEADS.join(" | "),
        " ---: |".repeat(HEADS.len())
    ));
    let hosts = fleet.by_need();
    for (at, host) in hosts.iter().enumerate() {
        let numbers: Vec<String> = host.numbers().iter().map(usize::to_string).collect();
        let row = format!("| {} | {} | {} |\n", code(&host.name), prose(&host.told()), numbers.join(" | "));
        if text.len() + row.len() > LONGEST {
            text.push_str(&format!("\n{} more hosts are not shown here.\n", hosts.len() - at));
            break;
        }
        text.push_str(&row);
    }
    out.write_all(text.as_bytes())
}
