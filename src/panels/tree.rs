//! The tree of twins: what there is, how it is, and the way to it.

use std::collections::BTreeSet;

use egui::{Align2, EventFilter, Key, Modifiers, Rect, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::alarm_facts::WorstAlarm;
use super::taint::{MARK, TaintRows, mark_ui};
use super::{fuzzy, icons, standing, theme};
use crate::site::doc::Kind;
use crate::site::{Site, TwinId};
use crate::twin::{Health, Level, Standing};

/// What the tree keeps between frames.
#[derive(Debug, Default)]
pub struct TreeState {
    /// What is searched for.
    pub query: String,
    /// Twins whose parts are hidden. A search unfolds all.
    pub folded: BTreeSet<TwinId>,
    /// The search field wants the keyboard.
    pub focus_search: bool,
    /// What was selected in the last frame: a row is scrolled to when this changes.
    selected: Option<TwinId>,
    /// The pointer is over this row.
    hovered: Option<TwinId>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TreeRow<'a> {
    /// Which twin.
    pub id: TwinId,
    /// Its parent.
    pub parent: Option<TwinId>,
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// How many twins stand above it.
    pub depth: usize,
    /// Its health, and that of all below it.
    pub health: Health,
    /// The worst alarm of it or of what is below it. `None`: none stands.
    pub alarm: Option<WorstAlarm>,
    /// How far it and what is below it may be believed, where that is to be seen.
    pub standing: Option<Standing>,
    /// It must not be relied on, and its standing does not say so.
    pub tainted: bool,
    /// Whether it can be unfolded.
    pub has_parts: bool,
    /// Whether it is.
    pub open: bool,
    /// Found by the search itself, not only an ancestor of what was found.
    pub found: bool,
}

/// How a twin is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct TwinState {
    /// Its health, and that of all below it.
    pub health: Health,
    /// The worst alarm of it or of what is below it. `None`: none stands.
    pub alarm: Option<WorstAlarm>,
    /// How far it and what is below it may be believed. `None`: there is nothing to say of that.
    pub standing: Option<Standing>,
    /// It must not be relied on, and its standing does not say so.
    pub tainted: bool,
}

/// The rows to show, in the order of the site. Ancestors of what was found stay.
pub(super) fn tree_rows<'a>(site: &'a Site, how: impl Fn(TwinId) -> TwinState, state: &TreeState) -> Vec<TreeRow<'a>> {
    let query = state.query.trim();
    let mut place = vec![None; site.twin_capacity];
    let mut rows: Vec<TreeRow> = Vec::with_capacity(site.twins.len());
    for twin in &site.twins {
        let parent = twin.parent.and_then(|it| place[it.index()]);
        let depth = parent.map_or(0, |it: usize| rows[it].depth + 1);
        if let Some(parent) = parent {
            rows[parent].has_parts = true;
        }
        place[twin.id.index()] = Some(rows.len());
        let TwinState { health, alarm, standing, tainted } = how(twin.id);
        rows.push(TreeRow {
            id: twin.id,
            parent: twin.parent,
            name: &twin.name,
            kind: twin.kind,
            depth,
            health,
            alarm,
            standing,
            tainted,
            has_parts: false,
            open: !query.is_empty() || !state.folded.contains(&twin.id),
            found: fuzzy::score(query, &twin.name).is_some()
                || fuzzy::score(query, &twin.address).is_some_and(|it| it > 100),
        });
    }
    let mut keep = vec![query.is_empty(); rows.len()];
    for at in (0..rows.len()).rev() {
        keep[at] |= rows[at].found;
        if let Some(parent) = rows[at].parent.and_then(|it| place[it.index()])
            && keep[at]
        {
            keep[parent] = true;
        }
    }
    // Parents stand before their parts, so what is hidden is known when a part's turn comes.
    let mut hidden = vec![false; rows.len()];
    for at in 0..rows.len() {
        if let Some(parent) = rows[at].parent.and_then(|it| place[it.index()]) {
            hidden[at] = hidden[parent] || !rows[parent].open;
        }
    }
    let mut shown = keep.into_iter().zip(hidden).map(|(keep, hidden)| keep && !hidden);
    rows.retain(|_| shown.next().unwrap_or(false));
    // The site lists parents before children, yet not each family in one piece: the tree does.
    in_families(rows)
}

