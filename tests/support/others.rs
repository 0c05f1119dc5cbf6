//! What other programs that enumerate cipher suites find at a port of the loopback interface.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use tlsmend::probe::suites::Suite;
use tlsmend::tls::Version;

/// The registered names of each version's suites.
pub type Found = BTreeMap<Version, BTreeSet<&'static str>>;

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|e| panic!("{program} is needed (tests/run installs it): {e}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn version(text: &str) -> Option<Version> {
    let text = if text == "TLSv1.0" { "TLSv1" } else { text };
    Version::ALL.into_iter().find(|version| version.name() == text)
}

/// nmap's script. Versions of which it says nothing are missing.
pub fn nmap(port: u16) -> Found {
    let port = port.to_string();
    let scripts = ["--script", "ssl-enum-ciphers", "--script-args", "tls.servername=localhost"];
    let text = output("nmap", &[&["-Pn", "-n", "-sT"][..], &scripts, &["-p", &port, "127.0.0.1"]].concat());
    let mut found = Found::new();
    let mut at = None;
    for line in text.lines() {
        let words: Vec<&str> = line.trim_start_matches(['|', '_']).split_ascii_whitespace().collect();
        match words.as_slice() {
            [head] if head.ends_with(':') => at = version(head.trim_end_matches(':')).or(at),
            [name, _, ..] if name.starts_with("TLS_") || name.starts_with("SSL_") => {
                // So does nmap 7.93 call those of TLS 1.3.
                let name = name.replace("TLS_AKE_WITH_", "TLS_");
                let suite = Suite::all().iter().find(|suite| suite.name == name);
                let suite = suite.unwrap_or_else(|| panic!("nmap knows {name}: {text}"));
                found.entry(at.unwrap_or_else(|| panic!("a version: {text}"))).or_default().insert(suite.name);
            }
            _ => {}
        }
    }
    found
}

/// sslscan, asked for versions and suites alone.
pub fn sslscan(port: u16) -> Found {
    let place = format!("127.0.0.1:{port}");
    let without = ["fallback", "renegotiation", "compression", "heartbleed", "groups", "check-certificate"];
    let mut arguments: Vec<String> = without.iter().map(|what| format!("--no-{what}")).collect();
    arguments.extend(["--xml=-".to_owned(), "--sni-name=localhost".to_owned(), place]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = output("sslscan", &arguments);
    let value = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let mut found = Found::new();
    for line in text.lines().filter(|line| line.trim_start().starts_with("<cipher ")) {
        let id = value(line, "id").and_then(|id| u16::from_str_radix(id.trim_start_matches("0x"), 16).ok());
        let suite = id.and_then(Suite::of).unwrap_or_else(|| panic!("a known suite: {line}"));
        let version = value(line, "sslversion").and_then(|text| version(&text));
        found.entry(version.unwrap_or_else(|| panic!("a version: {line}"))).or_default().insert(suite.name);
    }
    found
}
