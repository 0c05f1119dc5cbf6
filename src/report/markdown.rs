//! Markdown, for a comment on a merge request: a headline, the findings in a table, each with its fix
//! behind a fold.
//!
//! What comes from files is shown as code, so that it can't mention people, link, or close an issue. The whole stays
//! below the size that GitHub takes.

use super::issue::{self, Issue};
use super::{Report, Texts, excerpt, patch, sanitise, summary};
use std::io::{self, Write};

/// A comment has no more bytes than this; GitHub takes 65,536 characters.
const LONGEST: usize = 60_000;
/// Of these, so many are kept for what is always said: the head of the second table, and what either table leaves out.
const KEPT: usize = 600;
/// So many characters of a name stand above the tables, where nothing is cut for want of room.
const NAME: usize = 256;
/// So many endpoints are named in a row.
const NAMED: usize = 3;

/// Writes the comment. By the name of the command a pipeline finds the one that it wrote before.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (frame, rows) = (report.frame(), report.rows());
    let host = frame.host.map(|host| format!("Host {}. ", name(host))).unwrap_or_default();
    let mut text = format!(
        "<!-- tlsmend {} -->\n## TLS versions: {}\n\n{host}{}. Policy {}.\n",
        report.command(),
        summary::headline(report, &rows),
        summary::covered(report),
        name(frame.policy)
    );
    let (excused, open): (Vec<&Issue<'_>>, Vec<&Issue<'_>>) = rows.iter().partition(|row| row.excuse.is_some());
    section(frame.texts, "", &open, &mut text);
    section(frame.texts, &format!("### {}\n\n", summary::excused(report)), &excused, &mut text);
    out.write_all(text.as_bytes())
}

/// A name above the tables.
fn name(text: &str) -> String {
    code(&excerpt::clip(text, 0, NAME))
}

fn section(texts: Texts<'_>, head: &str, rows: &[&Issue<'_>], text: &mut String) {
    if rows.is_empty() {
        return;
    }
    text.push_str(&format!("\n{head}| severity | rule | finding | place |\n| --- | --- | --- | --- |\n"));
    for (at, issue) in rows.iter().enumerate() {
        let row = row(issue);
        if text.len() + row.len() > LONGEST - KEPT {
            text.push_str(&format!("\n{} more are not shown here.\n", rows.len() - at));
            return;
        }
        text.push_str(&row);
    }
    for (at, issue) in rows.iter().enumerate() {
        let Some(fold) = fold(texts, issue) else { continue };
        if text.len() + fold.len() > LONGEST - KEPT {
            let left = rows[at..].iter().filter(|issue| fold_is_there(issue)).count();
            text.push_str(&format!("\nThe fixes of {left} more are not shown here.\n"));
            return;
        }
        text.push_str(&fold);
    }
}

fn row(issue: &Issue<'_>) -> String {
    let severity = if issue.is_problem() { "error" } else { issue.severity.name() };
    let place = issue.place.as_ref().map(location).unwrap_or_default();
    let mut said = prose(&issue.message);
    if let Some(excuse) = &issue.excuse {
        said.push_str(&format!("<br>{}", prose(excuse)));
    }
    if !issue.endpoints.is_empty() {
        said.push_str(&format!("<br>endpoints&#58; {}", code(&named(issue))));
    }
    format!("| {severity} | {} | {said} | {} |\n", issue.rule, code(&place))
}

/// `path:line`
pub(super) fn location(place: &issue::Place<'_>) -> String {
    match place.region {
        Some(region) => format!("{}:{}", place.path, region.line),
        None => place.path.to_string(),
    }
}

fn fold_is_there(issue: &Issue<'_>) -> bool {
    issue.finding.is_some_and(|finding| finding.fix.is_some())
}

/// The fix as lines that go and come.
fn fold(texts: Texts<'_>, issue: &Issue<'_>) -> Option<String> {
    let fix = issue.finding?.fix.as_ref()?;
    let place = issue.place.as_ref().map(location).unwrap_or_default();
    let lines = patch::plain(texts.sources, texts.paths, fix);
    let fence = "`".repeat(longest_run(&lines).max(2) + 1);
    let title = format!("{place}: {}", fix.headline());
    Some(format!("\n<details><summary>{}</summary>\n\n{fence}diff\n{lines}{fence}\n\n</details>\n", code(&title)))
}

/// The endpoints of a row in one line; none where it is about none.
pub(super) fn endpoints(issue: &Issue<'_>) -> Option<String> {
    (!issue.endpoints.is_empty()).then(|| format!("endpoints: {}", named(issue)))
}

fn named(issue: &Issue<'_>) -> String {
    let (some, all) = (issue.endpoints.iter().take(NAMED), issue.endpoints.len());
    let mut text = some.map(|one| &**one).collect::<Vec<&str>>().join(", ");
    if all > NAMED {
        text.push_str(&format!(" and {} more", all - NAMED));
    }
    text
}

/// A sentence, with everything that Markdown or HTML could take for something else made plain. What would mention
/// people or issues is shown as code: pages look for mentions in the finished text, but not there.
pub(super) fn prose(text: &str) -> String {
    plain(text, "<code>", "</code>")
}

/// A piece of code in a cell of a table, where a pipe would end the cell.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<code>{}</code>", plain(text, "", ""))
}

/// `before` and `after` stand around what mentions.
fn plain(text: &str, before: &str, after: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in sanitise::text(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '!' => out.push_str("&#33;"),
            ':' => out.push_str("&#58;"),
            '@' | '#' => {
                out.push_str(before);
                out.push_str(if c == '@' { "&#64;" } else { "&#35;" });
                out.push_str(after);
            }
            // With this, www.example is no link.
            '.' if out.ends_with("www") => out.push_str("&#46;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
