//! What packages bring: manual pages, completions, units, alert rules, the policy.

use crate::support::{needs, program};

use program::run;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs a program that is installed with a text as its input.
fn pipe(program: &str, arguments: &[&str], text: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect(program);
    child.stdin.take().expect("its input").write_all(text.as_bytes()).expect("written");
    child.wait_with_output().expect("its end")
}

#[test]
fn every_command_has_a_manual_page() {
    let names = run(&["man"]).out;
    let help = run(&["--help"]).out;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    for command in commands.filter_map(|line| line.split(' ').next()).filter(|command| *command != "help") {
        assert!(names.lines().any(|name| name == format!("tlsmend-{command}")), "{command}: {names}");
    }
    let is_shown = needs::has(&["man"]);
    for name in names.lines() {
        let page = run(&["man", name]);
        assert_eq!(page.status, 0, "{name}");
        assert!(page.out.contains(".SH SYNOPSIS"), "{name}");
        if !is_shown {
            continue;
        }
        let shown = pipe("man", &["--warnings", "-l", "-"], &page.out);
        assert_eq!((shown.status.success(), String::from_utf8_lossy(&shown.stderr).as_ref()), (true, ""), "{name}");
    }
}

#[test]
fn a_page_that_is_not_there() {
    let run = run(&["man", "tlsmend-fixx"]);
    assert_eq!((run.status, run.err.contains("did you mean `tlsmend-fix`?")), (2, true), "{}", run.screen());
}

#[test]
fn completions_are_scripts_of_their_shells() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = run(&["completions", shell]);
        assert_eq!(script.status, 0, "{shell}");
        assert!(script.out.contains("fail-on"), "{shell}: {}", script.out);
        if !needs::has(&[shell]) {
            continue;
        }
        let read = pipe(shell, &[check], &script.out);
        assert_eq!((read.status.success(), String::from_utf8_lossy(&read.stderr).as_ref()), (true, ""), "{shell}");
    }
}

#[test]
fn the_policy_of_packages_is_the_built_in_one() {
    assert_eq!(run(&["policy", "check", "packaging/policy.yaml"]).status, 0);
    let audit = |more: &[&str]| {
        let mut document: serde_json::Value = serde_json::from_str(
            &run(&[&["audit", "--root", "fixtures/hosts/debian", "--format", "json"][..], more].concat()).out,
        )
        .expect("JSON");
        let fields = document.as_object_mut().expect("an object");
        fields.remove("policy");
        fields.remove("policy_sha256");
        document
    };
    assert_eq!(audit(&["--policy", "packaging/policy.yaml"]), audit(&[]));
    // What it shows as an example is sound, too.
    let text = fs::read_to_string("packaging/policy.yaml").expect("the policy");
    let example = text.replace("# waivers:", "waivers:").replace("#   ", "  ").replace("    - rule", "  - rule");
    assert!(example.contains("\nwaivers:\n"), "{example}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.yaml");
    fs::write(&path, &example).expect("written");
    let check = run(&["policy", "check", &path.display().to_string()]);
    assert_eq!(check.status, 0, "{example}\n{}", check.screen());
}

#[test]
fn alerts_do_what_they_say() {
    if !needs::has(&["promtool"]) {
        return;
    }
    let output =
        Command::new("promtool").args(["test", "rules", "packaging/prometheus/tests.yaml"]).output().expect("it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Each metric that an alert or the dashboard asks for is one that an audit writes, or the node exporter.
#[test]
fn metrics_that_are_asked_for_exist() {
    let written = run(&["audit", "--root", "fixtures/hosts/debian", "--format", "prometheus"]).out;
    for path in ["packaging/prometheus/tlsmend.rules.yaml", "packaging/grafana/tlsmend.json"] {
        let text = fs::read_to_string(path).expect(path);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let metrics: Vec<&str> = words.filter(|word| word.starts_with("tlsmend_")).collect();
        assert!(!metrics.is_empty(), "{path}");
        for metric in metrics {
            assert!(written.contains(&format!("# TYPE {metric} gauge\n")), "{path}: {metric}");
        }
    }
    let dashboard = fs::read_to_string("packaging/grafana/tlsmend.json").expect("the dashboard");
    serde_json::from_str::<serde_json::Value>(&dashboard).expect("JSON");
}

/// The units, with a program in the place of the installed one.
#[test]
fn systemd_understands_the_units() {
    if !needs::has(&["systemd-analyze"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["tlsmend-audit.service", "tlsmend-audit.timer"] {
        let text = fs::read_to_string(format!("packaging/systemd/{name}")).expect("the unit");
        // The manual pages are not installed either.
        let text: String = text
            .lines()
            .filter(|line| !line.starts_with("Documentation="))
            .fold(String::new(), |all, line| all + &line.replace("/usr/bin/tlsmend", "/bin/true") + "\n");
        fs::write(folder.path().join(name), text).expect("written");
    }
    let units = ["service", "timer"].map(|kind| folder.path().join(format!("tlsmend-audit.{kind}")));
    let output = Command::new("systemd-analyze").arg("verify").args(units).output().expect("it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("tlsmend-audit"), "{said}");
}
