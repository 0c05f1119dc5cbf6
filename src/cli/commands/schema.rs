//! `tlsmend schema`

use super::super::args::{Colour, Schema};
use super::super::exit::ExitStatus;
use super::super::output;
use crate::policy;
use crate::report::Outcome;
use crate::report::json::SHAPES;
use anyhow::Result;

/// What the schema of policies goes by.
const POLICY: &str = "policy";

/// The names of all schemas.
pub(in crate::cli) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = SHAPES.iter().map(|shape| shape.name).chain([POLICY]).collect();
    names.sort_unstable();
    names
}

/// Prints one schema, or the names of all.
pub(in crate::cli) fn run(arguments: &Schema) -> Result<ExitStatus> {
    let shape = SHAPES.iter().find(|shape| Some(shape.name) == arguments.name.as_deref());
    let text = match (shape, &arguments.name) {
        (Some(shape), _) => shape.text(),
        (None, Some(_)) => policy::schema(),
        (None, None) => names().join("\n") + "\n",
    };
    output::write(Colour::Auto, |out| out.write_all(text.as_bytes()))?;
    Ok(Outcome::Compliant.into())
}
