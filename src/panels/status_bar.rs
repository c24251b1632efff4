//! The status bar and the banners: how the link is, how late, how much, how far back, and what time is shown.

use egui::{Align, Align2, Color32, Layout, Painter, Pos2, RichText, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::alarms::{AlarmAction, AlarmView};
use super::plot_panel::tag_ui;
use super::posture_line::PostureLine;
use super::session_menu::session_menu_ui;
use super::{format, icons, isolated, theme};
use crate::judge::Priority;
use crate::session::{CursorMode, WorkId};
use crate::twin::Standing;

/// All that the status bar tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Status {
    /// The link.
    pub link: LinkLine,
    /// How it is protected. `None`: there is none, or nothing is agreed upon yet.
    pub posture: Option<PostureLine>,
    /// Exports and imports under way.
    pub works: Vec<WorkLine>,
    /// Alarms that nobody has acknowledged, of each priority, the least urgent first.
    pub unacknowledged: [usize; 4],
    /// Twins that are isolated.
    pub isolated: usize,
    /// Messages a second.
    pub arrivals_per_sec: f64,
    /// Signals with a fresh value, of all that the site binds.
    pub live: (usize, usize),
    /// Milliseconds from publishing to decoded: the median and the 99th percentile. `None`: no device tells its time.
    pub delay_ms: Option<(f64, f64)>,
    /// Intermediate values that the view left out.
    pub skipped: u64,
    /// How the picture is drawn. `None`: there is none.
    pub picture: Option<Picture>,
    /// Bytes of history, and how many it may have.
    pub history: (usize, usize),
    /// Seconds that the history reaches back. `None`: it is empty.
    pub reach_secs: Option<f64>,
    /// The cursor's time at the site, the date with it, and the zone.
    pub time: (String, String, String),
    /// How the cursor moves, and how fast where it plays.
    pub cursor: (CursorMode, f64),
    /// Who may command. `None`: nothing can be commanded here at all, as in a recording.
    pub operator: Option<OperatorLine>,
}

/// Who may command, and whether there is a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OperatorLine {
    /// `Ada · engineer`, or that nobody is signed in.
    pub text: String,
    /// Somebody is signed in and not locked.
    pub ready: bool,
    /// An account of the demo.
    pub demo: bool,
    /// Why nothing can be sent though somebody is. `None`: it can.
    pub no_gate: Option<String>,
    /// Requests that await a second person.
    pub n_pending: usize,
}

/// An export or an import under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WorkLine {
    /// Which.
    pub id: WorkId,
    /// What is done.
    pub title: String,
    /// How far it is, 0 to 1.
    pub share: f32,
}

/// How the link is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LinkLine {
    /// There is none: nothing was to be connected to.
    None,
    /// A recording is shown: its file's name.
    Recording(String),
    /// There will be none, and why.
    Never(String),
    /// On its way to an address.
    Connecting(String),
    /// Up.
    Up {
        /// The broker's address.
        url: String,
        /// How often it was lost and came back.
        reconnects: u64,
    },
    /// Down.
    Down {
        /// Why, and how to mend it.
        why: String,
        /// Seconds until the next try.
        next_secs: f64,
        /// How often it was tried.
        attempt: u32,
    },
}

/// How the picture is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// Fewer pixels and effects than there could be.
    pub reduced: bool,
    /// Why.
    pub why: String,
    /// Between two frames, milliseconds.
    pub frame_ms: f32,
}

struct Segment {
    /// What is left out first where there is no room.
    rank: u8,
    text: String,
    /// What it is called where its text alone would say nothing.
    name: Option<String>,
    color: Color32,
    hint: String,
    icon: Option<fn(&Painter, Pos2, Color32)>,
    action: Option<Action>,
}

