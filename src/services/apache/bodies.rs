//! What stands in the sections of a file or macro, by the names of its lines alone: a condition of which nothing is known
//! matters only where something in it does.

/// Where the sections of a text end, and which of its lines matter.
#[derive(Debug)]
pub(super) struct Bodies {
    /// For each line, that which ends the section around it; behind the last one: none does.
    ends: Vec<usize>,
    /// For each line, how many before it matter.
    mattering: Vec<usize>,
}

impl Bodies {
    /// `names`: of each line the first word in lower case, with its `<`; none for a comment.
    pub(super) fn new(names: &[Option<Vec<u8>>], matters: impl Fn(&[u8]) -> bool) -> Bodies {
        let mut ends = vec![names.len(); names.len() + 1];
        for (at, name) in names.iter().enumerate().rev() {
            let end = ends[at + 1];
            ends[at] = match name.as_deref() {
                Some([b'<', b'/', ..]) => at,
                // Its own end is the next one; that around it comes behind that.
                Some([b'<', ..]) => ends[(end + 1).min(names.len())],
                _ => end,
            };
        }
        let mut mattering = Vec::with_capacity(names.len() + 1);
        let mut count = 0;
        for name in names {
            mattering.push(count);
            count += usize::from(name.as_ref().is_some_and(|name| matters(name)));
        }
        mattering.push(count);
        Bodies { ends, mattering }
    }

    /// Does a line matter from this one on, up to the end of the section around it?
    pub(super) fn matter(&self, from: usize) -> bool {
        let from = from.min(self.ends.len() - 1);
        self.mattering[self.ends[from]] > self.mattering[from]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_end_where_they_are_closed() {
        let names = ["x", "<a", "<b", "x", "</b", "</a", "x", "!", "</out", "!"];
        let names: Vec<Option<Vec<u8>>> = names.iter().map(|name| Some(name.as_bytes().to_vec())).collect();
        let bodies = Bodies::new(&names, |name| name == b"!");
        assert_eq!(bodies.ends, [8, 8, 5, 4, 4, 5, 8, 8, 8, 10, 10]);
        let matter: Vec<bool> = (0..=11).map(|from| bodies.matter(from)).collect();
        assert_eq!(matter[..3], [true, true, false]);
        assert_eq!(matter[5..], [false, true, true, false, true, false, false]);
        assert!(!Bodies::new(&[], |_| true).matter(0));
    }
}
