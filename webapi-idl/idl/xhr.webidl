// Source: XMLHttpRequest Standard (https://xhr.spec.whatwg.org/)
// Date: 2026-07-01

typedef (File or USVString) FormDataEntryValue;

[Exposed=(Window,Worker)]
interface FormData {
  // DEPARTURE: (optional HTMLFormElement form, optional HTMLElement? submitter = null). There are no elements; the
  // constructor answers any form but undefined with the TypeError that its conversion would give.
  constructor(optional any form);

  undefined append(USVString name, USVString value);
  undefined append(USVString name, Blob blobValue, optional USVString filename);
  undefined delete(USVString name);
  FormDataEntryValue? get(USVString name);
  sequence<FormDataEntryValue> getAll(USVString name);
  boolean has(USVString name);
  undefined set(USVString name, USVString value);
  undefined set(USVString name, Blob blobValue, optional USVString filename);
  iterable<USVString, FormDataEntryValue>;
};
