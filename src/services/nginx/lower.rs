//! Lowering of changes to edits of nginx.conf text: the fewest bytes, in the author's own style.

use super::command;
use super::model::{Model, Protocols};
use super::module::{Client, ListenModule};
use super::parse;
use crate::edit::{Change, Edit, Fix, LowerError};
use crate::endpoint::SettingId;
use crate::instance::Setting;
use crate::openssl::VersionCommand;
use crate::services::align::aligned;
use crate::services::tree::{NodeKind, Tree};
use crate::source::{SourceMap, Span};
use crate::tls::{Version, VersionSet};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::RwLock;

/// Where an endpoint's versions are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct VersionsOrigin {
    pub section: ListenModule,
    /// For an upstream.
    pub client: Option<Client>,
}

/// What lowering needs.
pub(super) struct Lowering<'a> {
    pub settings: &'a [Setting],
    /// None for a file that nothing loads.
    pub model: Option<&'a Model>,
    pub origins: &'a [VersionsOrigin],
    pub sources: &'a SourceMap,
    pub insertions: &'a Insertions,
}

/// Where a directive goes, and its text; none where its block is not found.
type Insertion = Option<(usize, Vec<u8>)>;

/// Where each directive goes in the block with that head: looked up once for ten thousand findings.
#[derive(Debug, Default)]
pub(super) struct Insertions(RwLock<HashMap<(Span, String), Insertion>>);

impl Insertions {
    fn get(&self, head: Span, directive: &str, find: impl FnOnce() -> Insertion) -> Insertion {
        let key = (head, directive.to_owned());
        if let Some(known) = self.0.read().ok().and_then(|known| known.get(&key).cloned()) {
            return known;
        }
        let found = find();
        if let Ok(mut known) = self.0.write() {
            known.insert(key, found.clone());
        }
        found
    }
}

