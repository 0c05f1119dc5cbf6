//! What the user says about a host.

use super::product::Products;
use crate::instance::ServiceId;
use crate::release::Release;
use crate::spelling::suggest;
use std::collections::BTreeMap;

/// What the user says about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Facts that beat everything that is found (`--assume`).
    pub assume: Vec<Assumption>,
    /// Names that Apache gets with `-D`.
    pub defines: Vec<String>,
    /// Variables of the services' environment.
    pub env: BTreeMap<String, String>,
    /// Versions of client programs and their libraries (`--assume`), by name.
    pub clients: BTreeMap<String, Release>,
    /// Look at the host's programs and settings? Not where there is no host, only configuration files.
    pub look: bool,
    /// Look at the processes of the host, and not only at its files? Only where the host is this machine.
    pub processes: bool,
    /// May the host's programs be asked for their versions, where their files do not tell? Only where the host is this
    /// machine.
    pub exec: bool,
}

impl Default for Given {
    fn default() -> Given {
        Given {
            assume: Vec::new(),
            defines: Vec::new(),
            env: BTreeMap::new(),
            clients: BTreeMap::new(),
            look: true,
            processes: false,
            exec: false,
        }
    }
}

/// One fact that the user states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// `nginx=1.18.0`, `apache=2.4.41`
    Program(ServiceId, Release),
    /// `openssl=1.1.1`, for all services
    OpenSsl(Release),
    /// `openssl-seclevel=1`: the security level that is compiled in
    SecurityLevel(u8),
    /// `distribution=debian`
    Distribution(String),
}

impl Assumption {
    /// The keys that are known besides the names of services.
    pub const KEYS: [&'static str; 3] = ["openssl", "openssl-seclevel", "distribution"];

    /// Reads `KEY=VALUE`; the error is a lowercase fragment.
    pub fn parse(text: &str, products: Products<'_>) -> Result<Assumption, String> {
        let names = || products.iter().map(|product| product.id().0).chain(Assumption::KEYS);
        let keys = || names().collect::<Vec<_>>().join(", ");
        let (key, value) =
            text.split_once('=').ok_or_else(|| format!("\"{text}\" is not KEY=VALUE; the keys are {}", keys()))?;
        let release = |least: Release, example: &str| {
            let wrong = || format!("\"{value}\" is no version of {key}; for example {key}={example}");
            let release = Release::parse(value).ok_or_else(wrong)?;
            let shown = release.to_string();
            let whole = shown == value || shown == format!("{value}.0");
            if whole && release >= least { Ok(release) } else { Err(wrong()) }
        };
        if let Some(product) = products.iter().find(|product| product.id().0 == key) {
            let spec = product.program();
            let release = release(spec.oldest, spec.example)?;
            return product.refuses(release).map_or(Ok(Assumption::Program(product.id(), release)), Err);
        }
        match key {
            "openssl" => release(Release::new(0, 9, 6), "1.1.1").map(Assumption::OpenSsl),
            "openssl-seclevel" => match value.parse() {
                Ok(level @ 0..=5) => Ok(Assumption::SecurityLevel(level)),
                _ => Err(format!("\"{value}\" is no security level; they go from 0 to 5")),
            },
            "distribution" => {
                let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
                if value.is_empty() || !value.bytes().all(fits) {
                    return Err(format!("\"{value}\" is no ID of an os-release file; for example {key}=debian"));
                }
                Ok(Assumption::Distribution(value.to_owned()))
            }
            _ => {
                let help = suggest(key, names()).unwrap_or_else(|| format!("the keys are {}", keys()));
                Err(format!("\"{key}\" can't be assumed; {help}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::{self, apache, nginx};

    fn parse(text: &str) -> Result<Assumption, String> {
        Assumption::parse(text, &services::products())
    }

    #[test]
    fn reads_what_is_assumed() {
        assert_eq!(parse("nginx=1.18"), Ok(Assumption::Program(nginx::ID, Release::new(1, 18, 0))));
        assert_eq!(parse("apache=2.4.41"), Ok(Assumption::Program(apache::ID, Release::new(2, 4, 41))));
        let openssl = Release { numbers: [1, 0, 2], letter: 11 };
        assert_eq!(parse("openssl=1.0.2k"), Ok(Assumption::OpenSsl(openssl)));
        assert_eq!(parse("openssl-seclevel=0"), Ok(Assumption::SecurityLevel(0)));
        assert_eq!(parse("distribution=debian"), Ok(Assumption::Distribution("debian".to_owned())));
        for key in Assumption::KEYS {
            assert!(parse(&format!("{key}=")).is_err(), "{key}");
        }
    }

    #[test]
    fn errors_say_what_would_do() {
        let error = |text: &str| parse(text).expect_err("is refused");
        let keys = "nginx, apache, openssl, openssl-seclevel, distribution";
        assert_eq!(error("nginx"), format!("\"nginx\" is not KEY=VALUE; the keys are {keys}"));
        assert_eq!(error("php=8"), format!("\"php\" can't be assumed; the keys are {keys}"));
        assert_eq!(error("opensll=3.0.2"), "\"opensll\" can't be assumed; did you mean `openssl`?");
        assert_eq!(error("nginx=1.x"), "\"1.x\" is no version of nginx; for example nginx=1.18.0");
        assert_eq!(error("apache=1.3.0"), "\"1.3.0\" is no version of apache; for example apache=2.4.41");
        assert_eq!(error("apache=2.2.15"), "httpd 2.2.15 is not one that is understood: those are of 2.4");
        assert_eq!(error("apache=2.5.0"), "httpd 2.5.0 is not one that is understood: those are of 2.4");
        assert_eq!(error("openssl=3.0.2-x"), "\"3.0.2-x\" is no version of openssl; for example openssl=1.1.1");
        assert_eq!(error("openssl-seclevel=6"), "\"6\" is no security level; they go from 0 to 5");
    }
}
