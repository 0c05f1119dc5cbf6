//! `why client:PROGRAM` and `why client:all`: whole screens.

use crate::support::program::run;
use std::fs;
use std::path::Path;

/// A host with these files and nothing else.
fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    for (path, text) in files {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    root
}

const CNF: &str = "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = sys\n[sys]\nMinProtocol = TLSv1.2\n\
                   MaxProtocol = TLSv1.2\n";

fn why(root: &Path, arguments: &[&str]) -> crate::support::program::Run {
    let root = root.to_str().expect("UTF-8");
    run(&[&["why", "--root", root, "--no-exec", "--assume", "openssl=3.0.19"][..], arguments].concat())
}

#[test]
fn a_program_that_is_not_there_is_answered_for() {
    let root = host(&[("/etc/ssl/openssl.cnf", CNF)]);
    let screen = why(root.path(), &["client:curl", "--assume", "curl=7.88.1"]).screen();
    insta::assert_snapshot!("why_client_curl", screen);
    let named = host(&[("/etc/ssl/openssl.cnf", CNF), ("/x", "junk\n")]);
    let screen = why(named.path(), &["client:python", "--env", "OPENSSL_CONF=/x"]).screen();
    insta::assert_snapshot!("why_client_void", screen);
}

#[test]
fn json_has_what_is_offered_and_what_completes() {
    let root = host(&[("/etc/ssl/openssl.cnf", "")]);
    let run = why(root.path(), &["client:curl", "--format", "json"]);
    let answer = run.json();
    assert_eq!((run.status, &answer["schema"]), (0, &"tlsmend/why/1".into()));
    assert_eq!(answer["configured"], serde_json::json!(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]));
    assert_eq!(answer["effective"], serde_json::json!(["TLSv1.2", "TLSv1.3"]));
    let unknown = why(root.path(), &["client:node", "--format", "json"]);
    assert_eq!((unknown.status, &unknown.json()["effective"]), (3, &serde_json::Value::Null));
}

#[test]
fn all_programs_that_are_there() {
    let root = host(&[
        ("/etc/ssl/openssl.cnf", CNF),
        ("/usr/bin/curl", ""),
        ("/usr/bin/python3", ""),
        ("/usr/bin/wget", ""),
        ("/usr/bin/node", ""),
    ]);
    let screen = why(root.path(), &["client:all", "--assume", "gnutls=3.7.9", "--assume", "node=20"]).screen();
    insta::assert_snapshot!("why_client_all", screen);
    let run = why(root.path(), &["client:all", "--format", "json", "--assume", "gnutls=3.7.9", "--assume", "node=20"]);
    let answers = run.json()["answers"].as_array().expect("a list").len();
    assert_eq!((run.status, answers), (0, 4));
    let nothing = why(host(&[("/etc/x", "")]).path(), &["client:all"]);
    assert!(nothing.out.contains("no program that is known was found"), "{}", nothing.screen());
}

#[test]
fn wrong_questions_are_refused() {
    let root = host(&[]);
    for (arguments, message) in [
        (&["client:nosuch"][..], "is no program that is known; those are all, openssl, curl"),
        (&["client:"], "is no program that is known"),
        (&["client:curl", "--sni", "a.test"], "--sni and --quic"),
        (&["client:curl", "--assume", "curl=x"], "can't be assumed"),
    ] {
        let run = why(root.path(), arguments);
        assert!(run.status == 2 && run.err.contains(message), "{arguments:?}: {}", run.screen());
    }
}
