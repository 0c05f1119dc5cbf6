//! `fix --reload` with the handshakes around the reload: what is promised has to be there, or the old files come back;
//! and what is nobody's fault puts nothing back.

use crate::support;
use crate::support::needs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;
use support::reloaded::{Nginx, PORT, comes_to_offer, offered, site};
use support::running::Running;
use support::workshop::{Run, Workshop};
use support::{certificates, network};
use tlsmend::tls::Version::{Tls1_1, Tls1_2, Tls1_3};

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The screen without the place of this checkout.
fn portable(screen: &str) -> String {
    screen.replace(env!("CARGO_TARGET_TMPDIR"), "[tmp]")
}

#[test]
fn verified() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        // A site that was not loaded yet: nothing answers there before, and so nothing is held against the fix.
        nginx.shop.write("conf/sites/b.conf", &site(8442, "TLSv1.1 TLSv1.2"));
        let run = nginx.fix(&[]);
        insta::assert_snapshot!("verified", portable(&run.screen()));
        assert_eq!(run.status, 0);
        assert_eq!(offered(PORT), [Tls1_2, Tls1_3].into_iter().collect(), "at once: that was waited for");
        comes_to_offer(8442, &[Tls1_2, Tls1_3]);
    });
}

/// The same as a document: what handshakes got, and why a fix was rolled back because of them.
#[test]
fn a_document_tells_what_handshakes_got() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let run = nginx.fix(&["--format", "json"]);
        let told = run.json();
        assert_eq!((run.status, &told["changed"]), (0, &true.into()), "{}", run.screen());
        // With the name and without.
        assert_eq!(told["verified"]["endpoints"], 2, "{told:#}");
        for list in ["unclear", "drift", "not_verified"] {
            assert_eq!(told["verified"][list].as_array().map(Vec::len), Some(0), "{list}: {told:#}");
        }
        assert_eq!(told["reloaded"].as_array().map(Vec::len), Some(1));
    });
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let _taken = nginx.obstruct();
        let run = nginx.fix(&["--check-timeout", "3", "--format", "json"]);
        let told = run.json();
        assert_eq!((run.status, &told["changed"]), (6, &false.into()), "{}", run.screen());
        assert_eq!(told["rolled_back"]["cause"], "verify-failed");
        assert!(told["rolled_back"]["said"][0].as_str().is_some_and(|said| said.contains("handshakes")), "{told:#}");
        assert_eq!(told["reloaded"].as_array().map(Vec::len), Some(2), "once more with the old files");
    });
}

/// The handshakes themselves reach the limit, several endpoints at a time: nothing is put back for that.
#[test]
fn limits_of_connections_put_nothing_back() {
    network::inside(|| {
        for connections in [1, 2] {
            let nginx = Nginx::limited(5, connections);
            let run = nginx.fix(&[]);
            assert_eq!(run.status, 0, "{connections}: {}", run.screen());
            assert!(run.out.contains("verified: handshakes with 5 endpoints get what"), "{}", run.screen());
            let main = nginx.shop.read("conf/nginx.conf");
            assert_eq!(main.matches("ssl_protocols TLSv1.2 TLSv1.3;").count(), 5, "{main}");
        }
    });
}

/// However many names there are, one of each kind is asked first, and what is not asked is said.
#[test]
fn many_names() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let names: Vec<String> = (0..40).map(|number| format!("n{number}.test")).collect();
        let text = nginx.shop.read("conf/sites/a.conf");
        nginx.shop.write("conf/sites/a.conf", &text.replace("s8441.test", &names.join(" ")));
        nginx.shop.write("conf/sites/z.conf", &site(8443, "TLSv1.1 TLSv1.2"));
        let run = nginx.fix(&[]);
        assert_eq!(run.status, 0, "{}", run.screen());
        // 41 endpoints at the first address, 2 at the other.
        for part in [
            "verified: handshakes with 29 endpoints get what the new files promise\n",
            "not verified: no TLS there before either: connection refused: nothing listens there\n  at 127.0.0.1:8443\n",
            "not verified: 13 more endpoints: 30 are asked, of each kind one first\n",
        ] {
            assert!(run.out.contains(part), "{part}: {}", run.screen());
        }
    });
}

