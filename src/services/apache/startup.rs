//! What httpd finds wrong only when it starts, with a virtual host that has TLS on.

use super::ID;
use super::loading::merged;
use super::model::{Model, Proxy, Server};
use super::resolve::Resolution;
use super::scope::MAIN;
use super::upstream::used_ciphers;
use crate::openssl::{Library, Refused, belongs};
use crate::services::named_file::Reading;
use crate::services::place::Place;
use crate::services::service::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a file of certificates and keys has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyFileContent {
    certificate: bool,
    key: bool,
}

/// Why httpd does not start, with places: servers that have TLS on, or that are clients of others with TLS.
pub(super) fn refused(model: &Model, resolution: &Resolution, world: World<'_>) -> Vec<(Place, String)> {
    let reading = RefCell::new(Reading::new(world.system));
    let text = |path: &Path| reading.borrow_mut().read(path);
    // By what the names lead to: one file may have thousands of them.
    let real = |path: &Path| reading.borrow_mut().real(path);
    let mut contents: BTreeMap<Arc<Path>, Option<KeyFileContent>> = BTreeMap::new();
    let mut read =
        |path: &Path| *contents.entry(real(path)?).or_insert_with_key(|path| text(path).map(|bytes| content(&bytes)));
    let mut pairs: BTreeMap<(Arc<Path>, Arc<Path>), bool> = BTreeMap::new();
    let mut files_fit = |certificate: &Path, key: &Path| {
        let Some(pair) = real(certificate).zip(real(key)) else { return true };
        *pairs.entry(pair).or_insert_with_key(|(certificate, key)| {
            text(certificate).zip(text(key)).is_none_or(|(certificate, key)| belongs(&certificate, &key) != Some(false))
        })
    };
    let mut refused = proxies(model, &world.facts.of(ID).library);
    refused.extend(empty_stores(model, resolution, &reading));
    refused.extend(model.servers.iter().filter_map(|own| unchecked_proxies(own, &model.servers[MAIN])));
    for (server, own) in model.servers.iter().enumerate().filter(|(server, _)| resolution.tls[*server].is_on()) {
        let main = (server != MAIN).then_some(&model.servers[MAIN]);
        let both = || main.into_iter().chain([own]);
        refused.extend(both().flat_map(|server| server.bad_commands.iter().cloned()));
        if let Some((true, place)) = own.stapling.or(main.and_then(|main| main.stapling))
            && !model.stapling_cache
        {
            refused.push((place, "no stapling cache available: SSLUseStapling needs SSLStaplingCache".to_owned()));
        }
        if let Some((true, place)) = own.revocation_check.or(main.and_then(|main| main.revocation_check))
            && !both().any(|server| server.revocation_lists)
        {
            let message = "CRL checking is enabled, but neither SSLCARevocationFile nor SSLCARevocationPath is there";
            refused.push((place, message.to_owned()));
        }
        refused.extend(certificates(own, main, &mut read, &mut files_fit));
        refused.extend(resolution.unloaded.get(&server).cloned());
    }
    refused
}

/// Files of authorities and lists in which there is nothing of the kind, where TLS is on in that direction.
fn empty_stores(model: &Model, resolution: &Resolution, reading: &RefCell<Reading<'_>>) -> Vec<(Place, String)> {
    let mut refused = Vec::new();
    // Many hosts name the same file, which may be large.
    let mut known: BTreeMap<(bool, Arc<Path>), Option<&str>> = BTreeMap::new();
    for (server, own) in model.servers.iter().enumerate() {
        let main = &model.servers[MAIN];
        let is_client = own.proxy.engine.or(main.proxy.engine).is_some_and(|(on, _)| on);
        let inherited = main.stores.iter().filter(|(name, _)| server != MAIN && !own.stores.contains_key(*name));
        for (name, (path, place)) in own.stores.iter().chain(inherited) {
            let counts = if name.starts_with("sslproxy") { is_client } else { resolution.tls[server].is_on() };
            let Some(real) = Some(path).filter(|_| counts).and_then(|path| reading.borrow_mut().real(path)) else {
                continue;
            };
            let is_own = name == "sslproxymachinecertificatefile";
            let fault = known.entry((is_own, real)).or_insert_with_key(|(is_own, real)| {
                let bytes = reading.borrow_mut().read(real)?;
                find_store_fault(&bytes, *is_own)
            });
            refused.extend(fault.map(|fault| (*place, format!("{fault} {}", path.display()))));
        }
    }
    refused.sort_unstable();
    refused.dedup();
    refused
}

/// What is wrong with a file of certificates: that of the proxy's own, or one that others' are checked against. The name
/// of the file belongs at the end.
fn find_store_fault(bytes: &[u8], is_own: bool) -> Option<&'static str> {
    let has = |text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    if !is_own {
        let is_empty = !has("CERTIFICATE-----") && !has("-----BEGIN X509 CRL-----");
        is_empty.then_some("there is neither a certificate nor a revocation list in")
    } else if !client_pairs_fit(bytes) {
        Some("proxy client certificate and private key do not match:")
    } else {
        let is_locked = has("-----BEGIN ENCRYPTED PRIVATE KEY-----") || has("Proc-Type: 4,ENCRYPTED");
        is_locked.then_some("the private key of the proxy's client certificate is encrypted:")
    }
}