/// Draws the bar; returns what was clicked.
pub(super) fn status_bar_ui(ui: &mut Ui, status: &Status) -> Option<Action> {
    let (mut left, mut right) = (left_segments(status), right_segments(status));
    let mut action = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP + theme::STEP;
        action = session_menu_ui(ui);
        let room = ui.available_width() - theme::GAP;
        let width = |it: &Segment| segment_width(ui, it) + theme::GAP + theme::STEP;
        while left.iter().chain(&right).map(width).sum::<f32>() > room {
            let Some(least) = left.iter().chain(&right).map(|it| it.rank).max().filter(|it| *it > 0) else { break };
            left.retain(|it| it.rank != least);
            right.retain(|it| it.rank != least);
        }
        for segment in &left {
            action = segment_ui(ui, segment).or(action.take());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for segment in right.iter().rev() {
                action = segment_ui(ui, segment).or(action.take());
            }
        });
    });
    action
}

fn left_segments(status: &Status) -> Vec<Segment> {
    let plain = |rank, text: String, hint: &str| Segment {
        rank,
        text,
        name: None,
        color: theme::WEAK,
        hint: hint.to_owned(),
        icon: None,
        action: None,
    };
    let mut out = vec![link_segment(&status.link)];
    out.extend(status.posture.as_ref().map(posture_segment));
    out.extend(alarm_segments(status.unacknowledged));
    out.extend(isolated::counted(status.isolated).map(|text| Segment {
        color: theme::standing(Standing::Quarantined),
        icon: Some(isolated::cage),
        action: Some(Action::ListIsolated),
        ..plain(0, text, isolated::HINT)
    }));
    out.extend(status.works.iter().map(|work| Segment {
        color: theme::ACCENT,
        icon: Some(icons::cross),
        action: Some(Action::CancelWork(work.id)),
        ..plain(
            0,
            format!("{}: {:.0}\u{a0}%", work.title, (work.share * 100.0).floor()),
            "Click to stop it: nothing will be left of it.",
        )
    }));
    let (live, all) = status.live;
    out.push(Segment {
        color: if live == all { theme::WEAK } else { theme::TEXT },
        action: Some(Action::Show(super::layout::Pane::Diagnostics)),
        ..plain(
            2,
            format!("{live} of {all} signals live"),
            "Signals with a value that came within the expected time. Click for what is wrong.",
        )
    });
    out.push(plain(
        4,
        format!("{}/s", format::number(status.arrivals_per_sec, Some(0))),
        "MQTT messages that arrive a second",
    ));
    if let Some((median, tail)) = status.delay_ms {
        let text = format!("delay {} / {}", format::millis(median), format::millis(tail));
        out.push(plain(5, text, "From the device's time stamp to the decoded value: median / 99th percentile"));
    }
    let hint = "Intermediate values that came faster than they can be shown. The history has all of them; the view shows the newest.";
    out.push(Segment {
        color: if status.skipped > 0 { theme::TEXT } else { theme::WEAK },
        ..plain(6, format!("skipped {}", format::count(status.skipped)), hint)
    });
    out
}

/// One for each priority that has alarms which nobody has acknowledged, the most urgent first.
fn alarm_segments(unacknowledged: [usize; 4]) -> impl Iterator<Item = Segment> {
    let icons: [fn(&Painter, Pos2, Color32); 4] = [icons::disc, icons::triangle, icons::diamond, icons::square];
    let all = Priority::ALL.into_iter().zip(unacknowledged).zip(icons).rev();
    all.filter(|it| it.0.1 > 0).map(|((priority, count), icon)| Segment {
        rank: 0,
        text: count.to_string(),
        name: Some(format!(
            "{count} {} {} unacknowledged",
            priority.label(),
            if count == 1 { "alarm" } else { "alarms" }
        )),
        color: theme::priority(priority),
        hint: format!("{count} of {} priority that nobody has acknowledged. Click for the list.", priority.label()),
        icon: Some(icon),
        action: Some(Action::Alarm(AlarmAction::See(AlarmView::Unacknowledged))),
    })
}

