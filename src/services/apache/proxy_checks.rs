//! What httpd refuses of `mod_proxy`'s directives while it reads: forms, targets, and settings (`key=value`).
//!
//! Taken from the commands of `mod_proxy.c`, and tried on 2.4.71 (cases `proxypass-form-*`, `balancermember-form-*`,
//! `proxyset-form-*`, `proxysection-form-*`, `proxy-value-*`).

use super::ID;
use super::proxied::is_balancer;
use super::reader::{Interpreter, LogicalLine, Needs};
use super::scope::DirectiveScope;
use super::values::integer;
use super::words::LineArguments;
use super::workers::WorkerKind;
use crate::release::Release;
use crate::services::pcre::is_broken;
use crate::services::userinfo::without_user;

/// Sections in which there is no `ProxyPass`.
const NO_PROXY_PASS: &[&str] =
    &["directory", "directorymatch", "files", "filesmatch", "if", "elseif", "else", "limit", "limitexcept"];

/// Settings that `mod_proxy_hcheck` brings.
const HEALTH: &[&str] = &["hcinterval", "hcpasses", "hcfails", "hcmethod", "hcuri", "hcexpr", "hctemplate"];

impl Interpreter<'_> {
    /// Complains about a directive of `mod_proxy` that httpd refuses.
    pub(super) fn check_proxying(&mut self, line: &LogicalLine, lower: &str, arguments: &LineArguments<'_>) {
        if !line.undefined.is_empty() {
            return;
        }
        let words = arguments.texts();
        let why = match lower {
            "proxypass" | "proxypassmatch" => self.refused_pass(line, lower == "proxypassmatch", &words),
            "balancermember" => self.refused_member(line, &words),
            "proxyset" => self.refused_set(line, &words),
            "proxypassreverse" if words.len() == 1 && matches!(self.current_scope(), DirectiveScope::Server(_)) => {
                Some("ProxyPassReverse needs a path and a URL outside of <Location>".to_owned())
            }
            "proxyblock" if words.is_empty() => Some("ProxyBlock requires at least one argument".to_owned()),
            _ => refused_value(lower, &words),
        };
        if let Some(why) = why {
            self.model.complain(line.place, why);
        }
    }

    /// The head of a `<Proxy>` or `<ProxyMatch>` section.
    pub(super) fn check_proxy_head(&mut self, line: &LogicalLine, words: &[String], is_match: bool) {
        if !line.undefined.is_empty() {
            return;
        }
        let [url, settings @ ..] = words else { return };
        // Before this release a regular expression could follow `~`.
        let knows_tilde = self.world.facts.of(ID).release.value.is_none_or(|release| release < Release::new(2, 4, 8));
        let why = if is_match && is_broken(url) {
            Some("<ProxyMatch>: the regular expression can't be compiled".to_owned())
        } else if settings.is_empty() || (url == "~" && knows_tilde) {
            None
        } else if is_match {
            Some("<ProxyMatch> takes one argument".to_owned())
        } else if url.contains(['*', '?', '[']) {
            Some("<Proxy>: settings are not supported for a pattern".to_owned())
        } else if url.contains(':') {
            let server = self.server();
            self.model.servers[server].proxied.workers.add(None, url, WorkerKind::Prefix);
            self.refused_settings(line, url, settings)
        } else {
            Some(format!("<Proxy>: settings are not supported for '{url}', which is no URL"))
        };
        if let Some(why) = why {
            self.model.complain(line.place, why);
        }
    }

    fn refused_pass(&mut self, line: &LogicalLine, is_match: bool, words: &[String]) -> Option<String> {
        let around = |name: &str| NO_PROXY_PASS.contains(&name.to_ascii_lowercase().as_str());
        if let Some(section) = self.sections.iter().find(|section| !section.condition && around(&section.name)) {
            return Some(format!("ProxyPass cannot occur within <{}> section", section.name));
        }
        let in_section = matches!(self.current_scope(), DirectiveScope::Inside(..) | DirectiveScope::Proxy(..));
        let mut words = words.iter().peekable();
        let mut is_regex = is_match;
        if !in_section {
            if words.next_if(|word| *word == "~").is_some() {
                if is_match {
                    return Some("ProxyPassMatch: '~' is not valid here".to_owned());
                }
                is_regex = true;
            }
            let path = words.next();
            if is_regex && path.is_some_and(|path| is_broken(path)) {
                return Some("ProxyPass: the regular expression can't be compiled".to_owned());
            }
        }
        let Some(url) = words.next() else {
            return Some("ProxyPass needs a path and a target outside of <Location>".to_owned());
        };
        let words: Vec<String> = words.cloned().collect();
        let flags = ["nocanon", "interpolate", "noquery"];
        let (mappings, settings): (Vec<String>, Vec<String>) = words
            .into_iter()
            .filter(|word| !flags.iter().any(|flag| flag.eq_ignore_ascii_case(word)))
            .partition(|word| {
                word.split('=').next().is_some_and(|key| key.eq_ignore_ascii_case("mapping")) && word.contains('=')
            });
        if let Some(word) = settings.iter().find(|word| !word.contains('=')) {
            return Some(format!("ProxyPass: '{word}' is no parameter: it has to be key=value"));
        }
        let known = |word: &String| {
            let value = word.split_once('=').map_or("", |(_, value)| value);
            ["encoded", "servlet"].iter().any(|known| known.eq_ignore_ascii_case(value))
        };
        if !mappings.iter().all(known) {
            return Some("ProxyPass: unknown mapping".to_owned());
        }
        if url == "!" {
            return None;
        }
        let why = refused_url(url, is_regex);
        let kind = if is_regex { WorkerKind::Match } else { WorkerKind::Prefix };
        self.refused_worker(line, why, (None, url, kind), &settings)
    }

    /// The settings of a new worker; one that is there already ignores them.
    fn refused_worker(
        &mut self,
        line: &LogicalLine,
        why: Option<String>,
        (balancer, url, kind): (Option<&str>, &str, WorkerKind),
        settings: &[String],
    ) -> Option<String> {
        let server = self.server();
        let proxied = &mut self.model.servers[server].proxied;
        if why.is_some() || (!is_balancer(url) && proxied.workers.shares(balancer, url, kind)) {
            return why;
        }
        proxied.workers.add(balancer, url, kind);
        self.refused_settings(line, url, settings)
    }

    fn refused_member(&mut self, line: &LogicalLine, words: &[String]) -> Option<String> {
        let (settings, mut plain): (Vec<String>, Vec<String>) =
            words.iter().cloned().partition(|word| word.contains('='));
        let section = match self.current_scope() {
            DirectiveScope::Proxy(server, section) => Some(self.model.servers[server].sections[section].url.clone()),
            DirectiveScope::Inside(..) => self.path_section().map(|section| section.word),
            DirectiveScope::Server(_) => None,
        };
        if let Some(section) = section {
            plain.insert(0, section);
        }
        let (name, url) = match plain.as_slice() {
            [name, url] => (name, url),
            [] | [_] => return Some("BalancerMember must define a balancer and a remote server".to_owned()),
            _ => return Some(format!("BalancerMember: '{}' is one argument too many", plain[2])),
        };
        let rest = name.split_once("://").map(|(_, rest)| rest);
        if rest.is_none_or(str::is_empty) {
            return Some(format!("BalancerMember: bad syntax for a balancer name ({name})"));
        }
        self.needed.push((line.place, Needs::Balancing));
        let why = refused_url(url, false);
        self.refused_worker(line, why, (Some(name), url, WorkerKind::Prefix), &settings)
    }

    fn refused_set(&mut self, line: &LogicalLine, words: &[String]) -> Option<String> {
        if let DirectiveScope::Proxy(server, section) = self.current_scope() {
            let url = self.model.servers[server].sections[section].url.clone();
            self.model.servers[server].proxied.workers.add(None, &url, WorkerKind::Prefix);
            return refused_url(&url, false).or_else(|| self.refused_settings(line, &url, words));
        }
        let [url, settings @ ..] = words else { return None };
        let proxied = &self.model.servers[self.server()].proxied;
        if !proxied.may_know(url) {
            return Some(format!("ProxySet can not find '{url}': no ProxyPass or BalancerMember before it names it"));
        }
        self.refused_settings(line, url, settings)
    }

    /// The settings of a worker or a balancer.
    fn refused_settings(&mut self, line: &LogicalLine, url: &str, settings: &[String]) -> Option<String> {
        let is_balancer = is_balancer(url);
        for setting in settings {
            let Some((key, value)) = setting.split_once('=') else {
                return Some(format!("'{setting}' is no parameter: it has to be key=value"));
            };
            let key = key.to_ascii_lowercase();
            if is_balancer && key == "lbmethod" {
                self.needed.push((line.place, Needs::Method(value.to_owned())));
                continue;
            }
            if !is_balancer && HEALTH.contains(&key.as_str()) {
                self.needed.push((line.place, Needs::HealthChecks));
                continue;
            }
            let fits = if is_balancer { balancer_setting(&key, value) } else { worker_setting(&key, value) };
            match fits {
                Some(true) => {}
                Some(false) => return Some(format!("{key}={value}: httpd refuses this value")),
                None if is_balancer => return Some(format!("unknown balancer parameter '{key}'")),
                None => return Some(format!("unknown worker parameter '{key}'")),
            }
        }
        None
    }

    /// Complains about settings whose module is not loaded, where that is sure.
    pub(super) fn check_needs(&mut self) {
        let is_sure = self.any_module && self.modules.is_complete() && self.modules.are_own();
        let needed = std::mem::take(&mut self.needed);
        let has_method = needed.iter().any(|(_, needs)| matches!(needs, Needs::Method(_)));
        let lacks = |module: &str| self.modules.is_loaded("proxy_balancer_module") && !self.modules.is_loaded(module);
        let lacks_method = lacks("lbmethod_byrequests_module") && !has_method;
        let lacks_memory = lacks("slotmem_shm_module");
        for (place, needs) in needed.into_iter().filter(|_| is_sure) {
            match needs {
                Needs::Balancing if lacks_method || lacks_memory => {
                    let module = if lacks_memory { "mod_slotmem_shm" } else { "mod_lbmethod_byrequests" };
                    self.model.complain(place, format!("httpd does not start with a balancer and without {module}"));
                }
                Needs::Method(method) if !self.modules.is_loaded(&format!("lbmethod_{method}_module")) => {
                    self.model.complain(place, format!("unknown lbmethod '{method}': load mod_lbmethod_{method}"));
                }
                Needs::HealthChecks if !self.modules.is_loaded("proxy_hcheck_module") => {
                    self.model.complain(place, "unknown worker parameter: load mod_proxy_hcheck");
                }
                _ => {}
            }
        }
    }
}

