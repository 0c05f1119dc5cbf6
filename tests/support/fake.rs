//! A server that reads hellos, and answers as a test wants.
#![allow(clippy::disallowed_methods, reason = "a server of a test")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;
use tlsmend::probe::hello;
use tlsmend::tls::Version;

/// A hello as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The number of the connection, from 0.
    pub connection: usize,
    pub version: Version,
    pub suites: Vec<u16>,
    pub compressions: Vec<u8>,
    pub name: Option<String>,
    /// Extensions, by number.
    pub extensions: Vec<(u16, Vec<u8>)>,
    /// The length of the message.
    pub length: usize,
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    /// One byte at a time.
    Drip(Vec<u8>),
    Sleep(Duration),
    /// Ends the connection in order.
    Close,
    /// Ends it at once, by leaving something unread.
    Reset,
    /// Says nothing, and keeps the connection.
    Hang,
}

type Answer = dyn Fn(&Seen) -> Vec<Step> + Send + Sync;

/// The server; it ends when this is dropped.
pub struct Fake {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Answers each hello by `answer`.
    pub fn start(answer: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> Fake {
        Fake::after(|_| true, answer)
    }

    /// Holds a dialogue first; false: it ends the connection.
    pub fn after(
        dialogue: impl Fn(&mut TcpStream) -> bool + Send + Sync + 'static,
        answer: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static,
    ) -> Fake {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of our own");
        let address = listener.local_addr().expect("its address");
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (for_thread, stop_thread) = (Arc::clone(&seen), Arc::clone(&stop));
        let answer: Arc<Answer> = Arc::new(answer);
        let dialogue = Arc::new(dialogue);
        let thread = thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if stop_thread.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(mut stream) = stream else { return };
                let (seen, answer) = (Arc::clone(&for_thread), Arc::clone(&answer));
                let (dialogue, stop) = (Arc::clone(&dialogue), Arc::clone(&stop_thread));
                thread::spawn(move || {
                    if dialogue(&mut stream) {
                        serve(stream, connection, &seen, &*answer, &stop);
                    }
                });
            }
        });
        Fake { address, seen, stop, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The hellos so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic in the server").clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, connection: usize, all: &Mutex<Vec<Seen>>, answer: &Answer, stop: &AtomicBool) {
    // The last byte is left, in case that the answer is a reset.
    let Some(seen) = read(&mut stream, connection) else { return };
    all.lock().expect("no panic in the server").push(seen.clone());
    let steps = answer(&seen);
    let resets = steps.iter().any(|step| matches!(step, Step::Reset));
    if !resets && stream.read_exact(&mut [0]).is_err() {
        return;
    }
    for step in steps {
        match step {
            Step::Send(bytes) => drop(stream.write_all(&bytes)),
            Step::Drip(bytes) => {
                let _unread = stream.set_nodelay(true);
                for byte in bytes {
                    if stream.write_all(&[byte]).is_err() {
                        return;
                    }
                    thread::yield_now();
                }
            }
            Step::Sleep(time) => sleep(time),
            Step::Close | Step::Reset => return,
            Step::Hang => {
                while !stop.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(5));
                }
            }
        }
    }
}

/// Reads a hello but for its last byte, and decodes it.
fn read(stream: &mut TcpStream, connection: usize) -> Option<Seen> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).ok()?;
    if head[0] & 0x80 != 0 {
        let length = usize::from(head[1]) + 2;
        let mut rest = vec![0; length - 5 - 1];
        stream.read_exact(&mut rest).ok()?;
        let none = Vec::new();
        return Some(Seen {
            connection,
            version: Version::Ssl2,
            suites: Vec::new(),
            compressions: Vec::new(),
            name: None,
            extensions: none,
            length,
        });
    }
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    let mut body = vec![0; length - 1];
    stream.read_exact(&mut body).ok()?;
    // The last byte of every hello of ours is a zero or does not matter here.
    body.push(0);
    Some(decode(&body, connection))
}

