//! What compiling a WebAssembly function takes.
//!
//! V8's optimising compiler takes up to [`PER_BYTE`] bytes for each byte of a function that has become hot (calls, loops, `memory.fill`;
//! others 150 to 350), on its workers, where they are nobody's: so how many bytes a function may have depends on the memory that the
//! process may use ([`max_body`]). The largest ones of real programs, loops of interpreters, have some hundred thousand.
//!
//! It also ends the process where more than 65,535 branches meet at one place of such a function, and keeps what each of them brings:
//! so no more than [`MAX_BRANCHES`] may, and locals and operands, summed over all branches, are bounded, too ([`MAX_BROUGHT`]).
//!
//! And V8's compilers keep the state of all locals and operands for each block of a function. 300 KB of code with 49,990 locals and
//! 23,000 `if`s take 12 GB, in one call that cannot be interrupted, and more on V8's workers if the function gets hot.
//!
//! DEPARTURE: an implementation may have limits (<https://webassembly.github.io/spec/js-api/#limits>); this one is NANO's own:
//! the bytes of one function, [`max_body`], the branches to one place, and the sums of locals and operands. Large interpreters, optimised,
//! have some two million over their blocks.

use wasmparser::{
    Catch, FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator, Parser, ValidPayload,
    Validator, ValidatorResources, WasmFeatures,
};

use crate::{entry, process_memory};

/// Locals and operands, summed over the blocks of one function: some 100 MB while it is compiled.
pub const MAX_STATES: usize = 8 << 20;

/// Branches to one label, or calls in one `try`.
pub const MAX_BRANCHES: usize = 32 << 10;

/// Locals and operands, summed over the branches of one function: some 100 MB while it is optimised.
pub const MAX_BROUGHT: usize = 16 << 20;

/// Bytes of memory for each byte of a function while it is optimised, at most: measured, of V8 15.2.
const PER_BYTE: usize = 470;

/// What one function's optimising may take of a process's memory; two functions are optimised at a time.
const PART: usize = 10;

/// Bytes of one function in a process that may use so many bytes: between 192 KiB and 1 MiB.
pub fn max_body(process: usize) -> usize {
    (process / PART / PER_BYTE).clamp(192 << 10, 1 << 20)
}

/// What is wrong with a module's size in this process, if anything is. A module that is not valid otherwise is V8's to refuse.
pub fn fault(module: &[u8]) -> Option<String> {
    fault_within(module, max_body(process_memory::limit()))
}

fn fault_within(module: &[u8], max_body: usize) -> Option<String> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut allocations = FuncValidatorAllocations::default();
    let mut number = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.ok()?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload).ok()? {
            number += 1;
            let length = body.as_bytes().len();
            if length > max_body {
                return Some(format!(
                    "function #{number} of the module is too large to be compiled: it has {length} bytes, and may have \
                     {max_body} in a process with this much memory; split it"
                ));
            }
            // Each operand, each block and each branch takes at least one byte.
            let most = locals(&body)?.saturating_add(length);
            if most.saturating_mul(length) <= MAX_STATES && length <= MAX_BRANCHES {
                continue;
            }
            if let Some(excess) = excess(function, &body, &mut allocations)? {
                return Some(format!(
                    "function #{number} of the module is too large to be compiled: {excess}"
                ));
            }
        }
    }
    None
}

/// The most parameters that V8 lets a function have.
const MAX_PARAMETERS: usize = 1000;

/// How many locals a function may have, parameters included.
fn locals(body: &FunctionBody) -> Option<usize> {
    let mut sum = MAX_PARAMETERS;
    for group in body.get_locals_reader().ok()? {
        sum = sum.saturating_add(group.ok()?.0 as usize);
    }
    Some(sum)
}

/// A block that is open.
#[derive(Default)]
struct Block {
    /// Branches to its label.
    branches: usize,
    /// Calls and throws in its body; `None` if it catches nothing.
    throws: Option<usize>,
}

