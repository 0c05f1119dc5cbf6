//! Which directives httpd refuses for what they are: where they stand, how many arguments they have, whose they are.

use super::ID;
use super::reader::{Interpreter, LogicalLine};
use super::scope::{DirectiveScope, MAIN};
use super::syntax::{NEWEST, SyntaxContext, find, is_own_module};
use super::values;
use super::words::LineArguments;
use crate::release::Release;

/// Sections whose directives are those for files, paths and requests.
const DIRECTORIES: &[&str] =
    &["directory", "directorymatch", "else", "elseif", "files", "filesmatch", "if", "location", "locationmatch"];

impl Interpreter<'_> {
    /// Checks a directive, or (without arguments) the head of a section.
    pub(super) fn check_syntax(
        &mut self,
        line: &LogicalLine,
        name: &[u8],
        lower: &str,
        arguments: Option<&LineArguments<'_>>,
    ) {
        // The table is not one of httpd 2.2.
        if self.world.facts.of(ID).release.value.is_some_and(|release| release < Release::new(2, 4, 0)) {
            return;
        }
        let shown = name.escape_ascii().to_string();
        let Some(syntax) = find(lower) else {
            self.foreign.push((line.place, shown));
            return;
        };
        if !syntax.modules.iter().any(|module| self.modules.is_loaded(module)) {
            self.foreign.push((line.place, shown.clone()));
        }
        let scope = self.current_scope();
        let context = match &scope {
            DirectiveScope::Server(MAIN) => Some(SyntaxContext::Main),
            DirectiveScope::Server(_) => Some(SyntaxContext::VirtualHost),
            DirectiveScope::Proxy(..) => Some(SyntaxContext::Proxy),
            DirectiveScope::Inside(_, section) if DIRECTORIES.contains(&&*section.to_ascii_lowercase()) => {
                Some(SyntaxContext::Directory(section))
            }
            // What is allowed there depends on what is around it.
            DirectiveScope::Inside(..) => None,
        };
        let shown = if shown.starts_with('<') { shown + ">" } else { shown };
        let why = context.and_then(|context| syntax.misplaced(&shown, context));
        let words = || {
            let arguments = arguments.filter(|_| line.undefined.is_empty())?;
            Some((0..arguments.words.len()).filter_map(|at| arguments.bytes(at)).collect::<Vec<_>>())
        };
        let why = why.or_else(|| syntax.miscounted(&shown, &words()?));
        if let Some(why) = why {
            self.model.complain(line.place, why);
        }
    }

    /// Complains about stores of sessions whose module is not loaded, where that is sure.
    pub(super) fn check_stores(&mut self) {
        let is_sure = self.any_module && self.modules.is_complete();
        for (place, name, value) in std::mem::take(&mut self.stores) {
            let (store, rest) = value.split_once(':').unwrap_or((&value, ""));
            let is_none = value.eq_ignore_ascii_case("none") || value.eq_ignore_ascii_case("nonenotnull");
            if name.eq_ignore_ascii_case("sslsessioncache") && is_none {
                continue;
            }
            let module = format!("socache_{store}_module");
            if is_sure && !self.modules.is_loaded(&module) && (is_own_module(&module) || self.modules.are_own()) {
                let kind = if name.eq_ignore_ascii_case("sslsessioncache") { "session" } else { "stapling" };
                self.model
                    .complain(place, format!("{name}: '{store}' {kind} cache not supported: load mod_socache_{store}"));
            }
            let why = values::refused_size(rest).filter(|_| store == "shmcb");
            if let Some(why) = why {
                self.model.complain(place, format!("{name}: invalid argument: {why}"));
            }
        }
    }

    /// Complains about directives of modules that are not loaded, where that is sure.
    pub(super) fn check_modules(&mut self) {
        let release = self.world.facts.of(ID).release.value;
        let is_sure = self.any_module && self.modules.is_complete();
        // Newer versions may have more directives, and so may modules of others.
        let knows_all = release.is_some_and(|release| release <= NEWEST) && self.modules.are_own();
        for (place, name) in std::mem::take(&mut self.foreign) {
            let refused = match find(&name.to_ascii_lowercase()) {
                // `mod_ssl` has its own complaint; one of these is always there.
                Some(syntax) => !syntax.modules.iter().any(|module| {
                    module == "ssl_module" || module.starts_with("mpm_") || self.modules.is_loaded(module)
                }),
                None => knows_all,
            };
            if is_sure && refused {
                self.invalid_command(place, name.as_bytes());
            }
        }
    }
}