impl Lowering<'_> {
    pub(super) fn lower(&self, change: &Change) -> Result<Fix, LowerError> {
        match *change {
            Change::Adjust { setting, remove, add } => {
                let this = &self.settings[setting.0 as usize];
                if this.name.ends_with("conf_command") {
                    self.adjust_command(this, remove, add)
                } else {
                    self.adjust_protocols(setting, remove, add)
                }
            }
            Change::Declare { .. } if self.model.is_some_and(|model| model.is_part) => Err(LowerError::IncluderNotHere),
            Change::Declare { endpoint, versions } => self.declare(endpoint, versions),
        }
    }

    fn bytes(&self, span: Span) -> &[u8] {
        self.sources.file(span.file).bytes()
    }

    /// The words of the directive at a span.
    fn find_words(&self, span: Span) -> Vec<Range<usize>> {
        let text = self.sources.text(span);
        let tree = parse::parse(text);
        let at = span.start as usize;
        tree.words.iter().map(|w| w.start as usize + at..w.end as usize + at).collect()
    }

    fn adjust_protocols(&self, id: SettingId, remove: VersionSet, add: VersionSet) -> Result<Fix, LowerError> {
        let setting = &self.settings[id.0 as usize];
        let words = self.find_words(setting.span);
        let bytes = self.bytes(setting.span);
        let Some((_, values)) = words.split_first().filter(|(_, v)| !v.is_empty()) else {
            return Err(LowerError::NoValue("directive"));
        };
        let version = |w: &Range<usize>| Version::from_name_ignore_case(&parse::value(&bytes[w.clone()]));
        if let Some(bad) = values.iter().find(|w| version(w).is_none()) {
            let shown = String::from_utf8_lossy(&bytes[bad.clone()]).into_owned();
            return Err(LowerError::Invalid(format!("\"{shown}\" is not a version")));
        }
        let mut wanted = self.lacking(id, remove, add.minus(setting.versions));
        let kept: Vec<bool> = values.iter().map(|w| version(w).is_some_and(|v| !remove.has(v))).collect();
        if !kept.contains(&true) {
            // Something has to stay, even where another line gives it already.
            wanted = add;
            if wanted.is_empty() {
                return Err(LowerError::NothingLeft);
            }
        }
        // Word by word, and not a new line: comments between the words, and the author's spacing, stay.
        let edits = word_edits(bytes, values, &kept, &version, wanted);
        let edits: Vec<Edit> = edits
            .into_iter()
            .map(|(range, text)| Edit {
                span: Span::new(setting.span.file, range.start as u32, range.end as u32),
                replacement: text,
            })
            .collect();
        if edits.is_empty() {
            return Err(LowerError::NothingToChange("line"));
        }
        Ok(Fix::safe(title(setting.versions.and(remove), wanted), edits))
    }

    /// What of `add` this line has to give: in each of its scopes the last line gives what no other line there does.
    fn lacking(&self, id: SettingId, remove: VersionSet, add: VersionSet) -> VersionSet {
        let Some(model) = self.model else { return add };
        let mut lacking = VersionSet::EMPTY;
        // A file that is included again and again uses its lines in one scope.
        let mut known: HashSet<usize> = HashSet::new();
        for scope in model.uses[id.0 as usize].iter().filter(|scope| known.insert(**scope)) {
            let scope = &model.scopes[*scope];
            let lists = std::iter::once(&scope.tls).chain(scope.clients.values());
            // Only the last line of a scope has to give something, and there may be ten thousand.
            let is_last = |lines: &&Vec<Protocols>| lines.last().is_some_and(|last| last.setting == id);
            let Some(lines) = lists.map(|t| &t.protocols).find(is_last) else { continue };
            // Lines of one scope are a union (U1), so what another line gives need not be written here too.
            let others = lines.iter().filter(|l| l.setting != id);
            // A line whose versions all go is rewritten with all that is to be added.
            let rest = others.fold(VersionSet::EMPTY, |set, l| match l.versions.minus(remove) {
                VersionSet::EMPTY => set.union(add),
                rest => set.union(rest),
            });
            lacking = lacking.union(add.minus(rest));
        }
        lacking
    }

    /// Changes the value of an `ssl_conf_command`.
    fn adjust_command(&self, setting: &Setting, remove: VersionSet, add: VersionSet) -> Result<Fix, LowerError> {
        let words = self.find_words(setting.span);
        let bytes = self.bytes(setting.span);
        let [_, name, value] = words.as_slice() else { return Err(LowerError::NoValue("command")) };
        let name = String::from_utf8_lossy(&parse::value(&bytes[name.clone()])).to_ascii_lowercase();
        let old = String::from_utf8_lossy(&parse::value(&bytes[value.clone()])).into_owned();
        let new = match command::read(&name, &old) {
            Some(VersionCommand::Min(_)) => add.min().map(|v| v.name().to_owned()),
            Some(VersionCommand::Max(_)) => add.max().map(|v| v.name().to_owned()),
            Some(VersionCommand::Switch(_)) => Some(switches(&old, remove, add)),
            None => None,
        };
        match new {
            Some(new) if new != old => {
                let quoted = matches!(bytes[value.start], b'"' | b'\'');
                let quote = if quoted { char::from(bytes[value.start]).to_string() } else { String::new() };
                let span = Span::new(setting.span.file, value.start as u32, value.end as u32);
                let edit = Edit { span, replacement: format!("{quote}{new}{quote}").into_bytes() };
                Ok(Fix::safe(format!("change the value to {new}"), vec![edit]))
            }
            _ => Err(LowerError::NothingToChange("command")),
        }
    }

    /// Writes down what the built-in default decides, at the level of the whole section.
    fn declare(&self, endpoint: usize, versions: VersionSet) -> Result<Fix, LowerError> {
        let model = self.model.ok_or(LowerError::NotLoaded)?;
        let origin = self.origins.get(endpoint).ok_or(LowerError::NotFound("there is no such endpoint"))?;
        if versions.is_empty() {
            return Err(LowerError::NothingLeft);
        }
        // Not in the server: before 1.29.2 that counts only if it is the default one of its address (V3), and what stands
        // in `http` reaches all servers without a line of their own (I1).
        let scope = *model.sections.get(&origin.section).ok_or(LowerError::NotFound("the section is not there"))?;
        let head = model.scopes[scope].head.span;
        let (name, family) = match origin.client {
            None => ("ssl_protocols".to_owned(), "ssl_".to_owned()),
            Some(client) => (format!("{}_ssl_protocols", client.prefix()), format!("{}_ssl_", client.prefix())),
        };
        let directive = format!("{name} {versions};");
        let bytes = self.bytes(head);
        let find = || insertion(&parse::parse(bytes), bytes, head, &family, &directive);
        let (at, text) =
            self.insertions.get(head, &directive, find).ok_or(LowerError::NotFound("the block was not found again"))?;
        let span = Span::new(head.file, at as u32, at as u32);
        let title = format!("write {directive} in the {} block", origin.section.name());
        Ok(Fix::safe(title, vec![Edit { span, replacement: text }]))
    }
}

