//! `pollux demo` and `pollux view`: the window, or a picture of it.

use std::collections::HashMap;
use std::env;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::app::{AppExit, PluginGroupBuilder, ScheduleRunnerPlugin};
use bevy::asset::UnapprovedPathMode;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::{ExitCondition, WindowResolution};
use bevy::winit::{EventLoopProxyWrapper, WinitPlugin, WinitUserEvent};
use clap::Args;
use pollux::command::gate::{DESKTOP_USER, GATE_USER};
use pollux::command::{Ask, Operator};
use pollux::field::{Field, FieldKeys, FieldOptions};
use pollux::link::{Broker, BrokerUrl, Credentials, ServerTls, TlsOptions};
use pollux::panels::{Desk, LayoutStore, PanelsPlugin, Provenance};
use pollux::schedule::Stage;
use pollux::session::{Alignment, Compared, CurrentSite, Keys, Seek, Session, SessionPlugin, own_key};
use pollux::signal::{SignalId, Timestamp, Value};
use pollux::site::{self, Site};
use pollux::trust::{Accounts, MadeKeys};
use pollux::twin::{Readings, Select};
use pollux::view::{Camera, LensKind, SetLens, Settled, ShotSaved, TakeShot, Target, ViewPlugin};
use tracing_subscriber::fmt;

use super::options::{AuthorityOption, BrokerOption, KeysOption, LoadedSite, load, parse_range, parse_span};
use super::source::{RecordOption, Source, compare, open_session};
use super::summary::Summary;
use super::witness::WitnessOption;
use super::{Failure, Outcome, broker, field, gate, has_colors, pki};

/// The engine warns of a missing feature that nothing here uses, and of the software renderer, which the status bar tells.
const LOG_FILTER: &str = "warn,pollux=info,wgpu=error,naga=warn,bevy_render::view::window=error,\
                          bevy_render::renderer=error,bevy_egui::render=error";

/// How the view is shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowOptions {
    /// Draw off-screen, print a JSON summary, and end
    #[arg(long)]
    headless: bool,
    /// How long a headless run lasts, such as 20s
    #[arg(long = "for", value_parser = parse_span, default_value = "20s")]
    span: Duration,
    /// Where a headless run leaves its picture (PNG)
    #[arg(long)]
    shot: Option<PathBuf>,
    /// Size of the window or the picture
    #[arg(long, value_parser = parse_size, default_value = "1600x900")]
    size: UVec2,
    /// The viewpoint to begin with, by its id in the site
    #[arg(long)]
    camera: Option<String>,
    /// The twin to select, by its address
    #[arg(long)]
    select: Option<String>,
    /// A signal to plot, by its address; may be given several times
    #[arg(long)]
    plot: Vec<String>,
    /// Color the scene by something else than what things show: trust
    #[arg(long, value_name = "LENS", value_parser = parse_lens)]
    lens: Option<LensKind>,
    /// Tell where the reading of a signal comes from, by its address
    #[arg(long, value_name = "ADDRESS")]
    provenance: Option<String>,
    /// A command to send when a headless run ends, just before the picture, such as pumping.p1/run=off
    #[arg(long, requires = "headless")]
    ask: Option<String>,
    /// Memory for the history, in MB
    #[arg(long, default_value_t = 512)]
    history: usize,
}

/// What is connected to, recorded and shown.
#[derive(Debug, Args)]
struct LiveOptions {
    #[command(flatten)]
    broker: BrokerOption,
    #[command(flatten)]
    keys: KeysOption,
    #[command(flatten)]
    record: RecordOption,
    /// Who may sign in (see `pollux operators`); operators.ron beside the site where it is not named and there is one
    #[arg(long, value_name = "FILE")]
    operators: Option<PathBuf>,
    #[command(flatten)]
    show: ShowOptions,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// A site: a folder under scenes/, a folder, or its site.ron
    #[arg(default_value = "northfield")]
    site: PathBuf,
    #[command(flatten)]
    live: LiveOptions,
    /// Encrypt everything: a broker with TLS, and a certificate for each that connects, made for this run alone
    #[arg(long, conflicts_with = "broker")]
    secure: bool,
}

