//! Modules: which are there, and which directives they bring.

use super::syntax::{Syntax, find, is_own_module};
use std::collections::BTreeSet;
use std::path::Path;

/// The modules that can be used at a moment of reading.
#[derive(Debug)]
pub(super) struct Modules {
    /// By identifier (`ssl_module`).
    identifiers: BTreeSet<String>,
    /// By source file (`mod_ssl.c`).
    sources: BTreeSet<String>,
    /// Those that were compiled in.
    compiled_in: &'static [(&'static str, &'static str)],
    /// Is it known which were?
    known: bool,
    /// Are all taken for loaded?
    all: bool,
    /// Is it known so well that a directive of another module is sure to be refused?
    complete: bool,
}

/// Modules that every build has.
const ALWAYS: &[(&str, &str)] = &[("core_module", "core.c"), ("so_module", "mod_so.c"), ("http_module", "http_core.c")];

/// Modules that Debian compiles in, and others may.
const DEBIAN: &[(&str, &str)] = &[
    ("core_module", "core.c"),
    ("so_module", "mod_so.c"),
    ("http_module", "http_core.c"),
    ("watchdog_module", "mod_watchdog.c"),
    ("log_config_module", "mod_log_config.c"),
    ("logio_module", "mod_logio.c"),
    ("version_module", "mod_version.c"),
    ("unixd_module", "mod_unixd.c"),
];

/// Distributions whose builds have only [`ALWAYS`].
const SHARED: &[&str] = &["rhel", "fedora", "centos", "amzn", "openeuler", "alpine", "arch", "suse", "opensuse"];

/// Of these and of Debian it is known which modules are compiled in, and no more than those.
const COMPLETE: &[&str] = &["rhel", "fedora", "centos", "amzn", "alpine"];

impl Modules {
    /// The modules that the distribution (see [`Facts`](crate::host::Facts)) compiles in; `main` is the main file.
    pub(super) fn compiled_in(distribution: &[String], main: Option<&Path>) -> Modules {
        let is = |names: &[&str]| distribution.iter().any(|id| names.contains(&id.as_str()));
        let debian = is(&["debian", "ubuntu"]);
        // Somebody's own build may have any module in it.
        let is_packaged = main.is_some_and(|main| !main.starts_with("/usr/local") && !main.starts_with("/opt"));
        let compiled_in = if debian { DEBIAN } else { ALWAYS };
        Modules {
            identifiers: compiled_in.iter().map(|(identifier, _)| (*identifier).to_owned()).collect(),
            sources: compiled_in.iter().map(|(_, source)| (*source).to_owned()).collect(),
            compiled_in,
            known: debian || is(SHARED),
            all: false,
            complete: is_packaged && (debian || is(COMPLETE)),
        }
    }

    /// Takes all modules for loaded: what loads them is not here.
    pub(super) fn assume_all(&mut self) {
        self.all = true;
    }

    /// Was the module compiled in?
    pub(super) fn is_compiled_in(&self, identifier: &str) -> bool {
        self.compiled_in.iter().any(|(known, _)| *known == identifier)
    }

