//! Files and directories that directives name and httpd does not start without.

use super::files::absolute;
use super::reader::{Interpreter, LogicalLine, NamedFile};
use super::values;
use crate::services::named_file;
use crate::services::place::Place;
use crate::source::FileId;
use crate::system::{Kind, System};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Commands of `SSLOpenSSLConfCmd` whose value is a file, which httpd itself looks for, TLS or not.
const COMMANDS: &[&str] = &[
    "certificate",
    "chaincafile",
    "clientcafile",
    "dhparameters",
    "privatekey",
    "requestcafile",
    "serverinfofile",
    "verifycafile",
];

/// The same for directories.
const DIRECTORY_COMMANDS: &[&str] = &["chaincapath", "clientcapath", "requestcapath", "verifycapath"];

impl Interpreter<'_> {
    /// Notes what a directive of `mod_ssl` names.
    pub(super) fn note_files(&mut self, line: &LogicalLine, name: &str, lower: &str, words: &[String]) {
        let mut is_directory = values::is_directory(lower);
        let path = match words {
            [program] if lower == "sslpassphrasedialog" => match program.strip_prefix("exec:") {
                Some(path) => path,
                None => return,
            },
            [_, source, ..] if lower == "sslrandomseed" && !source.eq_ignore_ascii_case("builtin") => {
                let path = ["file:", "exec:"].iter().find_map(|kind| source.strip_prefix(kind));
                path.unwrap_or(source)
            }
            [path] if is_directory || values::is_file(lower) => path.as_str(),
            [command, path] if lower == "sslopensslconfcmd" => {
                let command = command.to_ascii_lowercase();
                is_directory = DIRECTORY_COMMANDS.contains(&command.as_str());
                if !is_directory && !COMMANDS.contains(&command.as_str()) {
                    return;
                }
                path
            }
            _ => return,
        };
        let is_elsewhere = path.starts_with("pkcs11:");
        if !path.is_empty() && !is_elsewhere && line.undefined.is_empty() {
            let path = path.as_bytes().to_vec();
            let (place, name, by) = (line.place, name.to_owned(), self.files_of(line));
            self.named_files.push(NamedFile { place, name, path, by, is_directory, may_be_empty: false });
        }
    }

    /// Notes the file of a `RewriteMap`: what has no known kind in front of it is one of text.
    pub(super) fn note_map(&mut self, line: &LogicalLine, words: &[String]) {
        let Some(map) = words.get(1).filter(|_| line.undefined.is_empty()) else { return };
        let path = match map.split_once(':') {
            Some(("txt" | "rnd", path)) => path,
            Some(("prg", program)) => program.split(' ').next().unwrap_or_default(),
            // Those of databases may have other names on disk.
            _ if !map.starts_with('/') => return,
            _ => map,
        };
        let (place, path, by) = (line.place, path.as_bytes().to_vec(), self.files_of(line));
        let name = "RewriteMap".to_owned();
        self.named_files.push(NamedFile { place, name, path, by, is_directory: false, may_be_empty: true });
    }

    /// Complains about files that are not there, if this is a host or an image of one, and their directories can be seen.
    pub(super) fn check_files(&mut self) {
        let named = std::mem::take(&mut self.named_files);
        self.hide_files(&named);
        if !self.world.facts.sees_host {
            return;
        }
        for file in named {
            let path = absolute(&self.server_root, &file.path);
            if self.is_hidden(&file.by, &file.path, &path) {
                continue;
            }
            let (name, shown) = (&file.name, path.display());
            let is_there = file.may_be_empty && self.system().kind(&path).is_ok();
            let is_missing = !is_there && is_missing(self.system(), &path, file.is_directory);
            if is_missing && file.is_directory {
                self.model.complain(file.place, format!("{name}: directory '{shown}' does not exist"));
            } else if is_missing {
                self.model.complain(file.place, format!("{name}: file '{shown}' does not exist or is empty"));
            }
        }
        for (place, path, by) in std::mem::take(&mut self.loaded_files) {
            let full = absolute(&self.server_root, &path);
            // The library looks in its own directories where no directory is named.
            if path.starts_with(b"/") && !self.is_hidden(&by, &path, &full) && is_missing(self.system(), &full, false) {
                let path = String::from_utf8_lossy(&path);
                self.model.complain(place, format!("cannot load {path} into server: there is no such file"));
            }
        }
    }
}

