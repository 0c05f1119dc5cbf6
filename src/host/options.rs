//! The options of a server's command line that change what it reads.

use super::words::{raw_words, unquoted};

/// The options of a server's command line that change what it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The main file: nginx's `-c`, httpd's `-f`.
    pub(crate) main: Option<String>,
    /// Where relative paths begin: nginx's `-p`, httpd's `-d`.
    pub(crate) prefix: Option<String>,
    /// Directives that are read besides the main file: nginx's `-g`, httpd's `-C` and `-c`.
    pub(crate) directives: Vec<String>,
    /// Names: httpd's `-D`.
    pub(crate) defines: Vec<String>,
}

/// nginx's options that have an argument.
const NGINX: &str = "cpgse";
/// httpd's options that have an argument.
const APACHE: &str = "DCcdfkeERn";

impl Options {
    /// nginx's options among these words.
    pub(crate) fn of_nginx(words: &[String]) -> Options {
        let mut options = Options::default();
        for (option, argument) in parse(words, NGINX) {
            match option {
                'c' => options.main = Some(argument),
                'p' => options.prefix = Some(argument),
                'g' => options.directives.push(argument),
                _ => {}
            }
        }
        options
    }

    /// httpd's options among these words.
    pub(crate) fn of_apache(words: &[String]) -> Options {
        let mut options = Options::default();
        for (option, argument) in parse(words, APACHE) {
            match option {
                'f' => options.main = Some(argument),
                'd' => options.prefix = Some(argument),
                'C' | 'c' => options.directives.push(argument),
                'D' if !argument.is_empty() && !options.defines.contains(&argument) => options.defines.push(argument),
                _ => {}
            }
        }
        options
    }
}

/// The words of a command as it is written.
pub(crate) fn words(command: &str) -> Vec<String> {
    raw_words(command).iter().map(|word| unquoted(word)).collect()
}

/// The words of nginx's title, in which blanks inside of words can't be told from those between them: an argument goes
/// on to the next word that looks like an option.
pub(crate) fn words_of_title(title: &str) -> Vec<String> {
    let is_option = |word: &str| {
        let mut chars = word.chars();
        chars.next() == Some('-') && chars.next().is_some_and(|c| "cpgsetTqvVhH?".contains(c))
    };
    let mut words: Vec<String> = Vec::new();
    let mut goes_on = false;
    for word in title.split_ascii_whitespace() {
        match words.last_mut() {
            Some(last) if goes_on && !is_option(word) => {
                last.push(' ');
                last.push_str(word);
            }
            last => {
                goes_on = last.is_some_and(|option| is_option(option)) && !is_option(word);
                words.push(word.to_owned());
            }
        }
    }
    words
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx() {
        let of = |command: &str| Options::of_nginx(&words(command));
        let found = of("/usr/sbin/nginx -g 'daemon on; master_process on;' -p /srv -tqc/x.conf");
        assert_eq!(found.main.as_deref(), Some("/x.conf"));
        assert_eq!(found.prefix.as_deref(), Some("/srv"));
        assert_eq!(found.directives, ["daemon on; master_process on;"]);
        assert_eq!(of("/usr/sbin/nginx -s reload -q"), Options::default());
        assert_eq!(of("/usr/sbin/nginx -c"), Options::default());
    }

    #[test]
    fn apache() {
        let found = Options::of_apache(&words("httpd -k start -D A -DB -D A -f conf/x.conf -d /srv -C 'Include y' -X"));
        assert_eq!(found.defines, ["A", "B"]);
        assert_eq!((found.main.as_deref(), found.prefix.as_deref()), (Some("conf/x.conf"), Some("/srv")));
        assert_eq!(found.directives, ["Include y"]);
    }

    #[test]
    fn titles() {
        let title = "/usr/sbin/nginx -g daemon on; master_process on; -c /srv/my site/x.conf";
        assert_eq!(
            words_of_title(title),
            ["/usr/sbin/nginx", "-g", "daemon on; master_process on;", "-c", "/srv/my site/x.conf"]
        );
        assert_eq!(words_of_title("nginx"), ["nginx"]);
        assert_eq!(words_of_title("nginx -q -t -c"), ["nginx", "-q", "-t", "-c"]);
    }
}
