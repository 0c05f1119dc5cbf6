use super::*;

pub(super) fn masked(line: &str) -> String {
    let mut bytes = line.as_bytes().to_vec();
    super::bytes(&mut bytes);
    assert_eq!(bytes.len(), line.len());
    String::from_utf8(bytes).unwrap()
}

#[test]
fn values_of_directives_that_name_a_secret() {
    for (line, expected) in [
        (
            r#"proxy_set_header Authorization "Basic dXNlcjpwYXNz";"#,
            r#"proxy_set_header Authorization "***** ************";"#,
        ),
        ("  proxy_set_header X-Api-Key abc123; # ours", "  proxy_set_header X-Api-Key ******; # ours"),
        ("AuthLDAPBindPassword secret-word", "AuthLDAPBindPassword ***********"),
        (
            "RequestHeader set Authorization \"Bearer abc.def\" env=x",
            "RequestHeader set Authorization \"****** *******\" *****",
        ),
        ("SetEnv DB_PASS hunter2", "SetEnv DB_PASS *******"),
        ("SetEnv AWS_SECRET_ACCESS_KEY a/b+c", "SetEnv AWS_SECRET_ACCESS_KEY *****"),
        (
            "fastcgi_param DB_PASSWORD 'a b;c'; ssl_protocols TLSv1;",
            "fastcgi_param DB_PASSWORD '* ***'; ssl_protocols TLSv1;",
        ),
        ("set $auth_token \"abc\";", "set $auth_token \"***\";"),
        ("secure_link_md5 \"$secure_link_expires$uri hush\";", "secure_link_md5 \"$secure_link_expires$uri ****\";"),
        ("if ($arg_token = abc) { return 200; }", "if ($arg_token = ***) { return 200; }"),
        ("# password: hunter2", "# password: *******"),
        ("DBDParams host=db.test,user=a,pass=hunter2", "DBDParams host=db.test,user=a,pass=*******"),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn variables_that_are_compared() {
    for sign in ["=", "!=", "~", "!~", "~*", "!~*"] {
        for name in ["$http_authorization", "$arg_token", "$http_x_api_key", "${arg_token}"] {
            assert_eq!(
                masked(&format!("if ({name} {sign} \"v w\") {{ return 403; }}")),
                format!("if ({name} {sign} \"* *\") {{ return 403; }}")
            );
            assert_eq!(masked(&format!("if ({name} {sign} v) {{")), format!("if ({name} {sign} *) {{"));
        }
    }
    for (line, expected) in [
        ("RewriteCond %{HTTP:Authorization} \"!=v\"", "RewriteCond %{HTTP:Authorization} \"***\""),
        ("RewriteCond %{HTTP:X-Api-Key} !^v$ [NC,OR]", "RewriteCond %{HTTP:X-Api-Key} **** [NC,OR]"),
        ("RewriteCond %{HTTP:X-Api-Key} ^Bearer\\ v$ [NC]", "RewriteCond %{HTTP:X-Api-Key} *******\\ ** [NC]"),
        ("RewriteCond \"%{ENV:DB_PASSWORD}\" v", "RewriteCond \"%{ENV:DB_PASSWORD}\" *"),
        ("RewriteCond expr \"%{HTTP:X-Token} -strmatch 'v'\"", "RewriteCond expr \"%{HTTP:X-Token} -strmatch '*'\""),
        ("Require expr \"%{HTTP:X-Token} == 'v'\"\nListen 1", "Require expr \"%{HTTP:X-Token} == '*'\"\nListen 1"),
        ("<If \"%{HTTP:X-Token} != 'v'\">", "<If \"%{HTTP:X-Token} != '*'\">"),
        ("<If \"req('X-Token') == 'v'\">", "<If \"req('X-Token') == '*'\">"),
        ("<If \"%{HTTP:X-Token} in { 'v', 'w' }\">", "<If \"%{HTTP:X-Token} in { '*'* '*' }\">"),
        ("SSLRequire %{HTTP:X-Token} eq \"v\"", "SSLRequire %{HTTP:X-Token} ** \"*\""),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn names_in_quotes() {
    for (line, expected) in [
        ("proxy_set_header \"X-Api-Key\" v;", "proxy_set_header \"X-Api-Key\" *;"),
        ("proxy_set_header \"Authorization\" v;", "proxy_set_header \"Authorization\" *;"),
        ("proxy_set_header 'X-Api-Key' 'v';", "proxy_set_header 'X-Api-Key' '*';"),
        ("fastcgi_param 'DB_PASSWORD' v;", "fastcgi_param 'DB_PASSWORD' *;"),
        ("fastcgi_param \"APP_KEY\" v;", "fastcgi_param \"APP_KEY\" *;"),
        ("set \"$password\" v;", "set \"$password\" *;"),
        ("set '${password}' v;", "set '${password}' *;"),
        ("RequestHeader set \"X-Api-Key\" v", "RequestHeader set \"X-Api-Key\" *"),
        ("SetEnv \"MY_TOKEN\"   v", "SetEnv \"MY_TOKEN\"   *"),
        ("SetEnv 'MY_TOKEN' \"v\"", "SetEnv 'MY_TOKEN' \"*\""),
        ("php_value x.password v", "php_value x.password *"),
        ("php_admin_value \"x.password\" v", "php_admin_value \"x.password\" *"),
        (r#"return 200 "{\"password\":\"v\"}";"#, r#"return 200 "{\"password\":\"*\"}";"#),
        (
            r#"return 200 "{\"a\": 1, \"password\": \"v;w\"}"; a b;"#,
            r#"return 200 "{\"a\": 1, \"password\": \"***\"}"; a b;"#,
        ),
        (
            "ErrorDocument 404 \"{\\\"password\\\":\\\"v\\\"}\"\nListen 1",
            "ErrorDocument 404 \"{\\\"password\\\":\\\"*\\\"}\"\nListen 1",
        ),
        (r#"return 200 '{"password":"v"}';"#, r#"return 200 '{"password":"*"}';"#),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn plurals() {
    for (line, expected) in [
        ("set $credentials v;", "set $credentials *;"),
        ("set $secrets v;", "set $secrets *;"),
        ("set $passwords v;", "set $passwords *;"),
        ("set $tokens v;", "set $tokens *;"),
        ("proxy_set_header X-Credentials v;", "proxy_set_header X-Credentials *;"),
        ("SetEnv credentials v", "SetEnv credentials *"),
        ("js_var $token v;", "js_var $token *;"),
        ("set_unescape_uri $token v;", "set_unescape_uri $token *;"),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn an_authorization_of_any_length() {
    for (line, expected) in [
        ("proxy_set_header X-A \"Bearer S3CR18\";", "proxy_set_header X-A \"Bearer ******\";"),
        ("proxy_set_header X-A \"Basic\tS3CR66\";", "proxy_set_header X-A \"Basic\t******\";"),
        (
            "proxy_set_header X-A \"Digest username=a, response=S3CR67\";",
            "proxy_set_header X-A \"Digest *********** ***************\";",
        ),
        (r#"return 200 "{\"a\":\"Bearer v\"}";"#, r#"return 200 "{\"a\":\"Bearer *\"}";"#),
        ("if ($http_x = 'bearer v') {", "if ($http_x = 'bearer *') {"),
        ("set $a \"Bearer $http_x\";", "set $a \"Bearer $http_x\";"),
        ("set $a Bearer\\ abcdefgh;", "set $a Bearer\\ ********;"),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn the_keys_and_values_of_maps() {
    for (text, expected) in [
        (
            "map $http_authorization $x {\n  default 0;\n  \"v w\" 1; # the first\n  ~^Bearer\\ v$ 2;\n  \"\" 3;\n}\nlisten 1;",
            "map $http_authorization $x {\n  default 0;\n  \"* *\" 1; # the first\n  ********* ** 2;\n  \"\" 3;\n}\nlisten 1;",
        ),
        ("map \"${arg_token}\" $x { \"a;b\" 1; }", "map \"${arg_token}\" $x { \"***\" 1; }"),
        ("map $uri $api_key { /a v; default \"$x w\"; }", "map $uri $api_key { /a *; default \"$x *\"; }"),
        ("map $uri $x { /a v; default w; }", "map $uri $x { /a v; default w; }"),
        ("map $arg_token $x { v 1 } listen 1;", "map $arg_token $x { * 1 } listen 1;"),
        ("map $arg_token $x { \"v", "map $arg_token $x { \"*"),
    ] {
        assert_eq!(masked(text), expected);
    }
}

#[test]
fn a_value_ends_where_its_directive_does() {
    for (line, expected) in [
        ("return 200 \"password=v\"; listen 1;", "return 200 \"password=*\"; listen 1;"),
        (
            "return 200 \"password=\";\nlisten 1;\nreturn 200 \"x\";",
            "return 200 \"password=\";\nlisten 1;\nreturn 200 \"x\";",
        ),
        ("return 200 \"the password is v\"; listen 1;", "return 200 \"the password ** *\"; listen 1;"),
        ("SetEnv DB_PASSWORD a;b{c$d}e", "SetEnv DB_PASSWORD *********"),
        ("SetEnv DB_PASSWORD \"a\\\"b c;d\"\nListen 1", "SetEnv DB_PASSWORD \"*\\** ***\"\nListen 1"),
        ("# password: 'v\nlisten 1;", "# password: '*\nlisten 1;"),
        ("#proxy_set_header Authorization v;\nlisten 1;", "#proxy_set_header Authorization *;\nlisten 1;"),
        ("# SetEnv DB_PASSWORD v\nListen 1", "# SetEnv DB_PASSWORD *\nListen 1"),
        ("#AuthLDAPBindPassword v\nListen 1", "#AuthLDAPBindPassword *\nListen 1"),
    ] {
        assert_eq!(masked(line), expected);
    }
    let long = format!("SetEnv DB_PASSWORD \"{}\"", "v".repeat(10_000));
    assert_eq!(masked(&long), format!("SetEnv DB_PASSWORD \"{}\"", "*".repeat(10_000)));
}

#[test]
fn versions_are_no_secret() {
    for line in [
        "Define TLS_TOKEN \"all -SSLv3\"",
        "Define TLS_TOKEN TLSv1.2",
        "Define TLS_TOKEN \"-all +TLSv1 + TLSv1.1\"",
        "Define TLS_TOKEN ALL,-SSLv2,-TLSv1.0",
        "SetEnv X_KEY any",
        "SetEnv X_KEY none",
        "map $uri $tls_token { /a TLSv1.3; }",
    ] {
        assert_eq!(masked(line), line);
    }
    for (line, expected) in [
        ("Define TLS_TOKEN \"all -SSLv3 v\"", "Define TLS_TOKEN \"*** ****** *\""),
        ("Define TLS_TOKEN TLSv1.2v", "Define TLS_TOKEN ********"),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn what_is_a_secret_wherever_it_stands() {
    for (line, expected) in [
        ("proxy_pass https://user:pa@ss@backend.test/x;", "proxy_pass https://**********@backend.test/x;"),
        ("proxy_pass https://us\u{e9}r:p@backend.test/x;", "proxy_pass https://*******@backend.test/x;"),
        ("add_header X-Y \"Bearer abcdefgh12\";", "add_header X-Y \"Bearer **********\";"),
        ("map a eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl;", "map a ******************************************;"),
    ] {
        assert_eq!(masked(line), expected);
    }
    let key = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIB\nab==\n-----END RSA PRIVATE KEY-----\nb\n";
    assert_eq!(masked(key), "a\n-----BEGIN RSA PRIVATE KEY-----\n****\n****\n-----END RSA PRIVATE KEY-----\nb\n");
    assert_eq!(masked("-----BEGIN PRIVATE KEY-----\nMIIB"), "-----BEGIN PRIVATE KEY-----\n****");
}

#[test]
fn a_value_may_begin_on_the_next_line() {
    assert_eq!(
        masked("RequestHeader set Authorization \\\n  abc\nListen 443"),
        "RequestHeader set Authorization \\\n  ***\nListen 443"
    );
    assert_eq!(
        masked("RequestHeader set Authorization \\\r\n  abc\r\nListen 443"),
        "RequestHeader set Authorization \\\r\n  ***\r\nListen 443"
    );
    for (text, expected) in [
        ("set $token\n    \"abc\";", "set $token\n    \"***\";"),
        ("set $password\n  abc;\nlisten 1;", "set $password\n  ***;\nlisten 1;"),
        ("set $password\r\n\r\n  abc;\r\n", "set $password\r\n\r\n  ***;\r\n"),
        ("set $password # it's ours;\n  # \"x\"\n  abc;", "set $password # it's ours;\n  # \"x\"\n  ***;"),
        ("set\n  $password\n  abc;", "set\n  $password\n  ***;"),
        ("set # a\n  # b\n  \"$password\" abc;", "set # a\n  # b\n  \"$password\" ***;"),
        ("proxy_set_header Authorization\n  abc;", "proxy_set_header Authorization\n  ***;"),
        ("proxy_set_header\n  \"X-Token\"\n  abc;", "proxy_set_header\n  \"X-Token\"\n  ***;"),
    ] {
        assert_eq!(masked(text), expected);
    }
    let mut latin = b"proxy_pass https://user:p\xe4ss@h/;".to_vec();
    bytes(&mut latin);
    assert_eq!(latin, b"proxy_pass https://*********@h/;");
    assert_eq!(
        masked("RequestHeader unset Authorization\nSSLEngine on"),
        "RequestHeader unset Authorization\nSSLEngine on"
    );
}

#[test]
fn what_is_no_secret_stays() {
    for line in [
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
        "server_tokens off;",
        "ServerTokens Prod",
        "ssl_password_file /etc/nginx/pass.txt;",
        "SSLPassPhraseDialog exec:/usr/bin/ask",
        "ssl_certificate_key /etc/ssl/private/a.key;",
        "ssl_session_ticket_key /etc/ssl/tickets;",
        "proxy_pass https://backend.test:8443/token;",
        "ProxyPass /secret https://b.test/",
        "proxy_set_header Authorization $http_authorization;",
        "proxy_set_header X-Token \"$auth_token\";",
        "location /api/token { ssl_protocols TLSv1; }",
        "limit_req_zone $http_authorization zone=a:10m;",
        "# the token is in the vault",
        "server_name token.example secret.example;",
        "SSLOpenSSLConfCmd Options -SessionTicket",
        "include /etc/nginx/secrets/*.conf;",
        "AuthUserFile /etc/apache2/passwords",
        "see mail@example.test",
        "add_header Access-Control-Allow-Credentials true always;",
        "Header set Access-Control-Allow-Headers \"X-Requested-With, Authorization\" env=x",
        "add_header Access-Control-Allow-Headers 'Authorization Content-Type';",
        "auth_basic \"Basic area\";",
        "AuthName 'Basic area'",
        "add_header WWW-Authenticate 'Basic realm=\"the area\"';",
        "RewriteCond %{HTTP:Authorization} ^(.*)",
        "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]",
        "SetEnvIf Authorization \"(.*)\" HTTP_AUTHORIZATION=$1",
        "if ($http_authorization = \"\") { return 401; }",
        "if ($http_authorization !~ \".+\") { return 401; }",
        "if ($request_uri ~ \"token\") { return 403; }",
        "RewriteRule \"token\" \"-\" [F]",
        "PassEnv DB_PASSWORD OTHER",
        "RequestHeader unset Authorization env=x",
        "js_set $token main.token;",
        "proxy_cache_key $arg_token$uri;",
        "log_format a '$remote_addr \"$http_x_token\" \"$request\"';",
        "LogFormat \"%{X-Token}i %h\" short",
        "ssl_session_cache shared:tokens:1m;",
        "ServerAlias a.secret b.example",
        "proxy_hide_header X-Token;\nlisten 443;",
        "location secrets { root /x; }",
        "# \"token\" or 'password' or so",
    ] {
        assert_eq!(masked(line), line);
    }
}

/// Were the time quadratic, each of these would take minutes.
#[test]
fn many_names_in_one_line_take_no_time() {
    for (unit, times, expected) in [
        ("token ", 20_000, "token ***** *****"),
        ("$token ", 20_000, "$token $token"),
        ("pwd-", 20_000, "pwd-pwd-"),
        ("token\"", 20_000, "token\"token\""),
        ("set $token ${ ", 20_000, "set $token *{ "),
        ("\"Bearer \\\"Bearer 'Bearer ", 10_000, "\"Bearer \\******* ******* "),
        ("map $token \"$x\" { ", 10_000, "map $token \"$x\" { *** "),
        ("map \"", 20_000, "map \"map \""),
        ("{\\\"password\\\":\\\"", 10_000, "{\\\"password\\\":\\\"*\\\"*"),
        ("set\n#\n", 20_000, "set\n#\nset\n#\n"),
        ("set $token\n#\n", 20_000, "set $token\n#\n*** $token"),
        ("%{HTTP:token}", 20_000, "%{HTTP:token}%"),
        ("if ($token ~ ", 20_000, "if ($token ~ ** "),
    ] {
        let mut line = unit.repeat(times).into_bytes();
        let began = std::time::Instant::now();
        super::bytes(&mut line);
        assert!(began.elapsed().as_secs() < 60, "{unit}");
        assert!(line.starts_with(expected.as_bytes()), "{unit}: {}", String::from_utf8_lossy(&line[..60]));
    }
    // What becomes of these does not matter here, but that it ends.
    for unit in [
        "key=on ",
        "key='on ",
        "key=\"on ",
        "key=\"on key='",
        "key=$key",
        "key:$key:",
        "?key=https://h/",
        "key=/a/",
        "<password>",
        "<password",
        "/hook/Ab3kd9Xq",
        "base64(\"",
        "base64(",
        " -u a:b",
        "[E=TOKEN:",
        "%{base64:",
        "the password is ",
        "$arg_token:x",
        "ARGS:token|",
        "('token', '",
        "xoxb-",
        "eyJabcdefgh.",
        "a:",
        "//a:",
        "AuthBasicFake \"u\" ",
        "auth_http_header\n",
        "-----BEGIN PRIVATE KEY-----",
        "0123456789abcdef",
        "SSLPassPhraseDialog exec:x ",
        "pass_",
        "&quot;password&quot;",
    ] {
        let began = std::time::Instant::now();
        let mut line = unit.repeat(100_000 / unit.len()).into_bytes();
        super::bytes(&mut line);
        let _masked = super::text(&unit.repeat(100_000 / unit.len()));
        assert!(began.elapsed().as_secs() < 60, "{unit}");
    }
    let blank = "\n".repeat(300_000);
    assert!(masked(&format!("set $token{blank}\"v\";")).ends_with("\n\"*\";"));
}

#[test]
fn sentences() {
    assert_eq!(text("-> https://a:b@c.test"), "-> https://***@c.test");
    assert_eq!(text("the token of the till is renewed in May"), "the token of the till is renewed in May");
    assert_eq!(text("password: hunter2"), "password: *******");
    assert_eq!(text("($http_authorization != \"v\") is not known"), "($http_authorization != \"*\") ** *** *****");
    assert_eq!(text("the name \"token\" stands twice"), "the name \"token\" stands twice");
    assert_eq!(text("\"token\" has an invalid value \"x\u{e9}\""), "\"token\" has an invalid value \"x\u{e9}\"");
}

#[test]
fn characters_are_masked_whole_and_one_by_one() {
    let shown = |text: &[u8]| String::from_utf8(super::masked(text)).unwrap();
    assert_eq!(shown("set $password \"p\u{e4}\u{20ac}\u{1f600}x\";".as_bytes()), "set $password \"*****\";");
    assert_eq!(shown(b"set $password \"p\xe4\xff\xe2\x82x\";"), "set $password \"******\";");
    assert_eq!(super::text("password=\u{e9}\u{1f600}x"), "password=***");
    // A range within a character takes it whole: `\u{e4}` is two bytes, and the third of `\u{20ac}` is no character.
    let whole = |text: &[u8], range| super::whole(text, std::iter::once(range).collect()).first().cloned();
    assert_eq!(whole("a\u{e4}b".as_bytes(), 2..3), Some(1..3));
    assert_eq!(whole("a\u{20ac}b".as_bytes(), 1..2), Some(1..4));
    assert_eq!(whole("a\u{1f600}".as_bytes(), 3..5), Some(1..5));
    assert_eq!(whole(b"a\xa4\xa4", 2..3), Some(2..3));
    assert_eq!(super::whole(b"abcdef", vec![4..5, 0..2, 1..3, 3..3]), [0..3, 4..5]);
}

#[test]
fn a_fix_that_holds_a_secret_is_not_shown() {
    use crate::edit::{Edit, Fix};
    use crate::finding::{Severity, Verdict};
    use crate::report::tests::host::finding;
    use crate::source::Span;
    let mut sources = crate::source::SourceMap::default();
    let file = sources.insert("/a".into(), b"x".to_vec());
    let shown = |replacement: &[u8]| {
        let edit = Edit { span: Span::new(file, 0, 1), replacement: replacement.to_vec() };
        let mut finding = finding("x", Severity::Low, Verdict::Exposed, "x");
        finding.fix = Some(Fix::safe("change it", vec![edit]));
        finding.mask();
        (finding.fix.is_some(), finding.notes)
    };
    assert_eq!(shown(b"TLSv1.2 TLSv1.3"), (true, Vec::new()));
    for text in ["\"TLSv1.2 password=hunter2\"", "https://u:hunter2@b.test", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"]
    {
        let (is_there, notes) = shown(text.as_bytes());
        assert!(!is_there && notes.len() == 1 && !notes[0].contains("hunter2"), "{text}: {notes:?}");
    }
}