fn right_segments(status: &Status) -> Vec<Segment> {
    let plain = |rank, text: String, hint: String| Segment {
        rank,
        text,
        name: None,
        color: theme::WEAK,
        hint,
        icon: None,
        action: None,
    };
    let mut out = Vec::new();
    if let Some(picture) = &status.picture {
        if picture.reduced {
            let text = "software renderer: quality reduced".to_owned();
            out.push(Segment { color: theme::TEXT, ..plain(3, text, format::sentence(&picture.why)) });
        }
        let hint = format!("Between the last two frames, smoothed. {}", format::sentence(&picture.why));
        out.push(plain(8, format!("frame {}", format::millis(f64::from(picture.frame_ms))), hint));
    }
    if let Some(operator) = &status.operator {
        out.extend(operator_segments(operator));
    }
    let (used, budget) = status.history;
    let reach = status.reach_secs.map_or_else(|| "empty".to_owned(), format::span);
    let hint = format!(
        "The history in memory: {} of {}, back to {reach} ago. The oldest goes first when it is full.",
        format::megabytes(used),
        format::megabytes(budget)
    );
    out.push(plain(7, format!("history {} · {reach}", format::megabytes(used)), hint));
    let (time, date, zone) = &status.time;
    out.push(Segment {
        color: theme::TEXT,
        ..plain(0, time.clone(), format!("The instant that is shown: {date}, {zone}"))
    });
    out.push(match status.cursor {
        (CursorMode::Live, _) => {
            let hint = "The view follows what comes in. Space pauses.".to_owned();
            let action = Some(Action::TogglePause);
            Segment { color: theme::ACCENT, icon: Some(live_dot), action, ..plain(0, "LIVE".to_owned(), hint) }
        }
        (CursorMode::Paused, _) => {
            let hint = "The view stands still; the recording goes on. Click, or press L, to follow live.".to_owned();
            let action = Some(Action::Live);
            Segment { color: theme::WARNING, icon: Some(icons::pause), action, ..plain(0, "PAUSED".to_owned(), hint) }
        }
        (CursorMode::Playing, speed) => {
            let hint = "The view plays what was recorded. Click, or press L, to follow live.".to_owned();
            let text = format!("PLAYING {}", format::speed(speed));
            let action = Some(Action::Live);
            Segment { color: theme::WARNING, icon: Some(icons::play), action, ..plain(0, text, hint) }
        }
    });
    let hint = "Find twins, signals, viewpoints, commands and actions".to_owned();
    out.push(Segment { action: Some(Action::OpenPalette), ..plain(3, "Ctrl+K".to_owned(), hint) });
    out.push(Segment { action: Some(Action::ToggleKeys), ..plain(3, "?".to_owned(), "All keys".to_owned()) });
    out
}

/// Who may command; what awaits a second person; that there is no gate.
fn operator_segments(operator: &OperatorLine) -> Vec<Segment> {
    let mut out = Vec::new();
    if operator.n_pending > 0 {
        let count = operator.n_pending;
        out.push(Segment {
            rank: 0,
            text: format!("{count} to approve"),
            color: theme::WARNING,
            hint: "Requests that await a second person. Click to see them.".to_owned(),
            icon: Some(icons::triangle),
            action: Some(Action::Show(super::layout::Pane::Commands)),
            name: None,
        });
    }
    if let Some(why) = &operator.no_gate {
        out.push(Segment {
            rank: 1,
            text: "no gate".to_owned(),
            color: theme::WARNING,
            hint: why.clone(),
            icon: Some(icons::triangle),
            action: None,
            name: None,
        });
    }
    let demo = if operator.demo { " It is an account of the demo and worth nothing outside of it." } else { "" };
    let hint = match operator.ready {
        true => format!("Commands are asked for in this name.{demo} Click for others; Ctrl+Shift+L locks."),
        false => "Nothing can be commanded until somebody signs in. Click to.".to_owned(),
    };
    out.push(Segment {
        rank: 1,
        text: operator.text.clone(),
        color: if operator.ready { theme::TEXT } else { theme::WARNING },
        hint,
        icon: Some(if operator.ready { icons::person } else { closed_lock }),
        action: Some(Action::AskSignIn),
        name: None,
    });
    out
}