/// `remove TLSv1 and TLSv1.1, add TLSv1.3`
fn title(removed: VersionSet, added: VersionSet) -> String {
    match (removed.is_empty(), added.is_empty()) {
        (false, false) => format!("remove {}, add {}", removed.listed(), added.listed()),
        (false, true) => format!("remove {}", removed.listed()),
        (true, _) => format!("add {}", added.listed()),
    }
}

/// The edits that drop some words and add others in their order, with the author's spacing.
fn word_edits(
    bytes: &[u8],
    values: &[Range<usize>],
    kept: &[bool],
    version: &dyn Fn(&Range<usize>) -> Option<Version>,
    wanted: VersionSet,
) -> Vec<(Range<usize>, Vec<u8>)> {
    let blank = |range: Range<usize>| bytes[range].iter().all(u8::is_ascii_whitespace);
    let gap_before = |i: usize| values[i - 1].end..values[i].start;
    // Between two values that are kept as they are written: one blank, or what the author puts there.
    let between = (1..values.len()).map(gap_before).find(|gap| blank(gap.clone()));
    let between = between.map_or_else(|| b" ".to_vec(), |gap| bytes[gap].to_vec());
    let mut edits = Vec::new();
    let Some(first) = kept.iter().position(|k| *k) else {
        // Everything goes: the first value becomes the new ones.
        let names: Vec<&[u8]> = wanted.iter().map(|v| v.name().as_bytes()).collect();
        edits.push((values[0].clone(), names.join(&between[..])));
        for (i, value) in values.iter().enumerate().skip(1) {
            let gap = gap_before(i);
            let start = if blank(gap.clone()) { gap.start } else { value.start };
            edits.push((start..value.end, Vec::new()));
        }
        return merge(edits);
    };
    for i in 0..values.len() {
        if kept[i] {
            continue;
        }
        // Before the first value that stays, the gap after the word goes with it, so that alignment stays.
        let range = if i < first {
            let gap = gap_before(i + 1);
            values[i].start..if blank(gap.clone()) { gap.end } else { values[i].end }
        } else {
            let gap = gap_before(i);
            (if blank(gap.clone()) { gap.start } else { values[i].start })..values[i].end
        };
        edits.push((range, Vec::new()));
    }
    for new in wanted.iter() {
        let name = new.name().as_bytes();
        // After the highest kept version below it, else before the first kept one.
        let below = (0..values.len()).filter(|i| kept[*i] && version(&values[*i]).is_some_and(|v| v < new));
        match below.max_by_key(|i| (version(&values[*i]), *i)) {
            Some(i) => edits.push((values[i].end..values[i].end, [&between[..], name].concat())),
            None => edits.push((values[first].start..values[first].start, [name, &between[..]].concat())),
        }
    }
    merge(edits)
}

/// Sorts edits and joins those that touch.
fn merge(mut edits: Vec<(Range<usize>, Vec<u8>)>) -> Vec<(Range<usize>, Vec<u8>)> {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut merged: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    for (range, text) in edits {
        match merged.last_mut() {
            Some((last, replacement)) if last.end == range.start => {
                last.end = range.end;
                replacement.extend(text);
            }
            _ => merged.push((range, text)),
        }
    }
    merged
}