/// A listener of every address behind one of a single address is asked too, through another address.
#[test]
fn all_addresses_beside_one() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let all = site(PORT, "TLSv1.1 TLSv1.2").replace("127.0.0.1:", "").replace("s8441", "all");
        let nginx = Nginx::with(&(site(PORT, "TLSv1.2 TLSv1.3") + &all));
        let run = nginx.fix(&[]);
        assert_eq!(run.status, 0, "{}", run.screen());
        // With and without a name, through 127.0.0.1 and 127.0.0.2.
        assert!(run.out.contains("verified: handshakes with 4 endpoints get what"), "{}", run.screen());
    });
}

#[test]
fn a_reload_that_did_not_come_about_is_taken_back() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let _taken = nginx.obstruct();
        let before = nginx.shop.contents("conf");
        let run = nginx.fix(&["--check-timeout", "3"]);
        assert_eq!(run.status, 6, "{}", run.screen());
        // As root the causes are known.
        if is_root() {
            insta::assert_snapshot!("taken_back", portable(&run.screen()));
        }
        assert_eq!(run.out.matches("reloaded: ").count(), 2, "once more with the old files: {}", run.screen());
        assert_eq!(nginx.shop.contents("conf"), before);
        nginx.shop.nothing_hidden();
        assert_eq!(offered(PORT), [Tls1_1, Tls1_2].into_iter().collect());
        let history = nginx.shop.tlsmend(&["history"]);
        assert!(history.out.contains("handshakes do not get what the new files promise"), "{}", history.screen());

        // The user may know better.
        let run = nginx.fix(&["--without-verify"]);
        assert_eq!(run.status, 0, "{}", run.screen());
        assert!(!run.out.contains("verified") && !run.err.contains("handshakes"), "{}", run.screen());
        assert_ne!(nginx.shop.contents("conf"), before);
    });
}

/// Nothing is lost by files that only forbid: they stay, and it is said that they do not count yet.
#[test]
fn what_is_still_accepted_is_said() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2 TLSv1.3");
        let _taken = nginx.obstruct();
        let run = nginx.fix(&["--check-timeout", "3"]);
        assert_eq!(run.status, 1, "{}", run.screen());
        for part in [
            "the new files stay, but the servers do something else:",
            "TLSv1.1 is still accepted, and not configured\n  at 127.0.0.1:8441\n",
        ] {
            assert!(run.err.contains(part), "{part}: {}", run.screen());
        }
        if is_root() {
            let cause = "a.conf was changed after the workers of nginx started";
            assert!(run.err.contains("  = not reloaded: ") && run.err.contains(cause), "{}", run.screen());
        }
        assert!(run.out.contains("done: "), "{}", run.screen());
        assert!(nginx.shop.read("conf/sites/a.conf").contains("ssl_protocols TLSv1.2 TLSv1.3;"));
    });
}

/// The library bars TLSv1.1 anyway: the old workers give what the new files promise, and that proves nothing.
#[test]
fn old_workers_prove_nothing() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        if !is_root() {
            // Nobody else sees which processes listen.
            return;
        }
        let nginx = Nginx::start("TLSv1.2 TLSv1.3");
        let text = nginx.shop.read("conf/sites/a.conf");
        let latent = text.replace("ssl_protocols", "ssl_protocols TLSv1.1").replace("ALL:@SECLEVEL=0", "HIGH");
        sleep(Duration::from_millis(100));
        nginx.shop.write("conf/sites/a.conf", &latent);
        let run = nginx.fix_with("nginx=true", &["--check-timeout", "2"]);
        assert_eq!(run.status, 3, "{}", run.screen());
        let cause = "a.conf was changed after the workers of nginx started";
        assert!(run.err.contains("this is not clear:\nnot reloaded: "), "{}", run.screen());
        assert!(run.err.contains(cause) && !run.out.contains("verified: "), "{}", run.screen());
    });
}

#[test]
fn a_server_that_is_gone_gets_its_files_back() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let before = nginx.shop.contents("conf");
        // A restart, as some have it instead of a reload, that ends halfway.
        let run = nginx.fix_with(&format!("nginx={} -s stop", nginx.program), &["--check-timeout", "3"]);
        assert_eq!(run.status, 6, "{}", run.screen());
        for part in [
            "nothing is accepted any more, and TLSv1.1 and TLSv1.2 were before: connection refused",
            "reloading once more, with the old files, failed too",
            "handshakes do not get what they got before:\nTLSv1.1 TLSv1.2 before, and nothing now\n  at 127.0.0.1:8441",
        ] {
            assert!(run.err.contains(part), "{part}: {}", run.screen());
        }
        assert_eq!(nginx.shop.contents("conf"), before);
    });
}

