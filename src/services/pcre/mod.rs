//! Whether PCRE takes a regular expression: nginx and httpd compile all of theirs when they start.
//!
//! It is read, never compiled: one pass without recursion, as `parse_regex` of PCRE2 10.42 goes, held against PCRE2 and PCRE1
//! themselves (`tests/real/expressions.rs`). What only other releases take, or what is not read here, is not known.

mod classes;
mod escapes;
mod groups;

use groups::OpenGroup;

/// What PCRE makes of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Why both PCRE1 and PCRE2 refuse it.
    pub refused: Option<&'static str>,
    /// Why PCRE2 refuses what PCRE1 takes.
    pub refused_by_new: Option<&'static str>,
    /// Is there something in it of which is not known what becomes of it?
    pub is_unsure: bool,
}

/// The largest number of a quantifier.
const MOST_TIMES: u32 = 65_535;
/// How deep groups may be nested.
const DEEPEST: usize = 250;

/// Reads an expression.
pub fn judge(text: &str) -> Judgement {
    let mut reader = PatternReader {
        bytes: text.as_bytes(),
        at: 0,
        item: Item::Nothing,
        open: vec![OpenGroup::new(false)],
        captures: 0,
        names: Vec::new(),
        references: Vec::new(),
        has_resets: false,
        may_repeat_names: false,
        judgement: Judgement::default(),
    };
    reader.read_all();
    reader.judgement
}

/// Does every PCRE refuse an expression?
pub fn is_broken(text: &str) -> bool {
    judge(text).refused.is_some()
}

/// What stands before a quantifier, with its length in characters where that is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// What can be repeated.
    Repeatable(Option<u32>),
    /// Nothing, or what takes no character: `^`, `\b`.
    Nothing,
}

/// What a reference leads to.
enum Reference {
    Group(u32),
    Name(Vec<u8>),
}

struct PatternReader<'p> {
    bytes: &'p [u8],
    at: usize,
    item: Item,
    /// The innermost last; the first is the whole expression.
    open: Vec<OpenGroup>,
    captures: u32,
    names: Vec<(Vec<u8>, u32)>,
    references: Vec<Reference>,
    /// Does `(?|` give numbers again?
    has_resets: bool,
    may_repeat_names: bool,
    judgement: Judgement,
}

