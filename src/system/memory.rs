//! A host in memory, for tests.

use super::{Entry, FileIdentity, Kind, LARGEST_FILE, System, Walk, normalize, not_a_file, too_large};
use crate::trust::{Access, Groups, Rights, Trusted, Way, Writers};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
enum MemoryNode {
    File(Vec<u8>),
    Link(PathBuf),
    Directory,
}

/// Files, links and directories by path.
#[derive(Clone, Debug, Default)]
pub struct MemorySystem {
    nodes: BTreeMap<PathBuf, MemoryNode>,
    /// Owners and permissions of what does not belong to root, or can't be read by everybody.
    rights: BTreeMap<PathBuf, (u32, u32)>,
    /// Further names of files.
    names: BTreeMap<PathBuf, PathBuf>,
}

impl MemorySystem {
    /// A host with these files.
    pub fn with_files<P: AsRef<Path>, B: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, B)>) -> MemorySystem {
        let mut system = MemorySystem::default();
        for (path, bytes) in files {
            system.add_file(path, bytes);
        }
        system
    }

    /// Adds a file and the directories above it; the path may hold `..`.
    pub fn add_file(&mut self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        self.add(path.as_ref(), MemoryNode::File(bytes.as_ref().to_vec()));
    }

    /// Adds a symbolic link.
    pub fn add_link(&mut self, path: impl AsRef<Path>, target: impl AsRef<Path>) {
        self.add(path.as_ref(), MemoryNode::Link(target.as_ref().to_owned()));
    }

    /// Gives a file one more name.
    pub fn add_name(&mut self, path: impl AsRef<Path>, file: impl AsRef<Path>) {
        let (path, file) = (normalize(path.as_ref()), normalize(file.as_ref()));
        if let Some(node) = self.nodes.get(&file).cloned() {
            self.add(&path, node);
            self.names.insert(path, file);
        }
    }

    /// Adds an empty directory.
    pub fn add_directory(&mut self, path: impl AsRef<Path>) {
        self.add(path.as_ref(), MemoryNode::Directory);
    }

    /// Gives what is there to a user, with these permissions. Else all is root's, and everybody can read it.
    pub fn give(&mut self, path: impl AsRef<Path>, owner: u32, mode: u32) {
        self.rights.insert(normalize(path.as_ref()), (owner, mode));
    }

    /// Who may do what with what has that path.
    fn rights(&self, path: &Path) -> Rights {
        let node = self.nodes.get(path);
        let is_directory = matches!(node, Some(MemoryNode::Directory));
        let usual = (0, if is_directory { 0o755 } else { 0o644 });
        let (owner, mode) = self.rights.get(path).copied().unwrap_or(usual);
        let is_link = matches!(node, Some(MemoryNode::Link(_)));
        Rights { owner, group: 0, mode, has_list: false, links: 1, is_directory, is_link }
    }

    fn add(&mut self, path: &Path, node: MemoryNode) {
        let path = normalize(path);
        for above in path.ancestors().skip(1) {
            self.nodes.entry(above.to_owned()).or_insert(MemoryNode::Directory);
        }
        self.nodes.insert(path, node);
    }

    fn find_node(&self, path: &Path) -> io::Result<(PathBuf, &MemoryNode)> {
        let mut at = PathBuf::from("/");
        let mut pending: Vec<OsString> = components(path);
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            at.push(&name);
            match self.nodes.get(&at) {
                None => return Err(io::Error::from_raw_os_error(2)),
                Some(MemoryNode::Link(target)) => {
                    links += 1;
                    if links > 40 {
                        return Err(io::Error::from_raw_os_error(40));
                    }
                    at.pop();
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    pending.extend(components(target));
                }
                Some(MemoryNode::File(_)) if !pending.is_empty() => return Err(io::Error::from_raw_os_error(20)),
                Some(_) => {}
            }
        }
        match self.nodes.get(&at) {
            Some(node) => Ok((at, node)),
            None => Err(io::Error::from_raw_os_error(2)),
        }
    }
}

