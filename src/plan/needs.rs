//! What software has to be there for the versions that a plan adds, where it is not known which there is.

use super::Plan;
use crate::instance::{Instance, Standing};
use crate::tls::Version;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The version that older servers and libraries refuse to read.
const NEW: Version = Version::Tls1_3;

impl Plan {
    /// What the plan adds and older software refuses, with what it needs: a sentence for each service.
    pub fn needs(&self) -> Vec<String> {
        let adds = |path: &PathBuf| {
            let Some(new) = self.contents.get(path) else { return false };
            let old = self.before.sources.find(path).map(|file| self.before.sources.file(file).bytes());
            count(new) > old.map_or(0, count)
        };
        let mut said = BTreeSet::new();
        for instance in self.before.instances().filter(|one| one.standing != Standing::NotLoaded) {
            let Some(what) = instance.ability.unproven.get(&NEW) else { continue };
            if paths(self, instance).any(|path| adds(&path)) {
                said.insert(format!(
                    "{}: this adds {NEW}, which needs {what}; older ones refuse to start with it: say what runs with --assume",
                    instance.service
                ));
            }
        }
        said.into_iter().collect()
    }
}

fn paths<'p>(plan: &'p Plan, instance: &'p Instance) -> impl Iterator<Item = PathBuf> + 'p {
    instance.files.iter().map(|file| plan.before.sources.file(*file).path().to_owned())
}

/// How often a text names the version.
fn count(text: &[u8]) -> usize {
    memchr::memmem::find_iter(text, NEW.name()).count()
}
