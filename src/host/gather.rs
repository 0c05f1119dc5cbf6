//! Puts together what is known of a host: what the user says beats what programs say, and that beats packages.

use super::facts::{Fact, Facts, Software, Tls13};
use super::given::{Assumption, Given};
use super::libraries::{Libraries, default_level, patched};
use super::live::ThisMachine;
use super::os_release::{self, Distribution};
use super::programs::{APACHE, NGINX, Program, read_configuration};
use super::unit::Unit;
use super::{ask, command_line, hosts_file, main_files, managed, running, started};
use crate::instance::ServiceId;
use crate::openssl::SystemDefault;
use crate::release::Release;
use crate::system::System;
use std::path::Path;

/// Red Hat's crypto policy for OpenSSL: what `PROFILE=SYSTEM` stands for.
const CRYPTO_POLICY: &str = "/etc/crypto-policies/back-ends/openssl.config";

/// Gathers the facts about a host. Never fails: what can't be read is unknown. Nothing is run unless `given.exec`, and
/// then only where files leave something unknown.
pub fn gather(system: &dyn System, given: &Given) -> Facts {
    let assumed = given.assume.iter().find_map(|a| match a {
        Assumption::Distribution(id) => Some(os_release::named(id)),
        _ => None,
    });
    let distribution = match assumed {
        Some(distribution) => distribution,
        None if given.look => os_release::read(system),
        None => Distribution::default(),
    };
    let mut facts = if given.look { look(system, &distribution, given) } else { Facts::unknown() };
    facts.distribution.clone_from(&distribution.ids);
    if !distribution.source.is_empty() {
        facts.distribution_source.clone_from(&distribution.source);
    }
    for (name, value) in &given.env {
        facts.environment.insert(name.clone(), value.clone());
    }
    if !given.defines.is_empty() {
        let (mut names, source) = match facts.defines.value.take() {
            Some(names) => (names, format!("--define, {}", facts.defines.source)),
            None => (Vec::new(), "--define".to_owned()),
        };
        names.extend(given.defines.iter().cloned());
        facts.defines = Fact::known(names, source);
        for line in facts.main_files.iter_mut().filter_map(|file| file.command_line.as_mut()) {
            line.defines.extend(given.defines.iter().cloned());
        }
    }
    for assumption in &given.assume {
        assume(&mut facts, assumption, &distribution);
    }
    let has_profiles = distribution.has_crypto_policies();
    for library in [&mut facts.nginx.library, &mut facts.apache.library] {
        library.has_profiles = has_profiles;
        // Contexts take the system's settings since 1.1.1.
        if library.release.is_some_and(|release| release < Release::new(1, 1, 1)) {
            library.system = SystemDefault::default();
        }
    }
    facts
}