/// Arguments of `view`.
#[derive(Debug, Args)]
pub(crate) struct ViewArguments {
    /// A site: a folder under scenes/, a folder, or its site.ron
    site: PathBuf,
    #[command(flatten)]
    witness: WitnessOption,
    #[command(flatten)]
    live: LiveOptions,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// A recorded session (MCAP)
    file: PathBuf,
    /// A site to show it on, instead of the one in the file
    #[arg(long)]
    site: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOption,
    /// Stand still at this instant, such as 2026-01-31T14:03:27.25Z
    #[arg(long)]
    at: Option<Timestamp>,
    /// Hide what came after the instant that is shown, as it was on the day itself
    #[arg(long)]
    as_live: bool,
    /// Go round from one instant to another, such as 2026-01-31T14:03:27Z/2026-01-31T14:05:00Z
    #[arg(long = "loop", value_name = "FROM/TO", value_parser = parse_range)]
    looped: Option<(Timestamp, Timestamp)>,
    /// Lay a second session over it
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// How it is laid over the first: clock, start, or bookmark:NAME (a bookmark that both have)
    #[arg(long, default_value = "start", requires = "compare")]
    align: Alignment,
    #[command(flatten)]
    show: ShowOptions,
}

impl ReplayArguments {
    /// What the cursor does first.
    fn first(&self) -> Vec<Seek> {
        let mut first = vec![Seek::AsLive(self.as_live)];
        first.extend(self.looped.map(|it| Seek::Loop(Some(it))));
        match (self.at, self.looped) {
            (Some(at), _) => first.extend([Seek::Pause, Seek::To(at)]),
            (None, Some((from, _))) => first.extend([Seek::To(from), Seek::Play]),
            (None, None) => (),
        }
        first
    }
}

impl LiveOptions {
    fn show(
        self,
        loaded: LoadedSite,
        url: BrokerUrl,
        credentials: Credentials,
        operator: Operator,
        keys: Keys,
    ) -> Outcome {
        let source = self.record.source(&loaded, url, &self.broker, self.show.headless, credentials, keys)?;
        show(loaded, source, operator, self.show)
    }

    /// Nobody yet, of the accounts that were named, or that lie beside the site.
    fn operator(&self, loaded: &LoadedSite) -> Result<Operator, Failure> {
        let beside = gate::operators_beside(&loaded.path);
        let file = self.operators.clone().or_else(|| beside.exists().then_some(beside));
        let accounts = file.map(|it| Accounts::load(&it)).transpose()?;
        Ok(Operator::of(accounts.unwrap_or_default()))
    }
}

/// Broker (unless one is named), simulated devices and viewer.
pub(crate) fn demo(arguments: DemoArguments) -> Outcome {
    let loaded = load(&arguments.site)?;
    if arguments.live.broker.broker.is_some() {
        // A broker that is not the demo's own has a gate of its own: one that everybody may sign in at has no business there.
        let url = arguments.live.broker.resolve(&loaded.site)?;
        let credentials = arguments.live.broker.credentials()?;
        let devices = field::credentials(&loaded.site, &arguments.live.broker.tls()?, None);
        let _field = Field::start_as(loaded.site.clone(), url.clone(), FieldOptions::default(), devices)?;
        let operator = arguments.live.operator(&loaded)?;
        let keys = arguments.live.keys.resolve(&loaded, "")?;
        return arguments.live.show(loaded, url, credentials, operator, keys);
    }
    if arguments.live.keys.is_given() {
        return Err(Failure::new("the demo makes its own keys for each run: --keys goes with --broker".to_owned()));
    }
    let spare = tempfile::tempdir()?;
    let (_broker, url, mut credentials) = open_doors(&loaded.site, arguments.secure.then_some(spare.path()))?;
    let desktop = credentials.remove(DESKTOP_USER).unwrap_or_default();
    let places = gate::demo_places(&loaded.site, spare.path(), !arguments.live.show.headless);
    let of_gate: Vec<_> = places.iter().map(|it| it.1.public()).collect();
    let made = MadeKeys::new(&loaded.site, &of_gate, pollux::link::now());
    let registry = made.as_ref().map(|it| Arc::clone(&it.registry));
    let _gate = match credentials.remove(GATE_USER) {
        Some(of_gate) => Some(gate::start_demo(loaded.clone(), url.clone(), &of_gate, places, registry.as_ref())?),
        None => None,
    };
    let of_field = FieldKeys { registry: registry.clone(), secrets: made.map(|it| it.secrets).unwrap_or_default() };
    let options = FieldOptions::default();
    let _field = Field::start_signing(loaded.site.clone(), url.clone(), options, credentials, of_field)?;
    let keys = registry.map(Keys::made).unwrap_or_default();
    arguments.live.show(loaded, url, desktop, Operator::demo("operator"), keys)
}

