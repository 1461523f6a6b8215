// Runs in the context that has the interfaces of features.webidl, as an app would. Throws where something is wrong.
"use strict";

function same(actual, expected) {
  if (Object.is(actual, expected)) return;
  const both = (value) => typeof value === "object" && value !== null;
  if (!both(actual) || !both(expected)) throw new Error(`expected ${String(expected)}, found ${String(actual)}`);
  const keys = Reflect.ownKeys(expected);
  same(Reflect.ownKeys(actual).length, keys.length);
  for (const key of keys) same(actual[key], expected[key]);
}

function throws(run, message, Kind = TypeError) {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Kind)) throw new Error(`expected a ${Kind.name}, found ${error}`);
    if (message !== undefined) same(error.message, message);
    return;
  }
  throw new Error(`expected an exception of ${run}`);
}

const own = (object, key) => Object.getOwnPropertyDescriptor(object, key);

// What an app changes must not be noticed.
const MapIteratorPrototype = Object.getPrototypeOf(new Map().entries());
const SetIteratorPrototype = Object.getPrototypeOf(new Set().values());
for (const Collection of [Map, Set]) {
  for (const key of ["entries", "keys", "values", "forEach", "get", "has", "set", "add", "delete", "clear"]) {
    if (key in Collection.prototype) {
      Collection.prototype[key] = () => {
        throw new Error(`${key} of the app's was called`);
      };
    }
  }
}

// [LegacyUnforgeable]
const trusted = new Trusted();
const isTrusted = own(trusted, "isTrusted");
same([typeof isTrusted.get, isTrusted.set, isTrusted.enumerable, isTrusted.configurable], ["function", undefined, true, false]);
same(isTrusted.get.name, "get isTrusted");
same("isTrusted" in Trusted.prototype, false);
same(trusted.isTrusted, true);
same(own(new Trusted(), "isTrusted").get, isTrusted.get);
throws(() => isTrusted.get.call({}), "Failed to read the 'isTrusted' property from 'Trusted': Illegal invocation");
throws(() => Object.defineProperty(trusted, "isTrusted", { value: false }));
throws(() => { trusted.isTrusted = false; });
same(Reflect.deleteProperty(trusted, "isTrusted"), false);
const vouch = own(trusted, "vouch");
same([vouch.writable, vouch.enumerable, vouch.configurable, vouch.value.length, vouch.value.name], [false, true, false, 1, "vouch"]);
same(trusted.vouch("bread"), "bread is good");
throws(() => { trusted.vouch = null; });
const child = new TrustedChild();
same(child.isTrusted, true);
same(child.vouch("cake"), "cake is good");
same(own(child, "isTrusted").get, isTrusted.get);
same(own(child, "vouch").value, vouch.value);
same(child instanceof Trusted, true);
class Mine extends Trusted {}
same(Object.hasOwn(new Mine(), "isTrusted"), true);

// [PutForwards], [LegacyLenientSetter], [LegacyLenientThis], [Replaceable]
const lenient = new Lenient();
lenient.shape = "forwarded";
same(lenient.shape.how, "forwarded");
same(own(Lenient.prototype, "shape").set.length, 1);
// Objects that native code makes are each for itself.
const [made, other] = [new Lenient().shape, new Lenient().shape];
made.mark = 1;
same([made.how, other.how, made === other, made instanceof Shape], ["kept", "kept", false, true]);
same([Object.keys(made), Object.keys(other), Object.keys(new Lenient().shape)], [["mark"], [], []]);
throws(() => own(Lenient.prototype, "shape").set.call({}, 1));
lenient.quiet = 9;
same(lenient.quiet, 1);
throws(() => own(Lenient.prototype, "quiet").set.call({}, 1));
lenient.loose = 5;
same(lenient.loose, 5);
// A setter that is called without a value gets undefined.
own(Lenient.prototype, "loose").set.call(lenient);
same(lenient.loose, 0);
same(own(Lenient.prototype, "loose").get.call({}), undefined);
same(own(Lenient.prototype, "loose").set.call({}, 1), undefined);
throws(() => own(Lenient.prototype, "spare").set.call({}, 1));
lenient.spare = "mine";
same(own(lenient, "spare"), { value: "mine", writable: true, enumerable: true, configurable: true });
throws(() => { Object.freeze(new Lenient()).spare = 1; }, "Failed to set the 'spare' property on 'Lenient': the property cannot be replaced.");

