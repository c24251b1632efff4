//! The palette (Ctrl+K): finds twins, signals, viewpoints, commands and actions by a few letters. Commands ask for
//! their value in a second step. The keyboard is enough.

use egui::{Align2, Key, Modifiers, Rect, RichText, Sense, Ui, pos2, vec2};

use super::actions::{self, Action};
use super::tree::{empty_ui, painted_text};
use super::{format, fuzzy, icons, theme};
use crate::session::Mark;
use crate::signal::{Unit, Value};
use crate::site::doc::{Kind, TakesDoc};
use crate::site::{Command, CommandId, Site};

/// At most so many finds are listed.
const LISTED: usize = 60;

/// What the palette keeps while it is open, and for when it is opened again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    /// What was typed.
    pub query: String,
    /// The row that Enter takes.
    pub chosen: usize,
    /// The command whose value is asked for. `None`: the first step.
    pub argument_of: Option<CommandId>,
}

/// What became of the palette in a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// It stays.
    Open,
    /// It closes.
    Closed,
    /// It closes, and this is to be done.
    Do(Vec<Action>),
}

/// One find.
#[derive(Debug, Clone)]
struct Entry {
    icon: Icon,
    text: String,
    detail: String,
    keys: String,
    does: Does,
}

#[derive(Debug, Clone, Copy)]
enum Icon {
    Twin(Kind),
    Signal,
    Command,
    Viewpoint,
    Bookmark,
    Action,
}

#[derive(Debug, Clone)]
enum Does {
    Act(Vec<Action>),
    AskValue(CommandId),
    Nothing,
}

/// Draws the palette's inside and takes its keys.
pub(super) fn palette_ui(
    ui: &mut Ui,
    palette: &mut Palette,
    site: &Site,
    marks: &[Mark],
    also: &[(String, &'static str, Action)],
    cannot_send: Option<&str>,
) -> Outcome {
    ui.set_width(theme::PALETTE.x.min(ui.ctx().content_rect().width() - 48.0));
    ui.spacing_mut().item_spacing.y = theme::STEP;
    let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
    let (up, down) = (pressed(Key::ArrowUp), pressed(Key::ArrowDown));
    let (enter, escape) = (pressed(Key::Enter), pressed(Key::Escape));
    let back = palette.query.is_empty() && palette.argument_of.is_some() && pressed(Key::Backspace);
    if escape || back {
        if palette.argument_of.take().is_none() {
            return Outcome::Closed;
        }
        palette.query.clear();
        palette.chosen = 0;
    }
    let asked_for = palette.argument_of.and_then(|it| site.command(it));
    search_ui(ui, palette, site, asked_for);
    ui.separator();
    let entries = match asked_for {
        Some(command) => argument_entries(site, command, &palette.query),
        None => found(&palette.query, entries(site, marks, also, cannot_send)),
    };
    if entries.is_empty() {
        empty_ui(ui, &format!("Nothing is called anything like “{}”.", palette.query.trim()));
        return Outcome::Open;
    }
    if down {
        palette.chosen += 1;
    }
    palette.chosen = palette.chosen.min(entries.len() - 1);
    if up {
        palette.chosen = palette.chosen.saturating_sub(1);
    }
    let clicked = list_ui(ui, &entries, palette, up || down);
    let taken = clicked.or(enter.then_some(palette.chosen));
    match taken.map(|at| entries[at].does.clone()) {
        Some(Does::Act(actions)) => Outcome::Do(actions),
        Some(Does::AskValue(command)) => {
            palette.argument_of = Some(command);
            palette.query.clear();
            palette.chosen = 0;
            Outcome::Open
        }
        Some(Does::Nothing) | None => Outcome::Open,
    }
}

fn search_ui(ui: &mut Ui, palette: &mut Palette, site: &Site, asked_for: Option<&Command>) {
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        icons::show(ui, "Find", |painter, at| icons::lens(painter, at, theme::WEAK));
        let hint = match asked_for {
            None => "Find a twin, a signal, a viewpoint, a command or an action".to_owned(),
            Some(command) => {
                let twin = site.twin(command.twin).map_or("", |it| it.name.as_str());
                ui.label(RichText::new(format!("{twin} · {}", command.name)).color(theme::ACCENT));
                match &command.takes {
                    TakesDoc::Switch { on, off } => format!("{on} or {off}"),
                    TakesDoc::Number { min, max, .. } => {
                        let (unit, decimals) = reported(site, command);
                        let range = format!("{} to {}", format::number(*min, decimals), format::number(*max, decimals));
                        format::with_unit(&range, unit)
                    }
                }
            }
        };
        let before = palette.query.clone();
        let field = egui::TextEdit::singleline(&mut palette.query)
            .id(egui::Id::new("palette_query"))
            .hint_text(hint)
            .frame(egui::Frame::NONE)
            .desired_width(ui.available_width())
            .lock_focus(true)
            .show(ui)
            .response
            .response;
        field.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, "", &palette.query, "");
            info.label = Some("Find anything".to_owned());
            info
        });
        field.request_focus();
        if palette.query != before {
            palette.chosen = 0;
        }
    });
}

