//! Bytes on the wire ↔ samples: bare values and JSON.
//!
//! Knows topics and payloads, and neither sockets nor clocks.

mod decode;
mod encode;
mod fault;
mod filters;
mod hash;
mod pick;
#[cfg(test)]
pub(crate) mod tests_support;
mod value;

pub use decode::{Decoded, Decoder, MAX_PAYLOAD_BYTES};
pub use encode::encode;
pub use fault::Fault;
pub use filters::filters;
