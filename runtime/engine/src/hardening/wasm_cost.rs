//! What compiling a WebAssembly function takes.
//!
//! V8's optimising compiler takes up to [`PER_BYTE`] bytes for each byte of a function that has become hot (calls, loops, `memory.fill`;
//! others 150 to 350), on its workers, where they are nobody's: so how many bytes a function may have depends on the memory that the
//! process may use ([`max_body`]). The largest ones of real programs, loops of interpreters, have some hundred thousand.
//!
//! Some instructions of a few bytes stand for many: `struct.new_default` for a store in each field, a `call` for each result, `catch`
//! for several for each value that it gets. So these count as [`BYTES_OF_VALUE`] bytes each. (What an instruction takes does not: something
//! has made it.)
//!
//! It also ends the process where more than 65,535 branches meet at one place of such a function, and keeps what each of them brings:
//! so no more than [`MAX_BRANCHES`] may, and locals and operands, summed over all branches, are bounded, too ([`MAX_BROUGHT`]).
//!
//! And V8's compilers keep the state of all locals and operands for each block of a function. 300 KB of code with 49,990 locals and
//! 23,000 `if`s take 12 GB, in one call that cannot be interrupted, and more on V8's workers if the function gets hot.
//!
//! Short functions may become part of another one, [`MAX_INLINED`] of them: so each may have that part of it only.
//!
//! DEPARTURE: an implementation may have limits (<https://webassembly.github.io/spec/js-api/#limits>); these are NANO's own. Large
//! interpreters, optimised, have some two million locals and operands over their blocks.

use wasmparser::{
    Catch, CompositeInnerType, FuncToValidate, FuncType, FuncValidatorAllocations, FunctionBody,
    Operator, Result, SubType, ValType, ValidatorResources, WasmModuleResources,
};

use super::wasm_walk::Walk;

/// Locals and operands, summed over the blocks of one function: some 100 MB while it is compiled.
pub const MAX_STATES: usize = 8 << 20;

/// Branches to one label, or calls in one `try`.
pub const MAX_BRANCHES: usize = 32 << 10;

/// Locals and operands, summed over the branches of one function: some 100 MB while it is optimised.
pub const MAX_BROUGHT: usize = 16 << 20;

/// Bytes of memory for each byte of a function while it is optimised, at most: measured, of V8 15.2.
const PER_BYTE: usize = 470;

/// What one of many values that an instruction stands for counts as. Measured: 640 to 1000 bytes of memory for a field, 700 for a result
/// that becomes a parameter, 1400 for one that is thrown, 1870 for an `i32` that is caught and 2880 for an `i64`.
const BYTES_OF_VALUE: usize = 3;

/// What one function's optimising may take of a process's memory; two functions are optimised at a time.
const PART: usize = 10;

/// The longest function that V8 makes part of another one (`--wasm-inlining-max-size`), in bytes.
const MAX_INLINED_BYTES: usize = 500;

/// How many of them it does (`InliningTree::kMaxInlinedCount`).
const MAX_INLINED: usize = 60;

/// Bytes of one function in a process that may use so many bytes: between 192 KiB and 1 MiB.
pub fn max_body(process: usize) -> usize {
    (process / PART / PER_BYTE).clamp(192 << 10, 1 << 20)
}

/// Looks at the functions of one module.
pub(super) struct Costs {
    max_body: usize,
    /// How many functions it has seen.
    number: usize,
    /// How many values one instruction stands for at most; the same for all functions of a module.
    most_values: Option<usize>,
    allocations: FuncValidatorAllocations,
}

impl Costs {
    /// Of a module whose functions may have so many bytes.
    pub(super) fn new(max_body: usize) -> Costs {
        Costs {
            max_body,
            number: 0,
            most_values: None,
            allocations: FuncValidatorAllocations::default(),
        }
    }

    /// What the next function has too much of, if anything.
    ///
    /// # Errors
    /// If it is not valid. Where it is small enough for anything, nobody has looked.
    pub(super) fn excess(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody,
    ) -> Result<Option<String>> {
        self.number += 1;
        let most_values = *self
            .most_values
            .get_or_insert_with(|| most_values(&function.resources));
        let bounds = Bounds::of(body.as_bytes().len(), self.max_body);
        let most = Sums::most(&function, body, most_values)?;
        let sums = if bounds.exceeded(&most).is_none() {
            most
        } else {
            self.sums(function, body, &bounds)?
        };
        let number = self.number;
        Ok(bounds.exceeded(&sums).map(|excess| {
            format!("function #{number} of the module is too large to be compiled: {excess}")
        }))
    }

    /// Walks through a function, up to the first bound.
    fn sums(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody,
        bounds: &Bounds,
    ) -> Result<Sums> {
        let resources = function.resources.clone();
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let mut operators = wasmparser::OperatorsReader::new(reader);
        let mut walk = Walk::new(Sums {
            weight: body.as_bytes().len(),
            ..Sums::default()
        });
        let locals = validator.len_locals() as usize;
        while !operators.eof() && bounds.exceeded(&walk.sums).is_none() {
            let (operator, offset) = operators.read_with_offset()?;
            walk.sums.weight += BYTES_OF_VALUE * values(&operator, &resources);
            validator.op(offset, &operator)?;
            walk.step(
                &operator,
                locals + validator.operand_stack_height() as usize,
            )?;
        }
        self.allocations = validator.into_allocations();
        Ok(walk.sums)
    }
}