fn in_families(rows: Vec<TreeRow>) -> Vec<TreeRow> {
    fn add<'a>(parent: Option<TwinId>, depth: usize, rows: &[TreeRow<'a>], out: &mut Vec<TreeRow<'a>>) {
        for row in rows.iter().filter(|it| it.parent == parent && it.depth == depth) {
            out.push(row.clone());
            add(Some(row.id), depth + 1, rows, out);
        }
    }
    let orderly =
        rows.windows(2).all(|it| it[1].depth == 0 || it[1].parent == Some(it[0].id) || it[1].depth <= it[0].depth);
    if orderly && families_are_whole(&rows) {
        return rows;
    }
    let mut out = Vec::with_capacity(rows.len());
    add(None, 0, &rows, &mut out);
    out
}

fn families_are_whole(rows: &[TreeRow]) -> bool {
    let mut way: Vec<TwinId> = Vec::new();
    rows.iter().all(|row| {
        way.truncate(row.depth);
        let fits = way.last().copied() == row.parent && way.len() == row.depth;
        way.push(row.id);
        fits
    })
}

/// Draws the search and the rows; returns what was asked for. `taint` tells why a twin must not be relied on.
pub(super) fn tree_panel_ui(
    ui: &mut Ui,
    rows: &[TreeRow],
    state: &mut TreeState,
    selected: Option<TwinId>,
    hovered: Option<TwinId>,
    taint: &dyn Fn(TwinId) -> Option<TaintRows>,
) -> Option<Action> {
    let list = ui.id().with("twins");
    search_ui(ui, state, list);
    ui.separator();
    if rows.is_empty() {
        let text = if state.query.is_empty() {
            "This site has no twins. Add some to its site.ron.".to_owned()
        } else {
            format!("No twin is called anything like “{}”.", state.query.trim())
        };
        empty_ui(ui, &text);
        return None;
    }
    let mut action = list_keys(ui, list, rows, state, selected);
    let to_row = rows.iter().position(|it| Some(it.id) == selected).filter(|_| state.selected != selected);
    state.selected = selected;
    let mut over = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("tree");
    // A place to hold the keyboard while the arrows walk through the rows; before them, for a press beside it takes the
    // keyboard away.
    let holder = ui.interact(ui.available_rect_before_wrap(), list, Sense::focusable_noninteractive());
    holder.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, "Tree of twins"));
    area.show_viewport(ui, |ui, viewport| {
        let (width, top) = (ui.available_width(), ui.min_rect().top());
        ui.set_height(rows.len() as f32 * theme::ROW);
        let left = ui.min_rect().left();
        let row_rect =
            |at: usize| Rect::from_min_size(pos2(left, top + at as f32 * theme::ROW), vec2(width, theme::ROW));
        if let Some(at) = to_row {
            ui.scroll_to_rect(row_rect(at), None);
        }
        let first = (viewport.top() / theme::ROW).floor().max(0.0) as usize;
        let last = ((viewport.bottom() / theme::ROW).ceil() as usize).min(rows.len());
        for (at, row) in rows.iter().enumerate().take(last).skip(first) {
            let mark = RowMark { selected: Some(row.id) == selected, hovered: Some(row.id) == hovered };
            let spoiled = row.tainted.then(|| taint(row.id)).flatten();
            let (asked, is_over) = row_ui(ui, row_rect(at), row, spoiled.as_ref(), mark, list, state);
            action = asked.or(action.take());
            over = over.or(is_over.then_some(row.id));
        }
    });
    if over != state.hovered {
        state.hovered = over;
        action = action.or(Some(Action::Hover(over)));
    }
    action
}

#[derive(Clone, Copy)]
struct RowMark {
    selected: bool,
    hovered: bool,
}

fn search_ui(ui: &mut Ui, state: &mut TreeState, list: egui::Id) {
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        icons::show(ui, "Search", |painter, at| icons::lens(painter, at, theme::WEAK));
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let width = ui.available_width() - if state.query.is_empty() { 0.0 } else { 24.0 };
        let field = egui::TextEdit::singleline(&mut state.query)
            .hint_text("Search twins")
            .frame(egui::Frame::NONE)
            .desired_width(width)
            .show(ui)
            .response
            .response;
        field.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, "", &state.query, "");
            info.label = Some("Search twins".to_owned());
            info
        });
        if std::mem::take(&mut state.focus_search) {
            field.request_focus();
        }
        if field.has_focus() && ui.input(|it| it.key_pressed(Key::ArrowDown)) {
            ui.memory_mut(|it| it.request_focus(list));
        }
        if !state.query.is_empty() && icons::button(ui, "Clear the search", icons::cross).clicked() {
            state.query.clear();
        }
        if field.lost_focus() && ui.input(|it| it.key_pressed(Key::Escape)) {
            state.query.clear();
        }
    });
}

