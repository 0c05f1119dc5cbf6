//! Puts together what is known of a host: what the user says beats what programs say, and that beats packages.

use super::facts::{Fact, Facts, Obstacle, Software, Tls13};
use super::given::{Assumption, Given};
use super::libraries::{Libraries, default_level, patched};
use super::live::ThisMachine;
use super::os_release::{self, Distribution};
use super::product::{Product, Products};
use super::programs::{Found, configuration, find};
use super::{ask, hosts_file, main_files, managed, running, started};
use crate::instance::ServiceId;
use crate::openssl::SystemDefault;
use crate::openssl::cnf::{Circumstances, Environment, Reading, Side};
use crate::release::Release;
use crate::system::System;
use std::path::{Path, PathBuf};

/// Red Hat's crypto policy for OpenSSL: what `PROFILE=SYSTEM` stands for.
const CRYPTO_POLICY: &str = "/etc/crypto-policies/back-ends/openssl.config";

/// Gathers the facts about a host. Never fails: what can't be read is unknown. Nothing is run unless `given.exec`, and
/// then only where files leave something unknown.
pub fn gather(system: &dyn System, given: &Given, products: Products<'_>) -> Facts {
    let assumed = given.assume.iter().find_map(|a| match a {
        Assumption::Distribution(id) => Some(os_release::named(id)),
        _ => None,
    });
    let distribution = match assumed {
        Some(distribution) => distribution,
        None if given.look => os_release::read(system),
        None => Distribution::default(),
    };
    let (mut facts, configurations) = match given.look {
        true => look(system, &distribution, given, products),
        false => (Facts::unknown(), Vec::new()),
    };
    facts.distribution.clone_from(&distribution.ids);
    if !distribution.source.is_empty() {
        facts.distribution_source.clone_from(&distribution.source);
    }
    if facts.is_red_hat() {
        facts.package_files.extend(products.iter().flat_map(|product| managed::rpm_files(product.program())));
    }
    for product in products {
        let software = facts.of_mut(product.id());
        software.environment.extend(given.env.clone());
        if !given.defines.is_empty() && product.program().options.defines.is_some() {
            let (mut names, source) = match software.defines.value.take() {
                Some(names) => (names, format!("--define, {}", software.defines.source)),
                None => (Vec::new(), "--define".to_owned()),
            };
            names.extend(given.defines.iter().cloned());
            software.defines = Fact::known(names, source);
        }
    }
    for line in facts.main_files.iter_mut().filter_map(|file| file.command_line.as_mut()) {
        line.defines.extend(given.defines.iter().cloned());
    }
    // A level that is given counts whatever library is.
    let is_level = |assumption: &&Assumption| matches!(assumption, Assumption::SecurityLevel(_));
    let others = given.assume.iter().filter(|assumption| !is_level(assumption));
    for assumption in others.chain(given.assume.iter().filter(is_level)) {
        assume(&mut facts, assumption, &distribution);
    }
    let has_profiles = distribution.has_crypto_policies();
    for software in facts.software.values_mut() {
        software.library.has_profiles = has_profiles;
        // A crypto policy is a part of the system's settings, which contexts take since 1.1.1.
        if software.library.release.is_some_and(|release| release < Release::new(1, 1, 1)) {
            software.library.system = SystemDefault::default();
        }
    }
    for configuration in &configurations {
        configuration.read(system, &mut facts);
    }
    facts.problems.sort();
    facts.problems.dedup();
    facts
}

/// An openssl.cnf that a service reads. What it means depends on the library's version, which may be assumed.
struct Configuration {
    service: ServiceId,
    path: PathBuf,
    /// What the service asks for in it.
    names: Vec<&'static str>,
}

impl Configuration {
    fn read(&self, system: &dyn System, facts: &mut Facts) {
        let software = facts.of_mut(self.service);
        let Software { library, environment, .. } = software;
        let folder = PathBuf::from(&library.source);
        let circumstances = Circumstances {
            release: library.release,
            names: &self.names,
            environment: Environment::Part(environment),
            folder: None,
            side: Side::Any,
            modules: folder.parent().filter(|folder| folder.is_absolute()),
            is_red_hat: library.has_profiles,
        };
        let reading = Reading::of(system, &self.path, &circumstances);
        let problems = reading.problems();
        library.system = SystemDefault { profile: library.system.profile.take(), ..reading.default };
        facts.problems.extend(problems.into_iter().map(|what| Obstacle::of(self.service, what)));
    }
}

