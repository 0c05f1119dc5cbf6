//! The program, run as a user does.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use super::validate;
use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How a run ended, and what it printed.
pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// For snapshots.
    pub fn screen(&self) -> String {
        let err = if self.err.is_empty() { String::new() } else { format!("\n--- standard error ---\n{}", self.err) };
        format!("--- exit status {} ---\n{}{err}", self.status, self.out)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.screen()))
    }
}

/// Runs it in a folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::cargo_bin("tlsmend")
        .expect("the program")
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .timeout(Duration::from_secs(120))
        .output()
        .expect("runs");
    let run = Run {
        status: output.status.code().expect("an exit status"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    };
    validate::own_json(&run.out);
    run
}

/// Runs it in the project's folder.
pub fn run(arguments: &[&str]) -> Run {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}
