// Event handler IDL attributes (`onabort`, `onmessage`, …): https://html.spec.whatwg.org/multipage/webappapis.html#event-handlers

import { addInternalListener } from "./event_target.js";

/** The value of an event handler attribute: the app's converted callback, or null. */
export function getEventHandler(target, type) {
  return target.eventHandlerMap?.[type]?.value ?? null;
}

/**
 * Sets an event handler attribute to a converted callback or null.
 * https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes
 *
 * `process` runs the callback; interfaces with handlers of a special kind (`onerror` of the global object) give their own.
 */
export function setEventHandler(target, type, value, process = processEvent) {
  target.eventHandlerMap ??= { __proto__: null };
  const handler = target.eventHandlerMap[type];
  if (value === null) {
    // Deactivate: the handler loses its place among the listeners.
    if (handler !== undefined) {
      target.removeListener_(handler.listener);
      delete target.eventHandlerMap[type];
    }
  } else if (handler !== undefined) {
    // A new value takes the place of the old one in the order of listeners.
    handler.value = value;
  } else {
    const activated = { __proto__: null, value, listener: null };
    activated.listener = addInternalListener(target, type, (thisArgument, event) => {
      process(activated.value, thisArgument, event);
    });
    target.eventHandlerMap[type] = activated; // safe: the map inherits nothing
  }
}

// https://html.spec.whatwg.org/multipage/webappapis.html#the-event-handler-processing-algorithm, for all events but `error`
function processEvent(callback, thisArgument, event) {
  // 4. Let return value be the result of invoking callback.
  const returnValue = callback(thisArgument, event);
  // 5. If return value is false, then set event's canceled flag.
  if (returnValue === false) event.preventDefault();
}