/// What the host's files say.
fn look(system: &dyn System, distribution: &Distribution, given: &Given) -> Facts {
    let mut libraries = Libraries::new(system, distribution);
    let apache_unit = APACHE.unit(system);
    let command_line = command_line::read(system, apache_unit.as_ref());
    let nginx_unit = NGINX.unit(system);
    let mut facts = Facts {
        defines: command_line.defines,
        environment: command_line.environment,
        hosts: hosts_file::read(system),
        sees_host: true,
        ..Facts::unknown()
    };
    let status = system.read(Path::new("/var/lib/dpkg/status")).unwrap_or_default();
    facts.package_files = managed::package_files(&String::from_utf8_lossy(&status));
    // Where the host is of the Red Hat family its OpenSSL knows the profile.
    facts.distribution.clone_from(&distribution.ids);
    let policy = system.read(Path::new(CRYPTO_POLICY)).ok().filter(|_| facts.is_red_hat());
    let policy = policy.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());

    let named = "OPENSSL_CONF";
    let of_apache = given.env.get(named).or_else(|| facts.environment.get(named)).cloned();
    let in_unit = || nginx_unit.as_ref()?.shell(system).get(named).map(str::to_owned);
    let of_nginx = given.env.get(named).cloned().or_else(in_unit);
    let mut find = |program: &Program, unit: Option<&Unit>, conf: Option<&str>| {
        let mut found = program.find(system, unit, &mut libraries);
        found.software.library.system.profile.clone_from(&policy);
        // What the user says counts here too.
        let assumed = given.assume.iter().find_map(|assumption| match assumption {
            Assumption::Nginx(release) => Some(*release),
            _ => None,
        });
        let release = assumed.or(found.software.release.value).filter(|_| program.title == NGINX.title);
        let own_section = release.is_some_and(|r| r >= Release::new(1, 25, 2));
        // Since 1.25.2, nginx with an OpenSSL of its own reads a file only if OPENSSL_CONF names it.
        if own_section && found.own_library && conf.is_none() {
            return (found.software, Vec::new());
        }
        let sections: &[&str] = if own_section { &["nginx"] } else { &[] };
        let library = &mut found.software.library;
        let problems = read_configuration(system, library, conf, found.configuration.as_deref(), sections);
        (found.software, problems)
    };
    let (nginx, problems) = find(&NGINX, nginx_unit.as_ref(), of_nginx.as_deref());
    facts.nginx = nginx;
    facts.problems.extend(problems);
    let (apache, problems) = find(&APACHE, apache_unit.as_ref(), of_apache.as_deref());
    facts.apache = apache;
    facts.problems.extend(problems);
    if given.processes {
        let running = running::by_processes(system);
        facts.starts = running.starts;
        facts.problems.extend(running.left_out);
    }
    let units = started::by_units(system);
    for service in [ServiceId("nginx"), ServiceId("apache")] {
        if units.iter().all(|start| start.service != service) {
            facts.starts.extend(started::by_settings(system, service));
        }
    }
    facts.starts.extend(units);
    if given.exec {
        ask::ask(system, &mut facts, &ThisMachine, distribution);
    }
    main_files::add(system, &mut facts);
    facts.problems.sort();
    facts.problems.dedup();
    facts
}

