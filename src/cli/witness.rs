//! `pollux witness SITE --broker URL`: keeps what recorders show, so that nobody can cut the end of a session unseen.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use crossbeam_channel::RecvTimeoutError;
use pollux::link::{self, BrokerUrl, Credentials, LinkOptions};
use pollux::session::sessions_dir;
use pollux::session::witness::{Witness, WitnessOptions, WitnessTold};
use pollux::site::Site;
use pollux::trust::{PublicKey, SecretKey};

use super::options::{BrokerOption, SiteArgument, load, parse_span};
use super::{Failure, Outcome};

/// Batches of arrivals that may wait to be signed.
const ARRIVALS_CAPACITY: usize = 16;
/// How often it is looked whether to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Arguments of `witness`.
#[derive(Debug, Args)]
pub(crate) struct WitnessArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    /// Its own key; made where there is no such file, in the user's data folder where it is not named
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where it writes down what it has signed, for `pollux verify --witness`; in the user's data folder where it is not named
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End after this span, such as 10min; without it, run until it is ended
    #[arg(long = "for", value_parser = parse_span)]
    span: Option<Duration>,
}

/// Exits with 0 unless a session contradicted itself, or nothing could be written down.
pub(crate) fn run(arguments: WitnessArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    let url = arguments.broker.resolve(&loaded.site)?;
    let place = Place { key: arguments.key, out: arguments.out };
    let until = arguments.span.map(|it| link::now() + it);
    let broker = &arguments.broker;
    let (insecure, credentials) = (broker.allows_insecure(&loaded.site), broker.credentials()?);
    let witness = place.start(&loaded.site, url.clone(), insecure, credentials, None)?;
    println!("witnessing what is recorded of {} at {url}, as {}", loaded.site.name, witness.1);
    let mut good = true;
    while until.is_none_or(|it| link::now() < it) {
        match witness.0.told.recv_timeout(LOOK_EVERY) {
            Ok(told) => {
                good &= !matches!(told, WitnessTold::Doubted(_));
                println!("{}", in_words(&told));
                if let WitnessTold::CannotKeep(why) = told {
                    return Err(Failure::new(format!("nothing is witnessed any more: {why}")));
                }
            }
            Err(RecvTimeoutError::Timeout) => (),
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::new("the witness ended by itself".to_owned())),
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A witness beside another run: it tells what it doubts in the log alone.
#[derive(Debug, Clone, Args)]
pub(crate) struct WitnessOption {
    /// Witness what others record of this site meanwhile (see `pollux witness`)
    #[arg(long)]
    witness: bool,
}

impl WitnessOption {
    /// Begins it, where it is asked for. It ends when it is dropped.
    pub(crate) fn start(
        &self,
        site: &Site,
        url: &BrokerUrl,
        allow_insecure: bool,
        credentials: Credentials,
        own: PublicKey,
    ) -> Result<Option<Witness>, Failure> {
        let place = Place { key: None, out: None };
        let begun = self.witness.then(|| place.start(site, url.clone(), allow_insecure, credentials, Some(own)));
        Ok(begun.transpose()?.map(|it| it.0))
    }
}

/// Where a witness keeps its key and what it signs.
struct Place {
    key: Option<PathBuf>,
    out: Option<PathBuf>,
}

impl Place {
    fn start(
        self,
        site: &Site,
        url: BrokerUrl,
        allow_insecure: bool,
        credentials: Credentials,
        except: Option<PublicKey>,
    ) -> Result<(Witness, PublicKey), Failure> {
        let folder = sessions_dir().with_file_name("witness");
        std::fs::create_dir_all(&folder)?;
        let key = SecretKey::load_or_create(&self.key.unwrap_or_else(|| folder.join("witness.key")))?;
        let public = key.public();
        let file = self.out.unwrap_or_else(|| folder.join(format!("{}.jsonl", site.topic_name())));
        let link = LinkOptions {
            url,
            client_id: format!("pollux-witness-{}-{}", public.id(), std::process::id()),
            filters: Vec::new(),
            arrivals_capacity: ARRIVALS_CAPACITY,
            allow_insecure,
            login: credentials.login,
            tls: credentials.tls,
            will: None,
        };
        let options = WitnessOptions { site: site.topic_name(), link, key, file, except };
        Ok((Witness::start(options)?, public))
    }
}

fn in_words(told: &WitnessTold) -> String {
    match told {
        WitnessTold::Signed(it) => {
            let end = if it.head.is_final { ", and there it ended" } else { "" };
            let key = it.head.key.id();
            format!(
                "signed: session {} by key {key} at seal {}, {} messages{end}",
                it.head.session, it.head.n, it.head.messages
            )
        }
        WitnessTold::Doubted(doubt) => format!("REFUSED: {doubt}"),
        WitnessTold::NotACheckpoint { topic, why } => format!("passed over: {topic}: {why}"),
        WitnessTold::CannotKeep(why) => format!("cannot be written down: {why}"),
    }
}
