//! Made-up nginx hosts.

use super::certificates;
use super::generate::{CIPHERS, CLIENTS, VERSIONS, keys, write};
use super::generate_proxies::{self, FEW_CIPHERS};
use super::handshake::Contact;
use super::random::Random;
use super::site::{Site, Software};
use super::table::target;
use std::collections::BTreeSet;
use tlsmend::release::Release;

/// Names of servers.
const NAMES: [&str; 14] = [
    "a.test",
    "b.test",
    "c.test",
    "www.a.test",
    "*.a.test",
    "*.test",
    ".b.test",
    "www.*",
    "\"~^r\\d{1,3}\\.test$\"",
    "~^www",
    "\"\"",
    "A.TEST",
    "_",
    "'c.test'",
];

/// Directives that have nothing to do with the versions of a listener.
const NOISE: [&str; 12] = [
    "location / { return 200 'ssl_protocols TLSv1;'; }",
    "# ssl_protocols TLSv1 TLSv1.1; }",
    "location /p { proxy_pass https://127.0.0.1:1; proxy_ssl_protocols TLSv1 TLSv1.2; }",
    "if ($ssl_protocol = TLSv1) { return 403; }",
    "location /t { types { ssl_protocols TLSv1; text/x x; } }",
    "ssl_prefer_server_ciphers on;",
    "add_header X \"ssl_protocols TLSv1;\n  }\";",
    "ssl_session_timeout 5m;",
    "location ~ \"^/\\d{2}$\" { return 204; }",
    "set $x it's;",
    "location /v { set $up https://127.0.0.1:1; proxy_pass $up; }",
    "ssl_session_cache shared:S:1m;",
];

/// What nginx refuses, or takes where it is not looked at.
const ODD: [&str; 21] = [
    "ssl_ciphers bogus;",
    "ssl_conf_command Foo bar;",
    "ssl_conf_command Options -TLSv1;",
    "ssl_conf_command MinProtocol DTLSv1.2;",
    "ssl_conf_command SignatureAlgorithms RSA+SHA256:RSA-PSS+SHA256;",
    "ssl_conf_command Groups X25519;",
    "ssl_conf_command Ciphersuites \"\";",
    "ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;",
    "ssl_ecdh_curve ffdhe2048;",
    "ssl_ecdh_curve prime256v1:secp384r1;",
    "ssl_ecdh_curve bogus;",
    "ssl_session_tickets off; ssl_session_tickets off;",
    "ssl_certificate @CERTS@/none.crt; ssl_certificate_key @CERTS@/none.key;",
    "location / { ssl_protocols TLSv1; }",
    "location /o { proxy_ssl_ciphers bogus; proxy_pass http://127.0.0.1:1; }",
    "location /o { proxy_ssl_ciphers bogus; proxy_pass https://127.0.0.1:1; }",
    "ssl_verify_client on;",
    "ssl_buffer_size 4kb;",
    "ssl_prefer_server_ciphers ON;",
    "server_name a*b.test;",
    "server_name *;",
];

/// Names that nginx cuts, or takes for none.
const ODD_CLIENTS: [&str; 4] = ["a..test", "b.test:99", "w/w.a.test", "c.test."];

/// Options of sockets.
const SOCKET: [&str; 6] = ["backlog=64", "bind", "reuseport", "so_keepalive=on", "rcvbuf=64k", "deferred"];

/// Where servers can listen, and where a client finds them.
fn listens(random: &mut Random, site: &Site) -> Vec<String> {
    let mut all = Vec::new();
    for port in [18443, 18444] {
        for host in ["127.0.0.1:", "127.0.0.2:", "", "*:", "[::1]:", "[::]:", "localhost:"] {
            all.push(format!("{host}{port}"));
        }
        // Other spellings of the same.
        for host in ["127.1:", "0x7f000001:", "127.000.000.002:", "0:", "2130706434:"] {
            all.push(format!("{host}{port}"));
        }
    }
    all.push(format!("unix:{}/run/s.sock", site.root().display()));
    let count = 1 + random.below(3);
    (0..count).map(|_| random.pick(&all).clone()).collect()
}

