// `WorkerGlobalScope`: the global object as an event target, and what Rust reports to it.

import { ErrorEventImpl, PromiseRejectionEventImpl, globalImpl } from "nano:bindings";
import { exportToNative } from "../script/bridge.js";
import { initializeTrustedEvent } from "./event.js";
import { getEventHandler, setEventHandler } from "./event_handler.js";
import { EventTargetImpl, dispatch } from "./event_target.js";

/** https://html.spec.whatwg.org/multipage/workers.html#workerglobalscope */
export class WorkerGlobalScopeImpl extends EventTargetImpl {
  // The standard's in error reporting mode.
  inErrorReportingMode = false;

  get onerror() {
    return getEventHandler(this, "error");
  }
  set onerror(value) {
    setEventHandler(this, "error", value, processErrorEvent);
  }

  get onunhandledrejection() {
    return getEventHandler(this, "unhandledrejection");
  }
  set onunhandledrejection(value) {
    setEventHandler(this, "unhandledrejection", value);
  }

  get onrejectionhandled() {
    return getEventHandler(this, "rejectionhandled");
  }
  set onrejectionhandled(value) {
    setEventHandler(this, "rejectionhandled", value);
  }
}

// https://html.spec.whatwg.org/multipage/webappapis.html#the-event-handler-processing-algorithm, for `onerror` of the global object
function processErrorEvent(callback, thisArgument, event) {
  // 3. Special error event handling: event is an ErrorEvent whose type is error, and its target is a global object.
  if (!(event instanceof ErrorEventImpl)) {
    if (callback(thisArgument, event) === false) event.preventDefault();
    return;
  }
  // 4. Invoke callback with the five members of the event in place of the event.
  const returnValue = callback(thisArgument, event.message, event.filename, event.lineno, event.colno, event.error);
  // 5. If return value is true, then set event's canceled flag.
  if (returnValue === true) event.preventDefault();
}

/**
 * Lets the app handle an exception that nothing caught; returns whether it did.
 * https://html.spec.whatwg.org/multipage/webappapis.html#report-an-exception, from step 4 on: Rust has extracted the error.
 */
function notifyException(error, message, filename, line, column) {
  // 6. If global is in error reporting mode, an exception of an error handler is not given to error handlers again.
  if (globalImpl.inErrorReportingMode || !globalImpl.hasListeners_("error")) return false;
  // 6.1. Set global's in error reporting mode to true.
  globalImpl.inErrorReportingMode = true;
  // 6.2. Fire an event named error at global, using ErrorEvent, with the cancelable attribute initialized to true.
  const event = initializeTrustedEvent(new ErrorEventImpl(), "error", true);
  event.message = message;
  event.filename = filename;
  event.lineno = line;
  event.colno = column;
  event.error = error;
  const notHandled = dispatch(event, globalImpl);
  // 6.3. Set global's in error reporting mode to false.
  globalImpl.inErrorReportingMode = false;
  return !notHandled;
}

/** https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections: fires at the global object. */
function fireRejectionEvent(type, cancelable, promise, reason) {
  if (!globalImpl.hasListeners_(type)) return true;
  const event = initializeTrustedEvent(new PromiseRejectionEventImpl(), type, cancelable);
  event.promise = promise;
  event.reason = reason;
  return dispatch(event, globalImpl);
}

exportToNative("globalHasListeners", (type) => globalImpl.hasListeners_(type));
exportToNative("reportException", notifyException);
exportToNative("notifyUnhandledRejection", (promise, reason) => !fireRejectionEvent("unhandledrejection", true, promise, reason));
exportToNative("notifyRejectionHandled", (promise, reason) => {
  fireRejectionEvent("rejectionhandled", false, promise, reason);
});
