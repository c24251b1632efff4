//! One block: compiled equations, their state, and one step of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use diffsol::{
    ConstantOp, CraneliftJitModule, DiffSl, NalgebraLU, NalgebraMat, NalgebraVec, NonLinearOp, OdeBuilder,
    OdeEquations, OdeSolverMethod, OdeSolverProblem, OdeSolverState, OdeSolverStopReason, Op, RkState, Tableau, Vector,
};

use super::explicit::BogackiShampine;
use super::source::Source;

type Equations = DiffSl<NalgebraMat<f64>, CraneliftJitModule>;
type State = RkState<NalgebraVec<f64>>;

/// Error control. States are in SI units or close to them, so that one absolute tolerance serves all.
const RELATIVE_TOLERANCE: f64 = 1e-4;
const ABSOLUTE_TOLERANCE: f64 = 1e-6;

/// A block that needs more inner steps than this in one communication step is not getting anywhere.
const MAX_INNER_STEPS: usize = 1_000;

/// After a failure a block rests for this many communication steps, so that one broken block does not starve the rest.
const REST_STEPS: u32 = 20;

/// After a step that was too wide for the explicit method this many communication steps are left to the implicit one.
const STIFF_STEPS: u32 = 100;

/// One twin's equations and where they stand.
pub(super) struct Block {
    /// The twin's address.
    pub(super) twin: Arc<str>,
    /// Parameters, then inputs, each in the order of their names.
    pub(super) given: Vec<f64>,
    /// In the order of their names.
    pub(super) outputs: Vec<f64>,
    /// Why it stands still; `None` while it runs.
    pub(super) fault: Option<String>,
    problem: OdeSolverProblem<Equations>,
    has_states: bool,
    /// The solver's memory. `None` after a failure: it is made again from `held`.
    state: Option<State>,
    /// The last good state.
    held: NalgebraVec<f64>,
    rest: u32,
    explicit: BogackiShampine,
    /// Communication steps for which the explicit method is not tried.
    stiff: u32,
    /// What the equations were last given.
    given_vector: NalgebraVec<f64>,
    output_vector: NalgebraVec<f64>,
}

