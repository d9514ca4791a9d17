//! Where a server keeps what is its own: objects, certificates, token, kubeconfig.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use kyma_apiserver::TokioClock;
use kyma_apiserver::serve::{Identity, Names};
use kyma_store::{Options, Store};

use super::leftovers::{self, Temporary};
use crate::exit::Failure;

/// The folder of the identity inside the data folder.
const PKI: &str = "pki";
const KUBECONFIG: &str = "kubeconfig";

/// A server's place.
#[derive(Debug)]
pub(crate) struct Home {
    /// The data folder, where objects are kept on disk.
    data: Option<PathBuf>,
    /// A folder that goes away with this value.
    temporary: Option<Temporary>,
}

impl Home {
    /// Everything in a folder that stays.
    pub(crate) fn kept(folder: &Path) -> Self {
        Home { data: Some(folder.to_owned()), temporary: None }
    }

    /// Nothing on disk but a kubeconfig where one is asked for.
    pub(crate) fn memory() -> Self {
        Home { data: None, temporary: None }
    }

    /// Everything in a folder that is removed at the end.
    pub(crate) fn temporary() -> Result<Self, Failure> {
        let folder = temporary()?;
        Ok(Home { data: Some(folder.path().to_owned()), temporary: Some(folder) })
    }

    /// Objects in memory, and a folder for the kubeconfig that is removed at the end.
    pub(crate) fn memory_with_folder() -> Result<Self, Failure> {
        Ok(Home { data: None, temporary: Some(temporary()?) })
    }

    /// Where objects are kept, for people.
    pub(crate) fn place(&self) -> String {
        match (&self.data, &self.temporary) {
            (None, _) => "memory".to_owned(),
            (Some(folder), None) => folder.display().to_string(),
            (Some(folder), Some(_)) => format!("{}, removed at the end", folder.display()),
        }
    }

    /// The kubeconfig's path: where it was asked for, else in the folder.
    pub(crate) fn kubeconfig(&self, given: Option<&Path>) -> Result<PathBuf, Failure> {
        let folder = self.data.as_deref().or(self.temporary.as_ref().map(Temporary::path));
        match (given, folder) {
            (Some(path), _) => Ok(path.to_owned()),
            (None, Some(folder)) => Ok(folder.join(KUBECONFIG)),
            (None, None) => {
                Err(Failure::usage("say where the kubeconfig is to be written: --write-kubeconfig FILE"))
            }
        }
    }

    /// Opens the store. The folder is this process's alone from here on.
    pub(crate) fn store(&self, options: Options, clock: &TokioClock) -> Result<Store, Failure> {
        let clock = Arc::new(*clock);
        match &self.data {
            None => Ok(Store::in_memory(options, clock)),
            Some(folder) => Store::open(options, clock, folder).map_err(|error| Failure::of(&error)),
        }
    }

    /// Reads the server's identity, or makes a new one. Only with the store open, which locks the folder.
    pub(crate) fn identity(&self, names: Names, now: Timestamp) -> Result<Identity, Failure> {
        let identity = match &self.data {
            None => Identity::generate(names, now),
            Some(folder) => Identity::open(&folder.join(PKI), names, now),
        };
        identity.map_err(|error| Failure::of(&error))
    }
}

fn temporary() -> Result<Temporary, Failure> {
    let place = std::env::temp_dir();
    leftovers::remove(&place);
    Temporary::make(&place).map_err(|error| Failure::new("failed to make a temporary folder", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_home_says_where_it_is_and_where_its_kubeconfig_lies() {
        let given = Path::new("/x/config");
        let kept = Home::kept(Path::new("/var/lib/kymactl"));
        assert_eq!(kept.place(), "/var/lib/kymactl");
        assert_eq!(kept.kubeconfig(None).unwrap(), Path::new("/var/lib/kymactl/kubeconfig"));
        assert_eq!(kept.kubeconfig(Some(given)).unwrap(), given);
        assert_eq!(Home::memory().place(), "memory");
        assert!(Home::memory().kubeconfig(None).is_err());

        let temporary = Home::temporary().unwrap();
        let kubeconfig = temporary.kubeconfig(None).unwrap();
        let folder = kubeconfig.parent().unwrap().to_owned();
        assert!(folder.is_dir() && temporary.place().ends_with(", removed at the end"));
        drop(temporary);
        assert!(!folder.exists());
        assert_eq!(Home::memory_with_folder().unwrap().place(), "memory");
    }
}
