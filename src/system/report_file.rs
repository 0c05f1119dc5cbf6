//! Writing a report into a file that the user names: the only writing that `audit` does.
//!
//! Root writes reports to where others can write too, such as `/tmp`. So the path is followed name by name, and no link
//! of somebody else's is followed ([`super::follow`]); what is done at its end is done in the open folder, by name.

use super::follow::{Followed, follow_here};
use super::os_write::{ACCESS_LIST, grown, has_list, status};
use super::{Kind, Status, trusted};
use crate::trust::Trusted;
use rustix::fs::{self, AtFlags, Mode, OFlags, XattrFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// So many names are tried for the file that is there for a moment.
const TRIES: usize = 16;

/// Writes a file as a whole: a reader sees the old content or the new one, and where anything fails, the old one stays.
///
/// That needs a file of its own beside it for a moment, and a rename. A link is followed unless somebody else could have
/// made it. What can't be replaced is written in place: a device or pipe (`/dev/stdout`), a file with several hard links.
/// An existing file keeps its permissions and, where that is allowed, its owner; a new one gets those that the umask
/// leaves. In a folder that others can write to, what is there already has to be a regular file of root's or the user's,
/// with one name.
pub fn write_report(path: &Path, content: &[u8]) -> io::Result<()> {
    let is_folder = || io::Error::new(io::ErrorKind::IsADirectory, "is a directory");
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(is_folder());
    }
    let target = follow_here(path, trusted())?;
    let name = target.name.clone().ok_or_else(is_folder)?;
    if !target.rest.is_empty() {
        return Err(Errno::NOENT.into());
    }
    let Some(there) = target.last else {
        return replace(&target, &name, None, content);
    };
    admit(&target, &there, trusted())?;
    match there.kind {
        Kind::Directory => Err(is_folder()),
        Kind::File if there.links == 1 && !target.is_in_proc() => replace(&target, &name, Some(&there), content),
        Kind::File | Kind::Link | Kind::Other => in_place(&target, &name, &there, content),
    }
}

/// Refuses what others could have put there for root to write to.
fn admit(target: &Followed, there: &Status, trusted: &Trusted) -> io::Result<()> {
    let others = target.folder_way.makers();
    // A link that is still one leads to what is open: nobody else could have made it.
    if others.is_empty() || there.kind == Kind::Directory {
        return Ok(());
    }
    let what = if there.kind != Kind::File {
        format!("is {}", there.what)
    } else if there.links != 1 {
        format!("has {} names (hard links)", there.links)
    } else if !trusted.is_user(there.owner) {
        format!("belongs to user {}", there.owner)
    } else {
        return Ok(());
    };
    let why = format!("{what}, in a folder that others can write to ({others}); remove it, or name another file");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

/// Puts a new file where nothing is, or the old one.
fn replace(target: &Followed, name: &OsStr, old: Option<&Status>, content: &[u8]) -> io::Result<()> {
    let (hidden, file) = make_hidden(&target.folder, if old.is_some() { 0o600 } else { 0o666 })?;
    let written = || -> io::Result<()> {
        if let Some(old) = old {
            // Before the first byte, so that nobody reads it who could not read the old one.
            dress(target, name, &file, old)?;
        }
        let mut file = File::from(file);
        file.write_all(content)?;
        file.sync_all()?;
        Ok(fs::renameat(&target.folder, &hidden, &target.folder, name)?)
    };
    written().inspect_err(|_| {
        // The error is told, and a name that can't be removed either is no second one.
        let _stays = fs::unlinkat(&target.folder, &hidden, AtFlags::empty());
    })
}

/// Makes a file under a name that nobody can know before.
fn make_hidden(folder: &OwnedFd, mode: u32) -> io::Result<(OsString, OwnedFd)> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let random = RandomState::new();
    for number in 0..TRIES {
        let name: OsString = format!(".tlsmend-{:016x}", random.hash_one(number)).into();
        match fs::openat(folder, &name, flags, Mode::from_raw_mode(mode)) {
            Err(Errno::EXIST) => {}
            made => return Ok((name, made?)),
        }
    }
    Err(Errno::EXIST.into())
}

