//! What a plan does to a file, held against the file: the patch makes the one of the other, and nothing changes but
//! directives that are about versions.

use super::consistent;
use std::path::Path;
use tlsmend::plan::unified;
use tlsmend::services::tree::{NodeKind, Tree};

/// Holds a planned content against the old one.
pub fn hold(path: &Path, old: &[u8], new: &[u8], parse: fn(&[u8]) -> Tree) {
    assert!(old != new, "{}: a plan that changes nothing", path.display());
    let (before, after) = (parse(old), parse(new));
    consistent::tree(&after, new);
    assert!(after.errors.len() <= before.errors.len(), "{}: the plan brings errors of syntax", path.display());
    let (was, is) = (rest(&before, old), rest(&after, new));
    let changed = was.iter().zip(&is).find(|(was, is)| was != is).map(|(was, _)| String::from_utf8_lossy(was));
    assert!(was == is, "{}: the plan changes another directive: {changed:?}", path.display());
    let mut patch = Vec::new();
    unified(path, old, new, &mut patch).expect("writing to memory");
    assert!(apply(old, &patch) == new, "{}: the patch does not make the new content", path.display());
}

/// The text of everything in a file but directives that are about versions.
fn rest<'b>(tree: &Tree, bytes: &'b [u8]) -> Vec<&'b [u8]> {
    let nodes = tree.nodes.iter().map(|node| (node.kind, &bytes[node.start as usize..node.end as usize]));
    let other = nodes.filter(|(kind, text)| *kind != NodeKind::Directive || !is_about_versions(text));
    other.map(|(_, text)| text).collect()
}

/// Directives that a fix may change, put in, or take away. Of Apache's, a value may stand in a `Define` or in an argument
/// of a macro.
fn is_about_versions(directive: &[u8]) -> bool {
    // A name may be quoted, escaped, and continued in the next line.
    let whole =
        String::from_utf8_lossy(directive).replace("\\\r\n", "").replace("\\\n", "").replace(['"', '\'', '\\'], "");
    let name: String = whole.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let name = name.to_ascii_lowercase();
    // What is glued to a closing quote is an argument.
    let starts = ["sslprotocol", "sslproxyprotocol", "sslopensslconfcmd"];
    let ends = ["ssl_protocols", "ssl_conf_command"];
    // What a variable or an argument of a macro makes of a name, it does not tell.
    let first = whole.split_ascii_whitespace().next().unwrap_or_default();
    let is_source = ["define", "use"].contains(&name.as_str()) || first.contains(['$', '@', '%', '&']);
    is_source || ends.iter().any(|end| name.ends_with(end)) || starts.iter().any(|start| name.starts_with(start))
}

/// What patch(1) does.
fn apply(old: &[u8], patch: &[u8]) -> Vec<u8> {
    let lines = |text| <[u8]>::split_inclusive(text, |byte| *byte == b'\n').collect::<Vec<&[u8]>>();
    let old = lines(old);
    let patch = lines(patch);
    let (mut new, mut done): (Vec<&[u8]>, usize) = (Vec::new(), 0);
    for (at, line) in patch.iter().enumerate().skip(2) {
        let next_is_mark = patch.get(at + 1).is_some_and(|next| next.starts_with(b"\\ "));
        let (sign, content) = line.split_at(1);
        let content = content.strip_suffix(b"\n").filter(|_| next_is_mark).unwrap_or(content);
        match sign {
            b"@" => {
                let from = start(line);
                new.extend_from_slice(&old[done..from]);
                done = from;
            }
            b"+" => new.push(content),
            b" " | b"-" => {
                assert!(old[done] == content, "the patch does not fit");
                done += 1;
                if sign == b" " {
                    new.push(content);
                }
            }
            _ => assert!(line.starts_with(b"\\ No newline"), "a line of a patch"),
        }
    }
    new.extend_from_slice(&old[done..]);
    new.concat()
}

/// The index of the first old line of a hunk: `@@ -3,7 +3,7 @@`.
fn start(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).expect("ASCII");
    let range = head.strip_prefix("@@ -").and_then(|rest| rest.split(' ').next()).expect("a range");
    let (line, count) = range.split_once(',').unwrap_or((range, "1"));
    let line: usize = line.parse().expect("a line");
    // A hunk without old lines names the one before it.
    if count == "0" { line } else { line - 1 }
}
