//! Any arguments: no panic, and a documented status. Nothing outside of a folder of its own is read or written.

use super::estate::ended;
use super::rounds;
use crate::support::random::Random;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The commands. Those that would look at this machine, or change it, get `--root` besides.
const COMMANDS: [&str; 17] = [
    "audit",
    "diff",
    "fix",
    "rollback",
    "history",
    "facts",
    "why",
    "policy list",
    "policy show",
    "policy check",
    "policy schema",
    "schema",
    "rule",
    "probe",
    "verify",
    "report merge",
    "",
];
const ROOTED: [&str; 8] = ["audit", "diff", "fix", "rollback", "history", "facts", "why", "verify"];

/// Values that some option takes, and values that none does.
const VALUES: [&str; 54] = [
    "",
    " ",
    "-",
    "--",
    "0",
    "1",
    "-1",
    "99999999999999999999",
    "1e9",
    "0.5",
    "nan",
    "a",
    "a=b",
    "=",
    "a=",
    "=b",
    "nginx=1.22.1",
    "nginx=",
    "nginx=x",
    "apache=2.4.57",
    "apache=1.3",
    "openssl=3.0.17",
    "openssl-seclevel=9",
    "distribution=debian",
    "nginx=true",
    "nginx=/nowhere",
    "json=a.json",
    "html=/dev/null/x",
    "=x",
    "csv",
    "html",
    "text",
    "pci-dss-4",
    "default",
    "no-such-profile",
    "2027-01-31",
    "2027-02-30",
    "nginx",
    "apache",
    "forbidden-version",
    "/etc/nginx=etc/nginx",
    "/etc/nginx=nowhere",
    "smtp",
    "json",
    "sarif",
    "auto",
    "always",
    "high",
    "unsafe",
    "\u{1b}[31m\u{202e}",
    "\u{e9}\u{1f980}",
    "a\nb",
    "*:443",
    "unix:",
];

/// Files and folders of the round, and a place where nobody listens.
const PLACES: [&str; 10] = [
    "127.0.0.1:1",
    "etc/nginx",
    "etc/nginx/nginx.conf",
    "/etc/nginx/nginx.conf",
    "p.yaml",
    "a.json",
    "b.json",
    "state",
    "nowhere/x",
    ".",
];

/// An option of a command: its name, and the values that its help lists; none: it takes no value.
type Options = BTreeMap<String, Option<Vec<String>>>;

/// What the help of a command tells of its options.
fn options(command: &str) -> Options {
    let output = Command::new(rounds::program()).args(command.split_whitespace()).arg("--help").output();
    let help = String::from_utf8(output.expect("the program").stdout).expect("UTF-8");
    let mut options = Options::new();
    let mut last = String::new();
    for line in help.lines().map(str::trim) {
        if let Some(at) = line.find("--").filter(|at| line.starts_with('-') && *at <= 4) {
            let (name, rest) = line[at..].split_once([' ', '[', ',']).unwrap_or((&line[at..], ""));
            name.clone_into(&mut last);
            options.insert(last.clone(), rest.contains('<').then(Vec::new));
        } else if let (Some(value), Some(Some(values))) = (line.strip_prefix("- "), options.get_mut(&last)) {
            values.extend(value.split([':', ' ']).next().map(str::to_owned));
        }
    }
    assert!(options.contains_key("--help"), "{command}: {help}");
    options
}

/// So many names a folder has first.
const FILES: usize = 4;

fn prepare(folder: &Path, random: &mut Random) {
    fs::create_dir_all(folder.join("etc/nginx")).expect("folders");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("etc/nginx/nginx.conf", "events {}\nhttp { server { listen 443 ssl; ssl_protocols TLSv1 TLSv1.2; } }\n");
    let policy: &&str = random.pick(&["forbid: [TLSv1]\n", "forbid: [x]\n", "", "\u{feff}a: [", "- 1"]);
    write("p.yaml", policy);
    let schemas =
        ["{}", "[", "{\"schema\":\"tlsmend/audit/1\"}", "{\"schema\":\"tlsmend/baseline/2\",\"findings\":[]}"];
    let json: &&str = random.pick(&schemas);
    write("a.json", json);
    write("b.json", "");
}

fn chosen(random: &mut Random, command: &str, options: &Options, root: &Path) -> Vec<String> {
    let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    // Before everything that could end the options.
    if ROOTED.contains(&command) {
        words.extend(["--root".to_owned(), root.display().to_string()]);
    }
    if command == "probe" {
        words.extend(["--timeout", "1", "--total", "3", "127.0.0.1:1"].map(str::to_owned));
    }
    let names: Vec<&String> = options.keys().collect();
    for _ in 0..random.below(6) {
        let name = *random.pick(&names);
        match &options[name] {
            // A file of the round would hold targets of chance, and nobody else is to be asked.
            _ if command == "probe" && name == "--targets" => {}
            // More than one is no use, and this one would be another root.
            _ if name == "--root" && !random.percent(5) => {}
            None => words.push(name.clone()),
            Some(listed) => words.extend([name.clone(), value(random, command, listed)]),
        }
        if random.percent(30) && command != "probe" {
            words.push((*random.pick(&PLACES)).to_owned());
        }
    }
    if random.percent(5) && command != "probe" {
        words.push((*random.pick(&VALUES)).to_owned());
    }
    words
}

fn value(random: &mut Random, command: &str, listed: &[String]) -> String {
    match random.below(10) {
        0..6 if !listed.is_empty() => random.pick(listed).clone(),
        6..8 if command != "probe" => (*random.pick(&PLACES)).to_owned(),
        _ => (*random.pick(&VALUES)).to_owned(),
    }
}

pub fn any_arguments() {
    let all: Vec<(&str, Options)> = COMMANDS.iter().map(|command| (*command, options(command))).collect();
    rounds::each("random arguments", 100, |_, random| {
        let folder = tempfile::tempdir().expect("a folder");
        prepare(folder.path(), random);
        let (command, options) = random.pick(&all);
        let words = chosen(random, command, options, folder.path());
        let mut program = Command::new(rounds::program());
        program.args(&words).stdout(Stdio::piped());
        program.current_dir(folder.path()).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        let output = rounds::output(program);
        // What is not said may stand in a report that was asked for.
        let is_silent = output.stdout.is_empty() && fs::read_dir(folder.path()).expect("a folder").count() == FILES;
        let run = ended(&output);
        let status = run.status.unwrap_or(-1);
        assert!((0..=6).contains(&status), "{words:?}: status {status}: {}", run.err);
        assert!(status != 2 || !run.err.is_empty() || !is_silent, "{words:?}: it could not run, and does not say why");
        format!("status {status}")
    });
}
