//! Where nginx is on a host, and how its program and its packages are told.

use crate::host::{OptionLetters, ProgramSpec, Settings};
use crate::release::Release;

pub(super) static PROGRAM: ProgramSpec = ProgramSpec {
    units: &["nginx", "openresty"],
    names: &["nginx", "openresty"],
    controls: &[],
    paths: &[
        "/usr/sbin/nginx",
        "/usr/local/sbin/nginx",
        "/usr/local/nginx/sbin/nginx",
        "/usr/local/openresty/nginx/sbin/nginx",
        "/usr/bin/nginx",
        "/opt/nginx/sbin/nginx",
    ],
    // /opt/bitnami/nginx/sbin/nginx, /opt/openresty/nginx/sbin/nginx
    bundled: &["sbin/nginx", "nginx/sbin/nginx"],
    modules: &[],
    own_module: None,
    prefixes: &["nginx/", "openresty/"],
    packages: &["nginx", "nginx-core", "nginx-full", "nginx-light", "nginx-extras", "nginx-mainline"],
    folders: &["/etc/nginx/"],
    rpm_files: &[("/etc/nginx/nginx.conf", "nginx"), ("/etc/nginx/conf.d/default.conf", "nginx")],
    options: OptionLetters {
        with_argument: "cpgse",
        main: 'c',
        prefix: 'p',
        directives: "g",
        reads_directives: true,
        defines: None,
    },
    path_options: &["--prefix=", "--conf-path="],
    settings: Settings {
        program: "nginx",
        files: &["/etc/default/nginx", "/etc/sysconfig/nginx", "/etc/conf.d/nginx"],
        options: &["DAEMON_OPTS", "NGINX_OPTS", "command_args"],
        mains: &["cfgfile", "NGINX_CONFIGFILE", "NGINX_CONF_FILE", "CONFFILE"],
    },
    question: &["-V"],
    says_library: true,
    first_tls1_3: Release::new(1, 13, 0),
    oldest: Release::new(0, 1, 0),
    example: "1.18.0",
    version_decides: "the built-in default of ssl_protocols, and whether each server's own line counts",
};
