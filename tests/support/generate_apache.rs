//! Made-up Apache hosts.

use super::case::APACHE_MODULES;
use super::certificates;
use super::generate::{CIPHERS, CLIENTS, VERSIONS, keys, write};
use super::handshake::Contact;
use super::random::Random;
use super::site::Site;
use super::table::target;

/// Values of `SSLProtocol` as they are seen in the wild.
const PROTOCOLS: [&str; 16] = [
    "all",
    "all -SSLv3",
    "all -SSLv2 -SSLv3 -TLSv1",
    "all -SSLv3 -TLSv1 -TLSv1.1",
    "-all +TLSv1.2 +TLSv1.3",
    "-all +TLSv1.2",
    "TLSv1.2",
    "+TLSv1.2 +TLSv1.3",
    "TLSv1.2 +TLSv1.3",
    "TLSv1.2 TLSv1.3",
    "+TLSv1 +TLSv1.1 +TLSv1.2",
    "TLSv1",
    "all -TLSv1.2",
    "all -TLSv1.1 -TLSv1.3",
    "-SSLv3 +TLSv1.1 +TLSv1.2",
    "TLSv1.1 +TLSv1.3",
];

const NAMES: [&str; 9] =
    ["a.test", "b.test", "c.test", "www.a.test", "A.TEST", "https://b.test:443", "r7.test", "*.test", "w?w.zzz"];

/// Lines that have nothing to do with the versions of a listener.
const NOISE: [&str; 10] = [
    "# SSLProtocol TLSv1",
    "# swallows the next line \\\nSSLProtocol TLSv1",
    "<Location \"/x\">\n    SSLOptions +StdEnvVars\n</Location>",
    "<IfModule !mod_ssl.c>\n    SSLProtocol TLSv1\n    Nonsense \"\n</IfModule>",
    "<IfDefine NOT_DEFINED>\n    SSLProtocol TLSv1\n</IfDefine>",
    "<If \"%{SSL_PROTOCOL} == 'TLSv1'\">\n    Require all denied\n</If>",
    "SSLHonorCipherOrder on",
    "SSLProxyProtocol TLSv1",
    "ServerAdmin \"SSLProtocol TLSv1\"",
    "<Directory />\n    AllowOverride None\n</Directory>",
];

/// Lines that httpd refuses, or that look so.
const MISTAKES: [&str; 16] = [
    "SSLHonorCipherOrder yes",
    "SSLOptions +Foo",
    "SSLOptions stdenvvars",
    "AllowOverride None",
    "Header set X y",
    "SSLUseStapling on",
    "SSLSessionCache shmcb:/nowhere(512000)",
    "SSLVerifyDepth x",
    "SSLVerifyClient required",
    "SSLCertificateFile a b",
    "SSLCipherSuite TLSv1.3 nothing",
    "SSLCipherSuite TLSv1.3 nothing:TLS_AES_128_GCM_SHA256",
    "SSLStrictSNIVHostCheck off off",
    "SSLSessionCacheTimeout -1",
    "Listen 18447 https more",
    "SSLProxyCipherSuite nothing",
];

