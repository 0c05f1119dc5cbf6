//! TLS services whose configuration is not understood: where they are seen, and how they are asked.
//!
//! Names of programs, packages and files are those of Debian, Red Hat, Alpine and upstream.

/// How a service is asked for its versions: a port, and the protocol that is upgraded; none: TLS from the first byte.
pub(super) type Ask = (u16, Option<&'static str>);

/// A service by its usual places.
pub(super) struct KnownService {
    pub(super) name: &'static str,
    /// Its programs, by absolute path. What listens is known by their names.
    pub(super) programs: &'static [&'static str],
    /// Packages that hold it, and not only its clients.
    pub(super) packages: &'static [&'static str],
    /// Its configuration: files that only it has.
    pub(super) configurations: &'static [&'static str],
    /// Names of its units.
    pub(super) units: &'static [&'static str],
    pub(super) ask: Ask,
}

macro_rules! known {
    ($($name:literal: $programs:tt $packages:tt $configurations:tt $units:tt $port:literal $starttls:expr;)*) => {
        &[$(KnownService {
            name: $name,
            programs: &$programs,
            packages: &$packages,
            configurations: &$configurations,
            units: &$units,
            ask: ($port, $starttls),
        }),*]
    };
}

/// All of them, in the order of their names. A row: name, programs, packages, configurations, units, port, STARTTLS.
#[rustfmt::skip]
pub(super) const KNOWN: &[KnownService] = known! {
    "389 Directory Server": ["/usr/sbin/ns-slapd"] ["389-ds-base"] ["/etc/dirsrv/config"] ["dirsrv@"] 636 None;
    "caddy": ["/usr/bin/caddy", "/usr/local/bin/caddy"] ["caddy"] ["/etc/caddy/Caddyfile"] ["caddy"] 443 None;
    "cockpit": ["/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws"] ["cockpit-ws"] ["/etc/cockpit/cockpit.conf"] ["cockpit"] 9090 None;
    "coturn": ["/usr/bin/turnserver"] ["coturn"] ["/etc/turnserver.conf", "/etc/coturn/turnserver.conf"] ["coturn"] 5349 None;
    "courier": ["/usr/sbin/couriertls", "/usr/bin/couriertls"] ["courier-imap", "courier-mta"] ["/etc/courier/imapd-ssl", "/etc/courier/esmtpd-ssl"] ["courier-imap-ssl", "courier-mta-ssl"] 993 None;
    "cups": ["/usr/sbin/cupsd"] ["cups-daemon", "cups"] ["/etc/cups/cupsd.conf"] ["cups"] 631 None;
    "cyrus-imapd": ["/usr/lib/cyrus/bin/imapd", "/usr/libexec/cyrus-imapd/imapd"] ["cyrus-imapd"] ["/etc/imapd.conf"] ["cyrus-imapd"] 993 None;
    "docker": ["/usr/bin/dockerd", "/usr/sbin/dockerd"] ["docker-ce", "docker.io", "moby-engine"] ["/etc/docker/daemon.json"] ["docker"] 2376 None;
    "dovecot": ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"] ["dovecot-core", "dovecot"] ["/etc/dovecot/dovecot.conf", "/usr/local/etc/dovecot/dovecot.conf"] ["dovecot"] 993 None;
    "ejabberd": ["/usr/sbin/ejabberdctl", "/opt/ejabberd/bin/ejabberdctl"] ["ejabberd"] ["/etc/ejabberd/ejabberd.yml"] ["ejabberd"] 5222 Some("xmpp");
    "elasticsearch": ["/usr/share/elasticsearch/bin/elasticsearch"] ["elasticsearch"] ["/etc/elasticsearch/elasticsearch.yml"] ["elasticsearch"] 9200 None;
    "envoy": ["/usr/bin/envoy", "/usr/local/bin/envoy"] ["envoy"] ["/etc/envoy/envoy.yaml"] ["envoy"] 443 None;
    "exim": ["/usr/sbin/exim4", "/usr/sbin/exim", "/usr/exim/bin/exim"] ["exim4-base", "exim"] ["/etc/exim4/update-exim4.conf.conf", "/etc/exim/exim.conf", "/etc/exim4/exim4.conf"] ["exim4", "exim"] 25 Some("smtp");
    "freeradius": ["/usr/sbin/freeradius", "/usr/sbin/radiusd"] ["freeradius"] ["/etc/freeradius/3.0/radiusd.conf", "/etc/raddb/radiusd.conf"] ["freeradius", "radiusd"] 2083 None;
    "grafana": ["/usr/sbin/grafana-server", "/usr/share/grafana/bin/grafana"] ["grafana"] ["/etc/grafana/grafana.ini"] ["grafana-server"] 3000 None;
    "haproxy": ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"] ["haproxy"] ["/etc/haproxy/haproxy.cfg"] ["haproxy"] 443 None;
    "hitch": ["/usr/sbin/hitch"] ["hitch"] ["/etc/hitch/hitch.conf"] ["hitch"] 443 None;
    "kubernetes": ["/usr/bin/kubelet", "/usr/local/bin/k3s", "/usr/bin/kube-apiserver"] ["kubelet"] ["/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/rancher/k3s/k3s.yaml"] ["kubelet", "k3s"] 6443 None;
    "lighttpd": ["/usr/sbin/lighttpd", "/usr/local/sbin/lighttpd"] ["lighttpd"] ["/etc/lighttpd/lighttpd.conf"] ["lighttpd"] 443 None;
    "mariadb": ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"] ["mariadb-server"] ["/etc/mysql/mariadb.conf.d/50-server.cnf", "/etc/my.cnf.d/mariadb-server.cnf"] ["mariadb"] 3306 Some("mysql");
    "mongodb": ["/usr/bin/mongod"] ["mongodb-org-server", "mongodb-server"] ["/etc/mongod.conf", "/etc/mongodb.conf"] ["mongod", "mongodb"] 27017 None;
    "mosquitto": ["/usr/sbin/mosquitto"] ["mosquitto"] ["/etc/mosquitto/mosquitto.conf"] ["mosquitto"] 8883 None;
    "mysql": ["/usr/sbin/mysqld", "/usr/libexec/mysqld"] ["mysql-server", "mysql-community-server"] ["/etc/mysql/mysql.conf.d/mysqld.cnf", "/etc/my.cnf.d/mysql-server.cnf"] ["mysql", "mysqld"] 3306 Some("mysql");
    "openldap": ["/usr/sbin/slapd", "/usr/libexec/slapd", "/usr/lib/openldap/slapd"] ["slapd", "openldap-servers", "openldap"] ["/etc/ldap/slapd.d", "/etc/openldap/slapd.conf", "/etc/openldap/slapd.d", "/etc/ldap/slapd.conf"] ["slapd"] 636 None;
    "opensmtpd": ["/usr/sbin/smtpd"] ["opensmtpd"] ["/etc/smtpd.conf", "/etc/smtpd/smtpd.conf"] ["opensmtpd"] 25 Some("smtp");
    "openvpn": ["/usr/sbin/openvpn"] ["openvpn"] ["/etc/openvpn/server.conf"] ["openvpn", "openvpn@", "openvpn-server@"] 1194 None;
    "postfix": ["/usr/sbin/postfix", "/usr/lib/postfix/sbin/smtpd", "/usr/libexec/postfix/smtpd", "/usr/lib/postfix/sbin/master", "/usr/libexec/postfix/master"] ["postfix"] ["/etc/postfix/main.cf"] ["postfix"] 25 Some("smtp");
    "postgresql": ["/usr/bin/postgres", "/usr/lib/postgresql", "/usr/bin/pg_ctlcluster"] ["postgresql", "postgresql-server"] ["/etc/postgresql", "/var/lib/pgsql/data/postgresql.conf", "/var/lib/postgresql/data/postgresql.conf"] ["postgresql", "postgresql@"] 5432 Some("postgres");
    "proftpd": ["/usr/sbin/proftpd"] ["proftpd-core", "proftpd-basic", "proftpd"] ["/etc/proftpd/proftpd.conf", "/etc/proftpd.conf"] ["proftpd"] 21 Some("ftp");
    "prosody": ["/usr/bin/prosody"] ["prosody"] ["/etc/prosody/prosody.cfg.lua"] ["prosody"] 5222 Some("xmpp");
    "pure-ftpd": ["/usr/sbin/pure-ftpd"] ["pure-ftpd"] ["/etc/pure-ftpd/pure-ftpd.conf", "/etc/pure-ftpd.conf"] ["pure-ftpd"] 21 Some("ftp");
    "rabbitmq": ["/usr/sbin/rabbitmq-server"] ["rabbitmq-server"] ["/etc/rabbitmq/rabbitmq.conf", "/etc/rabbitmq/rabbitmq.config"] ["rabbitmq-server"] 5671 None;
    "redis": ["/usr/bin/redis-server", "/usr/local/bin/redis-server"] ["redis-server", "redis", "valkey"] ["/etc/redis/redis.conf", "/etc/redis.conf"] ["redis-server", "redis"] 6379 None;
    "samba": ["/usr/sbin/samba"] ["samba-ad-dc"] [] ["samba-ad-dc"] 636 None;
    "sendmail": ["/usr/sbin/sendmail.sendmail", "/usr/lib/sm.bin/sendmail"] ["sendmail-bin", "sendmail"] ["/etc/mail/sendmail.cf"] ["sendmail"] 25 Some("smtp");
    "squid": ["/usr/sbin/squid"] ["squid", "squid-openssl"] ["/etc/squid/squid.conf"] ["squid"] 3129 None;
    "stunnel": ["/usr/bin/stunnel", "/usr/bin/stunnel4"] ["stunnel4", "stunnel"] ["/etc/stunnel/stunnel.conf"] ["stunnel4", "stunnel@", "stunnel"] 443 None;
    "tomcat": ["/usr/share/tomcat10/bin/catalina.sh", "/usr/share/tomcat9/bin/catalina.sh", "/usr/share/tomcat/bin/catalina.sh"] ["tomcat10", "tomcat9", "tomcat"] ["/etc/tomcat10/server.xml", "/etc/tomcat9/server.xml", "/etc/tomcat/server.xml"] ["tomcat10", "tomcat9", "tomcat"] 8443 None;
    "traefik": ["/usr/bin/traefik", "/usr/local/bin/traefik"] ["traefik"] ["/etc/traefik/traefik.yml", "/etc/traefik/traefik.yaml", "/etc/traefik/traefik.toml"] ["traefik"] 443 None;
    "unbound": ["/usr/sbin/unbound"] ["unbound"] ["/etc/unbound/unbound.conf"] ["unbound"] 853 None;
    "vsftpd": ["/usr/sbin/vsftpd"] ["vsftpd"] ["/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf"] ["vsftpd"] 21 Some("ftp");
    "webmin": ["/usr/share/webmin/miniserv.pl", "/usr/libexec/webmin/miniserv.pl"] ["webmin"] ["/etc/webmin/miniserv.conf"] ["webmin"] 10000 None;
};
