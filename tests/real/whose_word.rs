//! What other users of the machine, whose processes and files root's `fix` finds, can't make it do: run their code, signal
//! their processes, read and change for them what they can't. On a private copy of the machine, with its real servers.

use crate::support;

use support::cage;

/// Makes a library that says who loaded it, and a configuration of each server that loads it. `run_and_look NAME COMMAND...`
/// runs a command, and says how it ended and whether somebody loaded the library.
const EVIL: &str = r#"
mkdir -p /home/evil
cat > /home/evil/evil.c <<'C'
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void load(void) {
    FILE *out = fopen("/loaded", "w");
    if (out) { fprintf(out, "by %d\n", geteuid()); fclose(out); }
}
C
cc -shared -fPIC -o /home/evil/evil.so /home/evil/evil.c
cat > /home/evil/n.conf <<'C'
load_module /home/evil/evil.so;
pid /home/evil/pid;
events {}
http { ssl_protocols TLSv1; server { listen 127.0.0.1:4443 ssl; ssl_certificate x; ssl_certificate_key y; } }
C
cat > /home/evil/h.conf <<'C'
LoadModule evil_module /home/evil/evil.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
Listen 127.0.0.1:4444
<VirtualHost 127.0.0.1:4444>
SSLEngine on
SSLProtocol TLSv1
</VirtualHost>
C
chown -R nobody /home/evil
mkfifo /tmp/open; chmod 666 /tmp/open; sleep 100 > /tmp/open &
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
run_and_look() {
    local name=$1 status=0; shift
    "$@" > /tmp/said 2>&1 < /dev/null || status=$?
    if [ -e /loaded ]; then echo "$name: status $status, LOADED $(cat /loaded)"; else echo "$name: status $status, not loaded"; fi
    rm -f /loaded
    sed 's/^/    /' /tmp/said
}
"#;

/// The script's runs, each with its first line: `NAME: status N, not loaded`.
fn line<'s>(said: &'s str, name: &str) -> &'s str {
    let found = said.lines().find(|line| line.starts_with(&format!("{name}:")));
    found.unwrap_or_else(|| panic!("no run {name}:\n{said}"))
}

#[test]
fn a_process_of_another_user_has_no_say() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
# Root's nginx would load it, so the rest means something.
run_and_look control-nginx /usr/sbin/nginx -c /home/evil/n.conf -t
run_and_look control-apache /usr/sbin/apache2 -f /home/evil/h.conf -t
as_nobody bash -c 'exec -a "nginx: master process /usr/sbin/nginx -c /home/evil/n.conf" cat < /tmp/open' &
as_nobody bash -c 'exec -a "nginx: master process /usr/sbin/nginx -g load_module /home/evil/evil.so;" cat < /tmp/open' &
as_nobody bash -c 'exec -a /usr/sbin/apache2 cat -f /home/evil/h.conf < /tmp/open 2> /dev/null' &
# A name of their own is not the program either.
cp /bin/sleep /home/evil/nginx; chown nobody /home/evil/nginx
as_nobody bash -c 'exec -a "nginx: master process /home/evil/nginx -c /home/evil/n.conf" /home/evil/nginx 100' &
sleep 0.5
run_and_look audit tlsmend audit
run_and_look titles tlsmend fix --yes
run_and_look reload tlsmend fix --yes --reload
"#
    )) else {
        return;
    };
    for control in ["control-nginx", "control-apache"] {
        assert!(line(&said, control).contains("LOADED by 0"), "{said}");
    }
    for name in ["audit", "titles", "reload"] {
        assert!(line(&said, name).ends_with("not loaded"), "{said}");
    }
}

#[test]
fn a_server_of_another_user_is_audited_and_not_tested_as_root() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
sed -i '/load_module/d; s/ssl_certificate x; ssl_certificate_key y;//; s/ ssl;/;/' /home/evil/n.conf
sed -i 's/http {{/http {{ access_log off;/' /home/evil/n.conf
for kind in client_body proxy fastcgi uwsgi scgi; do
    sed -i "s#http {{#http {{ ${{kind}}_temp_path /home/evil/$kind;#" /home/evil/n.conf
