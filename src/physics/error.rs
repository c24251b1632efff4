//! What can be wrong with a plant, and with what is asked of it.

use std::ops::Range;
use std::sync::Arc;

/// Why a block is no good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhysicsError {
    /// DiffSL does not take the equations.
    #[error("the equations of `{twin}` do not compile: {said}")]
    Equations {
        /// The twin's address.
        twin: Arc<str>,
        /// What DiffSL said.
        said: String,
        /// Where in the equations, in bytes. `None`: there is no one place.
        at: Option<Range<usize>>,
        /// How to mend it.
        hint: Option<String>,
    },
    /// A parameter, an input, an output, a state or a helper has a name that cannot be.
    #[error("in the physics of `{twin}` {name:?} {why}: expected {expected}")]
    Name {
        /// The twin's address.
        twin: Arc<str>,
        /// As written.
        name: String,
        /// What is wrong with it.
        why: &'static str,
        /// What should stand there.
        expected: &'static str,
        /// Where in the equations, in bytes. `None`: it is a parameter, an input or an output.
        at: Option<Range<usize>>,
    },
    /// A number that is none.
    #[error("in the physics of `{twin}` the value of {name:?} is no finite number")]
    NotANumber {
        /// The twin's address.
        twin: Arc<str>,
        /// The parameter or input.
        name: String,
    },
    /// An input from an output that does not exist.
    #[error("the input {input:?} of `{twin}` comes from {reference:?}, which is no block's output{hint}")]
    UnknownOutput {
        /// The twin's address.
        twin: Arc<str>,
        /// The input.
        input: String,
        /// As written.
        reference: String,
        /// What there is instead.
        hint: String,
    },
    /// A curve over the day that is none.
    #[error(
        "the daily curve of the input {input:?} of `{twin}` needs at least one point, and rising hours from 0 to 24"
    )]
    Curve {
        /// The twin's address.
        twin: Arc<str>,
        /// The input.
        input: String,
    },
    /// An initial value is no number.
    #[error("an initial value of `{twin}` is no finite number: look at `u_i` and the parameters that it uses")]
    Start {
        /// The twin's address.
        twin: Arc<str>,
    },
}

/// Why an input or a parameter was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// There is none of this name.
    #[error("no block has an input {0:?}")]
    Unknown(String),
    /// It is not for setting.
    #[error("{0:?} comes from elsewhere: only an input that is `Set` can be set")]
    NotSettable(String),
    /// Infinite, or no number.
    #[error("{0:?} cannot be set to what is no finite number")]
    NotANumber(String),
}
