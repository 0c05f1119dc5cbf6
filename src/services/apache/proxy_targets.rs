//! Which other servers directives of `mod_proxy` and `mod_rewrite` lead to.

use super::directives::Arguments;
use super::read::{Line, Reader};
use super::sections::Scope;

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

/// The flags of a `RewriteRule`: `[NC,P,E=name:value]`.
fn flags(words: &[String]) -> Vec<&str> {
    let flags = words.get(2).map_or("", |flags| flags.trim_matches(['[', ']']));
    flags.split(',').map(str::trim).filter(|flag| !flag.is_empty()).collect()
}

/// The argument that says where to, of a directive with a lower-case name.
fn target<'w>(lower: &str, words: &'w [String]) -> Option<&'w str> {
    let word = match lower {
        "rewriterule" => {
            let proxies = |flag: &&str| flag.eq_ignore_ascii_case("p") || flag.eq_ignore_ascii_case("proxy");
            flags(words).iter().any(proxies).then(|| words.get(1))??
        }
        "sethandler" => words.first()?.strip_prefix("proxy:")?,
        // In a `<Location>` and in a `<Proxy>` the first argument may be left out.
        "balancermember" => words.iter().take(2).find(|word| !word.to_ascii_lowercase().starts_with("balancer:"))?,
        _ => words.iter().take(2).find(|word| scheme(word) != Scheme::Other || word.contains('|'))?,
    };
    // A path of a socket may come first.
    Some(word.rsplit_once('|').map_or(word, |(_, url)| url))
}

impl Reader<'_> {
    /// A directive that may lead to another server.
    pub(super) fn proxies(&mut self, line: &Line, lower: &str, arguments: &Arguments<'_>) {
        let words: Vec<String> = (0..arguments.words.len()).filter_map(|i| arguments.get(i)).collect();
        let server = self.server();
        match lower {
            "rewriterule" => {
                let values = flags(&words).into_iter().filter_map(|flag| flag.split_once('='));
                let of_environment =
                    values.filter(|(flag, _)| matches!(flag.to_ascii_lowercase().as_str(), "e" | "env"));
                let values = of_environment.filter_map(|(_, text)| text.split_once(':'));
                let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.model.servers[server].proxy.environment.extend(values);
            }
            "setenv" => {
                if let [name, value] = words.as_slice() {
                    self.model.servers[server].proxy.environment.push((name.clone(), value.clone()));
                }
                return;
            }
            _ => {}
        }
        let Some(url) = target(lower, &words).filter(|url| scheme(url) != Scheme::Other) else { return };
        let target = (url.to_owned(), line.place);
        match self.scope() {
            Scope::Proxy(server, section) if lower == "balancermember" => {
                self.model.servers[server].sections[section].proxy.targets.push(target);
            }
            _ => self.model.servers[server].proxy.targets.push(target),
        }
    }
}

/// The URLs that a target stands for: values of the environment in front of it (`%{ENV:name}`) are followed.
pub(super) fn followed(url: &str, environment: &[&(String, String)]) -> Vec<String> {
    let variable = || {
        let (name, rest) = url.strip_prefix("%{ENV:").or_else(|| url.strip_prefix("%{env:"))?.split_once('}')?;
        let values = environment.iter().filter(|(known, _)| known == name);
        let urls: Vec<String> = values.map(|(_, value)| format!("{value}{rest}")).collect();
        (!urls.is_empty()).then_some(urls)
    };
    variable().unwrap_or_else(|| vec![url.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        let mut words = line.split(' ').map(str::to_owned);
        let lower = words.next().unwrap_or_default();
        target(&lower, &words.collect::<Vec<_>>()).filter(|url| scheme(url) != Scheme::Other).map(str::to_owned)
    }

    #[test]
    fn where_directives_lead() {
        for (line, url) in [
            ("proxypass / https://a/", Some("https://a/")),
            ("proxypass https://a/", Some("https://a/")),
            ("proxypass / http://a/", None),
            ("proxypass / !", None),
            ("proxypass / unix:/run/x|https://a/", Some("https://a/")),
            ("proxypass / h2://a/ retry=0", Some("h2://a/")),
            ("proxypassmatch ^/(.*) https://a/$1", Some("https://a/$1")),
            ("rewriterule ^/(.*) https://a/$1 [P]", Some("https://a/$1")),
            ("rewriterule ^/(.*) https://a/$1 [R=301]", None),
            ("rewriterule ^/(.*) %{ENV:x}/$1 [NC,proxy]", Some("%{ENV:x}/$1")),
            ("rewriterule ^/(.*) %{ENV:s}://a/$1 [P]", Some("%{ENV:s}://a/$1")),
            ("rewriterule ^/(.*) ${map:$1} [P]", Some("${map:$1}")),
            ("rewriterule ^/(.*) http://%{HTTP_HOST}/$1 [P]", None),
            ("sethandler proxy:https://a", Some("https://a")),
            ("sethandler proxy:unix:/run/php.sock|fcgi://localhost", None),
            ("sethandler php", None),
            ("balancermember https://a", Some("https://a")),
            ("balancermember balancer://b https://a", Some("https://a")),
        ] {
            assert_eq!(of(line).as_deref(), url, "{line}");
        }
    }

    #[test]
    fn values_of_the_environment() {
        let (one, other) = (("t".to_owned(), "https://a".to_owned()), ("t".to_owned(), "http://b".to_owned()));
        assert_eq!(followed("%{ENV:t}/$1", &[&one, &other]), ["https://a/$1", "http://b/$1"]);
        assert_eq!(followed("%{ENV:u}/$1", &[&one]), ["%{ENV:u}/$1"]);
        assert_eq!(followed("https://a/", &[&one]), ["https://a/"]);
    }
}
