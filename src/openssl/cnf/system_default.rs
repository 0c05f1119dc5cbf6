//! What openssl.cnf sets for every new context: the `system_default` section.
//!
//! OpenSSL applies it before the program's own settings (`ssl_do_config` in `ssl/ssl_mcnf.c`; since 1.1.1). What the program
//! sets itself afterwards wins; rules N1 to N3 of `docs/services/nginx.md`, R26 of `docs/services/apache.md`.

use super::circumstances::Circumstances;
use super::commands::{self, Command, Effect};
use super::load::{Failure, Loaded, load};
use super::modules::{self, Activated, Host, Trouble};
use super::providers::Providers;
use super::sections::Place;
use crate::release::Release;
use crate::system::System;
use crate::tls::{Version, VersionSet};
use std::path::Path;

/// Contexts take what the file says since then.
const FIRST: Release = Release::new(1, 1, 1);
/// Since then diagnostics make a command that is refused fail every context.
const STRICT: Release = Release::new(3, 4, 0);

/// What `openssl.cnf` says in its `system_default` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemDefault {
    /// `CipherString`
    pub cipher_string: Option<String>,
    /// `Ciphersuites`
    pub ciphersuites: Option<String>,
    /// `Groups` or `Curves`
    pub groups: Option<String>,
    /// `SignatureAlgorithms`
    pub signatures: Option<String>,
    /// `MinProtocol`
    pub min: Option<Version>,
    /// `MaxProtocol`
    pub max: Option<Version>,
    /// Versions that `Protocol` switches off.
    pub off: VersionSet,
    /// What `PROFILE=SYSTEM` stands for: the system's crypto policy (Red Hat), which is not in openssl.cnf itself.
    pub profile: Option<String>,
    /// Are there providers that may bring groups and signatures of their own?
    pub foreign: bool,
    /// Is the legacy provider activated? It has RC4, IDEA and SEED (3.0 and later).
    pub legacy: bool,
    /// `rh-allow-sha1-signatures = yes` (Red Hat's LEGACY policy).
    pub sha1_signatures: bool,
    /// Why no context can be made at all, so that there is no TLS.
    pub refuses: Option<String>,
    /// What decides and is not known: then nothing here counts.
    pub doubts: Vec<String>,
}

/// What a program makes of an openssl.cnf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it sets.
    pub default: SystemDefault,
    /// Why the library gives up the whole file.
    pub void: Option<Trouble>,
    /// The module at which the loading ended, and why.
    pub stop: Option<Trouble>,
    /// The steps to the commands, each a name with its value: `openssl_conf = openssl_init`.
    pub steps: Vec<(Place, String)>,
    /// The commands of `system_default`.
    pub commands: Vec<Command>,
    /// `config_diagnostics`: some programs fail where others run on defaults.
    pub has_diagnostics: bool,
    /// Files that are passed over, as lowercase fragments.
    pub passed_over: Vec<String>,
}

impl Reading {
    /// Reads a file. One that is not there is an empty one, and so is any for a library whose contexts do not take the
    /// system's settings: they do since 1.1.1.
    pub fn of(system: &dyn System, path: &Path, circumstances: &Circumstances<'_>) -> Reading {
        let mut reading = Reading::default();
        let is_old = circumstances.release.is_some_and(|release| release < FIRST);
        if is_old || system.kind(path).is_err() {
            return reading;
        }
        match load(system, path, circumstances) {
            Ok(loaded) => reading.run(loaded, Host { system, circumstances }),
            Err(Failure::Void(trouble)) => reading.void = Some(trouble),
            Err(Failure::Unknown(why)) => reading.default.doubts.push(why),
        }
        reading
    }

