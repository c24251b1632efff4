//! `pollux import TABLE.csv --out FILE.mcap`: makes a session out of a table.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;
use pollux::link::Arrival;
use pollux::session::Follower;
use pollux::session::import::{DraftColumn, Shape, draft_site, guess, guess_delimiter, usual_period};
use pollux::session::recording::{About, SITE_ATTACHMENT, SessionWriter, site_files};
use pollux::signal::Timestamp;
use pollux::site::{self, Ids, Site};

use super::{Failure, Outcome};

/// The state of all signals stands before each so many bytes.
const KEYFRAME_BYTES: usize = 1 << 20;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The table (CSV), with a heading
    table: PathBuf,
    /// The session to write (MCAP)
    #[arg(long)]
    out: PathBuf,
    /// A site whose topics are `import/` and the columns' names; without it one is drafted
    #[arg(long)]
    site: Option<PathBuf>,
    /// What stands between two cells, instead of what is guessed
    #[arg(long)]
    delimiter: Option<char>,
    /// The column of the time
    #[arg(long)]
    time: Option<String>,
    /// How the times are written, such as "%d/%m/%y %H"
    #[arg(long)]
    format: Option<String>,
    /// The time zone of times that name none, such as Europe/Berlin
    #[arg(long, default_value = "UTC")]
    zone: String,
}

