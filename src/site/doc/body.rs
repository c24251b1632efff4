//! What a twin looks like: models, pipes, walls.

use serde::Deserialize;

/// What a twin looks like. All lengths in metres, relative to the twin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum BodyDoc {
    /// A glTF file under `assets/models/` (or beside the site).
    Model(String),
    /// A pipe along points, with rounded bends.
    Pipe {
        /// Centre line, at least two points.
        path: Vec<(f32, f32, f32)>,
        /// Outer diameter.
        diameter: f32,
    },
    /// A building's room: floor, walls from the floor plan, openings. Roof and near walls fade when it is looked at.
    Room {
        /// Corners (x, z), counter-clockwise seen from above, not closed.
        plan: Vec<(f32, f32)>,
        /// Clear height.
        height: f32,
        /// Doors and windows.
        #[serde(default)]
        openings: Vec<OpeningDoc>,
    },
    /// A building's shell: outer walls and a flat roof around its rooms.
    Shell {
        /// Corners (x, z), counter-clockwise seen from above, not closed.
        plan: Vec<(f32, f32)>,
        /// Height from floor to roof.
        height: f32,
        /// Doors and windows; `wall` counts the plan's edges.
        #[serde(default)]
        openings: Vec<OpeningDoc>,
    },
    /// A plain slab: a yard, a foundation, a road. Its top is at y = 0 of the twin.
    Slab {
        /// Extent (x, z), centred.
        size: (f32, f32),
        /// Downwards.
        thickness: f32,
    },
    /// An open basin with water in it.
    Basin {
        /// Inner extent (x, z), centred.
        size: (f32, f32),
        /// From the rim (y = 0 of the twin is the rim) down.
        depth: f32,
        /// Of the wall.
        wall: f32,
    },
}

/// A door or a window in a wall.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningDoc {
    /// Which edge of the plan, from 0: edge `n` runs from corner `n` to the next one.
    pub wall: usize,
    /// Metres from the edge's first corner to the opening's middle.
    pub along: f32,
    /// Width.
    pub width: f32,
    /// Height of the opening.
    pub height: f32,
    /// Height of its lower edge over the floor: 0 for a door.
    #[serde(default)]
    pub sill: f32,
}
