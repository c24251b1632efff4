//! What comes in and goes out by hand: the file dialogs, files that are dragged over the window, and links to an instant.
//!
//! What was chosen becomes an [`Action`]; the reading and writing is the session's.

use std::path::{Path, PathBuf};

use bevy::prelude::{MessageReader, MessageWriter, ResMut};
use bevy::window::FileDragAndDrop;
use egui::{Align2, Context, Id, LayerId, Order, vec2};
use egui_file_dialog::{DialogState, FileDialog, FileDialogLabels};
use jiff::civil::Date;

use super::actions::Action;
use super::dock::Desk;
use super::format::Clock;
use super::inventory::InventoryAction;
use super::theme;
use crate::session::export::{Export, Format};
use crate::session::{Open, Opens, what_opens};
use crate::signal::Timestamp;

/// The dialog that is open, and what it is for.
#[derive(Debug, Default)]
pub struct Files {
    dialog: Option<(FileDialog, Wish)>,
    /// Where the last one was chosen.
    folder: Option<PathBuf>,
    /// Files that are dragged over the window.
    hovering: Vec<PathBuf>,
    /// What is said of them, and whether they can be opened. `None`: there are none.
    drop_text: Option<(String, bool)>,
}

/// What a dialog is for.
#[derive(Debug, Clone)]
enum Wish {
    Open,
    Export(Export),
    Inventory(Date),
    Evidence((Timestamp, Timestamp)),
}

impl Files {
    /// Whether a dialog has the keyboard.
    pub(super) fn is_open(&self) -> bool {
        self.dialog.is_some()
    }

    /// Asks what to open.
    pub(super) fn ask_open(&mut self) {
        let any = "Can be opened";
        let mut dialog = self
            .dialog("Open a session")
            .add_file_filter_extensions(any, vec!["mcap", "csv", "tsv", "ron"])
            .add_file_filter_extensions("Sessions (MCAP)", vec!["mcap"])
            .add_file_filter_extensions("Tables (CSV)", vec!["csv", "tsv"])
            .add_file_filter_extensions("Sites (RON)", vec!["ron"])
            .default_file_filter(any);
        dialog.pick_file();
        self.dialog = Some((dialog, Wish::Open));
    }

    /// Asks where to write an export; `name` is what the file is called at first.
    pub(super) fn ask_export(&mut self, export: Export, name: &str) {
        let (title, what) = match export.format {
            Format::Mcap | Format::Packed => ("Save a recording", "Session (MCAP)"),
            Format::Csv => ("Export as CSV", "Table (CSV)"),
            Format::Parquet => ("Export as Parquet", "Table (Parquet)"),
        };
        let mut dialog = self
            .dialog(title)
            .default_file_name(name)
            .add_save_extension(what, export.format.extension())
            .default_save_extension(what);
        dialog.save_file();
        self.dialog = Some((dialog, Wish::Export(export)));
    }

    /// Asks where to write the inventory of a day; `name` is what the file is called at first.
    pub(super) fn ask_inventory(&mut self, date: Date, name: &str) {
        let what = "Table (CSV)";
        let dialog = self.dialog("Export the inventory as CSV").default_file_name(name);
        let mut dialog = dialog.add_save_extension(what, "csv").default_save_extension(what);
        dialog.save_file();
        self.dialog = Some((dialog, Wish::Inventory(date)));
    }

    /// Asks where to write an evidence bundle of a range; `name` is what the file is called at first.
    pub(super) fn ask_evidence(&mut self, range: (Timestamp, Timestamp), name: &str) {
        let what = "Evidence (MCAP)";
        let mut dialog = self
            .dialog("Save an evidence bundle")
            .default_file_name(&format!("{name}_evidence"))
            .add_save_extension(what, "mcap")
            .default_save_extension(what);
        dialog.save_file();
        self.dialog = Some((dialog, Wish::Evidence(range)));
    }

    fn dialog(&self, title: &str) -> FileDialog {
        let folder = self.folder.clone().or_else(|| Some(directories::UserDirs::new()?.home_dir().to_owned()));
        let dialog = FileDialog::new()
            .title(title)
            .labels(labels())
            .as_modal(true)
            .modal_overlay_color(theme::GROUND.gamma_multiply(0.55))
            .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
            .default_size(vec2(760.0, 460.0))
            .resizable(true)
            .show_devices(false)
            .show_removable_devices(false)
            .show_working_directory_button(false)
            .show_system_files_option(false);
        match folder.filter(|it| it.is_dir()) {
            Some(folder) => dialog.initial_directory(folder),
            None => dialog,
        }
    }

    /// Draws the dialog that is open, and what is dragged over the window. Returns what was chosen.
    pub(super) fn show(&mut self, ctx: &Context) -> Option<Action> {
        if let Some((text, opens)) = &self.drop_text {
            paint_drop(ctx, text, *opens);
        }
        let (dialog, wish) = self.dialog.as_mut()?;
        dialog.update(ctx);
        let picked = match dialog.state() {
            DialogState::Open => return None,
            DialogState::Picked(path) => Some(path.clone()),
            DialogState::PickedMultiple(_) | DialogState::Cancelled | DialogState::Closed => None,
        };
        let wish = wish.clone();
        self.dialog = None;
        let path = picked?;
        self.folder = path.parent().map(Path::to_owned);
        Some(match wish {
            Wish::Open => Action::Open(path),
            Wish::Export(export) => Action::Export(export, path),
            Wish::Inventory(date) => Action::Inventory(InventoryAction::Export(path, date)),
            Wish::Evidence(range) => Action::Evidence(range, path),
        })
    }
}

