//! A command to run on this machine: a checker, a reload.

use super::words::{assignment, quoted, raw_words, unquoted};

/// A command, as words; no shell takes part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandLine {
    /// Variables that it gets: `APACHE_CONFDIR=/etc/apache2-two`.
    pub(super) environment: Vec<(String, String)>,
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// Did the user give it? Then it gets their environment.
    pub(super) given: bool,
}

impl CommandLine {
    /// A command that this program worked out itself.
    pub fn own(text: &str) -> Result<CommandLine, String> {
        parse(text, false)
    }

    /// A command that the user gave. Words are cut at blanks; quotes keep them together.
    pub fn given(text: &str) -> Result<CommandLine, String> {
        parse(text, true)
    }

    /// The same with more options. The control scripts of httpd take them with `-t` only, not with `configtest`.
    #[must_use]
    pub fn with_options(mut self, options: Vec<String>) -> CommandLine {
        if !options.is_empty() && self.words.last().is_some_and(|word| word == "configtest") {
            self.words.pop();
            self.words.push("-t".to_owned());
        }
        self.words.extend(options);
        self
    }

    /// The command for people, quoted as for a shell.
    pub fn text(&self) -> String {
        let variables = self.environment.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = self.words.iter().enumerate().map(|(at, word)| match quoted(word) {
            // A program of such a name would be a variable.
            plain if at == 0 && assignment(&plain).is_some() => format!("'{plain}'"),
            word => word,
        });
        variables.chain(words).collect::<Vec<_>>().join(" ")
    }
}

fn parse(text: &str, given: bool) -> Result<CommandLine, String> {
    let mut words: Vec<String> = raw_words(text);
    let first = words.iter().position(|word| assignment(word).is_none()).unwrap_or(words.len());
    let variables = words.drain(..first).filter_map(|word| {
        let (name, value) = assignment(&word)?;
        Some((name.to_owned(), unquoted(value)))
    });
    let environment = variables.collect();
    if words.is_empty() {
        return Err("it names no program".to_owned());
    }
    Ok(CommandLine { environment, words: words.iter().map(|word| unquoted(word)).collect(), given })
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It took too long and was ended, after so many seconds.
    TimedOut(u64),
    /// It could not be started, as a lowercase fragment.
    NotStarted(String),
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What it said, on both outputs; of more than it takes to understand it, the beginning and the end.
    pub said: String,
}

impl Ran {
    /// Did it end well?
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }

    /// How it ended, for people: `ended with status 1`.
    pub fn ending(&self) -> String {
        match &self.ending {
            Ending::Exited(status) => format!("ended with status {status}"),
            Ending::Killed(signal) => format!("was killed by signal {signal}"),
            Ending::TimedOut(seconds) => format!("did not end within {seconds} s, and was stopped"),
            Ending::NotStarted(why) => format!("can't be run: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_a_shell() {
        let command = CommandLine::own("APACHE_CONFDIR='/etc/a b' apache2ctl configtest").expect("a command");
        assert_eq!(command.environment, [("APACHE_CONFDIR".to_owned(), "/etc/a b".to_owned())]);
        assert_eq!(command.words, ["apache2ctl", "configtest"]);
        assert_eq!(command.text(), "APACHE_CONFDIR='/etc/a b' apache2ctl configtest");
        let odd = CommandLine::given("\\A=b c=d").expect("a command");
        assert_eq!(odd.text(), "'A=b' c=d");
        let command = CommandLine::given("docker exec web nginx -t; rm \"x y\"").expect("a command");
        assert_eq!(command.words, ["docker", "exec", "web", "nginx", "-t;", "rm", "x y"]);
        assert!(CommandLine::given("A=b").is_err());
        let test = CommandLine::own("apache2ctl configtest").expect("a command");
        assert_eq!(test.clone().with_options(Vec::new()), test);
        assert_eq!(test.with_options(vec!["-D".to_owned(), "a b".to_owned()]).text(), "apache2ctl -t -D 'a b'");
    }
}