/// Why httpd refuses a URL as a target; `is_regex`: parts of the request may be in it (`$1`).
fn refused_url(url: &str, is_regex: bool) -> Option<String> {
    refused_target(url, is_regex).map(|why| match why {
        RefusedTarget::Relative => format!("'{}': the URL must be absolute", without_user(url)),
        RefusedTarget::Socket => format!("'{}' is no valid URL of a socket", without_user(url)),
        RefusedTarget::Balancer => format!("bad syntax for a balancer name ({})", without_user(url)),
        RefusedTarget::Broken => format!("unable to parse the URL '{}'", without_user(url)),
        RefusedTarget::Port => format!("unable to parse the URL '{}': its port is none", without_user(url)),
    })
}

/// What is wrong with a target.
enum RefusedTarget {
    Relative,
    Socket,
    Balancer,
    Broken,
    Port,
}

fn refused_target(url: &str, is_regex: bool) -> Option<RefusedTarget> {
    let is_socket = url.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("unix:"));
    let absolute = || Some(RefusedTarget::Relative);
    let (target, has_socket) = match url.split_once('|').filter(|_| is_socket) {
        Some((_, "")) => return Some(RefusedTarget::Socket),
        Some((_, target)) => (target, true),
        None => (url, false),
    };
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    };
    let (scheme, rest) = match target.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => return absolute(),
    };
    if scheme.eq_ignore_ascii_case("balancer") {
        let has_name = rest.strip_prefix("//").is_some_and(|name| !name.is_empty());
        return (!has_name).then_some(RefusedTarget::Balancer);
    }
    let Some(rest) = rest.strip_prefix("//") else { return if has_socket { None } else { absolute() } };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port.strip_prefix(':').unwrap_or(port)),
            None => return Some(RefusedTarget::Broken),
        },
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let port = if is_regex { port.split('$').next().unwrap_or_default() } else { port };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Some(RefusedTarget::Port);
    }
    if host.is_empty() && !has_socket { absolute() } else { None }
}

