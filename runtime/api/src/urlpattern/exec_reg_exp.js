// RegExpBuiltinExec: V8's API would call what an app has made of `RegExp.prototype.exec`.

import { exportToNative } from "../script/bridge.js";
import { RegExpPrototypeExec } from "../script/primordials.js";

exportToNative("execRegExp", (regExp, input) => RegExpPrototypeExec(regExp, input));