/// What the host's files say.
fn look(
    system: &dyn System,
    distribution: &Distribution,
    given: &Given,
    products: Products<'_>,
) -> (Facts, Vec<Configuration>) {
    let mut configurations = Vec::new();
    let mut libraries = Libraries::new(system, distribution);
    let mut facts = Facts { hosts: hosts_file::read(system), sees_host: true, ..Facts::unknown() };
    let status = system.read(Path::new("/var/lib/dpkg/status")).unwrap_or_default();
    facts.package_files = managed::package_files(&String::from_utf8_lossy(&status), products);
    // Where the host is of the Red Hat family its OpenSSL knows the profile.
    facts.distribution.clone_from(&distribution.ids);
    let policy = system.read(Path::new(CRYPTO_POLICY)).ok().filter(|_| facts.is_red_hat());
    let policy = policy.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    for product in products {
        let (software, configuration) = software(*product, system, given, policy.as_ref(), &mut libraries);
        facts.software.insert(product.id(), software);
        configurations.extend(configuration);
    }
    if given.processes {
        let running = running::by_processes(system, products);
        facts.starts = running.starts;
        facts.problems.extend(running.left_out.into_iter().map(|what| Obstacle { service: None, what }));
    }
    let units = started::by_units(system, products);
    for product in products {
        if units.iter().all(|start| start.service != product.id()) {
            facts.starts.extend(started::by_settings(system, *product));
        }
    }
    facts.starts.extend(units);
    if given.exec {
        ask::ask(system, &mut facts, &ThisMachine, distribution, products);
    }
    main_files::add(system, &mut facts, products);
    (facts, configurations)
}

/// What the files say of one piece of software, and which openssl.cnf it reads.
fn software(
    product: &dyn Product,
    system: &dyn System,
    given: &Given,
    policy: Option<&String>,
    libraries: &mut Libraries<'_>,
) -> (Software, Option<Configuration>) {
    let unit = product.program().unit(system);
    let start = product.start_facts(system, unit.as_ref());
    let conf = given.env.get("OPENSSL_CONF").cloned().or(start.openssl_conf);
    let Found { mut software, configuration: usual, own_library } = find(product, system, unit.as_ref(), libraries);
    (software.defines, software.environment) = (start.defines, start.environment);
    software.library.system.profile = policy.cloned();
    // What the user says counts here too.
    let assumed = given.assume.iter().find_map(|assumption| match assumption {
        Assumption::Program(service, release) if *service == product.id() => Some(*release),
        _ => None,
    });
    let sections = product.openssl_sections(assumed.or(software.release.value));
    // A program that names its section and has an OpenSSL of its own reads a file only if OPENSSL_CONF names it.
    let reads = !own_library || conf.is_some() || sections.is_empty();
    let path = if reads { configuration(system, conf.as_deref(), usual) } else { None };
    let names = sections.iter().copied().chain(["openssl_conf"]).collect();
    (software, path.map(|path| Configuration { service: product.id(), path, names }))
}

