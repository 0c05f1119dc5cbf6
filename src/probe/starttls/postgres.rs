//! PostgreSQL: an SSLRequest, and one byte back.

use super::Error;
use super::talk::{Talk, other};
use std::io::{Read, Write};

/// Asks for TLS.
pub(super) fn begin<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    talk.send(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])?;
    match talk.byte()? {
        b'S' => Ok(()),
        b'N' => Err(Error::NotOffered),
        // An error message, such as "too many clients".
        b'E' => Err(Error::Busy("an error message".to_owned())),
        byte => Err(other(&[byte])),
    }
}
