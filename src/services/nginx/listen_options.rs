//! The parameters of `listen`: which modules take them, since when, and what their values look like
//! (ngx_http_core_listen, ngx_stream_core_listen, ngx_mail_core_listen).

use super::defaults;
use super::module::ListenModule;
use crate::release::Release;

/// What follows the name of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ParameterShape {
    Flag,
    Number,
    /// a number above 0
    Count,
    /// a number with `k` or `m`
    Size,
    /// `on`, `off`
    Switch,
    /// `on`, `off`, `IDLE:INTERVAL:COUNT`
    Keepalive,
    Text,
}

struct KnownParameter {
    name: &'static str,
    shape: ParameterShape,
    /// Does it set an option of the socket itself, so that the address gets a socket of its own?
    binds: bool,
    /// Is it nothing for a UDP socket?
    tcp_only: bool,
    /// The version that each module has it from.
    since: &'static [(ListenModule, Release)],
}

const ALWAYS: Release = Release::new(0, 0, 0);
const EVERYWHERE: &[(ListenModule, Release)] =
    &[(ListenModule::Http, ALWAYS), (ListenModule::Stream, ALWAYS), (ListenModule::Mail, ALWAYS)];
const HTTP: &[(ListenModule, Release)] = &[(ListenModule::Http, ALWAYS)];
const WITH_NAMES: &[(ListenModule, Release)] =
    &[(ListenModule::Http, ALWAYS), (ListenModule::Stream, defaults::STREAM_NAMES)];
const NOT_MAIL: &[(ListenModule, Release)] = &[(ListenModule::Http, ALWAYS), (ListenModule::Stream, ALWAYS)];
const MULTIPATH: Release = Release::new(1, 29, 7);
const MULTIPATH_EVERYWHERE: &[(ListenModule, Release)] =
    &[(ListenModule::Http, MULTIPATH), (ListenModule::Stream, MULTIPATH), (ListenModule::Mail, MULTIPATH)];
const PROXY_PROTOCOL: &[(ListenModule, Release)] = &[
    (ListenModule::Http, ALWAYS),
    (ListenModule::Stream, Release::new(1, 11, 4)),
    (ListenModule::Mail, Release::new(1, 19, 8)),
];

const fn describe(
    name: &'static str,
    shape: ParameterShape,
    binds: bool,
    tcp_only: bool,
    since: &'static [(ListenModule, Release)],
) -> KnownParameter {
    KnownParameter { name, shape, binds, tcp_only, since }
}

const ALL: &[KnownParameter] = &[
    describe("ssl", ParameterShape::Flag, false, true, EVERYWHERE),
    describe("default_server", ParameterShape::Flag, false, false, WITH_NAMES),
    describe("default", ParameterShape::Flag, false, false, HTTP),
    describe("http2", ParameterShape::Flag, false, false, HTTP),
    describe("spdy", ParameterShape::Flag, false, false, HTTP),
    describe("quic", ParameterShape::Flag, false, false, &[(ListenModule::Http, defaults::QUIC)]),
    describe("udp", ParameterShape::Flag, false, false, &[(ListenModule::Stream, ALWAYS)]),
    describe("proxy_protocol", ParameterShape::Flag, false, true, PROXY_PROTOCOL),
    describe("bind", ParameterShape::Flag, true, false, EVERYWHERE),
    // Only where the system has it, FreeBSD.
    describe("setfib", ParameterShape::Number, true, false, WITH_NAMES),
    describe("fastopen", ParameterShape::Number, true, true, NOT_MAIL),
    describe("backlog", ParameterShape::Count, true, true, EVERYWHERE),
    describe("rcvbuf", ParameterShape::Size, true, false, EVERYWHERE),
    describe("sndbuf", ParameterShape::Size, true, false, EVERYWHERE),
    describe("accept_filter", ParameterShape::Text, true, true, WITH_NAMES),
    describe("deferred", ParameterShape::Flag, true, true, WITH_NAMES),
    describe("ipv6only", ParameterShape::Switch, true, false, EVERYWHERE),
    describe("reuseport", ParameterShape::Flag, true, false, NOT_MAIL),
    describe("multipath", ParameterShape::Flag, true, true, MULTIPATH_EVERYWHERE),
    describe("so_keepalive", ParameterShape::Keepalive, true, true, EVERYWHERE),
];

