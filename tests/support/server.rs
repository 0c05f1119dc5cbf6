//! Real servers on sites of our own.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use super::site::{Site, Software};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tlsmend::services::service::Destination;

/// No server lives longer, whatever becomes of the test.
const LONGEST_LIFE: &str = "120";
/// How long a server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the server's own checker says of a site.
pub struct Check {
    pub accepts: bool,
    pub output: String,
}

/// Runs the server's own checker: `nginx -t`, `apache2 -t`.
pub fn check(site: &Site) -> Check {
    let output = command(site, &["-t"]).output();
    let Output { status, stdout, stderr } = output.expect("timeout and sh, which every Debian has");
    assert!(status.code() != Some(127), "{} is needed (tests/run installs it)", site.software.program());
    let output = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    Check { accepts: status.success(), output }
}

/// A running server; it ends when this is dropped.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts a server and waits until it answers at all of `targets`; the error is what it said before it gave up.
    pub fn start(site: &Site, targets: &[Destination]) -> Result<Server, String> {
        // `nginx -t` leaves one.
        let _none = std::fs::remove_file(site.pid_file());
        let said = site.root().join("logs/said");
        let log = std::fs::File::create(&said).expect("a file of our own");
        let both = log.try_clone().expect("a second handle");
        let extra: &[&str] = match site.software {
            Software::Nginx => &[],
            Software::Apache => &["-DFOREGROUND"],
        };
        let child = command(site, extra).stdout(log).stderr(both).spawn();
        let mut server = Server { child: child.expect("timeout and sh, which every Debian has") };
        let begin = Instant::now();
        let mut connected = false;
        loop {
            if let Some(status) = server.child.try_wait().expect("a child of our own") {
                let logs = [said, site.error_log()].map(|path| std::fs::read(path).unwrap_or_default());
                return Err(format!("{status}: {}", String::from_utf8_lossy(&logs.concat())));
            }
            connected = connected || targets.iter().all(connects);
            // Sockets are opened before certificates are read; the pid file comes last.
            if connected && site.pid_file().is_file() {
                return Ok(server);
            }
            if begin.elapsed() > PATIENCE {
                // A site may name a pid file of its own.
                let missing = || targets.iter().filter(|t| !connects(t)).collect::<Vec<_>>();
                return if connected { Ok(server) } else { Err(format!("does not listen at {:?}", missing())) };
            }
            sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // This is timeout(1), which hands the signal on; it leads a process group that holds all of them.
        let pid = Pid::from_raw(self.child.id().cast_signed());
        let _ended_already = kill(pid, Signal::SIGTERM);
        let begin = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begin.elapsed() > PATIENCE {
                let _ended_already = killpg(pid, Signal::SIGKILL);
                let _status = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(2));
        }
    }
}

/// Does something listen there?
pub fn connects(target: &Destination) -> bool {
    match target {
        Destination::Ip(ip, port) => stream(*ip, *port).is_some(),
        Destination::Unix(path) => UnixStream::connect(path).is_ok(),
    }
}

/// A connection, if something listens there.
pub fn stream(ip: IpAddr, port: u16) -> Option<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::new(ip, port), Duration::from_secs(2)).ok()
}

/// The command line that starts the server on a site.
fn command(site: &Site, extra: &[&str]) -> Command {
    let path = |path: std::path::PathBuf| path.display().to_string();
    let mut arguments: Vec<String> = Vec::new();
    match site.software {
        Software::Nginx => {
            let mut global = vec![format!("pid {}; error_log stderr info;", path(site.pid_file()))];
            global.extend(site.modules.iter().map(|module| format!("load_module {module};")));
            global.push(site.global.clone());
            if extra.is_empty() {
                global.push("daemon off; master_process off;".to_owned());
            }
            arguments.extend(["-p".to_owned(), format!("{}/", site.root().display())]);
            arguments.extend(["-c".to_owned(), path(site.main_file()), "-g".to_owned(), global.join(" ")]);
        }
        Software::Apache => {
            arguments.extend(["-d".to_owned(), path(site.folder()), "-f".to_owned(), path(site.main_file())]);
            let run = site.root().join("run");
            let mut first =
                vec![format!("PidFile {}", path(site.pid_file())), format!("DefaultRuntimeDir {}", run.display())];
            if nix::unistd::geteuid().is_root() {
                first.extend(["User www-data".to_owned(), "Group www-data".to_owned()]);
            }
            for directive in first {
                arguments.extend(["-C".to_owned(), directive]);
            }
            arguments.extend(["-c".to_owned(), format!("ErrorLog {}", path(site.error_log()))]);
            for name in &site.defines {
                arguments.extend(["-D".to_owned(), name.clone()]);
            }
        }
    }
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=5", LONGEST_LIFE, "sh", "-c", r#"ulimit -n "$1" && shift && exec "$@""#, "sh"])
        .arg(site.most_files.to_string())
        .arg(site.software.program())
        .args(arguments)
        .args(&site.options)
        .args(extra)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LANG", "C")
        .envs(site.environment.iter().filter(|(_, value)| !value.is_empty()))
        .current_dir(site.root())
        .stdin(Stdio::null());
    command
}
