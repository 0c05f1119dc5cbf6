//! Which virtual server a client's server name selects (ngx_http_find_virtual_server).

use crate::services::expression::expression;
use regex::bytes::Regex;
use std::collections::{HashMap, HashSet};

/// The names of all servers on one listener; a server is its place in the listener's list.
#[derive(Debug, Default)]
pub(super) struct ListenerNames {
    exact: HashMap<String, usize>,
    /// Exact names that are given away: those in `exact`, and those that a refused `.example.com` asked for.
    taken: HashSet<String>,
    /// `*.example.com`, by `example.com`
    leading: HashMap<String, usize>,
    /// `www.*`, by `www`
    trailing: HashMap<String, usize>,
    /// In order; `None`: an expression that can't be evaluated here.
    regexes: Vec<(Option<Regex>, usize)>,
}

/// Does a name in `server_name` fit the name that a client sends? In doubt it does.
pub(super) fn is_one_of(spelled: &str, sent: &str) -> bool {
    let mut names = ListenerNames::default();
    let own = if spelled.starts_with('~') { spelled.to_owned() } else { spelled.to_ascii_lowercase() };
    names.add(&own, 0);
    names.find(&sent.to_ascii_lowercase()) != SelectedServer::Default
}

/// The server that a name selects.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SelectedServer {
    /// this one
    Server(usize),
    /// none: the default server answers
    Default,
    /// depends on a regular expression that can't be evaluated here, of this server
    Undecided(usize),
}

impl ListenerNames {
    /// Adds a name of a server. False: another server has it already and keeps it.
    pub(super) fn add(&mut self, name: &str, server: usize) -> bool {
        if let Some(text) = name.strip_prefix('~') {
            self.regexes.push((expression(text), server));
            return true;
        }
        let place = |map: &mut HashMap<String, usize>, key: &str| match map.get(key) {
            Some(_) => false,
            None => map.insert(key.to_owned(), server).is_none(),
        };
        if let Some(rest) = name.strip_prefix("*.") {
            place(&mut self.leading, rest)
        } else if let Some(rest) = name.strip_prefix('.') {
            // Both or nothing: where somebody has `x`, not even `*.x` is left of `.x`.
            let added = self.taken.insert(rest.to_owned()) && place(&mut self.leading, rest);
            added && place(&mut self.exact, rest)
        } else if let Some(rest) = name.strip_suffix(".*") {
            place(&mut self.trailing, rest)
        } else {
            self.taken.insert(name.to_owned()) && place(&mut self.exact, name)
        }
    }

    /// The server for the name that a client sends, in the form in which nginx takes it ([`super::sent_name`]).
    pub(super) fn find(&self, name: &str) -> SelectedServer {
        if let Some(server) = self.exact.get(name) {
            return SelectedServer::Server(*server);
        }
        let dots = || name.match_indices('.').map(|(at, _)| at);
        // The longest leading wildcard is the one with the fewest labels left to the star.
        if let Some(server) = dots().find_map(|at| self.leading.get(&name[at + 1..])) {
            return SelectedServer::Server(*server);
        }
        let mut ends: Vec<usize> = dots().collect();
        ends.reverse();
        if let Some(server) = ends.into_iter().find_map(|at| self.trailing.get(&name[..at])) {
            return SelectedServer::Server(*server);
        }
        for (regex, server) in &self.regexes {
            match regex {
                Some(regex) if regex.is_match(name.as_bytes()) => return SelectedServer::Server(*server),
                Some(_) => {}
                None => return SelectedServer::Undecided(*server),
            }
        }
        SelectedServer::Default
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nginx 1.22.1 says of the names of servers in that order.
    #[test]
    fn a_leading_dot_is_both_names_or_none() {
        let added = |all: &[&str]| -> Vec<bool> {
            let mut names = ListenerNames::default();
            all.iter().enumerate().map(|(i, name)| names.add(name, i)).collect()
        };
        assert_eq!(added(&["b.test", ".b.test"]), [true, false]);
        assert_eq!(added(&[".b.test", "b.test", "*.b.test"]), [true, false, false]);
        assert_eq!(added(&["*.b.test", ".b.test", "b.test"]), [true, false, false]);
        assert_eq!(added(&["*.b.test", "b.test"]), [true, true]);
    }

    #[test]
    fn exact_before_wildcards_before_expressions() {
        let mut names = ListenerNames::default();
        let all = ["a.test", "*.test", "*.b.test", "www.*", "~^(?<sub>x\\d+)\\.c$", ".d.org", "a.test"];
        let added: Vec<bool> = all.iter().enumerate().map(|(i, name)| names.add(name, i)).collect();
        assert_eq!(added, [true, true, true, true, true, true, false]);
        assert_eq!(names.find("a.test"), SelectedServer::Server(0));
        assert_eq!(names.find("z.test"), SelectedServer::Server(1));
        assert_eq!(names.find("y.z.b.test"), SelectedServer::Server(2));
        assert_eq!(names.find("www.example.org"), SelectedServer::Server(3));
        assert_eq!(names.find("x12.c"), SelectedServer::Server(4));
        assert_eq!(names.find("d.org"), SelectedServer::Server(5));
        assert_eq!(names.find("e.d.org"), SelectedServer::Server(5));
        assert_eq!(names.find("test"), SelectedServer::Default);
        names.add("~(?=look)", 7);
        assert_eq!(names.find("nobody"), SelectedServer::Undecided(7));
    }
}