/// The demo's broker, which grants everybody no more than its part. Each has a login of its own, made up for this run; where a
/// folder is given for them, a certificate, and TLS.
fn open_doors(
    site: &Site,
    certificates: Option<&Path>,
) -> Result<(Broker, BrokerUrl, HashMap<String, Credentials>), Failure> {
    let any_port = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let grants = broker::grants(site);
    let Some(folder) = certificates else {
        let credentials = grants.iter().map(|it| (it.login.user.clone(), it.login.clone().into())).collect();
        let broker = Broker::guarded(any_port, grants)?;
        let url = format!("mqtt://{}", broker.address()).parse()?;
        return Ok((broker, url, credentials));
    };
    let made = pki::make(&folder.join("pki"), site)?;
    let broker = Broker::secured(any_port, Some(grants), &ServerTls { ca: made.ca.clone(), identity: made.broker })?;
    let url = format!("mqtts://{}", broker.address()).parse()?;
    let tls = |it| TlsOptions { ca: Some(made.ca.clone()), identity: Some(it) };
    Ok((broker, url, made.clients.into_iter().map(|(name, it)| (name, tls(it).into())).collect()))
}

/// The viewer on its own.
pub(crate) fn view(arguments: ViewArguments) -> Outcome {
    let loaded = load(&arguments.site)?;
    let url = arguments.live.broker.resolve(&loaded.site)?;
    let operator = arguments.live.operator(&loaded)?;
    let insecure = arguments.live.broker.allows_insecure(&loaded.site);
    let credentials = arguments.live.broker.credentials()?;
    let own = own_key().public();
    let _witness = arguments.witness.start(&loaded.site, &url, insecure, credentials.clone(), own)?;
    let keys = arguments.live.keys.resolve(&loaded, "")?;
    arguments.live.show(loaded, url, credentials, operator, keys)
}

/// A recording: its site comes out of it.
pub(crate) fn replay(arguments: ReplayArguments) -> Outcome {
    let folder = tempfile::tempdir()?;
    let opened = open_session(&arguments.file, arguments.site.as_deref(), arguments.authority, folder.path())?;
    let (recording, findings) = (Arc::new(opened.recording), opened.findings);
    let second = arguments.compare.as_deref();
    let authority = (arguments.authority, arguments.site.is_some());
    let laid_over = |it| compare(&recording, it, &opened.loaded.site, authority, arguments.align.clone());
    let compared = second.map(laid_over).transpose()?;
    let source = Source::Replay { recording, first: arguments.first(), findings, compared: compared.map(Box::new) };
    show(opened.loaded, source, Operator::default(), arguments.show)
}

fn parse_size(text: &str) -> Result<UVec2, String> {
    let wrong = || format!("{text:?} is no size: expected such as 1280x720, from 64x64 to 8192x8192");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let side = |it: &str| it.parse().ok().filter(|it| (64..=8192).contains(it)).ok_or_else(wrong);
    Ok(UVec2::new(side(width)?, side(height)?))
}

/// Parses `ADDRESS=VALUE` into a request.
fn parse_ask(site: &Site, text: &str) -> Result<Ask, Failure> {
    let wrong = |why: String| Failure::new(format!("--ask {text:?}: {why}"));
    let (address, value) =
        text.split_once('=').ok_or_else(|| wrong("expected such as pumping.p1/run=off".to_owned()))?;
    let command = site.commands.iter().find(|it| &*it.address == address);
    let command = command.ok_or_else(|| wrong("the site has no such command".to_owned()))?.id;
    let value = match value {
        "on" | "true" => Value::Flag(true),
        "off" | "false" => Value::Flag(false),
        number => Value::Number(number.parse().ok().ok_or_else(|| wrong("no number, on or off".to_owned()))?),
    };
    Ok(Ask::new(command, value))
}

