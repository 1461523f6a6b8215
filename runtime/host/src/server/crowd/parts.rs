//! What some have together, of which each may have a part.

use std::collections::HashMap;
use std::hash::Hash;

/// What one has: how many connections, and bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) connections: usize,
    pub(super) held: usize,
}

impl Part {
    /// As much as there is.
    pub(super) const ALL: Self = Self {
        connections: usize::MAX,
        held: usize::MAX,
    };
}

/// What there is too little of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    pub(super) connections: bool,
    pub(super) memory: bool,
}

impl Short {
    pub(super) fn of_any(self) -> bool {
        self.connections || self.memory
    }
}

/// What apps have, or clients, by what names them.
pub(super) struct Parts<K> {
    of: HashMap<K, Part>,
    /// What each may have.
    most: Part,
}

impl<K: Eq + Hash> Parts<K> {
    pub(super) fn new() -> Self {
        Self {
            of: HashMap::new(),
            most: Part::ALL,
        }
    }

    /// There is this one, too, whatever it has.
    pub(super) fn know(&mut self, key: K) -> &mut Part {
        self.of.entry(key).or_default()
    }

    /// It has another connection.
    pub(super) fn add(&mut self, key: K, held: usize) {
        let part = self.know(key);
        part.connections += 1;
        part.held += held;
    }

    /// It has one less.
    pub(super) fn take(&mut self, key: &K, held: usize) {
        if let Some(part) = self.of.get_mut(key) {
            part.connections = part.connections.saturating_sub(1);
            part.held = part.held.saturating_sub(held);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.of.len()
    }

    /// Each may have so much.
    pub(super) fn bound(&mut self, most: Part) {
        self.most = most;
    }

    /// This one may have whatever it has.
    pub(super) fn exempt(&mut self, key: &K) {
        self.of.remove(key);
    }

    /// Whether it has more of what is short than it may.
    pub(super) fn exceeds(&self, key: &K, short: Short) -> bool {
        self.of.get(key).is_some_and(|part| {
            part.connections > self.most.connections && short.connections
                || part.held > self.most.held && short.memory
        })
    }
}