done
ip link set lo up
as_nobody /usr/sbin/nginx -p /home/evil -e /home/evil/error.log -c /home/evil/n.conf -g 'daemon off;' 2> /dev/null &
sleep 1
# The evil comes afterwards.
sed -i '1i load_module /home/evil/evil.so;' /home/evil/n.conf
sed -i 's/4443;/4443 ssl;/' /home/evil/n.conf
run_and_look audit tlsmend audit --color never
run_and_look real tlsmend fix --yes
run_and_look reload tlsmend fix --yes --reload
run_and_look named tlsmend fix --yes --check-with nginx='/bin/true'
"#
    )) else {
        return;
    };
    for name in ["audit", "real", "reload", "named"] {
        assert!(line(&said, name).ends_with("not loaded"), "{said}");
    }
    assert!(said.contains("/home/evil/n.conf"), "it is audited: {said}");
    for name in ["real", "reload"] {
        assert!(line(&said, name).contains("status 2"), "{said}");
    }
    assert!(said.contains("/home/evil/n.conf: user nobody (65534)"), "{said}");
}

#[test]
fn a_configuration_that_others_can_write_is_not_tested_as_root() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
mkdir -p /opt/app /opt/web/conf /opt/late
cp /home/evil/n.conf /opt/app/nginx.conf; chown -R nobody /opt/app
run_and_look found tlsmend fix --yes /opt/app
rm -r /opt/app
# Root's main file with a folder of theirs that is still empty when it is looked at.
sed 's#load_module.*#include /home/evil/main/*.conf;#' /home/evil/n.conf > /opt/late/nginx.conf
as_nobody mkdir /home/evil/main
run_and_look folder tlsmend fix --yes /opt/late
rm -r /opt/late
# Their library in root's file.
sed -n '1p; 3,$p' /home/evil/n.conf > /opt/web/nginx.conf
run_and_look library tlsmend fix --yes /opt/web
# A link of root's to what they have.
rm /opt/web/nginx.conf; ln -s /home/evil/n.conf /opt/web/nginx.conf
run_and_look link tlsmend fix --yes /opt/web/nginx.conf
rm -r /opt/web
# Root's main file that nothing starts, and with a site of theirs in it: an engine would be a library too.
rm -f /lib/systemd/system/nginx.service /etc/init.d/nginx
echo 'server {{ listen 127.0.0.1:4443 ssl; ssl_protocols TLSv1; ssl_certificate_key "engine:/home/evil/evil.so:x"; }}' > /home/evil/site
chown nobody /home/evil/site
ln -s /home/evil/site /etc/nginx/sites-enabled/theirs
run_and_look site tlsmend fix --yes /etc/nginx
# A unit that runs it as them is not root's.
printf '[Service]\nUser=nobody\nExecStart=/usr/sbin/nginx\n' > /lib/systemd/system/nginx.service
run_and_look unit tlsmend fix --yes /etc/nginx
"#
    )) else {
        return;
    };
    for name in ["found", "folder", "library", "site", "unit"] {
        assert!(line(&said, name).ends_with("status 2, not loaded"), "{name}: {said}");
    }
    // It leads to where no server usually reads files, so nothing is tested at all.
    assert!(line(&said, "link").ends_with("status 3, not loaded"), "{said}");
    assert!(said.contains("help: name the command with --check-with nginx=COMMAND"), "{said}");
}

#[test]
fn a_number_in_a_file_of_others_is_not_signalled() {
    let Some(said) = cage::run(
        r#"
mkdir -p /srv/theirs
chown nobody /srv/theirs
trap 'echo SIGNALLED' HUP USR1
echo $$ > /srv/theirs/pid
sed -i 's#^pid .*#pid /srv/theirs/pid;#' /etc/nginx/nginx.conf
tlsmend fix --yes --reload --only nginx || echo "status $?"
"#,
    ) else {
        return;
    };
    assert!(said.contains("status 2") && !said.contains("SIGNALLED"), "{said}");
    assert!(said.contains("/srv/theirs: user nobody (65534)"), "{said}");
}

