//! Conditions in CEL, the Common Expression Language: read once with the site, looked at often.
//!
//! A condition speaks of signals by their addresses: `signal("./speed")` is the value, `rate("./level", 60)` its change a
//! second over the last 60 s, `age("./speed")` the seconds since it came. `desired` is what a command asks for. Whole
//! numbers are taken as numbers like any other, so `2` and `2.0` are the same.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};
use cel::common::types::CelDouble;
use cel::{Context, Env, IdedExpr};

use super::doc::ValueKind;
use super::model::Site;
use super::near::did_you_mean;
use super::refer::Unknown;
use crate::signal::{SignalId, Value};

/// The name of what a command asks for.
const DESIRED: &str = "desired";
/// What conditions call for signals.
const FUNCTIONS: [&str; 3] = ["signal", "rate", "age"];
/// The longest condition, bytes: what is longer nobody oversees, and its depth would be a thread's undoing.
const MAX_TEXT: usize = 1000;
/// A rate is taken over at least and at most so many seconds.
const RATE_SECS: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;

/// A condition over signals. It can be looked at from any thread.
#[derive(Clone)]
pub struct Condition {
    /// As it is written.
    pub text: Arc<str>,
    /// What it looks at, each once.
    pub inputs: Arc<[Input]>,
    expression: Arc<IdedExpr>,
}

/// Something that a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input {
    /// The value of a signal.
    Value(SignalId),
    /// Its change a second, taken over some seconds.
    Rate {
        /// Of which signal.
        signal: SignalId,
        /// Over how long.
        secs: f64,
    },
    /// Seconds since its newest good value came.
    Age(SignalId),
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// It cannot be known: these inputs have no value that can be believed. Positions in [`Condition::inputs`].
    Unknown(Vec<usize>),
    /// It cannot be worked out, such as a division by zero.
    Fault(String),
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit {
    /// What is wrong.
    pub(super) message: String,
    /// What should stand there.
    pub(super) expected: Option<String>,
    /// How to mend it.
    pub(super) hint: Option<String>,
}

impl Input {
    /// Of which signal.
    pub fn signal(self) -> SignalId {
        match self {
            Self::Value(signal) | Self::Age(signal) | Self::Rate { signal, .. } => signal,
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.text).finish()
    }
}

/// Two that are written alike over the same signals are the same.
impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.inputs == other.inputs
    }
}

impl Condition {
    /// Looks at all inputs and says whether it holds. `look` gives `None` for what cannot be believed; one such input is
    /// enough for [`Held::Unknown`], whatever the others are.
    pub fn look(&self, desired: Option<&Value>, mut look: impl FnMut(Input) -> Option<Value>) -> Held {
        let mut context = Context::with_env(environment());
        let mut unknown = Vec::new();
        for (i, input) in self.inputs.iter().enumerate() {
            match look(*input) {
                Some(value) => context.add_variable_from_value(variable(i), in_cel(&value)),
                None => unknown.push(i),
            }
        }
        if !unknown.is_empty() {
            return Held::Unknown(unknown);
        }
        if let Some(desired) = desired {
            context.add_variable_from_value(DESIRED, in_cel(desired));
        }
        match cel::Value::resolve(&self.expression, &context) {
            Ok(cel::Value::Bool(true)) => Held::Yes,
            Ok(cel::Value::Bool(false)) => Held::No,
            Ok(other) => Held::Fault(format!("it gives {other:?}, which is neither true nor false")),
            Err(error) => Held::Fault(error.to_string()),
        }
    }

    /// Reads a condition whose signals are named by their whole addresses, outside of the site's file. The error is a
    /// sentence for a person.
    pub fn over(site: &Site, text: &str) -> Result<Self, String> {
        let resolve = |address: &str| match site.signal_at(address) {
            Some(signal) => Ok((signal.id, signal.is)),
            None => Err(Unfit {
                message: format!("there is no signal {address:?}"),
                expected: None,
                hint: did_you_mean(address, site.signals.iter().map(|it| &*it.address)),
            }),
        };
        Self::read(text, None, resolve).map_err(|Unfit { message, expected, hint }| {
            let more = [expected.map(|it| format!("expected {it}")), hint].into_iter().flatten().collect::<Vec<_>>();
            if more.is_empty() { message } else { format!("{message} ({})", more.join("; ")) }
        })
    }

