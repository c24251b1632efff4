//! Who may do what at the embedded broker: deny by default.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::{Result, topic_matches_filter};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::login::Grant;

type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asked by the broker about each client and each topic.
pub(super) struct Guard {
    grants: Vec<Grant>,
}

impl Guard {
    pub(super) fn new(grants: Vec<Grant>) -> Self {
        Self { grants }
    }

    fn knows(&self, user: &str, password: &[u8]) -> bool {
        // Digests are compared, so that the time it takes tells nothing of the password.
        let digest = |it: &[u8]| Sha256::digest(it);
        let given = digest(password);
        self.grants
            .iter()
            .any(|it| it.login.user == user && digest(it.login.password.expose_secret().as_bytes()) == given)
    }

    fn allows(&self, user: Option<&str>, topic: &str, of: impl Fn(&Grant) -> &[String]) -> bool {
        let mine = self.grants.iter().filter(|it| Some(it.login.user.as_str()) == user);
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
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, _: SocketAddr) -> Soon<'a, Result<AuthResult>> {
        let user = connect.username.clone().unwrap_or_default();
        let known = self.knows(&user, connect.password.as_deref().unwrap_or_default());
        let refused = mqtt5::protocol::v5::reason_codes::ReasonCode::BadUsernameOrPassword;
        Box::pin(ready(Ok(if known { AuthResult::success_with_user(user) } else { AuthResult::fail(refused) })))
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
    use super::*;

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
