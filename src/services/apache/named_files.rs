//! Files and directories that directives name and httpd does not start without.

use super::files::absolute;
use super::model::Place;
use super::read::{Line, Reader};
use super::values;
use crate::system::{Kind, System};
use std::io::ErrorKind;
use std::path::Path;

/// What a directive names.
#[derive(Debug)]
pub(super) struct Named {
    place: Place,
    /// The directive as it is written.
    name: String,
    path: Vec<u8>,
    is_directory: bool,
    may_be_empty: bool,
}

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

impl Reader<'_> {
    /// Notes what a directive of `mod_ssl` names.
    pub(super) fn note_files(&mut self, line: &Line, name: &str, lower: &str, words: &[String]) {
        let is_directory = values::is_directory(lower);
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
                if !COMMANDS.contains(&command.to_ascii_lowercase().as_str()) {
                    return;
                }
                path
            }
            _ => return,
        };
        let is_elsewhere = path.starts_with("pkcs11:");
        if !path.is_empty() && !is_elsewhere && line.undefined.is_empty() {
            let path = path.as_bytes().to_vec();
            let (place, name) = (line.place, name.to_owned());
            self.named_files.push(Named { place, name, path, is_directory, may_be_empty: false });
        }
    }

    /// Notes the file of a `RewriteMap`: what has no known kind in front of it is one of text.
    pub(super) fn note_map(&mut self, line: &Line, words: &[String]) {
        let Some(map) = words.get(1).filter(|_| line.undefined.is_empty()) else { return };
        let path = match map.split_once(':') {
            Some(("txt" | "rnd", path)) => path,
            Some(("prg", program)) => program.split(' ').next().unwrap_or_default(),
            // Those of databases may have other names on disk.
            _ if !map.starts_with('/') => return,
            _ => map,
        };
        let (place, path) = (line.place, path.as_bytes().to_vec());
        let name = "RewriteMap".to_owned();
        self.named_files.push(Named { place, name, path, is_directory: false, may_be_empty: true });
    }

    /// Complains about files that are not there, if this is a host or an image of one, and their directories can be seen.
    pub(super) fn check_files(&mut self) {
        let named = std::mem::take(&mut self.named_files);
        if !self.world.facts.sees_host {
            return;
        }
        for file in named {
            let path = absolute(&self.server_root, &file.path);
            let (name, shown) = (&file.name, path.display());
            let is_there = file.may_be_empty && self.system().kind(&path).is_ok();
            let is_missing = !is_there && is_missing(self.system(), &path, file.is_directory);
            if is_missing && file.is_directory {
                self.model.complain(file.place, format!("{name}: directory '{shown}' does not exist"));
            } else if is_missing {
                self.model.complain(file.place, format!("{name}: file '{shown}' does not exist or is empty"));
            }
        }
        for (place, path) in std::mem::take(&mut self.loaded_files) {
            // The library looks in its own directories where no directory is named.
            if path.starts_with(b"/") && is_missing(self.system(), &absolute(&self.server_root, &path), false) {
                let path = String::from_utf8_lossy(&path);
                self.model.complain(place, format!("cannot load {path} into server: there is no such file"));
            }
        }
    }
}

/// Is it sure that a file (or directory) is not there?
fn is_missing(system: &dyn System, path: &Path, is_directory: bool) -> bool {
    match system.kind(path) {
        Ok(Kind::Directory) => !is_directory,
        // An empty one counts as missing.
        Ok(Kind::File) => is_directory || system.read(path).is_ok_and(|bytes| bytes.is_empty()),
        Ok(_) => is_directory,
        Err(error) => {
            // An empty directory is one whose content was not copied.
            let can_be_seen = |parent: &Path| system.list(parent).is_ok_and(|names| !names.is_empty());
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                && path.parent().is_some_and(can_be_seen)
        }
    }
}
