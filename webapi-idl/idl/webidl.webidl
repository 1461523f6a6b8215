// Source: Web IDL Standard (https://webidl.spec.whatwg.org/)
// Date: 2026-07-01

// ArrayBufferView, BufferSource and AllowSharedBufferSource are built into the model.

/** An operation wanted more than it may have. */
[Exposed=*, Serializable]
interface QuotaExceededError : DOMException {
  /**
   * An error with a message, and what was asked for and what there is.
   * @throws {RangeError} if a figure is negative, or less was wanted than was to be had
   */
  constructor(optional DOMString message = "", optional QuotaExceededErrorOptions options = {});

  /** What it may have, if that is known. */
  readonly attribute double? quota;
  /** What it wanted, if that is known. */
  readonly attribute double? requested;
};

/** The figures of a quota that was exceeded. */
dictionary QuotaExceededErrorOptions {
  /** What was to be had. */
  double quota;
  /** What was wanted. */
  double requested;
};

/** An error of a Web API, told apart from others by its name. */
[Section=idl-DOMException, Exception, Exposed=*,
 Serializable]
interface DOMException { // but see below note about JavaScript binding
  /** An error with a message, and a name that says what kind of error it is. */
  constructor(optional DOMString message = "", optional DOMString name = "Error");
  /** What kind of error it is: "AbortError", "DataCloneError". */
  readonly attribute DOMString name;
  /** What has happened, for people. */
  readonly attribute DOMString message;
  /** The number that some names had in old times; otherwise 0. */
  readonly attribute unsigned short code;

  /** "IndexSizeError": today a RangeError. */
  const unsigned short INDEX_SIZE_ERR = 1;
  /** Of no error any more. */
  const unsigned short DOMSTRING_SIZE_ERR = 2;
  /** "HierarchyRequestError": a node cannot stand there in a tree. */
  const unsigned short HIERARCHY_REQUEST_ERR = 3;
  /** "WrongDocumentError": a node belongs to another document. */
  const unsigned short WRONG_DOCUMENT_ERR = 4;
  /** "InvalidCharacterError": a text has characters that it may not have, as for `atob()`. */
  const unsigned short INVALID_CHARACTER_ERR = 5;
  /** Of no error any more. */
  const unsigned short NO_DATA_ALLOWED_ERR = 6;
  /** "NoModificationAllowedError": it cannot be changed. */
  const unsigned short NO_MODIFICATION_ALLOWED_ERR = 7;
  /** "NotFoundError": it is not there. */
  const unsigned short NOT_FOUND_ERR = 8;
  /** "NotSupportedError": an operation or an algorithm is not supported. */
  const unsigned short NOT_SUPPORTED_ERR = 9;
  /** "InUseAttributeError": an attribute belongs to another element. */
  const unsigned short INUSE_ATTRIBUTE_ERR = 10;
  /** "InvalidStateError": not in the state in which the object is. */
  const unsigned short INVALID_STATE_ERR = 11;
  /** "SyntaxError": a text is not what it should be. */
  const unsigned short SYNTAX_ERR = 12;
  /** "InvalidModificationError": it cannot be changed in this way. */
  const unsigned short INVALID_MODIFICATION_ERR = 13;
  /** "NamespaceError": the namespace does not fit. */
  const unsigned short NAMESPACE_ERR = 14;
  /** "InvalidAccessError": an object cannot be used for this, as a key of another algorithm. */
  const unsigned short INVALID_ACCESS_ERR = 15;
  /** Of no error any more. */
  const unsigned short VALIDATION_ERR = 16;
  /** "TypeMismatchError": today a TypeError, but for `getRandomValues()`. */
  const unsigned short TYPE_MISMATCH_ERR = 17;
  /** "SecurityError": it is not safe. */
  const unsigned short SECURITY_ERR = 18;
  /** "NetworkError": the network has failed. */
  const unsigned short NETWORK_ERR = 19;
  /** "AbortError": somebody has aborted it. */
  const unsigned short ABORT_ERR = 20;
  /** "URLMismatchError": a URL does not fit another one. */
  const unsigned short URL_MISMATCH_ERR = 21;
  /** "QuotaExceededError": more was wanted than is to be had. Today an interface of its own. */
  const unsigned short QUOTA_EXCEEDED_ERR = 22;
  /** "TimeoutError": it has taken too long. */
  const unsigned short TIMEOUT_ERR = 23;
  /** "InvalidNodeTypeError": a node is of the wrong kind. */
  const unsigned short INVALID_NODE_TYPE_ERR = 24;
  /** "DataCloneError": a value cannot be cloned. */
  const unsigned short DATA_CLONE_ERR = 25;
};

/** Any function. */
[Section=Function] callback Function = any (any... arguments);
/** A function without arguments and result. */
[Section=VoidFunction] callback VoidFunction = undefined ();
