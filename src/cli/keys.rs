//! `pollux keys`: who has which key at a site.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use pollux::link::now;
use pollux::signal::Timestamp;
use pollux::site::Site;
use pollux::trust::{
    Anchor, Defences, KeyDoc, KeyId, KeyRole, KeysDoc, PublicKey, REGISTRY_FILE, Registry, RegistryError, SecretKey,
    Timestamp8601, owners_of, secret_file,
};
use serde::Serialize;

use super::options::{load, parse_span};
use super::{Failure, Outcome, counted};

/// The authority's private key beside a registry.
const AUTHORITY_FILE: &str = "authority.key";
/// The folder of private keys beside a registry.
const SECRETS: &str = "secret";
/// A key that ends within this is told of.
const SOON: Duration = Duration::from_secs(30 * 86_400);

/// Arguments of `keys`.
#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make keys for all that sign at a site, an authority, and a registry that it signs
    New {
        /// The folder for them: keys.ron (public), authority.key and secret/NAME.key (private)
        folder: PathBuf,
        /// A site: a folder under scenes/, a folder, or its site.ron
        #[arg(long)]
        site: PathBuf,
    },
    /// List the keys
    List {
        /// The registry, keys.ron
        file: PathBuf,
    },
    /// Add a key: a new one, or the public key that a device shows
    Add {
        #[command(flatten)]
        change: Change,
        /// Whose: a device's id, a gateway's name, `gate`
        owner: String,
        /// device, gateway, gate, recorder or witness
        #[arg(long, value_parser = parse_role, default_value = "device")]
        role: KeyRole,
        /// Its public key, such as ed25519:3d40…; without it a new one is made in secret/
        #[arg(long)]
        key: Option<PublicKey>,
        /// Good from then on, such as 2026-11-28T08:00:00Z
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Good until then
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
    },
    /// Give an owner a new key from now on; the old one ends after an overlap
    Rotate {
        #[command(flatten)]
        change: Change,
        /// Whose
        owner: String,
        /// For how long the old key is good beside the new one
        #[arg(long, value_parser = parse_span, default_value = "10min")]
        overlap: Duration,
        /// The new public key; without it one is made in secret/
        #[arg(long)]
        key: Option<PublicKey>,
    },
    /// Let a key be good no more: what it signs is refused from then on
    Revoke {
        #[command(flatten)]
        change: Change,
        /// A key's name (16 digits), or an owner: then all of its keys
        which: String,
        /// Why, for whoever asks later
        #[arg(long)]
        why: String,
        /// From then on, such as 2026-11-28T08:00:00Z; from now on without it
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
    },
    /// Sign a registry that was edited by hand; one that bore a signature is counted up
    Sign {
        #[command(flatten)]
        change: Change,
    },
    /// Print the public keys as JSON, for who builds a device or another program
    Export {
        /// The registry, keys.ron
        file: PathBuf,
        /// Only the keys of this owner; may be given several times
        #[arg(long, value_name = "OWNER")]
        of: Vec<String>,
    },
    /// Tell whether a registry is what its authority signed, and which keys end
    Check {
        /// The registry, keys.ron
        file: PathBuf,
        /// Whose signature it must bear; whoever signed it without
        #[arg(long)]
        authority: Option<PublicKey>,
        /// And whether all that sign at this site have a good key
        #[arg(long)]
        site: Option<PathBuf>,
    },
}

/// A registry that is changed, and who signs that.
#[derive(Debug, Args)]
struct Change {
    /// The registry, keys.ron
    file: PathBuf,
    /// The authority's private key; authority.key beside the registry where it is not named
    #[arg(long, value_name = "KEYFILE")]
    authority: Option<PathBuf>,
}

