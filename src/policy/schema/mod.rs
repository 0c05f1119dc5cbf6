//! The JSON schema of a policy, for editors: made of the same lists that a policy is read by.

mod contradictions;
mod patterns;

use super::exceptions::{MATCH_KEYS, ROLES, WAIVER_KEYS};
use super::profiles::Profile;
use super::severity::{EFFECTS, LEVELS};
use super::validate::{ABOUT_KEYS, EXPOSURE_KEYS, EXPOSURES, KEYS, OVERRIDE_KEYS};
use super::waiver;
use crate::catalog::{self, Weighing};
use crate::services;
use crate::tls::Version;
use serde_json::{Map, Value, json};

/// The schema, as it is in `docs/schemas/policy.json`.
pub fn schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tlsmend:policy",
        "title": "A policy of tlsmend",
        "description": "docs/policy.md describes it. What a schema can't say `tlsmend policy check` does: overrides that contradict each other, brackets and braces in patterns for paths, and what is not seen in data (anchors, tags, keys that are there twice).",
        "type": ["object", "null"],
        "allOf": contradictions::of_a_policy(),
        "additionalProperties": false,
        "properties": object(&KEYS, key),
        "$defs": {
            "versions": {
                "type": "array",
                "uniqueItems": true,
                "items": { "enum": Version::ALL.map(Version::name) },
            },
            "level": { "enum": LEVELS },
            "levels": {
                "oneOf": [
                    { "$ref": "#/$defs/level" },
                    levels_by_version(),
                ],
            },
            "severity": {
                "type": "object",
                "additionalProperties": false,
                "properties": object(&catalog::weighed().map(|rule| rule.id.0).collect::<Vec<_>>(), rule),
            },
            "text": { "type": ["string", "number"], "pattern": patterns::text() },
            "match": {
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "properties": object(&MATCH_KEYS, condition),
            },
        },
    });
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(contradictions::definitions());
    }
    format!("{schema:#}\n")
}

fn object(keys: &[&str], value: impl Fn(&str) -> Value) -> Value {
    Value::Object(keys.iter().map(|key| ((*key).to_owned(), value(key))).collect::<Map<_, _>>())
}

fn key(key: &str) -> Value {
    let text = |description: &str| json!({ "$ref": "#/$defs/text", "description": description });
    let versions = |description: &str| json!({ "$ref": "#/$defs/versions", "description": description });
    match key {
        "about" => json!({
            "type": "object",
            "description": "What the policy says of itself.",
            "additionalProperties": false,
            "properties": object(&ABOUT_KEYS, |key| match key {
                "title" => text("What it is."),
                "source" => text("The document that it follows."),
                "version" => text("The version of that document."),
                "date" => text("The date of that document."),
                _ => text("What else is to be known."),
            }),
        }),
        "extends" => json!({
            "enum": Profile::names(),
            "description": "The profile whose values hold for the keys that are not there.",
        }),
        "forbid" => versions("Versions that no endpoint may offer."),
        "require" => versions("Versions that every endpoint must offer."),
        "recommend" => versions("Versions that every endpoint should offer."),
        "severity" => json!({ "$ref": "#/$defs/severity", "description": "How bad each finding is." }),
        "exposure" => json!({
            "type": "object",
            "description": "Findings about listeners that only the host itself can reach: one step lower, or the same.",
            "additionalProperties": false,
            "properties": object(&EXPOSURE_KEYS, |_| json!({ "enum": EXPOSURES })),
        }),
        "overrides" => json!({
            "type": "array",
            "description": "What is demanded of some endpoints in another way; of those that fit, the later ones win.",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["match"],
                "minProperties": 2,
                "properties": object(&OVERRIDE_KEYS, override_key),
                "allOf": contradictions::of_an_override(),
            },
        }),
        _ => json!({
            "type": "array",
            "description": "What is lived with, for how long, and why.",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["rule", "match", "reason"],
                "properties": object(&WAIVER_KEYS, waiver_key),
            },
        }),
    }
}

fn override_key(name: &str) -> Value {
    match name {
        "match" => json!({ "$ref": "#/$defs/match" }),
        name => key(name),
    }
}

fn waiver_key(name: &str) -> Value {
    match name {
        "rule" => {
            let rule = json!({ "enum": waiver::rules() });
            json!({ "oneOf": [rule, { "type": "array", "minItems": 1, "uniqueItems": true, "items": rule }] })
        }
        "match" => json!({ "$ref": "#/$defs/match" }),
        "reason" => json!({ "$ref": "#/$defs/text", "description": "Why it can be lived with." }),
        "versions" => {
            json!({ "$ref": "#/$defs/versions", "minItems": 1, "description": "The versions that it is about; none: all." })
        }
        "owner" => json!({ "$ref": "#/$defs/text", "description": "Who answers for it." }),
        _ => json!({
            "type": "string",
            "pattern": patterns::date(),
            "description": "The last day on which it holds.",
        }),
    }
}

fn condition(name: &str) -> Value {
    match name {
        "service" => one_or_more(&json!({ "enum": services::names() })),
        "role" => one_or_more(&json!({ "enum": ROLES })),
        "server-name" => one_or_more(&json!({ "type": ["string", "number"], "pattern": patterns::name() })),
        "address" => one_or_more(&json!({ "type": "string", "pattern": patterns::address() })),
        _ => one_or_more(&json!({ "type": ["string", "number"], "pattern": patterns::path() })),
    }
}

fn one_or_more(item: &Value) -> Value {
    json!({ "oneOf": [item, { "type": "array", "minItems": 1, "items": item }] })
}

fn levels_by_version() -> Value {
    let level = |_: &str| json!({ "$ref": "#/$defs/level" });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": object(&Version::ALL.map(Version::name), level),
    })
}

fn rule(name: &str) -> Value {
    match catalog::find(name).map_or(Weighing::Plain, |rule| rule.weighing) {
        Weighing::Plain | Weighing::Fixed(_) => json!({ "$ref": "#/$defs/level" }),
        Weighing::Versions => json!({ "$ref": "#/$defs/levels" }),
        Weighing::Effect => {
            let effects: Vec<&str> = EFFECTS.iter().map(|(name, _)| *name).collect();
            json!({
                "oneOf": [
                    { "$ref": "#/$defs/level" },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": object(&effects, |_| json!({ "$ref": "#/$defs/levels" })),
                    },
                ],
            })
        }
    }
}
