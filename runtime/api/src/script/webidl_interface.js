// Helpers of the generated glue that define interfaces, and the checks of impl classes while the snapshot is baked.

import {
  ArrayPrototypeIncludes,
  ErrorConstructor,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  SymbolToStringTag,
} from "./primordials.js";

/** Makes members of a class enumerable, as Web IDL wants them. */
export function defineEnumerable(target, names) {
  for (let i = 0; i < names.length; i++) ObjectDefineProperty(target, names[i], { __proto__: null, enumerable: true });
}

/** Constants, https://webidl.spec.whatwg.org/#js-constants. */
export function defineConstants(target, constants) {
  for (const name in constants) {
    ObjectDefineProperty(target, name, { __proto__: null, value: constants[name], enumerable: true });
  }
}

/** What every interface prototype object and namespace object has. */
export function defineToStringTag(target, tag) {
  ObjectDefineProperty(target, SymbolToStringTag, { __proto__: null, value: tag, configurable: true });
}

/** An iteration method under a second, well-known name, which is not enumerable. */
export function defineIteratorMethod(prototype, symbol, method) {
  ObjectDefineProperty(prototype, symbol, { __proto__: null, value: method, writable: true, configurable: true });
}

/** An interface object or a namespace object as a property of the global. */
export function defineGlobal(global, name, value) {
  ObjectDefineProperty(global, name, { __proto__: null, value, writable: true, configurable: true });
}

/** Copies members of the `[Global]` interface to the global object; the unforgeable ones cannot be deleted or replaced. */
export function defineGlobalMembers(global, members, unforgeableNames) {
  const names = ReflectOwnKeys(members);
  for (let i = 0; i < names.length; i++) {
    const descriptor = ObjectGetOwnPropertyDescriptor(members, names[i]);
    if (ArrayPrototypeIncludes(unforgeableNames, names[i])) {
      descriptor.configurable = false;
      if ("value" in descriptor) descriptor.writable = false;
    }
    ObjectDefineProperty(global, names[i], descriptor);
  }
}

/** The descriptor of a `[LegacyUnforgeable]` attribute, for every object of the interface; `accessors` has the attribute only. */
export function unforgeable(accessors, name) {
  const { get, set } = ObjectGetOwnPropertyDescriptor(accessors, name);
  return { __proto__: null, get, set, enumerable: true, configurable: false };
}

/** `[Replaceable]`: the setter puts a data property over the accessor. */
export function replace(object, name, value) {
  ObjectDefineProperty(object, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

// ---- Checks while the snapshot is baked ------------------------------------------------------------------------------------------------

/**
 * Fails if an impl class lacks something that its interface names. `required` maps IDL text to the member: on the prototype, or on
 * a fresh instance for fields; `statics` on the class.
 */
export function verifyImpl(interfaceName, Impl, Parent, required, statics, file) {
  const className = `${interfaceName}Impl`;
  if (!(Impl.prototype instanceof Parent)) {
    throw new ErrorConstructor(`${className}: the class must extend ${Parent.name}, as '${interfaceName}' of ${file} demands`);
  }
  let instance;
  for (let i = 0; i < required.length; i++) {
    const name = required[i];
    if (name in Impl.prototype) continue;
    instance ??= new Impl();
    if (!(name in instance)) throw missingImplMember(className, name, interfaceName, file);
  }
  for (let i = 0; i < statics.length; i++) {
    if (!(statics[i] in Impl)) throw missingImplMember(className, `static ${statics[i]}`, interfaceName, file);
  }
}

/** Fails if the object that implements a namespace lacks a member. */
export function verifyNamespaceImpl(name, impl, required, file) {
  for (let i = 0; i < required.length; i++) {
    if (!(required[i] in impl)) throw missingImplMember(`${name}Impl`, required[i], name, file);
  }
}

function missingImplMember(where, member, interfaceName, file) {
  return new ErrorConstructor(
    `${where} has no member '${member}', which '${interfaceName}' of ${file} names; implement it, or take it out of the IDL`,
  );
}
