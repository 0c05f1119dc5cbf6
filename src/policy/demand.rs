//! What is demanded of an endpoint, and where a policy says so.

use super::severity::{LevelOf, Severities};
use crate::endpoint::{Address, Role};
use crate::finding::{Label, Severity, Verdict};
use crate::source::{FileId, Span};
use crate::tls::{Version, VersionSet};
use std::fmt;
use std::ops::Range;

/// A place in the text of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Byte offsets in the text.
    pub range: Range<usize>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Which text says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The policy file of that name.
    File(String),
    /// The built-in profile of that name.
    Profile(&'static str),
}

/// Where a policy says which versions are forbidden, required or recommended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub by: By,
    /// The list, in that text.
    pub list: Place,
    pub(super) words: Vec<(Version, Place)>,
}

impl Said {
    /// Where a version is named: its word in the list.
    pub fn word(&self, version: Version) -> Option<&Place> {
        self.words.iter().find(|(v, _)| *v == version).map(|(_, place)| place)
    }

    /// Does the user's own file say it?
    pub fn in_file(&self) -> bool {
        matches!(self.by, By::File(_))
    }

    /// The word of the only version, or the list, in the text of the policy file.
    fn label(&self, file: Option<FileId>, versions: VersionSet, text: &str) -> Option<Label> {
        let file = file.filter(|_| self.in_file())?;
        let only = versions.min().filter(|_| versions.len() == 1).and_then(|version| self.word(version));
        let range = &only.unwrap_or(&self.list).range;
        Some(Label { span: Span::new(file, range.start as u32, range.end as u32), text: text.to_owned() })
    }
}

/// For messages: `policy.yaml:3`, `the built-in policy`, `the profile pci-dss-4`.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            By::File(file) => write!(f, "{file}:{}", self.list.line),
            By::Profile(super::Policy::DEFAULT_NAME) => f.write_str("the built-in policy"),
            By::Profile(name) => write!(f, "the profile {name}"),
        }
    }
}

/// Which listeners that nobody outside of the host can reach have lower severities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Those on 127.0.0.0/8 and ::1.
    pub loopback: bool,
    /// Those on sockets of the Unix domain.
    pub unix_socket: bool,
}

impl Exposure {
    /// Is it a listener that nobody outside of the host reaches, and does the policy care?
    pub fn is_lower(self, role: Role, address: &Address) -> bool {
        role == Role::Listener
            && match address {
                Address::Ip(ip, _) => self.loopback && ip.to_canonical().is_loopback(),
                Address::Unix(_) => self.unix_socket,
                Address::Any(_) | Address::Remote(_) => false,
            }
    }
}

/// A severity, and a note where the exposure lowered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// How bad.
    pub severity: Severity,
    /// Why it is not as bad as elsewhere.
    pub note: Option<String>,
}

/// What is demanded of an endpoint, or of a line.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Versions that may not be offered.
    pub forbid: VersionSet,
    /// Versions that must be offered.
    pub require: VersionSet,
    /// Versions that should be offered; none that is forbidden or required.
    pub recommend: VersionSet,
    /// Where `forbid` is said.
    pub forbidden_by: Said,
    /// Where `require` is said.
    pub required_by: Said,
    /// Where `recommend` is said.
    pub recommended_by: Said,
    /// Which listeners have lower severities.
    pub exposure: Exposure,
    pub(super) severities: Severities,
}

impl Demand {
    /// The place in the policy file (whose text is `file`) that forbids `versions`, for a finding to point to; none
    /// where a profile forbids them.
    pub fn forbid_label(&self, file: Option<FileId>, versions: VersionSet) -> Option<Label> {
        self.forbidden_by.label(file, versions, "forbidden here")
    }

    /// Like [`Demand::forbid_label`], for the place that requires `versions`.
    pub fn require_label(&self, file: Option<FileId>, versions: VersionSet) -> Option<Label> {
        self.required_by.label(file, versions, "required here")
    }

    /// Like [`Demand::forbid_label`], for the place that recommends `versions`.
    pub fn recommend_label(&self, file: Option<FileId>, versions: VersionSet) -> Option<Label> {
        self.recommended_by.label(file, versions, "recommended here")
    }

    /// How bad a finding is; `None`: the policy turns it off.
    ///
    /// `verdict` tells an exposed forbidden version from a latent one, and `versions` are those that the finding is
    /// about: where they have different severities, the highest counts. Rules for which the policy knows no such
    /// difference ignore both. A rule without a key in the policy is `medium`.
    pub fn severity(&self, rule: &str, verdict: Verdict, versions: VersionSet) -> Option<Severity> {
        self.severities.get(rule, verdict, versions)
    }

    /// The same, a step less where the exposure of what the finding is about [`is_lower`](Exposure::is_lower).
    pub fn weigh(&self, rule: &str, verdict: Verdict, versions: VersionSet, is_lower: bool) -> Option<Weight> {
        let full = self.severity(rule, verdict, versions)?;
        let severity = match full {
            Severity::High if is_lower => Severity::Medium,
            Severity::Medium if is_lower => Severity::Low,
            full => full,
        };
        let lowered = || format!("{severity} instead of {full}: only the host itself can connect there");
        Some(Weight { severity, note: (severity != full).then(lowered) })
    }
}

/// Keys of a policy or of one of its overrides; those that are not there change nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    pub(super) forbid: Option<(VersionSet, Said)>,
    pub(super) require: Option<(VersionSet, Said)>,
    pub(super) recommend: Option<(VersionSet, Said)>,
    pub(super) severities: Vec<LevelOf>,
    pub(super) loopback: Option<bool>,
    pub(super) unix_socket: Option<bool>,
}

impl Changes {
    /// Puts the keys that are there in the place of what was demanded.
    pub(super) fn apply(&self, demand: &mut Demand) {
        if let Some((versions, said)) = &self.forbid {
            (demand.forbid, demand.forbidden_by) = (*versions, said.clone());
        }
        if let Some((versions, said)) = &self.require {
            (demand.require, demand.required_by) = (*versions, said.clone());
        }
        if let Some((versions, said)) = &self.recommend {
            (demand.recommend, demand.recommended_by) = (*versions, said.clone());
        }
        // A recommendation gives way to a demand.
        demand.recommend = demand.recommend.minus(demand.forbid).minus(demand.require);
        for level in &self.severities {
            demand.severities.set(level.rule, level.effect, level.versions, level.level);
        }
        demand.exposure.loopback = self.loopback.unwrap_or(demand.exposure.loopback);
        demand.exposure.unix_socket = self.unix_socket.unwrap_or(demand.exposure.unix_socket);
    }
}