fn parse_lens(text: &str) -> Result<LensKind, String> {
    match text {
        "trust" => Ok(LensKind::Trust),
        _ => Err(format!("{text:?} is no lens: expected trust")),
    }
}

fn signal_of(site: &Site, option: &str, address: &str) -> Result<SignalId, Failure> {
    let signal = site.signal_at(address).map(|it| it.id);
    signal.ok_or_else(|| Failure::new(format!("{option}: the site has no signal {address:?}")))
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].iter().any(|it| env::var_os(it).is_some_and(|it| !it.is_empty()))
}

fn show(loaded: LoadedSite, source: Source, operator: Operator, mut options: ShowOptions) -> Outcome {
    if let Some(select) = &options.select
        && loaded.site.twin_at(select).is_none()
    {
        return Err(Failure::new(format!("--select: the site has no twin {select:?}")));
    }
    if let Some(camera) = &options.camera
        && !loaded.site.viewpoints.iter().any(|it| it.id == *camera)
    {
        let known: Vec<&str> = loaded.site.viewpoints.iter().map(|it| it.id.as_str()).collect();
        return Err(Failure::new(format!("--camera: no viewpoint {camera:?}; there are {}", known.join(", "))));
    }
    // Known before the run, and not after it.
    let folder = options.shot.as_ref().and_then(|it| it.parent()).filter(|it| !it.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|it| !it.is_dir()) {
        return Err(Failure::new(format!("--shot: there is no folder {}", folder.display())));
    }
    if cfg!(target_os = "linux") && !options.headless && !has_display() {
        eprintln!("There is no display (DISPLAY and WAYLAND_DISPLAY are not set): drawing off-screen instead.");
        options.headless = true;
        options.shot.get_or_insert_with(|| env::temp_dir().join("pollux.png"));
    }
    run_app(loaded, source, operator, options)
}

fn engine(title: String, options: &ShowOptions) -> PluginGroupBuilder {
    let window = Window {
        title,
        name: Some("pollux".to_owned()),
        resolution: WindowResolution::new(options.size.x, options.size.y),
        ..default()
    };
    let (primary_window, exit_condition) =
        if options.headless { (None, ExitCondition::DontExit) } else { (Some(window), ExitCondition::OnPrimaryClosed) };
    let engine = DefaultPlugins
        .set(WindowPlugin { primary_window, exit_condition, ..default() })
        .set(AssetPlugin {
            file_path: site::assets_dir().to_string_lossy().into_owned(),
            // The models beside a site are asked for by name, as the only files outside of the assets.
            unapproved_path_mode: UnapprovedPathMode::Deny,
            ..default()
        })
        .set(LogPlugin {
            filter: LOG_FILTER.to_owned(),
            fmt_layer: |_| Some(Box::new(fmt::layer().with_ansi(has_colors()).with_writer(io::stderr))),
            ..default()
        });
    if options.headless {
        engine
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>()
            .add(ScheduleRunnerPlugin::run_loop(Duration::from_millis(5)))
    } else {
        engine
    }
}

/// What a headless run has reached.
#[derive(Resource)]
struct Shoot {
    until: Timestamp,
    began: Timestamp,
    path: Option<PathBuf>,
    asked: bool,
    ask: Option<Ask>,
    /// Frames to let pass before the picture.
    wait: u32,
    frames: u64,
    summary: Arc<Mutex<Option<Summary>>>,
}

