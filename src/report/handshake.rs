//! What handshakes got, in the words that all formats for people share. What servers said is fit for a terminal here.

use super::sanitise;
use crate::probe::client::{Certificate, Check, Handshake, MODERN};
use crate::probe::key::Agreement;
use crate::probe::strength::{self, Level};
use crate::probe::suites::Suite;
use crate::probe::target::Target;
use crate::probe::{Depth, Hit, Order, Reason, Row, Scan, Trouble, Verdict};

/// More names of a certificate than this are only counted.
const MOST_NAMES: usize = 6;

/// A suite that a server chose.
pub(super) struct SuiteText {
    pub(super) name: String,
    /// How keys are agreed upon; may be empty.
    pub(super) key: String,
    pub(super) level: Level,
}

/// What keeps an endpoint from being probed, in a word or two.
pub(super) fn trouble(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Unreachable(_) => "unreachable",
        Trouble::NotTls(_) => "not TLS",
        Trouble::StartTls(_) => "no TLS",
    }
}

/// A reason, and the option of `probe` that gets further.
pub(super) fn with_advice(reason: &Reason) -> String {
    match reason.advice() {
        Some(advice) => format!("{}; {advice}", reason.text()),
        None => reason.text(),
    }
}

/// What a server may want that hangs up on every hello: the options of `probe` that were not given. Or the one that it
/// does not understand.
pub(super) fn hint(target: &Target, scan: &Scan) -> Option<String> {
    if target.proxy && matches!(scan.trouble, Some(Trouble::NotTls(_))) {
        return Some("--proxy-protocol may be the reason: the server may expect no PROXY header".to_owned());
    }
    let options = [
        (target.name.is_none(), "a server name (--sni)"),
        (target.alpn.is_empty(), "an application protocol (--alpn)"),
        (!target.proxy, "a PROXY header (--proxy-protocol)"),
        (target.starttls.is_none(), "a dialogue before TLS (--starttls)"),
    ];
    let open: Vec<&str> = options.iter().filter(|(is_open, _)| *is_open).map(|(_, what)| *what).collect();
    let is_asked = scan.hangs_up() && !open.is_empty();
    is_asked.then(|| format!("the server hangs up on every hello; it may want {}", listed(&open)))
}

/// `a, b or c`
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

/// Why a version is not accepted, in the words that a command has for it, and what else is to be said about it; may be
/// empty.
pub(super) fn remarks(row: &Row, depth: Depth, words: fn(&Reason) -> String) -> String {
    let mut remarks: Vec<String> = row.verdict.reason().map(words).into_iter().collect();
    remarks.extend(row.notes.iter().map(|note| (*note).to_owned()));
    if depth == Depth::Ciphers && row.verdict == Verdict::Accepted {
        match row.order {
            Some(Order::Server) => remarks.push("the server's order decides".to_owned()),
            Some(Order::Client) => remarks.push("the client's order decides".to_owned()),
            None => {}
        }
        if row.compression.is_some_and(|method| method != 0) {
            remarks.push("compresses".to_owned());
        }
        if row.lacks_suites(depth) {
            remarks.push(match &row.gap {
                Some(gap) => format!("there may be more suites: {}", words(gap)),
                None => "there may be more suites".to_owned(),
            });
        }
    }
    clean(&remarks.join("; "))
}

/// The suites of a version, in the order in which the server chose them.
pub(super) fn suites(row: &Row) -> Vec<SuiteText> {
    let most = strength::most(row.version);
    let kind = |name: &&'static str| SuiteText { name: (*name).to_owned(), key: String::new(), level: most };
    let suite = |hit: &Hit| SuiteText {
        name: Suite::name_of(hit.suite),
        key: hit.key.as_ref().map(Agreement::to_string).unwrap_or_default(),
        level: level(row, hit),
    };
    row.kinds.iter().map(kind).chain(row.suites.iter().map(suite)).collect()
}

/// How strong a suite of a version is, with the parameters that the server used.
pub(super) fn level(row: &Row, hit: &Hit) -> Level {
    let own = strength::level_with(hit.suite, hit.key.as_ref().and_then(Agreement::dh_bits));
    own.min(strength::most(row.version))
}

/// The least strength at an endpoint; `None`: no suite is known.
pub(super) fn least(scan: &Scan) -> Option<Level> {
    let ssl2 = scan.rows.iter().filter(|row| !row.kinds.is_empty()).map(|row| strength::most(row.version));
    let of = |row: &Row| row.suites.iter().map(|hit| level(row, hit)).min();
    scan.rows.iter().filter_map(of).chain(ssl2).min()
}

/// What a client of this machine gets: one line, or two.
pub(super) fn client(check: &Check, scan: &Scan) -> Vec<String> {
    match &check.handshake {
        Handshake::Made { version, suite, group, alpn, asked, refused } => {
            let mut words = vec![version.name().to_owned(), Suite::name_of(*suite)];
            words.extend(group.map(|group| Agreement::group(group).to_string()));
            words.extend(alpn.as_ref().map(|name| format!("ALPN {name}")));
            let more = match (refused, asked) {
                (true, _) => Some("the server refuses clients without a certificate"),
                (false, true) => Some("the server asks for a certificate of the client"),
                (false, false) => None,
            };
            let first = format!("connects with {}", clean(&words.join(", ")));
            [first].into_iter().chain(more.map(str::to_owned)).collect()
        }
        Handshake::Failed { why, nothing_in_common } => vec![failed(&clean(why), *nothing_in_common, scan)],
        Handshake::Inconclusive(why) => vec![format!("inconclusive: {}", clean(&with_advice(why)))],
    }
}

/// What a failed handshake says beside what the probe found.
fn failed(why: &str, nothing_in_common: bool, scan: &Scan) -> String {
    let modern = scan.accepted().and(MODERN);
    match (modern.is_empty(), nothing_in_common) {
        (true, _) => format!("does not connect with TLSv1.2 or newer: {why}"),
        (false, true) => format!(
            "one with modern suites and curves only does not connect ({why}); the server has {modern}, and others get in"
        ),
        (false, false) => format!("the handshake fails ({why}), though the server has {modern}"),
    }
}

/// The certificate, as names and values; what this machine makes of it comes last.
pub(super) fn certificate(check: &Check) -> Vec<(&'static str, String)> {
    let mut lines = check.certificate.as_ref().map(fields).unwrap_or_default();
    lines.extend(check.trust.as_ref().map(|trust| ("certificate", clean(&trust.text()))));
    lines
}

fn fields(certificate: &Certificate) -> Vec<(&'static str, String)> {
    let Certificate { subject, issuer, names, not_before, not_after, key, signature, .. } = certificate;
    let mut shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| quoted(name)).collect();
    if names.len() > MOST_NAMES {
        shown.push(format!("{} more", names.len() - MOST_NAMES));
    }
    let mut lines = vec![("subject", clean(subject))];
    if !shown.is_empty() {
        lines.push(("names", clean(&shown.join(", "))));
    }
    lines.push(("issuer", clean(issuer)));
    lines.push(("valid", format!("{not_before} to {not_after}")));
    lines.push(("key", format!("{}, {}", clean(key), clean(signature))));
    lines
}

/// A name of a certificate; in quotes, if it could be read as several, or as none.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_*:".contains(&byte);
    match name.bytes().all(is_plain) && !name.is_empty() {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn clean(text: &str) -> String {
    sanitise::line(text.as_bytes())
}
