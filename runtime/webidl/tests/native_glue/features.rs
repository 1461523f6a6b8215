//! What the interfaces of features.webidl do.

pub mod trusted {
    use nano_webidl::{Fallible, Trace};

    use crate::bindings::trusted::TrustedMethods;

    #[derive(Trace)]
    pub struct Trusted;

    impl TrustedMethods for Trusted {
        fn constructor() -> Fallible<Self> {
            Ok(Trusted)
        }

        fn is_trusted(&self) -> bool {
            true
        }

        fn vouch(&self, what: String) -> Fallible<String> {
            Ok(format!("{what} is good"))
        }
    }
}

pub mod trusted_child {
    use nano_webidl::{Fallible, Trace};

    use super::trusted::Trusted;
    use crate::bindings::trusted_child::TrustedChildMethods;

    #[derive(Trace)]
    pub struct TrustedChild(Trusted);

    impl AsRef<Trusted> for TrustedChild {
        fn as_ref(&self) -> &Trusted {
            &self.0
        }
    }

    impl TrustedChildMethods for TrustedChild {
        fn constructor() -> Fallible<Self> {
            Ok(TrustedChild(Trusted))
        }
    }
}

pub mod lenient {
    use std::cell::Cell;

    use nano_webidl::{Fallible, Ref, Scope, Trace, Traced};

    use super::shape::Shape;
    use crate::bindings::lenient::LenientMethods;

    #[derive(Default, Trace)]
    pub struct Lenient {
        loose: Cell<i32>,
        shape: Traced<v8::Object>,
    }

    impl LenientMethods for Lenient {
        fn constructor() -> Fallible<Self> {
            Ok(Lenient::default())
        }

        fn shape<'s>(&self, scope: &mut Scope<'s, '_>) -> Ref<'s, Shape> {
            let known = self.shape.get(scope);
            if let Some(shape) = known.and_then(|shape| Ref::from_value(scope, shape.into())) {
                return shape;
            }
            let shape = Ref::new(scope, Shape::of("kept"));
            self.shape.set(scope, shape.object());
            shape
        }

        fn quiet(&self) -> i32 {
            1
        }

        fn loose(&self) -> i32 {
            self.loose.get()
        }

        fn set_loose(&self, value: i32) -> Fallible<()> {
            self.loose.set(value);
            Ok(())
        }

        fn spare(&self) -> i32 {
            2
        }
    }
}

pub mod shape {
    use std::cell::RefCell;

    use nano_webidl::{Fallible, Ref, Scope, Trace};

    use crate::bindings::shape::ShapeMethods;

    #[derive(Trace)]
    pub struct Shape(#[untraced] RefCell<String>);

    impl Shape {
        pub fn of(how: impl Into<String>) -> Shape {
            Shape(RefCell::new(how.into()))
        }
    }

    impl ShapeMethods for Shape {
        fn constructor() -> Fallible<Self> {
            Ok(Shape::of("nothing"))
        }

        fn constructor_usv_string(name: String) -> Fallible<Self> {
            Ok(Shape::of(format!("name {name}")))
        }

        fn constructor_shape<'s>(
            _: &mut Scope<'s, '_>,
            other: Ref<'s, Shape>,
            scale: i32,
        ) -> Fallible<Self> {
            Ok(Shape::of(format!("({}) by {scale}", other.how())))
        }

        fn constructor_sequence(names: Vec<String>) -> Fallible<Self> {
            Ok(Shape::of(format!("names {}", names.join("+"))))
        }

        fn how(&self) -> String {
            self.0.borrow().clone()
        }

        fn set_how(&self, value: String) -> Fallible<()> {
            *self.0.borrow_mut() = value;
            Ok(())
        }

        fn pick(&self, value: i32) -> Fallible<String> {
            Ok(format!("long {value}"))
        }

        fn pick_usv_string(&self, value: String, rest: Vec<String>) -> Fallible<String> {
            Ok(format!("string {value} and {}", rest.join("+")))
        }

        fn pick_boolean(&self, a: bool, b: i32, c: i32) -> Fallible<String> {
            Ok(format!("boolean {a} {b} {c}"))
        }
    }
}

pub mod registry {
    use nano_webidl::idl::{Double, UsvString};
    use nano_webidl::maplike::MapEntries;
    use nano_webidl::{Fallible, Trace};

    use crate::bindings::registry::RegistryMethods;

