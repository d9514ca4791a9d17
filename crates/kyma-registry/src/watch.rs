//! Watch: a cursor into the store's log, seen through selectors
//! (transitions as in k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go).

use std::sync::Arc;

use kyma_store::{Event, ListQuery, Object as Stored, ReadError, Revision, Store, WatchError, Watcher};

use crate::ApiError;
use crate::list::{ListOptions, matches, stored_fields};
use crate::object;
use crate::registry::{Registry, Request};

/// Query parameters of a watch.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// Selectors, as a list has them; the rest of it is not used.
    pub select: ListOptions,
    /// Watch what follows this version; `None` or 0 begins with the state as it is.
    pub since: Option<Revision>,
    /// `sendInitialEvents` (KEP-3157): begin with the state as it is, or do not.
    pub initial_events: Option<bool>,
}

/// One change that a watcher sees.
#[derive(Debug, Clone)]
pub enum Change {
    /// The object is new, or new to the selectors.
    Added(Arc<Stored>),
    /// The object changed.
    Modified(Arc<Stored>),
    /// The object is gone, or no longer what the selectors ask for.
    Deleted(Arc<Stored>),
    /// Everything up to this version has been seen; `true` where it ends the initial events. For those who asked for
    /// bookmarks.
    Bookmark(Revision, bool),
}

/// A running watch.
#[derive(Debug)]
pub struct Stream {
    watcher: Watcher,
    select: ListOptions,
    /// Nothing at or below this version is shown: a watch may begin in the future.
    floor: Revision,
    store: Store,
    /// Where the state goes on with which the watch begins, all of it as it was at `floor`. Read page by page, so that a
    /// watcher which does not read holds a page, and not every object there is.
    initial: Option<ListQuery>,
    /// Whether the last changes that were given were of that state.
    in_initial: bool,
    progress: Revision,
}

/// How many events one turn takes from the log.
const BATCH: usize = 256;
/// How many objects one turn takes of the state with which a watch begins.
const PAGE: usize = 2000;

impl Registry {
    /// Begins a watch.
    ///
    /// # Errors
    /// 400 for selectors that the kind does not know, 410 for a version that is out of the history window.
    pub fn watch(&self, request: &Request<'_>, options: WatchOptions) -> Result<Stream, ApiError> {
        let fields = stored_fields(request, &options.select.fields)?;
        let select = ListOptions { fields, ..options.select };
        let namespace: Option<Arc<str>> = request.namespace.map(Arc::from);
        let resource = request.resource.id;
        let since = options.since.filter(|version| version.get() > 0);
        match since {
            Some(since) if options.initial_events != Some(true) => {
                let (watcher, floor) = match self.store.watch(resource, namespace.clone(), since) {
                    Ok(watcher) => (watcher, since),
                    Err(ReadError::Future { current }) => {
                        let watcher = self.store.watch(resource, namespace, current);
                        (watcher.map_err(|error| expired(&error, since))?, since)
                    }
                    Err(error @ ReadError::Compacted { .. }) => return Err(expired(&error, since)),
                };
                Ok(Stream::new(self.store.clone(), watcher, select, floor))
            }
            _ => {
                // The newest version is out of the window only if it has been overtaken just now.
                let (watcher, floor) = loop {
                    let newest = self.store.revision();
                    if let Ok(watcher) = self.store.watch(resource, namespace.clone(), newest) {
                        break (watcher, newest);
                    }
                };
                if let Some(since) = since.filter(|since| *since > floor) {
                    return Err(ApiError::version_too_large(since.get(), floor.get()));
                }
                let mut stream = Stream::new(self.store.clone(), watcher, select, floor);
                if options.initial_events != Some(false) {
                    let all = ListQuery { namespace, at: Some(floor), ..ListQuery::all(resource) };
                    stream.initial = Some(ListQuery { limit: Some(PAGE), ..all });
                }
                Ok(stream)
            }
        }
    }
}

impl Stream {
    fn new(store: Store, watcher: Watcher, select: ListOptions, floor: Revision) -> Self {
        Stream { watcher, select, floor, store, initial: None, in_initial: false, progress: floor }
    }

