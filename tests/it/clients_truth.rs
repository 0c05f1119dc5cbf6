//! Programs as clients: every answer equals what the real program offered and completed (fixtures/truth/clients).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tlsmend::host::{Assumption, Facts, Given};
use tlsmend::openssl::cnf;
use tlsmend::release::Release;
use tlsmend::services::{self, clients};
use tlsmend::source::SourceMap;
use tlsmend::system::MemorySystem;
use tlsmend::tls::{Version, VersionSet};

/// Where the case's scratch folder and home is.
const HOME: &str = "/root";

#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    client: String,
    observed: BTreeMap<String, String>,
    #[serde(default)]
    args: Arguments,
    #[serde(default)]
    node_args: Vec<String>,
    argv: Option<Vec<String>>,
    #[serde(default)]
    defaults: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    files_base64: BTreeMap<String, String>,
    #[serde(default)]
    home: BTreeMap<String, String>,
    #[serde(default)]
    symlinks: BTreeMap<String, String>,
    #[serde(default)]
    dirs: Vec<String>,
    offers: Option<Vec<String>>,
    accepts: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Arguments {
    One(String),
    All(Vec<String>),
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments::All(Vec::new())
    }
}

impl Case {
    /// The words of the command line that the program itself does not have by default.
    fn arguments(&self) -> Vec<&str> {
        let own: Vec<&str> = match &self.args {
            Arguments::One(text) => vec![text],
            Arguments::All(words) => words.iter().map(String::as_str).collect(),
        };
        // Without it the library of the case, which was built with SSLv3, would have that.
        own.into_iter().filter(|word| !word.is_empty() && *word != "-no_ssl3").collect()
    }

    fn is_java(&self) -> bool {
        self.client.starts_with("java")
    }

    /// Does the program's own command line or code decide? No file of the host says that.
    fn is_told(&self) -> bool {
        let is_option = |word: &&str| self.is_java() && word.starts_with("-D") && !word.starts_with("-Dctx");
        let words = self.arguments();
        let java = words.iter().all(is_option) && !words.iter().any(|word| word.starts_with("-Dhttps"));
        self.argv.is_some() || !self.defaults.is_empty() || !words.is_empty() && !java
    }

    fn system(&self) -> MemorySystem {
        let mut system = MemorySystem::default();
        system.add_directory("/etc/ssl");
        for (path, text) in &self.files {
            system.add_file(path, fill(text));
        }
        for (path, text) in &self.files_base64 {
            let bytes = STANDARD.decode(text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
            system.add_file(path, bytes);
        }
        for (path, text) in &self.home {
            system.add_file(Path::new(HOME).join(path), fill(text));
        }
        for (path, target) in &self.symlinks {
            system.add_link(path, target);
        }
        self.dirs.iter().for_each(|path| system.add_directory(path));
        system
    }

    fn given(&self) -> Given {
        let env = self.env.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        let mut given = Given { env, ..Given::default() };
        for (name, value) in [("HOME", HOME), ("PWD", HOME)] {
            given.env.insert(name.to_owned(), value.to_owned());
        }
        let options: Vec<String> = self.arguments().iter().map(|word| fill(word)).collect();
        if self.is_java() && !options.is_empty() {
            given.env.insert("JAVA_TOOL_OPTIONS".to_owned(), options.join(" "));
        }
        if !self.node_args.is_empty() {
            given.env.insert("NODE_OPTIONS".to_owned(), fill(&self.node_args.join(" ")));
        }
        let said: Vec<&str> =
            ["program", "library"].iter().filter_map(|key| self.observed.get(*key)).map(String::as_str).collect();
        if let Some(release) = said.iter().rev().find_map(|text| behind(text, &["OpenSSL ", "OpenSSL/"])) {
            given
                .assume
                .push(Assumption::parse(&format!("openssl={release}"), &services::products()).expect("a version"));
        }
        if let Some(release) = said.iter().find_map(|text| behind(text, &["GnuTLS ", "gnutls-cli "])) {
            given.clients.insert("gnutls".to_owned(), release);
        }
        let program = said.iter().find_map(|text| {
            behind(text, &["curl ", "psql (PostgreSQL) ", "openjdk version \"", "Wget ", "git version "])
                .or_else(|| behind(text.strip_prefix('v')?, &[""]))
        });
        if let Some(release) = program {
            let key = if self.client == "php-curl" { "curl" } else { &self.client };
            given.clients.insert(key.to_owned(), release);
        }
        given
    }

    /// The machine's git was one of /usr/local.
    fn asked(&self) -> &str {
        if self.client == "git" { "/usr/local/bin/git" } else { &self.client }
    }
}

fn fill(text: &str) -> String {
    text.replace("@DIR@", HOME)
}

/// The version behind one of these words.
fn behind(text: &str, words: &[&str]) -> Option<Release> {
    words.iter().find_map(|word| Release::parse(text.split_once(word)?.1))
}

fn set(names: &[String]) -> VersionSet {
    names.iter().map(|name| Version::from_name(name.as_bytes()).expect("a version")).collect()
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/truth/clients");
    let names = std::fs::read_dir(folder).expect("the folder of cases");
    let paths: BTreeSet<PathBuf> = names.map(|entry| entry.expect("an entry").path()).collect();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a case");
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

#[test]
fn answers_equal_what_programs_did() {
    let mut facts = Facts::unknown();
    facts.distribution = vec!["debian".to_owned()];
    let (mut complaints, mut told, mut agree) = (Vec::new(), 0, 0);
    for case in cases() {
        if case.is_told() {
            told += 1;
            continue;
        }
        let (system, given) = (case.system(), case.given());
        let (program, path) = clients::named(case.asked()).unwrap_or_else(|| panic!("{}: {}", case.name, case.client));
        let asked = clients::Asked { system: &system, facts: &facts, given: &given };
        let mut sources = SourceMap::default();
        let answer = clients::ask(&program, path, asked, &mut sources);
        let offers = case.offers.as_deref().map(set);
        let fits = answer.effective == Some(set(&case.accepts))
            && offers.is_none_or(|offers| offers == answer.configured.value)
            && answer.unknown.is_empty();
        if fits {
            agree += 1;
            continue;
        }
        let because: Vec<String> =
            answer.configured.because.iter().map(|reason| format!("    {}", reason.note)).collect();
        let unknown: Vec<&str> = answer.unknown.iter().map(|unknown| unknown.what.as_str()).collect();
        complaints.push(format!(
            "{}: offers {:?}, completes {}; answered {} and {:?}, {unknown:?}\n{}\n",
            case.name,
            offers,
            set(&case.accepts),
            answer.configured.value,
            answer.effective,
            because.join("\n")
        ));
    }
    let summary = format!("{agree} agree, {told} are told by a command line, {} do not agree", complaints.len());
    assert!(complaints.is_empty(), "{}\n{summary}", complaints.concat());
    assert_eq!((agree, told), (559, 29), "{summary}");
}

/// Whatever a file holds, its lines are the whole file.
#[test]
fn lines_print_back() {
    for case in cases() {
        let texts = case.files.values().map(|text| text.clone().into_bytes());
        let bytes = case.files_base64.values().map(|text| STANDARD.decode(text).expect("base64"));
        for bytes in texts.chain(bytes) {
            let printed: Vec<u8> =
                cnf::split(&bytes).iter().flat_map(|line| bytes[line.span.clone()].to_vec()).collect();
            assert_eq!(printed, bytes, "{}", case.name);
        }
    }
}
