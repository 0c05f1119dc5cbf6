//! How a server program was built: its options, and the paths that it looks in unless its command line says otherwise.

use crate::system::normalize;
use std::path::{Path, PathBuf};

/// How a server program was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The options, as the program says them: `--prefix=/usr/share/nginx`, `HTTPD_ROOT=/etc/apache2`.
    pub options: Vec<String>,
    /// Where relative paths of the command line begin, unless an option names another place.
    pub prefix: PathBuf,
    /// The main file, unless an option names another one; relative to the prefix.
    pub main: PathBuf,
    /// The file with the number of the server's process, unless the configuration says another one; relative to the
    /// prefix.
    pub pid_file: Option<PathBuf>,
}

impl Build {
    /// The main file that is read without any option.
    pub fn usual_main(&self) -> PathBuf {
        normalize(&Path::new("/").join(&self.prefix).join(&self.main))
    }

    /// The whole path of the file with the number of the server's process.
    pub fn usual_pid_file(&self) -> Option<PathBuf> {
        Some(normalize(&self.prefix.join(self.pid_file.as_ref()?)))
    }
}
