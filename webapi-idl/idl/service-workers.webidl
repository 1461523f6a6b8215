// Source: Service Workers Nightly (https://w3c.github.io/ServiceWorker/)
// Date: 2026-07-01

/** Something that an app has to do, which may take longer than its listeners. */
[Exposed=ServiceWorker]
interface ExtendableEvent : Event {
  constructor(DOMString type, optional ExtendableEventInit eventInitDict = {});

  /** Keeps the app's instance at work until the promise settles, and what it fetches for up to 30 s beyond the response. */
  undefined waitUntil(Promise<any> f);
};

/** How a new extendable event shall be. */
dictionary ExtendableEventInit : EventInit {
};

/** A request for an app whose handlers are listeners. */
[Exposed=ServiceWorker]
interface FetchEvent : ExtendableEvent {
  constructor(DOMString type, FetchEventInit eventInitDict);

  [SameObject] readonly attribute Request request;

  /** Answers the request. Only one listener can, while it runs. */
  undefined respondWith(Promise<Response> r);
};

/** How a new fetch event shall be. */
dictionary FetchEventInit : ExtendableEventInit {
  required Request request;
};
