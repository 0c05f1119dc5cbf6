//! A gate before a server: it hands on some connections, and ends the others without a look at them, as a limit does.
#![allow(clippy::disallowed_methods, reason = "a server of a test")]

use super::random::Random;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Which connections are ended.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// each n-th, by a reset
    Nth(usize),
    /// so many of a hundred, by chance: closed or reset by turns
    Percent(usize),
    /// none, but only one waits while another is served
    Backlog,
}

/// The gate; it ends when this is dropped.
pub struct Gate {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Gate {
    /// Before the server at that port of the loopback interface.
    pub fn before(port: u16, rule: Rule, seed: u64) -> Gate {
        let listener = match rule {
            Rule::Backlog => one_at_a_time(),
            Rule::Nth(_) | Rule::Percent(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of our own"),
        };
        let address = listener.local_addr().expect("its address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut random = Random::new(seed);
            for (count, stream) in listener.incoming().enumerate() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { return };
                match rule {
                    Rule::Nth(n) if count % n == n - 1 => reset(&stream),
                    Rule::Percent(percent) if random.percent(percent) => match random.below(2) {
                        0 => reset(&stream),
                        _ => drop(thread::spawn(move || close(stream))),
                    },
                    Rule::Backlog => hand_on(&stream, port),
                    Rule::Nth(_) | Rule::Percent(_) => drop(thread::spawn(move || hand_on(&stream, port))),
                }
            }
        });
        Gate { address, stop, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// A listener with room for one connection that waits.
fn one_at_a_time() -> TcpListener {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port of our own");
    listen(&socket, 1).expect("it listens");
    socket.into()
}

fn reset(stream: &TcpStream) {
    sockopt::set_socket_linger(stream, Some(Duration::ZERO)).expect("an option of a socket");
}

/// Ends a connection in order, which takes that nothing is left unread.
fn close(mut stream: TcpStream) {
    let _hello = stream.read(&mut [0; 4096]);
}

/// Copies in both directions until both ends are done.
fn hand_on(client: &TcpStream, port: u16) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    for stream in [client, &server] {
        let _shown_by_time = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let _shown_by_time = stream.set_nodelay(true);
    }
    thread::scope(|scope| {
        scope.spawn(|| copy(client, &server));
        copy(&server, client);
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The other direction ends too: nobody waits for more of a handshake that is broken off.
    let _gone = to.shutdown(Shutdown::Both);
    let _gone = from.shutdown(Shutdown::Both);
}
