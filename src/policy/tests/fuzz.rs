//! Ten thousand policies that are nearly right: no panic, and every complaint has a place in the text.

use super::*;

/// A sample that has all keys.
const SAMPLE: &str = "\
about: {title: ours, version: 1}
extends: pci-dss-4
forbid: [SSLv2, SSLv3, TLSv1]
require: [TLSv1.2]
recommend:
  - TLSv1.3
severity:
  forbidden-version: {exposed: {SSLv3: high}, latent: off}
  missing-version: low
exposure: {loopback: same, unix-socket: lower}
overrides:
  - match: {server-name: ['*.a.test', ''], address: '192.0.2.0/24'}
    forbid: [SSLv2]
    require: []
  - match: {path: '/etc/nginx/**', service: nginx, role: listener}
    recommend: []
waivers:
  - rule: [forbidden-version, unknown]
    match: {address: 'unix:'}
    reason: old tills
    owner: Ops
    until: 2027-01-31
";

/// Words that mean something in a policy or in YAML.
const WORDS: [&str; 32] = [
    "TLSv1.3",
    "SSLv2",
    "forbid",
    "require",
    "match",
    "rule",
    "until",
    "waivers",
    "overrides",
    "extends",
    "default",
    "2027-02-30",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "\n",
    "  ",
    "&a ",
    "*a",
    "!!str ",
    "? ",
    "|\n",
    "'",
    "\"",
    "~",
    "#",
    "\u{e9}\u{1f980}",
    "\u{202e}",
    "---\n",
];

/// xorshift: the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// The text with one thing done to it.
fn mutate(text: &str, numbers: &mut Numbers) -> String {
    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (one, other) = (bounds[numbers.below(bounds.len())], bounds[numbers.below(bounds.len())]);
    let (from, to) = (one.min(other), one.max(other).min(one.min(other) + 12));
    let to = (from..=to).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    let word = WORDS[numbers.below(WORDS.len())];
    match numbers.below(7) {
        0 => format!("{}{word}{}", &text[..from], &text[from..]),
        1 => format!("{}{word}{}", &text[..from], &text[to..]),
        2 => format!("{}{}", &text[..from], &text[to..]),
        3 => text[..from].to_owned(),
        4 => {
            let line = lines[numbers.below(lines.len())];
            lines.insert(numbers.below(lines.len()), line);
            lines.concat()
        }
        5 => {
            lines.remove(numbers.below(lines.len()));
            lines.concat()
        }
        _ => format!("{}{}{}", &text[..from], text[from..to].to_uppercase(), &text[to..]),
    }
}

#[test]
fn wrong_policies_are_told_with_their_places() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut sound, mut unsound) = (0, 0);
    for _ in 0..10_000 {
        let mut text = SAMPLE.to_owned();
        for _ in 0..=numbers.below(3) {
            text = if text.is_empty() { SAMPLE.to_owned() } else { mutate(&text, &mut numbers) };
        }
        match Policy::parse(&text, "p.yaml") {
            Ok(policy) => {
                sound += 1;
                assert!(!VersionSet::TLS.is_subset(policy.base.forbid), "{text}");
                assert!(policy.base.forbid.and(policy.base.require).is_empty(), "{text}");
            }
            Err(errors) => {
                unsound += 1;
                assert!(!errors.is_empty(), "{text}");
                let lines = text.split('\n').count() as u32;
                for error in errors {
                    assert!((1..=lines).contains(&error.line) && error.column >= 1, "{error}\n{text}");
                    let line = text.split('\n').nth(error.line as usize - 1).unwrap_or_default();
                    assert!(error.column as usize <= line.chars().count() + 1, "{error}\n{text}");
                    assert!(!error.message.is_empty() && error.excerpt.contains("p.yaml"), "{error}");
                }
            }
        }
    }
    assert!(sound > 500 && unsound > 5_000, "{sound} sound, {unsound} not: the mutations are no test");
}
