//! One test binary: a module for each journey.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod alarms;
mod audit;
mod command;
mod compare;
mod evidence;
mod evil;
mod field;
mod gate;
mod harness;
mod house;
mod inout;
mod inventory;
mod isolation;
mod keys;
mod kills;
mod link;
#[path = "../support/mosquitto.rs"]
mod mosquitto;
mod quarantine;
mod races;
mod readings;
mod recording;
mod seals;
mod secrets;
mod tls;
mod unsigned;
