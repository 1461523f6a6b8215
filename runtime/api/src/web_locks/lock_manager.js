// `LockManager`: `navigator.locks`.

import { DOMException } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { List } from "../script/list.js";
import {
  MapConstructor,
  MapPrototypeDelete,
  MapPrototypeForEach,
  MapPrototypeGet,
  MapPrototypeSet,
  PromiseReject,
  PromiseResolve,
  SetConstructor,
  SetPrototypeForEach,
} from "../script/primordials.js";
import { PlatformObject, sequenceToJS } from "../script/webidl.js";
import { LockRequest, LockResource } from "./lock_resource.js";

/** https://w3c.github.io/web-locks/#api-lock-manager */
export class LockManagerImpl extends PlatformObject {
  // The instance, for query().
  clientId = "";
  // The held lock set, and what is behind each name that is in use.
  held = new SetConstructor();
  resources = new MapConstructor();

  // https://w3c.github.io/web-locks/#api-lock-manager-request
  request(name, optionsOrCallback, callback) {
    const isShort = callback === undefined;
    const options = isShort ? { __proto__: null, mode: "exclusive", ifAvailable: false, steal: false } : optionsOrCallback;
    const { mode, ifAvailable, steal, signal } = options;
    // 5. to 8.
    if (name[0] === "-") return refuse("Names that begin with '-' are reserved");
    if (steal && ifAvailable) return refuse("'steal' and 'ifAvailable' exclude each other");
    if (steal && mode !== "exclusive") return refuse("'steal' needs the mode 'exclusive'");
    if (signal !== undefined && (steal || ifAvailable)) return refuse("'signal' excludes 'steal' and 'ifAvailable'");
    // 9.
    if (signal !== undefined && signal.aborted) return PromiseReject(signal.reason);
    // 10. to 12.
    const request = new LockRequest(name, mode, isShort ? optionsOrCallback : callback, signal);
    let resource = MapPrototypeGet(this.resources, name);
    if (resource === undefined) {
      resource = new LockResource(this.held, () => MapPrototypeDelete(this.resources, name));
      MapPrototypeSet(this.resources, name, resource);
    }
    resource.enqueue(request, ifAvailable, steal);
    return request.result.promise;
  }

  // https://w3c.github.io/web-locks/#api-lock-manager-query
  query() {
    // https://w3c.github.io/web-locks/#snapshot-the-lock-state
    const held = new List();
    const pending = new List();
    SetPrototypeForEach(this.held, (lock) => held.append(lock));
    MapPrototypeForEach(this.resources, (resource) => {
      SetPrototypeForEach(resource.queue, (request) => pending.append(request));
    });
    const { clientId } = this;
    const info = ({ name, mode }) => ({ name, mode, clientId }); // safe: for apps
    const snapshot = { held: sequenceToJS(held, info), pending: sequenceToJS(pending, info) }; // safe: for apps
    return PromiseResolve(snapshot);
  }
}

function refuse(reason) {
  return PromiseReject(new DOMException(`Failed to execute 'request' on 'LockManager': ${reason}.`, "NotSupportedError"));
}

exportToNative("newLockManager", (clientId) => {
  const manager = new LockManagerImpl();
  manager.clientId = clientId;
  return manager.wrapper;
});
