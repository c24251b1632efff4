//! Where the panels stand: a tree of tiles that a person can rearrange, around the 3D view in the middle.

use bevy::prelude::Resource;
use egui::Vec2;
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

/// What can stand in a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pane {
    /// The free place in which the 3D scene is seen.
    View,
    /// The tree of twins.
    Tree,
    /// The selected twin.
    Inspector,
    /// The plots.
    Plots,
    /// What is wrong.
    Diagnostics,
    /// What was asked of devices.
    Commands,
    /// What wants a person.
    Alarms,
    /// What was when, and the cursor on it.
    Timeline,
    /// Commands one after the other.
    Sequences,
    /// What the devices are.
    Inventory,
}

impl Pane {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::View,
        Self::Tree,
        Self::Inspector,
        Self::Plots,
        Self::Alarms,
        Self::Diagnostics,
        Self::Commands,
        Self::Timeline,
        Self::Sequences,
        Self::Inventory,
    ];

    /// The word on its tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::View => "View",
            Self::Tree => "Twins",
            Self::Inspector => "Inspector",
            Self::Plots => "Plots",
            Self::Diagnostics => "Diagnostics",
            Self::Commands => "Commands",
            Self::Alarms => "Alarms",
            Self::Timeline => "Timeline",
            Self::Sequences => "Sequences",
            Self::Inventory => "Inventory",
        }
    }
}

/// Where the panels stand now.
#[derive(Resource, Debug, Clone, PartialEq)]
pub struct Layout {
    /// The tiles.
    pub tiles: Tree<Pane>,
    /// Nobody has moved anything yet: sizes follow the window.
    pub untouched: bool,
    /// The room that the tiles had in the last frame.
    room: Vec2,
}

impl Default for Layout {
    fn default() -> Self {
        let mut tiles = Tiles::default();
        let mut tabs = |panes: &[Pane]| {
            let children = panes.iter().map(|it| tiles.insert_pane(*it)).collect();
            tiles.insert_tab_tile(children)
        };
        let left = tabs(&[Pane::Tree]);
        let bottom =
            tabs(&[Pane::Plots, Pane::Alarms, Pane::Diagnostics, Pane::Commands, Pane::Sequences, Pane::Inventory]);
        let right = tabs(&[Pane::Inspector]);
        let timeline = tabs(&[Pane::Timeline]);
        let view = tiles.insert_pane(Pane::View);
        let middle = tiles.insert_vertical_tile(vec![view, bottom, timeline]);
        let root = tiles.insert_horizontal_tile(vec![left, middle, right]);
        Self { tiles: Tree::new("panels", root, tiles), untouched: true, room: Vec2::ZERO }
    }
}

/// Widths of the tree and the inspector and heights of the plots and the timeline, for a room: logical pixels.
pub(super) fn default_sizes(room: Vec2) -> (f32, f32, f32, f32) {
    let grid = |it: f32| (it / 4.0).round() * 4.0;
    let tree = grid(room.x * 0.18).clamp(196.0, 264.0);
    let inspector = grid(room.x * 0.24).clamp(300.0, 344.0);
    let bottom = grid(room.y * 0.24).clamp(116.0, 248.0);
    let timeline = grid(room.y * 0.18).clamp(112.0, 164.0);
    (tree, inspector, bottom, timeline)
}

impl Layout {
    /// A layout from a file, if it is whole: every pane at most once, the view exactly once.
    pub fn from_tiles(tiles: Tree<Pane>) -> Option<Self> {
        let mut panes: Vec<Pane> = tiles
            .tiles
            .tiles()
            .filter_map(|it| match it {
                Tile::Pane(pane) => Some(*pane),
                Tile::Container(_) => None,
            })
            .collect();
        panes.sort();
        let once = panes.windows(2).all(|it| it[0] != it[1]);
        let sound = tiles.root().is_some_and(|root| reaches(&tiles, root, tiles.tiles.len()));
        (once && sound && panes.contains(&Pane::View)).then_some(Self { tiles, untouched: false, room: Vec2::ZERO })
    }

    /// Gives the tiles their sizes for a room: what stands beside the view keeps its pixels, the view takes the rest.
    pub fn fit(&mut self, room: Vec2) {
        if room == self.room {
            return;
        }
        let first = self.room == Vec2::ZERO;
        self.room = room;
        if self.untouched {
            self.fit_default(room);
        } else if !first {
            self.keep_pixels(room);
        }
    }

