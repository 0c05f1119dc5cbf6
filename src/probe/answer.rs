//! What came back on a connection: bytes, until they make a reply.

use super::reply::{Ending, Reader, Reply, Step};
use super::sslv2;
use super::wire::Wire;
use std::io::{ErrorKind, Read};

/// Reads what comes back to a hello of TLS.
pub(super) fn of_tls(wire: &mut Wire<'_>) -> Reply {
    read(wire, Reader::default())
}

/// A server may answer a hello of SSLv2 in SSLv2, or with a record of TLS.
pub(super) fn of_ssl2(wire: &mut Wire<'_>) -> Reply {
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
            Ok(0) if bytes.first().is_some_and(|first| first & 0x80 == 0) => break,
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
