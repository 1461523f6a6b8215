//! The last line of defence: before the kernel ends the process because it has no memory left, isolates are ended: those that have
//! nothing to do, the longest idle first, and where these do not hold enough, the one that holds most. Not so where most of that
//! memory is nobody's, as what V8's compilers take is, or held by those that were ended: ending apps would not give it back. Before any
//! of them, processes that work for this one are ([`helpers`]).
//!
//! The limit is the process's own: what its control group says (v2 or v1), or what it was configured to be, whichever is less.
//! The watchdog looks at it while JavaScript runs, and those that would take what is left wait for it ([`headroom`]).

pub(crate) mod headroom;
pub(crate) mod helpers;

pub use headroom::{Arrival, SmallBody};
pub use helpers::HelperProcess;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::external_memory::malloc;
use crate::limits::MIB;
use crate::mailbox::{Shared, Verdict};
use crate::{containment, watchdog};

/// The shortest time between two looks: each reads files.
const PAUSE: Duration = Duration::from_millis(20);
/// How long those that were ended have to give their memory back before the next one is, if that is enough: a call that fills a
/// gigabyte ends first.
const GRACE: Duration = Duration::from_secs(2);
/// The shortest time between two times that freed memory is given back.
const PURGE: Duration = Duration::from_millis(200);
/// What has to stay free for what a garbage collection or one call may still take: a part of the limit, and at least so much, but no
/// more than another part.
const RESERVE: usize = 10;
const LEAST_RESERVE: usize = 96 * MIB;
const MOST_RESERVE: usize = 5;

/// Where isolates are known to hold less than one part in so many of what is used, most of it is nobody's. (Their heaps have
/// garbage, and threads and pages that are not full belong to no account.)
const NOBODYS: usize = 3;

/// An isolate that holds less than one part in so many of an equal share of what is used is not ended, even if it holds most: what
/// is used is elsewhere, and it would start again for its next request. The share is of those that can be ended, so that one of
/// many small ones still is, where they are what uses the memory.
const NEXT_TO_NOTHING: usize = 4;

/// When the watchdog last found a shortage, in milliseconds of [`headroom::milliseconds`]; 0 if it never has.
static LAST_SHORTAGE: AtomicU64 = AtomicU64::new(0);

/// The configured limit in bytes; 0 for none.
static CONFIGURED: AtomicUsize = AtomicUsize::new(0);

/// Sets the process's limit in bytes, for [`crate::Exit::ProcessLimit`]. Where there is none, the control group's counts.
pub fn set_limit(bytes: usize) {
    CONFIGURED.store(bytes, Ordering::Relaxed);
}

