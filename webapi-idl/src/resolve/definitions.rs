//! Definitions with their partials and mixins → what the model holds.

use std::collections::BTreeMap;

use super::Resolver;
use super::attributes::{Target, implementation};
use super::index::Entry;
use super::members::Body;
use crate::error::Error;
use crate::model::{
    CallbackFunction, CallbackInterface, Dictionary, DictionaryMember, Enumeration,
    EnumerationValue, ExtendedAttributes, Implementation, Interface, Member, Mixin, Model,
    Namespace, Span,
};
use crate::syntax::{self, DefinitionKind, Name};

impl Resolver<'_> {
    /// Everything that the index holds.
    pub(super) fn definitions(&mut self) -> Model {
        let index = self.index;
        let mut model = Model::default();
        for (name, entry) in &index.entries {
            let name = (*name).to_owned();
            match &entry.definition.kind {
                DefinitionKind::Interface { .. } => {
                    model.interfaces.insert(name, self.interface(entry));
                }
                DefinitionKind::Namespace { .. } => {
                    model.namespaces.insert(name, self.namespace(entry));
                }
                DefinitionKind::Dictionary { .. } => {
                    model.dictionaries.insert(name, self.dictionary(entry));
                }
                DefinitionKind::Enumeration { values } => {
                    model
                        .enumerations
                        .insert(name, self.enumeration(entry, values));
                }
                DefinitionKind::Callback { returns, arguments } => {
                    model
                        .callbacks
                        .insert(name, self.callback(entry, returns, arguments));
                }
                DefinitionKind::CallbackInterface { members } => {
                    if let Some(callback) = self.callback_interface(entry, members) {
                        model.callback_interfaces.insert(name, callback);
                    }
                }
                DefinitionKind::Typedef { .. } => {
                    self.attributes(&entry.definition.attributes, Target::Typedef, false);
                    self.typedef(&name, &entry.definition.name.span);
                }
                DefinitionKind::Mixin { .. } => {
                    let body = self.mixin(&name);
                    let mixin = Mixin {
                        name: name.clone(),
                        specification: entry.specification.to_owned(),
                        span: entry.definition.name.span.clone(),
                        members: body.members,
                        stringifier: body.stringifier,
                    };
                    model.mixins.insert(name, mixin);
                }
                DefinitionKind::Includes { .. } => {}
            }
        }
        model.typedefs = std::mem::take(&mut self.typedefs);
        self.check_inherited_dictionary_members(&model);
        model
    }

    /// The extended attributes of a definition and its partials; `[Implementation]` may be given by any one of them.
    fn merged_attributes(&mut self, entry: &Entry<'_>, target: Target) -> ExtendedAttributes {
        let mut merged = ExtendedAttributes::default();
        for definition in std::iter::once(&entry.definition).chain(&entry.partials) {
            let (attributes, _) = self.attributes(&definition.attributes, target, false);
            if let (Some(first), Some(second)) =
                (implementation(&merged), implementation(&attributes))
                && first != second
            {
                self.errors.push(
                    Error::new(
                        &definition.name.span,
                        format!("`{}` has two implementations", definition.name.text),
                    )
                    .expected("one `[Implementation=…]`, or the same in all parts")
                    .found("`Native` and `Script`"),
                );
            }
            merged.0.extend(attributes.0);
        }
        merged
    }

    fn interface(&mut self, entry: &Entry<'_>) -> Interface {
        let definition = entry.definition;
        let name = &definition.name;
        let attributes = self.merged_attributes(entry, Target::Interface);
        let by = implementation(&attributes).unwrap_or_default();
        let mut body = Body::default();
        for part in std::iter::once(&definition).chain(&entry.partials) {
            body.next_part();
            if let DefinitionKind::Interface { members, .. } = &part.kind {
                self.members(members, &name.text, &mut body);
            }
        }
        for mixin in &entry.mixins {
            let members = self.mixin(&mixin.text);
            self.include(&members, &mixin.span, &mut body);
        }
        self.implement(&mut body.members, &name.text, by, attributes.has("Global"));
        Interface {
            name: name.text.clone(),
            specification: entry.specification.to_owned(),
            span: name.span.clone(),
            inherits: self.parent(name, "interface"),
            attributes,
            implementation: by,
            constructors: body.constructors,
            mixins: entry.mixins.iter().map(|name| name.text.clone()).collect(),
            members: body.members,
            indexed_getter: body.indexed_getter,
            iterable: body.iterable,
            async_iterable: body.async_iterable,
            maplike: body.maplike,
            setlike: body.setlike,
            stringifier: body.stringifier,
        }
    }

    /// A mixin's members, partials included, with the mixin's own extended attributes on each.
    fn mixin(&mut self, name: &str) -> Body {
        let index = self.index;
        let Some(entry) = index.get(name) else {
            return Body::default();
        };
        if let Some(known) = self.mixins.get(name) {
            return known.clone();
        }
        let attributes = self.merged_attributes(entry, Target::Mixin);
        let mut body = Body::default();
        for part in std::iter::once(&entry.definition).chain(&entry.partials) {
            body.next_part();
            if let DefinitionKind::Mixin { members, .. } = &part.kind {
                self.members(members, name, &mut body);
            }
        }
        for member in &mut body.members {
            let lists: Vec<&mut ExtendedAttributes> = match member {
                Member::Attribute(attribute) => vec![&mut attribute.attributes],
                Member::Operation(set) => {
                    let overloads = set.overloads.iter_mut();
                    overloads.map(|overload| &mut overload.attributes).collect()
                }
                Member::Constant(_) => Vec::new(),
            };
            for list in lists {
                list.0.extend(attributes.0.iter().cloned());
            }
        }
        self.mixins.insert(name.to_owned(), body.clone());
        body
    }

    fn namespace(&mut self, entry: &Entry<'_>) -> Namespace {
        let name = &entry.definition.name;
        let attributes = self.merged_attributes(entry, Target::Namespace);
        let by = implementation(&attributes).unwrap_or_default();
        let mut body = Body::default();
        for part in std::iter::once(&entry.definition).chain(&entry.partials) {
            body.next_part();
            if let DefinitionKind::Namespace { members, .. } = &part.kind {
                self.members(members, &name.text, &mut body);
            }
        }
        self.implement(&mut body.members, &name.text, by, false);
        if attributes.has("Internal") && by == Implementation::Script {
            self.errors.push(
                Error::new(&name.span, "an internal namespace is native")
                    .expected(
                        "`[Internal=folder]` alone: such namespaces are how scripts reach Rust",
                    )
                    .found("`[Internal=folder, Implementation=Script]`"),
            );
        }
        Namespace {
            name: name.text.clone(),
            specification: entry.specification.to_owned(),
            span: name.span.clone(),
            attributes,
            implementation: by,
            members: body.members,
        }
    }

    fn dictionary(&mut self, entry: &Entry<'_>) -> Dictionary {
        let name = &entry.definition.name;
        let mut members: BTreeMap<String, DictionaryMember> = BTreeMap::new();
        for part in std::iter::once(&entry.definition).chain(&entry.partials) {
            self.attributes(&part.attributes, Target::Dictionary, false);
            let DefinitionKind::Dictionary { members: parts, .. } = &part.kind else {
                continue;
            };
            for member in parts {
                let lowered = self.dictionary_member(member);
                if let Some(first) = members.get(&lowered.name) {
                    self.errors
                        .push(duplicate_member(&lowered, &name.text, &first.span));
                    continue;
                }
                members.insert(lowered.name.clone(), lowered);
            }
        }
        Dictionary {
            name: name.text.clone(),
            specification: entry.specification.to_owned(),
            span: name.span.clone(),
            inherits: self.parent(name, "dictionary"),
            // The map's order, by code units, is the order of conversion.
            members: members.into_values().collect(),
        }
    }

    fn dictionary_member(&mut self, member: &syntax::DictionaryMember) -> DictionaryMember {
        let (attributes, for_type) =
            self.attributes(&member.attributes, Target::DictionaryMember, true);
        let ty = self.ty_with(&member.ty, &for_type);
        let default = member
            .default
            .as_ref()
            .map(|default| self.value(default, &ty));
        DictionaryMember {
            name: member.name.text.clone(),
            span: member.name.span.clone(),
            ty,
            required: member.required,
            default,
            attributes,
        }
    }

    fn check_inherited_dictionary_members(&mut self, model: &Model) {
        for dictionary in model.dictionaries.values() {
            let mut parent = dictionary.inherits.as_deref();
            while let Some(above) = parent.and_then(|name| model.dictionaries.get(name)) {
                for member in &dictionary.members {
                    if let Some(first) =
                        above.members.iter().find(|other| other.name == member.name)
                    {
                        self.errors
                            .push(duplicate_member(member, &above.name, &first.span));
                    }
                }
                parent = above.inherits.as_deref();
            }
        }
    }

    fn enumeration(
        &mut self,
        entry: &Entry<'_>,
        values: &[syntax::EnumerationValue],
    ) -> Enumeration {
        let definition = entry.definition;
        self.attributes(&definition.attributes, Target::Enumeration, false);
        for (position, value) in values.iter().enumerate() {
            if values[..position]
                .iter()
                .any(|before| before.text == value.text)
            {
                self.errors.push(
                    Error::new(&value.span, format!("\"{}\" is there already", value.text))
                        .expected("each value once")
                        .found(format!("\"{}\" twice", value.text)),
                );
            }
        }
        Enumeration {
            name: definition.name.text.clone(),
            specification: entry.specification.to_owned(),
            span: definition.name.span.clone(),
            values: values
                .iter()
                .map(|value| EnumerationValue {
                    text: value.text.clone(),
                    span: value.span.clone(),
                })
                .collect(),
        }
    }

    fn callback(
        &mut self,
        entry: &Entry<'_>,
        returns: &syntax::Type,
        arguments: &[syntax::Argument],
    ) -> CallbackFunction {
        let definition = entry.definition;
        let (attributes, for_type) =
            self.attributes(&definition.attributes, Target::Callback, true);
        CallbackFunction {
            name: definition.name.text.clone(),
            specification: entry.specification.to_owned(),
            span: definition.name.span.clone(),
            returns: self.ty_with(returns, &for_type),
            arguments: self.arguments(arguments, &definition.name.span),
            attributes,
        }
    }

    fn callback_interface(
        &mut self,
        entry: &Entry<'_>,
        members: &[syntax::Member],
    ) -> Option<CallbackInterface> {
        let definition = entry.definition;
        let Name { text: name, span } = &definition.name;
        self.attributes(&definition.attributes, Target::CallbackInterface, false);
        let mut body = Body::default();
        self.members(members, name, &mut body);

        let mut constants = Vec::new();
        let mut operations = Vec::new();
        for member in body.members {
            match member {
                Member::Constant(constant) => constants.push(constant),
                Member::Operation(set) => {
                    operations.extend(
                        set.overloads
                            .into_iter()
                            .map(|operation| (set.name.clone(), operation)),
                    );
                }
                // The parser reads none here.
                Member::Attribute(_) => {}
            }
        }
        let count = operations.len();
        let mut operations = operations.into_iter();
        let (Some((operation_name, operation)), None) = (operations.next(), operations.next())
        else {
            self.errors.push(
                Error::new(
                    span,
                    format!("the callback interface `{name}` does not have exactly one operation"),
                )
                .expected("one operation: the method that is called")
                .found(format!("{count}")),
            );
            return None;
        };
        Some(CallbackInterface {
            name: name.clone(),
            specification: entry.specification.to_owned(),
            span: span.clone(),
            operation_name,
            operation,
            constants,
        })
    }
}

fn duplicate_member(member: &DictionaryMember, of: &str, first: &Span) -> Error {
    Error::new(
        &member.span,
        format!("there is a dictionary member `{}` already", member.name),
    )
    .expected("a name that no member of the dictionary or its parents has")
    .found(format!(
        "`{}` of `{of}` at {}:{}:{}",
        member.name, first.file, first.line, first.column
    ))
}
