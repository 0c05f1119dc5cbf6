//! What a terminal is shown, where names and comments of a host mean harm: nothing that it obeys, hides or turns around,
//! and no line that a name began. script(1) makes the terminal.

use crate::support;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use support::workshop::Workshop;
use tlsmend::sanitise;

/// What a terminal obeys: a title, colours, lines above, a bell; and what it hides or turns around.
const COMMENT: &[u8] =
    b"# \x1b]0;title\x07\x1b[8mhidden\x1b[0m\x1b[1A\x1b[2K \xc2\x9b31m \xff \xe2\x80\xae txt \xe2\x80\x8b \
\xf3\xa0\x81\x81 \xe2\x80\xa8 \xef\xb8\x8f a\rb \x7f \x08 <U+001B>";
/// A name that begins lines.
const NAME: &str = "a\nFORGED: done\r\u{2028}FORGED\u{85}FORGED \u{1b}[2K\u{202e}.conf";
/// The words for the program that make the answer the same everywhere.
const ASSUME: &str = "--assume nginx=1.22.1 --assume openssl=3.0.17";

fn workshop() -> Workshop {
    let shop = Workshop::new();
    shop.write("conf/nginx.conf", "events {}\nhttp {\n    include sites/*;\n}\n");
    shop.write("conf/sites/x", "");
    let site = [
        b"server {\n    listen 8441 ssl;\n    server_name a.test; ".as_slice(),
        COMMENT,
        b"\n    ssl_certificate a.crt;\n    ssl_certificate_key a.key;\n    ssl_protocols TLSv1 TLSv1.2;\n}\n",
    ];
    fs::write(shop.path("conf/sites").join(NAME), site.concat()).expect("a site");
    shop
}

/// A command line of the shell.
fn quoted(text: &str) -> String {
    format!("'{text}'")
}

/// Complains about whatever does harm on a screen.
fn harmless(what: &str, shown: &str) {
    let styles = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    let plain = styles.replace_all(shown, "");
    for line in plain.split('\n') {
        // What a checker says is indented. The terminal itself puts a carriage return before each line end; a progress line goes away by its own.
        let line = line.strip_suffix('\r').unwrap_or(line).replace("\r\u{1b}[K", "");
        assert!(!line.starts_with("FORGED"), "{what}: {line}\n{plain}");
        let hostile = line.chars().find(|c| *c != '\t' && sanitise::is_hostile(*c));
        assert!(hostile.is_none(), "{what}: {hostile:?} in {line:?}");
    }
}

