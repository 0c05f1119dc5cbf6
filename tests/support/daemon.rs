//! A program that serves at a port until it is dropped.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use super::server;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tlsmend::services::service::Destination;

/// No server lives longer, in seconds, whatever becomes of the test.
const LONGEST_LIFE: &str = "300";
/// How long one may take to start: Java compiles its program first.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server.
pub struct Daemon(Child);

impl Daemon {
    /// Starts `program`, which listens at `port` of the loopback interface once it is ready.
    pub fn start(port: u16, program: &str, arguments: impl FnOnce(&mut Command)) -> Daemon {
        let mut command = Command::new("timeout");
        command.args([LONGEST_LIFE, program]);
        arguments(&mut command);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut daemon = Daemon(child.expect("timeout, which every Debian has"));
        let begin = Instant::now();
        while !server::connects(&Destination::Ip(Ipv4Addr::LOCALHOST.into(), port)) {
            let ended = daemon.0.try_wait().expect("a child of our own");
            assert!(ended.is_none(), "{program} ended: {ended:?} (tests/run installs it): {command:?}");
            assert!(begin.elapsed() < PATIENCE, "{program} does not listen at {port}: {command:?}");
            sleep(Duration::from_millis(10));
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // This is timeout(1), which hands it on.
        let _ended_already = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let _status = self.0.wait();
    }
}
