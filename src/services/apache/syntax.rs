//! How directives are written and where they may stand: a table of those of httpd 2.4 and its own modules.
//!
//! The table (`syntax.txt`) was taken out of the programs themselves: the command tables of httpd 2.4.71 of Debian and
//! of all modules that come with it. Which directives belong to the server level alone was tried with its checker.

use crate::release::Release;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The version that the table is of.
pub(super) const NEWEST: Release = Release::new(2, 4, 71);

/// How many arguments a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Any,
    Between(usize, usize),
    OneOrThree,
    AtLeastTwo,
    /// One, which is `On` or `Off`; what follows it is not looked at.
    Flag,
}

/// A directive, or a section without its arguments.
#[derive(Debug)]
pub(super) struct Syntax {
    count: Count,
    /// Does it act while httpd reads, wherever it stands?
    pub(super) reads: bool,
    /// At the server level and in virtual hosts.
    server: bool,
    /// At the server level alone.
    global: bool,
    /// In sections for files, paths and requests.
    directory: bool,
    /// In sections for proxies.
    proxy: bool,
    /// The modules that bring it, by identifier (`ssl_module`).
    pub(super) modules: Vec<String>,
}

/// What a section is to the directives in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SyntaxContext<'a> {
    Main,
    VirtualHost,
    Proxy,
    /// A section for files, paths or requests, by its name.
    Directory(&'a str),
}

static TABLE: LazyLock<BTreeMap<String, Syntax>> = LazyLock::new(|| {
    let lines = include_str!("syntax.txt").lines().filter(|line| !line.starts_with(['#', '-']));
    lines.filter_map(parse_row).collect()
});

static MODULES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let last = include_str!("syntax.txt").lines().filter_map(|line| line.split(' ').nth(3));
    last.flat_map(modules).collect()
});

fn modules(text: &str) -> Vec<String> {
    text.split(',').map(|stem| format!("{stem}_module")).collect()
}

fn parse_row(line: &str) -> Option<(String, Syntax)> {
    let mut words = line.split(' ');
    let (name, count, places, from) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let count = match count {
        "*" => Count::Any,
        "2+" => Count::AtLeastTwo,
        "1/3" => Count::OneOrThree,
        "flag" => Count::Flag,
        range => {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            Count::Between(low.parse().ok()?, high.parse().ok()?)
        }
    };
    let has = |place: char| places.contains(place);
    let syntax = Syntax {
        count,
        reads: has('r'),
        server: has('s'),
        global: has('g'),
        directory: has('d'),
        proxy: has('d') || has('p'),
        modules: modules(from),
    };
    Some((name.to_ascii_lowercase(), syntax))
}

/// The directive (`sslengine`) or section (`<proxy`) of a lower-case name.
pub(super) fn find(name: &str) -> Option<&'static Syntax> {
    TABLE.get(name)
}

/// Does the module with this identifier come with httpd?
pub(super) fn is_own_module(identifier: &str) -> bool {
    MODULES.contains(identifier)
}

impl Syntax {
    /// Why httpd refuses the directive there; `name` as it is written.
    pub(super) fn misplaced(&self, name: &str, context: SyntaxContext<'_>) -> Option<String> {
        if self.reads {
            return None;
        }
        let (fits, section) = match context {
            SyntaxContext::Main => (self.server || self.global, "server config"),
            SyntaxContext::VirtualHost if self.global => {
                return Some(format!("{name} cannot occur within <VirtualHost> section"));
            }
            SyntaxContext::VirtualHost => (self.server, "<VirtualHost>"),
            SyntaxContext::Proxy => (self.proxy, "<Proxy>"),
            SyntaxContext::Directory(section) if !self.directory => {
                return Some(format!("{name} not allowed in <{section}> context"));
            }
            SyntaxContext::Directory(_) => return None,
        };
        (!fits).then(|| format!("{name} not allowed in {section} context"))
    }

