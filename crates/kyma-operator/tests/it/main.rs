//! The operator against the embedded API server, in one process and on virtual time.

#[cfg(test)]
mod edits;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod life;
#[cfg(test)]
mod names;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod shards;
#[cfg(test)]
mod trouble;
