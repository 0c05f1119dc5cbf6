//! What a server answers to a hello: a parser that takes bytes as they come.
//!
//! It keeps what the transport gave, in records of at most 18 KiB and 64 KiB of handshake, whatever lengths the
//! server claims; it never panics and never waits for more than the reply needs.

use super::hello;
use super::key::{self, Agreement};
use crate::tls::Version;

/// The longest record (TLS 1.2: 2^14 + 2048).
const LONGEST_RECORD: usize = 18_432;
/// The most of a handshake that is read.
const MOST_HANDSHAKE: usize = 64 << 10;
/// More warnings than this are no handshake.
const MOST_WARNINGS: usize = 16;
/// So much of what is not TLS is read, to tell what it is: of text a line, or somewhat more of it than a message has room
/// for.
const KEPT: usize = 8;
const KEPT_TEXT: usize = 4 * SHOWN + 4;
/// The letters of text that a message shows.
pub(super) const SHOWN: usize = 40;
/// A server's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The version, by its number on the wire.
    pub version: u16,
    /// It stands in the extension that TLS 1.3 has for it.
    pub is_extended: bool,
    /// The suite.
    pub suite: u16,
    /// The compression method; 0: none.
    pub compression: u8,
    /// How keys are agreed upon, as far as it was told.
    pub key: Option<Agreement>,
}

/// The answer to a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The server chose.
    Chosen(Box<Choice>),
    /// SSLv2: the names of the kinds of cipher.
    Ssl2(Vec<&'static str>),
    /// SSLv2: an error message.
    Ssl2Error(u16),
    /// A fatal alert.
    Alert(u8),
    /// The connection was closed without an answer.
    Closed,
    /// The connection was reset without an answer.
    Reset,
    /// The connection ended in the middle of an answer.
    Truncated,
    /// No complete answer in time.
    Timeout,
    /// The beginning of what is not TLS.
    NotTls(Vec<u8>),
    /// TLS, and wrong.
    Violation(&'static str),
}

/// What a reader has after some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It needs more.
    More,
    /// The answer is complete.
    Done(Reply),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// by the server, in order
    Closed,
    /// by the server, at once
    Reset,
    /// by us: too late
    Timeout,
}

/// Reads an answer.
#[derive(Debug, Default)]
pub struct Reader {
    /// What came and is not yet a whole record.
    raw: Vec<u8>,
    handshake: Vec<u8>,
    alert: Vec<u8>,
    warnings: usize,
    total: usize,
    choice: Option<Box<Choice>>,
    began: bool,
}

/// An `Err` is the answer: no more is read.
type Found = Result<(), Reply>;

impl Reader {
    /// Takes some bytes. Messages that follow a choice are read too: they tell about certificate and key, and a
    /// server may still refuse with an alert.
    pub fn take(&mut self, bytes: &[u8]) -> Step {
        self.began = self.began || !bytes.is_empty();
        self.raw.extend(bytes);
        match self.records() {
            Ok(()) => Step::More,
            Err(reply) => Step::Done(match (reply, self.choice.take()) {
                (reply @ Reply::Alert(_), _) | (reply, None) => reply,
                (_, Some(choice)) => Reply::Chosen(choice),
            }),
        }
    }

    /// The connection ended before the answer was complete.
    pub fn end(self, ending: Ending) -> Reply {
        match (self.choice, ending) {
            (Some(choice), _) => Reply::Chosen(choice),
            (None, _) if self.began && !is_tls(&self.raw) => Reply::NotTls(kept(&self.raw)),
            (None, Ending::Timeout) => Reply::Timeout,
            (None, _) if self.began => Reply::Truncated,
            (None, Ending::Closed) => Reply::Closed,
            (None, Ending::Reset) => Reply::Reset,
        }
    }

    /// Takes all whole records; an `Err` is the end.
    fn records(&mut self) -> Found {
        let mut at = 0;
        let raw = std::mem::take(&mut self.raw);
        let found = loop {
            let rest = &raw[at..];
            if !is_tls(rest) {
                break match self.total {
                    0 if is_cut_off(rest) => Ok(()),
                    0 => Err(Reply::NotTls(kept(rest))),
                    _ => Err(Reply::Violation("a record is not one of TLS")),
                };
            }
            let [kind, _, _, high, low, ..] = *rest else { break Ok(()) };
            let length = usize::from(u16::from_be_bytes([high, low]));
            if length > LONGEST_RECORD {
                break Err(Reply::Violation("a record is too long"));
            }
            let Some(content) = rest.get(5..5 + length) else { break Ok(()) };
            at += 5 + length;
            self.total += 5 + length;
            if let Err(reply) = self.record(kind, content) {
                break Err(reply);
            }
            if self.total > MOST_HANDSHAKE {
                break Err(Reply::Violation("the answer is too long"));
            }
        };
        self.raw = raw[at..].to_vec();
        found
    }