impl Interpreter<'_> {
    /// May one of those whose words name a file, as it is written and from the root on, not be able to see it?
    pub(super) fn is_hidden(&mut self, by: &BTreeSet<FileId>, written: &[u8], path: &Path) -> bool {
        let relative = self.server_root_by.iter().filter(|_| !written.starts_with(b"/"));
        let by: Vec<FileId> = by.iter().chain(relative).copied().collect();
        let who = match self.words.get(&by) {
            Some(who) => who.clone(),
            None => {
                let who = self.model.trail.word_of(self.world.system, &self.sources, &by);
                self.words.insert(by, who.clone());
                who
            }
        };
        let Interpreter { world, hidden, .. } = self;
        !who.is_empty()
            && *hidden
                .entry((who, path.to_owned()))
                .or_insert_with_key(|(who, path)| named_file::is_hidden(world.system, path, who))
    }

    /// Takes away the paths of files that nothing is to be said of: no file is read by an empty one.
    fn hide_files(&mut self, named: &[NamedFile]) {
        // A variable in it may be somebody else's word.
        let by: BTreeMap<(Place, &[u8]), &BTreeSet<FileId>> =
            named.iter().map(|file| ((file.place, file.path.as_slice()), &file.by)).collect();
        let mut servers = std::mem::take(&mut self.model.servers);
        for server in &mut servers {
            let files = server.certificates.iter_mut().chain(&mut server.key_files);
            let files = files.chain(server.stores.values_mut()).chain(&mut server.chain_file);
            let files = files.map(|(path, place)| (path, place));
            let loads = server.loads.iter_mut().filter_map(|(load, place)| Some((load.path_mut()?, place)));
            for (path, place) in files.chain(loads) {
                let written = path.as_os_str().as_encoded_bytes();
                let full = absolute(&self.server_root, written);
                let here = BTreeSet::from([place.span.file]);
                let by = by.get(&(*place, written)).copied().unwrap_or(&here);
                *path = if self.is_hidden(by, written, &full) { PathBuf::new() } else { full };
            }
        }
        self.model.servers = servers;
    }
}

/// Is it sure that a file (or directory) is not there?
fn is_missing(system: &dyn System, path: &Path, is_directory: bool) -> bool {
    match system.kind(path) {
        Ok(Kind::Directory) => !is_directory,
        // An empty one counts as missing.
        Ok(Kind::File) => is_directory || system.size(path).is_ok_and(|size| size == 0),
        Ok(_) => is_directory,
        Err(error) => {
            // An empty directory is one whose content was not copied.
            let can_be_seen = |parent: &Path| system.list(parent).is_ok_and(|names| !names.is_empty());
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                && path.parent().is_some_and(can_be_seen)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::host::Facts;
    use crate::services::apache::Apache;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    /// What is said of the files that a site names whose owner is that user.
    fn said(owner: u32) -> Vec<String> {
        let lines = [
            "Listen 443",
            "ServerName x",
            "Define where /secret",
            "LoadFile /secret/none.so",
            "LoadModule foreign_module /secret/none.so",
            "ServerRoot /secret/none",
            "<VirtualHost *:443>",
            "SSLEngine on",
            "SSLCertificateFile /secret/rubbish",
            "SSLCertificateKeyFile /secret/none",
            "SSLCACertificateFile ${where}/rubbish",
            "SSLCARevocationFile /secret/folder",
            "SSLProxyCACertificateFile /open/none",
            "</VirtualHost>",
        ];
        let main = "LoadModule ssl_module modules/mod_ssl.so\nInclude /sites/own\nSSLCADNRequestFile ${where}/none\n";
        let mut system = MemorySystem::with_files([
            ("/etc/httpd/conf/httpd.conf", main.to_owned()),
            ("/etc/httpd/modules/mod_ssl.so", "x".to_owned()),
            ("/sites/own", lines.join("\n") + "\n"),
            ("/secret/rubbish", "rubbish".to_owned()),
            ("/secret/folder/x", "x".to_owned()),
            ("/open/x", "x".to_owned()),
        ]);
        system.give("/sites/own", owner, 0o644);
        system.give("/secret", 0, 0o700);
        let (facts, mut sources) = (Facts { sees_host: true, ..Facts::unknown() }, SourceMap::default());
        let world = World { system: &system, facts: &facts };
        let resolved = Apache.load(Path::new("/etc/httpd/conf/httpd.conf"), world, &mut sources);
        resolved.instance().problems.iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn nobody_is_told_of_files_that_they_can_not_see() {
        let (root, other) = (said(0), said(33));
        let secret = |said: &[String]| said.iter().filter(|message| message.contains("/secret")).count();
        assert!(secret(&root) >= 6, "{root:?}");
        assert_eq!(secret(&other), 0, "{other:?}");
        let open = "file '/open/none' does not exist";
        assert!(other.iter().any(|message| message.contains(open)), "{other:?}");
    }
}
