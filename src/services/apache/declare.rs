//! Writing down what the built-in default decides, once, where that changes nothing else.

use super::instance::{Configuration, is_default};
use super::resolve::Resolution;
use super::scope::{MAIN, ServerId};
use super::versions::{Combination, OwnVersions};
use crate::edit::{Edit, Fix, LowerError};
use crate::endpoint::{Role, Speaks};
use crate::host::{self, Fate};
use crate::services::align::aligned;
use crate::services::place::Place;
use crate::source::{SourceMap, Span};
use crate::tls::VersionSet;
use std::collections::BTreeMap;
use std::sync::RwLock;

/// What is known of a key, or what `find` makes of it.
fn get_or_find<K: Ord + Clone, V: Clone>(known: &RwLock<BTreeMap<K, V>>, key: &K, find: impl FnOnce() -> V) -> V {
    if let Some(value) = known.read().ok().and_then(|known| known.get(key).cloned()) {
        return value;
    }
    let value = find();
    if let Ok(mut known) = known.write() {
        known.insert(key.clone(), value.clone());
    }
    value
}

impl Configuration {
    /// Writes the versions of an endpoint that has no setting.
    pub(super) fn declare(
        &self,
        endpoint: usize,
        versions: VersionSet,
        sources: &SourceMap,
    ) -> Result<Fix, LowerError> {
        let resolution = self.resolution.as_ref().ok_or(LowerError::NotLoaded)?;
        let role = self.instance.endpoints.get(endpoint).ok_or(LowerError::NotFound("there is no such endpoint"))?.role;
        if versions.is_empty() {
            return Err(LowerError::NothingLeft);
        }
        if resolution.build.served(versions) != versions {
            return Err(LowerError::Gap { server: "httpd", versions });
        }
        let name = if role == Role::Upstream { "SSLProxyProtocol" } else { "SSLProtocol" };
        let names: Vec<String> = versions.iter().map(|version| format!("+{version}")).collect();
        let directive = format!("{name} -all {}", names.join(" "));
        let is_harmless = || self.changes_only_defaults(resolution, versions);
        if role == Role::Upstream || get_or_find(&self.declared.harmless, &versions, is_harmless) {
            let find = || self.at_server_level(resolution, &directive, sources);
            if let Some(edit) = get_or_find(&self.declared.places, &directive, find) {
                return Ok(Fix::safe(format!("write {directive} at the server level"), vec![edit]));
            }
            if role == Role::Upstream {
                return Err(LowerError::NoPlace);
            }
        }
        let (first, _) = *resolution.origins.get(endpoint).ok_or(LowerError::NotFound("there is no such endpoint"))?;
        if first == MAIN {
            return Err(LowerError::OthersToo);
        }
        let edit = self
            .in_host(first, &directive, sources)
            .ok_or(LowerError::NotFound("the virtual host was not found again"))?;
        Ok(Fix::safe(format!("write {directive} in {}", self.model.title(first)), vec![edit]))
    }

    /// Would a line at the server level change no endpoint that has versions of its own?
    fn changes_only_defaults(&self, resolution: &Resolution, versions: VersionSet) -> bool {
        let (model, build, facts) = (&self.model, resolution.build, &self.facts);
        let servers = 0..model.servers.len();
        let asked: Vec<OwnVersions> =
            servers.map(|server| OwnVersions::with(model, build, facts, server, Some(versions))).collect();
        let combination = Combination { model, build, facts, asked: &asked };
        self.instance.endpoints.iter().zip(&resolution.origins).all(|(endpoint, (first, host))| {
            let answer = &endpoint.answer;
            let is_plain = answer.speaks == Speaks::Plaintext;
            is_plain
                || is_default(answer)
                || combination.compute_offer(*first, *host).versions == answer.configured.value
        })
    }

    /// Behind the last line of its kind at the server level, or the last directive of `mod_ssl` there, or before the first
    /// virtual host with TLS. Not under a condition of another kind, and in no file that is not the administrator's own
    /// or httpd's.
    fn at_server_level(&self, resolution: &Resolution, directive: &str, sources: &SourceMap) -> Option<Edit> {
        let model = &self.model;
        let plain = |place: &Place| {
            let in_macro = model.hops.list(place.hop).iter().any(|hop| hop.macro_name.is_some());
            !in_macro && !model.in_hosts.contains(&place.span)
        };
        let mut fit = model.ssl_lines.iter().rev().filter(|line| plain(&line.place) && !line.is_conditional);
        let last = fit.clone().find(|line| line.is_list && self.is_own(line.place, sources));
        if let Some(last) = last.or_else(|| fit.find(|line| self.is_own(line.place, sources))) {
            return Some(write_after(last.place.span, directive, &indentation(last.place.span, sources), sources));
        }
        let with_tls = (1..model.servers.len()).filter(|server| resolution.tls[*server].is_on());
        let heads = with_tls.chain(1..model.servers.len()).filter_map(|server| model.servers[server].head);
        let head = heads.into_iter().find(|head| plain(head) && self.is_own(*head, sources))?;
        Some(before(head.span, directive, sources))
    }

