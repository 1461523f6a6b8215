//! Extended attributes.

/// Extended attributes by name, <https://webidl.spec.whatwg.org/#idl-extended-attributes>. One that occurs twice keeps both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtendedAttributes(pub Vec<ExtendedAttribute>);

/// One extended attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtendedAttribute {
    /// `SameObject`
    pub name: String,
    /// What follows the name.
    pub value: ExtendedAttributeValue,
}

/// The forms of an extended attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum ExtendedAttributeValue {
    /// `[X]`
    None,
    /// `[X=y]`, `[X="y"]`, `[X=*]`
    Identifier(String),
    /// `[X=(a, b)]`
    List(Vec<String>),
}

impl ExtendedAttributes {
    /// Whether the attribute is there, in any form.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first attribute of that name.
    pub fn get(&self, name: &str) -> Option<&ExtendedAttributeValue> {
        self.0.iter().find(|a| a.name == name).map(|a| &a.value)
    }

    /// The value of `[name=value]`.
    pub fn identifier(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(ExtendedAttributeValue::Identifier(value)) => Some(value),
            _ => None,
        }
    }
}
