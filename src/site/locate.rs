//! Finds where in a RON text a value stands, since serde tells no positions of values that it could read.
//!
//! A place is a path such as `twins[3].signals[1].topic` or `templates["pump"].params["id"]`; with `@` at its end it
//! means the key instead of the value. A path that leads nowhere finds the last value on its way.

use std::ops::Range;

/// Deeper than RON's own limit, and shallow enough for any stack.
const MAX_DEPTH: usize = 256;

/// A text's values, with where they stand.
#[derive(Debug)]
pub(super) struct Tree<'s> {
    text: &'s str,
    root: Node<'s>,
}

#[derive(Debug)]
struct Node<'s> {
    /// From the value's first byte to after its last, its variant's name included.
    span: Range<usize>,
    inner: Inner<'s>,
}

#[derive(Debug)]
enum Inner<'s> {
    Leaf,
    List(Vec<Node<'s>>),
    Fields(Vec<Entry<'s>>),
}

#[derive(Debug)]
struct Entry<'s> {
    key: &'s str,
    key_span: Range<usize>,
    value: Node<'s>,
}

impl<'s> Tree<'s> {
    /// Reads a text. What it does not understand it leaves out: the text's faults are found elsewhere.
    pub(super) fn new(text: &'s str) -> Self {
        let mut reader = Reader { text, at: 0 };
        reader.skip_attributes();
        let root = reader.value(0);
        Self { text, root }
    }

    /// Where a place stands, in bytes. A value of several lines is told by its first.
    pub(super) fn span(&self, place: &str) -> Range<usize> {
        let (node, key_span) = self.find(place);
        key_span.unwrap_or_else(|| self.first_line(&node.span))
    }

    /// Where the value at a place stands, with all its lines.
    pub(super) fn whole(&self, place: &str) -> Range<usize> {
        self.find(place).0.span.clone()
    }

    /// The value at a place, or the last one on the way to it; and its key, where that is meant.
    fn find(&self, place: &str) -> (&Node<'s>, Option<Range<usize>>) {
        let (path, wants_key) = place.strip_suffix('@').map_or((place, false), |path| (path, true));
        let mut node = &self.root;
        let mut key_span = None;
        for step in Steps(path) {
            let next = match (&node.inner, step) {
                (Inner::List(items), Step::Index(n)) => items.get(n).map(|it| (it, None)),
                (Inner::Fields(entries), Step::Name(name)) => {
                    let exact = entries.iter().find(|it| it.key == name);
                    // A template's key is written with its parameters' names.
                    let found =
                        exact.or_else(|| entries.iter().find(|it| it.key.contains('{') && could_be(it.key, name)));
                    found.map(|it| (&it.value, Some(it.key_span.clone())))
                }
                (Inner::Leaf | Inner::List(_) | Inner::Fields(_), _) => None,
            };
            let Some((found, its_key)) = next else { return (node, None) };
            (node, key_span) = (found, its_key);
        }
        (node, key_span.filter(|_| wants_key))
    }

    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let text = &self.text[span.clone()];
        let line = text.split('\n').next().unwrap_or(text).trim_end();
        span.start..span.start + line.len().max(usize::from(!text.is_empty()))
    }
}

/// Where the innermost bracket stands that nothing closes.
pub(super) fn open_at(text: &str) -> Option<usize> {
    let mut reader = Reader { text, at: 0 };
    let mut open = Vec::new();
    reader.skip_attributes();
    while let Some(next) = reader.peek() {
        match next {
            '(' | '[' | '{' => open.push(reader.at),
            ')' | ']' | '}' => {
                open.pop();
            }
            _ => (),
        }
        let before = reader.at;
        if !"()[]{},:/".contains(next) {
            reader.scalar();
        }
        if reader.at == before {
            reader.bump(next.len_utf8());
        }
        reader.skip_space();
    }
    open.pop()
}

