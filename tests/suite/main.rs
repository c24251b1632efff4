//! One test binary: a module for each journey.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod alarms;
mod audit;
mod command;
mod compare;
mod evidence;
mod field;
mod gate;
mod harness;
mod house;
mod inout;
mod kills;
mod link;
mod races;
mod readings;
mod recording;
mod seals;
