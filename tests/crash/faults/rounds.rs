//! How often a test of chance is done, and with which program: the environment says.

use crate::support::random::Random;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// No run takes as long as this: one that does never ends.
const ENDLESS: Duration = Duration::from_secs(120);

/// Runs `round` with each number from `TLSMEND_SEED` (1) on, `TLSMEND_ROUNDS` (`usual`) times, and prints how they ended.
/// A round says in a word how it ended, and panics where something does not hold.
pub fn each(what: &str, usual: u64, round: impl Fn(u64, &mut Random) -> String) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let first = number("TLSMEND_SEED").unwrap_or(1);
    let rounds = number("TLSMEND_ROUNDS").unwrap_or(usual);
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for seed in first..first + rounds {
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| round(seed, &mut Random::new(seed))));
        match end {
            Ok(end) => *ends.entry(end).or_default() += 1,
            Err(why) => {
                eprintln!("{what}: TLSMEND_SEED={seed} TLSMEND_ROUNDS=1 (so far {ends:?})");
                std::panic::resume_unwind(why);
            }
        }
    }
    eprintln!("{what}: {rounds} rounds from {first} on: {ends:?}");
}

/// The program: the one that cargo built, or another build of it that `TLSMEND_PROGRAM` names.
pub fn program() -> PathBuf {
    std::env::var_os("TLSMEND_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_tlsmend").into(), PathBuf::from)
}

/// Runs a command, and what it starts, to its end; a panic where there is none.
pub fn output(mut command: Command) -> Output {
    let child = command.process_group(0).stderr(Stdio::piped()).spawn().expect("a program");
    let group = Pid::from_raw(child.id().cast_signed());
    // It is read meanwhile: a program that prints more than a pipe holds waits for its reader.
    let (done, ended) = channel();
    let reader = std::thread::spawn(move || done.send(child.wait_with_output()));
    let output = ended.recv_timeout(ENDLESS);
    if output.is_err() {
        let _ended_just_now = killpg(group, Signal::SIGKILL);
        let output = ended.recv().expect("an end").expect("ends");
        panic!("it does not end: {command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let _sent = reader.join().expect("a thread");
    output.expect("an end").expect("ended")
}
