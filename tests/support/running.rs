//! A server as it runs on hosts, with a master and workers, that ends with the test.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No server lives longer, whatever becomes of the test.
const LONGEST_LIFE: &str = "120";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Running(Child);

impl Running {
    /// Starts it with this environment and no other, and waits until it listens at these ports of 127.0.0.1.
    pub fn start(command: &str, environment: &[(&str, &str)], ports: impl IntoIterator<Item = u16>) -> Running {
        let mut words = command.split(' ');
        let mut process = Command::new("timeout");
        process.args(["--kill-after=5", LONGEST_LIFE, words.next().expect("a program")]).args(words);
        process.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(environment.iter().copied());
        process.stdin(Stdio::null()).stdout(Stdio::null());
        let server = Running(process.spawn().expect("timeout, which every Debian has"));
        let begin = Instant::now();
        for port in ports {
            while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(begin.elapsed() < PATIENCE, "{command} listens at {port}");
                sleep(Duration::from_millis(20));
            }
        }
        server
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // timeout(1) hands it on to the server, which ends its workers.
        let pid = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        let _ended_already = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _status = self.0.wait();
    }
}
