//! Where transpiling happens: in a process of its own.
//!
//! oxc recurses without a limit, and takes exponential time and memory for some texts (`a<a<a<…`). Neither can be stopped in a
//! thread, and both would be the whole host's. A helper process has limits that the system keeps, and can be lost. It is this
//! program, started anew; what it knows is one text, and nothing of the host's environment. One that has done its work is kept for
//! some seconds, as apps have several files. A text that takes long gives its place to others, and works on where only those do that
//! take long: hostile texts delay others for moments.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufReader, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nano_engine::process_memory::{self, HelperProcess};
use nano_engine::transpiler::{self, Mistake, MistakePlace, Transpiled};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use serde::{Deserialize, Serialize};

use crate::limits::{self, CPU_SECONDS};
use crate::message::{self, Beginning};
use crate::mistake;
use crate::paths::Language;
use crate::tsconfig::Options;
use crate::turns::{self, Lane, Turn, Turns};

/// What most files are far from, which take some milliseconds.
const SHORT: Duration = Duration::from_millis(300);
/// How long one is kept that has nothing to do.
const KEPT: Duration = Duration::from_secs(10);
/// The most bytes of a text.
const MAX_TEXT: usize = 8 << 20;

/// What a helper is asked; the text goes beside the rest.
#[derive(Debug, Hash, Serialize, Deserialize)]
pub(crate) struct Question<'t> {
    pub(crate) path: Cow<'t, str>,
    #[serde(skip)]
    pub(crate) text: Cow<'t, str>,
    pub(crate) language: Language,
    pub(crate) options: Cow<'t, Options>,
}

/// What has become of a text.
type Answered = Result<Transpiled, Mistake>;

/// What a helper says of the two texts that it answers with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// They are the code and its map.
    Transpiled,
    /// They are the message, and the line that the mistake is in, if it is at one place: that line's number, and columns.
    Mistake(Option<(u32, (u32, u32))>),
}

impl Answer {
    pub(crate) fn write(to: &mut impl Write, answered: &Answered) -> io::Result<()> {
        match answered {
            Ok(Transpiled { code, map }) => message::write(to, &Self::Transpiled, [code, map]),
            Err(Mistake { message, place }) => {
                let line = place.as_ref().map_or("", |place| &place.text);
                let place = place.as_ref().map(|place| (place.line, place.columns));
                message::write(to, &Self::Mistake(place), [message, line])
            }
        }
    }

    fn with(self, [first, second]: [String; 2]) -> Answered {
        match self {
            Self::Transpiled => Ok(Transpiled {
                code: first,
                map: second,
            }),
            Self::Mistake(place) => Err(Mistake {
                message: first,
                place: place.map(|(line, columns)| MistakePlace {
                    line,
                    columns,
                    text: second,
                }),
            }),
        }
    }
}

/// A helper process.
#[derive(Debug)]
struct Helper {
    process: Child,
    memory: HelperProcess,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Helper {
    fn start() -> io::Result<Self> {
        // The file that this process runs, also where another one has its name by now.
        #[cfg(target_os = "linux")]
        let program = std::path::PathBuf::from("/proc/self/exe");
        #[cfg(not(target_os = "linux"))]
        let program = std::env::current_exe()?;
        // Nobody hears what it complains of. Not by /dev/null, which not everyone may write to everywhere.
        let (_, nowhere) = io::pipe()?;
        let memory = limits::memory(process_memory::limit());
        let mut process = Command::new(program)
            .arg0("nano")
            .arg(crate::COMMAND)
            .env_clear()
            .env(limits::MEMORY, memory.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(nowhere)
            .spawn()?;
        let memory = HelperProcess::new(process.id());
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        Ok(Self {
            process,
            memory,
            input,
            output: BufReader::new(output),
        })
    }

    /// What it answers; `None` where it does not within this time.
    fn answer(&mut self, within: Option<Duration>) -> Result<Option<Answered>, Unanswered> {
        let began = Instant::now();
        while !self.has_answered(turns::LOOK)? {
            if transpiler::is_unwanted() {
                return Err(Unanswered::Unwanted);
            }
            if within.is_some_and(|within| began.elapsed() >= within) {
                return Ok(None);
            }
        }
        let beginning = Beginning::<Answer, 2>::read(&mut self.output)?;
        if !process_memory::spares(beginning.size()) {
            return Err(Unanswered::NoRoom);
        }
        let (answer, texts) = beginning.read_texts(&mut self.output)?;
        Ok(Some(answer.with(texts)))
    }

    /// Whether it answers, or ends, within a time.
    fn has_answered(&self, within: Duration) -> io::Result<bool> {
        let within = Timespec::try_from(within).map_err(io::Error::other)?;
        let mut output = [PollFd::new(self.output.get_ref(), PollFlags::IN)];
        let ready = retry_on_intr(|| poll(&mut output, Some(&within)))?;
        Ok(ready > 0)
    }

    /// It has not answered: how it has ended.
    fn end(mut self) -> End {
        drop((self.input, self.output));
        // It may have had more to say.
        let killed = self.process.kill();
        let waited = killed.and_then(|()| self.memory.wait(|| self.process.wait()));
        if self.memory.was_ended_for_memory() {
            return End::ForMemory;
        }
        waited.map_or_else(End::Unknown, End::Ended)
    }
}

/// Why there is no answer.
enum Unanswered {
    /// The helper has ended.
    Lost,
    /// The process has no room for it.
    NoRoom,
    /// Nobody wants it any more.
    Unwanted,
}

impl From<io::Error> for Unanswered {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

/// How a helper has ended.
enum End {
    Ended(ExitStatus),
    /// The process was short of memory.
    ForMemory,
    /// Nobody waited for it any more.
    Unwanted,
    Unknown(io::Error),
}

/// What it means for the text.
impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended(status) if status.signal() == Some(libc::SIGXCPU) => {
                write!(f, "it takes more than {CPU_SECONDS} s of CPU time")
            }
            Self::Ended(status) => write!(
                f,
                "it nests too deeply, or takes too much memory ({status})"
            ),
            Self::ForMemory => f.write_str(transpiler::NO_MEMORY),
            Self::Unwanted => f.write_str("its instance is to end"),
            Self::Unknown(error) => error.fmt(f),
        }
    }
}

