//! A document: its shape by name and number, and its body.

use schemars::JsonSchema;
use serde::Serialize;

/// The body of a document.
pub trait Body: JsonSchema + Serialize {
    /// Name and number of the shape: `tlsmend/fix/1`.
    const SCHEMA: &'static str;
}

/// What a command of tlsmend writes with `--format json`; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct Document<'a, T: Body> {
    #[schemars(extend("const" = T::SCHEMA))]
    schema: &'static str,
    version: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

impl<'a, T: Body> Document<'a, T> {
    pub(super) fn of(body: &'a T) -> Document<'a, T> {
        Document { schema: T::SCHEMA, version: env!("CARGO_PKG_VERSION"), body }
    }
}
