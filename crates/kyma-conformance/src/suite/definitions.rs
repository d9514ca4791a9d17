//! The three kinds of the inventory, as `kubectl apply -f config/crd/bases` would install them.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::check::Outcome;
use crate::context::DEFINITIONS;
use crate::fixture::{condition, text};
use crate::poll::eventually;
use crate::server::Server;

const SERVED_LIMIT: Duration = Duration::from_secs(20);

/// Installs the definitions of a folder, unless they are there already, and waits until they are served and say so:
/// from then on the server writes nothing more into them.
pub(crate) async fn install_definitions(server: &Server, folder: &Path) -> Result<(), String> {
    for definition in read(folder)? {
        install(server, &definition).await.map_err(|failure| failure.to_string())?;
    }
    Ok(())
}

/// The definitions of a folder's YAML files, in the order of their names.
fn read(folder: &Path) -> Result<Vec<Value>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    let read_one = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let definitions: Vec<Value> = files.iter().map(read_one).collect::<Result<_, String>>()?;
    if definitions.is_empty() { Err(failed(&"no YAML files")) } else { Ok(definitions) }
}

async fn install(server: &Server, definition: &Value) -> Outcome {
    let answer = server.http.post(DEFINITIONS, definition).await?;
    if answer.code() != 409 {
        answer.created()?;
    }
    let path = format!(
        "/apis/{}/v1alpha1/{}",
        text(definition, "/spec/group"),
        text(definition, "/spec/names/plural")
    );
    eventually(&format!("{path} is served"), SERVED_LIMIT, || async {
        let answer = server.http.get(&path).await?;
        Ok(if answer.code() == 200 { Ok(()) } else { Err(answer.shown()) })
    })
    .await?;
    let item = format!("{DEFINITIONS}/{}", text(definition, "/metadata/name"));
    eventually(&format!("{item} is Established"), SERVED_LIMIT, || async {
        let now = server.http.get(&item).await?.ok()?;
        let established = condition(&now, "Established")["status"] == "True";
        Ok(if established { Ok(()) } else { Err(now["status"].to_string()) })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn definitions_are_read_in_the_order_of_their_files() {
        let folder = tempfile::tempdir().unwrap();
        for (name, kind) in [("b.yaml", "B"), ("a.yaml", "A"), ("note.txt", "no")] {
            std::fs::write(folder.path().join(name), format!("---\nkind: {kind}\n")).unwrap();
        }
        let kinds: Vec<_> = read(folder.path()).unwrap().iter().map(|d| d["kind"].clone()).collect();
        assert_eq!(kinds, ["A", "B"]);
    }

    #[test]
    fn a_folder_without_definitions_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().ends_with("no YAML files"));
        assert!(read(&folder.path().join("absent")).unwrap_err().contains("absent: "));
    }
}
