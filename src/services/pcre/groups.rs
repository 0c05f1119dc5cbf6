//! What is in parentheses.

use super::{DEEPEST, Item, PatternReader, Reference};

/// A group that is being read.
#[derive(Clone, Debug)]
pub(super) struct OpenGroup {
    /// White space and comments do not count.
    pub is_extended: bool,
    /// `(?<=`, `(?<!`
    pub looks_behind: bool,
    /// It takes no character.
    is_assertion: bool,
    /// Something in it may take any number of characters.
    is_unbounded: bool,
    /// How many branches it may have.
    most_branches: usize,
    /// The lengths of the branches before, and of this one, where they are fixed.
    branches: Vec<Option<u32>>,
    length: Option<u32>,
}

impl OpenGroup {
    pub(super) fn new(is_extended: bool) -> OpenGroup {
        OpenGroup {
            is_extended,
            looks_behind: false,
            is_assertion: false,
            is_unbounded: false,
            most_branches: usize::MAX,
            branches: Vec::new(),
            length: Some(0),
        }
    }

    pub(super) fn lengthen(&mut self, by: Option<u32>) {
        self.length = self.length.zip(by).map(|(length, by)| length.saturating_add(by));
    }

    /// The last item, of which one is counted already, is repeated.
    pub(super) fn repeat(&mut self, item: Option<u32>, least: u32, most: Option<u32>) {
        self.is_unbounded |= most.is_none() && item != Some(0);
        self.length = match (self.length, item) {
            _ if item == Some(0) => self.length,
            (Some(length), Some(item)) if most == Some(least) => {
                Some(length.saturating_sub(item).saturating_add(item.saturating_mul(least)))
            }
            _ => None,
        };
    }
}

/// The words of `(*WORD)`.
const VERBS: &[&str] = &["ACCEPT", "COMMIT", "F", "FAIL", "MARK", "PRUNE", "SKIP", "THEN"];

