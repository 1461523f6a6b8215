//! What a field of the configuration is: its name, what it is for, what may be written in it, and how that is read. The fields
//! themselves are in [`fields`](super::fields); whoever reads one, describes one or checks one has it from there.

use std::marker::PhantomData;
use std::time::Duration;

use serde_json::{Value, json};

use super::reader::{Fields, Located};
use super::schema::Definitions;

/// A field of the object `O`.
pub(super) struct Field<O, K> {
    pub(super) name: &'static str,
    /// Markdown.
    pub(super) doc: &'static str,
    pub(super) kind: K,
    /// What to do where it is missing; `None`: it may be.
    pub(super) missing: Option<&'static str>,
    /// What holds where it is missing, if that is one value.
    pub(super) default: Option<fn() -> Value>,
    pub(super) of: PhantomData<fn() -> O>,
}

/// What may be written in a field.
pub(super) trait Kind {
    /// What is read.
    type Output<'a>;

    /// Reads a value; what is wrong with it is said there.
    fn read<'a>(&self, value: &Located<'a>) -> Option<Self::Output<'a>>;

    /// JSON Schema of what can be read.
    fn schema(&self, schemas: &mut Definitions) -> Value;
}

/// An object of the configuration: a type that has nothing but fields.
pub(super) trait Object: 'static {
    /// How the schema calls it.
    const NAME: &'static str;
    /// What it is for.
    const DOC: &'static str;
    /// All that may be written in it.
    const FIELDS: &'static [&'static dyn AnyField];
}

/// A field of any object and kind.
pub(super) trait AnyField: Sync {
    fn name(&self) -> &'static str;
    fn doc(&self) -> &'static str;
    fn is_required(&self) -> bool;
    fn default(&self) -> Option<Value>;
    fn schema(&self, schemas: &mut Definitions) -> Value;
}

impl<O, K: Kind + Sync> AnyField for Field<O, K> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn is_required(&self) -> bool {
        self.missing.is_some()
    }

    fn default(&self) -> Option<Value> {
        self.default.map(|default| default())
    }

    fn schema(&self, schemas: &mut Definitions) -> Value {
        self.kind.schema(schemas)
    }
}

/// Any object.
pub(super) trait AnyObject {
    fn name(&self) -> &'static str;
    fn doc(&self) -> &'static str;
    fn fields(&self) -> &'static [&'static dyn AnyField];
}

/// An object as a value.
pub(super) struct Of<O>(PhantomData<fn() -> O>);

impl<O: Object> AnyObject for Of<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn doc(&self) -> &'static str {
        O::DOC
    }

    fn fields(&self) -> &'static [&'static dyn AnyField] {
        O::FIELDS
    }
}

/// An object as a value.
pub(super) fn object<O: Object>() -> &'static dyn AnyObject {
    &const { Of::<O>(PhantomData) }
}

/// `true` or `false`.
pub(super) struct Boolean;

impl Kind for Boolean {
    type Output<'a> = bool;

    fn read<'a>(&self, value: &Located<'a>) -> Option<bool> {
        value.boolean()
    }

    fn schema(&self, _: &mut Definitions) -> Value {
        json!({ "type": "boolean" })
    }
}

/// A whole number within bounds.
pub(super) struct Integer<T> {
    least: u64,
    most: u64,
    to: PhantomData<fn() -> T>,
}

impl<T> Integer<T> {
    pub(super) const fn new(least: u64, most: u64) -> Self {
        let to = PhantomData;
        Self { least, most, to }
    }
}

impl<T: TryFrom<u64>> Kind for Integer<T> {
    type Output<'a> = T;

    fn read<'a>(&self, value: &Located<'a>) -> Option<T> {
        value.integer(self.least..=self.most)?.try_into().ok()
    }

    fn schema(&self, _: &mut Definitions) -> Value {
        json!({ "type": "integer", "minimum": self.least, "maximum": self.most })
    }
}

/// A number from 0 to 1.
pub(super) struct Fraction;

impl Kind for Fraction {
    type Output<'a> = f64;

