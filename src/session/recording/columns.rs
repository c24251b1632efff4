//! Packs messages into columns for keeping: times, order, and of payloads that are alike only what differs. Every byte comes
//! back.
//!
//! A payload is a skeleton with tokens in it: numbers, and what stands between quotes. Where all payloads of a channel have
//! one skeleton, each token is a column of its own. What does not fit that is kept as it is. All numbers are little-endian;
//! a *block* is its length in four bytes, and its bytes.

use std::collections::BTreeMap;

use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress};

/// The version of this shape.
const VERSION: u8 = 1;
/// pco's level: higher ones cost more than they save.
const PCO_LEVEL: usize = 4;
/// zstd's level, for texts.
const ZSTD_LEVEL: i32 = 6;
/// Where numbers with more digits after the point are no decimal fractions but floats in full length.
const MOST_DECIMALS: usize = 9;
/// More digits than these do not fit into 63 bits.
const MOST_DIGITS: usize = 18;
/// No unpacked text is larger: a length beyond it is damage.
const MAX_TEXT: usize = 1 << 28;

/// A message on its way into or out of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Its channel.
    pub(super) channel: u16,
    /// Its log time, ns.
    pub(super) at: i64,
    /// Its payload.
    pub(super) data: Vec<u8>,
}

/// Stands for a number in a skeleton, and for a string.
const NUMBER: u8 = 0;
const STRING: u8 = 1;

/// How a column of tokens is kept.
const CONSTANT: u8 = b'c';
const DECIMALS: u8 = b'd';
const TRIMMED: u8 = b't';
const FLOATS: u8 = b'f';
const TEXTS: u8 = b's';

/// Packs messages.
pub(super) fn pack(rows: &[Row]) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend((rows.len() as u32).to_le_bytes());
    let channels: Vec<u8> = rows.iter().flat_map(|it| it.channel.to_le_bytes()).collect();
    put_text(&mut out, &channels);
    put_numbers(&mut out, &rows.iter().map(|it| it.at).collect::<Vec<i64>>());
    let mut by_channel: BTreeMap<u16, Vec<&[u8]>> = BTreeMap::new();
    for row in rows {
        by_channel.entry(row.channel).or_default().push(&row.data);
    }
    for payloads in by_channel.values() {
        put_payloads(&mut out, payloads);
    }
    out
}

/// Unpacks messages, in their order. `None`: they are damaged, or of another version.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<Row>> {
    let mut bytes = Bytes(packed);
    if bytes.take(1)? != [VERSION] {
        return None;
    }
    let n = bytes.length()?;
    let channels = bytes.text()?;
    let at: Vec<i64> = bytes.numbers()?;
    if channels.len() != n * 2 || at.len() != n {
        return None;
    }
    let channels: Vec<u16> = channels.chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for channel in &channels {
        *counts.entry(*channel).or_default() += 1;
    }
    let mut payloads: BTreeMap<u16, std::vec::IntoIter<Vec<u8>>> = BTreeMap::new();
    for (channel, n) in counts {
        payloads.insert(channel, bytes.payloads(n)?.into_iter());
    }
    let row = |(channel, at)| Some(Row { channel, at, data: payloads.get_mut(&channel)?.next()? });
    channels.into_iter().zip(at).map(row).collect()
}

fn put_block(out: &mut Vec<u8>, block: &[u8]) {
    out.extend((block.len() as u32).to_le_bytes());
    out.extend(block);
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u32).to_le_bytes());
    put_block(out, &zstd::bulk::compress(text, ZSTD_LEVEL).unwrap_or_default());
}

fn put_numbers<T: Number>(out: &mut Vec<u8>, numbers: &[T]) {
    let config = ChunkConfig::default().with_compression_level(PCO_LEVEL);
    // It refuses only what the configuration asks for wrongly.
    put_block(out, &simple_compress(numbers, &config).unwrap_or_default());
}

/// Texts one after the other, and their lengths.
fn put_texts(out: &mut Vec<u8>, texts: &[&[u8]]) {
    put_numbers(out, &texts.iter().map(|it| it.len() as u32).collect::<Vec<u32>>());
    put_text(out, &texts.concat());
}

fn put_payloads(out: &mut Vec<u8>, payloads: &[&[u8]]) {
    let first = tokens(payloads[0]);
    let alike: Option<Vec<Vec<&[u8]>>> = first.as_ref().and_then(|(skeleton, _)| {
        payloads.iter().map(|it| tokens(it).filter(|it| it.0 == *skeleton).map(|it| it.1)).collect()
    });
    let (Some((skeleton, of_first)), Some(rows)) = (first, alike) else {
        put_block(out, &[]);
        put_texts(out, payloads);
        return;
    };
    // An empty skeleton would say that there is none.
    put_block(out, &[b"=", skeleton.as_slice()].concat());
    let kinds = skeleton.iter().filter(|it| matches!(**it, NUMBER | STRING));
    for (column, kind) in (0..of_first.len()).zip(kinds) {
        let texts: Vec<&[u8]> = rows.iter().map(|it| it[column]).collect();
        put_tokens(out, &texts, *kind == NUMBER);
    }
}