fn list_ui(ui: &mut Ui, entries: &[Entry], palette: &Palette, follow: bool) -> Option<usize> {
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let height = (ui.ctx().content_rect().height() - 200.0).clamp(120.0, theme::PALETTE.y);
    let area = egui::ScrollArea::vertical().max_height(height).auto_shrink([false, true]).id_salt("palette");
    area.show(ui, |ui| {
        for (at, entry) in entries.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
            let chosen = at == palette.chosen;
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, chosen, &entry.text)
            });
            if chosen && follow {
                response.scroll_to_me(None);
            }
            entry_ui(ui, rect, entry, chosen, response.hovered());
            if response.clicked() {
                clicked = Some(at);
            }
        }
    });
    clicked
}

fn entry_ui(ui: &Ui, rect: Rect, entry: &Entry, chosen: bool, hovered: bool) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect, 3.0, theme::SELECTED);
    } else if hovered {
        painter.rect_filled(rect, 3.0, theme::HOVERED);
    }
    let (at, color) = (pos2(rect.left() + 12.0, rect.center().y), if chosen { theme::ACCENT } else { theme::WEAK });
    match entry.icon {
        Icon::Twin(kind) => icons::kind(painter, at, kind, color),
        Icon::Signal => icons::curve(painter, at, color),
        Icon::Command => drop(painter.circle_stroke(at, 4.5, egui::Stroke::new(1.6, color))),
        Icon::Viewpoint => icons::target(painter, at, color),
        Icon::Bookmark => icons::flag(painter, at, false, color),
        Icon::Action => icons::fold(painter, at, false, color),
    }
    let right = painter.text(
        pos2(rect.right() - theme::GAP, rect.center().y),
        Align2::RIGHT_CENTER,
        if entry.keys.is_empty() { &entry.detail } else { &entry.keys },
        theme::small(),
        theme::WEAK,
    );
    let place =
        Rect::from_min_max(pos2(rect.left() + 26.0, rect.top()), pos2(right.left() - theme::GAP, rect.bottom()));
    painted_text(ui, place, &entry.text, if chosen { theme::STRONG } else { theme::TEXT }, Align2::LEFT_CENTER);
}

