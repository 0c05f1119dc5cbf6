//! The schema and the program accept the same policies: a few thousand that are made up from words of both kinds, and
//! texts for each pattern.

use super::*;
use serde_json::Value;
use std::sync::LazyLock;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
});

/// What an editor makes of a text; none: it is no YAML.
fn data(text: &str) -> Option<Value> {
    // `off` is a word, as for editors, and not what YAML 1.1 took it for.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).ok()
}

/// Do both say the same? What they say.
fn agreed(text: &str) -> bool {
    let Some(value) = data(text) else {
        assert!(Policy::parse(text, "p").is_err(), "is no YAML, and accepted:\n{text}");
        return false;
    };
    let by_schema = SCHEMA.is_valid(&value);
    let program = Policy::parse(text, "p");
    let why =
        SCHEMA.iter_errors(&value).map(|error| error.to_string().chars().take(300).collect()).collect::<Vec<String>>();
    assert_eq!(
        by_schema,
        program.is_ok(),
        "the schema ({why:?}) and the program ({:?}) differ:\n{text}",
        program.err()
    );
    by_schema
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }

    fn one<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }
}

const TEXTS: [&str; 21] = [
    "x",
    "\"\"",
    "\" \"",
    "5",
    "1.5",
    "true",
    "~",
    "no",
    "[a]",
    "{a: b}",
    "2027-01-31",
    "\"2027-01-31\"",
    "2027-02-30",
    "2028-02-29",
    "2027-02-29",
    "0x1f",
    "1e3",
    "\"\\t\"",
    "\"a\\u202eb\"",
    "\" 2027-01-31\"",
    "20270131",
];

fn versions(numbers: &mut Numbers) -> String {
    if numbers.below(8) == 0 {
        return numbers
            .one(&["[TLSv1, TLSv1]", "TLSv1", "~", "[tlsv1]", "[\"TLSv1\"]", "[\"TLSv1.2 \"]", "[1.2]"])
            .to_owned();
    }
    let mut words = Version::ALL.map(Version::name).to_vec();
    let count = numbers.below(3);
    let taken: Vec<&str> = (0..count).map(|_| words.swap_remove(numbers.below(words.len()))).collect();
    format!("[{}]", taken.join(", "))
}

fn level(numbers: &mut Numbers) -> &'static str {
    numbers.one(&["low", "medium", "high", "off", "note", "low", "off", "none", "~", "\"off\"", "no", "1", "[low]"])
}

fn severity(numbers: &mut Numbers) -> String {
    let rule = numbers.one(&[
        "forbidden-version",
        "missing-version",
        "recommended-version",
        "unknown",
        "implicit-default",
        "not-loaded",
        "expired-waiver",
        "unused-waiver",
        "drift",
    ]);
    let version = numbers.one(&["SSLv3", "TLSv1.2", "TLSv1.0"]);
    let level = level(numbers);
    let value = match numbers.below(7) {
        0 => format!("{{{version}: {level}}}"),
        1 => format!("{{exposed: {level}}}"),
        2 => format!("{{latent: {{{version}: {level}}}}}"),
        3 => "{}".to_owned(),
        4 => "{exposed: ~}".to_owned(),
        _ => level.to_owned(),
    };
    format!("{{{rule}: {value}}}")
}

fn condition(numbers: &mut Numbers) -> String {
    if numbers.below(12) == 0 {
        return numbers.one(&["{}", "~", "[]", "{foo: a}", "{service: nginx, role: listener}"]).to_owned();
    }
    let key = numbers.one(&["service", "path", "server-name", "address", "role"]);
    let value = match key {
        "service" => numbers.one(&["nginx", "apache", "[nginx, apache]", "[]", "nginxx", "[nginx, nginx]", "~", "5"]),
        "role" => numbers.one(&["listener", "[listener]", "upstream", "client", "[]"]),
        "path" => numbers.one(&[
            "a.conf",
            "\"*\"",
            "[a, b]",
            "5",
            "\"/x/**\"",
            "~",
            "\"\"",
            "[\"\"]",
            "1.0",
            "true",
            "/a/",
            "../a",
            "\" a\"",
        ]),
        "server-name" => numbers.one(&[
            "a.test",
            "\"\"",
            "[\"\", a]",
            "5",
            ".5",
            "[5, a]",
            "true",
            "~",
            "\"*\"",
            "[~]",
            "[[a]]",
            "\"*.a\"",
            "\"*.\"",
            "a b",
            "a.test:443",
        ]),
        _ => numbers.one(&[
            "192.0.2.1",
            "\"*:443\"",
            "443",
            "[\"*\", 5]",
            "\"\"",
            "~",
            "192.0.2.1:443",
            "unix:/x",
            "true",
            "1.5",
            "\":1\"",
            "a.test",
            "192.0.2.0/33",
        ]),
    };
    format!("{{{key}: {value}}}")
}

