//! nginx with a site or more, running, and the fixes that reload it.

use super::certificates;
use super::handshake::{Contact, knock};
use super::running::Running;
use super::workshop::{Run, Workshop};
use std::net::{IpAddr, TcpListener};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tlsmend::services::service::Destination;
use tlsmend::tls::{Version, VersionSet};

pub const PORT: u16 = 8441;
/// A port of somebody else's.
pub const TAKEN: u16 = 8449;
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The lines of nginx's configuration for a site.
pub fn site(port: u16, versions: &str) -> String {
    let certificate = |kind: &str| certificates::folder().join(format!("ec.{kind}")).display().to_string();
    format!(
        "server {{\n    listen 127.0.0.1:{port} ssl;\n    server_name s{port}.test;\n    ssl_certificate {};\n    \
         ssl_certificate_key {};\n    ssl_protocols {versions};\n    ssl_ciphers ALL:@SECLEVEL=0;\n}}\n",
        certificate("crt"),
        certificate("key")
    )
}

/// nginx with one site, and the programs that test and reload it.
pub struct Nginx {
    pub shop: Workshop,
    pub program: String,
    _server: Running,
}

impl Nginx {
    pub fn start(versions: &str) -> Nginx {
        Nginx::with(&site(PORT, versions))
    }

    pub fn with(sites: &str) -> Nginx {
        let shop = Workshop::new();
        shop.write_nginx();
        shop.write("conf/sites/a.conf", sites);
        Nginx::run(shop)
    }

    /// Serves TLS without HTTP at [`PORT`] and the ports after it, and no client has more than so many connections to all of
    /// them together.
    pub fn limited(ports: u16, connections: u32) -> Nginx {
        let shop = Workshop::new();
        shop.write_nginx();
        let main = shop.read("conf/nginx.conf");
        let (head, _) = main.split_once("http {").expect("the block of HTTP");
        let limit = format!("    limit_conn a {connections};\n    return x;\n}}\n");
        let servers: String = (PORT..PORT + ports)
            .map(|port| site(port, "TLSv1.1 TLSv1.2").replace(&format!("    server_name s{port}.test;\n"), ""))
            .map(|server| server.trim_end().trim_end_matches('}').to_owned() + &limit)
            .collect();
        let module = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;";
        let zone = "limit_conn_zone $binary_remote_addr zone=a:1m;";
        shop.write("conf/nginx.conf", &format!("{module}\n{head}stream {{\n{zone}\n{servers}}}\n"));
        Nginx::run(shop)
    }

    fn run(shop: Workshop) -> Nginx {
        let root = shop.path(".").display().to_string();
        shop.write("error.log", "");
        let program = format!("/usr/sbin/nginx -e {root}/error.log -c {root}/conf/nginx.conf");
        let server = Running::start(&program, &[], [PORT]);
        Nginx { shop, program, _server: server }
    }

    /// From now on its configuration asks for a port that it can't get. `nginx -t` accepts that, `nginx -s reload`
    /// reports success, and the master keeps what it had.
    pub fn obstruct(&self) -> TcpListener {
        let taken = TcpListener::bind(("127.0.0.1", TAKEN)).expect("a free port");
        self.shop.write("conf/sites/z.conf", &site(TAKEN, "TLSv1.2 TLSv1.3"));
        taken
    }

    pub fn arguments(&self, reload: &str, options: &[&str]) -> Vec<String> {
        let check = format!("nginx={} -t", self.program);
        let words = ["fix", "conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17", "--yes", "--check-with"];
        let more = [&check, "--reload", "--reload-with", reload];
        words.iter().chain(&more).chain(options).map(|word| (*word).to_owned()).collect()
    }

    pub fn reload(&self) -> String {
        format!("nginx={} -s reload", self.program)
    }

    pub fn fix(&self, options: &[&str]) -> Run {
        self.fix_with(&self.reload(), options)
    }

    pub fn fix_with(&self, reload: &str, options: &[&str]) -> Run {
        let arguments = self.arguments(reload, options);
        self.shop.tlsmend(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Begins a fix that gets as far as the handshakes after a reload that does not come about.
    pub fn begin(&self) -> Child {
        let script = format!("{} -s reload; touch \"$(dirname \"$0\")/begun\"", self.program);
        let reload = format!("nginx={}", self.shop.script("reload", &script));
        let arguments = self.arguments(&reload, &[]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = self.shop.command(&self.shop.path("state"), &arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        let begin = Instant::now();
        while !self.shop.path("begun").exists() {
            assert!(begin.elapsed() < PATIENCE, "it reloads");
            sleep(Duration::from_millis(10));
        }
        child
    }
}

pub fn offered(port: u16) -> VersionSet {
    let target = Destination::Ip(IpAddr::from([127, 0, 0, 1]), port);
    knock(&Contact::new(target, Some(&format!("s{port}.test")))).versions
}

/// New workers need a moment.
pub fn comes_to_offer(port: u16, versions: &[Version]) {
    let wanted: VersionSet = versions.iter().copied().collect();
    let begin = Instant::now();
    while offered(port) != wanted {
        assert!(begin.elapsed() < PATIENCE, "{:?} at {port}, and not {wanted:?}", offered(port));
        sleep(Duration::from_millis(50));
    }
}
