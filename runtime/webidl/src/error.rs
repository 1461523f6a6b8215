//! What can go wrong in a member, as a Rust value; it becomes a JavaScript exception at the border only.

use std::borrow::Cow;

use crate::{Realm, Scope, Value};

/// The result of everything that may throw.
pub type Fallible<T> = Result<T, Error>;

/// An exception that has not been made yet, except for [`Error::Thrown`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A `TypeError`.
    Type(Cow<'static, str>),
    /// A `RangeError`.
    Range(Cow<'static, str>),
    /// A `DOMException`.
    Dom(DomExceptionName, Cow<'static, str>),
    /// JavaScript threw; its exception is pending in V8 and passes through untouched.
    Thrown,
}

/// A `TypeError` with this message.
pub fn type_error(message: impl Into<Cow<'static, str>>) -> Error {
    Error::Type(bounded(message.into()))
}

/// A `RangeError` with this message.
pub fn range_error(message: impl Into<Cow<'static, str>>) -> Error {
    Error::Range(bounded(message.into()))
}

/// Keeps a message readable, whatever text of an app's is in it.
fn bounded(message: Cow<'static, str>) -> Cow<'static, str> {
    /// In bytes.
    const LONGEST: usize = 2000;
    if message.len() <= LONGEST {
        return message;
    }
    format!("{}…", &message[..message.floor_char_boundary(LONGEST)]).into()
}

/// The beginning of an app's text, for a message that quotes it.
pub fn excerpt(text: &str) -> &str {
    /// In bytes.
    const READABLE: usize = 200;
    &text[..text.floor_char_boundary(READABLE)]
}

impl Error {
    /// A `DOMException`.
    pub fn dom(name: DomExceptionName, message: impl Into<Cow<'static, str>>) -> Error {
        Error::Dom(name, bounded(message.into()))
    }

    /// Puts `subject` before the message: conversions say "is not a sequence.", their callers say what is not.
    pub fn of(self, subject: impl std::fmt::Display) -> Error {
        self.map_message(|message| format!("{subject} {message}"))
    }

    /// Puts "`context`: " before the message.
    pub fn in_context(self, context: &str) -> Error {
        if context.is_empty() {
            return self;
        }
        self.map_message(|message| format!("{context}: {message}"))
    }

    /// Puts what to do about it behind the message.
    pub fn with(self, hint: &str) -> Error {
        self.map_message(|message| format!("{} ({hint})", message.trim_end_matches('.')))
    }

    fn map_message(self, change: impl FnOnce(&str) -> String) -> Error {
        match self {
            Error::Type(message) => Error::Type(change(&message).into()),
            Error::Range(message) => Error::Range(change(&message).into()),
            Error::Dom(name, message) => Error::Dom(name, change(&message).into()),
            Error::Thrown => Error::Thrown,
        }
    }

    /// Makes the JavaScript exception, in the current realm. `None` for [`Error::Thrown`], whose exception V8 holds.
    pub fn to_exception<'s>(&self, scope: &mut Scope<'s, '_>) -> Option<Value<'s>> {
        Some(match self {
            Error::Type(message) => {
                let message = string(scope, message);
                v8::Exception::type_error(scope, message)
            }
            Error::Range(message) => {
                let message = string(scope, message);
                v8::Exception::range_error(scope, message)
            }
            Error::Dom(name, message) => Realm::dom_exception(scope, *name, message),
            Error::Thrown => return None,
        })
    }

    /// Throws it: afterwards an exception is pending and the caller returns to V8 at once.
    pub fn throw(&self, scope: &mut Scope) {
        if let Some(exception) = self.to_exception(scope) {
            scope.throw_exception(exception);
        }
    }
}

fn string<'s>(scope: &mut Scope<'s, '_>, text: &str) -> v8::Local<'s, v8::String> {
    v8::String::new(scope, text).unwrap_or_else(|| v8::String::empty(scope))
}

macro_rules! names {
    ($($variant:ident = $name:literal, $code:literal;)*) => {
        /// <https://webidl.spec.whatwg.org/#idl-DOMException-error-names>
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the variants are the standard's names")]
        pub enum DomExceptionName { $($variant,)* }

        impl DomExceptionName {
            /// The name as JavaScript sees it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The legacy code of a name, 0 for names without one.
            pub fn legacy_code(name: &str) -> u16 {
                match name { $($name => $code,)* _ => 0 }
            }
        }
    };
}

names! {
    IndexSize = "IndexSizeError", 1;
    HierarchyRequest = "HierarchyRequestError", 3;
    WrongDocument = "WrongDocumentError", 4;
    InvalidCharacter = "InvalidCharacterError", 5;
    NoModificationAllowed = "NoModificationAllowedError", 7;
    NotFound = "NotFoundError", 8;
    NotSupported = "NotSupportedError", 9;
    InUseAttribute = "InUseAttributeError", 10;
    InvalidState = "InvalidStateError", 11;
    Syntax = "SyntaxError", 12;
    InvalidModification = "InvalidModificationError", 13;
    Namespace = "NamespaceError", 14;
    InvalidAccess = "InvalidAccessError", 15;
    TypeMismatch = "TypeMismatchError", 17;
    Security = "SecurityError", 18;
    Network = "NetworkError", 19;
    Abort = "AbortError", 20;
    UrlMismatch = "URLMismatchError", 21;
    QuotaExceeded = "QuotaExceededError", 22;
    Timeout = "TimeoutError", 23;
    InvalidNodeType = "InvalidNodeTypeError", 24;
    DataClone = "DataCloneError", 25;
    Encoding = "EncodingError", 0;
    NotReadable = "NotReadableError", 0;
    Unknown = "UnknownError", 0;
    Constraint = "ConstraintError", 0;
    Data = "DataError", 0;
    TransactionInactive = "TransactionInactiveError", 0;
    ReadOnly = "ReadOnlyError", 0;
    Version = "VersionError", 0;
    Operation = "OperationError", 0;
    NotAllowed = "NotAllowedError", 0;
    OptOut = "OptOutError", 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_grow_outwards() {
        let error = type_error("is not a sequence.")
            .of("parameter 1")
            .in_context("Failed to construct 'Headers'");
        assert_eq!(
            error,
            type_error("Failed to construct 'Headers': parameter 1 is not a sequence.")
        );
        assert_eq!(Error::Thrown.of("x"), Error::Thrown);
    }

    #[test]
    fn messages_are_bounded() {
        let Error::Type(message) = type_error("é".repeat(100_000)) else {
            unreachable!("a TypeError")
        };
        assert!(message.len() < 2010 && message.ends_with("é…"), "{message}");
    }

    #[test]
    fn names_have_their_legacy_codes() {
        assert_eq!(
            DomExceptionName::legacy_code(DomExceptionName::DataClone.as_str()),
            25
        );
        assert_eq!(DomExceptionName::legacy_code("OperationError"), 0);
    }
}