fn entry(key: &str, numbers: &mut Numbers) -> String {
    match key {
        "about" => {
            let field = numbers.one(&["title", "source", "version", "date", "note", "x"]);
            format!("about: {{{field}: {}}}", numbers.one(&TEXTS))
        }
        "extends" => format!(
            "extends: {}",
            numbers.one(&[
                "default",
                "pci-dss-4",
                "rfc8996",
                "mozilla-modern",
                "bsi-tr-02102-2",
                "nope",
                "~",
                "[default]"
            ])
        ),
        "severity" => format!("severity: {}", severity(numbers)),
        "exposure" => {
            let field = numbers.one(&["loopback", "unix-socket", "x"]);
            format!("exposure: {{{field}: {}}}", numbers.one(&["lower", "same", "higher", "~"]))
        }
        "overrides" => {
            let scope = condition(numbers);
            let more: Vec<String> = (0..numbers.below(3))
                .map(|at| {
                    let key = ["forbid", "require", "recommend"][(at + numbers.below(2)) % 3];
                    format!("    {key}: {}\n", versions(numbers))
                })
                .collect();
            format!("overrides:\n  - match: {scope}\n{}    severity: {}", more.concat(), severity(numbers))
        }
        "waivers" => waiver(numbers),
        key => format!("{key}: {}", versions(numbers)),
    }
}

fn waiver(numbers: &mut Numbers) -> String {
    let rule = numbers.one(&[
        "unknown",
        "forbidden-version",
        "[unknown]",
        "[unknown, forbidden-version]",
        "[]",
        "[unknown, unknown]",
        "expired-waiver",
        "~",
        "5",
        "drift",
    ]);
    let scope = condition(numbers);
    let mut lines =
        vec![format!("rule: {rule}"), format!("match: {scope}"), format!("reason: {}", numbers.one(&TEXTS))];
    if numbers.below(3) == 0 {
        lines.push(format!("until: {}", numbers.one(&TEXTS)));
    }
    if numbers.below(3) == 0 {
        lines.push(format!("versions: {}", versions(numbers)));
    }
    if numbers.below(3) == 0 {
        lines.push(format!("owner: {}", numbers.one(&TEXTS)));
    }
    format!("waivers:\n  - {}", lines.join("\n    "))
}

#[test]
fn made_up_policies() {
    const KEYS: [&str; 10] =
        ["about", "extends", "forbid", "require", "recommend", "severity", "exposure", "overrides", "waivers", "foo"];
    let mut numbers = Numbers(7);
    let (mut sound, mut wrong) = (0, 0);
    for _ in 0..2000 {
        let mut keys = KEYS.to_vec();
        let count = 1 + numbers.below(4);
        let lines: Vec<String> = (0..count)
            .map(|_| {
                let at = numbers.below(keys.len());
                let key = keys.swap_remove(at);
                entry(key, &mut numbers)
            })
            .collect();
        match agreed(&format!("{}\n", lines.join("\n"))) {
            true => sound += 1,
            false => wrong += 1,
        }
    }
    // Neither refuses nor accepts all.
    assert!(sound > 200 && wrong > 200, "{sound} and {wrong}");
}

