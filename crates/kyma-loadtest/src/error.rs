//! Why an experiment failed.

use std::io;
use std::path::PathBuf;

use thiserror::Error as ThisError;

/// Why an experiment failed.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The folder of the results cannot be had.
    #[error("the folder {} cannot be made", folder.display())]
    MakeFolder {
        /// Which one.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written", file.display())]
    Write {
        /// Which one.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("{} cannot be read", file.display())]
    Read {
        /// Which one.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds no run.
    #[error("{} holds no run: {why}", file.display())]
    NoRun {
        /// Which one.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A program does not start.
    #[error("{name} does not start")]
    Start {
        /// Which one.
        name: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A program ended too early.
    #[error("{name} ended with {status}; the end of its output:\n{tail}")]
    Ended {
        /// Which one.
        name: &'static str,
        /// How.
        status: String,
        /// What it said last.
        tail: String,
    },
    /// A program is not there in time.
    #[error("{name} was not ready within {seconds} s; the end of its output:\n{tail}")]
    NotReady {
        /// Which one.
        name: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// What it said last.
        tail: String,
    },
    /// The server refused what is needed.
    #[error("failed to {what}")]
    Request {
        /// What was asked for.
        what: String,
        /// What the server said.
        source: Box<kube::Error>,
    },
    /// A watch, or another part of the run, broke.
    #[error("the run broke off: {0}")]
    Broken(String),
}

impl Error {
    pub(crate) fn request(what: impl Into<String>, source: kube::Error) -> Self {
        Self::Request { what: what.into(), source: Box::new(source) }
    }
}
