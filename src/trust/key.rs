//! Keys: Ed25519, a person's from the passphrase, a program's from a file.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand::RngCore;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hex;

/// What stands before a public key's digits.
const PREFIX: &str = "ed25519:";
/// Memory that deriving a key takes, KiB: with the two below the first choice of OWASP's *Password Storage Cheat Sheet*.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// What is read of a key file: it holds 64 digits and a line's end.
const MAX_KEY_FILE_BYTES: u64 = 256;

/// The name of a public key: the first 8 bytes of its SHA-256. Enough to find a key by, not to trust one by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

/// An Ed25519 public key, in text as `ed25519:` and 64 hexadecimal digits. Never one of the weak points.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

/// An Ed25519 private key. It never prints, and is wiped when it is dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

/// What goes into a key beside the passphrase, so that two people with the same one have different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt([u8; 16]);

/// Why a text is no key, or a passphrase gives none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another shape.
    #[error("{0:?} is no public key: expected ed25519: and 64 hexadecimal digits in lower case")]
    NotPublic(String),
    /// The right shape, but no point that signs.
    #[error("{0} is no key that anybody can sign with: copy it again")]
    NoPoint(String),
    /// Another shape.
    #[error("{0:?} is no key's name: expected 16 hexadecimal digits in lower case")]
    NotId(String),
    /// Another shape.
    #[error("{0:?} is no salt: expected 32 hexadecimal digits in lower case")]
    NotSalt(String),
    /// Nothing was given.
    #[error("the passphrase is empty")]
    Empty,
    /// The derivation failed: there may be too little memory.
    #[error("no key could be derived from the passphrase: {0}")]
    Derive(String),
}

/// Why a key file gave no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system said no.
    #[error("the key file {at}")]
    Io {
        /// Which file.
        at: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// Others on this machine may read it.
    #[error("the key file {at} may be read by others (mode {mode:03o}): make it the owner's alone with chmod 600")]
    Exposed {
        /// Which file.
        at: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error("the key file {at} holds no key: expected 64 hexadecimal digits; a new one is made where there is no file")]
    NoKey {
        /// Which file.
        at: PathBuf,
    },
}

impl KeyId {
    /// The bytes, as an envelope carries them.
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode(text.as_bytes()).map(Self).ok_or_else(|| KeyError::NotId(text.to_owned()))
    }
}

impl From<[u8; 8]> for KeyId {
    fn from(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl PublicKey {
    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&Sha256::digest(self.0.as_bytes())[..8]);
        KeyId(id)
    }

    /// Whether the signature over `message` was made by this key. Strict: of all the texts that RFC 8032 leaves open,
    /// only one signature is good.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.strip_prefix(PREFIX).and_then(|it| hex::decode(it.as_bytes()));
        let bytes = bytes.ok_or_else(|| KeyError::NotPublic(text.to_owned()))?;
        let key = VerifyingKey::from_bytes(&bytes)
            .ok()
            // A point has one text here, though RFC 8032 leaves room for a second one of some.
            .filter(|it| !it.is_weak() && it.to_edwards().compress().as_bytes() == &bytes);
        key.map(Self).ok_or_else(|| KeyError::NoPoint(text.to_owned()))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex::encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SecretKey {
    /// A new one, from the system's randomness.
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *seed);
        Self(SigningKey::from_bytes(&seed))
    }

    /// From its 64 digits. `None`: they are none.
    pub fn from_seed(digits: &str) -> Option<Self> {
        hex::decode(digits.as_bytes()).map(Zeroizing::new).map(|it| Self(SigningKey::from_bytes(&it)))
    }

    /// The key that belongs to a passphrase and a salt: the same again each time (Argon2id, RFC 9106). Takes some ten
    /// milliseconds and 19 MiB, which is its purpose: whoever guesses pays it for each guess.
    pub fn from_passphrase(passphrase: &SecretString, salt: &Salt) -> Result<Self, KeyError> {
        if passphrase.expose_secret().is_empty() {
            return Err(KeyError::Empty);
        }
        let derive = |why: argon2::Error| KeyError::Derive(why.to_string());
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(derive)?;
        let mut seed = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt.0, &mut *seed)
            .map_err(derive)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key in a file of 64 digits, which is made where there is none. On Unix the file is its owner's alone, and one
    /// that others may read is refused.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let io = |why| KeyFileError::Io { at: path.to_owned(), why };
        match File::open(path) {
            Ok(file) => read_key(&file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match create_key(path) {
                // Another was faster: its key is the one.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    read_key(&File::open(path).map_err(io)?, path)
                }
                made => made.map_err(io),
            },
            Err(error) => Err(io(error)),
        }
    }

    /// The key in a file, which must be there.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let file = File::open(path).map_err(|why| KeyFileError::Io { at: path.to_owned(), why })?;
        read_key(&file, path)
    }

    /// Writes it to a new file, its owner's alone. One that is there is not written over.
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        write_key(self, path).map_err(|why| KeyFileError::Io { at: path.to_owned(), why })
    }

    /// What others know of it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message. What a signature is for must stand in the message: [`super::seal`] does it for envelopes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// What stands in a file that holds a secret, up to `limit` bytes. On Unix one that others may read is refused.
pub fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let io = |why| KeyFileError::Io { at: path.to_owned(), why };
    let file = File::open(path).map_err(io)?;
    check_private(&file, path)?;
    let mut text = Zeroizing::new(Vec::new());
    file.take(limit).read_to_end(&mut text).map_err(io)?;
    Ok(text)
}

