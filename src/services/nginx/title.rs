//! The title that nginx gives its first process: what it was started with, without the quotes.

/// What the title of a first process begins with.
pub(super) const MASTER: &str = "nginx: master process";

/// The command line of a first process, from `/proc/N/cmdline`.
pub(super) fn command(cmdline: &[u8]) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(cmdline);
    let command = text.trim_end_matches(['\0', ' ']).strip_prefix(MASTER)?.strip_prefix(' ')?;
    Some(split_title(command))
}

/// The words of a title, in which blanks inside of words can't be told from those between them: an argument goes on to
/// the next word that looks like an option.
fn split_title(title: &str) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        let title = "/usr/sbin/nginx -g daemon on; master_process on; -c /srv/my site/x.conf";
        assert_eq!(
            split_title(title),
            ["/usr/sbin/nginx", "-g", "daemon on; master_process on;", "-c", "/srv/my site/x.conf"]
        );
        assert_eq!(split_title("nginx"), ["nginx"]);
        assert_eq!(split_title("nginx -q -t -c"), ["nginx", "-q", "-t", "-c"]);
        assert_eq!(command(b"nginx: master process nginx -q\0\0"), Some(vec!["nginx".to_owned(), "-q".to_owned()]));
        assert_eq!(command(b"nginx: worker process"), None);
    }
}