/// The words of the dialog, without pictures.
fn labels() -> FileDialogLabels {
    let plain = |it: &str| it.to_owned();
    FileDialogLabels {
        cancel: plain("Cancel"),
        overwrite: plain("Replace it"),
        reload: plain("Reload"),
        select_all: plain("Select all"),
        home_dir: plain("Home"),
        desktop_dir: plain("Desktop"),
        documents_dir: plain("Documents"),
        downloads_dir: plain("Downloads"),
        audio_dir: plain("Audio"),
        pictures_dir: plain("Pictures"),
        videos_dir: plain("Videos"),
        pin_folder: plain("Pin"),
        unpin_folder: plain("Unpin"),
        rename_pinned_folder: plain("Rename"),
        file_filter_all_files: plain("All files"),
        open_button: plain("Open"),
        save_button: plain("Save"),
        cancel_button: plain("Cancel"),
        overwrite_file_modal_text: plain("is there already. Replace it?"),
        ..FileDialogLabels::default()
    }
}

/// What is dragged over the window, in words: whether it can be opened.
fn drop_text(paths: &[PathBuf]) -> (String, bool) {
    let name = |it: &Path| it.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    match paths {
        [path] => match what_opens(path) {
            Ok(Opens::Session) => (format!("Drop to open the session {}", name(path)), true),
            Ok(Opens::Table) => (format!("Drop to import and open the table {}", name(path)), true),
            Ok(Opens::Site) => (format!("Drop to view the site {}", name(path)), true),
            Err(_) => (format!("{} is no session, table or site", name(path)), false),
        },
        paths => (format!("Drop to open {} files", paths.len()), true),
    }
}

fn paint_drop(ctx: &Context, text: &str, opens: bool) {
    let color = if opens { theme::ACCENT } else { theme::WARNING };
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::new("drop")));
    let place = ctx.content_rect();
    painter.rect_filled(place, 0.0, theme::GROUND.gamma_multiply(0.6));
    painter.rect_stroke(place.shrink(6.0), 6.0, egui::Stroke::new(2.0, color), egui::StrokeKind::Inside);
    let galley = painter.layout(
        text.to_owned(),
        egui::FontId::proportional(theme::HEADING),
        theme::STRONG,
        place.width() - 80.0,
    );
    let at = place.center() - galley.size() / 2.0;
    let card = egui::Rect::from_min_size(at, galley.size()).expand2(vec2(16.0, 12.0));
    painter.rect_filled(card, 6.0, theme::RAISED);
    painter.galley(at, galley, theme::STRONG);
}

/// Files that are dragged over the window light it up; those that are dropped are opened.
pub(super) fn follow_drops(
    mut drags: MessageReader<FileDragAndDrop>,
    mut desk: ResMut<Desk>,
    mut opens: MessageWriter<Open>,
) {
    for drag in drags.read() {
        let files = &mut desk.files;
        match drag {
            FileDragAndDrop::HoveredFile { path_buf, .. } => files.hovering.push(path_buf.clone()),
            FileDragAndDrop::HoveredFileCanceled { .. } => files.hovering.clear(),
            FileDragAndDrop::DroppedFile { path_buf, .. } => {
                files.hovering.clear();
                opens.write(Open(path_buf.clone()));
            }
        }
        files.drop_text = (!files.hovering.is_empty()).then(|| drop_text(&files.hovering));
    }
}

/// What the inventory of a day is called at first: `northfield-waterworks_inventory_2029-03-01`.
pub(super) fn inventory_name(site: &str, date: Date) -> String {
    format!("{}_inventory_{date}", plain_name(site))
}

/// What an export is called at first: `northfield-waterworks_2026-01-31_14-03-27_to_14-05-00`.
pub(super) fn export_name(site: &str, (from, to): (Timestamp, Timestamp), clock: &Clock) -> String {
    let name = plain_name(site);
    let plain = |it: &str| it.replace(':', "-").replace(' ', "_");
    let (begin, end) = (clock.date_time(from), clock.date_time(to));
    let same_day = begin.split(' ').next() == end.split(' ').next();
    let end = if same_day { clock.time(to) } else { end };
    format!("{name}_{}_to_{}", plain(&begin), plain(&end))
}

/// A site's name in letters and digits alone, as a file may be called.
fn plain_name(site: &str) -> String {
    let mut name = String::new();
    for letter in site.chars().take(60) {
        match letter {
            it if it.is_alphanumeric() => name.extend(it.to_lowercase()),
            _ if name.ends_with('-') || name.is_empty() => (),
            _ => name.push('-'),
        }
    }
    name.trim_end_matches('-').to_owned()
}

