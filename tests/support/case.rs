//! The truth cases: a configuration, and what a real server made of it (fixtures/truth).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tlsmend::host::{Fact, Facts};
use tlsmend::openssl::cnf::{Circumstances, Environment, Reading, Side};
use tlsmend::openssl::{Library, SystemDefault};
use tlsmend::release::Release;
use tlsmend::services::{apache, nginx};
use tlsmend::system::MemorySystem;

/// A case as its file has it.
#[derive(Debug, Deserialize)]
pub struct Case {
    pub name: String,
    pub why: String,
    pub observed: Observed,
    #[serde(default)]
    pub files: BTreeMap<String, Content>,
    #[serde(default)]
    pub files_base64: BTreeMap<String, String>,
    #[serde(default)]
    pub symlinks: BTreeMap<String, String>,
    #[serde(default)]
    pub dirs: Vec<String>,
    #[serde(default)]
    pub defines: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub args: Vec<String>,
    pub global: Option<String>,
    pub main: Option<String>,
    pub openssl_conf: Option<String>,
    #[serde(default)]
    pub modules: Vec<String>,
    /// The number of files that the server may open.
    pub nofile: Option<u32>,
    pub valid: bool,
    /// The checker is content, and the server does not start.
    #[serde(default)]
    pub start_fails: bool,
    pub stage: Option<String>,
    /// What the server says when it is not valid.
    pub error: Option<Fragments>,
    #[serde(default)]
    pub endpoints: Vec<Expected>,
    #[serde(default)]
    pub upstreams: Vec<Upstream>,
}

/// The software that ran.
#[derive(Debug, Deserialize)]
pub struct Observed {
    pub nginx: Option<String>,
    pub apache: Option<String>,
    pub openssl: String,
}

/// A file's content.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Content {
    Text(String),
    Bytes { base64: String },
}

/// Parts of a message.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Fragments {
    One(String),
    All(Vec<String>),
}

impl Fragments {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Fragments::One(one) => std::slice::from_ref(one),
            Fragments::All(all) => all,
        };
        all.iter().map(String::as_str)
    }
}

/// What a client got.
#[derive(Debug, Deserialize)]
pub struct Expected {
    pub listen: String,
    pub sni: Option<String>,
    pub accepts: Vec<String>,
    pub configured: Option<Vec<String>>,
    pub speaks: Option<String>,
    #[serde(default)]
    pub plain: bool,
    pub transport: Option<String>,
    pub starttls: Option<String>,
    #[serde(default)]
    pub proxy_protocol: bool,
    /// The groups that the client offers.
    pub groups: Option<String>,
}

/// What the server itself offered as a client of another.
#[derive(Debug, Deserialize)]
pub struct Upstream {
    pub backend: String,
    pub accepts: Vec<String>,
}

impl Expected {
    /// The versions that the configuration asks for.
    pub fn configured(&self) -> &[String] {
        self.configured.as_deref().unwrap_or(&self.accepts)
    }

    /// `tls`, `plaintext` or `refused`; `None`: the case does not tell.
    pub fn speaks(&self) -> Option<&str> {
        match &self.speaks {
            Some(speaks) => Some(speaks),
            None if self.plain => Some("plaintext"),
            None if self.accepts.is_empty() => None,
            None => Some("tls"),
        }
    }
}

/// All cases of a folder of fixtures/truth, in the order of their names.
pub fn all(folder: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/truth").join(folder);
    let names = std::fs::read_dir(&folder).expect("the folder of cases");
    let mut paths: Vec<PathBuf> = names.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|p| read(p)).collect()
}

fn read(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).expect("a case");
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Where the placeholders of a case lead.
pub struct Layout {
    /// The folder of the main file.
    pub folder: String,
    /// nginx's prefix.
    pub prefix: String,
    /// The folder of certificates and keys.
    pub certificates: String,
}