/// What the process may use, in bytes: the configured limit, its control group's, or the machine's memory, whichever is least.
pub fn limit() -> usize {
    let configured = match CONFIGURED.load(Ordering::Relaxed) {
        0 => usize::MAX,
        bytes => bytes,
    };
    let look = lock();
    let group = look.group.as_ref().map_or(usize::MAX, |group| group.limit);
    // SAFETY: no preconditions.
    let (pages, page) = unsafe {
        (
            libc::sysconf(libc::_SC_PHYS_PAGES),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    let machine = usize::try_from(pages).ok().zip(usize::try_from(page).ok());
    let machine = machine.map_or(usize::MAX, |(pages, page)| pages.saturating_mul(page));
    configured.min(group).min(machine)
}

/// Whether the process has so many bytes, which the isolate that this thread works for takes next, and then without asking. They are for
/// something that can be done without: they are waited for a while, and no isolate is ended for them.
pub fn spares(bytes: usize) -> bool {
    malloc::current().is_none_or(|account| headroom::spares(&account, bytes))
}

/// Waits for what is done elsewhere, where this thread works for an isolate: what that has asked for counts no longer than until a look
/// has seen it.
pub(crate) fn while_others_work<R>(wait: impl FnOnce() -> R) -> R {
    match malloc::current() {
        Some(account) => headroom::while_others_work(&account, wait),
        None => wait(),
    }
}

/// Whether the process is short of memory, or was a moment ago: what can be done without had better not begin. Costs two loads.
pub fn was_short() -> bool {
    is_recent(
        LAST_SHORTAGE.load(Ordering::Relaxed),
        headroom::milliseconds(),
    )
}

fn is_recent(shortage: u64, now: u64) -> bool {
    shortage > 0 && u128::from(now.saturating_sub(shortage)) <= Episode::CALM.as_millis()
}

struct Look {
    group: Option<ControlGroup>,
    /// The watchdog's last look, and the last one at all.
    last: Instant,
    any: Option<Instant>,
    purged: Option<Instant>,
    others: Others,
    episode: Episode,
}

/// What isolates hold, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    /// All of it, used or not.
    pub(crate) all: usize,
    /// What V8 has mapped for heaps.
    pub(crate) heaps: usize,
    /// What they have asked for and need not have touched.
    pub(crate) asked: usize,
}

/// What is used by others than isolates: the program, the host, memory that was freed a moment ago. As long as isolates use all
/// that they hold that is what is left; while they take more it is not known, and hardly changes.
#[derive(Debug, Default)]
struct Others {
    bytes: Option<usize>,
}

impl Others {
    /// How slowly it changes.
    const PACE: Duration = Duration::from_secs(5);

    /// A look has found that so much is used, and held by isolates, so long after the last one.
    fn look(&mut self, used: usize, held: usize, since: Duration) -> usize {
        let now = used.saturating_sub(held);
        let before = self.bytes.unwrap_or(now);
        let part = (since.as_secs_f64() / Self::PACE.as_secs_f64()).min(1.0);
        let bytes = before as f64 + (now as f64 - before as f64) * part;
        // What they have given back they do not use.
        let bytes = used.min(bytes as usize);
        self.bytes = Some(bytes);
        bytes
    }
}

/// A time when the process is short of memory, with pauses: what it is told of it is told once.
#[derive(Debug, Default)]
struct Episode {
    last: Option<Instant>,
    is_told: bool,
}

impl Episode {
    /// It is over when there was no shortage for so long.
    const CALM: Duration = Duration::from_secs(10);

    fn look(&mut self, is_short: bool, now: Instant) {
        let is_over = |last: Instant| now.saturating_duration_since(last) > Self::CALM;
        if self.last.is_none_or(is_over) {
            self.is_told = false;
        }
        if is_short {
            self.last = Some(now);
        }
    }

    /// Whether to tell it now.
    fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }
}

