//! MySQL and MariaDB: the server greets with what it can do; the client asks for TLS and goes on at once.

use super::Error;
use super::talk::{Talk, other, shown};
use std::io::{Read, Write};

const CLIENT_SSL: u16 = 0x0800;
/// A longer greeting is not one.
const LONGEST: usize = 4096;

/// Asks for TLS.
pub(super) fn begin<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    let head = talk.bytes(4)?;
    let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    if length == 0 || length > LONGEST || head[3] > 1 {
        return Err(other(&head));
    }
    let packet = talk.bytes(length)?;
    match packet[0] {
        // An error, such as "host is blocked"; its number comes first.
        0xff => return Err(Error::Busy(shown(packet.get(3..).unwrap_or_default()))),
        10 => {}
        _ => return Err(other(&packet)),
    }
    // version, a NUL, the connection's number (4), salt (8), a NUL, what it can do (2)
    let end = packet.iter().position(|byte| *byte == 0).ok_or_else(|| other(&packet))?;
    let abilities = packet.get(end + 14..end + 16).ok_or_else(|| other(&packet))?;
    if u16::from_le_bytes([abilities[0], abilities[1]]) & CLIENT_SSL == 0 {
        return Err(Error::NotOffered);
    }
    let mut request = vec![32, 0, 0, head[3].wrapping_add(1), 0x85, 0xae, 0x7f, 0, 0, 0, 0, 1, 0x21];
    request.resize(36, 0);
    talk.send(&request)
}
