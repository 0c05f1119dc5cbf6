//! Real servers that speak another protocol first: Dovecot, slapd, Postfix, PostgreSQL, MariaDB.

use crate::support;
use crate::support::needs;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::daemon::Daemon;
use support::probing::{assert_is, at, names, probe};
use support::{certificates, network, one_by_one};
use tlsmend::probe::starttls::StartTls;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Scan};
use tlsmend::tls::{Version, VersionSet};

/// The suites that the servers below are told to have, as OpenSSL calls them, and what they are registered as.
const CIPHERS: &str = "ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA";
const SUITES: [&str; 2] = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA"];

fn suites(port: u16, starttls: StartTls) -> Scan {
    probe(&Target { starttls: Some(starttls), ..at(port) }, Depth::Ciphers)
}

/// TLS 1.2 and nothing else, with the suites above.
fn as_told(version: Version) -> BTreeSet<&'static str> {
    if version == Version::Tls1_2 { SUITES.into() } else { BTreeSet::new() }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{command:?} (tests/run installs it): {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Servers that leave root's rights have to get in.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("a directory of our own");
}

#[test]
fn dovecot_after_starttls() {
    if !needs::has(&["ip", "openssl", "dovecot"]) {
        return;
    }
    if !network::can_be_made() {
        println!("dovecot changes to users of its own, and nobody is root: left out");
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        open_to_all(folder.path());
        let (root, certs) = (folder.path().display(), certificates::folder().display());
        let text = format!(
            "base_dir = {root}/run\nstate_dir = {root}/state\nlog_path = {root}/log\nprotocols = imap pop3\n\
             listen = 127.0.0.1\n\
             ssl = yes\nssl_cert = <{certs}/rsa.crt\nssl_key = <{certs}/rsa.key\nssl_min_protocol = TLSv1.2\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = 20143\n }}\n inet_listener imaps {{\n \
             port = 0\n }}\n}}\n\
             service pop3-login {{\n chroot =\n inet_listener pop3 {{\n port = 20110\n }}\n inet_listener pop3s {{\n \
             port = 0\n }}\n}}\n\
             service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
             passdb {{\n driver = static\n args = nopassword=y\n}}\nuserdb {{\n driver = static\n args = uid=65534 \
             gid=65534 home={root}\n}}\n"
        );
        let file = folder.path().join("dovecot.conf");
        std::fs::write(&file, text).expect("a file of our own");
        let _server = Daemon::start(20_143, "dovecot", |command| {
            command.args(["-F", "-c"]).arg(&file);
        });
        for (port, starttls) in [(20_143, StartTls::Imap), (20_110, StartTls::Pop3)] {
            let target = Target { starttls: Some(starttls), ..at(port) };
            let found = probe(&target, Depth::Versions);
            let expected = VersionSet::of(&[Version::Tls1_2, Version::Tls1_3]);
            assert_eq!(found.accepted(), expected, "{}: {:?}", starttls.name(), found.rows);
        }
    });
}

