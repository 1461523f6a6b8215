// `Cache`: responses with the requests that they are for. What is in it is native, and shared by the app's instances.

import { cacheRequest, fetchForCache, newCacheBatch } from "nano:native";
import { List } from "../script/list.js";
import { PromisePrototypeThen, PromiseResolve } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { Deferred, thenAlso } from "../streams/promises.js";

/** https://w3c.github.io/ServiceWorker/#cache-interface */
export class CacheImpl extends PlatformObject {
  // A CacheAccess.
  access = undefined;

  // https://w3c.github.io/ServiceWorker/#cache-match
  match(request, options) {
    return PromiseResolve(this.access.firstResponse(cacheRequest(request), options));
  }

  // https://w3c.github.io/ServiceWorker/#cache-matchall
  matchAll(request, options) {
    return PromiseResolve(this.access.responses(optionalRequest(request), options));
  }

  // https://w3c.github.io/ServiceWorker/#cache-add
  add(request) {
    const requests = new List();
    requests.append(request);
    return this.addAll(requests);
  }

  // https://w3c.github.io/ServiceWorker/#cache-addAll
  addAll(requests) {
    const { access } = this;
    const batch = newCacheBatch();
    // 3. Nothing is fetched if one of them cannot be cached.
    const all = new List();
    for (let i = 0; i < requests.length; i++) {
      const request = cacheRequest(requests[i]);
      batch.reserve(request);
      all.append(request);
    }
    const result = new Deferred();
    let missing = all.length;
    if (missing === 0) result.resolve(undefined);
    const onAdded = () => {
      if (--missing > 0) return;
      try {
        batch.commit(access);
        result.resolve(undefined);
      } catch (error) {
        result.reject(error);
      }
    };
    // 5. DEPARTURE: where one fails, the others are not aborted; nobody reads what comes of them.
    for (let i = 0; i < all.length; i++) {
      const added = thenAlso(fetchForCache(all[i]), (response) => batch.draft(i, all[i], response, true));
      PromisePrototypeThen(added, onAdded, result.reject);
    }
    return result.promise;
  }

  // https://w3c.github.io/ServiceWorker/#cache-put
  put(info, response) {
    const { access } = this;
    const batch = newCacheBatch();
    const request = cacheRequest(info);
    const index = batch.reserve(request);
    return PromisePrototypeThen(batch.draft(index, request, response, false), () => batch.commit(access));
  }

  // https://w3c.github.io/ServiceWorker/#cache-delete
  delete(request, options) {
    return PromiseResolve(this.access.removeResponses(cacheRequest(request), options));
  }

  // https://w3c.github.io/ServiceWorker/#cache-keys
  keys(request, options) {
    return PromiseResolve(this.access.requests(optionalRequest(request), options));
  }
}

function optionalRequest(request) {
  return request === undefined ? null : cacheRequest(request);
}

/** A cache that is open. */
export function newCache(access) {
  const cache = new CacheImpl();
  cache.access = access;
  return cache;
}
