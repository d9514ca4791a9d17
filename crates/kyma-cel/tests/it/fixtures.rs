//! Every expression of the fixtures has the errors, the types, the values and the costs that the real one has.

use std::fmt::Write;
use std::path::Path;

use kyma_cel::{Env, PER_CALL_LIMIT, Program};
use serde_json::Value;

use crate::render::render;
use crate::schema::declare;

/// What the fixtures know of an expression, in their own form.
fn outcome(group: &Value, case: &Value) -> Value {
    let root = group["root"].as_bool().unwrap_or(false);
    let optional = case["optionalOldSelf"].as_bool().unwrap_or(false);
    let env = Env::new(declare(&group["schema"], root)).with_optional_old_self(optional);
    let program = match Program::compile(case["rule"].as_str().unwrap(), &env) {
        Ok(program) => program,
        Err(kyma_cel::CompileError::Issues(report)) => {
            return serde_json::json!({"compileError": report.to_string()});
        }
        Err(error) => return serde_json::json!({"error": format!("program instantiation failed: {error}")}),
    };
    let mut got = serde_json::json!({
        "type": program.result_type().to_string(),
        "minCost": program.estimated_cost().min,
        "maxCost": program.estimated_cost().max,
    });
    if program.uses_old_self() {
        got["usesOldSelf"] = true.into();
    }
    let current = case.get("self").unwrap_or(&group["self"]);
    let limit = case["limit"].as_u64().unwrap_or(PER_CALL_LIMIT);
    let evaluation = program.evaluate_within(current, case.get("oldSelf"), limit);
    got["cost"] = evaluation.cost.into();
    match evaluation.value {
        Ok(value) => got["value"] = render(&value).into(),
        Err(error) => got["error"] = error.to_string().into(),
    }
    got
}

/// Compares all cases of a file, and lists those that differ.
fn differences(path: &Path, count: &mut usize) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let groups: Value = serde_json::from_str(&text).unwrap();
    let mut report = String::new();
    for group in groups.as_array().unwrap() {
        for case in group["cases"].as_array().unwrap() {
            // Where the real one panics there is nothing to compare with.
            if case["want"].get("panic").is_some() {
                continue;
            }
            *count += 1;
            let mut want = case["want"].clone();
            let mut got = outcome(group, case);
            // For the real one it hangs on the order in which Go walks through a map.
            if want["costVaries"] == true {
                got["cost"] = Value::Null;
                got["costVaries"] = true.into();
                want["cost"] = Value::Null;
            }
            // Of an expression that cannot be made a program the type alone is known.
            let failed = |value: &Value| {
                value["error"].as_str().is_some_and(|text| text.starts_with("program instantiation"))
            };
            if failed(&want) && failed(&got) {
                want = serde_json::json!({"error": want["error"]});
            }
            if got != want {
                let file = path.file_name().unwrap().to_string_lossy();
                let name = group["name"].as_str().unwrap();
                let rule = &case["rule"];
                writeln!(report, "{file} {name}: {rule}\n  want {want}\n  got  {got}").unwrap();
            }
        }
    }
    report
}

#[test]
fn expressions_are_what_they_are_for_the_real_server() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut count = 0;
    let report: String = paths.iter().map(|path| differences(path, &mut count)).collect();
    let failed = report.lines().filter(|line| !line.starts_with(' ') && line.contains(".json ")).count();
    assert!(report.is_empty(), "{failed} of {count} differ:\n{report}");
    assert!(count >= 400, "{count} expressions are not enough");
}
