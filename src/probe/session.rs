//! The exchanges with one endpoint, and what they may take.

use super::hello::{Hello, RANDOM};
use super::limits::Limits;
use super::reason::{Reason, Spent};
use super::reply::{Ending, Reader, Reply, Step};
use super::sslv2;
use super::target::Target;
use super::wire::{GLANCE, Wire};
use crate::tls::Version;
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is sent.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    pub version: Version,
    pub suites: &'a [u16],
    pub compression: bool,
    pub plain: bool,
    pub named: bool,
}

/// One endpoint while it is probed.
pub(super) struct Session<'a> {
    pub target: &'a Target,
    limits: Limits,
    stop: &'a AtomicBool,
    begun: Instant,
    used: AtomicU32,
    /// A connection came about.
    connected: AtomicBool,
    /// Why no more connections are made.
    halted: Mutex<Option<Reason>>,
    next: Mutex<Instant>,
    /// Connections that may still be opened at the same time.
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place among the connections at the same time, until this is dropped.
struct Turn<'s, 'a>(&'s Session<'a>);

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(target: &'a Target, limits: Limits, stop: &'a AtomicBool) -> Session<'a> {
        let now = Instant::now();
        Session {
            target,
            limits,
            stop,
            begun: now,
            used: AtomicU32::new(0),
            connected: AtomicBool::new(false),
            halted: Mutex::new(None),
            next: Mutex::new(now),
            free: Mutex::new(limits.parallel.max(1)),
            freed: Condvar::new(),
        }
    }

    /// The connections that were made, or tried.
    pub(super) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// The connections that are left.
    pub(super) fn left(&self) -> u32 {
        self.limits.connections.saturating_sub(self.used())
    }

    /// Did any connection come about?
    pub(super) fn has_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Asks several questions, as many at the same time as there may be connections, and begins with the first.
    pub(super) fn all_of<'q>(&self, questions: impl IntoIterator<Item = &'q mut (dyn FnMut() + Send)>) {
        let questions: Vec<_> = questions.into_iter().collect();
        let hands = self.limits.parallel.clamp(1, questions.len().max(1));
        let waiting = Mutex::new(questions.into_iter());
        let hand = || {
            while let Some(question) = next(&waiting) {
                question();
            }
        };
        std::thread::scope(|scope| {
            // This thread is a hand too.
            for _ in 1..hands {
                scope.spawn(hand);
            }
            hand();
        });
    }

    /// Waits until there are fewer connections than may be at the same time.
    fn turn(&self) -> Turn<'_, 'a> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Turn(self)
    }

    /// Sends a hello, and reads what comes back. An `Err`: there was nobody to read it.
    pub(super) fn exchange(&self, offer: Offer<'_>) -> Result<Reply, Reason> {
        let _turn = self.turn();
        self.may_connect()?;
        let random = random();
        let bytes = match offer.version {
            Version::Ssl2 => sslv2::hello(&random),
            version => Hello {
                version,
                suites: offer.suites,
                name: self.target.name.as_ref().filter(|_| offer.named),
                compression: offer.compression,
                plain: offer.plain,
                random: &random,
            }
            .bytes(),
        };
        let mut wire = self.connect()?;
        let sent = wire.write_all(&bytes);
        let reply = match (sent, offer.version) {
            (Err(error), _) if error.kind() == ErrorKind::TimedOut => Reply::Timeout,
            // What the server said before it closed may still be there to read.
            (_, Version::Ssl2) => read_ssl2(&mut wire),
            _ => read(&mut wire, Reader::default()),
        };
        match self.read(reply) {
            // There would have been more patience for one answer than there was left for all.
            Reply::Timeout if self.is_over(Instant::now()) => Err(self.no_time()),
            reply => Ok(reply),
        }
    }

    /// A wait that the user broke off says nothing about the server.
    fn read(&self, reply: Reply) -> Reply {
        if reply == Reply::Timeout && self.stopped() {
            self.halt(&Reason::Interrupted);
        }
        reply
    }

    /// Why exchanges have ended, if they have.
    pub(super) fn halted(&self) -> Option<Reason> {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn halt(&self, reason: &Reason) {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason.clone());
    }

    /// Takes a connection from the budget, and waits for its turn.
    fn may_connect(&self) -> Result<(), Reason> {
        if self.stopped() {
            return Err(Reason::Interrupted);
        }
        if let Some(reason) = self.halted() {
            return Err(reason);
        }
        if self.is_over(Instant::now()) {
            return Err(self.no_time());
        }
        let most = self.limits.connections;
        let spent = || Reason::Spent(Spent::Connections(most));
        if self.left() == 0 {
            return Err(spent());
        }
        self.wait()?;
        let take = |used: u32| (used < most).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).map(drop).map_err(|_| spent())
    }

    /// Is all the time spent by then?
    fn is_over(&self, then: Instant) -> bool {
        then.saturating_duration_since(self.begun) > self.limits.total
    }

    fn no_time(&self) -> Reason {
        Reason::Spent(Spent::Seconds(self.limits.total.as_secs()))
    }

    /// Waits for the turn that the pace gives, if that comes in time. A long wait can be stopped.
    fn wait(&self) -> Result<(), Reason> {
        if self.limits.pace.is_zero() {
            return Ok(());
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(Instant::now());
        if self.is_over(turn) {
            return Err(self.no_time());
        }
        // A pace that no clock can count is longer than any total.
        *next = turn.checked_add(self.limits.pace).unwrap_or(turn + self.limits.total + self.limits.total);
        drop(next);
        while !self.stopped() {
            let left = turn.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(GLANCE));
        }
        Err(Reason::Interrupted)
    }

    /// Did the user stop it?
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A connection on which TLS comes next.
    pub(super) fn connect(&self) -> Result<Wire<'a>, Reason> {
        let end = self.begun.checked_add(self.limits.total);
        let deadline = Instant::now() + self.limits.exchange;
        let deadline = end.map_or(deadline, |end| deadline.min(end));
        let opened = Wire::open(&self.target.place, self.limits.connect.min(self.limits.exchange), deadline, self.stop);
        let mut wire = match opened {
            Ok(wire) => wire,
            Err(error) => {
                // Who has answered before and does not now is protecting itself.
                let reason = match self.has_connected() {
                    _ if self.stopped() => Reason::Interrupted,
                    true => Reason::RateLimited,
                    false => Reason::Unreachable(error.kind()),
                };
                self.halt(&reason);
                return Err(reason);
            }
        };
        self.connected.store(true, Ordering::Relaxed);
        if self.target.proxy {
            // Where it can't be sent, the answer will show it.
            let _shown_later = wire.write_all(b"PROXY TCP4 127.0.0.1 127.0.0.1 49152 443\r\n");
        }
        let Some(starttls) = self.target.starttls else { return Ok(wire) };
        let domain = self.target.name.as_ref().map_or(self.target.domain.as_str(), |name| name.as_str());
        match starttls.begin(&mut wire, domain) {
            Ok(()) => Ok(wire),
            Err(super::starttls::Error::Timeout) if self.stopped() => Err(Reason::Interrupted),
            Err(error) => {
                let reason = Reason::StartTls(error.clone());
                if error.is_final() || matches!(error, super::starttls::Error::Busy(_)) {
                    self.halt(&reason);
                }
                Err(reason)
            }
        }
    }

    /// How long the whole took so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// What is next, while nobody else looks.
