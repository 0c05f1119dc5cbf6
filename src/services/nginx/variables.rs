//! Variables, as far as they name the servers that requests are passed on to: what `set`, `map`, `geo` and `split_clients`
//! can make of them.

use super::model::{Assignment, Model, VariableValue};
use super::module::Client;
use std::collections::BTreeSet;

/// How a target is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReachedTarget {
    /// By TLS: what follows the scheme.
    ByTls(String),
    Plain,
    /// Only a request tells; the variable that decides it.
    Unknown(String),
}

/// The schemes by which clients reach a server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schemes {
    pub http: bool,
    pub https: bool,
}

/// So many texts are tried for one target.
const MOST: usize = 1_000;

/// All ways in which a target may be reached from a server.
pub(super) fn follow(
    model: &Model,
    server: Option<usize>,
    schemes: Schemes,
    client: Client,
    target: &str,
) -> BTreeSet<ReachedTarget> {
    let mut found = BTreeSet::new();
    // Texts with the variables that led to them.
    let mut open: Vec<(String, Vec<String>)> = vec![(target.to_owned(), Vec::new())];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some((text, path)) = open.pop() {
        // A scheme that is complete decides, whatever follows it.
        let before = text.find('$').unwrap_or(text.len());
        if text[..before].contains("://") || before == text.len() {
            found.insert(match client.scheme_of(&text) {
                Some((true, rest)) => ReachedTarget::ByTls(rest.to_owned()),
                Some((false, _)) | None => ReachedTarget::Plain,
            });
            continue;
        }
        let Some((name, rest)) = variable(&text[before + 1..]) else {
            found.insert(ReachedTarget::Plain);
            continue;
        };
        if path.contains(&name) {
            found.insert(ReachedTarget::Unknown(name));
            continue;
        }
        // After that: what leads back to itself is not just another way to the same text.
        if !seen.insert(text.clone()) {
            continue;
        }
        if seen.len() > MOST {
            found.insert(ReachedTarget::Unknown("a chain of variables".to_owned()));
            break;
        }
        let mut longer = path.clone();
        longer.push(name.clone());
        for value in values(model, server, schemes, &name) {
            match value {
                VariableValue::Text(value) => open.push((format!("{}{value}{rest}", &text[..before]), longer.clone())),
                VariableValue::Unknown => {
                    found.insert(ReachedTarget::Unknown(name.clone()));
                }
            }
        }
    }
    found
}

/// The name after a dollar sign, in lower case, and what follows it.
fn variable(text: &str) -> Option<(String, &str)> {
    if let Some(braced) = text.strip_prefix('{') {
        let (name, rest) = braced.split_once('}')?;
        return Some((name.to_ascii_lowercase(), rest));
    }
    let length = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    (length > 0).then(|| (text[..length].to_ascii_lowercase(), &text[length..]))
}

fn values(model: &Model, server: Option<usize>, schemes: Schemes, name: &str) -> Vec<VariableValue> {
    if name == "scheme" {
        let text = |on: bool, scheme: &str| on.then(|| VariableValue::Text(scheme.to_owned()));
        return text(schemes.http, "http").into_iter().chain(text(schemes.https, "https")).collect();
    }
    let here = |one: &&Assignment| one.server.is_none() || server.is_none() || one.server == server;
    let all: Vec<VariableValue> =
        model.assignments.get(name).into_iter().flatten().filter(here).map(|one| one.value.clone()).collect();
    if all.is_empty() { vec![VariableValue::Unknown] } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(target: &str, assignments: &[(&str, &str)]) -> String {
        let mut model = Model::default();
        for (name, value) in assignments {
            let value = if *value == "?" { VariableValue::Unknown } else { VariableValue::Text((*value).to_owned()) };
            model.assignments.entry((*name).to_owned()).or_default().push(Assignment { server: None, value });
        }
        let schemes = Schemes { http: true, https: true };
        let found = follow(&model, None, schemes, Client::Proxy, target);
        let all: Vec<String> = found
            .into_iter()
            .map(|one| match one {
                ReachedTarget::ByTls(rest) => format!("https {rest}"),
                ReachedTarget::Plain => "plain".to_owned(),
                ReachedTarget::Unknown(name) => format!("? {name}"),
            })
            .collect();
        all.join(", ")
    }

    #[test]
    fn variables_are_followed_up_to_the_scheme() {
        assert_eq!(shown("https://$host/x", &[]), "https $host/x");
        assert_eq!(shown("http://$host", &[]), "plain");
        assert_eq!(shown("$t", &[("t", "https://a")]), "https a");
        assert_eq!(shown("${P}://api$uri", &[("p", "https"), ("p", "http")]), "https api$uri, plain");
        assert_eq!(shown("$a", &[("a", "$b"), ("b", "HTTPS://$c")]), "https $c");
        assert_eq!(shown("http$s://a", &[("s", "s"), ("s", "")]), "https a, plain");
        assert_eq!(shown("$scheme://a", &[]), "https a, plain");
        assert_eq!(shown("$http_x", &[]), "? http_x");
        assert_eq!(shown("$a", &[("a", "$a")]), "? a");
        assert_eq!(shown("$a", &[("a", "?"), ("a", "https://x")]), "https x, ? a");
        assert_eq!(shown("backend", &[]), "plain");
    }
}
