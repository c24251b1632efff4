//! Bytes on the wire ↔ samples: bare values, JSON, and the CBOR that envelopes hold.
//!
//! Knows topics and payloads, and neither sockets nor clocks.

mod clock;
mod decode;
mod encode;
mod fault;
mod filters;
mod hash;
mod packed;
mod pick;
#[cfg(test)]
pub(crate) mod tests_support;
mod value;

pub use clock::Skew;
pub use decode::{Decoded, Decoder, Foreign, MAX_PAYLOAD_BYTES};
pub use encode::encode;
pub use fault::Fault;
pub use filters::filters;
pub use packed::{MAX_ROWS, PackedError, PackedRow, Quality, pack, unpack};
