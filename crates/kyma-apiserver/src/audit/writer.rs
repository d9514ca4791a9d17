//! The writer of the audit log: a file that is renamed when it has grown enough, or standard output.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use jiff::Timestamp;

use super::{AuditOptions, AuditStats, Line};

/// Where lines end up.
enum Sink {
    Output(BufWriter<io::Stdout>),
    File(Rotating),
}

/// Writes lines, in the order in which they came.
pub(super) struct Writer {
    sink: Sink,
    stats: Arc<AuditStats>,
    /// Whether the last line was lost; said once, not for each.
    failing: bool,
}

impl Writer {
    pub(super) fn open(options: &AuditOptions, stats: Arc<AuditStats>) -> io::Result<Self> {
        let sink = if options.path == Path::new("-") {
            Sink::Output(BufWriter::new(io::stdout()))
        } else {
            Sink::File(Rotating::open(options)?)
        };
        Ok(Writer { sink, stats, failing: false })
    }

    /// Writes until nobody can send any more.
    pub(super) fn run(&mut self, lines: &Receiver<Line>) {
        let mut unflushed = 0;
        loop {
            let line = match lines.try_recv() {
                Ok(line) => line,
                Err(TryRecvError::Disconnected) => {
                    let flushed = self.sink.flush();
                    return self.note(flushed, unflushed);
                }
                Err(TryRecvError::Empty) => {
                    // A pause: whoever reads along sees all of it.
                    let flushed = self.sink.flush();
                    self.note(flushed, std::mem::take(&mut unflushed));
                    match lines.recv() {
                        Ok(line) => line,
                        Err(_) => return,
                    }
                }
            };
            let written = self.sink.write(&line.text, line.at);
            unflushed = if written.is_ok() { unflushed + 1 } else { 0 };
            self.note(written, 1);
        }
    }

    fn note(&mut self, outcome: io::Result<()>, lines: u64) {
        match outcome {
            Ok(()) => self.failing = false,
            Err(error) => {
                self.stats.lost(lines);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, "the audit log cannot be written; events are lost and counted");
                }
            }
        }
    }
}

impl Sink {
    fn write(&mut self, line: &[u8], at: Timestamp) -> io::Result<()> {
        match self {
            Sink::Output(output) => output.write_all(line),
            Sink::File(file) => file.write(line, at),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Output(output) => output.flush(),
            Sink::File(file) => file.file.flush(),
        }
    }
}

/// A file that is renamed when it has grown enough.
struct Rotating {
    file: BufWriter<File>,
    path: PathBuf,
    size: u64,
    /// In bytes.
    max_size: u64,
    max_backups: usize,
}

impl Rotating {
    fn open(options: &AuditOptions) -> io::Result<Self> {
        let (file, size) = open(&options.path)?;
        let max_size =
            if options.max_size == 0 { u64::MAX } else { options.max_size.saturating_mul(1 << 20) };
        let (path, max_backups) = (options.path.clone(), options.max_backups);
        Ok(Rotating { file: BufWriter::new(file), path, size, max_size, max_backups })
    }

    fn write(&mut self, line: &[u8], at: Timestamp) -> io::Result<()> {
        if self.size > 0 && self.size + line.len() as u64 > self.max_size {
            // Where that fails the old file goes on: a long log is better than none.
            if let Err(error) = self.rotate(at) {
                tracing::warn!(%error, "the audit log cannot be renamed and goes on growing");
            }
        }
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(())
    }

    /// Renames the file and begins a new one.
    fn rotate(&mut self, at: Timestamp) -> io::Result<()> {
        self.file.flush()?;
        fs::rename(&self.path, self.backup(at))?;
        let (file, size) = open(&self.path)?;
        self.file = BufWriter::new(file);
        self.size = size;
        if self.max_backups > 0 {
            let mut backups = self.backups()?;
            backups.sort();
            let surplus = backups.len().saturating_sub(self.max_backups);
            for old in &backups[..surplus] {
                fs::remove_file(old)?;
            }
        }
        Ok(())
    }

    /// `audit-2026-01-01T00-00-00.000.log` for `audit.log`, with a number where that is there already.
    fn backup(&self, at: Timestamp) -> PathBuf {
        let (stem, end) = self.names();
        let time = at.strftime("%Y-%m-%dT%H-%M-%S%.3f");
        let name = (0_u32..)
            .map(|number| match number {
                0 => format!("{stem}-{time}{end}"),
                number => format!("{stem}-{time}.{number:04}{end}"),
            })
            .map(|name| self.path.with_file_name(name))
            .find(|path| !path.exists());
        name.unwrap_or_else(|| self.path.with_extension("old"))
    }

    /// All that was renamed, as far as it has our names.
    fn backups(&self) -> io::Result<Vec<PathBuf>> {
        let (stem, end) = self.names();
        let (start, mut found) = (format!("{stem}-"), Vec::new());
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
            let name = entry?.file_name();
            let time = name.to_str().and_then(|name| name.strip_prefix(&start)?.strip_suffix(&end));
            if time.is_some_and(|time| time.starts_with(|c: char| c.is_ascii_digit()) && time.contains('T')) {
                found.push(self.path.with_file_name(name));
            }
        }
        Ok(found)
    }

    /// The name before and from its last dot on.
    fn names(&self) -> (String, String) {
        let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let end = self.path.extension().map(|end| format!(".{}", end.to_string_lossy()));
        (text(self.path.file_stem()), end.unwrap_or_default())
    }
}

/// Opens a file to write behind its end.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotating(folder: &Path, max_backups: usize) -> Rotating {
        let mut options = AuditOptions::new(folder.join("audit.log"));
        options.max_backups = max_backups;
        Rotating { max_size: 10, ..Rotating::open(&options).unwrap() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_is_renamed_and_the_oldest_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("audit-notes.log"), "somebody else's").unwrap();
        let mut log = rotating(folder.path(), 2);
        for second in 0..4 {
            log.write(format!("line {second}!\n").as_bytes(), Timestamp::from_second(second).unwrap())
                .unwrap();
        }
        log.file.flush().unwrap();
        assert_eq!(
            names(folder.path()),
            [
                "audit-1970-01-01T00-00-02.000.log",
                "audit-1970-01-01T00-00-03.000.log",
                "audit-notes.log",
                "audit.log"
            ]
        );
        assert_eq!(fs::read_to_string(folder.path().join("audit.log")).unwrap(), "line 3!\n");
        let oldest = folder.path().join("audit-1970-01-01T00-00-02.000.log");
        assert_eq!(fs::read_to_string(oldest).unwrap(), "line 1!\n");
    }

    #[test]
    fn files_of_one_moment_keep_apart_and_a_start_goes_on_behind_the_end() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut log = rotating(folder.path(), 0);
            log.write(b"twelve bytes\n", Timestamp::UNIX_EPOCH).unwrap();
            log.write(b"x\n", Timestamp::UNIX_EPOCH).unwrap();
            log.file.flush().unwrap();
        }
        let names = names(folder.path());
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(names.contains(&"audit-1970-01-01T00-00-00.000.0001.log".to_owned()), "{names:?}");
    }

    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        drop(Rotating::open(&AuditOptions::new(&path)).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
