//! Reads values out of the located JSON tree and says precisely what is wrong with them.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, absolute};
use std::rc::Rc;

use jsonc_parser::ast::{Object as JsonObject, ObjectProp, Value};
use jsonc_parser::common::Ranged as _;
use nano_worker::{FileError, Folder};

use super::diagnostic::{Diagnostic, Faults};
use super::field::{Field, Kind, Object};
use super::fields::Secret;
use super::variables;

/// The largest file that a value may be in, in bytes.
const MAX_SECRET: u64 = 64 << 10;

/// No field has a name of so many bytes, and none is meant by one.
const MAX_MEANT: usize = 100;

/// Looks up a variable of the process's environment.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What every located value carries along.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) faults: &'a Faults<'a>,
    pub(super) lookup: Lookup<'a>,
    /// Where files have to be that are named in here; `None`: anywhere.
    pub(super) within: Option<&'a Path>,
}

/// The name of a value: `apps[1].limits`. It is written where it is told, as names may be long, and values many.
#[derive(Clone, Default)]
struct Name<'a>(Option<Rc<Step<'a>>>);

/// The last part of a name.
struct Step<'a> {
    around: Name<'a>,
    part: Part<'a>,
}

enum Part<'a> {
    Field(&'a str),
    Element(usize),
}

impl<'a> Name<'a> {
    fn with(&self, part: Part<'a>) -> Self {
        let around = self.clone();
        Self(Some(Rc::new(Step { around, part })))
    }

    fn field(&self, name: &'a str) -> Self {
        self.with(Part::Field(name))
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = std::iter::successors(self.0.as_deref(), |step| step.around.0.as_deref());
        let steps: Vec<_> = steps.collect();
        for (index, step) in steps.iter().rev().enumerate() {
            match step.part {
                Part::Field(name) if index == 0 => f.write_str(name)?,
                Part::Field(name) => write!(f, ".{name}")?,
                Part::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A value with its place in the file and its name.
#[derive(Clone)]
pub(super) struct Located<'a> {
    value: &'a Value<'a>,
    name: Name<'a>,
    context: Context<'a>,
    /// Faults do not quote it.
    is_private: bool,
}

/// An object that has been found to be an `O`: it has no other fields.
pub(super) struct Fields<'a, O> {
    object: &'a JsonObject<'a>,
    name: Name<'a>,
    context: Context<'a>,
    kind: PhantomData<fn() -> O>,
}

/// An object whose field names are the user's.
struct AnyFields;

impl<'a> Located<'a> {
    pub(super) fn root(value: &'a Value<'a>, context: Context<'a>) -> Self {
        Self {
            value,
            name: Name::default(),
            context,
            is_private: false,
        }
    }

    /// The same as a secret: what is wrong with it is said without quoting it.
    pub(super) fn private(self) -> Self {
        let is_private = true;
        Self { is_private, ..self }
    }

    /// What this value carries along.
    pub(super) fn context(&self) -> Context<'a> {
        self.context
    }

    /// Adds a fault about this value.
    pub(super) fn fault(&self, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.context
            .faults
            .add(range(self.value), &self.name, message, help.into());
    }

    /// The place of this value.
    pub(super) fn place(&self) -> Diagnostic {
        self.context.faults.place(range(self.value), &self.name)
    }

    /// The name of this value: `apps[1].limits`.
    pub(super) fn field(&self) -> String {
        self.name.to_string()
    }

    fn expected(&self, what: &str, help: impl Into<Option<String>>) {
        if self.is_private {
            let help = "write it in double quotes".to_owned();
            return self.fault(format!("expected {what}, found something else"), help);
        }
        self.fault(
            format!("expected {what}, found {}", describe(self.value)),
            help,
        );
    }

    /// A string as it is.
    pub(super) fn string(&self) -> Option<&'a str> {
        match self.value {
            Value::StringLit(literal) => Some(&literal.value),
            Value::NumberLit(number) => {
                self.expected("a string", format!("write \"{}\"", number.value));
                None
            }
            Value::BooleanLit(boolean) => {
                self.expected("a string", format!("write \"{}\"", boolean.value));
                None
            }
            _ => {
                self.expected("a string", None);
                None
            }
        }
    }