/// What a function has too much of. `None` if it is not valid.
fn excess(
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody,
    allocations: &mut FuncValidatorAllocations,
) -> Option<Option<String>> {
    let mut validator = function.into_validator(std::mem::take(allocations));
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).ok()?;
    let locals = validator.len_locals() as usize;
    let mut operators = wasmparser::OperatorsReader::new(reader);
    let (mut states, mut brought, mut most) = (0_usize, 0_usize, 0);
    // The function itself is one.
    let mut blocks = vec![Block::default()];
    while !operators.eof() && excess_of(states, brought, most).is_none() {
        let (operator, offset) = operators.read_with_offset().ok()?;
        validator.op(offset, &operator).ok()?;
        let state = locals + validator.operand_stack_height() as usize;
        if begins_block(&operator) {
            states += state;
        }
        let mut branch = |blocks: &mut Vec<Block>, depth: u32| {
            brought += state;
            let index = blocks.len().checked_sub(depth as usize + 1);
            if let Some(block) = index.and_then(|index| blocks.get_mut(index)) {
                block.branches += 1;
                most = most.max(block.branches);
            }
        };
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                blocks.push(Block::default());
            }
            Operator::Try { .. } => blocks.push(Block {
                throws: Some(0),
                ..Block::default()
            }),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = *catch;
                    branch(&mut blocks, label);
                }
                blocks.push(Block {
                    throws: Some(0),
                    ..Block::default()
                });
            }
            // What follows is caught by another one.
            Operator::Catch { .. } | Operator::CatchAll => {
                if let Some(block) = blocks.last_mut() {
                    block.throws = None;
                }
            }
            Operator::Delegate { relative_depth } => {
                blocks.pop();
                branch(&mut blocks, relative_depth);
            }
            Operator::End => drop(blocks.pop()),
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => branch(&mut blocks, relative_depth),
            Operator::BrTable { targets } => {
                branch(&mut blocks, targets.default());
                for target in targets.targets() {
                    branch(&mut blocks, target.ok()?);
                }
            }
            Operator::Return => {
                let outermost = u32::try_from(blocks.len()).ok()?.saturating_sub(1);
                branch(&mut blocks, outermost);
            }
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. } => {
                let mut outwards = blocks.iter_mut().rev();
                if let Some(throws) = outwards.find_map(|block| block.throws.as_mut()) {
                    *throws += 1;
                    most = most.max(*throws);
                    brought += state;
                }
            }
            _ => {}
        }
    }
    *allocations = validator.into_allocations();
    Some(excess_of(states, brought, most))
}

fn excess_of(states: usize, brought: usize, branches: usize) -> Option<String> {
    if states > MAX_STATES {
        return Some(format!(
            "its locals and operands, summed over its blocks, are more than {MAX_STATES}"
        ));
    }
    if branches > MAX_BRANCHES {
        return Some(format!(
            "more than {MAX_BRANCHES} branches lead to one place, or calls are in one `try`"
        ));
    }
    if brought > MAX_BROUGHT {
        return Some(format!(
            "its locals and operands, summed over its branches, are more than {MAX_BROUGHT}"
        ));
    }
    None
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

/// `moduleFault(bytes)` of `hardening.js`.
pub(super) unsafe extern "C" fn fault_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe { entry::function(info, callback) }
}

fn callback<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let fault = with_bytes(args.get(0), fault).flatten();
    if let Some(text) = fault.and_then(|text| v8::String::new(scope, &text)) {
        result.set(text.into());
    }
}

