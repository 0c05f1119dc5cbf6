//! What the programs of a host say of themselves: `nginx -V`, `httpd -V`, `openssl version -a`.
//!
//! Asked only for what the files left unknown. What they say is read as text; nothing is taken from how they exit.

use super::binary::{self, Maker};
use super::facts::{Fact, Facts, Software};
use super::libraries::{NOT_JUDGED, default_level, patched};
use super::live::Programs;
use super::os_release::Distribution;
use super::product::{Product, Products};
use crate::openssl::{Library, Search};
use crate::system::System;
use std::path::Path;

/// Where `openssl` may be.
const OPENSSL: [&str; 2] = ["/usr/bin/openssl", "/usr/local/bin/openssl"];

/// Asks for what is not known yet.
pub(crate) fn ask(
    system: &dyn System,
    facts: &mut Facts,
    programs: &dyn Programs,
    distribution: &Distribution,
    products: Products<'_>,
) {
    for product in products {
        ask_program(*product, system, facts.of_mut(product.id()), programs, distribution);
    }
    ask_openssl(system, facts, programs, distribution);
}

fn ask_program(
    product: &dyn Product,
    system: &dyn System,
    software: &mut Software,
    programs: &dyn Programs,
    distribution: &Distribution,
) {
    let (spec, library) = (product.program(), &software.library);
    let wants_library = spec.says_library && library.release.is_none() && library.search != Search::Foreign;
    if software.release.value.is_some() && software.build.value.is_some() && !wants_library {
        return;
    }
    let Some(path) = spec.path(system, spec.unit(system).as_ref()) else { return };
    let Some(text) = programs.says(&path, spec.question) else { return };
    let (source, said) = (format!("{} -V", path.display()), product.said(&text));
    if software.release.value.is_none()
        && let Some(release) = spec.release(text.as_bytes())
    {
        software.release = Fact::known(release, source.clone());
    }
    if software.build.value.is_none()
        && let Some(build) = said.build
    {
        software.build = Fact::known(build, source.clone());
    }
    software.headers = software.headers.or(said.headers);
    if wants_library {
        set_library(&mut software.library, said.library, &source, distribution);
    }
}

/// What `openssl` says of the library, for those whose own was not found.
fn ask_openssl(system: &dyn System, facts: &mut Facts, programs: &dyn Programs, distribution: &Distribution) {
    let missing = |library: &Library| library.search == Search::Nothing;
    if !facts.software.values().any(|software| missing(&software.library)) {
        return;
    }
    let there = OPENSSL.iter().map(Path::new).find(|path| system.kind(path).is_ok());
    let Some((path, text)) = there.and_then(|path| Some((path, programs.says(path, &["version", "-a"])?))) else {
        return;
    };
    let source = format!("{} version -a", path.display());
    // The library that is loaded now is named behind the version of the program.
    let said = text.split_once("Library: ").map_or(text.as_str(), |(_, rest)| rest);
    for library in facts.software.values_mut().map(|software| &mut software.library) {
        if missing(library) {
            set_library(library, said, &source, distribution);
            if let Some(level) = binary::compiled_level(text.as_bytes()).filter(|_| library.release.is_some()) {
                library.level = Some(level);
                library.level_source.clone_from(&source);
            }
        }
    }
}