fn components(path: &Path) -> Vec<OsString> {
    use std::path::Component;
    let name = |c: Component<'_>| match c {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(name).collect()
}

fn kind_of(node: &MemoryNode) -> Kind {
    match node {
        MemoryNode::File(_) => Kind::File,
        MemoryNode::Link(_) => Kind::Link,
        MemoryNode::Directory => Kind::Directory,
    }
}

impl System for MemorySystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.find_node(path)? {
            (_, MemoryNode::File(bytes)) if bytes.len() as u64 > LARGEST_FILE => Err(too_large(bytes.len() as u64)),
            (_, MemoryNode::File(bytes)) => Ok(bytes.clone()),
            (_, node) => Err(not_a_file(kind_of(node))),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        Ok(kind_of(self.find_node(path)?.1))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let (at, node) = self.find_node(path)?;
        if !matches!(node, MemoryNode::Directory) {
            return Err(io::Error::from_raw_os_error(20));
        }
        let below = self.nodes.range(at.clone()..).take_while(|(p, _)| p.starts_with(&at));
        let mut entries: Vec<Entry> = below
            .filter(|(p, _)| p.parent() == Some(&at))
            .filter_map(|(p, n)| Some(Entry { name: p.file_name()?.to_owned(), kind: kind_of(n) }))
            .collect();
        entries.sort();
        Ok(entries)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.find_node(path)?.0)
    }

    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        match self.nodes.get(&normalize(path)) {
            Some(MemoryNode::Link(target)) => Ok(target.clone()),
            Some(_) => Err(io::ErrorKind::InvalidInput.into()),
            None => Err(io::Error::from_raw_os_error(2)),
        }
    }

    fn writers(&self, path: &Path) -> io::Result<Writers> {
        let there = path.ancestors().find_map(|path| Some((path, self.find_node(path).ok()?.0)));
        let (named, real) = there.ok_or(io::ErrorKind::NotFound)?;
        let trusted = Trusted::new(0, Groups::default());
        let mut way = Way::default();
        let mut steps: Vec<&Path> = real.ancestors().chain(named.ancestors()).collect();
        steps.reverse();
        for step in steps {
            way.go(&self.rights(step), &trusted);
        }
        Ok(if named == path { way.writers() } else { way.makers() })
    }

    fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
        self.is_barred_from(path, who, Access::Read)
    }

    fn is_barred_from(&self, path: &Path, who: &Writers, access: Access) -> io::Result<bool> {
        let real = self.find_node(path)?.0;
        let trusted = Trusted::new(0, Groups::default());
        let mut steps = real.ancestors();
        let file = steps.next().is_some_and(|file| self.rights(file).opens_to(who, access, &trusted));
        Ok(!file || !steps.all(|folder| self.rights(folder).opens_to(who, Access::Enter, &trusted)))
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        let real = self.find_node(path)?.0;
        // Names that are one file stand for the first of them.
        let first = self.names.get(&real).unwrap_or(&real);
        let number = self.nodes.range::<PathBuf, _>(..first.clone()).count() as u64;
        Ok(FileIdentity::numbered(number, self.names.values().filter(|name| *name == first).count() as u64 + 1))
    }

    fn walk(&self, path: &Path) -> Walk {
        let mut walk = Walk::default();
        match self.find_node(path) {
            Ok((at, _)) => {
                for (p, node) in self.nodes.range(at.clone()..).take_while(|(p, _)| p.starts_with(&at)) {
                    match node {
                        MemoryNode::File(_) => walk.files.push(p.clone()),
                        MemoryNode::Link(_) => walk.links.push(p.clone()),
                        MemoryNode::Directory => {}
                    }
                }
            }
            Err(error) => walk.unreadable.push((path.to_owned(), error)),
        }
        walk
    }
}
