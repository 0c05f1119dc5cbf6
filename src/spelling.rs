//! What a misspelt name may stand for: one measure for policies, comments and the command line.

/// Longer words are near to no name. Comparing takes time by the length of both.
const LONGEST: usize = 64;

/// The known name that is nearest to the word, if it is so near that it may be meant.
pub(crate) fn find_nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase().replace('_', "-");
    let compared = known.into_iter().map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name));
    let (distance, name) = compared.min()?;
    (distance <= name.len().div_ceil(4)).then_some(name)
}

/// The nearest name as a question: `` did you mean `forbid`? ``
pub(crate) fn suggest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    find_nearest(word, known).map(|name| format!("did you mean `{name}`?"))
}

/// The nearest name as a question, or all names: `the rules are a, b`.
pub(crate) fn suggest_or_list(word: &str, plural: &str, known: &[&str]) -> String {
    let question = suggest(word, known.iter().copied());
    question.unwrap_or_else(|| format!("the {plural} are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let known = ["forbid", "forbidden-version", "html", "json", "junit"];
        for (word, name) in [
            ("forbids", Some("forbid")),
            ("Forbiden_Version", Some("forbidden-version")),
            ("josn", Some("json")),
            ("yaml", None),
            ("", None),
            (&*"json".repeat(20), None),
        ] {
            assert_eq!(find_nearest(word, known), name, "{word}");
        }
        assert_eq!(suggest_or_list("jnuit", "formats", &known[3..]), "did you mean `junit`?");
        assert_eq!(suggest_or_list("yaml", "formats", &known[3..]), "the formats are json, junit");
    }
}
