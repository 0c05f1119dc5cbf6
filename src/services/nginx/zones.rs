//! Zones of shared memory: one name has one use and one size (`ngx_shared_memory_add`).

use super::module::ListenModule;
use std::collections::HashMap;

/// What a zone is for: the module that declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZoneUse {
    /// Sessions of TLS.
    Sessions(ListenModule),
    /// Answers of OCSP.
    Ocsp,
    /// The servers of a block `upstream`.
    Servers(ListenModule),
}

/// The zones that were declared, by name: what for, and the size where one was named.
#[derive(Debug, Default)]
pub(super) struct Zones(HashMap<String, (ZoneUse, u64)>);

impl Zones {
    /// Declares a zone, with size 0 for one that is declared elsewhere; what nginx says if it can't be.
    pub(super) fn declare(&mut self, name: &str, usage: ZoneUse, size: u64) -> Option<String> {
        let (first, known) = self.0.entry(name.to_owned()).or_insert((usage, size));
        if *first != usage {
            return Some(format!("the shared memory zone \"{name}\" is already declared for a different use"));
        }
        if *known == 0 {
            *known = size;
        }
        (size != 0 && *known != size).then(|| {
            format!("the size {size} of shared memory zone \"{name}\" conflicts with already declared size {known}")
        })
    }

    /// The names of zones that nobody gave a size.
    pub(super) fn without_size(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|(_, size)| *size == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_one_use_and_one_size() {
        let (http, stream) = (ZoneUse::Servers(ListenModule::Http), ZoneUse::Servers(ListenModule::Stream));
        let mut zones = Zones::default();
        assert_eq!(zones.declare("z", http, 0), None);
        assert!(zones.without_size("z"));
        assert_eq!([65536, 65536, 0].map(|size| zones.declare("z", http, size)), [None, None, None]);
        assert!(!zones.without_size("z"));
        assert!(zones.declare("z", http, 131_072).is_some_and(|why| why.contains("conflicts")));
        assert!(zones.declare("z", stream, 65536).is_some_and(|why| why.contains("different use")));
    }
}
