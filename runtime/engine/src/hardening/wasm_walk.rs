//! A way through the blocks of a WebAssembly function: what they have, and what branches bring to where they lead.

use wasmparser::{Catch, Operator, Result};

use super::wasm_cost::Sums;

/// A block that is open.
#[derive(Default)]
struct Block {
    /// Branches to its label.
    branches: usize,
    /// Calls and throws in its body; `None` if it catches nothing.
    throws: Option<usize>,
}

/// A way through the instructions of a function.
pub(super) struct Walk {
    pub(super) sums: Sums,
    blocks: Vec<Block>,
}

impl Walk {
    pub(super) fn new(sums: Sums) -> Walk {
        Walk {
            sums,
            // The function itself is one.
            blocks: vec![Block::default()],
        }
    }

    /// An instruction, after which there are so many locals and operands.
    pub(super) fn step(&mut self, operator: &Operator, state: usize) -> Result<()> {
        if begins_block(operator) {
            self.sums.states += state;
        }
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.blocks.push(Block::default());
            }
            Operator::Try { .. } => self.push_try(),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = *catch;
                    self.branch(state, label);
                }
                self.push_try();
            }
            // What follows is caught by another one.
            Operator::Catch { .. } | Operator::CatchAll => {
                if let Some(block) = self.blocks.last_mut() {
                    block.throws = None;
                }
            }
            Operator::Delegate { relative_depth } => {
                self.blocks.pop();
                self.branch(state, *relative_depth);
            }
            Operator::End => drop(self.blocks.pop()),
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. }
            | Operator::BrOnCastDescEq { relative_depth, .. }
            | Operator::BrOnCastDescEqFail { relative_depth, .. } => {
                self.branch(state, *relative_depth);
            }
            Operator::BrTable { targets } => {
                self.branch(state, targets.default());
                for target in targets.targets() {
                    self.branch(state, target?);
                }
            }
            Operator::Return => {
                let outermost = self.blocks.len().saturating_sub(1);
                self.branch(state, u32::try_from(outermost).unwrap_or(u32::MAX));
            }
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. } => self.throw(state),
            _ => {}
        }
        Ok(())
    }

    fn push_try(&mut self) {
        self.blocks.push(Block {
            throws: Some(0),
            ..Block::default()
        });
    }

    fn branch(&mut self, state: usize, depth: u32) {
        self.sums.brought += state;
        let index = self.blocks.len().checked_sub(depth as usize + 1);
        if let Some(block) = index.and_then(|index| self.blocks.get_mut(index)) {
            block.branches += 1;
            self.sums.branches = self.sums.branches.max(block.branches);
        }
    }

    /// What may go to the handler of the innermost block that has one.
    fn throw(&mut self, state: usize) {
        let mut outwards = self.blocks.iter_mut().rev();
        if let Some(throws) = outwards.find_map(|block| block.throws.as_mut()) {
            *throws += 1;
            self.sums.branches = self.sums.branches.max(*throws);
            self.sums.brought += state;
        }
    }
}

fn begins_block(operator: &Operator) -> bool {
    matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::Try { .. }
            | Operator::TryTable { .. }
            | Operator::Catch { .. }
            | Operator::CatchAll
    )
}