    /// May a line be added to the file of a place: is it neither a program's nor another package's?
    fn is_own(&self, place: Place, sources: &SourceMap) -> bool {
        let file = sources.file(place.span.file);
        match host::managed(&self.facts, file.path(), file.bytes()) {
            None => true,
            Some(managed) => managed.fate == Fate::Package && OWN_PACKAGES.iter().any(|own| managed.by.contains(own)),
        }
    }

    /// In a virtual host, behind its `SSLEngine`.
    fn in_host(&self, server: ServerId, directive: &str, sources: &SourceMap) -> Option<Edit> {
        let host = &self.model.servers[server];
        if let Some((_, place)) = &host.engine {
            return Some(write_after(place.span, directive, &indentation(place.span, sources), sources));
        }
        let head = host.head?.span;
        let own = indentation(head, sources);
        // As deep as the next line, if that is deeper than the head.
        let bytes = sources.file(head.file).bytes();
        let next = memchr::memchr(b'\n', &bytes[head.end as usize..]).map(|length| head.end as usize + length + 1);
        let next = next.map_or(&[][..], |start| &bytes[start..]);
        let blank = next.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let deeper = blank > own.len() && next[..blank].starts_with(&own);
        let indentation = if deeper { next[..blank].to_vec() } else { [&own[..], b"    "].concat() };
        Some(write_after(head, directive, &indentation, sources))
    }
}

/// Packages of httpd itself: whoever sets its versions edits their files.
const OWN_PACKAGES: [&str; 3] = ["apache2", "httpd", "mod_ssl"];

/// The white space before a directive in its line.
fn indentation(span: Span, sources: &SourceMap) -> Vec<u8> {
    let bytes = &sources.file(span.file).bytes()[..span.start as usize];
    let start = memchr::memrchr(b'\n', bytes).map_or(0, |feed| feed + 1);
    bytes[start..].iter().copied().filter(|b| matches!(b, b' ' | b'\t')).collect()
}

/// The line end that is used at a place, or in its file.
fn line_end(bytes: &[u8], at: usize) -> &'static str {
    let feed =
        memchr::memchr(b'\n', &bytes[at..]).map(|length| at + length).or_else(|| memchr::memrchr(b'\n', &bytes[..at]));
    match feed {
        Some(feed) if bytes[..feed].ends_with(b"\r") => "\r\n",
        _ => "\n",
    }
}

/// A line behind a directive.
fn write_after(span: Span, directive: &str, indentation: &[u8], sources: &SourceMap) -> Edit {
    let bytes = sources.file(span.file).bytes();
    let end = span.end as usize;
    let line_end = line_end(bytes, end).as_bytes();
    let (name, value) = directive.split_once(' ').unwrap_or((directive, ""));
    // Lines of the same kind are lined up.
    let neighbour = &bytes[span.start as usize..end];
    let text = match neighbour.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"SSL")) {
        true => aligned(name, value, neighbour),
        false => directive.to_owned(),
    };
    let line = [indentation, text.as_bytes()].concat();
    let (at, replacement) = match memchr::memchr(b'\n', &bytes[end..]) {
        Some(length) => (end + length + 1, [&line[..], line_end].concat()),
        // The last line of the file; an empty line ends it if it asks to be continued.
        None if bytes.ends_with(b"\n") => (bytes.len(), [line_end, &line[..], line_end].concat()),
        None => (bytes.len(), [line_end, &line[..]].concat()),
    };
    Edit { span: Span::new(span.file, at as u32, at as u32), replacement }
}

/// A line before a directive.
fn before(span: Span, directive: &str, sources: &SourceMap) -> Edit {
    let bytes = sources.file(span.file).bytes();
    let line_end = line_end(bytes, span.start as usize).as_bytes();
    let replacement = [directive.as_bytes(), line_end, &indentation(span, sources)].concat();
    Edit { span: Span::new(span.file, span.start, span.start), replacement }
}
