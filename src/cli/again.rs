//! The options that were given, for commands that messages suggest: those have to find the same host and the same policy.

use super::args::{Host, Judgement};
use crate::host::quoted;
use std::path::Path;

/// ` --root /mnt --policy tls.yaml nginx`, to be put behind the name of a command that takes a host; empty where nothing but
/// defaults was given. `judgement`: where the command takes a policy.
pub(super) fn options(host: &Host, judgement: Option<&Judgement>) -> String {
    let mut words = Words::default();
    if host.root != Path::new("/") {
        words.option("--root", &host.root.to_string_lossy());
    }
    for (name, values) in [
        ("--map", &host.map),
        ("--define", &host.define),
        ("--env", &host.env),
        ("--assume", &host.assume),
        ("--exclude", &host.exclude),
    ] {
        for value in values {
            words.option(name, value);
        }
    }
    if host.no_exec {
        words.add("--no-exec");
    }
    if let Some(Judgement { policy, profile, now, .. }) = judgement {
        let policy = policy.as_ref().map(|path| path.to_string_lossy().into_owned());
        for (name, value) in [("--policy", &policy), ("--profile", profile), ("--now", now)] {
            if let Some(value) = value {
                words.option(name, value);
            }
        }
    }
    for path in &host.paths {
        words.add(&quoted(&path.to_string_lossy()));
    }
    words.0
}

/// Words of a command, each with a blank before it.
#[derive(Default)]
struct Words(String);

impl Words {
    fn add(&mut self, word: &str) {
        self.0.extend([" ", word]);
    }

    fn option(&mut self, name: &str, value: &str) {
        // What begins with a hyphen would be taken for an option.
        match value.starts_with('-') {
            true => self.add(&format!("{name}={}", quoted(value))),
            false => self.0.extend([" ", name, " ", &quoted(value)]),
        }
    }
}
