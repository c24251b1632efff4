//! How numbers are written: three significant digits unless the site says otherwise, thousands set apart, units always.

use super::{Unit, Value};

/// Between groups of three digits. The fonts know it, and give it a third of a digit's width.
const THIN: char = '\u{2009}';
/// A minus as wide as a plus.
const MINUS: char = '\u{2212}';

/// A number with `decimals` digits after the point, or with three significant digits. Digits before the point are
/// never dropped below a thousand million.
pub fn number(number: f64, decimals: Option<u8>) -> String {
    if number.is_nan() {
        return "not a number".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "infinite".to_owned() } else { format!("{MINUS}infinite") };
    }
    let size = number.abs();
    if decimals.is_none() && size != 0.0 && !(1e-4..1e9).contains(&size) {
        return format!("{number:.2e}").replace('-', "\u{2212}");
    }
    let decimals = decimals.map_or_else(|| significant(size), usize::from);
    let digits = format!("{size:.decimals$}");
    let zero = digits.chars().all(|it| matches!(it, '0' | '.'));
    let sign = if number < 0.0 && !zero { MINUS.to_string() } else { String::new() };
    sign + &grouped(&digits)
}

/// Decimals that show three significant digits of a number, after rounding.
fn significant(size: f64) -> usize {
    match size {
        0.0 => 0,
        n if n >= 99.95 => 0,
        n if n >= 9.995 => 1,
        n if n >= 0.9995 => 2,
        n => (2.0 - n.log10().floor()) as usize,
    }
}

fn grouped(digits: &str) -> String {
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::with_capacity(digits.len() + 4);
    for (index, digit) in whole.chars().enumerate() {
        // Four digits are read at a glance only when they stand as one column with five: so they are grouped too.
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(THIN);
        }
        out.push(digit);
    }
    out + rest
}

/// A whole number.
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A value without its unit.
pub fn bare(value: &Value, decimals: Option<u8>) -> String {
    match value {
        Value::Number(it) => number(*it, decimals),
        Value::Flag(_) | Value::Text(_) => value.to_string(),
    }
}

/// A value with its unit.
pub fn value(value: &Value, unit: Unit, decimals: Option<u8>) -> String {
    match value {
        Value::Number(it) => with_unit(&number(*it, decimals), unit),
        Value::Flag(_) | Value::Text(_) => value.to_string(),
    }
}

/// A number that is already text, with its unit: a thin space between, none before a degree of angle.
pub fn with_unit(number: &str, unit: Unit) -> String {
    match unit.symbol() {
        "" => number.to_owned(),
        "°" => format!("{number}°"),
        symbol => format!("{number}\u{a0}{symbol}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_number(input: f64, decimals: Option<u8>, want: &str) {
        let plain = number(input, decimals).replace(THIN, " ").replace(MINUS, "-");
        assert_eq!(plain, want, "{input} with {decimals:?} decimals");
    }

    #[test]
    fn numbers_have_three_significant_digits_unless_decimals_are_given() {
        check_number(0.0, None, "0");
        check_number(-0.0, None, "0");
        check_number(1.0, None, "1.00");
        check_number(9.996, None, "10.0");
        check_number(12.345, None, "12.3");
        check_number(99.96, None, "100");
        check_number(1480.2, None, "1 480");
        check_number(1_234_567.8, None, "1 234 568");
        check_number(0.012_34, None, "0.0123");
        check_number(-3.456, None, "-3.46");
        check_number(1e-9, None, "1.00e-9");
        check_number(2.5e12, None, "2.50e12");
        check_number(1480.25, Some(1), "1 480.2");
        check_number(7.0, Some(0), "7");
        check_number(-0.04, Some(1), "0.0");
        check_number(f64::NAN, None, "not a number");
        check_number(f64::NEG_INFINITY, Some(2), "-infinite");
    }

    #[test]
    fn a_unit_stands_after_its_number() {
        let check = |number: f64, unit: &str, want: &str| {
            let unit: Unit = unit.parse().unwrap();
            assert_eq!(value(&number.into(), unit, Some(1)).replace('\u{a0}', " "), want);
        };
        check(3.25, "bar", "3.2 bar");
        check(45.0, "°", "45.0°");
        check(7.0, "", "7.0");
    }
}
