//! Reading a file that the user names on the command line: it may be a pipe of the shell.
//!
//! `<(command)`, `/dev/stdin`, a fifo and a here-document are no files of the host, and only the kernel knows what their
//! paths mean. A device is opened only where it is open already, as `/dev/stdin` is: some act on that.
#![expect(clippy::disallowed_methods, reason = "this is where files are read")]

use super::{OsSystem, System};
use rustix::fs::{Mode, OFlags};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What the user named, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Input {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Is it a file that is still there later, under this name? A pipe is not.
    pub stays: bool,
}

/// Reads what the user names, of at most `most` bytes; the path is absolute. A fifo of the user's or root's is waited for.
pub fn read_input(machine: &OsSystem, path: &Path, most: u64) -> io::Result<Input> {
    if is_descriptor(path) {
        return Ok(Input { bytes: bounded(&File::open(path)?, most)?, stays: false });
    }
    if let Some(fifo) = own_fifo(path)? {
        return Ok(Input { bytes: bounded(&fifo, most)?, stays: false });
    }
    Ok(Input { bytes: machine.read_at_most(path, most)?, stays: true })
}

/// A fifo of that very name, open to be read. One of somebody else is none: it would keep root waiting. No link is followed,
/// and what was looked at is what is opened, whatever the name means by then.
fn own_fifo(path: &Path) -> io::Result<Option<File>> {
    if !fs::symlink_metadata(path)?.file_type().is_fifo() {
        return Ok(None);
    }
    // This opens nothing for reading: a writer that came now, wrote and left would be waited for without end.
    let held = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let meta = File::from(held.try_clone()?).metadata()?;
    let is_own = meta.uid() == 0 || meta.uid() == rustix::process::geteuid().as_raw();
    if !meta.file_type().is_fifo() || !is_own {
        return Ok(None);
    }
    // The same fifo, and now its writer is waited for.
    File::open(format!("/proc/self/fd/{}", held.as_raw_fd())).map(Some)
}

/// Reads a pipe to its end, or to the byte that is one too many.
fn bounded(pipe: &File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("is larger than {} MiB, and no more is read", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Does a path as it is written mean a file that this process has open: `/dev/stdin`, `/dev/fd/63`, `/proc/self/fd/0`? A link
/// to one may be somebody else's.
fn is_descriptor(path: &Path) -> bool {
    let Some(text) = path.to_str() else { return false };
    let number = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| text.strip_prefix(folder));
    text == "/dev/stdin"
        || number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
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
        let lengths = [(0, 4, true), (3, 4, true), (4, 4, true), (5, 4, false), (100_000, 4, false)];
        // Again and again: the writer may come and go at any moment.
        for (length, most, fits) in (0..100).flat_map(|_| lengths) {
            let to = fifo.clone();
            // Whoever writes too much is told so, and has not written all.
            let writer = std::thread::spawn(move || fs::write(to, vec![b'x'; length]));
            let read = read_input(&machine(), &fifo, most);
            assert_eq!(read.as_ref().map(|read| read.bytes.len()).ok(), fits.then_some(length), "{length} {read:?}");
            assert_eq!(writer.join().unwrap().is_ok(), length < 100_000);
        }
    }

    #[test]
    fn links_to_pipes_and_to_open_files_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        for (name, target) in
            [("a", fifo.as_path()), ("b", Path::new("/proc/self/fd/0")), ("c", Path::new("/dev/stdin"))]
        {
            let link = folder.path().join(name);
            std::os::unix::fs::symlink(target, &link).unwrap();
            assert!(read_input(&machine(), &link, 4).is_err(), "{name}");
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
