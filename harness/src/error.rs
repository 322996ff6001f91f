//! Exit codes and the errors that decide them.

use std::fmt;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: success.
    Fine = 0,
    /// 1: an error of the lab or its environment (a full disk, a missing tool).
    Internal = 1,
    /// 2: bad usage or input.
    Usage = 2,
    /// 3: a regression, or a contender or cell that failed.
    Regression = 3,
    /// 4: two measurements that cannot be compared.
    NotComparable = 4,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}

/// Bad usage or input: exit code 2.
#[derive(Debug)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// An error of usage or input. The message is one line: what is wrong, where, and what to do.
pub fn usage(message: impl Into<String>) -> UsageError {
    UsageError(message.into())
}

/// Measurements that cannot be compared: exit code 4.
#[derive(Debug)]
pub struct NotComparable(pub String);

impl fmt::Display for NotComparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotComparable {}

/// The exit code of an error.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if error.chain().any(|cause| cause.is::<NotComparable>()) {
        return Exit::NotComparable;
    }
    let bad_input = error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.downcast_ref::<reports::Error>().is_some_and(reports::Error::is_bad_input)
            || cause
                .downcast_ref::<reports::render::Error>()
                .is_some_and(reports::render::Error::is_bad_input)
    });
    if bad_input { Exit::Usage } else { Exit::Internal }
}
