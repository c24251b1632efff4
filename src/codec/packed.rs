//! Measured values in CBOR (RFC 8949), as a signed envelope holds them: `[t0, [[signal, dt_us, value, quality], …]]`.
//!
//! `t0` is an instant, ns since 1970; `dt_us` the distance to it, µs; `signal` the signal's address; `value` a number, a boolean
//! or a text; `quality` 0 good, 1 uncertain, 2 bad.

use std::sync::Arc;

use ciborium::Value as Cbor;
use ciborium_io::Read;
use ciborium_ll::{Decoder, Header, simple};

use super::clock::{Clock, Skew};
use crate::signal::{Timestamp, Value};

/// More values than this are no measurement.
pub const MAX_ROWS: usize = 4096;

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

impl PackedRow {
    /// Holds its time against its arrival, where nobody signed it. Returns what is wrong with it.
    pub fn hold(&mut self, received: Timestamp) -> Option<Skew> {
        let (at, skew) = Clock { received, signed: None }.hold(Some(self.at));
        self.at = at;
        skew
    }
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

/// Reads values. They stand in definite lengths, as deterministic CBOR has them (RFC 8949, 4.2).
pub fn unpack(bytes: &[u8]) -> Result<Vec<PackedRow>, PackedError> {
    let mut items = Items { decoder: Decoder::from(bytes), whole: bytes };
    items.array(2, "it does not hold a time and a list")?;
    let t0 = items.integer("its time cannot be")?;
    let t0 = i64::try_from(t0).ok().filter(|it| *it >= 0).ok_or(PackedError::Shape("its time cannot be"))?;
    let Header::Array(Some(n_rows)) = items.next()? else {
        return Err(PackedError::Shape("it does not hold a time and a list"));
    };
    if n_rows > MAX_ROWS {
        return Err(PackedError::TooMany(n_rows));
    }
    let mut rows = Vec::with_capacity(n_rows.min(bytes.len()));
    for _ in 0..n_rows {
        rows.push(items.row(t0)?);
    }
    if items.decoder.offset() == bytes.len() { Ok(rows) } else { Err(PackedError::Shape("something follows them")) }
}

/// Takes one item after the other.
struct Items<'a> {
    decoder: Decoder<&'a [u8]>,
    whole: &'a [u8],
}

impl Items<'_> {
    fn next(&mut self) -> Result<Header, PackedError> {
        let at = self.decoder.offset();
        self.decoder.pull().map_err(|_why| PackedError::NotCbor(format!("at byte {at}")))
    }

    fn array(&mut self, length: usize, shape: &'static str) -> Result<(), PackedError> {
        if self.next()? == Header::Array(Some(length)) { Ok(()) } else { Err(PackedError::Shape(shape)) }
    }

    fn integer(&mut self, shape: &'static str) -> Result<i128, PackedError> {
        let item = self.next()?;
        integer_of(item).ok_or(PackedError::Shape(shape))
    }

    fn text(&mut self, length: Option<usize>) -> Result<String, PackedError> {
        // What is told to be longer than what there is is not believed.
        let length = length.filter(|it| *it <= self.whole.len());
        let mut bytes = vec![0; length.ok_or(PackedError::Shape("a text has no length that can be"))?];
        let at = self.decoder.offset();
        self.decoder.read_exact(&mut bytes).map_err(|_why| PackedError::NotCbor(format!("at byte {at}")))?;
        String::from_utf8(bytes).map_err(|_why| PackedError::Shape("a text is not UTF-8"))
    }

    fn row(&mut self, t0: i64) -> Result<PackedRow, PackedError> {
        let shape = "a value does not hold signal, distance, value and quality";
        self.array(4, shape)?;
        let Header::Text(length) = self.next()? else { return Err(PackedError::Shape(shape)) };
        let signal = self.text(length)?;
        let distance = self.integer(shape)?;
        let value = self.next()?;
        let value = if let Header::Float(number) = value {
            Value::Number(number)
        } else if let Header::Simple(on @ (simple::FALSE | simple::TRUE)) = value {
            Value::Flag(on == simple::TRUE)
        } else if let Header::Text(length) = value {
            Value::Text(Arc::from(self.text(length)?))
        } else if let Some(number) = integer_of(value) {
            Value::Number(number as f64)
        } else {
            return Err(PackedError::Shape("a value is no number, boolean or text"));
        };
        let quality = match self.integer(shape)? {
            0 => Quality::Good,
            1 => Quality::Uncertain,
            2 => Quality::Bad,
            _ => return Err(PackedError::Shape("a quality is not 0, 1 or 2")),
        };
        let at = i64::try_from(distance).ok().and_then(|it| t0.checked_add(it.checked_mul(1000)?));
        let at = at.filter(|it| *it >= 0).ok_or(PackedError::Shape("a distance in time cannot be"))?;
        Ok(PackedRow { signal, at: Timestamp::from_nanos(at), value, quality })
    }
}

fn integer_of(item: Header) -> Option<i128> {
    if let Header::Positive(number) = item {
        Some(i128::from(number))
    } else if let Header::Negative(number) = item {
        Some(-1 - i128::from(number))
    } else {
        None
    }
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
        check(&[0x82, 0x00, 0x9f, 0xff], "does not hold a time");
        check(&[0x80], "does not hold a time");
        check(&[0x82, 0x00, 0x80, 0x00], "something follows");
        check(&[0x82, 0x00, 0x81, 0x80], "a value does not hold");
        check(&[0x81; 50], "does not hold a time");
        check(&[0x82, 0x00, 0x9a, 0xff, 0xff, 0xff, 0xff], "more than the 4096");
        check(&[0x82, 0x00, 0x81, 0x84, 0x7a, 0xff, 0xff, 0xff, 0xff], "no length that can be");
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(unpack(&bytes));
        }
    }
}
