//! The directives of nginx's own modules: where each may stand, how many arguments it has, and what its value looks like
//! (`ngx_conf_handler`). Directives of other modules are passed over.

use super::ID;
use super::module::ListenModule;
use super::state::{Block, BlockContext, Directive, TreeReader};
use crate::release::Release;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Debug)]
pub(super) struct KnownDirective {
    places: Vec<AllowedPlaces>,
    arguments: &'static str,
    kind: ValueKind,
}

/// Where a directive may stand, and in which releases.
#[derive(Debug)]
struct AllowedPlaces {
    place: &'static str,
    since: Option<Release>,
    until: Option<Release>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueKind {
    Flag,
    Number,
    /// at most in megabytes
    Size,
    /// at most in gigabytes
    Offset,
    /// down to milliseconds, up to weeks
    Time,
    /// down to seconds, up to years
    Seconds,
    Text,
    Block,
    /// read by code of its own
    Other,
}

static ALL: LazyLock<HashMap<&'static [u8], KnownDirective>> =
    LazyLock::new(|| include_str!("directives.txt").lines().filter_map(parse).collect());

fn parse(line: &'static str) -> Option<(&'static [u8], KnownDirective)> {
    let [name, places, arguments, kind] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    let kind = match kind {
        "flag" => ValueKind::Flag,
        "number" => ValueKind::Number,
        "size" => ValueKind::Size,
        "offset" => ValueKind::Offset,
        "time" => ValueKind::Time,
        "seconds" => ValueKind::Seconds,
        "text" => ValueKind::Text,
        "block" => ValueKind::Block,
        "-" => ValueKind::Other,
        _ => return None,
    };
    let places = places.split(',').map(|text| {
        let (rest, until) = text.split_once("<=").map_or((text, None), |(rest, until)| (rest, Release::parse(until)));
        let (place, since) =
            rest.split_once(">=").map_or((rest, None), |(place, since)| (place, Release::parse(since)));
        AllowedPlaces { place, since, until }
    });
    Some((name.as_bytes(), KnownDirective { places: places.collect(), arguments, kind }))
}

/// Directives that are read by code of their own, and may be there once.
const ONCE: &[&[u8]] = &[
    b"aio",
    b"alias",
    b"directio",
    b"disable_symlinks",
    b"events",
    b"grpc_bind",
    b"internal",
    b"keepalive_timeout",
    b"limit_rate",
    b"limit_rate_after",
    b"open_file_cache",
    b"proxy_bind",
    b"proxy_cache",
    b"proxy_store",
    b"resolver",
    b"root",
    b"server_tokens",
    b"use",
    b"user",
    b"uwsgi_bind",
    b"uwsgi_cache",
    b"uwsgi_store",
    b"worker_connections",
    b"worker_cpu_affinity",
    b"worker_processes",
    b"proxy_pass",
    b"grpc_pass",
    b"uwsgi_pass",
    b"ssl_password_file",
    b"ssl",
    b"ssl_ocsp_cache",
    b"starttls",
    b"proxy_ssl_certificate",
    b"proxy_ssl_certificate_key",
    b"grpc_ssl_certificate",
    b"grpc_ssl_certificate_key",
    b"uwsgi_ssl_certificate",
    b"uwsgi_ssl_certificate_key",
    b"proxy_ssl_password_file",
    b"grpc_ssl_password_file",
    b"uwsgi_ssl_password_file",
];

/// Directives whose value is one of a few words.
const WORDS: &[(&[u8], &[&str])] = &[
    (b"ssl", &["on", "off"]),
    (b"ssl_ocsp", &["on", "off", "leaf"]),
    (b"ssl_verify_client", &["on", "off", "optional", "optional_no_ca"]),
    (b"starttls", &["on", "off", "only"]),
];

/// Is it a directive of nginx's own modules?
pub(super) fn is_known(name: &[u8]) -> bool {
    ALL.contains_key(name)
}

/// What nginx says to a directive in this place; `None`: it takes it, or does not have it in its own modules.
pub(super) fn refused(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>) -> Option<String> {
    let (name, known) = ALL.get_key_value(directive.name)?;
    let shown = String::from_utf8_lossy(name);
    let release = reader.world.facts.of(ID).release.value;
    if let Some(place) = name_place(reader, context)
        && let Some(message) = known.misplaced(place, &shown, release)
    {
        return Some(message);
    }
    // The one of `upstream` is another directive of that name.
    let is_server = *name == b"server" && matches!(context, BlockContext::Section(_));
    let is_wrong = match context {
        BlockContext::Upstream(_) => *name == b"server" && !directive.block && directive.words.len() < 2,
        _ => is_server && directive.block && directive.words.len() > 1,
    };
    if is_wrong {
        return Some(format!("invalid number of arguments in \"{shown}\" directive"));
    }
    match (directive.block, known.kind == ValueKind::Block || is_server) {
        (true, false)
            if known.kind != ValueKind::Other
                || known.arguments != "any"
                || matches!(context, BlockContext::Upstream(_)) =>
        {
            return Some(format!("directive \"{shown}\" is not terminated by \";\""));
        }
        (false, true) => return Some(format!("directive \"{shown}\" has no opening \"{{\"")),
        _ => {}
    }
    if !known.takes(directive.words.len() - 1) {
        return Some(format!("invalid number of arguments in \"{shown}\" directive"));
    }
    let value = reader.arguments(directive).into_iter().next().unwrap_or_default();
    let words = WORDS.iter().find(|(of, _)| of == name).map(|(_, words)| *words);
    if words.is_some_and(|words| !words.iter().any(|word| word.eq_ignore_ascii_case(&value))) {
        return Some(format!("invalid value \"{value}\" in \"{shown}\" directive"));
    }
    if let Some(message) = known.kind.refused(&shown, &value) {
        return Some(message);
    }
    let once = ONCE.contains(name) || !matches!(known.kind, ValueKind::Block | ValueKind::Other);
    if once && context.is_followed() && !reader.once.insert((context, name)) {
        return Some(format!("\"{shown}\" directive is duplicate"));
    }
    None
}

/// The name that the table has for a place; `None`: a block that is not followed.
fn name_place(reader: &TreeReader<'_>, context: BlockContext) -> Option<&'static str> {
    Some(match context {
        BlockContext::Main => "main",
        BlockContext::Events => "events",
        BlockContext::Section(ListenModule::Http) => "http",
        BlockContext::Section(ListenModule::Stream) => "stream",
        BlockContext::Section(ListenModule::Mail) => "mail",
        BlockContext::Server(server) => match reader.model.scopes[reader.model.servers[server].scope].section {
            ListenModule::Http => "server",
            ListenModule::Stream => "stream-server",
            ListenModule::Mail => "mail-server",
        },
        BlockContext::Location(location) => match reader.locations[location].block {
            Block::Location => "location",
            Block::IfInServer => "server-if",
            Block::IfInLocation => "location-if",
            Block::LimitExcept => "limit_except",
        },
        BlockContext::Upstream(group) => match reader.groups[group].section {
            ListenModule::Stream => "stream-upstream",
            ListenModule::Http | ListenModule::Mail => "upstream",
        },
        BlockContext::Foreign | BlockContext::Data | BlockContext::Values(_) => return None,
    })
}

impl KnownDirective {
    fn misplaced(&self, place: &str, shown: &str, release: Option<Release>) -> Option<String> {
        let in_time = |allowed: &&AllowedPlaces| {
            release.is_none_or(|r| allowed.since.is_none_or(|since| r >= since) && allowed.until.is_none_or(|u| r <= u))
        };
        let here = self.places.iter().find(|allowed| allowed.place == place);
        if here.as_ref().is_some_and(in_time) {
            return None;
        }
        if self.places.iter().any(|allowed| in_time(&allowed)) {
            return Some(format!("\"{shown}\" directive is not allowed here"));
        }
        // Nowhere: this nginx does not have it.
        let since = self.places.iter().filter_map(|allowed| allowed.since).min();
        Some(match since.filter(|since| release.is_some_and(|r| r < *since)) {
            Some(since) => format!("unknown directive \"{shown}\": it needs nginx {since}"),
            None => format!("unknown directive \"{shown}\": this nginx has no such any more"),
        })
    }

    fn takes(&self, count: usize) -> bool {
        match self.arguments {
            "any" => true,
            "1+" => count >= 1,
            "2+" => count >= 2,
            list => list.split(',').any(|number| number.parse() == Ok(count)),
        }
    }
}

impl ValueKind {
    /// What is wrong with a value.
    fn refused(self, shown: &str, value: &str) -> Option<String> {
        match self {
            ValueKind::Flag if !["on", "off"].iter().any(|word| word.eq_ignore_ascii_case(value)) => {
                Some(format!("invalid value \"{value}\" in \"{shown}\" directive, it must be \"on\" or \"off\""))
            }
            ValueKind::Number if number(value).is_none() => Some(format!("\"{shown}\" directive invalid number")),
            ValueKind::Size if parse_size(value, &["k", "m"]).is_none() => {
                Some(format!("\"{shown}\" directive invalid value"))
            }
            ValueKind::Offset if parse_size(value, &["k", "m", "g"]).is_none() => {
                Some(format!("\"{shown}\" directive invalid value"))
            }
            ValueKind::Time if !is_time(value, false) => Some(format!("\"{shown}\" directive invalid value")),
            ValueKind::Seconds if !is_time(value, true) => Some(format!("\"{shown}\" directive invalid value")),
            _ => None,
        }
    }
}

/// A number as nginx reads it: digits only, and no more than fits.
pub(super) fn number(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A number with one of the units, each of them 1024 times the one before.
pub(super) fn parse_size(text: &str, units: &[&str]) -> Option<i64> {
    let last = text.get(text.len().checked_sub(1)?..)?;
    match units.iter().position(|unit| unit.eq_ignore_ascii_case(last)) {
        Some(at) => number(&text[..text.len() - 1])?.checked_mul(1024_i64.pow(at as u32 + 1)),
        None => number(text),
    }
}

/// `30`, `1h30m`, `500ms`: each unit smaller than the one before (ngx_parse_time, step by step). Times in seconds have no
/// `ms`, others no years and months.
pub(super) fn is_time(text: &str, in_seconds: bool) -> bool {
    const UNITS: [(&str, i64); 7] =
        [("y", 31_536_000), ("M", 2_592_000), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    const SECONDS: usize = 7;
    const MILLISECONDS: usize = 8;
    let scale = if in_seconds { 1 } else { 1000 };
    let (mut rest, mut step) = (text, if in_seconds { 0 } else { 2 });
    let (mut total, mut has_digits) = (0_i64, false);
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(value) = (if digits == 0 { Some(0) } else { number(&rest[..digits]) }) else { return false };
        has_digits |= digits > 0;
        rest = &rest[digits..];
        let unit = UNITS.iter().position(|(unit, _)| rest.starts_with(unit));
        let (at, factor, length) = match unit {
            _ if rest.is_empty() => (usize::MAX, scale, 0),
            _ if rest.starts_with("ms") && in_seconds => return false,
            _ if rest.starts_with("ms") => (MILLISECONDS, 1, 2),
            Some(at) => (at + 1, UNITS[at].1 * scale, 1),
            // Seconds too; nothing but one number without a unit may follow.
            None if rest.starts_with(' ') && step < SECONDS => (MILLISECONDS, scale, 1),
            None => return false,
        };
        let sum = value.checked_mul(factor).and_then(|part| total.checked_add(part));
        let Some(sum) = sum.filter(|_| at > step) else { return false };
        if rest.is_empty() {
            return has_digits;
        }
        (total, step) = (sum, at);
        rest = rest[length..].trim_start_matches(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_directive() {
        let lines = include_str!("directives.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines.clone() {
            assert!(parse(line).is_some(), "{line}");
        }
        assert_eq!(lines.count(), ALL.len());
    }

    #[test]
    fn places_and_arguments_by_release() {
        let known = &ALL[&b"ssl_reject_handshake"[..]];
        let at = |place, release: &str| known.misplaced(place, "x", Release::parse(release)).is_none();
        assert!(at("server", "1.22.1") && !at("stream-server", "1.22.1") && at("stream-server", "1.25.5"));
        assert!(!at("location", "1.31.4") && !at("server", "1.18.0"));
        assert!(ALL[&b"ssl"[..]].misplaced("server", "x", Release::parse("1.25.1")).is_some());
        assert!(ALL[&b"location"[..]].takes(2) && !ALL[&b"location"[..]].takes(3));
    }

    /// What nginx 1.22.1 takes for `ssl_session_timeout`.
    #[test]
    fn times_in_seconds() {
        for time in
            ["5", "5m", "1h30m", "1d 2h", "10s", "1y", "5M", " 5", "5 ", "5 5", "9223372036854775807", "1w2d3h4m5s"]
        {
            assert!(is_time(time, true), "{time}");
        }
        let others =
            ["", "x", "5x", "30m1h", "-1", "m", "5ms", "1h5ms", "1M1y", "1.5h", "5S", "9223372036854775808", "5s5s"];
        for other in others.into_iter().chain(["300000000000y", "5m5m", "5ss", "5 5 5", " "]) {
            assert!(!is_time(other, true), "{other}");
        }
    }

    /// What it takes for `ssl_handshake_timeout` of stream.
    #[test]
    fn times_in_milliseconds() {
        for time in ["5", "5ms", "1h5ms", "1w"] {
            assert!(is_time(time, false), "{time}");
        }
        for other in ["1y", "1M", "x", "", "9223372036854775807"] {
            assert!(!is_time(other, false), "{other}");
        }
    }

    /// What it takes for `ssl_buffer_size`, `ssl_verify_depth`, `client_max_body_size`.
    #[test]
    fn sizes_and_numbers() {
        for good in ["4k", "4K", "4m", "0", "1", "9223372036854775807"] {
            assert!(parse_size(good, &["k", "m"]).is_some(), "{good}");
        }
        for bad in ["1g", "-1", "4kb", "", "k", "1.5k", "0x10", " 4k", "99999999999999999999", "9223372036854775807k"] {
            assert!(parse_size(bad, &["k", "m"]).is_none(), "{bad}");
        }
        assert_eq!(parse_size("1g", &["k", "m", "g"]), Some(1 << 30));
        assert!(["-1", "x", "", "+1", "99999999999999999999"].iter().all(|bad| number(bad).is_none()));
    }
}
