//! `HTMLRewriter`, as in Workers: <https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/>.
//!
//! What it calls and the parts that it hands out are built-in scripts; the document is native.

mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod rewriter_plan;
pub mod rewriter_plans;
pub mod rewriting;