    /// `LoadModule IDENTIFIER FILE`
    pub(super) fn load(&mut self, identifier: &str, file: &str) {
        self.identifiers.insert(identifier.to_owned());
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".so");
        // What decides how requests are worked on is called otherwise: event.c, not mod_mpm_event.c.
        if !name.starts_with("mod_mpm_") {
            self.sources.insert(format!("{name}.c"));
        }
        if let Some(stem) = identifier.strip_suffix("_module") {
            self.sources.insert(match stem {
                "mpm_event" => "event.c".to_owned(),
                "mpm_worker" => "worker.c".to_owned(),
                "mpm_prefork" => "prefork.c".to_owned(),
                _ => format!("mod_{stem}.c"),
            });
        }
    }

    /// What `<IfModule NAME>` asks; `None` where it depends on what was compiled in, and that is not known.
    pub(super) fn has(&self, name: &str) -> Option<bool> {
        if self.all || self.identifiers.contains(name) || self.sources.contains(name) {
            return Some(true);
        }
        let doubtful = !self.known && DEBIAN.iter().any(|(identifier, source)| name == *identifier || name == *source);
        (!doubtful).then_some(false)
    }

    /// Is the module there, as far as is known?
    pub(super) fn is_loaded(&self, identifier: &str) -> bool {
        self.all || self.identifiers.contains(identifier)
    }

    /// Is it known what is loaded, so that another module can't be there? (It may be compiled in.)
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Do all modules that are loaded come with httpd?
    pub(super) fn are_own(&self) -> bool {
        self.identifiers.iter().all(|identifier| is_own_module(identifier))
    }

    /// What `<IfDirective NAME>` and `<IfSection NAME>` ask, `name` being the lower-case name of the directive or
    /// `<name` of the section; `None`: it may be one of a module that is not known here.
    pub(super) fn knows(&self, name: &str) -> Option<bool> {
        if let Some(syntax) = find(name) {
            let has: Vec<Option<bool>> = syntax.modules.iter().map(|module| self.has(module)).collect();
            let none = has.iter().all(|has| *has == Some(false)).then_some(false);
            return if has.contains(&Some(true)) { Some(true) } else { none };
        }
        let bare = name.strip_prefix('<').unwrap_or(name);
        let is_name = bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        (!is_name || name.starts_with("ssl")).then_some(false)
    }
}

/// Is this the lower-case name of a directive of `mod_ssl`?
pub(super) fn is_ssl_directive(name: &str) -> bool {
    // The second is one of httpd 2.5.
    find(name).is_some_and(|syntax| syntax.modules.iter().any(|module| module == "ssl_module"))
        || name == "sslclienthellovars"
}

/// Is this the lower-case name of a directive (`name`) or section (`<name`) of httpd's core that takes effect after
/// reading?
pub(super) fn is_core_directive(name: &str) -> bool {
    // Each way of serving (`mpm_event` and so on) has its own `Listen`.
    let is_core = |syntax: &Syntax| !syntax.reads && syntax.modules.iter().any(|module| module == "core_module");
    name == "listen" || find(name).is_some_and(is_core)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_two_names_and_both_keep_their_case() {
        let mut modules = Modules::compiled_in(&["debian".to_owned()], None);
        assert_eq!(modules.has("mod_ssl.c"), Some(false));
        modules.load("ssl_module", "/usr/lib/apache2/modules/mod_ssl.so");
        assert!(
            ["mod_ssl.c", "ssl_module", "mod_version.c", "http_core.c"].iter().all(|n| modules.has(n) == Some(true))
        );
        assert!(["mod_ssl", "ssl", "mod_ssl.so", "MOD_SSL.C"].iter().all(|n| modules.has(n) == Some(false)));
        modules.load("mpm_event_module", "modules/mod_mpm_event.so");
        assert_eq!(modules.has("event.c"), Some(true));
        assert_eq!(Modules::compiled_in(&[], None).has("mod_version.c"), None);
        assert_eq!(Modules::compiled_in(&["rhel".to_owned()], None).has("mod_version.c"), Some(false));
    }

    #[test]
    fn directives_come_with_their_modules() {
        let mut modules = Modules::compiled_in(&["debian".to_owned()], None);
        assert_eq!(modules.knows("sslprotocol"), Some(false));
        modules.load("ssl_module", "mod_ssl.so");
        assert_eq!(modules.knows("sslprotocol"), Some(true));
        assert_eq!(modules.knows("sslpolicy"), Some(false));
        assert_eq!(modules.knows("modsecurity"), None);
        assert_eq!(modules.knows("<virtualhost"), Some(true));
        assert_eq!(modules.knows("<ifversion>"), Some(false));
        assert_eq!(modules.knows("<<ifversion"), Some(false));
    }
}
