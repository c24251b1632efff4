//! Bytes as lowercase hexadecimal digits: one text for each value, so that a changed letter is a changed value.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Two digits a byte.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|it| [it >> 4, it & 15]).map(|it| char::from(DIGITS[usize::from(it)])).collect()
}

/// `None`: another length, or anything but `0-9` and `a-f`.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_chunks::<2>();
    let mut bytes = [0; N];
    if !rest.is_empty() || pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// Bytes of any length. `None`: an odd number of digits, or anything but `0-9` and `a-f`.
pub(crate) fn decode_all(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_text() {
        let all: [u8; 256] = std::array::from_fn(|it| it as u8);
        assert_eq!(decode(encode(&all).as_bytes()), Some(all));
        for wrong in ["", "0", "0g", "0A", "000", "0 ", "é"] {
            assert_eq!(decode::<1>(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(decode_all(encode(&all).as_bytes()), Some(all.to_vec()));
        for wrong in ["0", "0g", "+1", "0A", "012"] {
            assert_eq!(decode_all(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