/// What a stock host with sites of others does stays as it was: root's service manager reads that anyway.
#[test]
fn a_stock_host_with_sites_of_others_is_fixed_and_tested() {
    let Some(said) = cage::run(
        r"
mkdir -p /srv/theirs
openssl req -x509 -newkey rsa:2048 -nodes -keyout /srv/theirs/key -out /srv/theirs/cert -days 1 -subj /CN=a.test 2> /dev/null
printf 'server {\n    listen 127.0.0.1:4443 ssl;\n    ssl_certificate /srv/theirs/cert;\n    ssl_certificate_key /srv/theirs/key;\n    ssl_protocols TLSv1 TLSv1.2;\n}\n' > /srv/theirs/site.conf
chown -R nobody /srv/theirs
ln -s /srv/theirs/site.conf /etc/nginx/sites-enabled/theirs
rm -f /etc/nginx/sites-enabled/default
tlsmend fix --yes --only nginx
grep ssl_protocols /srv/theirs/site.conf
stat -c %U /srv/theirs/site.conf
",
    ) else {
        return;
    };
    assert!(
        said.contains("accepts the result") && said.contains("    ssl_protocols TLSv1.2 TLSv1.3;\nnobody\n"),
        "{said}"
    );
}

/// A user's own nginx is audited on that user's word, also what its command line says.
#[test]
fn a_command_line_of_another_user_shows_nothing_that_they_can_not_read() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
mkdir -m 700 /root/private
echo 'ssl_protocols TLSv1; # hunter2' > /root/private/other.conf
chmod 600 /root/private/other.conf
echo 'events {{}}' > /home/evil/ok.conf
echo '#include <unistd.h>
__attribute__((constructor)) static void wait(void) {{ sleep(60); }}' > /home/evil/wait.c
cc -shared -fPIC -o /home/evil/wait.so /home/evil/wait.c
as_nobody bash -c 'LD_PRELOAD=/home/evil/wait.so exec -a "nginx: master process nginx -c /home/evil/ok.conf -g include /root/private/other.conf;" /usr/sbin/nginx' &
sleep 1
run_and_look audit tlsmend audit
run_and_look diff tlsmend diff
run_and_look fix tlsmend fix --yes --without-check
cat /root/private/other.conf | tr h H
"#
    )) else {
        return;
    };
    assert!(said.contains("(command line)"), "it is audited: {said}");
    assert!(!said.contains("hunter2") && said.contains("ssl_protocols TLSv1; # Hunter2"), "{said}");
}

/// What a unit or a setting says as another user, or of other files, is no reason to run anything as root, nor to read what
/// they can't.
#[test]
fn a_unit_that_is_not_roots_own_starts_nothing_as_root() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
cd /etc/systemd/system
unit() {{ printf '[Service]\n%b\n' "$2" > "$1"; }}
start='ExecStart=/usr/sbin/nginx -c /home/evil/n.conf'
clean() {{ rm -rf web-one.service site.service web-.service.d service.d web-one.service.d; }}
look() {{ run_and_look "$1" tlsmend fix --yes --only nginx; clean; }}
unit web-one.service "$start\nUser=nobody"; look user
unit web-one.service "$start"; mkdir web-.service.d; unit web-.service.d/u.conf User=nobody; look beginning
unit web-one.service "$start"; mkdir service.d; unit service.d/u.conf User=nobody; look all
unit web-one.service "$start"; mkdir web-one.service.d; unit web-one.service.d/u.conf User=nobody
ln -s web-one.service site.service; look alias
unit web-one.service "$start\n# more \\\\\\\\\nUser=nobody"; look comment
mkdir -p /app /srv/jail; cp /home/evil/n.conf /app/nginx.conf; chown -R nobody /app
unit web-one.service 'RootDirectory=/srv/jail\nExecStart=/usr/sbin/nginx -c /app/nginx.conf'; look jail; rm -r /app
mkdir /tmp/app; cp /home/evil/n.conf /tmp/app/n.conf; chown -R nobody /tmp/app
unit web-one.service 'PrivateTmp=yes\nExecStart=/usr/sbin/nginx -c /tmp/app/n.conf'; look tmp
mkdir -m 700 /root/private; echo 'ssl_protocols TLSv1; # hunter2' > /root/private/other.conf
echo CONF=/root/private/other.conf > /home/evil/env; chown nobody /home/evil/env
unit web-one.service 'User=nobody\nEnvironmentFile=-/home/evil/env\nExecStart=/usr/sbin/nginx -c ${{CONF}}'; look environment
tr h H < /root/private/other.conf
"#
    )) else {
        return;
    };
    for name in ["user", "beginning", "all", "alias", "comment", "jail", "tmp", "environment"] {
        assert!(line(&said, name).ends_with("not loaded"), "{name}: {said}");
    }
    assert!(!said.contains("hunter2") && said.contains("ssl_protocols TLSv1; # Hunter2"), "{said}");
}

