//! Whole plants: what they compute, and what becomes of broken ones.

use std::sync::Arc;

use crate::site::doc::{InputDoc, ParamDoc, PhysicsDoc};

use super::*;

fn plant(blocks: &[(&str, PhysicsDoc)], truth: Truth) -> Result<Plant, Vec<PhysicsError>> {
    let twins: Vec<Arc<str>> = blocks.iter().map(|it| it.0.into()).collect();
    Plant::couple(&twins.iter().zip(blocks).map(|(twin, block)| (twin, &block.1)).collect::<Vec<_>>(), truth)
}

fn block(equations: &str, params: &[(&str, f64)], inputs: &[(&str, InputDoc)], outputs: &[&str]) -> PhysicsDoc {
    let param = |it: &(&str, f64)| (it.0.to_owned(), ParamDoc { value: it.1, unit: String::new(), truly: None });
    PhysicsDoc {
        equations: equations.to_owned(),
        params: params.iter().map(param).collect(),
        inputs: inputs.iter().map(|it| (it.0.to_owned(), it.1.clone())).collect(),
        outputs: outputs.iter().map(|it| ((*it).to_owned(), String::new())).collect(),
    }
}

#[track_caller]
fn check(plant: &Plant, address: &str, want: f64) {
    let got = plant.output(address).unwrap();
    assert!((got - want).abs() <= 1e-3 * want.abs().max(1e-3), "{address} is {got}, not {want}");
}

