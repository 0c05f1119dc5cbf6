//! Demands that contradict each other, as far as a schema can say it: within a policy and what it extends, within an
//! override, and between the policy and each of its overrides.

use crate::policy::profiles::Profile;
use crate::policy::{Demand, Policy};
use crate::tls::{Version, VersionSet};
use serde_json::{Map, Value, json};

/// For each version what says that the policy forbids it, and what says that it requires it.
pub(super) fn definitions() -> Map<String, Value> {
    let of = |version: Version| {
        let forbids = in_force("forbid", version, |demand| demand.forbid);
        let requires = in_force("require", version, |demand| demand.require);
        [(format!("forbids-{version}"), forbids), (format!("requires-{version}"), requires)]
    };
    Version::ALL.into_iter().flat_map(of).collect()
}

/// What has to hold of a policy.
pub(super) fn of_a_policy() -> Vec<Value> {
    let mut all = Vec::new();
    for version in Version::ALL {
        let forbidden = json!({ "$ref": format!("#/$defs/forbids-{version}") });
        let required = json!({ "$ref": format!("#/$defs/requires-{version}") });
        all.push(never(&[forbidden.clone(), required.clone()]));
        all.push(never(&[forbidden.clone(), has("recommend", version)]));
        // What an override does not say is said by the policy.
        let unless = |key, other| never(&[has(key, version), lacks(other)]);
        let later = |said: &Value, all: &[Value]| {
            let overrides = json!({ "items": { "allOf": all } });
            json!({ "if": said, "then": { "properties": { "overrides": overrides } } })
        };
        all.push(later(&forbidden, &[unless("require", "forbid"), unless("recommend", "forbid")]));
        all.push(later(&required, &[unless("forbid", "require")]));
    }
    all.push(leaves_a_version());
    all
}

/// What has to hold of an override.
pub(super) fn of_an_override() -> Vec<Value> {
    let within = |version| ["require", "recommend"].map(|key| never(&[has("forbid", version), has(key, version)]));
    Version::ALL.into_iter().flat_map(within).chain([leaves_a_version()]).collect()
}

/// Not every version of TLS is forbidden.
fn leaves_a_version() -> Value {
    let all: Vec<Value> = VersionSet::TLS.iter().map(|version| has("forbid", version)).collect();
    json!({ "not": { "allOf": all } })
}

fn never(both: &[Value; 2]) -> Value {
    json!({ "not": { "allOf": both } })
}

/// Is a version in the list of the policy, or in that of what it extends where it has none?
fn in_force(key: &str, version: Version, of: impl Fn(&Demand) -> VersionSet) -> Value {
    let says = |name: &&str| Policy::profile(name).is_some_and(|profile| of(&profile.base).has(version));
    let profiles: Vec<&str> = Profile::names().into_iter().filter(says).collect();
    if profiles.is_empty() {
        return has(key, version);
    }
    let mut extends =
        vec![json!({ "type": "object", "required": ["extends"], "properties": { "extends": { "enum": profiles } } })];
    if profiles.contains(&Policy::DEFAULT_NAME) {
        extends.push(lacks("extends"));
    }
    json!({ "anyOf": [has(key, version), { "allOf": [lacks(key), { "anyOf": extends }] }] })
}

fn has(key: &str, version: Version) -> Value {
    json!({ "type": "object", "required": [key], "properties": { key: { "type": "array", "contains": { "const": version.name() } } } })
}

fn lacks(key: &str) -> Value {
    json!({ "not": { "required": [key] } })
}
