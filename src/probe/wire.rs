//! Connections with an end that is fixed when they are opened: no sequence of slow answers can move it.
#![expect(clippy::disallowed_methods, reason = "this is where connections are made")]

use super::target::Place;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a wait looks whether the user has stopped it.
const GLANCE: Duration = Duration::from_millis(200);

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection.
pub(super) struct Wire<'a> {
    stream: Stream,
    deadline: Instant,
    stop: &'a AtomicBool,
}

impl<'a> Wire<'a> {
    /// Connects. Everything on it ends at `deadline`.
    pub(super) fn open(
        place: &Place,
        connect: Duration,
        deadline: Instant,
        stop: &'a AtomicBool,
    ) -> io::Result<Wire<'a>> {
        let stream = match place {
            Place::Ip(address) => {
                let stream = TcpStream::connect_timeout(address, connect)?;
                stream.set_nodelay(true)?;
                Stream::Tcp(stream)
            }
            // This waits for nothing but a server whose queue is full.
            Place::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
        };
        Ok(Wire { stream, deadline, stop })
    }

    /// From now on everything ends by then, if not before.
    pub(super) fn end_by(&mut self, end: Instant) {
        self.deadline = self.deadline.min(end);
    }

    /// How long one system call may wait.
    fn patience(&self) -> io::Result<Duration> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(ErrorKind::TimedOut.into());
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(left.min(GLANCE).max(Duration::from_millis(1)))
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let patience = Some(self.patience()?);
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
            let patience = Some(self.patience()?);
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
