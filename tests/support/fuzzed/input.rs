//! An input as a host. The text form keeps seeds readable, and lets a fuzzer mix the files of two seeds:
//!
//! ```text
//! nginx=1.18.0 openssl=1.1.1 level=unsafe
//! === /etc/nginx/nginx.conf
//! events {}
//! === /etc/nginx/link -> sites/a
//! ```

use tlsmend::system::MemorySystem;

/// What stands before a path.
const MARK: &[u8] = b"=== ";
/// What stands between a link and its target.
const ARROW: &[u8] = b" -> ";
/// More files make an input slow, and nothing new.
const MOST_FILES: usize = 16;

/// An input, taken apart.
pub struct Input<'b> {
    /// The words before the first path.
    pub words: Vec<&'b str>,
    /// Paths and contents, in their order.
    pub files: Vec<(&'b str, &'b [u8])>,
    /// Links and their targets.
    pub links: Vec<(&'b str, &'b str)>,
}

impl<'b> Input<'b> {
    /// Any bytes are an input; without a mark they are the content of `main`.
    pub fn read(bytes: &'b [u8], main: &'b str) -> Input<'b> {
        let mut input = Input { words: Vec::new(), files: Vec::new(), links: Vec::new() };
        let mut starts: Vec<usize> = Vec::new();
        let mut line = 0;
        while line < bytes.len() {
            if bytes[line..].starts_with(MARK) {
                starts.push(line);
            }
            line = memchr(b'\n', bytes, line).map_or(bytes.len(), |end| end + 1);
        }
        let Some(first) = starts.first() else {
            input.files.push((main, bytes));
            return input;
        };
        input.words = std::str::from_utf8(&bytes[..*first]).unwrap_or_default().split_ascii_whitespace().collect();
        let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
        for (start, end) in starts.iter().zip(ends).take(MOST_FILES) {
            input.add(&bytes[start + MARK.len()..end]);
        }
        input
    }

    fn add(&mut self, part: &'b [u8]) {
        let end = memchr(b'\n', part, 0).unwrap_or(part.len());
        let content = part.get(end + 1..).unwrap_or_default();
        let Ok(head) = std::str::from_utf8(&part[..end]) else { return };
        // A name with NUL is none on any host.
        if head.contains('\0') {
            return;
        }
        match head.split_once(std::str::from_utf8(ARROW).expect("ASCII")) {
            Some((path, target)) => self.links.push((path, target)),
            None => self.files.push((head, content)),
        }
    }

    /// The value of a word: `nginx=1.18.0`.
    pub fn word(&self, key: &str) -> Option<&'b str> {
        self.words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The content of a file that is no part of the host: its path is not absolute.
    pub fn aside(&self, path: &str) -> Option<&'b [u8]> {
        self.files.iter().find(|(other, _)| *other == path).map(|(_, content)| *content)
    }

    /// The files as a host. What has two names at once, or a file as a folder, is left out: no disk has it.
    pub fn host(&self) -> MemorySystem {
        let mut host = MemorySystem::default();
        let mut taken: Vec<std::path::PathBuf> = Vec::new();
        let mut fits = |path: &str| {
            let path = tlsmend::system::normalize(path.as_ref());
            let fits = path.parent().is_some()
                && taken.iter().all(|other| !other.starts_with(&path) && !path.starts_with(other));
            if fits {
                taken.push(path);
            }
            fits
        };
        for (path, content) in self.files.iter().filter(|(path, _)| path.starts_with('/')) {
            if fits(path) {
                host.add_file(path, content);
            }
        }
        for (path, target) in self.links.iter().filter(|(path, _)| path.starts_with('/')) {
            if fits(path) && !target.is_empty() {
                host.add_link(path, target);
            }
        }
        host
    }
}

fn memchr(byte: u8, bytes: &[u8], from: usize) -> Option<usize> {
    bytes[from..].iter().position(|other| *other == byte).map(|at| from + at)
}
