//! What is wrong with jobs (k8s.io/kubernetes/pkg/apis/batch/validation).

mod cron;
mod job;
mod policies;
mod schedule;

pub(super) use cron::cron_job;
pub(super) use job::job;
