//! The command line.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;
use nano_host::config::{Config, ListenAddress, Overlap};
use nano_host::log::Format;

use crate::remote::Remote;
use crate::top::TopOptions;

/// What the program is called, unless a package has to call it otherwise.
const NAME: &str = "nano";

/// NANO hosts many isolated JavaScript apps in one process.
#[derive(Debug, Parser)]
#[command(name = NAME)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a folder as one app, or the apps of a configuration
    Serve(ServeOptions),
    /// Evaluate a script, with top-level await, and print its value
    Eval {
        /// The script
        code: String,
    },
    /// Run a module until it has nothing left to do
    Run {
        /// The module
        file: PathBuf,
    },
    /// Read, evaluate, print, and begin again
    Repl,
    /// Make JavaScript of what comes on standard input: a helper that other commands start
    #[command(name = nano_typescript::COMMAND, hide = true)]
    Transpile,
    /// Print what the reference and packages are made of: a helper of the tools that make them
    #[command(hide = true)]
    Describe {
        #[command(subcommand)]
        what: Description,
    },
    /// Check a configuration, and that its apps start, without serving
    Check(Site),
    /// Print the JSON Schema of configurations, for editors and other tools
    Schema {
        /// Print that of nano.json, the settings of an app in an apps folder
        #[arg(long)]
        settings: bool,
    },
    /// Make a folder with an app to begin with
    Init {
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Make a configuration of a Worker's wrangler.jsonc, beside it, and say what is not taken over
    Import {
        /// The file [default: wrangler.json or wrangler.jsonc]
        file: Option<PathBuf>,
        /// One of its environments
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
    },
    /// Look at the apps of a nano that serves, by its admin API, and change them
    Apps {
        #[command(flatten)]
        remote: Remote,
        #[command(subcommand)]
        what: Option<Apps>,
    },
    /// Watch the apps of a nano that serves, by its admin API: requests, latency, CPU, memory
    Top(TopOptions),
    /// Show the last log lines of an app of a nano that serves, by its admin API
    Logs {
        /// The app
        app: String,
        /// Go on with those that come
        #[arg(short, long)]
        follow: bool,
        /// How many of the last lines to begin with
        #[arg(short = 'n', long, default_value_t = 100)]
        lines: usize,
        #[command(flatten)]
        remote: Remote,
    },
    /// Have a nano that serves serve a folder as an app, by its admin API
    Deploy {
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// The app's name [default: the folder's]
        #[arg(long)]
        name: Option<String>,
        /// A host that the app answers to, if it is new (one that is there already keeps its own); may be given several times [default: every host that is nobody else's]
        #[arg(long, value_name = "HOST")]
        hostname: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

/// What to print of the program.
#[derive(Debug, Subcommand)]
pub(crate) enum Description {
    /// The answers that the host gives by itself, as JSON
    Errors,
    /// What a shell runs to complete commands
    Completions {
        /// The shell
        shell: Shell,
        /// What the program is called
        #[arg(long, default_value = NAME)]
        name: String,
    },
    /// Manual pages, of the program and of each command
    Man {
        /// Where they are written
        folder: PathBuf,
        /// What the program is called
        #[arg(long, default_value = NAME)]
        name: String,
    },
}

/// What to do with the apps of a nano that serves.
#[derive(Debug, Subcommand)]
pub(crate) enum Apps {
    /// List them; what `nano apps` does
    List,
    /// Show all that is known of one
    Show {
        /// Its name
        app: String,
    },
    /// Remove one, after what it has begun
    Remove {
        /// Its name
        app: String,
    },
    /// Have the configuration and the apps' folders read anew
    Reload,
    /// Send one a scheduled event now, and wait until it is over
    Fire {
        /// Its name
        app: String,
        /// The cron expression that the event is for [default: the app's first one]
        #[arg(long, value_name = "EXPRESSION")]
        cron: Option<String>,
    },
}

/// Options of `nano serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeOptions {
    #[command(flatten)]
    pub(crate) site: Site,
    /// The port, in place of the configuration's; 0 takes a free one
    #[arg(long)]
    port: Option<u16>,
    /// The IP address to listen on [default: all]
    #[arg(long, value_name = "ADDRESS")]
    host: Option<IpAddr>,
    /// Show clients what went wrong inside of apps
    #[arg(long)]
    pub(crate) dev: bool,
    /// Serve what changes in the configuration and in the apps' folders; --dev does, too
    #[arg(long)]
    watch: bool,
    /// json or pretty [default: pretty on a terminal, else json]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log: Option<Format>,
}

/// What to serve or to check. Neither: `./apps.json` if there is one, else the current folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Site {
    /// A folder with one app
    folder: Option<PathBuf>,
    /// A configuration (apps.json)
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    config: Option<PathBuf>,
}

/// Reads the process's arguments; on a mistake, says so and exits.
pub(crate) fn parse() -> Command {
    let matches = program(NAME).get_matches();
    Args::from_arg_matches(&matches)
        .unwrap_or_else(|error| error.exit())
        .command
}

/// All commands and options, of a program of this name.
pub(crate) fn program(name: &str) -> clap::Command {
    let v8 = nano_engine::v8::V8::get_version();
    let version = format!("{} (V8 {v8})", env!("CARGO_PKG_VERSION"));
    // clap wants them for as long as the process lives.
    let version: &'static str = version.leak();
    let name: &'static str = name.to_owned().leak();
    Args::command().name(name).version(version)
}

impl Site {
    /// Loads what is to be served. `state` is the folder of the admin API's changes where the configuration names none.
    pub(crate) fn load(&self, state: Option<&Path>) -> anyhow::Result<Config> {
        let listen = ListenAddress::any(ListenAddress::DEFAULT_PORT);
        let default = Path::new("apps.json");
        Ok(match (&self.config, &self.folder) {
            (Some(file), _) => Config::load(file, state)?,
            (None, Some(file)) if file.is_file() => bail!(
                "{} is a file; expected a folder. {}",
                file.display(),
                instead_of(file)
            ),
            (None, Some(folder)) => Config::folder(folder, listen)?,
            (None, None) if default.is_file() => Config::load(default, state)?,
            (None, None) => Config::folder(Path::new("."), listen)
                .context("there is no ./apps.json (--config names another one), and no app here")?,
        })
    }
}

/// What to do about a file in the place of a folder.
fn instead_of(file: &Path) -> String {
    let ending = file.extension().and_then(|ending| ending.to_str());
    let is_module = matches!(
        ending,
        Some("js" | "mjs" | "cjs" | "ts" | "mts" | "tsx" | "jsx")
    );
    if !is_module {
        return format!("Serve a configuration with --config {}", file.display());
    }
    let folder = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let folder = folder.display();
    format!("Serve the folder of the app that the module is of: nano serve {folder}")
}

impl ServeOptions {
    /// Loads the configuration, and puts `--port` and `--host` over it.
    pub(crate) fn load(&self, state: Option<&Path>) -> anyhow::Result<Config> {
        let mut config = self.site.load(state)?;
        if let Some(port) = self.port {
            config.listen.port = port;
        }
        if self.host.is_some() {
            config.listen.ip = self.host;
            // What is wrong with the address is no fault of the file's.
            config.ports.clear();
        }
        config.watch |= self.watch || self.dev;
        // The file's own were found as it was read.
        if let Some(overlap) = config.overlap() {
            bail!("{overlap}, by --port or --host: {}", Overlap::HELP);
        }
        Ok(config)
    }
}
