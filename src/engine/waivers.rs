//! Collecting the waivers: those of the policy, and those in comments of the configuration files.

use crate::finding::{Label, WaiverPlace};
use crate::policy;
use crate::rules::{Invalid, Reach, Waiver, Waivers};
use crate::services::service::{Resolved, Service};
use crate::source::{FileId, SourceMap, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// All waivers, as they stand on the day; none where there is no day.
pub(super) fn collect<'a>(
    policy: &policy::Policy,
    text: Option<FileId>,
    day: Option<policy::Date>,
    resolved: &[Box<dyn Resolved>],
    services: &[&'static dyn Service],
    sources: &'a SourceMap,
) -> Waivers<'a> {
    if day.is_none() {
        return Waivers::new(Vec::new(), Vec::new(), None, sources);
    }
    let mut list: Vec<Waiver> = policy.waivers.iter().map(|waiver| of_policy(waiver, &policy.name, text)).collect();
    let mut invalid = Vec::new();
    // A file that several instances include is read once.
    let mut files: BTreeMap<FileId, usize> = BTreeMap::new();
    for (at, one) in resolved.iter().enumerate() {
        for file in &one.instance().files {
            files.entry(*file).or_insert(at);
        }
    }
    for (file, instance) in files {
        let bytes = sources.file(file).bytes();
        if !policy::is_marked(bytes) {
            continue;
        }
        let id = resolved[instance].instance().service;
        let Some(service) = services.iter().find(|service| service.id() == id) else { continue };
        let comments = service.comments(bytes);
        for comment in &comments {
            let span = Span::new(file, comment.start as u32, comment.end as u32);
            let text = String::from_utf8_lossy(&bytes[comment.clone()]).into_owned();
            match policy::comment(&text) {
                None => {}
                Some(Ok((rules, terms))) => list.push(Waiver {
                    rules,
                    reach: Reach::Lines(lines(file, bytes, comment)),
                    terms,
                    place: WaiverPlace::Comment(span),
                    label: Some(Label { span, text: String::new() }),
                    instance: Some(instance),
                }),
                Some(Err(message)) => invalid.push(Invalid { span, message, instance }),
            }
        }
    }
    Waivers::new(list, invalid, day, sources)
}

fn of_policy(waiver: &policy::Waiver, name: &str, text: Option<FileId>) -> Waiver {
    let span = text.map(|file| Span::new(file, waiver.range.start as u32, waiver.range.end as u32));
    Waiver {
        rules: waiver.rules.clone(),
        reach: Reach::Scope(waiver.scope.clone()),
        terms: waiver.terms.clone(),
        place: WaiverPlace::Policy { file: name.to_owned(), line: waiver.line },
        label: span.map(|span| Label { span, text: String::new() }),
        instance: None,
    }
}

/// The lines that a comment is about: the one that it ends, or, if nothing stands before it, the next one that is no
/// comment itself.
fn lines(file: FileId, bytes: &[u8], comment: &Range<usize>) -> Span {
    let span = |range: Range<usize>| Span::new(file, range.start as u32, range.end as u32);
    let start = bytes[..comment.start].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    if !bytes[start..comment.start].iter().all(u8::is_ascii_whitespace) {
        return span(start..comment.end);
    }
    let mut at = comment.end;
    loop {
        let Some(next) = memchr::memchr(b'\n', &bytes[at..]).map(|length| at + length + 1) else {
            return span(bytes.len()..bytes.len());
        };
        let end = memchr::memchr(b'\n', &bytes[next..]).map_or(bytes.len(), |length| next + length);
        let line = bytes[next..end].trim_ascii();
        if line.first() != Some(&b'#') {
            return span(next..end);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_about_its_own_line_or_the_next_that_is_none() {
        let about = |text: &str, comment: &str| {
            let mut sources = SourceMap::default();
            let file = sources.insert("/a".into(), text.into());
            let start = text.find(comment).unwrap();
            let lines = lines(file, text.as_bytes(), &(start..start + comment.len()));
            String::from_utf8_lossy(sources.text(lines)).into_owned()
        };
        assert_eq!(about("a;\nb; # x\nc;", "# x"), "b; # x");
        assert_eq!(about("a;\n  # x\n  # y\r\n c;\nd;", "# x"), " c;");
        assert_eq!(about("a;\n# x\n\nb;", "# x"), "");
        assert_eq!(about("a;\n# x", "# x"), "");
        assert_eq!(about("a;\n# x\n# y", "# x"), "");
    }
}
