//! Finding by a few letters: every letter of the query in its order, the better the closer to the starts of words.

/// How well `query` is found in `text`; the more the better. `None`: not at all. An empty query fits everything alike.
/// Words of the query, split at spaces, may be found in any order.
pub(super) fn score(query: &str, text: &str) -> Option<i32> {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    query.split_whitespace().map(|word| score_word(word, &text)).sum()
}

fn score_word(word: &str, text: &[char]) -> Option<i32> {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    // A run of letters beats scattered ones by far.
    if let Some(at) = text.windows(word.len()).position(|it| it == word) {
        let start = starts_word(text, at) || {
            // The same run may begin a later word.
            text.windows(word.len()).enumerate().any(|(at, it)| it == word && starts_word(text, at))
        };
        return Some(100 + if start { 60 } else { 0 } + if at == 0 { 20 } else { 0 } - text.len().min(60) as i32 / 4);
    }
    let mut total = 0;
    let mut next = 0;
    let mut last = None;
    for &letter in &word {
        let at = next + text[next..].iter().position(|&it| it == letter)?;
        total += match last {
            Some(last) if at == last + 1 => 6,
            _ if starts_word(text, at) => 8,
            Some(last) => -(((at - last) as i32).min(8)),
            None => 0,
        };
        last = Some(at);
        next = at + 1;
    }
    // Letters strewn over a long text are no find.
    (total > 0 || word.len() == 1).then_some(total)
}

fn starts_word(text: &[char], at: usize) -> bool {
    at == 0 || !text[at - 1].is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_best(query: &str, texts: &[&str], want: Option<&str>) {
        let best = texts.iter().filter_map(|it| Some((score(query, it)?, *it))).max_by_key(|it| it.0);
        assert_eq!(best.map(|it| it.1), want, "{query:?} in {texts:?}");
    }

    #[test]
    fn the_best_find_starts_words_and_is_in_one_piece() {
        check_best("pump", &["Sump drain", "Raw-water pump", "Pump 1"], Some("Pump 1"));
        check_best("p1 speed", &["P1 Speed", "P2 Speed", "P1 Power"], Some("P1 Speed"));
        check_best("speed p1", &["P1 Speed", "P2 Speed"], Some("P1 Speed"));
        check_best("cwt", &["Clear-water tank", "Cat walk"], Some("Clear-water tank"));
        check_best("xyz", &["Pump 1"], None);
        check_best("", &["Pump 1"], Some("Pump 1"));
    }

    #[test]
    fn no_query_is_too_odd() {
        for query in ["ß", "É", "  ", "🙂", "a very long query that is longer than the text"] {
            let _unused = score(query, "Pump");
        }
    }
}
