//! The directives that matter for TLS: where they may stand, what they say.

use super::ID;
use super::known::number;
use super::model::{BlockScope, ConfCommand, Protocols, TlsSettings, VariableValue, Verifies};
use super::module::{Client, ListenModule};
use super::state::{BlockContext, Directive, TreeReader};
use super::zones::ZoneUse;
use super::{defaults, expressions, groups, known, targets, values};
use crate::endpoint::{Dialogue, Role, SettingId};
use crate::instance::{Setting, SettingKind};
use crate::services::place::Place;
use crate::source::Span;
use crate::tls::{Version, VersionSet};

/// Takes in a directive that is not an include.
pub(super) fn apply_directive(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>) {
    let name = directive.name;
    if !is_known(reader, directive) {
        return;
    }
    if let Some(message) = known::refused(reader, context, directive) {
        reader.problem(directive.place, message);
        return;
    }
    if reader.world.facts.of(ID).release.value.is_some_and(|r| r < defaults::BRACED_WORDS) {
        let file = directive.place.span.file;
        let braced = directive.words.iter().find(|w| reader.value(file, w).starts_with(b"${"));
        if let Some(word) = braced.map(|w| Span::new(file, w.start, w.end)) {
            let place = Place { span: word, ..directive.place };
            reader.problem(place, "a word that begins with \"${\" needs nginx 1.13.8");
        }
    }
    expressions::check_expressions(reader, directive);
    if name.ends_with(b"certificate_key") {
        engines(reader, directive);
    }
    if name.ends_with(b"ssl_password_file") {
        let path = reader.arguments(directive).into_iter().next();
        reader.model.pass_phrases.extend(path.map(|path| (path, directive.place)));
    }
    if let Some(set) = setter(name) {
        with_scope(reader, context, directive, set);
        return;
    }
    groups::note(reader, context, directive);
    match name {
        b"ssl_protocols" => protocols(reader, context, directive, None),
        b"ssl_conf_command" => command(reader, context, directive, None),
        b"ssl_session_cache" => session_cache(reader, context, directive),
        b"ssl_ocsp_cache" => ocsp_cache(reader, directive),
        b"protocol" => mail_protocol(reader, context, directive),
        b"ssl" => engine(reader, context, directive),
        b"set" => {
            if let [name, value] = reader.arguments(directive).as_slice() {
                // What is empty here gets its value elsewhere, from Lua mostly.
                let value = if value.is_empty() { VariableValue::Unknown } else { VariableValue::Text(value.clone()) };
                reader.assign(name, reader.server_of(context), value);
            }
        }
        b"listen" => {
            if let BlockContext::Server(server) = context {
                reader.listen(server, directive);
            }
        }
        b"server_name" => {
            if let BlockContext::Server(server) = context {
                let names = reader.arguments(directive);
                if let Some(message) = names.iter().find_map(|name| values::refused_name(name)) {
                    reader.problem(directive.place, message);
                }
                reader.model.servers[server].names.extend(names.into_iter().map(|n| lower(&n)));
            }
        }
        b"server" => {
            if let BlockContext::Upstream(group) = context {
                groups::server(reader, group, directive);
            }
        }
        b"pid" if context == BlockContext::Main => {
            let path = reader.arguments(directive).into_iter().next();
            reader.reach.pid_file = path.map(|path| reader.below_prefix(&path));
        }
        _ if LOADS.contains(&name) => {
            let paths = reader.arguments(directive).into_iter().filter(|word| word.contains(['/', '.']));
            let paths: Vec<_> = paths.map(|path| reader.below_prefix(&path)).collect();
            reader.reach.loads.extend(paths);
        }
        _ if name.starts_with(b"ssl_client_hello_by_lua") => {
            if let Some(scope) = reader.find_scope(context) {
                reader.model.scopes[scope].dynamic = Some(directive.place);
            }
        }
        _ => match TreeReader::client(name) {
            Some((client, b"ssl_protocols")) => protocols(reader, context, directive, Some(client)),
            Some((client, b"ssl_conf_command")) => command(reader, context, directive, Some(client)),
            Some((client, name)) if client_setter(name).is_some() => {
                if let Some(set) = client_setter(name) {
                    with_scope(reader, context, directive, |scope, value, place| {
                        set(scope.clients.entry(client).or_default(), value, place);
                    });
                }
            }
            Some((client, b"pass")) => {
                targets::check(reader, context, directive, client);
                with_scope(reader, context, directive, |scope, value, place| {
                    scope.targets.push((client, value, place));
                });
            }
            // set_by_lua, auth_request_set, js_set and their like
            _ if name.starts_with(b"set_") || name.ends_with(b"_set") => {
                if let Some(variable) = reader.arguments(directive).first() {
                    reader.assign(variable, reader.server_of(context), VariableValue::Unknown);
                }
            }
            _ if VARIABLES.contains(&name) => variables(reader, directive),
            _ => suspicious(reader, directive),
        },
    }
}

