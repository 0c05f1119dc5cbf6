//! Regular expressions made up by chance: what the machine's PCRE2 refuses is what tlsmend refuses.

use crate::support::needs;
use crate::support::random::Random;

use std::process::Command;
use tlsmend::services::pcre::judge;

/// Compiles expressions, one a line, and prints for each the library's number of an error, or 0.
const PROGRAM: &str = r"
import ctypes, sys
lib = ctypes.CDLL('libpcre2-8.so.0')
lib.pcre2_compile_8.restype = ctypes.c_void_p
lib.pcre2_code_free_8.argtypes = [ctypes.c_void_p]
for text in sys.argv[1].encode().split(b'\n'):
    error, at = ctypes.c_int(), ctypes.c_size_t()
    code = lib.pcre2_compile_8(text, ctypes.c_size_t(len(text)), 0, ctypes.byref(error), ctypes.byref(at), None)
    print(0 if code else error.value)
    lib.pcre2_code_free_8(code)
";

const PARTS: &[&str] = &[
    "a",
    "b",
    ".",
    "^",
    "$",
    "(",
    ")",
    "(",
    ")",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{1,3}",
    "{3,1}",
    "{2,}",
    "[",
    "[^",
    "]",
    "[a-z]",
    "[z-a]",
    "\\",
    "\\d",
    "\\w",
    "\\1",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?<n>",
    "(?P<m>",
    "(?>",
    "\\k<n>",
    "(?P=m)",
    "(?(1)",
    "\\b",
    "(?i)",
    "(?x)",
    "(?i:",
    "(?-i)",
    "#",
    " ",
    "(?#",
    "[:alpha:]",
    "[[:alpha:]]",
    "[:foo:]",
    "-",
    "\\-",
    "[\\w-",
    "\\x41",
    "\\pL",
    "\\R",
    "\\X",
    "\\N",
    "\\y",
    "\\/",
    "\\.",
    "}",
    "{",
    "\\g{-1}",
    "[]",
    "\\S+",
    ".*",
    "/",
    ":",
    "_",
    "(?",
    "\\Z",
    "[\\d",
    "é",
];

#[test]
fn expressions_are_refused_as_pcre_does() {
    if !needs::has(&["python3"]) {
        return;
    }
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (mut refused, mut unsure, mut wrong, mut all) = (0, 0, Vec::new(), 0);
    for seed in number("TLSMEND_SEED", 1)..number("TLSMEND_SEED", 1) + number("TLSMEND_HOSTS", 3) {
        let mut random = Random::new(seed);
        let expressions: Vec<String> =
            (0..2_000).map(|_| (0..=random.below(9)).map(|_| *random.pick(PARTS)).collect()).collect();
        let output = Command::new("python3").args(["-c", PROGRAM, &expressions.join("\n")]).output().expect("python3");
        let answers = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(answers.lines().count(), expressions.len(), "{}", String::from_utf8_lossy(&output.stderr));
        for (text, answer) in expressions.iter().zip(answers.lines()) {
            let judgement = judge(text);
            let is_refused = judgement.refused.is_some() || judgement.refused_by_new.is_some();
            all += 1;
            refused += usize::from(is_refused);
            unsure += usize::from(!is_refused && judgement.is_unsure);
            if (is_refused != (answer != "0")) && (is_refused || !judgement.is_unsure) {
                wrong.push(format!("seed {seed}: {text:?}: PCRE2 says {answer}, tlsmend {judgement:?}\n"));
            }
        }
    }
    println!("{all} expressions, {refused} refused, {unsure} not judged");
    assert!(wrong.is_empty(), "{}", wrong.concat());
    assert!(unsure * 5 < all, "{unsure} of {all}");
}
