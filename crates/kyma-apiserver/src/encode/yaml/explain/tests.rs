use serde_json::Value;

use super::{explain, fault};

/// What `YAMLToJSON` of `sigs.k8s.io/yaml` 1.6.0 said: `in` is the body, `err` the error, empty for none.
const FIXTURES: &str = include_str!("fixtures.jsonl");

fn explained(body: &str) -> String {
    explain(&serde_saphyr::from_str::<Value>(body).unwrap_err(), body)
}

#[test]
fn bodies_are_refused_in_the_words_of_go() {
    let mut count = 0;
    for line in FIXTURES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (body, error) = (case["in"].as_str().unwrap(), case["err"].as_str().unwrap());
        match serde_saphyr::from_str::<Value>(body) {
            Err(refused) if !error.is_empty() => assert_eq!(explain(&refused, body), error, "{line}"),
            _ => assert_eq!(fault(body).unwrap_or_default(), error, "{line}"),
        }
        count += 1;
    }
    assert!(count >= 200, "{count} fixtures");
}

#[test]
fn the_usual_mistakes_are_named() {
    for (body, words) in [
        ("{", "yaml: line 1: did not find expected node content"),
        ("}", "yaml: did not find expected node content"),
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: \"b\n", "yaml: line 2: found unexpected end of stream"),
        ("a:\n\tb: c\n", "yaml: line 2: found character that cannot start any token"),
        ("a:\n  b: c\n d: e\n", "yaml: line 2: did not find expected key"),
        ("a: *b", "yaml: unknown anchor 'b' referenced"),
        ("a: {{ .b }}", "yaml: invalid map key: map[interface {}]interface {}{\".b\":interface {}(nil)}"),
        ("~: b", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"b\""),
        ("a: 1\nb: 2\na: 3\n", "yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"),
    ] {
        assert_eq!(explained(body), words, "{body}");
    }
}

#[test]
fn what_go_takes_is_explained_without_a_place() {
    let words = explained("a: 1\n---\nb: 2\n");
    assert!(words.starts_with("yaml: ") && !words.contains(" at line "), "{words}");
    assert_eq!(fault("a: 1\n---\nb: 2\n"), None);
}

#[test]
fn control_characters_are_found_a_chunk_ahead() {
    let control = Some("yaml: control characters are not allowed".to_owned());
    let key = Some("yaml: line 2: mapping values are not allowed in this context".to_owned());
    let padding = "# padding\n".repeat(100);
    assert_eq!(fault("a: b\nc: d: e\n\u{1}"), control);
    assert_eq!(fault(&format!("a: b\nc: d: e\n{padding}\u{1}")), key);
}

#[test]
fn depth_does_not_exhaust_the_stack() {
    for (body, words) in [("[", "exceeded max depth of 10000"), ("- ", "exceeded max depth of 10000")] {
        assert_eq!(fault(&body.repeat(100_000)), Some(format!("yaml: {words}")), "{body}");
    }
}
