//! Collecting the waivers: those of the policy, and those in comments of the configuration files.

use crate::finding::{Label, WaiverPlace};
use crate::policy;
use crate::rules::{Invalid, Reach, Waiver, Waivers};
use crate::services::service::{Resolved, Service};
use crate::source::{FileId, SourceMap, Span};
use crate::system::System;
use crate::trust::Writers;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// All waivers, as they stand on the day; none where there is no day.
pub(super) fn collect<'a>(
    policy: &policy::Policy,
    text: Option<FileId>,
    day: Option<policy::Date>,
    resolved: &[Box<dyn Resolved>],
    services: &[&'static dyn Service],
    (system, sources): (&dyn System, &'a SourceMap),
) -> Waivers<'a> {
    if day.is_none() {
        return Waivers::new(Vec::new(), Vec::new(), None, sources, BTreeMap::new());
    }
    let writers_of = |file: FileId| {
        let path = sources.file(file).path();
        // A command line is the word of who runs the server, and holds no comment.
        if path.is_absolute() {
            system.writers(path).unwrap_or_else(|_| Writers::everybody())
        } else {
            Writers::default()
        }
    };
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
        let by = writers_of(file);
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
                    by: by.clone(),
                }),
                Some(Err(message)) => invalid.push(Invalid { span, message, instance }),
            }
        }
    }
    // Where nobody else has waived anything, it does not matter whose the files are.
    let is_needed = list.iter().any(|waiver| !waiver.by.is_empty());
    let instances = resolved.iter().map(|one| one.instance()).filter(|_| is_needed);
    let files: BTreeSet<FileId> = instances.flat_map(|instance| &instance.files).copied().collect();
    let writers = files.into_iter().map(|file| (file, writers_of(file))).collect();
    Waivers::new(list, invalid, day, sources, writers)
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
        by: Writers::default(),
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
    use crate::engine::Request;
    use crate::system::MemorySystem;

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

    /// The names of which it is waived that TLSv1 is there, and how many waivers cover nothing.
    fn waived_names(policy: &str, main: &str, sites: &[(&str, u32, &str)]) -> (Vec<String>, usize) {
        let mut system = MemorySystem::with_files([("/etc/nginx/nginx.conf", main)]);
        for (path, owner, text) in sites {
            system.add_file(path, text);
            system.give(path, *owner, 0o644);
        }
        let policy = policy::Policy::parse(policy, "p.yaml").expect("a policy");
        let day = Some(policy::Date::constant(2026, 11, 30));
        let facts = crate::host::Facts::unknown();
        let audit = crate::engine::audit(Request { day, ..Request::new(&system, &facts, &policy) });
        let waived = audit.findings.iter().filter(|one| one.rule.0 == "forbidden-version" && !one.is_open());
        let names = waived.flat_map(|one| {
            let endpoints = &audit.instance_of(one).expect("an instance").endpoints;
            one.endpoints.iter().map(|at| endpoints[*at].name.as_deref().unwrap_or("-").to_owned()).collect::<Vec<_>>()
        });
        (names.collect(), audit.findings.iter().filter(|one| one.rule.0 == "unused-waiver").count())
    }

    #[test]
    fn a_site_owner_waives_for_their_own_names_only() {
        let site = |name: &str, lines: &str| format!("server {{ listen 443 ssl; server_name {name};\n{lines}}}\n");
        let main = "events {}\nhttp {\ninclude /sites/*;\n}\n";
        // nginx before 1.25.5: the versions of the default server are those of all names.
        let waiver = "# tlsmend: allow forbidden-version: old tills\nssl_protocols TLSv1 TLSv1.2;\n";
        let (own, other) = (site("own.test", waiver), site("other.test", ""));
        let waived = |a: u32, b: u32| waived_names("", main, &[("/sites/a", a, &own), ("/sites/b", b, &other)]);
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(waived(33, 0), (list(&["-", "own.test"]), 0));
        assert_eq!(waived(33, 34), (list(&["-", "own.test"]), 0));
        assert_eq!(waived(33, 33), (list(&["-", "own.test", "other.test"]), 0), "both are theirs");
        assert_eq!(waived(0, 33), (list(&["-", "own.test", "other.test"]), 0), "root's word counts for all");
        // A line of the block around all servers.
        let lines = format!("{waiver}{}", site("own.test", ""));
        let around = |a: u32| waived_names("", main, &[("/sites/a", a, &lines), ("/sites/b", 0, &other)]);
        assert_eq!(around(33).0, list(&["-", "own.test"]));
        assert_eq!(around(0).0, list(&["-", "own.test", "other.test"]));
        // One that waives for others only covers nothing, and the policy may waive for anybody.
        let nothing = [("/sites/a", 33, waiver), ("/sites/b", 0, other.as_str())];
        assert_eq!(waived_names("", main, &nothing), (Vec::new(), 1));
        let policy = "waivers:\n- {rule: forbidden-version, match: {server-name: other.test}, reason: x}\n";
        assert_eq!(waived_names(policy, main, &nothing).0, list(&["other.test"]));
    }

    #[test]
    fn waivers_that_say_the_same_are_used_together() {
        let one = "- {rule: [forbidden-version, missing-version], match: {server-name: a.test}, reason: x}\n";
        let policy = format!("waivers:\n{}{}", one.repeat(50), one.replace("a.test", "b.test").repeat(50));
        let site = "server { listen 443 ssl; server_name a.test; ssl_protocols TLSv1; }\n";
        let (names, unused) = waived_names(&policy, &format!("events {{}}\nhttp {{\n{site}}}\n"), &[]);
        assert_eq!((names, unused), (vec!["a.test".to_owned()], 50));
    }
}
