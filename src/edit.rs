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
    /// What is still said of the line afterwards, where the fix does not end all of it; the plan fills it in.
    pub leaves: Option<String>,
}

impl Fix {
    /// Its title, with what is to be said of it.
    pub fn headline(&self) -> String {
        let leaves = self.leaves.as_ref().map(|leaves| format!(" (afterwards still: {leaves})"));
        format!("{}{}{}", self.title, self.applicability.remark(), leaves.unwrap_or_default())
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
        Fix { title: title.into(), edits, applicability: Applicability::Safe, leaves: None }
    }

    /// A fix that may change other endpoints too.
    pub fn unsafe_(title: impl Into<String>, edits: Vec<Edit>) -> Fix {
        Fix { title: title.into(), edits, applicability: Applicability::Unsafe, leaves: None }
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

/// Why a change can't be made, or not safely, in the text that is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// A line that was not read may decide.
    #[error("not all of the configuration was read")]
    NotAllRead,
    /// The line may decide for addresses that nobody looked at.
    #[error("it may decide for addresses of this instance that were not looked at: there are too many")]
    TooManyAddresses,
    /// A part of a configuration gets no line about versions: its main file may have one.
    #[error("what includes this file may set the versions, and is not here")]
    IncluderNotHere,
    /// Nothing loads the file.
    #[error("nothing loads this file")]
    NotLoaded,
    /// The instance has no such setting, endpoint or block.
    #[error("{0}")]
    NotFound(&'static str),
    /// What would work is not known, for this reason.
    #[error("{0}")]
    Unknown(String),
    /// The line is not valid as it is, for this reason.
    #[error("{0}: correct it first")]
    Invalid(String),
    /// The directive or command has no value.
    #[error("the {0} has no value")]
    NoValue(&'static str),
    /// The line would give nothing.
    #[error("no version would be left")]
    NothingLeft,
    /// The line complies already: what it is blamed for lies elsewhere.
    #[error("the {0} itself needs no change")]
    NothingToChange(&'static str),
    /// The server serves one run of versions only.
    #[error("{server} can't serve {versions}, which has a gap")]
    Gap {
        /// The server.
        server: &'static str,
        /// What is wanted.
        versions: crate::tls::VersionSet,
    },
    /// The server's syntax has no such value.
    #[error("no change of this line gives the wanted versions")]
    OutOfReach,
    /// There is no place for a line of its own.
    #[error("there is no good place at the server level")]
    NoPlace,
    /// The line would decide for others too.
    #[error("a line at the server level would change other endpoints, too")]
    OthersToo,
    /// The value is used elsewhere too.
    #[error("the value is that of a variable or macro that other directives use too")]
    Shared,
    /// How the text was put together does not allow it.
    #[error("{0}")]
    Text(String),
}