/// The helpers of this process.
#[derive(Debug)]
pub(crate) struct Helpers {
    state: Mutex<State>,
    turns: Turns,
}

#[derive(Debug)]
struct State {
    /// Those that wait for work, and since when.
    idle: Vec<(Instant, Helper)>,
    /// A thread ends those that have waited long enough.
    is_swept: bool,
}

impl Helpers {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                is_swept: false,
            }),
            turns: Turns::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place among the helpers.
    fn turn(&'static self, lane: Lane, who: u64) -> Result<Turn<'static>, End> {
        let turn = self.turns.take(lane, who, transpiler::is_unwanted);
        turn.ok_or(End::Unwanted)
    }

    /// Has a text transpiled, unless no time is left.
    pub(crate) fn transpile(
        &'static self,
        question: &Question,
        who: &Path,
        left: &mut Duration,
    ) -> Result<Transpiled, Mistake> {
        let path = &question.path;
        let failed = |error: &dyn std::fmt::Display| {
            mistake(format!("{path} cannot be transpiled: {error}"))
        };
        let size = question.text.len();
        if size > MAX_TEXT {
            return Err(failed(&format!(
                "it has {size} bytes, and {MAX_TEXT} are the most; make JavaScript of it beforehand"
            )));
        }
        if left.is_zero() {
            return Err(failed(
                &"what was transpiled before has taken all of the time that there is for one instance; make JavaScript of the \
                  files beforehand",
            ));
        }
        let mut hasher = DefaultHasher::new();
        who.hash(&mut hasher);
        let who = hasher.finish();
        let start = || {
            Helper::start()
                .map_err(|error| failed(&format!("cannot start a process for it: {error}")))
        };

        let wait = |lane| self.turn(lane, who).map_err(|end| failed(&end));

        let mut turn = wait(Lane::Short)?;
        let idle = self.lock().idle.pop();
        let mut is_new = idle.is_none();
        let mut was_ended = false;
        let mut helper = idle.map_or_else(start, |(_, helper)| Ok(helper))?;
        loop {
            let (answer, turn_at_end) = self.ask(&mut helper, question, turn, left);
            turn = turn_at_end;
            match answer {
                Ok(Some(answered)) => {
                    self.keep(helper);
                    return answered;
                }
                // Anew, as a stopped process would keep its memory while it waits.
                Ok(None) => {
                    drop(helper.end());
                    drop(turn);
                    turn = wait(Lane::Long)?;
                }
                Err(Unanswered::NoRoom) => {
                    drop(helper.end());
                    return Err(failed(&End::ForMemory));
                }
                Err(Unanswered::Unwanted) => {
                    drop(helper.end());
                    return Err(failed(&End::Unwanted));
                }
                // Something else may have ended it.
                Err(Unanswered::Lost) if !is_new => drop(helper.end()),
                Err(Unanswered::Lost) => match helper.end() {
                    // It need not have been this text that took the memory: once more, where only one is at work.
                    End::ForMemory if !was_ended => {
                        was_ended = true;
                        drop(turn);
                        turn = wait(Lane::Long)?;
                    }
                    end => return Err(failed(&end)),
                },
            }
            helper = start()?;
            is_new = true;
        }
    }

    /// What a helper answers, with the turn that it is at work in by then; `None` if a short turn was too short for it, and there was no
    /// long one for it to go on in. Takes from `left` how long it was at work.
    fn ask(
        &'static self,
        helper: &mut Helper,
        question: &Question,
        mut turn: Turn<'static>,
        left: &mut Duration,
    ) -> (Result<Option<Answered>, Unanswered>, Turn<'static>) {
        let began = Instant::now();
        let asked = message::write(&mut helper.input, question, [&question.text]);
        let asked = asked.map_err(Unanswered::from);
        let answer = asked.and_then(|()| match turn.lane() {
            Lane::Long => helper.answer(None),
            Lane::Short => match helper.answer(Some(SHORT))? {
                None if turn.lengthen() => helper.answer(None),
                answer => Ok(answer),
            },
        });
        *left = left.saturating_sub(began.elapsed());
        (answer, turn)
    }

    /// Keeps one that has done its work for what comes next.
    fn keep(&'static self, helper: Helper) {
        let mut state = self.lock();
        if !state.is_swept {
            let sweeper = std::thread::Builder::new().name("transpilers".to_owned());
            state.is_swept = sweeper.spawn(|| self.sweep()).is_ok();
        }
        if state.is_swept {
            state.idle.push((Instant::now(), helper));
        } else {
            drop(state);
            drop(helper.end());
        }
    }

    /// Ends those that have waited long enough, until there are none.
    fn sweep(&self) {
        loop {
            std::thread::sleep(KEPT);
            let mut state = self.lock();
            let waiting = std::mem::take(&mut state.idle).into_iter();
            let (old, young) = waiting.partition(|(since, _)| since.elapsed() >= KEPT);
            state.idle = young;
            let is_last = state.idle.is_empty();
            state.is_swept = !is_last;
            drop(state);
            let old: Vec<(Instant, Helper)> = old;
            for (_, helper) in old {
                // Nobody asks how.
                drop(helper.end());
            }
            if is_last {
                return;
            }
        }
    }
}