    #[derive(Trace)]
    pub struct Registry(MapEntries<UsvString, Double>);

    impl RegistryMethods for Registry {
        fn constructor() -> Fallible<Self> {
            Ok(Registry(MapEntries::default()))
        }

        fn map_entries(&self) -> &MapEntries<UsvString, Double> {
            &self.0
        }
    }
}

pub mod scores {
    use std::cell::RefCell;

    use nano_webidl::idl::{Double, UsvString};
    use nano_webidl::maplike::MapEntries;
    use nano_webidl::{Fallible, Ref, Scope, Trace};

    use crate::bindings::scores::ScoresMethods;

    #[derive(Trace)]
    pub struct Scores {
        #[untraced]
        initial: RefCell<Vec<(String, f64)>>,
        entries: MapEntries<Double, UsvString>,
    }

    impl ScoresMethods for Scores {
        fn constructor(initial: Vec<(String, f64)>) -> Fallible<Self> {
            Ok(Scores {
                initial: RefCell::new(initial),
                entries: MapEntries::default(),
            })
        }

        fn constructed<'s>(scope: &mut Scope<'s, '_>, this: Ref<'s, Self>) -> Fallible<()> {
            for (name, points) in this.initial.take() {
                let both = this.entries.get(scope, points)?;
                let both = both.map_or(name.clone(), |other| format!("{other}, {name}"));
                this.entries.set(scope, points, both)?;
            }
            Ok(())
        }

        fn map_entries(&self) -> &MapEntries<Double, UsvString> {
            &self.entries
        }
    }
}

pub mod own_registry {
    use nano_webidl::idl::{Long, UsvString};
    use nano_webidl::maplike::MapEntries;
    use nano_webidl::{Fallible, Trace};

    use crate::bindings::own_registry::OwnRegistryMethods;

    #[derive(Default, Trace)]
    pub struct OwnRegistry(MapEntries<UsvString, Long>);

    impl OwnRegistryMethods for OwnRegistry {
        fn constructor() -> Fallible<Self> {
            Ok(OwnRegistry::default())
        }

        fn set(&self, scope: &mut nano_webidl::Scope, key: String, value: i32) -> Fallible<()> {
            self.0.set(scope, key, value * 2)
        }

        fn clear(&self) -> Fallible<()> {
            Err(nano_webidl::type_error("this registry is kept"))
        }

        fn map_entries(&self) -> &MapEntries<UsvString, Long> {
            &self.0
        }
    }
}

pub mod tags {
    use nano_webidl::idl::Double;
    use nano_webidl::setlike::SetEntries;
    use nano_webidl::{Fallible, Trace};

    use crate::bindings::tags::TagsMethods;

    #[derive(Default, Trace)]
    pub struct Tags(SetEntries<Double>);

    impl TagsMethods for Tags {
        fn constructor() -> Fallible<Self> {
            Ok(Tags::default())
        }

        fn set_entries(&self) -> &SetEntries<Double> {
            &self.0
        }
    }
}

pub mod shapes {
    use std::cell::RefCell;

    use nano_webidl::idl::Interface;
    use nano_webidl::setlike::SetEntries;
    use nano_webidl::{Fallible, Ref, Scope, Trace};

    use super::shape::Shape;
    use crate::bindings::shapes::ShapesMethods;

    #[derive(Trace)]
    pub struct Shapes {
        #[untraced]
        initial: RefCell<Vec<v8::Global<v8::Object>>>,
        entries: SetEntries<Interface<Shape>>,
    }

    impl ShapesMethods for Shapes {
        fn constructor<'s>(
            scope: &mut Scope<'s, '_>,
            shapes: Vec<Ref<'s, Shape>>,
        ) -> Fallible<Self> {
            let shapes = shapes.iter().map(|s| v8::Global::new(scope, s.object()));
            Ok(Shapes {
                initial: RefCell::new(shapes.collect()),
                entries: SetEntries::default(),
            })
        }

        fn constructed<'s>(scope: &mut Scope<'s, '_>, this: Ref<'s, Self>) -> Fallible<()> {
            for shape in this.initial.take() {
                let shape = v8::Local::new(scope, &shape);
                let shape = Ref::from_value(scope, shape.into()).expect("a shape");
                this.entries.add(scope, shape)?;
            }
            Ok(())
        }

        fn set_entries(&self) -> &SetEntries<Interface<Shape>> {
            &self.entries
        }
    }
}

