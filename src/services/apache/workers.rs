//! The workers of `mod_proxy`: what it knows of other servers, found again by their URLs (`ap_proxy_get_worker_ex`).

use std::collections::{BTreeSet, HashMap, HashSet};

/// For which URLs a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum WorkerKind {
    /// Those that begin with its own.
    Prefix,
    /// Those of a regular expression, in which `$1` stands for anything.
    Match,
}

/// All workers of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Workers {
    /// By their balancers, in lower case.
    of_balancers: HashMap<(Option<String>, WorkerKind), KnownUrls>,
    /// The servers that they lead to, in lower case.
    origins: HashSet<String>,
}

/// URLs in lower case, by what they begin with: up to the first reference. Ten thousand lines ask ten thousand times.
#[derive(Clone, Debug, Default)]
struct KnownUrls {
    beginnings: HashMap<String, HashSet<String>>,
    /// How long the beginnings are.
    lengths: BTreeSet<usize>,
}

impl Workers {
    /// Is there a worker for a URL already? A `ProxyPass` or `BalancerMember` shares it, and its settings are ignored. Those
    /// of the other kind are not looked at.
    pub(super) fn shares(&self, balancer: Option<&str>, url: &str, kind: WorkerKind) -> bool {
        let (name, url) = (balancer.map(str::to_ascii_lowercase), url.to_ascii_lowercase());
        self.of_balancers.get(&(name, kind)).is_some_and(|known| known.has_one_for(&url))
    }

    /// Notes the worker of a URL.
    pub(super) fn add(&mut self, balancer: Option<&str>, url: &str, kind: WorkerKind) {
        let url = url.to_ascii_lowercase();
        self.origins.insert(origin(&url).to_owned());
        let known = self.of_balancers.entry((balancer.map(str::to_ascii_lowercase), kind)).or_default();
        let beginning = match kind {
            WorkerKind::Prefix => &url,
            WorkerKind::Match => &url[..find_reference(url.as_bytes()).unwrap_or(url.len())],
        };
        known.lengths.insert(beginning.len());
        known.beginnings.entry(beginning.to_owned()).or_default().insert(url);
    }

    /// Is there one that leads to the server of a URL?
    pub(super) fn has_origin(&self, url: &str) -> bool {
        self.origins.contains(&origin(url).to_ascii_lowercase())
    }
}

impl KnownUrls {
    fn has_one_for(&self, url: &str) -> bool {
        let beginnings = self.lengths.range(..=url.len()).filter_map(|length| url.get(..*length));
        let mut known = beginnings.filter_map(|beginning| Some((beginning, self.beginnings.get(beginning)?)));
        known.any(|(beginning, known)| {
            // One without references is its own beginning.
            known.contains(beginning)
                || known.iter().any(|known| known.len() <= url.len() && begins_like(url.as_bytes(), known.as_bytes()))
        })
    }
}

/// Scheme and authority of a URL.
pub(super) fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let length = url[start..].find(['/', '?', '#']).unwrap_or(url.len() - start);
    &url[..start + length]
}

/// More references in one URL than that are taken for the end of it, so that there is no work without end.
const MOST_REFERENCES: usize = 10;

/// Where the first `$1` or the like stands.
fn find_reference(url: &[u8]) -> Option<usize> {
    url.windows(2).position(|two| two[0] == b'$' && two[1].is_ascii_digit())
}

/// Does a URL begin like another in which `$1` stands for anything (`ap_proxy_strcmp_ematch`)?
fn begins_like(url: &[u8], pattern: &[u8]) -> bool {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = find_reference(rest) {
        parts.push(&rest[..at]);
        rest = &rest[at + 2..];
        if parts.len() == MOST_REFERENCES {
            break;
        }
    }
    parts.push(rest);
    let mut url = url;
    for (i, part) in parts.iter().enumerate() {
        let at = if i == 0 { url.starts_with(part).then_some(0) } else { memchr::memmem::find(url, part) };
        let Some(at) = at else { return false };
        url = &url[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(known: (&str, WorkerKind), url: &str, kind: WorkerKind) -> bool {
        let mut workers = Workers::default();
        workers.add(None, known.0, known.1);
        workers.shares(None, url, kind)
    }

    #[test]
    fn kinds_are_apart() {
        assert!(shares(("https://A/", WorkerKind::Prefix), "https://a/x", WorkerKind::Prefix));
        assert!(!shares(("https://a/x", WorkerKind::Prefix), "https://a/", WorkerKind::Prefix));
        assert!(!shares(("https://a/", WorkerKind::Match), "https://a/", WorkerKind::Prefix));
        assert!(!shares(("https://a/", WorkerKind::Prefix), "https://a/$1", WorkerKind::Match));
    }

    #[test]
    fn references_stand_for_anything() {
        assert!(shares(("https://a/", WorkerKind::Match), "https://a/$1", WorkerKind::Match));
        assert!(!shares(("https://a/$1", WorkerKind::Match), "https://a/", WorkerKind::Match), "it is longer");
        assert!(shares(("https://a.$1:1/", WorkerKind::Match), "https://a.bc:1/$1", WorkerKind::Match));
        assert!(!shares(("https://a.$1:1/", WorkerKind::Match), "https://b.bc:1/$1", WorkerKind::Match));
        assert!(begins_like(b"https://a/x/y", b"https://$1/$2/y") && !begins_like(b"https://a/x", b"$1/y"));
    }
}