    fn run(&mut self, loaded: Loaded, host: Host<'_>) {
        let Loaded { sections, passed_over, doubts } = loaded;
        self.passed_over = passed_over;
        self.has_diagnostics = modules::has_diagnostics(&sections, host.circumstances);
        let Activated { steps, commands, stop, providers, sha1_signatures, doubts: more } =
            modules::run(&sections, host);
        let Providers { foreign, legacy, nothing, .. } = providers;
        self.steps = steps
            .into_iter()
            .map(|(name, entry)| (entry.place.clone(), format!("{name} = {}", entry.text())))
            .collect();
        self.stop = stop;
        let default = &mut self.default;
        *default = SystemDefault { foreign, legacy, sha1_signatures, refuses: nothing, ..SystemDefault::default() };
        default.doubts.extend(doubts.into_iter().chain(more));
        self.commands = commands::run(&commands, host.circumstances, default);
        let is_strict = self.has_diagnostics && host.circumstances.release.is_some_and(|release| release >= STRICT);
        let refused = self.refused().next().filter(|_| is_strict);
        let fatal = refused.map(|trouble| format!("{trouble}, and config_diagnostics makes that an error"));
        let refuses = &mut self.default.refuses;
        *refuses = refuses.take().or(fatal);
    }

    /// The commands that were refused.
    pub fn refused(&self) -> impl Iterator<Item = Trouble> {
        self.commands.iter().filter_map(|command| match &command.effect {
            Effect::Refused(what) => Some(Trouble { place: Some(command.place.clone()), what: what.clone() }),
            Effect::Applied | Effect::NotReached => None,
        })
    }

    /// All that is wrong or not known, for people.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.passed_over.clone();
        problems.extend(self.default.doubts.iter().cloned());
        problems.extend(self.void.as_ref().map(|void| format!("{void}; OpenSSL gives up the whole file")));
        problems.extend(self.stop.as_ref().map(|stop| format!("{stop}; OpenSSL reads no further")));
        problems.extend(self.refused().map(|trouble| trouble.to_string()));
        problems.extend(self.default.refuses.as_ref().map(|why| format!("{why}: no context can be made")));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::circumstances::{Environment, Side};
    use super::*;
    use crate::system::MemorySystem;
    use std::collections::BTreeMap;

    const PATH: &str = "/etc/ssl/openssl.cnf";

    /// As the given release reads it, without environment.
    fn read_by(release: Release, system: &MemorySystem, names: &[&str]) -> (SystemDefault, Vec<String>) {
        let none = BTreeMap::new();
        let names: Vec<&str> = names.iter().copied().chain(["openssl_conf"]).collect();
        let circumstances = Circumstances {
            release: Some(release),
            names: &names,
            environment: Environment::Whole(&none),
            folder: None,
            side: Side::Any,
            modules: None,
            is_red_hat: Some(false),
        };
        let reading = Reading::of(system, Path::new(PATH), &circumstances);
        let problems = reading.problems();
        (reading.default, problems)
    }

    fn read_on(system: &MemorySystem) -> (SystemDefault, Vec<String>) {
        read_by(Release::new(3, 0, 19), system, &[])
    }

    fn read(text: &str, names: &[&str]) -> (SystemDefault, Vec<String>) {
        read_by(Release::new(3, 0, 19), &MemorySystem::with_files([(PATH, text)]), names)
    }

    fn wrap(commands: &str) -> String {
        format!("openssl_conf = a\n[a]\nssl_conf=b\n[b]\nsystem_default = c\n[c]\n{commands}")
    }

    #[test]
    fn values_of_values_have_an_end() {
        let lines: Vec<String> = (0..400).map(|number| format!("n{number} = $long\n")).collect();
        let (found, problems) =
            read(&format!("long = {}\n{}{}", "x".repeat(60_000), lines.concat(), wrap("MinProtocol = TLSv1.2")), &[]);
        assert_eq!(found.min, None);
        assert_eq!(problems, ["/etc/ssl/openssl.cnf:280: all values come to more than 16 MiB"]);
        assert_eq!(found.doubts, problems, "what the library would do is not known");
    }