/// Without parameters for Diffie-Hellman, Dovecot hangs up once it has chosen such a suite, and on suites that it does not
/// have as well.
#[test]
fn dovecot_whose_suites_hide_others() {
    if !network::can_be_made() {
        println!("dovecot changes to users of its own, and nobody is root: left out");
        return;
    }
    network::inside(|| {
        for (prefers, may_be_cut_short) in [("no", false), ("yes", true)] {
            let folder = tempfile::tempdir().expect("a temporary directory");
            open_to_all(folder.path());
            let (root, certs) = (folder.path().display(), certificates::folder().display());
            let text = format!(
                "base_dir = {root}/run\nstate_dir = {root}/state\nlog_path = {root}/log\nprotocols = imap\n\
                 listen = 127.0.0.1\nssl = yes\nssl_cert = <{certs}/rsa.crt\nssl_key = <{certs}/rsa.key\n\
                 ssl_min_protocol = TLSv1\nssl_cipher_list = ALL:@SECLEVEL=0\nssl_prefer_server_ciphers = {prefers}\n\
                 service imap-login {{\n chroot =\n service_count = 0\n inet_listener imap {{\n port = 0\n }}\n \
                 inet_listener imaps {{\n port = 20993\n ssl = yes\n }}\n}}\n\
                 service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
                 passdb {{\n driver = static\n args = nopassword=y\n}}\n\
                 userdb {{\n driver = static\n args = uid=65534 gid=65534 home={root}\n}}\n"
            );
            let file = folder.path().join("dovecot.conf");
            std::fs::write(&file, text).expect("a file of our own");
            let _server = Daemon::start(20_993, "dovecot", |command| {
                command.args(["-F", "-c"]).arg(&file);
            });
            let found = probe(&at(20_993), Depth::Ciphers);
            println!("ssl_prefer_server_ciphers = {prefers}: {} connections", found.connections);
            for version in [Version::Tls1, Version::Tls1_1, Version::Tls1_2, Version::Tls1_3] {
                let row = found.row(version).expect("a row");
                let (gap, count) = (&row.gap, found.connections);
                assert!(row.complete || may_be_cut_short && gap.is_some(), "{prefers} {version} {gap:?} {count}");
                assert_eq!(names(&found, version), one_by_one::suites(20_993, version), "{prefers} {version}");
            }
        }
    });
}

#[test]
fn slapd_after_starttls() {
    if !needs::has(&["ip", "openssl", "slapd"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (root, certs) = (folder.path().display(), certificates::folder().display());
        let text = format!(
            "pidfile {root}/pid\nTLSCertificateFile {certs}/rsa.crt\nTLSCertificateKeyFile {certs}/rsa.key\n\
             "
        );
        let file = folder.path().join("slapd.conf");
        std::fs::write(&file, text).expect("a file of our own");
        let _server = Daemon::start(20_389, "slapd", |command| {
            command.args(["-d", "0", "-h", "ldap://127.0.0.1:20389", "-f"]).arg(&file);
        });
        // GnuTLS: closes without a word where it does not like a version.
        let target = Target { starttls: Some(StartTls::Ldap), ..at(20_389) };
        let found = probe(&target, Depth::Versions);
        let modern = VersionSet::of(&[Version::Tls1_2, Version::Tls1_3]);
        assert!(modern.is_subset(found.accepted()), "{:?}", found.rows);
        assert!(!found.accepted().has(Version::Ssl3) && !found.accepted().has(Version::Ssl2), "{:?}", found.rows);
        // Its silence about SSLv2 and SSLv3 has to repeat among answers.
        assert!(found.inconclusive().is_empty(), "{:?}", found.rows);
        assert!(found.connections <= 26, "{}", found.connections);
    });
}

#[test]
fn postfix_after_starttls() {
    if !needs::has(&["ip", "openssl", "postfix"]) {
        return;
    }
    if !network::can_be_made() {
        println!("postfix wants root, and nobody is: left out");
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        open_to_all(folder.path());
        let (root, certs) = (folder.path().display(), certificates::folder().display());
        for name in ["etc", "queue", "data"] {
            std::fs::create_dir(folder.path().join(name)).expect("a directory of our own");
        }
        run(Command::new("chown").arg("postfix").arg(folder.path().join("data")));
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {root}/queue\ndata_directory = {root}/data\n\
             maillog_file = {root}/log\nmaillog_file_prefixes = {root}\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nmyhostname = main.test\nmynetworks = 127.0.0.0/8\nalias_maps =\n\
             alias_database =\nlocal_recipient_maps =\nsmtpd_tls_security_level = may\n\
             smtpd_tls_cert_file = {certs}/rsa.crt\nsmtpd_tls_key_file = {certs}/rsa.key\n\
             smtpd_tls_protocols = >=TLSv1.2, <=TLSv1.2\nsmtpd_tls_ciphers = high\ntls_high_cipherlist = {CIPHERS}\n"
        );
        let master = "127.0.0.1:20025 inet n - n - - smtpd\npostlog unix-dgram n - n - 1 postlogd\n\
                      anvil unix - - n - 1 anvil\ntlsmgr unix - - n 1000? 1 tlsmgr\n";
        std::fs::write(folder.path().join("etc/main.cf"), main).expect("a file of our own");
        std::fs::write(folder.path().join("etc/master.cf"), master).expect("a file of our own");
        let _server = Daemon::start(20_025, "postfix", |command| {
            command.arg("-c").arg(folder.path().join("etc")).arg("start-fg");
        });
        assert_is(&suites(20_025, StartTls::Smtp), as_told, "postfix");
    });
}

