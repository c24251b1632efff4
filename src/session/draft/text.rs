//! A draft as `site.ron`.

use std::fmt::Write as _;

use super::layout::Node;
use super::{DraftSignal, DraftTopic, unique_id};
use crate::site::doc::ValueKind;

/// The values that a twin shows at its label; fewer where there are many twins.
const LABEL_LINES: usize = 2;
/// Twins of which each may have all its lines.
const FEW_TWINS: usize = 12;
/// The signals that are plotted at first.
const PLOTS: usize = 4;
/// How far a group rises above the one around it, metres.
const STEP: f32 = 0.08;
/// The height of what a single instrument stands on, metres.
const PLINTH: f32 = 0.35;
/// An instrument is as large as a hand: here it is to be seen from afar.
const INSTRUMENT_SCALE: f32 = 4.5;
/// The longest name, characters.
const LONGEST_NAME: usize = 80;

/// The text of a whole site.
pub(super) fn site_text(name: &str, topics: &[DraftTopic], root: &Node) -> String {
    let mut writer = SiteWriter { topics, twins: String::new(), plinths: Vec::new(), plots: Vec::new() };
    let mut ids = Vec::new();
    for child in &root.children {
        writer.twin(child, "", (0.0, STEP, 0.0), &mut ids);
    }
    let SiteWriter { twins, plinths, plots, .. } = writer;
    // From a corner in front, so far off that all is seen.
    let reach = root.size.0.max(root.size.1 * 1.5).max(5.0);
    let (x, y, z) = (reach * 0.16, reach * 0.52 + 1.2, reach * 0.80 + 1.6);
    let (top, back) = (reach * 1.15 + 1.0, root.size.1 * 0.05 + 0.1);
    let (width, depth) = (root.size.0 - 0.3, root.size.1 - 0.3);
    let mut props = format!(
        "        (body: Slab(size: ({width:.2}, {depth:.2}), thickness: {STEP:?}), at: [(pos: (0, {STEP:?}, 0))]),\n"
    );
    if !plinths.is_empty() {
        let at: Vec<String> = plinths.iter().map(|(x, y, z)| format!("(pos: ({x:.2}, {y:.2}, {z:.2}))")).collect();
        let at = at.join(", ");
        props += &format!("        (body: Slab(size: (0.9, 0.9), thickness: {PLINTH:?}), at: [{at}]),\n");
    }
    let plots: Vec<String> = plots.iter().take(PLOTS).map(|it| format!("{it:?}")).collect();
    format!(
        "#![enable(implicit_some)]\n// A draft: a twin for each topic, with all that was found in its messages. Give it bodies, units and ranges.\n(\n    \
         name: {},\n    place: (latitude: 0, longitude: 0),\n    plots: [{}],\n    viewpoints: [\n        \
         (id: \"home\", name: \"All\", eye: ({x:.1}, {y:.1}, {z:.1}), target: (0, 0.4, {:.1})),\n        \
         (id: \"above\", name: \"From above\", eye: (0, {top:.1}, {back:.1}), target: (0, 0, 0)),\n    ],\n    props: [\n{props}    ],\n    twins: [\n{twins}    ],\n)\n",
        quoted(name),
        plots.join(", "),
        root.size.1 * 0.05,
    )
}

struct SiteWriter<'a> {
    topics: &'a [DraftTopic],
    twins: String,
    /// Where the plinths' tops stand, metres.
    plinths: Vec<(f32, f32, f32)>,
    /// Addresses of signals worth a plot.
    plots: Vec<String>,
}

