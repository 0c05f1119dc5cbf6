//! Telling what is still to be rendered from what a server reads.
//!
//! A template's lines say nothing of versions: they depend on what is filled in. What it renders to can be audited.

use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

/// Ends of the names of templates.
const NAMES: &[&str] = &[
    "j2", "jinja", "jinja2", "erb", "epp", "tmpl", "ctmpl", "gotmpl", "tpl", "stpl", "template", "tt", "tt2",
    "mustache", "hbs", "in",
];

/// Marks, by the language: something that begins and ends on a line, and that no server's syntax has.
static MARKS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let marks = [
        ("ERB or EPP", r"<%.*%>|^\s*<%"),
        ("Jinja", r"\{%.*%\}|^\s*\{%"),
        ("Go", r"\{\{-?\s*(?:[.$(]|(?:if|else|end|range|with|template|define|block|include|toYaml)\b)[^{}]*\}\}"),
        ("Jinja", r"\{\{[^{}]*[A-Za-z_][^{}]*\}\}"),
        ("Template Toolkit", r"\[%.*%\]|^\s*\[%"),
    ];
    marks.into_iter().filter_map(|(language, mark)| Some((language, Regex::new(mark).ok()?))).collect()
});

/// The beginnings of lines in which a mark counts whatever the file's name is: it stands for itself, or the directive can
/// have no such value.
static CARRIERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:<%|\{%|\{\{|\[%|(?:listen|server_name|serveralias|servername|ssl\w*|root|documentroot|upstream|server|proxy_pass|include\w*|<virtualhost)\b)").ok()
});

/// Variables of a shell, where nginx takes none. `$hostname` in `server_name` is nginx's own, and what follows `~` is a
/// regular expression.
static SHELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:listen|server_name|ssl_protocols|ssl_ciphers|ssl_prefer_server_ciphers)\s[^;~]*\$(?:\{\w+\}|[A-Za-z_]\w*)")
        .ok()
});

/// The same in a file with a template's name: `${DOMAIN}`, `$DOMAIN`.
static ENVIRONMENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\$(?:\{[A-Z][A-Z0-9_]*\}|[A-Z][A-Z0-9_]+\b)").ok());

/// Words to be replaced by something that is not on the file's mind: `@DOMAIN@`, `%domain%`, `__DOMAIN__`.
static BLANKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:listen|server_name|servername|serveralias|sslprotocol|ssl_protocols|<virtualhost)\s.*(?-i:@[A-Z][A-Z0-9_]*@|%[A-Za-z]\w*%|__[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__)")
        .ok()
});

/// The language of a template; `None`: it is none.
pub(super) fn language(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    let name = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let is_named = NAMES.contains(&name.as_str());
    let text = String::from_utf8_lossy(bytes);
    text.lines().find_map(|line| of_line(line, is_named))
}

fn of_line(line: &str, is_named: bool) -> Option<&'static str> {
    // Most lines have none of these.
    if !line.contains(['{', '<', '[', '$', '@', '%', '_']) || line.trim_start().starts_with('#') {
        return None;
    }
    let fits = |regex: &LazyLock<Option<Regex>>| regex.as_ref().is_some_and(|regex| regex.is_match(line));
    if is_named || fits(&CARRIERS) {
        let mark = MARKS.iter().find(|(_, mark)| mark.is_match(line));
        if let Some((language, _)) = mark {
            return Some(language);
        }
    }
    let is_shell = match line.contains("$hostname") {
        true => false,
        false => fits(&SHELL) || is_named && fits(&ENVIRONMENT),
    };
    (is_shell || fits(&BLANKS)).then_some("variables of another program")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_to_be_rendered() {
        let of = |name: &str, text: &str| language(Path::new(name), text.as_bytes());
        for (name, text, expected) in [
            ("a.conf.j2", "server {\n  ssl_protocols {{ protocols | join(' ') }};\n}", "Jinja"),
            ("nginx.conf", "{% for s in sites %}\nserver { listen 443 ssl; }\n{% endfor %}", "Jinja"),
            ("vhost.conf.erb", "<VirtualHost *:443>\n<%- if @ssl_protocol -%>\nSSLProtocol <%= @p %>\n", "ERB or EPP"),
            ("site", "  ssl_protocols <%= @protocols %>;", "ERB or EPP"),
            ("nginx.tmpl", "{{ if eq .P \"x\" }}\nssl_protocols TLSv1.2;\n{{ end }}", "Go"),
            ("a", "listen {{ .Values.port }} ssl;", "Go"),
            ("main.default", "Listen [% port %]\n", "Template Toolkit"),
            ("nginx.conf", "http { server {\n listen ${PORT} ssl;\n} }", "variables of another program"),
            ("nginx.conf", "listen $PORT;", "variables of another program"),
            ("default.conf.template", "proxy_pass http://${BACKEND};", "variables of another program"),
            ("nginx.stpl", "listen %ip%:%web_ssl_port% ssl;", "variables of another program"),
            ("nginx.conf", "server_name __DOMAIN__;", "variables of another program"),
            ("a.conf", "ServerName @HOST@", "variables of another program"),
        ] {
            assert_eq!(of(name, text), Some(expected), "{name}: {text}");
        }
    }

    #[test]
    fn what_servers_read() {
        for text in [
            "server_name $hostname;\nserver_name ~^(?<sub>.+)\\.example\\.com$;\nlisten 443 ssl;",
            "proxy_pass http://${backend}$request_uri;\nreturn 301 https://$host$request_uri;",
            "log_format j '{\"a\":{\"b\":\"$status\"}}';",
            "content_by_lua_block { local t = {{1}, {a = 2}} }",
            "LogFormat \"<%h> %{X}i %t\" x\nRewriteRule ^/[0-9]{2}/ - [L]\nRewriteCond %{HTTPS} off",
            "SSLProtocol ${PROTOCOLS}\nDefine PROTOCOLS all\nListen ${PORT}",
            "# {{ ansible_managed }}\nssl_protocols TLSv1.2;",
            "ServerName __default__\nserver_name _;\nserver_name a__b__c.test;",
            "SSLRequire %{SSL_CLIENT_S_DN_O} eq \"x\"",
        ] {
            assert_eq!(language(Path::new("/etc/nginx/a.conf"), text.as_bytes()), None, "{text}");
        }
    }
}