impl Layout {
    /// A text with its placeholders filled in.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (placeholder, file) in [
            ("@CERT@", "rsa.crt"),
            ("@KEY@", "rsa.key"),
            ("@ECCERT@", "ec.crt"),
            ("@ECKEY@", "ec.key"),
            ("@EDCERT@", "ed.crt"),
            ("@EDKEY@", "ed.key"),
        ] {
            text = text.replace(placeholder, &format!("{}/{file}", self.certificates));
        }
        for (placeholder, path) in [
            ("@CONFDIR@", self.folder.as_str()),
            ("@PREFIX@", &self.prefix),
            ("@ROOT@", &self.folder),
            ("@MODULES@", APACHE_MODULES),
        ] {
            text = text.replace(placeholder, path);
        }
        text
    }

    fn fill_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        // Latin-1 there and back keeps every byte.
        let text: String = bytes.iter().map(|b| char::from(*b)).collect();
        self.fill(&text).chars().map(|c| c as u8).collect()
    }
}

/// Where Debian has Apache's modules.
pub const APACHE_MODULES: &str = "/usr/lib/apache2/modules";

/// Where a case's main file lies in the system that [`Case::system`] builds.
pub const NGINX_CONF: &str = "/etc/nginx/nginx.conf";
/// The folder of the main file of an Apache case, and its `ServerRoot`.
pub const APACHE_ROOT: &str = "/etc/apache2";

