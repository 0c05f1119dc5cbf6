//! Reading a file that the user names on the command line: it may be a pipe of the shell.
//!
//! `<(command)`, `/dev/stdin`, a fifo and a here-document are no files of the host, and only the kernel knows what their
//! paths mean. A device is opened only where it is open already, as `/dev/stdin` is: some act on that.
#![expect(clippy::disallowed_methods, reason = "this is where files are read")]

use super::{Kind, OsSystem, System, not_a_file};
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// A link to an open file leads through at most this many others: `/dev/stdin` through one.
const MOST_LINKS: usize = 8;

/// What the user named, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Input {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Is it a file that is still there later, under this name? A pipe is not.
    pub stays: bool,
}

/// Reads what the user names, of at most `most` bytes; the path is absolute. A fifo is waited for.
pub fn read_input(machine: &OsSystem, path: &Path, most: u64) -> io::Result<Input> {
    let meta = fs::metadata(path)?;
    let is_pipe = meta.file_type().is_fifo();
    if is_pipe || is_descriptor(path) && !meta.is_dir() {
        return Ok(Input { bytes: bounded(path, most)?, stays: false });
    }
    if !meta.is_file() {
        return Err(not_a_file(if meta.is_dir() { Kind::Directory } else { Kind::Other }));
    }
    let bytes = machine.read_at_most(path, most)?;
    Ok(Input { bytes, stays: true })
}

/// Reads a pipe to its end, or to the byte that is one too many.
fn bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("is larger than {} MiB, and no more is read", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Does a path mean a file that this process has open: `/dev/stdin`, `/dev/fd/63`, `/proc/self/fd/0`?
fn is_descriptor(path: &Path) -> bool {
    let Ok(own) = fs::canonicalize("/proc/self/fd") else { return false };
    let mut path = PathBuf::from(path);
    for _ in 0..=MOST_LINKS {
        let Some(folder) = path.parent() else { return false };
        if fs::canonicalize(folder).is_ok_and(|folder| folder == own) {
            return true;
        }
        match fs::read_link(&path) {
            Ok(to) => path = folder.join(to),
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> OsSystem {
        OsSystem::new(Path::new("/"), Vec::new()).unwrap()
    }

    #[test]
    fn pipes_are_read_to_their_end_and_no_farther_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        for (length, most, fits) in [(0, 4, true), (3, 4, true), (4, 4, true), (5, 4, false), (100_000, 4, false)] {
            let to = fifo.clone();
            // Whoever writes too much is told so, and has not written all.
            let writer = std::thread::spawn(move || fs::write(to, vec![b'x'; length]));
            let read = read_input(&machine(), &fifo, most);
            assert_eq!(read.as_ref().map(|read| read.bytes.len()).ok(), fits.then_some(length), "{length} {read:?}");
            assert_eq!(writer.join().unwrap().is_ok(), length < 100_000);
        }
    }

    #[test]
    fn what_is_no_file_is_told_and_what_is_open_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "text").unwrap();
        let open = fs::File::open(&file).unwrap();
        let descriptor = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
        let read = |path: &str| {
            read_input(&machine(), Path::new(path), 1 << 20).map(|read| read.bytes).map_err(|e| e.to_string())
        };
        assert_eq!(read(&descriptor), Ok(b"text".to_vec()));
        // A here-document of the shell may be a file that has no name any more.
        fs::remove_file(&file).unwrap();
        assert_eq!(read(&descriptor), Ok(b"text".to_vec()));
        assert_eq!(read("/dev/zero"), Err("is not a regular file".to_owned()));
        assert_eq!(read("/proc/self/fd"), Err("is a directory".to_owned()));
        let zero = fs::File::open("/dev/zero").unwrap();
        let endless = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&zero));
        assert_eq!(read(&endless), Err("is larger than 1 MiB, and no more is read".to_owned()));
        assert!(read("/nowhere").unwrap_err().contains("No such file"));
    }
}
