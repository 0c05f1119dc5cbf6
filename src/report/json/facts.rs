//! `tlsmend/facts/1`

use super::exit::Exit;
use super::why::names;
use super::words;
use crate::report::facts::{FactsView, Known, Server};
use schemars::JsonSchema;
use serde::Serialize;

/// What `tlsmend facts --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct Facts<'a> {
    #[schemars(extend("const" = "tlsmend/facts/1"))]
    schema: &'static str,
    exit: Exit,
    distribution: FactOut<'a, &'a [String]>,
    init: FactOut<'a, &'a str>,
    servers: Vec<ServerOut<'a>>,
    libraries: Vec<LibraryOut<'a>>,
    defines: Option<FactOut<'a, &'a [String]>>,
    environment: Vec<VariableOut<'a>>,
    problems: &'a [String],
}

#[derive(JsonSchema, Serialize)]
struct FactOut<'a, T> {
    value: Option<T>,
    source: &'a str,
    decides: &'a str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Server")]
struct ServerOut<'a> {
    service: &'a str,
    version: FactOut<'a, &'a str>,
    build: FactOut<'a, &'a [String]>,
    library: FactOut<'a, &'a str>,
    security_level: FactOut<'a, u8>,
    versions: FactOut<'a, Vec<&'static str>>,
    manager: FactOut<'a, &'a str>,
    command_lines: Vec<SourcedOut<'a>>,
    main_files: Vec<MainOut<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Sourced")]
struct SourcedOut<'a> {
    text: &'a str,
    source: &'a str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Main")]
struct MainOut<'a> {
    path: &'a str,
    source: &'a str,
    test: &'a str,
    reload: &'a str,
    restart: &'a str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Library")]
struct LibraryOut<'a> {
    name: &'a str,
    path: &'a str,
    #[schemars(schema_with = "words::maybe_versions")]
    versions: Option<Vec<&'static str>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Variable")]
struct VariableOut<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(view: &'a FactsView) -> Facts<'a> {
        let with_names = view.servers.iter().find(|server| server.defines.is_some());
        Facts {
            schema: "tlsmend/facts/1",
            exit: view.outcome.into(),
            distribution: fact(&view.distribution, Vec::as_slice),
            init: fact(&view.init, String::as_str),
            servers: view.servers.iter().map(server).collect(),
            libraries: view
                .libraries
                .iter()
                .map(|one| LibraryOut { name: &one.name, path: &one.path, versions: one.versions.map(names) })
                .collect(),
            defines: with_names.and_then(|server| server.defines.as_ref()).map(|names| fact(names, Vec::as_slice)),
            environment: with_names
                .into_iter()
                .flat_map(|server| &server.environment)
                .map(|one| VariableOut { name: &one.name, value: one.value.as_deref() })
                .collect(),
            problems: &view.problems,
        }
    }
}

fn fact<'a, T, U>(known: &'a Known<T>, show: impl Fn(&'a T) -> U) -> FactOut<'a, U> {
    FactOut { value: known.value.as_ref().map(show), source: &known.source, decides: &known.matters }
}

fn server(server: &Server) -> ServerOut<'_> {
    let command_lines = server.command_lines.iter().map(|one| SourcedOut { text: &one.value, source: &one.source });
    let main_files = server.main_files.iter().map(|one| MainOut {
        path: &one.path,
        source: &one.source,
        test: &one.test,
        reload: &one.reload,
        restart: &one.restart,
    });
    ServerOut {
        service: server.service,
        version: fact(&server.version, String::as_str),
        build: fact(&server.build, Vec::as_slice),
        library: fact(&server.library, String::as_str),
        security_level: fact(&server.security_level, |level| *level),
        versions: fact(&server.versions, |versions| names(*versions)),
        manager: fact(&server.manager, String::as_str),
        command_lines: command_lines.collect(),
        main_files: main_files.collect(),
    }
}