/// Exits with 0 if every row is in the session.
pub(crate) fn run(arguments: ImportArguments) -> Outcome {
    super::log_to_stderr();
    let name = arguments.table.display().to_string();
    let zone = TimeZone::get(&arguments.zone).map_err(|why| Failure::new(format!("--zone: {why}")))?;
    let in_table = |why: &dyn std::fmt::Display| Failure::new(format!("{name}: {why}"));
    let mut first = String::new();
    BufReader::new(File::open(&arguments.table).map_err(|why| in_table(&why))?).read_line(&mut first)?;
    let delimiter = match arguments.delimiter {
        Some(it) => {
            u8::try_from(it).map_err(|why| Failure::new(format!("--delimiter: {it:?} is no ASCII sign: {why}")))?
        }
        None => guess_delimiter(&first),
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_path(&arguments.table)
        .map_err(|why| in_table(&why))?;
    let heading: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in reader.records() {
        rows.push(row.map_err(|why| in_table(&why))?.iter().map(str::to_owned).collect());
    }
    let shape = guess(delimiter, &heading, &rows, arguments.time.as_deref(), arguments.format.as_deref(), &zone)
        .map_err(|why| in_table(&why))?;
    eprintln!(
        "{name}: {} columns apart by {:?}, times in {:?} as {}{}",
        heading.len(),
        shape.delimiter as char,
        heading[shape.time_column],
        shape.format,
        if shape.decimal_comma { ", a comma for the decimal point" } else { "" }
    );
    let table = Table { heading, rows, shape, zone };
    let (messages, odd) = table.messages();
    for finding in &odd {
        eprintln!("{name}: {finding}");
    }
    if messages.is_empty() {
        return Err(in_table(&"no row has a time that can be read"));
    }
    let (site, files) = site_for(&arguments, &table, &messages)?;
    write(&arguments, &site, &files, &messages)?;
    eprintln!("{}: {} values of {} rows", arguments.out.display(), messages.len(), table.rows.len());
    Ok(if odd.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
    shape: Shape,
    zone: TimeZone,
}

impl Table {
    fn topic(column: &str) -> String {
        format!("import/{}", column.replace(['+', '#', '/'], "_"))
    }

    /// A cell as a device would send it.
    fn payload(&self, cell: &str) -> String {
        if self.shape.decimal_comma { cell.replacen(',', ".", 1) } else { cell.to_owned() }
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|it| it.get(column)).filter(|it| !it.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|it| self.payload(it).parse::<f64>().is_ok_and(f64::is_finite))
    }

    /// A message for each cell that says something, in the order of their time; and what is wrong.
    fn messages(&self) -> (Vec<Arrival>, Vec<String>) {
        let mut messages = Vec::new();
        let mut odd: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut note = |what, row| odd.entry(what).or_insert((row, 0)).1 += 1;
        let topics: Vec<bytes::Bytes> = self.heading.iter().map(|it| Self::topic(it).into()).collect();
        for (at, row) in self.rows.iter().enumerate() {
            // The heading is line 1.
            let line = at + 2;
            let time = row.get(self.shape.time_column).and_then(|it| self.shape.format.read(it, &self.zone));
            let Some(received) = time else {
                note("a time that cannot be read", line);
                continue;
            };
            if row.len() != self.heading.len() {
                note("another number of cells than the heading", line);
            }
            for (column, cell) in row.iter().enumerate().take(topics.len()) {
                if column == self.shape.time_column || cell.is_empty() {
                    continue;
                }
                messages.push(Arrival {
                    topic: topics[column].clone(),
                    payload: self.payload(cell).into(),
                    received,
                    retained: false,
                    correlation: None,
                    properties: None,
                });
            }
        }
        if messages.windows(2).any(|it| it[1].received < it[0].received) {
            note("times that run backward: they are put in order", 0);
            messages.sort_by_key(|it| it.received);
        }
        let odd = odd.into_iter().map(|(what, (line, count))| match line {
            0 => what.to_owned(),
            _ => format!("line {line}: {what} ({count} such rows)"),
        });
        (messages, odd.collect())
    }
}

/// The site that is given, or a draft; with its files.
fn site_for(
    arguments: &ImportArguments,
    table: &Table,
    messages: &[Arrival],
) -> Result<(Arc<Site>, Vec<(String, Vec<u8>)>), Failure> {
    if let Some(given) = &arguments.site {
        let path = site::find(given)?;
        let site = site::load(&path, &mut Ids::default())?.site;
        let files = site_files(&site, &fs::read(&path)?)?;
        return Ok((Arc::new(site), files));
    }
    let columns: Vec<DraftColumn> = (0..table.heading.len())
        .filter(|it| *it != table.shape.time_column)
        .map(|at| {
            let name = table.heading[at].clone();
            DraftColumn { topic: Table::topic(&name), name, numeric: table.is_numeric(at) }
        })
        .collect();
    let mut times: Vec<Timestamp> = messages.iter().map(|it| it.received).collect();
    times.dedup();
    let stem = arguments.table.file_stem().map_or_else(|| "table".to_owned(), |it| it.to_string_lossy().into_owned());
    let text = draft_site(&stem, &columns, usual_period(&times));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("site.ron");
    fs::write(&path, &text)?;
    let site = site::load(&path, &mut Ids::default())?.site;
    Ok((Arc::new(site), vec![(SITE_ATTACHMENT.to_owned(), text.into_bytes())]))
}

fn write(
    arguments: &ImportArguments,
    site: &Arc<Site>,
    files: &[(String, Vec<u8>)],
    messages: &[Arrival],
) -> Result<(), Failure> {
    let about = About {
        site: site.name.clone(),
        began: messages.first().map(|it| it.received).unwrap_or_default(),
        more: [("imported_from".to_owned(), file_name(&arguments.table))].into(),
        ..About::default()
    };
    let out = &arguments.out;
    let sink = File::options()
        .write(true)
        .create_new(true)
        .open(out)
        .map_err(|why| Failure::new(format!("{} cannot be written: {why}", out.display())))?;
    let mut writer = SessionWriter::new(BufWriter::new(sink), &about, files)?.with_chunk_secs(f64::INFINITY);
    let mut follower = Follower::new(site);
    let mut bytes = KEYFRAME_BYTES;
    for message in messages {
        if bytes >= KEYFRAME_BYTES {
            bytes = 0;
            writer.keyframe(follower.fold(), site)?;
        }
        bytes += message.payload.len() + 31;
        writer.message(message)?;
        follower.take(message);
    }
    writer.finish()?.flush()?;
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned())
}