/// Puts an assumption in the place of what was found.
fn assume(facts: &mut Facts, assumption: &Assumption, distribution: &Distribution) {
    let source = "--assume";
    let on_libraries = |facts: &mut Facts, change: &dyn Fn(&mut Software)| {
        facts.software.values_mut().for_each(change);
    };
    match assumption {
        Assumption::Program(service, release) => {
            let software = facts.of_mut(*service);
            software.release = Fact::known(*release, source);
            (software.headers, software.tls1_3) = (None, Tls13::ByVersion);
        }
        Assumption::OpenSsl(release) => on_libraries(facts, &|software| {
            let library = &mut software.library;
            if library.release != Some(*release) {
                (library.level, library.level_source) = default_level(*release, distribution);
            }
            library.release = Some(*release);
            source.clone_into(&mut library.source);
            library.patched = patched(*release, library.level, distribution);
        }),
        Assumption::SecurityLevel(level) => on_libraries(facts, &|software| {
            let library = &mut software.library;
            library.level = Some(*level);
            library.level_source = format!("{source} openssl-seclevel={level}");
            if let Some(release) = library.release {
                library.patched = patched(release, library.level, distribution);
            }
        }),
        Assumption::Distribution(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::elf::tests::sample;
    use crate::services::{self, apache, nginx};
    use crate::system::MemorySystem;
    use crate::tls::Version;

    fn gather(system: &dyn System, given: &Given) -> Facts {
        super::gather(system, given, &services::products())
    }

    const MULTIARCH: &str = "/usr/lib/x86_64-linux-gnu";

    /// A Debian 12 with nginx and Apache.
    fn debian() -> MemorySystem {
        let crypto =
            b"OpenSSL 3.0.19 27 Jan 2026\0OPENSSLDIR: \"/usr/lib/ssl\"\0compiler: gcc -DOPENSSL_TLS_SECURITY_LEVEL=2\0";
        let mut system = MemorySystem::with_files([
            (
                "/usr/sbin/nginx",
                sample(&["libssl.so.3", "libcrypto.so.3"], b"\0nginx/1.22.1\0OpenSSL 3.0.22 25 Aug 2026\0"),
            ),
            ("/usr/sbin/apache2", sample(&["libc.so.6"], b"\0Apache/2.4\0Apache/2.4.71 (Debian)\0")),
            ("/usr/lib/apache2/modules/mod_ssl.so", sample(&["libssl.so.3"], b"")),
            ("/usr/lib/x86_64-linux-gnu/libcrypto.so.3", sample(&[], crypto)),
        ]);
        system.add_file("/etc/os-release", "ID=debian\n");
        system.add_file("/etc/apache2/envvars", "export APACHE_RUN_DIR=/run/apache2\n");
        system.add_file(
            "/etc/ssl/openssl.cnf",
            "openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nMaxProtocol=TLSv1.2\n",
        );
        system.add_link("/usr/lib/ssl/openssl.cnf", "/etc/ssl/openssl.cnf");
        system
    }

    fn release(text: &str) -> Option<Release> {
        Release::parse(text)
    }

    #[test]
    fn programs_and_the_libraries_that_they_load() {
        let facts = gather(&debian(), &Given::default());
        assert_eq!(facts.of(nginx::ID).release, Fact::known(Release::new(1, 22, 1), "/usr/sbin/nginx"));
        assert_eq!(facts.of(apache::ID).release, Fact::known(Release::new(2, 4, 71), "/usr/sbin/apache2"));
        for library in [&facts.of(nginx::ID).library, &facts.of(apache::ID).library] {
            assert_eq!(library.release, release("3.0.19"));
            assert_eq!(library.source, format!("{MULTIARCH}/libcrypto.so.3"));
            assert_eq!(library.level, Some(2));
            assert_eq!(library.level_source, format!("compiled into {MULTIARCH}/libcrypto.so.3"));
            assert_eq!(library.system.max, Some(Version::Tls1_2));
        }
        assert_eq!(facts.distribution, ["debian"]);
        assert_eq!(facts.of(apache::ID).defines.value, Some(Vec::new()));
        assert_eq!(facts.of(apache::ID).environment.len(), 1);
        assert_eq!(facts.problems, []);
    }

    #[test]
    fn assumptions_and_what_is_given_win() {
        let assume = ["openssl=1.1.1f", "nginx=1.18.0", "distribution=ubuntu"];
        let given = Given {
            assume: assume
                .iter()
                .map(|a| Assumption::parse(a, &services::products()).expect("an assumption"))
                .collect(),
            defines: vec!["SSL".to_owned()],
            env: [("OPENSSL_CONF".to_owned(), String::new())].into(),
            ..Given::default()
        };
        let facts = gather(&debian(), &given);
        assert_eq!(facts.of(nginx::ID).release, Fact::known(Release::new(1, 18, 0), "--assume"));
        assert_eq!(facts.of(apache::ID).release.source, "/usr/sbin/apache2");
        let library = &facts.of(apache::ID).library;
        assert_eq!((library.release, library.level, library.patched), (release("1.1.1f"), Some(2), Some(2)));
        assert_eq!(library.level_source, "what ubuntu compiles in");
        assert_eq!(library.system.max, None);
        assert_eq!(facts.distribution, ["ubuntu", "debian"]);
        assert_eq!(facts.of(apache::ID).defines, Fact::known(vec!["SSL".to_owned()], "--define, /etc/apache2/envvars"));
        assert_eq!(facts.of(apache::ID).environment.len(), 2);

        let order = ["openssl-seclevel=0", "openssl=1.1.1f"];
        let assume =
            order.iter().map(|a| Assumption::parse(a, &services::products()).expect("an assumption")).collect();
        let facts = gather(&debian(), &Given { assume, ..Given::default() });
        let library = &facts.of(nginx::ID).library;
        assert_eq!((library.level, library.level_source.as_str()), (Some(0), "--assume openssl-seclevel=0"));
    }

    #[test]
    fn an_assumed_version_decides_which_section_of_openssl_cnf_counts() {
        let mut system = debian();
        let text = "openssl_conf=a\nnginx=x\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nMaxProtocol=TLSv1.2\n\
                    [x]\nssl_conf=y\n[y]\nsystem_default=z\n[z]\nMaxProtocol=TLSv1.1\n";
        system.add_file("/etc/ssl/openssl.cnf", text);
        let max = |assume: &[&str]| {
            let assume =
                assume.iter().map(|a| Assumption::parse(a, &services::products()).expect("an assumption")).collect();
            gather(&system, &Given { assume, ..Given::default() }).of(nginx::ID).library.system.max
        };
        assert_eq!(max(&[]), Some(Version::Tls1_2));
        assert_eq!(max(&["nginx=1.31.4"]), Some(Version::Tls1_1));
    }

    #[test]
    fn a_repository_is_not_looked_at() {
        let given = Given { look: false, ..Given::default() };
        let mut nothing = Facts::unknown();
        for service in [nginx::ID, apache::ID] {
            nothing.of_mut(service);
        }
        assert_eq!(gather(&debian(), &given), nothing);
    }

    #[test]
    fn packages_where_there_are_no_programs() {
        let mut system = MemorySystem::default();
        system.add_file("/etc/os-release", "ID=ubuntu\nID_LIKE=debian\n");
        let package = |name: &str, version: &str| {
            format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
        };
        let status = package("nginx-core", "1.18.0-0ubuntu1.7") + &package("libssl1.1", "1.1.1f-1ubuntu2.24");
        system.add_file("/var/lib/dpkg/status", status);
        let facts = gather(&system, &Given::default());
        assert_eq!(facts.of(nginx::ID).release.value, Some(Release::new(1, 18, 0)));
        assert_eq!(facts.of(apache::ID).release, Fact::unknown("no program or package of Apache httpd was found"));
        assert_eq!(facts.of(nginx::ID).library.release, release("1.1.1f"));
        assert_eq!((facts.of(nginx::ID).library.level, facts.of(nginx::ID).library.patched), (Some(2), Some(2)));
        assert_eq!(facts.of(apache::ID).defines.value, None);
    }

    #[test]
    fn other_libraries_and_built_in_ones() {
        let mut system = MemorySystem::default();
        system.add_file("/usr/sbin/nginx", sample(&[], b"\0nginx/1.25.3\0OpenSSL 1.1.1 (compatible; BoringSSL)\0"));
        let facts = gather(&system, &Given::default());
        assert_eq!(facts.of(nginx::ID).library.release, None);
        assert_eq!(facts.of(nginx::ID).library.source, "/usr/sbin/nginx is BoringSSL, which is not judged");
        let text = b"\0nginx/1.25.3\0--with-openssl=../openssl-3.1.4\0OpenSSL 3.1.4 24 Oct 2023\0";
        system.add_file("/usr/sbin/nginx", sample(&[], text));
        system.add_file("/etc/ssl/openssl.cnf", "broken\n");
        let facts = gather(&system, &Given::default());
        assert_eq!(facts.of(nginx::ID).library.release, release("3.1.4"));
        assert_eq!(
            (facts.of(nginx::ID).library.level, facts.of(nginx::ID).library.level_source.as_str()),
            (Some(1), "the default of OpenSSL 3.1")
        );
        let broken = Obstacle::of(
            apache::ID,
            "/etc/ssl/openssl.cnf:1: an equal sign is missing; OpenSSL gives up the whole file",
        );
        assert_eq!(facts.problems, [broken]);
        system.add_file("/usr/sbin/nginx", sample(&["libssl.so.3"], b"\0nginx/1.25.3\0"));
        let source = gather(&system, &Given::default()).of(nginx::ID).library.source.clone();
        assert_eq!(source, "libcrypto.so.3, which /usr/sbin/nginx loads, was not found");
    }

    #[test]
    fn red_hats_policy() {
        let mut system = MemorySystem::default();
        system.add_file("/etc/os-release", "ID=\"rhel\"\nID_LIKE=\"fedora\"\n");
        system.add_file(CRYPTO_POLICY, "@SECLEVEL=2:kEECDH:kRSA:!aNULL\n");
        system.add_file(
            "/usr/lib64/libcrypto.so.3",
            sample(&[], b"OpenSSL 3.0.7 1 Nov 2022\0OPENSSLDIR: \"/etc/pki/tls\"\0"),
        );
        system.add_file(
            "/etc/pki/tls/openssl.cnf",
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n.include = /etc/crypto-policies/back-ends/opensslcnf.config\n",
        );
        system.add_file("/etc/crypto-policies/back-ends/opensslcnf.config", "TLS.MinProtocol = TLSv1.2\n");
        let facts = gather(&system, &Given::default());
        let library = &facts.of(apache::ID).library;
        assert_eq!(library.system.min, Some(Version::Tls1_2));
        assert_eq!(library.security_level(Some("PROFILE=SYSTEM")), Some(2));
        assert_eq!(library.security_level(Some("HIGH")), Some(2));
        // Also where no file is read, an older library takes nothing of the policy.
        let given = |release| Given {
            env: [("OPENSSL_CONF".to_owned(), String::new())].into(),
            assume: vec![Assumption::OpenSsl(release)],
            ..Given::default()
        };
        let profile = |release| gather(&system, &given(release)).of(apache::ID).library.system.profile.is_some();
        assert!(profile(Release::new(3, 0, 7)));
        assert!(!profile(Release::new(1, 1, 0)));
    }
}
