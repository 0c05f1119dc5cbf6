//! A client behind a load balancer: a relay that says first for whom it speaks.

use super::handshake::{Contact, Seen};
use super::server::stream;
use std::io::{Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use tlsmend::services::service::Destination;

const HEADER: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\n";

/// What a client gets through such a relay.
pub fn through(contact: &Contact, knock: impl FnOnce(&Contact) -> Seen) -> Seen {
    let Destination::Ip(ip, port) = contact.target else { return knock(contact) };
    let relay = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let here = relay.local_addr().expect("the address of our own socket");
    thread::spawn(move || {
        // Ends with the test process: there is nothing that tells it to.
        for client in relay.incoming().flatten() {
            thread::spawn(move || {
                let Some(mut server) = stream(ip, port) else { return };
                if server.write_all(HEADER).is_ok() {
                    both_ways(&client, &server);
                }
            });
        }
    });
    knock(&Contact { target: Destination::Ip(here.ip(), here.port()), ..contact.clone() })
}

fn both_ways(client: &TcpStream, server: &TcpStream) {
    let pump = |mut from: &TcpStream, mut to: &TcpStream| {
        // Either side may hang up at any time.
        let _ended = copy(&mut from, &mut to);
        let _closed = to.shutdown(Shutdown::Write);
    };
    thread::scope(|scope| {
        scope.spawn(|| pump(client, server));
        pump(server, client);
    });
}
