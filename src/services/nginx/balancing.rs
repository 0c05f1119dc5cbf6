//! What the directives of a block `upstream` refuse: parameters of its servers, methods of balancing, connections that are
//! kept, zones (`ngx_http_upstream_server`, `ngx_stream_upstream_server`, and the modules `ngx_http_upstream_*_module`).

use super::ID;
use super::known::{is_time, number, parse_size};
use super::state::{Directive, TreeReader};
use super::zones::ZoneUse;
use crate::release::Release;

/// Since this release `server` knows `resolve` and `service` in open source.
const RESOLVE: Release = Release::new(1, 27, 3);

/// From this release on other words may have come, and `keepalive` has changed.
const LATER: Release = Release::new(1, 29, 0);

/// Words of `server`, and those that only NGINX Plus had before [`LATER`].
const WORDS: &[&str] = &["backup", "down"];
const RESOLVING: &[&str] = &["resolve", "service="];
const PLUS: &[&str] = &["drain", "slow_start=", "route=", "sid="];

/// Eight pages of memory, which a zone has to have.
const SMALLEST_ZONE: i64 = 8 * 4096;

/// A parameter of `server` in a block.
pub(super) fn refused_parameter(reader: &mut TreeReader<'_>, group: usize, word: &str) -> Option<String> {
    let release = reader.world.facts.of(ID).release.value;
    let value = |name: &str| word.strip_prefix(name);
    if word == "backup" && !reader.groups[group].takes_backup {
        return Some("balancing method does not support parameter \"backup\"".to_owned());
    }
    let is_valid = if let Some(weight) = value("weight=") {
        number(weight).is_some_and(|weight| weight > 0)
    } else if let Some(count) = value("max_conns=").or(value("max_fails=")) {
        number(count).is_some()
    } else if let Some(time) = value("fail_timeout=") {
        is_time(time, true)
    } else if WORDS.contains(&word) {
        true
    } else if is_one_of(word, RESOLVING) {
        release.is_none_or(|r| r >= RESOLVE) || reader.is_plus()
    } else if is_one_of(word, PLUS) {
        release.is_none_or(|r| r >= LATER) || reader.is_plus()
    } else {
        false
    };
    (!is_valid).then(|| format!("invalid parameter \"{word}\""))
}

/// Is it one of these words, or does it begin like one that takes a value?
fn is_one_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| if known.ends_with('=') { word.starts_with(known) } else { word == *known })
}

/// Another directive of a block.
pub(super) fn check(reader: &mut TreeReader<'_>, group: usize, directive: &Directive<'_>) {
    let arguments = reader.arguments(directive);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let message = match directive.name {
        b"hash" => {
            let bad = words.get(1).filter(|word| **word != "consistent");
            reader.groups[group].takes_backup = false;
            bad.map(|word| format!("invalid parameter \"{word}\""))
        }
        b"ip_hash" => {
            reader.groups[group].takes_backup = false;
            None
        }
        b"random" => {
            reader.groups[group].takes_backup = false;
            refused_random(&words, reader.is_plus())
        }
        b"least_conn" => {
            reader.groups[group].takes_backup = true;
            None
        }
        b"keepalive" => refused_keepalive(&words, reader.world.facts.of(ID).release.value),
        b"keepalive_timeout" => refused_timeout(&words),
        b"zone" => refused_zone(reader, group, directive, &words),
        _ => None,
    };
    if let Some(message) = message {
        reader.problem(directive.place, message);
    }
}

/// `random [two [least_conn]]`; NGINX Plus has more methods.
fn refused_random(words: &[&str], is_plus: bool) -> Option<String> {
    let bad = match words {
        [] | ["two"] | ["two", "least_conn"] => return None,
        ["two", method, ..] if is_plus && method.starts_with("least_time=") => return None,
        ["two", bad, ..] | [bad, ..] => bad,
    };
    Some(format!("invalid parameter \"{bad}\""))
}

