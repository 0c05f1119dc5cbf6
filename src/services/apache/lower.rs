//! Lowering of changes to edits: the settings themselves.

use super::ID;
use super::instance::Configuration;
use super::list_edit::{Action, plan_words};
use super::model::{VersionDirective, Written};
use super::protocol::{NO_SSL3, ProtocolRules, read_list};
use super::rewrite::{self, Splice, apply, join};
use super::text::TracedText;
use super::words::{Word, split};
use crate::edit::{Edit, Fix, LowerError};
use crate::endpoint::SettingId;
use crate::openssl::{VersionCommand, read_switch};
use crate::source::{SourceMap, Span};
use crate::tls::{Version, VersionSet};
use std::ops::Range;

/// No value of a variable that matters here is longer.
const LONGEST_VALUE: u32 = 1 << 16;

impl Configuration {
    /// The edits of a line, unless they would change other directives too.
    fn edits(&self, line: &TracedText, splices: &[Splice], sources: &SourceMap) -> Result<Vec<Edit>, LowerError> {
        let edits = rewrite::make_edits(line, splices, sources)?;
        // Only values that begin near an edit can reach it: there may be many.
        let near = |edit: &Edit| {
            let Span { file, start, end } = edit.span;
            let values = Span::new(file, start.saturating_sub(LONGEST_VALUE), 0)..=Span::new(file, end, u32::MAX);
            self.model.lent.range(values).any(|used| used.end >= start)
        };
        if edits.iter().any(near) {
            return Err(LowerError::Shared);
        }
        Ok(edits)
    }

    /// Makes a setting comply by itself.
    pub(super) fn adjust(
        &self,
        setting: SettingId,
        remove: VersionSet,
        add: VersionSet,
        sources: &SourceMap,
    ) -> Result<Fix, LowerError> {
        let written =
            self.model.written.get(setting.0 as usize).ok_or(LowerError::NotFound("there is no such setting"))?;
        let given = self.instance.setting(setting).versions;
        // What a variable that is not known stands for can't be changed here.
        if let Some(unknown) = &written.unknown {
            return Err(LowerError::Unknown(unknown.what.clone()));
        }
        let build = ProtocolRules::of(self.facts.of(ID));
        let line = &written.line;
        let command = match &written.kind {
            VersionDirective::Command(command) => command,
            VersionDirective::List => {
                // The last `SSLProtocol` of a scope counts, and it begins from nothing (R3, R9): it has to give all.
                let splices = list(written, given.minus(remove).union(add), build)?;
                return Ok(Fix::safe(title(given, remove, add), self.edits(line, &splices, sources)?));
            }
        };
        let words = split(line.bytes(), written.arguments);
        let word = words.get(1).ok_or(LowerError::NoValue("command"))?;
        let old = String::from_utf8_lossy(&word.value(line.bytes())).into_owned();
        let mut fix = Fix::safe(String::new(), Vec::new());
        if let Some(new) = command_value(command, &old, remove, add) {
            fix.title = format!("change the value to {new}");
            fix.edits = self.edits(line, &[Splice { part: inner(word), text: new.into_bytes() }], sources)?;
        }
        // A command can't make up for a missing list.
        if let Some(endpoint) = self.left_to_default(setting, remove, add) {
            let wanted = build.all.without(Version::Ssl3).minus(remove).union(add);
            let declared = self.declare(endpoint, wanted, sources)?;
            let titles = [fix.title, declared.title];
            fix.title = titles.into_iter().filter(|title| !title.is_empty()).collect::<Vec<_>>().join(", ");
            fix.edits.extend(declared.edits);
        }
        if fix.edits.is_empty() { Err(LowerError::NothingToChange("command")) } else { Ok(fix) }
    }

    /// An endpoint that the command and the built-in default decide together, and that has to change.
    fn left_to_default(&self, setting: SettingId, remove: VersionSet, add: VersionSet) -> Option<usize> {
        let endpoints = &self.instance.endpoints;
        let by_setting = self.left_to_default.get_or_init(|| {
            let mut by_setting = vec![Vec::new(); self.instance.settings.len()];
            for (at, endpoint) in endpoints.iter().enumerate() {
                if super::instance::is_default(&endpoint.answer) {
                    endpoint.answer.deciders.iter().for_each(|id| by_setting[id.0 as usize].push(at));
                }
            }
            by_setting
        });
        by_setting.get(setting.0 as usize)?.iter().copied().find(|at| {
            let configured = &endpoints[*at].answer.configured;
            !(configured.value.and(remove).is_empty() && add.is_subset(configured.value))
        })
    }
}

