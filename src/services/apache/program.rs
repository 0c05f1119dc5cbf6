//! Where httpd is on a host, and how its program, its library and its packages are told.

use super::start::CONTROLS;
use crate::host::{OptionLetters, ProgramSpec, Settings};
use crate::release::Release;

/// Its first release with TLS 1.3.
pub(super) const FIRST_TLS1_3: Release = Release::new(2, 4, 36);

pub(super) static PROGRAM: ProgramSpec = ProgramSpec {
    units: &["apache2", "httpd", "apache24"],
    names: &["apache2", "httpd"],
    controls: CONTROLS,
    paths: &[
        "/usr/sbin/apache2",
        "/usr/sbin/httpd",
        "/usr/local/sbin/httpd",
        "/usr/local/apache2/bin/httpd",
        "/usr/bin/httpd",
        "/opt/apache2/bin/httpd",
    ],
    // XAMPP has /opt/lampp/bin/httpd, Bitnami /opt/bitnami/apache/bin/httpd.
    bundled: &["bin/httpd", "apache/bin/httpd", "apache2/bin/httpd"],
    modules: &[
        "/usr/lib/apache2/modules/mod_ssl.so",
        "/usr/lib64/httpd/modules/mod_ssl.so",
        "/usr/lib/httpd/modules/mod_ssl.so",
        "/usr/local/apache2/modules/mod_ssl.so",
        "/usr/lib64/apache2/modules/mod_ssl.so",
        "/usr/lib64/apache2/mod_ssl.so",
        "/usr/lib/apache2/mod_ssl.so",
        "/usr/local/libexec/apache24/mod_ssl.so",
    ],
    own_module: Some("modules/mod_ssl.so"),
    prefixes: &["Apache/"],
    packages: &["apache2-bin", "apache2", "httpd"],
    folders: &["/etc/apache2/", "/etc/httpd/"],
    rpm_files: &[
        ("/etc/httpd/conf/httpd.conf", "httpd"),
        ("/etc/httpd/conf.d/ssl.conf", "mod_ssl"),
        ("/etc/httpd/conf.modules.d/00-ssl.conf", "mod_ssl"),
    ],
    options: OptionLetters {
        with_argument: "DCcdfkeERn",
        main: 'f',
        prefix: 'd',
        directives: "Cc",
        reads_directives: false,
        defines: Some('D'),
    },
    path_options: &["HTTPD_ROOT=", "SERVER_CONFIG_FILE="],
    settings: Settings {
        program: "httpd",
        files: &["/etc/default/apache2", "/etc/sysconfig/httpd", "/etc/sysconfig/apache2", "/etc/conf.d/apache2"],
        options: &["OPTIONS", "APACHE2_OPTS"],
        mains: &["CONFIGFILE", "APACHE_HTTPD_CONF"],
    },
    // It reads its configuration before it says that, and loads the modules that this names.
    question: &["-f", "/dev/null", "-V"],
    says_library: false,
    first_tls1_3: FIRST_TLS1_3,
    oldest: Release::new(2, 0, 0),
    example: "2.4.41",
    version_decides: "the built-in default of SSLProtocol, and whether each virtual host's own line counts",
};