/// The list of a `Protocol` command without what switches forbidden versions on or required ones off, and with what
/// is then still needed.
fn switches(old: &str, remove: VersionSet, add: VersionSet) -> String {
    let fine = |item: &str| match command::read("protocol", item) {
        Some(VersionCommand::Switch(switches)) => switches.iter().all(|(on, versions)| match on {
            // ALL stays, and what it brings is taken away again below.
            true => versions.len() > 1 || versions.and(remove).is_empty(),
            false => versions.len() > 1 || versions.and(add).is_empty(),
        }),
        _ => false,
    };
    let mut items: Vec<String> = old.split(',').filter(|i| fine(i)).map(str::to_owned).collect();
    let apply = |items: &[String], set: VersionSet| match command::read("protocol", &items.join(",")) {
        Some(effect) if !items.is_empty() => effect.apply(set),
        _ => set,
    };
    // No library of today has older ones, whatever ALL says.
    let bad = apply(&items, add).and(remove).and(VersionSet::TLS);
    items.extend(bad.iter().map(|v| format!("-{v}")));
    let lost = add.minus(apply(&items, add));
    items.extend(lost.iter().map(|v| v.name().to_owned()));
    if items.is_empty() {
        items.extend(add.iter().map(|v| v.name().to_owned()));
    }
    items.join(",")
}

/// Where a directive goes in the block with that head, and its text with line end and indentation: after the last
/// directive of its family that stands directly in the block, else after the directives at the block's beginning,
/// else right after the brace.
fn insertion(tree: &Tree, bytes: &[u8], head: Span, family: &str, directive: &str) -> Option<(usize, Vec<u8>)> {
    let block = tree.nodes.iter().position(|n| n.kind == NodeKind::Open && n.start == head.start)?;
    let body = tree.body(block);
    let (mut of_family, mut leading, mut at) = (None, None, body.start);
    let mut before_blocks = true;
    while at < body.end {
        let node = &tree.nodes[at];
        let name = tree.words(at).first().map_or(&[][..], |w| &bytes[w.start as usize..w.end as usize]);
        if node.kind == NodeKind::Directive {
            if name.starts_with(family.as_bytes()) {
                of_family = Some(at);
            }
            before_blocks &= name != b"include" || leading.is_none();
            if before_blocks && name != b"include" {
                leading = Some(at);
            }
        } else if node.kind == NodeKind::Open {
            before_blocks = false;
        }
        at = tree.next(at);
    }
    let first = body.clone().next().filter(|i| *i < body.end).map(|i| tree.nodes[i].start as usize);
    Some(match of_family.or(leading) {
        Some(neighbour) => {
            let node = &tree.nodes[neighbour];
            let (name, value) = directive.split_once(' ').unwrap_or((directive, ""));
            // Only its own family is lined up with it.
            let text = match of_family {
                Some(_) => aligned(name, value, &bytes[node.start as usize..node.end as usize]),
                None => directive.to_owned(),
            };
            write_after(bytes, node, &text)
        }
        None => after_brace(bytes, tree.nodes[block].end as usize, first, directive),
    })
}

/// On a new line after a directive, indented like it; in a one-line file on the same line.
fn write_after(bytes: &[u8], neighbour: &crate::services::tree::Node, directive: &str) -> (usize, Vec<u8>) {
    let (start, end) = (neighbour.start as usize, neighbour.end as usize);
    let line_start = bytes[..start].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let indent = &bytes[line_start..start];
    let line_end = bytes[end..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| end + at);
    let rest = bytes[end..line_end].trim_ascii();
    let own_line = indent.iter().all(u8::is_ascii_whitespace) && (rest.is_empty() || rest[0] == b'#');
    if !own_line {
        return (end, format!(" {directive}").into_bytes());
    }
    let carriage = line_end > end && line_end < bytes.len() && bytes[line_end - 1] == b'\r';
    let at = if carriage { line_end - 1 } else { line_end };
    let newline: &[u8] = if carriage { b"\r\n" } else { b"\n" };
    (at, [newline, indent, directive.as_bytes()].concat())
}

