//! What directives say of other servers: `ProxyPass`, `SetHandler`, and the members of balancers.

use super::path_sections::PathSection;
use super::paths::PathSet;
use super::workers::Workers;
use crate::services::place::Place;
use std::collections::BTreeSet;

/// What a URL to proxy to says of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `https`, `wss`, `h2`, or a balancer, whose members tell.
    Tls,
    Other,
    /// It comes from a variable.
    Variable,
}

/// The scheme of a URL as it is written.
pub(super) fn scheme(url: &str) -> Scheme {
    let is_variable = |text: &str| text.contains(['$', '%']);
    match url.split_once("://") {
        Some((scheme, _)) if is_variable(scheme) => Scheme::Variable,
        Some((scheme, _)) => match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" | "h2" | "balancer" => Scheme::Tls,
            _ => Scheme::Other,
        },
        None if url.starts_with(['$', '%']) => Scheme::Variable,
        None => Scheme::Other,
    }
}

/// A `ProxyPass`.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    pub(super) paths: PathSet,
    /// The `<Location>` around it.
    pub(super) section: Option<PathSection>,
    /// `None`: an exclusion.
    pub(super) url: Option<String>,
    /// Those with `mapping=encoded` are tried before the others.
    pub(super) is_encoded: bool,
    pub(super) place: Place,
}

/// A `SetHandler`.
#[derive(Clone, Debug)]
pub(super) struct Handler {
    pub(super) section: Option<PathSection>,
    /// What it leads to, if it proxies.
    pub(super) url: Option<String>,
    pub(super) place: Place,
}

/// A `BalancerMember` that gets requests.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// In lower case.
    pub(super) balancer: String,
    pub(super) url: String,
    pub(super) place: Place,
}

/// What a server proxies.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxied {
    pub(super) mappings: Vec<Mapping>,
    pub(super) handlers: Vec<Handler>,
    pub(super) members: Vec<Member>,
    /// The balancers that it defines, in lower case.
    pub(super) balancers: BTreeSet<String>,
    pub(super) workers: Workers,
    /// `BalancerInherit` and `ProxyPassInherit`: one of them is enough to have the balancers of the server level.
    pub(super) inherits: [Option<bool>; 2],
}

/// A path of a socket may come first: `unix:/run/x|https://a/`.
pub(super) fn without_socket(word: &str) -> &str {
    word.rsplit_once('|').map_or(word, |(_, url)| url)
}

impl Mapping {
    /// The words of a `ProxyPass`; in a `<Location>` the path is that of the section.
    pub(super) fn of(words: &[String], is_match: bool, section: Option<PathSection>, place: Place) -> Option<Mapping> {
        let mut words = words.iter();
        let (mut is_regex, path) = match &section {
            // httpd takes a path with such characters for a regular expression here, and one without them never.
            Some(section) => (is_match || section.word.contains(['*', '?', '[']), section.word.clone()),
            None => (is_match, words.next()?.clone()),
        };
        let path = if path == "~" && section.is_none() {
            is_regex = true;
            words.next()?.clone()
        } else {
            path
        };
        let url = words.next()?;
        let paths = if is_regex { PathSet::Matching(path) } else { PathSet::Below(path) };
        let is_encoded = words.any(|word| word.eq_ignore_ascii_case("mapping=encoded"));
        let url = (url != "!").then(|| without_socket(url).to_owned());
        Some(Mapping { paths, section, url, is_encoded, place })
    }

    /// Are requests that are no upgrade to a web socket handed on?
    pub(super) fn hands_on(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.to_ascii_lowercase().starts_with("ws"))
    }
}

impl Proxied {
    /// May it know the worker or balancer of a URL? What workers there are is not followed further than that.
    pub(super) fn may_know(&self, url: &str) -> bool {
        match balancer(url) {
            Some(name) => self.balancers.contains(&name),
            None => self.workers.has_origin(url),
        }
    }

    /// Does it say nothing?
    pub(super) fn is_empty(&self) -> bool {
        self.mappings.is_empty() && self.handlers.is_empty() && self.balancers.is_empty()
    }
}

/// Does a URL name a balancer, well or not? httpd does not look at the case.
pub(super) fn is_balancer(url: &str) -> bool {
    url.get(.."balancer:".len()).is_some_and(|start| start.eq_ignore_ascii_case("balancer:"))
}

/// The name of the balancer that a URL names: `balancer://name`, in lower case.
pub(super) fn balancer(url: &str) -> Option<String> {
    let lower = url.to_ascii_lowercase();
    let name = lower.strip_prefix("balancer://")?;
    Some(name.split('/').next().unwrap_or_default().to_owned())
}