impl Case {
    /// The folder of the main file.
    pub fn folder(&self) -> &'static str {
        if self.observed.nginx.is_some() { "/etc/nginx" } else { APACHE_ROOT }
    }

    /// The main file.
    pub fn main_file(&self) -> PathBuf {
        let name = match (&self.main, self.observed.nginx.is_some()) {
            (Some(main), _) => main,
            (None, true) => "nginx.conf",
            (None, false) => "apache2.conf",
        };
        Path::new(self.folder()).join(name)
    }

    /// Does the server run with it?
    pub fn works(&self) -> bool {
        self.valid && !self.start_fails
    }

    /// A text of the case with its placeholders filled in.
    pub fn fill(&self, text: &str) -> String {
        self.usual().fill(text)
    }

    fn usual(&self) -> Layout {
        Layout {
            folder: self.folder().to_owned(),
            prefix: "/usr/share/nginx".to_owned(),
            certificates: "/certs".to_owned(),
        }
    }

    /// The case's files, by their path below the folder of the main file.
    pub fn contents(&self, layout: &Layout) -> Vec<(&str, Vec<u8>)> {
        let mut contents = Vec::new();
        for (path, content) in &self.files {
            let bytes = match content {
                Content::Text(text) => layout.fill(text).into_bytes(),
                Content::Bytes { base64 } => layout.fill_bytes(&decode_base64(base64)),
            };
            contents.push((path.as_str(), bytes));
        }
        for (path, content) in &self.files_base64 {
            contents.push((path.as_str(), layout.fill_bytes(&decode_base64(content))));
        }
        contents
    }

    /// The case's files as a host, with the machine's nginx: which directives there are is asked of the program, and
    /// any nginx does.
    pub fn system(&self) -> MemorySystem {
        let mut system = self.files_only();
        if self.observed.nginx.is_some() {
            for (path, bytes) in PROGRAMS.iter() {
                system.add_file(path, bytes);
            }
        }
        system
    }

    /// The case's files as a host.
    pub fn files_only(&self) -> MemorySystem {
        let mut system = MemorySystem::default();
        let folder = Path::new(self.folder());
        for kind in ["rsa", "ec", "ed"] {
            for ending in ["crt", "key"] {
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/certs/{kind}.{ending}"));
                system.add_file(format!("/certs/{kind}.{ending}"), std::fs::read(file).expect("one half of a pair"));
            }
        }
        for module in MODULES {
            system.add_file(format!("/usr/lib/apache2/modules/mod_{module}.so"), "");
        }
        system.add_file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
        if let Some(text) = &self.openssl_conf {
            system.add_file("/openssl.cnf", self.fill(text));
        }
        for dir in &self.dirs {
            system.add_directory(folder.join(dir));
        }
        system.add_directory("/usr/share/nginx/logs");
        for (path, bytes) in self.contents(&self.usual()) {
            system.add_file(folder.join(path), bytes);
        }
        for (path, target) in &self.symlinks {
            system.add_link(folder.join(path), self.fill(target));
        }
        system
    }

    /// Where the openssl.cnf of the case lies.
    fn openssl_conf_path(&self) -> Option<PathBuf> {
        match (&self.openssl_conf, self.env.get("OPENSSL_CONF")) {
            (Some(_), _) => Some(PathBuf::from("/openssl.cnf")),
            (None, Some(path)) if !path.is_empty() => Some(PathBuf::from(self.fill(path))),
            _ => None,
        }
    }

    /// An openssl.cnf as the server of the case reads it.
    pub fn read_configuration(&self, system: &MemorySystem, path: &Path, library: &Library) -> SystemDefault {
        let newer = self.observed.nginx.as_deref().and_then(Release::parse) >= Some(Release::new(1, 25, 2));
        let names: &[&str] = if newer { &["nginx", "openssl_conf"] } else { &["openssl_conf"] };
        let environment = self.env.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect();
        let circumstances = Circumstances {
            release: library.release,
            names,
            environment: Environment::Whole(&environment),
            folder: None,
            side: Side::Any,
            modules: None,
            is_red_hat: library.has_profiles,
        };
        Reading::of(system, path, &circumstances).default
    }

    /// What ran, as facts.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::unknown();
        let release = |text: &Option<String>| match text.as_deref().and_then(Release::parse) {
            Some(release) => Fact::known(release, "the case"),
            None => Fact::unknown("the case"),
        };
        let openssl = Release::parse(&self.observed.openssl).expect("an OpenSSL version");
        let mut library = Library::unknown();
        library.release = Some(openssl);
        // The one with 1.1.0 was built with SSLv3 (truth notes on nginx, section 1).
        library.ssl3 = self.observed.openssl == "1.1.0i";
        // Debian compiles level 2 into its 3.0; the others were built from upstream's source.
        let level_2 = self.observed.openssl.starts_with("3.0.") || openssl >= Release::new(3, 2, 0);
        library.level = Some(if level_2 { 2 } else { 1 });
        library.has_profiles = Some(false);
        let system = self.system();
        if let Some(path) = self.openssl_conf_path() {
            library.system = self.read_configuration(&system, &path, &library);
        }
        if let Some(global) = &self.global {
            facts.of_mut(nginx::ID).directives = self.fill(global);
        }
        facts.of_mut(nginx::ID).release = release(&self.observed.nginx);
        facts.of_mut(apache::ID).release = release(&self.observed.apache);
        facts.of_mut(nginx::ID).library = library.clone();
        facts.of_mut(apache::ID).library = library;
        facts.distribution = vec!["debian".to_owned()];
        facts.sees_host = true;
        facts.of_mut(apache::ID).defines = Fact::known(self.defines.clone(), "the case");
        for (name, value) in &self.env {
            facts.of_mut(apache::ID).environment.insert(name.clone(), self.fill(value));
        }
        facts
    }
}

/// The machine's nginx and its modules.
static PROGRAMS: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let mut paths = vec![PathBuf::from("/usr/sbin/nginx")];
    for entry in std::fs::read_dir("/usr/lib/nginx/modules").into_iter().flatten().flatten() {
        paths.push(entry.path());
    }
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e} (tests/run installs it)", path.display()));
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
});

const MODULES: &[&str] = &[
    "alias",
    "authn_core",
    "authz_core",
    "authz_host",
    "autoindex",
    "dir",
    "env",
    "headers",
    "http2",
    "info",
    "macro",
    "md",
    "mime",
    "mpm_event",
    "mpm_prefork",
    "mpm_worker",
    "negotiation",
    "proxy",
    "proxy_balancer",
    "proxy_http",
    "lbmethod_byrequests",
    "rewrite",
    "setenvif",
    "slotmem_shm",
    "socache_dbm",
    "socache_shmcb",
    "ssl",
    "status",
    "unixd",
];

fn decode_base64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
