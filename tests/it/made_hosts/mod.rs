//! Made-up hosts and policies, and what their reports have to agree about.

mod formats;
mod made;

pub(crate) use formats::complaints;
pub(crate) use made::Made;
