//! Writes a made-up host with many sites, to measure an audit with:
//!
//! ```text
//! cargo run --release --example generate_host -- DIR [--nginx N] [--apache N] [--per-address N] [--seed N]
//! ```
//!
//! See docs/performance.md.

#[path = "../benches/host_generator/mod.rs"]
mod host_generator;

use host_generator::{Size, generate};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: generate_host DIR [--nginx N] [--apache N] [--per-address N] [--seed N]";

struct Arguments {
    directory: PathBuf,
    size: Size,
    seed: u64,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut directory = None;
    let mut size = Size { nginx: 1000, apache: 1000, per_address: 1000 };
    let mut seed = 1;
    while let Some(word) = given.next() {
        let mut number = |name: &str| {
            let text = given.next().ok_or_else(|| format!("{name} needs a number"))?;
            text.parse::<u32>().map_err(|_| format!("{name}: {text} is not a number"))
        };
        match word.as_str() {
            "--nginx" => size.nginx = number("--nginx")? as usize,
            "--apache" => size.apache = number("--apache")? as usize,
            "--per-address" => size.per_address = number("--per-address")? as usize,
            "--seed" => seed = u64::from(number("--seed")?),
            option if option.starts_with('-') => return Err(format!("{option} is not an option")),
            path if directory.is_none() => directory = Some(PathBuf::from(path)),
            more => return Err(format!("{more}: one directory is enough")),
        }
    }
    let directory = directory.ok_or("which directory?")?;
    if size.per_address == 0 {
        return Err("--per-address: at least 1".into());
    }
    Ok(Arguments { directory, size, seed })
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool of one's own workshop")]
fn main() -> ExitCode {
    let Arguments { directory, size, seed } = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match generate(&directory, size, seed) {
        Ok(written) => {
            println!(
                "{}: {} files, {} links, {} bytes",
                directory.display(),
                written.files,
                written.links,
                written.bytes
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}
