//! Reading plain text without a byte too much.

use super::Error;
use std::io::{Read, Write};

/// The longest line that is read.
const LONGEST_LINE: usize = 8 << 10;
/// The most that is read before TLS.
const MOST: usize = 64 << 10;
/// How much of an answer is kept for messages.
const KEPT: usize = 120;

/// A plain dialogue.
pub(super) struct Talk<'a, W> {
    wire: &'a mut W,
    read: usize,
}

impl<'a, W: Read + Write> Talk<'a, W> {
    /// Begins one.
    pub(super) fn new(wire: &'a mut W) -> Self {
        Talk { wire, read: 0 }
    }

    /// Sends bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.wire.write_all(bytes)?)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        self.read += 1;
        if self.read > MOST {
            return Err(Error::OtherProtocol("it does not end".to_owned()));
        }
        let mut byte = [0];
        self.wire.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// The next bytes, exactly so many.
    pub(super) fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self) -> Result<String, Error> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                byte => line.push(byte),
            }
            if line.len() > LONGEST_LINE {
                return Err(other(&line));
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

/// The beginning of an answer, for messages.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(KEPT).collect()
}

/// An answer of another protocol.
pub(super) fn other(bytes: &[u8]) -> Error {
    Error::OtherProtocol(shown(bytes))
}
