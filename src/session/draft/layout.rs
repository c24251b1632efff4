//! Where the twins of a draft stand: groups within groups, each as nearly square as its members allow.

use super::DraftTopic;

/// The room that a twin takes on the grid, metres.
const CELL: f32 = 2.2;
/// More things than this on the ground are one group: the timeline has a strip for each.
const MOST_ON_GROUND: usize = 24;
/// Free around what stands in a group, metres.
const MARGIN: f32 = 0.5;

/// A group, or a twin.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Node {
    /// On the screen.
    pub(super) name: String,
    /// Which of the topics. `None`: it is a group.
    pub(super) topic: Option<usize>,
    /// What stands in the group.
    pub(super) children: Vec<Self>,
    /// Extent (x, z), metres.
    pub(super) size: (f32, f32),
    /// Its middle (x, z) from the middle of its group, metres.
    pub(super) at: (f32, f32),
}

/// Builds the tree of all topics and finds a place for each. The root is the ground; where it would be too full, all
/// stands in one group of a name.
pub(super) fn lay_out(name: &str, topics: &[DraftTopic]) -> Node {
    let mut root = Node::default();
    for (at, topic) in topics.iter().enumerate() {
        root.add(&topic.place, at);
    }
    root.settle();
    root.children.iter_mut().for_each(Node::shorten);
    // A prefix that all have in common tells nothing.
    while let [only] = root.children.as_mut_slice()
        && !only.children.is_empty()
    {
        root.children = std::mem::take(&mut only.children);
    }
    if root.children.is_empty() || root.children.len() > MOST_ON_GROUND {
        root.children = vec![Node { children: std::mem::take(&mut root.children), ..Node::named(name) }];
    }
    root.place();
    root
}

impl Node {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn add(&mut self, way: &[String], topic: usize) {
        let [first, rest @ ..] = way else {
            self.topic = Some(topic);
            return;
        };
        let known = self.children.iter().position(|it| it.name == *first);
        let at = known.unwrap_or_else(|| {
            self.children.push(Self::named(first));
            self.children.len() - 1
        });
        self.children[at].add(rest, topic);
    }

    /// A topic that others stand below becomes a member of their group.
    fn settle(&mut self) {
        self.children.iter_mut().for_each(Self::settle);
        if !self.children.is_empty()
            && let Some(topic) = self.topic.take()
        {
            let own = Self { name: self.name.clone(), topic: Some(topic), ..Self::default() };
            self.children.insert(0, own);
        }
    }

    /// A group of one is no group.
    fn shorten(&mut self) {
        while self.children.len() == 1
            && let Some(only) = self.children.pop()
        {
            let name = format!("{}/{}", self.name, only.name);
            *self = Self { name, ..only };
        }
        self.children.iter_mut().for_each(Self::shorten);
    }

    /// Sets the members side by side, row after row from the back.
    fn place(&mut self) {
        if self.children.is_empty() {
            self.size = (CELL, CELL);
            return;
        }
        self.children.iter_mut().for_each(Self::place);
        // Groups first and the deepest of them at the back: rows of a height leave few holes.
        self.children.sort_by(|a, b| b.size.1.total_cmp(&a.size.1));
        let area: f32 = self.children.iter().map(|it| it.size.0 * it.size.1).sum();
        let widest = self.children.iter().map(|it| it.size.0).fold(0.0, f32::max);
        let width = (area * 1.6).sqrt().max(widest) + 0.01;
        let (mut x, mut z, mut row, mut reach) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
        for child in &mut self.children {
            if x > 0.0 && x + child.size.0 > width {
                (x, z, row) = (0.0, z + row, 0.0);
            }
            child.at = (x + child.size.0 / 2.0, z + child.size.1 / 2.0);
            x += child.size.0;
            row = row.max(child.size.1);
            reach = reach.max(x);
        }
        let (width, depth) = (reach, z + row);
        for child in &mut self.children {
            child.at = (child.at.0 - width / 2.0, child.at.1 - depth / 2.0);
        }
        self.size = (width + 2.0 * MARGIN, depth + 2.0 * MARGIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(ways: &[&str]) -> Node {
        let topic = |it: &&str| DraftTopic {
            topic: (*it).to_owned(),
            place: it.split('/').map(str::to_owned).collect(),
            signals: Vec::new(),
            period_secs: 1.0,
        };
        lay_out("all", &ways.iter().map(topic).collect::<Vec<_>>())
    }

    fn names(node: &Node) -> String {
        if node.children.is_empty() {
            return node.name.clone();
        }
        format!("{}({})", node.name, node.children.iter().map(names).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn topics_with_a_common_prefix_stand_together() {
        assert_eq!(names(&tree(&["a/x", "a/y", "b"])), "(a(x y) b)");
        assert_eq!(names(&tree(&["a/b/x", "a/b/y", "c"])), "(a/b(x y) c)");
        assert_eq!(names(&tree(&["a/b/x", "a/b/y"])), "(x y)");
        assert_eq!(names(&tree(&["a/b/c"])), "(a/b/c)");
        assert_eq!(names(&tree(&["a", "a/b", "a/c", "d"])), "(a(a b c) d)");
        assert_eq!(names(&tree(&[])), "(all)");
        let many: Vec<String> = (0..30).map(|it| format!("t{it}")).collect();
        assert!(names(&tree(&many.iter().map(String::as_str).collect::<Vec<_>>())).starts_with("(all(t0 "));
    }

    #[test]
    fn nothing_stands_in_anything_else() {
        let ways: Vec<String> = (0..90)
            .map(|it| format!("{}/{}/{it}", ["a", "b", "c"][it % 3], it % if it % 3 == 0 { 2 } else { 11 }))
            .collect();
        let root = tree(&ways.iter().map(String::as_str).collect::<Vec<_>>());
        let mut boxes = Vec::new();
        fn leaves(node: &Node, at: (f32, f32), boxes: &mut Vec<(f32, f32)>) {
            let at = (at.0 + node.at.0, at.1 + node.at.1);
            if node.children.is_empty() {
                boxes.push(at);
            }
            node.children.iter().for_each(|it| leaves(it, at, boxes));
        }
        leaves(&root, (0.0, 0.0), &mut boxes);
        assert_eq!(boxes.len(), 90);
        for (n, a) in boxes.iter().enumerate() {
            assert!(a.0.abs() < root.size.0 / 2.0 && a.1.abs() < root.size.1 / 2.0);
            for b in &boxes[..n] {
                assert!((a.0 - b.0).abs() > CELL - 0.01 || (a.1 - b.1).abs() > CELL - 0.01, "{a:?} {b:?}");
            }
        }
        let ratio = root.size.0 / root.size.1;
        assert!((0.7..2.6).contains(&ratio), "{ratio}");
    }
}