/// What one function may have.
struct Bounds {
    weight: usize,
    states: usize,
    brought: usize,
}

impl Bounds {
    /// Of a function of so many bytes.
    fn of(length: usize, max_body: usize) -> Bounds {
        let part = if length <= MAX_INLINED_BYTES {
            MAX_INLINED
        } else {
            1
        };
        Bounds {
            weight: max_body / part,
            states: MAX_STATES / part,
            brought: MAX_BROUGHT / part,
        }
    }

    fn exceeded(&self, sums: &Sums) -> Option<String> {
        let Bounds {
            weight,
            states,
            brought,
        } = self;
        if sums.weight > *weight {
            return Some(format!(
                "its bytes, and {BYTES_OF_VALUE} for each of many results, fields or values of exceptions that one instruction stands \
                 for, are {}, and may be {weight} in a process with this much memory; split it",
                sums.weight
            ));
        }
        if sums.states > *states {
            return Some(format!(
                "its locals and operands, summed over its blocks, are more than {states}"
            ));
        }
        if sums.branches > MAX_BRANCHES {
            return Some(format!(
                "more than {MAX_BRANCHES} branches lead to one place, or calls are in one `try`"
            ));
        }
        if sums.brought > *brought {
            return Some(format!(
                "its locals and operands, summed over its branches, are more than {brought}"
            ));
        }
        None
    }
}

/// What a function has.
#[derive(Default)]
pub(super) struct Sums {
    /// Its bytes, and those that its values count as.
    pub(super) weight: usize,
    /// Locals and operands, over all blocks.
    pub(super) states: usize,
    /// Locals and operands, over all branches.
    pub(super) brought: usize,
    /// The most branches to one label.
    pub(super) branches: usize,
}

impl Sums {
    /// What it can have at most.
    fn most(
        function: &FuncToValidate<ValidatorResources>,
        body: &FunctionBody,
        most_values: usize,
    ) -> Result<Sums> {
        let signature = function
            .resources
            .sub_type_at(function.ty)
            .and_then(signature);
        let parameters = signature.map_or(0, |signature| signature.params().len());
        let mut locals = parameters;
        for group in body.get_locals_reader()? {
            locals = locals.saturating_add(group?.0 as usize);
        }
        let length = body.as_bytes().len();
        // What makes a value has two bytes at least, and so has what begins a block, with the end of that.
        let half = length.div_ceil(2);
        let operands = half.saturating_mul(1 + most_values);
        let state = locals.saturating_add(operands);
        let values = half.saturating_mul(most_values);
        Ok(Sums {
            weight: length.saturating_add(values.saturating_mul(BYTES_OF_VALUE)),
            states: state.saturating_mul(half),
            brought: state.saturating_mul(length),
            branches: length,
        })
    }
}

/// The most values that one instruction of a module stands for.
fn most_values(resources: &ValidatorResources) -> usize {
    let types = (0..).map_while(|index| resources.sub_type_at(index));
    let of_types = types.map(|of_type| results(of_type).max(fields(of_type)));
    let tags = (0..).map_while(|index| resources.tag_at(index));
    of_types.chain(tags.map(carried)).max().unwrap_or(0)
}

fn signature(of_type: &SubType) -> Option<&FuncType> {
    match &of_type.composite_type.inner {
        CompositeInnerType::Func(signature) => Some(signature),
        _ => None,
    }
}

/// Those beside one.
fn results(of_type: &SubType) -> usize {
    signature(of_type).map_or(0, |signature| signature.results().len().saturating_sub(1))
}

fn fields(of_type: &SubType) -> usize {
    match &of_type.composite_type.inner {
        CompositeInnerType::Struct(of_type) => of_type.fields.len(),
        _ => 0,
    }
}

/// What an exception carries, in the pieces that V8 makes of numbers: of 16 bits.
fn carried(tag: &FuncType) -> usize {
    let pieces = tag.params().iter().map(|value| match value {
        ValType::I32 | ValType::F32 => 2,
        ValType::I64 | ValType::F64 => 4,
        ValType::V128 => 8,
        ValType::Ref(_) => 1,
    });
    pieces.sum()
}

