// Source: Web Locks API (https://w3c.github.io/web-locks/)
// Date: 2026-07-01

[SecureContext]
interface mixin NavigatorLocks {
  /** Has work of one name done in turns. */
  [SameObject, Throws] readonly attribute LockManager locks;
};
Navigator includes NavigatorLocks;

// DEPARTURE: an app has no origin, so locks are those of the app, in all of its instances.
/** Gives locks to the app's instances, one after another where they have the same name. An instance that ends gives its locks back. */
[SecureContext, Exposed=(Window,Worker,SharedStorageWorklet)]
interface LockManager {
  /**
   * Calls a function as soon as a lock of this name is free; the lock is held until the promise settles that the function returns.
   * @throws {DOMException} "NotSupportedError", if the name begins with a hyphen
   * @throws {DOMException} "AbortError", if somebody steals the lock
   * @throws {any} what the function throws, or its promise is rejected with
   */
  Promise<any> request(DOMString name,
                       LockGrantedCallback callback);
  /**
   * Calls a function as soon as it has the lock, which it has until its promise settles.
   * @throws {DOMException} "NotSupportedError", if the name begins with a hyphen, or two options exclude each other
   * @throws {DOMException} "AbortError", if somebody steals the lock
   * @throws {any} the reason of the signal, or what the function throws
   */
  Promise<any> request(DOMString name,
                       LockOptions options,
                       LockGrantedCallback callback);

  /** The locks that are held, and those that are waited for. */
  Promise<LockManagerSnapshot> query();
};

/** A function that is called with the lock that it has now, or null where there was none to be had at once. */
[Section=callbackdef-lockgrantedcallback] callback LockGrantedCallback = Promise<any> (Lock? lock);

/** Whether a lock may be held by several at a time. */
[Section=enumdef-lockmode] enum LockMode {
  /** Several may hold it at a time, if all of them want it so. */
  "shared",
  /** One holds it at a time. */
  "exclusive"
};

/** How a lock is asked for. */
[Section=dictdef-lockoptions] dictionary LockOptions {
  /** Whether others may have the lock at the same time: "shared", or else "exclusive". */
  LockMode mode = "exclusive";
  /** Null instead of a lock, where it would have to be waited for. */
  boolean ifAvailable = false;
  /** Takes the lock away from whoever has it. */
  boolean steal = false;
  /** Ends the waiting. */
  AbortSignal signal;
};

/** Locks at one time. */
[Section=dictdef-lockmanagersnapshot] dictionary LockManagerSnapshot {
  /** Locks that somebody has. */
  sequence<LockInfo> held;
  /** Locks that somebody waits for. */
  sequence<LockInfo> pending;
};

/** A lock that is held or waited for. */
[Section=dictdef-lockinfo] dictionary LockInfo {
  /** What the lock is for. */
  DOMString name;
  /** Whether others may have it, too. */
  LockMode mode;
  /** The app's instance. */
  DOMString clientId;
};

/** A lock that is held. */
[SecureContext, Exposed=(Window,Worker,SharedStorageWorklet)]
interface Lock {
  /** What the lock is for. */
  readonly attribute DOMString name;
  /** Whether others may have it, too: "shared". */
  readonly attribute LockMode mode;
};
