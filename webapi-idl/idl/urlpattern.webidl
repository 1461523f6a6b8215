// Source: URL Pattern Standard (https://urlpattern.spec.whatwg.org/)
// Date: 2026-07-01

typedef (USVString or URLPatternInit) URLPatternInput;

/** Tells URLs of one shape from others. */
[Exposed=(Window,Worker), Sections=urlpattern]
interface URLPattern {
  // DEPARTURE: two overloads, (URLPatternInput input, USVString baseURL, optional URLPatternOptions options = {}) and (optional
  // URLPatternInput input = {}, optional URLPatternOptions options = {}), which `input` does not tell apart. The only difference: with three
  // arguments, an object in the second place is taken for the options, and not for the text that it can be converted to.
  /**
   * A pattern, of a text or of parts.
   * @throws {TypeError} if a pattern is not valid, or is relative and there is no base URL
   */
  [WithScope] constructor(optional URLPatternInput input = {}, optional (USVString or URLPatternOptions) baseURLOrOptions = {}, optional URLPatternOptions options = {});

  /**
   * Whether a URL has the shape.
   * @throws {TypeError} if a base URL is given beside components, which have it among them
   */
  [WithScope] boolean test(optional URLPatternInput input = {}, optional USVString baseURL);

  /**
   * What the groups have matched in a URL, or null if it has another shape.
   * @throws {TypeError} if a base URL is given beside components, which have it among them
   */
  [WithScope] URLPatternResult? exec(optional URLPatternInput input = {}, optional USVString baseURL);

  /** The pattern of the scheme, without its colon. */
  readonly attribute USVString protocol;
  /** The pattern of the user's name. */
  readonly attribute USVString username;
  /** The pattern of the password. */
  readonly attribute USVString password;
  /** The pattern of the host. */
  readonly attribute USVString hostname;
  /** The pattern of the port; empty for the scheme's own. */
  readonly attribute USVString port;
  /** The pattern of the path. */
  readonly attribute USVString pathname;
  /** The pattern of the query, without its question mark. */
  readonly attribute USVString search;
  /** The pattern of the fragment, without its number sign. */
  readonly attribute USVString hash;

  /** Whether regular expressions are among the groups. */
  readonly attribute boolean hasRegExpGroups;

  // Both are proposals, which browsers have: https://github.com/whatwg/urlpattern/pull/166 and
  // https://github.com/whatwg/urlpattern/issues/61
  /**
   * A component of a URL of this shape, with these values in the place of the groups.
   * @throws {TypeError} if it is no component's name, or a group has no value that fits
   */
  [Section=urlpattern-class, WithScope] USVString generate(USVString component, record<USVString, USVString> groups);
  /**
   * Which of two patterns is more specific in a component: 1 for the first one, -1 for the second one, and 0 if they are the same.
   * @throws {TypeError} if it is no component's name
   */
  [Section=urlpattern-class] static short compareComponent(USVString component, URLPattern left, URLPattern right);
};

/** The components of a URL, or of a pattern. */
[Section=dictdef-urlpatterninit] dictionary URLPatternInit {
  /** The scheme. */
  USVString protocol;
  /** The user's name. */
  USVString username;
  /** The password. */
  USVString password;
  /** The host. */
  USVString hostname;
  /** The port. */
  USVString port;
  /** The path. */
  USVString pathname;
  /** The query. */
  USVString search;
  /** The fragment. */
  USVString hash;
  /** A URL that gives what is left out. */
  USVString baseURL;
};

/** How a pattern matches. */
[Section=dictdef-urlpatternoptions] dictionary URLPatternOptions {
  /** Whether lower and upper case are the same in paths, queries and fragments. */
  boolean ignoreCase = false;
};

/** What a pattern has matched. */
[Section=dictdef-urlpatternresult] dictionary URLPatternResult {
  /** The arguments. */
  sequence<URLPatternInput> inputs;

  /** The scheme. */
  URLPatternComponentResult protocol;
  /** The user's name. */
  URLPatternComponentResult username;
  /** The password. */
  URLPatternComponentResult password;
  /** The host. */
  URLPatternComponentResult hostname;
  /** The port. */
  URLPatternComponentResult port;
  /** The path. */
  URLPatternComponentResult pathname;
  /** The query. */
  URLPatternComponentResult search;
  /** The fragment. */
  URLPatternComponentResult hash;
};

/** What a pattern has matched in a component. */
[Section=dictdef-urlpatterncomponentresult] dictionary URLPatternComponentResult {
  /** The component. */
  USVString input;
  /** What each group has matched, by its name or number. */
  record<USVString, (USVString or undefined)> groups;
};
