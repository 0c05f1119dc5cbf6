//! Edits of texts, and how safe they are.

use crate::source::Span;

/// Replace the bytes of a span; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What comes in its place.
    pub replacement: Vec<u8>,
}

/// How far a fix may be applied without a person looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// Shown only: text that is not yet right, or needs something that no edit can do.
    DisplayOnly,
    /// May change endpoints that the finding is not about.
    Unsafe,
    /// Changes nothing but what the finding is about.
    Safe,
}

impl Applicability {
    /// What is to be said behind the title of a fix; nothing where it is safe.
    pub fn remark(self) -> &'static str {
        match self {
            Applicability::Safe => "",
            Applicability::Unsafe => " (unsafe: this may change other endpoints too)",
            Applicability::DisplayOnly => " (not applied: a person has to look at it)",
        }
    }
}

/// A change of texts that ends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    /// What it does, in the imperative: `remove TLSv1 and TLSv1.1`.
    pub title: String,
    /// The edits, all of them or none.
    pub edits: Vec<Edit>,
    /// How safe it is.
    pub applicability: Applicability,
}

impl Fix {
    /// Its title, with what is to be said of it.
    pub fn headline(&self) -> String {
        format!("{}{}", self.title, self.applicability.remark())
    }

    /// Does it change nothing but what the finding is about?
    pub fn is_safe(&self) -> bool {
        self.applicability == Applicability::Safe
    }

    /// Is all that it puts in UTF-8?
    pub fn is_text(&self) -> bool {
        self.edits.iter().all(|edit| std::str::from_utf8(&edit.replacement).is_ok())
    }

    /// A fix that changes nothing but what the finding is about.
    pub fn safe(title: impl Into<String>, edits: Vec<Edit>) -> Fix {
        Fix { title: title.into(), edits, applicability: Applicability::Safe }
    }

    /// A fix that may change other endpoints too.
    pub fn unsafe_(title: impl Into<String>, edits: Vec<Edit>) -> Fix {
        Fix { title: title.into(), edits, applicability: Applicability::Unsafe }
    }
}

/// What a rule wants, in terms of versions; the service that owns the syntax lowers it to a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Make a setting comply by itself: take away `remove`, and add what of `add` it does not give yet.
    Adjust {
        /// The setting.
        setting: crate::endpoint::SettingId,
        /// Versions that must go.
        remove: crate::tls::VersionSet,
        /// Versions that must be there.
        add: crate::tls::VersionSet,
    },
    /// Write down what the built-in default decides now, once, at the widest scope that is right.
    Declare {
        /// An endpoint of the instance, by index, that has no setting.
        endpoint: usize,
        /// The versions to write.
        versions: crate::tls::VersionSet,
    },
}
