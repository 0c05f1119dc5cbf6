//! What comes with the program, and a user's own policy: `tlsmend rule`, `tlsmend policy`.

use super::document::Body;
use super::why::names;
use super::words;
use crate::report::secrets::{Mask, Shown};
use crate::tls::VersionSet;
use schemars::JsonSchema;
use serde::Serialize;

/// `tlsmend rule`
#[derive(Debug, JsonSchema, Serialize)]
pub struct Rules {
    /// The rules: all, or the one that was asked for.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Rule {
    /// Its name.
    #[schemars(regex(pattern = words::RULE))]
    pub id: &'static str,
    /// How bad its findings are at most, by the built-in policy.
    #[schemars(schema_with = "words::severity")]
    pub severity: &'static str,
    /// What it finds, in a sentence.
    pub summary: &'static str,
    /// What shows its findings.
    #[schemars(extend("enum" = ["files", "handshakes"]))]
    pub found_in: &'static str,
    /// All that is to say about it, in Markdown.
    pub page: &'static str,
}

/// `tlsmend policy list`
#[derive(Debug, JsonSchema, Serialize)]
pub struct PolicyList {
    /// The built-in profiles.
    pub profiles: Vec<Profile>,
}

/// `tlsmend policy show`
#[derive(Debug, JsonSchema, Serialize)]
pub struct PolicyShow {
    /// What it is.
    #[serde(flatten)]
    pub profile: Profile,
    /// The policy, as it would be in a file.
    pub text: &'static str,
}

/// A built-in profile.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// Its title.
    pub title: Option<String>,
    /// The document that it follows.
    pub source: Option<String>,
    /// The version of that.
    pub source_version: Option<String>,
    /// The date of that.
    pub date: Option<String>,
    /// What it demands.
    #[serde(flatten)]
    pub demands: Demands,
}

/// What a policy demands.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct Demands {
    /// Versions that no endpoint may accept.
    #[schemars(schema_with = "words::versions")]
    pub forbid: Vec<&'static str>,
    /// Versions that each endpoint has to accept.
    #[schemars(schema_with = "words::versions")]
    pub require: Vec<&'static str>,
    /// Versions that each endpoint should accept.
    #[schemars(schema_with = "words::versions")]
    pub recommend: Vec<&'static str>,
}

/// `tlsmend policy check`
#[derive(Debug, JsonSchema, Serialize)]
pub struct PolicyCheck {
    /// The file.
    pub policy: String,
    /// Can it be used?
    pub sound: bool,
    /// What is wrong with it.
    pub errors: Shown<Vec<PolicyProblem>>,
    /// What it demands; nothing where it can't be used.
    #[serde(flatten)]
    pub demands: Demands,
    /// How many overrides it has.
    pub overrides: usize,
    /// How many waivers it has.
    pub waivers: usize,
}

/// Something that is wrong with a policy.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PolicyProblem {
    /// The line, from 1.
    #[schemars(range(min = 1))]
    pub line: u32,
    /// The column, from 1.
    #[schemars(range(min = 1))]
    pub column: u32,
    /// What is wrong, as a lowercase fragment, with what would be right.
    pub message: String,
}

impl Mask for PolicyProblem {
    fn mask(&mut self) {
        self.message.mask();
    }
}

impl Body for Rules {
    const SCHEMA: &'static str = "tlsmend/rule/1";
}

impl Body for PolicyList {
    const SCHEMA: &'static str = "tlsmend/policy-list/1";
}

impl Body for PolicyShow {
    const SCHEMA: &'static str = "tlsmend/policy-show/1";
}

impl Body for PolicyCheck {
    const SCHEMA: &'static str = "tlsmend/policy-check/1";
}

impl Demands {
    /// These sets of versions.
    pub fn of(forbid: VersionSet, require: VersionSet, recommend: VersionSet) -> Demands {
        Demands { forbid: names(forbid), require: names(require), recommend: names(recommend) }
    }
}