/// `remove TLSv1 and TLSv1.1, add TLSv1.3`
fn title(given: VersionSet, remove: VersionSet, add: VersionSet) -> String {
    let (removed, added) = (given.and(remove), add.minus(given));
    match (removed.is_empty(), added.is_empty()) {
        (false, false) => format!("remove {}, add {}", removed.listed(), added.listed()),
        (false, true) => format!("remove {}", removed.listed()),
        (true, false) => format!("add {}", added.listed()),
        (true, true) => format!("write down {} only", given.listed()),
    }
}

/// The splices that make a list ask for exactly the wanted versions.
fn list(written: &Written, wanted: VersionSet, build: ProtocolRules) -> Result<Vec<Splice>, LowerError> {
    let line = &written.line;
    let words = split(line.bytes(), written.arguments);
    let values: Vec<Vec<u8>> = words.iter().map(|word| word.value(line.bytes())).collect();
    let old = read_list(values.iter().map(Vec::as_slice), build);
    if let Some((_, why)) = old.refused.iter().find(|(_, why)| *why != NO_SSL3) {
        return Err(LowerError::Invalid(why.clone()));
    }
    // A word for SSLv3 that the library refuses goes as every other word does.
    let able = if old.refused.is_empty() { build } else { build.with_ssl3() };
    if wanted.is_empty() {
        return Err(LowerError::NothingLeft);
    }
    if build.served(wanted) != wanted {
        return Err(LowerError::Gap { server: "httpd", versions: wanted });
    }
    if old.asked == wanted {
        return Err(LowerError::NothingToChange("line"));
    }
    let gives = |splices: &[Splice]| {
        let text = apply(line.bytes(), splices);
        let words = split(&text, written.arguments.min(text.len()));
        let values: Vec<Vec<u8>> = words.iter().map(|word| word.value(&text)).collect();
        let list = read_list(values.iter().map(Vec::as_slice), build);
        list.refused.is_empty() && list.asked == wanted
    };
    let planned = plan_words(&values, wanted, able).map(|plan| splices(line, written.arguments, &words, &plan));
    if let Some(splices) = planned.filter(|splices| gives(splices)) {
        return Ok(splices);
    }
    let names: Vec<String> = wanted.iter().map(|version| format!("+{version}")).collect();
    let text = format!("-all {}", names.join(" ")).into_bytes();
    let whole = match (words.first(), words.last()) {
        (Some(first), Some(last)) => Splice { part: first.written.start..last.written.end, text },
        _ => Splice { part: line.len()..line.len(), text: [b" ", &text[..]].concat() },
    };
    let whole = vec![whole];
    if gives(&whole) { Ok(whole) } else { Err(LowerError::OutOfReach) }
}

/// A word without its quotes.
fn inner(word: &Word) -> Range<usize> {
    match word.quote {
        None => word.written.clone(),
        Some(_) => word.written.start + 1..word.written.end - usize::from(word.closed),
    }
}

/// What a plan does to the text.
fn splices(line: &TracedText, arguments: usize, words: &[Word], plan: &super::list_edit::ListPlan) -> Vec<Splice> {
    let mut splices = Vec::new();
    let dropped = |i: usize| plan.actions[i] == Action::Drop;
    let mut i = 0;
    while i < words.len() {
        match &plan.actions[i] {
            Action::Keep => {}
            Action::Replace(text) => splices.push(Splice { part: inner(&words[i]), text: text.clone().into_bytes() }),
            Action::Drop => {
                let first = i;
                while i + 1 < words.len() && dropped(i + 1) {
                    i += 1;
                }
                splices.push(Splice { part: run(line, words, first, i), text: Vec::new() });
            }
        }
        i += 1;
    }
    if !plan.appended.is_empty() {
        let text = format!(" {}", plan.appended.join(" ")).into_bytes();
        let end = words.last().map_or(arguments.min(line.len()), |word| word.written.end);
        // Without any argument, the name is the last word.
        let end = if words.is_empty() { line.len() } else { end };
        splices.push(Splice { part: end..end, text });
    }
    join(splices)
}

/// The part to delete for a run of words: with the white space on one side, so that what is left stays apart, and so
/// that a continuation is kept where it separates words that stay.
fn run(line: &TracedText, words: &[Word], first: usize, last: usize) -> Range<usize> {
    let own = words[first].written.start..words[last].written.end;
    let before = (first > 0).then(|| words[first - 1].written.end);
    let Some(after) = words.get(last + 1).map(|word| word.written.start) else {
        return before.unwrap_or(own.start)..own.end;
    };
    let Some(before) = before else { return own.start..after };
    let continued =
        |part: Range<usize>| line.places(part.start.saturating_sub(1)..part.end + 1).is_ok_and(|p| p.len() > 1);
    if continued(own.end..after) { before..own.end } else { own.start..after }
}

