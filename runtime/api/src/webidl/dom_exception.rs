//! `DOMException`, <https://webidl.spec.whatwg.org/#idl-DOMException>.

use nano_engine::text::text;
use nano_webidl::{
    DomExceptionName, Fallible, Ref, Scope, Serializable, Trace, Value, idl::string_of_units,
    internalized, room,
};

use super::quota_exceeded_error::QuotaExceededError;
use crate::bindings::dom_exception::DomExceptionMethods;

/// A `DOMException` object.
#[derive(Trace)]
pub struct DomException {
    name: v8::TracedReference<v8::String>,
    message: v8::TracedReference<v8::String>,
    code: u16,
}

impl DomException {
    /// A value of this name and message.
    pub(super) fn with_strings<'s>(
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
        message: v8::Local<'s, v8::String>,
    ) -> Self {
        // No name with a code is longer.
        let code = DomExceptionName::legacy_code(&text(scope, name, 32));
        DomException {
            name: v8::TracedReference::new(scope, name),
            message: v8::TracedReference::new(scope, message),
            code,
        }
    }
}

/// What a live object keeps is there.
fn kept<'s>(
    scope: &mut Scope<'s, '_>,
    text: &v8::TracedReference<v8::String>,
) -> v8::Local<'s, v8::String> {
    let text = text.get(scope);
    text.unwrap_or_else(|| v8::String::empty(scope))
}

/// Makes a `DOMException`, a `QuotaExceededError` for that name, <https://webidl.spec.whatwg.org/#dfn-throw>. This is what
/// [`nano_webidl::Realm`] makes them with.
pub fn create<'s>(scope: &mut Scope<'s, '_>, name: DomExceptionName, message: &str) -> Value<'s> {
    let message = v8::String::new(scope, message).unwrap_or_else(|| v8::String::empty(scope));
    if name == DomExceptionName::QuotaExceeded {
        return QuotaExceededError::create(scope, message, None, None).into();
    }
    let name = internalized(scope, name.as_str());
    let exception = DomException::with_strings(scope, name, message);
    let exception = Ref::new(scope, exception).object();
    capture_stack(scope, exception);
    exception.into()
}

/// Gives an exception its `stack`, as errors of JavaScript have it.
pub(super) fn capture_stack<'s>(scope: &mut Scope<'s, '_>, exception: v8::Local<'s, v8::Object>) {
    let context = scope.get_current_context();
    v8::Exception::capture_stack_trace(context, exception);
}

impl DomExceptionMethods for DomException {
    // https://webidl.spec.whatwg.org/#dom-domexception-domexception
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        message: v8::Local<'s, v8::String>,
        name: v8::Local<'s, v8::String>,
    ) -> Fallible<Self> {
        Ok(DomException::with_strings(scope, name, message))
    }

    fn constructed<'s>(scope: &mut Scope<'s, '_>, this: Ref<'s, Self>) -> Fallible<()> {
        capture_stack(scope, this.object());
        Ok(())
    }

    fn name<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        kept(scope, &self.name)
    }

    fn message<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        kept(scope, &self.message)
    }

    // https://webidl.spec.whatwg.org/#dom-domexception-code
    fn code(&self) -> u16 {
        self.code
    }
}

/// What structured cloning keeps of an exception, <https://webidl.spec.whatwg.org/#ref-for-serializable-objects>.
#[derive(Debug, Clone, PartialEq)]
pub struct SerializedException {
    /// `name`
    pub name: Vec<u16>,
    /// `message`
    pub message: Vec<u16>,
    /// `stack`, where it is a string.
    pub stack: Option<Vec<u16>>,
}

impl SerializedException {
    /// About how many bytes it takes.
    pub fn external_size(&self) -> usize {
        let stack = self.stack.as_deref().map_or(0, size_of_val);
        size_of::<Self>() + size_of_val(&*self.name) + size_of_val(&*self.message) + stack
    }

    /// Gives the stack to the exception that was made again.
    pub(super) fn restore_stack<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        exception: v8::Local<'s, v8::Object>,
    ) -> Fallible<()> {
        if let Some(stack) = &self.stack {
            let stack = string_of_units(scope, stack)?;
            let key = internalized(scope, "stack");
            exception.define_own_property(
                scope,
                key.into(),
                stack.into(),
                v8::PropertyAttribute::DONT_ENUM,
            );
        }
        Ok(())
    }
}

impl Serializable for DomException {
    type Data = SerializedException;

    fn serialize<'s>(
        scope: &mut Scope<'s, '_>,
        exception: Ref<'s, Self>,
    ) -> Fallible<SerializedException> {
        serialize(scope, exception.value(), exception.object())
    }

    fn deserialize<'s>(
        scope: &mut Scope<'s, '_>,
        data: &SerializedException,
    ) -> Fallible<v8::Local<'s, v8::Object>> {
        let name = string_of_units(scope, &data.name)?;
        let message = string_of_units(scope, &data.message)?;
        let exception = DomException::with_strings(scope, name, message);
        let object = Ref::new(scope, exception).object();
        data.restore_stack(scope, object)?;
        Ok(object)
    }

    fn data_size(data: &SerializedException) -> usize {
        data.external_size()
    }
}

/// The serialization steps, for an object of `DOMException` or of an interface that inherits from it.
pub(super) fn serialize<'s>(
    scope: &mut Scope<'s, '_>,
    exception: &DomException,
    object: v8::Local<'s, v8::Object>,
) -> Fallible<SerializedException> {
    let key = internalized(scope, "stack");
    let stack = object
        .get(scope, key.into())
        .and_then(|stack| v8::Local::<v8::String>::try_from(stack).ok());
    let (name, message) = (exception.name(scope), exception.message(scope));
    Ok(SerializedException {
        name: room::code_units(scope, name)?,
        message: room::code_units(scope, message)?,
        stack: match stack {
            Some(stack) => Some(room::code_units(scope, stack)?),
            None => None,
        },
    })
}
