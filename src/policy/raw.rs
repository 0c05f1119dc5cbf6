//! The text of a policy as a tree in which every value and every key has its place.
//!
//! The tree is read without a schema, so that one wrong type or unknown key does not hide the next: what is allowed
//! where is the business of `validate`. Equal keys are kept, too.

use super::error::{Complaint, no_place, unfit};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Spanned};
use std::fmt;
use std::ops::Range;

/// A value or a key, and the bytes of the text that say it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) range: Range<usize>,
}

/// A value of YAML. Only strings are of use in a policy; the other scalars are told apart for the messages.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool,
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Value {
    /// For messages: `a list`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool => "a truth value",
            Value::Number => "a number",
            Value::Text(_) => "a word",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// So many values and keys a policy may have: more than any company has waivers, and less than hurts.
const MOST_NODES: usize = 250_000;

/// Reads one document. Complaints are those of YAML itself, and there is only one of them at a time.
pub(super) fn read(text: &str) -> Result<Node, Vec<Complaint>> {
    if let Some((start, bad)) = text.char_indices().find(|(_, c)| unfit(*c)) {
        return Err(vec![Complaint::new(no_place(bad), start..start + bad.len_utf8())]);
    }
    if let Some(range) = directive(text) {
        let help = "a policy is YAML 1.2, and needs no directives";
        return Err(vec![Complaint::new("directives of YAML are not allowed in a policy", range).help(help)]);
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
            max_depth: 16,
            max_nodes: MOST_NODES,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options).map(node).map_err(|error| {
        let error = error.without_snippet();
        let range = error.location().map_or(0..0, |at| located(at, text));
        vec![Complaint::new(message(error), range)]
    })
}

/// A directive (`%YAML 1.1`, `%TAG`) before the document that makes the rest of it mean something else.
fn directive(text: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let said = line.trim_end();
        match said.as_bytes().first() {
            Some(b'%') if said.split_whitespace().take(2).ne(["%YAML", "1.2"]) => {
                return Some(start..start + said.len());
            }
            Some(b'%' | b'#') | None => {}
            Some(_) => return None,
        }
        start += line.len();
    }
    None
}

fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::{Error, budget::BudgetBreach};
    let text = error.to_string();
    // The place is told apart from the message.
    let text = text.split(" at line ").next().unwrap_or_default();
    match error {
        Error::Budget { breach: BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. }, .. } => {
            "anchors and aliases are not allowed in a policy".into()
        }
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => "a policy is one document".into(),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => "a policy is not nested as deeply as this".into(),
        Error::Budget { breach: BudgetBreach::Nodes { .. }, .. } => {
            format!("a policy has at most {MOST_NODES} words, lists and maps, which is room for ten thousand waivers")
        }
        Error::Budget { .. } => "a policy is not as large as this".into(),
        _ if text == "recursion limit exceeded" => "a policy is not nested as deeply as this".into(),
        _ => text.to_owned(),
    }
}

/// The place of an error: errors of the scanner have a line and a column, but no offset.
fn located(at: serde_saphyr::Location, text: &str) -> Range<usize> {
    if at.span().byte_offset().is_some() {
        return range(at);
    }
    let line_start = match (at.line() as usize).checked_sub(2) {
        Some(before) => text.match_indices('\n').nth(before).map_or(text.len(), |(i, _)| i + 1),
        None => 0,
    };
    let column = (at.column() as usize).saturating_sub(1);
    let offset = text[line_start..].char_indices().nth(column).map_or(text.len(), |(i, _)| line_start + i);
    offset..offset
}

fn range(at: serde_saphyr::Location) -> Range<usize> {
    let span = at.span();
    let start = span.byte_offset().map_or(0, |n| n as usize);
    start..start + span.byte_len().map_or(0, |n| n as usize)
}

fn node(spanned: Spanned<Value>) -> Node {
    Node { range: range(spanned.referenced), value: spanned.value }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Value>>()? {
            items.push(node(item));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Spanned<Value>, Spanned<Value>>()? {
            entries.push((node(key), node(value)));
        }
        Ok(Value::Map(entries))
    }
}