pub mod list {
    use nano_webidl::{Fallible, Trace};

    use crate::bindings::list::ListMethods;

    /// Tens: 0, 10, 20, …
    #[derive(Trace)]
    pub struct List(pub u32);

    impl ListMethods for List {
        fn constructor(length: u32) -> Fallible<Self> {
            Ok(List(length))
        }

        fn length(&self) -> u32 {
            self.0
        }

        fn item(&self, index: u32) -> Fallible<Option<u32>> {
            Ok((index < self.0).then_some(index * 10))
        }

        fn supported_property_indices(&self) -> u32 {
            self.0
        }
    }
}

pub mod list_child {
    use nano_webidl::{Fallible, Trace};

    use super::list::List;
    use crate::bindings::list_child::ListChildMethods;

    #[derive(Trace)]
    pub struct ListChild(List);

    impl AsRef<List> for ListChild {
        fn as_ref(&self) -> &List {
            &self.0
        }
    }

    impl ListChildMethods for ListChild {
        fn constructor() -> Fallible<Self> {
            Ok(ListChild(List(2)))
        }
    }
}

pub mod letters {
    use nano_webidl::{Fallible, Trace, range_error};

    use crate::bindings::letters::LettersMethods;

    #[derive(Trace)]
    pub struct Letters(Vec<char>);

    impl LettersMethods for Letters {
        fn constructor(text: String) -> Fallible<Self> {
            Ok(Letters(text.chars().collect()))
        }

        fn length(&self) -> u32 {
            self.0.len() as u32
        }

        fn supported_property_indices(&self) -> u32 {
            self.0.len() as u32
        }

        fn indexed_value(&self, index: u32) -> Fallible<String> {
            match self.0[index as usize] {
                '!' => Err(range_error("that is no letter")),
                letter => Ok(letter.to_string()),
            }
        }
    }
}

/// The mixin `Named`, for whatever has a name.
pub mod named {
    use nano_webidl::{Fallible, PlatformObject};

    use crate::bindings::named::NamedMethods;

    pub trait WithName {
        const NAME: &'static str;
    }

    impl<T: PlatformObject + WithName> NamedMethods for T {
        fn name(&self) -> String {
            <T as WithName>::NAME.to_owned()
        }

        fn greet(&self, greeting: String) -> Fallible<String> {
            Ok(format!("{greeting} {}", self.name()))
        }

        fn stringify(&self, _: &mut nano_webidl::Scope) -> Fallible<String> {
            Ok(format!("[{}]", self.name()))
        }
    }
}

pub mod cat {
    use nano_webidl::{Fallible, Trace};

    use super::named::WithName;
    use crate::bindings::cat::CatMethods;

    #[derive(Trace)]
    pub struct Cat;

    impl WithName for Cat {
        const NAME: &'static str = "Cat";
    }

    impl CatMethods for Cat {
        fn constructor() -> Fallible<Self> {
            Ok(Cat)
        }
    }
}

pub mod dog {
    use nano_webidl::{Fallible, Trace};

    use super::named::WithName;
    use crate::bindings::dog::DogMethods;

    #[derive(Trace)]
    pub struct Dog;

    impl WithName for Dog {
        const NAME: &'static str = "Dog";
    }

    impl DogMethods for Dog {
        fn constructor() -> Fallible<Self> {
            Ok(Dog)
        }

        fn barks(&self) -> bool {
            true
        }
    }
}

pub mod stamp {
    use nano_webidl::{Fallible, Ref, Scope, Serializable, Trace};

    use crate::bindings::stamp::StampMethods;

    #[derive(Trace)]
    pub struct Stamp {
        text: String,
    }

    impl Serializable for Stamp {
        type Data = String;

        fn serialize<'s>(_: &mut Scope<'s, '_>, stamp: Ref<'s, Self>) -> Fallible<String> {
            Ok(stamp.value().text.clone())
        }

        fn deserialize<'s>(
            scope: &mut Scope<'s, '_>,
            text: &String,
        ) -> Fallible<v8::Local<'s, v8::Object>> {
            let text = format!("{text}, copied");
            Ok(Ref::new(scope, Stamp { text }).object())
        }

        fn data_size(text: &String) -> usize {
            text.len()
        }
    }

    impl StampMethods for Stamp {
        fn constructor(text: String) -> Fallible<Self> {
            Ok(Stamp { text })
        }

        fn text(&self) -> String {
            self.text.clone()
        }
    }
}