/// What a configuration of root's own has loaded from others, in all the ways that a server has.
#[test]
fn libraries_of_others_are_not_loaded_as_root() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
mkdir /opt/app
rest='events {{}} http {{ ssl_protocols TLSv1; server {{ listen 127.0.0.1:4443 ssl; ssl_certificate x; ssl_certificate_key y; }} }}'
look() {{ run_and_look "$1" tlsmend fix --yes /opt/app; rm -f /opt/app/*; }}
echo "ssl_engine /home/evil/evil.so; $rest" > /opt/app/nginx.conf; look engine
other='server {{ listen 127.0.0.1:4445 ssl; ssl_protocols TLSv1; ssl_certificate x; ssl_certificate_key y; }}'
echo "$rest" | sed "s#_key y;#_key engine:/home/evil/evil.so:k; }} $other server {{ listen 127.0.0.1:4446;#" \
    > /opt/app/nginx.conf; look key
head='LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
Listen 127.0.0.1:4444
SSLProtocol TLSv1'
httpd() {{ printf '%s\n%b\n<VirtualHost 127.0.0.1:4444>\nSSLEngine on\n</VirtualHost>\n' "$head" "$2" > /opt/app/httpd.conf; look "$1"; }}
mkdir /home/evil/www; chown nobody /home/evil/www
httpd device 'SSLCryptoDevice /home/evil/evil.so'
httpd later '<IfFile "/home/evil/www/extra.conf">\nInclude /home/evil/www/extra.conf\n</IfFile>'
echo 'export SITE_DIR=$(echo /home/evil)' >> /etc/apache2/envvars
httpd include 'Include ${{SITE_DIR}}/www/*.conf'
httpd file 'LoadFile ${{SITE_DIR}}/evil.so'
httpd module 'LoadModule evil_module ${{SITE_DIR}}/evil.so'
"#
    )) else {
        return;
    };
    for name in ["engine", "key", "device", "later", "include", "file", "module"] {
        assert!(line(&said, name).ends_with("status 2, not loaded"), "{name}: {said}");
    }
}

/// A program that says nothing of itself is asked, and its configuration has no say in that.
#[test]
fn httpd_is_asked_without_its_configuration() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
echo 'LoadModule evil_module /home/evil/evil.so' > /etc/apache2/apache2.conf
chown -R nobody /etc/apache2
mv /usr/sbin/apache2 /usr/sbin/apache2.real
printf '#!/bin/sh\nexec /usr/sbin/apache2.real "$@"\n' > /usr/sbin/apache2
chmod 755 /usr/sbin/apache2
run_and_look asked /usr/sbin/apache2 -d /etc/apache2 -V
run_and_look audit tlsmend audit
"#
    )) else {
        return;
    };
    assert!(line(&said, "asked").contains("LOADED by 0"), "{said}");
    assert!(line(&said, "audit").ends_with("not loaded"), "{said}");
}

/// The same process is first a user's, with a title as long as it may be, and then a server of root's: by a program that
/// root lets the user run, as sudo would.
#[test]
fn a_title_is_not_believed_with_the_rights_of_the_next_program() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
cat > /tmp/allowed.c <<'C'
#define _GNU_SOURCE
#include <unistd.h>
int main(void) {{
    if (setresgid(0, 0, 0) || setresuid(0, 0, 0)) return 9;
    return execle("/usr/sbin/nginx", "/usr/sbin/nginx", "-t", (char *)0, (char *[]){{ 0 }});
}}
C
cat > /tmp/racer.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>
#define PART (120 << 10)
int main(int count, char **words) {{
    if (strncmp(words[0], "nginx: ", 7)) {{
        struct rlimit limit;
        getrlimit(RLIMIT_STACK, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_STACK, &limit);
        int parts = atoi(words[2]);
        char **title = calloc(parts + 2, sizeof *title), delay[32];
        title[0] = "nginx: master process /usr/sbin/nginx -c /home/evil/n.conf -q ";
        for (int k = 0; k < parts; k++) {{
            title[k + 1] = malloc(PART + 1);
            for (int at = 0; at < PART; at += 3) memcpy(title[k + 1] + at, " -T", 3);
            title[k + 1][PART] = 0;
        }}
        sprintf(delay, "DELAY=%s", words[1]);
        return execve("/proc/self/exe", title, (char *[]){{ delay, 0 }});
    }}
    // nginx waits where it writes what it found out.
    int full[2];
    char bytes[4096] = {{ 0 }};
    if (pipe(full)) return 8;
    fcntl(full[1], F_SETPIPE_SZ, 4096);
    fcntl(full[1], F_SETFL, O_NONBLOCK);
    while (write(full[1], bytes, 4096) > 0);
    while (write(full[1], bytes, 1) > 0);
    fcntl(full[1], F_SETFL, 0);
    int watch = inotify_init();
    inotify_add_watch(watch, "/usr/sbin/nginx", IN_OPEN);
    if (write(1, "armed\n", 6) < 0 || read(watch, bytes, sizeof bytes) < 0) return 8;
    usleep(atol(getenv("DELAY")) * 1000);
    dup2(full[1], 2);
    return execve("/usr/local/bin/allowed", (char *[]){{ "allowed", 0 }}, (char *[]){{ 0 }});
}}
C
cc -o /usr/local/bin/allowed /tmp/allowed.c; chmod 4755 /usr/local/bin/allowed
cc -o /tmp/racer /tmp/racer.c
touch /tmp/armed
for race in "60 48" "200 48" "500 48" "0 1" "20 1" "60 1" "150 1"; do
    setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/racer $race > /tmp/armed & racer=$!
    sleep 0.1; while ! grep -q armed /tmp/armed; do sleep 0.05; done
    run_and_look "race $race" tlsmend fix --yes --only nginx
    for tries in $(seq 100); do readlink /proc/$racer/exe | grep -q nginx && break; sleep 0.05; done
    echo "then $(readlink /proc/$racer/exe) of $(awk '/^Uid/ {{ print $2, $3 }}' /proc/$racer/status)"
    kill -9 $racer; wait $racer 2> /dev/null || true
done
"#
    )) else {
        return;
    };
    for race in ["60 48", "200 48", "500 48", "0 1", "20 1", "60 1", "150 1"] {
        assert!(line(&said, &format!("race {race}")).ends_with("not loaded"), "{said}");
    }
    assert_eq!(said.matches("then /usr/sbin/nginx of 0 0").count(), 7, "the races took place: {said}");
}

/// Members by gshadow alone, a group password, a unit that is over by now, a program that anybody can start: no list of
/// members shows who they let in.
#[test]
fn a_group_that_something_else_lets_others_into_is_not_roots() {
    let Some(said) = cage::run(&format!(
        r"{EVIL}
groupadd -g 4242 webconf
rm -f /lib/systemd/system/nginx.service /etc/init.d/nginx /etc/default/nginx
mkdir -p /opt/web
sed '/pid/d' /home/evil/n.conf > /opt/web/nginx.conf
cp /home/evil/evil.so /opt/web/m.so
sed -i 's#/home/evil/evil.so#/opt/web/m.so#' /opt/web/nginx.conf
chgrp webconf /opt/web/nginx.conf /opt/web/m.so; chmod 664 /opt/web/nginx.conf /opt/web/m.so
cp /etc/gshadow /tmp/gshadow
run_and_look nobody-in-it tlsmend fix --yes /opt/web
sed -i 's/^webconf:.*/webconf:!::nobody/' /etc/gshadow
run_and_look member tlsmend fix --yes /opt/web
sed -i 's#^webconf:.*#webconf:$6$salt$hash::#' /etc/gshadow
run_and_look password tlsmend fix --yes /opt/web
cp /tmp/gshadow /etc/gshadow
printf '[Service]\nType=oneshot\nUser=nobody\nExecStart=/bin/true\n' > /etc/systemd/system/deploy.service
run_and_look unit-without tlsmend fix --yes /opt/web
mkdir /etc/systemd/system/deploy.service.d
printf '[Service]\nSupplementaryGroups=webconf\n' > /etc/systemd/system/deploy.service.d/more.conf
run_and_look unit tlsmend fix --yes /opt/web
rm -r /etc/systemd/system/deploy.service*
echo 'nobody:4000:1000' > /etc/subgid
run_and_look subordinate tlsmend fix --yes /opt/web
: > /etc/subgid
echo 'nobody ALL=(:webconf) /bin/sh' > /etc/sudoers
run_and_look sudo tlsmend fix --yes /opt/web
rm /etc/sudoers
install -g webconf -m 2755 /bin/true /usr/local/bin/shared
run_and_look program tlsmend fix --yes /opt/web
"
    )) else {
        return;
    };
    for name in ["nobody-in-it", "unit-without"] {
        assert!(line(&said, name).contains("LOADED by 0"), "so the rest means something: {name}: {said}");
    }
    for name in ["member", "password", "unit", "subordinate", "sudo", "program"] {
        assert!(line(&said, name).ends_with("status 2, not loaded"), "{name}: {said}");
    }
    assert!(said.contains("/opt/web/nginx.conf: group webconf (4242)"), "{said}");
}

