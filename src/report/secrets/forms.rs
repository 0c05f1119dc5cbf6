//! Forms of secrets, each as one line or a few of a configuration; `@` stands for the secret.

use super::are_in_patch;
use super::tests::masked;

/// What is masked, whether the secret looks like one or like a word.
const MASKED: &str = r#"
proxy_set_header X-Auth @;
proxy_set_header X-Auth-Key "@";
proxy_set_header X-Key '@';
proxy_set_header x-api-key @;
proxy_set_header X-Signature @;
proxy_set_header X-Hub-Signature "sha1=@";
add_header X-Session-Token @ always;
more_set_headers "X-Api-Key: @";
grpc_set_header x-goog-api-key @;
fastcgi_param DBPASS @;
fastcgi_param dbPass @;
fastcgi_param DB_PW "@";
fastcgi_param DB_USER_PWD @;
fastcgi_param APP_SALT @;
fastcgi_param PHP_VALUE "mysqli.default_pw=@";
fastcgi_param PHP_ADMIN_VALUE "newrelic.license=@";
uwsgi_param LICENSE_KEY @;
scgi_param signingKey @;
env DBPASS=@;
env SIGNING_KEY=@;
set $db_pass @;
set $dbpwd "@";
set $mypass @;
set $key @;
set $license_key @;
set $encryption_key "@";
set $hmac @;
set $jwt @;
set ${signing_key} @;
set $creds user:@;
js_var $tok '@';
auth_http_header X-Who "@";
auth_http_header X-NGINX-Auth-Key @;
encrypted_session_key @;
set_hmac_sha1 $digest '@' $uri;
if ($arg_key = @) { return 403; }
if ($arg_sig != "@") { return 403; }
if ("$arg_token:x" = "@:x") { return 403; }
if ("x$arg_token" = "x@") { return 403; }
if ($arg_token$arg_user = @) { return 403; }
if ("$http_x_key-$uri" != "@") { return 403; }
if ($cookie_admin = "@") { return 403; }
if ($http_cookie ~ "token=@") { return 403; }
if ($args ~ "key=@") { return 403; }
map $http_x_key $ok { "@" 1; default 0; }
map $uri $license_key { /a @; }
return 302 https://x.test/?key=@;
return 302 https://x.test/?a=b&sig=@;
return 302 "https://x.test/?X-Amz-Signature=@&x=y";
return 200 '{"auth":{"pw":"@"}}';
return 200 '{"privateKey": "@"}';
return 200 "{'api_key' => '@'}";
return 200 "<password>@</password>";
return 200 '<add id="x"/><a:apiKey type="x">@</a:apiKey>';
return 200 '<add key="ApiKey" value="@"/>';
return 200 '{"key": "password", "value": "@"}';
return 200 '<param name="password" value="@"/>';
return 200 "password%3D@";
return 200 "&quot;password&quot;:&quot;@&quot;";
rewrite ^ /x?license_key=@ break;
proxy_pass http://u:@@h;
proxy_pass http://h/?auth_key=@;
proxy_pass https://hooks.slack.com/services/T0/B0/@;
proxy_pass https://discord.com/api/webhooks/12/@;
proxy_pass https://api.telegram.org/bot12:@/send;
ssl_certificate_key "engine:pkcs11:pkcs11:token=t;pin-value=@";
ssl_certificate_key "engine:pkcs11:slot_0-id_1?pin=@";
ssl_certificate_key "store:pkcs11:object=k?pin-value=@&x=y";
set_by_lua $x 'return ngx.encode_base64("user:@")';
set_by_lua $x 'red:auth("@")';
set_by_lua $x 'local db_pass = "@"';
set_by_lua $x 'ngx.req.set_header("X-Api-Key", "@")';
set_by_lua $x 'h["X-Auth-Key"] = "@"';
set_by_lua $x 'ngx.hmac_sha1("@", ngx.var.uri)';
js_content 'r.headersOut["X-Key"] = "@"; crypto.createHmac("sha256", "@")';
perl_set $x 'sub { my $db_pass="@"; }';
perl_set $x 'sub { $h{password} = "@"; }';
location / { content_by_lua_block { local apiKey = "@" } }
AuthBasicFake u @
AuthBasicFake "%{REMOTE_USER}" @
AuthBasicFake u "@ @"
SetEnv DBPASS @
SetEnv APP_SALT @
SetEnv SMTP_PW "@"
SetEnv "LICENSE_KEY" '@'
SetEnvIf X-Key ^@$ ok
SetEnvIf Authorization "^Basic @$" ok
SetEnvIfExpr "req('X-Key') == '@'" ok
RequestHeader set X-Auth @
RequestHeader set X-Auth-Key "@" env=x
RequestHeader setifempty X-Key @
RequestHeader append X-License-Key @
Header always set X-Key @
Header onsuccess edit Set-Cookie ^ "sid=@"
RequestHeader set Authorization "expr=Basic %{base64:u:@}"
RequestHeader set X-A "expr=Basic %{base64:u:@}"
RequestHeader set X-A "expr=%{base64:u:@}:%{sha1:@}" env=password
RewriteCond %{QUERY_STRING} !key=@
RewriteCond %{QUERY_STRING} (^|&)token=@(&|$)
RewriteCond %{HTTP:X-Auth} !=@
RewriteCond "%{HTTP:X-Token}:x" "=@:x"
RewriteCond %{HTTP:X-Token}:x @
RewriteRule ^ - [E=SECRET:@]
RewriteRule ^ - [L,E=DB_PASS:@,NC]
RewriteRule ^ - [env=API_KEY:@]
RewriteRule ^ - [CO=session:@:x.test]
RewriteRule ^ /x?sig=@ [L]
SecRule REQUEST_HEADERS:X-Api-Key "!@streq @" "id:1"
SecRule ARGS:token|ARGS:user "@streq @"
SecRule REQUEST_HEADERS:X-Key "@rx ^@$"
SecHttpBlKey @
SSLCertificateKeyFile "pkcs11:object=k;type=private?pin-value=@"
SSLCertificateKeyFile "pkcs11:token=t;pin=@"
SSLPassPhraseDialog "exec:/bin/echo @"
SSLSRPUnknownUserSeed "@"
ProxyPass / ajp://h:8009/ secret=@
BalancerMember http://h route=a key=@
Define db_pw @
Define LICENSE_KEY @
php_admin_value mysqli.default_pw @
php_value newrelic.license "@"
php_admin_value[password] = @
OIDCCryptoPassphrase "@"
OIDCOAuthVerifySharedKeys "plain##@"
CustomLog "|/usr/bin/curl -u bob:@ https://x.test/" common
CustomLog "|/usr/bin/log --password @ --x" common
SetEnv DB_PASSWORD $@
SetEnv DATABASE_URL "bob:@@tcp(db:3306)/x"
SetEnv CONN "Server=h;User=u;Pwd=@;"
SetEnv CONN "DefaultEndpointsProtocol=https;AccountKey=@"
SetEnv CONN "Endpoint=sb://x/;SharedAccessKey=@"
RequestHeader set X-Auth \
  @
