use super::*;

fn lines(text: &str, pattern: &str) -> Vec<usize> {
    Source::parse(text).unwrap().find(pattern).into_iter().collect()
}

#[test]
fn finds_a_path_whatever_the_layout() {
    assert_eq!(lines("fn f() {\n  let t = Instant::now();\n}", "Instant::now"), [2]);
    assert_eq!(lines("fn f() {\n  let t = Instant\n  ::\n  now();\n}", "Instant::now"), [2]);
    assert_eq!(lines("fn f() { log!(\n  Instant::now()); }", "Instant::now"), [2]);
}

#[test]
fn finds_an_import_inside_of_groups() {
    let text = "use std::{\n  env,\n  io::{self, Read as _},\n  fs as files,\n};";
    assert_eq!(lines(text, "std::env"), [1]);
    assert_eq!(lines(text, "std::fs"), [1]);
    assert_eq!(lines(text, "std::io::Read"), [1]);
    assert_eq!(lines(text, "std::net"), Vec::<usize>::new());
    assert_eq!(lines("use tokio::time::*;", "tokio::time"), [1]);
}

#[test]
fn finds_method_calls_and_not_functions_of_that_name() {
    let text = "fn delete(x: X) {\n  delete(x);\n  x.delete(1);\n  x.delete_all(1);\n}";
    assert_eq!(lines(text, ".delete("), [3]);
}

#[test]
fn what_comments_and_strings_say_is_not_code() {
    let text = "//! SystemTime\n/// SystemTime\n// SystemTime\nconst A: &str = \"SystemTime\";";
    assert_eq!(lines(text, "SystemTime"), Vec::<usize>::new());
}

#[test]
fn tests_are_left_out_and_counted_apart() {
    let text =
        "fn f() {}\n\n#[cfg(test)]\nmod tests {\n  use std::fs;\n}\n#[cfg(test)]\nimpl F {\n  fn g() {}\n}\n";
    let source = Source::parse(text).unwrap();
    assert!(source.find("std::fs").is_empty());
    assert_eq!((source.code_lines(), source.test_lines()), (2, 8));
}

#[test]
fn only_what_is_compiled_for_tests_alone_is_a_test() {
    let is_test = |attr: &str| {
        let text = format!("{attr}\nmod m {{\n  use std::fs;\n}}");
        Source::parse(&text).unwrap().find("std::fs").is_empty()
    };
    assert!(is_test("#[cfg(test)]"));
    assert!(is_test("#[cfg(all(test, unix))]"));
    assert!(!is_test("#[cfg(not(test))]"));
    assert!(!is_test("#[cfg(any(test, feature = \"testing\"))]"));
    assert!(!is_test("#[cfg(unix)]"));
}
