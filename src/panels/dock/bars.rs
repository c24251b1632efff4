//! The bars at the edges: the status bar below, and above what is wrong as a whole.

use egui::{Margin, Ui};

use super::super::actions::Action;
use super::super::banners::{site_banner_ui, warning_banner_ui};
use super::super::evil_banner::evil_banner_ui;
use super::super::facts::Facts;
use super::super::status_bar::{LinkLine, status_bar_ui};
use super::super::theme;
use crate::site::Severity;

/// Draws them, and takes their room.
pub(super) fn bars_ui(root: &mut Ui, facts: &Facts, asked: &mut Vec<Action>) {
    let bar = |fill| egui::Frame::new().fill(fill).inner_margin(Margin::symmetric(8, 0));
    egui::Panel::bottom("status_bar")
        .exact_size(theme::STATUS_BAR)
        .resizable(false)
        .frame(bar(theme::RAISED))
        .show(root, |ui| asked.extend(status_bar_ui(ui, &facts.status())));
    let banner = |id: &str| egui::Panel::top(id.to_owned()).exact_size(32.0).resizable(false).frame(bar(theme::BANNER));
    if let Some(row) = facts.evil_row() {
        let id = "evil_banner".to_owned();
        let panel = egui::Panel::top(id).exact_size(32.0).resizable(false).frame(bar(theme::FLOOD));
        panel.show(root, |ui| asked.extend(evil_banner_ui(ui, &row)));
    }
    let down = match facts.link_line() {
        LinkLine::Down { why, next_secs, attempt } => Some((why, Some((next_secs, attempt)))),
        LinkLine::Never(why) => Some((why, None)),
        LinkLine::None | LinkLine::Recording(_) | LinkLine::Connecting(_) | LinkLine::Up { .. } => None,
    };
    if let Some((why, next)) = down {
        banner("link_banner").show(root, |ui| warning_banner_ui(ui, "NO LINK", &why, next));
    }
    if let Some(why) = facts.recording_problem() {
        banner("record_banner").show(root, |ui| warning_banner_ui(ui, "NOT RECORDED", &why, None));
    } else if let Some(why) = facts.recording_warning() {
        banner("record_banner").show(root, |ui| warning_banner_ui(ui, "DISK NEARLY FULL", &why, None));
    }
    let faults = || facts.findings.0.iter().filter(|it| it.severity == Severity::Error);
    if let Some(first) = faults().next() {
        let first = first.to_string();
        banner("site_banner").show(root, |ui| asked.extend(site_banner_ui(ui, faults().count(), &first)));
    }
}
