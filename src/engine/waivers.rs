//! Collecting the waivers: those of the policy, and those in comments of the configuration files.

use crate::finding::{Label, WaiverPlace};
use crate::policy;
use crate::rules::{Invalid, Reach, Waiver, Waivers};
use crate::services::service::{Resolved, Service};
use crate::source::{FileId, SourceMap, Span};
use std::collections::{BTreeMap, HashMap};
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
        let lines = targets(file, bytes, &comments);
        for (comment, lines) in comments.iter().zip(lines) {
            let span = Span::new(file, comment.start as u32, comment.end as u32);
            let text = String::from_utf8_lossy(&bytes[comment.clone()]);
            match policy::comment(&joined(&text)) {
                None => {}
                Some(Ok((rules, terms))) => list.push(Waiver {
                    rules,
                    reach: Reach::Lines(lines),
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

/// A comment that goes on in the next line (of Apache's files) as one line, as the server puts it together.
fn joined(comment: &str) -> String {
    let mut lines = comment.lines();
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        text.truncate(text.strip_suffix('\\').unwrap_or(&text).len());
        // Blanks on both sides are one.
        text.push_str(if text.ends_with([' ', '\t']) { line.trim_start() } else { line });
    }
    text
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

/// The lines that each comment is about: the one that it ends, or, if nothing stands before it, the next one that is no
/// comment itself.
fn targets(file: FileId, bytes: &[u8], comments: &[Range<usize>]) -> Vec<Span> {
    // For each line that is a comment as a whole, by where it begins, what follows it. From the last one up: a block of ten
    // thousand comments is walked once.
    let mut known: HashMap<usize, Range<usize>> = HashMap::new();
    let mut targets: Vec<Span> = Vec::with_capacity(comments.len());
    for comment in comments.iter().rev() {
        let start = memchr::memrchr(b'\n', &bytes[..comment.start]).map_or(0, |at| at + 1);
        let range = match bytes[start..comment.start].iter().all(u8::is_ascii_whitespace) {
            true => {
                let next = next_line(bytes, comment.end, &known);
                known.insert(start, next.clone());
                next
            }
            false => start..comment.end,
        };
        targets.push(Span::new(file, range.start as u32, range.end as u32));
    }
    targets.reverse();
    targets
}

/// The next line after `at` that is no comment; `known`: that after each line that is one.
fn next_line(bytes: &[u8], mut at: usize, known: &HashMap<usize, Range<usize>>) -> Range<usize> {
    loop {
        let Some(next) = memchr::memchr(b'\n', &bytes[at..]).map(|length| at + length + 1) else {
            return bytes.len()..bytes.len();
        };
        let end = memchr::memchr(b'\n', &bytes[next..]).map_or(bytes.len(), |length| next + length);
        if bytes[next..end].trim_ascii_start().first() != Some(&b'#') {
            return next..end;
        }
        if let Some(known) = known.get(&next) {
            return known.clone();
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
            let comment = start..start + comment.len();
            let lines = targets(file, text.as_bytes(), std::slice::from_ref(&comment));
            String::from_utf8_lossy(sources.text(lines[0])).into_owned()
        };
        assert_eq!(about("a;\nb; # x\nc;", "# x"), "b; # x");
        assert_eq!(about("a;\n  # x\n  # y\r\n c;\nd;", "# x"), " c;");
        assert_eq!(about("a;\n# x\n\nb;", "# x"), "");
        assert_eq!(about("a;\n# x", "# x"), "");
        assert_eq!(about("a;\n# x\n# y", "# x"), "");
        // A comment of Apache's that goes on, and one after it that does.
        assert_eq!(about("# x \\\ny\nb", "# x \\\ny"), "b");
    }

    #[test]
    fn comments_that_go_on_are_one() {
        let text = "# x \\\n  # y\n# z\\\r\nb\nc";
        let mut sources = SourceMap::default();
        let file = sources.insert("/a".into(), text.into());
        let services = crate::services::all();
        let apache = services.iter().find(|service| service.id().0 == "apache").unwrap();
        let comments = apache.comments(text.as_bytes());
        assert_eq!(
            comments.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>(),
            ["# x \\\n  # y", "# z\\\r\nb"]
        );
        let found = targets(file, text.as_bytes(), &comments);
        assert_eq!(found.iter().map(|lines| sources.text(*lines)).collect::<Vec<_>>(), [b"c", b"c"]);
        let one = |comment| joined(comment);
        assert_eq!(one("# x"), "# x");
        assert_eq!(one("# x \\\n  y\\\r\nz \\\n\tw"), "# x yz w");
        assert_eq!(one("# x\\\n y"), "# x y");
    }

    #[test]
    fn a_block_of_comments_is_about_what_follows_it() {
        let text = "# 1\n# 2\n\t# 3\nx; # 4\n# 5\n\n";
        let mut sources = SourceMap::default();
        let file = sources.insert("/a".into(), text.into());
        let comments: Vec<Range<usize>> = text.match_indices('#').map(|(at, _)| at..at + 3).collect();
        let found = targets(file, text.as_bytes(), &comments);
        let shown: Vec<&[u8]> = found.iter().map(|lines| sources.text(*lines)).collect();
        assert_eq!(shown, [&b"x; # 4"[..], b"x; # 4", b"x; # 4", b"x; # 4", b""]);
    }
}
