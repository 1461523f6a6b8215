// `CacheStorage`: the app's caches, by their names.

import { cacheNames, cacheRequest, deleteCache, firstResponseOfCaches, hasCache, openCache, openDefaultCache } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { PromiseResolve } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { newCache } from "./cache.js";

/** https://w3c.github.io/ServiceWorker/#cachestorage-interface */
export class CacheStorageImpl extends PlatformObject {
  defaultCache = undefined;

  // https://developers.cloudflare.com/workers/runtime-apis/cache/#accessing-cache
  get default() {
    this.defaultCache ??= newCache(openDefaultCache());
    return this.defaultCache;
  }

  // https://w3c.github.io/ServiceWorker/#cache-storage-match
  match(request, options) {
    const { cacheName = null } = options;
    return PromiseResolve(firstResponseOfCaches(cacheName, cacheRequest(request), options));
  }

  // https://w3c.github.io/ServiceWorker/#cache-storage-has
  has(cacheName) {
    return PromiseResolve(hasCache(cacheName));
  }

  // https://w3c.github.io/ServiceWorker/#cache-storage-open
  open(cacheName) {
    return PromiseResolve(newCache(openCache(cacheName)).wrapper);
  }

  // https://w3c.github.io/ServiceWorker/#cache-storage-delete
  delete(cacheName) {
    return PromiseResolve(deleteCache(cacheName));
  }

  // https://w3c.github.io/ServiceWorker/#cache-storage-keys
  keys() {
    return PromiseResolve(cacheNames());
  }
}

exportToNative("newCacheStorage", () => new CacheStorageImpl().wrapper);