    /// Reads a condition. `resolve` finds a signal's number and kind by its address; `takes_desired` says what kind of
    /// value `desired` is, where there is one.
    pub(super) fn read(
        text: &str,
        takes_desired: Option<ValueKind>,
        mut resolve: impl FnMut(&str) -> Result<(SignalId, ValueKind), Unfit>,
    ) -> Result<Self, Unfit> {
        if text.len() > MAX_TEXT {
            let message = format!("this condition is too long: {} bytes", text.len());
            return Err(Unfit::of(message, "at most 1000 bytes; split it into several"));
        }
        let mut expression = environment().parser().parse(text).map_err(|errors| Unfit::syntax(text, &errors))?;
        let mut inputs: Vec<(Input, ValueKind)> = Vec::new();
        take_inputs(&mut expression, &mut inputs, &mut resolve)?;
        let names: HashSet<String> = expression.references().variables().into_iter().map(str::to_owned).collect();
        let known = |it: &str| is_variable(it) || it == "math" || (it == DESIRED && takes_desired.is_some());
        if let Some(name) = names.iter().find(|it| !known(it)) {
            let hint = match name.as_str() {
                DESIRED => None,
                _ => Some(format!("a signal of this twin is written signal(\"./{name}\")")),
            };
            let message = match name.as_str() {
                DESIRED => "only a command has a `desired` value".to_owned(),
                _ => format!("{name:?} is no name that a condition knows"),
            };
            return Err(Unfit { message, expected: None, hint });
        }
        let kinds: Vec<ValueKind> = inputs.iter().map(|it| it.1).collect();
        let inputs = inputs.into_iter().map(|it| it.0).collect();
        let read = Self { text: text.into(), inputs, expression: Arc::new(expression) };
        read.tried(&kinds, takes_desired)
    }

    /// Looks at it with one value of each kind, so that what can never be worked out is told with the site.
    fn tried(self, kinds: &[ValueKind], desired: Option<ValueKind>) -> Result<Self, Unfit> {
        let sample = |kind: ValueKind| match kind {
            ValueKind::Number => Value::Number(1.5),
            ValueKind::Flag => Value::Flag(true),
            ValueKind::Text => Value::Text("".into()),
        };
        let mut next = kinds.iter();
        let desired = desired.map(sample);
        match self.look(desired.as_ref(), |_| next.next().map(|it| sample(*it))) {
            Held::Fault(why) => Err(Unfit {
                message: format!("this condition cannot be worked out: {why}"),
                expected: Some("true or false, such as signal(\"./level\") < 3.9".to_owned()),
                hint: did_you_mean_function(&why),
            }),
            Held::Yes | Held::No | Held::Unknown(_) => Ok(self),
        }
    }
}

impl From<Unknown> for Unfit {
    fn from(Unknown { message, expected, hint }: Unknown) -> Self {
        Self { message, expected, hint }
    }
}

impl Unfit {
    fn syntax(text: &str, errors: &cel::ParseErrors) -> Self {
        let first = errors.errors.first();
        let (said, column) = first.map_or(("it cannot be read".to_owned(), 0), |it| (it.msg.clone(), it.pos.1));
        let place = if column > 1 { format!(" at character {column} of {text:?}") } else { String::new() };
        Self {
            message: format!("this is no condition in CEL: {said}{place}"),
            expected: Some("CEL, such as signal(\"./level\") > 3.9 && signal(\"./running\")".to_owned()),
            hint: None,
        }
    }

    fn of(message: String, expected: &str) -> Self {
        Self { message, expected: Some(expected.to_owned()), hint: None }
    }
}

