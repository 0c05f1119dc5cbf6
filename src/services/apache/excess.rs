//! Thousands of certificates at the server level, which thousands of virtual hosts inherit: each is loaded for each host.

use super::model::Model;
use super::scope::MAIN;
use crate::services::limits;

/// Drops certificates and keys of the server level until there is room to load them for all hosts. What the hosts answer
/// is not known then.
pub(super) fn cut(model: &mut Model) {
    let room = limits::loaded_for_each(model.servers.len());
    let main = &mut model.servers[MAIN];
    let mut first = main.loads.get(room).map(|(_, place)| *place);
    main.loads.truncate(room);
    for files in [&mut main.certificates, &mut main.key_files] {
        first = first.or(files.get(room).map(|(_, place)| *place));
        files.truncate(room);
    }
    if let Some(place) = first {
        model.complain(
            place,
            "too many certificates for so many virtual hosts: not all of them were looked at".to_owned(),
        );
        model.unread.get_or_insert(place);
    }
}

#[cfg(test)]
mod tests {
    use crate::host::Facts;
    use crate::services::apache::Apache;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    #[test]
    fn certificates_of_all_hosts_have_an_end_and_what_is_dropped_makes_answers_unknown() {
        let is_cut = |line: &str, lines: usize, hosts: usize| {
            let host = "<VirtualHost *:443>\nSSLEngine on\nSSLProtocol TLSv1.2\n</VirtualHost>\n";
            let text = format!("Listen 443\n{}{}", format!("{line}\n").repeat(lines), host.repeat(hosts));
            let system = MemorySystem::with_files([("/etc/apache2/apache2.conf", text)]);
            let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
            let world = World { system: &system, facts: &facts };
            let read = Apache.load(Path::new("/etc/apache2/apache2.conf"), world, &mut sources);
            let problems = &read.instance().problems;
            let is_cut = problems.iter().any(|problem| problem.message.contains("too many certificates"));
            let is_open = read.instance().endpoints.iter().all(|endpoint| !endpoint.answer.unknown.is_empty());
            assert!(is_open || !is_cut, "{line}");
            is_cut
        };
        let commands = "SSLOpenSSLConfCmd Certificate /none/c\nSSLOpenSSLConfCmd PrivateKey /none/k";
        for line in ["SSLCertificateFile /none/c", "SSLCertificateKeyFile /none/k", commands] {
            assert!(!is_cut(line, 5, 3_000), "{line}: ten are always looked at");
            assert!(!is_cut(line, 2_000, 10), "{line}: a few hosts may have many");
            assert!(is_cut(line, 2_000, 2_000), "{line}");
        }
    }
}