impl Block {
    /// Compiles; `Err` holds what DiffSL said.
    pub(super) fn compile(twin: Arc<str>, source: &Source, given: Vec<f64>) -> Result<Self, String> {
        // The compiler panics on some texts that its own checks let through; an author's typo must not end the program.
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            OdeBuilder::<NalgebraMat<f64>>::new()
                .rtol(RELATIVE_TOLERANCE)
                .atol([ABSOLUTE_TOLERANCE])
                .p(given.iter().copied())
                .build_from_diffsl::<CraneliftJitModule>(&source.code)
        }));
        let problem = match compiled {
            Ok(Ok(problem)) => problem,
            Ok(Err(said)) => return Err(said.to_string()),
            Err(_panic) => return Err("the compiler gave up on them without saying why".to_owned()),
        };
        let n_outputs = problem.eqn.out().map_or(0, |it| it.nout());
        let held = NalgebraVec::zeros(problem.eqn.rhs().nstates(), *problem.context());
        let mut given_vector = NalgebraVec::zeros(given.len(), *problem.context());
        given_vector.fill(f64::NAN);
        let mut block = Self {
            twin,
            outputs: vec![0.0; n_outputs],
            fault: None,
            has_states: source.has_states,
            state: None,
            explicit: BogackiShampine::new(&held),
            held,
            rest: 0,
            stiff: 0,
            given_vector,
            output_vector: NalgebraVec::zeros(n_outputs, *problem.context()),
            given,
            problem,
        };
        block.restart();
        Ok(block)
    }

    /// Back to the initial state, as it follows from what is given now.
    pub(super) fn restart(&mut self) {
        self.take_given();
        self.problem.eqn.init().call_inplace(0.0, &mut self.held);
        self.state = None;
        self.fault = None;
        self.rest = 0;
        self.stiff = 0;
    }

    /// Whether the state is made of numbers.
    pub(super) fn is_sound(&self) -> bool {
        (0..self.held.len()).all(|it| self.held[it].is_finite())
    }

    /// Integrates from `time` on with what is given held, and computes the outputs.
    pub(super) fn step(&mut self, time: f64, secs: f64) {
        self.take_given();
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        if self.has_states {
            let outcome = if self.step_explicitly(time, secs) { Ok(()) } else { self.integrate(time, time + secs) };
            match outcome {
                Ok(()) => self.fault = None,
                Err(why) => {
                    self.state = None;
                    self.rest = REST_STEPS;
                    self.fault = Some(why);
                    return;
                }
            }
        }
        self.compute_outputs(time + secs);
    }

    /// Computes the outputs from the state and what is given. One that is no number keeps its last value.
    pub(super) fn compute_outputs(&mut self, time: f64) {
        let Some(out) = self.problem.eqn.out() else { return };
        out.call_inplace(&self.held, time, &mut self.output_vector);
        let mut broken = None;
        for (index, output) in self.outputs.iter_mut().enumerate() {
            let value = self.output_vector[index];
            if value.is_finite() {
                *output = value;
            } else {
                broken = Some(index);
            }
        }
        if let Some(index) = broken {
            self.fault = Some(format!("its output {index}, counted from 0 in the order of names, is no number"));
        } else if !self.has_states {
            self.fault = None;
        }
    }

    /// Hands what is given to the equations.
    fn take_given(&mut self) {
        let mut changed = false;
        for (index, value) in self.given.iter().enumerate() {
            changed |= self.given_vector[index] != *value;
            self.given_vector[index] = *value;
        }
        // It costs as much as a step.
        if changed {
            self.problem.eqn.set_params(&self.given_vector);
        }
    }

    /// One explicit step. `false`, with nothing changed: its error would be too large, as with stiff equations.
    fn step_explicitly(&mut self, time: f64, secs: f64) -> bool {
        if self.stiff > 0 {
            self.stiff -= 1;
            return false;
        }
        let equations = &self.problem.eqn;
        let tolerance = |it: f64| ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * it.abs();
        let error = self.explicit.step(&self.held, time, secs, tolerance, |state, time, rates| {
            equations.rhs().call_inplace(state, time, rates);
        });
        if error <= 1.0 {
            self.held.copy_from(&self.explicit.end);
            true
        } else {
            self.stiff = STIFF_STEPS;
            false
        }
    }

    fn integrate(&mut self, from: f64, until: f64) -> Result<(), String> {
        let problem = &self.problem;
        let mut state = match self.state.take() {
            Some(state) => state,
            None => problem.rk_state(&Tableau::tr_bdf2()).map_err(|it| it.to_string())?,
        };
        {
            let state = state.as_mut();
            state.y.copy_from(&self.held);
            // The inputs jump between communication steps, and with them the rates that the method begins with.
            problem.eqn.rhs().call_inplace(&self.held, from, state.dy);
            *state.t = from;
            // What the last step ended with may be a crumb left over before the end of the communication step.
            *state.h = state.h.clamp((until - from) / 64.0, until - from);
        }
        let mut solver = problem.tr_bdf2_solver::<NalgebraLU<f64>>(state).map_err(|it| it.to_string())?;
        solver.set_stop_time(until).map_err(|it| it.to_string())?;
        for _ in 0..MAX_INNER_STEPS {
            match solver.step().map_err(|it| it.to_string())? {
                OdeSolverStopReason::InternalTimestep => {}
                OdeSolverStopReason::TstopReached => {
                    let state = solver.into_state();
                    let reached = state.as_ref();
                    if (0..reached.y.len()).any(|it| !reached.y[it].is_finite()) {
                        return Err("a state is no number any more".to_owned());
                    }
                    self.held.copy_from(reached.y);
                    self.state = Some(state);
                    return Ok(());
                }
                OdeSolverStopReason::RootFound(..) => return Err("`stop` is not supported".to_owned()),
            }
        }
        Err(format!("it needs more than {MAX_INNER_STEPS} steps for {} s", until - from))
    }
}
