//! How a run ends, as all schemas have it.

use crate::report::Outcome;
use serde::Serialize;

/// The outcome; of `--exit-zero` it does not know.
#[derive(Serialize)]
pub(super) struct Exit {
    status: u8,
    name: &'static str,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Exit {
        Exit { status: outcome.status(), name: outcome.name() }
    }
}
