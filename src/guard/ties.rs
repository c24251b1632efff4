//! What relies on what at a site: the graph along which doubt spreads from a signal to all that is made of it. Pure.
//!
//! A twin relies on what is measured on it, on what flows into it, on what its physics take in and, where it is about others, on
//! those and their parts. Alarms, expectations and commands rely on the signals that they look at. That a twin has a part is no
//! tie: how trust rolls up to parents is told by [`TrustOf`](super::TrustOf).

use std::collections::{HashMap, VecDeque};

use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::signal::SignalId;
use crate::site::doc::{InputDoc, Kind};
use crate::site::{AlarmId, CommandId, Condition, Site, TwinId};

/// Something that relies on others, or that others rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A signal.
    Signal(SignalId),
    /// A twin.
    Twin(TwinId),
    /// A command, with its interlocks.
    Command(CommandId),
    /// An alarm.
    Alarm(AlarmId),
    /// An expectation, by its place in the site's list.
    Expectation(u32),
}

/// Why something relies on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// The other is measured on it.
    Measured,
    /// Its condition looks at the other.
    Looked,
    /// The other may suppress it.
    Suppresses,
    /// The other must allow it.
    Interlock,
    /// The other confirms it.
    Confirms,
    /// The other reports what it sets.
    Reports,
    /// It is about the other.
    Involved,
    /// The other flows into it.
    Flows,
    /// Its physics take in what comes out of the other.
    Input,
}

impl Tie {
    /// How the other stands to it, in words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Measured => "measured on it",
            Self::Looked => "looked at by its condition",
            Self::Suppresses => "may suppress it",
            Self::Interlock => "an interlock of it",
            Self::Confirms => "confirms it",
            Self::Reports => "reports what it sets",
            Self::Involved => "part of what it is about",
            Self::Flows => "flows into it",
            Self::Input => "an input of its physics",
        }
    }
}

/// The name of something, for a person.
pub fn name_of(node: Node, site: &Site) -> String {
    let of_twin = |twin: TwinId, name: &str| format!("{} · {name}", twin_name(twin, site));
    let named = match node {
        Node::Twin(twin) => Some(twin_name(twin, site)),
        Node::Signal(signal) => site.signal(signal).map(|it| of_twin(it.twin, &it.name)),
        Node::Command(command) => site.command(command).map(|it| of_twin(it.twin, &it.name)),
        Node::Alarm(alarm) => site.alarm(alarm).map(|it| of_twin(it.twin, &it.name)),
        Node::Expectation(index) => site.expectations.get(index as usize).map(|it| of_twin(it.twin, &it.says)),
    };
    named.unwrap_or_else(|| "something that is gone".to_owned())
}

/// The twin that something stands on. `None`: it is gone.
pub fn twin_of(node: Node, site: &Site) -> Option<TwinId> {
    match node {
        Node::Twin(twin) => site.twin(twin).map(|it| it.id),
        Node::Signal(signal) => site.signal(signal).map(|it| it.twin),
        Node::Command(command) => site.command(command).map(|it| it.twin),
        Node::Alarm(alarm) => site.alarm(alarm).map(|it| it.twin),
        Node::Expectation(index) => site.expectations.get(index as usize).map(|it| it.twin),
    }
}

/// A part's name only with that of what it is a part of, for every pump has bearings.
fn twin_name(twin: TwinId, site: &Site) -> String {
    let mut lineage = site.lineage(twin);
    match (lineage.next(), lineage.next()) {
        (Some(twin), Some(whole)) if twin.kind == Kind::Component => format!("{} · {}", whole.name, twin.name),
        (Some(twin), _) => twin.name.clone(),
        (None, _) => "a twin that is gone".to_owned(),
    }
}

/// The graph: an edge leads from what is relied on to what relies on it.
#[derive(Debug, Default)]
pub(super) struct Ties {
    graph: DiGraph<Node, Tie>,
    places: HashMap<Node, NodeIndex>,
}

/// What doubt has reached: for each place, the edge by which it came. `None`: it did not come, or began there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reached(Vec<Option<EdgeIndex>>);

