//! The material of every twin: a standard one, whose look each twin's slot in one buffer changes in the shader.
//!
//! Twins that share mesh and surface stay one draw call, whatever they show: a mesh only carries the number of its
//! slot. The buffer keeps its size, so that a change is one write into it.

use std::collections::BTreeMap;

use bevy::pbr::{ExtendedMaterial, MaterialExtension};
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::AsBindGroup;
use bevy::render::storage::ShaderBuffer;
use bevy::shader::ShaderRef;
use bytemuck::{Pod, Zeroable};

use super::palette;
use crate::site::TwinId;

/// The material of all twins.
pub(super) type LiveMaterial = ExtendedMaterial<StandardMaterial, Live>;

/// What the standard material lacks: the slots.
#[derive(Asset, AsBindGroup, TypePath, Debug, Clone)]
pub(super) struct Live {
    #[storage(100, read_only)]
    slots: Handle<ShaderBuffer>,
}

impl MaterialExtension for Live {
    fn fragment_shader() -> ShaderRef {
        "shaders/live.wgsl".into()
    }
}

/// What one twin, or one part of it, shows. The same fields stand in `live.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(super) struct Slot {
    /// Linear colour; the last one is how far it covers the surface's own.
    pub(super) tint: [f32; 4],
    /// Shine, 0 to 1.
    pub(super) glow: f32,
    /// Hatched: 1 means stale.
    pub(super) hatch: f32,
    /// 1 is there, 0 is not.
    pub(super) presence: f32,
    /// A command is on its way: 1 shows the ghost's rim.
    pub(super) ghost: f32,
    /// Metres that the arrows have moved.
    pub(super) flow_offset: f32,
    /// How plain the arrows are, 0 to 1.
    pub(super) flow: f32,
    /// 1 where the flow runs along the pipe's path, -1 against it.
    pub(super) flow_way: f32,
    /// Metres between two arrows.
    pub(super) flow_pitch: f32,
    /// What the lens makes of it.
    pub(super) lens: LensSlot,
}

/// What the lens makes of a twin. Its fields stand flat in `live.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(super) struct LensSlot {
    /// Linear colour; the last one is how far it covers what is shown else.
    pub(super) color: [f32; 4],
    /// A [`super::lens::Pattern`].
    pub(super) pattern: f32,
    /// How plain the pattern is, 0 to 1.
    pub(super) ink: f32,
    /// How far everything of it is grey, 0 to 1.
    pub(super) neutral: f32,
    /// Nothing: fills up to 16 bytes.
    pub(super) spare: f32,
    /// Where the twin stands in the world: what splits it goes through there. The last one is nothing.
    pub(super) center: [f32; 4],
}

impl LensSlot {
    /// There is no lens.
    pub(super) const NONE: Self =
        Self { color: [0.0; 4], pattern: 0.0, ink: 0.0, neutral: 0.0, spare: 0.0, center: [0.0; 4] };
}

impl Slot {
    /// Nothing to show.
    pub(super) const PLAIN: Self = Self {
        tint: [0.0; 4],
        glow: 0.0,
        hatch: 0.0,
        presence: 1.0,
        ghost: 0.0,
        flow_offset: 0.0,
        flow: 0.0,
        flow_way: 1.0,
        flow_pitch: 1.0,
        lens: LensSlot::NONE,
    };
}

/// Who a slot belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SlotKey {
    /// A twin: all of it that has no slot of its own.
    Twin(TwinId),
    /// A named part of a twin.
    Part(TwinId, String),
    /// A part of a building that can fade.
    Wall(Entity),
}

/// The slots. Number 0 is plain and nobody's.
#[derive(Resource, Debug)]
pub(super) struct Slots {
    all: Vec<Slot>,
    by_key: BTreeMap<SlotKey, u32>,
    free: Vec<u32>,
    changed: bool,
    /// Counts the changes that were uploaded.
    pub(super) n_uploads: u64,
}

/// Room for this many slots at the start; it doubles where a site needs more.
const CAPACITY: usize = 1024;

impl Default for Slots {
    fn default() -> Self {
        Self { all: vec![Slot::PLAIN], by_key: BTreeMap::new(), free: Vec::new(), changed: true, n_uploads: 0 }
    }
}

impl Slots {
    /// The number of a slot, which is made where it is missing.
    pub(super) fn claim(&mut self, key: SlotKey) -> u32 {
        if let Some(&known) = self.by_key.get(&key) {
            return known;
        }
        let number = self.free.pop().unwrap_or(self.all.len() as u32);
        if number as usize == self.all.len() {
            self.all.push(Slot::PLAIN);
        }
        self.all[number as usize] = Slot::PLAIN;
        self.changed = true;
        self.by_key.insert(key, number);
        number
    }

    /// Forgets the slots of a twin.
    pub(super) fn release_twin(&mut self, twin: TwinId) {
        let of_twin = |key: &SlotKey| match key {
            SlotKey::Twin(it) | SlotKey::Part(it, _) => *it == twin,
            SlotKey::Wall(_) => false,
        };
        self.release(of_twin);
    }

    /// Forgets the slot of a wall.
    pub(super) fn release_wall(&mut self, wall: Entity) {
        self.release(|key| *key == SlotKey::Wall(wall));
    }

