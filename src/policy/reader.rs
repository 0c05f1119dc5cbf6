//! Reading the parts of a policy's tree, with a complaint for each that is not as it should be.

use super::demand::Place;
use super::error::{Complaint, line_column, no_place, unfit};
use super::raw::{Node, Value};
use super::spelling::{list, quoted, suggest};
use std::ops::Range;

/// An entry of a map: its key, where that is, and its value.
pub(super) struct Entry<'n> {
    pub(super) key: &'static str,
    pub(super) range: Range<usize>,
    pub(super) value: &'n Node,
}

/// A text and what is wrong with it so far.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) complaints: Vec<Complaint>,
    /// Where the lines begin. Each of thousands of waivers has a place.
    lines: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Reader<'a> {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Reader { text, complaints: Vec::new(), lines }
    }

    pub(super) fn complain(&mut self, message: impl Into<String>, node: &Node) -> &mut Complaint {
        self.complain_at(message, node.range.clone())
    }

    pub(super) fn complain_at(&mut self, message: impl Into<String>, range: Range<usize>) -> &mut Complaint {
        let index = self.complaints.len();
        self.complaints.push(Complaint::new(message, range));
        &mut self.complaints[index]
    }

    pub(super) fn place(&self, range: Range<usize>) -> Place {
        let line = self.lines.partition_point(|start| *start <= range.start);
        let before = self.text.get(self.lines[line - 1]..range.start).unwrap_or_default();
        let (line, column) = (line as u32, before.chars().count() as u32 + 1);
        Place { range, line, column }
    }

    /// The entries of a map whose key is one of `known` and comes for the first time; complains about the others.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, known: &[&'static str], what: &str) -> Vec<Entry<'n>> {
        let map = match &node.value {
            Value::Map(map) => map,
            Value::Null if what == "a policy" => return Vec::new(),
            other => {
                let message = format!("{what} is a map, and this is {}", other.kind());
                self.complain(message, node).help = Some(format!("its keys are {}", list(known)));
                return Vec::new();
            }
        };
        let mut found: Vec<Entry<'n>> = Vec::new();
        for (key, value) in map {
            let Value::Text(name) = &key.value else {
                let message = format!("a key of {what} is a word, and this is {}", key.value.kind());
                self.complain(message, key).help = Some(format!("the keys are {}", list(known)));
                continue;
            };
            let Some(known_key) = known.iter().find(|k| *k == name) else {
                let help = suggest(name, known).unwrap_or_else(|| format!("the keys of {what} are {}", list(known)));
                self.complain(format!("unknown key {}", quoted(name)), key).help = Some(help);
                continue;
            };
            if let Some(first) = found.iter().find(|entry| entry.key == *known_key) {
                let (line, _) = line_column(self.text, first.range.start);
                self.complain(format!("the key `{name}` is already in line {line}"), key);
                continue;
            }
            found.push(Entry { key: known_key, range: key.range.clone(), value });
        }
        found
    }

    /// Complains about a character that the text holds only by another name (`\u202e`).
    fn is_fit(&mut self, text: &str, node: &Node) -> bool {
        let bad = text.chars().find(|c| unfit(*c));
        if let Some(bad) = bad {
            self.complain(no_place(bad), node);
        }
        bad.is_none()
    }

    /// A text that is not empty. Numbers and dates are taken as they are written.
    pub(super) fn words(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) if !self.is_fit(text, node) => None,
            Value::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Number => Some(self.text.get(node.range.clone()).unwrap_or_default().to_owned()),
            Value::Text(_) => {
                self.complain(format!("{what} is empty"), node);
                None
            }
            other => {
                self.complain(format!("expected {what}, found {}", other.kind()), node);
                None
            }
        }
    }

    /// One text or a list of them that is not empty.
    pub(super) fn one_or_more<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(String, &'n Node)> {
        let single = std::slice::from_ref(node);
        let nodes: &[Node] = match &node.value {
            Value::List(items) => items,
            _ => single,
        };
        if nodes.is_empty() {
            self.complain("this list is empty", node).help = Some(format!("it needs {what} at least"));
        }
        let mut found = Vec::new();
        for node in nodes {
            match &node.value {
                Value::Text(text) if !self.is_fit(text, node) => {}
                Value::Text(text) => found.push((text.clone(), node)),
                Value::Number => found.push((self.text.get(node.range.clone()).unwrap_or_default().to_owned(), node)),
                other => {
                    self.complain(format!("expected {what}, found {}", other.kind()), node);
                }
            }
        }
        found
    }

    /// One of some words.
    pub(super) fn choice(
        &mut self,
        node: &Node,
        what: &str,
        plural: &str,
        known: &[&'static str],
    ) -> Option<&'static str> {
        let Value::Text(name) = &node.value else {
            let message = format!("expected {what}, found {}", node.value.kind());
            self.complain(message, node).help = Some(format!("the {plural} are {}", list(known)));
            return None;
        };
        let found = known.iter().find(|known| *known == name).copied();
        if found.is_none() {
            let word = what.split_once(' ').map_or(what, |(_, word)| word);
            let help = suggest(name, known).unwrap_or_else(|| format!("the {plural} are {}", list(known)));
            self.complain(format!("unknown {word} {}", quoted(name)), node).help = Some(help);
        }
        found
    }
}