impl Ties {
    /// All that a site says of who relies on whom.
    pub(super) fn of(site: &Site) -> Self {
        let mut ties = Self::default();
        for signal in &site.signals {
            ties.add(Node::Twin(signal.twin), Tie::Measured, Node::Signal(signal.id));
        }
        for twin in &site.twins {
            let node = Node::Twin(twin.id);
            for involved in twin.involves.iter().flat_map(|it| with_parts(*it, site)) {
                ties.add(node, Tie::Involved, Node::Twin(involved));
            }
            for input in twin.physics.iter().flat_map(|it| it.inputs.values()) {
                for source in outputs(input).iter().filter_map(|it| site.twin_at(it.split('/').next()?)) {
                    ties.add(node, Tie::Input, Node::Twin(source.id));
                }
            }
        }
        for flow in &site.flows {
            ties.add(Node::Twin(flow.to), Tie::Flows, Node::Twin(flow.from));
            for way in flow.along.iter().filter(|it| **it != flow.to && **it != flow.from) {
                ties.add(Node::Twin(*way), Tie::Flows, Node::Twin(flow.from));
                ties.add(Node::Twin(flow.to), Tie::Flows, Node::Twin(*way));
            }
        }
        for alarm in &site.alarms {
            let node = Node::Alarm(alarm.id);
            for signal in alarm.when.signals() {
                ties.add(node, Tie::Looked, Node::Signal(signal));
            }
            ties.add_all(node, Tie::Suppresses, alarm.suppressed_while.as_ref());
        }
        for (index, expectation) in (0..).zip(&site.expectations) {
            ties.add_all(Node::Expectation(index), Tie::Looked, Some(&expectation.always));
        }
        for command in &site.commands {
            let node = Node::Command(command.id);
            for interlock in &command.interlocks {
                ties.add_all(node, Tie::Interlock, Some(&interlock.holds));
            }
            match &command.confirm.when {
                Some(when) => ties.add_all(node, Tie::Confirms, Some(when)),
                None => ties.add(node, Tie::Confirms, Node::Signal(command.confirm.signal)),
            }
            ties.add(node, Tie::Reports, Node::Signal(command.reports));
        }
        ties
    }

    fn add_all(&mut self, node: Node, tie: Tie, condition: Option<&Condition>) {
        for input in condition.iter().flat_map(|it| it.inputs.iter()) {
            self.add(node, tie, Node::Signal(input.signal()));
        }
    }

    fn add(&mut self, node: Node, tie: Tie, relies_on: Node) {
        let (from, to) = (self.place(relies_on), self.place(node));
        self.graph.add_edge(from, to, tie);
    }

    fn place(&mut self, node: Node) -> NodeIndex {
        *self.places.entry(node).or_insert_with(|| self.graph.add_node(node))
    }

    /// All that relies on some, by whatever many steps.
    pub(super) fn reach(&self, sources: impl Iterator<Item = Node>) -> Reached {
        spread(&self.graph, sources.filter_map(|it| self.places.get(&it).copied()))
    }

    /// The steps from something back to where the doubt began, nearest first. Empty: doubt did not reach it.
    pub(super) fn path(&self, reached: &Reached, node: Node) -> Vec<(Node, Tie)> {
        let place = self.places.get(&node).copied();
        let steps = place.into_iter().flat_map(|it| steps(&self.graph, reached, it));
        steps.filter_map(|(at, edge)| Some((*self.graph.node_weight(at)?, *self.graph.edge_weight(edge)?))).collect()
    }

    /// Whether doubt reached something.
    pub(super) fn is_reached(&self, reached: &Reached, node: Node) -> bool {
        self.places.get(&node).is_some_and(|it| reached.by(*it).is_some())
    }

    /// All that doubt reached.
    pub(super) fn all<'a>(&'a self, reached: &'a Reached) -> impl Iterator<Item = Node> + 'a {
        let places = self.graph.node_indices().filter(|it| reached.by(*it).is_some());
        places.filter_map(|it| self.graph.node_weight(it).copied())
    }
}

impl Reached {
    fn by(&self, place: NodeIndex) -> Option<EdgeIndex> {
        self.0.get(place.index()).copied().flatten()
    }
}

/// Goes breadth first from the sources, so that each is reached by a shortest way.
fn spread<N, E>(graph: &DiGraph<N, E>, sources: impl Iterator<Item = NodeIndex>) -> Reached {
    let mut by = vec![None; graph.node_count()];
    let mut seen = vec![false; graph.node_count()];
    let mut next: VecDeque<NodeIndex> = VecDeque::new();
    for source in sources {
        if !std::mem::replace(&mut seen[source.index()], true) {
            next.push_back(source);
        }
    }
    while let Some(from) = next.pop_front() {
        for edge in graph.edges(from) {
            let to = edge.target();
            if !std::mem::replace(&mut seen[to.index()], true) {
                by[to.index()] = Some(edge.id());
                next.push_back(to);
            }
        }
    }
    Reached(by)
}

