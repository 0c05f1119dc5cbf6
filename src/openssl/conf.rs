//! The system's configuration of OpenSSL: the `system_default` section of openssl.cnf.
//!
//! OpenSSL applies it to every new context, before the server's own settings (`ssl_do_config` in `ssl/ssl_mcnf.c`;
//! since 1.1.1). What the server sets itself afterwards wins; rules N1 to N3 of `docs/services/nginx.md`, R26 of
//! `docs/services/apache.md`.

use super::conf_file::ConfFile;
use crate::system::System;
use crate::tls::{Version, VersionSet};
use std::path::Path;

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
}

impl SystemDefault {
    /// Reads an openssl.cnf as a program does that asks for the given sections first (`["nginx"]` for nginx since
    /// 1.25.2), then for `openssl_conf`. A file that is not there is no problem.
    ///
    /// The second value is what is wrong, as lowercase fragments with the path in them.
    pub fn read(system: &dyn System, path: &Path, vendor_sections: &[&str]) -> (SystemDefault, Vec<String>) {
        let mut default = SystemDefault::default();
        if system.kind(path).is_err() {
            return (default, Vec::new());
        }
        let mut file = match ConfFile::read(system, path) {
            Ok(file) => file,
            Err(problem) => return (default, vec![problem]),
        };
        let mut problems = std::mem::take(&mut file.problems);
        let mut names = vendor_sections.iter().copied().chain(["openssl_conf"]);
        let Some(start) = names.find_map(|name| file.value("default", name)) else { return (default, problems) };
        let modules = file.section(start);
        let module = |wanted: &str| {
            let named = |name: &str| name.rsplit_once('.').map_or(name, |(name, _)| name) == wanted;
            modules.iter().rev().find(|(name, _)| named(name)).map(|(_, value)| *value)
        };
        let section = |name: Option<&str>| name.map(|name| file.section(name)).unwrap_or_default();
        default.sha1_signatures = section(module("alg_section")).contains(&("rh-allow-sha1-signatures", "yes"));
        let providers = section(module("providers"));
        let own = ["default", "legacy", "base", "fips"];
        default.foreign = providers.iter().any(|(name, _)| !own.contains(name));
        let legacy = providers.iter().find(|(name, _)| *name == "legacy").map(|(_, name)| *name);
        let is_on = |value: &str| matches!(value, "1" | "yes" | "YES" | "true" | "TRUE" | "on" | "ON");
        default.legacy = section(legacy).iter().any(|(name, value)| *name == "activate" && is_on(value));
        let programs = section(module("ssl_conf"));
        let system_default = programs.iter().find(|(name, _)| *name == "system_default").map(|(_, name)| *name);
        for (name, value) in section(system_default) {
            if let Err(problem) = default.set(name, value) {
                problems.push(format!("{}: {problem}", path.display()));
            }
        }
        (default, problems)
    }

    /// Runs one command of `SSL_CONF_cmd(3)`; those that have nothing to do with versions are passed over.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        // What stands before the first dot is only there to make names different.
        let command = name.split_once('.').map_or(name, |(_, command)| command);
        match command.to_ascii_lowercase().as_str() {
            "cipherstring" => self.cipher_string = Some(value.to_owned()),
            "ciphersuites" => self.ciphersuites = Some(value.to_owned()),
            "groups" | "curves" => self.groups = Some(value.to_owned()),
            "signaturealgorithms" => self.signatures = Some(value.to_owned()),
            "minprotocol" | "maxprotocol" if value.starts_with("DTLS") => {}
            "minprotocol" => self.min = bound(name, value)?,
            "maxprotocol" => self.max = bound(name, value)?,
            "protocol" => {
                for word in value.split(',').map(str::trim) {
                    self.switch(word).ok_or_else(|| format!("{name} has the unknown value \"{word}\""))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// One word of `Protocol`: `-TLSv1`, `TLSv1.2`, `ALL`.
    fn switch(&mut self, word: &str) -> Option<()> {
        let (on, name) = match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.strip_prefix('+').unwrap_or(word)),
        };
        let versions = match name.to_ascii_lowercase().as_str() {
            "all" => VersionSet::ALL,
            "dtlsv1" | "dtlsv1.2" => VersionSet::EMPTY,
            _ => VersionSet::of(&[Version::from_name_ignore_case(name.as_bytes())?]),
        };
        self.off = if on { self.off.minus(versions) } else { self.off.union(versions) };
        Some(())
    }
}

/// The value of `MinProtocol` or `MaxProtocol`: a name in exactly that spelling.
fn bound(name: &str, value: &str) -> Result<Option<Version>, String> {
    match Version::from_name(value.as_bytes()) {
        Some(version) if version != Version::Ssl2 => Ok(Some(version)),
        _ if value == "None" => Ok(None),
        _ => Err(format!("{name} has the unknown value \"{value}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    const PATH: &str = "/etc/ssl/openssl.cnf";

    fn read(text: &str, vendor: &[&str]) -> (SystemDefault, Vec<String>) {
        SystemDefault::read(&MemorySystem::with_files([(PATH, text)]), Path::new(PATH), vendor)
    }

    fn wrap(commands: &str) -> String {
        format!("openssl_conf = a\n[a]\nssl_conf=b\n[b]\nsystem_default = c\n[c]\n{commands}")
    }

    #[test]
    fn values_of_values_have_an_end() {
        let lines: Vec<String> = (0..400).map(|number| format!("n{number} = $long\n")).collect();
        let (found, problems) =
            read(&format!("long = {}\n{}{}", "x".repeat(60_000), lines.concat(), wrap("MinProtocol = TLSv1.2")), &[]);
        assert_eq!(found, SystemDefault::default());
        assert_eq!(problems, ["/etc/ssl/openssl.cnf:280: all values come to more than 16 MiB"]);
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
        let (found, problems) = SystemDefault::read(&system, Path::new(PATH), &[]);
        assert_eq!((found.min, found.max), (Some(Version::Tls1_2), Some(Version::Tls1_2)));
        assert_eq!(problems, ["/nowhere: No such file or directory"]);
        system.add_file(PATH, format!(".include {PATH}\n"));
        let (_, problems) = SystemDefault::read(&system, Path::new(PATH), &[]);
        assert_eq!(problems, ["/etc/ssl/openssl.cnf: too many includes"]);
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
                (SystemDefault::default(), vec![problem.to_owned()])
            );
        }
        let (found, problems) = read(&wrap("MinProtocol = 1.2\nMaxProtocol = None\n"), &[]);
        assert_eq!((found.min, found.max), (None, None));
        assert_eq!(problems, ["/etc/ssl/openssl.cnf: MinProtocol has the unknown value \"1.2\""]);
    }

    #[test]
    fn any_bytes_are_read() {
        for bytes in [&b"\xff\xfe[\x00]=$"[..], b"[", b"=", b"a=\\", b"a='", b"a=\"\"\"", b"a=$(", b"\\"] {
            let system = MemorySystem::with_files([(PATH, bytes)]);
            let _ = SystemDefault::read(&system, Path::new(PATH), &[]);
        }
    }
}
