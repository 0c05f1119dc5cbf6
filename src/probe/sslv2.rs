//! The hello of SSLv2, and what a server says to it. It shares nothing with later versions.

use super::hello::RANDOM;

/// The kinds of cipher of SSLv2, three bytes each, with their names.
const KINDS: &[([u8; 3], &str)] = &[
    ([7, 0, 0xc0], "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"),
    ([5, 0, 0x80], "SSL_CK_IDEA_128_CBC_WITH_MD5"),
    ([3, 0, 0x80], "SSL_CK_RC2_128_CBC_WITH_MD5"),
    ([1, 0, 0x80], "SSL_CK_RC4_128_WITH_MD5"),
    ([8, 0, 0x80], "SSL_CK_RC4_64_WITH_MD5"),
    ([6, 0, 0x40], "SSL_CK_DES_64_CBC_WITH_MD5"),
    ([4, 0, 0x80], "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5"),
    ([2, 0, 0x80], "SSL_CK_RC4_128_EXPORT40_WITH_MD5"),
];

/// What the bytes of an answer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Not all of it is there.
    More,
    /// SSLv2 is spoken; the names of the kinds of cipher, in the server's order.
    Hello(Vec<&'static str>),
    /// An error of SSLv2: it is spoken in principle, and refused here.
    Error(u16),
    /// Something else; it may be a TLS record.
    Other,
}

/// The CLIENT-HELLO that offers all kinds of cipher.
pub fn hello(random: &[u8; RANDOM]) -> Vec<u8> {
    let kinds: Vec<u8> = KINDS.iter().flat_map(|(kind, _)| *kind).collect();
    let length = 9 + kinds.len() + 16;
    let mut out = vec![0x80, length as u8, 1, 0, 2, 0, kinds.len() as u8, 0, 0, 0, 16];
    out.extend(kinds);
    out.extend(&random[..16]);
    out
}

/// The length of a message, and where it begins. A header has two bytes, or three where the message is padded; an `Err`:
/// it is none, or not all there.
fn header(bytes: &[u8]) -> Result<(usize, usize), Answer> {
    match *bytes {
        [first, second, ..] if first & 0x80 != 0 => Ok((usize::from(first & 0x7f) << 8 | usize::from(second), 2)),
        [first] if first & 0x80 != 0 => Err(Answer::More),
        // A record of TLS; and no hello is longer than a certificate of some kilobytes.
        [20..=24, 3, ..] | [32..=255, ..] => Err(Answer::Other),
        [first, second, padding, ..] => {
            let length = usize::from(first) << 8 | usize::from(second);
            length.checked_sub(padding.into()).map(|length| (length, 3)).ok_or(Answer::Other)
        }
        _ => Err(Answer::More),
    }
}

/// Reads the beginning of an answer.
pub fn read(bytes: &[u8]) -> Answer {
    let (length, begin) = match header(bytes) {
        Ok(header) => header,
        Err(answer) => return answer,
    };
    let body = &bytes[begin..];
    match body.first() {
        // MSG-ERROR and SERVER-HELLO
        Some(0) if length == 3 => {}
        Some(4) if length >= 11 => {}
        None => return Answer::More,
        Some(_) => return Answer::Other,
    }
    let Some(body) = body.get(..length) else {
        // The version must be right from the first.
        let version = body.get(3..5).is_none_or(|version| version == [0, 2] || body[0] == 0);
        return if version { Answer::More } else { Answer::Other };
    };
    if body[0] == 0 {
        return Answer::Error(u16::from_be_bytes([body[1], body[2]]));
    }
    let number = |at: usize| usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
    let (certificate, kinds, id) = (number(5), number(7), number(9));
    if number(3) != 2 || 11 + certificate + kinds + id > length {
        return Answer::Other;
    }
    let kinds = &body[11 + certificate..11 + certificate + kinds];
    Answer::Hello(kinds.chunks_exact(3).filter_map(name).collect())
}

fn name(kind: &[u8]) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| known == kind).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_hello() -> Vec<u8> {
        let mut out = vec![0x80, 11 + 2 + 6 + 1, 4, 0, 1, 0, 2, 0, 2, 0, 6, 0, 1, 0xaa, 0xbb];
        out.extend([1, 0, 0x80, 7, 0, 0xc0, 9]);
        out
    }

    #[test]
    fn hello_is_one_record() {
        let bytes = hello(&[1; RANDOM]);
        assert_eq!(bytes.len(), 2 + usize::from(bytes[1]));
        assert_eq!(bytes[..5], [0x80, 49, 1, 0, 2]);
    }

    #[test]
    fn every_beginning_of_an_answer() {
        let answer = server_hello();
        for end in 0..answer.len() {
            assert_eq!(read(&answer[..end]), Answer::More, "{end}");
        }
        let names = vec!["SSL_CK_RC4_128_WITH_MD5", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"];
        assert_eq!(read(&answer), Answer::Hello(names));
        assert_eq!(read(&[0x80, 3, 0, 0, 1]), Answer::Error(1));
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 70]), Answer::Other);
        assert_eq!(read(b"HTTP/1.1 400"), Answer::Other);
        let mut lies = server_hello();
        lies[7] = 0xff;
        assert_eq!(read(&lies), Answer::Other);
    }

    #[test]
    fn a_padded_answer_has_a_longer_header() {
        let plain = server_hello();
        let padding = 5;
        let length = plain[1] + padding;
        let padded = [&[0, length, padding][..], &plain[2..], &[0; 5]].concat();
        for end in 0..padded.len() - usize::from(padding) {
            assert_eq!(read(&padded[..end]), Answer::More, "{end}");
        }
        assert_eq!(read(&padded), read(&plain));
        assert_eq!(read(&[0, 4, 1, 0, 0, 1, 0]), Answer::Error(1));
        for other in [&b"220 mail"[..], b"\n\n\n\n\n", b"\0\x01\x09\x04", &[22, 3, 3, 4, 0, 2, 0, 0, 2]] {
            assert_eq!(read(other), Answer::Other, "{other:?}");
        }
    }
}
