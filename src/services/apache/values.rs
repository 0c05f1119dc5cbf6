//! Values that `mod_ssl` refuses while it reads, for the directives that take words of their own.
//!
//! Seen on httpd 2.4.71; the words are compared without regard to case unless it says otherwise.

/// Why httpd refuses these arguments of a directive of `mod_ssl`; `name` as it is written, `lower` in lower case.
pub(super) fn refused(name: &str, lower: &str, words: &[String]) -> Option<String> {
    let first = words.first().map_or("", String::as_str);
    let invalid = |word: &str| Some(format!("{name}: invalid argument '{word}'"));
    match lower {
        "ssloptions" => {
            let names = words.iter().map(|word| word.strip_prefix(['+', '-']).unwrap_or(word));
            let unknown = names.into_iter().find(|name| !is_one_of(OPTIONS, name))?;
            Some(format!("{name}: illegal option '{unknown}'"))
        }
        "sslverifyclient" | "sslproxyverify" if !is_one_of(VERIFY, first) => invalid(first),
        "sslcarevocationcheck" | "sslproxycarevocationcheck" => {
            let flags = words.iter().skip(1).find(|word| !is_one_of(&["no_crl_for_cert_ok"], word));
            let mode = (!is_one_of(&["none", "leaf", "chain"], first)).then_some(first);
            invalid(mode.or(flags.map(String::as_str))?)
        }
        "sslocspenable" => {
            let flags = words.iter().skip(1).find(|word| !is_one_of(&["no_ocsp_for_cert_ok"], word));
            let mode = (!is_one_of(&["on", "off", "leaf"], first)).then_some(first);
            invalid(mode.or(flags.map(String::as_str))?)
        }
        "sslvhostsnipolicy" if !is_one_of(&["strict", "secure", "authonly", "insecure"], first) => invalid(first),
        "sslpassphrasedialog" => {
            let is_program = |prefix: &str| first.strip_prefix(prefix).is_some_and(|path| !path.is_empty());
            let fits = first.eq_ignore_ascii_case("builtin") || is_program("exec:") || is_program("|");
            if fits { None } else { invalid(first) }
        }
        "ssllog" | "sslloglevel" => Some(format!("{name} is no longer supported: use ErrorLog and LogLevel")),
        "sslrandomseed" => random_seed(name, words),
        _ if NUMBERS.contains(&lower) && is_negative(first) => invalid(first),
        _ => None,
    }
}

const OPTIONS: &[&str] =
    &["StdEnvVars", "ExportCertData", "FakeBasicAuth", "StrictRequire", "OptRenegotiate", "LegacyDNStringFormat"];

const VERIFY: &[&str] = &["none", "off", "optional", "require", "on", "optional_no_ca"];

/// Directives whose number must not be negative; what is none counts as 0.
const NUMBERS: &[&str] = &[
    "sslocsprespondertimeout",
    "sslocspresponsemaxage",
    "sslocspresponsetimeskew",
    "sslproxyverifydepth",
    "sslrenegbuffersize",
    "sslsessioncachetimeout",
    "sslstaplingerrorcachetimeout",
    "sslstaplingrespondertimeout",
    "sslstaplingresponsemaxage",
    "sslstaplingresponsetimeskew",
    "sslstaplingstandardcachetimeout",
    "sslverifydepth",
];

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// A number as `atoi` of the C library reads it for httpd: what is none is 0, and the upper half of 64 bits is cut off.
pub(super) fn integer(word: &str) -> i32 {
    let word = word.trim_start();
    let (is_below, digits) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let digits = &digits[..digits.bytes().take_while(u8::is_ascii_digit).count()];
    let number = match (digits, is_below) {
        ("", _) => 0,
        (_, false) => digits.parse().unwrap_or(i64::MAX),
        (_, true) => format!("-{digits}").parse().unwrap_or(i64::MIN),
    };
    let [a, b, c, d, ..] = number.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

fn is_negative(word: &str) -> bool {
    integer(word) < 0
}

/// Why httpd refuses the size behind the path of a store of sessions in memory: `PATH(SIZE)`.
pub(super) fn refused_size(path: &str) -> Option<&'static str> {
    let (_, rest) = path.rsplit_once('(')?;
    let Some(size) = rest.strip_suffix(')') else { return Some("no closing parenthesis or size missing") };
    let digits = size.strip_prefix('-').unwrap_or(size);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some("the size is not numerical");
    }
    match size.parse::<i64>() {
        Ok(size) if (8192..i64::from(u32::MAX)).contains(&size) => None,
        Ok(size) if size >= 0 => {
            (size < 8192).then_some("the size has to be at least 8192 bytes").or(Some("the size is too big"))
        }
        _ if size.is_empty() => Some("the size has to be at least 8192 bytes"),
        _ => Some("the size is too big"),
    }
}

