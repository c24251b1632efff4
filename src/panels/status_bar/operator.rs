//! Who may command, what awaits a second person, and whether there is a gate.

use super::super::actions::Action;
use super::super::layout::Pane;
use super::super::{icons, theme};
use super::segment::Segment;

/// Who may command, and whether there is a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct OperatorLine {
    /// `Ada · engineer`, or that nobody is signed in.
    pub text: String,
    /// Somebody is signed in and not locked.
    pub ready: bool,
    /// An account of the demo.
    pub demo: bool,
    /// Why nothing can be sent though somebody is. `None`: it can.
    pub no_gate: Option<String>,
    /// Requests that await a second person.
    pub n_pending: usize,
}

/// Who may command; what awaits a second person; that there is no gate.
pub(super) fn segments(operator: &OperatorLine) -> Vec<Segment> {
    let mut out = Vec::new();
    if operator.n_pending > 0 {
        let count = operator.n_pending;
        out.push(Segment {
            rank: 0,
            text: format!("{count} to approve"),
            color: theme::WARNING,
            hint: "Requests that await a second person. Click to see them.".to_owned(),
            icon: Some(icons::triangle),
            action: Some(Action::Show(Pane::Commands)),
            name: None,
        });
    }
    if let Some(why) = &operator.no_gate {
        out.push(Segment {
            rank: 1,
            text: "no gate".to_owned(),
            color: theme::WARNING,
            hint: why.clone(),
            icon: Some(icons::triangle),
            action: None,
            name: None,
        });
    }
    let demo = if operator.demo { " It is an account of the demo and worth nothing outside of it." } else { "" };
    let hint = match operator.ready {
        true => format!("Commands are asked for in this name.{demo} Click for others; Ctrl+Shift+L locks."),
        false => "Nothing can be commanded until somebody signs in. Click to.".to_owned(),
    };
    out.push(Segment {
        rank: 1,
        text: operator.text.clone(),
        color: if operator.ready { theme::TEXT } else { theme::WARNING },
        hint,
        icon: Some(if operator.ready { icons::person } else { icons::closed_lock }),
        action: Some(Action::AskSignIn),
        name: None,
    });
    out
}