#[test]
fn no_command_shows_anything_harmful() {
    let shop = workshop();
    let program = Workshop::program();
    let state = format!("--state-dir {}", quoted(&shop.path("state \n\u{1b}[2KFORGED").display().to_string()));
    let says = shop.script(
        "check",
        "printf 'nginx: \\033[2J\\nFORGED in %s\\r\\nFORGED\\n' \"$0\"\nexit $(cat \"$(dirname \"$0\")/end\")",
    );
    let check = format!("--check-with nginx={says}");
    let reload = format!("--reload --reload-with nginx={says} --without-verify");
    shop.write("end", "0");
    let run = |what: &str, arguments: &str, typed: &str, status: i32| {
        let (shown, ended) = shop.on_a_terminal(&format!("{program} {arguments}"), typed);
        harmless(what, &shown);
        assert_eq!(ended, status, "{what}: {shown}");
        shown
    };
    for format in ["text", "json", "html", "markdown", "sarif", "github", "gitlab", "junit", "prometheus"] {
        run(format, &format!("audit conf {ASSUME} --color always --format {format}"), "", 1);
    }
    run("why", &format!("why 127.0.0.1:8441 conf {ASSUME}"), "", 0);
    run("facts", "facts conf --assume openssl=3.0.17", "", 3);
    let diff = run("diff", &format!("diff conf {ASSUME}"), "", 1);
    let comment = "# <U+001B>]0;title<U+0007><U+001B>[8mhidden<U+001B>[0m<U+001B>[1A<U+001B>[2K <U+009B>31m <0xFF> \
                   <U+202E> txt <U+200B> <U+E0041> <U+2028> <U+FE0F> a<U+000D>b <U+007F> <U+0008> <U+003C>U+001B>";
    assert!(diff.contains(comment), "{diff}");
    assert!(diff.contains("redirect standard output into a file"), "{diff}");
    let asked = run("fix", &format!("fix conf {ASSUME} {state} {check}"), "n\n", 1);
    assert!(asked.contains(comment) && asked.contains("apply?"), "{asked}");
    let done = run("fix --yes", &format!("fix conf {ASSUME} {state} {check} {reload} --yes"), "", 0);
    assert!(done.contains("written: ") && done.contains("reloaded: "), "{done}");
    let back = run("rollback", &format!("rollback {state} {check}"), "n\n", 2);
    assert!(back.contains(comment) && back.contains("apply?"), "{back}");
    shop.write("end", "1");
    run("rollback that no checker likes", &format!("rollback {state} {check} --yes"), "", 3);
    run("fix that no checker likes", &format!("fix conf {ASSUME} {state} {check} --yes"), "", 2);
    shop.write("end", "0");
    run("fix again", &format!("fix conf {ASSUME} {state} {check} --yes"), "", 0);
    let path = shop.path("conf/sites").join(NAME);
    let edited = [&fs::read(&path).expect("the site")[..], b"# \x1b[2Jmine\n"].concat();
    fs::write(&path, edited).expect("an edit");
    let refused = run("rollback of what was changed", &format!("rollback {state} {check} --yes"), "", 2);
    assert!(refused.contains("--force"), "{refused}");
    let history = run("history", &format!("history {state}"), "", 0);
    assert!(history.contains("FORGED: done"), "{history}");
}

#[test]
fn no_complaint_shows_anything_harmful() {
    let shop = workshop();
    let program = Workshop::program();
    let name = quoted(NAME);
    shop.write(NAME, "profile: \"a\\nFORGED\\e[2J\"\n\"key\\nFORGED\\u202e\": 1\n");
    shop.write("targets", "a\u{1b}[2J\u{202e}FORGED.test:443\n127.0.0.1:1\u{2028}\n");
    for (what, arguments) in [
        ("an option", format!("audit '--{NAME}'")),
        ("a command", name.clone()),
        ("a value", format!("audit --format {name}")),
        ("a path", format!("audit {}", quoted(&format!("/none/{NAME}")))),
        ("a policy", format!("policy check {name}")),
        ("a policy of an audit", format!("audit conf --policy {name}")),
        ("a profile", format!("audit conf --profile {name}")),
        ("a report", format!("report merge {name} {name}")),
        ("a report that is none", format!("audit conf --output {}", quoted(&format!("/none/{NAME}")))),
        ("an assumption", format!("audit conf --assume {name}")),
        ("a checker", format!("fix conf --check-with {name}")),
        ("a map", format!("audit --map {name}")),
        ("targets", "probe --targets targets".to_owned()),
        ("a target", format!("probe {name}")),
        ("a list", format!("probe --targets {}", quoted(&format!("none/{NAME}")))),
        ("a rule", format!("rule {name}")),
        ("an entry", format!("rollback {name} --state-dir conf")),
        ("a root", format!("audit --root {}", quoted(&format!("/none/{NAME}")))),
        ("a client", format!("why {name} conf")),
    ] {
        let (shown, status) = shop.on_a_terminal(&format!("{program} {arguments}"), "");
        harmless(what, &shown);
        assert_eq!(status, 2, "{what}: {shown}");
    }
}