static LOOK: LazyLock<Mutex<Look>> = LazyLock::new(|| {
    Mutex::new(Look {
        group: ControlGroup::find(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup")),
        last: Instant::now(),
        any: None,
        purged: None,
        others: Others::default(),
        episode: Episode::default(),
    })
});

impl Look {
    /// How long ago the last look was.
    fn since(&self, now: Instant) -> Option<Duration> {
        self.any.map(|last| now.saturating_duration_since(last))
    }

    /// What is used of each limit that there is, with what heaps will be.
    fn usages(&mut self, held: Held, now: Instant) -> [Option<(usize, usize)>; 2] {
        let since = self.since(now).unwrap_or_default();
        self.any = Some(now);
        let arrived = headroom::arrived();
        let configured = CONFIGURED.load(Ordering::Relaxed);
        // A control group counts its helpers by itself.
        let own = (configured > 0).then(|| Some((resident()? + helpers::resident(), configured)));
        let both = [
            own.flatten(),
            self.group.as_ref().and_then(ControlGroup::usage),
        ];
        let used = both.iter().flatten().map(|(used, _)| *used).max();
        let others = used.map_or(0, |used| self.others.look(used, held.all, since));
        let mapped = others.saturating_add(held.heaps);
        let both = both.map(|usage| usage.map(|(used, limit)| (used.max(mapped), limit)));
        let left = |(used, limit): &(usize, usize)| threshold(*limit).saturating_sub(*used);
        let left = both.iter().flatten().map(left).min().unwrap_or(usize::MAX);
        headroom::look(left, since, arrived, held.asked);
        both
    }

    fn shortage(&mut self, held: Held, wanted: usize, now: Instant) -> Option<Shortage> {
        let usages = self.usages(held, now);
        let mut usages = usages.into_iter().flatten();
        usages.find_map(|(used, limit)| Shortage::of(used.saturating_add(wanted), limit))
    }
}

fn lock() -> MutexGuard<'static, Look> {
    LOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the process nears its limit, so that an isolate has to be ended. Gives freed memory back first. The watchdog's look.
pub(crate) fn is_short(held: impl Fn() -> Held) -> Option<Shortage> {
    let mut look = lock();
    let now = Instant::now();
    if now - look.last < PAUSE {
        return None;
    }
    look.last = now;
    let (held, wanted) = (held(), headroom::wanted());
    let mut shortage = look.shortage(held, wanted, now);
    // Bodies that were refused leave some to those that wait.
    let is_needed = shortage.is_some() || headroom::is_awaited();
    if is_needed && look.purged.is_none_or(|purged| now - purged > PURGE) {
        look.purged = Some(now);
        shortage = headroom::give_back(|| look.shortage(held, wanted, now));
    }
    look.episode.look(shortage.is_some(), now);
    if shortage.is_some() {
        LAST_SHORTAGE.store(headroom::milliseconds(), Ordering::Relaxed);
    }
    shortage
}

/// Finds anew what is left, unless that has just been done. The look of those who wait for it.
fn look_again() {
    // Another one is looking.
    let Ok(mut look) = LOOK.try_lock() else {
        return;
    };
    let now = Instant::now();
    if look.since(now).is_none_or(|since| since >= PAUSE / 2) {
        look.usages(watchdog::held(), now);
    }
}

/// How much of a limit can be used.
fn threshold(limit: usize) -> usize {
    let reserve = (limit / RESERVE).max(LEAST_RESERVE.min(limit / MOST_RESERVE));
    limit - reserve
}

/// The process has nearly used up its memory, with what is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shortage {
    used: usize,
    limit: usize,
}

impl Shortage {
    fn of(used: usize, limit: usize) -> Option<Shortage> {
        (used > threshold(limit)).then_some(Shortage { used, limit })
    }

    /// Whether most of what is used is not known to be held by isolates, lost ones included.
    fn is_nobodys(self, held: usize) -> bool {
        held < self.used / NOBODYS
    }

    /// Whether there is none once so many bytes are given back.
    fn ends_with(self, bytes: usize) -> bool {
        Shortage::of(self.used.saturating_sub(bytes), self.limit).is_none()
    }

    /// Whether ending one that holds so much, of so many that can be ended, helps.
    fn is_eased_by(self, held: usize, isolates: usize) -> bool {
        held >= self.used / NEXT_TO_NOTHING / isolates.max(1)
    }
}

/// When an isolate was ended last.
static ENDED: Mutex<Option<Instant>> = Mutex::new(None);

