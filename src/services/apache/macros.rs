//! `mod_macro`: `<Macro>`, `Use` and `UndefMacro`.

use super::reader::{Interpreter, LONGEST_LINE, LogicalLine, Macro};
use super::text::TracedText;
use super::words::{next_word, split};
use crate::source::Span;
use crate::topic::Topic;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The longest line of a body (`MAX_STRING_LEN` of httpd, without its end).
const LONGEST: usize = 8190;
/// So many bytes that are looked through for a parameter count as one that was made.
const LOOKED: usize = 64;

impl Interpreter<'_> {
    /// `<Macro NAME [PARAMETER...]>` and what follows, up to its end.
    pub(super) fn define_macro(&mut self, line: &LogicalLine, rest: usize) {
        if !self.modules.is_loaded("macro_module") {
            let message = "invalid command '<Macro', perhaps misspelled or defined by a module not included in the \
                           server configuration (mod_macro is not loaded)";
            self.model.complain(line.place, message);
        }
        let text = line.bytes();
        let end = memchr::memrchr(b'>', &text[rest..]).map(|length| rest + length);
        if end.is_none() {
            self.model.complain_of_syntax(line.place, "<Macro> directive missing closing '>'");
        }
        let head = &text[..end.unwrap_or(text.len())];
        let mut words = split(head, rest).into_iter().map(|word| word.value(head));
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() {
            self.model.complain(line.place, "<Macro> macro definition: name not found");
        }
        let mut parameters: Vec<Vec<u8>> = words.collect();
        // Flags of mod_macro in Debian: /IgnoreEmptyArgs, /IgnoreBadNesting
        let flags = parameters.iter().take_while(|word| word.starts_with(b"/Ignore")).count();
        parameters.drain(..flags);
        if parameters.iter().any(Vec::is_empty) {
            self.model.complain(line.place, "a parameter of this macro has an empty name");
            parameters.retain(|parameter| !parameter.is_empty());
        }
        if parameters.iter().collect::<BTreeSet<_>>().len() < parameters.len() {
            self.model.complain(line.place, "two parameters of this macro have the same name");
        }
        if let Some(body) = self.macro_body(line) {
            let name: Arc<str> = String::from_utf8_lossy(&name).as_ref().into();
            let body = Macro { name: name.clone(), parameters, body };
            self.macros.insert(name.as_bytes().to_vec(), Arc::new(body));
        }
    }

    /// The lines up to the end of a macro; nested ones are part of it.
    fn macro_body(&mut self, head: &LogicalLine) -> Option<Vec<(TracedText, Span)>> {
        let mut body = Vec::new();
        let mut nesting = 1;
        while let Some(line) = self.next_line() {
            if line.text.len() > LONGEST {
                self.model.complain(line.place, format!("a line of a macro has more than {LONGEST} characters"));
                self.model.complain_of_syntax(head.place, "expected token not found: </Macro>");
                return None;
            }
            let text = line.bytes();
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            let name = next_word(text, 0).map(|word| word.value(text)).unwrap_or_default();
            if name.eq_ignore_ascii_case(b"</macro>") {
                nesting -= 1;
                if nesting == 0 {
                    return Some(body);
                }
            } else if name.eq_ignore_ascii_case(b"<macro") {
                nesting += 1;
            }
            body.push((line.text, line.place.span));
        }
        self.model.complain_of_syntax(head.place, "expected token not found: </Macro>");
        None
    }

    /// `Use NAME [ARGUMENT...]`
    pub(super) fn use_macro(&mut self, line: &LogicalLine, rest: usize) {
        let mut words = split(line.bytes(), rest).into_iter();
        let name = words.next().map(|word| word.value(line.bytes())).unwrap_or_default().to_ascii_lowercase();
        let shown = name.escape_ascii().to_string();
        if name.is_empty() {
            self.model.complain(line.place, "no macro name specified with Use");
            return;
        }
        if self.model.is_part && !self.macros.contains_key(&name) {
            let what = format!("the macro '{shown}' is not here, and may set versions");
            self.not_here(line.place, Topic::about("missing-macro", shown), what);
            return;
        }
        if self.macros.is_empty() {
            let hint = if self.modules.is_loaded("macro_module") { "" } else { " (mod_macro is not loaded)" };
            self.model.complain(line.place, format!("macro '{shown}': no macro defined before Use{hint}"));
            return;
        }
        let Some(found) = self.macros.get(&name).cloned() else {
            self.model.complain(line.place, format!("macro '{shown}' undefined"));
            return;
        };
        if self.is_using(&found.name) {
            self.model.complain(line.place, format!("recursive use of macro '{shown}' is invalid"));
            return;
        }
        let arguments: Vec<TracedText> = words.map(|word| line.text.word(&word.kept, word.quote.is_some())).collect();
        let (given, wanted) = (arguments.len(), found.parameters.len());
        if given != wanted {
            let message = format!("macro '{shown}' used with {given} arguments instead of {wanted}");
            self.model.complain(line.place, message);
            return;
        }
        for (name, value) in found.parameters.iter().zip(&arguments) {
            self.model.note_value(name, value.bytes());
        }
        let mut lines = Vec::with_capacity(found.body.len());
        for (text, span) in &found.body {
            // Each parameter is looked for in each line: thousands in long lines are work without growth.
            let looked = found.parameters.len() * text.len() / LOOKED;
            if !self.grows(line.place, looked) {
                return;
            }
            let text = found.substitute(text, &arguments);
            if text.len() > LONGEST.min(LONGEST_LINE) {
                self.model.complain(line.place, format!("a line of macro '{shown}' gets too long"));
                return;
            }
            if !self.grows(line.place, text.len()) {
                return;
            }
            lines.push((text, *span));
        }
        let hop = self.add_hop(line.place, Some(found.name.clone()));
        self.enter_macro(found.name.clone(), lines, hop);
    }

    /// `UndefMacro NAME`
    pub(super) fn undefine_macro(&mut self, line: &LogicalLine, name: &[u8]) {
        if self.macros.remove(&name.to_ascii_lowercase()).is_none() {
            self.model.complain(line.place, format!("cannot remove undefined macro '{}'", name.escape_ascii()));
        }
    }
}

