//! `pollux operators`: who may sign in at a site.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};
use pollux::site::doc::Role;
use pollux::trust::{Account, Accounts};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::{Failure, Outcome};

/// Where a passphrase may come from, for who has no terminal.
const PASSPHRASE: &str = "POLLUX_PASSPHRASE";

/// Arguments of `operators`.
#[derive(Debug, Args)]
pub(crate) struct OperatorsArguments {
    #[command(subcommand)]
    command: OperatorsCommand,
    /// The file of accounts; `new` makes it where there is none
    #[arg(long, global = true, default_value = "operators.ron")]
    file: PathBuf,
}

// The passphrase is never an argument: all on the machine see those.
#[derive(Debug, Subcommand)]
enum OperatorsCommand {
    /// Add an account; the passphrase is asked for on the terminal, or comes from `POLLUX_PASSPHRASE` or standard input
    New {
        /// What the person signs in with: a-z, 0-9, _ and -
        id: String,
        /// The name on the screen
        #[arg(long)]
        name: String,
        /// viewer, operator, engineer, supervisor, security or auditor
        #[arg(long, value_parser = parse_role)]
        role: Role,
    },
    /// List the accounts
    List,
    /// Give an account another passphrase, and with it another key
    Passphrase {
        /// Whose
        id: String,
    },
    /// Close an account: it stays in the file, so that the audit's names are known, but signs nothing more
    Disable {
        /// Whose
        id: String,
        /// Open it again
        #[arg(long)]
        undo: bool,
    },
}

/// Changes the file, or prints it.
pub(crate) fn run(arguments: OperatorsArguments) -> Outcome {
    let path = &arguments.file;
    let is_new = matches!(arguments.command, OperatorsCommand::New { .. }) && !path.exists();
    let mut accounts = if is_new { Accounts::default() } else { Accounts::load(path)? };
    let told = match arguments.command {
        OperatorsCommand::New { id, name, role } => {
            if accounts.by_id(&id).is_some() {
                return Err(Failure::new(format!("there is an account {id} already: choose another id")));
            }
            accounts.add(Account::new(&id, &name, role, &ask_passphrase(&id)?)?)?;
            format!("{id} may sign in as {}", role.label())
        }
        OperatorsCommand::List => {
            for it in &accounts {
                let marks = [(it.disabled, "  disabled"), (it.demo, "  demo")];
                let marks: String = marks.iter().filter(|it| it.0).map(|it| it.1).collect();
                println!("{:<20}  {:<10}  {}  {}{marks}", it.id, it.role.label(), it.key.id(), it.name);
            }
            return Ok(ExitCode::SUCCESS);
        }
        OperatorsCommand::Passphrase { id } => {
            if accounts.by_id(&id).is_none() {
                return Err(Failure::new(format!("there is no account {id} in {}", path.display())));
            }
            accounts.set_passphrase(&id, &ask_passphrase(&id)?)?;
            format!("{id} has another passphrase and another key")
        }
        OperatorsCommand::Disable { id, undo } => {
            accounts.set_disabled(&id, !undo)?;
            if undo { format!("{id} may sign in again") } else { format!("{id} may no longer sign in") }
        }
    };
    accounts.save(path)?;
    println!("{told} ({})", path.display());
    println!("a gate that runs reads its accounts when it starts: start it again");
    Ok(ExitCode::SUCCESS)
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::ALL.into_iter().find(|it| it.label() == text).ok_or_else(|| {
        let roles: Vec<&str> = Role::ALL.iter().map(|it| it.label()).collect();
        format!("expected one of {}", roles.join(", "))
    })
}

/// Asks twice on a terminal; else takes it from the environment, or a line of standard input.
fn ask_passphrase(id: &str) -> Result<SecretString, Failure> {
    if let Ok(given) = std::env::var(PASSPHRASE) {
        return Ok(SecretString::from(given));
    }
    if !io::stdin().is_terminal() {
        return read_line();
    }
    let silence = Silence::begin();
    if silence.is_none() {
        eprintln!("pollux: what you type will be seen: this terminal cannot be told to keep it to itself");
    }
    let ask = |text: String| {
        eprint!("{text}");
        io::stderr().flush()?;
        let line = read_line();
        eprintln!();
        line
    };
    let first = ask(format!("Passphrase for {id}: "))?;
    let second = ask("Once more: ".to_owned())?;
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(Failure::new("the two are not the same: nothing was changed".to_owned()))
    }
}

fn read_line() -> Result<SecretString, Failure> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

/// A terminal that does not show what is typed, for as long as this lives.
struct Silence;

impl Silence {
    /// `None`: the terminal cannot be told so.
    fn begin() -> Option<Self> {
        stty("-echo").then_some(Self)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if !stty("echo") {
            eprintln!("pollux: `stty echo` makes the terminal show again what is typed");
        }
    }
}

fn stty(setting: &str) -> bool {
    Command::new("stty").arg(setting).stdin(Stdio::inherit()).status().is_ok_and(|it| it.success())
}