fn set_library(library: &mut Library, said: &str, source: &str, distribution: &Distribution) {
    match binary::find_maker(said.as_bytes()) {
        Some(Maker::OpenSsl(release)) => {
            library.release = Some(release);
            library.search = Search::Done;
            source.clone_into(&mut library.source);
            (library.level, library.level_source) = default_level(release, distribution);
            library.patched = patched(release, library.level, distribution);
        }
        Some(Maker::Other(name)) => {
            library.source = format!("{source} says {name}, {NOT_JUDGED}");
            library.search = Search::Foreign;
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Release;
    use crate::services::{self, apache, nginx};
    use crate::system::MemorySystem;

    /// Programs that say these texts.
    struct SelfDescription<'a>(&'a [(&'a str, &'a str)]);

    impl Programs for SelfDescription<'_> {
        fn says(&self, path: &Path, _: &[&str]) -> Option<String> {
            self.0.iter().find(|(program, _)| Path::new(program) == path).map(|(_, text)| (*text).to_owned())
        }
    }

    const NGINX_SAYS: &str = "nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.22 25 Aug 2026 (running with OpenSSL \
        3.0.19 27 Jan 2026)\nTLS SNI support enabled\nconfigure arguments: --with-cc-opt='-g -O2' \
        --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf\n";
    const APACHE_SAYS: &str = "apache2: Syntax error on line 80 of /etc/apache2/apache2.conf: x\n\
        Server version: Apache/2.4.71 (Debian)\nServer built:   2026-11-12T08:58:41\n -D HTTPD_ROOT=\"/etc/apache2\"\n \
        -D SERVER_CONFIG_FILE=\"apache2.conf\"\n";
    const OPENSSL_SAYS: &str = "OpenSSL 3.0.17 1 Jul 2025 (Library: OpenSSL 3.0.19 27 Jan 2026)\n\
        compiler: gcc -fPIC -DOPENSSL_TLS_SECURITY_LEVEL=2 -g\nOPENSSLDIR: \"/usr/lib/ssl\"\n";

    fn asked(said: &[(&str, &str)]) -> Facts {
        let system = MemorySystem::with_files([
            ("/usr/sbin/nginx", "#!/bin/sh\n"),
            ("/usr/sbin/apache2", "#!/bin/sh\n"),
            ("/usr/bin/openssl", "#!/bin/sh\n"),
        ]);
        let mut facts = Facts::unknown();
        facts.of_mut(nginx::ID).library.search = Search::Nothing;
        facts.of_mut(apache::ID).library.search = Search::Nothing;
        ask(&system, &mut facts, &SelfDescription(said), &Distribution::default(), &services::products());
        facts
    }

    #[test]
    fn all_that_programs_say() {
        let facts = asked(&[
            ("/usr/sbin/nginx", NGINX_SAYS),
            ("/usr/sbin/apache2", APACHE_SAYS),
            ("/usr/bin/openssl", OPENSSL_SAYS),
        ]);
        assert_eq!(facts.of(nginx::ID).release, Fact::known(Release::new(1, 22, 1), "/usr/sbin/nginx -V"));
        assert_eq!(facts.of(nginx::ID).library.release, Some(Release::new(3, 0, 19)), "what it runs with");
        assert_eq!(facts.of(nginx::ID).headers, Some(Release::new(3, 0, 22)), "what it was built with");
        assert_eq!(facts.of(nginx::ID).library.source, "/usr/sbin/nginx -V");
        let build = facts.of(nginx::ID).build.value.clone().expect("it says");
        assert_eq!(build.options[0], "--with-cc-opt=-g -O2");
        assert_eq!(build.usual_main(), Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(facts.of(apache::ID).release, Fact::known(Release::new(2, 4, 71), "/usr/sbin/apache2 -V"));
        assert_eq!(
            facts.of(apache::ID).build.value.clone().map(|b| b.usual_main()),
            Some("/etc/apache2/apache2.conf".into())
        );
        let library = &facts.of(apache::ID).library;
        assert_eq!((library.release, library.level), (Some(Release::new(3, 0, 19)), Some(2)));
        assert_eq!(library.level_source, "/usr/bin/openssl version -a");
    }

    #[test]
    fn other_libraries_and_silence() {
        let libre = "nginx version: nginx/1.25.3\nbuilt with LibreSSL 3.8.2\n";
        let facts = asked(&[("/usr/sbin/nginx", libre)]);
        assert_eq!(facts.of(nginx::ID).library.release, None);
        assert_eq!(facts.of(nginx::ID).library.source, "/usr/sbin/nginx -V says LibreSSL 3.8.2, which is not judged");
        assert_eq!(facts.of(apache::ID).release.value, None);
        assert_eq!(facts.of(apache::ID).library.search, Search::Nothing);
    }
}
