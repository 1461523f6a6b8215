//! The last line of defence: before the kernel ends the process because it has no memory left, the isolate that holds most is
//! ended. Not so where most of that memory is nobody's, as what V8's compilers take is, or held by those that were ended: ending
//! apps would not give it back.
//!
//! The limit is the process's own: what its control group says (v2 or v1), or what it was configured to be, whichever is less.
//! The watchdog looks at it while JavaScript runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::containment;
use crate::external_memory::malloc;
use crate::limits::MIB;
use crate::mailbox::{Shared, Verdict};

/// The shortest time between two looks: each reads files.
const PAUSE: Duration = Duration::from_millis(20);
/// How long an isolate that was ended has to give its memory back before the next one is.
const GRACE: Duration = Duration::from_millis(500);
/// How many such times the next one waits while those that were ended still have enough: a call that fills a gigabyte ends first.
const GRACES: usize = 4;
/// The share of the limit that has to stay free, in percent: what a garbage collection or one call may still take.
const RESERVE: usize = 10;

/// Where isolates are known to hold less than one part in so many of what is used, most of it is nobody's. (Their heaps have
/// garbage, and threads and pages that are not full belong to no account.)
const NOBODYS: usize = 3;

/// An isolate that holds less than one part in so many of an equal share of what is used is not ended, even if it holds most: what
/// is used is elsewhere, and it would start again for its next request. The share is of those that can be ended, so that one of
/// many small ones still is, where they are what uses the memory.
const NEXT_TO_NOTHING: usize = 4;

/// The configured limit in bytes; 0 for none.
static CONFIGURED: AtomicUsize = AtomicUsize::new(0);

/// Sets the process's limit in bytes, for [`crate::Exit::ProcessLimit`]. Where there is none, the control group's counts.
pub fn set_limit(bytes: usize) {
    CONFIGURED.store(bytes, Ordering::Relaxed);
}

/// What the process may use, in bytes: the configured limit, its control group's, or the machine's memory, whichever is least.
pub(crate) fn limit() -> usize {
    let configured = match CONFIGURED.load(Ordering::Relaxed) {
        0 => usize::MAX,
        bytes => bytes,
    };
    let look = LOOK.lock().unwrap_or_else(PoisonError::into_inner);
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

struct Look {
    group: Option<ControlGroup>,
    last: Instant,
    /// Nobody else is ended before that.
    grace: Option<Instant>,
}

static LOOK: LazyLock<Mutex<Look>> = LazyLock::new(|| {
    Mutex::new(Look {
        group: ControlGroup::find(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup")),
        last: Instant::now(),
        grace: None,
    })
});

/// Whether the process nears its limit, so that an isolate has to be ended. Gives freed memory back first.
pub(crate) fn is_short() -> Option<Shortage> {
    let mut look = LOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    if now - look.last < PAUSE {
        return None;
    }
    look.last = now;
    let Some(shortage) = Shortage::find(look.group.as_ref()) else {
        TOLD.store(false, Ordering::Relaxed);
        return None;
    };
    if look.grace.is_some_and(|grace| now < grace) {
        return None;
    }
    malloc::purge();
    let shortage = Shortage::find(look.group.as_ref()).filter(|_| shortage.used > 0)?;
    look.grace = Some(now + GRACE);
    Some(shortage)
}

/// The process has nearly used up its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shortage {
    used: usize,
    limit: usize,
}

impl Shortage {
    fn find(group: Option<&ControlGroup>) -> Option<Shortage> {
        let configured = CONFIGURED.load(Ordering::Relaxed);
        let own = (configured > 0)
            .then(|| Shortage::of(resident()?, configured))
            .flatten();
        own.or_else(|| {
            let (used, limit) = group?.usage()?;
            Shortage::of(used, limit)
        })
    }

    fn of(used: usize, limit: usize) -> Option<Shortage> {
        (used > limit - limit / 100 * RESERVE).then_some(Shortage { used, limit })
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

/// Whether it was said that ending isolates would not help, since there was memory.
static TOLD: AtomicBool = AtomicBool::new(false);

/// How many times those that were ended have been waited for since.
static WAITED: AtomicUsize = AtomicUsize::new(0);

/// Ends the isolate that holds most, if that helps, and once those that were ended have had their time.
pub(crate) fn end_largest(isolates: Vec<Arc<Shared>>, shortage: Shortage) {
    let sum = |isolates: &mut dyn Iterator<Item = &Arc<Shared>>| {
        isolates
            .map(|isolate| isolate.account.held_at_most())
            .sum::<usize>()
    };
    let ending = sum(&mut isolates.iter().filter(|isolate| isolate.is_terminated()));
    if shortage.ends_with(ending) && WAITED.fetch_add(1, Ordering::Relaxed) < GRACES {
        return;
    }
    WAITED.store(0, Ordering::Relaxed);
    let held = sum(&mut isolates.iter()).saturating_add(containment::lost());
    let mut living = isolates;
    living.retain(|isolate| isolate.verdict() == Verdict::None);
    let count = living.len();
    let largest = living
        .into_iter()
        .max_by_key(|isolate| isolate.account.held_at_most());
    let most = largest
        .as_ref()
        .map_or(0, |isolate| isolate.account.held_at_most());
    let helps = !shortage.is_nobodys(held) && shortage.is_eased_by(most, count);
    let Shortage { used, limit } = shortage;
    let (used, limit) = (used / MIB, limit / MIB);
    let Some(isolate) = largest.filter(|_| helps) else {
        if !TOLD.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the process uses {used} MB of its memory limit of {limit} MB, but apps hold {} MB of it, and no instance \
                 that can be ended more than {} MB: none is ended, as that would not help. Compilers hold some for a while, and \
                 instances that crashed for ever; if this goes on, raise the limit or restart the process",
                held / MIB,
                most / MIB
            );
        }
        return;
    };
    isolate.condemn(Verdict::ProcessMemory);
    isolate.terminate_execution();
    drop(isolate.close());
    isolate.wake();
    tracing::error!(
        app = isolate.name(),
        "the process uses {used} MB of its memory limit of {limit} MB: the app's instance is ended, which holds the most, \
         {} MB",
        isolate.account.held_at_most() / MIB
    );
}

/// Bytes of this process's memory that are resident and its own.
#[cfg(target_os = "linux")]
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
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
        let stat = std::fs::read_to_string(&self.stat).unwrap_or_default();
        let inactive = stat
            .lines()
            .find_map(|line| line.strip_prefix(self.inactive)?.strip_prefix(' '))
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0);
        Some((used.saturating_sub(inactive), self.limit))
    }
}