impl PatternReader<'_> {
    fn read_all(&mut self) {
        while let Some(byte) = self.peek() {
            if self.judgement.refused.is_some() {
                return;
            }
            self.at += 1;
            match byte {
                b'\\' => self.read_escape(),
                b'[' => self.read_class(),
                b'(' => self.open_group(),
                b')' => self.close_group(),
                b'|' => self.next_branch(),
                b'*' => self.quantify(0, None),
                b'+' => self.quantify(1, None),
                b'?' => self.quantify(0, Some(1)),
                b'{' => self.read_braces(),
                b'^' | b'$' => self.add(Item::Nothing),
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c if self.group().is_extended => {}
                b'#' if self.group().is_extended => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => self.add(Item::Repeatable(Some(1))),
            }
        }
        if self.open.len() > 1 {
            self.refuse("missing closing parenthesis");
        }
        self.follow_references();
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    /// Goes over a text if it is what comes next.
    fn skip(&mut self, text: &[u8]) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn refuse(&mut self, why: &'static str) {
        self.judgement.refused.get_or_insert(why);
        self.at = self.bytes.len();
    }

    fn refuse_by_new(&mut self, why: &'static str) {
        self.judgement.refused_by_new.get_or_insert(why);
    }

    fn doubt(&mut self) {
        self.judgement.is_unsure = true;
    }

    /// The innermost group.
    fn group(&mut self) -> &mut OpenGroup {
        // The whole expression is never closed.
        if self.open.is_empty() {
            self.open.push(OpenGroup::new(false));
        }
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    fn add(&mut self, item: Item) {
        self.item = item;
        if let Item::Repeatable(length) = item {
            self.group().lengthen(length);
        }
    }

    /// A quantifier, whose first byte has been read.
    fn quantify(&mut self, least: u32, most: Option<u32>) {
        let Item::Repeatable(length) = self.item else {
            return self.refuse("quantifier does not follow a repeatable item");
        };
        self.group().repeat(length, least, most);
        if !self.skip(b"+") {
            self.skip(b"?");
        }
        self.item = Item::Nothing;
        // PCRE1 takes one quantifier in braces upon another.
        if self.bytes[self.at - 1] == b'}' && self.is_quantifier() {
            self.refuse_by_new("quantifier does not follow a repeatable item");
            self.doubt();
            self.item = Item::Repeatable(None);
        }
    }

    /// A brace that is a quantifier, or itself.
    fn read_braces(&mut self) {
        self.at -= 1;
        if !self.is_quantifier() {
            // From 10.43 on more of them are quantifiers.
            let body: Vec<u8> = self.rest().iter().skip(1).copied().take_while(|byte| *byte != b'}').collect();
            let is_new = !body.is_empty() && body.iter().all(|byte| byte.is_ascii_digit() || b", \t".contains(byte));
            if is_new && body.len() < self.rest().len() - 1 && (self.item == Item::Nothing || self.is_behind()) {
                self.doubt();
            }
            self.at += 1;
            self.add(Item::Repeatable(Some(1)));
            return;
        }
        self.at += 1;
        let least = self.read_number().unwrap_or_default();
        let most = match self.skip(b",") {
            true => self.read_number(),
            false => Some(least),
        };
        self.skip(b"}");
        if least > MOST_TIMES || most.is_some_and(|most| most > MOST_TIMES) {
            return self.refuse("number too big in {} quantifier");
        }
        if most.is_some_and(|most| most < least) {
            return self.refuse("numbers out of order in {} quantifier");
        }
        // A large expression may be larger than PCRE takes.
        if least > 100 && self.open.len() > 1
            || matches!(self.item, Item::Repeatable(length) if least > 500 && length != Some(1))
        {
            self.doubt();
        }
        self.quantify(least, most);
    }

    /// Are there numbers in braces: `{3}`, `{3,}`, `{3,4}`?
    fn is_quantifier(&self) -> bool {
        let Some(rest) = self.rest().strip_prefix(b"{") else { return false };
        let Some(end) = rest.iter().position(|byte| *byte == b'}') else { return false };
        let mut parts = rest[..end].split(|byte| *byte == b',');
        let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        let first = parts.next().is_some_and(|part| !part.is_empty() && is_number(part));
        first && parts.next().is_none_or(is_number) && parts.next().is_none()
    }

    /// Digits; more than fit are many.
    fn read_number(&mut self) -> Option<u32> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = &self.rest()[..digits];
        let value =
            text.iter().fold(0_u32, |all, digit| all.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        self.at += digits;
        (digits > 0).then_some(value)
    }

    /// Is it inside of what looks behind?
    fn is_behind(&self) -> bool {
        self.open.iter().any(|group| group.looks_behind)
    }

    fn follow_references(&mut self) {
        for reference in std::mem::take(&mut self.references) {
            let is_there = match &reference {
                Reference::Group(number) => *number <= self.captures,
                Reference::Name(name) => self.names.iter().any(|(known, _)| known == name),
            };
            // With numbers that are given again, there are fewer groups than parentheses.
            match (is_there, self.has_resets) {
                (_, true) => self.doubt(),
                (true, false) => {}
                (false, false) => self.refuse("reference to non-existent subpattern"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pcre_refuses() {
        for text in [
            "(",
            "a)",
            "*a",
            "^*",
            "a|*",
            "(+a)",
            "[a",
            "a\\",
            "[z-a]",
            "[[:foo:]]",
            "a{2,1}",
            "a{65536}",
            "(?<1a>b)",
            "(a)\\2",
            "(?<x>a)(?<x>b)",
            "(?<=a+)b",
            "(?#a",
            "(?z)a",
            "\\L",
            "\\N{U+41}",
            "(?1)",
            "(?(1)a)",
            "[]a",
            "(?(1)a|b|c)(d)",
        ] {
            assert!(judge(text).refused.is_some(), "{text}");
        }
        for text in ["[\\w-.]", "a{2}{3}", "\\y"] {
            let judgement = judge(text);
            assert!(judgement.refused.is_none() && judgement.refused_by_new.is_some(), "{text}: {judgement:?}");
        }
        for text in [
            "",
            "^/(.*)$",
            "(?:a|b)?",
            "(?!x)y",
            "[]a]",
            "[^]]",
            "[\\]]",
            "a++",
            "\\Q(",
            "(?i)x",
            "(?<n>a)\\k<n>",
            "a{,3}",
            "^(?<user>.+)\\.(a|b)\\.example$",
            "(?x) a # (\n b",
            "(?<=a|bc)d",
            "[a-z-]",
            "\\x41",
        ] {
            assert_eq!(judge(text), Judgement::default(), "{text}");
        }
        for text in ["\\p{Foo}", "(?<=a?)b", "(?|(a)|(b))\\2", "(?R)?a"] {
            let judgement = judge(text);
            assert!(judgement.is_unsure && judgement.refused.is_none(), "{text}: {judgement:?}");
        }
    }
}