/// Is it a time of at least a millisecond, with or without a unit?
fn is_time(text: &str) -> bool {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit = &text[length..];
    let is_unit = unit.is_empty() || unit.starts_with(['s', 'h']) || unit.starts_with("ms") || unit.starts_with("mi");
    is_unit && text[..length].parse::<u64>().is_ok_and(|number| number > 0)
}

fn is_flag(text: &str) -> bool {
    ["on", "off"].iter().any(|flag| flag.eq_ignore_ascii_case(text))
}

/// Does httpd take this setting of a worker? `None`: there is none of that name.
fn worker_setting(key: &str, value: &str) -> Option<bool> {
    let number = integer(value);
    Some(match key {
        "loadfactor" => {
            let digits = value.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            value[..digits].parse::<f64>().is_ok_and(|factor| (1.0..=100.0).contains(&factor))
        }
        "retry" | "min" | "max" | "smax" | "responsefieldsize" => number >= 0,
        "ttl" | "timeout" => number >= 1,
        "acquire" | "ping" | "connectiontimeout" => is_time(value),
        "iobuffersize" | "receivebuffersize" => number >= 512 || number == 0,
        "keepalive" | "disablereuse" | "enablereuse" => is_flag(value),
        "addressttl" => value == "-1" || value.starts_with(|c: char| c.is_ascii_digit()),
        "route" | "redirect" => value.len() < 64,
        "status" => value.chars().all(|c| "+-DSIHENRCdsihenrc".contains(c)),
        "flushpackets" => is_flag(value) || value.eq_ignore_ascii_case("auto"),
        "flushwait" => (0..=1000).contains(&number),
        "lbset" => (0..=99).contains(&number),
        "flusher" | "upgrade" | "secret" => true,
        _ => return None,
    })
}