fn number(file: &Path) -> Option<usize> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn a_tenth_stays_free() {
        assert_eq!(Shortage::of(899, 1000), None);
        let shortage = Shortage::of(901, 1000);
        assert_eq!(shortage.map(|shortage| shortage.limit), Some(1000));
    }

    /// One at a time: who was waited for is known of the process.
    static ONE: Mutex<()> = Mutex::new(());

    fn isolate(held: usize) -> crate::Handle {
        let account = Arc::new(Account::new(0));
        account.set_heap(held);
        crate::Handle::new(account, None)
    }

    #[test]
    fn those_that_were_ended_are_waited_for_a_while() {
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (guilty, innocent) = (isolate(600 * MIB), isolate(500 * MIB));
        let end = || {
            let shortage = Shortage {
                used: 1150 * MIB,
                limit: 1200 * MIB,
            };
            end_largest(vec![guilty.0.clone(), innocent.0.clone()], shortage);
        };
        end();
        assert_eq!(guilty.0.verdict(), Verdict::ProcessMemory);
        for _ in 0..GRACES {
            end();
            assert_eq!(innocent.0.verdict(), Verdict::None);
        }
        end();
        assert_eq!(innocent.0.verdict(), Verdict::ProcessMemory);
    }

    #[test]
    fn who_holds_next_to_nothing_is_not_ended() {
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let shortage = Shortage {
            used: 1150 * MIB,
            limit: 1200 * MIB,
        };
        let (ended, small) = (isolate(700 * MIB), isolate(100 * MIB));
        ended.0.condemn(Verdict::Stop);
        end_largest(vec![ended.0.clone(), small.0.clone()], shortage);
        assert_eq!(small.0.verdict(), Verdict::None, "the memory is elsewhere");
        let many: Vec<_> = (0..100).map(|_| isolate(11 * MIB)).collect();
        end_largest(many.iter().map(|one| one.0.clone()).collect(), shortage);
        let ended = |one: &&crate::Handle| one.0.verdict() == Verdict::ProcessMemory;
        assert_eq!(many.iter().filter(ended).count(), 1, "they use the memory");
    }

    #[test]
    fn nobody_is_ended_for_what_is_nobodys() {
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (innocent, small) = (isolate(150 * MIB), isolate(30 * MIB));
        let all = || vec![innocent.0.clone(), small.0.clone()];
        let limit = 1200 * MIB;
        end_largest(
            all(),
            Shortage {
                used: 1100 * MIB,
                limit,
            },
        );
        assert_eq!(innocent.0.verdict(), Verdict::None);
        innocent.0.account.set_heap(400 * MIB);
        end_largest(
            all(),
            Shortage {
                used: 1100 * MIB,
                limit,
            },
        );
        assert_eq!(innocent.0.verdict(), Verdict::ProcessMemory);
        assert_eq!(small.0.verdict(), Verdict::None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn resident_memory_is_known() {
        assert!(resident().expect("Linux tells") > MIB);
    }
}