fn check_private(file: &File, path: &Path) -> Result<(), KeyFileError> {
    let metadata = file.metadata().map_err(|why| KeyFileError::Io { at: path.to_owned(), why })?;
    let mode = mode_of(&metadata);
    if mode & 0o077 != 0 { Err(KeyFileError::Exposed { at: path.to_owned(), mode }) } else { Ok(()) }
}

fn read_key(file: &File, path: &Path) -> Result<SecretKey, KeyFileError> {
    let io = |why| KeyFileError::Io { at: path.to_owned(), why };
    check_private(file, path)?;
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_KEY_FILE_BYTES as usize));
    file.take(MAX_KEY_FILE_BYTES).read_to_end(&mut text).map_err(io)?;
    let seed = hex::decode(text.trim_ascii()).map(Zeroizing::new);
    let seed = seed.ok_or_else(|| KeyFileError::NoKey { at: path.to_owned() })?;
    Ok(SecretKey(SigningKey::from_bytes(&seed)))
}

fn create_key(path: &Path) -> io::Result<SecretKey> {
    let key = SecretKey::generate();
    write_key(&key, path)?;
    Ok(key)
}

/// The file takes its name when it is whole: a crash leaves no half of a key.
fn write_key(key: &SecretKey, path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    let seed = Zeroizing::new(hex::encode(key.0.as_bytes()));
    part.write_all(seed.as_bytes())?;
    part.write_all(b"\n")?;
    part.as_file().sync_all()?;
    part.persist_noclobber(path).map_err(|it| it.error)?;
    Ok(())
}

/// What others than the owner may do to a file. Where there is no such thing: nothing.
#[cfg(unix)]
pub(super) fn mode_of(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
pub(super) fn mode_of(_: &fs::Metadata) -> u32 {
    0
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public().id())
    }
}

impl fmt::Display for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Salt {
    /// A new one.
    pub fn random() -> Self {
        let mut salt = [0; 16];
        rand::rng().fill_bytes(&mut salt);
        Self(salt)
    }
}

impl From<[u8; 16]> for Salt {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Salt {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode(text.as_bytes()).map(Self).ok_or_else(|| KeyError::NotSalt(text.to_owned()))
    }
}

impl TryFrom<String> for Salt {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        salt.to_string()
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(hex_digits: &str) -> SecretKey {
        SecretKey(SigningKey::from_bytes(&hex::decode(hex_digits.as_bytes()).unwrap()))
    }

    #[test]
    fn a_key_signs_as_the_standard_says() {
        // RFC 8032, section 7.1, test 2.
        let key = seed("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        assert_eq!(
            key.public().to_string(),
            "ed25519:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let signature = key.sign(&[0x72]);
        assert_eq!(
            hex::encode(&signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(key.public().verifies(&[0x72], &signature));
        assert!(!key.public().verifies(&[0x73], &signature));
        // SHA-256 of the public key begins so.
        assert_eq!(key.public().id().to_string(), "39f713d0a644253f");
    }

    #[test]
    fn a_public_key_has_one_text_and_comes_back_from_it() {
        let key = SecretKey::generate().public();
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(serde_json::from_str::<PublicKey>(&format!("{text:?}")).unwrap(), key);
        for wrong in [text.to_uppercase(), text[8..].to_owned(), format!("{text}0"), String::new()] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(KeyError::NotPublic(wrong.clone())));
        }
    }

    #[test]
    fn a_weak_point_is_no_key() {
        let zeros = "00".repeat(32);
        for point in [zeros.as_str(), &zeros.replacen("00", "01", 1), &"ff".repeat(32)] {
            let text = format!("ed25519:{point}");
            assert_eq!(text.parse::<PublicKey>(), Err(KeyError::NoPoint(text.clone())));
        }
    }

    #[test]
    fn the_same_passphrase_gives_the_same_key_only_with_the_same_salt() {
        let passphrase = SecretString::from("correct horse battery staple");
        let derive = |salt: u8| SecretKey::from_passphrase(&passphrase, &Salt([salt; 16])).unwrap().public();
        assert_eq!(derive(1), derive(1));
        assert_ne!(derive(1), derive(2));
        let nothing = SecretKey::from_passphrase(&SecretString::from(""), &Salt([1; 16]));
        assert_eq!(nothing.map(drop), Err(KeyError::Empty));
    }

    #[test]
    fn a_secret_key_does_not_print() {
        let digits = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let key = seed(digits);
        for text in [format!("{key}"), format!("{key:?}"), format!("{key:#?}")] {
            assert_eq!(text, "SecretKey(of 39f713d0a644253f)");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_is_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate.key");
        let key = SecretKey::load_or_create(&path).unwrap().public();
        assert_eq!(SecretKey::load_or_create(&path).unwrap().public(), key);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(mode_of(&fs::metadata(&path).unwrap()), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let error = SecretKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Exposed { mode: 0o640, .. }), "{error}");
        }
    }

    #[test]
    fn a_file_that_holds_no_key_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate.key");
        drop(SecretKey::load_or_create(&path).unwrap());
        for wrong in ["", "not a key", &"ab".repeat(200)] {
            fs::write(&path, wrong).unwrap();
            let error = SecretKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::NoKey { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
        }
    }
}
