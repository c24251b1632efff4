//! What wants a person: alarms in the states of ISA-18.2 (IEC 62682), and what must be true at all times.
//!
//! One machine ([`Engine`]) finds them, live and in recordings. It is driven by events alone: messages in the order in which
//! they came (which is the order of the recording), timers at the very instants at which they are due, and what persons did.
//! Its clock is the time of arrival of the newest message, or a later instant up to which it was told that nothing more
//! came; it never goes back. At one instant a message comes first, then a person, and timers that are due by a message's
//! arrival fire before it. So what is found does not depend on frames, threads or how fast messages are handed over, and
//! **what is found in a replay is what was raised live**, in states and times. For that to be so:
//!
//! - Live, the machine listens to ingest ([`crate::session::Tap`]): every sample of the signals that are looked at, none
//!   skipped. Time is let pass only up to an instant at which all that arrived before it had been worked through
//!   ([`crate::link::Passage`]).
//! - What a person did takes effect between two messages, and is recorded with the instant of the machine's clock; the
//!   replay does it again at that instant.
//! - What a person isolated is unknown from that instant of the machine's clock on, which is recorded likewise.
//! - The same rules as for readings say what can be believed ([`crate::twin::state_of`]).
//! - What was refused and what cannot be read is no event: the last good value stands until it is stale. Otherwise whoever may
//!   publish there could end every delay with it, and no alarm that has one would be raised.
//!
//! Not equal are: what was raised after the last thing that is recorded; a session whose site was edited while it ran; a
//! recording that begins in the middle of another (what stood then is found anew); and what a damaged part held.
//!
//! Times: `at` is when something was measured, by the device's clock where it tells one; `known` is when it could be known:
//! the arrival, and the delays after it. A sample that arrives late, after a newer one of its signal, changes nothing.

mod alarms;
mod audit;
mod case;
mod causes;
mod chronicle;
mod engine;
mod expect;
mod figures;
mod finds;
mod flood;
mod follow;
mod found;
mod inputs;
mod life;
mod live;
mod outcome;
mod priority;
mod recorded;
#[cfg(test)]
mod tests;
mod timers;
mod watch;
mod why;

use bevy::prelude::*;

use self::follow::{Judge, follow_alarms, pass_quarantine, pass_requests, start_judge};
use crate::schedule::Stage;

pub use alarms::{AlarmEvent, AlarmLife, AlarmRaised, AlarmRefused, AlarmRequest, Alarms, AlarmsChanged, Note};
pub use audit::event_of;
pub use causes::Causes;
pub use engine::Engine;
pub use expect::{ExpectLife, ExpectState, Expectations, Failure};
pub use figures::Figures;
pub use finds::{Act, Deed, Finds};
pub use flood::{FLOOD_BEGINS_ABOVE, FLOOD_ENDS_BELOW, FLOOD_SPAN, Flood, FloodGroup};
pub use life::{AlarmState, Life, Step, Truth};
pub use outcome::{Refusal, What};
pub use priority::Priority;
pub use recorded::{Listener, examine};
pub use why::{Upstream, Why, WhyValue, in_words, why};

/// Adds the [`Alarms`] and [`Expectations`], and the systems that follow them.
pub fn plugin(app: &mut App) {
    app.init_resource::<Alarms>()
        .init_resource::<Expectations>()
        .add_message::<AlarmRequest>()
        .add_message::<AlarmRefused>()
        .add_message::<AlarmRaised>()
        .add_message::<AlarmsChanged>()
        .init_resource::<Judge>()
        .add_systems(Startup, start_judge)
        .add_systems(Update, follow_alarms.in_set(Stage::State))
        .add_systems(Update, pass_quarantine.in_set(Stage::Judge))
        .add_systems(Update, pass_requests.in_set(Stage::Act));
}
