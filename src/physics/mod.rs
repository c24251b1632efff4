//! How things behave: blocks of differential equations, coupled by their signals and stepped together.
//!
//! One implementation for the simulated field (with the *true* parameters), for running ahead, and for judging what a
//! device claims. It knows no clock, no broker and no engine: who steps it says how much time passes.
//!
//! # Writing equations
//!
//! A twin's `physics` in the site file is one block, written in DiffSL (the language of [`diffsol`], compiled to
//! machine code when the site is loaded). Pollux makes the tensors `in_i` (from `params` and `inputs`) and `out_i`
//! (from `outputs`); the author writes, in this order:
//!
//! 1. helpers that the initial values need: `k { 3 * area }`;
//! 2. the states with their initial values: `u_i { h = 2.0, temp = t_room }`;
//! 3. helpers, one scalar each, of what stands above them: `head { k * pow(speed / 50, 2) }`;
//! 4. the states' rates **per second**, in the order of the states: `F_i { (inflow - outflow) / area, … }`;
//! 5. helpers that only outputs need.
//!
//! A block without states (plain algebra) leaves `u_i` and `F_i` out. An output is the name of a state, a helper, a
//! parameter or an input.
//!
//! ```ron
//! physics: (
//!     equations: r"
//!         u_i { h = level_start, wear = 0.0 }
//!         outflow { valve * cv * h / sqrt(h + 0.01) }       // m³/s; Torricelli, smooth at zero
//!         F_i { (inflow - outflow) / area, 1e-9 * outflow }
//!         volume { h * area }
//!     ",
//!     params: {
//!         "area": (value: 120.0, unit: "m²"),
//!         "cv": (value: 0.04),
//!         "level_start": (value: 3.0, unit: "m", truly: 3.1),
//!     },
//!     inputs: { "inflow": Sum(["pumping.p1/flow", "pumping.p2/flow"]), "valve": Set(1.0) },
//!     outputs: { "h": "m", "outflow": "m³/s", "volume": "m³" },
//! )
//! ```
//!
//! - **Numbers** are `1`, `1.5`, `2.5e-3`; not `.5`, not `1E3`. **Operators** are `+ - * /`; there is no `^`, no
//!   comparison and no `if`. **Time** is `t`, plant time in seconds. Comments are `// …` and `/* … */`.
//! - **Functions**: `pow(x, y)`, `min(a, b)`, `max(a, b)`, `abs`, `sqrt`, `exp`, `log` (natural), `log10`, `sin`, `cos`,
//!   `tan`, `sinh`, `cosh`, `tanh`, `arcsinh`, `arccosh`, `sigmoid`, `heaviside` (1 from zero on), `copysign(size, sign)`,
//!   `piecewise(c1, v1, c2, v2, …, otherwise)` (the first condition that is **≥ 0** decides; all values are computed),
//!   and `interp1d(x_i, y_i, q)` over two constant tables `x_i { 0, 1, 2 }`, `y_i { 0, 10, 25 }`.
//! - **Names** are letters, digits and underscores. A name is defined once. Taken are `t`, `u`, `F`, `M`, `N`, `in`,
//!   `out`, `stop`, `reset`, `dudt` and the functions; a name that ends in `_i` or `_j` is a table's.
//! - Guard what can leave its domain: `sqrt(max(0, x))`; for a flow that turns round `dp / sqrt(abs(dp) + 0.01)`.
//!
//! # How blocks are stepped
//!
//! As in co-simulation, after Jacobi: [`Plant::step`] cuts the time into communication steps of at most
//! [`COMMUNICATION_SECS`]. In each one, first **all** inputs are taken from the outputs of the step before; then every
//! block is integrated alone with its inputs held; then all outputs are computed. So the order of the twins in the file
//! changes nothing, and a signal takes one communication step from block to block. Two blocks that answer each other at
//! once (a pump's flow and the pipe's pressure) therefore need a state with a time constant of about a second between
//! them, such as the water's inertia.
//!
//! Within a communication step a block takes one explicit step (Bogacki and Shampine, order 3) where its estimated error
//! allows, which is nearly always. Else it is integrated by TR-BDF2 (an L-stable one-step method with error control; M.
//! E. Hosea, L. F. Shampine, *Analysis and implementation of TR-BDF2*, 1996), so that stiff blocks are as welcome as
//! slow ones. A block that cannot be integrated holds its last state, is reported by [`Plant::faults`], and is tried
//! again.

mod block;
mod check;
mod curve;
mod error;
mod explicit;
mod names;
mod plant;
mod said;
mod source;
#[cfg(test)]
mod tests;

pub use check::check;
pub(crate) use check::findings;
pub use error::{InputError, PhysicsError};
pub(crate) use plant::absolute;
pub use plant::{COMMUNICATION_SECS, Fault, InputId, OutputId, Plant, Truth};
