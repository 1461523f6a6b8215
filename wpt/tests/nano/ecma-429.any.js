// META: title=The Minimum Common Web Platform API, member by member
// META: timeout=long
// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// The standard says which interfaces and globals there are; what their members are say the standards that it refers to.

const SCOPES = ["WindowOrWorkerGlobalScope", "WorkerGlobalScope"];

/** The globals that are members of no interface or namespace of the list, each with its object, and where it is defined. */
const homes = (name) => {
  const [owner, member] = name.split(".");
  if (member === undefined) return [globalThis, owner, SCOPES];
  return [Object.getPrototypeOf(globalThis[owner]), member, ["NavigatorID"]];
};

/** https://webidl.spec.whatwg.org/#define-the-attributes and #define-the-operations */
function hasMember(object, name, [definition, ...overloads]) {
  const { enumerable, configurable, writable, value, get, set } = Object.getOwnPropertyDescriptor(object, name);
  assert_true(enumerable && configurable, "enumerable and configurable");
  if (definition.type === "attribute") {
    assert_equals(get.name, `get ${name}`);
    assert_equals(get.length, 0);
    assert_equals(set?.name, definition.readonly ? undefined : `set ${name}`);
    assert_equals(set?.length, definition.readonly ? undefined : 1);
  } else {
    const required = ({ arguments: list }) => list.filter(({ optional, variadic }) => !optional && !variadic).length;
    assert_true(writable, "writable");
    assert_equals(value.name, name);
    assert_equals(value.length, Math.min(...[definition, ...overloads].map(required)));
  }
}

idl_test(
  [
    "FileAPI", "compression", "console", "dom", "encoding", "fetch", "hr-time", "html", "streams", "url", "urlpattern", "wasm-js-api",
    "wasm-web-api", "webcrypto", "webidl", "xhr",
  ],
  [],
  async (idl) => {
    const { interfaces, globals } = await (await fetch("resources/ecma-429.json")).json();
    const all = [...Object.values(idl.members), ...idl.partials];
    const isError = (name) => /\..*Error$/.test(name);
    const listed = ["console", "WebAssembly", ...interfaces.filter((name) => !isError(name)).map((name) => name.replace("WebAssembly.", ""))];
    test(() => assert_array_equals(listed.filter((name) => !(name in idl.members)), []), "The interfaces are defined");

    // Only they are tested, with what they include.
    idl.includes = idl.includes.filter(({ target }) => listed.includes(target));
    const tested = [...listed, ...idl.includes.map(({ includes }) => includes)];
    idl.partials = idl.partials.filter(({ name }) => tested.includes(name));
    for (const name of Object.keys(idl.members)) if (!tested.includes(name)) delete idl.members[name];

    // https://webassembly.github.io/spec/js-api/#error-objects: ECMAScript's NativeErrors
    for (const name of interfaces.filter(isError)) {
      test(() => {
        const key = name.replace("WebAssembly.", "");
        const { value, enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(WebAssembly, key);
        assert_array_equals([value.name, value.length, enumerable, configurable, writable], [key, 1, false, true, true]);
        assert_equals(Object.getPrototypeOf(value), Error);
        assert_equals(Object.getPrototypeOf(value.prototype), Error.prototype);
        assert_array_equals([value.prototype.name, value.prototype.message, new value("x", { cause: 1 }).cause], [key, "", 1]);
      }, `The error ${name}`);
    }
    for (const name of globals) {
      // Of ECMAScript, or tested with their interfaces and namespaces.
      if (/^(globalThis|console|WebAssembly\..*|performance\..*)$/.test(name)) continue;
      test(() => {
        const [object, key, owners] = homes(name);
        const definitions = all.filter((one) => owners.includes(one.name)).flatMap((one) => one.members.filter((member) => member.name === key));
        assert_greater_than(definitions.length, 0, "It is defined");
        hasMember(object, key, definitions);
      }, `The global ${name}`);
    }
  },
);