/// The owner of a file can keep it from being opened, for a while and then again.
#[test]
fn leases_of_a_site_owner_leave_nothing_half_done() {
    let Some(said) = cage::run(&format!(
        r#"{EVIL}
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir -p /srv/theirs /etc/nginx/last
openssl req -x509 -newkey rsa:2048 -nodes -keyout /srv/theirs/key -out /srv/theirs/cert -days 1 -subj /CN=a.test 2> /dev/null
site() {{ printf 'server {{ listen 127.0.0.1:%s ssl; ssl_certificate /srv/theirs/cert; ssl_certificate_key /srv/theirs/key;\n    ssl_protocols TLSv1 TLSv1.2;\n}}\n' $1; }}
rm -f /etc/nginx/sites-enabled/* /etc/nginx/conf.d/*
printf 'events {{ }}\nhttp {{ include /etc/nginx/conf.d/*; include /srv/theirs/*.conf; include /etc/nginx/last/*; }}\n' > /etc/nginx/nginx.conf
cat > /tmp/lease.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
// lease KIND MASK: a lease on the own file as soon as something happens in the folder, given up when asked and taken again.
int main(int count, char **words) {{
    int kind = strcmp(words[1], "write") ? F_RDLCK : F_WRLCK, watch = inotify_init();
    char bytes[4096];
    signal(SIGIO, SIG_IGN);
    int file = open("/srv/theirs/site.conf", O_RDONLY);
    inotify_add_watch(watch, "/srv/theirs", strtol(words[2], 0, 16));
    if (write(1, "armed\n", 6) < 0) return 1;
    if (strtol(words[2], 0, 16) != 0x80000000 && read(watch, bytes, sizeof bytes) < 0) return 1;
    if (count > 3) {{
        int other = open("/srv/theirs/broken.conf", O_WRONLY | O_CREAT, 0644);
        if (write(other, "broken", 6) < 0) return 1;
        close(other);
    }}
    for (;;) {{
        if (!fcntl(file, F_SETLEASE, kind)) {{
            while (fcntl(file, F_GETLEASE) == kind) usleep(100);
            fcntl(file, F_SETLEASE, F_UNLCK);
        }}
    }}
}}
C
cc -o /tmp/lease /tmp/lease.c
old() {{ grep -l 'TLSv1 ' /etc/nginx/conf.d/a.conf /srv/theirs/site.conf /etc/nginx/last/z.conf | wc -l; }}
for lease in "write 80000000" "write 100" "write 80" "read 2" "read 100 broken" "write 8 broken"; do
    rm -rf /srv/theirs/*.conf /srv/theirs/second /srv/theirs/.tlsmend*
    site 4441 > /etc/nginx/conf.d/a.conf; site 4442 > /srv/theirs/site.conf; site 4443 > /etc/nginx/last/z.conf
    case $lease in read*) ln /srv/theirs/site.conf /srv/theirs/second;; esac
    chown -R nobody /srv/theirs
    : > /tmp/armed
    setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/lease $lease > /tmp/armed & holder=$!
    while ! grep -q armed /tmp/armed; do sleep 0.05; done
    run_and_look "fix under $lease" tlsmend fix --yes --only nginx
    echo "after $lease: $(old) old, $(tlsmend history | grep -c interrupted) open"
    kill -9 $holder; wait $holder 2> /dev/null || true
    rm -f /srv/theirs/broken.conf
    run_and_look "again after $lease" tlsmend fix --yes --only nginx
    echo "at last $lease: $(old) old, hidden: $(ls -A /srv/theirs /etc/nginx/conf.d /etc/nginx/last | grep -c tlsmend)"
done
"#
    )) else {
        return;
    };
    for lease in ["write 80000000", "write 100", "write 80", "read 2", "read 100 broken", "write 8 broken"] {
        let after = line(&said, &format!("after {lease}"));
        assert!(after.ends_with("0 old, 0 open") || after.ends_with("3 old, 0 open"), "{after}: {said}");
        assert!(line(&said, &format!("at last {lease}")).ends_with("0 old, hidden: 0"), "{said}");
    }
}

/// The names of files are for those who can list the directory, whoever it is that looks.
#[test]
fn a_pattern_of_another_user_shows_no_names_that_they_can_not_list() {
    let Some(said) = cage::run(&format!(
        r"{EVIL}
mkdir -m 700 /root/closed; touch /root/closed/SECRET.conf
printf 'events {{ }}\nhttp {{ include /home/evil/sites/*.conf; }}\n' > /etc/nginx/nginx.conf
ln -s /root/closed /home/evil/sites; chown -h nobody /home/evil/sites
run_and_look link tlsmend audit
rm /home/evil/sites; mkdir /home/evil/sites
printf 'include /root/closed/*;\ninclude /root/*/SECRET.conf;\ninclude /roo[t]/closed/SECRET.conf;\n' > /home/evil/sites/a.conf
chown -R nobody /home/evil
run_and_look include tlsmend audit
run_and_look json tlsmend audit --format json
printf 'Include /root/closed\nIncludeOptional /root/closed/*.conf\n' > /home/evil/h.conf
echo 'Include /home/evil/h.conf' >> /etc/apache2/apache2.conf
run_and_look apache tlsmend audit
"
    )) else {
        return;
    };
    let said = said.replace("include /root/*/SECRET.conf", "").replace("include /roo[t]/closed/SECRET.conf", "");
    assert!(!said.contains("SECRET"), "{said}");
    assert!(said.contains("may not be able to list"), "{said}");
    for name in ["include", "json", "apache"] {
        assert!(line(&said, name).contains("status 3"), "{said}");
    }
}