/// The same for a balancer.
fn balancer_setting(key: &str, value: &str) -> Option<bool> {
    let is_status = |code: &str| (100..600).contains(&integer(code));
    Some(match key {
        "stickysession" | "nonce" | "lbmethod" => true,
        "stickysessionsep" => value.chars().count() == 1 || value.eq_ignore_ascii_case("off"),
        "nofailover" | "scolonpathdelim" | "failontimeout" | "forcerecovery" => is_flag(value),
        "timeout" => integer(value) >= 1,
        "maxattempts" => integer(value) >= 0,
        "failonstatus" => value.split([',', ' ']).filter(|code| !code.is_empty()).all(is_status),
        "growth" => (1..=100).contains(&integer(value)),
        _ => return None,
    })
}

/// Values of the other directives.
fn refused_value(lower: &str, words: &[String]) -> Option<String> {
    let first = words.first()?;
    let is_one_of = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(first));
    let number = integer(first);
    let fits = match lower {
        "proxyvia" => is_one_of(&["off", "on", "full", "block"]),
        "proxystatus" => is_one_of(&["off", "on", "full"]),
        "proxybadheader" => is_one_of(&["iserror", "ignore", "startbody"]),
        "proxytimeout" => is_time(first),
        "proxyiobuffersize" | "proxyreceivebuffersize" => number >= 512 || number == 0,
        "proxydomain" => first.starts_with('.'),
        "proxyerroroverride" => is_flag(first),
        "proxyremote" => words.get(1).is_none_or(|url| url.split_once("://").is_some_and(|(_, rest)| !rest.is_empty())),
        _ => true,
    };
    let shown = || words.iter().map(|word| without_user(word)).collect::<Vec<_>>().join(" ");
    (!fits).then(|| format!("httpd refuses this value: {}", shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for url in [
            "https://a/",
            "https://a:1",
            "https://u:p@a",
            "foo://[::1]:1/x",
            "balancer://b",
            "unix:/x|https:",
            "unix:/x|fcgi://a/",
        ] {
            assert_eq!(refused_url(url, false), None, "{url}");
        }
        for url in [
            "a",
            "/x",
            "https:a",
            "https:///x",
            "https://a:x/",
            "https://[::1",
            "unix:/x",
            "unix:/x|",
            "balancer://",
            "$1",
        ] {
            assert!(refused_url(url, false).is_some(), "{url}");
        }
        assert_eq!(refused_url("https://a:80$1/x", true), None);
        assert!(refused_url("https://a:$1/x", false).is_some());
    }

    #[test]
    fn settings() {
        for setting in
            ["retry=x", "timeout=5ms", "loadfactor=1.5", "acquire=1s", "status=+H-D", "addressttl=-1", "max=0"]
        {
            let (key, value) = setting.split_once('=').expect("a setting");
            assert_eq!(worker_setting(key, value), Some(true), "{setting}");
        }
        for setting in ["retry=-1", "timeout=x", "loadfactor=101", "acquire=1y", "status=X", "ping=0", "keepalive=yes"]
        {
            let (key, value) = setting.split_once('=').expect("a setting");
            assert_eq!(worker_setting(key, value), Some(false), "{setting}");
        }
        assert_eq!(worker_setting("foo", ""), None);
        assert_eq!(balancer_setting("failonstatus", "500,99"), Some(false));
        assert_eq!(balancer_setting("growth", "5"), Some(true));
    }
}
