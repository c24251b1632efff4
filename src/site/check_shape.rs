//! Checks of what is seen: bodies, looks.

use super::build::Builder;
use super::doc::{AtDoc, BodyDoc, OpeningDoc, RuleDoc, ShowDoc, ValueKind, WhenDoc};
use super::gltf::ModelError;
use super::near::{did_you_mean, one_of};
use super::problem::Place;
use super::values::{check_finite, check_positive, check_range, note};

impl Builder<'_> {
    /// A position that is one.
    pub(super) fn check_at(&mut self, at: &AtDoc, place: impl Fn(&str) -> Place) {
        note(self.problems, check_positive("a scale", at.scale.into()), || place(".scale"));
        note(self.problems, check_finite("a turn", at.yaw.into()), || place(".yaw"));
        let (x, y, z) = at.pos;
        for (i, coordinate) in [x, y, z].into_iter().enumerate() {
            note(self.problems, check_finite("a coordinate", coordinate.into()), || place(&format!(".pos[{i}]")));
        }
    }

    /// A body that can be built.
    pub(super) fn check_body(&mut self, body: &BodyDoc, place: impl Fn(&str) -> Place) {
        let mut sizes: Vec<(&str, f32, &str)> = Vec::new();
        match body {
            BodyDoc::Model(name) => {
                let parts = self.models.parts(name);
                if let Err(error) = &*parts {
                    let problem = self.problems.error(place("[0]"), error.to_string());
                    if let ModelError::Missing { searched, .. } = error {
                        let searched: Vec<String> = searched.iter().map(|it| it.display().to_string()).collect();
                        problem.expecting(format!("a file: {}", searched.join(" or ")));
                    }
                }
            }
            BodyDoc::Pipe { path, diameter } => {
                sizes.push(("a diameter", *diameter, ".diameter"));
                if path.len() < 2 {
                    self.problems
                        .error(place(".path"), "a pipe of less than two points")
                        .expecting("at least two points");
                }
                for (i, pair) in path.windows(2).enumerate() {
                    if pair[0] == pair[1] {
                        let message = "a point that is the same as the one before";
                        self.problems.error(place(&format!(".path[{}]", i + 1)), message).hinting("remove it");
                    }
                }
            }
            BodyDoc::Room { plan, height, openings } | BodyDoc::Shell { plan, height, openings } => {
                sizes.push(("a height", *height, ".height"));
                self.check_plan(plan, *height, openings, &place);
            }
            BodyDoc::Slab { size, thickness } => {
                sizes.extend([("a size", size.0, ".size[0]"), ("a size", size.1, ".size[1]")]);
                sizes.push(("a thickness", *thickness, ".thickness"));
            }
            BodyDoc::Basin { size, depth, wall } => {
                sizes.extend([("a size", size.0, ".size[0]"), ("a size", size.1, ".size[1]")]);
                sizes.extend([("a depth", *depth, ".depth"), ("a wall", *wall, ".wall")]);
            }
        }
        for (what, size, below) in sizes {
            note(self.problems, check_positive(what, size.into()), || place(below));
        }
    }

    fn check_plan(&mut self, plan: &[(f32, f32)], height: f32, openings: &[OpeningDoc], place: impl Fn(&str) -> Place) {
        if plan.len() < 3 {
            self.problems
                .error(place(".plan"), "a floor plan of less than three corners")
                .expecting("at least three corners");
            return;
        }
        let next = |i: usize| plan[(i + 1) % plan.len()];
        // Twice the area by the shoelace formula, with z southwards, as on a map turned upside down: counter-clockwise
        // from above is negative.
        let area: f32 = plan.iter().enumerate().map(|(i, it)| it.0 * next(i).1 - next(i).0 * it.1).sum();
        if area > 0.0 {
            self.problems
                .warning(place(".plan"), "the corners run clockwise")
                .expecting("counter-clockwise, seen from above")
                .hinting("reverse the list; the openings' walls count anew");
        }
        for (i, opening) in openings.iter().enumerate() {
            let place = |below: &str| place(&format!(".openings[{i}]{below}"));
            let Some(corner) = plan.get(opening.wall) else {
                self.problems.error(place(".wall"), format!("there is no wall {}", opening.wall)).expecting(format!(
                    "0 to {}: the plan has {} edges",
                    plan.len() - 1,
                    plan.len()
                ));
                continue;
            };
            for (what, size, below) in [("a width", opening.width, ".width"), ("a height", opening.height, ".height")] {
                note(self.problems, check_positive(what, size.into()), || place(below));
            }
            let end = next(opening.wall);
            let length = (end.0 - corner.0).hypot(end.1 - corner.1);
            // A hair's breadth is a matter of rounding.
            let slack = 1e-3;
            let half = opening.width / 2.0;
            if opening.along - half < -slack || opening.along + half > length + slack {
                let message = format!("the opening leads beyond wall {}, which is {length:.2} m long", opening.wall);
                let expected = format!("its middle between {half:.2} and {:.2}", length - half);
                self.problems.error(place(".along"), message).expecting(expected);
            }
            if opening.sill < 0.0 || opening.sill + opening.height > height + slack {
                let message = format!("the opening leads beyond the wall, which is {height} m high");
                let below = if opening.sill < 0.0 { ".sill" } else { ".height" };
                self.problems.error(place(below), message).expecting("sill and height within the wall's height");
            }
        }
    }

    /// A look that its signal and its body can show.
    pub(super) fn check_look(&mut self, at: usize, i: usize, signal: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let look = &flat.doc.looks[i];
        let (twin, own) = self.signals[signal];
        let kind = flats[twin].doc.signals[own].is;
        let place = |below: &str| flat.look_place(i, below);
        self.check_part(at, i);

        let mut numbers: Vec<(&str, f64, &str)> = Vec::new();
        let mut span = None;
        let mut needs_body = true;
        let name = match &look.show {
            ShowDoc::Text => return,
            ShowDoc::Rules(rules) => return self.check_rules(rules, kind, |below| place(&format!(".show[0]{below}"))),
            ShowDoc::Scale { from, to } => {
                span = Some((*from, *to));
                "Scale"
            }
            ShowDoc::Glow { from, to } => {
                span = Some((*from, *to));
                "Glow"
            }
            ShowDoc::Move { from, to, .. } => {
                span = Some((*from, *to));
                "Move"
            }
            ShowDoc::Turn { rpm_per_unit } => {
                numbers.push(("a speed", *rpm_per_unit, ".show.rpm_per_unit"));
                "Turn"
            }
            ShowDoc::Level { metres_per_unit } => {
                numbers.push(("a level", *metres_per_unit, ".show.metres_per_unit"));
                "Level"
            }
            ShowDoc::Flow { speed_per_unit } => {
                numbers.push(("a speed", *speed_per_unit, ".show.speed_per_unit"));
                needs_body = false;
                self.check_way(at, || place(".show"));
                "Flow"
            }
        };
        if let Some((from, to)) = span {
            numbers.extend([("a value", from, ".show.from"), ("a value", to, ".show.to")]);
            if from == to {
                self.problems.error(place(".show"), "from and to are the same").expecting("two different values");
            }
        }
        for (what, number, below) in numbers {
            note(self.problems, check_finite(what, number), || place(below));
        }
        if kind == ValueKind::Text {
            self.problems
                .error(place(".signal"), format!("a text cannot drive {name}"))
                .expecting("a signal that is a Number or a Flag")
                .hinting("a text can drive Rules and Text");
        }
        if needs_body && flat.doc.body.is_none() {
            let message = format!("{} has no body to show {name} on", flat.address);
            self.problems.warning(place(".show"), message).expecting("a body, or the look on the twin that has it");
        }
    }

    fn check_part(&mut self, at: usize, i: usize) {
        let flat = &self.flats[at];
        let Some(part) = &flat.doc.looks[i].part else { return };
        let built: &[&str] = match &flat.doc.body {
            Some(BodyDoc::Room { .. }) => &["floor", "walls"],
            Some(BodyDoc::Shell { .. }) => &["walls", "roof"],
            Some(BodyDoc::Basin { .. }) => &["liquid"],
            Some(BodyDoc::Model(_) | BodyDoc::Pipe { .. } | BodyDoc::Slab { .. }) | None => &[],
        };
        if built.contains(&part.as_str()) {
            return;
        }
        let Some(BodyDoc::Model(model)) = &flat.doc.body else {
            let expected = one_of(built.iter().copied()).unwrap_or_else(|| "no part: it has none".to_owned());
            self.problems
                .error(flat.look_place(i, ".part"), format!("the body of {} has no part {part:?}", flat.address))
                .expecting(expected)
                .hinting(did_you_mean(part, built.iter().copied()));
            return;
        };
        // A model that cannot be read was noted at the body.
        let parts = self.models.parts(model);
        let Ok(parts) = &*parts else { return };
        if !parts.contains(part) {
            let hint = did_you_mean(part, parts.iter().map(String::as_str));
            let expected =
                one_of(parts.iter().map(String::as_str)).unwrap_or_else(|| "no part: it has none".to_owned());
            self.problems
                .error(flat.look_place(i, ".part"), format!("the model {model:?} has no part {part:?}"))
                .expecting(expected)
                .hinting(hint);
        }
    }

    fn check_rules(&mut self, rules: &[RuleDoc], kind: ValueKind, place: impl Fn(&str) -> Place) {
        let last = "(when: Always, means: Normal)";
        if rules.last().is_none_or(|it| it.when != WhenDoc::Always) {
            let at = rules.len().checked_sub(1).map(|it| format!("[{it}].when")).unwrap_or_default();
            let message = "the last rule must hold in any case";
            self.problems.error(place(&at), message).expecting("when: Always").hinting(format!("add {last}"));
        }
        for (i, rule) in rules.iter().enumerate() {
            let place = || place(&format!("[{i}].when"));
            let limit = match &rule.when {
                WhenDoc::Always if i + 1 < rules.len() => {
                    let message = "the rules after this one never hold";
                    self.problems.warning(place(), message).expecting("Always at the end alone");
                    continue;
                }
                WhenDoc::Always => continue,
                WhenDoc::Is(_) if kind != ValueKind::Text => {
                    self.problems
                        .error(place(), "only a text can be something")
                        .expecting("Above, Below, Between, On or Off");
                    continue;
                }
                WhenDoc::Is(_) => continue,
                WhenDoc::Above(limit) | WhenDoc::Below(limit) => Some(*limit),
                WhenDoc::Between(low, high) => {
                    note(self.problems, check_range((*low, *high)), place);
                    None
                }
                WhenDoc::On | WhenDoc::Off => None,
            };
            if let Some(limit) = limit {
                note(self.problems, check_finite("a limit", limit), place);
            }
            if kind == ValueKind::Text {
                self.problems.error(place(), "a text is neither a number nor a flag").expecting("Is(\"…\")");
            }
        }
    }
}
