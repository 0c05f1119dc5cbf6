//! What something that could not be decided is about, whatever words it is told in.

use std::borrow::Cow;
use std::fmt;

/// What tells one open question from another, from one audit to the next: fingerprints hang on it, and no wording does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// The kind of question: `server-version`.
    kind: &'static str,
    /// Of several questions of that kind, what this one is about: the name of a variable, a path; may be empty.
    object: Cow<'static, str>,
}

impl Topic {
    /// A question of which an instance has one, or one for each place.
    pub const fn of(kind: &'static str) -> Topic {
        Topic { kind, object: Cow::Borrowed("") }
    }

    /// One of several questions of a kind.
    pub fn about(kind: &'static str, object: impl Into<Cow<'static, str>>) -> Topic {
        Topic { kind, object: object.into() }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.object {
            "" => f.write_str(self.kind),
            object => write!(f, "{} {object}", self.kind),
        }
    }
}