/// The places that lead back to a source, each with the edge that leads from it.
fn steps<'a, N, E>(
    graph: &'a DiGraph<N, E>,
    reached: &'a Reached,
    from: NodeIndex,
) -> impl Iterator<Item = (NodeIndex, EdgeIndex)> + 'a {
    let back = move |place: NodeIndex| {
        let edge = reached.by(place)?;
        Some((graph.edge_endpoints(edge)?.0, edge))
    };
    std::iter::successors(back(from), move |it| back(it.0))
}

/// A twin and all twins below it.
pub(super) fn with_parts(twin: TwinId, site: &Site) -> Vec<TwinId> {
    let mut all: Vec<TwinId> = site.twin(twin).map(|it| it.id).into_iter().collect();
    let mut at = 0;
    while let Some(parent) = all.get(at).copied() {
        all.extend(site.children_of(Some(parent)).map(|it| it.id));
        at += 1;
    }
    all
}

/// The outputs that an input is made of.
fn outputs(input: &InputDoc) -> &[String] {
    match input {
        InputDoc::From(output) => std::slice::from_ref(output),
        InputDoc::Sum(outputs) => outputs,
        InputDoc::Set(_) | InputDoc::HourOfDay | InputDoc::Daily(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A graph by its edges, each from what is relied on.
    fn graph(n: usize, edges: &[(usize, usize)]) -> DiGraph<usize, ()> {
        let mut graph = DiGraph::new();
        let places: Vec<NodeIndex> = (0..n).map(|it| graph.add_node(it)).collect();
        for (from, to) in edges {
            graph.add_edge(places[*from], places[*to], ());
        }
        graph
    }

    /// What relies on some by so many steps at least, found the slow way: by going over all edges until nothing changes.
    fn closure(n: usize, edges: &[(usize, usize)], sources: &[usize]) -> Vec<Option<usize>> {
        let mut far: Vec<Option<usize>> = (0..n).map(|it| sources.contains(&it).then_some(0)).collect();
        loop {
            let before = far.clone();
            for (from, to) in edges {
                let steps = far[*from].map(|it| it + 1);
                far[*to] = [far[*to], steps].into_iter().flatten().min();
            }
            if far == before {
                return far;
            }
        }
    }

    fn any_graph() -> impl Strategy<Value = (usize, Vec<(usize, usize)>, Vec<usize>)> {
        (1_usize..40).prop_flat_map(|n| {
            let edges = prop::collection::vec((0..n, 0..n), 0..120);
            (Just(n), edges, prop::collection::vec(0..n, 0..4))
        })
    }

    proptest! {
        #[test]
        fn doubt_reaches_exactly_what_relies_on_its_source_and_by_a_shortest_way(
            (n, edges, sources) in any_graph(),
        ) {
            let graph = graph(n, &edges);
            let reached = spread(&graph, sources.iter().map(|it| NodeIndex::new(*it)));
            let far = closure(n, &edges, &sources);
            let known: BTreeSet<(usize, usize)> = edges.iter().copied().collect();
            for (place, steps_to) in far.iter().enumerate() {
                let path: Vec<usize> = steps(&graph, &reached, NodeIndex::new(place)).map(|it| it.0.index()).collect();
                prop_assert_eq!(path.len(), steps_to.unwrap_or(0), "to {} by {:?}", place, path);
                prop_assert_eq!(reached.by(NodeIndex::new(place)).is_some(), steps_to.is_some_and(|it| it > 0));
                let mut at = place;
                for before in &path {
                    prop_assert!(known.contains(&(*before, at)), "{} to {}", before, at);
                    at = *before;
                }
                prop_assert!(path.is_empty() || sources.contains(&at));
            }
        }

        #[test]
        fn without_a_source_nothing_is_doubted((n, edges, _) in any_graph()) {
            let reached = spread(&graph(n, &edges), std::iter::empty());
            prop_assert!(reached.0.iter().all(Option::is_none));
        }
    }

    #[test]
    fn a_ring_of_twins_is_gone_round_once() {
        let ring = graph(3, &[(0, 1), (1, 2), (2, 0), (1, 1)]);
        let reached = spread(&ring, std::iter::once(NodeIndex::new(0)));
        let n = |place| steps(&ring, &reached, NodeIndex::new(place)).count();
        assert_eq!([n(0), n(1), n(2)], [0, 1, 2]);
    }

    #[test]
    fn a_plant_of_a_hundred_thousand_signals_is_gone_through() {
        let n = 100_000;
        let edges: Vec<(usize, usize)> = (0..n).flat_map(|it| [(it, (it + 1) % n), (it, (it * 7 + 3) % n)]).collect();
        let graph = graph(n, &edges);
        let reached = spread(&graph, std::iter::once(NodeIndex::new(42)));
        assert_eq!(reached.0.iter().flatten().count(), n - 1);
    }
}
