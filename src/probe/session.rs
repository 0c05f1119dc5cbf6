//! The exchanges with one endpoint, and what they may take.

use super::doubt;
use super::hello::{Hello, RANDOM};
use super::limits::Limits;
use super::reason::{Reason, Spent};
use super::reply::{Ending, Reader, Reply, Step};
use super::sslv2;
use super::target::Target;
use super::wire::{GLANCE, Wire};
use crate::tls::Version;
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two connections while one is made at a time: at first, and at most. Short, since most servers that hang up do
/// so on purpose; long in the end, since limits are counted by the second or the minute.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// So many connections in a row may fail while one is made at a time. Who refuses that many may have banned us.
const MOST_REFUSALS: u32 = 5;

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
    /// Connections at the same time.
    places: Mutex<Places>,
    freed: Condvar,
    /// The pause before each connection; only while one is made at a time.
    pause: Mutex<Option<Duration>>,
    /// Hellos that were answered in TLS, by a choice or an alert.
    answered: AtomicU32,
    /// The server hung up on a hello that it answers at other times, though nothing else was asked meanwhile.
    unsteady: AtomicBool,
    /// Connections in a row that did not come about.
    refusals: AtomicU32,
    /// Single connections in a row on which the server hung up.
    failures: AtomicU32,
}

/// The connections that are open, and how many may be.
struct Places {
    open: usize,
    most: usize,
}

/// A place among the connections at the same time, until this is dropped.
struct Turn<'s, 'a>(&'s Session<'a>);

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
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
            places: Mutex::new(Places { open: 0, most: limits.parallel.max(1) }),
            freed: Condvar::new(),
            pause: Mutex::new(None),
            answered: AtomicU32::new(0),
            unsteady: AtomicBool::new(false),
            refusals: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        }
    }

    /// From now on there is one connection at a time, after a pause: what is asked then meets no limit because of other
    /// questions of ours. Connections are tried again, should they have been given up because the server refused one.
    pub(super) fn ask_alone(&self) {
        if self.is_alone() {
            return;
        }
        self.places.lock().unwrap_or_else(PoisonError::into_inner).most = 1;
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(FIRST_PAUSE);
        self.refusals.store(0, Ordering::Relaxed);
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_refusal = |reason: &Reason| matches!(reason, Reason::RateLimited) || reason.is_busy();
        if halted.as_ref().is_some_and(is_refusal) && self.answered() > 0 {
            *halted = None;
        }
    }

    /// Is one connection made at a time?
    pub(super) fn is_alone(&self) -> bool {
        self.pause().is_some()
    }

    /// The server hung up on a single connection. Once may be chance; twice in a row, and it may want longer pauses.
    pub(super) fn back_off(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) > 0 {
            self.lengthen_pause();
        }
    }

    /// Doubles the pause between connections.
    pub(super) fn lengthen_pause(&self) {
        if let Some(pause) = self.pause.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            *pause = (*pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Shortens the pause a little: an answer came.
    fn ease(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if let Some(pause) = self.pause.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            *pause = (*pause * 4 / 5).max(FIRST_PAUSE);
        }
    }

    fn pause(&self) -> Option<Duration> {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hellos that were answered in TLS.
    pub(super) fn answered(&self) -> u32 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Does the server hang up, even on a single connection, on what it answers at other times?
    pub(super) fn is_unsteady(&self) -> bool {
        self.unsteady.load(Ordering::Relaxed)
    }

    /// It does: its silence means nothing from now on.
    pub(super) fn note_unsteady(&self) {
        self.unsteady.store(true, Ordering::Relaxed);
    }

    /// The connections that were made, or tried.
    pub(super) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// The connections that are left.
    pub(super) fn left(&self) -> u32 {
        self.allowed().saturating_sub(self.used())
    }

    /// The connections that may be made: more of them where the server hung up.
    fn allowed(&self) -> u32 {
        if self.is_alone() { self.limits.most() } else { self.limits.connections }
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
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        while places.open >= places.most {
            places = self.freed.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
        places.open += 1;
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
                alpn: &self.target.alpn,
                compression: offer.compression,
                plain: offer.plain,
                random: &random,
            }
            .bytes(),
        };
        let mut wire = self.connect()?;
        self.refusals.store(0, Ordering::Relaxed);
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
        if matches!(reply, Reply::Chosen(_) | Reply::Ssl2(_) | Reply::Ssl2Error(_) | Reply::Alert(_)) {
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.ease();
        }
        reply
    }

    /// Why exchanges have ended, if they have.
    pub(super) fn halted(&self) -> Option<Reason> {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What ended the questions, or would have ended them: the limit of connections is the narrowest.
    pub(super) fn ended(&self) -> Reason {
        match self.halted() {
            Some(reason) => reason,
            None if self.is_over(Instant::now()) => self.no_time(),
            None => Reason::Spent(Spent::Connections(self.allowed())),
        }
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
        let most = self.allowed();
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
        let pause = self.pause().unwrap_or_default();
        if self.limits.pace.is_zero() && pause.is_zero() {
            return Ok(());
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(Instant::now() + pause);
        if self.is_over(turn) {
            return Err(self.no_time());
        }
        // A pace that no clock can count is longer than any total.
        *next = turn.checked_add(self.limits.pace).unwrap_or(turn + self.limits.total + self.limits.total);
        drop(next);
        self.sleep_until(turn)
    }

    /// Waits, if that much time is left. An `Err`: the user stopped it, or there is no time.
    pub(super) fn sleep(&self, pause: Duration) -> Result<(), Reason> {
        let then = Instant::now() + pause;
        if self.is_over(then) { Err(self.no_time()) } else { self.sleep_until(then) }
    }

    fn sleep_until(&self, then: Instant) -> Result<(), Reason> {
        while !self.stopped() {
            let left = then.saturating_duration_since(Instant::now());
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
            // It came about, and ended before anything was sent.
            Err(error) if is_reset(&error) => return Err(Reason::Reset),
            Err(error) => {
                // Who has answered before and does not now is protecting itself.
                let reason = match self.has_connected() {
                    _ if self.stopped() => Reason::Interrupted,
                    true => Reason::RateLimited,
                    false => Reason::Unreachable(error.kind()),
                };
                self.refused(&reason);
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
                let is_final = error.is_final();
                let reason = Reason::StartTls(error);
                match reason.is_busy() {
                    true => self.refused(&reason),
                    false if is_final => self.halt(&reason),
                    false => {}
                }
                Err(reason)
            }
        }
    }

    /// The server refused a connection. While several are made, no more are; a single one is tried a few times.
    fn refused(&self, reason: &Reason) {
        let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_alone() && refusals < MOST_REFUSALS && !self.stopped() {
            self.lengthen_pause();
            self.lengthen_pause();
        } else {
            self.halt(reason);
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

/// Did the other side end a connection that had come about?
fn is_reset(error: &std::io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected)
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
    for piece in bytes.chunks_mut(8) {
        piece.copy_from_slice(&doubt::random().to_ne_bytes());
    }
    bytes
}
