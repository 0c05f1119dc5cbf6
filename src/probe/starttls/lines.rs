//! Protocols of lines: SMTP, LMTP, IMAP, POP3, FTP, NNTP, ManageSieve.

use super::Error;
use super::talk::{Talk, other, shown};
use std::io::{Read, Write};

/// More lines than this are no answer.
const MOST_LINES: usize = 200;

/// A reply of SMTP, FTP and NNTP: a number, and all its lines.
struct Numbered {
    code: u16,
    lines: Vec<String>,
}

impl Numbered {
    /// The last line, for messages.
    fn said(&self) -> String {
        self.lines.last().map(|line| shown(line.as_bytes())).unwrap_or_default()
    }

    /// What a number other than the expected one means: a `refusal` of TLS, or of the dialogue before that.
    fn error(&self, refusal: fn(String) -> Error) -> Error {
        match self.code {
            421 | 450 | 451 | 454 | 400 => Error::Busy(self.said()),
            _ => refusal(self.said()),
        }
    }
}

/// Reads `220-...` up to `220 ...`.
fn numbered<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<Numbered, Error> {
    let mut lines: Vec<String> = Vec::new();
    let mut first = None;
    while lines.len() < MOST_LINES {
        let line = talk.line()?;
        let number = line.get(..3).and_then(|digits| digits.parse::<u16>().ok());
        let last = line.as_bytes().get(3).is_none_or(|byte| *byte == b' ');
        let code = match (first, number) {
            (None, Some(number)) => number,
            (None, None) => return Err(other(line.as_bytes())),
            (Some(code), _) => code,
        };
        first = Some(code);
        lines.push(line);
        // Lines between may have any form in FTP.
        if number == Some(code) && last {
            return Ok(Numbered { code, lines });
        }
    }
    Err(Error::OtherProtocol("it does not end".to_owned()))
}

/// SMTP and LMTP.
pub(super) fn smtp<W: Read + Write>(talk: &mut Talk<'_, W>, hello: &str) -> Result<(), Error> {
    let greeting = numbered(talk)?;
    if greeting.code != 220 {
        return Err(greeting.error(Error::TurnedAway));
    }
    talk.send(format!("{hello} client.example\r\n").as_bytes())?;
    let answer = numbered(talk)?;
    if answer.code != 250 {
        return Err(answer.error(Error::TurnedAway));
    }
    let offers = |line: &String| {
        let words = line.get(4..).unwrap_or_default();
        words.split_ascii_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS"))
    };
    if !answer.lines.iter().any(offers) {
        return Err(Error::NotOffered);
    }
    talk.send(b"STARTTLS\r\n")?;
    let answer = numbered(talk)?;
    if answer.code == 220 { Ok(()) } else { Err(answer.error(Error::Refused)) }
}

/// FTP.
pub(super) fn ftp<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    let mut greeting = numbered(talk)?;
    if greeting.code == 120 {
        // "Ready in so many minutes"; then the greeting.
        greeting = numbered(talk)?;
    }
    if greeting.code != 220 {
        return Err(greeting.error(Error::TurnedAway));
    }
    talk.send(b"AUTH TLS\r\n")?;
    let answer = numbered(talk)?;
    if answer.code == 234 {
        return Ok(());
    }
    if !matches!(answer.code, 500..=504) {
        return Err(answer.error(Error::Refused));
    }
    talk.send(b"AUTH SSL\r\n")?;
    let answer = numbered(talk)?;
    if matches!(answer.code, 234 | 334) { Ok(()) } else { Err(answer.error(Error::Refused)) }
}

/// NNTP.
pub(super) fn nntp<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    let greeting = numbered(talk)?;
    if !matches!(greeting.code, 200 | 201) {
        return Err(greeting.error(Error::TurnedAway));
    }
    talk.send(b"STARTTLS\r\n")?;
    let answer = numbered(talk)?;
    if answer.code == 382 { Ok(()) } else { Err(answer.error(Error::Refused)) }
}

/// IMAP.
pub(super) fn imap<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    let greeting = talk.line()?;
    let upper = greeting.to_ascii_uppercase();
    if upper.starts_with("* BYE") {
        return Err(Error::Busy(shown(greeting.as_bytes())));
    }
    if !upper.starts_with("* OK") && !upper.starts_with("* PREAUTH") {
        return Err(other(greeting.as_bytes()));
    }
    talk.send(b"a1 STARTTLS\r\n")?;
    for _ in 0..MOST_LINES {
        let line = talk.line()?;
        let upper = line.to_ascii_uppercase();
        if upper.starts_with("A1 OK") {
            return Ok(());
        } else if upper.starts_with("A1 ") {
            return Err(Error::Refused(shown(line.as_bytes())));
        } else if upper.starts_with("* BYE") {
            return Err(Error::Busy(shown(line.as_bytes())));
        } else if !upper.starts_with("* ") {
            return Err(other(line.as_bytes()));
        }
    }
    Err(Error::OtherProtocol("it does not end".to_owned()))
}

/// POP3.
pub(super) fn pop3<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    let greeting = talk.line()?;
    if greeting.starts_with("-ERR") {
        return Err(Error::Busy(shown(greeting.as_bytes())));
    }
    if !greeting.starts_with("+OK") {
        return Err(other(greeting.as_bytes()));
    }
    talk.send(b"STLS\r\n")?;
    let answer = talk.line()?;
    if answer.starts_with("+OK") { Ok(()) } else { Err(Error::Refused(shown(answer.as_bytes()))) }
}

/// ManageSieve.
pub(super) fn sieve<W: Read + Write>(talk: &mut Talk<'_, W>) -> Result<(), Error> {
    let mut offered = false;
    for _ in 0..MOST_LINES {
        let line = talk.line()?;
        let upper = line.to_ascii_uppercase();
        if upper.starts_with('"') {
            offered |= upper.starts_with("\"STARTTLS\"");
        } else if upper.starts_with("OK") && !offered {
            return Err(Error::NotOffered);
        } else if upper.starts_with("OK") {
            talk.send(b"STARTTLS\r\n")?;
            let answer = talk.line()?;
            let agrees = answer.to_ascii_uppercase().starts_with("OK");
            return if agrees { Ok(()) } else { Err(Error::Refused(shown(answer.as_bytes()))) };
        } else if upper.starts_with("BYE") || upper.starts_with("NO") {
            return Err(Error::Busy(shown(line.as_bytes())));
        } else {
            return Err(other(line.as_bytes()));
        }
    }
    Err(Error::OtherProtocol("it does not end".to_owned()))
}