/// Puts a variable in the place of each call for a signal, and makes whole numbers like any other.
fn take_inputs(
    at: &mut IdedExpr,
    inputs: &mut Vec<(Input, ValueKind)>,
    resolve: &mut impl FnMut(&str) -> Result<(SignalId, ValueKind), Unfit>,
) -> Result<(), Unfit> {
    match &mut at.expr {
        Expr::Call(call) if call.target.is_none() && FUNCTIONS.contains(&call.func_name.as_str()) => {
            let (input, kind) = input_of(call, resolve)?;
            let known = inputs.iter().position(|it| it.0 == input);
            let i = known.unwrap_or_else(|| {
                inputs.push((input, kind));
                inputs.len() - 1
            });
            at.expr = Expr::Ident(variable(i));
        }
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                take_inputs(target, inputs, resolve)?;
            }
            for arg in &mut call.args {
                take_inputs(arg, inputs, resolve)?;
            }
        }
        Expr::Literal(literal) => {
            if let LiteralValue::Int(whole) = literal {
                *literal = LiteralValue::Double(CelDouble::from(*whole.inner() as f64));
            }
        }
        Expr::List(list) => {
            for element in &mut list.elements {
                take_inputs(element, inputs, resolve)?;
            }
        }
        Expr::Select(select) => take_inputs(&mut select.operand, inputs, resolve)?,
        // Lists within lists would take time and memory without end.
        Expr::Comprehension(_) => {
            let message = "a condition knows no loops over lists (all, exists, map, filter)".to_owned();
            return Err(Unfit::of(message, "each signal by its own name"));
        }
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    take_inputs(&mut entry.key, inputs, resolve)?;
                    take_inputs(&mut entry.value, inputs, resolve)?;
                }
            }
        }
        Expr::Ident(_) | Expr::Struct(_) | Expr::Unspecified => (),
    }
    Ok(())
}

fn input_of(
    call: &CallExpr,
    resolve: &mut impl FnMut(&str) -> Result<(SignalId, ValueKind), Unfit>,
) -> Result<(Input, ValueKind), Unfit> {
    let name = call.func_name.as_str();
    let how = if name == "rate" { "rate(\"./level\", 60)" } else { "signal(\"./level\")" };
    let mut args = call.args.iter().map(|it| &it.expr);
    let Some(Expr::Literal(LiteralValue::String(address))) = args.next() else {
        return Err(Unfit::of(format!("{name} needs a signal's address"), how));
    };
    let (signal, kind) = resolve(address.inner())?;
    let input = match (name, args.next(), args.next()) {
        ("signal", None, _) => return Ok((Input::Value(signal), kind)),
        ("age", None, _) => Input::Age(signal),
        ("rate", Some(Expr::Literal(literal)), None) => {
            let secs = match literal {
                LiteralValue::Double(secs) => *secs.inner(),
                LiteralValue::Int(secs) => *secs.inner() as f64,
                LiteralValue::UInt(secs) => *secs.inner() as f64,
                LiteralValue::Boolean(_) | LiteralValue::Bytes(_) | LiteralValue::Null | LiteralValue::String(_) => {
                    f64::NAN
                }
            };
            if !RATE_SECS.contains(&secs) {
                return Err(Unfit::of(format!("{name} needs seconds over which it is taken"), how));
            }
            if kind != ValueKind::Number {
                return Err(Unfit::of(format!("{:?} is no number and has no rate", address.inner()), "a Number"));
            }
            Input::Rate { signal, secs }
        }
        _ => return Err(Unfit::of(format!("{name} is given too much or too little"), how)),
    };
    Ok((input, ValueKind::Number))
}

fn did_you_mean_function(why: &str) -> Option<String> {
    let name = why.strip_prefix("Undeclared reference to '")?.split('\'').next()?;
    did_you_mean(name, FUNCTIONS)
}

/// The name of an input within the expression; no text that a person writes can be it.
fn variable(i: usize) -> String {
    format!("@{i}")
}

fn is_variable(name: &str) -> bool {
    name.starts_with('@')
}

