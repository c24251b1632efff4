//! Who sits here: signing in, locking, and the passphrase that is given again for what reaches far.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use secrecy::SecretString;

use super::checks::Who;
use crate::link;
use crate::session::{Session, Waker};
use crate::signal::Timestamp;
use crate::site::doc::Role;
use crate::trust::{Account, Accounts, DEMO_PASSPHRASE, SecretKey, Standing};

/// A desk that nobody has touched for so long is locked.
pub const LOCK_AFTER: Duration = Duration::from_secs(600);

/// A request to sign in; it takes some ten milliseconds.
#[derive(Message, Debug, Clone)]
pub struct SignIn {
    /// The account's id.
    pub account: String,
    /// Its passphrase.
    pub passphrase: SecretString,
}

/// A request to sign out.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignOut;

/// A request to lock the desk: the same person unlocks it by signing in.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock;

/// A person has touched a key or the mouse.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched;

/// Who sits here. Written by this folder alone.
#[derive(Resource, Debug)]
pub struct Operator {
    accounts: Accounts,
    account: Option<Account>,
    /// `None`: the desk is locked, or nobody is signed in.
    key: Option<Key>,
    problem: Option<String>,
    touched: Timestamp,
    is_signing_in: bool,
}

/// A key in use. It does not print.
#[derive(Clone)]
pub(super) struct Key(pub(super) Arc<SecretKey>);

/// Keys that are being derived, each on a thread of its own; what they are for waits beside them.
#[derive(Resource, Default)]
pub(super) struct Unlocking(VecDeque<Job>);

struct Job {
    account: Account,
    purpose: Purpose,
    outcome: Receiver<Result<SecretKey, String>>,
}

/// What a key is derived for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Purpose {
    /// Its owner sits down.
    SignIn,
    /// A command is asked for: the row's correlation.
    Ask(String),
    /// A command is approved: the row's correlation.
    Approve(String),
}

/// A passphrase was right, or why not.
#[derive(Message, Clone)]
pub(super) struct Unlocked {
    pub(super) account: Account,
    pub(super) purpose: Purpose,
    pub(super) outcome: Result<Key, String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Default for Operator {
    fn default() -> Self {
        Self::of(Accounts::default())
    }
}

impl Operator {
    /// Nobody yet, of these accounts.
    pub fn of(accounts: Accounts) -> Self {
        Self { accounts, account: None, key: None, problem: None, touched: link::now(), is_signing_in: false }
    }

    /// The accounts of the demo, with an account signed in: whoever starts the demo needs no dialog.
    pub fn demo(account: &str) -> Self {
        let mut operator = Self::of(Accounts::demo());
        let found = operator.accounts.by_id(account).cloned();
        match found.as_ref().map(|it| it.unlock(&DEMO_PASSPHRASE.into())) {
            Some(Ok(key)) => operator.sit_down(found, Key(Arc::new(key))),
            Some(Err(error)) => operator.problem = Some(error.to_string()),
            None => operator.problem = Some(format!("there is no account {account:?}")),
        }
        operator
    }

    /// All who may sign in here.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Who is signed in, be the desk locked or not.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// As what. `None`: nobody is signed in.
    pub fn role(&self) -> Option<Role> {
        self.account.as_ref().map(|it| it.role)
    }

    /// How far the person has shown who it is.
    pub fn standing(&self) -> Standing {
        if self.key.is_some() { Standing::SignedIn } else { Standing::Locked }
    }

    /// Who asks, for the checks; `reentered` where the passphrase is given for the very command. `None`: nobody can.
    pub fn who(&self, reentered: bool) -> Option<Who> {
        let standing = if reentered && self.key.is_some() { Standing::Reentered } else { self.standing() };
        self.role().map(|role| Who { role, standing })
    }

    /// Somebody is signed in, and the desk is locked.
    pub fn is_locked(&self) -> bool {
        self.account.is_some() && self.key.is_none()
    }

    /// Everybody knows the passphrase of who is signed in.
    pub fn is_demo(&self) -> bool {
        self.account.as_ref().is_some_and(|it| it.demo)
    }

    /// A passphrase is being looked at.
    pub fn is_signing_in(&self) -> bool {
        self.is_signing_in
    }

    /// Why the last signing in came to nothing, for a person.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    fn sit_down(&mut self, account: Option<Account>, key: Key) {
        self.account = account;
        self.key = Some(key);
        self.problem = None;
        self.touched = link::now();
    }
}

impl Unlocking {
    /// Begins to derive a key. What comes of it is told by [`Unlocked`].
    pub(super) fn begin(&mut self, account: &Account, purpose: Purpose, passphrase: SecretString, waker: &Waker) {
        let (done, outcome) = bounded(1);
        let (who, waker) = (account.clone(), waker.clone());
        let work = move || {
            let unlocked = who.unlock(&passphrase).map_err(|error| error.to_string());
            // Whoever asked may be gone.
            drop(done.send(unlocked));
            waker.wake();
        };
        // A thread that the system did not give has dropped its end, which is told as such.
        if let Err(error) = thread::Builder::new().name("pollux-unlock".to_owned()).spawn(work) {
            tracing::error!("the system gave no thread to derive a key: {error}");
        }
        self.0.push_back(Job { account: account.clone(), purpose, outcome });
    }
}

/// Signs in and out, and locks.
pub(super) fn take_requests(
    session: Res<Session>,
    mut sign_ins: MessageReader<SignIn>,
    mut sign_outs: MessageReader<SignOut>,
    mut locks: MessageReader<Lock>,
    mut touches: MessageReader<Touched>,
    mut unlocking: ResMut<Unlocking>,
    mut operator: ResMut<Operator>,
) {
    let now = link::now();
    // Looked at before the touch: whoever comes back to a desk that was left finds it locked.
    let left = operator.key.is_some() && now.since(operator.touched) >= LOCK_AFTER;
    if left || locks.read().count() > 0 {
        operator.key = None;
    }
    if touches.read().count() > 0 {
        operator.bypass_change_detection().touched = now;
    }
    if sign_outs.read().count() > 0 {
        operator.key = None;
        operator.account = None;
    }
    for SignIn { account, passphrase } in sign_ins.read() {
        match operator.accounts.by_id(account).cloned() {
            Some(account) => {
                operator.is_signing_in = true;
                unlocking.begin(&account, Purpose::SignIn, passphrase.clone(), &session.waker);
            }
            None => operator.problem = Some(format!("there is no account {account:?} here")),
        }
    }
}

/// What has been derived is handed on.
pub(super) fn finish_unlocking(
    mut unlocking: ResMut<Unlocking>,
    mut operator: ResMut<Operator>,
    mut unlocked: MessageWriter<Unlocked>,
) {
    let mut waiting = VecDeque::new();
    for job in unlocking.bypass_change_detection().0.drain(..) {
        let outcome = match job.outcome.try_recv() {
            Err(TryRecvError::Empty) => {
                waiting.push_back(job);
                continue;
            }
            Err(TryRecvError::Disconnected) => Err("the system gave no thread to derive the key".to_owned()),
            Ok(outcome) => outcome.map(|it| Key(Arc::new(it))),
        };
        if job.purpose != Purpose::SignIn {
            unlocked.write(Unlocked { account: job.account, purpose: job.purpose, outcome });
            continue;
        }
        operator.is_signing_in = false;
        match outcome {
            Ok(key) => operator.sit_down(Some(job.account), key),
            Err(why) => operator.problem = Some(why),
        }
    }
    unlocking.bypass_change_detection().0 = waiting;
}