/// What the arrows and Enter ask for while the list has the keyboard.
fn list_keys(
    ui: &Ui,
    list: egui::Id,
    rows: &[TreeRow],
    state: &mut TreeState,
    selected: Option<TwinId>,
) -> Option<Action> {
    if !ui.memory(|it| it.has_focus(list)) {
        return None;
    }
    let arrows = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|it| it.set_focus_lock_filter(list, arrows));
    let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
    let at = rows.iter().position(|it| Some(it.id) == selected);
    let row = at.map(|it| &rows[it]);
    if pressed(Key::ArrowDown) {
        return Some(Action::Select(rows[at.map_or(0, |it| (it + 1).min(rows.len() - 1))].id));
    }
    if pressed(Key::ArrowUp) {
        return Some(Action::Select(rows[at.map_or(0, |it| it.saturating_sub(1))].id));
    }
    if pressed(Key::ArrowRight) {
        let row = row?;
        if row.has_parts && !row.open {
            state.folded.remove(&row.id);
            return None;
        }
        return rows.get(at? + 1).filter(|it| it.parent == Some(row.id)).map(|it| Action::Select(it.id));
    }
    if pressed(Key::ArrowLeft) {
        let row = row?;
        if row.has_parts && row.open && state.query.trim().is_empty() {
            state.folded.insert(row.id);
            return None;
        }
        return row.parent.map(Action::Select);
    }
    if pressed(Key::Enter) || pressed(Key::F) {
        return row.map(|it| Action::FlyTo(it.id));
    }
    None
}

fn row_ui(
    ui: &mut Ui,
    rect: Rect,
    row: &TreeRow,
    taint: Option<&TaintRows>,
    mark: RowMark,
    list: egui::Id,
    state: &mut TreeState,
) -> (Option<Action>, bool) {
    let response = ui.interact(rect, list.with(row.id.0), Sense::click());
    let label = row.name;
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, mark.selected, label);
        info.hint_text = row.standing.map(|it| it.label().to_owned());
        info
    });
    let painter = ui.painter();
    if mark.selected {
        painter.rect_filled(rect, 0.0, theme::SELECTED);
        painter.rect_filled(Rect::from_min_size(rect.min, vec2(theme::HALF, rect.height())), 0.0, theme::ACCENT);
    } else if mark.hovered || response.hovered() {
        painter.rect_filled(rect, 0.0, theme::HOVERED);
    }
    let middle = rect.center().y;
    let mut x = rect.left() + theme::STEP + row.depth as f32 * 14.0;
    let mut action = None;
    if row.has_parts {
        let fold = Rect::from_center_size(pos2(x + 6.0, middle), vec2(16.0, theme::ROW));
        let button = ui.interact(fold, list.with(("fold", row.id.0)), Sense::click());
        let does = if row.open { "Fold" } else { "Unfold" };
        button
            .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("{does} {}", row.name)));
        icons::fold(painter, fold.center(), row.open, if button.hovered() { theme::STRONG } else { theme::WEAK });
        if button.clicked() && !state.folded.remove(&row.id) {
            state.folded.insert(row.id);
        }
    }
    x += 16.0;
    let text = if mark.selected || row.health.worst >= Level::Warning { theme::STRONG } else { theme::TEXT };
    icons::kind(painter, pos2(x + 7.0, middle), row.kind, if mark.selected { theme::ACCENT } else { theme::WEAK });
    x += 20.0;
    let at = pos2(rect.right() - 12.0, middle);
    match row.alarm {
        Some(alarm) => icons::priority(painter, at, alarm.priority),
        None => icons::level(painter, at, row.health.worst),
    }
    let mut free = rect.right() - 22.0;
    if let Some(it) = row.standing {
        free -= 18.0;
        standing::icon(painter, pos2(at.x - 18.0, middle), it);
    }
    if let Some(taint) = taint {
        free -= MARK;
        action = mark_ui(ui, response.id.with("taint"), pos2(free + 9.0, middle), row.name, taint);
    }
    let clip = Rect::from_min_max(pos2(x, rect.top()), pos2(free, rect.bottom()));
    let color = if row.found { text } else { theme::WEAK };
    painted_text(ui, clip, row.name, color, Align2::LEFT_CENTER);
    let hover = response.hovered();
    if response.double_clicked() {
        action = Some(Action::FlyTo(row.id));
    } else if response.clicked() {
        ui.memory_mut(|it| it.request_focus(list));
        action = Some(Action::Select(row.id));
    }
    response.context_menu(|ui| {
        if ui.button("Look at it").clicked() {
            action = Some(Action::FlyTo(row.id));
            ui.close();
        }
    });
    response.on_hover_ui_at_pointer(|ui| {
        ui.strong(row.name);
        let own = if row.health.own == row.health.worst {
            String::new()
        } else {
            format!("; itself {}", row.health.own.label())
        };
        ui.label(format!("{} · {}{own}", icons::kind_name(row.kind), row.health.worst.label()));
        if let Some(it) = row.standing {
            ui.label(format!("Worst of it and its parts: {}. {}", it.label(), it.says()));
        }
        if let Some(taint) = taint {
            ui.label(&taint.says);
        }
        if let Some(alarm) = row.alarm {
            let new = if alarm.new { ", not all acknowledged" } else { ", acknowledged" };
            ui.label(format!("Worst alarm of it and its parts: {}{new}", alarm.priority.label()));
        }
    });
    (action, hover)
}

