//! The answer to `why`: which versions a client gets, and step by step what decides that.

use super::secrets::Shown;
use super::{Texts, excerpt, sanitise, table};
use crate::endpoint::{Answer, Reason, Speaks, Unknown};
use anstyle::Style;
use std::io::{self, Write};
use std::sync::Arc;

/// What is said of an address that no listener has. Whether something else listens there, files don't tell.
const NOTHING: &str = "no configuration that was read listens there";

/// The same of another server.
const NO_CLIENT: &str = "no configuration that was read connects there by TLS";

/// So wide is the line of a file that a step shows.
const WIDTH: usize = 90;

/// All that the answer is made of.
#[derive(Debug)]
pub struct WhyView<'a> {
    /// The address that was asked about: `127.0.0.1:443`.
    pub address: &'a str,
    /// The server name that was asked about.
    pub sni: Option<&'a str>,
    /// The service that answers there.
    pub service: Option<&'a str>,
    /// What it answers; none: nothing listens there.
    pub answer: Option<&'a Shown<Arc<Answer>>>,
    /// What is not known of the configuration, and may change the answer.
    pub open: &'a Shown<Vec<Unknown>>,
    /// The texts.
    pub texts: Texts<'a>,
}

impl WhyView<'_> {
    pub(super) fn speaks(&self) -> Speaks {
        let nothing = if self.open.is_empty() { Speaks::Refused } else { Speaks::Unknown };
        self.answer.map_or(nothing, |answer| answer.speaks)
    }

    /// Does a client get just that? Not where something is not known, nor where nothing that was read listens or connects:
    /// whether something else does, files don't tell.
    pub fn is_certain(&self) -> bool {
        self.open.is_empty() && self.answer.is_some_and(|answer| is_certain(answer))
    }

    /// Is it the service itself that would connect there?
    fn is_upstream(&self) -> bool {
        self.address.contains("://") || !self.address.contains(':') || self.address.starts_with("client:")
    }
}

fn is_certain(answer: &Answer) -> bool {
    let is_told = match answer.speaks {
        Speaks::Tls => answer.effective.is_some(),
        Speaks::Plaintext => true,
        Speaks::Refused | Speaks::Unknown => false,
    };
    is_told && answer.unknown.is_empty()
}

/// Writes the answers at all addresses that have a name.
pub fn of_name(name: &str, views: &[WhyView<'_>], out: &mut dyn Write) -> io::Result<()> {
    if views.is_empty() {
        let name = sanitise::line(name.as_bytes());
        writeln!(out, "{name}: no configuration that was read has this name")?;
        writeln!(out, "  help: a server may answer to it all the same, as to any other; to ask for one address:")?;
        return writeln!(out, "        tlsmend why ADDRESS:PORT --sni {name}");
    }
    for (at, view) in views.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        text(view, out)?;
    }
    Ok(())
}

/// Writes the answer, with terminal styles.
pub fn text(view: &WhyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bold = Style::new().bold();
    writeln!(out, "{bold}{}: {}{bold:#}", question(view), short(view))?;
    if let Some(answer) = view.answer {
        steps(view, answer, out)?;
    }
    let unknown: Vec<&Unknown> = view.answer.iter().flat_map(|answer| &answer.unknown).chain(view.open).collect();
    if !unknown.is_empty() {
        writeln!(out, "\nnot known:")?;
    }
    for unknown in unknown {
        let place = unknown.span.map(|span| format!(" ({})", view.texts.paths.spot(view.texts.sources, span)));
        writeln!(out, "  - {}{}", sanitise::text(&unknown.what), place.unwrap_or_default())?;
        if !unknown.help.is_empty() {
            writeln!(out, "    help: {}", sanitise::text(&unknown.help))?;
        }
    }
    Ok(())
}

/// What decides, step by step.
fn steps(view: &WhyView<'_>, answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    if answer.speaks == Speaks::Tls && answer.effective.is_some_and(|e| e != answer.configured.value) {
        writeln!(out, "  configured: {}", answer.configured.value)?;
        writeln!(out, "  effective:  {}", answer.offered())?;
    }
    if !answer.configured.because.is_empty() {
        writeln!(out)?;
    }
    for (i, reason) in answer.configured.because.iter().enumerate() {
        step(view, i + 1, reason, out)?;
    }
    Ok(())
}

fn question(view: &WhyView<'_>) -> String {
    let name = match view.sni {
        Some(name) => format!("{name} at {}", view.address),
        // The service itself is the client there.
        None if view.is_upstream() => view.address.to_owned(),
        None => format!("{} without a name", view.address),
    };
    let service = view.service.map(|service| format!(" ({service})"));
    sanitise::line(format!("{name}{}", service.unwrap_or_default()).as_bytes())
}

fn short(view: &WhyView<'_>) -> String {
    let Some(answer) = view.answer else {
        let nothing = if view.is_upstream() { NO_CLIENT } else { NOTHING };
        return match view.open.is_empty() {
            true => nothing.to_owned(),
            false => format!("can't be told: {nothing}, but not all of it is known"),
        };
    };
    match answer.speaks {
        Speaks::Plaintext if !view.open.is_empty() => "plaintext, no TLS, as far as is known".to_owned(),
        Speaks::Plaintext => "plaintext, no TLS".to_owned(),
        Speaks::Refused => NOTHING.to_owned(),
        Speaks::Unknown => "can't be told".to_owned(),
        Speaks::Tls if answer.offered().is_empty() => "TLS, but no version works".to_owned(),
        Speaks::Tls if !is_certain(answer) => {
            format!("at most {}", table::versions(answer.offered(), None))
        }
        Speaks::Tls if !view.open.is_empty() => format!("{}, as far as is known", answer.offered()),
        Speaks::Tls => answer.offered().to_string(),
    }
}

fn step(view: &WhyView<'_>, number: usize, reason: &Reason, out: &mut dyn Write) -> io::Result<()> {
    let note = sanitise::text(&reason.note);
    let colon = if note.is_empty() { "" } else { ": " };
    let bold = Style::new().bold();
    writeln!(out, "{number:>3}. {bold}{}{bold:#}{colon}{note}", reason.kind.name())?;
    if let Some(span) = reason.span {
        writeln!(out, "     {}", view.texts.paths.spot(view.texts.sources, span))?;
        writeln!(out, "         {}", excerpt::line(view.texts.sources, span, WIDTH))?;
    }
    Ok(())
}
