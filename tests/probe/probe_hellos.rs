//! The hellos, byte for byte, and what another program reads in them. `UPDATE_HELLOS=1` writes the fixtures anew; the
//! decoded texts beside them were made by tshark.

use crate::support::needs;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tlsmend::probe::hello::{Hello, RANDOM};
use tlsmend::probe::name::Name;
use tlsmend::probe::{portions, sslv2};
use tlsmend::tls::Version;

/// A name, and the bytes.
fn hellos() -> Vec<(String, Vec<u8>)> {
    let random: [u8; RANDOM] = std::array::from_fn(|at| at as u8);
    let name = Name::parse("www.example").expect("a name");
    let mut all = vec![("sslv2".to_owned(), sslv2::hello(&random))];
    for version in Version::ALL.into_iter().skip(1) {
        for plain in [false, true] {
            let portions = portions::portions(version);
            let few = &portions[0][..3];
            let hello = Hello {
                version,
                suites: if plain { few } else { &portions[0] },
                name: Some(&name).filter(|_| !plain),
                alpn: &[],
                compression: plain && version < Version::Tls1_3,
                plain,
                random: &random,
            };
            let name = version.name().to_ascii_lowercase();
            all.push((format!("{name}{}", if plain { "-small" } else { "" }), hello.bytes()));
        }
    }
    all
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/probe")
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for line in bytes.chunks(16) {
        let words: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let _always = writeln!(out, "{}", words.join(" "));
    }
    out
}

#[test]
fn each_hello_is_the_one_that_was_checked() {
    for (name, bytes) in hellos() {
        let path = folder().join(format!("{name}.hex"));
        if std::env::var_os("UPDATE_HELLOS").is_some() {
            std::fs::write(&path, hex(&bytes)).expect("a fixture");
            continue;
        }
        let known = std::fs::read_to_string(&path).expect("a fixture");
        assert_eq!(hex(&bytes), known, "{name}: see the head of this file");
        let decoded = std::fs::read_to_string(folder().join(format!("{name}.txt"))).expect("what tshark reads in it");
        assert!(decoded.contains("Client Hello"), "{name}");
        assert!(!decoded.contains("Malformed"), "{name}");
    }
}

/// What tshark reads in a stream of these bytes to port 443.
fn tshark(bytes: &[u8], fields: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (text, capture) = (folder.path().join("hello.txt"), folder.path().join("hello.pcap"));
    let line = |(at, line): (usize, &[u8])| format!("{:06x} {}", at * 16, hex(line));
    let dump = bytes.chunks(16).enumerate().map(line).collect::<Vec<_>>().concat();
    std::fs::write(&text, dump).expect("a file of our own");
    let mut convert = Command::new("text2pcap");
    convert.args(["-q", "-T", "40000,443"]).args([&text, &capture]).stderr(Stdio::null());
    assert!(convert.status().expect("text2pcap (tests/run installs it)").success());
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&capture).args(["-T", "fields", "-E", "separator=|"]).env("HOME", folder.path());
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.stderr(Stdio::null()).output().expect("tshark (tests/run installs it)");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[test]
fn another_program_reads_the_same() {
    if !needs::has(&["tshark"]) {
        return;
    }
    for version in Version::ALL.into_iter().skip(1) {
        let name = version.name().to_ascii_lowercase();
        let bytes = hellos().into_iter().find(|(known, _)| *known == name).expect("a hello").1;
        let fields = [
            "tls.record.version",
            "tls.handshake.version",
            "tls.handshake.ciphersuite",
            "tls.handshake.extensions_server_name",
            "tls.handshake.extensions.supported_version",
            "_ws.malformed",
        ];
        let read = tshark(&bytes, &fields);
        let columns: Vec<&str> = read.split('|').collect();
        let wire = tlsmend::probe::hello::wire(version);
        let named = version > Version::Ssl3;
        let mut suites: Vec<String> = portions::portions(version)[0].iter().map(|id| format!("0x{id:04x}")).collect();
        if version < Version::Tls1_3 {
            suites.push("0x00ff".to_owned());
        }
        assert_eq!(columns[0], format!("0x{:04x}", wire.min(0x0301)), "{version}");
        assert_eq!(columns[1], format!("0x{:04x}", wire.min(0x0303)), "{version}");
        assert_eq!(columns[2], suites.join(","), "{version}");
        assert_eq!(columns[3], if named { "www.example" } else { "" }, "{version}");
        assert_eq!(columns[4], if version == Version::Tls1_3 { "0x0304" } else { "" }, "{version}");
        assert_eq!(columns[5], "", "{version}");
    }
}