# set $license_key @;
# SetEnv DBPASS @
# proxy_set_header X-Auth-Key @;
# password=@
# passwort: @
"#;

/// What is masked because of its looks.
const BY_LOOKS: &str = r"
proxy_set_header X-A ghp_0123456789abcdefABCDEF0123456789abcd;
proxy_set_header X-A github_pat_11ABCDEFG0abcdefghij_0123456789;
proxy_set_header X-A glpat-0123456789abcdefABCD;
proxy_set_header X-A xoxb-123456-ABCDEFabcdef1234;
proxy_set_header X-A xoxp-123456-ABCDEFabcdef1234;
proxy_set_header X-A AKIAIOSFODNN7EXAMPLE;
proxy_set_header X-A ASIAIOSFODNN7EXAMPLE;
proxy_set_header X-A AIzaSyA0123456789abcdefghijklmnopqrstuv;
proxy_set_header X-A sk_live_0123456789abcdef;
proxy_set_header X-A rk_live_0123456789abcdef;
proxy_set_header X-A whsec_0123456789abcdef;
proxy_set_header X-A npm_0123456789abcdefABCDEF0123456789abcd;
proxy_set_header X-A pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAw;
proxy_set_header X-A SG.0123456789abcdefABCDEF.0123456789abcdefABCDEF;
proxy_set_header X-A dop_v1_0123456789abcdef0123456789abcdef;
proxy_set_header X-A hf_0123456789abcdefABCDEFghij;
proxy_set_header X-A sk-proj-0123456789abcdefABCDEF;
proxy_set_header X-A hvs.CAESIJ0123456789abcdef;
proxy_set_header X-A shpat_0123456789abcdef0123456789abcdef;
proxy_set_header X-A 0123456789abcdef0123456789abcdef;
proxy_set_header X-A q8Zr4Lm2Xv7Tn3Kc9Pw5Bd;
proxy_set_header X-A $apr1$0123abcd$0123456789abcdefABCDEF;
# bob:$2y$10$0123456789abcdefABCDEF0123456789
# {SSHA}0123456789abcdefABCDEF0123==
location /hook/Ab3kd9Xq { return 200; }
RewriteRule ^/webhook/Ab3kd9Xq2Lm$ - [L]
# the admin password is hunter22
# pw Ab3kd9Xq
";

