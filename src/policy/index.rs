//! Which of many scopes may fit, without looking at each: ten thousand waivers and ten thousand endpoints are a hundred
//! million pairs.

use super::scope::{AddressPattern, NamePattern, Scope, Target};
use crate::endpoint::Address;
use globset::GlobMatcher;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

/// The scopes of a list by what has to fit. Each is in one of the tables only, in that for its rarest condition.
#[derive(Clone, Debug, Default)]
pub struct ScopeIndex {
    names: Names,
    addresses: Addresses,
    paths: Paths,
    /// Those that have no such condition: they may fit anything.
    rest: Vec<usize>,
}

impl ScopeIndex {
    /// Scopes with their numbers.
    pub fn new<'s>(scopes: impl Iterator<Item = (usize, &'s Scope)>) -> ScopeIndex {
        let mut index = ScopeIndex::default();
        for (number, scope) in scopes {
            let known = index.names.add(number, &scope.names)
                || index.addresses.add(number, &scope.addresses)
                || index.paths.add(number, &scope.paths);
            if !known {
                index.rest.push(number);
            }
        }
        index
    }

    /// The numbers of the scopes that may fit, in their order. Others do not.
    pub fn candidates(&self, target: &Target<'_>) -> Vec<usize> {
        let mut found = self.rest.clone();
        if let Some((address, name)) = target.endpoint {
            self.names.find(name, &mut found);
            self.addresses.find(address, &mut found);
        }
        for path in &target.paths {
            self.paths.find(path, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// By server name.
#[derive(Clone, Debug, Default)]
struct Names {
    nameless: Vec<usize>,
    exact: HashMap<String, Vec<usize>>,
    /// By what a name ends with: `.a.test`.
    below: HashMap<String, Vec<usize>>,
}

impl Names {
    /// Adds a scope with these patterns, one of which has to fit; `false`: they say nothing about single names.
    fn add(&mut self, number: usize, patterns: &[NamePattern]) -> bool {
        if patterns.is_empty() || patterns.contains(&NamePattern::Any) {
            return false;
        }
        for pattern in patterns {
            match pattern {
                NamePattern::Nameless => self.nameless.push(number),
                NamePattern::Exactly(name) => self.exact.entry(name.clone()).or_default().push(number),
                NamePattern::Below(end) => self.below.entry(end.clone()).or_default().push(number),
                NamePattern::Any => {}
            }
        }
        true
    }

    fn find(&self, name: Option<&str>, found: &mut Vec<usize>) {
        let Some(name) = name else { return found.extend(&self.nameless) };
        if self.exact.is_empty() && self.below.is_empty() {
            return;
        }
        let name = name.to_lowercase();
        found.extend(self.exact.get(&name).into_iter().flatten());
        // What patterns end with begins with a dot.
        for (dot, _) in name.match_indices('.').filter(|_| !self.below.is_empty()) {
            found.extend(self.below.get(&name[dot..]).into_iter().flatten());
        }
    }
}

/// By address, where that is a single one.
#[derive(Clone, Debug, Default)]
struct Addresses {
    single: HashMap<IpAddr, Vec<usize>>,
    ports: HashMap<u16, Vec<usize>>,
    sockets: HashMap<String, Vec<usize>>,
    /// All of these may mean another server, whose address is text.
    any: Vec<usize>,
}

impl Addresses {
    /// Adds a scope with these patterns, one of which has to fit; `false`: they say nothing about single addresses.
    fn add(&mut self, number: usize, patterns: &[AddressPattern]) -> bool {
        let whole = |pattern: &AddressPattern| match pattern {
            AddressPattern::Net(base, bits, _) => *bits == if base.is_ipv4() { 32 } else { 128 },
            AddressPattern::Unix(path) => !path.is_empty(),
            AddressPattern::Port(_) => true,
            AddressPattern::Any | AddressPattern::Remote(_) => false,
        };
        if patterns.is_empty() || !patterns.iter().all(whole) {
            return false;
        }
        for pattern in patterns {
            match pattern {
                AddressPattern::Net(base, ..) => self.single.entry(*base).or_default().push(number),
                AddressPattern::Unix(path) => self.sockets.entry(path.clone()).or_default().push(number),
                AddressPattern::Port(port) => self.ports.entry(*port).or_default().push(number),
                AddressPattern::Any | AddressPattern::Remote(_) => {}
            }
        }
        self.any.push(number);
        true
    }

    fn find(&self, address: &Address, found: &mut Vec<usize>) {
        let port = |port: &u16| self.ports.get(port).into_iter().flatten();
        match address {
            Address::Any(at) => found.extend(port(at)),
            Address::Ip(ip, at) => {
                found.extend(port(at));
                found.extend(self.single.get(ip).into_iter().flatten());
            }
            Address::Unix(path) => found.extend(self.sockets.get(path).into_iter().flatten()),
            Address::Remote(_) => found.extend(&self.any),
        }
    }
}

/// By file.
#[derive(Debug, Default)]
struct Paths {
    /// By the name of the file, where a pattern says it.
    files: HashMap<String, Vec<usize>>,
    /// The other patterns.
    patterns: Vec<(GlobMatcher, usize)>,
    /// What was found among those for a path: thousands of endpoints have the same.
    known: RwLock<HashMap<PathBuf, Arc<[usize]>>>,
}

impl Clone for Paths {
    fn clone(&self) -> Paths {
        Paths { files: self.files.clone(), patterns: self.patterns.clone(), known: RwLock::default() }
    }
}

impl Paths {
    /// Adds a scope with these patterns, one of which has to fit; `false`: there are none.
    fn add(&mut self, number: usize, patterns: &[(String, GlobMatcher)]) -> bool {
        for (text, matcher) in patterns {
            let file = text.rsplit('/').next().unwrap_or(text);
            match file.contains(['*', '?', '[', ']', '{', '}', '\\', ',']) || text.contains('{') {
                true => self.patterns.push((matcher.clone(), number)),
                false => self.files.entry(file.to_owned()).or_default().push(number),
            }
        }
        !patterns.is_empty()
    }

    fn find(&self, path: &Path, found: &mut Vec<usize>) {
        if let Some(file) = path.file_name().and_then(|name| name.to_str()) {
            found.extend(self.files.get(file).into_iter().flatten());
        }
        if self.patterns.is_empty() {
            return;
        }
        if let Some(known) = self.known.read().ok().and_then(|known| known.get(path).cloned()) {
            return found.extend(&*known);
        }
        let fitting = self.patterns.iter().filter(|(pattern, _)| pattern.is_match(path));
        let fitting: Arc<[usize]> = fitting.map(|(_, number)| *number).collect();
        found.extend(&*fitting);
        if let Ok(mut known) = self.known.write() {
            known.insert(path.to_owned(), fitting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Role;
    use crate::policy::Policy;
    use proptest::prelude::*;

    const NAMES: [&str; 6] = ["", "*", "a.test", "*.a.test", "A.test", "*.test"];
    const ADDRESSES: [&str; 8] =
        ["*", "*:443", "192.0.2.1", "192.0.2.1:443", "192.0.2.0/24", "unix:/run/a", "unix:", "back.test:443"];
    const PATHS: [&str; 4] = ["/etc/nginx/**", "nginx.conf", "sites/*.conf", "/etc/[ab]/x"];

    fn list(all: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
        prop_oneof![2 => Just(Vec::new()), 3 => prop::collection::vec(prop::sample::select(all), 1..3)]
    }

    proptest! {
        #[test]
        fn what_fits_is_among_the_candidates(
            scopes in prop::collection::vec((list(&NAMES), list(&ADDRESSES), list(&PATHS)), 1..30)
        ) {
            let words = |key: &str, words: &[&str]| match words {
                [] => String::new(),
                words => format!(", {key}: [{}]", words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")),
            };
            let mut text = String::from("overrides:\n");
            for (names, addresses, paths) in &scopes {
                let (names, addresses) = (words("server-name", names), words("address", addresses));
                let paths = words("path", paths);
                text += &format!("  - {{match: {{role: listener{names}{addresses}{paths}}}, recommend: []}}\n");
            }
            let policy = Policy::parse(&text, "p.yaml").map_err(|errors| TestCaseError::reject(format!("{errors:?}")))?;
            let addresses = [
                Address::Any(443),
                Address::Ip("192.0.2.1".parse().expect("an address"), 443),
                Address::Ip("192.0.2.2".parse().expect("an address"), 80),
                Address::Unix("/run/a".into()),
                Address::Remote("https://192.0.2.1:443/x".into()),
                Address::Remote("back.test:443".into()),
            ];
            for address in &addresses {
                for name in [None, Some("a.test"), Some("x.A.test"), Some("other")] {
                    for path in ["/etc/nginx/nginx.conf", "/etc/a/x", "/srv/sites/a.conf"] {
                        let paths = vec![Path::new(path)];
                        for endpoint in [Some((address, name)), None] {
                            let target =
                                Target { service: "nginx", paths: paths.clone(), role: Role::Listener, endpoint };
                            let fitting: Vec<usize> = policy
                                .overrides
                                .iter()
                                .enumerate()
                                .filter(|(_, one)| one.scope.matches(&target))
                                .map(|(at, _)| at)
                                .collect();
                            prop_assert_eq!(policy.fitting(&target), fitting, "{:?}", target);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn one_name_of_ten_thousand_is_not_looked_for_in_all() {
        let mut text = String::from("overrides:\n");
        for number in 0..10_000 {
            text += &format!("  - {{match: {{server-name: n{number}.test}}, recommend: []}}\n");
        }
        let policy = Policy::parse(&text, "p.yaml").expect("a policy");
        let address = Address::Any(443);
        let target = Target {
            service: "nginx",
            paths: vec![Path::new("/etc/nginx/nginx.conf")],
            role: Role::Listener,
            endpoint: Some((&address, Some("n77.test"))),
        };
        assert_eq!(policy.index.candidates(&target), [77]);
    }
}