/// A command line that shows an instant of a session, and goes round in a range of it.
pub(super) fn link(file: &Path, at: Timestamp, range: Option<(Timestamp, Timestamp)>) -> String {
    let name = file.display().to_string();
    // Within double quotes a shell still reads these.
    let escape =
        |it: char| if cfg!(unix) && ['\\', '"', '$', '`'].contains(&it) { format!("\\{it}") } else { it.to_string() };
    let name: String = name.chars().map(escape).collect();
    let looped = range.map(|(from, to)| format!(" --loop {}/{}", from.exact(), to.exact())).unwrap_or_default();
    format!("pollux replay \"{name}\" --at {}{looped}", at.exact())
}

#[cfg(test)]
mod tests {
    use bevy::ecs::message::Messages;
    use bevy::prelude::{App, Entity, Update};
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos((1_769_868_207 + secs) * 1_000_000_000)
    }

    #[test]
    fn a_file_is_called_by_its_site_and_its_times() {
        let clock = Clock::new("UTC");
        let name = |site: &str, secs| export_name(site, (at(0), at(secs)), &clock);
        assert_eq!(name("Northfield waterworks", 93), "northfield-waterworks_2026-01-31_14-03-27_to_14-05-00");
        assert_eq!(name(" A/B: \"C\" ", 86_400), "a-b-c_2026-01-31_14-03-27_to_2026-02-01_14-03-27");
    }

    #[test]
    fn a_link_can_be_pasted_into_a_terminal() {
        let range = Some((at(0), at(10)));
        let text = link(Path::new("/tmp/my plant/$a \"b\".mcap"), at(5), range);
        let want = "--at 2026-01-31T14:03:32.000000000Z \
                    --loop 2026-01-31T14:03:27.000000000Z/2026-01-31T14:03:37.000000000Z";
        assert!(text.ends_with(want), "{text}");
        if cfg!(unix) {
            assert!(text.starts_with(r#"pollux replay "/tmp/my plant/\$a \"b\".mcap" --at"#), "{text}");
        }
    }

    #[test]
    fn what_is_dragged_says_whether_it_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        assert_eq!(drop_text(&[file("a.mcap")]), ("Drop to open the session a.mcap".to_owned(), true));
        assert_eq!(drop_text(&[file("a.csv")]), ("Drop to import and open the table a.csv".to_owned(), true));
        assert_eq!(drop_text(&[file("a.png")]), ("a.png is no session, table or site".to_owned(), false));
        assert_eq!(drop_text(&[file("a.mcap"), file("a.csv")]), ("Drop to open 2 files".to_owned(), true));
    }

    #[test]
    fn what_is_dropped_is_opened_and_lights_the_window_up_before() {
        let mut app = App::new();
        app.add_message::<FileDragAndDrop>()
            .add_message::<Open>()
            .init_resource::<Desk>()
            .add_systems(Update, follow_drops);
        let (window, path_buf) = (Entity::PLACEHOLDER, PathBuf::from("/plant/week.mcap"));
        let says = |app: &App| app.world().resource::<Desk>().files.drop_text.clone().map(|it| it.0);
        app.world_mut().write_message(FileDragAndDrop::HoveredFile { window, path_buf: path_buf.clone() });
        app.update();
        assert_eq!(says(&app).as_deref(), Some("week.mcap is no session, table or site"));
        app.world_mut().write_message(FileDragAndDrop::HoveredFileCanceled { window });
        app.update();
        assert_eq!(says(&app), None);
        app.world_mut().write_message(FileDragAndDrop::HoveredFile { window, path_buf: path_buf.clone() });
        app.world_mut().write_message(FileDragAndDrop::DroppedFile { window, path_buf: path_buf.clone() });
        app.update();
        let opened: Vec<PathBuf> = app.world_mut().resource_mut::<Messages<Open>>().drain().map(|it| it.0).collect();
        assert_eq!((says(&app), opened), (None, vec![path_buf]));
    }

    #[test]
    fn what_is_saved_is_called_as_proposed_and_can_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let export = Export { range: (at(0), at(10)), only: String::new(), format: Format::Csv };
        let mut files = Files { folder: Some(folder.path().to_owned()), ..Files::default() };
        files.ask_export(export.clone(), "plant");
        let state: (Files, Vec<Action>) = (files, Vec::new());
        let mut harness = Harness::builder()
            .with_size(vec2(1000.0, 700.0))
            .build_ui_state(|ui, (files, asked): &mut (Files, Vec<Action>)| asked.extend(files.show(ui.ctx())), state);
        harness.run_steps(6);
        harness.get_by_label("Save").click();
        harness.run_steps(4);
        let path = folder.path().canonicalize().unwrap().join("plant.csv");
        assert_eq!(harness.state().1, [Action::Export(export, path)]);
        assert!(!harness.state().0.is_open());

        harness.state_mut().0.ask_open();
        harness.run_steps(6);
        harness.get_by_label("Cancel").click();
        harness.run_steps(4);
        assert!(!harness.state().0.is_open() && harness.state().1.len() == 1);
    }
}