    #[test]
    fn finds_the_section_of_the_system() {
        let (found, problems) = read(
            &wrap("MinProtocol = TLSv1.2 # at least\nCipherString = DEFAULT@SECLEVEL=1\nProtocol = -TLSv1, -tlsv1.1\n"),
            &[],
        );
        assert_eq!(problems, [] as [&str; 0]);
        assert_eq!(found.min, Some(Version::Tls1_2));
        assert_eq!(found.cipher_string.as_deref(), Some("DEFAULT@SECLEVEL=1"));
        assert_eq!(found.off, VersionSet::of(&[Version::Tls1, Version::Tls1_1]));
        let (nothing, _) = read("[system_default]\nMinProtocol = TLSv1.3\n", &[]);
        assert_eq!(nothing, SystemDefault::default());
    }

    #[test]
    fn a_vendor_section_comes_first() {
        let text = format!(
            "nginx = n\n{}[n]\nssl_conf = m\n[m]\nsystem_default = o\n[o]\nMaxProtocol = TLSv1.2\n",
            wrap("MaxProtocol = TLSv1.1\n")
        );
        assert_eq!(read(&text, &["nginx"]).0.max, Some(Version::Tls1_2));
        assert_eq!(read(&text, &[]).0.max, Some(Version::Tls1_1));
        assert_eq!(read(&wrap("MaxProtocol = TLSv1.1\n"), &["nginx"]).0.max, Some(Version::Tls1_1));
    }

    #[test]
    fn repeated_names_and_prefixes() {
        // The example of config(5): the second line replaces the first.
        assert_eq!(read(&wrap("MinProtocol = TLSv1.2\nMinProtocol = DTLSv1.2\n"), &[]).0.min, None);
        let prefixed = wrap("TLS.MinProtocol = TLSv1.2\nDTLS.MinProtocol = DTLSv1.2\n");
        assert_eq!(read(&prefixed, &[]).0.min, Some(Version::Tls1_2));
    }

    #[test]
    fn quotes_variables_and_long_lines() {
        let text = format!(
            "low = TLSv1\nx = \"a # b\"\n{}",
            wrap("MinProtocol = \\\n  ${default::low}.1\nMaxProtocol='TLSv1'.2\n")
        );
        let (found, problems) = read(&text, &[]);
        assert_eq!((found.min, found.max, problems.len()), (Some(Version::Tls1_1), Some(Version::Tls1_2), 0));
    }

    #[test]
    fn includes_files_and_directories() {
        let mut system = MemorySystem::with_files([
            (PATH, wrap(".include = /etc/policy.config\n.include /etc/ssl/d\n.include /nowhere\n").as_str()),
            ("/etc/policy.config", "MinProtocol = TLSv1.2\n"),
            ("/etc/ssl/d/a.cnf", "MaxProtocol = TLSv1.2\n"),
            ("/etc/ssl/d/b.txt", "MaxProtocol = TLSv1.1\n"),
        ]);
        let (found, problems) = read_on(&system);
        assert_eq!((found.min, found.max), (Some(Version::Tls1_2), Some(Version::Tls1_2)));
        assert_eq!(problems, ["/nowhere: No such file or directory"]);
        system.add_file(PATH, format!(".include {PATH}\n"));
        let (_, problems) = read_on(&system);
        assert_eq!(problems, ["/etc/ssl/openssl.cnf:1: includes go deeper than 100 files"]);
    }

