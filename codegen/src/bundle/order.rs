//! Who imports whom, and the order that follows.
//!
//! Files may import each other in circles: functions are hoisted, and classes used inside of functions exist by the time they run.
//! What runs while the bundle is evaluated (`extends`, initialisers of top-level constants) needs its imports earlier; only those edges
//! decide inside of a circle.

use std::collections::BTreeMap;

use super::error::Error;
use super::source::{Import, Source};
use super::{BINDINGS, IMPLS, NATIVE};

/// The imports of all files, resolved.
pub(super) struct Graph<'a> {
    sources: &'a [Source],
    /// For each file, the files that it imports and whether it needs them while it is evaluated, and for what name.
    edges: Vec<Vec<Edge<'a>>>,
}

struct Edge<'a> {
    to: usize,
    /// The name that the importing file uses while it is evaluated, and the line of the import.
    eager: Option<(&'a str, usize)>,
}

/// Where the search is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl<'a> Graph<'a> {
    /// Resolves every import, and checks that the name is exported there.
    pub(super) fn new(sources: &'a [Source], bindings: &'a Source) -> Result<Self, Error> {
        let index: BTreeMap<&str, usize> = sources
            .iter()
            .enumerate()
            .map(|(i, source)| (source.name.as_str(), i))
            .collect();
        let mut edges = Vec::new();
        for source in sources {
            let mut list = Vec::new();
            for import in &source.imports {
                match import.from.as_str() {
                    NATIVE => {}
                    BINDINGS => check_exports(source, import, bindings)?,
                    _ => {
                        let target = resolve(&index, source, import)?;
                        check_exports(source, import, &sources[target])?;
                        let eager = import
                            .names
                            .iter()
                            .find(|name| source.eager.contains(*name));
                        list.push(Edge {
                            to: target,
                            eager: eager.map(|name| (name.as_str(), import.line)),
                        });
                    }
                }
            }
            edges.push(list);
        }
        for import in &bindings.imports {
            match import.from.as_str() {
                NATIVE => {}
                IMPLS => {
                    for name in &import.names {
                        if !sources.iter().any(|source| source.export(name).is_some()) {
                            let (attribute, interface) = match name.strip_suffix("DataHolder") {
                                Some(interface) => ("[Transferable]", interface),
                                None => (
                                    "[Implementation=Script]",
                                    name.strip_suffix("Impl").unwrap_or(name),
                                ),
                            };
                            return Err(Error::new(format!(
                                "no built-in script exports `{name}`, which the IDL's {attribute} {interface} needs; write it, or change the attribute"
                            )));
                        }
                    }
                }
                _ => check_exports(
                    bindings,
                    import,
                    &sources[resolve(&index, bindings, import)?],
                )?,
            }
        }
        Ok(Self { sources, edges })
    }

    /// An order in which every file comes after those that it needs while it is evaluated, and if possible after all it imports.
    pub(super) fn order(&self) -> Result<Vec<usize>, Error> {
        // A depth-first search over all imports finds the circles; inside of a circle only needed files count. Both at once: visit
        // what is needed first, then the rest, and ignore an edge that goes back to a file under way unless it is needed.
        let mut order = Vec::new();
        let mut states = vec![State::New; self.sources.len()];
        let components = self.components();
        for component in components {
            for &file in &component {
                self.visit(file, &component, &mut states, &mut order)?;
            }
        }
        Ok(order)
    }

    /// Orders the files of one circle by what they need.
    fn visit(
        &self,
        file: usize,
        component: &[usize],
        states: &mut [State],
        order: &mut Vec<usize>,
    ) -> Result<(), Error> {
        if states[file] != State::New {
            return Ok(());
        }
        states[file] = State::Open;
        for edge in &self.edges[file] {
            let Some((name, line)) = edge.eager.filter(|_| component.contains(&edge.to)) else {
                continue;
            };
            if states[edge.to] == State::Open {
                return Err(Error::at(
                    &self.sources[file].name,
                    line,
                    format!(
                        "`{name}` is needed here while the file is evaluated, and {} needs this file for the same; move one of the two definitions to a file of its own",
                        self.sources[edge.to].name
                    ),
                ));
            }
            self.visit(edge.to, component, states, order)?;
        }
        states[file] = State::Done;
        order.push(file);
        Ok(())
    }

    /// The strongly connected components, imported ones first (Tarjan's algorithm).
    fn components(&self) -> Vec<Vec<usize>> {
        let mut search = Search {
            graph: self,
            index: vec![None; self.sources.len()],
            low: vec![0; self.sources.len()],
            stack: Vec::new(),
            next: 0,
            found: Vec::new(),
        };
        for file in 0..self.sources.len() {
            if search.index[file].is_none() {
                search.run(file);
            }
        }
        search.found
    }
}

/// The state of Tarjan's algorithm.
struct Search<'g, 'a> {
    graph: &'g Graph<'a>,
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    stack: Vec<usize>,
    next: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_, '_> {
    fn run(&mut self, file: usize) {
        self.index[file] = Some(self.next);
        self.low[file] = self.next;
        self.next += 1;
        self.stack.push(file);
        for edge in &self.graph.edges[file] {
            match self.index[edge.to] {
                None => {
                    self.run(edge.to);
                    self.low[file] = self.low[file].min(self.low[edge.to]);
                }
                Some(index) if self.stack.contains(&edge.to) => {
                    self.low[file] = self.low[file].min(index)
                }
                Some(_) => {}
            }
        }
        if Some(self.low[file]) == self.index[file] {
            let start = self
                .stack
                .iter()
                .position(|&other| other == file)
                .expect("the file is on the stack");
            let mut component = self.stack.split_off(start);
            component.sort_unstable();
            self.found.push(component);
        }
    }
}

/// The file that a relative specifier names.
fn resolve(
    index: &BTreeMap<&str, usize>,
    source: &Source,
    import: &Import,
) -> Result<usize, Error> {
    let mut parts: Vec<&str> = source.name.split('/').collect();
    parts.pop();
    if source.name == BINDINGS {
        parts.clear();
    }
    if !import.from.starts_with("./") && !import.from.starts_with("../") {
        return Err(Error::at(
            &source.name,
            import.line,
            format!(
                "expected a relative file, {NATIVE} or {BINDINGS}, found \"{}\"",
                import.from
            ),
        ));
    }
    for part in import.from.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let name = parts.join("/");
    index.get(name.as_str()).copied().ok_or_else(|| {
        Error::at(
            &source.name,
            import.line,
            format!(
                "\"{}\" would be {name}, and there is no such file",
                import.from
            ),
        )
    })
}

/// Every imported name is exported by the file.
fn check_exports(source: &Source, import: &Import, target: &Source) -> Result<(), Error> {
    for name in &import.names {
        if target.export(name).is_none() {
            return Err(Error::at(
                &source.name,
                import.line,
                format!("{} does not export `{name}`", target.name),
            ));
        }
    }
    Ok(())
}