fn run_app(loaded: LoadedSite, source: Source, operator: Operator, options: ShowOptions) -> Outcome {
    let title = format!("Pollux · {}", loaded.site.name);
    let target = if options.headless { Target::Image(options.size) } else { Target::Window };
    let store = if options.headless { LayoutStore::default() } else { LayoutStore::user() };
    let plots = options.plot.iter().map(|it| signal_of(&loaded.site, "--plot", it)).collect::<Result<_, _>>()?;
    let selected = options.select.as_deref().and_then(|it| loaded.site.twin_at(it)).map(|it| it.id);
    let provenance = options.provenance.as_deref().map(|it| signal_of(&loaded.site, "--provenance", it)).transpose()?;
    let ask = options.ask.as_deref().map(|it| parse_ask(&loaded.site, it)).transpose()?;
    let session = SessionPlugin::new(loaded.path, loaded.site, loaded.ids)
        .with_key(own_key())
        .with_history_bytes(options.history.saturating_mul(1_000_000));
    let replay = matches!(source, Source::Replay { .. });
    let notice = source.notice();
    let (session, first) = source.give(session);
    let mut app = App::new();
    app.add_plugins(engine(title, &options))
        .add_plugins(pollux::Desktop {
            headless: pollux::Headless { session },
            view: ViewPlugin { target },
            panels: PanelsPlugin { store, plots },
        })
        .add_plugins(super::launch::plugin)
        .insert_resource(operator)
        .set_error_handler(bevy::ecs::error::error);
    app.world_mut().write_message_batch(first);
    app.world_mut().write_message_batch(notice);
    if let Some(twin) = selected {
        app.world_mut().write_message(Select::Twin(Some(twin)));
    }
    if let Some(camera) = options.camera.clone() {
        app.world_mut().write_message(Camera::Viewpoint(camera));
    }
    if let Some(lens) = options.lens {
        app.world_mut().write_message(SetLens::On(lens));
    }
    if let Some(signal) = provenance {
        app.world_mut().resource_mut::<Desk>().provenance = Some(Provenance::of(signal));
    }
    let summary = Arc::new(Mutex::new(None));
    app.add_systems(Startup, wake_the_window);
    if options.headless {
        let now = pollux::link::now();
        app.insert_resource(Shoot {
            until: now + options.span,
            began: now,
            path: options.shot.clone(),
            asked: false,
            ask,
            wait: 0,
            frames: 0,
            summary: summary.clone(),
        })
        .add_systems(Update, shoot.in_set(Stage::Show));
    }
    let exit = app.run();
    if !options.headless {
        return Ok(if exit.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let summary = summary.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(summary) = summary else {
        return Err(Failure::new("the run ended before it could be summed up".to_owned()));
    };
    println!("{}", serde_json::to_string_pretty(&summary)?);
    // What a recording shows need not be live.
    Ok(if (replay || summary.all_live()) && exit.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What comes in wakes a window that draws on demand.
fn wake_the_window(session: Res<Session>, proxy: Option<Res<EventLoopProxyWrapper>>) {
    if let Some(proxy) = proxy {
        let proxy = (**proxy).clone();
        // A loop that has ended needs no waking.
        session.waker.set(move || {
            proxy.send_event(WinitUserEvent::WakeUp).ok();
        });
    }
}

/// When the time is up and all is drawn: the picture, then the figures, then the end.
fn shoot(
    mut run: ResMut<Shoot>,
    site: Res<CurrentSite>,
    (session, compared): (Res<Session>, Res<Compared>),
    readings: Res<Readings>,
    settled: Res<Settled>,
    mut saved: MessageReader<ShotSaved>,
    mut shots: MessageWriter<TakeShot>,
    mut asks: MessageWriter<Ask>,
    mut exits: MessageWriter<AppExit>,
) {
    run.frames += 1;
    let now = pollux::link::now();
    // A picture may be saved while something new is being drawn: it counts all the same.
    let done = saved.read().last().cloned();
    if done.is_none() && (run.asked || now < run.until || !settled.0 || session.is_reading() || compared.is_busy()) {
        return;
    }
    if let Some(ask) = run.ask.take() {
        // The next frame sends it, and the picture shows what is known then.
        asks.write(ask);
        run.wait = 1;
        return;
    }
    if run.wait > 0 {
        // Letters that were never on the screen before are drawn from the next frame on.
        run.wait -= 1;
        return;
    }
    let ended = match (&run.path, &done) {
        (None, _) => true,
        (Some(_), Some(_)) => true,
        (Some(path), None) => {
            shots.write(TakeShot(path.clone()));
            false
        }
    };
    run.asked = true;
    if !ended {
        return;
    }
    let failed = done.as_ref().and_then(|it| it.error.clone());
    if let Some(error) = &failed {
        error!("the picture could not be saved: {error}");
    }
    let secs = now.secs_since(run.began);
    let summary = Summary::new(&site, &readings, &session.tally.snapshot(), run.frames, secs)
        .with_shot(done.filter(|_| failed.is_none()).map(|it| it.path.display().to_string()));
    *run.summary.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary);
    exits.write(if failed.is_some() { AppExit::error() } else { AppExit::Success });
}