/// Puts an assumption in the place of what was found.
fn assume(facts: &mut Facts, assumption: &Assumption, distribution: &Distribution) {
    let source = "--assume";
    let on_libraries = |facts: &mut Facts, change: &dyn Fn(&mut Software)| {
        change(&mut facts.nginx);
        change(&mut facts.apache);
    };
    match assumption {
        Assumption::Nginx(release) => {
            facts.nginx.release = Fact::known(*release, source);
            facts.nginx.headers = None;
        }
        Assumption::Apache(release) => {
            facts.apache.release = Fact::known(*release, source);
            facts.apache.tls1_3 = Tls13::ByVersion;
        }
        Assumption::OpenSsl(release) => on_libraries(facts, &|software| {
            let library = &mut software.library;
            if library.release != Some(*release) && !library.level_source.starts_with(source) {
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
    use crate::system::MemorySystem;
    use crate::tls::Version;

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
        assert_eq!(facts.nginx.release, Fact::known(Release::new(1, 22, 1), "/usr/sbin/nginx"));
        assert_eq!(facts.apache.release, Fact::known(Release::new(2, 4, 71), "/usr/sbin/apache2"));
        for library in [&facts.nginx.library, &facts.apache.library] {
            assert_eq!(library.release, release("3.0.19"));
            assert_eq!(library.source, format!("{MULTIARCH}/libcrypto.so.3"));
            assert_eq!(library.level, Some(2));
            assert_eq!(library.level_source, format!("compiled into {MULTIARCH}/libcrypto.so.3"));
            assert_eq!(library.system.max, Some(Version::Tls1_2));
        }
        assert_eq!(facts.distribution, ["debian"]);
        assert_eq!(facts.defines.value, Some(Vec::new()));
        assert_eq!(facts.environment.len(), 1);
        assert_eq!(facts.problems, [] as [&str; 0]);
    }

    #[test]
    fn assumptions_and_what_is_given_win() {
        let assume = ["openssl=1.1.1f", "nginx=1.18.0", "distribution=ubuntu"];
        let given = Given {
            assume: assume.iter().map(|a| Assumption::parse(a).expect("an assumption")).collect(),
            defines: vec!["SSL".to_owned()],
            env: [("OPENSSL_CONF".to_owned(), String::new())].into(),
            ..Given::default()
        };
        let facts = gather(&debian(), &given);
        assert_eq!(facts.nginx.release, Fact::known(Release::new(1, 18, 0), "--assume"));
        assert_eq!(facts.apache.release.source, "/usr/sbin/apache2");
        let library = &facts.apache.library;
        assert_eq!((library.release, library.level, library.patched), (release("1.1.1f"), Some(2), Some(2)));
        assert_eq!(library.level_source, "what ubuntu compiles in");
        assert_eq!(library.system.max, None);
        assert_eq!(facts.distribution, ["ubuntu", "debian"]);
        assert_eq!(facts.defines, Fact::known(vec!["SSL".to_owned()], "--define, /etc/apache2/envvars"));
        assert_eq!(facts.environment.len(), 2);

        let order = ["openssl-seclevel=0", "openssl=1.1.1f"];
        let assume = order.iter().map(|a| Assumption::parse(a).expect("an assumption")).collect();
        let library = gather(&debian(), &Given { assume, ..Given::default() }).nginx.library;
        assert_eq!((library.level, library.level_source.as_str()), (Some(0), "--assume openssl-seclevel=0"));
    }

    #[test]
    fn an_assumed_version_decides_which_section_of_openssl_cnf_counts() {
        let mut system = debian();
        let text = "openssl_conf=a\nnginx=x\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nMaxProtocol=TLSv1.2\n\
                    [x]\nssl_conf=y\n[y]\nsystem_default=z\n[z]\nMaxProtocol=TLSv1.1\n";
        system.add_file("/etc/ssl/openssl.cnf", text);
        let max = |assume: &[&str]| {
            let assume = assume.iter().map(|a| Assumption::parse(a).expect("an assumption")).collect();
            gather(&system, &Given { assume, ..Given::default() }).nginx.library.system.max
        };
        assert_eq!(max(&[]), Some(Version::Tls1_2));
        assert_eq!(max(&["nginx=1.31.4"]), Some(Version::Tls1_1));
    }

    #[test]
    fn a_repository_is_not_looked_at() {
        let given = Given { look: false, ..Given::default() };
        assert_eq!(gather(&debian(), &given), Facts::unknown());
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
        assert_eq!(facts.nginx.release.value, Some(Release::new(1, 18, 0)));
        assert_eq!(facts.apache.release, Fact::unknown("no program or package of Apache httpd was found"));
        assert_eq!(facts.nginx.library.release, release("1.1.1f"));
        assert_eq!((facts.nginx.library.level, facts.nginx.library.patched), (Some(2), Some(2)));
        assert_eq!(facts.defines.value, None);
    }

    #[test]
    fn other_libraries_and_built_in_ones() {
        let mut system = MemorySystem::default();
        system.add_file("/usr/sbin/nginx", sample(&[], b"\0nginx/1.25.3\0OpenSSL 1.1.1 (compatible; BoringSSL)\0"));
        let facts = gather(&system, &Given::default());
        assert_eq!(facts.nginx.library.release, None);
        assert_eq!(facts.nginx.library.source, "/usr/sbin/nginx is BoringSSL, which is not judged");
        let text = b"\0nginx/1.25.3\0--with-openssl=../openssl-3.1.4\0OpenSSL 3.1.4 24 Oct 2023\0";
        system.add_file("/usr/sbin/nginx", sample(&[], text));
        system.add_file("/etc/ssl/openssl.cnf", "broken\n");
        let facts = gather(&system, &Given::default());
        assert_eq!(facts.nginx.library.release, release("3.1.4"));
        assert_eq!(
            (facts.nginx.library.level, facts.nginx.library.level_source.as_str()),
            (Some(1), "the default of OpenSSL 3.1")
        );
        assert_eq!(facts.problems, ["/etc/ssl/openssl.cnf:1: an equal sign is missing"], "of Apache only");
        system.add_file("/usr/sbin/nginx", sample(&["libssl.so.3"], b"\0nginx/1.25.3\0"));
        let source = gather(&system, &Given::default()).nginx.library.source;
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
        let library = gather(&system, &Given::default()).apache.library;
        assert_eq!(library.system.min, Some(Version::Tls1_2));
        assert_eq!(library.security_level(Some("PROFILE=SYSTEM")), Some(2));
        assert_eq!(library.security_level(Some("HIGH")), Some(2));
    }
}
