//! The server programs of a host: where they are and which version they are.

use super::binary;
use super::build::Build;
use super::facts::{Fact, Software, Tls13};
use super::libraries::Libraries;
use super::os_release::Distribution;
use super::packages::Packages;
use super::unit::Unit;
use super::words::unquoted;
use crate::openssl::{Library, SystemDefault};
use crate::release::Release;
use crate::system::{Kind, System};
use std::path::{Path, PathBuf};

/// A kind of server program.
pub(crate) struct Program {
    /// Its name for people.
    pub(crate) title: &'static str,
    /// Names of its systemd services.
    pub(crate) units: &'static [&'static str],
    /// Names of the program, as units start it.
    pub(crate) names: &'static [&'static str],
    /// Where it is, the usual place first.
    paths: &'static [&'static str],
    /// Where its TLS module is, if that is a file of its own.
    modules: &'static [&'static str],
    /// What stands before its version in its text.
    pub(crate) prefixes: &'static [&'static str],
    packages: &'static [&'static str],
}

/// nginx
pub(crate) const NGINX: Program = Program {
    title: "nginx",
    units: &["nginx", "openresty"],
    names: &["nginx", "openresty"],
    paths: &[
        "/usr/sbin/nginx",
        "/usr/local/sbin/nginx",
        "/usr/local/nginx/sbin/nginx",
        "/usr/local/openresty/nginx/sbin/nginx",
        "/usr/bin/nginx",
        "/opt/nginx/sbin/nginx",
    ],
    modules: &[],
    prefixes: &["nginx/", "openresty/"],
    packages: &["nginx", "nginx-core", "nginx-full", "nginx-light", "nginx-extras", "nginx-mainline"],
};

/// Apache httpd
pub(crate) const APACHE: Program = Program {
    title: "Apache httpd",
    units: &["apache2", "httpd", "apache24"],
    names: &["apache2", "httpd"],
    paths: &[
        "/usr/sbin/apache2",
        "/usr/sbin/httpd",
        "/usr/local/sbin/httpd",
        "/usr/local/apache2/bin/httpd",
        "/usr/bin/httpd",
        "/opt/apache2/bin/httpd",
    ],
    modules: &[
        "/usr/lib/apache2/modules/mod_ssl.so",
        "/usr/lib64/httpd/modules/mod_ssl.so",
        "/usr/lib/httpd/modules/mod_ssl.so",
        "/usr/local/apache2/modules/mod_ssl.so",
        "/usr/lib64/apache2/modules/mod_ssl.so",
        "/usr/lib64/apache2/mod_ssl.so",
        "/usr/lib/apache2/mod_ssl.so",
        "/usr/local/libexec/apache24/mod_ssl.so",
    ],
    prefixes: &["Apache/"],
    packages: &["apache2-bin", "apache2", "httpd"],
};

/// A program as it was found.
pub(crate) struct Found {
    pub(crate) software: Software,
    /// The openssl.cnf that its library reads unless its environment names another.
    pub(crate) configuration: Option<PathBuf>,
    /// Is the TLS library built into the program, from its source?
    pub(crate) own_library: bool,
}

