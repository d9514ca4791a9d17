//! Writes down what happens, as it happens.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kyma_report::raw::{Header, Line, Object};
use parking_lot::Mutex;

/// Writes the lines of a run; clones write the same.
#[derive(Clone, Debug)]
pub struct Recorder {
    inner: Arc<Mutex<Inner>>,
    start: Instant,
}

#[derive(Debug)]
struct Inner {
    out: BufWriter<File>,
    /// By whose and by name: number and last value. Bounded by what the sources have to say.
    series: HashMap<String, HashMap<String, (u32, f64)>>,
    next_series: u32,
    /// Numbers by kind and name. Bounded by the objects of the namespace.
    objects: [HashMap<String, u32>; 2],
    next_object: u32,
    /// The first failure: nothing is written after it.
    failure: Option<io::Error>,
}

impl Recorder {
    /// Begins a new file; there must be none yet.
    ///
    /// # Errors
    /// Where the file is there, or cannot be written.
    pub fn begin(file: &Path, header: Header) -> io::Result<Self> {
        let out = BufWriter::new(File::create_new(file)?);
        let (series, objects) = (HashMap::new(), [HashMap::new(), HashMap::new()]);
        let mut inner = Inner { out, series, next_series: 0, objects, next_object: 0, failure: None };
        inner.write(&Line::Run(header));
        inner.flushed()?;
        Ok(Self { inner: Arc::new(Mutex::new(inner)), start: Instant::now() })
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// A sample of a source: what has changed since its last one.
    pub fn sample<N: AsRef<str>>(&self, of: &str, values: impl IntoIterator<Item = (N, f64)>) {
        let t = seconds(self.elapsed());
        let inner = &mut *self.inner.lock();
        let mut v = Vec::new();
        for (name, value) in values {
            let held = inner.series.entry(of.to_owned()).or_default().get_mut(name.as_ref());
            match held {
                Some((_, last)) if *last == value => {}
                Some((id, last)) => {
                    *last = value;
                    v.push((*id, value));
                }
                None => v.push((inner.new_series(of, name.as_ref(), value), value)),
            }
        }
        inner.write(&Line::Sample { t, of: of.to_owned(), v });
        inner.flush();
    }

    /// A sample that could not be taken.
    pub fn gap(&self, of: &str, why: String) {
        let t = seconds(self.elapsed());
        let mut inner = self.inner.lock();
        inner.write(&Line::Gap { t, of: of.to_owned(), why });
        inner.flush();
    }

    /// A Kyma is about to be created.
    pub fn creating(&self, name: &str, longest: usize) {
        let now = millis(self.elapsed());
        let inner = &mut *self.inner.lock();
        let id = inner.object(false, name, longest);
        inner.write(&Line::Created(now, id));
    }

    /// The watch shows a state.
    pub fn seen(&self, component: bool, name: &str, bytes: usize, stage: i8) {
        let now = millis(self.elapsed());
        let inner = &mut *self.inner.lock();
        let id = inner.object(component, name, bytes);
        inner.write(&Line::Seen(now, id, stage));
    }

    /// The end. What failed on the way fails now.
    ///
    /// # Errors
    /// Where something could not be written.
    pub fn end(&self, unfinished: Option<String>) -> io::Result<()> {
        let t = seconds(self.elapsed());
        let mut inner = self.inner.lock();
        inner.write(&Line::End { t, unfinished });
        inner.flushed()
    }

    /// Whether something could not be written, and why.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.inner.lock().failure.as_ref().map(ToString::to_string)
    }
}

impl Inner {
    fn new_series(&mut self, of: &str, name: &str, value: f64) -> u32 {
        let id = self.next_series;
        self.next_series += 1;
        self.write(&Line::Series { id, of: of.to_owned(), name: name.to_owned() });
        self.series.entry(of.to_owned()).or_default().insert(name.to_owned(), (id, value));
        id
    }

    fn object(&mut self, component: bool, name: &str, bytes: usize) -> u32 {
        if let Some(id) = self.objects[usize::from(component)].get(name) {
            return *id;
        }
        let id = self.next_object;
        self.next_object += 1;
        self.write(&Line::Object(Object { id, component, name: name.to_owned(), bytes }));
        self.objects[usize::from(component)].insert(name.to_owned(), id);
        id
    }

    fn write(&mut self, line: &Line) {
        if self.failure.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.out, line).map_err(io::Error::from);
        self.failure = written.and_then(|()| self.out.write_all(b"\n")).err();
    }

    fn flush(&mut self) {
        if self.failure.is_none() {
            self.failure = self.out.flush().err();
        }
    }

    fn flushed(&mut self) -> io::Result<()> {
        self.flush();
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// As precise as a millisecond: more would be noise, and longer lines.
fn seconds(duration: Duration) -> f64 {
    millis(duration) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use kyma_report::raw;
    use kyma_report::result::Environment;

    use super::*;

    fn header() -> Header {
        Header {
            version: raw::RAW_VERSION,
            tool: "test".into(),
            name: "a".into(),
            started: String::new(),
            scenario: serde_json::Value::Null,
            environment: Environment::default(),
            settings: vec![],
        }
    }

    #[test]
    fn names_come_once_and_values_when_they_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("samples.jsonl");
        let recorder = Recorder::begin(&file, header()).unwrap();
        recorder.sample("operator", [("a", 1.0), ("b", 2.0)]);
        recorder.sample("operator", [("a", 1.0), ("b", 3.0)]);
        recorder.sample("server", [("a", 1.0)]);
        recorder.creating("k", 5);
        recorder.seen(false, "k", 5, 0);
        recorder.seen(true, "k", 2, 1);
        recorder.end(None).unwrap();
        let (lines, lost) = raw::read(&std::fs::read_to_string(&file).unwrap());
        assert_eq!(lost, 0);
        let samples: Vec<_> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Sample { v, .. } => Some(v.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(samples, [vec![(0, 1.0), (1, 2.0)], vec![(1, 3.0)], vec![(2, 1.0)]]);
        let seen: Vec<_> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Created(_, id) => Some((*id, None)),
                Line::Seen(_, id, stage) => Some((*id, Some(*stage))),
                _ => None,
            })
            .collect();
        assert_eq!(seen, [(0, None), (0, Some(0)), (1, Some(1))]);
        assert!(Recorder::begin(&file, header()).is_err(), "nothing is written over");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_and_nothing_is_written_after_it() {
        let out = BufWriter::with_capacity(16, File::options().write(true).open("/dev/full").unwrap());
        let inner = Inner {
            out,
            series: HashMap::new(),
            next_series: 0,
            objects: [HashMap::new(), HashMap::new()],
            next_object: 0,
            failure: None,
        };
        let recorder = Recorder { inner: Arc::new(Mutex::new(inner)), start: Instant::now() };
        recorder.sample("operator", [("a", 1.0)]);
        assert!(recorder.failure().is_some_and(|why| why.contains("space")));
        assert!(recorder.end(None).is_err());
    }
}