/// Another program took the port, and gives just what the new files promise: that is no success.
#[test]
fn another_program_in_its_place() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        if !is_root() {
            // Nobody else sees which processes listen.
            return;
        }
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let before = nginx.shop.contents("conf");
        let certificate = |kind: &str| certificates::folder().join(format!("ec.{kind}")).display().to_string();
        let other = format!(
            "timeout 60 openssl s_server -quiet -accept 127.0.0.1:{PORT} -cert {} -key {} </dev/null >/dev/null 2>&1 &",
            certificate("crt"),
            certificate("key")
        );
        let script = format!(
            "[ -e \"$0.done\" ] && exit 0\ntouch \"$0.done\"\n{} -s stop\nsleep 1\n{other}\nsleep 1\n",
            nginx.program
        );
        let run = nginx.fix_with(&format!("nginx={}", nginx.shop.script("reload", &script)), &["--check-timeout", "5"]);
        assert_eq!(run.status, 6, "{}", run.screen());
        for part in [
            "handshakes do not get what the new files promise:\nanother program than nginx answers\n  at 127.0.0.1:8441",
            "openssl (process ",
            "handshakes do not get what they got before:\nanother program than nginx answers\n",
        ] {
            assert!(run.err.contains(part), "{part}: {}", run.screen());
        }
        assert_eq!(nginx.shop.contents("conf"), before);
    });
}

#[test]
fn asked_to_end_it_puts_everything_back() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let _taken = nginx.obstruct();
        let before = nginx.shop.contents("conf");
        let child = nginx.begin();
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("it is there");
        let output = child.wait_with_output().expect("ends");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{out}{err}");
        assert!(err.contains("interrupted; every file is as it was"), "{err}");
        assert_eq!(out.matches("reloaded: ").count(), 2, "{out}");
        assert!(out.contains("verified: handshakes get what they got before"), "{out}{err}");
        assert_eq!(nginx.shop.contents("conf"), before);
        nginx.shop.nothing_hidden();
    });
}

/// What the checker accepted is finished by the next run, which can't know what handshakes would have said.
#[test]
fn killed_while_it_asks() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start("TLSv1.1 TLSv1.2");
        let _taken = nginx.obstruct();
        let before = nginx.shop.contents("conf");
        let mut child = nginx.begin();
        child.kill().expect("it is there");
        child.wait().expect("ends");
        let next = nginx.shop.tlsmend(&["rollback", "--yes", "--no-exec"]);
        assert_eq!(next.status, 3, "nothing tested it: {}", next.screen());
        for part in ["was interrupted; finished: ", "whether the servers were reloaded is not known", "tlsmend verify"]
        {
            assert!(next.err.contains(part), "{part}: {}", next.screen());
        }
        assert_eq!(nginx.shop.contents("conf"), before, "and then it is taken back");
        nginx.shop.nothing_hidden();
    });
}

/// Apache with one site, whose service sets OPENSSL_CONF: nothing that is read says that TLSv1.3 is not to be had.
struct Apache {
    shop: Workshop,
    program: String,
    _server: Running,
}

