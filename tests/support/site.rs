//! A configuration on disk, and how its server is started with it.

use super::certificates;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use tempfile::TempDir;
use tlsmend::host::{Fact, Facts, Given, gather};
use tlsmend::openssl::Library;
use tlsmend::release::Release;
use tlsmend::services::apache::Apache;
use tlsmend::services::nginx::Nginx;
use tlsmend::services::service::Service;
use tlsmend::services::{self, apache, nginx};
use tlsmend::system::OsSystem;

/// The server software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    Nginx,
    Apache,
}

impl Software {
    pub fn program(self) -> &'static str {
        match self {
            Software::Nginx => "/usr/sbin/nginx",
            Software::Apache => "/usr/sbin/apache2",
        }
    }

    pub fn service(self) -> &'static dyn Service {
        match self {
            Software::Nginx => &Nginx,
            Software::Apache => &Apache,
        }
    }

    /// The version that is installed.
    pub fn release(self) -> Release {
        let facts = gathered(None);
        let release = match self {
            Software::Nginx => facts.of(nginx::ID).release.value,
            Software::Apache => facts.of(apache::ID).release.value,
        };
        release.unwrap_or_else(|| panic!("{} is needed (tests/run installs it)", self.program()))
    }

    /// The TLS library that is installed.
    pub fn library(self) -> Library {
        let facts = gathered(None);
        match self {
            Software::Nginx => facts.of(nginx::ID).library.clone(),
            Software::Apache => facts.of(apache::ID).library.clone(),
        }
    }
}

/// A configuration on disk.
pub struct Site {
    pub software: Software,
    root: TempDir,
    /// The main file's name.
    pub main: String,
    /// Options of the command line, beside those that every site gets.
    pub options: Vec<String>,
    /// Directives that nginx gets before the main file.
    pub global: String,
    /// nginx's modules to load.
    pub modules: Vec<String>,
    /// Names for Apache's `-D`.
    pub defines: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// The number of files that the server may open.
    pub most_files: u32,
}

impl Site {
    /// An empty one.
    pub fn new(software: Software) -> Site {
        let root = tempfile::Builder::new().prefix("site.").tempdir().expect("a temporary directory");
        let open = |path: &Path| {
            use std::os::unix::fs::PermissionsExt;
            std::fs::create_dir_all(path).expect("a directory");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("its permissions");
        };
        open(root.path());
        // Away from the configuration, which may include whole directories.
        for name in ["conf", "logs", "run"] {
            open(&root.path().join(name));
        }
        let (main, mut environment) = match software {
            Software::Nginx => ("nginx.conf", BTreeMap::new()),
            Software::Apache => ("apache2.conf", BTreeMap::new()),
        };
        if software == Software::Apache {
            environment.insert("OPENSSL_CONF".to_owned(), no_openssl_conf().display().to_string());
        }
        Site {
            software,
            root,
            main: main.to_owned(),
            options: Vec::new(),
            global: String::new(),
            modules: Vec::new(),
            defines: Vec::new(),
            environment,
            most_files: 1024,
        }
    }

    /// Where everything of the site is; nginx's prefix.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The folder of the main file; Apache's `ServerRoot`.
    pub fn folder(&self) -> PathBuf {
        self.root().join("conf")
    }

    pub fn main_file(&self) -> PathBuf {
        self.folder().join(&self.main)
    }

    pub fn error_log(&self) -> PathBuf {
        self.root().join("logs/error.log")
    }

    pub fn pid_file(&self) -> PathBuf {
        self.root().join("run/server.pid")
    }

    /// Writes a file below the folder of the main file.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    /// What is known of the machine, and of how this server is started.
    pub fn facts(&self) -> Facts {
        let mut facts = gathered(self.environment.get("OPENSSL_CONF").map(String::as_str));
        facts.of_mut(apache::ID).environment.clone_from(&self.environment);
        facts.of_mut(nginx::ID).directives.clone_from(&self.global);
        // `-g` goes with the main file that is built in: this one, for the server of the test.
        if let Some(build) = facts.of_mut(nginx::ID).build.value.as_mut().filter(|_| !self.global.is_empty()) {
            build.main = self.main_file();
        }
        facts.of_mut(apache::ID).defines = Fact::known(self.defines.clone(), "the test");
        facts
    }

    /// All files as text, for messages.
    pub fn show(&self) -> String {
        let mut text = String::new();
        for entry in walkdir::WalkDir::new(self.folder()).sort_by_file_name() {
            let entry = entry.expect("a directory of our own");
            if entry.file_type().is_file() {
                let bytes = std::fs::read(entry.path()).expect("a file of our own");
                let name = entry.path().strip_prefix(self.folder()).expect("is below it").display();
                let shown = String::from_utf8_lossy(&bytes).replace('\r', "\\r");
                let _ = writeln!(text, "--- {name}\n{shown}");
            } else if entry.file_type().is_symlink() {
                let target = std::fs::read_link(entry.path()).expect("a link of our own");
                let _ = writeln!(text, "--- {} -> {}", entry.path().display(), target.display());
            }
        }
        let root = self.root().display().to_string();
        let certificates = certificates::folder().display().to_string();
        text.replace(&root, "@PREFIX@").replace(&certificates, "@CERTS@")
    }
}

/// An openssl.cnf that says nothing.
fn no_openssl_conf() -> &'static Path {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty-openssl.cnf");
        std::fs::write(&path, "").expect("a file in the target directory");
        path
    });
    &FILE
}

/// What is known of this machine, with `OPENSSL_CONF` as given.
fn gathered(openssl_conf: Option<&str>) -> Facts {
    static KNOWN: Mutex<BTreeMap<Option<String>, Facts>> = Mutex::new(BTreeMap::new());
    let key = openssl_conf.map(str::to_owned);
    if let Some(facts) = KNOWN.lock().expect("no panic in here").get(&key) {
        return facts.clone();
    }
    let system = OsSystem::new(Path::new("/"), Vec::new()).expect("a root");
    let mut given = Given::default();
    given.env.extend(openssl_conf.map(|path| ("OPENSSL_CONF".to_owned(), path.to_owned())));
    let facts = gather(&system, &given, &services::products());
    KNOWN.lock().expect("no panic in here").insert(key, facts.clone());
    facts
}