/// Changes the registry, or prints it.
pub(crate) fn run(arguments: KeysArguments) -> Outcome {
    let now = now();
    match arguments.command {
        KeysCommand::New { folder, site } => new(&folder, &load(&site)?.site, now),
        KeysCommand::List { file } => list(&file, now),
        KeysCommand::Export { file, of } => export(&file, &of),
        KeysCommand::Check { file, authority, site } => check(&file, authority, site.as_deref(), now),
        KeysCommand::Sign { change } => sign(&change, now),
        KeysCommand::Add { change, owner, role, key, from, until } => {
            let mut open = change.open()?;
            let made = key.is_none().then(SecretKey::generate);
            let public = key.or(made.as_ref().map(SecretKey::public)).ok_or_else(nothing)?;
            let (from, until) = (from.map(Timestamp8601), until.map(Timestamp8601));
            open.doc.add(KeyDoc { from, until, ..KeyDoc::new(&owner, role, public) }, now)?;
            let secret = made.map(|it| open.keep(&owner, &it)).transpose()?;
            open.save()?;
            println!("{owner} has the key {} as {}", public.id(), role.label());
            tell_secret(secret.as_deref(), &owner);
            Ok(ExitCode::SUCCESS)
        }
        KeysCommand::Rotate { change, owner, overlap, key } => {
            let mut open = change.open()?;
            let made = key.is_none().then(SecretKey::generate);
            let public = key.or(made.as_ref().map(SecretKey::public)).ok_or_else(nothing)?;
            let old = open.doc.rotate(&owner, public, now, overlap)?;
            let secret = made.map(|it| open.replace(&owner, &old, &it)).transpose()?;
            open.save()?;
            println!("{owner} has the new key {}; {} until {}", public.id(), listed(&old, "is good"), now + overlap);
            tell_secret(secret.as_deref(), &owner);
            Ok(ExitCode::SUCCESS)
        }
        KeysCommand::Revoke { change, which, why, at } => {
            let mut open = change.open()?;
            let at = at.unwrap_or(now);
            let revoked = open.doc.revoke(&which, at, &why, now)?;
            open.save()?;
            println!("{} from {at} on", listed(&revoked, "is revoked"));
            println!("what they sign is refused as soon as each Pollux, gate and device has this version");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn new(folder: &Path, site: &Site, now: Timestamp) -> Outcome {
    let owners = owners_of(site);
    if owners.is_empty() {
        let text = "no device of this site signs: give those that can `signing: Required`, and those that a gateway \
                    speaks for `signing: Vouched(\"gateway\")`";
        return Err(Failure::new(text.to_owned()));
    }
    let (file, authority, secrets) = (folder.join(REGISTRY_FILE), folder.join(AUTHORITY_FILE), folder.join(SECRETS));
    let files = owners.keys().map(|it| secret_file(&secrets, it));
    if let Some(there) = [file.clone(), authority.clone()].into_iter().chain(files).find(|it| it.exists()) {
        let text = format!("{} is there already, and is not written over: name another folder", there.display());
        return Err(Failure::new(text));
    }
    make_private(&secrets)?;
    let authority_key = SecretKey::generate();
    authority_key.save(&authority)?;
    let mut doc = KeysDoc::default();
    for (owner, role) in &owners {
        let key = SecretKey::generate();
        key.save(&secret_file(&secrets, owner))?;
        doc.keys.push(KeyDoc::new(owner, *role, key.public()));
    }
    doc.count_up(now);
    doc.sign(&authority_key);
    doc.save(&file)?;
    println!("{}: {}, signed by {}", file.display(), counted(doc.keys.len(), "key"), authority_key.public());
    println!("- lay it beside the site's site.ron, or name it with --keys");
    println!("- write into the site, so that nobody else's is taken: authority: \"{}\",", authority_key.public());
    println!("- bring each {}/NAME.key to whom it belongs (pollux field --keys, pollux gate --key)", secrets.display());
    println!("- keep {} where nobody reaches it: who has it says who has which key", authority.display());
    Ok(ExitCode::SUCCESS)
}

fn list(file: &Path, now: Timestamp) -> Outcome {
    let doc = KeysDoc::load(file)?;
    let mut keys: Vec<&KeyDoc> = doc.keys.iter().collect();
    keys.sort_by(|a, b| a.of.cmp(&b.of));
    for it in keys {
        println!("{:<24}  {:<8}  {}  {}", it.of, it.role.label(), it.key.id(), state(it, now));
    }
    let issued = doc.issued.map_or_else(String::new, |it| format!(" of {}", it.0));
    match as_signed(&doc, file) {
        Ok(registry) => {
            let authority = registry.authority().map(|it| it.to_string()).unwrap_or_default();
            println!("version {}{issued}, signed by {authority}", doc.version);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error.into()),
    }
}

/// What of a registry others may want to know.
#[derive(Serialize)]
struct Exported<'a> {
    version: u64,
    issued: Option<Timestamp8601>,
    authority: Option<PublicKey>,
    keys: Vec<&'a KeyDoc>,
}

fn export(file: &Path, of: &[String]) -> Outcome {
    let registry = as_signed(&KeysDoc::load(file)?, file)?;
    if let Some(nobody) = of.iter().find(|it| registry.of(it).next().is_none()) {
        return Err(Failure::new(format!("{nobody} has no key in {}", file.display())));
    }
    let doc = registry.doc();
    let keys = doc.keys.iter().filter(|it| of.is_empty() || of.contains(&it.of)).collect();
    let exported = Exported { version: doc.version, issued: doc.issued, authority: registry.authority(), keys };
    println!("{}", serde_json::to_string_pretty(&exported)?);
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path, authority: Option<PublicKey>, site: Option<&Path>, now: Timestamp) -> Outcome {
    let registry = Registry::load(file, Anchor { authority, version: 0 })?;
    let signer = registry.authority().map(|it| it.to_string()).unwrap_or_default();
    println!("{}: version {}, signed by {signer}", file.display(), registry.doc().version);
    let mut good = true;
    for it in &registry.doc().keys {
        let ends = it.until.filter(|until| it.revoked.is_none() && until.0 <= now + SOON);
        if let Some(ends) = ends {
            println!(
                "the key {} of {} {} {}",
                it.key.id(),
                it.of,
                if ends.0 <= now { "ended" } else { "ends" },
                ends.0
            );
        }
    }
    let owners = site.map(load).transpose()?.map(|it| owners_of(&it.site)).unwrap_or_default();
    for (owner, role) in owners {
        let fits = |it: &&KeyDoc| it.role == role && it.is_good_at(now, Defences::all()).is_ok();
        if registry.of(&owner).find(fits).is_none() {
            println!("{owner} has no good key as {}: what it says will be refused", role.label());
            good = false;
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn sign(change: &Change, now: Timestamp) -> Outcome {
    let mut open = change.open_as_it_is()?;
    if as_signed(&open.doc, &open.file).is_ok_and(|it| it.authority() == Some(open.authority.public())) {
        println!("{} is signed already, and stays as it is", open.file.display());
        return Ok(ExitCode::SUCCESS);
    }
    if !open.doc.signature.is_empty() || open.doc.version == 0 {
        open.doc.count_up(now);
    }
    open.save()?;
    Ok(ExitCode::SUCCESS)
}

/// A registry that is open for a change.
struct Open {
    file: PathBuf,
    doc: KeysDoc,
    authority: SecretKey,
}

impl Change {
    /// One that is as its authority signed it: whoever signs what somebody else changed signs for that too.
    fn open(&self) -> Result<Open, Failure> {
        let open = self.open_as_it_is()?;
        let registry = as_signed(&open.doc, &open.file)?;
        if registry.authority() != Some(open.authority.public()) {
            let signer = registry.authority().map(|it| it.to_string()).unwrap_or_default();
            let text = format!(
                "{} is signed by {signer}, and this is the key of {}: name the authority's with --authority",
                self.file.display(),
                open.authority.public()
            );
            return Err(Failure::new(text));
        }
        Ok(open)
    }

    fn open_as_it_is(&self) -> Result<Open, Failure> {
        let doc = KeysDoc::load(&self.file)?;
        let beside = self.file.with_file_name(AUTHORITY_FILE);
        if self.authority.is_none() && !beside.exists() {
            let text = format!(
                "a change must be signed by the authority, and {} is not there: name its private key with --authority",
                beside.display()
            );
            return Err(Failure::new(text));
        }
        let authority = SecretKey::load(self.authority.as_ref().unwrap_or(&beside))?;
        Ok(Open { file: self.file.clone(), doc, authority })
    }
}

impl Open {
    /// Writes a private key down for an owner who has none.
    fn keep(&self, owner: &str, key: &SecretKey) -> Result<PathBuf, Failure> {
        let secrets = self.file.with_file_name(SECRETS);
        make_private(&secrets)?;
        let path = secret_file(&secrets, owner);
        key.save(&path)?;
        Ok(path)
    }

    /// The same for one who has one, which gets its key's name.
    fn replace(&self, owner: &str, old: &[KeyId], key: &SecretKey) -> Result<PathBuf, Failure> {
        let path = secret_file(&self.file.with_file_name(SECRETS), owner);
        if let Some(id) = old.last().filter(|_| path.exists()) {
            fs::rename(&path, secret_file(&self.file.with_file_name(SECRETS), &format!("{owner}-{id}")))?;
        }
        self.keep(owner, key)
    }

    fn save(&mut self) -> Result<(), Failure> {
        self.doc.sign(&self.authority);
        self.doc.save(&self.file)?;
        println!("{} has version {}: bring it to all who verify by it", self.file.display(), self.doc.version);
        Ok(())
    }
}

/// A registry that is as whoever signed it left it.
fn as_signed(doc: &KeysDoc, file: &Path) -> Result<Registry, RegistryError> {
    Registry::check(doc.clone(), file, Anchor::default(), Defences::all())
}

/// Whether a key is good, for a person.
fn state(key: &KeyDoc, now: Timestamp) -> String {
    match key {
        KeyDoc { revoked: Some(revoked), .. } => format!("revoked from {} on: {}", revoked.at.0, revoked.why),
        KeyDoc { until: Some(until), .. } if until.0 <= now => format!("ended {}", until.0),
        KeyDoc { from: Some(from), .. } if from.0 > now => format!("from {} on", from.0),
        KeyDoc { until: Some(until), .. } => format!("good until {}", until.0),
        KeyDoc { .. } => "good".to_owned(),
    }
}

/// `the key 39f7… is good`, `the keys 39f7…, 81ab… are good`.
fn listed(keys: &[KeyId], what: &str) -> String {
    let names: Vec<String> = keys.iter().map(KeyId::to_string).collect();
    match names.as_slice() {
        [one] => format!("the key {one} {what}"),
        some => format!("the keys {} {}", some.join(", "), what.replacen("is", "are", 1)),
    }
}

fn tell_secret(secret: Option<&Path>, owner: &str) {
    if let Some(secret) = secret {
        println!("bring {} to {owner}, and start it again with it", secret.display());
    }
}

fn parse_role(text: &str) -> Result<KeyRole, String> {
    KeyRole::ALL.into_iter().find(|it| it.label() == text).ok_or_else(|| {
        let roles: Vec<&str> = KeyRole::ALL.iter().map(|it| it.label()).collect();
        format!("expected one of {}", roles.join(", "))
    })
}

fn nothing() -> Failure {
    Failure::new("there is no key to take".to_owned())
}

/// Makes a folder that its owner alone may look into.
fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
