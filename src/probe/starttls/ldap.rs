//! LDAP: an extended request in BER.

use super::Error;
use super::talk::{Talk, other, shown};
use std::io::{Read, Write};

/// Message 1, ExtendedRequest with the OID of StartTLS.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// A longer answer is not one.
const LONGEST: usize = 16 << 10;

/// Asks for TLS.
pub(super) fn begin<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    talk.send(REQUEST)?;
    let tag = talk.byte()?;
    if tag != 0x30 {
        return Err(other(&[tag]));
    }
    let first = talk.byte()?;
    let length = match first {
        // Active Directory writes lengths in the long form.
        0x81..=0x84 => {
            let bytes = talk.bytes(usize::from(first & 0x7f))?;
            bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte))
        }
        0..=0x7f => usize::from(first),
        _ => return Err(other(&[tag, first])),
    };
    if length > LONGEST {
        return Err(other(&[tag, first]));
    }
    let content = talk.bytes(length)?;
    result(&content).ok_or_else(|| other(&content)).and_then(|(code, text)| match code {
        0 => Ok(()),
        // busy, unavailable
        51 | 52 => Err(Error::Busy(format!("result {code} {text}"))),
        _ => Err(Error::Refused(format!("result {code} {text}"))),
    })
}

/// The result code and the diagnostic message of an answer.
fn result(content: &[u8]) -> Option<(u8, String)> {
    let (_, _id, rest) = element(content)?;
    let (tag, response, _) = element(rest)?;
    if tag != 0x78 {
        return None;
    }
    let (tag, code, rest) = element(response)?;
    let code = *code.last().filter(|_| tag == 0x0a)?;
    let text = element(rest).and_then(|(_, _matched, rest)| element(rest)).map(|(_, text, _)| shown(text));
    Some((code, text.unwrap_or_default()))
}

/// A tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first, rest) = (*bytes.first()?, *bytes.get(1)?, bytes.get(2..)?);
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