fn put_tokens(out: &mut Vec<u8>, texts: &[&[u8]], numbers: bool) {
    if texts.iter().all(|it| *it == texts[0]) {
        out.push(CONSTANT);
        put_block(out, texts[0]);
        return;
    }
    let decimals: Option<Vec<Decimal>> =
        if numbers { texts.iter().map(|it| Decimal::read(it)).collect() } else { None };
    let few = decimals.filter(|all| all.iter().all(|it| it.decimals <= MOST_DECIMALS));
    if let Some(all) = &few {
        let most = all.iter().map(|it| it.decimals).max().unwrap_or(0);
        let scaled: Option<Vec<i64>> = all.iter().map(|it| it.scaled(most)).collect();
        let fixed = all.iter().all(|it| it.decimals == most);
        let trimmed = all.iter().all(|it| it.decimals == 0 || it.mantissa % 10 != 0);
        if let Some(scaled) = scaled.filter(|_| fixed || trimmed) {
            out.extend([if fixed { DECIMALS } else { TRIMMED }, most as u8]);
            put_numbers(out, &scaled);
            return;
        }
    }
    let float = |text: &&[u8]| {
        let text = std::str::from_utf8(text).ok()?;
        text.parse::<f64>().ok().filter(|it| it.to_string() == text)
    };
    if let Some(floats) = texts.iter().map(float).collect::<Option<Vec<f64>>>().filter(|_| numbers) {
        out.push(FLOATS);
        put_numbers(out, &floats);
        return;
    }
    out.push(TEXTS);
    put_texts(out, texts);
}

/// The skeleton of a payload, and its tokens. `None`: it holds the bytes that stand for tokens.
fn tokens(payload: &[u8]) -> Option<(Vec<u8>, Vec<&[u8]>)> {
    let (mut skeleton, mut tokens) = (Vec::with_capacity(payload.len()), Vec::new());
    let mut at = 0;
    let mut in_word = false;
    while let Some(&byte) = payload.get(at) {
        let rest = &payload[at..];
        let (sign, length) = match byte {
            NUMBER | STRING => return None,
            b'"' => {
                skeleton.push(byte);
                at += 1;
                let inner = &payload[at..];
                (STRING, inner.iter().position(|it| matches!(it, b'"' | b'\\')).unwrap_or(inner.len()))
            }
            b'-' | b'0'..=b'9' if !in_word => {
                (NUMBER, 1 + rest[1..].iter().take_while(|it| it.is_ascii_digit() || **it == b'.').count())
            }
            _ => {
                in_word = byte.is_ascii_alphanumeric();
                skeleton.push(byte);
                at += 1;
                continue;
            }
        };
        skeleton.push(sign);
        tokens.push(&payload[at..at + length]);
        at += length;
        in_word = false;
        // The quote that ends it must not begin another.
        if sign == STRING && payload.get(at) == Some(&b'"') {
            skeleton.push(b'"');
            at += 1;
        }
    }
    Some((skeleton, tokens))
}

/// A decimal fraction as it is written.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    mantissa: i64,
    decimals: usize,
}

impl Decimal {
    /// `None`: it would be written in another way.
    fn read(text: &[u8]) -> Option<Self> {
        let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |it| (true, it));
        let point = digits.iter().position(|it| *it == b'.');
        let (whole, fraction) = digits.split_at(point.unwrap_or(digits.len()));
        let fraction = fraction.get(1..).unwrap_or(&[]);
        let led = whole.len() > 1 && whole[0] == b'0';
        if whole.is_empty() || led || (point.is_some() && fraction.is_empty()) {
            return None;
        }
        if whole.len() + fraction.len() > MOST_DIGITS {
            return None;
        }
        let mut mantissa: i64 = 0;
        for digit in whole.iter().chain(fraction) {
            mantissa = mantissa * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        }
        // A zero has no sign that would come back.
        (!negative || mantissa != 0)
            .then(|| Self { mantissa: if negative { -mantissa } else { mantissa }, decimals: fraction.len() })
    }

    fn scaled(self, decimals: usize) -> Option<i64> {
        self.mantissa.checked_mul(10_i64.checked_pow((decimals - self.decimals) as u32)?)
    }
}

/// Writes a scaled number with so many digits after the point; without zeros at its end if it is trimmed.
fn written(scaled: i64, decimals: usize, trimmed: bool) -> Vec<u8> {
    let size = scaled.unsigned_abs().to_string();
    let size = format!("{size:0>width$}", width = decimals + 1);
    let (whole, fraction) = size.split_at(size.len() - decimals);
    let fraction = if trimmed { fraction.trim_end_matches('0') } else { fraction };
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if scaled < 0 { "-" } else { "" };
    format!("{sign}{whole}{point}{fraction}").into_bytes()
}