/// How the link is protected. What leaves this machine in plain text is said at every width, for as long as it does.
fn posture_segment(posture: &PostureLine) -> Segment {
    let segment = |rank, text: &str, color, hint: &str, icon: fn(&Painter, Pos2, Color32)| Segment {
        rank,
        text: text.to_owned(),
        name: None,
        color,
        hint: hint.to_owned(),
        icon: Some(icon),
        action: None,
    };
    match posture {
        PostureLine::Exposed => {
            let hint = "Anyone on the way to the broker can read and change everything. Use mqtts://.";
            segment(0, "unencrypted", theme::EXPOSED, hint, open_lock)
        }
        PostureLine::Local => {
            let hint = "Not encrypted: what is sent to this broker does not leave this machine.";
            segment(6, "plain, this machine", theme::WEAK, hint, open_lock)
        }
        PostureLine::Secure { text, hint, warns: true, .. } => Segment {
            action: Some(Action::Show(super::layout::Pane::Diagnostics)),
            ..segment(0, text, theme::WARNING, hint, icons::triangle)
        },
        PostureLine::Secure { text, hint, newest, .. } => {
            segment(3, text, if *newest { theme::WEAK } else { theme::TEXT }, hint, closed_lock)
        }
    }
}

fn open_lock(painter: &Painter, at: Pos2, color: Color32) {
    icons::lock(painter, at, true, color);
}

fn closed_lock(painter: &Painter, at: Pos2, color: Color32) {
    icons::lock(painter, at, false, color);
}

fn link_segment(link: &LinkLine) -> Segment {
    let (text, color, hint, icon): (String, Color32, String, fn(&Painter, Pos2, Color32)) = match link {
        LinkLine::None => (
            "no broker".to_owned(),
            theme::WEAK,
            "Nothing to connect to was named. Start with --broker URL.".to_owned(),
            hollow,
        ),
        LinkLine::Recording(name) => (
            format!("recording {name}"),
            theme::TEXT,
            "A recorded session: nothing comes in, and nothing can be sent.".to_owned(),
            hollow,
        ),
        LinkLine::Never(why) => ("no link".to_owned(), theme::WARNING, why.clone(), icons::triangle),
        LinkLine::Connecting(url) => (format!("connecting to {url}"), theme::TEXT, "On its way.".to_owned(), hollow),
        LinkLine::Up { url, reconnects, .. } => {
            let lost = match reconnects {
                0 => "It was never lost.".to_owned(),
                1 => "It was lost once and came back.".to_owned(),
                count => format!("It was lost {count} times and came back."),
            };
            (url.clone(), theme::TEXT, format!("Connected with MQTT 5. {lost}"), dot)
        }
        LinkLine::Down { why, next_secs, .. } => {
            (format!("link down, next try in {}", seconds(*next_secs)), theme::WARNING, why.clone(), icons::triangle)
        }
    };
    Segment { rank: 0, text, name: None, color, hint, icon: Some(icon), action: None }
}

fn dot(painter: &Painter, at: Pos2, _: Color32) {
    painter.circle_filled(at, 3.5, theme::GOOD);
}

fn live_dot(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_filled(at, 3.5, color);
}

fn hollow(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_stroke(at, 3.5, egui::Stroke::new(1.2, color));
}

fn segment_width(ui: &Ui, it: &Segment) -> f32 {
    let text = ui.painter().layout_no_wrap(it.text.clone(), theme::small(), it.color).size().x;
    text + if it.icon.is_some() { theme::ICON } else { 0.0 }
}

fn segment_ui(ui: &mut Ui, it: &Segment) -> Option<Action> {
    let sense = if it.action.is_some() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(segment_width(ui, it), 18.0), sense);
    response.widget_info(|| {
        let kind = if it.action.is_some() { egui::WidgetType::Button } else { egui::WidgetType::Label };
        egui::WidgetInfo::labeled(kind, true, it.name.as_ref().unwrap_or(&it.text))
    });
    let over = it.action.is_some() && (response.hovered() || response.has_focus());
    if over {
        ui.painter().rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::WIDGET_HOVER);
    }
    let mut left = rect.left();
    if let Some(icon) = it.icon {
        icon(ui.painter(), pos2(left + 6.0, rect.center().y), it.color);
        left += theme::ICON;
    }
    let color = if over { theme::STRONG } else { it.color };
    ui.painter().text(pos2(left, rect.center().y), Align2::LEFT_CENTER, &it.text, theme::small(), color);
    let clicked = response.clicked();
    response.on_hover_text(&it.hint);
    it.action.clone().filter(|_| clicked)
}