/// How a directive whose first argument is all that it says is kept in its block.
fn setter(name: &[u8]) -> Option<fn(&mut BlockScope, String, Place)> {
    Some(match name {
        b"ssl_ciphers" => |scope, value, place| scope.tls.ciphers = Some((value, place)),
        b"ssl_ecdh_curve" => |scope, value, place| scope.tls.curves = Some((value, place)),
        b"ssl_dhparam" => |scope, value, place| scope.tls.dhparam = Some((value, place)),
        b"ssl_trusted_certificate" => |scope, value, place| scope.tls.trusted = Some((value, place)),
        b"ssl_crl" => |scope, value, place| scope.tls.crl = Some((value, place)),
        b"ssl_stapling" => |scope, value, place| scope.stapling = Some((is_on(&value), place)),
        b"ssl_stapling_file" => |scope, value, place| scope.stapling_file = Some((value, place)),
        b"ssl_ocsp" => |scope, value, place| scope.ocsp = Some((!value.eq_ignore_ascii_case("off"), place)),
        b"ssl_ocsp_responder" => |scope, value, place| scope.ocsp_responder = Some((value, place)),
        b"ssl_session_ticket_key" => |scope, value, place| scope.tickets.push((value, place)),
        b"ssl_certificate" => |scope, value, place| scope.certificates.push((value, place)),
        b"ssl_certificate_key" => |scope, value, place| scope.keys.push((value, place)),
        b"ssl_client_certificate" => |scope, value, place| scope.authority = Some((value, place)),
        b"ssl_verify_client" => |scope, value, place| {
            let verifies = match value.to_ascii_lowercase().as_str() {
                "off" => Verifies::No,
                "optional_no_ca" => Verifies::Asks,
                _ => Verifies::Yes,
            };
            scope.verifies = Some((verifies, place));
        },
        b"server_names_hash_bucket_size" => |scope, value, _| scope.name_bucket = number(&value),
        b"map_hash_bucket_size" => |scope, value, _| scope.map_bucket = number(&value),
        b"ssl_reject_handshake" => |scope, value, place| scope.reject = Some((is_on(&value), place)),
        b"ssl_preread" => |scope, value, place| scope.preread = Some((is_on(&value), place)),
        b"proxy_ssl" => |scope, value, place| scope.proxy_ssl = Some((is_on(&value), place)),
        b"starttls" => |scope, value, place| scope.starttls = Some((!value.eq_ignore_ascii_case("off"), place)),
        b"auth_http" => |scope, _, _| scope.mail.auth = true,
        _ => return None,
    })
}

/// How a directive of a client, without the prefix of its module, is kept.
fn client_setter(name: &[u8]) -> Option<fn(&mut TlsSettings, String, Place)> {
    Some(match name {
        b"ssl_ciphers" => |tls, value, place| tls.ciphers = Some((value, place)),
        b"ssl_certificate" => |tls, value, place| tls.certificate = Some((value, place)),
        b"ssl_certificate_key" => |tls, value, place| tls.key = Some((value, place)),
        b"ssl_trusted_certificate" => |tls, value, place| tls.trusted = Some((value, place)),
        b"ssl_crl" => |tls, value, place| tls.crl = Some((value, place)),
        b"ssl_verify" => |tls, value, place| tls.verify = Some((is_on(&value), place)),
        _ => return None,
    })
}

