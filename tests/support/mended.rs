//! A site's plan, applied and tried on the real server.

use super::answers::{compare, machine};
use super::handshake::{Contact, Seen, knock};
use super::server::{Server, check};
use super::site::Site;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use tlsmend::endpoint::{Address, Endpoint, Role, Speaks, Transport};
use tlsmend::engine::{self, Request};
use tlsmend::finding::Verdict;
use tlsmend::host::Facts;
use tlsmend::plan::{Plan, plan};
use tlsmend::policy::Policy;
use tlsmend::rules;
use tlsmend::services::nginx;
use tlsmend::services::service::Destination;

/// What a plan did to a site.
#[derive(Default)]
pub struct Mended {
    /// The files that it changed.
    pub changed: usize,
    /// The contacts that comply, by handshake.
    pub comply: usize,
    /// Why others do not, in the words of the findings.
    pub left: BTreeSet<String>,
    pub complaints: String,
}

impl Mended {
    fn complain(&mut self, contact: &Contact, text: &str) {
        let _ = writeln!(self.complaints, "  {:?} sni {:?}: {text}", contact.target, contact.sni);
    }
}

/// A plan for a site.
pub struct Planned {
    pub plan: Plan,
    policy: Policy,
    facts: Facts,
}

impl Planned {
    pub fn of(site: &Site) -> Planned {
        let (system, facts, policy) = (machine(), site.facts(), Policy::default_profile());
        let paths = [site.main_file()];
        let plan = plan(Request { paths: &paths, ..Request::new(&system, &facts, &policy) });
        Planned { plan, policy, facts }
    }

    /// The clients that are sure to tell endpoints apart.
    pub fn contacts(&self) -> Vec<Contact> {
        let mut contacts = Vec::new();
        let endpoints = self.plan.before.instances().flat_map(|instance| &instance.endpoints);
        for contact in endpoints.filter_map(contact) {
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
        contacts
    }

    /// Writes the plan over the site, starts the server again, and asks every contact again.
    pub fn apply(self, site: &Site, before: &[(Contact, Seen)]) -> Mended {
        let mut mended = Mended { changed: self.plan.contents.len(), ..Mended::default() };
        for (path, bytes) in &self.plan.contents {
            std::fs::write(path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
        let checked = check(site);
        if !checked.accepts {
            mended.complaints = format!("the patched files are refused: {}\n{}", checked.output, site.show());
            return mended;
        }
        let targets: Vec<Destination> =
            before.iter().filter(|(_, seen)| !seen.versions.is_empty()).map(|(c, _)| c.target.clone()).collect();
        match Server::start(site, &targets) {
            Ok(_running) => {
                for (contact, earlier) in before {
                    self.judge(contact, *earlier, knock(contact), &mut mended);
                }
            }
            Err(error) => mended.complaints = format!("the patched server does not start: {error}\n"),
        }
        if !mended.complaints.is_empty() {
            mended.complaints += &site.show();
        }
        mended
    }

    fn judge(&self, contact: &Contact, earlier: Seen, now: Seen, mended: &mut Mended) {
        let after = &self.plan.after;
        if !earlier.versions.is_empty() && now.versions.is_empty() {
            mended.complain(contact, &format!("gave {} and gives nothing after the patch", earlier.versions));
        }
        let response = engine::ask(&after.resolved, &contact.question()).0.map(|(_, response)| response);
        if let Err(text) = compare(response.as_ref(), &after.sources, contact, now) {
            let _ = write!(mended.complaints, "  after the patch:\n{text}");
        }
        let Some(answer) = response.map(|r| r.answer) else { return };
        let verdict = rules::verdict(&answer, contact.question().transport, &self.policy.base);
        if verdict != Verdict::Compliant {
            self.explain(verdict, mended);
            return;
        }
        let library = self.facts.of(nginx::ID).library.versions();
        if !now.versions.and(self.policy.base.forbid).is_empty() {
            mended.complain(contact, &format!("is said to comply after the patch, and gives {}", now.versions));
        } else if answer.speaks == Speaks::Tls && !answer.refuses {
            if self.policy.base.require.and(library).is_subset(now.versions) {
                mended.comply += 1;
            } else {
                mended
                    .complain(contact, &format!("is said to comply after the patch, and gives only {}", now.versions));
            }
        }
    }

    /// What does not comply after the patch needs a finding that says why no edit helps.
    fn explain(&self, verdict: Verdict, mended: &mut Mended) {
        let after = &self.plan.after;
        let mut explained = false;
        for finding in after.findings.iter().filter(|f| f.verdict >= verdict || f.help.is_some()) {
            let reason = match (&finding.help, &finding.fix) {
                (Some(help), _) => help.clone(),
                (None, Some(fix)) => format!("{:?}: {}", fix.applicability, fix.title),
                (None, None) => continue,
            };
            explained = true;
            mended.left.insert(format!("{verdict}: {}: {reason}", finding.message));
        }
        for (path, why) in &self.plan.refused {
            explained = true;
            let name = path.file_name().unwrap_or_default().display();
            mended.left.insert(format!("{verdict}: {name} is left alone: {why}"));
        }
        if !explained {
            let messages: Vec<&String> = after.findings.iter().map(|f| &f.message).collect();
            let _ =
                writeln!(mended.complaints, "  is {verdict} after the patch, and no finding says why: {messages:?}");
        }
    }
}

/// A client of an endpoint, if one can be made up.
fn contact(endpoint: &Endpoint) -> Option<Contact> {
    if endpoint.role != Role::Listener || endpoint.transport != Transport::Stream {
        return None;
    }
    let local = |ip: IpAddr| match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        other => other,
    };
    let target = match &*endpoint.address {
        Address::Any(port) => Destination::Ip(IpAddr::from([127, 0, 0, 1]), *port),
        Address::Ip(ip, port) => Destination::Ip(local(*ip), *port),
        Address::Unix(path) => Destination::Unix(path.clone()),
        Address::Remote(_) => return None,
    };
    let name = match endpoint.name.as_deref() {
        // A name that a pattern of nginx or Apache matches; of a regex there is none.
        Some(name) if name.starts_with('~') => return None,
        Some(name) => Some(name.replace('*', "w").replace('?', "q").trim_start_matches('.').to_owned()),
        None => None,
    };
    Some(Contact::new(target, name.as_deref().filter(|n| !n.is_empty())))
}
