//! Which distribution a host runs: os-release(5).

use super::shell::Shell;
use crate::system::System;
use std::path::Path;

/// A distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Its own identifier, then those it is like: `["ubuntu", "debian"]`.
    pub ids: Vec<String>,
    /// Where that comes from, or was looked for.
    pub source: String,
}

/// Reads /etc/os-release, or else /usr/lib/os-release.
pub(super) fn read(system: &dyn System) -> Distribution {
    let files = ["/etc/os-release", "/usr/lib/os-release"];
    let found = files.iter().find_map(|file| Some((file, system.read(Path::new(file)).ok()?)));
    let Some((file, bytes)) = found else {
        return Distribution { source: "there is no /etc/os-release".to_owned(), ..Distribution::default() };
    };
    let mut shell = Shell::default();
    shell.run(&String::from_utf8_lossy(&bytes));
    let like = shell.get("ID_LIKE").unwrap_or_default().split_ascii_whitespace();
    let ids = shell.get("ID").into_iter().chain(like).map(str::to_ascii_lowercase);
    let mut ids: Vec<String> = ids.collect();
    if let [own] = ids.as_slice() {
        // Trimmed images leave out what it is like.
        ids = named(own).ids;
    }
    Distribution { ids, source: (*file).to_owned() }
}

/// A distribution by name, with those it is like.
pub(super) fn named(id: &str) -> Distribution {
    let like: &[&str] = match id {
        "ubuntu" | "raspbian" | "devuan" | "kali" => &["debian"],
        "linuxmint" | "pop" | "neon" => &["ubuntu", "debian"],
        "centos" | "rocky" | "almalinux" | "ol" => &["rhel", "fedora"],
        "rhel" | "amzn" => &["fedora"],
        "sles" | "opensuse-leap" | "opensuse-tumbleweed" => &["suse"],
        _ => &[],
    };
    let ids = std::iter::once(&id).chain(like).map(|id| (*id).to_owned());
    Distribution { ids: ids.collect(), source: "--assume".to_owned() }
}

impl Distribution {
    /// Is it that one, or like it?
    pub fn is(&self, family: &str) -> bool {
        self.ids.iter().any(|id| id == family)
    }

    /// Has its OpenSSL the patch for crypto policies, by which `PROFILE=SYSTEM` stands for a cipher list? `None`: not known.
    pub(crate) fn has_crypto_policies(&self) -> Option<bool> {
        if ["rhel", "fedora", "centos", "amzn", "openeuler", "suse"].iter().any(|family| self.is(family)) {
            return Some(true);
        }
        ["debian", "alpine", "arch", "gentoo"].iter().any(|family| self.is(family)).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn crypto_policies_are_a_patch() {
        let has = |id| named(id).has_crypto_policies();
        assert_eq!(["rocky", "ubuntu", "alpine", "sles"].map(has), [Some(true), Some(false), Some(false), Some(true)]);
        assert_eq!([has("nixos"), Distribution::default().has_crypto_policies()], [None, None]);
    }

    #[test]
    fn reads_quotes_and_likes() {
        let text = "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.3'\n";
        let found = read(&MemorySystem::with_files([("/usr/lib/os-release", text)]));
        assert_eq!(found.ids, ["rocky", "rhel", "centos", "fedora"]);
        assert!(found.is("rhel"));
        let trimmed = |id: &str| read(&MemorySystem::with_files([("/etc/os-release", format!("ID={id}\n"))])).ids;
        assert_eq!(trimmed("ubuntu"), ["ubuntu", "debian"]);
        assert_eq!(trimmed("debian"), ["debian"]);
        assert_eq!(read(&MemorySystem::default()).ids, [] as [&str; 0]);
    }
}
