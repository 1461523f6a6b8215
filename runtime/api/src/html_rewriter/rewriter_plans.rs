//! `RewriterPlans`: how built-in scripts make plans.

use nano_webidl::{Fallible, Ref, Scope};

use super::rewriter_plan::RewriterPlan;
use crate::bindings::rewriter_plans::RewriterPlansMethods;

/// The namespace.
pub struct RewriterPlans;

impl RewriterPlansMethods for RewriterPlans {
    fn new_rewriter_plan<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, RewriterPlan>> {
        Ok(Ref::new(scope, RewriterPlan::default()))
    }
}