fn is_on(value: &str) -> bool {
    value.eq_ignore_ascii_case("on")
}

/// Directives that have nginx load code from files, also where it only tests the configuration.
const LOADS: &[&[u8]] =
    &[b"load_module", b"ssl_engine", b"perl_modules", b"perl_require", b"js_import", b"js_include", b"js_path"];

/// Keys of an engine of OpenSSL, `engine:NAME:ID`: a name with a slash in it is the path of a library.
fn engines(reader: &mut TreeReader<'_>, directive: &Directive<'_>) {
    for key in reader.arguments(directive) {
        let engine = key.strip_prefix("engine:").and_then(|rest| rest.split(':').next());
        if let Some(path) = engine.filter(|engine| engine.contains('/')) {
            let path = reader.below_prefix(path);
            reader.reach.loads.insert(path);
        }
    }
}

/// Directives whose arguments are texts with variables.
const VARIABLES: &[&[u8]] = &[
    b"add_header",
    b"add_trailer",
    b"alias",
    b"fastcgi_param",
    b"proxy_set_header",
    b"return",
    b"root",
    b"scgi_param",
    b"uwsgi_param",
];

/// A dollar sign always begins a variable; no escape helps (ngx_http_script_compile).
fn variables(reader: &mut TreeReader<'_>, directive: &Directive<'_>) {
    for word in &directive.words[1..] {
        let value = reader.value(directive.place.span.file, word);
        let named = |rest: &[u8]| rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'{'));
        if memchr::memchr_iter(b'$', &value).any(|at| !named(&value[at + 1..])) {
            let span = Span::new(directive.place.span.file, word.start, word.end);
            reader.problem(Place { span, ..directive.place }, "invalid variable name after \"$\"");
        }
    }
}

/// A name that is meant to be `ssl_protocols` and is not.
fn suspicious(reader: &mut TreeReader<'_>, directive: &Directive<'_>) {
    if directive.name.contains(&b'\\') {
        let shown = String::from_utf8_lossy(directive.name).into_owned();
        reader.problem(directive.place, format!("unknown directive \"{shown}\": no directive has a backslash"));
        return;
    }
    let name = directive.name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(directive.name);
    let marked = name.len() < directive.name.len();
    if marked || (name.eq_ignore_ascii_case(b"ssl_protocols") && name != b"ssl_protocols") {
        let shown = String::from_utf8_lossy(directive.name).replace('\u{feff}', "<BOM>");
        let why = if marked { ": the file begins with a byte order mark" } else { ": names are case-sensitive" };
        reader.problem(directive.place, format!("unknown directive \"{shown}\"{why}"));
    }
}

/// Names are lower case, but a regular expression keeps its case (`\S` is not `\s`).
fn lower(name: &str) -> String {
    if name.starts_with('~') { name.to_owned() } else { name.to_ascii_lowercase() }
}

/// Hands the scope and the first argument of a directive on.
fn with_scope(
    reader: &mut TreeReader<'_>,
    context: BlockContext,
    directive: &Directive<'_>,
    then: impl FnOnce(&mut BlockScope, String, Place),
) {
    let mut arguments = reader.arguments(directive).into_iter();
    if let (Some(scope), Some(value)) = (reader.find_scope(context), arguments.next()) {
        then(&mut reader.model.scopes[scope], value, directive.place);
    }
}

