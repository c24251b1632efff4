//! The currency of the whole house: what was measured, when, and in which unit.

mod sample;
pub mod text;
mod time;
mod unit;
mod value;

pub use sample::{Sample, SignalId};
pub use time::{Timestamp, TimestampError};
pub use unit::{Unit, UnitError};
pub use value::Value;
