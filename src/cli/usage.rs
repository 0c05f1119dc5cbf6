//! What clap says of arguments that are not understood.

use super::args::Arguments;
use super::exit::ExitStatus;
use super::{output, screen};
use crate::report::Outcome;
use crate::report::sanitise;
use crate::spelling::find_nearest;
use clap::Parser;
use clap::error::{ContextKind, ContextValue, Error};
use std::ffi::OsString;

/// Shows help or version, or says why the arguments are refused.
pub(super) fn refused(error: Error) -> ExitStatus {
    let failed = error.use_stderr();
    // clap quotes arguments as they are. A pattern of the shell puts names of files among them, so they are made
    // harmless before clap sees them, and it comes to the same end with those.
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let harmless: Vec<OsString> =
        arguments.iter().map(|argument| sanitise::line(argument.as_encoded_bytes()).into()).collect();
    let error = if harmless == arguments { Some(error) } else { Arguments::try_parse_from(harmless).err() };
    let Some(error) = error.map(with_nearest) else {
        output::remark("an argument is not UTF-8, or has characters that nothing here takes");
        return Outcome::CouldNotRun.into();
    };
    let (text, styled) = (error.render(), if failed { screen::remarks_take_colour() } else { screen::takes_colour() });
    let text = if styled { text.ansi().to_string() } else { text.to_string() };
    let written = match failed {
        true => screen::remark(|out| out.write_all(text.as_bytes())),
        false => screen::output(|out| out.write_all(text.as_bytes())),
    };
    match written {
        Ok(()) if !failed => Outcome::Compliant.into(),
        _ => Outcome::CouldNotRun.into(),
    }
}

/// What is near to a value of clap's own lists is near by the measure of all other names.
fn with_nearest(mut error: Error) -> Error {
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidValue)
        && let Some(ContextValue::Strings(known)) = error.get(ContextKind::ValidValue)
    {
        match find_nearest(word, known.iter().map(String::as_str)).map(str::to_owned) {
            Some(name) => error.insert(ContextKind::SuggestedValue, ContextValue::String(name)),
            None => error.remove(ContextKind::SuggestedValue),
        };
    }
    error
}
