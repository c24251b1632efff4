//! Who stands at the door: from the bytes of a request to a person and what is asked.

use std::time::Duration;

use coset::{CoseSign1, TaggedCborSerializable};

use crate::command::checks::{Check, What};
use crate::command::request::{Act, REQUEST_TYPE, Request};
use crate::command::wire::Topics;
use crate::signal::Timestamp;
use crate::trust::{self, Account, Accounts};

/// A request whose clock is so far ahead is not taken.
const AHEAD: Duration = Duration::from_secs(2);
/// No request is good for longer than this.
const LONGEST: Duration = Duration::from_secs(crate::command::request::EXPIRY_SECS);

/// What came of looking at a request's bytes.
pub(super) enum Opened<'a> {
    /// An account's.
    Signed(&'a Account, Request),
    /// An emergency stop that nobody signed, or nobody who is known.
    Stop(Request),
    /// Nothing that is taken; the request as it reads, where it can be read at all.
    Refused(Check),
}

/// Opens a request. The accounts of the demo are taken where `demo` says so.
pub(super) fn open<'a>(bytes: &[u8], topics: &Topics, accounts: &'a Accounts, demo: bool) -> Opened<'a> {
    let find = |id| accounts.by_key(id).map(|it| it.key);
    let refused = |saw: String| Opened::Refused(Check::bad(What::Signature, saw, "sealed by a known person"));
    let opened = match trust::open(bytes, REQUEST_TYPE, &topics.request, find) {
        Ok(opened) => opened,
        Err(error) => return unsealed_stop(bytes).map_or_else(|| refused(error.to_string()), Opened::Stop),
    };
    let request = match Request::from_bytes(&opened.payload) {
        Ok(request) => request,
        Err(error) => return refused(error.to_string()),
    };
    let is_stop = matches!(request.act, Act::Stop { .. });
    match accounts.by_key(opened.key) {
        Some(account) if !account.disabled && (demo || !account.demo) => Opened::Signed(account, request),
        _ if is_stop => Opened::Stop(request),
        Some(account) if account.disabled => refused(format!("the account {} is disabled", account.id)),
        Some(account) => {
            refused(format!("the account {} is of the demo, and this gate takes none of them", account.id))
        }
        None => refused(format!("the key {} is not known here", opened.key)),
    }
}

/// An emergency stop goes through whoever sealed it, and unsealed.
fn unsealed_stop(bytes: &[u8]) -> Option<Request> {
    if bytes.len() > trust::MAX_ENVELOPE_BYTES {
        return None;
    }
    let inside = || Request::from_bytes(&CoseSign1::from_tagged_slice(bytes).ok()?.payload?).ok();
    let request = Request::from_bytes(bytes).ok().or_else(inside)?;
    matches!(request.act, Act::Stop { .. }).then_some(request)
}

/// Whether a request came in its time. A gate that has begun after it was made cannot know whether it was heard before.
pub(super) fn in_time(request: &Request, began: Timestamp, now: Timestamp) -> Check {
    let (from, to) = (request.not_before, request.expires);
    let limit = "within its time";
    if from > now + AHEAD {
        return Check::bad(What::Time, format!("good only in {:.1} s", from.secs_since(now)), limit);
    }
    if to < now {
        return Check::bad(What::Time, format!("expired {:.1} s ago", now.secs_since(to)), limit);
    }
    if to < from || to.since(from) > LONGEST {
        return Check::bad(What::Time, format!("good for {:.1} s", to.secs_since(from)), "at most 10 s");
    }
    if from < began {
        return Check::bad(What::Time, "made before the gate began", "made while the gate is there");
    }
    Check::good(What::Time, format!("{:.1} s left", to.secs_since(now)), limit)
}
