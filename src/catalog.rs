//! The table of rules: what each is called, where it is explained, what a policy may say of it, which commands find
//! something by it. What finds it is in `rules` (from files) and `verify` (by handshakes).

use crate::finding::{RuleId, Severity};

/// How a policy weighs what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighing {
    /// One severity.
    Plain,
    /// A severity for each version.
    Versions,
    /// A severity for `exposed` and for `latent`, each of which may be one for each version.
    Effect,
    /// No policy does: it is that bad at most.
    Fixed(Severity),
}

/// A command that finds something by rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// From files.
    Audit,
    /// By handshakes with a target.
    Probe,
    /// By handshakes, beside what files say.
    Verify,
}

/// A rule.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub id: RuleId,
    /// Its page of the manual, docs/rules/NAME.md, in Markdown: a title, one sentence, then sections with fixed heads.
    pub page: &'static str,
    /// How a policy weighs it.
    pub weighing: Weighing,
    /// May a waiver be about it? Not about a waiver, nor about what is no line and no endpoint.
    pub is_waivable: bool,
    /// The commands that find something by it.
    pub commands: &'static [Command],
}

macro_rules! rules {
    ($($name:ident: $id:literal, $weighing:expr, $is_waivable:literal, [$($command:ident),+];)+) => {
        $(
            #[doc = concat!("`", $id, "`")]
            pub const $name: RuleId = RuleId($id);
        )+

        /// All rules, in the order of their names.
        pub static RULES: [Entry; [$($id),+].len()] = [$(Entry {
            id: $name,
            page: include_str!(concat!("../docs/rules/", $id, ".md")),
            weighing: $weighing,
            is_waivable: $is_waivable,
            commands: &[$(Command::$command),+],
        }),+];
    };
}

rules! {
    DRIFT: "drift", Weighing::Fixed(Severity::High), false, [Verify];
    EXPIRED_WAIVER: "expired-waiver", Weighing::Plain, false, [Audit];
    FORBIDDEN_VERSION: "forbidden-version", Weighing::Effect, true, [Audit, Probe, Verify];
    IMPLICIT_DEFAULT: "implicit-default", Weighing::Plain, true, [Audit];
    INCONCLUSIVE: "inconclusive", Weighing::Fixed(Severity::Medium), false, [Probe, Verify];
    INVALID_WAIVER: "invalid-waiver", Weighing::Plain, false, [Audit];
    MISSING_VERSION: "missing-version", Weighing::Versions, true, [Audit, Probe, Verify];
    NO_MODERN_VERSION: "no-modern-version", Weighing::Fixed(Severity::High), false, [Probe];
    NOT_COVERED: "not-covered", Weighing::Plain, false, [Audit, Verify];
    NOT_LOADED: "not-loaded", Weighing::Plain, true, [Audit];
    RECOMMENDED_VERSION: "recommended-version", Weighing::Versions, true, [Audit];
    SHADOWED_DIRECTIVE: "shadowed-directive", Weighing::Plain, true, [Audit, Verify];
    UNION_OR_OVERRIDE: "union-or-override", Weighing::Plain, true, [Audit, Verify];
    UNKNOWN: "unknown", Weighing::Plain, true, [Audit];
    UNREACHABLE: "unreachable", Weighing::Fixed(Severity::Medium), false, [Probe, Verify];
    UNUSED_WAIVER: "unused-waiver", Weighing::Plain, false, [Audit];
}

/// The rules about the versions that a line gives, the most important first.
pub const OF_VERSIONS: [RuleId; 3] = [FORBIDDEN_VERSION, MISSING_VERSION, RECOMMENDED_VERSION];

/// The heads of the sections of the page of a rule of audits, in their order.
const HEADS: [&str; 7] = ["What it finds", "Why it is bad", "Example", "Fix", "Fix safety", "Severity", "References"];

/// The same of a rule of what only handshakes show: no fix mends what no file says.
const OBSERVED_HEADS: [&str; 5] = ["What it finds", "Why it is bad", "Example", "What to do", "Severity"];

impl Entry {
    /// Does a command find something by it?
    pub fn is_of(&self, command: Command) -> bool {
        self.commands.contains(&command)
    }

    /// What it finds, as one sentence.
    pub fn summary(&self) -> &'static str {
        self.page.split("\n\n").nth(1).unwrap_or_default().trim()
    }

    /// Why what it finds is bad: the first paragraph of that section.
    pub fn reason(&self) -> &'static str {
        self.section("Why it is bad").and_then(|text| text.split("\n\n").next()).unwrap_or_default()
    }

    /// The heads of the sections of its page, in their order.
    pub fn heads(&self) -> &'static [&'static str] {
        if self.is_of(Command::Audit) { &HEADS } else { &OBSERVED_HEADS }
    }

    /// The text of one of these sections.
    pub fn section(&self, head: &str) -> Option<&'static str> {
        let rest = self.page.split("\n## ").skip(1).find_map(|part| part.strip_prefix(head)?.strip_prefix('\n'))?;
        Some(rest.trim())
    }
}

/// The rules by which a command may find something, in the order of their names.
pub fn of(command: Command) -> impl Iterator<Item = &'static Entry> {
    RULES.iter().filter(move |rule| rule.is_of(command))
}

/// The rules that a policy weighs, in the order of their names.
pub fn weighed() -> impl Iterator<Item = &'static Entry> {
    RULES.iter().filter(|rule| !matches!(rule.weighing, Weighing::Fixed(_)))
}

/// The rule of that name.
pub fn find(id: &str) -> Option<&'static Entry> {
    RULES.iter().find(|rule| rule.id.0 == id)
}