/// Ends isolates, those of the app that holds most first, and of these the largest, as long as that helps and until those that end have
/// enough; then these have their time.
/// Helpers come before them.
pub(crate) fn end_largest(mut isolates: Vec<Arc<Shared>>, shortage: Shortage, now: Instant) {
    if helpers::end_largest(shortage, now) {
        return;
    }
    let mut ended = ENDED.lock().unwrap_or_else(PoisonError::into_inner);
    let held = |isolate: &Arc<Shared>| isolate.account.held_at_most();
    let all = isolates.iter().map(held).sum::<usize>();
    let all = all.saturating_add(containment::lost());
    let is_ending = |isolate: &&Arc<Shared>| isolate.is_terminated() || isolate.is_leaving();
    let mut ending = isolates.iter().filter(is_ending).map(held).sum::<usize>();
    if shortage.ends_with(ending) {
        if ended.is_some_and(|ended| now.saturating_duration_since(ended) < GRACE) {
            return;
        }
        // They do not give it back.
        ending = 0;
    }
    isolates.retain(|isolate| isolate.verdict() == Verdict::None && !isolate.is_leaving());
    if !shortage.is_nobodys(all) {
        let evicted = evict_resting(&mut isolates, shortage, ending);
        if evicted > 0 {
            *ended = Some(now);
            ending += evicted;
        }
    }
    let app = |isolate: &Arc<Shared>| Arc::as_ptr(isolate.app());
    let mut by_app = HashMap::<_, usize>::new();
    for isolate in &isolates {
        *by_app.entry(app(isolate)).or_default() += held(isolate);
    }
    isolates.sort_by_cached_key(|isolate| {
        let held = held(isolate);
        (by_app.get(&app(isolate)).copied().unwrap_or(held), held)
    });
    while !shortage.ends_with(ending) {
        let count = isolates.len();
        let largest = isolates.pop();
        let most = largest.as_ref().map_or(0, held);
        if !end(largest, count, most, all, shortage) {
            return;
        }
        *ended = Some(now);
        ending += most;
    }
}

/// Ends isolates that have nothing to do, those first that have rested for longest, until the shortage is over with so many bytes that
/// others give back. Returns how many these give back.
fn evict_resting(isolates: &mut Vec<Arc<Shared>>, shortage: Shortage, ending: usize) -> usize {
    let resting = |isolate: &Arc<Shared>| Some((isolate.rests_since()?, isolate.clone()));
    let mut resting: Vec<_> = isolates.iter().filter_map(resting).collect();
    resting.sort_by_key(|(since, _)| *since);
    let mut evicted = 0;
    for (_, isolate) in resting {
        if shortage.ends_with(ending + evicted) {
            break;
        }
        // Before it ends: it may have given all of it back by the next line.
        evicted += isolate.account.held_at_most();
        isolate.evict();
        isolates.retain(|other| !Arc::ptr_eq(other, &isolate));
    }
    evicted
}

/// Ends an isolate, which holds the most of so many that can be ended, if that helps.
fn end(
    largest: Option<Arc<Shared>>,
    count: usize,
    most: usize,
    held: usize,
    shortage: Shortage,
) -> bool {
    let helps = !shortage.is_nobodys(held) && shortage.is_eased_by(most, count);
    let Shortage { used, limit } = shortage;
    let (used, limit) = (used / MIB, limit / MIB);
    let Some(isolate) = largest.filter(|_| helps) else {
        if lock().episode.tell() {
            tracing::error!(
                "the process uses {used} MB of its memory limit of {limit} MB, but apps hold {} MB of it, and no instance \
                 that can be ended more than {} MB: none is ended, as that would not help. Compilers hold some for a while, and \
                 instances that crashed for ever; if this goes on, raise the limit or restart the process",
                held / MIB,
                most / MIB
            );
        }
        return false;
    };
    isolate.condemn(Verdict::ProcessMemory);
    isolate.terminate_execution();
    drop(isolate.close());
    isolate.wake();
    tracing::error!(
        app = isolate.name(),
        "the process uses {used} MB of its memory limit of {limit} MB: an instance of the app that holds the most is ended, its \
         largest, {} MB",
        most / MIB
    );
    true
}

/// Bytes of this process's memory that are resident and its own.
#[cfg(target_os = "linux")]
fn resident() -> Option<usize> {
    resident_of(Path::new("/proc/self/statm"))
}

/// The same of a process, by its file.
fn resident_of(statm: &Path) -> Option<usize> {
    let mut buffer = [0; LONGEST_FILE];
    let text = read(statm, &mut buffer)?;
    let mut pages = text.split(' ').skip(1).map(str::parse::<usize>);
    let (resident, shared) = (pages.next()?.ok()?, pages.next()?.ok()?);
    // SAFETY: no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(resident.saturating_sub(shared) * usize::try_from(page).ok()?)
}