    /// Why httpd refuses these arguments; `name` as it is written.
    pub(super) fn miscounted(&self, name: &str, words: &[Vec<u8>]) -> Option<String> {
        // For httpd an empty argument is none, where it looks for one.
        let given = words.iter().take_while(|word| !word.is_empty()).count();
        let fits = |low: usize, high: usize| given >= low && words.len() <= high;
        let (ok, wanted) = match self.count {
            Count::Any => return None,
            Count::Between(0, 0) => (words.is_empty(), "takes no arguments"),
            Count::Between(1, 1) => (fits(1, 1), "takes one argument"),
            Count::Between(2, 2) => (fits(2, 2), "takes two arguments"),
            Count::Between(3, 3) => (fits(3, 3), "takes three arguments"),
            Count::Between(1, 2) => (fits(1, 2), "takes 1-2 arguments"),
            Count::Between(2, 3) => (fits(2, 3), "takes two or three arguments"),
            Count::Between(low, high) => (fits(low, high), "takes one, two or three arguments"),
            Count::OneOrThree => (given == words.len() && matches!(given, 1 | 3), "takes one or three arguments"),
            Count::AtLeastTwo => (given >= 2, "requires at least two arguments"),
            Count::Flag => {
                let is_flag = |word: &[u8]| word.eq_ignore_ascii_case(b"on") || word.eq_ignore_ascii_case(b"off");
                (words.first().is_some_and(|word| is_flag(word)), "must be On or Off")
            }
        };
        (!ok).then(|| format!("{name} {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syntax(name: &str) -> &'static Syntax {
        find(name).unwrap_or_else(|| panic!("{name} is not in the table"))
    }

    #[test]
    fn every_row_is_read() {
        let rows = include_str!("syntax.txt").lines().filter(|line| !line.starts_with(['#', '-'])).count();
        assert_eq!(TABLE.len(), rows);
        assert!(TABLE.values().all(|row| row.modules.iter().all(|module| is_own_module(module))));
        assert!(is_own_module("ssl_module") && is_own_module("status_module") && !is_own_module("php_module"));
    }

    #[test]
    fn where_directives_stand() {
        let places = |name: &str| {
            let contexts = [
                SyntaxContext::Main,
                SyntaxContext::VirtualHost,
                SyntaxContext::Proxy,
                SyntaxContext::Directory("Files"),
            ];
            contexts.map(|context| syntax(name).misplaced(name, context).is_none())
        };
        assert_eq!(places("sslprotocol"), [true, true, false, false]);
        assert_eq!(places("sslsessioncache"), [true, false, false, false]);
        assert_eq!(places("sslciphersuite"), [true, true, true, true]);
        assert_eq!(places("sslproxyprotocol"), [true, true, true, false]);
        assert_eq!(places("allowoverride"), [false, false, true, true]);
        assert_eq!(places("require"), [false, false, true, true]);
        assert_eq!(places("include"), [true, true, true, true]);
    }

    #[test]
    fn how_many_arguments() {
        let why = |name: &str, words: &[&str]| {
            let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
            syntax(name).miscounted(name, &words)
        };
        assert_eq!(why("sslcertificatefile", &["a"]), None);
        assert_eq!(why("sslcertificatefile", &["a", "b"]), Some("sslcertificatefile takes one argument".into()));
        assert_eq!(why("sslcertificatefile", &[""]), Some("sslcertificatefile takes one argument".into()));
        assert_eq!(why("sslhonorcipherorder", &["ON"]), None);
        assert_eq!(why("sslhonorcipherorder", &["off", "x"]), None);
        assert_eq!(why("sslhonorcipherorder", &["yes"]), Some("sslhonorcipherorder must be On or Off".into()));
        assert_eq!(why("sslciphersuite", &["a", "b", "c"]), Some("sslciphersuite takes 1-2 arguments".into()));
        assert_eq!(why("sslrandomseed", &["startup"]), Some("sslrandomseed takes two or three arguments".into()));
        assert_eq!(why("serveralias", &[]), None);
        assert_eq!(why("sslprotocol", &[]), None);
    }
}
