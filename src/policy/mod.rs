//! What is demanded of a host: versions that must not be offered, versions that must, and how bad each finding is.
//!
//! A policy is a small YAML file, described in `docs/policy.md`. A key that it does not have keeps the value of the
//! profile that it extends. It is read in two steps: `raw` keeps every value with its place, `validate` turns that
//! into a [`Policy`] or into all complaints at once. Anchors, aliases and deep nesting are refused: a policy needs none
//! of them.
//!
//! What counts for one endpoint is a [`Demand`]: the policy's own keys, changed by the overrides that fit.

mod conflicts;
mod demand;
mod error;
mod exceptions;
mod index;
mod profiles;
mod raw;
mod reader;
mod schema;
mod scope;
mod seen;
mod severity;
mod spelling;
mod validate;
mod waiver;

#[cfg(test)]
mod tests;

pub use demand::{By, Demand, Exposure, Place, Said, Weight};
pub use error::PolicyError;
pub use index::ScopeIndex;
pub use jiff::civil::Date;
pub use profiles::{PROFILES, Profile};
pub use schema::schema;
pub use scope::{Scope, Target};
pub use seen::Seen;
pub use waiver::{Terms, Waiver, comment, is_marked};

use crate::tls::VersionSet;
use demand::Changes;
use error::Complaint;
use severity::Severities;
use std::borrow::Cow;
use std::sync::LazyLock;

/// So many complaints about one text are told: whoever has more has written it in some other form.
const MOST_COMPLAINTS: usize = 1000;

/// What a policy says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What it is, for people.
    pub title: Option<String>,
    /// The document that it follows.
    pub source: Option<String>,
    /// The version of that.
    pub version: Option<String>,
    /// The date of that.
    pub date: Option<String>,
    /// What else is to be known.
    pub note: Option<String>,
}

/// What a policy demands of some endpoints in another way than of the rest.
#[derive(Clone, Debug)]
struct Override {
    /// Its line in the policy file, from 1.
    line: u32,
    scope: Scope,
    changes: Changes,
}

/// A policy that was found to be sound.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name to show: that of the file, or of the profile.
    pub name: String,
    /// What it says of itself.
    pub about: About,
    /// The text of the policy file; none for a profile.
    pub text: Option<String>,
    /// What is demanded where no override fits.
    pub base: Demand,
    /// The waivers.
    pub waivers: Vec<Waiver>,
    overrides: Vec<Override>,
    /// Of the overrides.
    index: ScopeIndex,
}

impl Policy {
    /// The name of the built-in policy.
    pub const DEFAULT_NAME: &'static str = "default";

    /// The text of the built-in policy.
    pub fn default_text() -> &'static str {
        PROFILES[0].text
    }

    /// The built-in policy.
    ///
    /// # Panics
    ///
    /// Never: it is part of the program, and a test reads it.
    pub fn default_profile() -> Policy {
        static READ: LazyLock<Policy> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the text is a constant, and a test reads it")]
            Policy::built_in(&PROFILES[0], None).expect("the built-in policy is sound")
        });
        READ.clone()
    }

    /// The built-in profile of that name.
    ///
    /// # Panics
    ///
    /// Never: profiles are part of the program, and a test reads them all.
    pub fn profile(name: &str) -> Option<Policy> {
        static READ: LazyLock<Vec<Policy>> = LazyLock::new(|| {
            let read = PROFILES[1..].iter().map(|profile| Policy::built_in(profile, Some(Policy::default_profile())));
            #[expect(clippy::expect_used, reason = "the texts are constants, and a test reads them")]
            read.collect::<Result<_, _>>().expect("the built-in profiles are sound")
        });
        if name == Policy::DEFAULT_NAME {
            return Some(Policy::default_profile());
        }
        READ.iter().find(|policy| policy.name == name).cloned()
    }

    fn built_in(profile: &Profile, base: Option<Policy>) -> Result<Policy, String> {
        let read = raw::read(profile.text)
            .and_then(|root| validate::policy(&root, profile.text, By::Profile(profile.name), base));
        read.map_err(|complaints| format!("{complaints:?}"))
    }

    /// A policy that demands nothing, for the built-in one to stand on.
    fn nothing() -> Policy {
        let list = Place { range: 0..0, line: 1, column: 1 };
        let nobody = Said { by: By::Profile(Policy::DEFAULT_NAME), list, words: Vec::new() };
        Policy {
            name: Policy::DEFAULT_NAME.to_owned(),
            about: About::default(),
            text: None,
            base: Demand {
                forbid: VersionSet::EMPTY,
                require: VersionSet::EMPTY,
                recommend: VersionSet::EMPTY,
                forbidden_by: nobody.clone(),
                required_by: nobody.clone(),
                recommended_by: nobody,
                exposure: Exposure::default(),
                severities: Severities::default(),
            },
            waivers: Vec::new(),
            overrides: Vec::new(),
            index: ScopeIndex::default(),
        }
    }

    /// How many overrides it has.
    pub fn override_count(&self) -> usize {
        self.overrides.len()
    }

    /// Reads a policy. `name` is what the messages call it, usually its path.
    ///
    /// An `Err` holds at least one complaint, in the order of the text; they are the author's to mend.
    pub fn parse(text: &str, name: &str) -> Result<Policy, Vec<PolicyError>> {
        let text = &*with_feeds(text);
        let by = By::File(name.to_owned());
        let read = raw::read(text).and_then(|root| validate::policy(&root, text, by, Some(Policy::default_profile())));
        let policy = read.map_err(|mut complaints: Vec<Complaint>| {
            complaints.sort_by_key(|c| c.range.start);
            if let Some(more) = complaints.len().checked_sub(MOST_COMPLAINTS).filter(|more| *more > 0) {
                complaints.truncate(MOST_COMPLAINTS);
                complaints.push(Complaint::new(format!("{more} more complaints are not listed"), 0..0));
            }
            complaints.into_iter().map(|c| PolicyError::new(c, text, name)).collect::<Vec<_>>()
        })?;
        Ok(Policy { text: Some(text.to_owned()), ..policy })
    }

    /// Is the same demanded everywhere?
    pub fn is_uniform(&self) -> bool {
        self.overrides.is_empty()
    }

    /// Which overrides fit a target, by their number. Targets with the same ones have the same demand.
    pub fn fitting(&self, target: &Target<'_>) -> Vec<usize> {
        let fits = |at: &usize| self.overrides[*at].scope.matches(target);
        self.index.candidates(target).into_iter().filter(fits).collect()
    }

    /// What is demanded where those overrides fit: the later ones win.
    pub fn demand(&self, fitting: &[usize]) -> Demand {
        let mut demand = self.base.clone();
        for part in fitting.iter().filter_map(|at| self.overrides.get(*at)) {
            part.changes.apply(&mut demand);
        }
        demand
    }
}

/// The text as lines are counted in it: without the mark that some editors begin a file with, and with line feeds where
/// a line ends in a carriage return alone, as YAML itself takes it. Places are those of an editor.
fn with_feeds(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_alone = |at: usize| text.as_bytes()[at] == b'\r' && text.as_bytes().get(at + 1) != Some(&b'\n');
    if !text.contains('\r') || !(0..text.len()).any(is_alone) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.char_indices().map(|(at, c)| if is_alone(at) { '\n' } else { c }).collect())
}
