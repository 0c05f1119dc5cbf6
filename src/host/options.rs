//! The options of a server's command line that change what it reads.

/// The letters of a server's options.
#[derive(Debug)]
pub struct OptionLetters {
    /// Those that have an argument.
    pub with_argument: &'static str,
    /// The main file: nginx's `-c`, httpd's `-f`.
    pub main: char,
    /// Where relative paths begin: nginx's `-p`, httpd's `-d`.
    pub prefix: char,
    /// Directives that are read besides the main file: nginx's `-g`, httpd's `-C` and `-c`.
    pub directives: &'static str,
    /// Do these have an effect here? Else they are complained about where they concern TLS.
    pub reads_directives: bool,
    /// Names: httpd's `-D`.
    pub defines: Option<char>,
}

/// Settings of init scripts, where no unit says how a server is started.
#[derive(Debug)]
pub struct Settings {
    /// The name of the program in the command that they make.
    pub program: &'static str,
    /// The files with settings.
    pub files: &'static [&'static str],
    /// Variables with options.
    pub options: &'static [&'static str],
    /// Variables with the main file.
    pub mains: &'static [&'static str],
}

/// The options of a server's command line that change what it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The main file.
    pub main: Option<String>,
    /// Where relative paths begin.
    pub prefix: Option<String>,
    /// Directives that are read besides the main file.
    pub directives: Vec<String>,
    /// Names that the configuration can ask for, each once.
    pub defines: Vec<String>,
}

impl Options {
    /// The options among these words.
    pub fn read(words: &[String], letters: &OptionLetters) -> Options {
        let mut options = Options::default();
        for (option, argument) in parse(words, letters.with_argument) {
            match option {
                _ if option == letters.main => options.main = Some(argument),
                _ if option == letters.prefix => options.prefix = Some(argument),
                _ if letters.directives.contains(option) => options.directives.push(argument),
                _ if Some(option) != letters.defines || argument.is_empty() => {}
                _ if !options.defines.contains(&argument) => options.defines.push(argument),
                _ => {}
            }
        }
        options
    }
}

/// Options with their arguments, as getopt(3) finds them, but words that are no options are passed over.
fn parse(words: &[String], with_argument: &str) -> Vec<(char, String)> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(mut letters) = word.strip_prefix('-') else { continue };
        while let Some(option) = letters.chars().next() {
            letters = &letters[option.len_utf8()..];
            if with_argument.contains(option) {
                let argument = if letters.is_empty() { words.next().cloned() } else { Some(letters.to_owned()) };
                found.extend(argument.map(|argument| (option, argument)));
                break;
            }
            found.push((option, String::new()));
        }
    }
    found
}