/// The number of connections that are kept.
fn refused_keepalive(words: &[&str], release: Option<Release>) -> Option<String> {
    let is_later = release.is_none_or(|r| r >= LATER);
    let [count, rest @ ..] = words else { return None };
    if !rest.is_empty() && !is_later {
        return Some("invalid number of arguments in \"keepalive\" directive".to_owned());
    }
    let is_valid = number(count).is_some_and(|count| count > 0 || is_later);
    (!is_valid).then(|| format!("invalid value \"{count}\" in \"keepalive\" directive"))
}

/// Here it has one argument.
fn refused_timeout(words: &[&str]) -> Option<String> {
    let [time] = words else {
        return Some("invalid number of arguments in \"keepalive_timeout\" directive".to_owned());
    };
    (!is_time(time, false)).then(|| "\"keepalive_timeout\" directive invalid value".to_owned())
}

/// `zone NAME [SIZE]`: one of the blocks that share it has to name a size.
fn refused_zone(
    reader: &mut TreeReader<'_>,
    group: usize,
    directive: &Directive<'_>,
    words: &[&str],
) -> Option<String> {
    let (name, bytes) = match words {
        ["", ..] => return Some("invalid zone name \"\"".to_owned()),
        [name] => (name, 0),
        [name, text, ..] => match parse_size(text, &["k", "m"]) {
            None => return Some(format!("invalid zone size \"{text}\"")),
            Some(bytes) if bytes < SMALLEST_ZONE => return Some(format!("zone \"{name}\" is too small")),
            Some(bytes) => (name, bytes),
        },
        [] => return None,
    };
    let section = reader.groups[group].section;
    reader.zone_places.push(((*name).to_owned(), directive.place));
    reader.zones.declare(name, ZoneUse::Servers(section), bytes.unsigned_abs())
}

impl TreeReader<'_> {
    /// Says which blocks have no servers, or only such as stand in for others, and which zones have no size.
    pub(super) fn empty_groups(&mut self) {
        let mut said = Vec::new();
        for group in &self.groups {
            let name = &group.name;
            match (group.has_servers, group.has_backups) {
                (true, _) => {}
                (false, true) => said.push((group.head, format!("no servers in upstream \"{name}\""))),
                (false, false) => said.push((group.head, "no servers are inside upstream".to_owned())),
            }
        }
        // A file that is not here may name the size.
        if self.unread.is_none() && !self.model.is_part {
            for (name, place) in std::mem::take(&mut self.zone_places) {
                if self.zones.without_size(&name) {
                    said.push((place, format!("zero size shared memory zone \"{name}\"")));
                }
            }
        }
        for (place, message) in said {
            self.problem(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_chooses_among_two() {
        for good in [&[][..], &["two"], &["two", "least_conn"]] {
            assert_eq!(refused_random(good, false), None, "{good:?}");
        }
        for (bad, word) in [(&["three"][..], "three"), (&["least_conn"], "least_conn"), (&["two", "x"], "x")] {
            assert_eq!(refused_random(bad, false), Some(format!("invalid parameter \"{word}\"")));
        }
        assert!(refused_random(&["two", "least_time=header"], false).is_some());
        assert!(refused_random(&["two", "least_time=header"], true).is_none());
    }

    #[test]
    fn connections_that_are_kept() {
        let refuses = |words: &[&str], release: &str| refused_keepalive(words, Release::parse(release)).is_some();
        assert!(refuses(&["0"], "1.22.1") && refuses(&["x"], "1.31.4") && refuses(&["1", "local"], "1.22.1"));
        assert!(!refuses(&["1"], "1.22.1") && !refuses(&["0"], "1.31.4") && !refuses(&["0"], ""));
    }

    #[test]
    fn words_with_and_without_values() {
        assert!(is_one_of("route=a", PLUS) && is_one_of("drain", PLUS) && is_one_of("resolve", RESOLVING));
        assert!(!is_one_of("route", PLUS) && !is_one_of("drain=1", PLUS) && !is_one_of("resolver", RESOLVING));
    }
}