/// A line of text in a place, cut off with an ellipsis where it doesn't fit.
pub(super) fn painted_text(ui: &Ui, rect: Rect, text: &str, color: egui::Color32, align: Align2) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::body(), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    let place = align.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(place.min, galley, color);
}

/// Says in an empty panel what to do.
pub(super) fn empty_ui(ui: &mut Ui, text: &str) {
    ui.add_space(theme::GAP);
    ui.horizontal_wrapped(|ui| {
        ui.add_space(theme::GAP);
        ui.label(egui::RichText::new(text).color(theme::WEAK));
    });
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::super::fixture;
    use super::*;

    fn state(query: &str) -> TreeState {
        TreeState { query: query.to_owned(), ..TreeState::default() }
    }

    #[track_caller]
    fn check_rows(state: &TreeState, want: &[&str]) {
        let site = fixture::site();
        let rows = tree_rows(&site, |_| TwinState::default(), state);
        let got: Vec<String> = rows.iter().map(|it| format!("{}{}", "  ".repeat(it.depth), it.name)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_search_keeps_the_way_to_what_it_finds() {
        check_rows(&state(""), &["Pump station", "  Pump 1", "    Motor", "  Pump 2", "Supplying the town"]);
        check_rows(&state("motor"), &["Pump station", "  Pump 1", "    Motor"]);
        check_rows(&state("town"), &["Supplying the town"]);
        check_rows(&state("pumping.p2"), &["Pump station", "  Pump 2"]);
        check_rows(&state("turbine"), &[]);
    }

    #[test]
    fn a_folded_twin_hides_its_parts_until_a_search() {
        let folded = |query: &str| TreeState { folded: BTreeSet::from([TwinId(1)]), ..state(query) };
        check_rows(&folded(""), &["Pump station", "  Pump 1", "  Pump 2", "Supplying the town"]);
        check_rows(&folded("motor"), &["Pump station", "  Pump 1", "    Motor"]);
    }

    struct Shown {
        tree: TreeState,
        selected: Option<TwinId>,
        asked: Vec<Action>,
    }

    fn harness(query: &str) -> Harness<'static, Shown> {
        let site = fixture::site();
        let shown = Shown { tree: state(query), selected: None, asked: Vec::new() };
        Harness::new_ui_state(
            move |ui, shown: &mut Shown| {
                let rows = tree_rows(&site, |_| TwinState::default(), &shown.tree);
                let asked = tree_panel_ui(ui, &rows, &mut shown.tree, shown.selected, None, &|_| None);
                if let Some(Action::Select(twin)) = asked {
                    shown.selected = Some(twin);
                }
                shown.asked.extend(asked);
            },
            shown,
        )
    }

    #[test]
    fn a_click_selects_and_the_arrows_walk_on_from_there() {
        let mut harness = harness("");
        harness.get_by_label("Pump 1").click();
        harness.run();
        assert_eq!(harness.state().selected, Some(TwinId(1)));

        harness.key_press(Key::ArrowDown);
        harness.run();
        assert_eq!(harness.state().selected, Some(TwinId(3)));
        harness.key_press(Key::ArrowLeft);
        harness.run();
        assert_eq!(harness.state().selected, Some(TwinId(1)));
        harness.key_press(Key::Enter);
        harness.run();
        assert!(harness.state().asked.contains(&Action::FlyTo(TwinId(1))));
        harness.key_press(Key::ArrowLeft);
        harness.run();
        assert!(harness.query_by_label("Motor").is_none());
    }

    #[test]
    fn typing_in_the_search_narrows_the_tree() {
        let mut harness = harness("");
        harness.get_by_label("Search twins").focus();
        harness.run();
        harness.get_by_label("Search twins").type_text("motor");
        harness.run();
        assert!(harness.query_by_label("Motor").is_some());
        assert!(harness.query_by_label("Pump 2").is_none());
        harness.get_by_label("Clear the search").click();
        harness.run();
        assert!(harness.query_by_label("Pump 2").is_some());
    }

    #[test]
    fn nothing_found_says_so() {
        let harness = harness("turbine");
        assert!(harness.query_by_label_contains("No twin is called anything like").is_some());
    }
}
