//! Numeric types, <https://webidl.spec.whatwg.org/#js-integer-types>.

use std::marker::PhantomData;

use super::{FromJs, Idl, ToJs};
use crate::{Error, Fallible, Scope, Value, type_error};

/// An integer type's range and its Rust type.
pub trait Integer {
    /// The Rust type.
    type Native: Copy;
    /// Number of bits.
    const BITS: u32;
    /// Smallest value, within the safe integers for 64-bit types.
    const LOWER: f64;
    /// Largest value, within the safe integers for 64-bit types.
    const UPPER: f64;
    /// From an integral value in range; 64-bit types take any value modulo 2^64.
    fn from_f64(value: f64) -> Self::Native;
    /// As a Number.
    fn to_f64(value: Self::Native) -> f64;
}

const SAFE: f64 = 9_007_199_254_740_991.0;

macro_rules! integers {
    ($($name:ident: $native:ty, $lower:expr, $upper:expr;)*) => {$(
        #[doc = concat!("The integer type whose values are `", stringify!($native), "`.")]
        pub struct $name;

        impl Integer for $name {
            type Native = $native;
            const BITS: u32 = <$native>::BITS;
            const LOWER: f64 = $lower;
            const UPPER: f64 = $upper;

            fn from_f64(value: f64) -> $native {
                // Values outside of i128 do not occur: they were taken modulo 2^BITS or checked against the bounds.
                value as i128 as $native
            }

            fn to_f64(value: $native) -> f64 {
                value as f64
            }
        }

        impl Idl for $name {
            type Native<'s> = $native;
        }

        impl FromJs for $name {
            fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<$native> {
                convert_to_int::<$name>(scope, value)
            }
        }

        impl ToJs for $name {
            fn to_js<'s>(scope: &mut Scope<'s, '_>, value: $native) -> Fallible<Value<'s>> {
                Ok(v8::Number::new(scope, value as f64).into())
            }
        }
    )*};
}

integers! {
    Byte: i8, -128.0, 127.0;
    Octet: u8, 0.0, 255.0;
    Short: i16, -32_768.0, 32_767.0;
    UnsignedShort: u16, 0.0, 65_535.0;
    Long: i32, -2_147_483_648.0, 2_147_483_647.0;
    UnsignedLong: u32, 0.0, 4_294_967_295.0;
    LongLong: i64, -SAFE, SAFE;
    UnsignedLongLong: u64, 0.0, SAFE;
}

fn number<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<f64> {
    value.number_value(scope).ok_or(Error::Thrown)
}

/// <https://webidl.spec.whatwg.org/#abstract-opdef-converttoint>, without the extended attributes (steps 8 to 12).
fn convert_to_int<'s, T: Integer>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<T::Native> {
    let x = number(scope, value)?;
    if !x.is_finite() {
        return Ok(T::from_f64(0.0));
    }
    // OPTIMIZATION: a value in range needs no modulo.
    let x = x.trunc();
    if x >= T::LOWER && x <= T::UPPER {
        return Ok(T::from_f64(x));
    }
    let modulus = 2f64.powi(T::BITS as i32);
    Ok(T::from_f64(x.rem_euclid(modulus)))
}

/// `[EnforceRange] T`
pub struct EnforceRange<T>(PhantomData<T>);

impl<T: Integer> Idl for EnforceRange<T> {
    type Native<'s> = T::Native;
}

impl<T: Integer> FromJs for EnforceRange<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<T::Native> {
        // ConvertToInt, step 6
        let x = number(scope, value)?;
        if !x.is_finite() {
            return Err(type_error("is not a finite number."));
        }
        let x = x.trunc();
        if x < T::LOWER || x > T::UPPER {
            return Err(type_error(format!(
                "is outside of the range from {} to {}.",
                T::LOWER,
                T::UPPER
            )));
        }
        Ok(T::from_f64(x))
    }
}

impl<T: Integer> ToJs for EnforceRange<T> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: T::Native) -> Fallible<Value<'s>> {
        Ok(v8::Number::new(scope, T::to_f64(value)).into())
    }
}

/// `[Clamp] T`
pub struct Clamp<T>(PhantomData<T>);

impl<T: Integer> Idl for Clamp<T> {
    type Native<'s> = T::Native;
}

impl<T: Integer> FromJs for Clamp<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<T::Native> {
        // ConvertToInt, step 7
        let x = number(scope, value)?;
        if x.is_nan() {
            return Ok(T::from_f64(0.0));
        }
        Ok(T::from_f64(x.clamp(T::LOWER, T::UPPER).round_ties_even()))
    }
}

impl<T: Integer> ToJs for Clamp<T> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: T::Native) -> Fallible<Value<'s>> {
        Ok(v8::Number::new(scope, T::to_f64(value)).into())
    }
}

macro_rules! floats {
    ($($name:ident: $native:ty, $finite:literal;)*) => {$(
        #[doc = concat!("The floating-point type whose values are `", stringify!($native), "`.")]
        pub struct $name;

        impl Idl for $name {
            type Native<'s> = $native;
        }

        impl FromJs for $name {
            fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<$native> {
                let x = number(scope, value)? as $native;
                if $finite && !x.is_finite() {
                    return Err(type_error("is not a finite number."));
                }
                Ok(x)
            }
        }

        impl ToJs for $name {
            fn to_js<'s>(scope: &mut Scope<'s, '_>, value: $native) -> Fallible<Value<'s>> {
                Ok(v8::Number::new(scope, f64::from(value)).into())
            }
        }
    )*};
}

floats! {
    Float: f32, true;
    UnrestrictedFloat: f32, false;
    Double: f64, true;
    UnrestrictedDouble: f64, false;
}
