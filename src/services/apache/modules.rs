//! Modules: which are there, and which directives they bring.

use std::collections::BTreeSet;

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

impl Modules {
    /// The modules that the distribution (see [`Facts`](crate::host::Facts)) compiles in.
    pub(super) fn compiled_in(distribution: &[String]) -> Modules {
        let is = |names: &[&str]| distribution.iter().any(|id| names.contains(&id.as_str()));
        let debian = is(&["debian", "ubuntu"]);
        let compiled_in = if debian { DEBIAN } else { ALWAYS };
        Modules {
            identifiers: compiled_in.iter().map(|(identifier, _)| (*identifier).to_owned()).collect(),
            sources: compiled_in.iter().map(|(_, source)| (*source).to_owned()).collect(),
            compiled_in,
            known: debian || is(SHARED),
            all: false,
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
        let name = file.rsplit('/').next().unwrap_or(file);
        self.sources.insert(format!("{}.c", name.trim_end_matches(".so")));
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

    /// What `<IfDirective NAME>` and `<IfSection NAME>` ask, `name` being the lower-case name of the directive or
    /// `<name` of the section; `None`: the directive is not one that is known here.
    pub(super) fn knows(&self, name: &str) -> Option<bool> {
        if is_core_directive(name) || READING.contains(&name) {
            return Some(true);
        }
        if is_ssl_directive(name) {
            return Some(self.is_loaded("ssl_module"));
        }
        if name.starts_with("ssl") {
            return Some(false);
        }
        let (_, module) = OTHERS.iter().find(|(known, _)| *known == name)?;
        self.has(module)
    }
}

/// Is this the lower-case name of a directive of `mod_ssl` (2.4)?
pub(super) fn is_ssl_directive(name: &str) -> bool {
    name.strip_prefix("ssl").is_some_and(|rest| SSL.contains(&rest))
}

/// The directives of `mod_ssl`, after `ssl`.
const SSL: &[&str] = &[
    "cacertificatefile",
    "cacertificatepath",
    "cadnrequestfile",
    "cadnrequestpath",
    "carevocationcheck",
    "carevocationfile",
    "carevocationpath",
    "certificatechainfile",
    "certificatefile",
    "certificatekeyfile",
    "ciphersuite",
    "clienthellovars",
    "compression",
    "cryptodevice",
    "engine",
    "fips",
    "honorcipherorder",
    "insecurerenegotiation",
    "log",
    "loglevel",
    "ocspdefaultresponder",
    "ocspenable",
    "ocspnoverify",
    "ocspoverrideresponder",
    "ocspproxyurl",
    "ocsprespondercertificatefile",
    "ocsprespondertimeout",
    "ocspresponsemaxage",
    "ocspresponsetimeskew",
    "ocspuserequestnonce",
    "opensslconfcmd",
    "options",
    "passphrasedialog",
    "protocol",
    "proxycacertificatefile",
    "proxycacertificatepath",
    "proxycarevocationcheck",
    "proxycarevocationfile",
    "proxycarevocationpath",
    "proxycheckpeercn",
    "proxycheckpeerexpire",
    "proxycheckpeername",
    "proxyciphersuite",
    "proxyengine",
    "proxymachinecertificatechainfile",
    "proxymachinecertificatefile",
    "proxymachinecertificatepath",
    "proxyprotocol",
    "proxyverify",
    "proxyverifydepth",
    "randomseed",
    "renegbuffersize",
    "require",
    "requiressl",
    "sessioncache",
    "sessioncachetimeout",
    "sessionticketkeyfile",
    "sessiontickets",
    "srpunknownuserseed",
    "srpverifierfile",
    "staplingcache",
    "staplingerrorcachetimeout",
    "staplingfaketrylater",
    "staplingforceurl",
    "staplingrespondertimeout",
    "staplingresponsemaxage",
    "staplingresponsetimeskew",
    "staplingreturnrespondererrors",
    "staplingstandardcachetimeout",
    "strictsnivhostcheck",
    "username",
    "usestapling",
    "verifyclient",
    "verifydepth",
    "vhostsnipolicy",
];

/// Is this the lower-case name of a directive (`name`) or section (`<name`) of httpd's core that takes effect after
/// reading?
pub(super) fn is_core_directive(name: &str) -> bool {
    CORE.binary_search(&name).is_ok()
}

/// What httpd's core takes while it reads.
const READING: &[&str] = &[
    "<ifdefine",
    "<ifdirective",
    "<iffile",
    "<ifmodule",
    "<ifsection",
    "defaultruntimedir",
    "define",
    "include",
    "includeoptional",
    "loadfile",
    "loadmodule",
    "serverroot",
    "unclist",
    "undefine",
];

/// The other directives and sections of httpd's core.
const CORE: &[&str] = &[
    "<directory",
    "<directorymatch",
    "<else",
    "<elseif",
    "<files",
    "<filesmatch",
    "<if",
    "<limit",
    "<limitexcept",
    "<location",
    "<locationmatch",
    "<virtualhost",
    "acceptfilter",
    "acceptpathinfo",
    "accessfilename",
    "adddefaultcharset",
    "allowencodedslashes",
    "allowoverride",
    "allowoverridelist",
    "asyncfilter",
    "cgipassauth",
    "cgivar",
    "coredumpdirectory",
    "defaultstatedir",
    "defaulttype",
    "documentroot",
    "enableexceptionhook",
    "enablemmap",
    "enablesendfile",
    "error",
    "errordocument",
    "errorlog",
    "errorlogformat",
    "extendedstatus",
    "fileetag",
    "flushmaxpipelined",
    "flushmaxthreshold",
    "forcetype",
    "gprofdir",
    "hostnamelookups",
    "httpcontentlengthheadzero",
    "httpexpectstrict",
    "httpprotocoloptions",
    "limitinternalrecursion",
    "limitrequestbody",
    "limitrequestfields",
    "limitrequestfieldsize",
    "limitrequestline",
    "limitxmlrequestbody",
    "listen",
    "listenbacklog",
    "loglevel",
    "logleveloverride",
    "maxconnectionsperchild",
    "maxmemfree",
    "maxrangeoverlaps",
    "maxrangereversals",
    "maxranges",
    "maxrequestsperchild",
    "mergeslashes",
    "mergetrailers",
    "mutex",
    "namevirtualhost",
    "options",
    "pidfile",
    "port",
    "protocol",
    "protocols",
    "protocolshonororder",
    "qualifyredirecturl",
    "readbuffersize",
    "receivebuffersize",
    "regexdefaultoptions",
    "registerhttpmethod",
    "rlimitcpu",
    "rlimitmem",
    "rlimitnproc",
    "scoreboardfile",
    "seerequesttail",
    "sendbuffersize",
    "serveradmin",
    "serveralias",
    "servername",
    "serverpath",
    "serversignature",
    "servertokens",
    "sethandler",
    "setinputfilter",
    "setoutputfilter",
    "stricthostcheck",
    "threadstacksize",
    "timeout",
    "traceenable",
    "usecanonicalname",
    "usecanonicalphysicalport",
    "warning",
];

/// Directives of other modules, by lower-case name.
const OTHERS: &[(&str, &str)] = &[
    ("<ifversion", "version_module"),
    ("<macro", "macro_module"),
    ("use", "macro_module"),
    ("undefmacro", "macro_module"),
    ("<mdomain", "md_module"),
    ("<mdomainset", "md_module"),
    ("mdomain", "md_module"),
    ("<proxy", "proxy_module"),
    ("<proxymatch", "proxy_module"),
    ("proxypass", "proxy_module"),
    ("proxypassmatch", "proxy_module"),
    ("proxyrequests", "proxy_module"),
    ("h2direct", "http2_module"),
    ("header", "headers_module"),
    ("requestheader", "headers_module"),
    ("rewriteengine", "rewrite_module"),
    ("alias", "alias_module"),
    ("redirect", "alias_module"),
    ("customlog", "log_config_module"),
    ("require", "authz_core_module"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_two_names_and_both_keep_their_case() {
        let mut modules = Modules::compiled_in(&["debian".to_owned()]);
        assert_eq!(modules.has("mod_ssl.c"), Some(false));
        modules.load("ssl_module", "/usr/lib/apache2/modules/mod_ssl.so");
        assert!(
            ["mod_ssl.c", "ssl_module", "mod_version.c", "http_core.c"].iter().all(|n| modules.has(n) == Some(true))
        );
        assert!(["mod_ssl", "ssl", "mod_ssl.so", "MOD_SSL.C"].iter().all(|n| modules.has(n) == Some(false)));
        modules.load("mpm_event_module", "modules/mod_mpm_event.so");
        assert_eq!(modules.has("event.c"), Some(true));
        assert_eq!(Modules::compiled_in(&[]).has("mod_version.c"), None);
        assert_eq!(Modules::compiled_in(&["rhel".to_owned()]).has("mod_version.c"), Some(false));
    }

    #[test]
    fn directives_come_with_their_modules() {
        let mut modules = Modules::compiled_in(&["debian".to_owned()]);
        assert_eq!(modules.knows("sslprotocol"), Some(false));
        modules.load("ssl_module", "mod_ssl.so");
        assert_eq!(modules.knows("sslprotocol"), Some(true));
        assert_eq!(modules.knows("sslpolicy"), Some(false));
        assert_eq!(modules.knows("modsecurity"), None);
        assert_eq!(modules.knows("<virtualhost"), Some(true));
        assert!(SSL.is_sorted() && CORE.is_sorted() && READING.is_sorted());
    }
}