/// Right after the brace, indented like what follows it.
fn after_brace(bytes: &[u8], brace: usize, first: Option<usize>, directive: &str) -> (usize, Vec<u8>) {
    let until = first.unwrap_or(brace);
    let between = &bytes[brace..until];
    match between.iter().rposition(|b| *b == b'\n') {
        Some(newline) => {
            let carriage = newline > 0 && between[newline - 1] == b'\r';
            let end: &[u8] = if carriage { b"\r\n" } else { b"\n" };
            (brace, [end, &between[newline + 1..], directive.as_bytes()].concat())
        }
        None => (brace, format!(" {directive}").into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adjusted(text: &str, remove: VersionSet, add: VersionSet) -> String {
        let bytes = text.as_bytes();
        let tree = parse::parse(bytes);
        let words: Vec<Range<usize>> = tree.words.iter().map(|w| w.start as usize..w.end as usize).collect();
        let version = |w: &Range<usize>| Version::from_name_ignore_case(&parse::value(&bytes[w.clone()]));
        let values = &words[1..];
        let has: VersionSet = values.iter().filter_map(version).collect();
        let kept: Vec<bool> = values.iter().map(|w| version(w).is_some_and(|v| !remove.has(v))).collect();
        let mut out = text.to_owned();
        for (range, text) in word_edits(bytes, values, &kept, &version, add.minus(has)).into_iter().rev() {
            out.replace_range(range, std::str::from_utf8(&text).unwrap());
        }
        out
    }

    #[test]
    fn words_go_and_come_and_the_rest_stays() {
        let old = VersionSet::range(Version::Ssl2, Version::Tls1_1);
        let new = VersionSet::range(Version::Tls1_2, Version::Tls1_3);
        let adjusted = |text| adjusted(text, old, new);
        assert_eq!(adjusted("ssl_protocols TLSv1 TLSv1.1 TLSv1.2;"), "ssl_protocols TLSv1.2 TLSv1.3;");
        assert_eq!(adjusted("ssl_protocols\t\tTLSv1 TLSv1.2 ;"), "ssl_protocols\t\tTLSv1.2 TLSv1.3 ;");
        assert_eq!(adjusted("ssl_protocols  TLSv1  TLSv1.2;"), "ssl_protocols  TLSv1.2  TLSv1.3;");
        assert_eq!(adjusted("ssl_protocols TLSv1;"), "ssl_protocols TLSv1.2 TLSv1.3;");
        assert_eq!(adjusted("ssl_protocols TLSv1.3;"), "ssl_protocols TLSv1.2 TLSv1.3;");
        assert_eq!(adjusted("ssl_protocols TLSv1.3 TLSv1.2 TLSv1.1;"), "ssl_protocols TLSv1.3 TLSv1.2;");
        assert_eq!(adjusted("ssl_protocols 'tlsv1.2' TLSv1;"), "ssl_protocols 'tlsv1.2' TLSv1.3;");
        assert_eq!(
            adjusted("ssl_protocols TLSv1 # old\n  TLSv1.1 # older\n  TLSv1.2;"),
            "ssl_protocols  # old\n   # older\n  TLSv1.2 TLSv1.3;"
        );
        assert_eq!(adjusted("ssl_protocols\n  TLSv1.1\n  TLSv1.2;"), "ssl_protocols\n  TLSv1.2\n  TLSv1.3;");
    }

    #[test]
    fn lists_of_a_protocol_command() {
        let old = VersionSet::range(Version::Ssl2, Version::Tls1_1);
        let new = VersionSet::range(Version::Tls1_2, Version::Tls1_3);
        assert_eq!(switches("ALL", old, new), "ALL,-TLSv1,-TLSv1.1");
        assert_eq!(switches("TLSv1.1,TLSv1.2", old, new), "TLSv1.2");
        assert_eq!(switches("-TLSv1.3", old, new), "TLSv1.2,TLSv1.3");
        assert_eq!(switches("-ALL,TLSv1.3", old, new), "-ALL,TLSv1.3,TLSv1.2");
    }
}
