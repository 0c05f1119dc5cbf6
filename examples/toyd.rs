//! tlsmend with one service more: `toyd`, which does not exist.
//!
//! Shows what a service has to bring, and that nothing else has to know of it: `tests/it/toyd.rs` runs each command of this
//! program. A line of `/etc/toyd.conf` is `listen ADDRESS:PORT` or `tls VERSION...`, or a comment with `#`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tlsmend::cli;
use tlsmend::edit::{Change, Edit, Fix, LowerError};
use tlsmend::endpoint::{
    Address, Answer, Endpoint, Preface, Reason, ReasonKind, Role, SettingId, Speaks, Traced, Transport,
};
use tlsmend::host::{
    Build, Fact, Facts, OptionLetters, Product, ProgramSpec, Reload, SelfDescription, Settings, StartFacts, Unit,
};
use tlsmend::instance::{Ability, Instance, Problem, ServiceId, Setting, SettingKind, Standing};
use tlsmend::release::Release;
use tlsmend::services;
use tlsmend::services::service::{Destination, FileRole, Fit, Question, Resolved, Response, Service, World};
use tlsmend::source::{FileId, SourceMap, Span};
use tlsmend::system::System;
use tlsmend::tls::{Version, VersionSet};

const ID: ServiceId = ServiceId("toyd");

static PROGRAM: ProgramSpec = ProgramSpec {
    units: &["toyd"],
    names: &["toyd"],
    controls: &[],
    paths: &["/usr/sbin/toyd"],
    bundled: &[],
    modules: &[],
    own_module: None,
    prefixes: &["toyd/"],
    packages: &["toyd"],
    folders: &["/etc/toyd"],
    rpm_files: &[],
    options: OptionLetters {
        with_argument: "c",
        main: 'c',
        prefix: 'p',
        directives: "",
        reads_directives: false,
        defines: None,
    },
    path_options: &[],
    settings: Settings { program: "toyd", files: &[], options: &[], mains: &[] },
    question: &["-V"],
    says_library: false,
    first_tls1_3: Release::new(1, 0, 0),
    oldest: Release::new(1, 0, 0),
    example: "1.0.0",
    version_decides: "nothing",
};

struct Toyd;

impl Product for Toyd {
    fn id(&self) -> ServiceId {
        ID
    }

    fn title(&self) -> &'static str {
        "toyd"
    }

    fn program(&self) -> &'static ProgramSpec {
        &PROGRAM
    }

    fn build(&self, _program: &[u8]) -> Option<Build> {
        None
    }

    fn said<'t>(&self, _text: &'t str) -> SelfDescription<'t> {
        SelfDescription::default()
    }

    fn start_facts(&self, _system: &dyn System, _unit: Option<&Unit>) -> StartFacts {
        StartFacts { defines: Fact::unknown("it has none"), environment: BTreeMap::new(), openssl_conf: None }
    }

    fn command_of(&self, cmdline: &[u8]) -> Option<Vec<String>> {
        let text = String::from_utf8_lossy(cmdline);
        let words: Vec<String> = text.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
        words.first().is_some_and(|program| program.ends_with("/toyd")).then_some(words)
    }

    fn commands(&self, _system: &dyn System, _facts: &Facts, main: &Path) -> Reload {
        let command = |action: &str| format!("toyd -c {} {action}", main.display());
        let (test, reload, restart) = (command("test"), command("reload"), command("restart"));
        Reload { service: ID, command: reload, by_manager: false, restart, test }
    }
}

impl Service for Toyd {
    fn main_files(&self) -> &'static [&'static str] {
        &["/etc/toyd.conf"]
    }

    fn directories(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognise(&self, path: &Path, _bytes: &[u8]) -> FileRole {
        if path.ends_with("toyd.conf") { FileRole::Main } else { FileRole::Foreign }
    }

    fn is_main(&self, _bytes: &[u8]) -> bool {
        false
    }

    fn has_servers(&self, _bytes: &[u8]) -> bool {
        false
    }

    fn begins(&self, _bytes: &[u8]) -> bool {
        false
    }

    fn has_name(&self, spelled: &str, sent: &str) -> bool {
        spelled == sent
    }

    fn comments(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let is_comment = |line: &Range<usize>| bytes[line.clone()].trim_ascii_start().starts_with(b"#");
        lines(bytes).filter(is_comment).collect()
    }

    fn load(&self, main: &Path, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        match world.system.read(main) {
            Ok(bytes) => {
                let file = sources.insert(main.to_owned(), bytes);
                Box::new(Toy(read(file, world, sources, Standing::Loaded)))
            }
            Err(error) => Box::new(Toy(Instance {
                problems: vec![Problem::with(main, error.to_string())],
                ..empty(main.to_owned(), Standing::Loaded, world)
            })),
        }
    }

    fn part(&self, file: FileId, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        Box::new(Toy(read(file, world, sources, Standing::Part)))
    }

    fn fragment(&self, file: FileId, world: World<'_>, sources: &SourceMap) -> Box<dyn Resolved> {
        Box::new(Toy(read(file, world, sources, Standing::NotLoaded)))
    }
}

