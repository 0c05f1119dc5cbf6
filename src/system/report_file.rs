//! Writing a report into a file that the user names: the only writing that `audit` does.
#![expect(clippy::disallowed_methods, reason = "this is where reports are written")]

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Writes a file as a whole: a reader sees the old content or the new one, and where anything fails, the old one stays.
///
/// That needs a file of its own beside it for a moment, and a rename. A symbolic link is followed. What can't be replaced
/// is written in place: a device or pipe (`/dev/stdout`), a file with several hard links. An existing file keeps its
/// permissions, a new one gets those that the umask leaves.
pub fn write_report(path: &Path, content: &[u8]) -> io::Result<()> {
    // These lead to what is open already, and replacing that would lose what others write there.
    if path.starts_with("/dev") || path.starts_with("/proc") {
        return in_place(path, content);
    }
    // A link that leads nowhere yet is written through.
    let real = fs::canonicalize(path);
    let path = real.as_deref().unwrap_or(path);
    let existing = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory")),
        Ok(meta) => Some(meta),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if existing.as_ref().is_some_and(|meta| !meta.is_file() || meta.nlink() > 1) {
        return in_place(path, content);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = existing.as_ref().map_or(0o666, |meta| meta.mode() & 0o7777);
    let mut file = tempfile::Builder::new()
        .prefix(".tlsmend-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(|error| io::Error::new(error.kind(), bare(&error)))?;
    file.write_all(content)?;
    if let Some(meta) = existing {
        // The umask has cut the mode of the new file, not that of the old one. Its owner stays where that is allowed.
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
        let _ = std::os::unix::fs::fchown(file.as_file(), Some(meta.uid()), Some(meta.gid()));
    }
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn in_place(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(content)?;
    file.flush()
}

/// The error without the name of the file that was to be there for a moment, which says nothing to the user.
fn bare(error: &io::Error) -> String {
    let text = super::reason(error);
    text.split(" at path").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_and_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        write_report(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&path).unwrap();
        write_report(&path, b"two").unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(after.mode(), before.mode());
        assert_ne!(after.ino(), before.ino(), "a reader of the old file sees it whole");
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn links_stay_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, hard) = (folder.path().join("file"), folder.path().join("link"), folder.path().join("hard"));
        fs::write(&file, "a longer text").unwrap();
        symlink(&file, &link).unwrap();
        write_report(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        fs::hard_link(&file, &hard).unwrap();
        write_report(&hard, b"both").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"both");
        write_report(Path::new("/dev/null"), b"gone").unwrap();
    }

    #[test]
    fn what_can_not_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_report(folder.path(), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        let error = write_report(&folder.path().join("no/such/report"), b"x").unwrap_err();
        assert_eq!(
            (error.kind(), super::super::reason(&error).as_str()),
            (io::ErrorKind::NotFound, "No such file or directory")
        );
        assert!(names(folder.path()).is_empty());
    }
}
