//! Generates and checks: manifests, the table of crate edges, that of the built-in kinds, the rules of the house.
//!
//! `cargo xtask help` lists the commands. Everything is computed from the contents of the repository's files, but for
//! `kinds`, which builds and runs Go programs; only it, `manifests` and `edges --write` write.

mod checks;
mod edges;
mod finding;
mod kinds;
mod manifests;
mod modules;
mod repository;
mod source;

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use checks::Check;
use finding::Finding;
use repository::Repository;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  manifests [--check]   write config/crd/bases from the Rust types; or only say what is stale
  kinds [--check]       write the table of the built-in kinds (needs Go); or only say whether it is stale
  edges --write         write the table of crate edges into ARCHITECTURE.md
  check [NAME...]       run all checks, or those named:
";

/// Exit codes as in kymactl: 1 failed, 2 wrong usage.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["manifests"] => write_manifests(),
        ["manifests", "--check"] => stale_manifests().and_then(|found| report(&found)),
        ["kinds"] => write_kinds(),
        ["kinds", "--check"] => stale_kinds().and_then(|found| report(&found)),
        ["edges", "--write"] => write_edges(),
        ["check", names @ ..] => match select(names) {
            Some(checks) => run_checks(&checks).and_then(|found| report(&found)),
            None => return wrong_usage(),
        },
        ["help" | "--help" | "-h"] => say(&usage()).map(|()| ExitCode::SUCCESS),
        _ => return wrong_usage(),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("xtask: {}", chain(error.as_ref())));
        ExitCode::FAILURE
    })
}

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Cargo says where the package is; a binary that is started by hand works on the current folder.
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package.and_then(|dir| Some(dir.parent()?.to_path_buf())).unwrap_or_else(|| PathBuf::from("."))
}

fn write_manifests() -> Outcome<ExitCode> {
    let changed = manifests::write(&root(), &manifests::generate()?)?;
    for path in changed {
        say(&path)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn stale_manifests() -> Outcome<Vec<Finding>> {
    Ok(manifests::stale(&Repository::read(&root())?, &manifests::generate()?))
}

fn write_kinds() -> Outcome<ExitCode> {
    if kinds::write(&root(), &kinds::generate(&root())?)? {
        say(kinds::TABLE)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn stale_kinds() -> Outcome<Vec<Finding>> {
    Ok(kinds::stale(&root(), &kinds::generate(&root())?)?.into_iter().collect())
}

fn write_edges() -> Outcome<ExitCode> {
    if edges::write(&root())? {
        say(edges::PAGE)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The checks of these names, all when there are none; `None` for an unknown name.
fn select(names: &[&str]) -> Option<Vec<&'static Check>> {
    if names.is_empty() {
        return Some(checks::ALL.iter().collect());
    }
    names.iter().map(|name| checks::ALL.iter().find(|check| check.name == *name)).collect()
}

fn run_checks(selected: &[&Check]) -> Outcome<Vec<Finding>> {
    Ok(checks::run(&Repository::read(&root())?, selected))
}

fn report(findings: &[Finding]) -> Outcome<ExitCode> {
    for finding in findings {
        say(finding)?;
    }
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    complain(&format!("findings: {}", findings.len()));
    Ok(ExitCode::FAILURE)
}

fn usage() -> String {
    let names = checks::ALL.iter().map(|check| format!("      {:<12}{}\n", check.name, check.what));
    std::iter::once(USAGE.to_owned()).chain(names).collect()
}

fn wrong_usage() -> ExitCode {
    complain(&usage());
    ExitCode::from(WRONG_USAGE)
}

fn say(what: &(impl Display + ?Sized)) -> Outcome<()> {
    Ok(writeln!(io::stdout().lock(), "{what}")?)
}

/// To stderr; where that is closed there is nobody to tell.
fn complain(what: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", what.trim_end());
}

/// An error with its causes, outermost first.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_chosen_by_name() {
        assert_eq!(select(&[]).unwrap().len(), checks::ALL.len());
        let chosen: Vec<_> = select(&["words", "pure"]).unwrap().iter().map(|check| check.name).collect();
        assert_eq!(chosen, ["words", "pure"]);
        assert!(select(&["pure", "poor"]).is_none());
    }

    #[test]
    fn the_usage_names_every_check() {
        let usage = usage();
        assert!(checks::ALL.iter().all(|check| usage.contains(check.name) && usage.contains(check.what)));
    }

    #[test]
    fn an_error_is_told_with_its_causes_once() {
        let cause = io::Error::other("disk full");
        let error = manifests::Error::WriteFile { path: "a".into(), source: cause };
        assert_eq!(chain(&error), "failed to write a: disk full");
    }
}