/// The sockets that a `listen` opens, in one spelling.
fn sockets(listen: &str) -> Vec<String> {
    let Some((host, port)) = listen.rsplit_once(':') else { return vec![format!("0.0.0.0:{listen}")] };
    match host {
        "*" | "0" => vec![format!("0.0.0.0:{port}")],
        "127.1" | "0x7f000001" => vec![format!("127.0.0.1:{port}")],
        "127.000.000.002" | "2130706434" => vec![format!("127.0.0.2:{port}")],
        "localhost" => vec![format!("127.0.0.1:{port}"), format!("[::1]:{port}")],
        _ => vec![listen.to_owned()],
    }
}

struct Writer<'a> {
    random: &'a mut Random,
    site: &'a Site,
    release: Release,
    snippets: usize,
    /// Sockets that have a default server.
    taken: BTreeSet<String>,
}

/// Fills a site.
pub fn generate(random: &mut Random, site: &mut Site) -> Vec<Contact> {
    let stream = random.percent(20);
    if stream {
        site.modules.push("/usr/lib/nginx/modules/ngx_stream_module.so".to_owned());
    }
    let listens = listens(random, site);
    let release = Software::Nginx.release();
    let mut writer = Writer { random, site, release, snippets: 0, taken: BTreeSet::new() };
    let mut main = String::from("events { }\n");
    let http = writer.http(&listens);
    main += &http;
    if stream {
        main += &writer.stream();
    }
    let random = writer.random;
    write(random, site, "nginx.conf", &main);
    let mut places: Vec<String> = listens.iter().flat_map(|l| sockets(l)).collect();
    if stream {
        places.extend(["127.0.0.1:18447".to_owned(), "127.0.0.1:18448".to_owned()]);
    }
    if random.percent(10) {
        places.push("127.0.0.1:18449".to_owned());
    }
    contacts(random, &places)
}

fn contacts(random: &mut Random, places: &[String]) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = Vec::new();
    for place in places {
        let reached = place.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
        let mut names: Vec<Option<&str>> = vec![None];
        for _ in 0..2 {
            let odd = random.percent(12);
            names.push(Some(*if odd { random.pick(&ODD_CLIENTS) } else { random.pick(&CLIENTS) }));
        }
        for name in names {
            let contact = Contact::new(target(&reached), name);
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
    }
    contacts
}