#[test]
fn contradictions_within_what_a_policy_says() {
    let mut sound = 0;
    for extends in PROFILES.iter().map(|profile| format!("extends: {}\n", profile.name)).chain([String::new()]) {
        for (own, inner) in
            [("forbid", "require"), ("require", "forbid"), ("forbid", "recommend"), ("severity", "forbid")]
        {
            for version in Version::ALL {
                for other in
                    ["", "\n    require: []", "\n    forbid: []", "\n    forbid: [TLSv1.2]\n    recommend: [TLSv1.3]"]
                {
                    if other.contains(inner) {
                        continue;
                    }
                    let own = if own == "severity" { "severity: {}".to_owned() } else { format!("{own}: [{version}]") };
                    let text = format!(
                        "{extends}{own}\noverrides:\n  - match: {{service: nginx}}\n    {inner}: [{version}]{other}\n"
                    );
                    sound += usize::from(agreed(&text));
                }
            }
        }
    }
    assert!(sound > 50, "{sound}");
    assert!(!agreed("forbid: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]\nrequire: []\n"));
    assert!(!agreed(
        "overrides: [{match: {service: nginx}, forbid: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3], require: []}]\n"
    ));
}

/// Texts that are made of pieces which mean something in them.
fn patterns(key: &str, pieces: &[&str], seed: u64) -> [usize; 2] {
    let mut numbers = Numbers(seed);
    let (mut sound, mut wrong) = (0, 0);
    for _ in 0..2000 {
        let count = 1 + numbers.below(7);
        let text: String = (0..count).map(|_| numbers.one(pieces)).collect();
        let text = serde_json::to_string(&text).unwrap();
        match agreed(&format!("overrides: [{{match: {{{key}: {text}}}, require: []}}]\n")) {
            true => sound += 1,
            false => wrong += 1,
        }
    }
    [sound, wrong]
}

#[test]
fn patterns_for_addresses() {
    let mixed = patterns(
        "address",
        &[
            "1",
            "25",
            "256",
            "0",
            ".",
            ".",
            ":",
            ":",
            "::",
            "/",
            "*",
            "[",
            "]",
            "%",
            "$",
            "://",
            "unix:",
            "a",
            "fe80",
            "g",
            "192.0.2.1",
            "2001:db8",
            ":443",
            ":0",
            ":65535",
            ":65536",
            ":070",
            "/24",
            "/33",
            "/128",
            "/129",
            "+",
            " ",
            "1.2.3.4",
            "01",
        ],
        1,
    );
    let six = patterns("address", &["1:", "2:", "::", ":", "f", "1.2.3.4", "0:0", "[", "]"], 2);
    let four = patterns("address", &["1.", "2", "255.", "249", "0.", "10.0.0", "/", "32", "9", ":", "00"], 3);
    let others = patterns("address", &["a", "a.test", ":", "443", "/", "b", "[", "]", "-", "0", "."], 4);
    for [sound, wrong] in [mixed, six, four, others] {
        assert!(sound > 5 && wrong > 100, "{sound} and {wrong}");
    }
}

#[test]
fn patterns_for_names() {
    let [sound, wrong] = patterns(
        "server-name",
        &["a", "b", ".", "*", "*.", "~", ":", "/", "[", "]", "@", ",", " ", "\u{e9}", "$", "_", "^", "-"],
        5,
    );
    assert!(sound > 100 && wrong > 100, "{sound} and {wrong}");
}

#[test]
fn patterns_for_paths() {
    let [sound, wrong] =
        patterns("path", &["a", "/", ".", "..", "*", "**", "?", " ", "\t", "\u{e9}", "-", "nginx.conf", "$"], 6);
    assert!(sound > 100 && wrong > 100, "{sound} and {wrong}");
}

#[test]
fn dates() {
    let mut sound = 0;
    for year in ["0000", "1900", "2000", "2024", "2027", "2100", "2400", "9999", "227", "10000"] {
        for month in ["00", "01", "02", "04", "06", "09", "11", "12", "13", "1"] {
            for day in ["00", "01", "9", "10", "28", "29", "30", "31", "32"] {
                let date = format!("{year}-{month}-{day}");
                sound += usize::from(agreed(&format!(
                    "waivers: [{{rule: unknown, match: {{service: nginx}}, reason: x, until: {date}}}]\n"
                )));
            }
        }
    }
    assert!(sound > 200, "{sound}");
}
