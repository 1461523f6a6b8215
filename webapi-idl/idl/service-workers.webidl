// Source: Service Workers Nightly (https://w3c.github.io/ServiceWorker/)
// Date: 2026-07-01

/** Something that an app has to do, which may take longer than its listeners. */
[Exposed=ServiceWorker]
interface ExtendableEvent : Event {
  /** A new event of this type. */
  constructor(DOMString type, optional ExtendableEventInit eventInitDict = {});

  /**
   * Keeps the app's instance at work until the promise settles, and what it fetches for up to 30 s beyond the response.
   * @throws {DOMException} "InvalidStateError", if the app itself has dispatched the event, or its listeners and promises are over
   */
  undefined waitUntil(Promise<any> f);
};

/** How a new extendable event shall be. */
dictionary ExtendableEventInit : EventInit {
};

/** A request for an app whose handlers are listeners. */
[Exposed=ServiceWorker]
interface FetchEvent : ExtendableEvent {
  /** A new event of this type. */
  constructor(DOMString type, FetchEventInit eventInitDict);

  /** What is to be answered. */
  [SameObject] readonly attribute Request request;

  /**
   * Answers the request. Only one listener can, while it runs.
   * @throws {DOMException} "InvalidStateError", if it was called already, or the listeners have returned
   */
  undefined respondWith(Promise<Response> r);
};

/** How a new fetch event shall be. */
dictionary FetchEventInit : ExtendableEventInit {
  /** What is to be answered. */
  required Request request;
};

partial interface mixin WindowOrWorkerGlobalScope {
  /** The app's caches. */
  [SecureContext, SameObject, Throws, Section=self-caches] readonly attribute CacheStorage caches;
};

// DEPARTURE: as in Workers, a cache keeps to HTTP's rules for shared caches: what has expired is not there any more, and what may not be
// kept (`Cache-Control: no-store`, `private`, `no-cache`, `Set-Cookie`) is not. What has not been used for longest makes room for others.
/** Responses that the app has put there, with the requests that they are for. */
[SecureContext, Exposed=(Window,Worker)]
interface Cache {
  /**
   * The first response for the request.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   */
  [NewObject] Promise<(Response or undefined)> match(RequestInfo request, optional CacheQueryOptions options = {});
  /**
   * All responses, or those for the request.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   */
  [NewObject] Promise<FrozenArray<Response>> matchAll(optional RequestInfo request, optional CacheQueryOptions options = {});
  /**
   * Fetches a response and puts it into the cache.
   * @throws {TypeError} if a request is no GET of http: or https:, or its response is none, or no success, or varies by everything
   * @throws {QuotaExceededError} if the app's caches may not hold that much (`cache_mb`)
   */
  [NewObject] Promise<undefined> add(RequestInfo request);
  /**
   * Fetches responses and puts them into the cache, all or none.
   * @throws {TypeError} if a request is no GET of http: or https:, or its response is none, or no success, or varies by everything
   * @throws {DOMException} "InvalidStateError", if two responses are for the same request
   * @throws {QuotaExceededError} if the app's caches may not hold that much (`cache_mb`)
   */
  [NewObject] Promise<undefined> addAll(sequence<RequestInfo> requests);
  /**
   * Puts a response into the cache, in the place of the one for the same request.
   * @throws {TypeError} if the request is no GET, its URL is not http: or https:, or the response is one of the status 101, 206 or varies by everything
   * @throws {TypeError} if the response's body was read already, or fails
   * @throws {QuotaExceededError} if the app's caches may not hold that much (`cache_mb`)
   */
  [NewObject] Promise<undefined> put(RequestInfo request, Response response);
  /**
   * Takes the responses for the request out. Whether there was one.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   */
  [NewObject] Promise<boolean> delete(RequestInfo request, optional CacheQueryOptions options = {});
  /**
   * The requests that there are responses for.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   */
  [NewObject] Promise<FrozenArray<Request>> keys(optional RequestInfo request, optional CacheQueryOptions options = {});
};

/** What need not be the same. */
[Section=dictdef-cachequeryoptions] dictionary CacheQueryOptions {
  /** The query of the URL. */
  boolean ignoreSearch = false;
  /** The method, which is GET else. */
  boolean ignoreMethod = false;
  /** The fields that the response varies by. */
  boolean ignoreVary = false;
};

/** The app's caches, which its instances share, in memory. */
[SecureContext, Exposed=(Window,Worker)]
interface CacheStorage {
  /**
   * The first response for the request, of all caches with a name, or of one.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   */
  [NewObject] Promise<(Response or undefined)> match(RequestInfo request, optional MultiCacheQueryOptions options = {});
  /** Whether there is a cache of this name. */
  [NewObject] Promise<boolean> has(DOMString cacheName);
  /**
   * The cache of this name, which is made if there is none.
   * @throws {QuotaExceededError} if the names of the app's caches take a quarter of what these may hold
   */
  [NewObject] Promise<Cache> open(DOMString cacheName);
  /** Forgets a cache. Whether there was one. */
  [NewObject] Promise<boolean> delete(DOMString cacheName);
  /** The names of the caches, in the order in which they were made. */
  [NewObject] Promise<sequence<DOMString>> keys();
};

/** What need not be the same, and where to look. */
[Section=dictdef-multicachequeryoptions] dictionary MultiCacheQueryOptions : CacheQueryOptions {
  /** The only cache that is looked at. */
  DOMString cacheName;
};