    fn record(&mut self, kind: u8, content: &[u8]) -> Found {
        match kind {
            21 => {
                self.alert.extend(content);
                self.alerts()
            }
            22 => {
                self.handshake.extend(content);
                self.messages()
            }
            // For boxes on the way, after a HelloRetryRequest.
            20 => Ok(()),
            _ => Err(Reply::Violation("a record of data came before the handshake")),
        }
    }

    fn alerts(&mut self) -> Found {
        let alerts = std::mem::take(&mut self.alert);
        for alert in alerts.chunks(2) {
            match *alert {
                [2, description] => return Err(Reply::Alert(description)),
                // A polite end (close_notify) is one too.
                [1, 0] => return Err(Reply::Closed),
                [1, _] if self.warnings < MOST_WARNINGS => self.warnings += 1,
                [1, _] => return Err(Reply::Violation("too many warnings")),
                [level] => self.alert.push(level),
                _ => return Err(Reply::Violation("an alert has a level that does not exist")),
            }
        }
        Ok(())
    }

    fn messages(&mut self) -> Found {
        let mut at = 0;
        let all = std::mem::take(&mut self.handshake);
        let found = loop {
            let [kind, a, b, c, ..] = all[at..] else { break Ok(()) };
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            if length > MOST_HANDSHAKE {
                break Err(Reply::Violation("a handshake message is too long"));
            }
            let Some(content) = all.get(at + 4..at + 4 + length) else { break Ok(()) };
            at += 4 + length;
            if let Err(reply) = self.message(kind, content) {
                break Err(reply);
            }
        };
        self.handshake = all[at..].to_vec();
        found
    }

    fn message(&mut self, kind: u8, content: &[u8]) -> Found {
        let Some(mut choice) = self.choice.take() else {
            return match kind {
                2 => {
                    let choice = server_hello(content).ok_or(Reply::Violation("the ServerHello can't be read"))?;
                    // Of TLS 1.3 there is nothing more to read without keys.
                    if choice.version >= hello::wire(Version::Tls1_3) {
                        return Err(Reply::Chosen(Box::new(choice)));
                    }
                    self.choice = Some(Box::new(choice));
                    Ok(())
                }
                // HelloRequest may come at any time, and means nothing here.
                0 => Ok(()),
                _ => Err(Reply::Violation("the handshake does not begin with a ServerHello")),
            };
        };
        match kind {
            12 => choice.key = key::read(choice.suite, content),
            // The server has said all that it says before it needs an answer.
            14 => return Err(Reply::Chosen(choice)),
            _ => {}
        }
        self.choice = Some(choice);
        Ok(())
    }
}

/// Could it be the beginning of a TLS record?
fn is_tls(bytes: &[u8]) -> bool {
    match *bytes {
        [] => true,
        [kind] => (20..=24).contains(&kind),
        [kind, major, ..] => (20..=24).contains(&kind) && major == 3,
    }
}

/// How much is text (UTF-8) on one line. A letter that is cut off at the end is none.
pub(super) fn text_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|byte| matches!(byte, ..b' ' | 0x7f)).unwrap_or(bytes.len());
    match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    }
}

/// What is kept of an answer that is not TLS; the same, whatever the pieces in which it comes.
fn kept(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(KEPT_TEXT)];
    let text = text_length(bytes);
    let is_line = bytes.get(text).is_some_and(|byte| b"\r\n".contains(byte));
    let most = if text >= KEPT || is_line { text } else { KEPT };
    bytes[..bytes.len().min(most.max(1))].to_vec()
}

/// May more come of what is kept?
fn is_cut_off(bytes: &[u8]) -> bool {
    let text = text_length(bytes);
    // The end may be the beginning of a letter.
    let is_text = std::str::from_utf8(&bytes[text..]).map_or_else(|error| error.error_len().is_none(), str::is_empty);
    if is_text { bytes.len() < KEPT_TEXT } else { kept(bytes).len() == bytes.len() && bytes.len() < KEPT }
}

/// Takes numbers and pieces from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(piece)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|piece| piece[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|piece| u16::from_be_bytes([piece[0], piece[1]]))
    }
}

fn server_hello(content: &[u8]) -> Option<Choice> {
    let mut cursor = Cursor(content);
    let mut choice = Choice { version: cursor.u16()?, ..Choice::default() };
    // The random; a HelloRetryRequest has a special one, and is read like any other ServerHello.
    cursor.take(32)?;
    let session = cursor.u8()?;
    cursor.take(usize::from(session))?;
    choice.suite = cursor.u16()?;
    choice.compression = cursor.u8()?;
    if cursor.0.is_empty() {
        return Some(choice);
    }
    let length = cursor.u16()?;
    let mut extensions = Cursor(cursor.take(usize::from(length))?);
    while !extensions.0.is_empty() {
        let (number, length) = (extensions.u16()?, extensions.u16()?);
        let mut content = Cursor(extensions.take(usize::from(length))?);
        match number {
            // supported_versions
            43 => (choice.version, choice.is_extended) = (content.u16()?, true),
            // key_share: the group comes first, with a key or without
            51 => choice.key = Some(Agreement::group(content.u16()?)),
            _ => {}
        }
    }
    Some(choice)
}