/// The root of a process in a container reads as `/`, and is another one.
#[test]
fn the_root_of_a_container_is_not_that_of_the_host() {
    let Some(said) = cage::run(
        r#"
mkdir -p /mnt/c /etc/nginx
mount -t tmpfs c /mnt/c
cd /mnt/c
mkdir -p etc/nginx old usr
ln -s usr/bin usr/lib usr/lib64 .
mount --bind /usr usr
site() { printf 'events {}\nhttp { server { listen 4443 ssl; server_name %s; ssl_protocols TLSv1; } }\n' "$1"; }
site in-container.test > etc/nginx/nginx.conf
site host.test > /etc/nginx/nginx.conf
unshare -m bash -c 'cd /mnt/c; pivot_root . old; cd /; exec sleep 30' &
sleep 1
tlsmend audit --root /proc/$!/root || true
"#,
    ) else {
        return;
    };
    assert!(said.contains("in-container.test") && !said.contains("host.test"), "{said}");
}

/// Permissions of files that the kernel makes let everybody read what it shows to root alone.
#[test]
fn a_site_owner_is_not_shown_what_the_kernel_shows_to_root() {
    let Some(said) = cage::run(
        r#"
rm -f /etc/nginx/sites-enabled/*
printf 'events {}\nhttp { include /etc/nginx/sites-enabled/*; }\n' > /etc/nginx/nginx.conf
for file in /proc/kallsyms /proc/1/maps /proc/1/stat; do
    echo "include $file;" > /etc/nginx/sites-enabled/own
    chown nobody /etc/nginx/sites-enabled/own
    tlsmend audit || true
done
"#,
    ) else {
        return;
    };
    assert_eq!(said.matches("may not be able to read it: not read").count(), 3, "{said}");
    assert!(!said.contains("r--p") && !said.contains(" T "), "{said}");
}
