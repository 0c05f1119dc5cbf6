//! Made-up upstreams and proxies of nginx, and values of the directives of TLS: some that it takes, some that it refuses.

use super::certificates;
use super::random::Random;

/// What the block `upstream` may have in it, and what not.
const IN_UPSTREAM: [&str; 14] = [
    "server 127.0.0.1:2 weight=2 max_fails=1 fail_timeout=3s;",
    "server 127.0.0.1:3 backup;",
    "server unix:/tmp/none;",
    "zone back 64k;",
    "least_conn;",
    "keepalive 4;",
    "keepalive_requests 10;",
    "server [::1]:1 down;",
    "server https://127.0.0.1:1;",
    "server 127.0.0.1:1 ssl;",
    "server 127.0.0.1:0;",
    "ssl_protocols TLSv1.2;",
    "proxy_ssl_protocols TLSv1;",
    "proxy_ssl_verify on;",
];

/// Targets, with the prefix of the module that takes them.
const TARGETS: [(&str, &str); 20] = [
    ("proxy", "https://127.0.0.1:1"),
    ("proxy", "https://back"),
    ("proxy", "https://Back/uri"),
    ("proxy", "http://127.0.0.1:1"),
    ("proxy", "http://$host"),
    ("proxy", "$scheme://127.0.0.1:1"),
    ("proxy", "https://[::1]:1/x"),
    ("proxy", "https://unix:/tmp/none:/x"),
    ("proxy", "https://127.0.0.1?x"),
    ("proxy", "https://back:443"),
    ("proxy", "ftp://127.0.0.1"),
    ("proxy", "https://127.0.0.1:https"),
    ("proxy", "https://127.0.0.1:65536"),
    ("grpc", "grpcs://127.0.0.1:1"),
    ("grpc", "back"),
    ("grpc", "https://127.0.0.1:1"),
    ("grpc", "grpcs://127.0.0.1"),
    ("uwsgi", "suwsgi://127.0.0.1:1"),
    ("uwsgi", "back"),
    ("uwsgi", "127.0.0.1"),
];

/// What a client may be told, with `@` for the prefix of its module.
const AS_CLIENT: [&str; 16] = [
    "@_ssl_verify on;",
    "@_ssl_verify on; @_ssl_trusted_certificate @CERTS@/rsa.crt;",
    "@_ssl_verify on; @_ssl_trusted_certificate @CERTS@/rsa.key;",
    "@_ssl_verify off; @_ssl_trusted_certificate @CERTS@/none.crt;",
    "@_ssl_certificate @CERTS@/rsa.crt; @_ssl_certificate_key @CERTS@/rsa.key;",
    "@_ssl_certificate @CERTS@/rsa.crt; @_ssl_certificate_key @CERTS@/rsa2.key;",
    "@_ssl_certificate @CERTS@/rsa.crt; @_ssl_certificate_key @CERTS@/ec.key;",
    "@_ssl_certificate @CERTS@/ec.crt; @_ssl_certificate_key @CERTS@/$host.key;",
    "@_ssl_certificate @CERTS@/ec.crt;",
    "@_ssl_protocols TLSv1.2 TLSv1.3;",
    "@_ssl_protocols TLSv1.4;",
    "@_ssl_ciphers SUITEB128;",
    "@_ssl_name $host;",
    "@_ssl_server_name yes;",
    "@_ssl_verify_depth 1k;",
    "@_ssl_session_reuse OFF;",
];