// Overloads.
same(Shape.length, 0);
same(new Shape().how, "nothing");
same(new Shape("a").how, "name a");
same(new Shape(1).how, "name 1");
same(new Shape(undefined).how, "name undefined");
same(new Shape(new Shape("a")).how, "(name a) by 1");
same(new Shape(new Shape("a"), 3, "unused").how, "(name a) by 3");
same(new Shape(["a", "b"]).how, "names a+b");
same(new Shape(["a"].values()).how, "names a");
throws(() => new Shape("a", 1), "Failed to construct 'Shape': parameter 1 is not of type 'Shape'.");
throws(() => Shape("a"));
const shape = new Shape();
same(shape.pick(1), "long 1");
same(shape.pick("1"), "string 1 and ");
same(shape.pick("a", "b"), "string a and b");
same(shape.pick("a", "b", "c"), "string a and b+c");
same(shape.pick(true, 1, 2), "boolean true 1 2");
same(shape.pick(true), "string true and ");
same(shape.pick("a", "b", "c", "d", "e"), "string a and b+c+d+e");
throws(() => shape.pick(), "Failed to execute 'pick' on 'Shape': 1 argument required, but only 0 present.");

// maplike
const registry = new Registry();
same(registry.size, 0);
same(registry.set("a", 1), registry);
same(registry.set(2, "2").set("c", -0), registry);
same([registry.size, registry.get("a"), registry.get("2"), registry.get("c"), registry.get("d")], [3, 1, 2, -0, undefined]);
same([registry.has("a"), registry.has("d"), registry.delete("a"), registry.delete("a")], [true, false, true, false]);
throws(() => registry.set("a", NaN), "Failed to execute 'set' on 'Registry': parameter 2 is not a finite number.");
throws(() => registry.set(Symbol(), 1));
same(registry.has(), false);
same([...registry], [["2", 2], ["c", -0]]);
same([...registry.keys()], ["2", "c"]);
same([...registry.values()], [2, -0]);
same(Object.getPrototypeOf(registry.keys()), MapIteratorPrototype);
same(registry[Symbol.iterator], registry.entries);
const seen = [];
registry.forEach(function (value, key, object) { seen.push(this, value, key, object); }, "this");
same(seen, ["this", 2, "2", registry, "this", -0, "c", registry]);
throws(() => registry.forEach(1), "Failed to execute 'forEach' on 'Registry': parameter 1 is not a function.");
throws(() => registry.forEach(() => { throw new RangeError("mine"); }), "mine", RangeError);
const live = registry.keys();
registry.clear();
registry.set("z", 1);
same([...live], ["z"]);
same([Registry.prototype.get.length, Registry.prototype.set.length, Registry.prototype.forEach.length, Registry.prototype.clear.length], [1, 2, 1, 0]);
for (const key of ["entries", "keys", "values", "forEach", "get", "has", "set", "delete", "clear"]) {
  const descriptor = own(Registry.prototype, key);
  same([descriptor.writable, descriptor.enumerable, descriptor.configurable, descriptor.value.name], [true, true, true, key]);
  throws(() => descriptor.value.call(new Map()));
}
const size = own(Registry.prototype, "size");
same([size.get.name, size.set, size.enumerable, size.configurable], ["get size", undefined, true, true]);
same(own(Registry.prototype, Symbol.iterator).enumerable, false);

const scores = new Scores({ ann: 1, bob: 0, cid: 1, dan: -0 });
same([...scores], [[1, "ann, cid"], [0, "bob, dan"]]);
same([scores.get(-0), scores.has(1)], ["bob, dan", true]);
same(["set", "delete", "clear"].map((key) => key in scores), [false, false, false]);

const ownRegistry = new OwnRegistry();
same(ownRegistry.set("a", 4), undefined);
same(ownRegistry.get("a"), 8);
throws(() => ownRegistry.clear(), "Failed to execute 'clear' on 'OwnRegistry': this registry is kept");
same(ownRegistry.delete("a"), true);