fn next<T>(waiting: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn read(wire: &mut Wire<'_>, mut reader: Reader) -> Reply {
    let mut buffer = [0; 4096];
    loop {
        match wire.read(&mut buffer) {
            Ok(0) => return reader.end(Ending::Closed),
            Ok(count) => {
                if let Step::Done(reply) = reader.take(&buffer[..count]) {
                    return reply;
                }
            }
            Err(error) => return reader.end(ending(&error)),
        }
    }
}

fn ending(error: &std::io::Error) -> Ending {
    match error.kind() {
        ErrorKind::TimedOut => Ending::Timeout,
        _ => Ending::Reset,
    }
}

/// A server may answer a hello of SSLv2 in SSLv2, or with a record of TLS.
fn read_ssl2(wire: &mut Wire<'_>) -> Reply {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match sslv2::read(&bytes) {
            sslv2::Answer::Hello(kinds) => return Reply::Ssl2(kinds),
            sslv2::Answer::Error(error) => return Reply::Ssl2Error(error),
            sslv2::Answer::Other => break,
            sslv2::Answer::More => {}
        }
        match wire.read(&mut buffer) {
            Ok(0) => return if bytes.is_empty() { Reply::Closed } else { Reply::Truncated },
            Ok(count) => bytes.extend(&buffer[..count]),
            Err(error) => {
                return match (ending(&error), bytes.is_empty()) {
                    (Ending::Timeout, _) => Reply::Timeout,
                    (_, true) => Reply::Reset,
                    _ => Reply::Truncated,
                };
            }
        }
    }
    let mut reader = Reader::default();
    match reader.take(&bytes) {
        Step::Done(reply) => reply,
        Step::More => read(wire, reader),
    }
}

/// Random bytes that need not be secret.
fn random() -> [u8; RANDOM] {
    let mut bytes = [0; RANDOM];
    for (at, piece) in bytes.chunks_mut(8).enumerate() {
        piece.copy_from_slice(&RandomState::new().hash_one(at).to_ne_bytes());
    }
    bytes
}
