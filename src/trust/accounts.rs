//! Accounts: who may sign in. A file of names, roles and public keys, in which no secret stands.
//!
//! A private key is derived from the passphrase each time and lies on no disk. Whoever reads the file can still try
//! passphrases against the public keys on a machine of their own, which is why short ones are refused.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ron::ser::PrettyConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::key::{KeyError, KeyId, PublicKey, Salt, SecretKey, mode_of};
use crate::site::doc::Role;

/// The shape of the file.
const VERSION: u32 = 1;
/// A passphrase has at least so many characters.
const MIN_PASSPHRASE: usize = 12;
/// The longest id, characters.
const MAX_ID: usize = 40;
/// What is read of a file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// One who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Unique: `a-z`, `0-9`, `_` and `-`.
    pub id: String,
    /// The name on the screen.
    pub name: String,
    /// What this person is at the site.
    pub role: Role,
    /// What goes into the key beside the passphrase.
    pub salt: Salt,
    /// The public half of the key that the passphrase gives.
    pub key: PublicKey,
    /// Everybody knows its passphrase: for the demo alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub demo: bool,
    /// May no longer sign in. It stays, so that the audit's names are still known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

/// All who may sign in. Ids and keys are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts(Vec<Account>);

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsDoc {
    version: u32,
    accounts: Vec<Account>,
}