/// Keys that do not fit, files that hold something else, and values.
const VALUES: [&str; 40] = [
    "ssl_certificate @CERTS@/rsa.crt; ssl_certificate_key @CERTS@/rsa2.key;",
    "ssl_certificate @CERTS@/ec.crt; ssl_certificate_key @CERTS@/ec2.key;",
    "ssl_certificate @CERTS@/rsa.crt; ssl_certificate_key @CERTS@/ec.key;",
    "ssl_certificate @CERTS@/ec.crt; ssl_certificate_key @CERTS@/ed.key;",
    "ssl_certificate @CERTS@/rsa.crt; ssl_certificate @CERTS@/ec.crt; ssl_certificate_key @CERTS@/ec.key; \
     ssl_certificate_key @CERTS@/rsa.key;",
    "ssl_certificate @CERTS@/ec2.crt; ssl_certificate_key @CERTS@/ec2.key;",
    "ssl_certificate @CERTS@/rsa.key; ssl_certificate_key @CERTS@/rsa.key;",
    "ssl_certificate @CERTS@/rsa.crt; ssl_certificate_key @CERTS@/rsa.crt;",
    "ssl_certificate @CERTS@/$ssl_server_name.crt; ssl_certificate_key @CERTS@/none.key;",
    "ssl_certificate @CERTS@/$ssl_server_name.crt; ssl_certificate_key @CERTS@/rsa.key;",
    "ssl_certificate @CERTS@/none.crt; ssl_certificate_key @CERTS@/$ssl_server_name.key;",
    "ssl_conf_command PrivateKey @CERTS@/ec.key; ssl_conf_command Certificate @CERTS@/ec.crt;",
    "ssl_conf_command PrivateKey @CERTS@/rsa2.key;",
    "ssl_conf_command Certificate @CERTS@/rsa2.crt;",
    "ssl_conf_command ECDHParameters auto;",
    "ssl_conf_command ECDHParameters Automatic;",
    "ssl_client_certificate @CERTS@/rsa.crt; ssl_verify_client optional;",
    "ssl_client_certificate @CERTS@/rsa.key; ssl_verify_client optional;",
    "ssl_client_certificate @CERTS@/rsa.key; ssl_verify_client off;",
    "ssl_trusted_certificate @CERTS@/rsa.crt; ssl_verify_client optional;",
    "ssl_trusted_certificate @CERTS@/rsa.key;",
    "ssl_trusted_certificate \"\";",
    "ssl_crl @CERTS@/ec.crt;",
    "ssl_crl @CERTS@/ec.key;",
    "ssl_dhparam @CERTS@/rsa.crt;",
    "ssl_stapling_file @CERTS@/none;",
    "ssl_stapling on; ssl_stapling_file @CERTS@/rsa.crt;",
    "ssl_session_ticket_key @CERTS@/rsa.key;",
    "ssl_password_file @CERTS@/none;",
    "ssl_ocsp yes;",
    "ssl_ocsp_cache shared:o:1m;",
    "ssl_ocsp_cache none;",
    "ssl_session_timeout 5ms;",
    "ssl_session_timeout \"1h 5 \";",
    "ssl_session_timeout 1m1h;",
    "ssl_buffer_size 1g;",
    "ssl_buffer_size 16K;",
    "ssl_verify_depth -1;",
    "ssl_early_data yes;",
    "ssl_session_cache shared:S:31k;",
];

/// Cipher lists that leave little or nothing. Two kinds are not among them, since the two clients that ask see different
/// things: suites without encryption that the level allows, which only one of them offers; and Suite B, with which a
/// handshake may break off behind the answer that names the version. Truth cases have them.
pub const FEW_CIPHERS: [&str; 3] = ["eNULL", "COMPLEMENTOFALL", "HIGH:SUITEB128"];

fn filled(text: &str) -> String {
    text.replace("@CERTS@", &certificates::folder().display().to_string())
}

/// A line about TLS for a server, mostly with something unusual in it.
pub fn value(random: &mut Random) -> String {
    let value = *random.pick(&VALUES);
    filled(value)
}

/// A block `upstream` with the name that targets have.
pub fn upstream(random: &mut Random) -> String {
    let mut lines = vec!["server 127.0.0.1:1;"];
    for _ in 0..random.below(3) {
        let unusual = random.percent(15);
        lines.push(*random.pick(if unusual { &IN_UPSTREAM[8..] } else { &IN_UPSTREAM[..8] }));
    }
    // A method of balancing stands before the keepalive of connections, or nginx warns; twice it refuses.
    lines.sort_by_key(|line| (line.starts_with("keepalive"), *line));
    lines.dedup();
    format!("upstream back {{ {} }}", lines.join(" "))
}

/// A location that passes requests on.
pub fn proxy(random: &mut Random, path: &str) -> String {
    let (client, target) = *random.pick(&TARGETS);
    let mut lines = vec![format!("{client}_pass {target};")];
    for _ in 0..random.below(3) {
        let line = filled(&random.pick(&AS_CLIENT).replace("@_", &format!("{client}_")));
        lines.push(line);
    }
    random.shuffle(&mut lines);
    let matches = *random.pick(&["", "", "", "~ "]);
    format!("location {matches}{path} {{ {} }}", lines.join(" "))
}
