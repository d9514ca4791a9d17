//! The table of a run, for people.

use std::fmt::Write;
use std::process::Command;

use super::verdict::Judged;

/// A suite's line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) suite: String,
    pub(crate) judged: Judged,
}

const HEAD: &str = "# Suites of other projects

What passes on kube-apiserver + etcd (without controllers and nodes) passes on the embedded server, a fresh one of each
for every suite. Counted are specs; those that the suite leaves out itself are not.
";

/// The page: where it comes from, the counts, and every case that does not pass with its reason.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let mut text = format!(
        "{HEAD}\n- Command: `make peers`\n- Commit: {}\n- Date: {date}\n\n",
        head().unwrap_or_else(|| "none".to_owned())
    );
    text.push_str(&body(rows));
    text
}

fn body(rows: &[Row]) -> String {
    let mut text = String::from(
        "| suite | passed on the real server | passed on the embedded server | failed | not applicable |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for Row { suite, judged } in rows {
        let apart = judged.excused.len() + judged.inapplicable.len();
        let _ = writeln!(
            text,
            "| {suite} | {} | {} | {} | {apart} |",
            judged.real,
            judged.embedded,
            judged.failed.len()
        );
    }
    for (title, cases) in [
        ("Failed", of(rows, |judged| &judged.failed)),
        ("Not applicable to the embedded server", of(rows, |judged| &judged.excused)),
        ("Failing on the real server, too", of(rows, |judged| &judged.inapplicable)),
    ] {
        if cases.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n## {title}\n");
        for (suite, (case, why)) in cases {
            let _ = writeln!(text, "- {suite}: {case}: {why}");
        }
    }
    text
}

fn of(rows: &[Row], which: fn(&Judged) -> &Vec<(String, String)>) -> Vec<(&str, &(String, String))> {
    rows.iter().flat_map(|row| which(&row.judged).iter().map(|case| (row.suite.as_str(), case))).collect()
}

/// The commit of the folder that this runs in; `+` where something in it is changed.
fn head() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain"]).is_some_and(|text| !text.is_empty());
    Some(if changed { format!("{commit}, changed") } else { commit })
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Judged;
    use super::{Row, body};

    #[test]
    fn the_page_shows_counts_and_every_case_that_does_not_pass() {
        let pair = |name: &str| vec![(name.to_owned(), "why".to_owned())];
        let judged = Judged {
            real: 3,
            embedded: 2,
            failed: pair("f"),
            excused: pair("e"),
            inapplicable: pair("i"),
            stale: Vec::new(),
        };
        let text = body(&[
            Row { suite: "p/s".into(), judged },
            Row { suite: "p/t".into(), judged: Judged::default() },
        ]);
        assert!(text.contains("| p/s | 3 | 2 | 1 | 2 |\n| p/t | 0 | 0 | 0 | 0 |\n"), "{text}");
        assert!(text.contains("\n## Failed\n\n- p/s: f: why\n"), "{text}");
        assert!(text.contains("\n## Not applicable to the embedded server\n\n- p/s: e: why\n"), "{text}");
        assert!(text.ends_with("\n## Failing on the real server, too\n\n- p/s: i: why\n"), "{text}");
    }
}
