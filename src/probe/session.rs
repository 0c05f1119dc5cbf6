//! The exchanges with one endpoint, and what they may take.

use super::answer;
use super::doubt;
use super::evidence::Evidence;
use super::hello::{Hello, RANDOM};
use super::limits::Limits;
use super::pace::Pace;
use super::reason::{Reason, Spent};
use super::reply::Reply;
use super::sslv2;
use super::target::Target;
use super::wire::{GLANCE, Wire};
use crate::lock::lock;
use crate::tls::Version;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// So many connections in a row may fail while one is made at a time. Who refuses that many may have banned us.
const MOST_REFUSALS: u32 = 5;

/// Rests before questions about what seems to be refused, and the time for the whole that has room for them.
const RESTS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(6)];
const PATIENCE: Duration = Duration::from_secs(30);

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
    pub pace: Pace,
    stop: &'a AtomicBool,
    begun: Instant,
    used: AtomicU32,
    /// A connection came about.
    connected: AtomicBool,
    /// Why no more connections are made.
    halted: Mutex<Option<Reason>>,
    /// Hellos that were answered in TLS, by a choice or an alert; and those of them that were sent beside others.
    answered: AtomicU32,
    answered_before: AtomicU32,
    /// The server hung up on a hello that it answers at other times, though nothing else was asked meanwhile.
    unsteady: AtomicBool,
    /// Connections in a row that did not come about.
    refusals: AtomicU32,
    evidence: Mutex<Evidence>,
}

impl<'a> Session<'a> {
    pub(super) fn new(target: &'a Target, limits: Limits, stop: &'a AtomicBool) -> Session<'a> {
        Session {
            target,
            limits,
            pace: Pace::new(limits),
            stop,
            begun: Instant::now(),
            used: AtomicU32::new(0),
            connected: AtomicBool::new(false),
            halted: Mutex::new(None),
            answered: AtomicU32::new(0),
            answered_before: AtomicU32::new(0),
            unsteady: AtomicBool::new(false),
            refusals: AtomicU32::new(0),
            evidence: Mutex::default(),
        }
    }

    /// From now on there is one connection at a time, after a pause: what is asked then meets no limit because of other
    /// questions of ours. Connections are tried again, should they have been given up because the server refused one.
    pub(super) fn ask_alone(&self) {
        if !self.pace.slow_down() {
            return;
        }
        self.refusals.store(0, Ordering::Relaxed);
        self.answered_before.store(self.answered(), Ordering::Relaxed);
        let mut halted = lock(&self.halted);
        let is_refusal = |reason: &Reason| matches!(reason, Reason::RateLimited) || reason.is_busy();
        if halted.as_ref().is_some_and(is_refusal) && self.answered() > 0 {
            *halted = None;
        }
    }

    /// Is one connection made at a time?
    pub(super) fn is_alone(&self) -> bool {
        self.pace.is_slow()
    }

    /// The hellos that were answered in TLS.
    pub(super) fn answered(&self) -> u32 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Those of them that were sent alone, since when the order is a random one.
    pub(super) fn answered_alone(&self) -> u32 {
        self.answered() - self.answered_before.load(Ordering::Relaxed)
    }

    /// Does the server hang up, even on a single connection, on what it answers at other times?
    pub(super) fn is_unsteady(&self) -> bool {
        self.unsteady.load(Ordering::Relaxed)
    }

    /// It does: its silence means nothing from now on.
    pub(super) fn note_unsteady(&self) {
        self.unsteady.store(true, Ordering::Relaxed);
    }

    /// What was chosen and refused so far.
    pub(super) fn evidence(&self) -> MutexGuard<'_, Evidence> {
        lock(&self.evidence)
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

    /// Sends a hello, and reads what comes back. An `Err`: there was nobody to read it.
    pub(super) fn exchange(&self, offer: Offer<'_>) -> Result<Reply, Reason> {
        let _turn = self.pace.turn();
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
            (_, Version::Ssl2) => answer::of_ssl2(&mut wire),
            _ => answer::of_tls(&mut wire),
        };
        match self.note(reply) {
            // There would have been more patience for one answer than there was left for all.
            Reply::Timeout if self.is_over(Instant::now()) => Err(self.no_time()),
            reply => Ok(reply),
        }
    }

    /// A wait that the user broke off says nothing about the server.
    fn note(&self, reply: Reply) -> Reply {
        if reply == Reply::Timeout && self.stopped() {
            self.halt(&Reason::Interrupted);
        }
        if matches!(reply, Reply::Chosen(_) | Reply::Ssl2(_) | Reply::Ssl2Error(_) | Reply::Alert(_)) {
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.pace.ease();
        }
        reply
    }

    /// Why exchanges have ended, if they have.
    pub(super) fn halted(&self) -> Option<Reason> {
        lock(&self.halted).clone()
    }

    /// What ended the questions: where it was no limit of our own, it is one of the server.
    pub(super) fn ended(&self) -> Reason {
        match self.halted() {
            Some(reason) => reason,
            None if self.is_over(Instant::now()) => self.no_time(),
            None if self.left() == 0 => Reason::Spent(Spent::Connections(self.allowed())),
            None => Reason::RateLimited,
        }
    }

    fn halt(&self, reason: &Reason) {
        lock(&self.halted).get_or_insert(reason.clone());
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
        let turn = self.pace.next(|then| self.is_over(then)).ok_or_else(|| self.no_time())?;
        self.sleep_until(turn)
    }

    /// Waits, if that much time is left. An `Err`: the user stopped it, or there is no time.
    pub(super) fn sleep(&self, pause: Duration) -> Result<(), Reason> {
        let then = Instant::now() + pause;
        if self.is_over(then) {
            self.halt(&self.no_time());
            return Err(self.no_time());
        }
        self.sleep_until(then)
    }

    /// Rests in which a limit of connections may run out, as far as there is time for them.
    pub(super) fn rests(&self) -> [Duration; 2] {
        RESTS.map(|rest| rest.min(self.limits.total.mul_f64(rest.as_secs_f64() / PATIENCE.as_secs_f64())))
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
    pub(super) fn stopped(&self) -> bool {
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
                // Where nobody has said anything yet, each further question would take as long.
                let is_silent = error == super::starttls::Error::Timeout && self.answered() == 0;
                let is_final = error.is_final() || is_silent;
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
            self.pace.lengthen_pause();
            self.pace.lengthen_pause();
        } else {
            self.halt(reason);
        }
    }

    /// How long the whole took so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Did the other side end a connection that had come about?
fn is_reset(error: &std::io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected)
}

/// Random bytes that need not be secret.
fn random() -> [u8; RANDOM] {
    let mut bytes = [0; RANDOM];
    for piece in bytes.chunks_mut(8) {
        piece.copy_from_slice(&doubt::random().to_ne_bytes());
    }
    bytes
}
