//! How a server program was built: its options, and the paths that it looks in unless its command line says otherwise.

use super::binary;
use super::words::{raw_words, unquoted};
use std::path::{Path, PathBuf};

/// How a server program was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The options, as the program says them: `--prefix=/usr/share/nginx`, `HTTPD_ROOT=/etc/apache2`.
    pub options: Vec<String>,
    /// Where relative paths of the command line begin, unless `-p` or `-d` names another place.
    pub prefix: PathBuf,
    /// The main file, unless `-c` or `-f` names another one; relative to the prefix.
    pub main: PathBuf,
}

impl Build {
    /// nginx, from what stands behind `configure arguments:` in its program or in what `nginx -V` prints.
    pub(crate) fn of_nginx(arguments: &str) -> Build {
        let options: Vec<String> = raw_words(arguments).iter().map(|word| unquoted(word)).collect();
        let value = |name: &str| options.iter().rev().find_map(|o| o.strip_prefix(name)?.strip_prefix('='));
        Build {
            prefix: PathBuf::from(value("--prefix").unwrap_or("/usr/local/nginx")),
            main: PathBuf::from(value("--conf-path").unwrap_or("conf/nginx.conf")),
            options,
        }
    }

    /// httpd, from the texts that `httpd -V` prints, or from the program that has them in it.
    pub(crate) fn of_apache(text: &[u8]) -> Option<Build> {
        let prefix = binary::built_in_path(text, "HTTPD_ROOT")?;
        let main = binary::built_in_path(text, "SERVER_CONFIG_FILE")?;
        let pid_file = binary::built_in_path(text, "DEFAULT_PIDLOG").map(|path| format!("DEFAULT_PIDLOG={path}"));
        let options = [format!("HTTPD_ROOT={prefix}"), format!("SERVER_CONFIG_FILE={main}")];
        let options = options.into_iter().chain(pid_file).collect();
        Some(Build { options, prefix: PathBuf::from(prefix), main: PathBuf::from(main) })
    }

    /// The main file that is read without any option.
    /// The file with the number of the server's process, unless the configuration says another one.
    pub fn pid_file(&self) -> Option<PathBuf> {
        let named = |option: &String| {
            let path = option.strip_prefix("--pid-path=").or_else(|| option.strip_prefix("DEFAULT_PIDLOG="))?;
            Some(crate::system::normalize(&self.prefix.join(path)))
        };
        self.options.iter().rev().find_map(named)
    }

    pub(crate) fn usual_main(&self) -> PathBuf {
        crate::system::normalize(&Path::new("/").join(&self.prefix).join(&self.main))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx() {
        let debian =
            Build::of_nginx("--with-cc-opt='-g -O2' --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf");
        assert_eq!(debian.options[0], "--with-cc-opt=-g -O2");
        assert_eq!(debian.usual_main(), Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(
            Build::of_nginx("--with-http_ssl_module").usual_main(),
            Path::new("/usr/local/nginx/conf/nginx.conf")
        );
        assert_eq!(Build::of_nginx("--prefix=/opt/n").usual_main(), Path::new("/opt/n/conf/nginx.conf"));
    }

    #[test]
    fn apache() {
        let text = b"x\0 -D HTTPD_ROOT=\"/etc/apache2\"\0 -D SERVER_CONFIG_FILE=\"apache2.conf\"\0";
        let build = Build::of_apache(text).expect("is built");
        assert_eq!(build.options, ["HTTPD_ROOT=/etc/apache2", "SERVER_CONFIG_FILE=apache2.conf"]);
        assert_eq!(build.usual_main(), Path::new("/etc/apache2/apache2.conf"));
        assert_eq!(Build::of_apache(b"HTTPD_ROOT"), None);
    }
}
