//! Telling documents and sources of programs from configurations: an example in a manual is nobody's server.
//!
//! A name alone does not tell: `shop.pl` and `example.md` are domains, and sites are named after theirs. So a file with
//! such a name is a configuration where it begins like one.

use std::path::Path;

/// Ends of the names of documents, of sources of programs, and of data of other programs.
const ENDS: &[&str] = &[
    // documents
    "md",
    "mdx",
    "markdown",
    "rst",
    "adoc",
    "asciidoc",
    "txt",
    "text",
    "html",
    "htm",
    "xhtml",
    "xml",
    "tex",
    "texi",
    "org",
    "pod",
    "textile",
    "wiki",
    "ipynb",
    "po",
    "pot",
    "diff",
    "patch",
    "svg",
    "log",
    "csv",
    "man",
    // sources of programs
    "t",
    "pl",
    "pm",
    "rb",
    "py",
    "pyi",
    "go",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "tsx",
    "java",
    "kt",
    "scala",
    "groovy",
    "c",
    "cc",
    "cpp",
    "cxx",
    "h",
    "hpp",
    "rs",
    "php",
    "phtml",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ps1",
    "bat",
    "lua",
    "tcl",
    "r",
    "ex",
    "exs",
    "erl",
    "hs",
    "ml",
    "clj",
    "cs",
    "vb",
    "swift",
    "m",
    "sql",
    "css",
    "scss",
    "less",
    "vue",
    "snap",
    "pp",
    "nix",
    "tf",
    "hcl",
    "bats",
    "feature",
    "robot",
    // data of other programs
    "json",
    "jsonl",
    "yaml",
    "yml",
    "toml",
    "lock",
    "spec",
    "plist",
    "ini",
    "properties",
];

/// Names of files that are documents whatever they end with.
const NAMES: &[&str] = &[
    "readme",
    "changelog",
    "changes",
    "news",
    "license",
    "copying",
    "authors",
    "contributing",
    "todo",
    "history",
    "install",
    "makefile",
    "dockerfile",
    "containerfile",
    "vagrantfile",
    "jenkinsfile",
    "rakefile",
    "gemfile",
];

/// By its name, is the file a document or a program rather than a configuration? Or does it say that it is a script?
pub(super) fn looks_like_one(path: &Path, bytes: &[u8]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let (stem, end) = name.rsplit_once('.').unwrap_or((&name, ""));
    bytes.starts_with(b"#!")
        || bytes.starts_with(b"<?xml")
        || ENDS.contains(&end)
        || NAMES.iter().any(|known| *known == name || *known == stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_first_bytes() {
        let is = |name: &str, text: &str| looks_like_one(Path::new(name), text.as_bytes());
        for name in ["docs/tls.md", "t/ssl.t", "README", "README.en", "spec/x_spec.rb", "a.go", "x.YAML", "Dockerfile"]
        {
            assert!(is(name, "server {"), "{name}");
        }
        assert!(is("run", "#!/bin/sh\n") && is("web.config", "<?xml version=\"1.0\"?>"));
        for name in ["a.conf", "shop.example", "default", "sites/example.com", "nginx.conf.bak", ".htaccess", "x.inc"] {
            assert!(!is(name, "# a site\nserver {"), "{name}");
        }
    }
}