    #[test]
    fn errors_give_up_the_file() {
        for (text, problem) in [
            ("a\n", "/etc/ssl/openssl.cnf:1: an equal sign is missing"),
            ("\n[ a\n", "/etc/ssl/openssl.cnf:2: the section name has no \"]\""),
            ("a = $b\n", "/etc/ssl/openssl.cnf:1: the variable $b has no value"),
            ("a = ${b\n", "/etc/ssl/openssl.cnf:1: a variable's name has no closing brace"),
        ] {
            assert_eq!(
                read(&format!("{text}{}", wrap("MinProtocol = TLSv1.2")), &[]),
                (SystemDefault::default(), vec![format!("{problem}; OpenSSL gives up the whole file")])
            );
        }
        let (found, problems) = read(&wrap("MinProtocol = 1.2\nMaxProtocol = None\n"), &[]);
        assert_eq!((found.min, found.max), (None, None));
        assert_eq!(problems, ["/etc/ssl/openssl.cnf:7: MinProtocol is refused: bad value \"1.2\""]);
    }

    #[test]
    fn any_bytes_are_read() {
        for bytes in [&b"\xff\xfe[\x00]=$"[..], b"[", b"=", b"a=\\", b"a='", b"a=\"\"\"", b"a=$(", b"\\"] {
            let _ = read_on(&MemorySystem::with_files([(PATH, bytes)]));
        }
    }

    fn modules(lines: &str) -> (SystemDefault, Vec<String>) {
        read(&format!("openssl_conf = i\n[i]\n{lines}\n[s]\nsystem_default = c\n[c]\nMinProtocol = TLSv1.3\n"), &[])
    }

    /// Each as OpenSSL 3.0.19 does it, by the lowest version of a new context of Python.
    #[test]
    fn a_module_that_fails_ends_the_loading() {
        for (lines, counts) in [
            ("ssl_conf = s", true),
            ("ssl = s", true),
            ("ssl_conf.a = s", true),
            ("ssl_conf.a.b = s", false),
            ("a.ssl_conf = s", false),
            ("nosuch = x\nssl_conf = s", false),
            ("ssl_conf = s\nnosuch = x", true),
            ("ssl_conf = s\nssl_conf.2 = nowhere", false),
            ("ssl_conf = s\nssl_conf.2 = t\n[t]\nserver = nowhere", false),
            ("ssl_conf = s\n[s]\nserver = nowhere", false),
            ("oid_section = o\nssl_conf = s", false),
            ("oid_section = o\nssl_conf = s\n[o]", true),
            ("oid_section = o\nssl_conf = s\n[o]\nx = y", false),
            ("oid_section = o\nssl_conf = s\n[o]\nx = 1.2.3.4\ny = 1.2.3.4", false),
            ("oid_section = o\nssl_conf = s\n[o]\nx = some name, 1.2.3.4", true),
            ("engines = e\nssl_conf = s\n[e]\nx = y\n[y]", true),
            ("engines = e\nssl_conf = s\n[e]\nx = y", false),
            ("engines = e\nssl_conf = s\n[e]\nx = y\n[y]\ndynamic_path = /nowhere.so", false),
            ("alg_section = e\nssl_conf = s\n[e]\nfips_mode = no", true),
            ("alg_section = e\nssl_conf = s\n[e]\nfips_mode = off", false),
            ("alg_section = e\nssl_conf = s\n[e]\nrh-allow-sha1-signatures = yes", false),
            ("random = e\nssl_conf = s\n[e]\nrandom = CTR-DRBG", true),
            ("random = e\nssl_conf = s\n[e]\nbogus = 1", false),
            ("providers = p\nssl_conf = s\n[p]\nnosuch = d\n[d]", true),
            ("providers = p\nssl_conf = s\n[p]\nnosuch = d", false),
            ("providers = p\nssl_conf = s\n[p]\ndefault = d\nlegacy = d\n[d]\nactivate = 1", true),
        ] {
            let (found, problems) = modules(lines);
            assert_eq!(found.min.is_some(), counts, "{lines}: {problems:?}");
            assert_eq!(
                (problems.is_empty(), found.refuses),
                (counts && !lines.ends_with("nosuch = x"), None),
                "{lines}: {problems:?}"
            );
        }
    }

