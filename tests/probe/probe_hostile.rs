//! Nothing that a server sends stops the parser, and how the bytes are cut into pieces does not matter.
//! `HOSTILE_ANSWERS=1000000` tries more of them.

use crate::support;

use support::fake::{alert, chosen, message, record, server_hello};
use support::random::Random;
use tlsmend::probe::reply::{Ending, Reader, Reply, Step};
use tlsmend::probe::sslv2;
use tlsmend::tls::Version;

/// What a reader makes of bytes that come in such pieces, and where it stopped.
fn read(bytes: &[u8], mut pieces: impl FnMut() -> usize, ending: Ending) -> (Reply, usize) {
    let mut reader = Reader::default();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + pieces().max(1)).min(bytes.len());
        let step = reader.take(&bytes[at..end]);
        at = end;
        if let Step::Done(reply) = step {
            return (reply, at);
        }
    }
    (reader.end(ending), at)
}

fn whole(bytes: &[u8]) -> Reply {
    read(bytes, || usize::MAX / 2, Ending::Closed).0
}

/// Answers as servers give them.
fn flights() -> Vec<Vec<u8>> {
    let hello = server_hello(Version::Tls1_2, 0xc02f, 0);
    let certificate = message(11, &[&[0, 0, 7, 0, 0, 4][..], &[1, 2, 3, 4]].concat());
    let key = message(12, &[3, 0, 29, 32, 9, 9, 9]);
    let done = message(14, &[]);
    let all = [&hello[..], &certificate, &key, &done].concat();
    let halves = all.split_at(all.len() / 2);
    vec![
        // one record, a record for each message, messages over the ends of records
        record(22, 0x0303, &all),
        [&hello, &certificate, &key, &done].map(|part| record(22, 0x0303, part)).concat(),
        [record(22, 0x0303, halves.0), record(22, 0x0303, halves.1)].concat(),
        all.chunks(3).flat_map(|piece| record(22, 0x0303, piece)).collect(),
        [chosen(Version::Tls1_3, 0x1301, 0), record(20, 0x0303, &[1])].concat(),
        [record(21, 0x0301, &[1, 112]), record(22, 0x0301, &all)].concat(),
        record(21, 0x0301, &[1, 112, 2, 40]),
        [record(21, 0x0301, &[2]), record(21, 0x0301, &[70])].concat(),
        alert(80),
        [record(22, 0x0303, &hello), alert(80)].concat(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ]
}

#[test]
fn pieces_do_not_matter() {
    for flight in flights() {
        let (expected, _) = read(&flight, || usize::MAX / 2, Ending::Closed);
        assert_eq!(read(&flight, || 1, Ending::Closed).0, expected, "one byte at a time");
        for split in 1..flight.len() {
            let mut pieces = [split, usize::MAX / 2].into_iter();
            assert_eq!(read(&flight, || pieces.next().unwrap_or(1), Ending::Closed).0, expected, "{split}");
        }
    }
}

#[test]
fn every_beginning_of_an_answer_is_told_from_the_whole() {
    for flight in flights() {
        let (expected, end) = read(&flight, || 1, Ending::Closed);
        for cut in 0..end {
            let (reply, _) = read(&flight[..cut], || 1, Ending::Timeout);
            let partly = match (&reply, &expected) {
                (Reply::Chosen(_), Reply::Chosen(_) | Reply::Alert(_)) => true,
                (Reply::NotTls(start), Reply::NotTls(all)) => all.starts_with(start),
                _ => false,
            };
            assert!(partly || reply == Reply::Timeout, "{cut} of {end}: {reply:?}");
        }
    }
}

#[test]
fn lengths_may_lie() {
    for flight in flights() {
        for at in 0..flight.len().min(60) {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = flight.clone();
                bytes[at] = value;
                let _any = whole(&bytes);
                let _any = sslv2::read(&bytes);
            }
        }
    }
    assert!(matches!(whole(&[22, 3, 3, 0xff, 0xff]), Reply::Violation(_)));
    assert!(matches!(whole(&record(22, 0x0303, &[2, 0xff, 0xff, 0xff])), Reply::Violation(_)));
    assert!(matches!(whole(&record(22, 0x0303, &message(2, &[3, 3]))), Reply::Violation(_)));
    assert!(matches!(whole(&record(21, 0x0303, &[9, 9])), Reply::Violation(_)));
    assert!(matches!(whole(&record(23, 0x0303, b"data")), Reply::Violation(_)));
    assert_eq!(whole(&[]), Reply::Closed);
    assert_eq!(whole(&[22]), Reply::Truncated);
    assert_eq!(whole(&record(21, 0x0303, &[1, 0])), Reply::Closed);
    assert!(matches!(whole(&record(21, 0x0303, &[1, 90]).repeat(40)), Reply::Violation(_)));
}

#[test]
fn no_bytes_stop_the_reader() {
    let tries = std::env::var("HOSTILE_ANSWERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000_u32);
    let mut random = Random::new(7);
    let flights = flights();
    for _ in 0..tries {
        let mut bytes = match random.below(4) {
            0 => (0..random.below(80)).map(|_| random.below(256) as u8).collect(),
            // a record with anything in it
            1 => {
                let content: Vec<u8> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
                record(20 + random.below(5) as u8, 0x0303, &content)
            }
            // a handshake with anything in it
            2 => {
                let content: Vec<u8> = (0..random.below(90)).map(|_| random.below(256) as u8).collect();
                record(22, 0x0303, &message(random.below(16) as u8, &content))
            }
            _ => flights[random.below(flights.len())].clone(),
        };
        for _ in 0..random.below(4) {
            if !bytes.is_empty() {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
        }
        bytes.truncate(random.below(bytes.len() + 1).max(bytes.len() / 2));
        let expected = whole(&bytes);
        let pieces = read(&bytes, || 1 + random.below(9), Ending::Closed).0;
        // What comes behind the end of an answer is not read if it comes later.
        let early = matches!(pieces, Reply::Chosen(_)) && matches!(expected, Reply::Alert(_));
        assert!(pieces == expected || early, "{bytes:02x?}: {pieces:?} and {expected:?}");
        let _any = sslv2::read(&bytes);
    }
}
