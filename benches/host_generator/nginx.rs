//! nginx and its sites.

use super::host::address;
use super::random::Random;
use super::{Size, Tree};
use std::fmt::Write;
use std::io;

const MAIN: &str = r"user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;

events {
	worker_connections 768;
}

http {
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	server_names_hash_max_size 65536;
	server_names_hash_bucket_size 128;

	include /etc/nginx/mime.types;
	default_type application/octet-stream;

	ssl_protocols TLSv1.2 TLSv1.3;
	ssl_prefer_server_ciphers on;

	access_log /var/log/nginx/access.log;

	include /etc/nginx/conf.d/*.conf;
	include /etc/nginx/sites-enabled/*;
}
";

const CERTIFICATE: &str = "ssl_certificate     /etc/ssl/certs/sites.crt;\n\
                           ssl_certificate_key /etc/ssl/private/sites.key;\n";

const MODERN: &str = "ssl_protocols TLSv1.2 TLSv1.3;\nssl_session_timeout 1d;\nssl_session_tickets off;\n";

const OLD: &str = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\nssl_session_timeout 1d;\n";

/// What a site says about versions; `""`: nothing.
fn versions(random: &mut Random) -> &'static str {
    match random.below(100) {
        0..40 => "",
        40..60 => "ssl_protocols TLSv1.2 TLSv1.3;",
        60..75 => "include snippets/modern.conf;",
        75..80 => "ssl_protocols TLSv1.3;",
        80..90 => "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
        90..95 => "include snippets/old.conf;",
        _ => "ssl_protocols TLSv1.1 TLSv1.2;\n\tinclude snippets/modern.conf;",
    }
}

pub(super) fn write(tree: &mut Tree, size: Size, random: &mut Random) -> io::Result<()> {
    tree.file("etc/nginx/nginx.conf", MAIN)?;
    tree.file("etc/nginx/mime.types", "types {\n\ttext/html\thtml htm;\n\ttext/css\tcss;\n}\n")?;
    tree.file("etc/nginx/conf.d/gzip.conf", "gzip on;\ngzip_vary on;\n")?;
    tree.file("etc/nginx/snippets/certificate.conf", CERTIFICATE)?;
    tree.file("etc/nginx/snippets/modern.conf", MODERN)?;
    tree.file("etc/nginx/snippets/old.conf", OLD)?;
    for number in 0..size.nginx {
        let text = site(number, size.per_address, random);
        tree.enabled("etc/nginx/sites", &format!("site{number:06}.example"), &text)?;
    }
    Ok(())
}

fn site(number: usize, per_address: usize, random: &mut Random) -> String {
    let name = format!("site{number:06}.example");
    let address = address(1, number, per_address);
    let first = if number.is_multiple_of(per_address.max(1)) { " default_server" } else { "" };
    let kind = random.one_of(&["shop", "blog", "customer portal", "archive of documents"]);
    let mut out = format!(
        "# {name}: {kind}\n#\n# Ask the owner of the site before changing anything here: {name} has users\n\
         # that call when a page looks different.\n\n"
    );
    let _ = write!(
        out,
        "server {{\n\tlisten {address}:80;\n\tserver_name {name} www.{name};\n\
         \treturn 301 https://{name}$request_uri;\n}}\n\n\
         server {{\n\tlisten {address}:443 ssl{first};\n\tserver_name {name} www.{name};\n\n\
         \tinclude snippets/certificate.conf;\n"
    );
    let versions = versions(random);
    if !versions.is_empty() {
        let _ = writeln!(out, "\t{versions}");
    }
    if random.percent(20) {
        let list = ["HIGH:!aNULL:!MD5", "ECDHE+AESGCM:ECDHE+CHACHA20", "\"HIGH:!aNULL:@SECLEVEL=0\""];
        let _ = writeln!(out, "\tssl_ciphers {};", random.one_of(&list));
    }
    let _ = write!(
        out,
        "\n\troot /var/www/{name}/htdocs;\n\tindex index.html index.php;\n\n\
         \tadd_header Strict-Transport-Security \"max-age={}\" always;\n\
         \tadd_header X-Content-Type-Options nosniff always;\n\
         \tadd_header Referrer-Policy strict-origin-when-cross-origin always;\n\
         \tadd_header Permissions-Policy \"camera=(), microphone=(), geolocation=()\" always;\n\
         \tadd_header Content-Security-Policy \"default-src 'self'; img-src 'self' https://img.{name}\" always;\n\n\
         \tlocation / {{\n\t\ttry_files $uri $uri/ /index.php$is_args$args;\n\t}}\n\n\
         \tlocation ~* \\.(css|js|png|jpg|svg|woff2)$ {{\n\t\texpires {}d;\n\t\taccess_log off;\n\t}}\n\n",
        random.one_of(&["31536000", "63072000"]),
        random.one_of(&["7", "30", "365"]),
    );
    if random.percent(50) {
        let port = 9000 + random.below(100);
        let _ = write!(
            out,
            "\t# the application server\n\tlocation /api/ {{\n\t\tproxy_pass http://127.0.0.1:{port};\n\
             \t\tproxy_set_header Host $host;\n\t\tproxy_set_header X-Real-IP $remote_addr;\n\
             \t\tproxy_set_header X-Forwarded-Proto $scheme;\n\t\tproxy_read_timeout 60s;\n\t}}\n\n"
        );
    } else {
        out +=
            "\t#location /api/ {\n\t#\tproxy_pass https://127.0.0.1:8443;\n\t#\tproxy_ssl_protocols TLSv1;\n\t#}\n\n";
    }
    out += "\terror_page 404 /errors/404.html;\n\terror_page 500 502 503 504 /errors/50x.html;\n\n\
            \tlocation ^~ /errors/ {\n\t\tinternal;\n\t\troot /usr/share/nginx/html;\n\t}\n\n";
    out += "\tlocation ~ /\\.(?!well-known) {\n\t\tdeny all;\n\t}\n}\n";
    out
}
