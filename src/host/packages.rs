//! Versions from package databases: dpkg and apk. (rpm's needs a database library; programs are read instead.)

use crate::release::Release;
use crate::system::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// The version as upstream counts it.
    pub(crate) release: Release,
    /// `package nginx 1.22.1-9+deb12u1 (/var/lib/dpkg/status)`
    pub(crate) source: String,
}

/// The installed packages by name, as far as their versions can be read.
#[derive(Debug, Default)]
pub(crate) struct Packages(BTreeMap<String, Package>);

impl Packages {
    /// Reads whichever databases are there.
    pub(crate) fn read(system: &dyn System) -> Packages {
        let mut packages = Packages::default();
        let mut files = vec![PathBuf::from("/var/lib/dpkg/status")];
        let folder = Path::new("/var/lib/dpkg/status.d");
        files.extend(system.list(folder).unwrap_or_default().into_iter().map(|e| folder.join(e.name)));
        for file in files {
            // The files of distroless images have no `Status:`.
            let whole = file.parent() == Some(folder);
            packages.add(system, &file, &["Package: ", "Version: "], whole);
        }
        for file in ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"] {
            packages.add(system, Path::new(file), &["P:", "V:"], true);
        }
        packages
    }

    fn add(&mut self, system: &dyn System, file: &Path, fields: &[&str; 2], installed: bool) {
        let Ok(bytes) = system.read(file) else { return };
        let text = String::from_utf8_lossy(&bytes);
        for paragraph in text.split("\n\n") {
            let field = |name: &str| paragraph.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
            let [Some(name), Some(version)] = fields.map(field) else { continue };
            let status = field("Status: ").map_or(installed, |s| s.ends_with(" ok installed"));
            let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
            if let Some(release) = Release::parse(upstream).filter(|_| status) {
                let source = format!("package {name} {version} ({})", file.display());
                self.0.insert(name.to_owned(), Package { release, source });
            }
        }
    }

    /// The first of these packages that is installed.
    pub(crate) fn first(&self, names: &[&str]) -> Option<&Package> {
        names.iter().find_map(|name| self.0.get(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn reads_dpkg_and_apk() {
        let dpkg = "Package: nginx\nStatus: install ok installed\nVersion: 1:1.22.1-9+deb12u1\n\n\
                    Package: apache2-bin\nStatus: deinstall ok config-files\nVersion: 2.4.57-2\n";
        let system = MemorySystem::with_files([
            ("/var/lib/dpkg/status", dpkg),
            ("/var/lib/dpkg/status.d/libssl3", "Package: libssl3\nVersion: 3.0.11-1~deb12u2\n"),
            ("/lib/apk/db/installed", "C:Q1x\nP:apache2\nV:2.4.58-r1\n\nP:libssl1.1\nV:1.1.1w-r1\n"),
        ]);
        let packages = Packages::read(&system);
        let shown = |name: &str| packages.first(&[name]).map(|p| format!("{} {}", p.release, p.source));
        assert_eq!(shown("nginx").as_deref(), Some("1.22.1 package nginx 1:1.22.1-9+deb12u1 (/var/lib/dpkg/status)"));
        assert_eq!(shown("apache2-bin"), None);
        assert_eq!(packages.first(&["x", "apache2"]).map(|p| p.release), Some(Release::new(2, 4, 58)));
        assert_eq!(packages.first(&["libssl1.1"]).map(|p| p.release.to_string()).as_deref(), Some("1.1.1w"));
        assert_eq!(packages.first(&["libssl3"]).map(|p| p.release), Some(Release::new(3, 0, 11)));
    }
}
