//! The audit, the answer to `why` and the facts as JSON, for programs: described field by field in `docs/json.md`.
//!
//! The shapes are structs of their own, apart from the words of the program, so that a change of those does not
//! change what others read. Within a schema's number, fields are only added.

mod audit;
mod facts;
mod place;
mod probe;
mod verify;
mod why;

use super::probe::ProbeView;
use super::sanitise;
use super::verify::VerifyView;
use super::{AuditView, FactsView, WhyView};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the report of an audit as JSON.
pub fn audit(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(&audit::Audit::of(view), out)
}

/// Writes the answer to `why` as JSON.
pub fn why(view: &WhyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(&why::Why::of(view), out)
}

/// Writes the facts as JSON.
pub fn facts(view: &FactsView<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(&facts::Facts::of(view), out)
}

/// Writes what a probe found as JSON.
pub fn probe(view: &ProbeView<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(&probe::Probe::of(view), out)
}

/// Writes what a verification found as JSON.
pub fn verify(view: &VerifyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(&verify::Verify::of(view), out)
}

/// JSON with indentation and a line end. Characters that could do something to a terminal occur in strings only, and
/// go out as `\u` escapes.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c == '\n' || !sanitise::is_hostile(c) {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(safe, "\\u{unit:04x}").map_err(io::Error::other)?;
        }
    }
    safe.push('\n');
    out.write_all(safe.as_bytes())
}
