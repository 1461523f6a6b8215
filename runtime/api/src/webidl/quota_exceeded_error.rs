//! `QuotaExceededError`, <https://webidl.spec.whatwg.org/#quotaexceedederror>.

use nano_webidl::{DomExceptionName, Fallible, Ref, Scope, Trace, range_error};

use super::dom_exception::{DomException, capture_stack};
use crate::bindings::quota_exceeded_error::QuotaExceededErrorMethods;
use crate::bindings::types::QuotaExceededErrorOptions;

/// A `QuotaExceededError` object.
#[derive(Trace)]
pub struct QuotaExceededError {
    exception: DomException,
    quota: Option<f64>,
    requested: Option<f64>,
}

impl AsRef<DomException> for QuotaExceededError {
    fn as_ref(&self) -> &DomException {
        &self.exception
    }
}

impl QuotaExceededError {
    fn new<'s>(
        scope: &mut Scope<'s, '_>,
        message: v8::Local<'s, v8::String>,
        quota: Option<f64>,
        requested: Option<f64>,
    ) -> Self {
        let name = v8::String::new(scope, DomExceptionName::QuotaExceeded.as_str())
            .expect("a name is short");
        QuotaExceededError {
            exception: DomException::with_strings(scope, name, message),
            quota,
            requested,
        }
    }

    /// <https://webidl.spec.whatwg.org/#quotaexceedederror-create>
    pub fn create<'s>(
        scope: &mut Scope<'s, '_>,
        message: v8::Local<'s, v8::String>,
        quota: Option<f64>,
        requested: Option<f64>,
    ) -> v8::Local<'s, v8::Object> {
        let error = Self::new(scope, message, quota, requested);
        let object = Ref::new(scope, error).object();
        capture_stack(scope, object);
        object
    }

    /// `quota` and `requested`
    pub(super) fn limits(&self) -> (Option<f64>, Option<f64>) {
        (self.quota, self.requested)
    }
}

impl QuotaExceededErrorMethods for QuotaExceededError {
    // https://webidl.spec.whatwg.org/#dom-quotaexceedederror-quotaexceedederror
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        message: v8::Local<'s, v8::String>,
        options: QuotaExceededErrorOptions,
    ) -> Fallible<Self> {
        let QuotaExceededErrorOptions { quota, requested } = options;
        // 3. and 4. If a number is present and negative, then throw a RangeError.
        if quota.is_some_and(|quota| quota < 0.0) {
            return Err(range_error("The quota must not be negative"));
        }
        if requested.is_some_and(|requested| requested < 0.0) {
            return Err(range_error("The requested amount must not be negative"));
        }
        // 5. If both are, and requested is less than quota, then throw a RangeError.
        if let (Some(quota), Some(requested)) = (quota, requested)
            && requested < quota
        {
            return Err(range_error(
                "The requested amount must not be less than the quota",
            ));
        }
        Ok(Self::new(scope, message, quota, requested))
    }

    fn constructed<'s>(scope: &mut Scope<'s, '_>, this: Ref<'s, Self>) -> Fallible<()> {
        capture_stack(scope, this.object());
        Ok(())
    }

    fn quota(&self) -> Option<f64> {
        self.quota
    }

    fn requested(&self) -> Option<f64> {
        self.requested
    }
}
