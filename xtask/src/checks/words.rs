//! Words that no text of the repository contains.

use regex::Regex;

use crate::finding::Finding;
use crate::repository::Repository;

/// A pattern per line of text, and why it is not there.
const FORBIDDEN: &[(&str, &str)] = &[
    (r"(^|[^\w./-])/(work|root)/", "a path of one machine; make it relative to the repository"),
    (r"(^|[^\w./-])/(home|Users)/\w", "a path of one machine; make it relative to the repository"),
    (r"\.\./shared", "points outside of the repository; say here what the reader needs"),
    (r"\bdbg!", "a leftover of debugging; take it out"),
    (r"\bFIXME\b|\bXXX\b|\bTODO\b", "unfinished; do it, or describe the limit to the user"),
    (r"\b(todo|unimplemented)!\s*\(", "unfinished; do it, or return an error that says so"),
    // Upstream's are written in full, owner/repo#123, and pass.
    (r"(?i)\b(issue|ticket|pull request)\s+#?\d", "a number that says nothing here; give the reason itself"),
    // Three and six digits are also colours.
    (r"(^|[\s(\[])#(\d{1,2}|\d{4,5})\b", "a number that says nothing here; upstream's are owner/repo#123"),
];

/// This file, and what is written by other tools.
const EXEMPT: &[&str] = &["xtask/src/checks/words.rs", "Cargo.lock", "go.sum"];

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (pattern, reason) in FORBIDDEN {
        let regex = match Regex::new(pattern) {
            Ok(regex) => regex,
            Err(error) => {
                findings.push(Finding::file(EXEMPT[0], error.to_string()));
                continue;
            }
        };
        for (path, text) in repository.files().filter(|(path, _)| !exempt(path)) {
            for (index, line) in text.lines().enumerate() {
                if let Some(hit) = regex.find(line) {
                    let message = format!("`{}`: {reason}", hit.as_str().trim());
                    findings.push(Finding::new(path, index + 1, message));
                }
            }
        }
    }
    findings
}

fn exempt(path: &str) -> bool {
    EXEMPT.iter().any(|name| path == *name || path.rsplit('/').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(text: &str) -> Vec<String> {
        let findings = check(&Repository::of(&[("docs/a.md", text)]));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_word_is_found_where_it_stands() {
        for line in [
            "run /work/main/x",
            "see \"/root/.cargo\"",
            "(/home/alice/x)",
            "open /Users/alice",
            "see ../shared/design.md",
            "    dbg!(x);",
            "// FIXME later",
            "// XXX",
            "# TODO: more",
            "todo!()",
            "unimplemented!(\"x\")",
            "as issue 3 says",
            "see Issue 12",
            "fixed (#12)",
            "#3496 upstream",
        ] {
            let found = findings_of(&format!("first\n{line}\n"));
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            assert!(found[0].starts_with("docs/a.md:2: `"), "{found:?}");
        }
    }

    #[test]
    fn what_only_looks_alike_passes() {
        for line in [
            "kube-rs/kube#1108 and kubernetes/kubernetes#12",
            "GET /apis/x/work/y",
            "https://host/home/page",
            "mktemp build.XXXXXX",
            "color: #333; fill: #102030",
            "## 1. Heading",
            "the server issues 3 requests",
            "{:#?}",
            "debug!(x)",
            "let homework = 1;",
        ] {
            assert_eq!(findings_of(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn machine_written_files_and_this_one_are_left_out() {
        let files = EXEMPT.iter().map(|path| (*path, "/root/ XXX")).collect::<Vec<_>>();
        assert_eq!(check(&Repository::of(&files)), []);
        assert_eq!(check(&Repository::of(&[("hack/a/go.sum", "XXX")])), []);
        assert_eq!(check(&Repository::of(&[("hack/words.rs", "// XXX")])).len(), 1);
    }
}
