//! What comes back that is not TLS, in words, and who speaks so.

use super::reply::{SHOWN, text_length};

/// A greeting in plain text, and the option of `probe` that speaks to who greets so.
fn greeting(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: &[(&[u8], &str, &str)] = &[
        (b"220", "a greeting of SMTP or FTP", "--starttls smtp or --starttls ftp asks for TLS first"),
        (b"+OK", "a greeting of POP3", "--starttls pop3 asks for TLS first"),
        (b"* OK", "a greeting of IMAP", "--starttls imap asks for TLS first"),
        (b"\"IMPL", "a greeting of ManageSieve", "--starttls sieve asks for TLS first"),
    ];
    if bytes.len() > 5 && bytes[3] == 0 && bytes[4] == 10 {
        return Some(("a greeting of MySQL", "--starttls mysql asks for TLS first"));
    }
    known.iter().find(|(start, ..)| bytes.starts_with(start)).map(|(_, name, advice)| (*name, *advice))
}

/// The option of `probe` that speaks to who greets so.
pub(super) fn advice(bytes: &[u8]) -> Option<&'static str> {
    greeting(bytes).map(|(_, advice)| advice)
}

/// What bytes that are not TLS look like.
pub(super) fn what(bytes: &[u8]) -> String {
    let known: &[(&[u8], &str)] = &[
        (b"HTTP/", "HTTP"),
        (b"<html", "HTML"),
        (b"<!DOC", "HTML"),
        (b"SSH-", "SSH"),
        (b"421", "a server that is busy (421)"),
        (b"554", "a server that refuses (554)"),
        (b"RFB ", "VNC"),
        (b"-ERR", "an error of Redis or POP3"),
    ];
    let name = known.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| *name);
    match name.or_else(|| greeting(bytes).map(|(name, _)| name)) {
        Some(name) => name.to_owned(),
        None => shown(bytes),
    }
}

/// The beginning of an answer: text as text, all else in hexadecimal.
fn shown(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let text = &line[..text_length(line)];
    if text.len() > 1 && text.len() == line.len() {
        let text = String::from_utf8_lossy(text);
        return match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("\"{}...\"", &text[..end]),
            None => format!("\"{text}\""),
        };
    }
    let hex: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("bytes {}", hex.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text() {
        assert_eq!(what(b"hello\r\n"), "\"hello\"");
        assert_eq!(what(b"ERROR: x"), "\"ERROR: x\"");
        assert_eq!(what(b"500 no\r\n"), "\"500 no\"");
        assert_eq!(what("Gr\u{fc}\u{df} Gott\r\n".as_bytes()), "\"Gr\u{fc}\u{df} Gott\"");
        let long = "x".repeat(40);
        assert_eq!(what(format!("{long}yz").as_bytes()), format!("\"{long}...\""));
        assert_eq!(what(long.as_bytes()), format!("\"{long}\""));
        assert_eq!(what(b"\x83\0\0\x01\x8f"), "bytes 83 00 00 01 8f");
        assert_eq!(what(b"\xe4\xf6\xfc\xdf"), "bytes e4 f6 fc df");
        assert_eq!(what(b"a\x1b[2J"), "bytes 61 1b 5b 32 4a");
        assert_eq!(what(b"\n"), "bytes 0a");
        assert_eq!(what(b"HTTP/1.1 400 Bad Request"), "HTTP");
    }
}
