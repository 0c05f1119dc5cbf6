//! The audit, the answer to `why` and the facts as JSON, for programs: described field by field in `docs/json.md`.
//!
//! The shapes are structs of their own, apart from the words of the program, so that a change of those does not
//! change what others read; their schemas are generated from them. Within a schema's number, fields are only added.

mod audit;
pub mod change;
mod document;
mod edits;
mod exit;
mod facts;
pub mod known;
pub mod past;
mod place;
mod probe;
mod schema;
mod verify;
mod why;
pub(super) mod words;

pub use document::Body;
pub use exit::Exit;
pub use schema::Shape;

use super::secrets::Shown;
use super::{FactsView, Report, WhyView, sanitise};
use serde::Serialize;
use std::io::{self, Write};

/// All shapes, by the names of their schemas.
pub static SHAPES: [Shape; 15] = [
    Shape::of_body::<change::Diff>("diff"),
    Shape::of_body::<change::Fix>("fix"),
    Shape::of_body::<change::Rollback>("rollback"),
    Shape::of_body::<known::PolicyCheck>("policy-check"),
    Shape::of_body::<known::PolicyList>("policy-list"),
    Shape::of_body::<known::PolicyShow>("policy-show"),
    Shape::of_body::<known::Rules>("rule"),
    Shape::of_body::<past::History>("history"),
    Shape::of::<audit::Audit<'_>>("audit"),
    Shape::of::<facts::Facts<'_>>("facts"),
    Shape::of::<super::fleet::json::FleetOut<'_>>("fleet"),
    Shape::of::<probe::Probe<'_>>("probe"),
    Shape::of::<verify::Verify<'_>>("verify"),
    Shape::of::<why::Why<'_>>("why"),
    Shape::of::<why::WhyName<'_>>("why-name"),
];

/// Writes the report of a command.
pub(super) fn report(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    match report {
        Report::Audit(view) => write(&audit::Audit::of(view), out),
        Report::Probe(view) => write(&probe::Probe::of(view), out),
        Report::Verify(view) => write(&verify::Verify::of(view), out),
    }
}

/// Writes a document.
pub fn document(body: &impl Body, out: &mut dyn Write) -> io::Result<()> {
    write(&document::Document::of(body), out)
}

/// Writes the answer to `why` as JSON.
pub fn why(view: &WhyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    write(&why::Why::of(view), out)
}

/// Writes the answers to `why` at all addresses that have a name as JSON.
pub fn why_name(name: &str, views: &[WhyView<'_>], out: &mut dyn Write) -> io::Result<()> {
    write(&why::WhyName::of(name, views), out)
}

/// Writes the facts as JSON.
pub fn facts(view: &Shown<FactsView>, out: &mut dyn Write) -> io::Result<()> {
    write(&facts::Facts::of(view), out)
}

/// JSON with indentation and a line end. Characters that could do something to a terminal occur in strings only, and
/// go out as `\u` escapes.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut safe = Escaped(out);
    serde_json::to_writer_pretty(&mut safe, value)?;
    safe.write_all(b"\n")
}

/// Passes JSON on as it is made: the whole of a large one would be a second time in memory.
struct Escaped<'w>(&'w mut dyn Write);

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // The rest comes again, with what is missing.
            Err(error) => match std::str::from_utf8(&bytes[..error.valid_up_to()]) {
                Ok(text) if !text.is_empty() => text,
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            },
        };
        let mut done = 0;
        for (at, hostile) in text.match_indices(|c| c != '\n' && sanitise::is_hostile(c)) {
            self.0.write_all(&bytes[done..at])?;
            for unit in hostile.encode_utf16() {
                write!(self.0, "\\u{unit:04x}")?;
            }
            done = at + hostile.len();
        }
        self.0.write_all(&text.as_bytes()[done..])?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
