//! Servers with trees of their own: XAMPP, Bitnami, OpenResty, builds from source. The program, its module and its library are
//! those of the tree, found from the main file's place alone; the programs are copies of the installed ones.

use crate::support::needs;
use crate::support::program;

use program::run;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const APACHE: &str = "/usr/sbin/apache2";
const NGINX: &str = "/usr/sbin/nginx";
const MODULE: &str = "/usr/lib/apache2/modules/mod_ssl.so";

/// A root with nothing but one tree.
struct Tree {
    root: TempDir,
}

impl Tree {
    fn new() -> Tree {
        let tree = Tree { root: tempfile::tempdir().expect("a temporary directory") };
        tree.write("/etc/os-release", "ID=debian\n");
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        let path = self.root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        path
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("written");
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(from, self.path(to)).unwrap_or_else(|e| panic!("{from} is needed (tests/run installs it): {e}"));
    }

    /// The libraries that a program loads, in a folder.
    fn libraries(&self, of: &str, folder: &str) {
        let output = Command::new("ldd").arg(of).output().expect("ldd runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        for name in ["libcrypto.so.3", "libssl.so.3"] {
            let from = text.lines().find(|line| line.trim_start().starts_with(name)).expect("OpenSSL 3");
            let from = from.split_whitespace().nth(2).expect("a path");
            self.copy(from, &format!("{folder}/{name}"));
        }
    }

    /// A tree of Apache httpd: its prefix, the folder of its configuration in it, and that of its libraries.
    fn apache(prefix: &str, conf: &str, libraries: &str) -> Tree {
        let tree = Tree::new();
        tree.copy(APACHE, &format!("{prefix}/bin/httpd"));
        tree.write(&format!("{prefix}/bin/apachectl"), "#!/bin/sh\n");
        tree.copy(MODULE, &format!("{prefix}/modules/mod_ssl.so"));
        tree.libraries(MODULE, libraries);
        let main = format!(
            "ServerRoot \"{prefix}\"\nLoadModule ssl_module modules/mod_ssl.so\nListen 80\nInclude {conf}/extra/httpd-ssl.conf\n"
        );
        let site = format!(
            "Listen 443\n<VirtualHost _default_:443>\nSSLEngine on\nSSLCertificateFile \"{prefix}/{conf}/pair.crt\"\n\
             SSLCertificateKeyFile \"{prefix}/{conf}/pair.key\"\nSSLProtocol all -SSLv3\n</VirtualHost>\n"
        );
        tree.write(&format!("{prefix}/{conf}/httpd.conf"), &main);
        tree.write(&format!("{prefix}/{conf}/extra/httpd-ssl.conf"), &site);
        tree.certificate(&format!("{prefix}/{conf}"));
        tree
    }

    /// A tree of nginx, likewise.
    fn nginx(prefix: &str, libraries: &str) -> Tree {
        let tree = Tree::new();
        tree.copy(NGINX, &format!("{prefix}/sbin/nginx"));
        tree.libraries(NGINX, libraries);
        let main = "events {}\nhttp {\n    include sites/*.conf;\n}\n";
        let site = format!(
            "server {{\n    listen 443 ssl;\n    ssl_certificate {prefix}/conf/pair.crt;\n    ssl_certificate_key {prefix}/conf/pair.key;\n    \
             ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n}}\n"
        );
        tree.write(&format!("{prefix}/conf/nginx.conf"), main);
        tree.write(&format!("{prefix}/conf/sites/a.conf"), &site);
        tree.certificate(&format!("{prefix}/conf"));
        tree
    }

    fn certificate(&self, folder: &str) {
        for name in ["pair.crt", "pair.key"] {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/certs").join(name);
            self.copy(own.to_str().expect("UTF-8"), &format!("{folder}/{name}"));
        }
    }

    /// What a command says in JSON, and how it ended.
    fn json(&self, command: &str) -> (i32, Value) {
        let run = run(&[command, "--root", self.root.path().to_str().expect("UTF-8"), "--format", "json"]);
        (run.status, run.json())
    }

