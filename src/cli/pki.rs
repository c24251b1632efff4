//! `pollux pki`: certificates for a demo, where there is no authority to ask.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use pollux::command::gate::{DESKTOP_USER, GATE_USER, OPERATOR_USER, WITNESS_USER, accesses, mosquitto_acl};
use pollux::link::now;
use pollux::link::pki::{Authority, Certificates};
use pollux::site::Site;
use pollux::trust::owners_of;

use super::options::load;
use super::{Failure, Outcome};

/// How long the demo's certificates hold: long enough to try everything, and too short for a plant.
const VALID: Duration = Duration::from_secs(90 * 86_400);
/// They hold from a little earlier on, for clocks that are behind.
const BEHIND: Duration = Duration::from_secs(3600);
/// The port of MQTT over TLS (IANA).
const PORT: u16 = 8883;

/// Arguments of `pki`.
#[derive(Debug, Args)]
pub(crate) struct PkiArguments {
    #[command(subcommand)]
    command: PkiCommand,
}

#[derive(Debug, Subcommand)]
enum PkiCommand {
    /// Make an authority for a demo, and certificates for a site's broker, devices and programs, with a configuration for
    /// Mosquitto. They hold for 90 days, on this machine alone
    Demo {
        /// The folder to make them in; an authority that is there is not written over
        folder: PathBuf,
        /// A site: a folder under scenes/, a folder, or its site.ron
        #[arg(long, default_value = "northfield")]
        site: PathBuf,
    },
}

/// Writes the files, and says what to do with them.
pub(crate) fn run(arguments: PkiArguments) -> Outcome {
    let PkiCommand::Demo { folder, site } = arguments.command;
    let loaded = load(&site)?;
    let made = make(&folder, &loaded.site)?;
    let folder = fs::canonicalize(&folder)?;
    for (name, text) in [
        ("acl", mosquitto_acl(&loaded.site)),
        ("mosquitto.conf", mosquitto_conf(&folder, owned_by_root(&folder))),
        ("README.txt", readme(&folder, &site, &loaded.site, &made)),
    ] {
        fs::write(folder.join(name), text)?;
    }
    println!("{} certificates in {}: see README.txt there", made.clients.len() + 2, folder.display());
    Ok(ExitCode::SUCCESS)
}

/// The certificates of a site: of the broker and of all who connect to it.
pub(crate) fn make(folder: &Path, site: &Site) -> Result<Certificates, Failure> {
    let clients: BTreeSet<String> = accesses(site).into_iter().map(|it| it.user).collect();
    let clients: Vec<String> = clients.into_iter().collect();
    Ok(Authority::set_up(folder, "Pollux demo CA", &clients, now() - BEHIND, now() + VALID)?)
}

fn mosquitto_conf(folder: &Path, as_root: bool) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    // Mosquitto that is begun by root becomes somebody else, who may not read the keys.
    let user = if as_root { "user root\n" } else { "" };
    format!(
        "# Start with: mosquitto -c {}\n\
         # TLS alone, on this machine alone; each client is known by the name in its certificate, and may do what acl says.\n\
         listener {PORT} 127.0.0.1\n\
         cafile {}\ncertfile {}\nkeyfile {}\n\
         require_certificate true\nuse_identity_as_username true\nallow_anonymous false\n\
         acl_file {}\n{user}",
        file("mosquitto.conf"),
        file("ca.crt"),
        file("broker.crt"),
        file("broker.key"),
        file("acl"),
    )
}

fn readme(folder: &Path, named: &Path, site: &Site, made: &Certificates) -> String {
    let (at, site_name) = (folder.display(), named.display());
    let until = (now() + VALID).to_string();
    let client =
        |name: &str| format!("--ca {at}/ca.crt --cert {at}/clients/{name}.crt --cert-key {at}/clients/{name}.key");
    let broker = format!("--broker mqtts://localhost:{PORT}");
    // Where no device signs there are no keys to make.
    let signs = !owners_of(site).is_empty();
    let with_keys = |more: &str| if signs { more.replace("KEYS", &format!("{at}/keys")) } else { String::new() };
    let make_keys = if signs {
        format!(
            "pollux keys new {at}/keys --site {site_name}\n    \
             who may sign what; it prints its authority's key: --authority with it says that you know it\n"
        )
    } else {
        String::new()
    };
    format!(
        "Certificates of a demo of {name}. They hold until {until}, for a broker on this machine.\n\
         Do not use them for a plant: whoever can read this folder can be anybody in it.\n\n\
         ca.crt          the authority: whom both sides believe\n\
         ca.key          its key: who has it can issue certificates; nothing here needs it any more\n\
         broker.crt/key  the broker's, for localhost, 127.0.0.1 and ::1\n\
         clients/        one for each who connects: {clients}\n\
         acl             who of them may do what\n\
         mosquitto.conf  a broker that lets in none but these\n\n\
         First, once:\n\n\
         {make_keys}\
         pollux operators new me --name \"Me\" --role engineer --file {at}/operators.ron\n    \
         who may sign in; it asks for a passphrase\n\n\
         Then, each in a terminal of its own:\n\n\
         mosquitto -c {at}/mosquitto.conf\n\
         pollux field {site_name} {broker} --ca {at}/ca.crt --certs {at}/clients{of_field}\n\
         pollux gate {site_name} {broker} {gate} --operators {at}/operators.ron{of_gate}\n\
         pollux view {site_name} {broker} {desktop} --operators {at}/operators.ron{of_view}\n\
         pollux witness {site_name} {broker} {witness}\n\n\
         clients/{operator} is for a second desk: it may do what the desktop may.\n\
         The keys are readable by their owner alone (mode 600) and are refused otherwise.\n\
         For new certificates remove this folder and run: pollux pki demo {at} --site {site_name}\n",
        name = site.name,
        clients = made.clients.keys().cloned().collect::<Vec<_>>().join(", "),
        gate = client(GATE_USER),
        desktop = client(DESKTOP_USER),
        witness = client(WITNESS_USER),
        operator = OPERATOR_USER,
        of_field = with_keys(" --keys KEYS/secret"),
        of_gate = with_keys(" --keys KEYS/keys.ron --key KEYS/secret/gate.key"),
        of_view = with_keys(" --keys KEYS/keys.ron"),
    )
}

#[cfg(unix)]
fn owned_by_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).is_ok_and(|it| it.uid() == 0)
}

#[cfg(not(unix))]
fn owned_by_root(_: &Path) -> bool {
    false
}