/// Says so if nginx is too old for a directive.
fn is_known(reader: &mut TreeReader<'_>, directive: &Directive<'_>) -> bool {
    let Some(release) = reader.world.facts.of(ID).release.value else { return true };
    let since = defaults::SINCE.iter().find(|(name, _)| name.as_bytes() == directive.name);
    match since {
        Some((name, since)) if release < *since => {
            reader.problem(directive.place, format!("unknown directive \"{name}\": it needs nginx {since}"));
            false
        }
        _ => true,
    }
}

fn mail_protocol(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>) {
    if let Some(bad) = reader.arguments(directive).first().filter(|name| Dialogue::from_name(name).is_none()) {
        let message = format!("unknown protocol \"{bad}\"");
        reader.problem(directive.place, message);
    }
    with_scope(reader, context, directive, |scope, name, _| scope.mail.protocol = Dialogue::from_name(&name));
}

fn session_cache(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>) {
    for word in reader.arguments(directive) {
        if let Some(message) = values::refused_cache(&word) {
            reader.problem(directive.place, message);
        } else if let (Some((name, size)), Some(section)) = (values::shared_cache(&word), section(reader, context))
            && let Some(message) = reader.zones.declare(name, ZoneUse::Sessions(section), size)
        {
            reader.problem(directive.place, message);
        }
    }
}

fn ocsp_cache(reader: &mut TreeReader<'_>, directive: &Directive<'_>) {
    let Some(word) = reader.arguments(directive).into_iter().next() else { return };
    if let Some(message) = values::refused_ocsp_cache(&word) {
        reader.problem(directive.place, message);
    } else if let Some((name, size)) = values::shared_cache(&word)
        && let Some(message) = reader.zones.declare(name, ZoneUse::Ocsp, size)
    {
        reader.problem(directive.place, message);
    }
}

fn engine(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>) {
    if !matches!(context, BlockContext::Section(ListenModule::Http | ListenModule::Mail) | BlockContext::Server(_)) {
        return;
    }
    if reader.world.facts.of(ID).release.value.is_some_and(|r| r >= defaults::NO_SSL_DIRECTIVE) {
        reader
            .problem(directive.place, "unknown directive \"ssl\": since nginx 1.25.1 it is a parameter of \"listen\"");
        return;
    }
    with_scope(reader, context, directive, |scope, value, place| {
        scope.engine = Some((value.eq_ignore_ascii_case("on"), place));
    });
}

/// May versions be set here?
fn allowed(context: BlockContext, section: Option<ListenModule>, client: Option<Client>) -> bool {
    match (context, client) {
        (BlockContext::Section(_) | BlockContext::Server(_), None) => true,
        (BlockContext::Section(_) | BlockContext::Server(_), Some(Client::Proxy)) => {
            section != Some(ListenModule::Mail)
        }
        (BlockContext::Section(_) | BlockContext::Server(_), Some(_)) => section == Some(ListenModule::Http),
        (BlockContext::Location(_), Some(_)) => true,
        _ => false,
    }
}

fn section(reader: &TreeReader<'_>, context: BlockContext) -> Option<ListenModule> {
    match context {
        BlockContext::Section(section) => Some(section),
        BlockContext::Server(server) => Some(reader.model.scopes[reader.model.servers[server].scope].section),
        BlockContext::Location(_) => Some(ListenModule::Http),
        BlockContext::Upstream(group) => Some(reader.groups[group].section),
        BlockContext::Main
        | BlockContext::Events
        | BlockContext::Foreign
        | BlockContext::Data
        | BlockContext::Values(_) => None,
    }
}

fn protocols(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>, client: Option<Client>) {
    let name = String::from_utf8_lossy(directive.name).into_owned();
    if !allowed(context, section(reader, context), client) {
        reader.problem(directive.place, format!("\"{name}\" directive is not allowed here"));
        return;
    }
    if directive.block {
        reader.problem(directive.place, format!("directive \"{name}\" is not terminated by \";\""));
        return;
    }
    let (versions, errors) = versions(reader, directive);
    for error in errors {
        reader.problem(error.0, error.1);
    }
    let role = if client.is_some() { Role::Upstream } else { Role::Listener };
    let Some((setting, scope)) = setting(reader, context, directive, role, versions) else { return };
    let protocols = Protocols { place: directive.place, versions, setting };
    tls_settings_of(&mut reader.model.scopes[scope], client).protocols.push(protocols);
}

