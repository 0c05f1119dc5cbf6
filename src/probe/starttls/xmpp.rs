//! XMPP: a stream is opened, its features are read, TLS is asked for.

use super::Error;
use super::talk::{Talk, shown};
use std::io::{Read, Write};

const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// More than this is no answer.
const LONGEST: usize = 32 << 10;

/// Asks for TLS.
pub(super) fn begin<W: Read + Write>(talk: &mut Talk<'_, W>, namespace: &str, domain: &str) -> Result<(), Error> {
    let open = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{namespace}' \
         xmlns:stream='http://etherx.jabber.org/streams' to='{domain}' version='1.0'>"
    );
    talk.send(open.as_bytes())?;
    let features = until(talk, &["</stream:features>", "<stream:features/>", "</stream:error>", "</stream:stream>"])?;
    if features.contains("<stream:error") {
        return Err(Error::Refused(shown(features.as_bytes())));
    }
    if !features.contains(TLS) {
        return Err(Error::NotOffered);
    }
    talk.send(format!("<starttls xmlns='{TLS}'/>").as_bytes())?;
    let answer = until(talk, &[">"])?;
    if answer.contains("<proceed") {
        // An element may be written with an end of its own.
        return if answer.ends_with("/>") { Ok(()) } else { until(talk, &["</proceed>"]).map(|_| ()) };
    }
    Err(Error::Refused(shown(answer.as_bytes())))
}

/// Reads up to one of some ends.
fn until<W: Read + Write>(talk: &mut Talk<'_, W>, ends: &[&str]) -> Result<String, Error> {
    let mut text = Vec::new();
    while text.len() < LONGEST {
        text.push(talk.byte()?);
        if text.first().is_some_and(|byte| !b"< \r\n\t".contains(byte)) {
            break;
        }
        if ends.iter().any(|end| text.ends_with(end.as_bytes())) {
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
    }
    Err(Error::OtherProtocol(shown(&text)))
}