/// Why someone is not signed in. Its text is a sentence for that person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Another passphrase.
    #[error("this is not the passphrase of {id}")]
    WrongPassphrase {
        /// Whose account.
        id: String,
    },
    /// The account was closed.
    #[error("the account {id} is disabled: ask whoever keeps the accounts")]
    Disabled {
        /// Whose account.
        id: String,
    },
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why an account cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The id has another shape.
    #[error("{0:?} is no id: expected 1 to {MAX_ID} of a-z, 0-9, _ and -")]
    BadId(String),
    /// There is no name.
    #[error("the account {0} has no name")]
    NoName(String),
    /// Too easily found by trying.
    #[error("the passphrase is too short: expected at least {MIN_PASSPHRASE} characters, such as four random words")]
    TooShort,
    /// Another has it.
    #[error("there is an account {0} already: choose another id")]
    SameId(String),
    /// Another has it: whoever knows the one passphrase is both.
    #[error("the accounts {one} and {other} have the same key: give each a passphrase of its own")]
    SameKey {
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
    /// There is none.
    #[error("there is no account {0}")]
    Unknown(String),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why the file of accounts cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The system said no.
    #[error("the accounts {at}")]
    Io {
        /// Which file.
        at: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// Anybody on this machine could make themselves a supervisor.
    #[error("the accounts {at} may be changed by others (mode {mode:03o}): mend it with chmod go-w")]
    Exposed {
        /// Which file.
        at: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no such file.
    #[error("{at}:{line}:{column}: {why}")]
    Syntax {
        /// Which file.
        at: PathBuf,
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
        /// What is wrong.
        why: String,
    },
    /// It was written by a later Pollux.
    #[error("the accounts {at} are of version {version}, and {VERSION} is known here: take a newer Pollux")]
    Version {
        /// Which file.
        at: PathBuf,
        /// What it says.
        version: u32,
    },
    /// What it says cannot be.
    #[error("the accounts {at}")]
    Account {
        /// Which file.
        at: PathBuf,
        /// What is wrong.
        #[source]
        why: AccountError,
    },
}

impl Account {
    /// A new account, whose key belongs to this passphrase.
    pub fn new(id: &str, name: &str, role: Role, passphrase: &SecretString) -> Result<Self, AccountError> {
        let salt = Salt::random();
        let key = new_key(passphrase, &salt)?;
        let account =
            Self { id: id.to_owned(), name: name.trim().to_owned(), role, salt, key, demo: false, disabled: false };
        account.check()?;
        Ok(account)
    }

    /// The private key, for the right passphrase. Takes some ten milliseconds, by purpose.
    pub fn unlock(&self, passphrase: &SecretString) -> Result<SecretKey, SignInError> {
        if self.disabled {
            return Err(SignInError::Disabled { id: self.id.clone() });
        }
        let key = SecretKey::from_passphrase(passphrase, &self.salt)?;
        if key.public() == self.key { Ok(key) } else { Err(SignInError::WrongPassphrase { id: self.id.clone() }) }
    }

    /// Gives it another passphrase, and with it another key: what the old one signs is no longer taken.
    pub fn set_passphrase(&mut self, passphrase: &SecretString) -> Result<(), AccountError> {
        let salt = Salt::random();
        (self.key, self.salt) = (new_key(passphrase, &salt)?, salt);
        Ok(())
    }

    fn check(&self) -> Result<(), AccountError> {
        let shaped = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if self.id.is_empty() || self.id.len() > MAX_ID || !self.id.bytes().all(shaped) {
            return Err(AccountError::BadId(self.id.clone()));
        }
        if self.name.trim().is_empty() {
            return Err(AccountError::NoName(self.id.clone()));
        }
        Ok(())
    }
}

fn new_key(passphrase: &SecretString, salt: &Salt) -> Result<PublicKey, AccountError> {
    if passphrase.expose_secret().chars().count() < MIN_PASSPHRASE {
        return Err(AccountError::TooShort);
    }
    Ok(SecretKey::from_passphrase(passphrase, salt)?.public())
}

impl Accounts {
    /// Reads a file of accounts. On Unix one that others may write is refused.
    pub fn load(path: &Path) -> Result<Self, AccountsError> {
        let io = |why| AccountsError::Io { at: path.to_owned(), why };
        let file = File::open(path).map_err(io)?;
        let mode = mode_of(&file.metadata().map_err(io)?);
        if mode & 0o022 != 0 {
            return Err(AccountsError::Exposed { at: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(io)?;
        let doc: AccountsDoc = ron::from_str(&text).map_err(|error| AccountsError::Syntax {
            at: path.to_owned(),
            line: error.span.start.line,
            column: error.span.start.col,
            why: error.code.to_string(),
        })?;
        if doc.version != VERSION {
            return Err(AccountsError::Version { at: path.to_owned(), version: doc.version });
        }
        let mut accounts = Self::default();
        for account in doc.accounts {
            accounts.add(account).map_err(|why| AccountsError::Account { at: path.to_owned(), why })?;
        }
        Ok(accounts)
    }

    /// Writes the file: the old one stays until the new one is whole.
    pub fn save(&self, path: &Path) -> Result<(), AccountsError> {
        let io = |why| AccountsError::Io { at: path.to_owned(), why };
        let doc = AccountsDoc { version: VERSION, accounts: self.0.clone() };
        let text = ron::ser::to_string_pretty(&doc, PrettyConfig::default());
        let text = text.map_err(|error| io(io::Error::other(error)))?;
        write_whole(path, &format!("{text}\n")).map_err(io)
    }

    /// The account by its id.
    pub fn by_id(&self, id: &str) -> Option<&Account> {
        self.0.iter().find(|it| it.id == id)
    }

    /// The account by its key. One that is disabled is found as well: who looks decides what that means.
    pub fn by_key(&self, key: KeyId) -> Option<&Account> {
        self.0.iter().find(|it| it.key.id() == key)
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Account> {
        self.0.iter()
    }

    /// Adds one, unless its id or its key is there already.
    pub fn add(&mut self, account: Account) -> Result<(), AccountError> {
        account.check()?;
        if self.by_id(&account.id).is_some() {
            return Err(AccountError::SameId(account.id));
        }
        if let Some(one) = self.by_key(account.key.id()) {
            return Err(AccountError::SameKey { one: one.id.clone(), other: account.id });
        }
        self.0.push(account);
        Ok(())
    }

    /// Takes one out. Who has ever signed anything is better disabled, so that the audit's names are still known.
    pub fn remove(&mut self, id: &str) -> Result<Account, AccountError> {
        let place = self.0.iter().position(|it| it.id == id).ok_or_else(|| AccountError::Unknown(id.to_owned()))?;
        Ok(self.0.remove(place))
    }

    /// Closes an account, or opens it again.
    pub fn set_disabled(&mut self, id: &str, disabled: bool) -> Result<(), AccountError> {
        self.find_mut(id)?.disabled = disabled;
        Ok(())
    }

    /// Gives an account another passphrase, and with it another key.
    pub fn set_passphrase(&mut self, id: &str, passphrase: &SecretString) -> Result<(), AccountError> {
        self.find_mut(id)?.set_passphrase(passphrase)
    }

    fn find_mut(&mut self, id: &str) -> Result<&mut Account, AccountError> {
        self.0.iter_mut().find(|it| it.id == id).ok_or_else(|| AccountError::Unknown(id.to_owned()))
    }
}

impl<'a> IntoIterator for &'a Accounts {
    type Item = &'a Account;
    type IntoIter = std::slice::Iter<'a, Account>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn is_false(it: &bool) -> bool {
    !it
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link: what it leads to is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    part.write_all(text.as_bytes())?;
    keep_mode(part.as_file(), fs::metadata(&path).ok())?;
    part.as_file().sync_all()?;
    part.persist(&path).map(drop).map_err(|it| it.error)
}

/// Readable for all, as no secret stands in it, unless the old one was narrower.
#[cfg(unix)]
fn keep_mode(file: &File, old: Option<fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = old.map_or(0o644, |it| mode_of(&it) & 0o644 | 0o600);
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_mode(_: &File, _: Option<fs::Metadata>) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> Account {
        let salt = Salt::random();
        Account {
            id: id.to_owned(),
            name: "Anna Huber".to_owned(),
            role: Role::Operator,
            salt,
            key: SecretKey::generate().public(),
            demo: false,
            disabled: false,
        }
    }

    fn written(text: &str) -> Result<Accounts, AccountsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operators.ron");
        write_whole(&path, text).unwrap();
        Accounts::load(&path)
    }

    #[test]
    fn the_passphrase_opens_the_account_and_no_other_does() {
        let passphrase = SecretString::from("four random words here");
        let mut anna = Account::new("anna", "Anna Huber", Role::Operator, &passphrase).unwrap();
        assert_eq!(anna.unlock(&passphrase).unwrap().public(), anna.key);
        let wrong = anna.unlock(&"four random words there".into()).unwrap_err();
        assert_eq!(wrong, SignInError::WrongPassphrase { id: "anna".to_owned() });
        assert_eq!(anna.unlock(&"".into()).unwrap_err(), SignInError::Key(KeyError::Empty));

        let before = anna.key;
        anna.set_passphrase(&"four other words here".into()).unwrap();
        assert_ne!(anna.key, before);
        assert!(anna.unlock(&passphrase).is_err());
        anna.disabled = true;
        let closed = anna.unlock(&"four other words here".into()).unwrap_err();
        assert_eq!(closed, SignInError::Disabled { id: "anna".to_owned() });
    }

    #[test]
    fn a_short_passphrase_and_a_strange_id_are_refused() {
        let new = |id: &str, name: &str, passphrase: &str| {
            Account::new(id, name, Role::Viewer, &SecretString::from(passphrase)).map(drop)
        };
        assert_eq!(new("anna", "Anna", "elevenchars"), Err(AccountError::TooShort));
        assert_eq!(new("anna", "Anna", "ääääääääääää"), Ok(()));
        for id in ["", "Anna", "a b", "ä", &"a".repeat(41)] {
            assert_eq!(new(id, "Anna", "four random words"), Err(AccountError::BadId(id.to_owned())));
        }
        assert_eq!(new("anna", " ", "four random words"), Err(AccountError::NoName("anna".to_owned())));
    }

    #[test]
    fn ids_and_keys_are_unique() {
        let mut accounts = Accounts::default();
        let anna = account("anna");
        accounts.add(anna.clone()).unwrap();
        assert_eq!(accounts.add(account("anna")), Err(AccountError::SameId("anna".to_owned())));
        let twin = Account { id: "ben".to_owned(), ..anna.clone() };
        let want = AccountError::SameKey { one: "anna".to_owned(), other: "ben".to_owned() };
        assert_eq!(accounts.add(twin), Err(want));
        assert_eq!(accounts.by_key(anna.key.id()), Some(&anna));
        assert_eq!(accounts.remove("ben"), Err(AccountError::Unknown("ben".to_owned())));
        assert_eq!(accounts.remove("anna"), Ok(anna));
        assert_eq!(accounts.iter().count(), 0);
    }

    #[test]
    fn what_is_saved_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operators.ron");
        let mut accounts = Accounts::default();
        accounts.add(account("anna")).unwrap();
        accounts.add(Account { disabled: true, ..account("ben") }).unwrap();
        accounts.save(&path).unwrap();
        assert_eq!(Accounts::load(&path).unwrap(), accounts);
        accounts.set_disabled("ben", false).unwrap();
        accounts.save(&path).unwrap();
        assert_eq!(Accounts::load(&path).unwrap(), accounts);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_wrong_in_the_file_is_told_with_its_place() {
        let one = format!(
            "(id: \"anna\", name: \"Anna\", role: Operator, salt: \"{}\", key: \"{}\"",
            Salt::from([1; 16]),
            SecretKey::from_passphrase(&"golden".into(), &[7; 16].into()).unwrap().public()
        );
        assert_eq!(written(&format!("(version: 1, accounts: [{one})])")).unwrap().iter().count(), 1);
        let told = |text: &str| {
            let error = written(text).unwrap_err();
            let (text, cause) = (error.to_string(), std::error::Error::source(&error).map(ToString::to_string));
            format!("{}{}", text.rsplit('/').next().unwrap(), cause.map(|it| format!(": {it}")).unwrap_or_default())
        };
        let texts = [
            told(&format!("(version: 1, accounts: [{one}),\n{one})])")),
            told(&format!("(version: 1,\n accounts: [{one}, password: \"x\")])")),
            told(&format!("(version: 1,\n accounts: [{})])", one.replace("Operator", "Root"))),
            told(&format!("(version: 1,\n accounts: [{})])", one.replace("ed25519:", ""))),
            told(&format!("(version: 1, accounts: [{})])", one.replace("anna", "Anna"))),
            told("(version: 2, accounts: [])"),
            told("(version: 1, accounts: ["),
        ];
        insta::assert_snapshot!(texts.join("\n"), @r#"
        operators.ron: there is an account anna already: choose another id
        operators.ron:2:179: Unexpected field named `password` in `Account`, expected one of `id`, `name`, `role`, `salt`, `key`, `demo`, or `disabled` instead
        operators.ron:2:46: Unexpected variant named `Root` in enum `Role`, expected one of `Viewer`, `Operator`, `Engineer`, `Supervisor`, `Security`, or `Auditor` instead
        operators.ron:2:104: "18125ccb35426872e69431600eeb1888b68bcc5388da66154a1be0feafc3c58d" is no public key: expected ed25519: and 64 hexadecimal digits in lower case
        operators.ron: "Anna" is no id: expected 1 to 40 of a-z, 0-9, _ and -
        operators.ron are of version 2, and 1 is known here: take a newer Pollux
        operators.ron:1:24: Expected opening `(` for struct `Account`
        "#);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operators.ron");
        Accounts::default().save(&path).unwrap();
        assert_eq!(mode_of(&fs::metadata(&path).unwrap()), 0o644);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        let error = Accounts::load(&path).unwrap_err();
        assert!(matches!(error, AccountsError::Exposed { mode: 0o664, .. }), "{error}");
        // Writing it mends that, and what was narrower stays so.
        Accounts::default().save(&path).unwrap();
        assert_eq!(Accounts::load(&path).unwrap(), Accounts::default());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Accounts::default().save(&path).unwrap();
        assert_eq!(mode_of(&fs::metadata(&path).unwrap()), 0o600);
    }
}
