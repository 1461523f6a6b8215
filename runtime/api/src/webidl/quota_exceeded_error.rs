//! `QuotaExceededError`, <https://webidl.spec.whatwg.org/#quotaexceedederror>.

use nano_webidl::{
    DomExceptionName, Fallible, Ref, Scope, Serializable, Trace, idl::string_of_units,
    internalized, range_error,
};

use super::dom_exception::{self, DomException, SerializedException, capture_stack};
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
        let name = internalized(scope, DomExceptionName::QuotaExceeded.as_str());
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

/// What structured cloning keeps of an error.
pub struct SerializedError {
    exception: SerializedException,
    quota: Option<f64>,
    requested: Option<f64>,
}

// https://webidl.spec.whatwg.org/#quotaexceedederror: the steps of DOMException, and the two numbers.
impl Serializable for QuotaExceededError {
    type Data = SerializedError;

    fn serialize<'s>(scope: &mut Scope<'s, '_>, error: Ref<'s, Self>) -> Fallible<SerializedError> {
        let value = error.value();
        Ok(SerializedError {
            exception: dom_exception::serialize(scope, &value.exception, error.object())?,
            quota: value.quota,
            requested: value.requested,
        })
    }

    fn deserialize<'s>(
        scope: &mut Scope<'s, '_>,
        data: &SerializedError,
    ) -> Fallible<v8::Local<'s, v8::Object>> {
        let message = string_of_units(scope, &data.exception.message)?;
        let object = Self::create(scope, message, data.quota, data.requested);
        data.exception.restore_stack(scope, object)?;
        Ok(object)
    }

    fn data_size(data: &SerializedError) -> usize {
        size_of::<SerializedError>() + data.exception.external_size()
    }
}