/// What people write about other servers, right and wrong; all of it may stand at the server level and in hosts.
const PROXIES: [&str; 40] = [
    "SSLProxyEngine on",
    "SSLProxyEngine on",
    "SSLProxyEngine off",
    "SSLProxyProtocol all -TLSv1 -TLSv1.1",
    "SSLProxyProtocol +TLSv1.2",
    "SSLProxyProtocol -all",
    "SSLProxyCipherSuite HIGH:!aNULL",
    "SSLProxyCipherSuite eNULL",
    "SSLProxyVerifyDepth 3000000000",
    "ProxyPass / !",
    "ProxyPass /x https://127.0.0.1:18455/",
    "ProxyPass /y https://127.0.0.1:18455/ retry=0 timeout=5ms",
    "ProxyPass /y https://127.0.0.1:18455/ retry=-1",
    "ProxyPass /y https://127.0.0.1:x/",
    "ProxyPass /y balancer://b1",
    "ProxyPass /y balancer://b1 lbmethod=bytraffic",
    "ProxyPass ~ ^/(a|b) https://127.0.0.1:18455/",
    "ProxyPassMatch ^/(.*)$ https://127.0.0.1:18455/$1",
    "ProxyPassMatch ^/( https://127.0.0.1:18455/",
    "<Proxy balancer://b1>\n    BalancerMember https://127.0.0.1:18455 route=a\n    BalancerMember https://127.0.0.1:18456 status=+D\n</Proxy>",
    "<Proxy balancer://b2>\n    BalancerMember https://127.0.0.1:18455\n    SSLProxyProtocol TLSv1.2\n</Proxy>",
    "<Proxy balancer://b3>\n    BalancerMember 127.0.0.1:18455\n</Proxy>",
    "<Proxy https://127.0.0.1:18455>\n    ProxySet keepalive=On\n    SSLProxyProtocol +TLSv1.3\n</Proxy>",
    "<Proxy https://127.0.0.1:18455 timeout=0>\n</Proxy>",
    "BalancerMember balancer://b4 https://127.0.0.1:18455 loadfactor=50",
    "BalancerMember balancer://b4 https://127.0.0.1:18455 loadfactor=500",
    "ProxySet balancer://b5 timeout=5",
    "<Location /z>\n    ProxyPass https://127.0.0.1:18455/\n</Location>",
    "<Location /z>\n    ProxyPass /z https://127.0.0.1:18455/\n</Location>",
    "<Location /z>\n    SSLProxyProtocol all\n</Location>",
    "RewriteEngine on",
    "RewriteRule ^/(.*)$ https://127.0.0.1:18455/$1 [P,NC]",
    "RewriteRule ^/(.*)$ https://127.0.0.1:18455/$1 [P, NC]",
    "RewriteRule *.html https://127.0.0.1:18455/ [P]",
    "RewriteRule ^ - [E=t:https://127.0.0.1:18455]",
    "RewriteCond %{HTTPS} =on [NC]",
    "RewriteOptions Inherit",
    "SetEnvIf Request_URI ^ t=https://127.0.0.1:18455",
    "SetEnvIf Request_URI (",
    "ProxyVia maybe",
];

/// Values of `mod_ssl`'s other directives, at the server level.
const VALUES: [&str; 24] = [
    "SSLSessionCache shmcb:cache(8192)",
    "SSLSessionCache shmcb:cache(8191)",
    "SSLSessionCache shmcb:cache(512k)",
    "SSLSessionCache shmcb:cache(512000",
    "SSLSessionCache none:x",
    "SSLSessionCache nonenotnull",
    "SSLSessionCacheTimeout 5m",
    "SSLVerifyDepth 99999999999",
    "SSLVerifyDepth 3000000000",
    "SSLVerifyDepth -0",
    "SSLRandomSeed startup builtin",
    "SSLRandomSeed startup egd:/x",
    "SSLCryptoDevice builtin",
    "SSLOCSPEnable leaf no_ocsp_for_cert_ok",
    "SSLOCSPEnable Leaf foo",
    "SSLStaplingResponderTimeout -1",
    "SSLInsecureRenegotiation 1",
    "SSLCARevocationCheck none no_crl_for_cert_ok",
    "SSLCARevocationCheck leaf",
    "SSLUserName SSL_CLIENT_S_DN_CN",
    "SSLRequireSSL",
    "SSLVerifyClient Optional_No_CA",
    "SSLOptions + StdEnvVars",
    "SSLFIPS maybe",
];

struct Writer<'a> {
    random: &'a mut Random,
    site: &'a Site,
    /// Numbers names.
    count: usize,
    /// Lines that have to come first.
    first: Vec<String>,
}

/// Fills a site.
pub fn generate(random: &mut Random, site: &mut Site) -> Vec<Contact> {
    if random.percent(30) {
        site.defines.push("ON_COMMAND_LINE".to_owned());
    }
    let (listens, places) = listens(random);
    let mut writer = Writer { random, site, count: 0, first: Vec::new() };
    let certificate = writer.random.percent(55);
    let mut server = writer.tls(certificate, 40);
    if writer.random.percent(6) {
        server.push("SSLEngine on".to_owned());
    }
    if writer.random.percent(6) {
        server.push("Protocol https".to_owned());
    }
    if writer.random.percent(8) {
        server.push((*writer.random.pick(&MISTAKES)).to_owned());
    }
    if writer.random.percent(10) {
        server.push((*writer.random.pick(&VALUES)).to_owned());
    }
    server.extend(writer.proxies());
    let mut hosts: Vec<String> = Vec::new();
    for _ in 0..=writer.random.below(5) {
        hosts.push(writer.host(certificate));
    }
    let hosts = writer.apart(hosts);
    let mut main = head();
    main.extend(listens);
    main.append(&mut writer.first);
    let late = writer.random.percent(30);
    let (before, after) = if late { (hosts, server) } else { (server, hosts) };
    main.extend(before);
    main.extend(after);
    let text = main.join("\n") + "\n";
    let random = writer.random;
    write(random, site, "apache2.conf", &text);
    contacts(random, &places)
}

