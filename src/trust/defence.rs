//! The defences, each by its name, so that a test can take one away and see the attack succeed that it stops.
//!
//! Only tests can: what is built for use has them all, always.

/// One thing that stops an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Defence {
    /// Envelopes have a largest size.
    Size,
    /// A topic has a largest rate.
    Rate,
    /// A topic speaks for what is bound to it alone.
    Binding,
    /// What must be signed is refused without a signature.
    Required,
    /// The form of an envelope is checked: depth, double keys, one way to write it.
    Form,
    /// An envelope says what it holds.
    Type,
    /// Keys that nobody registered are refused.
    KnownKey,
    /// A key speaks for its own twin alone.
    OwnKey,
    /// A key has its time.
    KeyTime,
    /// A key can be revoked.
    Revocation,
    /// Signatures are checked.
    Signature,
    /// Signatures cover the topic.
    Topic,
    /// Each number is taken once.
    Replay,
    /// The boot counter never goes back.
    Epoch,
    /// Two envelopes of one number are told from one that came twice.
    Fork,
    /// What is stamped ahead is refused.
    Future,
    /// What is stamped too long ago is refused.
    Age,
    /// Windows are kept over restarts.
    Memory,
    /// Each envelope names the one before it.
    Chain,
    /// What is refused uses up a limit of its own.
    Junk,
    /// A registry is signed by its authority.
    RegistrySignature,
    /// A registry's version never goes back.
    RegistryVersion,
}

/// Which defences are up: all, outside of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defences(u32);

impl Defences {
    /// All.
    pub const fn all() -> Self {
        Self(u32::MAX)
    }

    /// Whether one is up.
    pub const fn has(self, defence: Defence) -> bool {
        self.0 >> defence as u8 & 1 == 1
    }

    /// All but one.
    #[cfg(test)]
    pub(crate) const fn without(defence: Defence) -> Self {
        Self::all().and_without(defence)
    }

    /// And without one more.
    #[cfg(test)]
    pub(crate) const fn and_without(self, defence: Defence) -> Self {
        Self(self.0 & !(1 << defence as u8))
    }
}

impl Default for Defences {
    fn default() -> Self {
        Self::all()
    }
}