/// Gives the new file what the old one has, and to nobody more than that.
fn dress(target: &Followed, name: &OsStr, file: &OwnedFd, old: &Status) -> io::Result<()> {
    let (owner, group) = (fs::Uid::from_raw(old.owner), fs::Gid::from_raw(old.group));
    let keeps_group = fs::fchown(file, None, Some(group)).is_ok();
    let _only_root_can = fs::fchown(file, Some(owner), None);
    let list = access_list(target, name, old);
    let keeps_list = match &list {
        // A folder may hand its own list down.
        Ok(None) => !has_list(file) || fs::fremovexattr(file, ACCESS_LIST).is_ok(),
        Ok(Some(list)) => fs::fsetxattr(file, ACCESS_LIST, list, XattrFlags::empty()).is_ok(),
        Err(_) => false,
    };
    // What the group may do means nothing for another group, nor without the list.
    let kept = if keeps_group && keeps_list { 0o777 } else { 0o707 };
    Ok(fs::fchmod(file, Mode::from_raw_mode(old.mode & kept))?)
}

/// The access control list of the old file.
fn access_list(target: &Followed, name: &OsStr, old: &Status) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = fs::openat(&target.folder, name, flags, Mode::empty())?;
    if !status(&fs::fstat(&file)?).is_same(old) || !has_list(&file) {
        return Ok(None);
    }
    Ok(Some(grown(|buffer| fs::fgetxattr(&file, ACCESS_LIST, buffer))?))
}