/// `spdy` ended with the version that has `http2`.
const NO_SPDY: Release = Release::new(1, 9, 5);

/// A parameter that nginx takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'t> {
    pub name: &'static str,
    pub value: &'t str,
    /// Does it set an option of the socket itself?
    pub binds: bool,
    /// Is it nothing for a UDP socket?
    pub tcp_only: bool,
}

/// Reads one; the error is a lowercase fragment in nginx's words.
pub(super) fn parse(text: &str, section: ListenModule, release: Option<Release>) -> Result<Parameter<'_>, String> {
    let invalid = || match section {
        ListenModule::Http => format!("invalid parameter \"{text}\""),
        ListenModule::Stream | ListenModule::Mail => format!("the invalid \"{text}\" parameter"),
    };
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let Some(known) = ALL.iter().find(|known| known.name == name) else { return Err(invalid()) };
    let since = known.since.iter().find(|(of, _)| *of == section).map(|(_, since)| *since);
    let ended = name == "spdy" && release.is_some_and(|r| r >= NO_SPDY);
    if since.is_none_or(|since| release.is_some_and(|r| r < since)) || ended {
        return Err(invalid());
    }
    if (known.shape == ParameterShape::Flag) != value.is_none() {
        return Err(invalid());
    }
    let value = value.unwrap_or_default();
    if !fits_shape(known.shape, value) {
        return Err(format!("invalid {name} \"{text}\""));
    }
    Ok(Parameter { name: known.name, value, binds: known.binds, tcp_only: known.tcp_only })
}

fn fits_shape(shape: ParameterShape, value: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit());
    match shape {
        ParameterShape::Flag | ParameterShape::Text => true,
        ParameterShape::Number => number(value),
        ParameterShape::Count => number(value) && value.bytes().any(|b| b != b'0'),
        ParameterShape::Size => number(value.strip_suffix(['k', 'K', 'm', 'M']).unwrap_or(value)),
        ParameterShape::Switch => matches!(value, "on" | "off"),
        ParameterShape::Keepalive => {
            let parts: Vec<&str> = value.split(':').collect();
            let unit = |b: u8| b.is_ascii_digit() || b"yMwdhms".contains(&b);
            let time = |text: &str| !text.starts_with(|c: char| !c.is_ascii_digit()) && text.bytes().all(unit);
            match parts.as_slice() {
                ["on" | "off"] => true,
                [idle] => !idle.is_empty() && time(idle),
                [idle, interval] => time(idle) && time(interval) && value != ":",
                [idle, interval, count] => {
                    time(idle) && time(interval) && (count.is_empty() || number(count)) && value != "::"
                }
                _ => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nginx 1.22.1 says.
    #[test]
    fn modules_take_their_own_parameters() {
        let takes = |section, text| parse(text, section, Some(Release::new(1, 22, 1))).is_ok();
        for text in
            ["ssl", "default", "backlog=9", "so_keepalive=1:2:3", "so_keepalive=30m::10", "rcvbuf=8k", "deferred"]
        {
            assert!(takes(ListenModule::Http, text), "{text}");
        }
        for text in [
            "udp",
            "spdy",
            "SSL",
            "quic",
            "v2",
            "multipath",
            "ipv6only",
            "ipv6only=maybe",
            "backlog=0",
            "backlog",
            "deferred=1",
            "so_keepalive",
            "so_keepalive=maybe:",
            "so_keepalive=1:2:x",
            "rcvbuf=x",
            "fastopen=x",
            "",
        ] {
            assert!(!takes(ListenModule::Http, text), "{text}");
        }
        for text in ["default_server", "http2", "deferred", "setfib=1", "accept_filter=x"] {
            assert!(!takes(ListenModule::Stream, text), "{text}");
            assert!(!takes(ListenModule::Mail, text), "{text}");
        }
        assert!(
            takes(ListenModule::Stream, "udp")
                && takes(ListenModule::Stream, "reuseport")
                && !takes(ListenModule::Mail, "reuseport")
        );
        assert!(parse("default_server", ListenModule::Stream, Some(Release::new(1, 25, 5))).is_ok());
        assert!(parse("multipath", ListenModule::Mail, Some(Release::new(1, 29, 7))).is_ok());
        assert!(parse("spdy", ListenModule::Http, None).is_ok());
    }
}
