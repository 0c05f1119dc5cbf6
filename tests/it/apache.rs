//! Apache httpd: what is told besides the versions (reasons, dead settings, traps, unknowns), and where edits go.

use std::path::Path;
use tlsmend::edit::{Change, Edit};
use tlsmend::endpoint::{Address, Reason, Role, SettingId, Speaks, Transport};
use tlsmend::host::{Fact, Facts};
use tlsmend::instance::{Instance, Standing};
use tlsmend::release::Release;
use tlsmend::services::apache::{self, Apache};
use tlsmend::services::service::{Destination, Question, Resolved, Service, World};
use tlsmend::source::{SourceMap, Span};
use tlsmend::system::MemorySystem;
use tlsmend::tls::{Version, VersionSet};

const MAIN: &str = "/etc/apache2/apache2.conf";
const BASE: &str = "LoadModule ssl_module modules/mod_ssl.so\nServerName main.test\nListen 443\nSSLCertificateFile c\n";

const OLD: VersionSet = VersionSet::of(&[Version::Ssl2, Version::Ssl3, Version::Tls1, Version::Tls1_1]);
const NEW: VersionSet = VersionSet::of(&[Version::Tls1_2, Version::Tls1_3]);

/// A loaded configuration.
struct Loaded {
    sources: SourceMap,
    resolved: Box<dyn Resolved>,
}

fn known() -> Facts {
    let mut facts = Facts::unknown();
    facts.of_mut(apache::ID).release = Fact::known(Release::new(2, 4, 62), "the test");
    facts.of_mut(apache::ID).library.release = Some(Release::new(3, 0, 15));
    facts.distribution = vec!["debian".to_owned()];
    facts.of_mut(apache::ID).defines = Fact::known(Vec::new(), "the test");
    facts
}

fn load_with(facts: &Facts, files: &[(&str, &str)]) -> Loaded {
    let system = MemorySystem::with_files(files.iter().copied());
    let mut sources = SourceMap::default();
    let resolved = Apache.load(Path::new(files[0].0), World { system: &system, facts }, &mut sources);
    Loaded { sources, resolved }
}

fn load(text: &str) -> Loaded {
    load_with(&known(), &[(MAIN, text)])
}

impl Loaded {
    fn instance(&self) -> &Instance {
        self.resolved.instance()
    }

    fn text(&self, span: Span) -> String {
        String::from_utf8_lossy(self.sources.text(span)).into_owned()
    }

    /// The answer for a name on port 443, as: versions, and the reasons.
    fn why(&self, sni: Option<&str>) -> (String, Vec<String>) {
        let target = Destination::Ip([10, 0, 0, 1].into(), 443);
        let question = Question { target, transport: Transport::Stream, sni: sni.map(str::to_owned) };
        let answer = self.resolved.ask(&question).expect("a listener").answer;
        let show = |reason: &Reason| {
            let place = reason.span.map_or_else(|| "-".to_owned(), |span| self.text(span));
            format!("{}: {place}: {}", reason.kind.name(), reason.note)
        };
        (answer.configured.value.to_string(), answer.configured.because.iter().map(show).collect())
    }

    /// The main file after a change.
    fn after(&self, change: &Change) -> Result<String, String> {
        let fix = self.resolved.lower(change, &self.sources).map_err(|why| why.to_string())?;
        let mut edits: Vec<Edit> = fix.edits;
        edits.sort();
        let file = edits[0].span.file;
        let mut bytes = self.sources.file(file).bytes().to_vec();
        for edit in edits.iter().rev() {
            bytes.splice(edit.span.range(), edit.replacement.iter().copied());
        }
        Ok(String::from_utf8(bytes).expect("UTF-8"))
    }

    fn adjust(&self, setting: u32) -> Result<String, String> {
        self.after(&Change::Adjust { setting: SettingId(setting), remove: OLD, add: NEW })
    }