/// Whole seconds of a countdown: never 0 while it runs.
fn seconds(secs: f64) -> String {
    format!("{:.0}\u{a0}s", secs.ceil().max(1.0))
}

/// Says over all panels what is wrong and why, and where something is tried again: in how many seconds, after how many
/// times. The rest works on.
pub(super) fn warning_banner_ui(ui: &mut Ui, tag: &str, why: &str, next: Option<(f64, u32)>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        icons::show(ui, "warning", |painter, at| icons::triangle(painter, at, theme::WARNING));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some((secs, attempt)) = next {
                let text =
                    if secs <= 0.0 { "trying now…".to_owned() } else { format!("next try in {}", seconds(secs)) };
                let times = if attempt == 1 { "once".to_owned() } else { format!("{attempt} times") };
                ui.label(RichText::new(text).color(theme::STRONG)).on_hover_text(format!("It was tried {times}."));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                tag_ui(ui, tag, theme::WARNING);
                let text = format::sentence(why);
                ui.add(egui::Label::new(RichText::new(&text).color(theme::TEXT)).truncate()).on_hover_text(&text);
            });
        });
    });
}

/// Says over all panels that an edit of the site has faults; returns a wish to see them.
pub(super) fn site_banner_ui(ui: &mut Ui, errors: usize, first: &str) -> Option<Action> {
    let mut action = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        icons::show(ui, "error", |painter, at| icons::diamond(painter, at, theme::ALARM));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Show").clicked() {
                action = Some(Action::Show(super::layout::Pane::Diagnostics));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let faults = if errors == 1 { "a fault".to_owned() } else { format!("{errors} faults") };
                let text = format!("The edited site has {faults}; the last good one keeps running. {first}");
                ui.add(egui::Label::new(RichText::new(&text).color(theme::TEXT)).truncate()).on_hover_text(&text);
            });
        });
    });
    action
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    fn status() -> Status {
        Status {
            link: LinkLine::Up { url: "mqtt://127.0.0.1:1883".to_owned(), reconnects: 1 },
            posture: Some(PostureLine::Local),
            works: vec![WorkLine { id: WorkId(7), title: "exporting week.csv".to_owned(), share: 0.427 }],
            unacknowledged: [2, 0, 1, 0],
            isolated: 2,
            arrivals_per_sec: 412.3,
            live: (161, 162),
            delay_ms: Some((1.8, 6.4)),
            skipped: 12,
            picture: Some(Picture { reduced: true, why: "llvmpipe draws".to_owned(), frame_ms: 33.0 }),
            history: (41_300_000, 512_000_000),
            reach_secs: Some(750.0),
            time: ("14:03:27".to_owned(), "2026-01-31 14:03:27".to_owned(), "Europe/Berlin".to_owned()),
            cursor: (CursorMode::Live, 1.0),
            operator: Some(OperatorLine {
                text: "Ada · engineer".to_owned(),
                ready: true,
                demo: false,
                no_gate: None,
                n_pending: 1,
            }),
        }
    }

    fn harness(width: f32, status: Status) -> Harness<'static, Option<Action>> {
        Harness::builder().with_size(vec2(width, 30.0)).build_ui_state(
            move |ui, asked: &mut Option<Action>| *asked = status_bar_ui(ui, &status).or(asked.take()),
            None,
        )
    }

    #[test]
    fn a_wide_bar_tells_all_and_a_narrow_one_the_link_and_the_time() {
        let wide = harness(1600.0, status());
        for label in [
            "mqtt://127.0.0.1:1883",
            "412/s",
            "skipped 12",
            "161 of 162 signals live",
            "LIVE",
            "Ctrl+K",
            "Ada · engineer",
            "1 to approve",
        ] {
            assert!(wide.query_by_label(label).is_some(), "{label} is missing");
        }
        assert!(wide.query_by_label("software renderer: quality reduced").is_some());
        let narrow = harness(420.0, status());
        assert!(narrow.query_by_label("mqtt://127.0.0.1:1883").is_some());
        assert!(narrow.query_by_label("14:03:27").is_some());
        assert!(narrow.query_by_label("skipped 12").is_none());
    }

    #[test]
    fn unacknowledged_alarms_are_counted_by_priority_at_every_width_and_lead_to_their_list() {
        for width in [420.0, 1600.0] {
            let mut harness = harness(width, status());
            assert!(harness.query_by_label("2 low alarms unacknowledged").is_some());
            assert!(harness.query_by_label_contains("urgent").is_none());
            harness.get_by_label("1 high alarm unacknowledged").click();
            harness.run();
            let want = Action::Alarm(AlarmAction::See(AlarmView::Unacknowledged));
            assert_eq!(*harness.state(), Some(want), "{width} wide");
        }
    }

    #[test]
    fn what_is_isolated_is_counted_at_every_width_and_leads_to_the_list_and_nothing_is_not_said() {
        for width in [420.0, 1600.0] {
            let mut bar = harness(width, status());
            bar.get_by_label("2 isolated").click();
            bar.run();
            assert_eq!(*bar.state(), Some(Action::ListIsolated), "{width} wide");
            assert!(harness(width, Status { isolated: 0, ..status() }).query_by_label_contains("isolated").is_none());
        }
    }

    #[test]
    fn what_is_not_encrypted_is_said_at_every_width_and_however_the_link_is() {
        let down = LinkLine::Down { why: "gone".to_owned(), next_secs: 1.0, attempt: 1 };
        for link in [status().link, down] {
            let exposed = || Status { posture: Some(PostureLine::Exposed), link: link.clone(), ..status() };
            for width in [420.0, 1600.0] {
                assert!(harness(width, exposed()).query_by_label("unencrypted").is_some(), "{width} wide");
            }
        }
        assert!(harness(1600.0, status()).query_by_label("plain, this machine").is_some());
        assert!(harness(1600.0, status()).query_by_label("unencrypted").is_none());
    }

    #[test]
    fn a_certificate_that_wants_a_person_leads_to_what_is_wrong() {
        let secure = |text: &str, warns| PostureLine::Secure {
            text: text.to_owned(),
            hint: "Who and until when.".to_owned(),
            warns,
            newest: true,
        };
        let calm = harness(1600.0, Status { posture: Some(secure("TLS 1.3", false)), ..status() });
        assert!(calm.query_by_label("TLS 1.3").is_some());
        let text = "TLS 1.3 · our certificate expires in 12 days";
        let mut warning = harness(1600.0, Status { posture: Some(secure(text, true)), ..status() });
        warning.get_by_label(text).click();
        warning.run();
        assert_eq!(*warning.state(), Some(Action::Show(super::super::layout::Pane::Diagnostics)));
    }

    #[test]
    fn a_click_on_paused_goes_back_to_live() {
        let mut harness = harness(1600.0, Status { cursor: (CursorMode::Paused, 1.0), ..status() });
        harness.get_by_label("PAUSED").click();
        harness.run();
        assert_eq!(*harness.state(), Some(Action::Live));
        let playing = self::harness(1600.0, Status { cursor: (CursorMode::Playing, -10.0), ..status() });
        assert!(playing.query_by_label("PLAYING −10×").is_some());
    }

    #[test]
    fn work_under_way_says_how_far_it_is_and_is_stopped_by_a_click() {
        let mut harness = harness(1600.0, status());
        harness.get_by_label("exporting week.csv: 42\u{a0}%").click();
        harness.run();
        assert_eq!(*harness.state(), Some(Action::CancelWork(WorkId(7))));
    }

    #[test]
    fn a_link_that_is_down_says_when_it_is_tried_again() {
        let why = "127.0.0.1:1883 refused the connection: is a broker running there?".to_owned();
        let down = LinkLine::Down { why, next_secs: 2.4, attempt: 3 };
        let bar = harness(1600.0, Status { link: down, ..status() });
        assert!(bar.query_by_label("link down, next try in 3\u{a0}s").is_some());
        let banner = Harness::new_ui(|ui| {
            warning_banner_ui(ui, "NO LINK", "the broker at plant:1883 speaks no MQTT 5", Some((2.4, 3)));
        });
        assert!(banner.query_by_label("The broker at plant:1883 speaks no MQTT 5.").is_some());
        assert!(banner.query_by_label("next try in 3\u{a0}s").is_some());
    }
}
