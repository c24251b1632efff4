//! What a signal can hold.

use std::fmt;
use std::sync::Arc;

/// One measured value, in its signal's unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A quantity.
    Number(f64),
    /// On or off.
    Flag(bool),
    /// A state's name, or a message.
    Text(Arc<str>),
}

impl Value {
    /// The value as a number: a flag is 0 or 1, a text has none.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Flag(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(_) => None,
        }
    }

    /// The value as a flag: a number is *on* unless it is zero, a text has none.
    pub fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Number(number) => Some(*number != 0.0),
            Self::Flag(flag) => Some(*flag),
            Self::Text(_) => None,
        }
    }

    /// Whether it is outside of a range, its ends being inside. What is no number never is, and what is not a number (NaN) always.
    pub fn is_outside(&self, (low, high): (f64, f64)) -> bool {
        self.as_number().is_some_and(|it| !(low..=high).contains(&it))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Flag(true) => f.pad("on"),
            Self::Flag(false) => f.pad("off"),
            Self::Text(text) => f.pad(text),
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}
