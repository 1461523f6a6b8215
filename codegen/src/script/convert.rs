//! Expressions that convert JavaScript values to IDL values, <https://webidl.spec.whatwg.org/#js-type-mapping>.

use webapi_idl::{AnnotatedType, Annotations, Buffer, DefaultValue, Numeric, Type, type_text};

use super::writer::quote;
use super::{Error, Printer, Result, UnionConverter};

/// The value that an expression converts, and how an error speaks of it. All parts are JavaScript expressions; `value` may
/// occur several times in the result, so it must be a name.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// The name of the JavaScript value.
    pub(super) value: &'a str,
    /// How messages begin: `"Failed to execute 'close' on 'WritableStream'"`.
    pub(super) context: &'a str,
    /// How messages call the value: `"parameter 1"`. Without it, they say "The provided value".
    pub(super) what: Option<&'a str>,
}

impl Source<'_> {
    /// A call of a converter: value, further arguments, context, name.
    fn call(&self, converter: &str, further: &[&str]) -> String {
        let further: String = further
            .iter()
            .map(|argument| format!("{argument}, "))
            .collect();
        let what = self
            .what
            .map(|what| format!(", {what}"))
            .unwrap_or_default();
        format!(
            "{converter}({}, {further}{}{what})",
            self.value, self.context
        )
    }
}

impl Printer<'_> {
    /// An expression for the IDL value.
    pub(super) fn to_idl(&self, ty: &AnnotatedType, source: Source<'_>) -> Result<String> {
        let Source { value, context, .. } = source;
        let Annotations {
            allow_shared,
            allow_resizable,
            ..
        } = ty.annotations;
        Ok(match &ty.kind {
            Type::Any => value.to_owned(),
            Type::Undefined => "undefined".to_owned(),
            Type::Boolean => format!("!!{value}"),
            Type::Object => source.call("toObject", &[]),
            Type::Symbol => source.call("toSymbol", &[]),
            Type::Numeric(numeric) => number(*numeric, ty.annotations, value, context),
            Type::DomString | Type::ByteString | Type::UsvString => {
                let convert = format!("{}({value}, {context})", string_converter(&ty.kind));
                if ty.annotations.legacy_null_to_empty_string {
                    format!("({value} === null ? \"\" : {convert})")
                } else {
                    convert
                }
            }
            Type::Buffer(buffer) => {
                let (shared, resizable) = (allow_shared.to_string(), allow_resizable.to_string());
                match buffer {
                    Buffer::ArrayBuffer => source.call("toArrayBuffer", &[&resizable]),
                    Buffer::SharedArrayBuffer => source.call("toSharedArrayBuffer", &[&resizable]),
                    Buffer::ArrayBufferView => {
                        source.call("toArrayBufferView", &[&shared, &resizable])
                    }
                    Buffer::BufferSource => source.call("toBufferSource", &[&shared, &resizable]),
                    view => source.call(
                        "toView",
                        &[&quote(&format!("{view:?}")), &shared, &resizable],
                    ),
                }
            }
            Type::Interface(name) | Type::Callback(name) | Type::CallbackInterface(name) => {
                source.call(&format!("convert_{name}"), &[])
            }
            Type::Dictionary(name) | Type::Enumeration(name) => {
                format!("convert_{name}({value}, {context})")
            }
            Type::Sequence(element) => {
                source.call("toSequence", &[&self.element_converter(element)?])
            }
            Type::FrozenArray(element) => {
                let list = source.call("toSequence", &[&self.element_converter(element)?]);
                let list = match self.to_js_function(element)? {
                    Some(function) => format!("sequenceToJS({list}, {function})"),
                    None => list,
                };
                format!("frozenArray({list})")
            }
            Type::Record(key, value) => source.call(
                "toRecord",
                &[
                    &self.element_converter(key)?,
                    &self.element_converter(value)?,
                ],
            ),
            Type::Promise(_) => format!("toPromise({value})"),
            Type::Nullable(inner) => {
                let convert = self.to_idl(inner, source)?;
                if self.treats_non_object_as_null(inner) {
                    format!("(isObject({value}) ? {convert} : null)")
                } else {
                    format!("({value} === undefined || {value} === null ? null : {convert})")
                }
            }
            Type::Union(members) => source.call(&self.union_converter(ty, members), &[]),
            Type::BigInt | Type::AsyncSequence(_) | Type::ObservableArray(_) => {
                return Err(Error::new(format!(
                    "the script glue has no conversion to `{}`; implement the interface natively, or add the conversion to codegen/src/script/convert.rs",
                    type_text(ty)
                )));
            }
        })
    }

    /// A function of an element and a context.
    pub(super) fn element_converter(&self, ty: &AnnotatedType) -> Result<String> {
        Ok(match &ty.kind {
            Type::Any => "toAny".to_owned(),
            Type::DomString | Type::ByteString | Type::UsvString
                if !ty.annotations.legacy_null_to_empty_string =>
            {
                string_converter(&ty.kind).to_owned()
            }
            Type::Dictionary(name) | Type::Enumeration(name) | Type::Interface(name) => {
                format!("convert_{name}")
            }
            Type::Union(members) => self.union_converter(ty, members),
            _ => format!(
                "(value, context) => {}",
                self.to_idl(
                    ty,
                    Source {
                        value: "value",
                        context: "context",
                        what: None
                    }
                )?
            ),
        })
    }

    /// The name of a union's converter; printed later, once per set of members.
    pub(super) fn union_converter(&self, ty: &AnnotatedType, members: &[AnnotatedType]) -> String {
        let mut unions = self.unions.borrow_mut();
        if let Some(known) = unions.iter().find(|union| union.members == members) {
            return known.name.clone();
        }
        let name = match &ty.alias {
            Some(alias) => format!("convert_{alias}"),
            None => format!("convert_union_{}", unions.len() + 1),
        };
        unions.push(UnionConverter {
            name: name.clone(),
            members: members.to_vec(),
        });
        name
    }

    /// `[LegacyTreatNonObjectAsNull]` callbacks, <https://webidl.spec.whatwg.org/#LegacyTreatNonObjectAsNull>.
    fn treats_non_object_as_null(&self, ty: &AnnotatedType) -> bool {
        matches!(&ty.kind, Type::Callback(name)
            if self.model.callbacks.get(name).is_some_and(|c| c.attributes.has("LegacyTreatNonObjectAsNull")))
    }

    /// A JavaScript expression for a default value or a constant.
    pub(super) fn default_value(
        &self,
        default: &DefaultValue,
        ty: &AnnotatedType,
        context: &str,
    ) -> Result<String> {
        Ok(match default {
            DefaultValue::Boolean(value) => value.to_string(),
            DefaultValue::Integer(value) => value.to_string(),
            DefaultValue::Decimal(value) if value.is_nan() => "NaN".to_owned(),
            DefaultValue::Decimal(value) if value.is_infinite() => (if *value < 0.0 {
                "-Infinity"
            } else {
                "Infinity"
            })
            .to_owned(),
            DefaultValue::Decimal(value) => format!("{value:?}"),
            DefaultValue::String(value) => quote(value),
            DefaultValue::Null => "null".to_owned(),
            DefaultValue::Undefined => "undefined".to_owned(),
            DefaultValue::EmptySequence => "[]".to_owned(),
            DefaultValue::EmptyDictionary => match dictionary_of(ty) {
                Some(name) => format!("convert_{name}(undefined, {context})"),
                None => {
                    return Err(Error::new(format!(
                        "the default value {{}} needs a dictionary type, not `{}`",
                        type_text(ty)
                    )));
                }
            },
        })
    }
}