fn decode(body: &[u8], connection: usize) -> Seen {
    let number = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    assert_eq!(body[0], 1, "a ClientHello");
    let mut version = hello::from_wire(number(4)).expect("a version");
    let mut at = 4 + 2 + 32;
    at += 1 + usize::from(body[at]);
    let count = usize::from(number(at));
    let suites = (0..count / 2).map(|i| number(at + 2 + 2 * i)).collect();
    at += 2 + count;
    let compressions = body[at + 1..at + 1 + usize::from(body[at])].to_vec();
    at += 1 + usize::from(body[at]);
    let mut extensions = Vec::new();
    if at < body.len() {
        assert_eq!(usize::from(number(at)), body.len() - at - 2, "the length of the extensions");
        at += 2;
        while at < body.len() {
            let length = usize::from(number(at + 2));
            extensions.push((number(at), body[at + 4..at + 4 + length].to_vec()));
            at += 4 + length;
        }
    }
    let content = |wanted: u16| extensions.iter().find(|(n, _)| *n == wanted).map(|(_, content)| content.clone());
    if let Some(versions) = content(43) {
        assert!(versions == [2, 3, 4] || versions == [4, 3, 4, 3, 3], "{versions:?}");
        version = Version::Tls1_3;
    }
    let name = content(0).map(|content| String::from_utf8(content[5..].to_vec()).expect("ASCII"));
    Seen { connection, version, suites, compressions, name, extensions, length: body.len() }
}

/// A record.
pub fn record(kind: u8, version: u16, content: &[u8]) -> Vec<u8> {
    let [major, minor] = version.to_be_bytes();
    let [high, low] = (content.len() as u16).to_be_bytes();
    [&[kind, major, minor, high, low], content].concat()
}

/// A fatal alert.
pub fn alert(description: u8) -> Vec<u8> {
    record(21, 0x0303, &[2, description])
}

/// A handshake message.
pub fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&[kind, length[1], length[2], length[3]], content].concat()
}

/// A ServerHello; for TLS 1.3 a HelloRetryRequest for x25519.
pub fn server_hello(version: Version, suite: u16, compression: u8) -> Vec<u8> {
    let retry: Vec<u8> =
        [0xcf21_ad74_e59a_6111_u64, 0xbe1d_8c02_1e65_b891, 0xc2a2_1116_7abb_8c5e, 0x079e_09e2_c8a8_339c]
            .iter()
            .flat_map(|part| part.to_be_bytes())
            .collect();
    let wire = hello::wire(version);
    let mut content = wire.min(0x0303).to_be_bytes().to_vec();
    content.extend(if version == Version::Tls1_3 { retry } else { vec![7; 32] });
    content.push(0);
    content.extend(suite.to_be_bytes());
    content.push(compression);
    if version == Version::Tls1_3 {
        content.extend([0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29]);
    }
    message(2, &content)
}

/// The first flight of a server that chose: up to ServerHelloDone.
pub fn chosen(version: Version, suite: u16, compression: u8) -> Vec<u8> {
    let mut handshake = server_hello(version, suite, compression);
    if version < Version::Tls1_3 {
        handshake.extend(message(14, &[]));
    }
    record(22, hello::wire(version).min(0x0303), &handshake)
}

/// A server with some versions, and suites of its own in its own order (or the client's).
#[derive(Clone, Debug)]
pub struct Model {
    pub versions: Vec<Version>,
    pub suites: Vec<u16>,
    pub suites_1_3: Vec<u16>,
    pub own_order: bool,
}

impl Model {
    pub fn answer(&self, seen: &Seen) -> Vec<Step> {
        if !self.versions.contains(&seen.version) {
            return vec![Step::Send(alert(70)), Step::Close];
        }
        let own = if seen.version == Version::Tls1_3 { &self.suites_1_3 } else { &self.suites };
        let (first, second) = if self.own_order { (own, &seen.suites) } else { (&seen.suites, own) };
        match first.iter().find(|suite| second.contains(suite)) {
            Some(suite) => vec![Step::Send(chosen(seen.version, *suite, 0)), Step::Close],
            None => vec![Step::Send(alert(40)), Step::Close],
        }
    }
}