impl PatternReader<'_> {
    /// What follows an opening parenthesis.
    pub(super) fn open_group(&mut self) {
        if self.open.len() > DEEPEST {
            return self.doubt_all();
        }
        let mut group = OpenGroup::new(self.group().is_extended);
        let before = std::mem::replace(&mut self.item, Item::Nothing);
        if self.peek() == Some(b'*') {
            return self.read_verb();
        }
        if !self.skip(b"?") {
            self.captures += 1;
            self.open.push(group);
            return;
        }
        let assertions: [(&[u8], bool); 4] = [(b"=", false), (b"!", false), (b"<=", true), (b"<!", true)];
        if let Some((_, behind)) = assertions.into_iter().find(|(text, _)| self.skip(text)) {
            group.is_assertion = true;
            group.looks_behind = behind;
            self.open.push(group);
            return;
        }
        match self.peek() {
            None => self.refuse("missing closing parenthesis"),
            Some(b'#') => match self.rest().iter().position(|byte| *byte == b')') {
                Some(end) => {
                    self.at += end + 1;
                    // A comment is as if it were not there.
                    self.item = before;
                }
                None => self.refuse("missing ) after (?# comment"),
            },
            Some(b':' | b'>') => {
                self.at += 1;
                self.open.push(group);
            }
            Some(b'|') => {
                self.at += 1;
                self.has_resets = true;
                self.open.push(group);
            }
            Some(b'P') if self.skip(b"P=") => self.refer_by_name(b')'),
            Some(b'P' | b'&') if self.skip(b"P>") || self.skip(b"&") => {
                // PCRE1 refuses those that may never end.
                self.doubt();
                self.refer_by_name(b')');
            }
            Some(b'P' | b'<' | b'\'') => {
                self.skip(b"P");
                self.named_group(group);
            }
            Some(b'(') => self.conditional_group(group),
            Some(b'R' | b'0'..=b'9' | b'+') => self.recurse(),
            Some(b'-') if self.rest().get(1).is_some_and(u8::is_ascii_digit) => self.recurse(),
            Some(b'C' | b'*' | b'^' | b'[') => self.doubt_all(),
            Some(_) => self.read_flags(group),
        }
    }

    /// What is in the rest of it, is not read.
    fn doubt_all(&mut self) {
        self.doubt();
        self.open.truncate(1);
        self.at = self.bytes.len();
    }

    /// The word of a name, up to its end.
    pub(super) fn read_name(&mut self, end: u8) -> Option<Vec<u8>> {
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let name: Vec<u8> = self.rest().iter().take_while(is_word).copied().collect();
        if name.is_empty() || name[0].is_ascii_digit() {
            self.refuse("subpattern name expected");
            return None;
        }
        self.at += name.len();
        if !self.skip(&[end]) {
            self.refuse("syntax error in subpattern name (missing terminator?)");
            return None;
        }
        // PCRE2 10.44 takes more.
        if name.len() > 32 {
            self.doubt();
        }
        Some(name)
    }

    /// A reference by a name that ends so; its beginning has been read.
    pub(super) fn refer_by_name(&mut self, end: u8) {
        if let Some(name) = self.read_name(end) {
            self.references.push(Reference::Name(name));
            self.add(Item::Repeatable(None));
        }
    }

    fn named_group(&mut self, group: OpenGroup) {
        let end = match self.peek() {
            Some(b'<') => b'>',
            Some(b'\'') => b'\'',
            _ => return self.refuse("unrecognized character after (?P"),
        };
        self.at += 1;
        let Some(name) = self.read_name(end) else { return };
        self.captures += 1;
        let number = self.captures;
        if self.names.iter().any(|(known, _)| *known == name) {
            match self.may_repeat_names || self.has_resets {
                true => self.doubt(),
                false => return self.refuse("two named subpatterns have the same name (PCRE2_DUPNAMES not set)"),
            }
        }
        self.names.push((name, number));
        self.open.push(group);
    }

    /// `(?R)`, `(?2)`, `(?-1)`
    fn recurse(&mut self) {
        let sign = self.peek().filter(|byte| matches!(byte, b'+' | b'-'));
        self.at += usize::from(sign.is_some() || self.peek() == Some(b'R'));
        let number = self.read_number();
        if !self.skip(b")") {
            return self.doubt_all();
        }
        self.doubt();
        self.refer_by_number(sign, number.unwrap_or_default());
        self.add(Item::Repeatable(None));
    }

    /// A reference to a group by its number, or by how many groups it is away.
    pub(super) fn refer_by_number(&mut self, sign: Option<u8>, number: u32) {
        match sign {
            Some(b'-') if number == 0 || number > self.captures => {
                self.refuse("reference to non-existent subpattern");
            }
            Some(b'-') => {}
            Some(_) => self.references.push(Reference::Group(self.captures.saturating_add(number))),
            None => self.references.push(Reference::Group(number)),
        }
    }

    /// `(?(1)yes|no)`
    fn conditional_group(&mut self, mut group: OpenGroup) {
        group.most_branches = 2;
        let condition = &self.rest()[1..];
        if condition.starts_with(b"?") || condition.starts_with(b"*") {
            // The assertion is a group of its own.
            if !["?=", "?!", "?<=", "?<!"].iter().any(|start| condition.starts_with(start.as_bytes())) {
                return self.doubt_all();
            }
            self.open.push(group);
            return;
        }
        self.at += 1;
        if let Some(number) = self.read_number() {
            self.references.push(Reference::Group(number));
        } else if self.skip(b"<") || self.skip(b"'") {
            let end = if self.bytes[self.at - 1] == b'<' { b'>' } else { b'\'' };
            if let Some(name) = self.read_name(end) {
                self.references.push(Reference::Name(name));
            }
        } else if self.skip(b"DEFINE") {
            group.most_branches = 1;
        } else if !self.skip(b"R") {
            return self.doubt_all();
        }
        match self.skip(b")") {
            true => self.open.push(group),
            false if self.judgement.refused.is_none() => self.doubt_all(),
            false => {}
        }
    }

    /// `(?i)`, `(?i-x:`
    fn read_flags(&mut self, mut group: OpenGroup) {
        let mut on = true;
        loop {
            let byte = self.peek();
            self.at += 1;
            match byte {
                None => return self.refuse("missing closing parenthesis"),
                Some(b'-') if on => on = false,
                Some(b'i' | b'm' | b's' | b'U') => {}
                Some(b'J') => self.may_repeat_names |= on,
                Some(b'x') => group.is_extended = on,
                // Some releases have them.
                Some(b'n' | b'X' | b'a' | b'r') => return self.doubt_all(),
                Some(b')') => {
                    self.group().is_extended = group.is_extended;
                    return;
                }
                Some(b':') => {
                    self.open.push(group);
                    return;
                }
                Some(_) => return self.refuse("unrecognized character after (? or (?-"),
            }
        }
    }

    /// `(*VERB)`
    fn read_verb(&mut self) {
        let is_word = |byte: &&u8| byte.is_ascii_uppercase() || **byte == b'_';
        let word: Vec<u8> = self.rest()[1..].iter().take_while(is_word).copied().collect();
        let next = self.rest().get(1 + word.len()).copied();
        let is_known = VERBS.iter().any(|verb| verb.as_bytes() == word);
        match next {
            Some(b')') if word.is_empty() => self.refuse("quantifier does not follow a repeatable item"),
            Some(b')') if is_known && word != b"MARK" => self.at += 2 + word.len(),
            _ => self.doubt_all(),
        }
    }

    pub(super) fn next_branch(&mut self) {
        self.item = Item::Nothing;
        let group = self.group();
        let length = group.length.replace(0);
        group.branches.push(length);
        if group.branches.len() >= group.most_branches {
            self.refuse("conditional subpattern contains more than two branches");
        }
    }

    pub(super) fn close_group(&mut self) {
        if self.open.len() < 2 {
            return self.refuse("unmatched closing parenthesis");
        }
        let Some(mut group) = self.open.pop() else { return };
        group.branches.push(group.length);
        let first = group.branches[0];
        let is_fixed = group.branches.iter().all(Option::is_some);
        match group.looks_behind {
            true if group.is_unbounded => return self.refuse("lookbehind assertion is not fixed length"),
            // From 10.43 on PCRE2 takes it up to some length.
            true if !is_fixed => self.doubt(),
            _ => {}
        }
        self.group().is_unbounded |= group.is_unbounded && !group.is_assertion;
        let length = match group.is_assertion {
            true => Some(0),
            false if group.branches.iter().all(|length| *length == first) => first,
            false => None,
        };
        self.add(Item::Repeatable(length));
    }
}
