//! nginx: http, stream and mail servers, and nginx as a TLS client of others.
//!
//! The rules, with the version that each was seen on, are in docs/services/nginx.md.

mod answer;
mod balancing;
mod clients;
mod command;
mod commands;
mod configured;
mod contexts;
mod defaults;
mod directive_names;
mod directives;
mod excess;
mod expressions;
mod files;
mod floor;
mod fragment;
mod groups;
mod hashes;
mod inherit;
mod known;
mod listen;
mod listen_options;
mod listener;
mod listeners;
mod lower;
mod model;
mod module;
mod names;
mod offer;
mod pairs;
mod parse;
mod part;
mod product;
mod program;
mod read;
mod resolve;
mod sent_name;
mod settings;
mod sockets;
mod startup;
mod state;
mod targets;
mod title;
mod upstream;
mod values;
mod variables;
mod zones;

use super::service::{FileRole, Resolved, Service, World};
use super::tree::NodeKind;
use crate::instance::{ServiceId, Standing};
use crate::source::{FileId, SourceMap};
use regex::bytes::Regex;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

pub use parse::parse;

/// Its short name.
pub const ID: ServiceId = ServiceId("nginx");

/// The service.
pub struct Nginx;

/// What looks like a block that only a main file has, wherever it stands.
static MAIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\b(?:events|http|stream|mail)["']?[ \t\r\n]*\{"#).ok());
/// A directive that sets versions, or would: not `ssl_protocols = ...` of other software.
static VERSIONS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^[^#\n]*?\b(?:(?:proxy_|grpc_|uwsgi_)?ssl_protocols[ \t]+["']?(?i:SSLv|TLSv)|(?:proxy_|grpc_|uwsgi_)?ssl_conf_command[ \t]+["']?(?i:Min|Max)?(?i:Protocol))"#,
    )
    .ok()
});

/// A virtual server, wherever it stands.
static SERVER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\bserver["']?[ \t\r\n]*\{"#).ok());

/// Names with which files begin that a main file includes in one of its blocks, and the beginnings of such names.
const FIRST: [&[u8]; 11] = [
    b"server",
    b"upstream",
    b"map",
    b"geo",
    b"listen",
    b"server_name",
    b"include",
    b"log_format",
    b"events",
    b"http",
    b"location",
];
const FIRST_WORDS: [&[u8]; 5] = [b"ssl_", b"proxy_", b"add_header", b"limit_", b"server_"];

impl Service for Nginx {
    fn main_files(&self) -> &'static [&'static str] {
        &[
            "/etc/nginx/nginx.conf",
            "/usr/local/etc/nginx/nginx.conf",
            "/usr/local/nginx/conf/nginx.conf",
            "/usr/local/openresty/nginx/conf/nginx.conf",
            "/etc/openresty/nginx.conf",
            "/etc/angie/angie.conf",
        ]
    }

    fn directories(&self) -> &'static [&'static str] {
        &["/usr/local/nginx/conf", "/usr/local/openresty/nginx/conf"]
    }

    fn recognise(&self, path: &Path, bytes: &[u8]) -> FileRole {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if Path::new(name).extension().is_some_and(|e| e == "conf") && self.is_main(bytes) {
            return FileRole::Main;
        }
        let mentions = |word| memchr::memmem::find(bytes, word).is_some();
        if (mentions(b"ssl_protocols") || mentions(b"ssl_conf_command"))
            && VERSIONS.as_ref().is_some_and(|versions| versions.is_match(bytes))
        {
            return FileRole::Fragment;
        }
        FileRole::Foreign
    }

    fn has_servers(&self, bytes: &[u8]) -> bool {
        let mentions = memchr::memmem::find(bytes, b"server").is_some();
        mentions && SERVER.as_ref().is_some_and(|server| server.is_match(bytes)) && part::has_server(bytes)
    }

    fn is_main(&self, bytes: &[u8]) -> bool {
        MAIN.as_ref().is_some_and(|main| main.is_match(bytes)) && part::has_main_block(bytes)
    }

    fn begins(&self, bytes: &[u8]) -> bool {
        let tree = parse::parse(bytes);
        let first = (0..tree.nodes.len()).find(|at| tree.nodes[*at].kind != NodeKind::Comment);
        let name = first.and_then(|at| tree.words(at).first()).map(|w| &bytes[w.start as usize..w.end as usize]);
        let is_first = |name: &[u8]| FIRST.contains(&name) || FIRST_WORDS.iter().any(|word| name.starts_with(word));
        tree.errors.is_empty() && name.is_some_and(is_first)
    }

    fn has_name(&self, spelled: &str, sent: &str) -> bool {
        names::is_one_of(spelled, sent)
    }

    fn comments(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        parse::parse(bytes).comments(bytes)
    }

    fn load(&self, main: &Path, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        resolve::load(main, world, sources)
    }

    fn part(&self, file: FileId, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        part::read(file, world, sources)
    }

    fn fragment(&self, file: FileId, world: World<'_>, sources: &SourceMap) -> Box<dyn Resolved> {
        Box::new(fragment::read(file, Standing::NotLoaded, world, sources))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_main_file_looks_like() {
        let role = |text: &str| match Nginx.recognise(Path::new("/srv/n.conf"), text.as_bytes()) {
            FileRole::Foreign if Nginx.has_servers(text.as_bytes()) => FileRole::Part,
            role => role,
        };
        for main in [
            "events {}\nhttp {\n}\n",
            "user root; events { } http { server { } }",
            "worker_processes 1;\nevents { } http { }\n",
            "pid /run/x.pid; \"events\" { }",
            "include x.conf; 'http'\n{ }",
            "\thttp\r\n{",
            "a \"}\"; stream { }",
        ] {
            assert_eq!(role(main), FileRole::Main, "{main}");
        }
        for other in [
            "# http { }\n",
            "# server {\n",
            "upstream http { server a; }",
            "proxy_pass http; map $http {",
            "ht\"tp\" { }",
            "geo $x { server { } }",
        ] {
            assert_eq!(role(other), FileRole::Foreign, "{other}");
        }
        for part in ["server { location / { return 200 'http {'; } }", "map $a $b { }\n\"server\"\n{ events { } }"] {
            assert_eq!(role(part), FileRole::Part, "{part}");
        }
    }
}