impl Macro {
    /// Puts arguments for parameters, as plain text, wherever the names of those stand: the leftmost name first, of
    /// several there the longest. What was put in is not looked at again.
    fn substitute(&self, line: &TracedText, arguments: &[TracedText]) -> TracedText {
        let bytes = line.bytes();
        let mut out = TracedText::default();
        let mut at = 0;
        // Where each parameter is found next; looked up anew only when passed.
        let find = |name: &[u8], from: usize| memchr::memmem::find(&bytes[from..], name).map(|length| from + length);
        let mut next: Vec<Option<usize>> = self.parameters.iter().map(|name| find(name, 0)).collect();
        loop {
            for (place, name) in next.iter_mut().zip(&self.parameters) {
                if place.is_some_and(|place| place < at) {
                    *place = find(name, at);
                }
            }
            let first = next.iter().zip(&self.parameters).enumerate();
            let first = first.filter_map(|(i, (place, name))| Some(((*place)?, usize::MAX - name.len(), i))).min();
            let Some((place, _, i)) = first else { break };
            out.push_part(line, at..place);
            if self.parameters[i].starts_with(b"@") {
                push_quoted(&mut out, &arguments[i]);
            } else {
                out.push_text(&arguments[i]);
            }
            at = place + self.parameters[i].len();
        }
        out.push_part(line, at..bytes.len());
        out
    }
}

/// `@` parameters are put in double quotes.
fn push_quoted(out: &mut TracedText, argument: &TracedText) {
    out.push_added(b"\"");
    for (i, byte) in argument.bytes().iter().enumerate() {
        if matches!(byte, b'"' | b'\\') {
            out.push_added(b"\\");
        }
        out.push_part(argument, i..i + 1);
    }
    out.push_added(b"\"");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    #[test]
    fn parameters_are_plain_text() {
        let mut sources = SourceMap::default();
        let mut text = |bytes: &str| {
            let path = format!("/{}", sources.iter().count());
            TracedText::of_file(sources.insert(path.into(), bytes.into()), 0, bytes.as_bytes())
        };
        let parameters = ["$p", "$pp", "@q"].map(|p| p.as_bytes().to_vec()).to_vec();
        let found = Macro { name: "m".into(), parameters, body: Vec::new() };
        let arguments = [text("1$pp"), text("2"), text("a\"b")];
        let line = text("x$p.$pp$P@q $p");
        let out = found.substitute(&line, &arguments);
        assert_eq!(out.bytes().escape_ascii().to_string(), r#"x1$pp.2$P\"a\\\"b\" 1$pp"#);
        assert!(out.was_passed(1..2) == arguments[0].was_passed(0..1));
    }
}