    /// Whether the changes that were given last are of the state with which the watch begins.
    pub fn is_initial(&self) -> bool {
        self.in_initial
    }

    /// The next page of that state, and the bookmark behind its end; `None` when there is none.
    fn page(&mut self) -> Result<Option<Vec<Change>>, ApiError> {
        let Some(mut query) = self.initial.take() else { return Ok(None) };
        let page = self.store.list(&query).map_err(|error| expired(&error, self.floor))?;
        let last = page.objects.last().map(|object| object.key.clone());
        let found = page.objects.into_iter().filter(|object| self.selects(object));
        let mut changes: Vec<Change> = found.map(Change::Added).collect();
        match last.filter(|_| page.more) {
            Some(last) => {
                query.after = Some((last.namespace, last.name));
                self.initial = Some(query);
            }
            None => changes.push(Change::Bookmark(self.floor, true)),
        }
        Ok(Some(changes))
    }

    /// Waits for the next changes. Safe to drop while it waits.
    ///
    /// # Errors
    /// 410 when the watcher was so slow that the history window has moved past it.
    pub async fn next(&mut self) -> Result<Vec<Change>, ApiError> {
        while let Some(changes) = self.page()? {
            self.in_initial = true;
            if !changes.is_empty() {
                return Ok(changes);
            }
        }
        self.in_initial = false;
        loop {
            let batch = match self.watcher.next(BATCH).await {
                Ok(batch) => batch,
                Err(WatchError::Compacted { oldest }) => {
                    return Err(ApiError::expired(format!(
                        "too old resource version: {} ({})",
                        self.progress,
                        oldest.get().saturating_sub(1)
                    )));
                }
                Err(WatchError::Closed) => return Ok(Vec::new()),
            };
            self.progress = self.progress.max(batch.progress);
            let mut changes = Vec::with_capacity(batch.events.len());
            for event in batch.events.iter().filter(|event| event.revision > self.floor) {
                changes.extend(self.seen(event)?);
            }
            if !changes.is_empty() {
                return Ok(changes);
            }
        }
    }

    /// The version up to which everything has been shown, for a bookmark.
    pub fn progress(&mut self) -> Revision {
        if let Ok(batch) = self.watcher.try_next(0) {
            self.progress = self.progress.max(batch.progress);
        }
        self.progress
    }

    fn selects(&self, object: &Stored) -> bool {
        matches(object, &self.select.labels, &self.select.fields)
    }

    /// What an event is to this watcher: an object may come into or leave what the selectors ask for.
    fn seen(&self, event: &Event) -> Result<Option<Change>, ApiError> {
        let before = event.previous.as_ref().filter(|previous| self.selects(previous));
        let now = !event.deleted && self.selects(&event.object);
        Ok(match (before, now) {
            (None, true) => Some(Change::Added(Arc::clone(&event.object))),
            (Some(_), true) => Some(Change::Modified(Arc::clone(&event.object))),
            (Some(_), false) if event.deleted => Some(Change::Deleted(Arc::clone(&event.object))),
            (Some(previous), false) => Some(Change::Deleted(at_revision(previous, event.revision)?)),
            (None, false) => None,
        })
    }
}

/// The object as it was, with the version of the event that made it leave.
fn at_revision(previous: &Stored, revision: Revision) -> Result<Arc<Stored>, ApiError> {
    let mut value = object::parse(&previous.json)?;
    object::metadata_mut(&mut value).insert("resourceVersion".into(), revision.to_string().into());
    let json = serde_json::to_vec(&value).map_err(|e| ApiError::internal(e.to_string()))?;
    Ok(Arc::new(Stored {
        key: previous.key.clone(),
        revision,
        json: json.into(),
        index: previous.index.clone(),
    }))
}

fn expired(error: &ReadError, since: Revision) -> ApiError {
    let oldest = match error {
        ReadError::Compacted { oldest } => oldest.get(),
        ReadError::Future { current } => current.get(),
    };
    ApiError::expired(format!("too old resource version: {since} ({})", oldest.saturating_sub(1)))
}
