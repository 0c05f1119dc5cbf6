//! An instance of which something was not read: what that says is not known, so nothing else is certain.

use super::limits;
use super::service::{Question, Resolved, Response};
use crate::edit::{Change, Fix, LowerError};
use crate::endpoint::{Answer, Speaks, Unknown};
use crate::instance::Instance;
use crate::source::{SourceMap, Span};
use crate::tls::VersionSet;
use crate::topic::Topic;
use std::collections::HashMap;
use std::sync::Arc;

/// An instance that was read in part.
pub struct Unread {
    inner: Box<dyn Resolved>,
    instance: Instance,
    span: Option<Span>,
}

impl Unread {
    /// Makes every answer of an instance uncertain. `span`: where reading ended.
    pub fn new(inner: Box<dyn Resolved>, span: Option<Span>) -> Unread {
        let mut instance = inner.instance().clone();
        // Thousands of endpoints share an answer.
        let mut known: HashMap<*const Answer, Arc<Answer>> = HashMap::new();
        for endpoint in &mut instance.endpoints {
            let doubted = known.entry(Arc::as_ptr(&endpoint.answer)).or_insert_with(|| doubted(&endpoint.answer, span));
            endpoint.answer = Arc::clone(doubted);
        }
        // What was not read may make something of it.
        for setting in &mut instance.settings {
            (setting.dead, setting.trap) = (None, None);
        }
        Unread { inner, instance, span }
    }
}

fn doubted(answer: &Answer, span: Option<Span>) -> Arc<Answer> {
    let mut answer = answer.clone();
    if answer.speaks != Speaks::Tls {
        answer.speaks = Speaks::Unknown;
        answer.configured.value = VersionSet::TLS;
    }
    answer.effective = None;
    answer.unknown.push(Unknown {
        topic: Topic::of("not-read"),
        span,
        what: "not all of the configuration was read, and the rest may decide something else".into(),
        help: "see the errors; or probe the running server".into(),
    });
    Arc::new(answer)
}

impl Resolved for Unread {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn ask(&self, question: &Question) -> Option<Response> {
        // There may be a listener that was not read.
        let found = self.inner.ask(question).unwrap_or_else(|| limits::unknown(&question.target));
        Some(Response { answer: doubted(&found.answer, self.span), ..found })
    }

    fn lower(&self, _: &Change, _: &SourceMap) -> Result<Fix, LowerError> {
        Err(LowerError::NotAllRead)
    }
}
