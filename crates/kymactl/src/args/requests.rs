//! What requests to the embedded server may cost, and what is kept of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as Group;
use kyma_apiserver::{AuditLevel, AuditOptions, Limits};
use kyma_store::Options;

use super::limit;

/// What requests may cost. Names are kube-apiserver's where it has them.
#[derive(Debug, Group)]
#[command(next_help_heading = "Limits")]
pub(crate) struct RequestArgs {
    /// How many requests that read may be in progress; more get 429. 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 400)]
    max_requests_inflight: usize,
    /// How many requests that write may be in progress; more get 429. 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 200)]
    max_mutating_requests_inflight: usize,
    /// How many watches may be open; more get 429. 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    max_watches: usize,
    /// How many bytes the body of a request may have; a larger one gets 413. 0 for no limit.
    #[arg(long, value_name = "BYTES", default_value_t = 3_145_728)]
    max_body_bytes: usize,
    /// How many bytes all bodies in progress may have together; more get 429. 0 for no limit.
    #[arg(long, value_name = "BYTES", default_value_t = 67_108_864)]
    max_body_bytes_inflight: usize,
    /// How many bytes of JSON an object may have; a larger one gets 500, in etcd's words, whose default this is. What is
    /// larger already may stay as large as it is. 0 for no limit.
    #[arg(long, value_name = "BYTES", default_value_t = 1_572_864)]
    max_object_bytes: usize,
    /// How many bytes all answers that clients have not taken yet may have together; who reads then waits up to 10s, and
    /// gets 429. 0 for no limit.
    #[arg(long, value_name = "BYTES", default_value_t = 268_435_456)]
    max_response_bytes_inflight: usize,
    /// How long a request other than a watch may take; then it gets 504.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = limit)]
    request_timeout: Duration,
}

impl RequestArgs {
    /// As the server takes them.
    pub(crate) fn meant(&self) -> Limits {
        Limits {
            max_requests_inflight: self.max_requests_inflight,
            max_mutating_requests_inflight: self.max_mutating_requests_inflight,
            max_watches: self.max_watches,
            max_body_bytes: self.max_body_bytes,
            max_body_bytes_inflight: self.max_body_bytes_inflight,
            max_response_bytes_inflight: self.max_response_bytes_inflight,
            request_timeout: self.request_timeout,
        }
    }

    /// As the store takes them.
    pub(crate) fn meant_for_store(&self) -> Options {
        Options { max_object_bytes: self.max_object_bytes, ..Options::default() }
    }
}

/// The audit log, under kube-apiserver's names.
#[derive(Debug, Group)]
#[command(next_help_heading = "Audit log")]
pub(crate) struct AuditArgs {
    /// Log who asked for what to this file, as JSON lines (audit.k8s.io/v1); - for standard output. Without it there is no
    /// audit log.
    #[arg(long, value_name = "FILE")]
    audit_log_path: Option<PathBuf>,
    /// How much is logged: None, Metadata, Request (with what was sent) or RequestResponse (with what was answered). The
    /// bodies of Secrets and ConfigMaps never are.
    #[arg(long, value_name = "LEVEL", default_value = "Metadata")]
    audit_log_level: AuditLevel,
    /// The size in megabytes at which the file is renamed and begun anew; 0 for never.
    #[arg(long, value_name = "MB", default_value_t = 100)]
    audit_log_maxsize: u64,
    /// How many renamed files are kept; 0 for all of them.
    #[arg(long, value_name = "N", default_value_t = 10)]
    audit_log_maxbackup: usize,
}

impl AuditArgs {
    /// As the server takes them.
    pub(crate) fn meant(&self) -> Option<AuditOptions> {
        Some(AuditOptions {
            path: self.audit_log_path.clone()?,
            level: self.audit_log_level,
            max_size: self.audit_log_maxsize,
            max_backups: self.audit_log_maxbackup,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{ApiserverArgs, Args, Command};

    fn typed(flags: &[&str]) -> ApiserverArgs {
        let words = ["kymactl", "apiserver", "--in-memory", "--write-kubeconfig", "k"].iter().chain(flags);
        let Command::Apiserver(args) = Args::try_parse_from(words).unwrap().command else { unreachable!() };
        args
    }

    #[test]
    fn what_is_not_typed_is_as_the_server_has_it() {
        let args = typed(&[]);
        assert_eq!((args.requests.meant(), args.audit.meant()), (Limits::default(), None));
        assert_eq!(args.requests.meant_for_store(), Options::default());
        let args = typed(&["--audit-log-path", "a.log"]);
        assert_eq!(args.audit.meant(), Some(AuditOptions::new("a.log")));
    }

    #[test]
    fn what_is_typed_is_meant() {
        let flags =
            ["--max-watches=0", "--request-timeout=5s", "--audit-log-path=-", "--audit-log-level=request"];
        let args = typed(&flags);
        let limits = Limits { max_watches: 0, request_timeout: Duration::from_secs(5), ..Limits::default() };
        assert_eq!(args.requests.meant(), limits);
        assert_eq!(args.audit.meant().unwrap().level, AuditLevel::Request);
        assert_eq!(typed(&["--max-object-bytes=0"]).requests.meant_for_store().max_object_bytes, 0);
        let error = Args::try_parse_from(["kymactl", "apiserver", "--audit-log-level", "all"]).unwrap_err();
        assert!(error.to_string().contains("RequestResponse"), "{error}");
    }
}
