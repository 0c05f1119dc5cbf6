//! Where a hidden file can lie for a moment without any server reading it.

use crate::engine::{self, Request};
use crate::system::Overlay;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many folders up from the file's own are tried.
const HIGHEST: usize = 3;

/// For each planned file a folder in which a file of that name (by its number) is not read by any instance: its own, or
/// one above it. A server's pattern seldom matches a name with a dot in front, but Apache's include of a whole directory
/// does. Tried out by reading the host as if the files were there. `None`: there is no such folder.
pub fn staging(
    request: Request<'_>,
    contents: &BTreeMap<PathBuf, Vec<u8>>,
    name: &dyn Fn(usize) -> String,
) -> BTreeMap<PathBuf, Option<PathBuf>> {
    let mut found: BTreeMap<PathBuf, Option<PathBuf>> = contents.keys().map(|path| (path.clone(), None)).collect();
    let mut candidates: BTreeMap<&PathBuf, PathBuf> = BTreeMap::new();
    for path in contents.keys() {
        candidates.extend(path.parent().map(|folder| (path, folder.to_owned())));
    }
    for _ in 0..=HIGHEST {
        let numbered = contents.keys().enumerate();
        let hidden: BTreeMap<PathBuf, Vec<u8>> = numbered
            .filter_map(|(number, path)| Some((candidates.get(path)?.join(name(number)), contents[path].clone())))
            .collect();
        if hidden.is_empty() {
            break;
        }
        let overlay = Overlay::new(request.system, contents).with_files(&hidden);
        let engine::Host { sources, .. } = engine::load(Request { system: &overlay, ..request });
        for (number, path) in contents.keys().enumerate() {
            let Some(folder) = candidates.remove(path) else { continue };
            if sources.find(&folder.join(name(number))).is_none() {
                found.insert(path.clone(), Some(folder));
            } else if let Some(above) = folder.parent().filter(|above| *above != Path::new("/")) {
                candidates.insert(path, above.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Facts;
    use crate::policy::Policy;
    use crate::system::MemorySystem;

    const MAIN: &str = "events {}\nhttp { include sites/*; include .[a-z]*; include hidden/.[a-z]*; }\n";

    #[test]
    fn no_server_reads_the_hidden_file() {
        let system = MemorySystem::with_files([
            ("/etc/apache2/apache2.conf", "LoadModule ssl_module x\nInclude whole\nInclude pattern/*.conf\n"),
            ("/etc/apache2/whole/a", "SSLProtocol all\n"),
            ("/etc/apache2/pattern/b.conf", "SSLProtocol all\n"),
            ("/etc/nginx/nginx.conf", MAIN),
            ("/etc/nginx/sites/c", "ssl_protocols TLSv1;\n"),
            ("/etc/nginx/hidden/.d", "ssl_protocols TLSv1;\n"),
        ]);
        let names =
            ["apache2/whole/a", "apache2/pattern/b.conf", "nginx/nginx.conf", "nginx/sites/c", "nginx/hidden/.d"];
        let path = |name: &str| Path::new("/etc").join(name);
        let new = |name: &str| if name.ends_with("nginx.conf") { MAIN } else { "# new\n" }.as_bytes().to_vec();
        let contents = names.iter().map(|name| (path(name), new(name))).collect();
        let (facts, policy) = (Facts::unknown(), Policy::default_profile());
        let request = Request::new(&system, &facts, &policy);
        let found = staging(request, &contents, &|number| format!(".tlsmend-x-{number}"));
        let folder = |name: &str| found[&path(name)].as_ref().and_then(|folder| folder.to_str()).unwrap_or("none");
        assert_eq!(folder("apache2/pattern/b.conf"), "/etc/apache2/pattern");
        assert_eq!(folder("apache2/whole/a"), "/etc/apache2");
        assert_eq!(folder("nginx/sites/c"), "/etc/nginx/sites");
        assert_eq!(folder("nginx/nginx.conf"), "/etc");
        // The folder above is read for hidden files too.
        assert_eq!(folder("nginx/hidden/.d"), "/etc");
    }
}