    fn fit_default(&mut self, room: Vec2) {
        let (tree, inspector, bottom, timeline) = default_sizes(room);
        let Some(root) = self.tiles.root() else { return };
        let sizes = |linear: &mut Linear, sizes: &[f32]| {
            for (child, size) in linear.children.clone().into_iter().zip(sizes) {
                linear.shares.set_share(child, *size);
            }
        };
        let mut middle = None;
        if let Some(Tile::Container(Container::Linear(linear))) = self.tiles.tiles.get_mut(root) {
            sizes(linear, &[tree, (room.x - tree - inspector).max(64.0), inspector]);
            middle = linear.children.get(1).copied();
        }
        if let Some(Tile::Container(Container::Linear(linear))) = middle.and_then(|it| self.tiles.tiles.get_mut(it)) {
            sizes(linear, &[(room.y - bottom - timeline).max(64.0), bottom, timeline]);
        }
    }

    /// From the root down to the view: in each row or column the child with the view takes what the others leave.
    fn keep_pixels(&mut self, room: Vec2) {
        let Some(view) = self.tiles.tiles.find_pane(&Pane::View) else { return };
        let mut way = vec![view];
        while let Some(parent) = way.last().and_then(|it| self.tiles.tiles.parent_of(*it)) {
            way.push(parent);
        }
        let mut room = room;
        for pair in way.windows(2).rev() {
            let (child, parent) = (pair[0], pair[1]);
            let pixels = |id: &TileId, dir| {
                let size = self.tiles.tiles.rect(*id).map_or(Vec2::splat(100.0), |it| it.size());
                if dir == LinearDir::Horizontal { size.x } else { size.y }
            };
            let Some(Tile::Container(Container::Linear(linear))) = self.tiles.tiles.get(parent) else { continue };
            let dir = linear.dir;
            let whole = if dir == LinearDir::Horizontal { room.x } else { room.y };
            let others: Vec<(TileId, f32)> =
                linear.children.iter().filter(|it| **it != child).map(|it| (*it, pixels(it, dir))).collect();
            let sum: f32 = others.iter().map(|it| it.1).sum();
            // The view never gets less than a third: in a small window the others give way.
            let scale = (whole * 2.0 / 3.0 / sum.max(1.0)).min(1.0);
            let rest = whole - sum * scale;
            if let Some(Tile::Container(Container::Linear(linear))) = self.tiles.tiles.get_mut(parent) {
                for (id, size) in others {
                    linear.shares.set_share(id, size * scale);
                }
                linear.shares.set_share(child, rest);
            }
            match dir {
                LinearDir::Horizontal => room.x = rest,
                LinearDir::Vertical => room.y = rest,
            }
        }
    }

    /// Brings a pane to the front; opens it where it was closed.
    pub fn show(&mut self, pane: Pane) {
        let tile = match self.tiles.tiles.find_pane(&pane) {
            Some(tile) => tile,
            None => self.open(pane),
        };
        self.tiles.make_active(|it, _| it == tile);
    }

    fn open(&mut self, pane: Pane) -> TileId {
        self.untouched = false;
        let tile = self.tiles.tiles.insert_pane(pane);
        // Beside what it once stood beside, else at the edge.
        let kin = [Pane::Plots, Pane::Alarms, Pane::Diagnostics, Pane::Commands, Pane::Sequences, Pane::Inventory];
        let neighbour = kin
            .iter()
            .filter(|it| kin.contains(&pane) && **it != pane)
            .find_map(|it| self.tiles.tiles.parent_of(self.tiles.tiles.find_pane(it)?));
        if let Some(Tile::Container(container)) = neighbour.and_then(|it| self.tiles.tiles.get_mut(it)) {
            container.add_child(tile);
            return tile;
        }
        let tabs = self.tiles.tiles.insert_tab_tile(vec![tile]);
        let below = kin.contains(&pane) || pane == Pane::Timeline;
        let dir = if below { LinearDir::Vertical } else { LinearDir::Horizontal };
        let room = if dir == LinearDir::Vertical { self.room.y } else { self.room.x };
        let (tree, inspector, bottom, timeline) = default_sizes(self.room);
        let size = match pane {
            Pane::Tree => tree,
            Pane::Inspector => inspector,
            Pane::View
            | Pane::Plots
            | Pane::Alarms
            | Pane::Diagnostics
            | Pane::Commands
            | Pane::Sequences
            | Pane::Inventory => bottom,
            Pane::Timeline => timeline,
        };
        let Some(root) = self.tiles.root() else { return tile };
        let (children, shares) = if pane == Pane::Tree {
            (vec![tabs, root], [size, room - size])
        } else {
            (vec![root, tabs], [room - size, size])
        };
        let mut linear = Linear::new(dir, children.clone());
        for (child, share) in children.into_iter().zip(shares) {
            linear.shares.set_share(child, share.max(64.0));
        }
        let new_root = self.tiles.tiles.insert_container(linear);
        self.tiles.root = Some(new_root);
        tile
    }

