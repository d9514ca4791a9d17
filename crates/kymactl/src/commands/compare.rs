//! `kymactl compare`: load tests beside each other.

use std::path::PathBuf;

use kyma_loadtest::{Error, RESULT_FILE};
use kyma_report::RunResult;
use kyma_report::compare::{compare, markdown};
use kyma_report::result::RESULT_VERSION;

use crate::args::{CompareArgs, CompareFormat};
use crate::exit::Failure;
use crate::output;

/// Compares, shows it, and fails where something is worse.
pub(crate) fn run(args: &CompareArgs) -> Result<(), Failure> {
    let (base, new) = (read(&args.base)?, read(&args.new)?);
    let rows = compare(&base, &new, args.threshold);
    match args.output {
        CompareFormat::Markdown => output::print(&markdown(&rows))?,
        CompareFormat::Json => {
            let json = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(&error))?;
            output::line(&json)?;
        }
    }
    let worse: Vec<&str> = rows.iter().filter(|row| row.regression).map(|row| row.name).collect();
    if worse.is_empty() {
        Ok(())
    } else {
        Err(Failure::gate(format!("worse than before: {}", worse.join(", "))))
    }
}

fn read(folders: &[PathBuf]) -> Result<Vec<RunResult>, Failure> {
    let read = |folder: &PathBuf| {
        let file = folder.join(RESULT_FILE);
        let text = std::fs::read(&file).map_err(|source| Error::Read { file: file.clone(), source })?;
        let result: RunResult = serde_json::from_slice(&text)
            .map_err(|error| Error::NoRun { file: file.clone(), why: error.to_string() })?;
        if result.version != RESULT_VERSION {
            let why = format!("its version is {}, and {RESULT_VERSION} is known", result.version);
            return Err(Failure::from(Error::NoRun { file, why }));
        }
        Ok(result)
    };
    folders.iter().map(read).collect()
}
