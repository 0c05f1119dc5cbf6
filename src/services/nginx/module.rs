//! The modules of nginx that speak TLS: those that listen, and those that are clients.

/// One of the three modules that listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ListenModule {
    Http,
    Stream,
    Mail,
}

impl ListenModule {
    pub(super) fn name(self) -> &'static str {
        match self {
            ListenModule::Http => "http",
            ListenModule::Stream => "stream",
            ListenModule::Mail => "mail",
        }
    }
}

/// The module that is a TLS client of another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Client {
    Proxy,
    Grpc,
    Uwsgi,
}

impl Client {
    pub(super) const ALL: [Client; 3] = [Client::Proxy, Client::Grpc, Client::Uwsgi];

    /// The prefix of its directives.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Client::Proxy => "proxy",
            Client::Grpc => "grpc",
            Client::Uwsgi => "uwsgi",
        }
    }

    /// The schemes of its targets without TLS and with it.
    pub(super) fn schemes(self) -> [&'static str; 2] {
        match self {
            Client::Proxy => ["http://", "https://"],
            Client::Grpc => ["grpc://", "grpcs://"],
            Client::Uwsgi => ["uwsgi://", "suwsgi://"],
        }
    }

    /// Whether a target is reached by TLS, and what follows its scheme; `None`: it begins with no scheme.
    pub(super) fn scheme_of(self, target: &str) -> Option<(bool, &str)> {
        self.schemes().into_iter().zip([false, true]).find_map(|(scheme, tls)| {
            let begins = target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
            begins.then(|| (tls, &target[scheme.len()..]))
        })
    }
}
