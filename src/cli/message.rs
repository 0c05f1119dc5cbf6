//! What is said to the person: a line, and lines that belong to it.
//!
//! What a message is made of comes from files, processes and servers. So each of its lines is made harmless as it comes
//! in: a line end in the name of a file is shown, and begins no line of its own. Who wants several lines says so.

use crate::report::{sanitise, secrets};
use crate::transaction::Failure;
use std::fmt;

/// A message, harmless for a terminal and without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message(Vec<String>);

impl Message {
    /// Several lines.
    pub(super) fn of(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Message {
        Message(lines.into_iter().map(|line| sanitise::text(&secrets::text(line.as_ref()))).collect())
    }

    /// With more lines after it.
    pub(super) fn then(mut self, more: impl Into<Message>) -> Message {
        self.0.extend(more.into().0);
        self
    }

    /// With all of these after it.
    pub(super) fn with(self, more: impl IntoIterator<Item = Message>) -> Message {
        more.into_iter().fold(self, Message::then)
    }

    /// The same behind a word: `reason: `.
    pub(super) fn after(mut self, words: &str) -> Message {
        match self.0.first_mut() {
            Some(first) => *first = format!("{}{first}", sanitise::text(words)),
            None => self.0.push(sanitise::text(words)),
        }
        self
    }
}

impl<T: AsRef<str>> From<T> for Message {
    fn from(line: T) -> Message {
        Message::of([line])
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Message {}

/// An error and its causes.
pub(super) fn of_error(error: &anyhow::Error) -> Message {
    let mut lines: Vec<String> = Vec::new();
    for (at, cause) in error.chain().enumerate() {
        let message = cause.downcast_ref::<Message>().cloned().unwrap_or_else(|| Message::from(cause.to_string()));
        lines.extend(message.after(if at == 0 { "" } else { "  cause: " }).0);
        let help = cause.downcast_ref::<Failure>().and_then(Failure::help);
        lines.extend(help.into_iter().flat_map(|help| Message::from(help).after("help: ").0));
    }
    Message(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant_to_be_a_line_is_one() {
        let name = "/etc/nginx/a\ntlsmend: done\r\u{2028}\u{1b}[2K";
        let shown = "/etc/nginx/a\u{240a}tlsmend: done\u{240d}\u{fffd}\u{241b}[2K";
        assert_eq!(Message::from(format!("written: {name}")).to_string(), format!("written: {shown}"));
        let message = Message::from("left:").then(name).with([Message::of(["a", "b"])]);
        assert_eq!(message.to_string(), format!("left:\n{shown}\na\nb"));
        let error = anyhow::Error::new(message.clone()).context(name);
        assert_eq!(of_error(&error).to_string(), format!("{shown}\n  cause: left:\n{shown}\na\nb"));
        assert_eq!(of_error(&anyhow::anyhow!("{name}")).to_string(), shown);
        assert_eq!(Message::from("see https://a:b@c.test").to_string(), "see https://***@c.test");
    }
}
