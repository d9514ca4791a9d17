//! Commands that print a document and touch nothing.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Args;
use crate::exit::Failure;
use crate::output;

/// `kymactl crds`: the definitions as YAML documents.
pub(crate) fn crds() -> Result<(), Failure> {
    let mut text = String::new();
    for definition in kyma_inventory::crds::all().map_err(|error| Failure::of(&error))? {
        let yaml = kyma_inventory::crds::to_yaml(&definition).map_err(|error| Failure::of(&error))?;
        if !yaml.starts_with("---") {
            text.push_str("---\n");
        }
        text.push_str(&yaml);
    }
    output::print(&text)
}

/// `kymactl completion SHELL`.
pub(crate) fn completion(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "kymactl", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

/// `kymactl man`: the page in roff.
pub(crate) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(Args::command()).render(&mut page);
    written.map_err(|error| Failure::new("failed to write the manual page", &error))?;
    output::print(&String::from_utf8_lossy(&page))
}

/// `kymactl version`.
pub(crate) fn version() -> Result<(), Failure> {
    output::line(&format!("kymactl {}", env!("CARGO_PKG_VERSION")))
}