// setlike
const tags = new Tags();
same(tags.add(1).add("2").add(1), tags);
same(tags.add(-0).has(0), true);
same([...tags], [1, 2, 0]);
same([...tags.entries()], [[1, 1], [2, 2], [0, 0]]);
same([tags.size, tags.delete(1), tags.delete(1), tags.size], [3, true, false, 2]);
same([Tags.prototype.keys, Tags.prototype[Symbol.iterator]], [Tags.prototype.values, Tags.prototype.values]);
same([Tags.prototype.keys.name, Tags.prototype.add.length, Tags.prototype.clear.length], ["values", 1, 0]);
same(Object.getPrototypeOf(tags.values()), SetIteratorPrototype);
seen.length = 0;
tags.forEach((value, key, object) => seen.push(value, key, object));
same(seen, [2, 2, tags, 0, 0, tags]);
throws(() => tags.add(Infinity));
tags.clear();
same(tags.size, 0);

const [first, second] = [new Shape("1"), new Shape("2")];
const shapes = new Shapes([first, second, first]);
same([...shapes], [first, second]);
throws(() => shapes.has({}), "Failed to execute 'has' on 'Shapes': parameter 1 is not of type 'Shape'.");
same(["add", "delete", "clear"].map((key) => key in shapes), [false, false, false]);

// Indexed properties.
const list = new List(3);
same([list[0], list[2], list[3], list[-1], list.item(1), list.item(3)], [0, 20, undefined, undefined, 10, null]);
same(["0" in list, 3 in list, Object.hasOwn(list, 2)], [true, false, true]);
same(own(list, 1), { value: 10, writable: false, enumerable: true, configurable: true });
same(own(list, 3), undefined);
list.extra = 1;
same(Reflect.ownKeys(list), ["0", "1", "2", "extra"]);
same(Object.keys(list), ["0", "1", "2", "extra"]);
throws(() => { list[0] = 1; });
throws(() => { list[7] = 1; });
same([Reflect.set(list, 0, 1), Reflect.set(list, 7, 1), list[0], list[7]], [false, false, 0, undefined]);
throws(() => Object.defineProperty(list, 0, { value: 1 }));
same([Reflect.defineProperty(list, 7, { value: 1 }), Reflect.defineProperty(list, 7, { get() {} }), 7 in list], [false, false, false]);
same([Reflect.deleteProperty(list, 0), Reflect.deleteProperty(list, 7)], [false, true]);
throws(() => { delete list[0]; });
same(Object.create(list)[1], 10);
throws(() => { Object.create(list)[1] = 2; });
throws(() => Object.preventExtensions(list));
for (const [key, of] of [["entries"], ["keys"], ["values"], ["forEach"], [Symbol.iterator, "values"]]) {
  same(List.prototype[key], Array.prototype[of ?? key]);
}
same([own(List.prototype, "keys").enumerable, own(List.prototype, Symbol.iterator).enumerable], [true, false]);
same([...list], [0, 10, 20]);
same([...list.entries()], [[0, 0], [1, 10], [2, 20]]);
same(Array.from(list), [0, 10, 20]);
same(Array.prototype.map.call(list, (item) => item + 1), [1, 11, 21]);
const listChild = new ListChild();
same([listChild.length, listChild[1], listChild[2], [...listChild].length], [2, 10, undefined, 2]);
let sum = 0;
for (let round = 0; round < 20000; round++) sum += list[round % 4] ?? 1;
same(sum, 155000);

const letters = new Letters("ab!");
same([letters[0], letters[1], letters[3]], ["a", "b", undefined]);
throws(() => letters[2], "Failed to read an indexed property from 'Letters': that is no letter", RangeError);
same(["forEach" in letters, letters[Symbol.iterator]], [false, Array.prototype.values]);

// Mixins.
const [cat, dog] = [new Cat(), new Dog()];
same([cat.name, dog.name, cat.greet("hello"), dog.greet("good"), `${cat}${dog}`, dog.barks], ["Cat", "Dog", "hello Cat", "good Dog", "[Cat][Dog]", true]);
throws(() => Cat.prototype.greet.call(dog, "hello"));