/// `Listen` directives, and where a client finds them.
fn listens(random: &mut Random) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut places) = (Vec::new(), Vec::new());
    for port in random.some(&[18443, 18444]) {
        let word = match random.below(20) {
            0..4 => " https",
            4 => " http",
            5 => " HTTPS",
            _ => "",
        };
        if random.percent(45) {
            let (host, reached): (&str, &[&str]) = match random.below(8) {
                0 => ("0.0.0.0:", &["127.0.0.1", "127.0.0.2"]),
                1 => ("[::]:", &["[::1]", "127.0.0.1"]),
                2 => ("0:", &["127.0.0.1", "127.0.0.2"]),
                3 => ("[::ffff:0.0.0.0]:", &["127.0.0.1", "127.0.0.2"]),
                4 => ("*:", &["127.0.0.1", "[::1]"]),
                _ => ("", &["127.0.0.1", "127.0.0.2", "[::1]"]),
            };
            if random.percent(10) {
                lines.push(format!("Listen [::1]:{port}{word}"));
                places.push(format!("[::1]:{port}"));
            }
            lines.push(format!("Listen {host}{port}{word}"));
            places.extend(reached.iter().map(|ip| format!("{ip}:{port}")));
        } else {
            for ip in random.some(&["127.0.0.1", "127.0.0.2", "[::1]"]) {
                let spelled = spelled(random, ip);
                lines.push(format!("Listen {spelled}:{port}{word}"));
                places.push(format!("{ip}:{port}"));
            }
        }
    }
    if random.percent(10) {
        // Overlaps, of which the order decides what comes of them.
        let more = ["[::]:18443", "18443", "0.0.0.0:18444", "[::1]:18444", "*:18443 https"];
        lines.push(format!("Listen {}", random.pick(&more)));
        random.shuffle(&mut lines);
        places.extend(["127.0.0.1:18443", "[::1]:18443", "[::1]:18444"].map(str::to_owned));
    }
    if random.percent(10) {
        places.push("127.0.0.1:18449".to_owned());
    }
    (lines, places)
}

