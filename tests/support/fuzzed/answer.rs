//! Whatever a server answers, the readers end without a panic, and in pieces they read the same.
//! `tests/probe/probe_hostile.rs` does the same with bytes that it makes up.

use tlsmend::probe::reply::{Ending, Reader, Reply, Step};
use tlsmend::probe::sslv2;

fn read(bytes: &[u8], piece: usize) -> Reply {
    let mut reader = Reader::default();
    for part in bytes.chunks(piece) {
        if let Step::Done(reply) = reader.take(part) {
            return reply;
        }
    }
    reader.end(Ending::Closed)
}

pub fn run(bytes: &[u8]) {
    let whole = read(bytes, usize::MAX);
    let pieces = read(bytes, 1);
    // What comes behind the end of an answer is not read if it comes later.
    let early = matches!(pieces, Reply::Chosen(_)) && matches!(whole, Reply::Alert(_));
    assert!(whole == pieces || early, "in one piece {whole:?}, byte by byte {pieces:?}");
    let _any = sslv2::read(bytes);
}
