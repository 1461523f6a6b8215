//! Members of one definition and its parts: lowered, grouped by name, checked for names used twice.

use std::collections::BTreeMap;

use super::attributes::{Target, implementation};
use super::{Iteration, Resolver};
use crate::describe::describe_type;
use crate::error::Error;
use crate::model::{
    AnnotatedType, Annotations, Argument, AsyncIterable, Attribute, Constant, Implementation,
    IndexedGetter, Iterable, Maplike, Member, Numeric, Operation, OperationSet, Setlike, Span,
    Stringifier, Type,
};
use crate::syntax::{self, MemberKind};

/// The members of an interface, mixin, namespace or callback interface, as far as they are collected.
#[derive(Default, Clone)]
pub(super) struct Body {
    pub constructors: Vec<Operation>,
    pub members: Vec<Member>,
    pub indexed_getter: Option<IndexedGetter>,
    pub iterable: Option<Iterable>,
    pub async_iterable: Option<AsyncIterable>,
    pub maplike: Option<Maplike>,
    pub setlike: Option<Setlike>,
    pub stringifier: Option<Stringifier>,
    /// Names in use: on the interface object (`true`) or the prototype object (`false`).
    names: BTreeMap<(bool, String), Taken>,
    /// Counts the definitions that gave members: overloads may not be spread over several.
    part: usize,
}

#[derive(Clone)]
struct Taken {
    kind: &'static str,
    span: Span,
    part: usize,
}

impl Body {
    /// Begins another definition's members: a partial's, a mixin's.
    pub fn next_part(&mut self) {
        self.part += 1;
    }
}

fn undefined() -> AnnotatedType {
    AnnotatedType {
        kind: Type::Undefined,
        annotations: Annotations::default(),
        alias: None,
    }
}