/// An address as the C library reads it too.
fn spelled(random: &mut Random, ip: &'static str) -> &'static str {
    match (ip, random.below(12)) {
        ("127.0.0.1", 0) => "127.1",
        ("127.0.0.1", 1) => "0x7f000001",
        ("127.0.0.1", 2) => "127.000.000.001",
        ("127.0.0.1", 3) => "[::ffff:127.0.0.1]",
        ("127.0.0.2", 0) => "127.2",
        ("127.0.0.2", 1) => "2130706434",
        _ => ip,
    }
}

fn contacts(random: &mut Random, places: &[String]) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = Vec::new();
    for place in places {
        let first = [None, Some(*random.pick(&CLIENTS)), Some(*random.pick(&CLIENTS))];
        for name in first {
            let contact = Contact::new(target(place), name);
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
    }
    contacts
}

const MODULES: [&str; 12] = [
    "mpm_event",
    "authz_core",
    "socache_shmcb",
    "macro",
    "proxy",
    "proxy_http",
    "slotmem_shm",
    "proxy_balancer",
    "lbmethod_byrequests",
    "rewrite",
    "setenvif",
    "ssl",
];

/// What comes first in every main file.
fn head() -> Vec<String> {
    let module = |name: &str| format!("LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so");
    let mut lines: Vec<String> = MODULES.map(module).into_iter().collect();
    // Few processes, so that starting and ending are quick.
    for line in ["StartServers 1", "ServerLimit 1", "ThreadsPerChild 8", "MaxRequestWorkers 8", "MinSpareThreads 1"] {
        lines.push(line.to_owned());
    }
    lines.push("MaxSpareThreads 8".to_owned());
    lines.push("ServerName main.test".to_owned());
    lines
}

impl Writer<'_> {
    fn host(&mut self, inherited: bool) -> String {
        let addresses = [
            "*:18443",
            "*:18444",
            "127.0.0.1:18443",
            "127.0.0.2:18443",
            "[::1]:18443",
            "127.0.0.1:18444",
            "_default_:18443",
            "0.0.0.0:18443",
            "[::]:18443",
            "0:18444",
            "127.1:18443",
            "[::ffff:127.0.0.1]:18443",
            "*",
            "127.0.0.1",
            "127.0.0.2:*",
            "[::1]:18444",
            "*:18443",
            "*:18443",
        ];
        let mut chosen: Vec<&str> = vec![*self.random.pick(&addresses)];
        if self.random.percent(25) {
            let more = *self.random.pick(&addresses);
            if !chosen.contains(&more) {
                chosen.push(more);
            }
        }
        let mut lines = Vec::new();
        match self.random.below(20) {
            0 => lines.push(self.directive("SSLEngine", &["off"])),
            1..3 => {}
            _ => lines.push(self.directive("SSLEngine", &["on"])),
        }
        if self.random.percent(90) {
            let plain: Vec<&str> = NAMES.iter().copied().filter(|n| !n.contains(['*', '?'])).collect();
            let name = *self.random.pick(&plain);
            lines.push(self.directive("ServerName", &[name]));
        }
        for _ in 0..self.random.below(3) {
            let plain: Vec<&str> = NAMES.iter().copied().filter(|n| !n.contains('/')).collect();
            let alias = *self.random.pick(&plain);
            lines.push(self.directive("ServerAlias", &[alias]));
        }
        let certificate = if inherited { self.random.percent(30) } else { self.random.percent(97) };
        lines.extend(self.tls(certificate, 55));
        lines.extend(self.proxies());
        let mut noise = NOISE;
        self.random.shuffle(&mut noise);
        lines.extend(noise[..self.random.below(3)].iter().map(|&n| n.to_owned()));
        let name = self.random.spell("VirtualHost", 10);
        format!("<{name} {}>\n    {}\n</{name}>", chosen.join(" "), lines.join("\n    "))
    }

    /// Directives about other servers; in most scopes there are none.
    fn proxies(&mut self) -> Vec<String> {
        if !self.random.percent(12) {
            return Vec::new();
        }
        let some = 1 + self.random.below(5);
        (0..some).map(|_| (*self.random.pick(&PROXIES)).to_owned()).collect()
    }

    /// Hosts in the main file, or each in a file of its own; those are read in the order of their names.
    fn apart(&mut self, hosts: Vec<String>) -> Vec<String> {
        if !self.random.percent(40) {
            return hosts;
        }
        for (host, name) in hosts.iter().zip(["10-a.conf", "2-b.conf", "B.conf", "a.conf", "z.conf"]) {
            write(self.random, self.site, &format!("sites/{name}"), &format!("{host}\n"));
        }
        let directive = *self.random.pick(&["Include", "IncludeOptional"]);
        vec![format!("{directive} sites/*.conf")]
    }

    /// Directives of TLS for one scope.
    fn tls(&mut self, certificate: bool, protocols: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if certificate {
            for kind in keys(self.random) {
                let stem = certificates::folder().join(kind).display().to_string();
                lines.push(self.directive("SSLCertificateFile", &[&format!("{stem}.crt")]));
                lines.push(self.directive("SSLCertificateKeyFile", &[&format!("{stem}.key")]));
            }
        }
        if self.random.percent(protocols) {
            for _ in 0..=self.random.below(5) / 4 {
                let line = self.protocols();
                lines.push(line);
            }
        }
        if self.random.percent(60) {
            let list = if self.random.percent(60) { CIPHERS[0] } else { *self.random.pick(&CIPHERS) };
            lines.push(self.directive("SSLCipherSuite", &[list]));
        }
        if self.random.percent(5) {
            lines.push(self.directive("SSLCipherSuite", &["TLSv1.3", "TLS_AES_128_GCM_SHA256"]));
        }
        if self.random.percent(12) {
            let line = self.command();
            lines.push(line);
        }
        if self.random.percent(15) {
            self.count += 1;
            let name = format!("snippets/{}.conf", self.count);
            write(self.random, self.site, &name, &(lines.join("\n") + "\n"));
            return vec![self.directive("Include", &[&name])];
        }
        lines
    }

    fn protocols(&mut self) -> String {
        let words: Vec<String> = if self.random.percent(70) {
            self.random.pick(&PROTOCOLS).split(' ').map(str::to_owned).collect()
        } else {
            let all = ["all", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "TLSv1.2", "TLSv1.3"];
            let mut words = Vec::new();
            for _ in 0..=self.random.below(4) {
                let sign = *self.random.pick(&["", "+", "+", "-"]);
                words.push(format!("{sign}{}", self.random.pick(&all)));
            }
            words
        };
        let words: Vec<String> = words.iter().map(|w| self.random.spell(w, 6)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match self.random.below(16) {
            0 => self.by_variable(&words),
            1 => self.by_macro(&words),
            2 => {
                let condition = *self.random.pick(&[
                    "IfModule mod_ssl.c",
                    "IfModule ssl_module",
                    "IfVersion >= 2.4",
                    "IfDefine ON_COMMAND_LINE",
                    "IfDefine !ON_COMMAND_LINE",
                    "IfFile apache2.conf",
                ]);
                let name = condition.split(' ').next().expect("a word");
                format!("<{condition}>\n        {}\n    </{name}>", self.directive("SSLProtocol", &words))
            }
            _ => self.directive("SSLProtocol", &words),
        }
    }

    fn by_variable(&mut self, words: &[&str]) -> String {
        self.count += 1;
        let name = format!("TLS_{}", self.count);
        if self.random.percent(50) {
            self.first.push(format!("Define {name} \"{}\"", words.join(" ")));
            return self.directive("SSLProtocol", &[&format!("${{{name}}}")]);
        }
        let (last, before) = words.split_last().expect("at least one word");
        self.first.push(format!("Define {name} {last}"));
        let used = format!("${{{name}}}");
        let mut all = before.to_vec();
        all.push(&used);
        self.directive("SSLProtocol", &all)
    }

    fn by_macro(&mut self, words: &[&str]) -> String {
        self.count += 1;
        let name = format!("Tls{}", self.count);
        if self.random.percent(50) {
            let line = self.directive("SSLProtocol", words);
            self.first.push(format!("<Macro {name}>\n    {line}\n</Macro>"));
            return format!("Use {name}");
        }
        self.first.push(format!("<Macro {name} $set>\n    SSLProtocol $set\n</Macro>"));
        format!("Use {name} \"{}\"", words.join(" "))
    }

    fn command(&mut self) -> String {
        let version = *self.random.pick(&VERSIONS);
        match self.random.below(9) {
            0 | 1 => self.directive("SSLOpenSSLConfCmd", &["MinProtocol", version]),
            2 | 3 => self.directive("SSLOpenSSLConfCmd", &["MaxProtocol", version]),
            4 => {
                let value = *self.random.pick(&["-TLSv1.3", "TLSv1.1", "ALL", "-TLSv1", "\"-ALL, TLSv1.2\""]);
                self.directive("SSLOpenSSLConfCmd", &["Protocol", value])
            }
            5 => {
                let list = *self.random.pick(&CIPHERS);
                self.directive("SSLOpenSSLConfCmd", &["CipherString", list])
            }
            6 | 8 => {
                let (name, value) = *self.random.pick(&[
                    ("Ciphersuites", "TLS_AES_256_GCM_SHA384"),
                    ("Curves", "X25519:prime256v1"),
                    ("SignatureAlgorithms", "ECDSA+SHA256"),
                    ("Groups", "X448"),
                    ("MinProtocol", "DTLSv1.2"),
                    ("MinProtocol", "nothing"),
                    ("Protocol", "-DTLSv1.2"),
                ]);
                self.directive("SSLOpenSSLConfCmd", &[name, value])
            }
            _ => self.directive("SSLOpenSSLConfCmd", &["Options", "-SessionTicket"]),
        }
    }

    /// A directive as people write it.
    fn directive(&mut self, name: &str, words: &[&str]) -> String {
        let name = self.random.spell(name, 10);
        let (last, before) = words.split_last().expect("at least one word");
        let quoted = |quote: char| {
            let last = if last.starts_with('"') { (*last).to_owned() } else { format!("{quote}{last}{quote}") };
            let mut all = before.to_vec();
            all.push(&last);
            format!("{name} {}", all.join(" "))
        };
        match self.random.below(16) {
            0 => quoted('"'),
            1 => quoted('\''),
            2 => format!("{name} \\\n        {}", words.join(" ")),
            3 if words.len() > 1 => format!("{name} {} \\\n  {last}", before.join(" ")),
            4 => format!("{name}\t{}  ", words.join("\t ")),
            5 => format!("# before: TLSv1 \\\n  and more\n    {name} {}", words.join(" ")),
            _ => format!("{name} {}", words.join(" ")),
        }
    }
}
