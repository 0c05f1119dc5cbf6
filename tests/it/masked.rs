//! Secrets are masked, and every place stays where it is in the real file: columns count its characters, offsets its
//! bytes, and the edits of SARIF and JSON, made on the real bytes, give what the patch gives.

use crate::support::needs;
use crate::support::program;

use program::run;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const FACTS: [&str; 10] = [
    "--assume",
    "nginx=1.29.3",
    "--assume",
    "apache=2.4.62",
    "--assume",
    "openssl=3.0.17",
    "--assume",
    "openssl-seclevel=0",
    "--no-exec",
    "--now=2026-11-30",
];

/// A main file, and what must not be shown of it.
struct Case {
    name: &'static str,
    path: &'static str,
    text: Vec<u8>,
    secrets: &'static [&'static [u8]],
}

/// nginx with these lines in its server.
fn nginx(name: &'static str, lines: &[u8], secrets: &'static [&'static [u8]]) -> Case {
    let head = b"events {}\nhttp {\nssl_certificate c.pem;\nssl_certificate_key k.pem;\nserver {\nlisten 443 ssl; ";
    Case { name, path: "etc/nginx/nginx.conf", text: [&head[..], lines, b"\n}\n}\n"].concat(), secrets }
}

fn cases() -> Vec<Case> {
    let text = "set $password \"p\u{e4}ssw\u{f6}rtchen\u{fc}\u{fc}\"; ssl_protocols TLSv1 TLSv1.2 TLSv1.3;";
    let all = "ssl_protocols TLSv1 TLSv1.2; set $api_key \"\u{20ac}\u{1f600}\u{e9}longsecret\"; # TLSv1 \u{e9}";
    let around = "set $token \"\u{e9}\u{e9}secretone\"; ssl_protocols TLSv1.1 TLSv1.2; set $secret '\u{1f600}secrettwo'; \
                  proxy_ssl_protocols TLSv1 TLSv1.2; set $pwd \u{fc}secretthree; location / { proxy_pass https://u:\u{e9}secretfour@b.test; }";
    let lines = "set $auth_token \"\u{e9}secretone\n \u{fc}secrettwo\"; ssl_protocols TLSv1 TLSv1.2;";
    vec![
        nginx("letters of two bytes", text.as_bytes(), &[b"rtchen", b"p\xc3\xa4ss"]),
        nginx("of three and four, behind the line", all.as_bytes(), &[b"longsecret", b"\xf0\x9f\x98\x80"]),
        nginx("on both sides", around.as_bytes(), &[b"secretone", b"secrettwo", b"secretthree", b"secretfour"]),
        nginx("over two lines", lines.as_bytes(), &[b"secretone", b"secrettwo"]),
        nginx(
            "bytes that are not UTF-8",
            b"set $password \"p\xe4ss\xfcsecret\xff\"; ssl_protocols TLSv1 TLSv1.2; # \xe9",
            &[b"secret", b"p\xe4ss"],
        ),
        nginx(
            "half a character before the secret",
            b"set $password \xc3\"\xa4secretone\xe2\x82\"; ssl_protocols TLSv1 TLSv1.2;",
            &[b"secretone"],
        ),
        nginx(
            "tabs and Windows",
            "set\t$password\t\"\u{e9}a\tsecret\u{e9}\";\tssl_protocols\tTLSv1\tTLSv1.2;\r\n# \u{e9}\r".as_bytes(),
            &[b"secret"],
        ),
        nginx(
            "a long line",
            format!("{} set $password \"{}\"; ssl_protocols TLSv1 TLSv1.2;", "\u{e9} ".repeat(3).replace(' ', "; "), "\u{e9}secret".repeat(40))
                .replace("\u{e9}; ", "set $x \u{e9}; ")
                .as_bytes(),
            &[b"secret"],
        ),
        Case {
            name: "Apache in Latin-1",
            path: "etc/apache2/apache2.conf",
            text: b"LoadModule ssl_module modules/mod_ssl.so\nListen 443\nDefine DB_PASSWORD \"\xe9\xe8secret\xfc\"\n<VirtualHost \
                    *:443>\nSSLEngine on\nSetEnv API_TOKEN \"\xc3\xa9secret\xc3\xa9\"\nSSLCertificateFile c.pem\nSSLProtocol all \
                    -SSLv3\n</VirtualHost>\n"
                .to_vec(),
            secrets: &[b"secret"],
        },
        Case {
            name: "Apache, on the line of the list",
            path: "etc/apache2/apache2.conf",
            text: "LoadModule ssl_module m.so\nLoadModule macro_module n.so\nListen 443\n<Macro S $list $password>\n<VirtualHost *:443>\n\
                   SSLEngine on\nSSLCertificateFile c.pem\nSSLProtocol $list\nSetEnv DB_PASSWORD $password\n</VirtualHost>\n</Macro>\n\
                   Use S \"TLSv1 TLSv1.2\" \"password=\u{e9}\u{1f600}secret\"\n"
                .into(),
            secrets: &[b"secret"],
        },
    ]
}

/// The file after the edits, from the last one to the first.
fn edited(text: &[u8], mut edits: Vec<(usize, usize, String)>) -> Vec<u8> {
    edits.sort();
    edits.dedup();
    let mut new = text.to_vec();
    for (start, end, by) in edits.iter().rev() {
        new.splice(start..end, by.bytes());
    }
    new
}

/// The offset of a line and a column in the real file: a byte that is not UTF-8 is a character.
fn offset(text: &[u8], line: &Value, column: &Value) -> usize {
    let (line, column) = (line.as_u64().expect("a line") as usize, column.as_u64().expect("a column") as usize);
    let start: usize = text.split_inclusive(|b| *b == b'\n').take(line - 1).map(<[u8]>::len).sum();
    let lengths = text[start..].utf8_chunks().flat_map(|chunk| {
        chunk.valid().chars().map(char::len_utf8).chain(std::iter::repeat_n(1, chunk.invalid().len()))
    });
    start + lengths.take(column - 1).sum::<usize>()
}

/// The file as the patch of `diff` makes it.
fn patched(root: &Path, case: &Case) -> Vec<u8> {
    let diff = assert_cmd::Command::cargo_bin("tlsmend")
        .expect("the program")
        .args(["diff", "--root"])
        .arg(root)
        .args(FACTS)
        .output()
        .expect("runs");
    let mut patch = Command::new("patch")
        .args(["-p1", "-s", "--binary", "-d"])
        .arg(root)
        .stdin(Stdio::piped())
        .spawn()
        .expect("patch");
    patch.stdin.take().expect("a pipe").write_all(&diff.stdout).expect("written");
    assert!(patch.wait().expect("ends").success(), "{}", case.name);
    let new = fs::read(root.join(case.path)).expect("the file");
    fs::write(root.join(case.path), &case.text).expect("put back");
    assert_ne!(new, case.text, "{}: nothing to fix", case.name);
    new
}

fn in_sarif(log: &Value, case: &Case, masked: bool) -> Vec<(usize, usize, String)> {
    let mut edits = Vec::new();
    for result in log["runs"][0]["results"].as_array().expect("results") {
        for place in result["locations"].as_array().into_iter().chain(result["relatedLocations"].as_array()).flatten() {
            let region = &place["physicalLocation"]["region"];
            let Some(snippet) = region["snippet"]["text"].as_str() else { continue };
            let at = |line: &str, column: &str| offset(&case.text, &region[line], &region[column]);
            let real = String::from_utf8_lossy(&case.text[at("startLine", "startColumn")..at("endLine", "endColumn")]);
            let same = |(shown, real): (char, char)| shown == real || masked && shown == '*';
            assert_eq!(snippet.chars().count(), real.chars().count(), "{}: {snippet} {real}", case.name);
            assert!(snippet.chars().zip(real.chars()).all(same), "{}: {snippet} {real}", case.name);
        }
        for change in result["fixes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|fix| fix["artifactChanges"].as_array())
            .flatten()
        {
            for one in change["replacements"].as_array().expect("replacements") {
                let region = &one["deletedRegion"];
                let at = |line: &str, column: &str| offset(&case.text, &region[line], &region[column]);
                let by = one["insertedContent"]["text"].as_str().unwrap_or_default().to_owned();
                edits.push((at("startLine", "startColumn"), at("endLine", "endColumn"), by));
            }
        }
    }
    edits
}

fn in_json(audit: &Value, case: &Case) -> Vec<(usize, usize, String)> {
    let mut edits = Vec::new();
    for edit in audit["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|one| one["fix"]["edits"].as_array())
        .flatten()
    {
        let at = |end: &str| {
            let place = &edit[end];
            let offset = offset(&case.text, &place["line"], &place["column"]);
            assert_eq!(place["offset"], offset, "{}: {edit}", case.name);
            offset
        };
        edits.push((at("start"), at("end"), edit["replacement"].as_str().expect("a text").to_owned()));
    }
    edits
}

/// The carets of the text report stand below the same characters whether secrets are masked or not.
fn carets(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.contains("| ") && line.trim_end().ends_with('^')).map(str::to_owned).collect()
}

#[test]
fn edits_and_places_are_those_of_the_real_file() {
    if !needs::has(&["patch"]) {
        return;
    }
    for case in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let file = root.join(case.path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, &case.text).expect("written");
        let shown = |format: &str, more: &[&str]| {
            let root = root.display().to_string();
            run(&[&["audit", "--root", &root, "--format", format][..], &FACTS, more].concat()).out
        };
        let wanted = patched(root, &case);
        for more in [&[][..], &["--show-secrets"]] {
            let sarif: Value = serde_json::from_str(&shown("sarif", more)).expect("JSON");
            let json: Value = serde_json::from_str(&shown("json", more)).expect("JSON");
            assert_eq!(edited(&case.text, in_sarif(&sarif, &case, more.is_empty())), wanted, "{} in SARIF", case.name);
            assert_eq!(edited(&case.text, in_json(&json, &case)), wanted, "{} in JSON", case.name);
        }
        for format in ["text", "json", "html", "markdown", "sarif", "github", "gitlab", "junit", "prometheus"] {
            let shown = shown(format, &[]);
            for secret in case.secrets {
                let secret = String::from_utf8_lossy(secret);
                assert!(!shown.contains(&*secret), "{}: {secret} in {format}: {shown}", case.name);
            }
        }
        let lines = |text: &str| carets(text);
        assert_eq!(lines(&shown("text", &[])), lines(&shown("text", &["--show-secrets"])), "{}", case.name);
        // A masked line is as long as the real one, and only the secret is not what it was.
        let text = |more: &[&str]| {
            let audit: Value = serde_json::from_str(&shown("json", more)).expect("JSON");
            let texts = audit["findings"]
                .as_array()
                .expect("findings")
                .iter()
                .map(|one| one["primary"]["text"].as_str().map(str::to_owned));
            texts.flatten().collect::<Vec<String>>()
        };
        for (masked, real) in text(&[]).iter().zip(&text(&["--show-secrets"])) {
            assert!(
                masked.chars().count() == real.chars().count() || real.len() > 400,
                "{}: {masked} {real}",
                case.name
            );
        }
    }
}

/// What the server makes of its configuration is said without the names by which a secret is known.
#[test]
fn what_the_names_of_secrets_stand_for_is_masked_everywhere() {
    const SECRET: &str = "Zq7SEKRIT9v";
    let head = "LoadModule ssl_module x\nLoadModule macro_module x\nLoadModule proxy_module x\nListen 443\n";
    let host = |lines: &str| {
        format!(
            "<VirtualHost *:443>\nServerName a.test\nSSLEngine on\nSSLCertificateFile x\nSSLProtocol all\n{lines}\n</VirtualHost>\n"
        )
    };
    let define = format!("{head}Define DBPASS {SECRET}\n");
    let proxy = "SSLProxyEngine on\nProxyPass / https";
    let nginx = |line: &str| {
        let server = "server { listen 443 ssl; ssl_protocols TLSv1; ssl_certificate x;";
        format!("events {{}}\nhttp {{\n{server} {line} }}\n}}\n")
    };
    let apache = [
        format!("{head}Define API_TOKEN \"{SECRET}\"\nInclude /x/${{API_TOKEN}}/a.conf\n{}", host("")),
        format!("{head}Include ${{API_TOKEN}}.conf\n{}", host("")),
        format!("{head}<Macro S $password>\nInclude $password.conf\n</Macro>\nUse S {SECRET}\n{}", host("")),
        format!("{head}<Macro S @dbpass>\n{}</Macro>\nUse S {SECRET}\n", host(&format!("{proxy}://u:@dbpass@b.test/"))),
        format!("{define}{}", host(&format!("{proxy}://${{DBPASS}}.b.test/"))),
        format!("{define}{}", host("SSLCertificateKeyFile /etc/${DBPASS}\nSSLProtocol ${DBPASS}")),
        format!("{define}{}", host("ServerAlias ${DBPASS}.test\nSSLCipherSuite ${DBPASS}")),
        format!("{define}Listen ${{DBPASS}}\nLoadModule ${{DBPASS}}_module ${{DBPASS}}\n{}", host("Foo${DBPASS} x")),
        format!("{define}{}", host("SSLOpenSSLConfCmd ${DBPASS} x\nUse ${DBPASS}\n<If${DBPASS}>")),
    ];
    let nginx = [
        nginx(&format!("proxy_set_header X user:{SECRET}@b.test;")),
        nginx(&format!("return 200 \"redis app:{SECRET}@192.0.2.1:6379/0\";")),
        nginx(&format!("set $up user:{SECRET}@b.test; location / {{ proxy_pass https://$up; }}")),
    ];
    let cases = apache.iter().map(|text| ("etc/apache2/apache2.conf", text));
    for (path, text) in cases.chain(nginx.iter().map(|text| ("etc/nginx/nginx.conf", text))) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join(path).parent().expect("a folder")).expect("made");
        fs::write(root.join(path), text).expect("written");
        if path.contains("apache") {
            fs::write(root.join("etc/apache2/envvars"), format!("export API_TOKEN={SECRET}\n")).expect("written");
        }
        let formats = ["text", "json", "html", "markdown", "sarif", "github", "gitlab", "junit", "prometheus"];
        let audits = formats.map(|format| vec!["audit", "--format", format]);
        let json = |command: &'static str| vec![command, "--format", "json"];
        let others = [
            vec!["why", "0.0.0.0:443"],
            vec!["why", "[::]:443", "--format", "json"],
            vec!["facts"],
            json("facts"),
            vec!["diff"],
            json("diff"),
            vec!["fix"],
        ];
        let root = root.display().to_string();
        for command in audits.into_iter().chain(others) {
            let facts: &[&str] = if command[0] == "facts" { &[] } else { &FACTS[..8] };
            let run = run(&[&command[..], &["--root", &root], facts].concat());
            // The patch is that of the files, byte for byte.
            let is_patch = |line: &&str| line.starts_with([' ', '+', '-', '@']);
            let has_patch = matches!(command[..], ["diff" | "fix"]);
            let out = run.out.lines().filter(|line| !has_patch || !is_patch(line));
            for line in out.chain(run.err.lines()).filter(|line| !line.contains("\"patch\"")) {
                assert!(!line.contains(SECRET), "{command:?}: {line}\n{text}");
            }
        }
    }
}
