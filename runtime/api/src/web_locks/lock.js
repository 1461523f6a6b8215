// `Lock`: a lock that somebody holds, or held.

import { PlatformObject } from "../script/webidl.js";

/** https://w3c.github.io/web-locks/#api-lock */
export class LockImpl extends PlatformObject {
  name = "";
  mode = "exclusive";
}