enum Step<'p> {
    Name(&'p str),
    Index(usize),
}

struct Steps<'p>(&'p str);

impl<'p> Iterator for Steps<'p> {
    type Item = Step<'p>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(rest) = self.0.strip_prefix("[\"") {
            let (name, rest) = rest.split_once("\"]")?;
            self.0 = rest;
            return Some(Step::Name(name));
        }
        if let Some(rest) = self.0.strip_prefix('[') {
            let (index, rest) = rest.split_once(']')?;
            self.0 = rest;
            return index.parse().ok().map(Step::Index);
        }
        let path = self.0.strip_prefix('.').unwrap_or(self.0);
        let (name, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
        self.0 = rest;
        (!name.is_empty()).then_some(Step::Name(name))
    }
}

/// Whether a text with `{name}` in it becomes another one for some value of `name`.
fn could_be(written: &str, filled: &str) -> bool {
    let Some((before, rest)) = written.split_once('{') else { return written == filled };
    let (Some((_, after)), Some(filled)) = (rest.split_once('}'), filled.strip_prefix(before)) else { return false };
    (0..=filled.len()).filter_map(|it| filled.get(it..)).any(|it| could_be(after, it))
}

struct Reader<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Reader<'s> {
    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn bump_past(&mut self, end: &str) {
        let rest = self.rest();
        self.bump(rest.find(end).map_or(rest.len(), |it| it + end.len()));
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|it: char| it.is_whitespace() || it == '\u{feff}');
            self.bump(rest.len() - trimmed.len());
            if trimmed.starts_with("//") {
                self.bump_past("\n");
            } else if trimmed.starts_with("/*") {
                self.skip_block_comment();
            } else {
                return;
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let mut open = 0usize;
        while !self.rest().is_empty() {
            if self.rest().starts_with("/*") {
                open += 1;
                self.bump(2);
            } else if self.rest().starts_with("*/") {
                open -= 1;
                self.bump(2);
            } else {
                self.bump(1);
            }
            if open == 0 {
                return;
            }
        }
    }

    fn skip_attributes(&mut self) {
        self.skip_space();
        while self.rest().starts_with("#!") {
            self.bump_past("]");
            self.skip_space();
        }
    }

    fn value(&mut self, depth: usize) -> Node<'s> {
        self.skip_space();
        let start = self.at;
        let word = self.scalar();
        let end_of_word = self.at;
        self.skip_space();
        let has_body = matches!(self.peek(), Some('(')) || (word.is_empty() && matches!(self.peek(), Some('[' | '{')));
        if !has_body || depth >= MAX_DEPTH {
            self.at = end_of_word;
            return Node { span: start..end_of_word, inner: Inner::Leaf };
        }
        let inner = self.body(depth);
        // An option's value stands where the option stands.
        if word == "Some" {
            if let Inner::List(mut items) = inner {
                let inner = if items.len() == 1 { items.remove(0).inner } else { Inner::List(items) };
                return Node { span: start..self.at, inner };
            }
            return Node { span: start..self.at, inner: Inner::Leaf };
        }
        Node { span: start..self.at, inner }
    }

    /// What stands between brackets, from the opening one to after the closing one.
    fn body(&mut self, depth: usize) -> Inner<'s> {
        let is_map = self.peek() == Some('{');
        self.bump(1);
        let mut items = Vec::new();
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None => break,
                Some(')' | ']' | '}') => {
                    self.bump(1);
                    break;
                }
                Some(',') => {
                    self.bump(1);
                    continue;
                }
                Some(_) => (),
            }
            let before = self.at;
            let first = self.value(depth + 1);
            self.skip_space();
            if self.peek() == Some(':') {
                self.bump(1);
                let value = self.value(depth + 1);
                let key = unquoted(&self.text[first.span.clone()]);
                entries.push(Entry { key, key_span: first.span, value });
            } else {
                items.push(first);
            }
            if self.at == before {
                // Something that is no RON: go on behind it.
                self.bump(1);
            }
        }
        if is_map || !entries.is_empty() { Inner::Fields(entries) } else { Inner::List(items) }
    }

    /// A text, a number, a name; empty where a bracket stands.
    fn scalar(&mut self) -> &'s str {
        let start = self.at;
        let rest = self.rest();
        let hashes = |it: &str| it.len() - it.trim_start_matches('#').len();
        let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'));
        if let Some(after) = raw.filter(|it| it.trim_start_matches('#').starts_with('"')) {
            let n = hashes(after);
            self.bump(rest.len() - after.len() + n + 1);
            self.bump_past(&format!("\"{}", "#".repeat(n)));
        } else if let Some(quote) = ["\"", "b\"", "'", "b'"].into_iter().find(|it| rest.starts_with(it)) {
            self.bump(quote.len());
            self.skip_quoted(if quote.ends_with('"') { '"' } else { '\'' });
        } else {
            let ends = |it: char| it.is_whitespace() || ",:()[]{}\"/".contains(it);
            self.bump(rest.find(ends).unwrap_or(rest.len()));
        }
        &self.text[start..self.at]
    }

    fn skip_quoted(&mut self, quote: char) {
        while let Some(next) = self.peek() {
            self.bump(next.len_utf8());
            if next == quote {
                return;
            }
            if next == '\\' {
                self.bump(1);
            }
        }
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.strip_prefix("r#").filter(|it| !it.starts_with(['"', '#'])).unwrap_or(text);
    text.trim_start_matches('r').trim_matches('#').strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r###"#![enable(implicit_some)]
// A comment with "quotes" and (brackets).
(
    name: "N\"), x: (", /* nested /* twice */ , */
    raw: r#"u_i { a = "1" }"#, r#type: 'x',
    templates: { "pump": (twin: (id: "{id}", at: (1.0, -2e3), with: {"a_{id}_b": 7})), },
    twins: [(id: "a"), (
        id: "b", body: Model("b.glb"), unit: Some("m"), opt: Some((deep: 1)),
    ),],
)"###;

    #[track_caller]
    fn check(place: &str, want: &str) {
        assert_eq!(&TEXT[Tree::new(TEXT).span(place)], want, "{place}");
    }

    #[test]
    fn a_place_is_found_in_the_text() {
        check("name", r#""N\"), x: (""#);
        check("raw", r##"r#"u_i { a = "1" }"#"##);
        check("type", "'x'");
        check("type@", "r#type");
        check("templates[\"pump\"]@", "\"pump\"");
        check("templates[\"pump\"].twin.id", "\"{id}\"");
        check("templates[\"pump\"].twin.at[1]", "-2e3");
        check("templates[\"pump\"].twin.with[\"a_p1_b\"]", "7");
        check("twins[0].id", "\"a\"");
        check("twins[1].id@", "id");
        check("twins[1].body", "Model(\"b.glb\")");
        check("twins[1].body[0]", "\"b.glb\"");
        check("twins[1].opt.deep", "1");
    }

    #[test]
    fn a_value_of_several_lines_is_told_by_its_first_line() {
        check("twins[1]", "(");
        check("", "(");
    }

    #[test]
    fn a_place_that_is_not_there_finds_the_last_value_on_its_way() {
        check("twins[0].signals[4].topic", "(id: \"a\")");
        check("twins[0].id.x[\"y\"]", "\"a\"");
    }

    #[test]
    fn no_text_makes_the_reader_fail() {
        for end in 0..TEXT.len() {
            for tail in ["", "\"", "(", "]]]", "/*", "é"] {
                let text = format!("{}{tail}", &TEXT[..end]);
                assert!(Tree::new(&text).span("twins[1].body[0]").end <= text.len());
            }
        }
        let deep = "[".repeat(100_000);
        assert!(Tree::new(&deep).span("[0][0]").end <= deep.len());
    }
}
