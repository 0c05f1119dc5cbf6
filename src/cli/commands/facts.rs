//! `tlsmend facts`

use super::super::args::{Format, Host};
use super::super::exit::ExitStatus;
use super::super::{options, output};
use crate::engine;
use crate::host::{self, Fact, Product, Software, Standing};
use crate::instance::{Problem, ServiceId, Standing as Loaded};
use crate::policy::Policy;
use crate::report::facts::{self as report, FactsView, Known, Main, Server, Sourced, TlsLibrary, Variable};
use crate::report::secrets::{self, Shown};
use crate::report::{Outcome, json};
use crate::services;
use crate::services::service::Resolved;
use crate::system::{described, leads_to};
use crate::trust::Writers;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Shows the facts about a host.
pub(in crate::cli) fn run(host: &Host, format: Format) -> Result<ExitStatus> {
    let opened = options::open(host)?;
    let policy = Policy::default_profile();
    let engine::Host { resolved, problems, .. } = engine::load(opened.request(&policy, None));
    secrets::learn(resolved.iter().map(|one| one.instance()));
    let view = Shown::masked(view(&opened, &resolved, &problems));
    output::write(host.color, |out| match format {
        Format::Text => report::text(&view, out),
        Format::Json => json::facts(&view, out),
    })?;
    Ok(view.outcome.into())
}

/// What is known of a host whose configurations are loaded; `problems` are those of looking for them.
pub(super) fn view(opened: &options::Opened, resolved: &[Box<dyn Resolved>], problems: &[Problem]) -> FactsView {
    let facts = &opened.facts;
    // Those without a path are the facts' own.
    let unread = problems.iter().filter_map(|p| Some(format!("{}: {}", p.path.as_ref()?.display(), p.message)));
    let problems: Vec<String> = facts.problems.iter().map(|problem| problem.what.clone()).chain(unread).collect();
    let loaded = resolved.iter().map(|one| one.instance()).filter(|one| one.standing == Loaded::Loaded);
    let mains: Vec<(ServiceId, PathBuf)> = loaded.map(|one| (one.service, one.main.clone())).collect();
    let servers: Vec<Server> =
        services::products().into_iter().map(|product| server(opened, product, &mains)).collect();
    let lacks = |s: &Server| {
        let known = s.version.value.is_some() && s.library.value.is_some() && s.security_level.value.is_some();
        !s.main_files.is_empty() && !known
    };
    let outcome = match servers.iter().any(lacks) || !problems.is_empty() {
        true => Outcome::Incomplete,
        false => Outcome::Known,
    };
    let libraries = if opened.look { host::libraries(&opened.system) } else { Vec::new() };
    FactsView {
        distribution: Known {
            value: (!facts.distribution.is_empty()).then(|| facts.distribution.clone()),
            source: facts.distribution_source.clone(),
            matters: "the security level that OpenSSL is built with, and what a missing SSLProtocol means; \
                      say it with --assume distribution=ID"
                .to_owned(),
        },
        init: match opened.look {
            true => known(host::init_system(&opened.system), str::to_owned, "how servers are reloaded"),
            false => known(Fact::<&str>::unknown("not looked for"), str::to_owned, "how servers are reloaded"),
        },
        servers,
        libraries: libraries.into_iter().map(library).collect(),
        problems,
        outcome,
    }
}

/// What is known of one kind of server.
fn server(opened: &options::Opened, product: &dyn Product, mains: &[(ServiceId, PathBuf)]) -> Server {
    let (facts, service, spec) = (&opened.facts, product.id(), product.program());
    let software = facts.of(service);
    let of_service = |start: &&host::Start| start.service == service;
    let commands = facts.starts.iter().filter(of_service).map(|start| {
        let note = match start.standing {
            Standing::Running => ", running",
            Standing::Named => "",
            Standing::Contained => ", in a container: not audited here, but with --root /proc/NUMBER/root",
        };
        let of = whose(&start.named_by);
        Sourced { value: start.text(), source: format!("{}{note}{of}", start.source) }
    });
    let main_files = mains.iter().filter(|(of, _)| *of == service).map(|(_, path)| main_file(opened, product, path));
    let manager = opened.look.then(|| host::started_by(&opened.system, product)).flatten();
    Server {
        service: service.0,
        title: product.title(),
        version: known(
            software.release.clone(),
            |release| release.to_string(),
            format!("{}; say it with --assume {service}=VERSION", spec.version_decides),
        ),
        build: known(
            software.build.clone(),
            |build| build.options,
            format!("where relative paths of -{} lead", spec.options.main),
        ),
        path_options: spec.path_options,
        library: openssl(software),
        security_level: level(software),
        versions: Known {
            value: software.versions(spec.first_tls1_3),
            source: String::new(),
            matters: "which versions can be switched on".to_owned(),
        },
        manager: Known {
            value: manager.as_ref().map(|(manager, name)| format!("{manager}, as {name}")),
            source: if manager.is_some() { String::new() } else { "nothing that starts it was found".to_owned() },
            matters: "how it is reloaded".to_owned(),
        },
        command_lines: commands.collect(),
        main_files: main_files.collect(),
        defines: spec.options.defines.map(|_| {
            let matters = "which <IfDefine> sections are read; say it with --define NAME";
            known(software.defines.clone(), |names| names, matters)
        }),
        environment: software.environment.iter().map(variable).collect(),
    }
}

/// Whose word it is, to be put behind it; nothing: root's or the user's own.
fn whose(word_of: &Writers) -> String {
    if word_of.is_empty() { String::new() } else { format!(", of {}", described(word_of)) }
}

fn main_file(opened: &options::Opened, product: &dyn Product, path: &Path) -> Main {
    let named = opened
        .facts
        .main_files
        .iter()
        .find(|file| file.service == product.id() && leads_to(&opened.system, &file.path, path));
    let commands = host::reload(&opened.system, &opened.facts, product, path);
    Main {
        path: path.display().to_string(),
        source: named.map_or("found by its name".to_owned(), |file| file.source.clone() + &whose(&file.named_by)),
        test: commands.test,
        reload: commands.command,
        restart: commands.restart,
    }
}

fn openssl(software: &Software) -> Known<String> {
    let library = &software.library;
    Known {
        value: library.release.map(|release| format!("OpenSSL {release}")),
        source: library.source.clone(),
        matters: "what is blocked of the configured versions; say it with --assume openssl=VERSION".to_owned(),
    }
}

/// The security level for a server without a cipher list.
fn level(software: &Software) -> Known<u8> {
    let (value, source) = match software.library.traced_level(None) {
        Some((level, source)) => (Some(level), source.to_owned()),
        None => (None, String::new()),
    };
    let matters = "whether TLSv1 and TLSv1.1 are blocked; say it with --assume openssl-seclevel=N";
    Known { value, source, matters: matters.to_owned() }
}

fn library(found: host::TlsLibrary) -> TlsLibrary {
    TlsLibrary { name: found.name, path: found.path.display().to_string(), versions: found.versions }
}

fn variable((name, value): (&String, &String)) -> Variable {
    Variable { name: name.clone(), value: Some(value.clone()) }
}

fn known<T, U>(fact: Fact<T>, show: impl FnOnce(T) -> U, matters: impl Into<String>) -> Known<U> {
    Known { value: fact.value.map(show), source: fact.source, matters: matters.into() }
}