#[cfg(not(target_os = "linux"))]
fn resident() -> Option<usize> {
    None
}

/// The files of the control group that limits this process's memory.
#[derive(Debug, PartialEq, Eq)]
struct ControlGroup {
    limit: usize,
    used: PathBuf,
    stat: PathBuf,
    /// The memory of files that can be dropped, a key in `stat`.
    inactive: &'static str,
}

impl ControlGroup {
    /// The group with the lowest limit among those that the process is in, the groups around its own included. `None` if there
    /// is none with a limit.
    fn find(own: &Path, root: &Path) -> Option<ControlGroup> {
        let text = std::fs::read_to_string(own).ok()?;
        let mut groups = Vec::new();
        // `hierarchy:controllers:path`, cgroups(7)
        for line in text.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            let path = path.trim_start_matches('/');
            if controllers.is_empty() {
                groups.extend(Path::new(path).ancestors().map(|path| {
                    let folder = root.join(path);
                    (
                        folder.join("memory.max"),
                        folder.join("memory.current"),
                        folder.join("memory.stat"),
                        "inactive_file",
                    )
                }));
            } else if controllers.split(',').any(|name| name == "memory") {
                groups.extend(Path::new(path).ancestors().map(|path| {
                    let folder = root.join("memory").join(path);
                    (
                        folder.join("memory.limit_in_bytes"),
                        folder.join("memory.usage_in_bytes"),
                        folder.join("memory.stat"),
                        "total_inactive_file",
                    )
                }));
            }
        }
        let limited = groups
            .into_iter()
            .filter_map(|(max, used, stat, inactive)| {
                // "max", or in v1 a number near 2^63, is no limit.
                let limit = number(&max).filter(|limit| *limit < 1 << 60)?;
                Some(ControlGroup {
                    limit,
                    used,
                    stat,
                    inactive,
                })
            });
        limited.min_by_key(|group| group.limit)
    }

    /// What is used and cannot be dropped, and the limit, in bytes.
    fn usage(&self) -> Option<(usize, usize)> {
        let used = number(&self.used)?;
        let mut buffer = [0; LONGEST_FILE];
        let stat = read(&self.stat, &mut buffer).unwrap_or_default();
        let inactive = stat
            .lines()
            .find_map(|line| line.strip_prefix(self.inactive)?.strip_prefix(' '))
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0);
        Some((used.saturating_sub(inactive), self.limit))
    }
}

fn number(file: &Path) -> Option<usize> {
    let mut buffer = [0; LONGEST_FILE];
    read(file, &mut buffer)?.trim().parse().ok()
}

/// More than the files that are read have.
const LONGEST_FILE: usize = 8 << 10;