impl Apache {
    /// With these versions, and with this line in the library's own configuration.
    fn start(versions: &str, library: &str) -> Apache {
        let shop = Workshop::new();
        let root = shop.path(".").display().to_string();
        let user = if is_root() { "User www-data\nGroup www-data\n" } else { "" };
        let modules = ["mpm_event", "ssl", "authz_core"]
            .map(|module| format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"));
        let certificate = |kind: &str| certificates::folder().join(format!("ec.{kind}")).display().to_string();
        shop.write(
            "conf/apache2.conf",
            &format!(
                "ServerRoot {root}/conf\nServerName main.test\nPidFile {root}/apache.pid\nErrorLog {root}/error.log\n\
                 DefaultRuntimeDir {root}\n{user}{}Listen 127.0.0.1:{PORT}\n<VirtualHost 127.0.0.1:{PORT}>\n    \
                 ServerName s{PORT}.test\n    SSLEngine on\n    SSLCertificateFile {}\n    SSLCertificateKeyFile {}\n    \
                 SSLProtocol {versions}\n    SSLCipherSuite ALL:@SECLEVEL=0\n</VirtualHost>\n",
                modules.concat(),
                certificate("crt"),
                certificate("key"),
            ),
        );
        shop.write(
            "openssl.cnf",
            &format!("openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\n{library}\n"),
        );
        let conf: PathBuf = shop.path("openssl.cnf");
        let program = format!("/usr/sbin/apache2 -f {root}/conf/apache2.conf");
        let environment = [("OPENSSL_CONF", conf.to_str().expect("UTF-8"))];
        let server = Running::start(&format!("{program} -DFOREGROUND"), &environment, [PORT]);
        Apache { shop, program, _server: server }
    }

    fn fix(&self) -> Run {
        let (check, reload) = (format!("apache={} -t", self.program), format!("apache={} -k graceful", self.program));
        self.shop.tlsmend(&[
            "fix",
            "conf",
            "--assume",
            "apache=2.4.57",
            "--assume",
            "openssl=3.0.17",
            "--yes",
            "--check-with",
            &check,
            "--check-timeout",
            "3",
            "--reload",
            "--reload-with",
            &reload,
        ])
    }
}

const NO_TLS_1_3: &str = "Protocol = -TLSv1.3";

#[test]
fn a_promise_that_the_environment_breaks_is_taken_back() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let apache = Apache::start("-all +TLSv1.1 +TLSv1.2", NO_TLS_1_3);
        let before = apache.shop.contents("conf");
        assert_eq!(offered(PORT), [Tls1_1, Tls1_2].into_iter().collect());
        let run = apache.fix();
        assert_eq!(run.status, 6, "{}", run.screen());
        assert!(run.err.contains("TLSv1.3 is configured now, and not accepted ("), "{}", run.screen());
        assert!(run.err.contains("every file was put back and is as it was"), "{}", run.screen());
        // The workers of the new files were there already.
        assert!(!run.err.contains("not reloaded"), "{}", run.screen());
        assert!(run.out.contains("verified: handshakes get what they got before"), "{}", run.screen());
        assert_eq!(apache.shop.contents("conf"), before);
        apache.shop.nothing_hidden();
        assert_eq!(offered(PORT), [Tls1_1, Tls1_2].into_iter().collect());
    });
}

/// Where the library has TLSv1.3 and no suite for it, OpenSSL refuses everybody as soon as TLSv1.3 is configured.
#[test]
fn an_outage_is_taken_back() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let apache = Apache::start("-all +TLSv1.1 +TLSv1.2", "Ciphersuites =");
        let before = apache.shop.contents("conf");
        let run = apache.fix();
        assert_eq!(run.status, 6, "{}", run.screen());
        assert!(
            run.err.contains("nothing is accepted any more, and TLSv1.1 and TLSv1.2 were before"),
            "{}",
            run.screen()
        );
        assert!(run.out.contains("verified: handshakes get what they got before"), "{}", run.screen());
        assert_eq!(apache.shop.contents("conf"), before);
    });
}

/// TLSv1.3 was promised before, and not given: that is no fault of the fix, and TLSv1.1 is gone.
#[test]
fn what_differed_before_is_no_reason() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    network::inside(|| {
        let apache = Apache::start("-all +TLSv1.1 +TLSv1.2 +TLSv1.3", NO_TLS_1_3);
        assert_eq!(offered(PORT), [Tls1_1, Tls1_2].into_iter().collect());
        let run = apache.fix();
        assert_eq!(run.status, 0, "{}", run.screen());
        assert!(run.err.contains("TLSv1.3 is configured, and not accepted, as before"), "{}", run.screen());
        assert!(!run.out.contains("verified: "), "{}", run.screen());
        assert_eq!(offered(PORT), [Tls1_2].into_iter().collect());
    });
}

/// The files of an image are not those that the servers of this machine read.
#[test]
fn an_image_is_not_verified() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl"]) {
        return;
    }
    let shop = Workshop::new();
    shop.write("image/etc/nginx/nginx.conf", &format!("events {{}}\nhttp {{\n{}}}\n", site(PORT, "TLSv1.1 TLSv1.2")));
    let all = ["fix", "--root", "image", "--yes", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"];
    let more = ["--check-with", "nginx=true", "--reload", "--reload-with", "nginx=true"];
    let run = shop.tlsmend(&[all.as_slice(), more.as_slice()].concat());
    assert!(run.out.contains("not verified: with --root it is not known which servers read"), "{}", run.screen());
    assert!(run.out.contains("reloaded: true") && run.out.contains("done: "), "{}", run.screen());
}
