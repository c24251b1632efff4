//! Whatever comes in from outside may be anything: nothing may bring the program down, or be taken for what it is not.
//!
//! Inputs begin as good ones and are changed step by step; those that bring something new to light are changed further. Each
//! target runs for some seconds with the other tests, and as long as `POLLUX_FUZZ_SECS` says with `make fuzz`.

mod advisories;
mod envelopes;
mod keys;
mod mutate;
mod sessions;
mod sites;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::mutate::{Change, change, changes};
use crate::link::now;

/// Seconds for a target among the other tests.
const SECS: f64 = 2.0;
/// Inputs between two looks at the clock.
const BATCH: u32 = 256;
/// Inputs that are kept to be changed further.
const MOST_KEPT: usize = 2000;
/// No input may take longer: it would hold up the others.
const LONGEST: Duration = Duration::from_secs(10);

/// What is fuzzed.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    /// Good inputs, to begin with.
    pub(super) seeds: Vec<Vec<u8>>,
    /// Words that mean something in them.
    pub(super) words: &'a [&'a str],
}

impl Target<'_> {
    /// Runs inputs until the time is over. `look` says in a few words what became of one: an input with new words is kept. Where
    /// it panics, the input is made as small as it can be, and shown.
    pub(super) fn run(&self, look: impl Fn(&[u8]) -> String) {
        let secs = std::env::var("POLLUX_FUZZ_SECS").ok().and_then(|it| it.parse().ok()).unwrap_or(SECS);
        let seed = seed();
        println!("{}: seed {}, {secs} s", self.name, hex(&seed));
        let config = Config { cases: BATCH, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
        let mut all = TestRunner::new_with_rng(config.clone(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let corpus = RefCell::new(self.seeds.clone());
        let said: RefCell<BTreeSet<String>> = RefCell::new(self.seeds.iter().map(|it| look(it)).collect());
        let (began, n_looked) = (now(), Cell::new(0_u64));
        while now().since(began).as_secs_f64() < secs {
            let (new, n_before) = (RefCell::new(Vec::new()), n_looked.get());
            let mut runner = TestRunner::new_with_rng(config.clone(), all.new_rng());
            let outcome = runner.run(&(any::<prop::sample::Index>(), changes()), |(which, changes)| {
                let input = self.changed(&corpus.borrow(), which, &changes);
                n_looked.set(n_looked.get() + 1);
                let before = now();
                let words = look(&input);
                prop_assert!(now().since(before) < LONGEST, "it took {:?}", now().since(before));
                if said.borrow_mut().insert(words) {
                    new.borrow_mut().push(input);
                }
                Ok(())
            });
            if let Err(proptest::test_runner::TestError::Fail(why, (which, changes))) = &outcome {
                let input = self.changed(&corpus.borrow(), *which, changes);
                panic!("{}: {why}\ninput: {:?}\nas bytes: {}", self.name, String::from_utf8_lossy(&input), hex(&input));
            }
            outcome.unwrap();
            assert!(n_looked.get() - n_before >= u64::from(BATCH), "a batch was not run");
            let mut corpus = corpus.borrow_mut();
            let room = MOST_KEPT.saturating_sub(corpus.len());
            corpus.extend(new.into_inner().into_iter().take(room));
        }
        let took = now().secs_since(began);
        println!(
            "{}: {} executions in {took:.1} s, {} outcomes told apart, {} inputs kept",
            self.name,
            n_looked.get(),
            said.borrow().len(),
            corpus.borrow().len()
        );
    }

    fn changed(&self, corpus: &[Vec<u8>], which: prop::sample::Index, changes: &[Change]) -> Vec<u8> {
        let input = which.get(corpus).clone();
        let input = changes.iter().fold(input, |input, it| change(input, it, corpus, self.words));
        // What brings the process down at once is what was written last.
        if let Some(folder) = std::env::var_os("POLLUX_FUZZ_KEEP") {
            std::fs::write(Path::new(&folder).join(self.name), &input).unwrap();
        }
        input
    }
}

/// As `POLLUX_FUZZ_SEED` says, else another one each time.
fn seed() -> [u8; 32] {
    let given = std::env::var("POLLUX_FUZZ_SEED").ok();
    let given = given.map(|text| {
        let bytes = (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap());
        <[u8; 32]>::try_from(bytes.collect::<Vec<_>>()).unwrap()
    });
    given.unwrap_or_else(rand::random)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// What is said, without the figures in it: which number it was is nothing new.
fn words(said: &str) -> String {
    let mut words: String = said.chars().filter(|it| !it.is_ascii_digit()).take(160).collect();
    words.retain(|it| it.is_ascii_alphabetic() || it == ' ');
    words
}