impl Resolver<'_> {
    /// Adds the members of one definition to those collected before. `owner` is the interface's name.
    pub(super) fn members(&mut self, members: &[syntax::Member], owner: &str, body: &mut Body) {
        for member in members {
            self.member(member, owner, body);
        }
    }

    fn member(&mut self, member: &syntax::Member, owner: &str, body: &mut Body) {
        let span = &member.span;
        match &member.kind {
            MemberKind::Constant(constant) => {
                self.attributes(&member.attributes, Target::Constant, false);
                let constant = self.constant(constant);
                for is_static in [true, false] {
                    self.take_name(body, &constant.name, is_static, "constant", &constant.span);
                }
                body.members.push(Member::Constant(constant));
            }
            MemberKind::Attribute(attribute) => {
                if attribute.stringifier {
                    self.set_stringifier(
                        body,
                        Stringifier::Attribute(attribute.name.text.clone()),
                        span,
                    );
                }
                let attribute = self.attribute(attribute, &member.attributes);
                self.take_name(
                    body,
                    &attribute.name,
                    attribute.is_static,
                    "attribute",
                    &attribute.span,
                );
                body.members.push(Member::Attribute(attribute));
            }
            MemberKind::Operation(operation) => self.operation_member(operation, member, body),
            MemberKind::Constructor { arguments } => {
                let (attributes, _) =
                    self.attributes(&member.attributes, Target::Constructor, false);
                let arguments = self.arguments(arguments, span);
                body.constructors.push(Operation {
                    span: span.clone(),
                    returns: undefined(),
                    arguments,
                    attributes,
                });
            }
            MemberKind::Stringifier => {
                self.attributes(&member.attributes, Target::OtherMember, false);
                self.set_stringifier(body, Stringifier::Algorithm(span.clone()), span);
            }
            MemberKind::Iterable { key, value } => {
                self.iteration(member, owner, "iterable", body.iterable.is_some());
                let iterable = Iterable {
                    span: span.clone(),
                    key: key.as_ref().map(|key| self.ty(key)),
                    value: self.ty(value),
                };
                body.iterable = Some(iterable);
            }
            MemberKind::AsyncIterable {
                key,
                value,
                arguments,
            } => {
                self.iteration(
                    member,
                    owner,
                    "async_iterable",
                    body.async_iterable.is_some(),
                );
                for argument in arguments
                    .iter()
                    .filter(|argument| !argument.optional && !argument.variadic)
                {
                    self.errors.push(
                        Error::new(
                            &argument.name.span,
                            "arguments of `async_iterable` are optional",
                        )
                        .expected("`optional` before the argument's type: `for await` passes none")
                        .found(format!("`{}`, which is required", argument.name.text)),
                    );
                }
                let key = key.as_ref().map(|key| self.ty(key));
                let value = self.ty(value);
                let arguments = self.arguments(arguments, span);
                body.async_iterable = Some(AsyncIterable {
                    span: span.clone(),
                    key,
                    value,
                    arguments,
                });
            }
            MemberKind::Maplike {
                readonly,
                key,
                value,
            } => {
                self.iteration(member, owner, "maplike", body.maplike.is_some());
                body.maplike = Some(Maplike {
                    span: span.clone(),
                    readonly: *readonly,
                    key: self.ty(key),
                    value: self.ty(value),
                });
            }
            MemberKind::Setlike { readonly, value } => {
                self.iteration(member, owner, "setlike", body.setlike.is_some());
                body.setlike = Some(Setlike {
                    span: span.clone(),
                    readonly: *readonly,
                    value: self.ty(value),
                });
            }
        }
    }

    fn iteration(
        &mut self,
        member: &syntax::Member,
        owner: &str,
        keyword: &'static str,
        again: bool,
    ) {
        self.attributes(&member.attributes, Target::OtherMember, false);
        if again {
            self.errors.push(
                Error::new(
                    &member.span,
                    format!("`{owner}` has two `{keyword}` members"),
                )
                .expected("one")
                .found("a second one"),
            );
            return;
        }
        self.places.iterations.push(Iteration {
            interface: owner.to_owned(),
            keyword,
            span: member.span.clone(),
        });
    }

    fn set_stringifier(&mut self, body: &mut Body, stringifier: Stringifier, span: &Span) {
        if body.stringifier.is_some() {
            self.errors.push(
                Error::new(span, "an interface has one stringifier")
                    .expected("one")
                    .found("a second `stringifier`"),
            );
        }
        body.stringifier = Some(stringifier);
    }

    /// Notes a name that nothing else of this interface has; two operations of the same definition may share theirs.
    fn take_name(
        &mut self,
        body: &mut Body,
        name: &str,
        is_static: bool,
        kind: &'static str,
        span: &Span,
    ) {
        // <https://webidl.spec.whatwg.org/#idl-members>: these names are taken on every interface.
        let reserved = if is_static {
            "prototype"
        } else {
            "constructor"
        };
        if name == reserved {
            self.errors.push(
                Error::new(span, format!("no member can be called `{reserved}`"))
                    .expected("another name")
                    .found(format!("`{reserved}`, which every interface has by itself")),
            );
        }
        let taken = Taken {
            kind,
            span: span.clone(),
            part: body.part,
        };
        let Some(first) = body.names.insert((is_static, name.to_owned()), taken) else {
            return;
        };
        if first.span == *span
            || (first.kind == "operation" && kind == "operation" && first.part == body.part)
        {
            return;
        }
        let at = format!(
            "{}:{}:{}",
            first.span.file, first.span.line, first.span.column
        );
        self.errors
            .push(if first.kind == "operation" && kind == "operation" {
                Error::new(span, format!("`{name}` is overloaded across definitions"))
                    .expected("all overloads in one interface, partial or mixin")
                    .found(format!("another one at {at}"))
            } else {
                Error::new(span, format!("there is a member `{name}` already"))
                    .expected("a name that no other member has")
                    .found(format!("the {} `{name}` at {at}", first.kind))
            });
    }

    fn constant(&mut self, constant: &syntax::Constant) -> Constant {
        let ty = self.ty(&constant.ty);
        if !matches!(ty.kind, Type::Boolean | Type::Numeric(_) | Type::BigInt) {
            self.errors.push(
                Error::new(&constant.ty.span, "a constant is of a primitive type")
                    .expected("`boolean`, `bigint` or a number type")
                    .found(describe_type(&ty)),
            );
        }
        let value = self.value(&constant.value, &ty);
        Constant {
            name: constant.name.text.clone(),
            span: constant.name.span.clone(),
            ty,
            value,
        }
    }

    fn attribute(
        &mut self,
        attribute: &syntax::Attribute,
        list: &[syntax::ExtendedAttribute],
    ) -> Attribute {
        let (attributes, for_type) = self.attributes(list, Target::Attribute, true);
        let ty = self.ty_with(&attribute.ty, &for_type);
        if let Some(wrong) = never_an_attributes_type(&ty) {
            self.errors.push(
                Error::new(&attribute.ty.span, "an attribute cannot have this type")
                    .expected(
                        "no dictionary, sequence or record: each get would give another object",
                    )
                    .found(describe_type(wrong))
                    .help("use `FrozenArray<T>`, `object`, or an operation"),
            );
        }
        let is_string = matches!(
            ty.kind,
            Type::DomString | Type::UsvString | Type::ByteString
        );
        if attribute.stringifier && !is_string {
            self.errors.push(
                Error::new(&attribute.ty.span, "a stringifier attribute is a string")
                    .expected("`DOMString` or `USVString`")
                    .found(describe_type(&ty)),
            );
        }
        for name in [
            "SameObject",
            "Replaceable",
            "PutForwards",
            "LegacyLenientSetter",
        ] {
            if attributes.has(name) && !attribute.readonly {
                self.errors.push(
                    Error::new(
                        &attribute.name.span,
                        format!("`[{name}]` is for read-only attributes"),
                    )
                    .expected("`readonly attribute`")
                    .found("`attribute`"),
                );
            }
        }
        Attribute {
            name: attribute.name.text.clone(),
            span: attribute.name.span.clone(),
            ty,
            readonly: attribute.readonly,
            is_static: attribute.is_static,
            inherit: attribute.inherit,
            implementation: Implementation::default(),
            attributes,
        }
    }

    fn operation_member(
        &mut self,
        operation: &syntax::Operation,
        member: &syntax::Member,
        body: &mut Body,
    ) {
        if let Some(special) = &operation.special
            && special.text != "getter"
        {
            self.errors.push(
                Error::new(&special.span, format!("`{}` is not supported", special.text))
                    .expected("a regular operation or an indexed getter: no interface of a worker has indexed properties that can be written, or named ones")
                    .found(format!("a special operation, `{}`", special.text)),
            );
            return;
        }
        if operation.name.is_none() && operation.special.is_none() {
            self.errors.push(
                Error::new(&member.span, "the operation has no name")
                    .expected("a name between the return type and the arguments")
                    .found("`(`"),
            );
            return;
        }
        let span = operation
            .name
            .as_ref()
            .map_or(&member.span, |name| &name.span);
        let lowered = self.operation(operation, &member.attributes, span);
        if let Some(getter) = &operation.special {
            let getter = &getter.span;
            self.set_indexed_getter(operation.name.as_ref(), &lowered, getter, body);
        }
        let Some(name) = &operation.name else {
            return;
        };
        self.take_name(
            body,
            &name.text,
            operation.is_static,
            "operation",
            &name.span,
        );
        let same_set = body.members.iter_mut().find_map(|member| match member {
            Member::Operation(set)
                if set.name == name.text && set.is_static == operation.is_static =>
            {
                Some(set)
            }
            _ => None,
        });
        match same_set {
            Some(set) => set.overloads.push(lowered),
            None => body.members.push(Member::Operation(OperationSet {
                name: name.text.clone(),
                is_static: operation.is_static,
                implementation: Implementation::default(),
                overloads: vec![lowered],
            })),
        }
    }

    fn set_indexed_getter(
        &mut self,
        name: Option<&syntax::Name>,
        operation: &Operation,
        span: &Span,
        body: &mut Body,
    ) {
        let takes_index = matches!(
            &operation.arguments[..],
            [index] if index.ty.kind == Type::Numeric(Numeric::UnsignedLong)
                && !index.optional
                && !index.variadic
        );
        if !takes_index {
            self.errors.push(
                Error::new(span, "this `getter` is not supported")
                    .expected("an indexed one, which takes an `unsigned long` and nothing else: no interface of a worker has named properties")
                    .found("other arguments"),
            );
        } else if body.indexed_getter.is_some() {
            self.errors.push(
                Error::new(span, "an interface has one indexed getter")
                    .expected("one")
                    .found("a second `getter`"),
            );
        }
        body.indexed_getter = Some(IndexedGetter {
            name: name.map(|name| name.text.clone()),
            operation: operation.clone(),
        });
    }

    /// One overload.
    pub(super) fn operation(
        &mut self,
        operation: &syntax::Operation,
        list: &[syntax::ExtendedAttribute],
        span: &Span,
    ) -> Operation {
        let (attributes, for_type) = self.attributes(list, Target::Operation, true);
        let returns = self.ty_with(&operation.returns, &for_type);
        let arguments = self.arguments(&operation.arguments, span);
        Operation {
            span: span.clone(),
            returns,
            arguments,
            attributes,
        }
    }

    /// Arguments with the rules that need no other definition; `of` is the operation's place.
    pub(super) fn arguments(&mut self, arguments: &[syntax::Argument], of: &Span) -> Vec<Argument> {
        let mut lowered: Vec<Argument> = Vec::new();
        for (position, argument) in arguments.iter().enumerate() {
            let span = &argument.name.span;
            let name = &argument.name.text;
            if lowered.iter().any(|other| other.name == *name) {
                self.errors.push(
                    Error::new(span, format!("there is an argument `{name}` already"))
                        .expected("a name of its own")
                        .found(format!("`{name}` twice")),
                );
            }
            if let Some(before) = lowered.last()
                && before.optional
                && !argument.optional
                && !argument.variadic
            {
                self.errors.push(
                    Error::new(span, "a required argument follows an optional one")
                        .expected("`optional` here too")
                        .found(format!(
                            "`{name}` required, `{}` before it optional",
                            before.name
                        )),
                );
            }
            if argument.variadic && position + 1 < arguments.len() {
                self.errors.push(
                    Error::new(span, "only the last argument can be variadic")
                        .expected("`...` at the last argument")
                        .found(format!("`{}` after it", arguments[position + 1].name.text)),
                );
            }
            let (_, for_type) = self.attributes(&argument.attributes, Target::Argument, true);
            let ty = self.ty_with(&argument.ty, &for_type);
            let default = argument
                .default
                .as_ref()
                .map(|default| self.value(default, &ty));
            let (optional, variadic) = (argument.optional, argument.variadic);
            lowered.push(Argument {
                name: name.clone(),
                ty,
                optional,
                variadic,
                default,
            });
        }
        let spans = arguments
            .iter()
            .map(|argument| argument.name.span.clone())
            .collect();
        self.places.arguments.insert(of.clone(), spans);
        lowered
    }

    /// Sets who implements each member: on the global object `[Implementation]` of the member or its mixin, elsewhere the
    /// interface's.
    pub(super) fn implement(
        &mut self,
        members: &mut [Member],
        owner: &str,
        by: Implementation,
        is_global: bool,
    ) {
        for member in members {
            let (attributes, name, span, result) = match member {
                Member::Attribute(Attribute {
                    attributes,
                    name,
                    span,
                    implementation,
                    ..
                }) => (&*attributes, &*name, &*span, implementation),
                Member::Operation(OperationSet {
                    overloads,
                    name,
                    implementation,
                    ..
                }) => (
                    &overloads[0].attributes,
                    &*name,
                    &overloads[0].span,
                    implementation,
                ),
                Member::Constant(_) => continue,
            };
            let own = implementation(attributes).unwrap_or(by);
            if own != by && !is_global {
                self.errors.push(
                    Error::new(span, format!("`{owner}` and its member `{name}` have two implementations"))
                        .expected(format!("`{by:?}`, as for `{owner}`: only members of a `[Global]` interface can differ"))
                        .found(format!("`[Implementation={own:?}]` of the member or its mixin")),
                );
            }
            *result = own;
        }
    }

    /// Adds a mixin's members.
    pub(super) fn include(&mut self, mixin: &Body, at: &Span, body: &mut Body) {
        body.next_part();
        for member in &mixin.members {
            let (kind, places) = match member {
                Member::Constant(_) => ("constant", vec![true, false]),
                Member::Attribute(attribute) => ("attribute", vec![attribute.is_static]),
                Member::Operation(set) => ("operation", vec![set.is_static]),
            };
            for is_static in places {
                self.take_name(body, member.name(), is_static, kind, member.span());
            }
            body.members.push(member.clone());
        }
        if let Some(stringifier) = &mixin.stringifier {
            self.set_stringifier(body, stringifier.clone(), at);
        }
    }
}

/// The part of the type, or all of it, that an attribute must not have, <https://webidl.spec.whatwg.org/#idl-attributes>.
fn never_an_attributes_type(ty: &AnnotatedType) -> Option<&AnnotatedType> {
    match &ty.kind {
        Type::Dictionary(_) | Type::Sequence(_) | Type::AsyncSequence(_) | Type::Record(..) => {
            Some(ty)
        }
        Type::Nullable(inner) => never_an_attributes_type(inner),
        Type::Union(members) => members.iter().find_map(never_an_attributes_type),
        _ => None,
    }
}