    /// A string that this object has in a field, if it has one; nothing is said if it does not.
    pub(super) fn peek(&self, name: &str) -> Option<&'a str> {
        let Value::Object(object) = self.value else {
            return None;
        };
        let mut fields = object.properties.iter();
        match &fields.find(|field| field.name.as_str() == name)?.value {
            Value::StringLit(literal) => Some(&literal.value),
            _ => None,
        }
    }

    /// What this object has in a field, if it is an object and has it.
    pub(super) fn member(&self, name: &str) -> Option<Located<'a>> {
        let Value::Object(object) = self.value else {
            return None;
        };
        let property = object.get(name)?;
        Some(Located {
            value: &property.value,
            name: self.name.field(property.name.as_str()),
            context: self.context,
            is_private: false,
        })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value {
            Value::BooleanLit(literal) => Some(literal.value),
            _ => {
                self.expected("true or false", None);
                None
            }
        }
    }

    /// A number as it is written, if it is one.
    pub(super) fn number(&self) -> Option<&'a str> {
        match self.value {
            Value::NumberLit(number) => Some(number.value),
            _ => None,
        }
    }

    /// Whether an app's folder says it, and not the configuration.
    pub(super) fn is_of_folder(&self) -> bool {
        self.context.within.is_some()
    }

    /// A string that the system takes for the name of a file.
    pub(super) fn file_name(&self) -> Option<&'a str> {
        let name = self.string()?;
        if name.contains('\0') {
            self.fault(
                "the name of a file has no NUL character",
                "remove \"\\u0000\"".to_owned(),
            );
            return None;
        }
        Some(name)
    }

    /// A string with `${VARIABLE}`s replaced by the process environment's.
    pub(super) fn expanded(&self) -> Option<String> {
        let lookup = |variable: &str| {
            let value = (self.context.lookup)(variable)?;
            if let Some(text) = value.to_str() {
                self.context.faults.has_value(variable, text);
            }
            Some(value)
        };
        match variables::expand(self.string()?, &lookup) {
            Ok(text) => Some(text),
            Err(_) if self.context.within.is_some() => {
                self.fault(
                    "variables of the process's environment are not for the files of apps",
                    "have the configuration name the app, or write $${ for a literal ${".to_owned(),
                );
                None
            }
            Err(error) => {
                let message = match self.is_private {
                    true => "it has a variable that cannot be replaced".to_owned(),
                    false => error.message,
                };
                self.fault(message, error.help);
                None
            }
        }
    }

    /// A string, with variables replaced; or what a file says: `{ "file": "…" }`.
    pub(super) fn text_or_file(&self, folder: &Path) -> Option<String> {
        if !matches!(self.value, Value::Object(_)) {
            return self.expanded();
        }
        let file = self.object::<Secret>()?.read(Secret::FILE)?;
        file.content(folder)
    }

    /// What the file of this name says, relative to `folder`, up to a last line break.
    pub(super) fn content(&self, folder: &Path) -> Option<String> {
        self.file_name()?;
        let path = folder.join(self.expanded()?);
        let within = self.context.within.map(Folder::new);
        let read = within
            .unwrap_or_else(|| Ok(Folder::all()))
            .map_err(FileError::from);
        let read = read.and_then(|within| within.read_text(&absolute(&path)?, MAX_SECRET));
        let wrong = match read {
            Ok(text) => {
                let text = text.strip_suffix('\n').unwrap_or(&text);
                return Some(text.strip_suffix('\r').unwrap_or(text).to_owned());
            }
            Err(FileError::Outside) => {
                let help = "put the file into the app's folder".to_owned();
                self.fault(
                    format!("{} is outside of the app's folder", path.display()),
                    help,
                );
                return None;
            }
            Err(error @ FileError::TooLarge(_)) => format!("{error}, and a value may not"),
            Err(error) => error.to_string(),
        };
        let help = "paths are relative to the folder of the file that names them".to_owned();
        self.fault(format!("cannot read {}: {wrong}", path.display()), help);
        None
    }

    /// Any value as the text of a JSON value, with variables in strings replaced.
    pub(super) fn json(&self) -> Option<String> {
        let mut text = String::new();
        self.write_json(&mut text)?;
        Some(text)
    }

    fn write_json(&self, text: &mut String) -> Option<()> {
        let quoted = |string: &str| serde_json::Value::from(string).to_string();
        match self.value {
            Value::StringLit(_) => text.push_str(&quoted(&self.expanded()?)),
            Value::NumberLit(number) => text.push_str(number.value),
            Value::BooleanLit(literal) => text.push_str(&literal.value.to_string()),
            Value::NullKeyword(_) => text.push_str("null"),
            Value::Array(_) => {
                text.push('[');
                for (index, element) in self.elements()?.enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    element.write_json(text)?;
                }
                text.push(']');
            }
            Value::Object(_) => {
                text.push('{');
                for (index, (name, value)) in self.members()?.enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    text.push_str(&quoted(name));
                    text.push(':');
                    value.write_json(text)?;
                }
                text.push('}');
            }
        }
        Some(())
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, bounds: RangeInclusive<u64>) -> Option<u64> {
        let what = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let Value::NumberLit(number) = self.value else {
            let help = match self.value {
                Value::StringLit(text) if text.value.parse::<u64>().is_ok() => {
                    Some(format!("leave out the quotes: {}", text.value))
                }
                _ => None,
            };
            self.expected(&what, help);
            return None;
        };
        match number.value.parse() {
            Ok(value) if bounds.contains(&value) => Some(value),
            _ => {
                self.fault(format!("expected {what}, found {}", number.value), None);
                None
            }
        }
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&self) -> Option<f64> {
        let number = self.number().and_then(|number| number.parse().ok());
        let found = number.filter(|number| (0.0..=1.0).contains(number));
        if found.is_none() {
            self.expected("a number from 0 to 1", None);
        }
        found
    }

    /// An array's elements.
    pub(super) fn array(&self) -> Option<Vec<Located<'a>>> {
        Some(self.elements()?.collect())
    }

    fn elements(&self) -> Option<impl Iterator<Item = Located<'a>>> {
        let Value::Array(array) = self.value else {
            self.expected("an array", "write what it is in brackets: [ … ]".to_owned());
            return None;
        };
        let element = move |(index, value)| Located {
            value,
            name: self.name.with(Part::Element(index)),
            context: self.context,
            is_private: self.is_private,
        };
        Some(array.elements.iter().enumerate().map(element))
    }

    /// One string, or an array of strings.
    pub(super) fn one_or_many(&self) -> Option<Vec<Located<'a>>> {
        match self.value {
            Value::StringLit(_) => Some(vec![self.clone()]),
            Value::Array(_) => self.array(),
            _ => {
                self.expected("a string or an array of strings", None);
                None
            }
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// Whether it is an object with nothing but fields of other names than this one, and than what may have been meant for it.
    pub(super) fn is_another_object_than_with(&self, name: &str) -> bool {
        let Value::Object(object) = self.value else {
            return false;
        };
        let mut fields = object.properties.iter();
        fields.all(|field| {
            let other = field.name.as_str();
            other != name && closest(other, &[name]).is_none()
        })
    }

    /// An object of a kind.
    pub(super) fn object<O: Object>(&self) -> Option<Fields<'a, O>> {
        let known: Vec<_> = O::FIELDS.iter().map(|field| field.name()).collect();
        let known = known.as_slice();
        if !self.is_object() {
            self.expected("an object", fields_of(known));
            return None;
        }
        let fields = self.fields()?;
        for property in &fields.object.properties {
            let name = property.name.as_str();
            if !known.contains(&name) {
                // What is only counted is compared with nothing.
                let help = (!self.context.faults.is_full()).then(|| match closest(name, known) {
                    Some(close) => format!("did you mean \"{close}\"?"),
                    None => fields_of(known),
                });
                let at = property.name.range();
                self.context.faults.add(
                    at.start..at.end,
                    fields.name.field(name),
                    format!("unknown field \"{name}\""),
                    help,
                );
            }
        }
        Some(fields)
    }

    /// The values of an object whose field names are the user's.
    pub(super) fn entries(&self) -> Option<Vec<(&'a str, Located<'a>)>> {
        Some(self.members()?.collect())
    }

    fn members(&self) -> Option<impl Iterator<Item = (&'a str, Located<'a>)>> {
        let fields = self.fields::<AnyFields>()?;
        let properties = fields.object.properties.iter();
        let entry =
            move |property: &'a ObjectProp<'a>| (property.name.as_str(), fields.located(property));
        Some(properties.map(entry))
    }

    fn fields<O>(&self) -> Option<Fields<'a, O>> {
        let Value::Object(object) = self.value else {
            self.expected("an object", None);
            return None;
        };
        let fields = Fields {
            object,
            name: self.name.clone(),
            context: self.context,
            kind: PhantomData,
        };
        let mut names = HashSet::new();
        for property in &object.properties {
            let name = property.name.as_str();
            if !names.insert(name) {
                let at = property.name.range();
                self.context.faults.add(
                    at.start..at.end,
                    fields.name.field(name),
                    format!("the field \"{name}\" occurs twice in one object"),
                    Some("keep one of them".to_owned()),
                );
            }
        }
        Some(fields)
    }
}

