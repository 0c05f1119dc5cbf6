//! A file without servers that no main file includes: its TLS directives, line by line.

use super::ID;
use super::lower::{Insertions, Lowering};
use super::state::Directive;
use super::{command, directives, parse, resolve};
use crate::edit::{Change, Fix, LowerError};
use crate::endpoint::Role;
use crate::instance::{Instance, Problem, Setting, Standing};
use crate::services::place::Place;
use crate::services::service::{Question, Resolved, Response, World};
use crate::services::tree::NodeKind;
use crate::source::{FileId, SourceMap, Span};
use crate::tls::{Version, VersionSet};
use std::collections::{BTreeMap, BTreeSet};

/// A file with settings and no endpoints.
pub(super) struct NginxFragment {
    instance: Instance,
}

/// Reads a file that has this standing.
pub(super) fn read(file: FileId, standing: Standing, world: World<'_>, sources: &SourceMap) -> NginxFragment {
    let scope = match standing {
        Standing::Part => "as included",
        Standing::Loaded | Standing::NotLoaded => "a file that nothing loads",
    };
    let bytes = sources.file(file).bytes();
    let tree = parse::parse(bytes);
    let mut problems: Vec<Problem> = Vec::new();
    let mut unparsed = BTreeMap::new();
    for error in &tree.errors {
        let problem = Problem::at(Span::new(file, error.range.start, error.range.end), error.message.clone());
        unparsed.entry(file).or_insert_with(|| problem.clone());
        problems.push(problem);
    }
    let mut settings = Vec::new();
    for (at, node) in tree.nodes.iter().enumerate() {
        let words = tree.words(at);
        let (NodeKind::Directive, [name, rest @ ..]) = (node.kind, words) else { continue };
        let value = |w: &std::ops::Range<u32>| parse::value(&bytes[w.start as usize..w.end as usize]);
        let name = value(name);
        let place = Place { span: Span::new(file, node.start, node.end), hop: 0 };
        let directive = Directive { place, name: &name, words, block: false };
        let client = super::state::TreeReader::client(&name);
        let role = if client.is_some() { Role::Upstream } else { Role::Listener };
        let kind = client.map_or(&name[..], |(_, rest)| rest);
        match kind {
            b"ssl_protocols" => {
                let versions = |w| Version::from_name_ignore_case(&value(w));
                if let Some(bad) = rest.iter().find(|w| versions(w).is_none()) {
                    let shown = String::from_utf8_lossy(&value(bad)).into_owned();
                    let span = Span::new(file, bad.start, bad.end);
                    problems.push(Problem::at(span, format!("invalid value \"{shown}\" in \"ssl_protocols\"")));
                }
                let set: VersionSet = rest.iter().filter_map(versions).collect();
                settings.push(of_fragment(&directive, role, set, scope));
            }
            b"ssl_conf_command" => {
                let [command, text] = rest else { continue };
                let (command, text) = (value(command).to_ascii_lowercase(), value(text));
                let (command, text) = (String::from_utf8_lossy(&command), String::from_utf8_lossy(&text));
                if let Some(effect) = command::read(&command, &text) {
                    let setting = of_fragment(&directive, role, effect.alone(), scope);
                    settings.push(Setting { kind: command::kind(&effect), ..setting });
                }
            }
            _ => {}
        }
    }
    let facts = world.facts.of(ID);
    let ability = resolve::ability(facts.release.value, &facts.library);
    let instance = Instance {
        files: BTreeSet::from([file]),
        problems,
        unparsed,
        settings,
        ..Instance::new(ID, standing, sources.file(file).path().to_owned(), ability)
    };
    NginxFragment { instance }
}

fn of_fragment(directive: &Directive<'_>, role: Role, versions: VersionSet, scope: &str) -> Setting {
    Setting { scope: scope.into(), ..directives::of_directive(directive, role, versions) }
}

impl Resolved for NginxFragment {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn ask(&self, _question: &Question) -> Option<Response> {
        None
    }

    fn lower(&self, change: &Change, sources: &SourceMap) -> Result<Fix, LowerError> {
        let insertions = &Insertions::default();
        Lowering { settings: &self.instance.settings, model: None, origins: &[], sources, insertions }.lower(change)
    }
}
