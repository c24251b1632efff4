//! How an input is changed: bytes, stretches, numbers and words.

use proptest::prelude::*;

/// One step. Places are told as a share of the whole, so that they fit any input.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A bit is turned.
    Flip { at: u32, bit: u8 },
    /// A byte is another.
    Set { at: u32, byte: u8 },
    /// Bytes are put in.
    Insert { at: u32, bytes: Vec<u8> },
    /// A stretch is taken out.
    Cut { at: u32, length: u16 },
    /// The end is cut off.
    End { at: u32 },
    /// A stretch comes again, somewhere, so many times.
    Again { from: u32, length: u16, to: u32, times: u8 },
    /// From a place on it goes on as another input does.
    Splice { at: u32, other: prop::sample::Index, from: u32 },
    /// A number is another.
    Number { which: prop::sample::Index, text: &'static str },
    /// A word is put in.
    Word { at: u32, word: prop::sample::Index },
    /// A word takes the place of another one, of letters.
    Swap { which: prop::sample::Index, word: prop::sample::Index },
    /// Two stretches change places.
    Turn { at: u32, to: u32, length: u16 },
}

/// Numbers that are at an end of something.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-1e308",
    "1e309",
    "1e-320",
    "0.1",
    "NaN",
    "inf",
    "-inf",
    "0x10",
    "1_000",
    "00",
    "1.",
    ".5",
    "1e",
];
/// A larger input is cut: what is too large is refused at once, and nothing is learned.
const MOST_BYTES: usize = 256 << 10;

/// Some steps.
pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = any::<u32>;
    let length = || prop_oneof![4 => 1_u16..16, 2 => 1_u16..400, 1 => any::<u16>()];
    let index = any::<prop::sample::Index>;
    let one = prop_oneof![
        3 => (at(), 0_u8..8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        3 => (at(), prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(0x7f), Just(0x80)])
            .prop_map(|(at, byte)| Change::Set { at, byte }),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Change::Insert { at, bytes }),
        2 => (at(), length()).prop_map(|(at, length)| Change::Cut { at, length }),
        1 => at().prop_map(|at| Change::End { at }),
        2 => (at(), length(), at(), prop_oneof![6 => 1_u8..4, 1 => any::<u8>()])
            .prop_map(|(from, length, to, times)| Change::Again { from, length, to, times }),
        1 => (at(), index(), at()).prop_map(|(at, other, from)| Change::Splice { at, other, from }),
        3 => (index(), prop::sample::select(NUMBERS)).prop_map(|(which, text)| Change::Number { which, text }),
        3 => (at(), index()).prop_map(|(at, word)| Change::Word { at, word }),
        3 => (index(), index()).prop_map(|(which, word)| Change::Swap { which, word }),
        1 => (at(), at(), length()).prop_map(|(at, to, length)| Change::Turn { at, to, length }),
    ];
    prop::collection::vec(one, 1..7)
}

/// The input after one step.
pub(super) fn change(mut input: Vec<u8>, change: &Change, corpus: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let place = |at: u32, length: usize| ((u64::from(at) * length as u64) >> 32) as usize;
    let all = input.len();
    match change {
        Change::Flip { at, bit } => {
            let at = place(*at, all);
            input.get_mut(at).into_iter().for_each(|it| *it ^= 1 << bit);
        }
        Change::Set { at, byte } => {
            let at = place(*at, all);
            input.get_mut(at).into_iter().for_each(|it| *it = *byte);
        }
        Change::Insert { at, bytes } => put_in(&mut input, place(*at, all + 1), bytes),
        Change::Cut { at, length } => {
            let at = place(*at, all);
            input.drain(at..(at + usize::from(*length)).min(all));
        }
        Change::End { at } => input.truncate(place(*at, all)),
        Change::Again { from, length, to, times } => {
            let from = place(*from, all);
            let again = input[from..(from + usize::from(*length)).min(all)].repeat(usize::from(*times));
            put_in(&mut input, place(*to, all + 1), &again);
        }
        Change::Splice { at, other, from } => {
            let other = other.get(corpus);
            input.truncate(place(*at, all));
            input.extend_from_slice(&other[place(*from, other.len())..]);
        }
        Change::Number { which, text } => {
            let is_part = |it: u8| it.is_ascii_digit() || it == b'.' || it == b'-';
            replace(&mut input, *which, is_part, text.as_bytes());
        }
        Change::Word { at, word } if !words.is_empty() => {
            put_in(&mut input, place(*at, all + 1), word.get(words).as_bytes());
        }
        Change::Swap { which, word } if !words.is_empty() => {
            replace(&mut input, *which, |it| it.is_ascii_alphabetic() || it == b'_', word.get(words).as_bytes());
        }
        Change::Word { .. } | Change::Swap { .. } => (),
        Change::Turn { at, to, length } => {
            let (at, to) = (place(*at, all), place(*to, all));
            let length = usize::from(*length).min(all - at).min(all - to);
            (0..length).for_each(|it| input.swap(at + it, to + it));
        }
    }
    input.truncate(MOST_BYTES);
    input
}

fn put_in(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

/// One of the stretches of such bytes is replaced.
fn replace(input: &mut Vec<u8>, which: prop::sample::Index, is_part: impl Fn(u8) -> bool, by: &[u8]) {
    let begins = |it: &usize| is_part(input[*it]) && (*it == 0 || !is_part(input[*it - 1]));
    let all: Vec<usize> = (0..input.len()).filter(begins).collect();
    if all.is_empty() {
        return;
    }
    let from = *which.get(&all);
    let length = input[from..].iter().take_while(|it| is_part(**it)).count();
    input.splice(from..from + length, by.iter().copied());
}
