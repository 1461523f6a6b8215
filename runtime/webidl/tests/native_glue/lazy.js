// Runs as checks.js does, in an isolate of its own: interface objects that are made when they are first asked for look as if they had
// been there from the beginning. Dog is eager, List is a parent, ListChild its child; the others are lazy.
"use strict";

function same(actual, expected) {
  if (!Object.is(actual, expected)) throw new Error(`expected ${String(expected)}, found ${String(actual)}`);
}

// https://webidl.spec.whatwg.org/#define-the-global-property-references: a property like any other of a class.
function isInterface(name, parent = Function.prototype) {
  const property = Object.getOwnPropertyDescriptor(globalThis, name);
  same([property.writable, property.enumerable, property.configurable].join(), "true,false,true");
  const { value } = property;
  same(globalThis[name], value);
  same(value.name, name);
  same(value.prototype.constructor, value);
  same(Object.getPrototypeOf(value), parent);
  // The same after it was read.
  same(Object.getOwnPropertyDescriptor(globalThis, name).value, value);
  return value;
}

const names = Reflect.ownKeys(globalThis);
for (const name of ["Tags", "Shapes", "Scores", "Dog"]) {
  same(names.includes(name), true);
  same(name in globalThis, true);
  same(Object.keys(globalThis).includes(name), false);
}

// Read first, as a variable and as a property.
same(typeof OwnRegistry, "function");
same(new OwnRegistry() instanceof OwnRegistry, true);
isInterface("OwnRegistry");
isInterface("Registry");
isInterface("Dog");
isInterface("ListChild", isInterface("List"));

// An object first: its constructor is what the global will have.
const { constructor } = new Lenient().shape;
same(Object.getPrototypeOf(constructor), Function.prototype);
same(isInterface("Shape"), constructor);
same(new Shape() instanceof constructor, true);

// Assigned, deleted or defined before it is read.
for (const value of ["yours", "mine"]) globalThis.Tags = value;
same(Tags, "mine");
same(Object.getOwnPropertyDescriptor(globalThis, "Tags").enumerable, false);
same(delete globalThis.Shapes, true);
same(typeof Shapes, "undefined");
same(names.includes("Shapes") && !Reflect.ownKeys(globalThis).includes("Shapes"), true);
globalThis.Shapes = 1;
same(Object.getOwnPropertyDescriptor(globalThis, "Shapes").enumerable, true);
Object.defineProperty(globalThis, "Scores", { value: "mine" });
const scores = Object.getOwnPropertyDescriptor(globalThis, "Scores");
same([scores.value, scores.writable, scores.enumerable, scores.configurable].join(), "mine,true,false,true");
Object.defineProperty(globalThis, "Letters", { get: () => "mine" });
same(Letters, "mine");
const stamp = Object.defineProperty({ __proto__: globalThis }, "Stamp", { value: "inherits" });
same(stamp.Stamp, "inherits");
same({ __proto__: globalThis }.Cat, isInterface("Cat"));

// Where the stack is full, the property stays as it is, or has the whole object.
(function deep() {
  try {
    deep();
  } catch {
    Stamp;
  }
})();
isInterface("Stamp");