    fn declare(&self, endpoint: usize) -> Result<String, String> {
        self.after(&Change::Declare { endpoint, versions: NEW })
    }

    /// Why settings are dead, in their order.
    fn dead(&self) -> Vec<Option<String>> {
        self.instance().settings.iter().map(|setting| setting.dead.as_ref().map(|dead| dead.why.clone())).collect()
    }

    fn problems(&self) -> Vec<&str> {
        self.instance().problems.iter().map(|problem| problem.message.as_str()).collect()
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// The lines of `new` that are not in `old`.
fn changed(old: &str, new: &str) -> Vec<String> {
    let old = lines(old);
    lines(new).into_iter().filter(|line| !old.contains(line)).collect()
}

#[test]
fn reasons_lead_from_the_port_to_the_value() {
    let files = [
        (MAIN, "LoadModule ssl_module m\nLoadModule macro_module m\nListen 443\nInclude d/*.conf\nUse Site b.test\n"),
        (
            "/etc/apache2/d/a.conf",
            "Define TLS \"TLSv1.2 +TLSv1.3\"\nSSLCertificateFile c\n<Macro Site $name>\n<VirtualHost *:443>\nServerName $name\n\
             SSLEngine on\nSSLProtocol ${TLS}\n</VirtualHost>\n</Macro>\nUse Site a.test\n",
        ),
    ];
    let loaded = load_with(&known(), &files);
    assert_eq!(loaded.problems(), Vec::<&str>::new());
    let (versions, why) = loaded.why(Some("a.test"));
    assert_eq!(versions, "TLSv1.2 TLSv1.3");
    assert_eq!(
        why,
        [
            "listen: Listen 443: opens the port",
            "include: Include d/*.conf: leads to the directive that decides about TLS",
            "expansion: Use Site a.test: leads to the directive that decides about TLS",
            "engine: SSLEngine on: turns TLS on",
            "server: <VirtualHost *:443>: first virtual host of *:443: answers clients without a known name, too",
            "include: Include d/*.conf: included here",
            "expansion: Use Site a.test: uses macro site",
            "expansion: TLSv1.2 +TLSv1.3: gives the value",
            "versions: SSLProtocol ${TLS}: in the virtual host",
        ]
    );
    let (_, why) = loaded.why(Some("b.test"));
    assert!(why.contains(&"server: <VirtualHost *:443>: its ServerName or ServerAlias matches".to_owned()), "{why:?}");
    assert!(why.contains(&"expansion: Use Site b.test: uses macro site".to_owned()), "{why:?}");
    // Both uses decide by the same text: one setting, whose value is the Define's.
    let [setting] = loaded.instance().settings.as_slice() else { panic!("{:?}", loaded.instance().settings) };
    assert_eq!(loaded.text(setting.value), "TLSv1.2 +TLSv1.3");
    assert_eq!(setting.scope, "<VirtualHost *:443> a.test and 1 more");
}

#[test]
fn the_default_of_the_first_host_counts_for_others() {
    let text = format!(
        "{BASE}<VirtualHost *:443>\nServerName a.test\nSSLEngine on\nSSLProtocol TLSv1.2\n</VirtualHost>\n\
         <VirtualHost *:443>\nServerName b.test\nSSLEngine on\n</VirtualHost>\n"
    );
    let (versions, why) = load(&text).why(Some("b.test"));
    assert_eq!(versions, "TLSv1.2");
    let expected = "default-server: <VirtualHost *:443>: first virtual host: its versions count where the one that \
                    answers has no SSLProtocol";
    assert!(why.contains(&expected.to_owned()), "{why:?}");
}

#[test]
fn dead_settings_say_why() {
    let host = |name: &str, lines: &str| format!("<VirtualHost *:443>\nServerName {name}\n{lines}</VirtualHost>\n");
    let on = |name: &str, protocol: &str| host(name, &format!("SSLEngine on\nSSLProtocol {protocol}\n"));
    let whys = |text: String| load(&text).dead();
    let some = |why: &str| Some(why.to_owned());
    assert_eq!(
        whys(format!("{BASE}{}", host("a", "SSLEngine on\nSSLProtocol all\nSSLProtocol TLSv1.2\n"))),
        [some("a later SSLProtocol in the same scope replaces it"), None]
    );
    assert_eq!(
        whys(format!("{BASE}SSLProtocol all\n{}", on("a", "TLSv1.2"))),
        [some("every virtual host with TLS that answers has an SSLProtocol or commands of its own"), None]
    );
    assert_eq!(
        whys(format!("{BASE}{}", host("a", "SSLEngine off\nSSLProtocol all\n"))),
        [some("TLS is off in this virtual host")]
    );
    assert_eq!(
        whys(format!("{BASE}{}{}", host("a", "SSLEngine off\n"), on("b", "all"))),
        [some("the first virtual host of *:443 has no TLS, so that nobody gets any there")]
    );
    assert_eq!(
        whys(format!("{BASE}{}{}", on("a", "TLSv1.2"), on("A", "all"))),
        [None, some("clients of *:443 get an earlier virtual host for every name of this one")]
    );
    assert_eq!(
        whys(format!("{BASE}{}", on("a", "all").replace(":443", ":444"))),
        [some("nothing listens on the addresses of this virtual host")]
    );
    assert_eq!(
        whys(format!("{BASE}{}", on("a", "all").replace("*:443", "*:443,"))),
        [some("no address of this virtual host can be resolved")]
    );
    let commands = "SSLOpenSSLConfCmd MinProtocol TLSv1.2\nSSLOpenSSLConfCmd MaxProtocol TLSv1.3\n";
    assert_eq!(
        whys(format!("{BASE}{}", host("a", &format!("SSLEngine on\nSSLProtocol all\n{commands}")))),
        [some("SSLOpenSSLConfCmd sets other bounds afterwards"), None, None]
    );
    let mut facts = known();
    facts.of_mut(apache::ID).release = Fact::known(Release::new(2, 4, 41), "the test");
    let text = format!("{BASE}{}{}", on("a", "all"), on("b", "TLSv1.2"));
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    let why = "before httpd 2.4.42 the first virtual host decides for every name on *:443";
    assert_eq!(loaded.dead(), [None, some(why)]);
    let dead = loaded.instance().settings[1].dead.as_ref().unwrap();
    assert_eq!(dead.by.map(|span| loaded.text(span)).as_deref(), Some("SSLProtocol all"));
    assert_eq!(dead.instead, Some(VersionSet::TLS));
}

#[test]
fn traps_say_what_really_happens() {
    let trap = |protocol: &str| {
        let loaded = load(&format!("{BASE}SSLEngine on\nSSLProtocol {protocol}\n"));
        loaded.instance().settings[0].trap.clone()
    };
    let found = trap("TLSv1.2 TLSv1.3").unwrap();
    let message = "in SSLProtocol a name without + or - replaces everything before it: 'TLSv1.3' leaves only TLSv1.3";
    assert_eq!(found.message, message);
    assert_eq!((found.looks, found.gives), (NEW, VersionSet::of(&[Version::Tls1_3])));
    let found = trap("TLSv1 +TLSv1.2").unwrap();
    let message = "TLSv1 is not served: only versions without a gap up to the highest one are, and TLSv1.1 is off";
    assert_eq!(found.message, message);
    assert_eq!(trap("-all +TLSv1.2 +TLSv1.3"), None);
    assert_eq!(trap("all -SSLv3"), None);
}

#[test]
fn what_is_not_known_is_said() {
    let text = format!("{BASE}SSLEngine on\nSSLProtocol ${{TLS}}\n");
    let loaded = load(&text);
    let answer = &loaded.instance().endpoints[0].answer;
    assert_eq!(answer.configured.value, VersionSet::TLS);
    assert_eq!(answer.unknown[0].what, "${TLS} is not defined in any file that was read");
    assert_eq!(answer.unknown[0].help, "say its value with --env TLS=...");
    assert!(loaded.problems().is_empty());
    assert!(loaded.adjust(0).unwrap_err().contains("${TLS}"));

    let loaded = load(&format!("{BASE}SSLEngine ${{X}}\n"));
    assert_eq!(loaded.instance().endpoints[0].answer.speaks, Speaks::Unknown);
    let loaded = load("ServerName a\nListen ${PORT}\nInclude ${DIR}/*.conf\n");
    assert_eq!(loaded.instance().unknown.len(), 2);

    let mut facts = known();
    facts.of_mut(apache::ID).defines = Fact::unknown("the test");
    let text =
        format!("{BASE}<IfDefine STATUS>\nExtendedStatus On\n</IfDefine>\n<IfDefine SSL>\nSSLEngine on\n</IfDefine>\n");
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    let [unknown] = loaded.instance().unknown.as_slice() else { panic!("{:?}", loaded.instance().unknown) };
    assert_eq!(unknown.what, "whether httpd is started with -D SSL is not known");
    assert_eq!(unknown.span.map(|span| loaded.text(span)).as_deref(), Some("<IfDefine SSL>"));

    let facts = Facts::unknown();
    let text = format!("{BASE}<IfVersion >= 2.4.42>\nSSLEngine on\n</IfVersion>\n");
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    assert!(loaded.instance().unknown[0].what.contains("version of httpd"));

    let text = format!(
        "{BASE}<VirtualHost *:443>\nServerName a\nSSLEngine on\nSSLProtocol all\n</VirtualHost>\n\
         <VirtualHost *:443>\nServerName b\nSSLEngine on\nSSLProtocol TLSv1.2\n</VirtualHost>\n"
    );
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    let answer = &loaded.instance().endpoints[2].answer;
    // Of the library nothing is known either: an old one has SSLv3 in `all`.
    assert_eq!((answer.configured.value, answer.unknown.len()), (VersionSet::TLS.with(Version::Ssl3), 1));
}

#[test]
fn without_a_list_red_hat_follows_its_policy() {
    let mut facts = known();
    facts.distribution = vec!["rocky".to_owned(), "rhel".to_owned()];
    let text = format!("{BASE}SSLEngine on\n");
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    let answer = &loaded.instance().endpoints[0].answer;
    assert!(answer.unknown[0].what.contains("crypto policy"), "{answer:?}");
    facts.of_mut(apache::ID).library.system.min = Some(Version::Tls1_2);
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    let answer = &loaded.instance().endpoints[0].answer;
    assert_eq!((answer.configured.value, answer.unknown.len()), (NEW, 0));
}

#[test]
fn old_software_lacks_versions() {
    let mut facts = known();
    facts.of_mut(apache::ID).release = Fact::known(Release::new(2, 4, 25), "the test");
    let text = format!("{BASE}SSLEngine on\nSSLProtocol all\n");
    let ability = load_with(&facts, &[(MAIN, &text)]).instance().ability.clone();
    assert_eq!(ability.needs[&Version::Tls1_3], "httpd 2.4.36 or later (this is 2.4.25)");
    facts.of_mut(apache::ID).library.release = Release::parse("1.0.2k");
    facts.of_mut(apache::ID).release = Fact::known(Release::new(2, 4, 62), "the test");
    let loaded = load_with(&facts, &[(MAIN, &text)]);
    assert_eq!(loaded.instance().ability.needs[&Version::Tls1_3], "OpenSSL 1.1.1 or later (this is 1.0.2k)");
    assert_eq!(loaded.instance().settings[0].versions, VersionSet::range(Version::Ssl3, Version::Tls1_2));
}

#[test]
fn lists_keep_the_style_of_their_author() {
    let after = |line: &str| {
        let text = format!("{BASE}SSLEngine on\n{line}\n# end\n");
        changed(&text, &load(&text).adjust(0).unwrap())
    };
    assert_eq!(after("  SSLProtocol  all   -SSLv3"), ["  SSLProtocol  all   -SSLv3 -TLSv1 -TLSv1.1"]);
    assert_eq!(after("sslprotocol 'TLSv1' \"+TLSv1.2\""), ["sslprotocol \"+TLSv1.2\" +TLSv1.3"]);
    assert_eq!(after("SSLProtocol \"TLSv1\""), ["SSLProtocol \"TLSv1.2\" +TLSv1.3"]);
    assert_eq!(after("SSLProtocol -all \\\n  +TLSv1 \\\n  +TLSv1.2"), ["  +TLSv1.2 +TLSv1.3"]);
    assert_eq!(after("SSLProtocol +TLSv1.2 \\\n  +TLSv1"), ["SSLProtocol +TLSv1.2 +TLSv1.3"]);
    assert_eq!(after("SSLProtocol"), ["SSLProtocol +TLSv1.2 +TLSv1.3"]);
    let text = format!("{BASE}SSLEngine on\r\nSSLProtocol all\r\n");
    assert!(load(&text).adjust(0).unwrap().ends_with("\r\nSSLProtocol all -TLSv1 -TLSv1.1\r\n"));
}

#[test]
fn values_are_changed_where_they_are_given() {
    let after = |text: &str| {
        let text = format!("LoadModule macro_module m\n{BASE}SSLEngine on\n{text}\n");
        load(&text).adjust(0).map(|new| changed(&text, &new))
    };
    assert_eq!(after("Define P all\nSSLProtocol ${P}").unwrap(), ["Define P \"all -TLSv1 -TLSv1.1\""]);
    assert_eq!(after("Define P 'all -SSLv3'\nSSLProtocol ${P}").unwrap(), ["Define P 'all -SSLv3 -TLSv1 -TLSv1.1'"]);
    assert_eq!(after("<Macro T $p>\nSSLProtocol $p\n</Macro>\nUse T TLSv1").unwrap(), ["Use T \"TLSv1.2 +TLSv1.3\""]);
    assert_eq!(after("<Macro T>\nSSLProtocol TLSv1\n</Macro>\nUse T").unwrap(), ["SSLProtocol TLSv1.2 +TLSv1.3"]);
    // In quotes the value has to stay one word.
    assert_eq!(
        after("<Macro T $p>\nSSLProtocol \"$p\"\n</Macro>\nUse T TLSv1").unwrap(),
        ["SSLProtocol \"$p\" +TLSv1.3", "Use T TLSv1.2"]
    );
    let twice = after("Define P -TLSv1\nSSLProtocol ${P} ${P} all");
    assert_eq!(twice.unwrap_err(), "the same text stands in the line twice");
}

#[test]
fn defaults_are_written_down_at_the_widest_scope() {
    let host = "<VirtualHost *:443>\n\tServerName a\n\tSSLEngine on\n</VirtualHost>\n";
    let declared = |text: &str| changed(text, &load(text).declare(0).unwrap());
    let line = "SSLProtocol -all +TLSv1.2 +TLSv1.3";
    // Behind the last directive of the server level.
    let text = format!("{BASE}{host}");
    let new = load(&text).declare(0).unwrap();
    assert_eq!(changed(&text, &new), [line]);
    assert!(new.contains(&format!("SSLCertificateFile c\n{line}\n<VirtualHost")));
    // Before the first virtual host, in the same condition, with the same line ends.
    let text = "LoadModule ssl_module m\r\nListen 443\r\n<IfModule ssl_module>\r\n  <VirtualHost *:443>\r\n    SSLEngine on\r\n    \
         SSLCertificateFile c\r\n  </VirtualHost>\r\n</IfModule>\r\n";
    let new = load(text).declare(0).unwrap();
    assert!(new.contains(&format!("<IfModule ssl_module>\r\n  {line}\r\n  <VirtualHost")), "{new}");
    // A line at the server level would change b.test, which has the first host's versions now.
    let first = "<VirtualHost *:443>\n  ServerName f\n  SSLEngine on\n  SSLProtocol TLSv1.2\n</VirtualHost>\n";
    let second = "<VirtualHost *:443>\n  ServerName b\n  SSLEngine on\n</VirtualHost>\n";
    let other = "<VirtualHost 10.0.0.9:443>\n  ServerName o\n  SSLEngine on\n</VirtualHost>\n";
    let text = format!("{BASE}{first}{second}{other}");
    let loaded = load(&text);
    let index = loaded.instance().endpoints.iter().position(|e| e.name.as_deref() == Some("o")).unwrap();
    let new = loaded.declare(index).unwrap();
    assert!(new.ends_with(&format!("  ServerName o\n  SSLEngine on\n  {line}\n</VirtualHost>\n")), "{new}");
    assert_eq!(declared(&format!("{BASE}SSLEngine on")), ["SSLEngine on", line].map(str::to_owned)[1..]);
}

#[test]
fn upstreams_are_endpoints_too() {
    let text = format!(
        "{BASE}<Proxy balancer://b>\nBalancerMember https://one:8443\nBalancerMember http://two\nSSLProxyProtocol TLSv1.2\n</Proxy>\n\
         <VirtualHost *:443>\nSSLProxyEngine on\nSSLProxyProtocol all\nProxyPass /b balancer://b/\nProxyPass /p http://plain/\n\
         <Location /x>\nProxyPass https://three/x\n</Location>\nRewriteEngine on\nRewriteRule ^/r https://four/$1 [P,L]\nRewriteRule ^ https://no/\n</VirtualHost>\n"
    );
    let loaded = load(&text);
    let upstreams = loaded.instance().endpoints.iter().filter(|endpoint| endpoint.role == Role::Upstream);
    let found: Vec<(String, String)> =
        upstreams.map(|e| (e.address.to_string(), e.answer.configured.value.to_string())).collect();
    let all = VersionSet::TLS.to_string();
    let expected = [("https://one:8443", "TLSv1.2"), ("https://three", &all), ("https://four", &all)];
    assert_eq!(found, expected.map(|(address, versions)| (address.to_owned(), versions.to_owned())));
}

#[test]
fn a_balancer_is_no_member_of_another() {
    for member in ["balancer://x", "BALANCER://x"] {
        let text = format!(
            "{BASE}SSLProxyEngine on\n<Proxy balancer://b>\nBalancerMember {member}\nBalancerMember https://one\n</Proxy>\n\
             BalancerMember balancer://b {member}/y\nProxyPass / Balancer://b/\n"
        );
        let loaded = load(&text);
        let upstreams = loaded.instance().endpoints.iter().filter(|endpoint| endpoint.role == Role::Upstream);
        assert_eq!(upstreams.map(|endpoint| endpoint.address.to_string()).collect::<Vec<_>>(), ["https://one"]);
    }
}

#[test]
fn a_proxy_section_with_a_tilde_depends_on_the_release() {
    let problems = |release: Option<Release>, head: &str| {
        let mut facts = known();
        facts.of_mut(apache::ID).release =
            release.map_or_else(|| Fact::unknown("the test"), |it| Fact::known(it, "the test"));
        let text = format!("{BASE}<Proxy {head}>\n</Proxy>\n");
        load_with(&facts, &[(MAIN, &text)]).problems().len()
    };
    let (old, new) = (Some(Release::new(2, 4, 7)), Some(Release::new(2, 4, 8)));
    for head in ["~ x", "\"~\" x", "~ \"http://x/\"", "~ \"(\"", "~ http://x/ retry=1"] {
        assert_eq!([old, None, new].map(|release| problems(release, head)), [0, 0, 1], "{head}");
    }
    assert_eq!(problems(new, "~"), 0);
}

#[test]
fn the_last_section_that_covers_an_upstream_counts() {
    let section = |head: &str, versions: &str| format!("<Proxy{head}>\nSSLProxyProtocol {versions}\n</Proxy>\n");
    let versions = |main: &str, host: &str, target: &str| {
        let text = format!(
            "{BASE}SSLProxyEngine on\n{main}<VirtualHost *:443>\nSSLProxyProtocol TLSv1.1\n{host}ProxyPass / {target}\n</VirtualHost>\n"
        )
        .replace("<ProxyMatch ^https>\nSSLProxyProtocol TLSv1.2\n</Proxy>", "<ProxyMatch ^https>\nSSLProxyProtocol TLSv1.2\n</ProxyMatch>");
        let loaded = load(&text);
        assert_eq!(loaded.problems(), Vec::<&str>::new());
        let upstreams = loaded.instance().endpoints.iter().filter(|endpoint| endpoint.role == Role::Upstream);
        upstreams.map(|endpoint| endpoint.answer.configured.value.to_string()).collect::<Vec<_>>()
    };
    let (any, whole) = (section(" *", "TLSv1.3"), section(" https://b/", "TLSv1.2"));
    assert_eq!(versions("", &format!("{whole}{any}"), "https://b/"), ["TLSv1.3"]);
    assert_eq!(versions(&any, &whole, "https://b/"), ["TLSv1.2"]);
    assert_eq!(versions(&whole, &any, "https://b/"), ["TLSv1.3"]);
    assert_eq!(versions("", &whole, "https://b/app/"), ["TLSv1.2"]);
    assert_eq!(versions("", &section(" HTTPS://b/", "TLSv1.2"), "https://b/"), ["TLSv1.1"]);
    assert_eq!(versions("", &section("Match ^https", "TLSv1.2"), "https://b/"), ["TLSv1.2"]);
    // Some of the requests only.
    assert_eq!(versions("", &section(" https://b/app", "TLSv1.2"), "https://b/"), ["TLSv1.1", "TLSv1.2"]);
    // A balancer's section is for all of its members; those of the members are not looked at.
    let balancer = format!("<Proxy balancer://x>\nBalancerMember https://b\n</Proxy>\n{whole}");
    assert_eq!(versions("", &balancer, "balancer://x/"), ["TLSv1.1"]);
}

#[test]
fn a_host_without_core_directives_is_not_https_by_its_listener() {
    let speaks = |line: &str| {
        let text = format!("{BASE}<VirtualHost *:443>\n{line}\nSSLProtocol TLSv1.2\n</VirtualHost>\n");
        load(&text).instance().endpoints[0].answer.speaks
    };
    assert_eq!(speaks(""), Speaks::Plaintext);
    assert_eq!(speaks("ServerName a"), Speaks::Tls);
    assert_eq!(speaks("<Directory /x>\n</Directory>"), Speaks::Tls);
    assert_eq!(speaks("SSLEngine on"), Speaks::Tls);
}

#[test]
fn listeners_on_all_addresses_have_those_of_single_hosts() {
    let text = format!(
        "{BASE}Listen 127.0.0.1:80\n<VirtualHost 10.0.0.9:443>\nServerName x\nSSLEngine on\nSSLProtocol TLSv1.2\n</VirtualHost>\n"
    );
    let loaded = load(&text);
    let addresses: Vec<(String, Option<&str>, Speaks)> = loaded
        .instance()
        .endpoints
        .iter()
        .map(|e| (e.address.to_string(), e.name.as_deref(), e.answer.speaks))
        .collect();
    let expected = [
        ("*:443", None, Speaks::Plaintext),
        ("10.0.0.9:443", None, Speaks::Tls),
        ("10.0.0.9:443", Some("x"), Speaks::Tls),
        ("127.0.0.1:80", None, Speaks::Plaintext),
    ];
    assert_eq!(addresses, expected.map(|(address, name, speaks)| (address.to_owned(), name, speaks)));
    assert_eq!(*loaded.instance().endpoints[0].address, Address::Any(443));
}

#[test]
fn what_a_macro_of_a_fragment_says_is_for_its_users_to_know() {
    let text = "<Macro Site $name $p>\n<VirtualHost *:443>\nSSLProtocol $p\nSSLOpenSSLConfCmd MinProtocol $p\n\
                SSLProxyProtocol TLSv1\n</VirtualHost>\n</Macro>\nSSLProtocol $p\n";
    let (system, facts, mut sources) = (MemorySystem::default(), Facts::unknown(), SourceMap::default());
    let file = sources.insert("/etc/apache2/sites-available/old.conf".into(), text.into());
    let resolved = Apache.fragment(file, World { system: &system, facts: &facts }, &sources);
    let loaded = Loaded { sources, resolved };
    let lines: Vec<u32> =
        loaded.instance().settings.iter().map(|setting| loaded.sources.line_column(setting.span).line).collect();
    assert_eq!(lines, [5, 8], "no parameter, and no macro");
}

#[test]
fn fragments_have_settings_and_no_endpoints() {
    let text = "Define P TLSv1\n<IfModule nope>\n<VirtualHost *:443>\nServerName a\nSSLProtocol ${P}\n</VirtualHost>\n</IfModule>\n\
                SSLProxyProtocol all\nSSLOpenSSLConfCmd MinProtocol TLSv1\n";
    let system = MemorySystem::default();
    let mut sources = SourceMap::default();
    let file = sources.insert("/etc/apache2/sites-available/old.conf".into(), text.into());
    let facts = Facts::unknown();
    let resolved = Apache.fragment(file, World { system: &system, facts: &facts }, &sources);
    let loaded = Loaded { sources, resolved };
    let instance = loaded.instance();
    assert_eq!((instance.standing, instance.endpoints.len()), (Standing::NotLoaded, 0));
    assert_eq!(loaded.problems(), Vec::<&str>::new());
    let shown: Vec<(String, String)> =
        instance.settings.iter().map(|setting| (setting.scope.clone(), setting.versions.to_string())).collect();
    let all = VersionSet::TLS.to_string();
    // Of the library nothing is known: an old one has SSLv3 in `all`.
    let most = VersionSet::TLS.with(Version::Ssl3).to_string();
    let expected = [("<VirtualHost *:443> a", "TLSv1"), ("server level", &most), ("server level", &all)];
    assert_eq!(shown, expected.map(|(scope, versions)| (scope.to_owned(), versions.to_owned())));
    assert_eq!(changed(text, &loaded.adjust(0).unwrap()), ["Define P \"TLSv1.2 +TLSv1.3\""]);
    assert_eq!(changed(text, &loaded.adjust(2).unwrap()), ["SSLOpenSSLConfCmd MinProtocol TLSv1.2"]);
}

#[test]
fn problems_name_their_place_and_the_way_to_it() {
    let files = [
        (MAIN, "Listen 80\nInclude a.conf\n"),
        ("/etc/apache2/a.conf", "\nInclude b.conf\n"),
        ("/etc/apache2/b.conf", "</Files>"),
    ];
    let loaded = load_with(&known(), &files);
    let [problem] = loaded.instance().problems.as_slice() else { panic!("{:?}", loaded.instance().problems) };
    assert_eq!(problem.message, "</Files> without matching <Files> section");
    let hops: Vec<String> = problem.hops.iter().map(|hop| loaded.text(*hop)).collect();
    assert_eq!(hops, ["Include a.conf", "Include b.conf"]);
    assert_eq!(load("Listen 443\nSSLEngine on").problems().len(), 2);
    let missing = load_with(&known(), &[("/none/httpd.conf", "")]);
    assert_eq!(missing.problems(), ["no listening sockets available: there is no Listen"]);
}
