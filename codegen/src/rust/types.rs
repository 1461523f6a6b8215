//! IDL types as Rust types, as markers of `webidl::idl`, and as text.

use webapi_idl::{
    AnnotatedType, Argument, Buffer, DefaultValue, ExtendedAttributes, Implementation, Interface,
    Member, Namespace, Numeric, Type,
};

use super::{Printer, Result, Unsupported, names, snake, type_name};

impl Printer<'_> {
    /// The path of the Rust type that implements a native interface or namespace: in the folder of its specification, or in that
    /// which an internal one names.
    fn native_path(
        &self,
        name: &str,
        attributes: &ExtendedAttributes,
        specification: &str,
    ) -> String {
        let folder = attributes.identifier("Internal").unwrap_or(specification);
        format!(
            "crate::{}::{}::{}",
            snake(folder),
            snake(name),
            type_name(name)
        )
    }

    pub(crate) fn interface_path(&self, interface: &Interface) -> String {
        self.native_path(
            &interface.name,
            &interface.attributes,
            &interface.specification,
        )
    }

    pub(crate) fn namespace_path(&self, namespace: &Namespace) -> String {
        self.native_path(
            &namespace.name,
            &namespace.attributes,
            &namespace.specification,
        )
    }

    fn interface(&self, name: &str) -> &Interface {
        &self.model.interfaces[name]
    }

    /// The marker: `idl::Sequence<idl::ByteString>`.
    pub(crate) fn marker(&self, ty: &AnnotatedType) -> String {
        let inner = match &ty.kind {
            Type::Any => "idl::Any".to_owned(),
            Type::Undefined => "idl::Undefined".to_owned(),
            Type::Object | Type::Symbol => "idl::Object".to_owned(),
            Type::Boolean => "idl::Boolean".to_owned(),
            Type::BigInt => "idl::Any".to_owned(),
            Type::Numeric(numeric) => {
                let marker = format!("idl::{numeric:?}");
                match (ty.annotations.enforce_range, ty.annotations.clamp) {
                    (true, _) => format!("idl::EnforceRange<{marker}>"),
                    (_, true) => format!("idl::Clamp<{marker}>"),
                    _ => marker,
                }
            }
            Type::DomString => "idl::DomString".to_owned(),
            Type::ByteString => "idl::ByteString".to_owned(),
            Type::UsvString => "idl::UsvString".to_owned(),
            Type::Buffer(buffer) if ty.annotations.allow_shared => {
                format!("idl::AllowShared<idl::{buffer:?}>")
            }
            Type::Buffer(buffer) => format!("idl::{buffer:?}"),
            Type::Interface(name) if self.interface(name).attributes.has("Global") => {
                "idl::Object".to_owned()
            }
            Type::Interface(name) => {
                let interface = self.interface(name);
                match interface.implementation {
                    Implementation::Native => {
                        format!("idl::Interface<{}>", self.interface_path(interface))
                    }
                    Implementation::Script => format!("idl::Script<marker::{}>", type_name(name)),
                }
            }
            Type::Dictionary(name) | Type::Enumeration(name) => format!("ty::{}", type_name(name)),
            Type::Callback(_) => "idl::Callback".to_owned(),
            Type::CallbackInterface(_) => "idl::Object".to_owned(),
            Type::Sequence(item) => format!("idl::Sequence<{}>", self.marker(item)),
            Type::FrozenArray(item) => format!("idl::FrozenArray<{}>", self.marker(item)),
            Type::AsyncSequence(_) | Type::ObservableArray(_) => "idl::Any".to_owned(),
            Type::Record(key, value) => {
                format!("idl::Record<{}, {}>", self.marker(key), self.marker(value))
            }
            Type::Promise(item) => format!("idl::Promise<{}>", self.marker(item)),
            Type::Nullable(item) => format!("idl::Nullable<{}>", self.marker(item)),
            Type::Union(members) => format!("ty::{}", self.union_name(ty, members)),
        };
        if ty.annotations.legacy_null_to_empty_string {
            format!("idl::LegacyNullToEmptyString<{inner}>")
        } else {
            inner
        }
    }

    /// The Rust type of its values: `Vec<Vec<u8>>`.
    pub(crate) fn native(&self, ty: &AnnotatedType) -> String {
        match &ty.kind {
            Type::Any | Type::BigInt | Type::AsyncSequence(_) | Type::ObservableArray(_) => {
                "webidl::Value<'s>".to_owned()
            }
            Type::Undefined => "()".to_owned(),
            Type::Object | Type::Symbol | Type::CallbackInterface(_) => {
                "v8::Local<'s, v8::Object>".to_owned()
            }
            Type::Boolean => "bool".to_owned(),
            Type::Numeric(numeric) => numeric_native(*numeric).to_owned(),
            Type::DomString => "v8::Local<'s, v8::String>".to_owned(),
            Type::ByteString => "Vec<u8>".to_owned(),
            Type::UsvString => "String".to_owned(),
            Type::Buffer(_) => "webidl::idl::Bytes<'s>".to_owned(),
            Type::Interface(name) if self.interface(name).attributes.has("Global") => {
                "v8::Local<'s, v8::Object>".to_owned()
            }
            Type::Interface(name) => {
                let interface = self.interface(name);
                match interface.implementation {
                    Implementation::Native => {
                        format!("webidl::Ref<'s, {}>", self.interface_path(interface))
                    }
                    Implementation::Script => {
                        format!("webidl::ScriptRef<'s, marker::{}>", type_name(name))
                    }
                }
            }
            Type::Dictionary(name) => format!("types::{}{}", type_name(name), self.lifetime(ty)),
            Type::Enumeration(name) => format!("types::{}", type_name(name)),
            Type::Callback(_) => "webidl::idl::CallbackFunction<'s>".to_owned(),
            Type::Sequence(item) | Type::FrozenArray(item) => format!("Vec<{}>", self.native(item)),
            Type::Record(key, value) => {
                format!("Vec<({}, {})>", self.native(key), self.native(value))
            }
            Type::Promise(_) => "v8::Local<'s, v8::Promise>".to_owned(),
            Type::Nullable(item) => format!("Option<{}>", self.native(item)),
            Type::Union(members) => format!(
                "types::{}{}",
                self.union_name(ty, members),
                self.lifetime(ty)
            ),
        }
    }

    fn lifetime(&self, ty: &AnnotatedType) -> &'static str {
        if self.holds_values(ty) { "<'s>" } else { "" }
    }

    /// Whether values of the type are, or have in them, JavaScript values: then their Rust type has the lifetime of a scope.
    pub(crate) fn holds_values(&self, ty: &AnnotatedType) -> bool {
        match &ty.kind {
            Type::Undefined
            | Type::Boolean
            | Type::Numeric(_)
            | Type::ByteString
            | Type::UsvString
            | Type::Enumeration(_) => false,
            Type::Dictionary(name) => self
                .dictionary_members(name)
                .iter()
                .any(|m| self.holds_values(&m.ty)),
            Type::Sequence(item) | Type::FrozenArray(item) | Type::Nullable(item) => {
                self.holds_values(item)
            }
            Type::Record(key, value) => self.holds_values(key) || self.holds_values(value),
            Type::Union(members) => members.iter().any(|m| self.holds_values(m)),
            _ => true,
        }
    }

    /// A default value as a Rust expression that may use `scope`; `None` where converting `undefined` gives it anyway.
    pub(crate) fn default(&self, ty: &AnnotatedType, default: &DefaultValue) -> Option<String> {
        Some(match (default, &ty.kind) {
            (DefaultValue::Null, Type::Nullable(_)) => "None".to_owned(),
            (DefaultValue::EmptyDictionary | DefaultValue::Null | DefaultValue::Undefined, _) => {
                return None;
            }
            (value, Type::Nullable(inner)) => format!("Some({})", self.default(inner, value)?),
            (value, Type::Union(members)) => {
                let member = members.iter().find(|m| fits(value, &m.kind))?;
                let inner = self.default(member, value)?;
                format!(
                    "types::{}::{}({inner})",
                    self.union_name(ty, members),
                    self.variant(member)
                )
            }
            (DefaultValue::Boolean(value), _) => value.to_string(),
            (DefaultValue::Integer(value), Type::Numeric(n)) if is_float(*n) => {
                format!("{value}.0")
            }
            (DefaultValue::Integer(value), _) => value.to_string(),
            (DefaultValue::Decimal(value), _) if value.is_nan() => "f64::NAN".to_owned(),
            (DefaultValue::Decimal(value), _) if value.is_infinite() && *value > 0.0 => {
                "f64::INFINITY".to_owned()
            }
            (DefaultValue::Decimal(value), _) if value.is_infinite() => {
                "f64::NEG_INFINITY".to_owned()
            }
            (DefaultValue::Decimal(value), _) => format!("{value:?}"),
            (DefaultValue::String(value), Type::Enumeration(name)) => {
                format!("types::{}::{}", type_name(name), type_name(value))
            }
            (DefaultValue::String(value), Type::DomString) => {
                format!("idl::string(scope, {value:?})?")
            }
            (DefaultValue::String(value), Type::ByteString) => {
                format!("{value:?}.as_bytes().to_vec()")
            }
            (DefaultValue::String(value), _) => format!("{value:?}.to_owned()"),
            (DefaultValue::EmptySequence, _) => "Vec::new()".to_owned(),
        })
    }

    /// Every type that is written anywhere in the model.
    pub(crate) fn all_types(&self) -> Vec<AnnotatedType> {
        let mut types = Vec::new();
        let arguments = |list: &[Argument], types: &mut Vec<AnnotatedType>| {
            types.extend(list.iter().map(|a| a.ty.clone()));
        };
        let members = |list: &[Member], types: &mut Vec<AnnotatedType>| {
            for member in list {
                match member {
                    Member::Attribute(attribute) => types.push(attribute.ty.clone()),
                    Member::Operation(set) => {
                        for operation in &set.overloads {
                            types.push(operation.returns.clone());
                            arguments(&operation.arguments, types);
                        }
                    }
                    Member::Constant(_) => {}
                }
            }
        };
        for interface in self.model.interfaces.values() {
            if interface.implementation == Implementation::Script {
                continue;
            }
            members(&interface.members, &mut types);
            for constructor in &interface.constructors {
                arguments(&constructor.arguments, &mut types);
            }
            if let Some(iterable) = &interface.iterable {
                types.extend(iterable.key.clone());
                types.push(iterable.value.clone());
            }
            if let Some(maplike) = &interface.maplike {
                types.extend([maplike.key.clone(), maplike.value.clone()]);
            }
            types.extend(
                interface
                    .setlike
                    .iter()
                    .map(|setlike| setlike.value.clone()),
            );
            if let Some(getter) = &interface.indexed_getter {
                types.push(getter.operation.returns.clone());
            }
        }
        for namespace in self.model.namespaces.values() {
            members(&namespace.members, &mut types);
        }
        for dictionary in self.model.dictionaries.values() {
            types.extend(dictionary.members.iter().map(|m| m.ty.clone()));
        }
        types
    }

    /// The member's type in a signature: an enumeration of what the IDL says.
    pub(crate) fn check_type(&self, ty: &AnnotatedType, span: &webapi_idl::Span) -> Result {
        match &ty.kind {
            Type::AsyncSequence(_) | Type::ObservableArray(_) | Type::BigInt | Type::Symbol => {
                Err(Unsupported {
                    span: span.clone(),
                    message: format!(
                        "native glue has no conversion for {:?} yet; add it to nano-webidl, or use [Implementation=Script]",
                        ty.kind
                    ),
                })
            }
            Type::Sequence(item)
            | Type::FrozenArray(item)
            | Type::Nullable(item)
            | Type::Promise(item) => self.check_type(item, span),
            Type::Record(key, value) => {
                self.check_type(key, span)?;
                self.check_type(value, span)
            }
            Type::Union(members) => members.iter().try_for_each(|m| self.check_type(m, span)),
            _ => Ok(()),
        }
    }

    /// The name of a union's variant for this member.
    pub(crate) fn variant(&self, ty: &AnnotatedType) -> String {
        match &ty.kind {
            Type::Numeric(numeric) => format!("{numeric:?}"),
            Type::Buffer(buffer) => format!("{buffer:?}"),
            Type::Interface(name)
            | Type::Dictionary(name)
            | Type::Enumeration(name)
            | Type::Callback(name)
            | Type::CallbackInterface(name) => names::type_name(name),
            Type::Sequence(_) => "Sequence".to_owned(),
            Type::FrozenArray(_) => "FrozenArray".to_owned(),
            Type::Record(..) => "Record".to_owned(),
            Type::Promise(_) => "Promise".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// Whether a default value can be of the union's member.
fn fits(value: &DefaultValue, ty: &Type) -> bool {
    match value {
        DefaultValue::Boolean(_) => matches!(ty, Type::Boolean),
        DefaultValue::Integer(_) | DefaultValue::Decimal(_) => matches!(ty, Type::Numeric(_)),
        DefaultValue::String(_) => {
            matches!(
                ty,
                Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_)
            )
        }
        DefaultValue::EmptySequence => matches!(ty, Type::Sequence(_) | Type::FrozenArray(_)),
        _ => false,
    }
}

fn is_float(numeric: Numeric) -> bool {
    matches!(
        numeric,
        Numeric::Float | Numeric::UnrestrictedFloat | Numeric::Double | Numeric::UnrestrictedDouble
    )
}

fn numeric_native(numeric: Numeric) -> &'static str {
    match numeric {
        Numeric::Byte => "i8",
        Numeric::Octet => "u8",
        Numeric::Short => "i16",
        Numeric::UnsignedShort => "u16",
        Numeric::Long => "i32",
        Numeric::UnsignedLong => "u32",
        Numeric::LongLong => "i64",
        Numeric::UnsignedLongLong => "u64",
        Numeric::Float | Numeric::UnrestrictedFloat => "f32",
        Numeric::Double | Numeric::UnrestrictedDouble => "f64",
    }
}

/// The test of a JavaScript value for a buffer type.
pub(crate) fn buffer_test(buffer: Buffer, allow_shared: bool) -> String {
    let test = match buffer {
        Buffer::BufferSource => {
            "value.is_array_buffer() || value.is_array_buffer_view()".to_owned()
        }
        other => format!("<idl::{other:?} as idl::BufferKind>::accepts(value)"),
    };
    if allow_shared && buffer == Buffer::BufferSource {
        format!("{test} || value.is_shared_array_buffer()")
    } else {
        test
    }
}
