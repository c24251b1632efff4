//! Measured values in CBOR (RFC 8949), as a signed envelope holds them: `[t0, [[signal, dt_us, value, quality], …]]`.
//!
//! `t0` is an instant, ns since 1970; `dt_us` the distance to it, µs; `signal` the signal's address; `value` a number, a boolean
//! or a text; `quality` 0 good, 1 uncertain, 2 bad.

use std::sync::Arc;

use ciborium::Value as Cbor;

use crate::signal::{Timestamp, Value};

/// More values than this are no measurement.
pub const MAX_ROWS: usize = 4096;
/// How deep arrays may lie in each other.
const MAX_DEPTH: usize = 4;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedRow {
    /// The signal's address.
    pub signal: String,
    /// When it was measured.
    pub at: Timestamp,
    /// What was measured.
    pub value: Value,
    /// How good the device holds it to be.
    pub quality: Quality,
}

/// How good a device holds a value to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// As it should be.
    Good,
    /// Perhaps not right.
    Uncertain,
    /// Not to be used.
    Bad,
}

/// Why bytes are no packed values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// No CBOR, or too deep.
    #[error("the values are no CBOR: {0}")]
    NotCbor(String),
    /// Another shape.
    #[error("the values are not of the shape [t0, [[signal, dt_us, value, quality], …]]: {0}")]
    Shape(&'static str),
    /// Too many.
    #[error("there are {0} values, more than the {MAX_ROWS} that are read")]
    TooMany(usize),
}

/// Writes values; `t0` is the time of the first one.
pub fn pack(rows: &[PackedRow]) -> Vec<u8> {
    let t0 = rows.first().map_or(0, |it| it.at.as_nanos());
    let row = |it: &PackedRow| {
        let value = match &it.value {
            Value::Number(number) => Cbor::Float(*number),
            Value::Flag(on) => Cbor::Bool(*on),
            Value::Text(text) => Cbor::Text(text.to_string()),
        };
        let quality: i64 = match it.quality {
            Quality::Good => 0,
            Quality::Uncertain => 1,
            Quality::Bad => 2,
        };
        let distance = (it.at.as_nanos() - t0).div_euclid(1000);
        Cbor::Array(vec![Cbor::Text(it.signal.clone()), Cbor::from(distance), value, Cbor::from(quality)])
    };
    let whole = Cbor::Array(vec![Cbor::from(t0), Cbor::Array(rows.iter().map(row).collect())]);
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    ciborium::into_writer(&whole, &mut bytes).map_or_else(|_| Vec::new(), |()| bytes)
}

/// Reads values.
pub fn unpack(bytes: &[u8]) -> Result<Vec<PackedRow>, PackedError> {
    let mut rest = bytes;
    let whole: Cbor = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH)
        .map_err(|why| PackedError::NotCbor(why.to_string()))?;
    if !rest.is_empty() {
        return Err(PackedError::Shape("something follows them"));
    }
    let Cbor::Array(parts) = whole else { return Err(PackedError::Shape("it is no array")) };
    let [Cbor::Integer(t0), Cbor::Array(rows)] = parts.as_slice() else {
        return Err(PackedError::Shape("it does not hold a time and a list"));
    };
    if rows.len() > MAX_ROWS {
        return Err(PackedError::TooMany(rows.len()));
    }
    let t0: i64 = (*t0).try_into().ok().filter(|it| *it >= 0).ok_or(PackedError::Shape("its time cannot be"))?;
    rows.iter().map(|it| unpack_row(t0, it)).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else CBOR has, and will have, is no value")]
fn unpack_row(t0: i64, row: &Cbor) -> Result<PackedRow, PackedError> {
    let Cbor::Array(parts) = row else { return Err(PackedError::Shape("a value is no array")) };
    let [Cbor::Text(signal), Cbor::Integer(distance), value, Cbor::Integer(quality)] = parts.as_slice() else {
        return Err(PackedError::Shape("a value does not hold signal, distance, value and quality"));
    };
    let value = match value {
        Cbor::Float(number) => Value::Number(*number),
        Cbor::Integer(number) => Value::Number(i128::from(*number) as f64),
        Cbor::Bool(on) => Value::Flag(*on),
        Cbor::Text(text) => Value::Text(Arc::from(text.as_str())),
        _ => return Err(PackedError::Shape("a value is no number, boolean or text")),
    };
    let quality = match i128::from(*quality) {
        0 => Quality::Good,
        1 => Quality::Uncertain,
        2 => Quality::Bad,
        _ => return Err(PackedError::Shape("a quality is not 0, 1 or 2")),
    };
    let at = i64::try_from(i128::from(*distance)).ok().and_then(|it| t0.checked_add(it.checked_mul(1000)?));
    let at = at.filter(|it| *it >= 0).ok_or(PackedError::Shape("a distance in time cannot be"))?;
    Ok(PackedRow { signal: signal.clone(), at: Timestamp::from_nanos(at), value, quality })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(signal: &str, at: i64, value: impl Into<Value>) -> PackedRow {
        PackedRow {
            signal: signal.to_owned(),
            at: Timestamp::from_nanos(at),
            value: value.into(),
            quality: Quality::Good,
        }
    }

    #[test]
    fn values_come_back_to_the_microsecond() {
        let rows =
            [row("p1/speed", 2_000_000, 1480.5), row("p1/run", 2_001_000, true), row("p1/mode", 1_000_000, "auto")];
        assert_eq!(unpack(&pack(&rows)).unwrap(), rows);
        assert_eq!(unpack(&pack(&[])).unwrap(), []);
    }

    #[test]
    fn what_is_no_list_of_values_says_why() {
        let check = |bytes: &[u8], want: &str| {
            let error = unpack(bytes).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        };
        check(b"", "no CBOR");
        check(&[0x80], "does not hold a time");
        check(&[0x82, 0x00, 0x80, 0x00], "something follows");
        check(&[0x82, 0x00, 0x81, 0x80], "a value does not hold");
        check(&[0x81; 50], "no CBOR");
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(unpack(&bytes));
        }
    }
}
