//! The binary itself: exit codes and what it says when it cannot work.

#[cfg(test)]
mod status;
#[cfg(test)]
mod up;