/// What has to be read, whatever its names sound like.
const PLAIN: &str = r#"
proxy_pass http://backend;
fastcgi_pass unix:/run/php/php8.2-fpm.sock;
ProxyPass /key http://backend.test/key
ProxyPassReverse /pass http://backend.test/
proxy_cache_key $scheme$host$request_uri;
proxy_cache_key "$host$uri";
proxy_cache_bypass $cookie_nocache $arg_nocache;
proxy_no_cache $http_authorization;
ssl_certificate_key /etc/ssl/private/a.key;
ssl_certificate_key conf.d/server.key;
proxy_ssl_certificate_key /etc/ssl/k.pem;
SSLCertificateKeyFile /etc/ssl/private/server.key
SSLCertificateKeyFile "/etc/ssl/private/server.key"
ssl_session_ticket_key /etc/nginx/ticket.key;
ssl_client_certificate /etc/ssl/ca.pem;
ssl_password_file /etc/nginx/pass;
auth_basic "Members only";
auth_basic_user_file /etc/nginx/htpasswd;
auth_request /auth;
auth_request_set $user $upstream_http_x_user;
auth_http localhost:9000/auth;
smtp_auth login plain cram-md5;
imap_auth plain;
AuthType Basic
AuthName "Key holders"
AuthBasicProvider ldap file
AuthUserFile /etc/apache2/htpasswd
AuthLDAPURL "ldap://ldap.test/dc=test?uid?sub"
Require valid-user
Require ldap-group cn=keys,dc=test
server_name key.example auth.example pin.example a0123456789abcdef0123456789abcdef.elb.amazonaws.test;
ServerName license.example
listen 443 ssl;
ssl_protocols TLSv1.2 TLSv1.3;
SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305;
SSLCipherSuite HIGH:!aNULL:!MD5:kEECDH+AESGCM
SSLOpenSSLConfCmd DHParameters /etc/ssl/dh2048.pem
ssl_conf_command Options -SessionTicket;
ssl_session_cache shared:le_nginx_SSL:10m;
ssl_session_timeout 1440m;
ssl_ecdh_curve X25519:secp384r1;
ssl_engine pkcs11;
limit_req_zone $http_x_key zone=key:10m rate=1r/s;
limit_conn_zone $binary_remote_addr zone=auth:10m;
proxy_cache_path /var/cache/nginx keys_zone=token:10m;
keyval_zone zone=keys:1m;
hash $key consistent;
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
map $host $cache_key { a.test a1; }
add_header Strict-Transport-Security "max-age=63072000; includeSubDomains; preload" always;
add_header Public-Key-Pins 'pin-sha256="d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="; max-age=10';
add_header Content-Security-Policy "script-src 'sha256-d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM='";
add_header X-Frame-Options SAMEORIGIN;
proxy_set_header Host $host;
proxy_set_header Connection "keep-alive";
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header Sec-WebSocket-Key $http_sec_websocket_key;
proxy_set_header X-Auth $remote_user;
fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
include snippets/key-settings.conf;
include /etc/nginx/keys/*.conf;
Include /etc/apache2/secrets/Site2024x/*.conf
error_log /var/log/nginx/auth.log;
access_log /var/log/nginx/key.log main;
CustomLog ${APACHE_LOG_DIR}/auth.log combined
log_format key '$remote_addr key=$arg_key auth=$http_x_auth';
LoadModule auth_basic_module modules/mod_auth_basic.so
LoadModule session_crypto_module modules/mod_session_crypto.so
RewriteCond %{HTTP_COOKIE} !^.*(wordpress_logged_in|comment_author).*$
RewriteRule ^/key/(.*)$ /k/$1 [L]
RewriteRule ^ - [E=PROXY_USER:%{REMOTE_USER}]
SetEnvIf User-Agent ".*MSIE.*" nokeepalive ssl-unclean-shutdown
KeepAlive On
MaxKeepAliveRequests 100
location /auth { return 204; }
location = /key.html { root /srv; }
location /hooks/deploy { return 204; }
# the key is in the vault, see docs
# key: see the wiki
# auth: none, by design
# this key decides which site answers
# sign the keys with openssl x509 -sha256
# do not pass this on; pin the version
# secret santa on 2024-12-24 at 10:30
# token ring, see RFC 6750
root /var/lib/docker/overlay2/0123456789abcdef0123456789abcdef0123456789abcdef/merged;
SSLPassPhraseDialog exec:/usr/bin/ask
upstream keys { server 10.0.0.1:443; }
"#;

#[test]
fn no_secret_is_seen() {
    let mut seen = Vec::new();
    for form in MASKED.trim().split('\n').fold(Vec::<String>::new(), joined) {
        for secret in ["SEKRIT1x", "letmein", "hunter2", "a1B+c/d="] {
            // In a URL a slash ends the user.
            if form.contains("@@") && secret.contains('/') {
                continue;
            }
            // A sign for the secret, beside those of operators and addresses.
            let line = form.replace("@streq", "\0s").replace("@rx", "\0r").replace("@@", "\0a\0b").replace('@', secret);
            let line = line.replace("\0s", "@streq").replace("\0r", "@rx").replace("\0a", secret).replace("\0b", "@");
            let shown = masked(&line);
            if shown.contains(secret) {
                seen.push(format!("{line}\n    {shown}"));
            }
            let patch = format!("+{}\n", line.replace('\n', "\n+"));
            if !are_in_patch(format!("--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n{patch}").as_bytes()) {
                seen.push(format!("{line}\n    is not told of a patch"));
            }
        }
    }
    for line in BY_LOOKS.trim().lines() {
        let shown = masked(line);
        if !shown.contains("*******") {
            seen.push(format!("{line}\n    {shown}"));
        }
    }
    assert!(seen.is_empty(), "{}", seen.join("\n"));
}

/// Lines that go on belong together.
fn joined(mut forms: Vec<String>, line: &str) -> Vec<String> {
    match forms.last_mut() {
        Some(last) if last.ends_with('\\') => last.push_str(&format!("\n{line}")),
        _ => forms.push(line.to_owned()),
    }
    forms
}

#[test]
fn what_is_to_be_read_is_read() {
    let wrong: Vec<String> = PLAIN
        .trim()
        .lines()
        .filter(|line| masked(line) != **line)
        .map(|line| format!("{line}\n    {}", masked(line)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
