//! Constants' and default values: whether they belong to their type, <https://webidl.spec.whatwg.org/#dfn-default-value>.

use super::Resolver;
use super::types::is_integer;
use crate::describe::describe_type;
use crate::error::Error;
use crate::model::{AnnotatedType, DefaultValue, Numeric, Type};
use crate::syntax::{DefinitionKind, Literal};

impl Resolver<'_> {
    /// Checks a value against its type and hands it on.
    pub(super) fn value(&mut self, literal: &Literal, ty: &AnnotatedType) -> DefaultValue {
        if let Err(expected) = self.fits(&literal.value, ty) {
            let message = format!("this is no value of {}", describe_type(ty));
            self.errors.push(
                Error::new(&literal.span, message)
                    .expected(expected)
                    .found(describe_value(&literal.value)),
            );
        }
        literal.value.clone()
    }

    /// Or else what would have fitted.
    fn fits(&self, value: &DefaultValue, ty: &AnnotatedType) -> Result<(), String> {
        let fits_if = |fits: bool, expected: &str| {
            if fits {
                Ok(())
            } else {
                Err(expected.to_owned())
            }
        };
        match &ty.kind {
            Type::Nullable(inner) => {
                if *value == DefaultValue::Null {
                    return Ok(());
                }
                self.fits(value, inner)
                    .map_err(|expected| format!("{expected}, or `null`"))
            }
            Type::Union(members) => {
                let results: Vec<_> = members
                    .iter()
                    .map(|member| self.fits(value, member))
                    .collect();
                if results.iter().any(Result::is_ok) {
                    return Ok(());
                }
                Err(results
                    .into_iter()
                    .filter_map(Result::err)
                    .collect::<Vec<_>>()
                    .join(", or "))
            }
            // Everything but a dictionary's and a sequence's value is a value of `any`.
            Type::Any => fits_if(
                !matches!(
                    value,
                    DefaultValue::EmptySequence | DefaultValue::EmptyDictionary
                ),
                "a number, a string, `true`, `false`, `null` or `undefined`",
            ),
            Type::Undefined => fits_if(*value == DefaultValue::Undefined, "`undefined`"),
            Type::Boolean => fits_if(
                matches!(value, DefaultValue::Boolean(_)),
                "`true` or `false`",
            ),
            Type::Numeric(numeric) => fits_numeric(value, *numeric),
            Type::BigInt => fits_if(matches!(value, DefaultValue::Integer(_)), "an integer"),
            Type::DomString | Type::UsvString => {
                fits_if(matches!(value, DefaultValue::String(_)), "a string")
            }
            Type::ByteString => fits_if(
                matches!(value, DefaultValue::String(text) if text.chars().all(|c| u32::from(c) < 256)),
                "a string of characters up to U+00FF",
            ),
            Type::Enumeration(name) => {
                let Some(DefinitionKind::Enumeration { values }) =
                    self.index.get(name).map(|entry| &entry.definition.kind)
                else {
                    return Ok(());
                };
                let known = matches!(value, DefaultValue::String(text) if values.iter().any(|v| v.text == *text));
                let all: Vec<String> = values
                    .iter()
                    .map(|value| format!("\"{}\"", value.text))
                    .collect();
                fits_if(known, &format!("one of {}", all.join(", ")))
            }
            Type::Dictionary(_) => fits_if(*value == DefaultValue::EmptyDictionary, "`{}`"),
            Type::Sequence(_) => fits_if(*value == DefaultValue::EmptySequence, "`[]`"),
            _ => Err(
                "no default value: this type has none but `null`, where it is nullable".to_owned(),
            ),
        }
    }
}

fn fits_numeric(value: &DefaultValue, numeric: Numeric) -> Result<(), String> {
    if !is_integer(numeric) {
        let unrestricted = matches!(
            numeric,
            Numeric::UnrestrictedFloat | Numeric::UnrestrictedDouble
        );
        return match value {
            DefaultValue::Integer(_) => Ok(()),
            DefaultValue::Decimal(number) if unrestricted || number.is_finite() => Ok(()),
            _ if unrestricted => Err("a number".to_owned()),
            _ => Err("a finite number".to_owned()),
        };
    }
    let (lowest, highest) = match numeric {
        Numeric::Byte => (i128::from(i8::MIN), i128::from(i8::MAX)),
        Numeric::Octet => (0, i128::from(u8::MAX)),
        Numeric::Short => (i128::from(i16::MIN), i128::from(i16::MAX)),
        Numeric::UnsignedShort => (0, i128::from(u16::MAX)),
        Numeric::Long => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Numeric::UnsignedLong => (0, i128::from(u32::MAX)),
        Numeric::LongLong => (i128::from(i64::MIN), i128::from(i64::MAX)),
        _ => (0, i128::from(u64::MAX)),
    };
    match value {
        DefaultValue::Integer(number) if (lowest..=highest).contains(number) => Ok(()),
        _ => Err(format!("an integer from {lowest} to {highest}")),
    }
}

fn describe_value(value: &DefaultValue) -> String {
    match value {
        DefaultValue::Boolean(value) => format!("`{value}`"),
        DefaultValue::Integer(value) => format!("`{value}`"),
        DefaultValue::Decimal(value) if value.is_nan() => "`NaN`".to_owned(),
        DefaultValue::Decimal(value) if value.is_infinite() => {
            format!("`{}Infinity`", if *value < 0.0 { "-" } else { "" })
        }
        DefaultValue::Decimal(value) => format!("`{value:?}`"),
        DefaultValue::String(value) => format!("the string \"{value}\""),
        DefaultValue::Null => "`null`".to_owned(),
        DefaultValue::Undefined => "`undefined`".to_owned(),
        DefaultValue::EmptySequence => "`[]`".to_owned(),
        DefaultValue::EmptyDictionary => "`{}`".to_owned(),
    }
}
