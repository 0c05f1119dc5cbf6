//! One answer of a verification: its formats held against each other, and the exit statuses of README's table.

use crate::support::agreeing::{Told, findings, run};
use crate::support::{needs, network};
use crate::verify::{Nginx, site};
use std::fs;

/// Servers that comply, that accept what is forbidden, that lack what is required, and a line that decides nothing.
const HTTP: &str = "server { listen 20443 ssl; server_name a.example; ssl_protocols TLSv1.2 TLSv1.3; }\n\
                    server { listen 20443 ssl; server_name b.example; ssl_protocols TLSv1.2; }\n\
                    server { listen 20444 ssl; ssl_protocols TLSv1.2; }";

const POLICIES: [(&str, [i32; 3]); 6] = [
    // With the exit status for `--fail-on` low, medium and high.
    ("require: [TLSv1.2]\nseverity: {shadowed-directive: off}\n", [0, 0, 0]),
    ("require: [TLSv1.2, TLSv1.3]\n", [1, 1, 0]),
    ("require: [TLSv1.2, TLSv1.3]\nseverity: {missing-version: low}\n", [1, 0, 0]),
    ("require: [TLSv1.3]\nforbid: [SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2]\n", [1, 1, 1]),
    (
        "require: [TLSv1.2, TLSv1.3]\nseverity: {shadowed-directive: off}\n\
         waivers: [{rule: missing-version, match: {address: \"*:20444\"}, reason: x}]\n",
        [0, 0, 0],
    ),
    (
        "require: [TLSv1.2, TLSv1.3]\nseverity: {missing-version: off, shadowed-directive: off}\n\
         waivers: [{rule: missing-version, match: {service: nginx}, reason: x}]\n",
        [0, 0, 0],
    ),
];

#[test]
fn all_formats_of_a_verification_say_the_same() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let nginx = Nginx::start(site(HTTP, ""), &[20_443, 20_444]);
        let (folder, main) = (nginx.site.root().to_owned(), nginx.site.main_file().display().to_string());
        let verify = |policy: &str, fail_on: &str, more: &[&str]| -> Told {
            fs::write(folder.join("p.yaml"), policy).expect("a file of our own");
            // Other servers may run on this machine: with a map, facts are not taken from processes.
            let fixed = ["verify", &main, "--map", "/no/such/directory=/tmp", "--policy", "p.yaml"];
            let told = run(&folder, &[&fixed[..], more].concat(), fail_on);
            assert!(told.differences.is_empty(), "{policy}: {:?}", told.differences);
            told
        };
        for (policy, statuses) in POLICIES {
            for (fail_on, expected) in ["low", "medium", "high"].into_iter().zip(statuses) {
                let told = verify(policy, fail_on, &[]);
                assert_eq!(told.status, expected, "{policy} {fail_on}: {}", told.json);
                let zero = verify(policy, fail_on, &["--exit-zero"]);
                assert_eq!((zero.status, &zero.json["exit"]["status"]), (0, &expected.into()), "{policy} {fail_on}");
            }
        }
        nginx.edit("listen 20444 ssl; ssl_protocols TLSv1.2;", "listen 20444 ssl; ssl_protocols TLSv1.3;");
        let drift = verify(POLICIES[0].0, "medium", &[]);
        assert!(findings(&drift.json).iter().any(|one| one["rule"] == "drift"), "{}", drift.json);
        assert_eq!(drift.status, 1, "{}", drift.json);
        nginx.edit("listen 20444 ssl;", "listen 20445 ssl;");
        let silent = verify(POLICIES[0].0, "high", &[]);
        assert_eq!(silent.status, 2, "nothing answers: {}", silent.json);
    });
}