/// The values that an instruction stands for.
fn values(operator: &Operator, resources: &ValidatorResources) -> usize {
    let of_type =
        |index: u32, count: fn(&SubType) -> usize| resources.sub_type_at(index).map_or(0, count);
    let of_tag = |index: u32| resources.tag_at(index).map_or(0, carried);
    match operator {
        Operator::Call { function_index } => {
            let of_function = resources.type_index_of_function(*function_index);
            of_function.map_or(0, |index| of_type(index, results))
        }
        Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
            of_type(*type_index, results)
        }
        Operator::StructNewDefault { struct_type_index }
        | Operator::StructNewDefaultDesc { struct_type_index } => {
            of_type(*struct_type_index, fields)
        }
        Operator::Throw { tag_index } | Operator::Catch { tag_index } => of_tag(*tag_index),
        Operator::TryTable { try_table } => {
            let of_catches = try_table.catches.iter().map(|catch| match catch {
                Catch::One { tag, .. } | Catch::OneRef { tag, .. } => of_tag(*tag),
                Catch::All { .. } | Catch::AllRef { .. } => 0,
            });
            of_catches.sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::wasm::{fault, fault_within};
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

    /// A module with these types, of functions of the types with these numbers, each with its code and no locals.
    fn module_of(types: &[Vec<u8>], functions: &[(u8, Vec<u8>)], tag: Option<u8>) -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let mut section = |id: u8, items: usize, content: &[u8]| {
            let mut counted = Vec::new();
            leb(items, &mut counted);
            counted.extend(content);
            module.push(id);
            leb(counted.len(), &mut module);
            module.extend(counted);
        };
        section(1, types.len(), &types.concat());
        let of_types: Vec<u8> = functions.iter().map(|(of_type, _)| *of_type).collect();
        section(3, functions.len(), &of_types);
        if let Some(of_type) = tag {
            section(13, 1, &[0, of_type]);
        }
        let mut bodies = Vec::new();
        for (_, code) in functions {
            leb(code.len() + 2, &mut bodies);
            bodies.extend([&[0][..], code, &[0x0b]].concat());
        }
        section(10, functions.len(), &bodies);
        module
    }

    fn function_type(parameters: &[u8], results: &[u8]) -> Vec<u8> {
        let mut of_type = vec![0x60];
        leb(parameters.len(), &mut of_type);
        of_type.extend(parameters);
        leb(results.len(), &mut of_type);
        of_type.extend(results);
        of_type
    }

    fn struct_type(fields: usize) -> Vec<u8> {
        let mut of_type = vec![0x5f];
        leb(fields, &mut of_type);
        of_type.extend([0x7e, 1].repeat(fields));
        of_type
    }

    const I32: u8 = 0x7f;
    const I64: u8 = 0x7e;

    /// Whether functions of this code are let through, with the most that is.
    fn most(code: impl Fn(usize) -> Vec<u8>, module: impl Fn(Vec<u8>) -> Vec<u8>) -> usize {
        let is_let_through = |count| fault_within(&module(code(count)), 300_000).is_none();
        let counts: Vec<usize> = (1..1000).collect();
        let most = counts.partition_point(|count| is_let_through(*count));
        let text = fault_within(&module(code(most + 1)), 300_000).expect("too much");
        assert!(text.contains("stands for"), "{text}");
        most
    }

    #[test]
    fn instructions_count_as_what_they_stand_for() {
        // Longer than what becomes part of others.
        let padding = vec![1; 1000];
        let nothing = function_type(&[], &[]);
        // struct.new_default, drop.
        let types = [struct_type(10_000), nothing.clone()];
        let objects = |count| [&padding[..], &[0xfb, 1, 0, 0x1a].repeat(count)].concat();
        let of_objects = |code| module_of(&types, &[(1, code)], None);
        assert_eq!(most(objects, of_objects), 9);
        // Calls of a function with 1000 results, and of one that takes them.
        let types = [
            function_type(&[], &[I32; 1000]),
            function_type(&[I32; 1000], &[]),
            nothing.clone(),
        ];
        let calls = |count| [&padding[..], &[0x10, 0, 0x10, 1].repeat(count)].concat();
        let makes = [0x41, 1].repeat(1000);
        let of_calls =
            |code| module_of(&types, &[(0, makes.clone()), (1, vec![]), (2, code)], None);
        assert_eq!(most(calls, of_calls), 99);
        // try, catch, unreachable, end.
        let types = [function_type(&[I64; 1000], &[]), nothing.clone()];
        let catches = |count| [&padding[..], &[6, 0x40, 7, 0, 0, 0x0b].repeat(count)].concat();
        let of_catches = |code| module_of(&types, &[(1, code)], Some(0));
        assert_eq!(most(catches, of_catches), 24);
    }

    #[test]
    fn short_functions_have_less() {
        let types = [struct_type(1000), function_type(&[], &[])];
        let one = [0xfb, 1, 0, 0x1a];
        let of = |code: Vec<u8>| fault_within(&module_of(&types, &[(1, code)], None), 300_000);
        assert_eq!(of(one.to_vec()), None);
        assert!(of(one.repeat(2)).is_some());
        assert_eq!(of([&vec![1; 500][..], &one.repeat(2)].concat()), None);
        let ifs = |count: usize| [0x41, 0, 0x04, 0x40, 0x0b].repeat(count);
        assert_eq!(fault(&module(1000, &ifs(90))), None);
        assert!(fault(&module(2000, &ifs(90))).is_some());
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
}