    /// Checks facts and audit: the program and the library of the tree decide, and all versions are known.
    fn is_known(&self, service: &str, program: &str, library: &str, main: &str, test: &str) {
        let (_, facts) = self.json("facts");
        let what = format!("{main}: {facts:#}");
        let servers = facts["servers"].as_array().expect("servers");
        let software = servers.iter().find(|one| one["service"] == service).expect("it is listed");
        assert_eq!(software["version"]["source"], program, "{what}");
        assert_eq!(software["library"]["source"], library, "{what}");
        assert!(facts.to_string().contains(&format!("\"{test}\"")), "{test}: {what}");
        let (status, audit) = self.json("audit");
        assert_eq!(status, 1, "latent: {audit:#}");
        let instances = audit["instances"].as_array().expect("instances");
        assert_eq!(instances.len(), 1, "{audit:#}");
        assert_eq!((&instances[0]["main"], &instances[0]["files"]), (&main.into(), &2.into()), "{audit:#}");
        let tls = instances[0]["endpoints"].as_array().expect("endpoints").iter().find(|one| one["speaks"] == "tls");
        // Debian's library refuses older ones at its security level, which is in the tree's own copy.
        let effective = &tls.expect("an endpoint with TLS")["effective"];
        assert_eq!(*effective, serde_json::json!(["TLSv1.2", "TLSv1.3"]), "{audit:#}");
        assert_eq!(audit["problems"], serde_json::json!([]));
    }
}

#[test]
fn trees_of_apache() {
    if !needs::has(&["apache2"]) {
        return;
    }
    for (prefix, conf, libraries) in [
        ("/opt/lampp", "etc", "/opt/lampp/lib"),
        ("/opt/bitnami/apache", "conf", "/opt/bitnami/common/lib"),
        ("/opt/bitnami/apache2", "conf", "/opt/bitnami/apache2/lib"),
        ("/opt/apache2", "conf", "/opt/apache2/lib"),
        ("/opt/httpd-2.4", "conf", "/opt/httpd-2.4/lib"),
        ("/usr/local/apache2", "conf", "/usr/local/apache2/lib"),
    ] {
        let tree = Tree::apache(prefix, conf, libraries);
        tree.is_known(
            "apache",
            &format!("{prefix}/bin/httpd"),
            &format!("{libraries}/libcrypto.so.3"),
            &format!("{prefix}/{conf}/httpd.conf"),
            &format!("{prefix}/bin/apachectl configtest"),
        );
    }
}

#[test]
fn trees_of_nginx() {
    if !needs::has(&["nginx"]) {
        return;
    }
    for (prefix, libraries) in [
        ("/opt/nginx", "/opt/nginx/lib"),
        ("/opt/bitnami/nginx", "/opt/bitnami/common/lib"),
        ("/opt/openresty/nginx", "/opt/openresty/nginx/lib"),
        ("/opt/nginx-1.22", "/opt/nginx-1.22/lib"),
        ("/usr/local/nginx", "/usr/local/nginx/lib"),
    ] {
        let tree = Tree::nginx(prefix, libraries);
        let program = format!("{prefix}/sbin/nginx");
        let main = format!("{prefix}/conf/nginx.conf");
        // There, without -c, it is the main file of who builds nginx without options.
        let option = if prefix == "/usr/local/nginx" { String::new() } else { format!(" -c {main}") };
        let test = format!("{program}{option} -t");
        tree.is_known("nginx", &program, &format!("{libraries}/libcrypto.so.3"), &main, &test);
    }
}

#[test]
fn what_is_not_in_the_tree_is_not_taken_from_elsewhere() {
    if !needs::has(&["apache2", "nginx"]) {
        return;
    }
    let tree = Tree::apache("/opt/lampp", "etc", "/opt/lampp/lib");
    for name in ["libcrypto.so.3", "libssl.so.3"] {
        fs::remove_file(tree.path(&format!("/opt/lampp/lib/{name}"))).expect("removed");
    }
    let (status, facts) = tree.json("facts");
    assert_eq!(status, 3, "{facts:#}");
    let said = "libcrypto.so.3, which /opt/lampp/modules/mod_ssl.so loads, was not found";
    assert!(facts.to_string().contains(said), "{facts:#}");
    let (_, audit) = tree.json("audit");
    let endpoints = audit["instances"][0]["endpoints"].as_array().expect("endpoints");
    let tls = endpoints.iter().find(|one| one["speaks"] == "tls").expect("one with TLS");
    assert_eq!((&tls["effective"], &tls["verdict"]), (&Value::Null, &"exposed".into()), "{audit:#}");
    // In no tree anything else counts: files beside no main file.
    let tree = Tree::apache("/opt/lampp", "etc", "/opt/lampp/lib");
    fs::remove_file(tree.path("/opt/lampp/etc/httpd.conf")).expect("removed");
    let (status, audit) = tree.json("audit");
    assert_eq!((status, &audit["instances"]), (0, &serde_json::json!([])), "{audit:#}");
}