/// Line ends and separators stand in the words of a configuration too: what is made of them has no line more.
#[test]
fn words_begin_no_lines() {
    let shop = Workshop::new();
    let word = "\"a.test\nFORGED \u{2028}FORGED\u{85}FORGED\rFORGED\"";
    shop.write(
        "conf/nginx.conf",
        &format!(
            "events {{}}\nhttp {{\n  server {{\n    listen 8441 ssl;\n    server_name {word};\n    ssl_protocols TLSv1 \
             {word} TLSv1.2;\n  }}\n  server {{\n    listen {word};\n    include {word};\n    ssl_protocols TLSv1;\n  }}\n\
             # tlsmend: allow {word} until 2020-01-01: x\n}}\n"
        ),
    );
    shop.write(
        "policy.yaml",
        "waivers:\n  - rule: forbidden-version\n    until: 2999-01-01\n    reason: \"x\\nFORGED\"\n    owner: \"y\\nFORGED\"\n\
         \x20   match: { address: [\"*:8441\"] }\n",
    );
    for format in ["text", "markdown", "github", "gitlab", "junit", "prometheus"] {
        for policy in ["", "--policy policy.yaml"] {
            let (shown, status) = shop
                .on_a_terminal(&format!("{} audit conf {ASSUME} {policy} --format {format}", Workshop::program()), "");
            harmless(format, &shown);
            assert!(matches!(status, 1 | 3), "{format}: {shown}");
        }
    }
}

/// What is piped is the patch, byte for byte.
#[test]
fn a_patch_that_is_piped_applies() {
    let shop = workshop();
    let arguments: Vec<&str> = ["diff", "conf"].into_iter().chain(ASSUME.split(' ')).collect();
    let diff = Command::new(Workshop::program()).args(&arguments).current_dir(shop.path(".")).output().expect("runs");
    assert!(diff.stdout.windows(COMMENT.len()).any(|bytes| bytes == COMMENT), "the comment is as it was");
    let told = String::from_utf8(diff.stderr).expect("is UTF-8");
    assert!(!told.contains("U+001B"), "{told}");
    harmless("the remarks", &told);
    let mut patch = Command::new("git")
        .args(["apply", "-p1", "--unsafe-paths", "-"])
        .current_dir(shop.path("."))
        .stdin(Stdio::piped())
        .spawn()
        .expect("git");
    patch.stdin.take().expect("a pipe").write_all(&diff.stdout).expect("is read");
    assert!(patch.wait().expect("ends").success());
    let site = fs::read(shop.path("conf/sites").join(NAME)).expect("the site");
    assert!(String::from_utf8_lossy(&site).contains("ssl_protocols TLSv1.2"), "{}", String::from_utf8_lossy(&site));
}

/// The table takes the width of its terminal; in a file it is the same everywhere.
#[test]
fn a_table_is_as_wide_as_its_terminal() {
    let shop = Workshop::new();
    let names = (1..40).map(|at| format!("name-{at}.test")).collect::<Vec<_>>().join(" ");
    let server = format!("listen 8441 ssl; server_name {names}; ssl_certificate a; ssl_certificate_key a;");
    shop.write("conf/nginx.conf", &format!("events {{}}\nhttp {{ server {{ {server} }} }}\n"));
    let row = |text: &str| text.lines().find(|line| line.contains("name-1.test")).map_or(0, |row| row.trim_end().len());
    let program = Workshop::program();
    let [narrow, wide, unknown] = ["stty rows 24 cols 80; ", "stty rows 24 cols 160; ", ""].map(|before| {
        let command = format!("{before}{program} audit conf {ASSUME} --color never --format text --format json=x.json");
        row(&shop.on_a_terminal(&command, "").0)
    });
    let in_file = format!("stty rows 24 cols 160; {program} audit conf {ASSUME} --color never --output text.txt");
    shop.on_a_terminal(&in_file, "");
    let text = fs::read_to_string(shop.path("text.txt")).expect("a report");
    assert!((60..=80).contains(&narrow) && (130..=160).contains(&wide), "{narrow} {wide}");
    assert!((80..=100).contains(&unknown) && row(&text) == unknown, "{unknown}: {text}");
}