/// Everything that can be found. Beside what always can be: what the session at hand offers, with its name.
fn entries(
    site: &Site,
    marks: &[Mark],
    also: &[(String, &'static str, Action)],
    cannot_send: Option<&str>,
) -> Vec<Entry> {
    let entry = |icon, text: String, detail: String, does| Entry { icon, text, detail, keys: String::new(), does };
    let name_of = |id| site.twin(id).map_or("", |it| it.name.as_str());
    let mut all = Vec::with_capacity(site.twins.len() + site.signals.len() + site.commands.len() + 40);
    for twin in &site.twins {
        let parent = twin.parent.map_or(site.name.as_str(), name_of);
        let does = Does::Act(vec![Action::Select(twin.id), Action::FlyTo(twin.id)]);
        all.push(entry(Icon::Twin(twin.kind), twin.name.clone(), parent.to_owned(), does));
    }
    for named in actions::all() {
        let does = Does::Act(vec![named.action]);
        let mut it = entry(Icon::Action, named.name.to_owned(), named.group.to_owned(), does);
        it.keys = named.keys.as_ref().map(actions::keys_text).unwrap_or_default();
        all.push(it);
    }
    for (name, detail, action) in also {
        let does = Does::Act(vec![action.clone()]);
        all.push(entry(Icon::Action, name.clone(), (*detail).to_owned(), does));
    }
    for viewpoint in &site.viewpoints {
        let name = if viewpoint.name.is_empty() { &viewpoint.id } else { &viewpoint.name };
        let does = Does::Act(vec![Action::Viewpoint(viewpoint.id.clone())]);
        all.push(entry(Icon::Viewpoint, name.clone(), "viewpoint".to_owned(), does));
    }
    for mark in marks {
        all.push(entry(
            Icon::Bookmark,
            mark.text.clone(),
            "bookmark".to_owned(),
            Does::Act(vec![Action::Seek(mark.at)]),
        ));
    }
    for command in &site.commands {
        let does = if cannot_send.is_some() { Does::Nothing } else { Does::AskValue(command.id) };
        let detail = cannot_send.map_or_else(|| "command".to_owned(), |_| "command: cannot be sent now".to_owned());
        all.push(entry(Icon::Command, format!("{} · {}…", name_of(command.twin), command.name), detail, does));
    }
    for signal in &site.signals {
        let unit = signal.unit.symbol();
        let detail = if unit.is_empty() { "plot".to_owned() } else { format!("plot, {unit}") };
        let does = Does::Act(vec![Action::Plot(signal.id), Action::Show(super::layout::Pane::Plots)]);
        all.push(entry(Icon::Signal, format!("{} · {}", name_of(signal.twin), signal.name), detail, does));
    }
    all
}

/// The best finds first; as they stand where nothing was typed.
fn found(query: &str, all: Vec<Entry>) -> Vec<Entry> {
    if query.trim().is_empty() {
        return all.into_iter().take(LISTED).collect();
    }
    let mut scored: Vec<(i32, Entry)> = all
        .into_iter()
        .filter_map(|it| {
            let own = fuzzy::score(query, &it.text);
            // A pump's motor is found by "pump 1 motor" too, only after what bears the name itself.
            let with_detail = fuzzy::score(query, &format!("{} {}", it.text, it.detail)).map(|it| it - 40);
            Some((own.max(with_detail)?, it))
        })
        .collect();
    scored.sort_by_key(|it| std::cmp::Reverse(it.0));
    scored.into_iter().take(LISTED).map(|it| it.1).collect()
}

fn reported(site: &Site, command: &Command) -> (Unit, Option<u8>) {
    site.signal(command.reports).map_or((Unit::NONE, None), |it| (it.unit, it.decimals))
}

/// What a command can be given: its two words, or the number that was typed.
fn argument_entries(site: &Site, command: &Command, query: &str) -> Vec<Entry> {
    let entry =
        |text: String, does| Entry { icon: Icon::Command, text, detail: String::new(), keys: String::new(), does };
    let ask = |value| Does::Act(vec![Action::Select(command.twin), Action::Ask(command.id, value)]);
    match &command.takes {
        TakesDoc::Switch { on, off } => {
            let both = [(on, true), (off, false)].map(|(word, flag)| entry(word.clone(), ask(Value::Flag(flag))));
            found(query, both.to_vec())
        }
        TakesDoc::Number { min, max, .. } => {
            let (unit, decimals) = reported(site, command);
            let text = |it| format::with_unit(&format::number(it, decimals), unit);
            let typed = query.trim().trim_end_matches(unit.symbol()).trim().replace(',', ".");
            let row = match typed.parse::<f64>() {
                Ok(number) if (*min..=*max).contains(&number) => {
                    entry(format!("Send {}", text(number)), ask(Value::Number(number)))
                }
                Ok(number) => {
                    let range = format!("{} to {}", text(*min), text(*max));
                    entry(format!("{} lies outside of {range}", text(number)), Does::Nothing)
                }
                Err(_) if typed.is_empty() => entry("Type a number".to_owned(), Does::Nothing),
                Err(_) => entry(format!("“{typed}” is not a number"), Does::Nothing),
            };
            vec![row]
        }
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::super::fixture;
    use super::*;
    use crate::session::MarkId;
    use crate::signal::{SignalId, Timestamp};
    use crate::site::TwinId;

    const MARKED: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn harness(cannot_send: Option<&'static str>) -> Harness<'static, (Palette, Outcome)> {
        let site = fixture::site();
        let mut harness = Harness::builder().with_size(vec2(800.0, 600.0)).build_ui_state(
            move |ui, (palette, last)| {
                let mark = Mark { id: MarkId(1), at: MARKED, to: None, text: "Valve stuck".to_owned(), pauses: false };
                let outcome = palette_ui(ui, palette, &site, &[mark], &[], cannot_send);
                if outcome != Outcome::Open {
                    *last = outcome;
                }
            },
            (Palette::default(), Outcome::Open),
        );
        harness.run_steps(2);
        harness
    }

    fn type_in(harness: &mut Harness<'static, (Palette, Outcome)>, text: &str) {
        harness.get_by_label("Find anything").type_text(text);
        harness.run_steps(2);
    }

    #[test]
    fn a_few_letters_and_enter_fly_to_a_twin() {
        let mut harness = harness(None);
        type_in(&mut harness, "pmp 2");
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        let want = vec![Action::Select(TwinId(2)), Action::FlyTo(TwinId(2))];
        assert_eq!(harness.state().1, Outcome::Do(want));
    }

    #[test]
    fn a_signal_goes_into_the_plot() {
        let mut harness = harness(None);
        type_in(&mut harness, "pump 2 speed plot");
        harness.get_by_label("Pump 2 · Speed").click();
        harness.run_steps(2);
        assert!(matches!(&harness.state().1, Outcome::Do(it) if it[0] == Action::Plot(SignalId(2))));
    }

    #[test]
    fn a_command_asks_for_its_value_in_a_second_step() {
        let mut harness = harness(None);
        type_in(&mut harness, "pump 1 set point");
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        assert_eq!(harness.state().0.argument_of, Some(CommandId(0)));
        type_in(&mut harness, "9000");
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        assert_eq!(harness.state().1, Outcome::Open, "out of range");
        harness.state_mut().0.query = "1450 rpm".to_owned();
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        let want = vec![Action::Select(TwinId(1)), Action::Ask(CommandId(0), Value::Number(1450.0))];
        assert_eq!(harness.state().1, Outcome::Do(want));
    }

    #[test]
    fn a_bookmark_is_found_by_its_text() {
        let mut harness = harness(None);
        type_in(&mut harness, "stuck");
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        assert_eq!(harness.state().1, Outcome::Do(vec![Action::Seek(MARKED)]));
    }

    #[test]
    fn no_command_is_offered_while_none_can_be_sent() {
        let mut harness = harness(Some("the link is down"));
        type_in(&mut harness, "pump 1 run");
        harness.get_by_label("Pump 1 · Run…").click();
        harness.run_steps(2);
        assert_eq!(harness.state().0.argument_of, None);
    }

    #[test]
    fn escape_goes_back_a_step_and_then_closes() {
        let mut harness = harness(None);
        harness.state_mut().0.argument_of = Some(CommandId(1));
        harness.run_steps(2);
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert_eq!(harness.state(), &(Palette::default(), Outcome::Open));
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert_eq!(harness.state().1, Outcome::Closed);
    }
}