impl<'a, O> Fields<'a, O> {
    fn located(&self, property: &'a ObjectProp<'a>) -> Located<'a> {
        Located {
            value: &property.value,
            name: self.name.field(property.name.as_str()),
            context: self.context,
            is_private: false,
        }
    }

    /// What is in the field of this name.
    pub(super) fn named(&self, name: &str) -> Option<Located<'a>> {
        Some(self.located(self.object.get(name)?))
    }

    /// A field's value as it stands there, if it does. `null` is not absence: it is a value of the wrong type.
    pub(super) fn get<K>(&self, field: &Field<O, K>) -> Option<Located<'a>> {
        self.named(field.name)
    }

    /// What a field says. `None`: it is not there, or not as it should be; where that is wrong, it has been said.
    pub(super) fn read<K: Kind>(&self, field: Field<O, K>) -> Option<K::Output<'a>> {
        if let Some(value) = self.get(&field) {
            return field.kind.read(&value);
        }
        if let Some(help) = field.missing {
            self.is_missing(field.name, help);
        }
        None
    }

    /// Says that a field is missing, and what to do.
    pub(super) fn is_missing(&self, name: &'static str, help: &str) {
        let start = self.object.range.start;
        self.context.faults.add(
            start..start + 1,
            self.name.field(name),
            format!("the field \"{name}\" is missing"),
            Some(help.to_owned()),
        );
    }

    /// Has `to` be what a field says, if it says something.
    pub(super) fn read_over<K>(&self, field: Field<O, K>, to: &mut K::Output<'a>)
    where
        K: Kind,
    {
        if let Some(value) = self.read(field) {
            *to = value;
        }
    }
}

fn range(value: &Value<'_>) -> Range<usize> {
    let range = value.range();
    // Of an object or an array, its first character: its end may be a screen away.
    match value {
        Value::Object(_) | Value::Array(_) => range.start..range.start + 1,
        _ => range.start..range.end,
    }
}

/// What may be written in an object.
fn fields_of(known: &[&str]) -> String {
    let list = known.iter().filter(|name| !name.starts_with('$'));
    let list: Vec<_> = list.map(|name| format!("\"{name}\"")).collect();
    format!("the fields here are {}", list.join(", "))
}

fn describe(value: &Value<'_>) -> String {
    match value {
        Value::StringLit(text) => format!("the string {:?}", text.value),
        Value::NumberLit(number) => format!("the number {}", number.value),
        Value::BooleanLit(boolean) => boolean.value.to_string(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::NullKeyword(_) => "null".to_owned(),
    }
}

/// The known name that a person most likely meant.
fn closest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if name.len() > MAX_MEANT {
        return None;
    }
    let simple = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let score = |candidate: &&str| strsim::jaro_winkler(&simple(name), &simple(candidate));
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) > 0.8).then_some(*best)
}
