//! Who may do what at the embedded broker: deny by default.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use mqtt5::{Result, topic_matches_filter};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::front::Callers;
use super::login::Grant;

type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asked by the broker about each client and each topic.
pub(super) struct Guard {
    /// `None`: who is let in may do everything.
    grants: Option<Vec<Grant>>,
    /// Whose certificates were checked. `None`: passwords are.
    callers: Option<Arc<Callers>>,
}

impl Guard {
    /// Lets in who knows the password of a grant.
    pub(super) fn of_passwords(grants: Vec<Grant>) -> Self {
        Self { grants: Some(grants), callers: None }
    }

    /// Lets in whose certificate has the name of a grant's user, or everybody's where there are no grants. Names and
    /// passwords that a client gives count for nothing.
    pub(super) fn of_certificates(grants: Option<Vec<Grant>>, callers: Arc<Callers>) -> Self {
        Self { grants, callers: Some(callers) }
    }

    /// The user's name of one who asks to enter. `None`: it is not let in.
    fn enters(&self, user: &str, password: &[u8], from: SocketAddr) -> Option<String> {
        let Some(callers) = &self.callers else { return self.knows(user, password).then(|| user.to_owned()) };
        let name = callers.name(from)?;
        let granted = self.grants.as_ref().is_none_or(|it| it.iter().any(|it| it.login.user == name));
        if !granted {
            tracing::warn!("the broker does not let {name} in: nothing is granted to it");
        }
        granted.then_some(name)
    }

    fn knows(&self, user: &str, password: &[u8]) -> bool {
        // Digests are compared, so that the time it takes tells nothing of the password.
        let digest = |it: &[u8]| Sha256::digest(it);
        let given = digest(password);
        self.grants
            .iter()
            .flatten()
            .any(|it| it.login.user == user && digest(it.login.password.expose_secret().as_bytes()) == given)
    }

    fn allows(&self, user: Option<&str>, topic: &str, of: impl Fn(&Grant) -> &[String]) -> bool {
        let Some(grants) = &self.grants else { return true };
        let mine = grants.iter().filter(|it| Some(it.login.user.as_str()) == user);
        mine.flat_map(of).any(|filter| covers(filter, topic))
    }
}

/// Whether a filter covers a topic, or all that another filter does.
fn covers(filter: &str, wanted: &str) -> bool {
    if filter == wanted || filter == "#" {
        return true;
    }
    if !wanted.contains(['+', '#']) {
        return topic_matches_filter(wanted, filter);
    }
    let (mut have, mut want) = (filter.split('/'), wanted.split('/'));
    loop {
        match (have.next(), want.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(it)) if it != "#" => (),
            (Some(a), Some(b)) if a == b => (),
            _ => return false,
        }
    }
}

impl AuthProvider for Guard {
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, from: SocketAddr) -> Soon<'a, Result<AuthResult>> {
        let refused = || AuthResult::fail(ReasonCode::BadUsernameOrPassword);
        let user = connect.username.as_deref().unwrap_or_default();
        let entered = self.enters(user, connect.password.as_deref().unwrap_or_default(), from);
        Box::pin(ready(Ok(entered.map_or_else(refused, AuthResult::success_with_user))))
    }

    fn authorize_publish<'a>(&'a self, _: &str, user: Option<&'a str>, topic: &'a str) -> Soon<'a, bool> {
        let allowed = self.allows(user, topic, |it| &it.publish);
        if !allowed {
            tracing::warn!(
                "the broker refuses that {} publishes on {topic}",
                user.unwrap_or("somebody without a name")
            );
        }
        Box::pin(ready(allowed))
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, user: Option<&'a str>, filter: &'a str) -> Soon<'a, bool> {
        Box::pin(ready(self.allows(user, filter, |it| &it.subscribe)))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::Login;
    use super::*;

    #[test]
    fn who_was_not_handed_on_with_a_certificate_is_nobody() {
        let grant = Grant { login: Login::random("desk"), publish: Vec::new(), subscribe: Vec::new() };
        let password = grant.login.password.expose_secret().as_bytes().to_vec();
        let from = (Ipv4Addr::LOCALHOST, 4000).into();
        for grants in [Some(vec![grant]), None] {
            let guard = Guard::of_certificates(grants, Arc::default());
            assert_eq!(guard.enters("desk", &password, from), None);
        }
    }

    #[test]
    fn a_filter_covers_what_lies_within_it() {
        let check =
            |filter: &str, wanted: &str, want: bool| assert_eq!(covers(filter, wanted), want, "{filter} {wanted}");
        check("a/b", "a/b", true);
        check("a/b", "a/c", false);
        check("a/+", "a/c", true);
        check("a/+", "a/c/d", false);
        check("a/#", "a/c/d", true);
        check("a/#", "a/+/d", true);
        check("a/#", "#", false);
        check("a/+", "a/#", false);
        check("a/+", "a/+", true);
        check("+/b", "a/+", false);
        check("#", "a/#", true);
    }
}
