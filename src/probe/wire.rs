//! Connections with an end that is fixed when they are opened: no sequence of slow answers can move it.
#![expect(clippy::disallowed_methods, reason = "this is where connections are made")]

use super::place::Place;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with, sockopt};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a wait looks whether the user has stopped it.
pub(super) const GLANCE: Duration = Duration::from_millis(200);

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection.
pub(super) struct Wire<'a> {
    stream: Stream,
    limit: Limit<'a>,
}

/// What ends all waiting.
#[derive(Clone, Copy)]
struct Limit<'a> {
    end: Instant,
    stop: &'a AtomicBool,
}

impl Limit<'_> {
    /// How long one system call may wait.
    fn patience(self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() || self.stop.load(Ordering::Relaxed) {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(left.min(GLANCE).max(Duration::from_millis(1)))
    }
}

/// A connection to an address. The library's own has a limit of time, but can't be stopped.
fn to_address(address: &SocketAddr, limit: Limit<'_>) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    match connect(&socket, address) {
        Ok(()) => {}
        Err(Errno::INPROGRESS) => {
            let mut ready = 0;
            while ready == 0 {
                let patience = Timespec::try_from(limit.patience()?).map_err(io::Error::other)?;
                ready = match poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&patience)) {
                    Err(Errno::INTR) => 0,
                    ready => ready?,
                };
            }
            sockopt::socket_error(&socket)??;
        }
        Err(error) => return Err(error.into()),
    }
    ioctl_fionbio(&socket, false)?;
    Ok(socket)
}

/// A connection to a socket of this machine. There is nothing to poll while the server's queue is full.
fn to_path(path: &Path, limit: Limit<'_>) -> io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match connect(&socket, &address) {
            Ok(()) => break,
            Err(Errno::AGAIN | Errno::INTR) => std::thread::sleep(limit.patience()?.min(Duration::from_millis(10))),
            Err(error) => return Err(error.into()),
        }
    }
    ioctl_fionbio(&socket, false)?;
    Ok(socket)
}

impl<'a> Wire<'a> {
    /// Connects. Everything on it ends at `deadline`.
    pub(super) fn open(
        place: &Place,
        connect: Duration,
        deadline: Instant,
        stop: &'a AtomicBool,
    ) -> io::Result<Wire<'a>> {
        let limit = Limit { end: deadline.min(Instant::now() + connect), stop };
        let stream = match place {
            Place::Ip(address) => {
                let stream = TcpStream::from(to_address(address, limit)?);
                stream.set_nodelay(true)?;
                Stream::Tcp(stream)
            }
            Place::Unix(path) => Stream::Unix(UnixStream::from(to_path(path, limit)?)),
        };
        Ok(Wire { stream, limit: Limit { end: deadline, stop } })
    }

    /// From now on everything ends by then, if not before.
    pub(super) fn end_by(&mut self, end: Instant) {
        self.limit.end = self.limit.end.min(end);
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let patience = Some(self.limit.patience()?);
            let got = match &mut self.stream {
                Stream::Tcp(stream) => stream.set_read_timeout(patience).and_then(|()| stream.read(buffer)),
                Stream::Unix(stream) => stream.set_read_timeout(patience).and_then(|()| stream.read(buffer)),
            };
            match got {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                got => return got,
            }
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        loop {
            let patience = Some(self.limit.patience()?);
            let done = match &mut self.stream {
                Stream::Tcp(stream) => stream.set_write_timeout(patience).and_then(|()| stream.write(buffer)),
                Stream::Unix(stream) => stream.set_write_timeout(patience).and_then(|()| stream.write(buffer)),
            };
            match done {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
