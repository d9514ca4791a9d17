//! No text makes the parser, the checker or the evaluation panic.

use kyma_cel::{DeclType, Env, Field, ListType, PER_CALL_LIMIT, Program, Value};
use proptest::prelude::*;
use serde_json::json;

fn declared() -> DeclType {
    let field = |name: &str, decl| Field { name: name.to_owned(), decl, required: false, defaulted: false };
    DeclType::object(vec![
        field("a", DeclType::integer()),
        field("s", DeclType::string(None, None)),
        field("l", DeclType::list(DeclType::integer(), None, ListType::Set)),
        field("m", DeclType::map(DeclType::string(None, None), None)),
        field("d", DeclType::int_or_string(None)),
    ])
}

fn run(text: &str) {
    let data = json!({"a": 1, "s": "text", "l": [1, 2, 3], "m": {"x": "y"}, "d": "50%"});
    if let Ok(program) = Program::compile(text, &Env::new(declared())) {
        let _ = program.evaluate_within(&data, Some(&data), PER_CALL_LIMIT / 10);
    }
}

/// Pieces that make up an expression more often than any characters do.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "self",
        ".a",
        ".s",
        ".l",
        ".m",
        ".d",
        "oldSelf",
        "x",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ":",
        "?",
        ".",
        ".?",
        "[?",
        " + ",
        " - ",
        " * ",
        "/",
        "%",
        "!",
        "-",
        "&&",
        "||",
        "==",
        "!=",
        "<",
        ">=",
        " in ",
        "1",
        "2u",
        "1.5",
        "'a'",
        "\"b\"",
        "b'c'",
        "r'\\d'",
        "null",
        "true",
        "false",
        ".all(x, ",
        ".exists(x, ",
        ".map(x, ",
        ".filter(x, ",
        "has(",
        ".size()",
        "size(",
        ".matches(",
        ".split(",
        ".join(",
        ".format([",
        "dyn(",
        "int(",
        "string(",
        "duration(",
        "timestamp(",
        "quantity(",
        "ip(",
        "cidr(",
        "url(",
        "semver(",
        ".optMap(x, ",
        ".orValue(",
        "optional.of(",
        "optional.none()",
        ".sortBy(x, ",
        ".transformMap(x, y, ",
        "type(",
        "'%s %d %.3f'",
        "9223372036854775807",
        "-9223372036854775808",
        "lists.range(",
        "sets.contains(",
        ".substring(",
        "'",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in ".{0,80}") {
        run(&text);
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(piece(), 0..24)) {
        run(&pieces.concat());
    }
}

/// Each of 200,000 compared with each would be of no end.
#[test]
fn large_sets_and_lists_by_keys() {
    let keyed = DeclType::object(vec![Field {
        name: "k".to_owned(),
        decl: DeclType::integer(),
        required: false,
        defaulted: false,
    }]);
    let by_keys = DeclType::list(keyed, None, ListType::Map(vec!["k".to_owned()]));
    let set = DeclType::list(DeclType::integer(), None, ListType::Set);
    let numbers = || 0..200_000;
    let keyed = |order: Vec<i32>| json!(order.into_iter().map(|k| json!({"k": k})).collect::<Vec<_>>());
    for (decl, up, down) in [
        (set, json!(numbers().collect::<Vec<_>>()), json!(numbers().rev().collect::<Vec<_>>())),
        (by_keys, keyed(numbers().collect()), keyed(numbers().rev().collect())),
    ] {
        for rule in ["self == oldSelf", "size(self + oldSelf) == size(self)"] {
            let program = Program::compile(rule, &Env::new(decl.clone())).unwrap();
            let evaluation = program.evaluate_within(&up, Some(&down), u64::MAX);
            assert!(matches!(evaluation.value, Ok(Value::Bool(true))), "{rule}: {evaluation:?}");
        }
    }
}

#[test]
fn deep_and_long_texts() {
    for piece in
        ["(", "[", "{1:", "!", "-", "a.", "a[", "f(", "1+", "a?b:", "self.l.map(x,", "has(", "true||", "b''+"]
    {
        for count in [1, 10, 100, 249, 250, 251, 1000, 30_000] {
            run(&piece.repeat(count));
            run(&format!("{}1", piece.repeat(count)));
        }
    }
    run(&format!("{}1{}", "(".repeat(240), ")".repeat(240)));
    run(&format!("{}1{}", "[".repeat(240), "]".repeat(240)));
    run(&format!("{}self.l{}", "self.l.map(x, ".repeat(240), ")".repeat(240)));
    run("self.l.map(x, lists.range(100000000).size() + x)");
    run("self.l.map(x, self.l.map(y, self.l.map(z, lists.range(1000).map(w, [w, w, w]))))");
}
