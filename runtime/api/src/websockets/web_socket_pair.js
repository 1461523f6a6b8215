// `WebSocketPair`: both ends of a channel, as in Workers.

import { socketPair } from "nano:native";
import { ObjectDefineProperty } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { newSocket } from "./web_socket.js";

/** https://developers.cloudflare.com/workers/runtime-apis/websockets/#websocketpair */
export class WebSocketPairImpl extends PlatformObject {
  constructor_() {
    const ends = socketPair();
    for (let i = 0; i < 2; i++) {
      // Own properties, so that `Object.values()` finds both.
      ObjectDefineProperty(this.wrapper, i, {
        __proto__: null,
        value: newSocket(ends[i], true).wrapper,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
}
