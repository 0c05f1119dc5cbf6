//! The built-in profiles: policies as data files, each with its source.

/// A built-in profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// Its text, a policy.
    pub text: &'static str,
}

macro_rules! profiles {
    ($($name:literal),+ $(,)?) => {
        [$(Profile { name: $name, text: include_str!(concat!("profiles/", $name, ".yaml")) }),+]
    };
}

/// All of them: the default one, then by name.
pub const PROFILES: [Profile; 7] = profiles![
    "default",
    "bsi-tr-02102-2",
    "mozilla-intermediate",
    "mozilla-modern",
    "nist-sp800-52r2",
    "pci-dss-4",
    "rfc8996",
];

impl Profile {
    /// The profile of that name.
    pub fn find(name: &str) -> Option<&'static Profile> {
        static ALL: &[Profile] = &PROFILES;
        ALL.iter().find(|profile| profile.name == name)
    }

    /// All names, in the order of the list.
    pub fn names() -> Vec<&'static str> {
        PROFILES.iter().map(|profile| profile.name).collect()
    }
}
