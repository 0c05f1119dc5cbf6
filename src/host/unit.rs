//! systemd units: systemd.unit(5), systemd.service(5).

use super::words::{raw_words, unquoted};
use crate::system::System;
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
pub(crate) struct Unit {
    /// The files that it was read from.
    pub(crate) files: Vec<PathBuf>,
    /// The last `ExecStart=`, as written.
    pub(crate) exec_start: Option<String>,
    /// `Environment=` assignments in their order.
    pub(crate) environment: Vec<(String, String)>,
    /// `EnvironmentFile=` paths in their order.
    pub(crate) environment_files: Vec<PathBuf>,
}

impl Unit {
    /// The unit `NAME.service`; `None`: there is none, or it is masked.
    pub(crate) fn read(system: &dyn System, name: &str) -> Option<Unit> {
        let paths = FOLDERS.iter().map(|folder| Path::new(folder).join(format!("{name}.service")));
        let (path, bytes) = paths.into_iter().find_map(|path| Some((path.clone(), system.read(&path).ok()?)))?;
        if bytes.is_empty() {
            return None;
        }
        let mut unit = Unit::default();
        unit.add(path, &bytes);
        // Drop-ins of all folders, ordered by their names; of equal names the one of the first folder counts.
        let mut drop_ins: Vec<(String, PathBuf)> = Vec::new();
        for folder in FOLDERS {
            let folder = Path::new(folder).join(format!("{name}.service.d"));
            for entry in system.list(&folder).unwrap_or_default() {
                let file = entry.name.to_string_lossy().into_owned();
                if Path::new(&file).extension().is_some_and(|e| e == "conf") && drop_ins.iter().all(|(f, _)| *f != file)
                {
                    drop_ins.push((file.clone(), folder.join(file)));
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

    fn add(&mut self, path: PathBuf, bytes: &[u8]) {
        self.files.push(path);
        let text = String::from_utf8_lossy(bytes).replace("\\\n", " ");
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
