//! See [`crate::fuzzing`].

use super::json_cost::cost;
use super::{wasm, wasm_functions, wasm_types};

/// A WebAssembly module, which is read before V8 sees it.
pub fn wasm_module(case: &[u8]) {
    let most = 192 << 10;
    let fault = wasm::fault_within(case, most);
    let declared = wasm_functions::declared(case);
    // Each of a valid module has a body.
    assert!(fault.is_some() || declared <= case.len());
    for kind in 0..=13 {
        let sizes = wasm_types::sections(case, kind).map(<[u8]>::len);
        assert!(sizes.sum::<usize>() <= case.len());
    }
}

/// A text that `JSON.parse` is given. How V8 has it makes a difference for its strings only.
pub fn json_text(case: &[u8]) {
    let wide: Vec<u16> = case.iter().copied().map(u16::from).collect();
    for sources in [false, true] {
        let (narrow, wide) = (cost(case, sources), cost(&wide, sources));
        assert_eq!(narrow.is_some(), wide.is_some());
        if let (Some(narrow), Some(wide)) = (narrow, wide) {
            assert_eq!(narrow.native, wide.native);
            assert!(narrow.heap <= wide.heap && wide.heap <= 2 * narrow.heap);
        }
    }
}
