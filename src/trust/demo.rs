//! The accounts of the demo, whose passphrase everybody knows. Only the demo's own gate takes them.

use super::accounts::{Account, Accounts};
use super::key::{PublicKey, Salt};
use crate::site::doc::Role;

/// The passphrase of all demo accounts.
pub const DEMO_PASSPHRASE: &str = "demo";

/// Ids, names, roles and public keys: deriving them at each start would cost a third of a second. The salt is the place
/// in this list.
const DEMO: [(&str, &str, Role, &str); 7] = [
    ("viewer", "Demo viewer", Role::Viewer, "ed25519:96c94fcfba9f50ad91a5306a013f75741d9122b71a81d5c3574c09f9be9d3b19"),
    (
        "operator",
        "Demo operator",
        Role::Operator,
        "ed25519:b9718e0d289dc25216d5ac28cc7597cfefdc16117d40607a2e249cf09d7b720d",
    ),
    (
        "engineer",
        "Demo engineer",
        Role::Engineer,
        "ed25519:03f9a6cff1fd63a17c8f093a1a9390494fff678e0f6d07b039fe5e94e9641021",
    ),
    (
        "supervisor",
        "Demo supervisor",
        Role::Supervisor,
        "ed25519:ecf9d67563e069be3b879a7f9e45f0536cbfadc30d95fcd42f0cdb7c1498049f",
    ),
    (
        "second_supervisor",
        "Second demo supervisor",
        Role::Supervisor,
        "ed25519:ad331a5385d69f1fc4d00d84079fe350dd871d95d706faf8743d2402a8004379",
    ),
    (
        "security",
        "Demo security officer",
        Role::Security,
        "ed25519:09bf8da9ae4312aa32e1f8ae1565cc40119730164216725c2e15e4ccb824e07c",
    ),
    (
        "auditor",
        "Demo auditor",
        Role::Auditor,
        "ed25519:0f512f479e366a56bc68e6c77a36c8f2d01055f991e1a2d24fa32b96b57bde4c",
    ),
];

impl Accounts {
    /// The accounts of the demo, each marked as such: one of every role, and a second supervisor to approve what the first
    /// one asks for. Their passphrase is [`DEMO_PASSPHRASE`].
    pub fn demo() -> Self {
        let mut accounts = Self::default();
        for (place, (id, name, role, key)) in DEMO.into_iter().enumerate() {
            let Ok(key) = key.parse::<PublicKey>() else { continue };
            let name = format!("{name} (demo)");
            let salt = salt(place);
            let account = Account { id: id.to_owned(), name, role, salt, key, demo: true, disabled: false };
            // They are what they are: a test sees that all of them are taken.
            if accounts.add(account).is_err() {
                continue;
            }
        }
        accounts
    }
}

fn salt(place: usize) -> Salt {
    let mut salt = *b"pollux demo     ";
    salt[15] = place as u8;
    salt.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::SecretKey;

    #[test]
    fn the_demo_accounts_open_with_the_passphrase_that_everybody_knows() {
        let derive = |it: usize| SecretKey::from_passphrase(&DEMO_PASSPHRASE.into(), &salt(it)).unwrap().public();
        let keys: Vec<String> = (0..DEMO.len()).map(|it| derive(it).to_string()).collect();
        let stored: Vec<&str> = DEMO.iter().map(|it| it.3).collect();
        assert_eq!(keys, stored);
        let accounts = Accounts::demo();
        assert_eq!(accounts.iter().count(), DEMO.len());
        assert!(accounts.iter().all(|it| it.demo && it.name.ends_with("(demo)")));
        let operator = accounts.by_id("operator").unwrap();
        assert_eq!((operator.role, operator.unlock(&DEMO_PASSPHRASE.into()).is_ok()), (Role::Operator, true));
    }
}
