//! `HTMLRewriter`, as in Workers: <https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/>.
//!
//! What it calls and the parts that it hands out are built-in scripts; the document is native.

mod document;
pub mod rewriter_plan;
pub mod rewriter_plans;
pub mod rewriting;