fn in_cel(value: &Value) -> cel::Value {
    match value {
        Value::Number(number) => cel::Value::Float(*number),
        Value::Flag(on) => cel::Value::Bool(*on),
        Value::Text(text) => cel::Value::String(Arc::new(text.as_ref().to_owned())),
    }
}

/// The standard library and its mathematics, made once.
fn environment() -> Arc<Env> {
    static ENVIRONMENT: OnceLock<Arc<Env>> = OnceLock::new();
    let make = || {
        let mut env = Env::stdlib();
        if let Err(error) = env.add_extension(cel::extensions::math) {
            tracing::error!("conditions know no mathematics: {error}");
        }
        Arc::new(env)
    };
    Arc::clone(ENVIRONMENT.get_or_init(make))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(address: &str) -> Result<(SignalId, ValueKind), Unfit> {
        match address {
            "./level" => Ok((SignalId(0), ValueKind::Number)),
            "./running" => Ok((SignalId(1), ValueKind::Flag)),
            "./state" => Ok((SignalId(2), ValueKind::Text)),
            other => Err(Unfit::of(format!("no signal {other}"), "./level")),
        }
    }

    fn value(input: Input) -> Option<Value> {
        match input {
            Input::Value(SignalId(0)) => Some(3.0.into()),
            Input::Value(SignalId(1)) => Some(true.into()),
            Input::Value(_) => Some("open".into()),
            Input::Rate { secs, .. } => Some((-secs / 60.0).into()),
            Input::Age(_) => None,
        }
    }

    #[track_caller]
    fn check(text: &str, want: Held) {
        let condition = Condition::read(text, Some(ValueKind::Number), resolve).unwrap();
        assert_eq!(condition.look(Some(&Value::Number(10.0)), value), want, "{text}");
    }

    #[test]
    fn a_condition_looks_at_signals_and_is_known_only_if_they_are() {
        check("signal('./level') > 2", Held::Yes);
        check("signal('./level') * 2 < 6", Held::No);
        check("signal('./level') + 7 == desired && signal('./running')", Held::Yes);
        check("signal('./state') == 'open' || signal('./level') > 9", Held::Yes);
        check("signal('./state') in ['shut', 'open']", Held::Yes);
        check("rate('./level', 60) > -2", Held::Yes);
        check("math.abs(signal('./level') - desired) <= 7", Held::Yes);
        check("math.greatest(signal('./level'), 5) == 5", Held::Yes);
        check("age('./level') < 3 || true", Held::Unknown(vec![0]));
        assert!(matches!(
            Condition::read("1 / (signal('./level') - 3) > 0 ? true : false", None, resolve)
                .map(|it| it.look(None, value)),
            Ok(Held::No | Held::Yes | Held::Fault(_))
        ));
    }

    #[track_caller]
    fn refuse(text: &str, want: &str) {
        let unfit = Condition::read(text, None, resolve).expect_err(text);
        assert!(unfit.message.contains(want), "{text}: {unfit:?}");
    }

    #[test]
    fn what_is_no_condition_is_told_with_the_site() {
        refuse("signal('./level') >", "no condition in CEL");
        refuse("signal('./levle') > 2", "no signal ./levle");
        refuse("signal('./level')", "neither true nor false");
        refuse("signal('./level') == signal('./running') + 1", "cannot be worked out");
        refuse("level > 2", "no name");
        refuse("desired > 2", "only a command");
        refuse("rate('./level') > 2", "too much or too little");
        refuse("rate('./state', 60) > 2", "no rate");
        refuse("rate('./level', -1) > 2", "seconds");
        refuse("sgnal('./level') > 2", "cannot be worked out");
        refuse("[1, 2].all(x, x > 0)", "no loops");
        refuse(&format!("{}1 > 0", "1+".repeat(4000)), "too long");
        refuse(&format!("[1]{} > 0", "[0]".repeat(5000)), "too long");
    }

    #[test]
    fn a_signal_that_is_named_twice_is_looked_at_once() {
        let condition = Condition::read("signal('./level') > 1 && signal('./level') < 9", None, resolve).unwrap();
        assert_eq!(*condition.inputs, [Input::Value(SignalId(0))]);
    }
}