#[track_caller]
fn errors(blocks: &[(&str, PhysicsDoc)]) -> Vec<String> {
    let errors = plant(blocks, Truth::Believed).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_first_order_lag_follows_its_known_curve() {
    let lag = block(
        "u_i { x = start }\nF_i { (target - x) / tau }",
        &[("tau", 2.0), ("start", 1.0)],
        &[("target", InputDoc::Set(5.0))],
        &["x"],
    );
    let mut plant = plant(&[("lag", lag)], Truth::Believed).unwrap();
    check(&plant, "lag/x", 1.0);
    plant.step(2.0, 0.0);
    check(&plant, "lag/x", 5.0 - 4.0 * (-1.0_f64).exp());
    plant.set_input("lag/target", 0.0).unwrap();
    plant.step(200.0, 0.0);
    assert!(plant.output("lag/x").unwrap().abs() < 1e-3);
    assert!((plant.time() - 202.0).abs() < 1e-6);
}

#[test]
fn stiff_equations_are_stepped_as_well_as_slow_ones() {
    let stiff =
        block("u_i { fast = 0, slow = 1 }\nF_i { 1e5 * (slow - fast), -slow / 1000 }", &[], &[], &["fast", "slow"]);
    let mut plant = plant(&[("stiff", stiff)], Truth::Believed).unwrap();
    plant.step(100.0, 0.0);
    check(&plant, "stiff/slow", (-0.1_f64).exp());
    check(&plant, "stiff/fast", (-0.1_f64).exp());
    assert_eq!(plant.faults().count(), 0);
}

#[test]
fn two_tanks_hand_over_what_they_hold_in_either_order() {
    let upper = block("u_i { v = 10 }\nout_flow { k * v }\nF_i { -out_flow }", &[("k", 0.01)], &[], &["v", "out_flow"]);
    let lower = block(
        "u_i { v = 0 }\nF_i { inflow }",
        &[],
        &[("inflow", InputDoc::Sum(vec!["upper/out_flow".to_owned()]))],
        &["v"],
    );
    let run = |blocks: &[(&str, PhysicsDoc)]| {
        let mut plant = plant(blocks, Truth::Believed).unwrap();
        for _ in 0..100 {
            plant.step(1.0, 0.0);
        }
        (plant.output("upper/v").unwrap(), plant.output("lower/v").unwrap())
    };
    let (first, second) = (("upper", upper), ("lower", lower));
    let (up, low) = run(&[first.clone(), second.clone()]);
    assert_eq!((up, low), run(&[second, first]));
    assert!((up - 10.0 * (-1.0_f64).exp()).abs() < 1e-3);
    // Held inputs lag by half a communication step, no more.
    assert!((up + low - 10.0).abs() < 0.01, "{up} + {low}");
}

#[test]
fn algebra_that_runs_through_several_blocks_has_settled_before_the_first_step() {
    let hour = block("h { hour }", &[], &[("hour", InputDoc::HourOfDay)], &["h"]);
    let curve = block("d { demand }", &[], &[("demand", InputDoc::Daily(vec![(0.0, 10.0), (12.0, 30.0)]))], &["d"]);
    let sum = block(
        "s { a + b }",
        &[],
        &[("a", InputDoc::From("hour/h".to_owned())), ("b", InputDoc::From("curve/d".to_owned()))],
        &["s"],
    );
    let start = block("u_i { x = s }\nF_i { 0 }", &[], &[("s", InputDoc::From("sum/s".to_owned()))], &["x"]);
    let mut plant =
        plant(&[("start", start), ("sum", sum), ("hour", hour), ("curve", curve)], Truth::Believed).unwrap();
    check(&plant, "start/x", 42.0);
    plant.step(0.05, 6.0);
    check(&plant, "start/x", 26.0);
    check(&plant, "sum/s", 26.0);
}

#[test]
fn the_field_knows_the_truth_and_the_twin_does_not() {
    let mut doc = block("y { k }", &[("k", 1.0)], &[], &["y"]);
    doc.params.get_mut("k").unwrap().truly = Some(1.5);
    let believed = plant(&[("b", doc.clone())], Truth::Believed).unwrap();
    let mut field = plant(&[("b", doc)], Truth::Field).unwrap();
    assert_eq!((believed.output("b/y"), field.output("b/y")), (Some(1.0), Some(1.5)));
    field.set_param("b/k", 2.0).unwrap();
    field.step(0.05, 0.0);
    assert_eq!(field.output("b/y"), Some(2.0));
}

#[test]
fn a_block_that_fails_holds_its_last_state_and_the_others_go_on() {
    // Blows up in finite time: x = 1 / (1 - t).
    let bad = block("u_i { x = 1 }\nF_i { push * x * x }", &[], &[("push", InputDoc::Set(1.0))], &["x"]);
    let root = block("r { sqrt(x) }", &[], &[("x", InputDoc::Set(4.0))], &["r"]);
    let good = block("u_i { x = 0 }\nF_i { 1 }", &[], &[], &["x"]);
    let mut plant = plant(&[("bad", bad), ("root", root), ("good", good)], Truth::Believed).unwrap();
    plant.set_input("root/x", -1.0).unwrap();
    plant.step(3.0, 0.0);
    check(&plant, "good/x", 3.0);
    check(&plant, "root/r", 2.0);
    assert!(plant.output("bad/x").unwrap().is_finite());
    assert_eq!(plant.faults().map(|it| it.twin).collect::<Vec<_>>(), ["bad", "root"]);
    plant.set_input("bad/push", -1.0).unwrap();
    plant.set_input("root/x", 9.0).unwrap();
    plant.step(3.0, 0.0);
    check(&plant, "root/r", 3.0);
    assert_eq!(plant.faults().count(), 0);
}

#[test]
fn only_what_is_for_setting_can_be_set() {
    let doc = block("y { h + s }", &[], &[("h", InputDoc::HourOfDay), ("s", InputDoc::Set(1.0))], &["y"]);
    let mut plant = plant(&[("b", doc)], Truth::Believed).unwrap();
    assert_eq!(plant.set_input("b/s", 2.0), Ok(()));
    assert!(matches!(plant.set_input("b/h", 2.0), Err(InputError::NotSettable(_))));
    assert!(matches!(plant.set_input("b/x", 2.0), Err(InputError::Unknown(_))));
    assert!(matches!(plant.set_input("b/s", f64::NAN), Err(InputError::NotANumber(_))));
}

#[test]
fn everything_wrong_with_a_plant_is_told_at_once_and_by_name() {
    let typo = block("\nu_i { x = 1 }\nF_i { -rate_k * x }", &[("rate", 1.0)], &[], &["x"]);
    let function = block("y { mod(x, 2) }", &[], &[("x", InputDoc::Set(1.0))], &["y"]);
    let reference = block("y { x }", &[], &[("x", InputDoc::From("typo/z".to_owned()))], &["y"]);
    let curve = block("y { x }", &[], &[("x", InputDoc::Daily(Vec::new()))], &["y"]);
    let found = errors(&[("typo", typo), ("function", function), ("reference", reference), ("curve", curve)]);
    assert_eq!(
        found,
        [
            "the equations of `typo` do not compile: cannot find variable rate_k",
            "the equations of `function` do not compile: unknown function call 'mod'",
            "the input \"x\" of `reference` comes from \"typo/z\", which is no block's output (`typo` has x)",
            "the daily curve of the input \"x\" of `curve` needs at least one point, and rising hours from 0 to 24",
        ]
    );
    let start = block("u_i { x = log(k) }\nF_i { 0 }", &[("k", -1.0)], &[], &["x"]);
    assert!(errors(&[("start", start)])[0].starts_with("an initial value of `start` is no finite number"));
}

#[test]
fn texts_that_are_no_equations_never_panic() {
    for text in [
        "",
        "}",
        "u_i {",
        "F_i { 1 }",
        "u_i { x = 1 }",
        "u_i { x } F_i { x }",
        "x_i { 0 } x_i { 1 }",
        "in { a = 1 }",
        "é { 1 }",
        "a { a }",
        "M_i { 1 }",
        "u_i { x = 1 } F_i { 1 } out { 2 }",
        "a_ij { 1, 2 } b { a_ij }",
    ] {
        for outputs in [&[][..], &["x"]] {
            drop(errors(&[("b", block(text, &[], &[], outputs))]));
        }
    }
}
