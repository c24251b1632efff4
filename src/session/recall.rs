//! What the history had to let go is read again from the recording, for the signals that are looked at.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

use bevy::prelude::*;
use tracing::error;

use super::fold::{Fold, Follower, Taken};
use super::history::History;
use super::past::Past;
use super::plot::Column;
use super::progress::Progress;
use super::recording::{ChunkRef, Item, Recording};
use super::waker::Waker;
use super::{CurrentSite, Session};
use crate::signal::{SignalId, Timestamp};
use crate::site::Site;

/// What may be read again at a time, bytes. The oldest of it goes first.
const BYTES: usize = 64_000_000;

/// A request to read signals again from an instant on, up to where the history has them.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Recollect {
    /// Which signals.
    pub signals: Vec<SignalId>,
    /// From when on.
    pub from: Timestamp,
}

/// What was read again. One stretch at a time: the one that was looked at last.
#[derive(Resource, Debug, Default)]
pub struct Recalled(Option<Run>);

/// A stretch, and the thread that reads it.
#[derive(Debug)]
struct Run {
    asked: Recollect,
    to: Timestamp,
    history: Arc<History>,
    progress: Arc<Progress>,
}

impl Recalled {
    /// A plot of a span of which the history has only the end, or nothing. See [`History::plot`].
    pub fn plot(
        &self,
        history: &History,
        signal: SignalId,
        (from, to): (Timestamp, Timestamp),
        n_columns: usize,
        max_gap_secs: f64,
    ) -> Vec<Column> {
        let kept_from = history.span(signal).map_or(Timestamp::MAX, |it| it.0);
        let run = self.0.as_ref().filter(|it| it.asked.signals.contains(&signal) && from < kept_from);
        let Some(run) = run else { return history.plot(signal, from, to, n_columns, max_gap_secs) };
        let cut = kept_from.min(to);
        let share = (cut.secs_since(from) / to.secs_since(from).max(1e-9)).clamp(0.0, 1.0);
        let columns = |share: f64| (n_columns as f64 * share).ceil().max(1.0) as usize;
        let until = Timestamp::from_nanos(cut.as_nanos().saturating_sub(1));
        let mut all = run.history.plot(signal, from, until, columns(share), max_gap_secs);
        if cut < to {
            all.extend(history.plot(signal, cut, to, columns(1.0 - share), max_gap_secs));
        }
        all
    }

    /// How much of it is read, 0 to 1. `None`: all, or nothing was asked for.
    pub fn share(&self) -> Option<f32> {
        let progress = &self.0.as_ref()?.progress;
        let (done, all) = progress.parts();
        (done < all).then(|| progress.share())
    }

    fn has(&self, asked: &Recollect, until: Timestamp) -> bool {
        self.0.as_ref().is_some_and(|run| {
            run.asked.from <= asked.from
                && run.to >= until
                && asked.signals.iter().all(|it| run.asked.signals.contains(it))
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

impl Run {
    fn start(
        asked: Recollect,
        to: Timestamp,
        recording: &Arc<Recording>,
        site: &Arc<Site>,
        waker: &Waker,
    ) -> io::Result<Self> {
        let first = recording.chunk_at(asked.from).unwrap_or(0);
        let end = recording.chunk_at(to).map_or(0, |it| it + 1);
        let chunks = first..end.max(first);
        let progress = Arc::new(Progress::default());
        progress.expect(chunks.len() as u64);
        let history = Arc::new(History::new(BYTES, site.signal_capacity));
        let reader = Reader {
            recording: Arc::clone(recording),
            site: Arc::clone(site),
            chunks,
            signals: asked.signals.clone(),
            history: Arc::clone(&history),
            progress: Arc::clone(&progress),
            waker: waker.clone(),
        };
        thread::Builder::new().name("pollux-recall".to_owned()).spawn(move || reader.read())?;
        Ok(Self { asked, to, history, progress })
    }
}

struct Reader {
    recording: Arc<Recording>,
    site: Arc<Site>,
    chunks: Range<usize>,
    signals: Vec<SignalId>,
    history: Arc<History>,
    progress: Arc<Progress>,
    waker: Waker,
}

impl Reader {
    /// What was known before the first chunk that is read: what is verified needs what was heard before.
    fn state_before(&self) -> Fold {
        let first = self.recording.chunk(self.chunks.start).filter(|_| self.recording.verifier(&self.site).is_some());
        let before = |it: ChunkRef| Timestamp::from_nanos(it.from.as_nanos().saturating_sub(1));
        let seek = |it| Past::new(Arc::clone(&self.recording), Arc::clone(&self.site)).seek_to_go_on(before(it));
        first.map_or_else(Fold::default, seek)
    }

    fn read(&self) {
        let wanted = |topic: &[u8]| {
            let of = |it: &SignalId| self.site.signal(*it).is_some_and(|it| it.topic.as_bytes() == topic);
            self.signals.iter().any(of)
        };
        let mut follower = Follower::of(&self.recording, self.state_before(), &self.site);
        for chunk in self.chunks.clone() {
            if self.progress.is_cancelled() {
                return;
            }
            // What is damaged was told when the recording was read first.
            for item in self.recording.items(chunk).0 {
                let arrival = match item {
                    Item::Message(arrival) => arrival,
                    Item::Keys(registry) => {
                        follower.set_registry(&registry);
                        continue;
                    }
                    Item::Keyframe(_) | Item::Audit(_) => continue,
                };
                if !follower.verifies() && !wanted(&arrival.topic) {
                    continue;
                }
                for (sample, taken) in follower.take(&arrival) {
                    if taken != Taken::Duplicate && self.signals.contains(&sample.signal) {
                        self.history.push(&sample);
                    }
                }
            }
            self.progress.advance(1);
            if chunk.is_multiple_of(16) {
                self.waker.wake();
            }
        }
        self.waker.wake();
    }
}

/// Reads again what is asked for, where the history has let it go and it is not at hand yet.
pub(super) fn recollect(
    mut asked: MessageReader<Recollect>,
    session: Res<Session>,
    site: Res<CurrentSite>,
    mut recalled: ResMut<Recalled>,
) {
    let Some(mut asked) = asked.read().last().cloned() else { return };
    let history = &session.history;
    let Some(recording) = session.recording().filter(|_| history.n_evicted() > 0) else { return };
    let (Some((begin, _)), Some(kept_from)) = (recording.span(), history.reaches_back_to()) else { return };
    asked.from = asked.from.max(begin);
    if asked.from >= kept_from || recalled.has(&asked, kept_from) {
        return;
    }
    // The history goes on letting go: some of what it still has is read too, and as much more before what is looked at.
    let margin = kept_from.since(asked.from) / 4;
    asked.from = (asked.from - margin).max(begin);
    match Run::start(asked, kept_from + margin, recording, &site.0, &session.waker) {
        Ok(run) => recalled.0 = Some(run),
        Err(why) => error!("the system gave no thread to read the recording: {why}"),
    }
}
