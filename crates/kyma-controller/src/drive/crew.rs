//! Tasks that are started and ended together.

use std::future::pending;

use tokio::task::{Id, JoinError, JoinSet};

use super::{RunError, Task};
use crate::shutdown::Shutdown;

/// Running tasks with their names. Dropping it ends them.
#[derive(Default)]
pub(super) struct Crew {
    tasks: JoinSet<()>,
    names: Vec<(Id, String)>,
}

impl Crew {
    pub(super) fn start(tasks: Vec<Task>, shutdown: &Shutdown) -> Self {
        let mut crew = Self::default();
        for Task { name, start } in tasks {
            let handle = crew.tasks.spawn(start(shutdown.clone()));
            crew.names.push((handle.id(), name));
        }
        crew
    }

    /// Waits for a task that panics; a task that just ends is no news.
    pub(super) async fn panicked(&mut self) -> RunError {
        while let Some(ended) = self.tasks.join_next().await {
            if let Some(error) = self.panic(ended) {
                return error;
            }
        }
        pending().await
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&mut self) -> Result<(), RunError> {
        let mut result = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            if let Some(error) = self.panic(ended) {
                result = Err(error);
            }
        }
        result
    }

    /// Ends all where they are.
    pub(super) async fn abort(&mut self) {
        self.tasks.shutdown().await;
    }

    fn panic(&self, ended: Result<(), JoinError>) -> Option<RunError> {
        let error = ended.err().filter(JoinError::is_panic)?;
        let name = self.names.iter().find(|(id, _)| *id == error.id()).map(|(_, name)| name.clone());
        Some(RunError::TaskPanicked { task: name.unwrap_or_default() })
    }
}
