// `ErrorEvent`: an exception that nothing caught, as the global object's listeners see it.

import { EventImpl } from "./event.js";

/** https://html.spec.whatwg.org/multipage/webappapis.html#errorevent */
export class ErrorEventImpl extends EventImpl {
  message = "";
  filename = "";
  lineno = 0;
  colno = 0;
  error = undefined;

  constructor_(type, eventInitDict) {
    super.constructor_(type, eventInitDict);
    this.message = eventInitDict.message;
    this.filename = eventInitDict.filename;
    this.lineno = eventInitDict.lineno;
    this.colno = eventInitDict.colno;
    this.error = eventInitDict.error;
  }
}
