//! Truth cases, laid out for a real server.

use super::case::{Case, Expected, Layout};
use super::certificates;
use super::handshake::Contact;
use super::site::{Site, Software};
use super::table;
use std::path::Path;

/// Where Debian has nginx's modules.
const NGINX_MODULES: &str = "/usr/lib/nginx/modules";

/// A case on disk.
pub struct Staged {
    pub site: Site,
    pub layout: Layout,
}

impl Staged {
    pub fn of(case: &Case) -> Staged {
        let software = if case.observed.nginx.is_some() { Software::Nginx } else { Software::Apache };
        let mut site = Site::new(software);
        let layout = Layout {
            folder: site.folder().display().to_string(),
            prefix: site.root().display().to_string(),
            certificates: certificates::folder().display().to_string(),
        };
        for folder in &case.dirs {
            std::fs::create_dir_all(site.folder().join(folder)).expect("a directory");
        }
        for (path, bytes) in case.contents(&layout) {
            site.write(path, &bytes);
        }
        for (path, target) in &case.symlinks {
            let link = site.folder().join(path);
            std::fs::create_dir_all(link.parent().expect("a parent")).expect("a directory");
            std::os::unix::fs::symlink(layout.fill(target), link).expect("a link");
        }
        if let Some(text) = &case.openssl_conf {
            let path = site.root().join("run/openssl.cnf");
            std::fs::write(&path, layout.fill(text)).expect("a file of our own");
            site.environment.insert("OPENSSL_CONF".to_owned(), path.display().to_string());
        }
        for (name, value) in &case.env {
            if value.is_empty() {
                site.environment.remove(name);
            } else {
                site.environment.insert(name.clone(), layout.fill(value));
            }
        }
        for module in &case.modules {
            let files: &[&str] = match module.as_str() {
                "stream" => &["ngx_stream_module.so"],
                "mail" => &["ngx_mail_module.so"],
                "lua" => &["ndk_http_module.so", "ngx_http_lua_module.so"],
                other => panic!("{}: no module {other} is known", case.name),
            };
            site.modules.extend(files.iter().map(|f| Path::new(NGINX_MODULES).join(f).display().to_string()));
        }
        if let Some(main) = &case.main {
            site.main.clone_from(main);
        }
        site.options = case.args.iter().map(|a| layout.fill(a)).collect();
        site.global = case.global.as_deref().map(|g| layout.fill(g)).unwrap_or_default();
        site.defines.clone_from(&case.defines);
        site.most_files = case.nofile.unwrap_or(site.most_files);
        Staged { site, layout }
    }

    /// The client of an expectation.
    pub fn contact(&self, expected: &Expected) -> Contact {
        Contact {
            target: table::target(&self.layout.fill(&expected.listen)),
            sni: expected.sni.clone(),
            starttls: expected.starttls.clone(),
            groups: expected.groups.clone(),
        }
    }

    /// A server's message with the placeholders put back.
    pub fn with_placeholders(&self, message: &str) -> String {
        let mut text = message.to_owned();
        let (folder, certificates) = (&self.layout.folder, &self.layout.certificates);
        let (main, root) = match self.site.software {
            Software::Nginx => ("@CONFDIR@", "@PREFIX@"),
            Software::Apache => ("@ROOT@", "@PREFIX@"),
        };
        let modules = super::case::APACHE_MODULES;
        let kinds = [("rsa", "@", "@"), ("ec", "@EC", "@"), ("ed", "@ED", "@")];
        for (kind, open, close) in kinds {
            text = text.replace(&format!("{certificates}/{kind}.crt"), &format!("{open}CERT{close}"));
            text = text.replace(&format!("{certificates}/{kind}.key"), &format!("{open}KEY{close}"));
        }
        text.replace(folder, main).replace(&self.layout.prefix, root).replace(modules, "@MODULES@")
    }
}