    fn read<'a>(&self, value: &Located<'a>) -> Option<f64> {
        value.fraction()
    }

    fn schema(&self, _: &mut Definitions) -> Value {
        json!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// A duration in whole milliseconds within bounds.
pub(super) struct Milliseconds {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Kind for Milliseconds {
    type Output<'a> = Duration;

    fn read<'a>(&self, value: &Located<'a>) -> Option<Duration> {
        let milliseconds = value.integer(self.least..=self.most)?;
        Some(Duration::from_millis(milliseconds))
    }

    fn schema(&self, _: &mut Definitions) -> Value {
        json!({ "type": "integer", "minimum": self.least, "maximum": self.most })
    }
}

/// One of some words.
pub(super) struct Word<T: 'static> {
    pub(super) words: &'static [(&'static str, T)],
    /// What the words say.
    pub(super) meaning: &'static str,
}

impl<T: Copy + Sync> Kind for Word<T> {
    type Output<'a> = T;

    fn read<'a>(&self, value: &Located<'a>) -> Option<T> {
        let given = value.string()?;
        let found = self.words.iter().find(|(word, _)| *word == given);
        if found.is_none() {
            let words: Vec<_> = self.words.iter().map(|(word, _)| word).collect();
            let words = words.iter().map(|word| format!("{word:?}"));
            value.fault(
                format!("expected {}, found {given:?}", self.meaning),
                format!("write {}", words.collect::<Vec<_>>().join(" or ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    fn schema(&self, _: &mut Definitions) -> Value {
        let words: Vec<_> = self.words.iter().map(|(word, _)| word).collect();
        json!({ "enum": words })
    }
}

/// An object with fields that are known.
pub(super) struct Nested<O>(pub(super) PhantomData<fn() -> O>);

impl<O: Object> Kind for Nested<O> {
    type Output<'a> = Fields<'a, O>;

    fn read<'a>(&self, value: &Located<'a>) -> Option<Fields<'a, O>> {
        value.object()
    }

    fn schema(&self, schemas: &mut Definitions) -> Value {
        schemas.reference(object::<O>())
    }
}

/// A list of such objects.
pub(super) struct List<O>(pub(super) PhantomData<fn() -> O>);

impl<O: Object> Kind for List<O> {
    type Output<'a> = Vec<Located<'a>>;

    fn read<'a>(&self, value: &Located<'a>) -> Option<Vec<Located<'a>>> {
        value.array()
    }

    fn schema(&self, schemas: &mut Definitions) -> Value {
        json!({ "type": "array", "items": schemas.reference(object::<O>()) })
    }
}

/// What its reader has rules of its own for.
pub(super) struct Ruled(pub(super) fn(&mut Definitions) -> Value);

impl Kind for Ruled {
    type Output<'a> = Located<'a>;

    fn read<'a>(&self, value: &Located<'a>) -> Option<Located<'a>> {
        Some(value.clone())
    }

    fn schema(&self, schemas: &mut Definitions) -> Value {
        (self.0)(schemas)
    }
}

/// Declares objects of the configuration. A field is `NAME: "name" = kind;`, with `default …` or `missing "what to do"` before the
/// semicolon; its documentation becomes a part of it.
macro_rules! objects {
    ($(
        $(#[doc = $doc:literal])+
        $object:ident {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident: $name:literal = $kind:ty, $value:expr
                    $(, default $default:expr)? $(, missing $missing:literal)?;
            )+
        }
    )+) => {$(
        $(#[doc = $doc])+
        pub(super) struct $object;

        impl $object {
            $(
                $(#[doc = $field_doc])+
                pub(super) const $field: Field<Self, $kind> = Field {
                    name: $name,
                    doc: concat!($($field_doc, "\n"),+),
                    kind: $value,
                    missing: objects!(@option $($missing)?),
                    default: objects!(@default $($default)?),
                    of: PhantomData,
                };
            )+
        }

        impl Object for $object {
            const NAME: &'static str = stringify!($object);
            const DOC: &'static str = concat!($($doc, "\n"),+);
            const FIELDS: &'static [&'static dyn AnyField] = &[$(&Self::$field),+];
        }
    )+};
    (@option) => { None };
    (@option $value:expr) => { Some($value) };
    (@default) => { None };
    (@default $value:expr) => { Some(|| json!($value)) };
}
pub(super) use objects;