/// Writes into what is there: a device, a pipe, what is open already, a file with several names.
fn in_place(target: &Followed, name: &OsStr, there: &Status, content: &[u8]) -> io::Result<()> {
    // Only a link of /proc is still one: it is followed to what it has open.
    let follow = if target.is_magic { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC | follow;
    let mut file = File::from(fs::openat(&target.folder, name, flags, Mode::empty())?);
    let meta = file.metadata()?;
    if !target.is_magic && (meta.dev(), meta.ino()) != (there.device, there.inode) {
        return Err(io::Error::other("was replaced at that very moment"));
    }
    if meta.is_file() {
        file.set_len(0)?;
    }
    file.write_all(content)?;
    file.flush()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make their own files")]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    fn list_names(folder: &Path) -> Vec<String> {
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
        assert_eq!(list_names(folder.path()), ["report"]);
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

    /// Whoever may write in a folder with the sticky bit, as all may in /tmp, makes root write nothing but what root named.
    #[test]
    fn others_lead_no_report_astray() {
        if super::super::own_user() != 0 {
            // Only root can make files of others.
            return;
        }
        let other = Some(65534);
        let folder = tempfile::tempdir().unwrap();
        let (tmp, home) = (folder.path().join("tmp"), folder.path().join("home"));
        fs::create_dir(&tmp).unwrap();
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
        let precious = home.join("precious");
        fs::write(&precious, "precious").unwrap();
        let report = tmp.join("report");
        let foreign = |mode: u32, make: &dyn Fn(), why: &str| {
            fs::set_permissions(&tmp, Permissions::from_mode(mode)).unwrap();
            make();
            std::os::unix::fs::lchown(&report, other, other).unwrap();
            let before = fs::symlink_metadata(&report).unwrap();
            let error = write_report(&report, b"report").unwrap_err().to_string();
            assert!(error.contains(why), "{mode:o} {why}: {error}");
            assert_eq!(fs::symlink_metadata(&report).unwrap().ino(), before.ino());
            assert_eq!(fs::read(&precious).unwrap(), b"precious");
            fs::remove_file(&report).unwrap();
            assert!(list_names(&tmp).is_empty(), "{why}: {:?}", list_names(&tmp));
        };
        let by_user = "a symbolic link of user 65534, which is not followed";
        for mode in [0o1777, 0o777] {
            foreign(mode, &|| symlink(&precious, &report).unwrap(), by_user);
            foreign(mode, &|| symlink("/no/such", &report).unwrap(), by_user);
            foreign(mode, &|| symlink("/proc/self/fd/1", &report).unwrap(), by_user);
            foreign(mode, &|| fs::write(&report, "theirs").unwrap(), "belongs to user 65534");
            foreign(mode, &|| rustix::fs::mkfifoat(rustix::fs::CWD, &report, Mode::RUSR).unwrap(), "is a fifo");
            foreign(mode, &|| drop(std::os::unix::net::UnixListener::bind(&report).unwrap()), "is a socket");
            // A second name for a file of root's own, as they could make where that is not forbidden.
            fs::hard_link(&precious, &report).unwrap();
            let error = write_report(&report, b"report").unwrap_err().to_string();
            assert!(error.contains("has 2 names (hard links), in a folder that others can write to"), "{error}");
            fs::remove_file(&report).unwrap();
            // A folder by their link.
            symlink(&home, &report).unwrap();
            std::os::unix::fs::lchown(&report, other, other).unwrap();
            assert!(write_report(&report.join("precious"), b"report").unwrap_err().to_string().contains(by_user));
            fs::remove_file(&report).unwrap();
            assert_eq!(fs::read(&precious).unwrap(), b"precious");
            // What is root's own is written, and what is not there yet.
            write_report(&report, b"one").unwrap();
            write_report(&report, b"two").unwrap();
            assert_eq!(fs::read(&report).unwrap(), b"two");
            fs::remove_file(&report).unwrap();
        }
        // A link of root's own is followed where nobody else could have put it: into a sticky folder others can move one.
        fs::set_permissions(&tmp, Permissions::from_mode(0o1777)).unwrap();
        symlink(&precious, &report).unwrap();
        assert!(write_report(&report, b"x").unwrap_err().to_string().contains("others can write"));
        fs::set_permissions(&tmp, Permissions::from_mode(0o755)).unwrap();
        write_report(&report, b"wanted").unwrap();
        assert_eq!(fs::read(&precious).unwrap(), b"wanted");
        assert_eq!(fs::metadata(&precious).unwrap().mode() & 0o777, 0o644);
        chown(&tmp, other, other).unwrap();
        assert!(
            write_report(&report, b"x").unwrap_err().to_string().contains("others can write"),
            "they could have renamed it"
        );
        assert_eq!(fs::read(&precious).unwrap(), b"wanted");
    }

    /// The owner and the mode stay, and before the first byte is written.
    #[test]
    fn who_could_not_read_it_before_can_not_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        if super::super::own_user() == 0 {
            chown(&path, Some(33), Some(34)).unwrap();
        }
        let before = fs::metadata(&path).unwrap();
        write_report(&path, b"new").unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!((after.uid(), after.gid(), after.mode()), (before.uid(), before.gid(), before.mode()));
        // A set-user-ID bit is of no use to a report.
        fs::set_permissions(&path, Permissions::from_mode(0o4755)).unwrap();
        write_report(&path, b"newer").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o755);
    }

    #[test]
    fn what_is_open_already_is_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let (path, fifo) = (folder.path().join("out"), folder.path().join("fifo"));
        let open = fs::File::create(&path).unwrap();
        let inode = open.metadata().unwrap().ino();
        for by in ["/proc/self/fd", "/dev/fd"] {
            let number = std::os::fd::AsRawFd::as_raw_fd(&open).to_string();
            write_report(&Path::new(by).join(number), by.as_bytes()).unwrap();
            assert_eq!(
                (fs::read(&path).unwrap().as_slice(), fs::metadata(&path).unwrap().ino()),
                (by.as_bytes(), inode)
            );
        }
        // Nobody else can write there, so that it is the user's own.
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::RUSR | Mode::WUSR).unwrap();
        let reader = {
            let fifo = fifo.clone();
            std::thread::spawn(move || fs::read(fifo).unwrap())
        };
        write_report(&fifo, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
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
        assert!(list_names(folder.path()).is_empty());
    }
}