    #[test]
    fn without_a_provider_there_is_no_tls() {
        let providers = |lines: &str| modules(&format!("providers = p\nssl_conf = s\n[p]\n{lines}")).0;
        assert!(providers("legacy = d\n[d]\nactivate = 1").refuses.is_some());
        assert!(providers("base = d\n[d]\nactivate = 1").refuses.is_some());
        assert_eq!(providers("default = d\n[d]\nactivate = 0").refuses, None, "any value, before 3.2");
        assert!(!providers("fips = d\nbase = d\n[d]\nactivate = 1").doubts.is_empty());
        assert!(modules("alg_section = e\nssl_conf = s\n[e]\nfips_mode = yes").0.refuses.is_some());
    }

    #[test]
    fn diagnostics_and_old_releases() {
        let text = format!("config_diagnostics = 1\n{}", wrap("NoSuch = 1\nMinProtocol = TLSv1.3\n"));
        let system = MemorySystem::with_files([(PATH, &text)]);
        let by = |release: &str| read_by(Release::parse(release).expect("a version"), &system, &[]);
        for release in ["1.1.1w", "3.0.2", "3.1.4", "3.2.0"] {
            let (old, _) = by(release);
            assert_eq!((old.min, old.refuses), (None, None), "{release} stops at the first that it does not know");
        }
        let (new, problems) = by("3.0.19");
        assert_eq!((new.min, new.refuses), (Some(Version::Tls1_3), None));
        assert_eq!(problems, ["/etc/ssl/openssl.cnf:8: \"NoSuch\" is no command that counts here"]);
        assert!(by("3.6.3").0.refuses.is_some());
        let providers = MemorySystem::with_files([(
            PATH,
            "openssl_conf=i\n[i]\nproviders=p\nssl_conf=s\n[p]\n[s]\nsystem_default=c\n[c]\nMinProtocol=TLSv1.3\n",
        )]);
        let min = |release: &str| read_by(Release::parse(release).expect("a version"), &providers, &[]).0.min;
        assert_eq!([min("1.1.1w"), min("3.0.19")], [None, Some(Version::Tls1_3)]);
    }

    /// A file of a folder that includes a file: the rest of the folder comes before the rest of itself.
    #[test]
    fn folders_are_read_in_their_own_order() {
        let mut system = MemorySystem::with_files([
            (PATH, wrap(".include /etc/ssl/d\n").as_str()),
            ("/etc/ssl/d/a.cnf", ".include /etc/ssl/f\nMinProtocol = TLSv1.3\n"),
            ("/etc/ssl/d/b.CNF", "MaxProtocol = TLSv1.3\n"),
            ("/etc/ssl/d/.conf", "junk\n"),
            ("/etc/ssl/f", "MinProtocol = TLSv1.1\n"),
        ]);
        let (found, problems) = read_on(&system);
        assert_eq!((found.min, found.max, problems), (Some(Version::Tls1_3), Some(Version::Tls1_3), Vec::new()));
        system.add_file("/etc/ssl/d/b.CNF", "MinProtocol = TLSv1.2\n");
        let order = "the order in which the file system lists /etc/ssl/d decides MinProtocol";
        assert_eq!(read_on(&system).0.doubts, [order]);
    }

    #[test]
    fn what_depends_on_the_program_is_not_known() {
        let (found, _) = read(&wrap(".include policy.cnf\n"), &[]);
        let doubt = "/etc/ssl/openssl.cnf:7: a relative include depends on the folder in which the program is started";
        assert_eq!(found.doubts, [doubt]);
        let (unset, problems) = read(&wrap("MinProtocol = TLSv1.3\nx = $ENV::X\n"), &[]);
        assert_eq!((unset.min, unset.doubts.len()), (None, 0));
        let void = "the environment variable X is not set; OpenSSL gives up the whole file";
        assert_eq!(problems, [format!("/etc/ssl/openssl.cnf:8: {void}")]);
    }
}
