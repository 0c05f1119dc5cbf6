//! Hosts with many sites, made up: for measuring, not for judging what is right.
//!
//! The layout is Debian's: one file per site in `sites-available`, a relative link to it in `sites-enabled`. A site is
//! about 1.5 kB of what sites hold: names, a certificate, locations, headers, comments; some have a line about
//! versions, good or bad, some include one. Names share addresses, so that most endpoints differ in nothing but the
//! name. The same numbers and the same seed give the same bytes.
//!
//! `nginx -t` and `apache2ctl -t` accept a host of 10,000 and 10,000 sites, once there is a key for the certificate.
#![expect(clippy::disallowed_methods, reason = "writes a made-up host, reads nothing")]

mod apache;
mod host;
mod nginx;
mod random;

use random::Random;
use std::io;
use std::path::{Path, PathBuf};

/// How large a host is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Sites of nginx.
    pub(crate) nginx: usize,
    /// Sites of Apache.
    pub(crate) apache: usize,
    /// How many sites share an address.
    pub(crate) per_address: usize,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Regular files.
    pub(crate) files: usize,
    /// Symbolic links.
    pub(crate) links: usize,
    /// Bytes in regular files.
    pub(crate) bytes: usize,
}

/// Writes a host below a directory that does not exist yet, or is empty.
pub(crate) fn generate(root: &Path, size: Size, seed: u64) -> io::Result<Written> {
    let mut tree = Tree::new(root)?;
    let mut random = Random::new(seed);
    host::write(&mut tree)?;
    nginx::write(&mut tree, size, &mut random)?;
    apache::write(&mut tree, size, &mut random)?;
    Ok(tree.written)
}

/// The directory that a host is written to. Paths are given without their leading slash.
struct Tree {
    root: PathBuf,
    written: Written,
}

impl Tree {
    fn new(root: &Path) -> io::Result<Tree> {
        std::fs::create_dir_all(root)?;
        if std::fs::read_dir(root)?.next().is_some() {
            return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "is not empty"));
        }
        Ok(Tree { root: root.to_owned(), written: Written::default() })
    }

    fn file(&mut self, path: &str, text: &str) -> io::Result<()> {
        let path = self.make_room(path)?;
        std::fs::write(path, text)?;
        self.written.files += 1;
        self.written.bytes += text.len();
        Ok(())
    }

    fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        let path = self.make_room(path)?;
        std::os::unix::fs::symlink(target, path)?;
        self.written.links += 1;
        Ok(())
    }

    /// `FOLDER-available/NAME`, and a link to it in `FOLDER-enabled`.
    fn enabled(&mut self, folder: &str, name: &str, text: &str) -> io::Result<()> {
        self.file(&format!("{folder}-available/{name}"), text)?;
        let kind = folder.rsplit('/').next().unwrap_or(folder);
        self.link(&format!("{folder}-enabled/{name}"), &format!("../{kind}-available/{name}"))
    }

    fn make_room(&self, path: &str) -> io::Result<PathBuf> {
        let path = self.root.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        Ok(path)
    }
}
