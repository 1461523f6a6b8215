// `LockManager`: `navigator.locks`.

import { DOMException, allLocks } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { List } from "../script/list.js";
import { PromiseReject, PromiseResolve } from "../script/primordials.js";
import { MAX_SHARED_NAME } from "../script/shared_name.js";
import { PlatformObject, sequenceToJS } from "../script/webidl.js";
import { LockRequest } from "./lock_request.js";

/** https://w3c.github.io/web-locks/#api-lock-manager */
export class LockManagerImpl extends PlatformObject {
  // https://w3c.github.io/web-locks/#api-lock-manager-request
  request(name, optionsOrCallback, callback) {
    const isShort = callback === undefined;
    const options = isShort ? { __proto__: null, mode: "exclusive", ifAvailable: false, steal: false } : optionsOrCallback;
    const { mode, ifAvailable, steal, signal } = options;
    // 5. to 8.
    if (name[0] === "-") return refuse("Names that begin with '-' are reserved");
    // DEPARTURE: a name has a bound.
    if (name.length > MAX_SHARED_NAME) {
      return refuse(`The name has ${name.length} code units, and may have ${MAX_SHARED_NAME}`);
    }
    if (steal && ifAvailable) return refuse("'steal' and 'ifAvailable' exclude each other");
    if (steal && mode !== "exclusive") return refuse("'steal' needs the mode 'exclusive'");
    if (signal !== undefined && (steal || ifAvailable)) return refuse("'signal' excludes 'steal' and 'ifAvailable'");
    // 9.
    if (signal !== undefined && signal.aborted) return PromiseReject(signal.reason);
    // 10. to 12.
    const request = new LockRequest(name, mode, isShort ? optionsOrCallback : callback, signal);
    request.send(ifAvailable, steal);
    return request.result.promise;
  }

  // https://w3c.github.io/web-locks/#api-lock-manager-query
  query() {
    // https://w3c.github.io/web-locks/#snapshot-the-lock-state
    const held = new List();
    const pending = new List();
    const all = allLocks();
    for (let i = 0; i < all.length; i += 4) {
      const info = { __proto__: null, name: all[i + 1], mode: all[i + 2], clientId: all[i + 3] };
      if (all[i]) held.append(info);
      else pending.append(info);
    }
    const info = ({ name, mode, clientId }) => ({ name, mode, clientId }); // safe: for apps
    const snapshot = { held: sequenceToJS(held, info), pending: sequenceToJS(pending, info) }; // safe: for apps
    return PromiseResolve(snapshot);
  }
}

function refuse(reason) {
  return PromiseReject(new DOMException(`Failed to execute 'request' on 'LockManager': ${reason}.`, "NotSupportedError"));
}

exportToNative("newLockManager", () => new LockManagerImpl().wrapper);
