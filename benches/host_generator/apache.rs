//! Apache and its sites.

use super::host::address;
use super::random::Random;
use super::{Size, Tree};
use std::fmt::Write;
use std::io;

const MAIN: &str = r#"DefaultRuntimeDir ${APACHE_RUN_DIR}
PidFile ${APACHE_PID_FILE}
User ${APACHE_RUN_USER}
Group ${APACHE_RUN_GROUP}
ServerName localhost
ErrorLog ${APACHE_LOG_DIR}/error.log
LogLevel warn

IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf

Include ports.conf

<Directory />
	AllowOverride None
	Require all denied
</Directory>

LogFormat "%h %l %u %t \"%r\" %>s %O" common

IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
"#;

const ENVIRONMENT: &str = "export APACHE_RUN_USER=www-data\nexport APACHE_RUN_GROUP=www-data\n\
                           export APACHE_PID_FILE=/var/run/apache2/apache2.pid\n\
                           export APACHE_RUN_DIR=/var/run/apache2\nexport APACHE_LOCK_DIR=/var/lock/apache2\n\
                           export APACHE_LOG_DIR=/var/log/apache2\nexport LANG=C\n";

const MODULES: [&str; 9] =
    ["alias", "authz_core", "dir", "headers", "mime", "mpm_event", "setenvif", "socache_shmcb", "ssl"];

const SSL: &str = "SSLRandomSeed startup builtin\nSSLSessionCache shmcb:${APACHE_RUN_DIR}/ssl_scache(512000)\n\
                   SSLSessionTickets off\n\nSSLCipherSuite HIGH:!aNULL\n#SSLHonorCipherOrder on\n\n\
                   SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1\n";

/// What a site says about versions; `""`: nothing.
fn versions(random: &mut Random) -> &'static str {
    match random.below(100) {
        0..40 => "",
        40..60 => "SSLProtocol -all +TLSv1.2 +TLSv1.3",
        60..75 => "Include snippets/modern.conf",
        75..80 => "SSLProtocol TLSv1.2 TLSv1.3",
        80..90 => "SSLProtocol all -SSLv3",
        90..95 => "SSLProtocol +TLSv1.1 +TLSv1.2",
        _ => "Include snippets/modern.conf\n\tSSLProtocol all -SSLv3 -TLSv1",
    }
}

pub(super) fn write(tree: &mut Tree, size: Size, random: &mut Random) -> io::Result<()> {
    tree.file("etc/apache2/apache2.conf", MAIN)?;
    tree.file("etc/apache2/envvars", ENVIRONMENT)?;
    for module in MODULES {
        let file = format!("usr/lib/apache2/modules/mod_{module}.so");
        tree.file(&file, "A placeholder: the real file is a shared library.\n")?;
        tree.enabled("etc/apache2/mods", &format!("{module}.load"), &format!("LoadModule {module}_module /{file}\n"))?;
    }
    tree.enabled("etc/apache2/mods", "mime.conf", "TypesConfig /etc/mime.types\n")?;
    tree.enabled("etc/apache2/mods", "ssl.conf", SSL)?;
    tree.enabled("etc/apache2/conf", "security.conf", "ServerTokens Prod\nServerSignature Off\n")?;
    tree.file("etc/apache2/snippets/modern.conf", "SSLProtocol -all +TLSv1.2 +TLSv1.3\n")?;
    let mut ports = "# One line per address.\n".to_owned();
    for number in (0..size.apache).step_by(size.per_address.max(1)) {
        let address = address(2, number, size.per_address);
        let _ = writeln!(ports, "Listen {address}:80\nListen {address}:443");
    }
    tree.file("etc/apache2/ports.conf", &ports)?;
    for number in 0..size.apache {
        let text = site(number, size.per_address, random);
        tree.enabled("etc/apache2/sites", &format!("site{number:06}.example.conf"), &text)?;
    }
    Ok(())
}

fn site(number: usize, per_address: usize, random: &mut Random) -> String {
    let name = format!("site{number:06}.example");
    let address = address(2, number, per_address);
    let kind = random.one_of(&["shop", "blog", "customer portal", "archive of documents"]);
    let mut out = format!(
        "# {name}: {kind}\n#\n# Ask the owner of the site before changing anything here: {name} has users\n\
         # that call when a page looks different.\n\n\
         <VirtualHost {address}:80>\n\tServerName {name}\n\tServerAlias www.{name}\n\
         \tRedirect permanent / https://{name}/\n</VirtualHost>\n\n\
         <VirtualHost {address}:443>\n\tServerName {name}\n\tServerAlias www.{name} static.{name}\n\
         \tServerAdmin webmaster@{name}\n\tDocumentRoot /var/www/{name}/htdocs\n\n\
         \tSSLEngine on\n\tSSLCertificateFile    /etc/ssl/certs/sites.crt\n\
         \tSSLCertificateKeyFile /etc/ssl/private/sites.key\n"
    );
    let versions = versions(random);
    if !versions.is_empty() {
        let _ = writeln!(out, "\t{versions}");
    }
    if random.percent(20) {
        let list = ["HIGH:!aNULL:!MD5", "ECDHE+AESGCM:ECDHE+CHACHA20", "HIGH:!aNULL:@SECLEVEL=0"];
        let _ = writeln!(out, "\tSSLCipherSuite {}", random.one_of(&list));
    }
    let _ = write!(
        out,
        "\n\tHeader always set Strict-Transport-Security \"max-age={}\"\n\
         \tHeader always set X-Content-Type-Options nosniff\n\
         \tHeader always set Referrer-Policy strict-origin-when-cross-origin\n\
         \tHeader always set Permissions-Policy \"camera=(), microphone=(), geolocation=()\"\n\
         \tHeader always set Content-Security-Policy \\\n\
         \t\t\"default-src 'self'; img-src 'self' https://img.{name}\"\n\n\
         \t<Directory /var/www/{name}/htdocs>\n\t\tOptions FollowSymLinks\n\t\tAllowOverride None\n\
         \t\tRequire all granted\n\t</Directory>\n\n\
         \t<LocationMatch \"^/(admin|setup)/\">\n\t\tRequire all denied\n\t</LocationMatch>\n\n",
        random.one_of(&["31536000", "63072000"]),
    );
    if random.percent(50) {
        out += "\t# Not before the next release:\n\t#<IfModule http2_module>\n\t#\tProtocols h2 http/1.1\n\
                \t#</IfModule>\n\t#SSLProtocol all\n\n";
    } else {
        let _ = write!(
            out,
            "\t<IfModule alias_module>\n\t\tAlias /media/ /srv/media/{name}/\n\
             \t\t<Directory /srv/media/{name}/>\n\t\t\tRequire all granted\n\t\t</Directory>\n\t</IfModule>\n\n"
        );
    }
    out += "\tErrorDocument 404 /errors/404.html\n\tErrorDocument 500 /errors/50x.html\n\
            \tErrorDocument 503 /errors/50x.html\n\n";
    out += "\tDirectoryIndex index.html index.php\n</VirtualHost>\n";
    out
}