    fn release(&mut self, gone: impl Fn(&SlotKey) -> bool) {
        let free = &mut self.free;
        self.by_key.retain(|key, number| {
            let keep = !gone(key);
            if !keep {
                free.push(*number);
            }
            keep
        });
    }

    /// The number of a slot, if there is one.
    pub(super) fn find(&self, key: &SlotKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    /// What a slot shows now.
    pub(super) fn get(&self, number: u32) -> Slot {
        self.all.get(number as usize).copied().unwrap_or(Slot::PLAIN)
    }

    /// All slots with the twins that they are of; number 0 is that of what is nobody's, as walls are.
    pub(super) fn numbers(&self) -> Vec<(Option<TwinId>, u32)> {
        let of = |key: &SlotKey| match key {
            SlotKey::Twin(twin) | SlotKey::Part(twin, _) => Some(*twin),
            SlotKey::Wall(_) => None,
        };
        let own = self.by_key.iter().map(|(key, number)| (of(key), *number));
        std::iter::once((None, 0)).chain(own).collect()
    }

    /// Changes what the lens makes of a slot, that of nobody included.
    pub(super) fn set_lens(&mut self, number: u32, lens: LensSlot) {
        if let Some(now) = self.all.get_mut(number as usize)
            && now.lens != lens
        {
            now.lens = lens;
            self.changed = true;
        }
    }

    /// Changes what a slot shows. The same value again costs nothing.
    pub(super) fn set(&mut self, number: u32, slot: Slot) {
        if number == 0 {
            return;
        }
        if let Some(now) = self.all.get_mut(number as usize)
            && *now != slot
        {
            *now = slot;
            self.changed = true;
        }
    }
}

/// One material for each surface, all of which read the same slots.
#[derive(Resource, Debug)]
pub(super) struct Surfaces {
    buffer: Handle<ShaderBuffer>,
    capacity: usize,
    by_name: BTreeMap<String, Handle<LiveMaterial>>,
}

impl Surfaces {
    /// The material of a surface.
    pub(super) fn of(&mut self, name: &str, materials: &mut Assets<LiveMaterial>) -> Handle<LiveMaterial> {
        if let Some(known) = self.by_name.get(name) {
            return known.clone();
        }
        let made = materials
            .add(LiveMaterial { base: palette::surface(name), extension: Live { slots: self.buffer.clone() } });
        self.by_name.insert(name.to_owned(), made.clone());
        made
    }
}

impl FromWorld for Surfaces {
    fn from_world(world: &mut World) -> Self {
        let buffer = world.resource_mut::<Assets<ShaderBuffer>>().add(buffer_of(&[Slot::PLAIN], CAPACITY));
        Self { buffer, capacity: CAPACITY, by_name: BTreeMap::new() }
    }
}

fn padded(slots: &[Slot], capacity: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = bytemuck::cast_slice(slots).to_vec();
    bytes.resize(capacity * size_of::<Slot>(), 0);
    bytes
}

fn buffer_of(slots: &[Slot], capacity: usize) -> ShaderBuffer {
    ShaderBuffer::new(&padded(slots, capacity), bevy::asset::RenderAssetUsages::default())
}

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(MaterialPlugin::<LiveMaterial>::default()).init_resource::<Slots>().init_resource::<Surfaces>();
}

/// What changed goes to the graphics card, in one write.
pub(super) fn upload_slots(
    mut slots: ResMut<Slots>,
    mut surfaces: ResMut<Surfaces>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<LiveMaterial>>,
) {
    if !slots.changed {
        return;
    }
    let slots = &mut *slots;
    slots.changed = false;
    slots.n_uploads += 1;
    if slots.all.len() > surfaces.capacity {
        // Another size is another buffer, which every material has to be told.
        surfaces.capacity = slots.all.len().next_power_of_two();
        surfaces.buffer = buffers.add(buffer_of(&slots.all, surfaces.capacity));
        for handle in surfaces.by_name.values() {
            if let Some(mut material) = materials.get_mut(handle) {
                material.extension.slots = surfaces.buffer.clone();
            }
        }
    } else if let Some(mut buffer) = buffers.get_mut(&surfaces.buffer) {
        buffer.data = Some(padded(&slots.all, surfaces.capacity));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_keeps_its_number_and_a_released_one_is_used_again() {
        let mut slots = Slots::default();
        let one = slots.claim(SlotKey::Twin(TwinId(1)));
        let part = slots.claim(SlotKey::Part(TwinId(1), "shaft".to_owned()));
        assert_ne!(one, 0);
        assert_ne!(one, part);
        assert_eq!(slots.claim(SlotKey::Twin(TwinId(1))), one);
        slots.release_twin(TwinId(1));
        assert_eq!(slots.find(&SlotKey::Twin(TwinId(1))), None);
        let next = slots.claim(SlotKey::Twin(TwinId(2)));
        assert!([one, part].contains(&next));
    }

    #[test]
    fn the_buffer_keeps_its_size() {
        assert_eq!(padded(&[Slot::PLAIN], 8).len(), 8 * size_of::<Slot>());
        assert_eq!(padded(&[Slot::PLAIN; 8], 8).len(), 8 * 96);
        assert!(size_of::<Slot>().is_multiple_of(16));
    }
}
