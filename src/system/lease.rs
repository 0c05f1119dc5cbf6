//! Opening files on which somebody holds a lease (`F_SETLEASE` of fcntl(2)).
//!
//! The owner of a file can have the kernel tell them before anybody else opens it. Whoever opens it without waiting gets
//! EAGAIN then, for as long as the owner likes; whoever waits gets it after `/proc/sys/fs/lease-break-time` (45 s) at the
//! latest, since the kernel takes the lease away, and no new one is given while somebody waits. So the open is tried once
//! without waiting, as always, and only a regular file is waited for, in a thread of its own: the time is limited, and so
//! is the sum of all times, since a user may have leases on thousands of files.

use super::follow::by_number;
use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// So long opening waits in all, where files are only read: programs that have a good reason for a lease give it back at
/// once.
pub(super) const SHORT: Duration = Duration::from_secs(3);
/// The same where a fix may be half done: two leases that nobody gives back, and some.
pub(super) const LONG: Duration = Duration::from_secs(100);

/// What is left of the time that opening may wait in all.
#[derive(Debug)]
pub(super) struct Patience(Mutex<Duration>);

impl Patience {
    pub(super) fn new(most: Duration) -> Patience {
        Patience(Mutex::new(most))
    }

    fn left(&self) -> Duration {
        self.0.lock().map(|left| *left).unwrap_or_default()
    }

    fn take(&self, time: Duration) {
        if let Ok(mut left) = self.0.lock() {
            *left = left.saturating_sub(time);
        }
    }
}

/// Opens a file with these flags, after EAGAIN. `found` is the same file, opened with `O_PATH`.
pub(super) fn open_leased(found: OwnedFd, flags: OFlags, patience: &Patience) -> Result<OwnedFd, Errno> {
    let left = patience.left();
    // A fifo or a device could be waited for without end.
    if left.is_zero() || FileType::from_raw_mode(fs::fstat(&found)?.st_mode) != FileType::RegularFile {
        return Err(Errno::AGAIN);
    }
    let begin = Instant::now();
    let opened = open_in_time(found, flags, left);
    patience.take(begin.elapsed());
    opened
}

fn open_in_time(found: OwnedFd, flags: OFlags, time: Duration) -> Result<OwnedFd, Errno> {
    let (sender, receiver) = mpsc::channel();
    let waits = flags.difference(OFlags::NONBLOCK | OFlags::NOFOLLOW);
    std::thread::spawn(move || {
        // By its number, so it is the very file that was looked at.
        let opened = rustix::io::retry_on_intr(|| fs::open(by_number(&found), waits, Mode::empty()));
        // Nobody listens any more where it took too long.
        let _ = sender.send(opened);
    });
    match receiver.recv_timeout(time) {
        Ok(opened) => opened,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Errno::AGAIN),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make their own files")]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join("file"), "x").expect("write");
        let opened = fs::open(folder.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).expect("opens");
        let fifo = rustix::fs::mknodat(&opened, "fifo", FileType::Fifo, Mode::RUSR | Mode::WUSR, 0);
        assert!(fifo.is_ok());
        let patience = Patience::new(Duration::from_secs(60));
        let open = |name: &str, patience: &Patience| {
            let found = fs::openat(&opened, name, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()).expect("is there");
            open_leased(found, OFlags::RDONLY, patience)
        };
        assert!(open("file", &patience).is_ok());
        assert_eq!(open("fifo", &patience).map(drop), Err(Errno::AGAIN));
        assert_eq!(open("file", &Patience::new(Duration::ZERO)).map(drop), Err(Errno::AGAIN));
    }
}