    /// Every pane but the view stands in tabs, so that it has a title and can be moved.
    pub fn give_tabs(&mut self) {
        let naked: Vec<(TileId, TileId)> = self
            .tiles
            .tiles
            .iter()
            .filter(|(_, tile)| matches!(tile, Tile::Pane(pane) if *pane != Pane::View))
            .filter_map(|(id, _)| {
                let parent = self.tiles.tiles.parent_of(*id)?;
                let in_tabs = matches!(self.tiles.tiles.get(parent), Some(Tile::Container(Container::Tabs(_))));
                (!in_tabs).then_some((*id, parent))
            })
            .collect();
        for (pane, parent) in naked {
            let tabs = self.tiles.tiles.insert_tab_tile(vec![pane]);
            if let Some(Tile::Container(container)) = self.tiles.tiles.get_mut(parent)
                && container.replace_child(pane, tabs).is_none()
            {
                self.tiles.tiles.remove(tabs);
            }
        }
    }
}

/// Whether every tile hangs on the root, once: a file could say anything.
fn reaches(tree: &Tree<Pane>, root: TileId, count: usize) -> bool {
    let mut seen = vec![root];
    let mut at = 0;
    while at < seen.len() {
        match tree.tiles.get(seen[at]) {
            Some(Tile::Container(container)) => seen.extend(container.children().copied()),
            Some(Tile::Pane(_)) => {}
            None => return false,
        }
        at += 1;
        if seen.len() > count {
            return false;
        }
    }
    seen.len() == count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_has_the_most_room_at_every_size() {
        for (width, height) in [(1024.0, 600.0), (1280.0, 776.0), (1600.0, 876.0), (3840.0, 2100.0)] {
            let (tree, inspector, bottom, timeline) = default_sizes(Vec2::new(width, height));
            assert!(width - tree - inspector >= 500.0, "{width} wide");
            assert!(height - bottom - timeline >= height * 0.57, "{height} high");
        }
        assert_eq!(default_sizes(Vec2::new(1280.0, 776.0)), (232.0, 308.0, 188.0, 140.0));
    }

    #[test]
    fn a_layout_survives_its_file_and_a_foreign_one_is_refused() {
        let layout = Layout::default();
        let text = serde_json::to_string(&layout.tiles).unwrap();
        let back: Tree<Pane> = serde_json::from_str(&text).unwrap();
        assert!(Layout::from_tiles(back).is_some_and(|it| it.tiles == layout.tiles));
        assert!(Layout::from_tiles(Tree::empty("panels")).is_none());
        let twice = Tree::new_tabs("panels", vec![Pane::View, Pane::Plots, Pane::Plots]);
        assert!(Layout::from_tiles(twice).is_none());
        let no_view = Tree::new_tabs("panels", vec![Pane::Plots]);
        assert!(Layout::from_tiles(no_view).is_none());
    }

    #[test]
    fn a_layout_from_before_the_timeline_loads_and_gets_one_when_it_is_asked_for() {
        let mut tiles = Tiles::default();
        let (view, plots) = (tiles.insert_pane(Pane::View), tiles.insert_pane(Pane::Plots));
        let root = tiles.insert_vertical_tile(vec![view, plots]);
        let mut layout = Layout::from_tiles(Tree::new("panels", root, tiles)).unwrap();
        layout.fit(Vec2::new(1280.0, 776.0));
        layout.show(Pane::Timeline);
        assert!(layout.tiles.tiles.find_pane(&Pane::Timeline).is_some());
        assert!(Layout::from_tiles(layout.tiles).is_some());
    }

    #[test]
    fn a_closed_panel_opens_again_beside_its_kin() {
        let mut layout = Layout::default();
        layout.fit(Vec2::new(1280.0, 776.0));
        let plots = layout.tiles.tiles.find_pane(&Pane::Plots).unwrap();
        layout.tiles.remove_recursively(plots);
        layout.show(Pane::Plots);
        let parent =
            |layout: &Layout, pane| layout.tiles.tiles.find_pane(&pane).and_then(|it| layout.tiles.tiles.parent_of(it));
        assert!(parent(&layout, Pane::Plots).is_some());
        assert_eq!(parent(&layout, Pane::Plots), parent(&layout, Pane::Diagnostics));
        let tree = layout.tiles.tiles.find_pane(&Pane::Tree).unwrap();
        layout.tiles.remove_recursively(tree);
        layout.show(Pane::Tree);
        let whole = Layout::from_tiles(layout.tiles.clone());
        assert!(whole.is_some() || layout.tiles.tiles.find_pane(&Pane::Tree).is_some());
    }
}