fn random_seed(name: &str, words: &[String]) -> Option<String> {
    let [context, source, bytes @ ..] = words else { return None };
    if !is_one_of(&["startup", "connect"], context) {
        return Some(format!("{name}: invalid context '{context}'"));
    }
    match bytes.first() {
        Some(_) if source.eq_ignore_ascii_case("builtin") => {
            Some(format!("{name}: byte specification not allowed for builtin seed source"))
        }
        Some(bytes) if is_negative(bytes) => Some(format!("{name}: invalid number of bytes specified")),
        _ => None,
    }
}

/// The files that a directive names, which have to be there, if there is anything to name.
pub(super) fn is_file(lower: &str) -> bool {
    matches!(
        lower,
        "sslcacertificatefile"
            | "sslcadnrequestfile"
            | "sslcarevocationfile"
            | "sslcertificatechainfile"
            | "sslcertificatefile"
            | "sslcertificatekeyfile"
            | "sslocsprespondercertificatefile"
            | "sslproxycacertificatefile"
            | "sslproxycarevocationfile"
            | "sslproxymachinecertificatechainfile"
            | "sslproxymachinecertificatefile"
            | "sslsessionticketkeyfile"
            | "sslsrpverifierfile"
    )
}

/// Those of them that httpd reads when it starts, and has to find something in.
pub(super) fn is_store(lower: &str) -> bool {
    matches!(
        lower,
        "sslcacertificatefile"
            | "sslcarevocationfile"
            | "sslproxycacertificatefile"
            | "sslproxycarevocationfile"
            | "sslproxymachinecertificatefile"
    )
}

/// The same for directories.
pub(super) fn is_directory(lower: &str) -> bool {
    matches!(
        lower,
        "sslcacertificatepath"
            | "sslcadnrequestpath"
            | "sslcarevocationpath"
            | "sslproxycacertificatepath"
            | "sslproxycarevocationpath"
            | "sslproxymachinecertificatepath"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(line: &str) -> bool {
        let mut words = line.split(' ').map(str::to_owned);
        let name = words.next().unwrap_or_default();
        refused(&name, &name.to_ascii_lowercase(), &words.collect::<Vec<_>>()).is_some()
    }

    #[test]
    fn integers_have_32_bits() {
        let read = ["7", " +7x", "-7", "", "x", "3000000000", "4294967297", "-3000000000"].map(super::integer);
        assert_eq!(read, [7, 7, -7, 0, 0, -1_294_967_296, 1, 1_294_967_296]);
        assert_eq!(["9223372036854775808", "-9223372036854775809"].map(super::integer), [-1, 0]);
    }

    #[test]
    fn words_that_httpd_knows_and_others() {
        for line in [
            "SSLOptions stdenvvars +StrictRequire -FakeBasicAuth",
            "SSLOptions",
            "SSLVerifyClient On",
            "SSLProxyVerify optional_no_ca",
            "SSLVerifyDepth x",
            "SSLVerifyDepth 0",
            "SSLVerifyDepth 99999999999",
            "SSLCARevocationCheck chain no_crl_for_cert_ok",
            "SSLOCSPEnable leaf",
            "SSLPassPhraseDialog exec:/bin/x",
            "SSLPassPhraseDialog Builtin",
            "SSLRandomSeed Startup file:/dev/urandom 512",
            "SSLRandomSeed connect builtin",
            "SSLVHostSNIPolicy Secure",
            "SSLSessionCacheTimeout 300",
        ] {
            assert!(!is_refused(line), "{line}");
        }
        for line in [
            "SSLOptions +Foo",
            "SSLOptions +",
            "SSLOptions +StdEnvVars,+ExportCertData",
            "SSLVerifyClient required",
            "SSLProxyVerify foo",
            "SSLVerifyDepth -1",
            "SSLVerifyDepth 3000000000",
            "SSLCARevocationCheck foo",
            "SSLCARevocationCheck chain foo",
            "SSLCARevocationCheck",
            "SSLOCSPEnable on foo",
            "SSLPassPhraseDialog foo",
            "SSLPassPhraseDialog |",
            "SSLRandomSeed foo builtin",
            "SSLRandomSeed startup builtin 512",
            "SSLRandomSeed startup file:/dev/urandom -1",
            "SSLVHostSNIPolicy foo",
            "SSLStaplingResponderTimeout -1",
        ] {
            assert!(is_refused(line), "{line}");
        }
    }
}
