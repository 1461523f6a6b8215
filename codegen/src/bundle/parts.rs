//! Parts of the bundle that few apps use. Each is a function, which runs when something of it is first asked for: whatever is evaluated
//! while baking costs every isolate its functions and classes.
//!
//! Glue names the interfaces of a part: `lazyPart("Lock", "LockManager");`. To the part go the statements that name their classes,
//! the functions for Rust that lead to them, and then each function and class that only the part refers to. Variables stay outside, where they
//! do not depend on the interfaces: their values may be what an app can change later. What is in a part is not in scope outside of
//! it; what comes out is given to the library, `script/lazy.js`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::error::Error;
use super::source::{Kind, Statement};

/// The statements of a bundle in order, with their places.
pub(super) struct Parts<'a> {
    statements: Vec<&'a Statement>,
    /// For each statement those that define the names it refers to.
    uses: Vec<Vec<usize>>,
    /// The part that each is in, if it is in one.
    places: Vec<Option<usize>>,
    count: usize,
}

impl<'a> Parts<'a> {
    /// Finds the place of each statement.
    pub(super) fn new(statements: Vec<&'a Statement>) -> Result<Self, Error> {
        let mut definitions: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, statement) in statements.iter().enumerate() {
            for name in &statement.defines {
                definitions.insert(name, index);
            }
        }
        let uses = statements.iter().map(|statement| {
            let names = statement.names.iter();
            let used = names.filter_map(|name| definitions.get(name.as_str()).copied());
            used.collect()
        });
        let mut parts = Self {
            uses: uses.collect(),
            places: vec![None; statements.len()],
            count: 0,
            statements,
        };
        parts.place_interfaces(&definitions)?;
        if parts.count > 0 {
            parts.place_calls()?;
            parts.place_definitions()?;
            parts.check_rules()?;
        }
        Ok(parts)
    }

    /// The names of the global that are properties of its own only when a part has run.
    pub(super) fn globals(&self) -> Vec<String> {
        let placed = self.statements.iter().zip(&self.places);
        let globals = placed.filter_map(|(statement, place)| match &statement.kind {
            Kind::Global(name) if place.is_some() => Some(name.clone()),
            _ => None,
        });
        globals.collect()
    }

    /// The statements outside of parts, and then the parts.
    pub(super) fn print(&self, text: &mut String) {
        self.print_place(None, "Object.setPrototypeOf", text);
        for part in 0..self.count {
            let names = |wanted: fn(&Kind) -> Option<&String>| {
                let statements = self.of(Some(part));
                let names = statements.filter_map(|statement| wanted(&statement.kind));
                let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
                quoted.join(", ")
            };
            let globals = names(|kind| match kind {
                Kind::Global(name) => Some(name),
                _ => None,
            });
            let exports = names(|kind| match kind {
                Kind::Export(name) => Some(name),
                _ => None,
            });
            text.push_str(&format!(
                "addLazyPart([{globals}], [{exports}], (exportToNative, defineGlobal) => {{\n"
            ));
            // An app may have changed `Object` by then.
            self.print_place(Some(part), "ObjectSetPrototypeOf", text);
            text.push_str("});\n");
        }
    }

    fn print_place(&self, place: Option<usize>, set_prototype: &str, text: &mut String) {
        for statement in self.of(place) {
            match &statement.kind {
                Kind::LazyPart(_) => {}
                Kind::RootClass(name) => {
                    text.push_str(&statement.text);
                    text.push_str(&format!("{set_prototype}({name}.prototype, null);\n"));
                }
                _ => text.push_str(&statement.text),
            }
        }
    }

    /// The statements of a place.
    fn of(&self, place: Option<usize>) -> impl Iterator<Item = &'a Statement> {
        let placed = self.statements.iter().zip(&self.places);
        placed
            .filter(move |(_, its)| **its == place)
            .map(|(statement, _)| *statement)
    }

    /// The classes of the parts' interfaces, and what reads their private fields.
    fn place_interfaces(&mut self, definitions: &BTreeMap<&str, usize>) -> Result<(), Error> {
        for statement in self.statements.clone() {
            let Kind::LazyPart(interfaces) = &statement.kind else {
                continue;
            };
            for interface in interfaces {
                if !definitions.contains_key(interface.as_str()) {
                    return Err(Error::new(format!(
                        "the interface `{interface}` is of a lazy part, but no built-in script implements it"
                    )));
                }
                let names = [
                    interface.clone(),
                    format!("{interface}Impl"),
                    format!("{interface}DataHolder"),
                    format!("take_{interface}"),
                    format!("unwrap_{interface}"),
                ];
                for name in &names {
                    if let Some(&index) = definitions.get(name.as_str()) {
                        self.places[index] = Some(self.count);
                    }
                }
            }
            self.count += 1;
        }
        Ok(())
    }

    fn is_call(&self, index: usize) -> bool {
        let statement = self.statements[index];
        statement.defines.is_empty() && !matches!(statement.kind, Kind::LazyPart(_))
    }

    /// What defines nothing goes to the part whose interfaces it names; a function for Rust also to one that it leads to.
    fn place_calls(&mut self) -> Result<(), Error> {
        let mut places = self.places.clone();
        for index in (0..self.statements.len()).filter(|&index| self.is_call(index)) {
            let is_export = matches!(self.statements[index].kind, Kind::Export(_));
            let leads_to: Vec<usize> = if is_export {
                self.reach([index]).into_keys().collect()
            } else {
                self.uses[index].clone()
            };
            let mut found = leads_to.iter().filter_map(|&used| self.places[used]);
            let first = found.next();
            if found.any(|other| Some(other) != first) {
                let text = self.first_line(index);
                return Err(Error::new(format!(
                    "`{text}` leads to the interfaces of two lazy parts; make one part of them"
                )));
            }
            places[index] = first;
        }
        self.places = places;
        Ok(())
    }

    /// A definition goes to the part that alone leads to it, unless it has to be evaluated while baking.
    fn place_definitions(&mut self) -> Result<(), Error> {
        let depends = self.depends_on_parts();
        let is_root = |index: usize| {
            let statement = self.statements[index];
            let needs_baking = matches!(statement.kind, Kind::Variables) && !depends[index]
                || !statement.baked.is_empty();
            self.places[index].is_none() && (self.is_call(index) || needs_baking)
        };
        let outside = (0..self.statements.len()).filter(|&index| is_root(index));
        let outside = self.reach(outside);
        self.check(&outside, None)?;
        let mut leading: Vec<Vec<usize>> = vec![Vec::new(); self.statements.len()];
        for part in 0..self.count {
            let starts = (0..self.statements.len()).filter(|&i| self.places[i] == Some(part));
            let reached = self.reach(starts);
            self.check(&reached, Some(part))?;
            for index in reached.into_keys() {
                leading[index].push(part);
            }
        }
        for (index, parts) in leading.iter().enumerate() {
            if let [part] = parts[..]
                && !outside.contains_key(&index)
            {
                self.places[index] = Some(part);
            }
        }
        Ok(())
    }

    /// Whether each statement leads to an interface of a part.
    fn depends_on_parts(&self) -> Vec<bool> {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.statements.len()];
        for (user, used) in self.uses.iter().enumerate() {
            used.iter().for_each(|&index| users[index].push(user));
        }
        let placed = (0..self.statements.len()).filter(|&index| self.places[index].is_some());
        let mut queue: Vec<usize> = placed.collect();
        let mut depends = vec![false; self.statements.len()];
        while let Some(index) = queue.pop() {
            if !depends[index] {
                depends[index] = true;
                queue.extend(&users[index]);
            }
        }
        depends
    }

    /// What a place leads to is in no part, or in its own.
    fn check(&self, reached: &BTreeMap<usize, usize>, place: Option<usize>) -> Result<(), Error> {
        let wrong = |index: usize| self.places[index].is_some_and(|its| Some(its) != place);
        let enters = |index: usize, from: usize| wrong(index) && !wrong(from);
        let entry = reached.iter().find(|&(&index, &from)| enters(index, from));
        let Some((&index, &from)) = entry else {
            return Ok(());
        };
        let (text, from) = (self.first_line(index), self.first_line(from));
        Err(Error::new(format!(
            "`{text}` is of a lazy part, to which `{from}` leads from outside; it is not in scope there: let the interface be of no lazy part"
        )))
    }

    /// In a part all code runs when an app may have changed what it can reach.
    fn check_rules(&self) -> Result<(), Error> {
        let placed = (0..self.count).flat_map(|part| self.of(Some(part)));
        Error::all(placed.flat_map(|one| &one.baked).cloned().collect())
    }

    /// What statements lead to, with themselves; for each, one that refers to it.
    fn reach(&self, starts: impl IntoIterator<Item = usize>) -> BTreeMap<usize, usize> {
        let starts = starts.into_iter().map(|start| (start, start));
        let mut queue: Vec<(usize, usize)> = starts.collect();
        let mut reached = BTreeMap::new();
        while let Some((index, from)) = queue.pop() {
            if let Entry::Vacant(entry) = reached.entry(index) {
                entry.insert(from);
                queue.extend(self.uses[index].iter().map(|&used| (used, index)));
            }
        }
        reached
    }

    fn first_line(&self, index: usize) -> &'a str {
        self.statements[index]
            .text
            .lines()
            .next()
            .unwrap_or_default()
    }
}
