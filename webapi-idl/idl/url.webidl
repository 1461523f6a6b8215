// Source: URL Standard (https://url.spec.whatwg.org/)
// Date: 2026-07-01

/** An address, by its parts. */
[Exposed=*,
 LegacyWindowAlias=webkitURL]
interface URL {
  /**
   * The address that a text stands for, relative to a base if there is one.
   * @throws {TypeError} if the text is no URL, or is relative and there is no base
   */
  constructor(USVString url, optional USVString base);

  /** The address that a text stands for, or null if it is none. */
  static URL? parse(USVString url, optional USVString base);
  /** Whether a text stands for an address. */
  static boolean canParse(USVString url, optional USVString base);

  /**
   * The whole address.
   * @throws {TypeError} on setting, if the text is no URL
   */
  [WithScope] stringifier attribute USVString href;
  /** Scheme, host and port. */
  readonly attribute USVString origin;
  /** The scheme, with a colon. */
           attribute USVString protocol;
  /** The name before the host. */
           attribute USVString username;
  /** The password before the host. */
           attribute USVString password;
  /** The host with its port, if that is not the usual one. */
           attribute USVString host;
  /** The host without the port. */
           attribute USVString hostname;
  /** The port; empty if it is the usual one. */
           attribute USVString port;
  /** The path. */
           attribute USVString pathname;
  /** The query, with a question mark; empty if there is none. */
  [WithScope] attribute USVString search;
  /** The query as names and values; changes change the address. */
  [SameObject, Throws] readonly attribute URLSearchParams searchParams;
  /** The fragment, with a number sign; empty if there is none. */
           attribute USVString hash;

  /** The whole address. */
  USVString toJSON();
};

/** The names and values of a query, in order. */
[Exposed=*]
interface URLSearchParams {
  /**
   * The names and values of a query, of an object, or of a list of pairs.
   * @throws {TypeError} if an item of a list is no pair
   */
  [WithScope] constructor(optional (sequence<sequence<USVString>> or record<USVString, USVString> or USVString) init = "");

  /** How many there are. */
  readonly attribute unsigned long size;

  /** Adds a value, and keeps those that are there. */
  [WithScope] undefined append(USVString name, USVString value);
  /** Takes away all values of a name, or those that are equal to one. */
  [WithScope] undefined delete(USVString name, optional USVString value);
  /** The first value of a name, or null. */
  [WithScope] USVString? get(USVString name);
  /** All values of a name. */
  [WithScope] sequence<USVString> getAll(USVString name);
  /** Whether a name has a value, or this one. */
  boolean has(USVString name, optional USVString value);
  /** Replaces all values of a name. */
  [WithScope] undefined set(USVString name, USVString value);

  /** Orders by name; values of the same name keep their order. */
  [WithScope] undefined sort();

  /** Names and values, in order. */
  iterable<USVString, USVString>;
  /** The query, without a question mark. */
  stringifier;
};