/// Do the keys in a file belong to the certificates beside them? OpenSSL makes pairs in the order of the file.
fn client_pairs_fit(bytes: &[u8]) -> bool {
    let mut pairs: Vec<[Option<&[u8]>; 2]> = vec![[None, None]];
    for start in memchr::memmem::find_iter(bytes, "-----BEGIN ") {
        let label = &bytes[start + 11..];
        let end = memchr::memmem::find(label, b"-----BEGIN ").unwrap_or(label.len());
        let head = &label[..memchr::memchr(b'\n', label).unwrap_or(label.len())];
        let is = |text: &[u8]| memchr::memmem::find(head, text).is_some();
        let part = match (is(b"CERTIFICATE-----"), is(b"PRIVATE KEY-----")) {
            (true, _) => 0,
            (_, true) => 1,
            _ => continue,
        };
        if pairs.last().is_none_or(|pair| pair[part].is_some()) {
            pairs.push([None, None]);
        }
        if let Some(pair) = pairs.last_mut() {
            pair[part] = Some(&bytes[start..start + 11 + end]);
        }
    }
    pairs.into_iter().all(|pair| match pair {
        [None, Some(_)] => false,
        [Some(certificate), Some(key)] => belongs(certificate, key) != Some(false),
        _ => true,
    })
}

/// A proxy that checks whether certificates are revoked needs lists for that (`ssl_init_ctx_crl`).
fn unchecked_proxies(own: &Server, main: &Server) -> Option<(Place, String)> {
    let levels = |section: Option<&'_ Proxy>| {
        let all: [Option<&Proxy>; 3] = [section, Some(&own.proxy), Some(&main.proxy)];
        let is_on = all.iter().flatten().find_map(|proxy| proxy.engine).is_some_and(|(on, _)| on);
        let check = all.iter().flatten().find_map(|proxy| proxy.revocation_check);
        let has_lists = all.iter().flatten().any(|proxy| proxy.revocation_lists);
        check.filter(|(checks, _)| *checks && is_on && !has_lists)
    };
    let sections = own.sections.iter().map(|section| Some(&section.proxy));
    let (_, place) = std::iter::once(None).chain(sections).find_map(levels)?;
    let message = "CRL checking is enabled, but neither SSLProxyCARevocationFile nor SSLProxyCARevocationPath is there";
    Some((place, message.to_owned()))
}

/// Cipher lists for connections to other servers that OpenSSL refuses.
fn proxies(model: &Model, library: &Library) -> Vec<(Place, String)> {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut refused = Vec::new();
    for (list, place) in (0..model.servers.len()).flat_map(|server| used_ciphers(model, server)) {
        let why = known.entry(list).or_insert_with_key(|list| match library.select(Some(list)) {
            Err(Refused::Invalid(why)) => Some(format!("OpenSSL refuses the cipher list \"{list}\": {why}")),
            _ => None,
        });
        refused.extend(why.clone().map(|why| (place, why)));
    }
    refused
}

fn certificates(
    own: &Server,
    main: Option<&Server>,
    read: &mut impl FnMut(&Path) -> Option<KeyFileContent>,
    files_fit: &mut impl FnMut(&Path, &Path) -> bool,
) -> Vec<(Place, String)> {
    let mut refused = Vec::new();
    let keys = merged(own, main, |server| &server.key_files);
    let files = merged(own, main, |server| &server.certificates);
    for (at, (path, place)) in files.iter().enumerate() {
        let shown = path.display();
        match read(path) {
            Some(content) if !content.certificate => {
                refused.push((*place, format!("failed to configure the certificate: there is none in {shown}")));
            }
            Some(content) if !content.key && keys.get(at).is_none() => {
                refused.push((*place, format!("private key not found: there is no SSLCertificateKeyFile for {shown}")));
            }
            Some(_) => {
                let key = keys.get(at).map_or(path, |(key, _)| key);
                if !files_fit(path, key) {
                    let key = key.display();
                    refused.push((*place, format!("certificate and private key do not match: {shown} and {key}")));
                }
            }
            None => {}
        }
    }
    refused
}

fn content(bytes: &[u8]) -> KeyFileContent {
    let has = |text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    // What is no text may be DER, which is a SEQUENCE.
    let is_der = bytes.starts_with(b"\x30");
    KeyFileContent { certificate: is_der || has("CERTIFICATE-----"), key: is_der || has("PRIVATE KEY-----") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_file() {
        let of = |text: &str| content(text.as_bytes());
        assert_eq!(of("rubbish\n"), KeyFileContent { certificate: false, key: false });
        assert_eq!(of("-----BEGIN CERTIFICATE-----\n"), KeyFileContent { certificate: true, key: false });
        assert_eq!(of("-----BEGIN TRUSTED CERTIFICATE-----\n"), KeyFileContent { certificate: true, key: false });
        assert_eq!(of("-----BEGIN EC PRIVATE KEY-----\n"), KeyFileContent { certificate: false, key: true });
        assert_eq!(of("\u{30}\u{1}"), KeyFileContent { certificate: true, key: true });
    }
}