/// Where the lines of a file are, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    bytes.split(|byte| *byte == b'\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    })
}

fn empty(main: PathBuf, standing: Standing, world: World<'_>) -> Instance {
    let library = &world.facts.of(ID).library;
    let ability = Ability {
        versions: library.versions(),
        known: library.release.is_some(),
        needs: BTreeMap::new(),
        unproven: BTreeMap::new(),
    };
    Instance::new(ID, standing, main, ability)
}

fn read(file: FileId, world: World<'_>, sources: &SourceMap, standing: Standing) -> Instance {
    let source = sources.file(file);
    let mut instance = empty(source.path().to_owned(), standing, world);
    instance.files.insert(file);
    let mut listens = Vec::new();
    for line in lines(source.bytes()) {
        let text = String::from_utf8_lossy(&source.bytes()[line.clone()]).into_owned();
        let span = Span::new(file, line.start as u32, line.end as u32);
        match text.split_once(' ').unwrap_or((&text, "")) {
            ("listen", address) => match address.parse::<SocketAddr>() {
                Ok(address) => listens.push((span, address)),
                Err(error) => instance.problems.push(Problem::at(span, error.to_string())),
            },
            ("tls", versions) => instance.settings.push(Setting {
                span,
                value: Span { start: span.start + 4, ..span },
                name: "tls".to_owned(),
                kind: SettingKind::List,
                role: Role::Listener,
                versions: versions.split(' ').filter_map(|word| Version::from_name(word.as_bytes())).collect(),
                scope: "the file".to_owned(),
                block: Some("file".to_owned()),
                dead: None,
                trap: None,
            }),
            (other, _) if other.is_empty() || other.starts_with('#') => {}
            (other, _) => instance.problems.push(Problem::at(span, format!("unknown word {other}"))),
        }
    }
    let setting = instance.settings.len().checked_sub(1);
    for (span, address) in listens {
        let mut because = vec![Reason::at(ReasonKind::Listen, span, "listens")];
        because.extend(setting.map(|at| Reason::at(ReasonKind::Versions, instance.settings[at].value, "says them")));
        let value = setting.map_or(VersionSet::ALL, |at| instance.settings[at].versions);
        let library = &world.facts.of(ID).library;
        let answer = Answer {
            speaks: Speaks::Tls,
            configured: Traced { value, because },
            effective: library.release.map(|_| value.and(library.versions())),
            usable: None,
            refuses: false,
            deciders: setting.map(|at| SettingId(at as u32)).into_iter().collect(),
            unknown: Vec::new(),
        };
        instance.endpoints.push(Endpoint {
            role: Role::Listener,
            address: Arc::new(Address::Ip(address.ip(), address.port())),
            transport: Transport::Stream,
            preface: Preface::default(),
            name: None,
            answer: Arc::new(answer),
        });
    }
    instance
}

struct Toy(Instance);

impl Resolved for Toy {
    fn instance(&self) -> &Instance {
        &self.0
    }

    fn ask(&self, question: &Question) -> Option<Response> {
        let Destination::Ip(ip, port) = question.target else { return None };
        let endpoint = self.0.endpoints.iter().find(|one| *one.address == Address::Ip(ip, port))?;
        let (address, answer) = (Arc::clone(&endpoint.address), Arc::clone(&endpoint.answer));
        Some(Response { fit: Fit::Exact, address, answer })
    }

    fn lower(&self, change: &Change, _sources: &SourceMap) -> Result<Fix, LowerError> {
        let Change::Adjust { setting, remove, add } = change else {
            return Err(LowerError::NotFound("there is no line"));
        };
        let setting = self.0.setting(*setting);
        let wanted = setting.versions.and(VersionSet::ALL).minus(*remove).union(*add);
        let replacement = wanted.to_string().into_bytes();
        Ok(Fix::safe(format!("say {}", wanted.listed()), vec![Edit { span: setting.value, replacement }]))
    }
}

fn main() -> ExitCode {
    services::add(&Toyd);
    cli::main().into()
}
