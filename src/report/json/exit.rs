//! How a run ends, as all schemas have it.

use crate::report::Outcome;
use schemars::JsonSchema;
use serde::Serialize;

/// The outcome; of `--exit-zero` it does not know.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Exit {
    status: u8,
    #[schemars(extend("enum" = Outcome::ALL.map(Outcome::name)))]
    name: &'static str,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Exit {
        Exit { status: outcome.status(), name: outcome.name() }
    }
}