/// The newest PostgreSQL that is installed: Debian has several beside each other, none of them in the path.
fn postgres() -> PathBuf {
    let all = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL (tests/run installs it)");
    let mut all: Vec<PathBuf> = all.flatten().map(|entry| entry.path().join("bin")).collect();
    all.sort();
    all.pop().expect("PostgreSQL (tests/run installs it)")
}

#[test]
fn postgresql_after_its_request() {
    if !needs::has(&["ip", "openssl"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        open_to_all(folder.path());
        let (data, key) = (folder.path().join("data"), folder.path().join("rsa.key"));
        std::fs::create_dir(&data).expect("a directory of our own");
        std::fs::copy(certificates::folder().join("rsa.key"), &key).expect("a file of our own");
        // It refuses to run as root.
        let as_other: &[&str] = if network::can_be_made() {
            run(Command::new("chown").arg("nobody").args([&data, &key]));
            &["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        } else {
            &[]
        };
        let program = |name: &str| postgres().join(name);
        let initdb = program("initdb");
        run(Command::new("setpriv").args(as_other).arg(initdb).args(["-N", "-A", "trust", "-D"]).arg(&data));
        let certificate = certificates::folder().join("rsa.crt");
        let _server = Daemon::start(20_432, "setpriv", |command| {
            command.args(as_other).arg(program("postgres")).arg("-D").arg(&data);
            command.args(["-p", "20432", "-k", "", "-h", "127.0.0.1"]);
            for setting in [
                "fsync=off",
                "ssl=on",
                "ssl_min_protocol_version=TLSv1.2",
                "ssl_max_protocol_version=TLSv1.2",
                &format!("ssl_ciphers={CIPHERS}"),
                &format!("ssl_cert_file={}", certificate.display()),
                &format!("ssl_key_file={}", key.display()),
            ] {
                command.args(["-c", setting]);
            }
        });
        let found = suites(20_432, StartTls::Postgres);
        assert_is(&found, as_told, "PostgreSQL");
    });
}

#[test]
fn mariadb_after_its_greeting() {
    if !needs::has(&["ip", "openssl", "mariadbd"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let data = format!("--datadir={}", folder.path().display());
        // Without a word about it, it refuses to run as root.
        let user: &[&str] = if network::can_be_made() { &["--user=root"] } else { &[] };
        let install = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data];
        run(Command::new("mariadb-install-db").args(install).args(user));
        let certs = certificates::folder().display();
        let _server = Daemon::start(20_306, "mariadbd", |command| {
            command.args(["--no-defaults", "--port=20306", "--bind-address=127.0.0.1", &data]).args(user);
            command.arg(format!("--socket={}/socket", folder.path().display()));
            command.arg(format!("--pid-file={}/pid", folder.path().display()));
            command.args([format!("--ssl-cert={certs}/rsa.crt"), format!("--ssl-key={certs}/rsa.key")]);
            command.args(["--tls-version=TLSv1.2".to_owned(), format!("--ssl-cipher={CIPHERS}")]);
        });
        let found = suites(20_306, StartTls::Mysql);
        assert_is(&found, as_told, "MariaDB");
        assert!(found.connections <= 40, "{}: MySQL blocks hosts", found.connections);
    });
}
