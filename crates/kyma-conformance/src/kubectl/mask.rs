//! What differs between two runs of one command line, taken out of its output, and nothing else.

use regex::Regex;

/// Patterns, and what stands for them.
const MASKS: &[(&str, &str)] = &[
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uid>"),
    (r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", "<time>"),
    // Ages in a table, with the spaces up to the next column: 5s, 3m12s, 4d2h, 2y15d.
    (r"(?m)( )\d+[ydhms](\d+[dhms])?( {2,}|$)", "${1}<age> "),
    (r#"("?resourceVersion"?: ?"?)\d+"#, "${1}<version>"),
    (r"(Resource Version: +)\d+", "${1}<version>"),
    // Times as describe shows some, and as diff shows those of files.
    (r"\b[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} ([+-]\d{4}|[A-Z]+)", "<time>"),
    (r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d+ [+-]\d{4}", "<time>"),
    // The name of a server's context in its kubeconfig.
    (r#"Context "[a-z]+" modified"#, "Context <name> modified"),
    // Temporary files and folders of kubectl's.
    (r#"[^ "]*/(LIVE|MERGED|kubectl-edit)-\d+"#, "<folder>/${1}"),
    (r"\b(127\.0\.0\.1|localhost):\d+", "${1}:<port>"),
    // What client-go logs when a time-out meets its reflector, or does not.
    (r"(?m)^[EIW]\d{4} [^\n]*\n", ""),
    (r#"("?continue"?: ?"?)[A-Za-z0-9_-]{16,}"#, "${1}<token>"),
];

/// The masks, ready to use.
pub(super) struct Masks(Vec<(Regex, &'static str)>);

impl Masks {
    pub(super) fn new() -> Self {
        // All patterns are above, and a test compiles them.
        Self(MASKS.iter().filter_map(|(pattern, mask)| Some((Regex::new(pattern).ok()?, *mask))).collect())
    }

    /// The text with all that differs by nature replaced.
    pub(super) fn apply(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (regex, mask)| regex.replace_all(&text, *mask).into_owned())
    }
}

/// What `kubectl explain` shows of a kind but its descriptions: names, types and which are required.
pub(super) fn without_prose(text: &str) -> String {
    let mut in_description = false;
    let mut kept = String::new();
    for line in text.lines() {
        let heading = line.starts_with(|first: char| first.is_ascii_uppercase());
        in_description = if heading { line.starts_with("DESCRIPTION:") } else { in_description };
        // A member's name and type; its description is indented below it.
        let member = line.contains("\t<");
        if heading || (member && !in_description) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{MASKS, Masks, without_prose};

    #[test]
    fn descriptions_are_left_out_and_nothing_else() {
        let told = "KIND:       Secret\nVERSION:    v1\n\nFIELD: data <map[string]string>\n\nDESCRIPTION:\n    \
                    Secret holds <b>.\n\n    More.\n\nFIELDS:\n  kind\t<string>\n    The kind.\n\n  \
                    type\t<string> -required-\n    Used to\n    facilitate.\n\n";
        let untold = "KIND:       Secret\nVERSION:    v1\n\nFIELD: data <map[string]string>\n\nDESCRIPTION:\n    \
                      <empty>\nFIELDS:\n  kind\t<string>\n    <no description>\n\n  type\t<string> -required-\n\
                      \n\n";
        assert_eq!(without_prose(told), without_prose(untold));
        for member in ["FIELD: data <map[string]string>", "  kind\t<string>", "  type\t<string> -required-"] {
            assert!(without_prose(told).lines().any(|line| line == member), "{member}");
        }
        assert_ne!(without_prose(told), without_prose(&told.replace(" -required-", "")));
        assert_ne!(without_prose(told), without_prose(&told.replace("  kind\t", "  name\t")));
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(Masks::new().0.len(), MASKS.len());
    }

    #[test]
    fn what_differs_by_nature_is_masked() {
        let masks = Masks::new();
        for (text, masked) in [
            ("uid: 0d4a9d5c-5b0c-4c35-9d3b-6a4b4d2f7c11", "uid: <uid>"),
            ("creationTimestamp: \"2026-11-22T21:33:48Z\"", "creationTimestamp: \"<time>\""),
            ("lastReconciliation: 2026-11-22T21:33:48.123456Z", "lastReconciliation: <time>"),
            (
                "a   Active   5s\nb   Active   3m12s\nc   4d2h",
                "a   Active   <age> \nb   Active   <age> \nc   <age> ",
            ),
            ("a   5s    x=y\nb   3m12s   x=y", "a   <age> x=y\nb   <age> x=y"),
            ("  resourceVersion: \"123\"", "  resourceVersion: \"<version>\""),
            ("\"resourceVersion\": \"123\"", "\"resourceVersion\": \"<version>\""),
            ("  Resource Version:    77", "  Resource Version:    <version>"),
            ("dial tcp 127.0.0.1:28174: refused", "dial tcp 127.0.0.1:<port>: refused"),
            (
                "E1122 22:56:45.063380   23107 reflector.go:227] late\nerror: timed out\n",
                "error: timed out\n",
            ),
            ("I1123 09:29:59.198810   30551 reflector.go:664] \"Warning: watch ended\"\nb\n", "b\n"),
            ("Created:  Sun, 22 Nov 2026 21:34:41 +0000", "Created:  <time>"),
            ("--- /tmp/LIVE-12/v1.x\t2026-11-22 21:34:41.5 +0000", "--- <folder>/LIVE/v1.x\t<time>"),
            ("Context \"controlplane\" modified.", "Context <name> modified."),
            ("saved to \"/tmp/kubectl-edit-77.yaml\"", "saved to \"<folder>/kubectl-edit.yaml\""),
            ("\"continue\": \"eyJ2IjoibWV0YS5rOHMuaW8\"", "\"continue\": \"<token>\""),
        ] {
            assert_eq!(masks.apply(text), masked);
        }
    }

    #[test]
    fn all_else_stays() {
        let masks = Masks::new();
        for text in [
            "resourceVersion: \"\"",
            "generation: 2",
            "after 5s it is ready",
            "timeout=5s",
            "replicas: 3",
            "image: x:1.2.3",
            "10.0.0.1:8080",
            "continue: \"\"",
            "uid: nope-1234",
            "date: 2026-11-22",
        ] {
            assert_eq!(masks.apply(text), text);
        }
    }
}