fn tls_settings_of(scope: &mut BlockScope, client: Option<Client>) -> &mut TlsSettings {
    match client {
        Some(client) => scope.clients.entry(client).or_default(),
        None => &mut scope.tls,
    }
}

/// The versions that the arguments name, and what is wrong with them.
fn versions(reader: &TreeReader<'_>, directive: &Directive<'_>) -> (VersionSet, Vec<(Place, String)>) {
    let name = String::from_utf8_lossy(directive.name);
    let mut set = VersionSet::EMPTY;
    let mut errors = Vec::new();
    if directive.words.len() < 2 {
        errors.push((directive.place, format!("invalid number of arguments in \"{name}\" directive")));
    }
    let old = reader.world.facts.of(ID).release.value.is_some_and(|r| r < defaults::TLS1_3);
    for word in &directive.words[1..] {
        let file = directive.place.span.file;
        let value = reader.value(file, word);
        match Version::from_name_ignore_case(&value) {
            Some(version) if !(old && version == Version::Tls1_3) => set = set.with(version),
            found => {
                let shown = String::from_utf8_lossy(&value).into_owned();
                let why = if found.is_some() { ": it needs nginx 1.13.0" } else { "" };
                let place = Place { span: Span::new(file, word.start, word.end), ..directive.place };
                errors.push((place, format!("invalid value \"{shown}\" in \"{name}\"{why}")));
            }
        }
    }
    (set, errors)
}

/// The setting of a directive in this use, and the scope that it is used in.
fn setting(
    reader: &mut TreeReader<'_>,
    context: BlockContext,
    directive: &Directive<'_>,
    role: Role,
    versions: VersionSet,
) -> Option<(SettingId, usize)> {
    let scope = reader.find_scope(context)?;
    let span = directive.place.span;
    let id = match reader.by_span.get(&span) {
        Some(id) => *id,
        None => {
            let id = SettingId(reader.settings.len() as u32);
            reader.by_span.insert(span, id);
            reader.settings.push(of_directive(directive, role, versions));
            reader.model.uses.push(Vec::new());
            id
        }
    };
    reader.model.uses[id.0 as usize].push(scope);
    Some((id, scope))
}

/// A setting without the parts that only the whole configuration tells.
pub(super) fn of_directive(directive: &Directive<'_>, role: Role, versions: VersionSet) -> Setting {
    let span = directive.place.span;
    let value = match directive.words {
        [_, first, .., last] | [_, first @ last] => Span::new(span.file, first.start, last.end),
        _ => span,
    };
    let name = String::from_utf8_lossy(directive.name).into_owned();
    let kind = SettingKind::List;
    Setting { span, value, name, kind, role, versions, scope: String::new(), block: None, dead: None, trap: None }
}

fn command(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>, client: Option<Client>) {
    let arguments = reader.arguments(directive);
    let [name, value] = arguments.as_slice() else {
        reader.problem(directive.place, "invalid number of arguments in \"ssl_conf_command\" directive");
        return;
    };
    let name = name.to_ascii_lowercase();
    let Some(scope) = reader.find_scope(context) else { return };
    let mut place_of_setting = None;
    // What is wrong with it is said where nginx carries it out.
    if let Some(effect) = super::command::read(&name, value) {
        let role = if client.is_some() { Role::Upstream } else { Role::Listener };
        let versions = effect.alone();
        place_of_setting = setting(reader, context, directive, role, versions).map(|(id, _)| id);
        if let Some(id) = place_of_setting {
            reader.settings[id.0 as usize].kind = super::command::kind(&effect);
        }
    }
    let command = ConfCommand { place: directive.place, name, value: value.clone(), setting: place_of_setting };
    tls_settings_of(&mut reader.model.scopes[scope], client).commands.push(command);
}