impl Writer<'_> {
    fn http(&mut self, listens: &[String]) -> String {
        let certificate = self.random.percent(50);
        let mut top = vec!["access_log off;".to_owned()];
        top.extend(self.tls(certificate, 45));
        let mut servers: Vec<String> = Vec::new();
        for _ in 0..=self.random.below(5) {
            servers.push(self.server(listens, certificate));
        }
        // Servers inline, or each in a file of its own; those are read in the order of their names.
        let mut body: Vec<String> = Vec::new();
        let names = ["sites/10-a", "sites/2-b", "sites/B", "sites/a.conf", "sites/z~"];
        let apart = self.random.percent(40);
        for (server, name) in servers.iter().zip(names) {
            if apart {
                write(self.random, self.site, name, &format!("{server}\n"));
            } else {
                body.push(server.clone());
            }
        }
        if apart {
            self.site.write("sites/.old", b"ssl_protocols TLSv1;\n");
            body.push("include sites/*;".to_owned());
        }
        if self.random.percent(30) {
            let text = self.protocols() + "\n";
            write(self.random, self.site, "conf.d/tls.conf", &text);
            self.site.write("conf.d/tls.conf.bak", b"ssl_protocols TLSv1;\n");
            top.push("include conf.d/*.conf;".to_owned());
        }
        // Targets name it: without it they would have to be found by their names.
        let upstream = generate_proxies::upstream(self.random);
        top.push(upstream);
        if self.random.percent(30) {
            top.push("map $host $mapped { default 0; ssl_protocols TLSv1; }".to_owned());
        }
        if self.random.percent(30) {
            body.extend(top);
        } else {
            top.extend(body);
            body = top;
        }
        block("http", &body)
    }

    fn server(&mut self, listens: &[String], inherited: bool) -> String {
        let mut lines = Vec::new();
        let mut own: BTreeSet<String> = BTreeSet::new();
        let mut rejects = self.random.percent(6);
        rejects &= self.release >= Release::new(1, 19, 4);
        let mut secure = false;
        let ssl = self.random.percent(92);
        for listen in self.random.some(listens) {
            let sockets = sockets(&listen);
            // The same socket twice in one server is an error.
            if sockets.iter().any(|s| own.contains(s)) {
                continue;
            }
            own.extend(sockets.clone());
            let mut words = vec![listen];
            if ssl && self.random.percent(95) {
                words.push("ssl".to_owned());
                secure = true;
            }
            if self.random.percent(20) && !sockets.iter().any(|s| self.taken.contains(s)) {
                self.taken.extend(sockets);
                words.push((*self.random.pick(&["default_server", "default"])).to_owned());
            }
            if self.random.percent(10) && self.release < Release::new(1, 25, 1) {
                words.push("http2".to_owned());
            }
            if self.random.percent(4) {
                words.push((*self.random.pick(&SOCKET)).to_owned());
            }
            if self.random.percent(12) && words[0].starts_with("[::]") {
                words.push((*self.random.pick(&["ipv6only=off", "ipv6only=on"])).to_owned());
            }
            lines.push(format!("listen {};", words.join(" ")));
        }
        for _ in 0..self.random.below(3) {
            let names: Vec<&str> = (0..=self.random.below(2)).map(|_| *self.random.pick(&NAMES)).collect();
            lines.push(format!("server_name {};", names.join(" ")));
        }
        if rejects {
            lines.push("ssl_reject_handshake on;".to_owned());
        }
        if secure || self.random.percent(50) {
            let certificate = if inherited { self.random.percent(30) } else { self.random.percent(94) };
            lines.extend(self.tls(certificate, 50));
        }
        if self.random.percent(3) && self.release < Release::new(1, 25, 1) {
            lines.push("ssl on;".to_owned());
        }
        let mut noise = NOISE;
        self.random.shuffle(&mut noise);
        lines.extend(noise[..self.random.below(3)].iter().map(|&n| n.to_owned()));
        if self.random.percent(12) {
            let value = generate_proxies::value(self.random);
            lines.push(value);
        }
        if self.random.percent(15) {
            let proxy = generate_proxies::proxy(self.random, "/proxy");
            lines.push(proxy);
        }
        if self.random.percent(4) {
            lines.push(format!("ssl_ciphers {};", self.random.pick(&FEW_CIPHERS)));
        }
        if self.random.percent(9) {
            let odd = self.random.pick(&ODD).replace("@CERTS@", &certificates::folder().display().to_string());
            lines.push(odd);
        }
        self.random.shuffle(&mut lines);
        block("server", &lines)
    }

    fn stream(&mut self) -> String {
        let mut lines = self.tls(true, 40);
        for port in [18447, 18448] {
            let mut server = vec![format!("listen 127.0.0.1:{port} ssl;"), "return hello;".to_owned()];
            let certificate = self.random.percent(30);
            server.extend(self.tls(certificate, 40));
            if self.random.percent(20) {
                server.push(format!("listen 127.0.0.1:{port} udp;"));
            }
            self.random.shuffle(&mut server);
            lines.push(block("server", &server));
        }
        if self.random.percent(40) {
            let place = *self.random.pick(&["127.0.0.1:18443", "18444", "127.0.0.1:18446-18450", "[::]:18443"]);
            let transport = *self.random.pick(&["udp", "udp", "udp", "udp reuseport", ""]);
            lines.push(block("server", &[format!("listen {place} {transport};"), "return x;".to_owned()]));
        }
        block("stream", &lines)
    }

    /// Directives of TLS for one block, there or in a file that it includes.
    fn tls(&mut self, certificate: bool, protocols: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if certificate {
            for kind in keys(self.random) {
                let stem = certificates::folder().join(kind).display().to_string();
                lines.push(format!("ssl_certificate {stem}.crt;"));
                lines.push(format!("ssl_certificate_key {stem}.key;"));
            }
        }
        let count = if self.random.percent(protocols) { 1 + self.random.below(3) / 2 } else { 0 };
        for _ in 0..count {
            lines.push(self.protocols());
        }
        if self.random.percent(65) {
            let list = if self.random.percent(50) { CIPHERS[0] } else { *self.random.pick(&CIPHERS) };
            lines.push(self.dress(&["ssl_ciphers", list]));
        }
        if self.random.percent(14) && self.release >= Release::new(1, 19, 4) {
            for _ in 0..=self.random.below(2) {
                let command = self.command();
                lines.push(command);
            }
        }
        if self.random.percent(25) {
            // Certificates and keys come in pairs, in the order of reading.
            self.snippets += 1;
            let name = format!("snippets/{}.conf", self.snippets);
            write(self.random, self.site, &name, &(lines.join("\n") + "\n"));
            return vec![format!("include {name};")];
        }
        vec![lines.join("\n    ")]
    }

    fn protocols(&mut self) -> String {
        let mut words = vec!["ssl_protocols".to_owned()];
        let versions = self.random.some(&VERSIONS);
        words.extend(versions.iter().map(|v| self.random.spell(v, 8)));
        if self.random.percent(6) {
            words.push("SSLv3".to_owned());
        }
        if self.random.percent(6) {
            words.push("TLSv1.2".to_owned());
        }
        if self.random.percent(15) {
            self.random.shuffle(&mut words[1..]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.dress(&words)
    }

    fn command(&mut self) -> String {
        let version = *self.random.pick(&VERSIONS);
        let (name, value) = match self.random.below(10) {
            0 | 1 => ("MinProtocol", version),
            2 | 3 => ("MaxProtocol", version),
            4 => ("minprotocol", "None"),
            5 => ("Protocol", *self.random.pick(&["-TLSv1.3", "TLSv1.1", "+TLSv1", "ALL", "-TLSv1", "-TLSv1.2"])),
            6 => ("Protocol", *self.random.pick(&["\"-ALL,TLSv1.2\"", "\"ALL, -TLSv1\"", "\"-TLSv1, -TLSv1.1\""])),
            7 => ("CipherString", *self.random.pick(&CIPHERS)),
            8 => ("Ciphersuites", "TLS_AES_128_GCM_SHA256"),
            _ => ("Options", "-SessionTicket"),
        };
        self.dress(&["ssl_conf_command", name, value])
    }

    /// A directive as people write it.
    fn dress(&mut self, words: &[&str]) -> String {
        let last = words.len() - 1;
        match self.random.below(14) {
            0 => format!("{};# ssl_protocols TLSv1;", words.join(" ")),
            1 => format!("{}\n  # TLSv1; }}\n  {} ;", words[..last].join("\t"), words[last]),
            2 if !words[last].starts_with('"') => format!("{} '{}';", words[..last].join("  "), words[last]),
            3 if !words[last].starts_with('"') => format!("{} \"{}\";", words[..last].join(" "), words[last]),
            4 => format!("\"{}\" {};", words[0], words[1..].join(" ")),
            5 => format!("{}\n        ;", words.join("\n        ")),
            _ => format!("{};", words.join(" ")),
        }
    }
}

fn block(name: &str, lines: &[String]) -> String {
    let body: String = lines.iter().flat_map(|line| ["    ", line, "\n"].map(str::to_owned)).collect();
    format!("{name} {{\n{body}}}\n")
}
