//! systemd units: systemd.unit(5), systemd.service(5).

use super::shell::Shell;
use super::words::{raw_words, unquoted};
use crate::system::{LARGEST_FILE, System};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where units are looked for, the most important place first.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// A service's unit with its drop-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// What stands behind the `@` of its name, if it comes from a template.
    pub instance: Option<String>,
    /// The files that it was read from.
    pub files: Vec<PathBuf>,
    /// The last `ExecStart=`, as written.
    pub exec_start: Option<String>,
    /// `Environment=` assignments in their order.
    pub environment: Vec<(String, String)>,
    /// `EnvironmentFile=` paths in their order.
    pub environment_files: Vec<PathBuf>,
    /// The user as whom it runs; none: root.
    pub user: Option<String>,
    /// Does it see other files than the host has at the same paths?
    pub has_own_files: bool,
    /// Has it folders of its own for /tmp and /var/tmp?
    pub has_own_tmp: bool,
}

impl Unit {
    /// The unit `NAME.service`; `None`: there is none, or it is masked. An instance of a template (`web@one`) that has
    /// no file of its own is read from the template (`web@.service`).
    pub fn read(system: &dyn System, name: &str) -> Option<Unit> {
        let template = name.split_once('@').map(|(prefix, instance)| (format!("{prefix}@"), instance));
        let file = |name: &str| {
            let mut paths = FOLDERS.iter().map(|folder| Path::new(folder).join(format!("{name}.service")));
            // A link to /dev/null masks what is in the folders behind it.
            let path = paths.find(|path| system.kind(path).is_ok())?;
            let bytes = system.read(&path).ok()?;
            Some((path, bytes))
        };
        let (path, bytes) = file(name).or_else(|| file(&template.as_ref()?.0))?;
        if bytes.is_empty() {
            return None;
        }
        let mut unit = Unit { instance: template.map(|(_, instance)| instance.to_owned()), ..Unit::default() };
        unit.add(path, &bytes);
        // Drop-ins of all folders, ordered by their names; of equal names the one of the first folder counts.
        let mut drop_ins: Vec<(String, PathBuf)> = Vec::new();
        let target = system.canonical(&unit.files[0]).ok();
        let target = target.as_ref().and_then(|path| path.file_name()?.to_str()?.strip_suffix(".service"));
        let names: BTreeSet<String> = [Some(name), target].into_iter().flatten().flat_map(drop_ins_of).collect();
        for folder in FOLDERS {
            for name in &names {
                let folder = Path::new(folder).join(name);
                for entry in system.list(&folder).unwrap_or_default() {
                    let file = entry.name.to_string_lossy().into_owned();
                    let counts = Path::new(&file).extension().is_some_and(|e| e == "conf");
                    if counts && drop_ins.iter().all(|(f, _)| *f != file) {
                        drop_ins.push((file.clone(), folder.join(file)));
                    }
                }
            }
        }
        drop_ins.sort();
        for (_, path) in drop_ins {
            if let Ok(bytes) = system.read(&path) {
                unit.add(path, &bytes);
            }
        }
        Some(unit)
    }

    /// The names of all services whose files have one of these texts in them, and of enabled instances of templates
    /// that have; without `.service`, sorted.
    pub fn names(system: &dyn System, texts: &[&str]) -> Vec<String> {
        let mut names = BTreeSet::new();
        let mut instances = BTreeSet::new();
        for folder in FOLDERS.map(Path::new) {
            for entry in system.list(folder).unwrap_or_default() {
                let name = entry.name.to_string_lossy().into_owned();
                if let Some(service) = name.strip_suffix(".service") {
                    let bytes = system.read(&folder.join(&entry.name)).unwrap_or_default();
                    if texts.iter().any(|text| memchr::memmem::find(&bytes, text.as_bytes()).is_some()) {
                        names.insert(service.to_owned());
                    }
                } else if matches!(name.rsplit_once('.'), Some((_, "wants" | "requires"))) {
                    let enabled = system.list(&folder.join(&entry.name)).unwrap_or_default();
                    let enabled = enabled.iter().filter_map(|e| e.name.to_str()?.strip_suffix(".service"));
                    instances.extend(enabled.filter(|service| service.contains('@')).map(str::to_owned));
                }
            }
        }
        let known =
            |name: &String| name.split_once('@').is_some_and(|(prefix, _)| names.contains(&format!("{prefix}@")));
        let instances: Vec<String> = instances.into_iter().filter(known).collect();
        names.extend(instances);
        // A template alone starts nothing.
        names.into_iter().filter(|name| !name.ends_with('@')).collect()
    }