impl SiteWriter<'_> {
    /// Writes a twin and all that stands on it. `above` is its parent's address with a dot, `from` its parent's place; the
    /// ground's is nothing.
    fn twin(&mut self, node: &Node, above: &str, from: (f32, f32, f32), ids: &mut Vec<String>) {
        let id = unique_id(&node.name, ids);
        let address = format!("{above}{id}");
        let indent = " ".repeat(8 + 4 * above.matches('.').count());
        let alone = node.topic.is_some_and(|it| self.topics[it].signals.len() == 1);
        let rise = match node.topic {
            None => STEP,
            Some(_) if alone => PLINTH,
            Some(_) => 0.0,
        };
        let (x, z) = node.at;
        let place = (from.0 + x, from.1 + rise, from.2 + z);
        // What stands on no twin stands on the ground.
        let y = if above.is_empty() { place.1 } else { rise };
        let (kind, body, scale) = match node.topic {
            None => {
                let (width, depth) = (node.size.0 - 0.3, node.size.1 - 0.3);
                ("System", format!("Slab(size: ({width:.2}, {depth:.2}), thickness: {STEP:?})"), 1.0)
            }
            Some(_) if alone => ("Component", "Model(\"transmitter.glb\")".to_owned(), INSTRUMENT_SCALE),
            Some(_) => ("Asset", "Model(\"cabinet.glb\")".to_owned(), 1.0),
        };
        if alone {
            self.plinths.push(place);
        }
        let scale = if scale == 1.0 { String::new() } else { format!(", scale: {scale:?}") };
        let name = quoted(&node.name);
        // Writing into a string cannot fail.
        let out = &mut self.twins;
        writeln!(
            out,
            "{indent}(id: {id:?}, name: {name}, kind: {kind}, at: (pos: ({x:.2}, {y:.2}, {z:.2}){scale}), body: {body},"
        )
        .ok();
        if let Some(topic) = node.topic {
            self.signals(&self.topics[topic], &address, &indent);
        }
        if !node.children.is_empty() {
            writeln!(self.twins, "{indent}    twins: [").ok();
            let mut ids = Vec::new();
            for child in &node.children {
                self.twin(child, &format!("{address}."), place, &mut ids);
            }
            writeln!(self.twins, "{indent}    ],").ok();
        }
        writeln!(self.twins, "{indent}),").ok();
    }

    fn signals(&mut self, topic: &DraftTopic, address: &str, indent: &str) {
        let mut ids = Vec::new();
        let out = &mut self.twins;
        writeln!(out, "{indent}    signals: [").ok();
        for signal in &topic.signals {
            let id = unique_id(&signal.key, &mut ids);
            let path = signal.path.as_ref().map(|it| format!(", path: {it:?}")).unwrap_or_default();
            let is = if signal.is == ValueKind::Number { String::new() } else { format!(", is: {:?}", signal.is) };
            let (name, period) = (quoted(&signal.name), topic.period_secs);
            writeln!(
                out,
                "{indent}        (id: {id:?}, name: {name}, topic: {:?}{path}, period: {period:?}{is}),",
                topic.topic
            )
            .ok();
        }
        writeln!(out, "{indent}    ],").ok();
        let mut shown: Vec<(&DraftSignal, &String)> = topic.signals.iter().zip(&ids).collect();
        // What moves is worth more than what stands, and a number more than a word.
        shown.sort_by_key(|(it, _)| (it.constant, it.is == ValueKind::Text));
        let lines = if self.topics.len() <= FEW_TWINS { LABEL_LINES } else { 1 };
        writeln!(out, "{indent}    looks: [").ok();
        for (_, id) in shown.iter().take(lines) {
            writeln!(out, "{indent}        (signal: \"./{id}\", show: Text),").ok();
        }
        writeln!(out, "{indent}    ],").ok();
        let plotted = shown.first().filter(|(it, _)| it.is == ValueKind::Number && !it.constant);
        self.plots.extend(plotted.map(|(_, id)| format!("{address}/{id}")));
    }
}

/// A name as RON has it. Braces stand for parameters in a site, and a line is a line.
fn quoted(name: &str) -> String {
    let plain = |it: char| match it {
        '{' => '(',
        '}' => ')',
        it if it.is_control() => ' ',
        it => it,
    };
    let name: String = name.chars().map(plain).take(LONGEST_NAME).collect();
    let name = name.trim();
    format!("{:?}", if name.is_empty() { "?" } else { name })
}