/// What is left to unpack.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*length) as usize)
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = self.length().filter(|it| *it <= MAX_TEXT)?;
        let text = zstd::bulk::decompress(self.block()?, length).ok()?;
        (text.len() == length).then_some(text)
    }

    fn numbers<T: Number>(&mut self) -> Option<Vec<T>> {
        simple_decompress(self.block()?).ok()
    }

    fn texts(&mut self, n: usize) -> Option<Vec<Vec<u8>>> {
        let lengths: Vec<u32> = self.numbers()?;
        let text = self.text()?;
        let mut rest = Bytes(&text);
        let texts: Option<Vec<Vec<u8>>> =
            lengths.iter().map(|it| rest.take(*it as usize).map(<[u8]>::to_vec)).collect();
        texts.filter(|it| it.len() == n)
    }

    fn payloads(&mut self, n: usize) -> Option<Vec<Vec<u8>>> {
        let Some((_, skeleton)) = self.block()?.split_first() else { return self.texts(n) };
        let mut payloads: Vec<Vec<u8>> = vec![Vec::with_capacity(skeleton.len() + 16); n];
        for &byte in skeleton {
            if matches!(byte, NUMBER | STRING) {
                let tokens = self.tokens(n)?;
                payloads.iter_mut().zip(tokens).for_each(|(payload, token)| payload.extend(token));
            } else {
                payloads.iter_mut().for_each(|it| it.push(byte));
            }
        }
        Some(payloads)
    }

    fn tokens(&mut self, n: usize) -> Option<Vec<Vec<u8>>> {
        let tokens: Vec<Vec<u8>> = match self.take(1)?[0] {
            CONSTANT => vec![self.block()?.to_vec(); n],
            kind @ (DECIMALS | TRIMMED) => {
                let decimals = usize::from(self.take(1)?[0]);
                self.numbers::<i64>()?.into_iter().map(|it| written(it, decimals, kind == TRIMMED)).collect()
            }
            FLOATS => self.numbers::<f64>()?.into_iter().map(|it| it.to_string().into_bytes()).collect(),
            TEXTS => self.texts(n)?,
            _ => return None,
        };
        (tokens.len() == n).then_some(tokens)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(payloads: &[&str]) -> Vec<Row> {
        let row =
            |(n, it): (usize, &&str)| Row { channel: 7, at: n as i64 * 1_000_000_007, data: it.as_bytes().to_vec() };
        payloads.iter().enumerate().map(row).collect()
    }

    #[track_caller]
    fn check(payloads: &[&str]) {
        let rows = rows(payloads);
        assert_eq!(unpack(&pack(&rows)), Some(rows));
    }

    #[test]
    fn every_byte_comes_back() {
        check(&["1.5", "2.25", "-0.5", "100"]);
        check(&["1.50", "2.25", "-0.50"]);
        check(&["-0", "0", "007", "1.", ".5", "1e5", "-"]);
        check(&["12345678901234567890", "0.1000000000000000055"]);
        check(&["28.505695343017575", "3.0517578125e-5", "1e300"]);
        check(&[r#"{"t":1769860800123,"v":1.25,"s":"on"}"#, r#"{"t":1769860800223,"v":1.5,"s":"off"}"#]);
        check(&[r#"{"a":1}"#, r#"{"b":1}"#, "", "\u{0}\u{1}", r#"{"a":"x\"y","b":2}"#]);
        check(&[r#""unclosed"#, r#"""#, "p12 3", "[1,-2.0,\"\"]"]);
        check(&["", ""]);
        assert_eq!(unpack(&pack(&[])), Some(Vec::new()));
    }

    #[test]
    fn what_is_alike_takes_little_room() {
        let payloads: Vec<String> =
            (0..1000).map(|it| format!("{{\"t\":{},\"v\":{}}}", 1_769_860_800_000_i64 + it * 100, it % 7)).collect();
        let packed = pack(&rows(&payloads.iter().map(String::as_str).collect::<Vec<_>>()));
        assert!(packed.len() < 1000, "{} bytes", packed.len());
    }

    prop_compose! {
        fn payload()(kind in 0..6, text in "[ -~]{0,12}", number in any::<f64>(), cents in -99_999_i64..99_999, bytes in prop::collection::vec(any::<u8>(), 0..12)) -> Vec<u8> {
            match kind {
                0 => format!("{{\"v\":{number}}}").into_bytes(),
                1 => format!("{{\"v\":{},\"s\":\"{text}\"}}", cents as f64 / 100.0).into_bytes(),
                2 => format!("{:.2}", cents as f64 / 100.0).into_bytes(),
                3 => text.into_bytes(),
                4 => format!("[{cents},{number:?},true]").into_bytes(),
                _ => bytes,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn packed_and_unpacked_is_the_same(
            rows in prop::collection::vec((0_u16..5, any::<i64>(), payload()), 0..60),
            flip in (0.0_f64..1.0, 1_u8..=255),
        ) {
            let rows: Vec<Row> = rows.into_iter().map(|(channel, at, data)| Row { channel, at, data }).collect();
            let mut packed = pack(&rows);
            prop_assert_eq!(unpack(&packed), Some(rows));
            // Damage may show or not, but it ends in nothing worse.
            let at = ((packed.len() - 1) as f64 * flip.0) as usize;
            packed[at] ^= flip.1;
            drop(unpack(&packed));
        }
    }
}