    /// The environment that the unit gives, as variables.
    pub fn shell(&self, system: &dyn System) -> Shell {
        let mut shell = Shell::default();
        for (name, value) in &self.environment {
            shell.export(name, value);
        }
        for file in &self.environment_files {
            let text = system.read(file).unwrap_or_default();
            for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
                if let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
                    shell.export(name, &unquoted(value));
                }
            }
        }
        shell
    }

    /// Puts the name of the instance where the template wants it. What became longer than a file may be says nothing.
    fn specified(&self, text: &str) -> String {
        let Some(instance) = &self.instance else { return text.to_owned() };
        let more = memchr::memchr_iter(b'%', text.as_bytes()).count() * instance.len();
        if (text.len() + more) as u64 > LARGEST_FILE {
            return String::new();
        }
        text.replace("%i", instance).replace("%I", &instance.replace('-', "/"))
    }

    fn add(&mut self, path: PathBuf, bytes: &[u8]) {
        self.files.push(path);
        let text = self.specified(&logical_lines(&String::from_utf8_lossy(bytes)));
        let mut section = "";
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                section = line;
            }
            let Some((name, value)) = line.split_once('=').filter(|_| section == "[Service]") else { continue };
            let value = value.trim();
            match name.trim() {
                _ if line.starts_with(['#', ';']) => {}
                "ExecStart" => self.exec_start = (!value.is_empty()).then(|| value.to_owned()),
                "RootDirectory"
                | "RootImage"
                | "BindPaths"
                | "BindReadOnlyPaths"
                | "TemporaryFileSystem"
                | "MountImages"
                | "ExtensionImages"
                | "ExtensionDirectories" => self.has_own_files |= !value.is_empty(),
                "PrivateTmp" => self.has_own_tmp = !matches!(value, "no" | "false" | "off" | "0"),
                "User" => self.user = (!value.is_empty()).then(|| value.to_owned()),
                "DynamicUser" if matches!(value, "yes" | "true" | "on" | "1") => {
                    self.user = Some("a user of its own".to_owned());
                }
                "Environment" if value.is_empty() => self.environment.clear(),
                "Environment" => {
                    for word in raw_words(value) {
                        let word = unquoted(&word);
                        if let Some((name, value)) = word.split_once('=') {
                            self.environment.push((name.to_owned(), value.to_owned()));
                        }
                    }
                }
                "EnvironmentFile" if value.is_empty() => self.environment_files.clear(),
                "EnvironmentFile" => self.environment_files.push(PathBuf::from(value.trim_start_matches('-'))),
                _ => {}
            }
        }
    }
}

/// The folders of drop-ins that are for a unit: its own, its template's, those of the beginnings of its name up to each
/// dash, and that of all services (systemd.unit(5)).
fn drop_ins_of(name: &str) -> Vec<String> {
    let (base, template) = match name.split_once('@') {
        Some((prefix, _)) => (prefix, Some(format!("{prefix}@"))),
        None => (name, None),
    };
    let beginnings = base.match_indices('-').map(|(at, _)| base[..=at].to_owned());
    let names = std::iter::once(name.to_owned()).chain(template).chain(beginnings);
    names.map(|name| format!("{name}.service.d")).chain(["service.d".to_owned()]).collect()
}

/// The lines, those that end in a backslash put together with the next one. A comment does not go on, and ends nothing.
fn logical_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(begun) => out.extend([begun, " "]),
            None => out.extend([line, "\n"]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn drop_ins_add_and_reset() {
        let system = MemorySystem::with_files([
            (
                "/usr/lib/systemd/system/httpd.service",
                "[Unit]\nEnvironment=NO=1\n[Service]\nEnvironment=LANG=C \"A=b c\"\nEnvironmentFile=-/etc/sysconfig/httpd\n\
                 ExecStart=/usr/sbin/httpd $OPTIONS \\\n  -DFOREGROUND\n",
            ),
            ("/etc/systemd/system/httpd.service.d/b.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/httpd -D X\n"),
            ("/usr/lib/systemd/system/httpd.service.d/a.conf", "[Service]\nEnvironment=LANG=de\n# Environment=B=1\n"),
            ("/usr/lib/systemd/system/httpd.service.d/b.conf", "[Service]\nExecStart=\n"),
        ]);
        let unit = Unit::read(&system, "httpd").expect("a unit");
        assert_eq!(unit.exec_start.as_deref(), Some("/usr/sbin/httpd -D X"));
        let environment: Vec<String> = unit.environment.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(environment, ["LANG=C", "A=b c", "LANG=de"]);
        assert_eq!(unit.environment_files, [Path::new("/etc/sysconfig/httpd")]);
        assert_eq!(unit.files.len(), 3);
        assert_eq!(Unit::read(&system, "nginx"), None);
    }
}
