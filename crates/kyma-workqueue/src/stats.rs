//! What a queue tells about itself. Events and meanings are those of client-go's `util/workqueue/metrics.go`.

use std::time::Duration;

use crate::order::Class;

/// An observer of a queue.
///
/// It is called with the queue's lock held, so that counts are exact: it must be short and must not call the queue.
pub trait Metrics: Send + Sync {
    /// A key became dirty in this class; merging with a waiting one is not counted.
    fn added(&self, class: Class);
    /// A key was added with a delay, be it a timer or a retry (client-go's `retries_total` counts both).
    fn retried(&self);
    /// A key was handed to a worker after waiting in this class since its first add.
    fn started(&self, class: Class, waited: Duration);
    /// A worker was done with a key.
    fn finished(&self, worked: Duration);
}

/// An observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMetrics;

impl Metrics for NoMetrics {
    fn added(&self, _class: Class) {}
    fn retried(&self) {}
    fn started(&self, _class: Class, _waited: Duration) {}
    fn finished(&self, _worked: Duration) {}
}

/// A queue at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The keys that can be handed out, by `Class as usize`.
    pub depth: [usize; 4],
    /// The keys whose delayed add is still to come; a key may also wait or be worked on.
    pub delayed: usize,
    /// The keys that workers have.
    pub processing: usize,
    /// The longest time that a key has been with its worker.
    pub longest_running: Duration,
    /// The sum of the times that keys have been with their workers.
    pub unfinished: Duration,
}