/// The dictionary among the members of a type.
fn dictionary_of(ty: &AnnotatedType) -> Option<&str> {
    match &ty.kind {
        Type::Dictionary(name) => Some(name),
        Type::Nullable(inner) => dictionary_of(inner),
        Type::Union(members) => members.iter().find_map(dictionary_of),
        _ => None,
    }
}

fn string_converter(kind: &Type) -> &'static str {
    match kind {
        Type::ByteString => "toByteString",
        Type::UsvString => "toUSVString",
        _ => "toDOMString",
    }
}

fn number(numeric: Numeric, annotations: Annotations, value: &str, context: &str) -> String {
    if annotations.clamp || annotations.enforce_range {
        let (low, high) = bounds(numeric);
        return if annotations.clamp {
            format!("clamp({value}, {low}, {high})")
        } else {
            format!(
                "enforceRange({value}, {low}, {high}, {}, {context})",
                quote(numeric.idl_name())
            )
        };
    }
    match numeric {
        Numeric::Byte => format!("toByte({value})"),
        Numeric::Octet => format!("toOctet({value})"),
        Numeric::Short => format!("toShort({value})"),
        Numeric::UnsignedShort => format!("toUnsignedShort({value})"),
        Numeric::Long => format!("toLong({value})"),
        Numeric::UnsignedLong => format!("toUnsignedLong({value})"),
        Numeric::LongLong => format!("toLongLong({value})"),
        Numeric::UnsignedLongLong => format!("toUnsignedLongLong({value})"),
        Numeric::Float => format!("toFloat({value}, {context})"),
        Numeric::UnrestrictedFloat => format!("toUnrestrictedFloat({value})"),
        Numeric::Double => format!("toDouble({value}, {context})"),
        Numeric::UnrestrictedDouble => format!("toUnrestrictedDouble({value})"),
    }
}

/// The least and greatest integers, <https://webidl.spec.whatwg.org/#abstract-opdef-converttoint>, steps 1 to 3.
fn bounds(numeric: Numeric) -> (i64, i64) {
    const SAFE: i64 = (1 << 53) - 1;
    match numeric {
        Numeric::Byte => (i8::MIN.into(), i8::MAX.into()),
        Numeric::Octet => (0, u8::MAX.into()),
        Numeric::Short => (i16::MIN.into(), i16::MAX.into()),
        Numeric::UnsignedShort => (0, u16::MAX.into()),
        Numeric::Long => (i32::MIN.into(), i32::MAX.into()),
        Numeric::UnsignedLong => (0, u32::MAX.into()),
        Numeric::UnsignedLongLong => (0, SAFE),
        // The parser refuses the annotations on floating-point types.
        _ => (-SAFE, SAFE),
    }
}
