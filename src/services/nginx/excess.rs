//! Thousands of lines that decide for thousands of servers each: every one is a reason of every answer, and every
//! certificate is loaded for every server.

use super::model::{ConfCommand, Model, TlsSettings};
use crate::services::limits;
use crate::services::place::Place;

/// So many reasons are kept for the answers of an instance. A server has a handful of lines about versions; with twenty
/// thousand servers this is room for 250 each.
const MOST: usize = 5_000_000;

/// Drops lines about versions until there is room for that many answers. Gives the first one that was dropped.
pub(super) fn cut(model: &mut Model, answers: usize) -> Option<Place> {
    let room = (MOST / answers.max(1)).max(1);
    let mut first: Option<Place> = None;
    for scope in &mut model.scopes {
        for TlsSettings { protocols, commands, .. } in std::iter::once(&mut scope.tls).chain(scope.clients.values_mut())
        {
            let dropped = protocols.get(room).map(|line| line.place).or(commands.get(room).map(|line| line.place));
            first = first.or(dropped);
            protocols.truncate(room);
            commands.truncate(room);
        }
    }
    first.or(cut_loaded(model))
}

/// Drops certificates, keys and tickets until there is room to load them for all servers that may inherit them.
fn cut_loaded(model: &mut Model) -> Option<Place> {
    let room = limits::loaded_for_each(model.servers.len());
    let mut first: Option<Place> = None;
    for scope in &mut model.scopes {
        for files in [&mut scope.certificates, &mut scope.keys, &mut scope.tickets] {
            first = first.or(files.get(room).map(|(_, place)| *place));
            files.truncate(room);
        }
        let commands = &mut scope.tls.commands;
        let loads = |command: &ConfCommand| matches!(command.name.as_str(), "certificate" | "privatekey");
        let beyond = commands.iter().enumerate().filter(|(_, command)| loads(command)).nth(room);
        if let Some((at, command)) = beyond {
            first = first.or(Some(command.place));
            commands.truncate(at);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Speaks;
    use crate::host::Facts;
    use crate::services::nginx::Nginx;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    #[test]
    fn certificates_of_all_servers_have_an_end_and_what_is_dropped_makes_answers_unknown() {
        let unknown = |pairs: usize, servers: usize| {
            let pair = |at: usize| {
                format!(
                    "ssl_certificate /none/c{at}; ssl_certificate_key /none/k; ssl_conf_command Certificate /c/{at};\n"
                )
            };
            let pairs: String = (0..pairs).map(pair).collect();
            let text = format!("events {{}}\nhttp {{\n{pairs}{}}}\n", "server { listen 443 ssl; }\n".repeat(servers));
            let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text)]);
            let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
            let world = World { system: &system, facts: &facts };
            let read = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
            let (instance, cut) = (read.instance(), "too many lines");
            assert!(instance.endpoints.iter().all(|endpoint| endpoint.answer.speaks == Speaks::Tls));
            instance.problems.iter().any(|problem| problem.message.contains(cut))
        };
        assert!(!unknown(10, 3_000), "ten are always looked at");
        assert!(!unknown(3_000, 10), "a few servers may have many");
        assert!(unknown(3_000, 3_000));
    }

    #[test]
    fn reasons_have_an_end_and_what_is_dropped_makes_answers_unknown() {
        let load = |lines: usize, servers: usize| {
            let lines = "ssl_protocols TLSv1.2;\n".repeat(lines);
            let servers =
                "server { listen 443 ssl; ssl_certificate /none/x; ssl_certificate_key /none/y; }\n".repeat(servers);
            let text = format!("events {{}}\nhttp {{\n{lines}{servers}}}\n");
            let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text)]);
            let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
            Nginx.load(Path::new("/etc/nginx/nginx.conf"), World { system: &system, facts: &facts }, &mut sources)
        };
        let small = load(250, 20);
        assert!(small.instance().problems.is_empty());
        let large = load(3_000, 3_000);
        let instance = large.instance();
        assert!(
            instance.problems.iter().any(|problem| problem.message.contains("too many lines")),
            "{:?}",
            instance.problems
        );
        let kept: usize = instance.endpoints.iter().map(|endpoint| endpoint.answer.deciders.len()).max().unwrap_or(0);
        assert!(kept <= super::MOST / 3_000, "{kept}");
        assert!(instance.endpoints.iter().all(|e| e.answer.speaks == Speaks::Tls && !e.answer.unknown.is_empty()));
    }
}