/// The text of a file. Allocates nothing: a thread that gets no memory stops, and must not keep the lock; see [`containment`].
fn read<'b>(file: &Path, buffer: &'b mut [u8; LONGEST_FILE]) -> Option<&'b str> {
    let mut file = File::open(file).ok()?;
    let mut length = 0;
    loop {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    str::from_utf8(&buffer[..length]).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::app::App;
    use crate::external_memory::Account;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, content) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
    }

    #[test]
    fn control_groups_of_both_versions() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, own) = (folder.path(), folder.path().join("own"));
        write(
            root,
            &[
                ("own", "0::/a/b\n"),
                ("a/b/memory.max", "max\n"),
                ("a/memory.max", "1000\n"),
                ("a/memory.current", "950\n"),
                ("a/memory.stat", "anon 5\ninactive_file 100\n"),
            ],
        );
        let group = ControlGroup::find(&own, root).expect("the outer one");
        assert_eq!(group.usage(), Some((850, 1000)));
        write(
            root,
            &[
                ("own", "5:cpu,memory:/c\n1:name=systemd:/x\n0::/a\n"),
                ("memory/c/memory.limit_in_bytes", "900\n"),
                ("memory/c/memory.usage_in_bytes", "500\n"),
                (
                    "memory/c/memory.stat",
                    "inactive_file 7\ntotal_inactive_file 9\n",
                ),
                ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
        );
        let group = ControlGroup::find(&own, root).expect("the lower one");
        assert_eq!(group.usage(), Some((491, 900)));
        write(root, &[("own", "0::/nowhere\n")]);
        assert_eq!(ControlGroup::find(&own, root), None);
    }

    #[test]
    fn what_others_use_is_known_while_isolates_take_more() {
        let mut others = Others::default();
        let look = Duration::from_millis(20);
        assert_eq!(others.look(100 * MIB, 10 * MIB, look), 90 * MIB);
        // They have mapped 500 MB, and touched 100 of them.
        let burst = (0..10).map(|_| others.look(200 * MIB, 510 * MIB, look));
        assert!(burst.last().is_some_and(|others| others > 80 * MIB));
        // Something was freed, and is given back a moment later.
        let freed = (0..10).map(|_| others.look(200 * MIB, 10 * MIB, look));
        assert!(freed.last().is_some_and(|others| others < 100 * MIB));
        let calm = (0..1000).map(|_| others.look(200 * MIB, 10 * MIB, look));
        assert!(calm.last().is_some_and(|others| others > 180 * MIB));
        assert_eq!(others.look(60 * MIB, 50 * MIB, Duration::ZERO), 60 * MIB);
    }

    #[test]
    fn a_shortage_is_told_once_until_it_has_been_over_for_a_while() {
        let mut episode = Episode::default();
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        episode.look(true, at(0));
        assert!(episode.tell());
        // It flaps.
        for time in 1..100 {
            episode.look(time % 3 == 0, at(time * 1000));
            assert!(!episode.tell(), "after {time} s");
        }
        episode.look(false, at(108_000));
        assert!(!episode.tell());
        episode.look(true, at(110_000));
        assert!(episode.tell());
    }

    #[test]
    fn a_tenth_stays_free_and_of_little_more() {
        for (limit, most) in [(2000, 1800), (600, 504), (100, 80)] {
            let (limit, most) = (limit * MIB, most * MIB);
            assert_eq!(Shortage::of(most, limit), None);
            let shortage = Shortage::of(most + 1, limit);
            assert_eq!(shortage.map(|shortage| shortage.limit), Some(limit));
        }
    }

    /// One at a time: who was waited for, and what is left, is known of the process.
    static ONE: Mutex<()> = Mutex::new(());

    pub(crate) fn one() -> std::sync::MutexGuard<'static, ()> {
        ONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn isolate(held: usize) -> crate::Handle {
        let account = Arc::new(Account::new(0));
        account.set_heap(held);
        crate::Handle::for_tests(account)
    }

    #[test]
    fn those_that_were_ended_are_waited_for_a_while() {
        let _one = one();
        let (guilty, innocent) = (isolate(600 * MIB), isolate(500 * MIB));
        let began = Instant::now();
        let end = |after| {
            let shortage = Shortage {
                used: 1150 * MIB,
                limit: 1200 * MIB,
            };
            let isolates = vec![guilty.0.clone(), innocent.0.clone()];
            end_largest(isolates, shortage, began + after);
        };
        end(Duration::ZERO);
        assert_eq!(guilty.0.verdict(), Verdict::ProcessMemory);
        for after in [PAUSE, GRACE - PAUSE] {
            end(after);
            assert_eq!(innocent.0.verdict(), Verdict::None);
        }
        end(GRACE);
        assert_eq!(innocent.0.verdict(), Verdict::ProcessMemory);
    }

    #[test]
    fn as_many_are_ended_at_once_as_it_takes() {
        let _one = one();
        let isolates: Vec<_> = (0..12).map(|number| isolate((40 + number) * MIB)).collect();
        let all = isolates.iter().map(|one| one.0.clone()).collect();
        let shortage = Shortage {
            used: 600 * MIB,
            limit: 600 * MIB,
        };
        end_largest(all, shortage, Instant::now());
        let ended = |one: &&crate::Handle| one.0.verdict() == Verdict::ProcessMemory;
        assert_eq!(isolates.iter().filter(ended).count(), 2, "96 MB");
        assert!(isolates[10..].iter().all(|one| ended(&one)), "the largest");
    }

    #[test]
    fn the_app_that_holds_most_goes_first_also_where_that_is_in_many_instances() {
        let _one = one();
        let large = isolate(90 * MIB);
        large.0.belongs_to(App::named("one"));
        let many: Vec<_> = (0..10).map(|_| isolate(40 * MIB)).collect();
        for one in &many {
            one.0.belongs_to(App::named("many"));
        }
        let all = many.iter().chain([&large]);
        let shortage = Shortage {
            used: 600 * MIB,
            limit: 600 * MIB,
        };
        let all = all.map(|one| one.0.clone()).collect();
        end_largest(all, shortage, Instant::now());
        assert_eq!(large.0.verdict(), Verdict::None);
        let ended = |one: &&crate::Handle| one.0.verdict() == Verdict::ProcessMemory;
        assert_eq!(many.iter().filter(ended).count(), 3, "96 MB");
    }

    #[test]
    fn a_shortage_is_remembered_until_it_has_been_calm_for_a_while() {
        let calm = u64::try_from(Episode::CALM.as_millis()).expect("a short time");
        assert!(!is_recent(0, 1), "there was none");
        assert!(is_recent(5, 5) && is_recent(5, 5 + calm));
        assert!(!is_recent(5, 6 + calm));
        assert!(is_recent(6, 5), "another thread has just seen one");
    }

    #[test]
    fn those_that_rest_go_first_and_the_oldest_of_them() {
        let _one = one();
        let isolates: Vec<_> = [300, 70, 60, 50, 40].map(|mib| isolate(mib * MIB)).into();
        let [serves, mail, second, first, young] = &isolates[..] else {
            unreachable!("five");
        };
        for resting in [mail, first, second, young] {
            resting.may_be_evicted();
            resting.0.rest.begins();
            std::thread::sleep(Duration::from_millis(2));
        }
        // One has got something to do, one may not be evicted, one is in the middle of something.
        mail.post_fn(|_| {});
        serves.0.rest.begins();
        let _work = young.keep_alive();
        let end = |used| {
            let all = isolates.iter().map(|one| one.0.clone()).collect();
            let limit = 600 * MIB;
            end_largest(all, Shortage { used, limit }, Instant::now());
        };
        let left = || -> Vec<_> {
            let leaving = isolates.iter().map(|one| one.0.is_leaving());
            leaving.collect()
        };
        end(530 * MIB);
        assert_eq!(left(), [false, false, false, true, false]);
        end(570 * MIB);
        assert_eq!(left(), [false, false, true, true, false]);
        assert!(isolates.iter().all(|one| one.0.verdict() == Verdict::None));
        assert_eq!(first.0.drained(), crate::Exit::Evicted);
        // Where that is not enough, the largest follows at once.
        end(700 * MIB);
        assert_eq!(serves.0.verdict(), Verdict::ProcessMemory);
    }

    #[test]
    fn who_holds_next_to_nothing_is_not_ended() {
        let _one = one();
        let shortage = Shortage {
            used: 1150 * MIB,
            limit: 1200 * MIB,
        };
        let (ended, small) = (isolate(700 * MIB), isolate(100 * MIB));
        ended.0.condemn(Verdict::Stop);
        end_largest(
            vec![ended.0.clone(), small.0.clone()],
            shortage,
            Instant::now() + GRACE,
        );
        assert_eq!(small.0.verdict(), Verdict::None, "the memory is elsewhere");
        let many: Vec<_> = (0..100).map(|_| isolate(11 * MIB)).collect();
        let all = many.iter().map(|one| one.0.clone()).collect();
        end_largest(all, shortage, Instant::now());
        let ended = |one: &&crate::Handle| one.0.verdict() == Verdict::ProcessMemory;
        assert_eq!(many.iter().filter(ended).count(), 7, "they use the memory");
    }

    #[test]
    fn what_nobody_has_counted_is_known_of_who_took_it() {
        let _one = one();
        let account = Arc::new(Account::new(1 << 30));
        let (guilty, innocent) = (
            crate::Handle::for_tests(account.clone()),
            isolate(100 * MIB),
        );
        let working = malloc::work_for(&account);
        let kept: Vec<_> = (0..200 << 10).map(|_| Box::new([0_u64; 128])).collect();
        drop(working);
        let shortage = Shortage {
            used: 400 * MIB,
            limit: 400 * MIB,
        };
        let all = || vec![guilty.0.clone(), innocent.0.clone()];
        end_largest(all(), shortage, Instant::now() + GRACE);
        assert_eq!(innocent.0.verdict(), Verdict::None);
        assert_eq!(guilty.0.verdict(), Verdict::ProcessMemory);
        drop(kept);
        assert_eq!(account.held_at_most(), 0);
    }

    #[test]
    fn nobody_is_ended_for_what_is_nobodys() {
        let _one = one();
        let (innocent, small) = (isolate(150 * MIB), isolate(30 * MIB));
        let all = || vec![innocent.0.clone(), small.0.clone()];
        let limit = 1200 * MIB;
        end_largest(
            all(),
            Shortage {
                used: 1100 * MIB,
                limit,
            },
            Instant::now() + GRACE,
        );
        assert_eq!(innocent.0.verdict(), Verdict::None);
        innocent.0.account.set_heap(400 * MIB);
        end_largest(
            all(),
            Shortage {
                used: 1100 * MIB,
                limit,
            },
            Instant::now() + GRACE,
        );
        assert_eq!(innocent.0.verdict(), Verdict::ProcessMemory);
        assert_eq!(small.0.verdict(), Verdict::None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn helpers_are_ended_before_any_isolate() {
        let _one = one();
        let isolate = isolate(64 * MIB);
        let mut sleep = std::process::Command::new("sleep");
        let mut process = sleep.arg("60").spawn().expect("a process");
        let helper = HelperProcess::new(process.id());
        let end = || {
            let shortage = Shortage {
                used: MIB / 2,
                limit: MIB / 2,
            };
            end_largest(vec![isolate.0.clone()], shortage, Instant::now());
        };
        // It is another program a moment later.
        while helpers::resident() < MIB / 32 {
            std::thread::yield_now();
        }
        end();
        assert!(helper.was_ended_for_memory());
        assert_eq!(isolate.0.verdict(), Verdict::None);
        // Nobody has waited for it, and it has nothing any more.
        while helpers::resident() > 0 {
            std::thread::yield_now();
        }
        end();
        assert_eq!(isolate.0.verdict(), Verdict::ProcessMemory);
        let status = helper.wait(|| process.wait()).expect("its end");
        assert!(!status.success());
        drop(helper);
        assert!(!helpers::are_there());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_small_helper_is_ended_where_that_is_enough() {
        let _one = one();
        let isolate = isolate(64 * MIB);
        let mut sleep = std::process::Command::new("sleep");
        let mut process = sleep.arg("60").spawn().expect("a process");
        let helper = HelperProcess::new(process.id());
        while helpers::resident() == 0 {
            std::thread::yield_now();
        }
        let limit = 1 << 30;
        let used = threshold(limit) + 1;
        end_largest(
            vec![isolate.0.clone()],
            Shortage { used, limit },
            Instant::now(),
        );
        assert!(helper.was_ended_for_memory());
        assert_eq!(isolate.0.verdict(), Verdict::None);
        let status = helper.wait(|| process.wait()).expect("its end");
        assert!(!status.success());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn resident_memory_is_known() {
        assert!(resident().expect("Linux tells") > MIB);
    }
}