impl Program {
    /// Is that the name of one of its programs? Builds for debugging, workers of one kind and replaced ones have longer
    /// names: `nginx-debug`, `httpd.worker`, `nginx.old`.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let longer = |rest: &str| rest.is_empty() || rest.starts_with(['-', '.']);
        self.names.iter().any(|own| name.strip_prefix(own).is_some_and(longer))
    }

    /// The unit that starts the program.
    pub(crate) fn unit(&self, system: &dyn System) -> Option<Unit> {
        self.units.iter().find_map(|name| Unit::read(system, name))
    }

    /// Where the program may be: first the one that its unit starts, last those that brought a whole tree of their own.
    fn candidates(&self, system: &dyn System, unit: Option<&Unit>) -> Vec<PathBuf> {
        let started = unit.and_then(|u| u.exec_start.as_deref()).and_then(|command| {
            let word = unquoted(command.split_ascii_whitespace().next()?.trim_start_matches(['-', '@', ':', '+', '!']));
            let path = PathBuf::from(word);
            let name = path.file_name()?.to_str()?.to_owned();
            (path.is_absolute() && self.names.contains(&name.as_str())).then_some(path)
        });
        let bundled = if self.title == APACHE.title { bundled(system, &IN_HTTPD) } else { bundled(system, &IN_NGINX) };
        started.into_iter().chain(self.paths.iter().map(PathBuf::from)).chain(bundled).collect()
    }

    /// The path of the installed program.
    pub(crate) fn path(&self, system: &dyn System, unit: Option<&Unit>) -> Option<PathBuf> {
        self.candidates(system, unit).into_iter().find(|path| system.kind(path).is_ok_and(|k| k == Kind::File))
    }

    /// Finds the program, its version and its TLS library.
    pub(crate) fn find(&self, system: &dyn System, unit: Option<&Unit>, libraries: &mut Libraries<'_>) -> Found {
        for path in self.candidates(system, unit) {
            let Ok(file) = system.read(&path) else { continue };
            let Some(release) = self.prefixes.iter().find_map(|p| binary::release_after(&file, p)) else { continue };
            // A build of one's own has its own modules, mostly beside it.
            let local = |path: &Path| path.starts_with("/usr/local") || path.starts_with("/opt");
            let beside = prefix(&path).filter(|_| local(&path)).map(|prefix| prefix.join("modules/mod_ssl.so"));
            let modules = self.modules.iter().map(Path::new).filter(|m| local(m) == local(&path));
            let modules = beside.as_deref().into_iter().filter(|_| self.title == APACHE.title).chain(modules);
            let module = modules.into_iter().find_map(|m| Some((m.to_owned(), system.read(m).ok()?)));
            let (user, user_file) = module.unwrap_or_else(|| (path.clone(), file.clone()));
            let (library, configuration) = libraries.of_program(&user, &user_file);
            let release = Fact::known(release, path.display().to_string());
            let build = self.build(&file, &path);
            let own_library = library.source == path.display().to_string() && binary::has(&file, "--with-openssl=");
            let headers = self.headers(&file);
            let software = Software { release, build, library, tls1_3: self.tls1_3_of(&user_file), headers };
            return Found { software, configuration, own_library };
        }
        let (library, configuration) = libraries.of_host();
        let release = self.packaged(libraries.packages());
        let build = Fact::unknown(format!("no program of {} was found", self.title));
        let tls1_3 = self.tls1_3_of_package(&release, &library, libraries.distribution());
        Found {
            software: Software { release, build, library, tls1_3, headers: None },
            configuration,
            own_library: false,
        }
    }

    /// How the program says that it was built.
    pub(crate) fn build(&self, file: &[u8], path: &Path) -> Fact<Build> {
        let build = match self.title {
            "nginx" => binary::configure_arguments(file).map(|arguments| Build::of_nginx(&arguments)),
            _ => Build::of_apache(file),
        };
        match build {
            Some(build) => Fact::known(build, path.display().to_string()),
            None => Fact::unknown(format!("{} does not say how it was built", path.display())),
        }
    }

    /// The OpenSSL that nginx was compiled for: it has the name in it, for `nginx -V`.
    fn headers(&self, file: &[u8]) -> Option<Release> {
        match binary::maker(file).filter(|_| self.title == NGINX.title)? {
            binary::Maker::OpenSsl(release) => Some(release),
            binary::Maker::Other(_) => None,
        }
    }

    /// Whether `mod_ssl` knows the word says more than its version.
    fn tls1_3_of(&self, module: &[u8]) -> Tls13 {
        let is_there = self.title == APACHE.title && binary::has(module, "TLSv1.3");
        if is_there { Tls13::There } else { Tls13::ByVersion }
    }

    /// A package's version is not upstream's: Ubuntu 18.04 has TLSv1.3 in its httpd 2.4.29.
    fn tls1_3_of_package(&self, release: &Fact<Release>, library: &Library, distribution: &Distribution) -> Tls13 {
        let (Some(found), Some(openssl)) = (release.value, library.release) else { return Tls13::ByVersion };
        let could = self.title == APACHE.title && openssl >= Release::new(1, 1, 1);
        if !could || found >= Release::new(2, 4, 36) {
            Tls13::ByVersion
        } else if distribution.is("ubuntu") && found == Release::new(2, 4, 29) {
            Tls13::There
        } else {
            Tls13::Unknown
        }
    }

    fn packaged(&self, packages: &Packages) -> Fact<Release> {
        match packages.first(self.packages) {
            Some(package) => Fact::known(package.release, package.source.clone()),
            None => Fact::unknown(format!("no program or package of {} was found", self.title)),
        }
    }
}

/// Where trees below /opt have httpd: XAMPP (`/opt/lampp/bin/httpd`), Bitnami (`/opt/bitnami/apache/bin/httpd`) and the like.
const IN_HTTPD: [&str; 3] = ["bin/httpd", "apache/bin/httpd", "apache2/bin/httpd"];
/// The same of nginx: `/opt/bitnami/nginx/sbin/nginx`, `/opt/openresty/nginx/sbin/nginx`.
const IN_NGINX: [&str; 2] = ["sbin/nginx", "nginx/sbin/nginx"];

/// The programs of trees below /opt, at one of these places.
fn bundled(system: &dyn System, places: &[&str]) -> Vec<PathBuf> {
    let opt = Path::new("/opt");
    let names = system.list(opt).unwrap_or_default().into_iter().map(|entry| opt.join(entry.name));
    let programs = names.flat_map(|folder| places.iter().map(move |place| folder.join(place)));
    programs.filter(|path| system.kind(path).is_ok()).collect()
}

/// Where a tree with a program begins: `/opt/lampp` of `/opt/lampp/bin/httpd`.
pub(crate) fn prefix(program: &Path) -> Option<&Path> {
    program.parent().filter(|bin| bin.ends_with("bin") || bin.ends_with("sbin"))?.parent()
}

/// Reads the openssl.cnf of a service into its library.
///
/// `named` is `OPENSSL_CONF` of its environment; an empty one means no file.
pub(crate) fn read_configuration(
    system: &dyn System,
    library: &mut Library,
    named: Option<&str>,
    usual: Option<&Path>,
    vendor_sections: &[&str],
) -> Vec<String> {
    let guesses = ["/usr/lib/ssl", "/etc/pki/tls", "/etc/ssl", "/usr/local/ssl", "/usr/local/etc/ssl"];
    let path = match (named, usual) {
        (Some(""), _) => return Vec::new(),
        (Some(named), _) => Some(PathBuf::from(named)),
        (None, Some(usual)) => Some(usual.to_owned()),
        (None, None) => {
            let mut paths = guesses.iter().map(|folder| Path::new(folder).join("openssl.cnf"));
            paths.find(|path| system.kind(path).is_ok())
        }
    };
    let Some(path) = path else { return Vec::new() };
    let (found, problems) = SystemDefault::read(system, &path, vendor_sections);
    let profile = library.system.profile.take();
    library.system = SystemDefault { profile, ..found };
    problems
}