/// A command's new value; `None`: it needs no other.
fn command_value(command: &VersionCommand, old: &str, remove: VersionSet, add: VersionSet) -> Option<String> {
    let alone = command.alone();
    match command {
        VersionCommand::Min(low) => {
            let new = alone.minus(remove).union(add).min()?;
            (*low != Some(new)).then(|| new.name().to_owned())
        }
        VersionCommand::Max(high) => {
            // It can't keep old versions out, but where it names one, none but those would be left.
            let new = alone.minus(remove).union(add).max()?;
            (high.unwrap_or(Version::Tls1_3) != new).then(|| new.name().to_owned())
        }
        VersionCommand::Switch(_) => switches(old, remove, add),
    }
}

/// The versions that are off after the switches, where `off` were before.
fn switch(off: VersionSet, switches: &[(bool, VersionSet)]) -> VersionSet {
    switches.iter().fold(off, |off, (on, versions)| if *on { off.minus(*versions) } else { off.union(*versions) })
}

/// A `Protocol` list that switches on none of `remove`, and does not switch off any of `add`.
fn switches(old: &str, remove: VersionSet, add: VersionSet) -> Option<String> {
    let fits = |items: &[&str]| {
        let read: Vec<(bool, VersionSet)> = items.iter().filter_map(|item| read_switch(item)).collect();
        let on = VersionSet::TLS.minus(switch(VersionSet::TLS, &read));
        let off = switch(VersionSet::EMPTY, &read);
        on.and(remove).is_empty() && off.and(add).is_empty()
    };
    let mut items: Vec<&str> = old.split(',').collect();
    if fits(&items) {
        return None;
    }
    items.retain(|item| match read_switch(item) {
        Some((true, versions)) => versions.len() > 1 || versions.and(remove).is_empty(),
        Some((false, versions)) => versions.len() > 1 || versions.and(add).is_empty(),
        None => true,
    });
    let read = |items: &[&str]| items.iter().filter_map(|item| read_switch(item)).collect::<Vec<_>>();
    let lacking = switch(VersionSet::EMPTY, &read(&items)).and(add);
    let on: Vec<String> = lacking.iter().map(|version| format!("+{version}")).collect();
    items.extend(on.iter().map(String::as_str));
    let surplus = VersionSet::TLS.minus(switch(VersionSet::TLS, &read(&items))).and(remove);
    let off: Vec<String> = surplus.iter().map(|version| format!("-{version}")).collect();
    items.extend(off.iter().map(String::as_str));
    if items.is_empty() {
        // A value has to stay; this one says nothing new.
        let named = switch(VersionSet::EMPTY, &read(&old.split(',').collect::<Vec<_>>())).and(add);
        return named.min().or(add.min()).map(|version| format!("+{version}"));
    }
    fits(&items).then(|| items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_raised_and_lowered() {
        let old = VersionSet::range(Version::Ssl2, Version::Tls1_1);
        let new = VersionSet::range(Version::Tls1_2, Version::Tls1_3);
        let value = |name: &str, value: &str| {
            let command = VersionCommand::read(name, value).unwrap().unwrap();
            command_value(&command, value, old, new)
        };
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(value("MinProtocol", "TLSv1"), is("TLSv1.2"));
        assert_eq!(value("MinProtocol", "None"), is("TLSv1.2"));
        assert_eq!(value("MinProtocol", "TLSv1.3"), is("TLSv1.2"));
        assert_eq!(value("MinProtocol", "TLSv1.2"), None);
        assert_eq!(value("MaxProtocol", "TLSv1.1"), is("TLSv1.3"));
        assert_eq!(value("MaxProtocol", "None"), None);
        assert_eq!(value("Protocol", "-TLSv1.3"), is("+TLSv1.3"));
        assert_eq!(value("Protocol", "-TLSv1,-TLSv1.3"), is("-TLSv1"));
        assert_eq!(value("Protocol", "ALL"), is("ALL,-TLSv1,-TLSv1.1"));
        assert_eq!(value("Protocol", "-ALL,TLSv1,TLSv1.2"), is("-ALL,TLSv1.2,+TLSv1.3"));
        assert_eq!(value("Protocol", "-TLSv1"), None);
    }
}
