//! Pollux: see a machine, a plant or a building as a living 3D twin, fed by MQTT.
//!
//! The folders stand in the order in which they may know each other: each imports only from those above it.

pub mod schedule;

pub mod signal;

pub mod site;

pub mod link;