/// The bytes of an array buffer or a view of one; `None` for anything else.
pub(super) fn with_bytes<R>(
    value: v8::Local<v8::Value>,
    look: impl FnOnce(&[u8]) -> R,
) -> Option<R> {
    let (store, offset, length) =
        if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
            (
                view.get_backing_store()?,
                view.byte_offset(),
                view.byte_length(),
            )
        } else if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
            (buffer.get_backing_store(), 0, buffer.byte_length())
        } else {
            let buffer = v8::Local::<v8::SharedArrayBuffer>::try_from(value).ok()?;
            (buffer.get_backing_store(), 0, buffer.byte_length())
        };
    let bytes = store.get(offset..offset.checked_add(length)?)?;
    // SAFETY: the range lies within the store, which is held; no script runs meanwhile, and an isolate has no second thread.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), bytes.len()) };
    Some(look(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leb(mut value: usize, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    /// A module of one function with so many locals, and these instructions.
    fn module(locals: usize, code: &[u8]) -> Vec<u8> {
        let mut body = vec![1];
        leb(locals, &mut body);
        body.push(0x7f);
        body.extend(code);
        body.push(0x0b);
        let mut section = vec![1];
        leb(body.len(), &mut section);
        section.extend(body);
        let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a".to_vec();
        leb(section.len(), &mut module);
        module.extend(section);
        module
    }

    #[test]
    fn states_are_counted() {
        let ifs = |count: usize| [0x41, 0, 0x04, 0x40, 0x0b].repeat(count);
        assert_eq!(fault(&module(10, &ifs(1000))), None);
        assert_eq!(fault(&module(40_000, &ifs(100))), None);
        assert_eq!(fault(&module(49_990, &[])), None);
        let text = fault(&module(49_990, &ifs(23_000))).expect("too much");
        assert!(text.contains("function #1"), "{text}");
        // Operands count like locals.
        let operands = [[0x41, 0].repeat(20_000), ifs(1000), vec![0x1a; 20_000]].concat();
        assert!(fault(&module(0, &operands)).is_some());
        let dropped = [[0x41, 0, 0x1a].repeat(20_000), ifs(1000)].concat();
        assert_eq!(fault(&module(0, &dropped)), None);
    }

    #[test]
    fn bodies_have_a_longest_length() {
        let of = |length: usize| fault_within(&module(0, &vec![0x01; length]), 300_000);
        assert_eq!(of(299_900), None);
        let text = of(300_000).expect("too much");
        assert!(
            text.contains("function #1") && text.contains("split it"),
            "{text}"
        );
    }

    /// A block with a local that differs, and what branches to its end.
    fn branches(to_the_end: &[u8]) -> Vec<u8> {
        let set = [0x41, 5, 0x21, 0];
        module(1, &[&[0x02, 0x40][..], &set, to_the_end, &[0x0b]].concat())
    }

    #[test]
    fn branches_to_one_place_are_counted() {
        let by_if = |count: usize| branches(&[0x20, 0, 0x0d, 0].repeat(count));
        assert_eq!(fault(&by_if(MAX_BRANCHES)), None);
        let text = fault(&by_if(MAX_BRANCHES + 1)).expect("too many");
        assert!(
            text.contains("function #1") && text.contains("lead to one place"),
            "{text}"
        );
        // Each entry of a table is one.
        let table = |count: usize| {
            let mut table = vec![0x02, 0x40, 0x20, 0, 0x0e];
            leb(count, &mut table);
            table.extend(vec![1; count]);
            table.extend([0, 0x0b]);
            table
        };
        let by_table = |tables: usize| branches(&table(1000).repeat(tables));
        assert_eq!(fault(&by_table(32)), None);
        assert!(fault(&by_table(40)).is_some());
        // To different places.
        let apart = [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x0b].repeat(MAX_BRANCHES + 1);
        assert_eq!(fault(&branches(&apart)), None);
        // Calls in a `try` may all end at its handler: try, calls, catch_all, end.
        let calls = |count: usize| {
            module(
                1,
                &[&[0x06, 0x40][..], &[0x10, 0].repeat(count), &[0x19, 0x0b]].concat(),
            )
        };
        assert_eq!(fault(&calls(MAX_BRANCHES)), None);
        assert!(fault(&calls(MAX_BRANCHES + 1)).is_some());
        let outside = module(1, &[0x10, 0].repeat(MAX_BRANCHES + 1));
        assert_eq!(fault(&outside), None);
    }

    #[test]
    fn what_branches_bring_is_counted() {
        let code = |count: usize| {
            [
                &[0x02, 0x40][..],
                &[0x20, 0, 0x0d, 0].repeat(count),
                &[0x0b],
            ]
            .concat()
        };
        assert_eq!(fault(&module(10_000, &code(1600))), None);
        let text = fault(&module(10_000, &code(1700))).expect("too much");
        assert!(text.contains("summed over its branches"), "{text}");
    }

    /// Two functions at a time, and V8's compilers leave most of a process's memory to others.
    #[test]
    fn a_function_takes_a_part_of_the_process_s_memory() {
        for megabytes in [1000, 2048, 4096, 65_536] {
            let process = megabytes << 20;
            assert!(2 * PER_BYTE * max_body(process) <= process / 4);
        }
        assert_eq!(max_body(300 << 20), 192 << 10);
        assert_eq!(max_body(usize::MAX), 1 << 20);
    }

    #[test]
    fn what_is_no_module_is_not_its_business() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0\x0a\xff\xff", b"text"] {
            assert_eq!(fault(bytes), None);
        }
    }
}
