// Source: XMLHttpRequest Standard (https://xhr.spec.whatwg.org/)
// Date: 2026-07-01

typedef (File or USVString) FormDataEntryValue;

/** The fields of a form, in order: names with texts or files. */
[Exposed=(Window,Worker)]
interface FormData {
  // DEPARTURE: (optional HTMLFormElement form, optional HTMLElement? submitter = null). There are no elements; the
  // constructor answers any form but undefined with the TypeError that its conversion would give.
  /**
   * A form without entries.
   * @throws {TypeError} if a form is given
   */
  [Section=dom-formdata] constructor(optional any form);

  /** Adds a value, and keeps those that are there. */
  [WithScope] undefined append(USVString name, USVString value);
  /** Adds an entry, and keeps those of the same name. */
  undefined append(USVString name, Blob blobValue, optional USVString filename);
  /** Takes away all entries of a name. */
  [WithScope] undefined delete(USVString name);
  /** The first value of a name, or null. */
  FormDataEntryValue? get(USVString name);
  /** All values of a name. */
  sequence<FormDataEntryValue> getAll(USVString name);
  /** Whether there is an entry of the name. */
  [WithScope] boolean has(USVString name);
  /** Replaces all values of a name. */
  [WithScope] undefined set(USVString name, USVString value);
  /** Replaces all entries of a name. */
  undefined set(USVString name, Blob blobValue, optional USVString filename);
  /** Names and values, in order. */
  iterable<USVString, FormDataEntryValue>;
};

/** How far something has come. */
[Exposed=(Window,Worker)]
interface ProgressEvent : Event {
  /** A new event of this type. */
  constructor(DOMString type, optional ProgressEventInit eventInitDict = {});

  /** Whether `total` is known. */
  readonly attribute boolean lengthComputable;
  /** How much there is. */
  readonly attribute double loaded;
  /** How much there will be. */
  readonly attribute double total;
};

/** How a new progress event shall be. */
[Section=progresseventinit] dictionary ProgressEventInit : EventInit {
  /** Whether `total` is known. */
  boolean lengthComputable = false;
  /** How much there is. */
  double loaded = 0;
  /** How much there will be. */
  double total = 0;
};
