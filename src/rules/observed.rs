//! The rules of what handshakes show and no file does: `probe` and `verify` find it.

use super::{Check, Rule};
use crate::finding::{RuleId, Severity};

/// These rules, in the order of their names.
pub const OBSERVED: [Rule; 4] = [
    Rule {
        id: RuleId("drift"),
        page: include_str!("../../docs/rules/drift.md"),
        check: Check::Handshakes(Severity::High),
    },
    Rule {
        id: RuleId("inconclusive"),
        page: include_str!("../../docs/rules/inconclusive.md"),
        check: Check::Handshakes(Severity::Medium),
    },
    Rule {
        id: RuleId("no-modern-version"),
        page: include_str!("../../docs/rules/no-modern-version.md"),
        check: Check::Handshakes(Severity::High),
    },
    Rule {
        id: RuleId("unreachable"),
        page: include_str!("../../docs/rules/unreachable.md"),
        check: Check::Handshakes(Severity::Medium),
    },
];
