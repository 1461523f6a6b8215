// `AbortSignal`: tells any number of operations that they shall stop.
//
// Who keeps whom alive (https://dom.spec.whatwg.org/#abort-signal-garbage-collection): a signal made by `AbortSignal.any()` holds
// its sources; a source holds it weakly until something observes it (a listener or an algorithm), and strongly from then on.
// The pending timer of `AbortSignal.timeout()` treats its signal in the same way. So a signal of the whole app that takes part
// in one `any()` per request does not collect the requests' signals.

import { DOMException, setTimer, setTimerReferenced } from "nano:native";
import { List } from "../script/list.js";
import {
  SetConstructor,
  SetPrototypeAdd,
  SetPrototypeDelete,
  SetPrototypeForEach,
  SetPrototypeGetSize,
  WeakRefConstructor,
  WeakRefPrototypeDeref,
} from "../script/primordials.js";
import { EventTargetImpl, fireEvent } from "./event_target.js";
import { getEventHandler, setEventHandler } from "./event_handler.js";

/** https://dom.spec.whatwg.org/#interface-AbortSignal */
export class AbortSignalImpl extends EventTargetImpl {
  // https://dom.spec.whatwg.org/#dom-abortsignal-aborted
  aborted = false;
  // https://dom.spec.whatwg.org/#dom-abortsignal-reason
  reason = undefined;

  // The standard's dependent flag, and the source signals of a dependent signal.
  dependent = false;
  sourceSignals = null;
  // The dependent signals of a source; null where there are none.
  dependentSignals = null;
  // The step that the timer of `AbortSignal.timeout()` runs; null for other signals and after the timeout.
  timeoutStep = null;

  // Sets of functions keep the order of insertion, as the standard's ordered set does.
  abortAlgorithms = null;
  abortListenerCount = 0;

  // https://dom.spec.whatwg.org/#dom-abortsignal-abort
  static abort(reason) {
    const signal = new AbortSignalImpl();
    signal.aborted = true;
    signal.reason = reason !== undefined ? reason : newAbortError();
    return signal;
  }

  // https://dom.spec.whatwg.org/#dom-abortsignal-timeout
  static timeout(milliseconds) {
    const signal = new AbortSignalImpl();
    // Run steps after a timeout. The timer keeps a program running only while somebody would notice.
    const step = new TimeoutStep(signal);
    step.timer = setTimer(() => step.run(), milliseconds, true);
    signal.timeoutStep = step;
    return signal;
  }

  // https://dom.spec.whatwg.org/#dom-abortsignal-any
  static any(signals) {
    return createDependentAbortSignal(signals);
  }

  // https://dom.spec.whatwg.org/#dom-abortsignal-throwifaborted
  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }

  get onabort() {
    return getEventHandler(this, "abort");
  }
  set onabort(value) {
    setEventHandler(this, "abort", value);
  }

  /**
   * Adds an algorithm that runs, without arguments and before the listeners, when this signal aborts.
   * https://dom.spec.whatwg.org/#abortsignal-add
   */
  addAlgorithm(algorithm) {
    // 1. If signal is aborted, then return.
    if (this.aborted) return;
    // 2. Append algorithm to signal's abort algorithms.
    this.abortAlgorithms ??= new SetConstructor();
    SetPrototypeAdd(this.abortAlgorithms, algorithm);
    this.updateObserved_();
  }

  // https://dom.spec.whatwg.org/#abortsignal-remove
  removeAlgorithm(algorithm) {
    if (this.abortAlgorithms === null) return;
    SetPrototypeDelete(this.abortAlgorithms, algorithm);
    this.updateObserved_();
  }

  // https://dom.spec.whatwg.org/#abortsignal-signal-abort
  signalAbort(reason) {
    // 1. If signal is aborted, then return.
    if (this.aborted) return;
    // 2. Set signal's abort reason to reason if it is given; otherwise to a new "AbortError" DOMException.
    this.aborted = true;
    this.reason = reason !== undefined ? reason : newAbortError();
    // 3. and 4. Every dependent signal that is not aborted takes the reason before any of them runs its steps.
    const dependentSignalsToAbort = new List();
    this.dependentSignals?.visit((dependent) => {
      if (dependent.aborted) return;
      dependent.aborted = true;
      dependent.reason = this.reason;
      dependentSignalsToAbort.append(dependent);
    });
    this.dependentSignals = null;
    // 5. Run the abort steps for signal.
    this.runAbortSteps_();
    // 6. For each dependentSignal of dependentSignalsToAbort, run the abort steps for dependentSignal.
    for (let i = 0; i < dependentSignalsToAbort.length; i++) dependentSignalsToAbort[i].runAbortSteps_();
  }

  // https://dom.spec.whatwg.org/#run-the-abort-steps
  runAbortSteps_() {
    // 1. and 2. Run each algorithm, then empty signal's abort algorithms.
    const algorithms = this.abortAlgorithms;
    if (algorithms !== null) {
      SetPrototypeForEach(algorithms, (algorithm) => algorithm());
      this.abortAlgorithms = null;
    }
    // 3. Fire an event named abort at signal.
    fireEvent(this, "abort");
    // A signal aborts once, so nobody needs to keep it alive any more.
    this.timeoutStep?.keepAlive(false);
    this.timeoutStep = null;
    const sources = this.sourceSignals;
    this.sourceSignals = null;
    if (sources === null) return;
    for (let i = 0; i < sources.length; i++) {
      sources[i].dependentSignals?.keepAlive(this, false);
      sources[i].updateObserved_();
    }
  }

  appendListener_(listener) {
    super.appendListener_(listener);
    if (listener.type === "abort") {
      this.abortListenerCount++;
      this.updateObserved_();
    }
  }

  removeListener_(listener) {
    if (listener.removed) return;
    super.removeListener_(listener);
    if (listener.type === "abort") {
      this.abortListenerCount--;
      this.updateObserved_();
    }
  }

  /** Whether anything would notice that this signal aborts. */
  get isObserved_() {
    return this.abortListenerCount > 0
      || (this.abortAlgorithms !== null && SetPrototypeGetSize(this.abortAlgorithms) > 0)
      || (this.dependentSignals !== null && this.dependentSignals.hasObserved);
  }

  /** Tells those who can abort this signal whether they must keep it alive. */
  updateObserved_() {
    const observed = this.isObserved_;
    this.timeoutStep?.keepAlive(observed);
    const sources = this.sourceSignals;
    if (sources === null) return;
    for (let i = 0; i < sources.length; i++) {
      sources[i].dependentSignals?.keepAlive(this, observed);
      sources[i].updateObserved_();
    }
  }
}

/** What runs when the time of `AbortSignal.timeout()` is over: https://dom.spec.whatwg.org/#dom-abortsignal-timeout step 3. */
class TimeoutStep {
  #weakSignal;
  #signal = null;

  constructor(signal) {
    this.#weakSignal = new WeakRefConstructor(signal);
  }

  // The timer's number.
  timer = 0;

  keepAlive(observed) {
    if (observed === (this.#signal !== null)) return;
    this.#signal = observed ? WeakRefPrototypeDeref(this.#weakSignal) : null;
    setTimerReferenced(this.timer, observed);
  }

  run() {
    WeakRefPrototypeDeref(this.#weakSignal)?.signalAbort(new DOMException("The operation timed out.", "TimeoutError"));
  }
}

/** The dependent signals of a source, in order of creation: the observed ones held strongly, the others weakly. */
class DependentSignals {
  // WeakRefs of all dependent signals.
  #all = new SetConstructor();
  // The observed ones.
  #observed = new SetConstructor();
  // Dead references are swept when the set has grown to this size.
  #sweepAt = 16;

  get hasObserved() {
    return SetPrototypeGetSize(this.#observed) > 0;
  }

  append(signal) {
    if (SetPrototypeGetSize(this.#all) >= this.#sweepAt) this.#sweep();
    SetPrototypeAdd(this.#all, new WeakRefConstructor(signal));
  }

  keepAlive(signal, observed) {
    if (observed) SetPrototypeAdd(this.#observed, signal);
    else SetPrototypeDelete(this.#observed, signal);
  }

  visit(callback) {
    SetPrototypeForEach(this.#all, (reference) => {
      const signal = WeakRefPrototypeDeref(reference);
      if (signal !== undefined) callback(signal);
    });
  }

  /** Drops dead references; the work is proportional to what was added since the last time. */
  #sweep() {
    SetPrototypeForEach(this.#all, (reference) => {
      if (WeakRefPrototypeDeref(reference) === undefined) SetPrototypeDelete(this.#all, reference);
    });
    this.#sweepAt = SetPrototypeGetSize(this.#all) * 2 + 16;
  }
}

function newAbortError() {
  return new DOMException("This operation was aborted.", "AbortError");
}

/** A signal that aborts with the first of `signals`: https://dom.spec.whatwg.org/#create-a-dependent-abort-signal. */
export function createDependentAbortSignal(signals) {
  // 1. Let resultSignal be a new object implementing signalInterface.
  const resultSignal = new AbortSignalImpl();
  // 2. For each signal of signals: if signal is aborted, then set resultSignal's abort reason and return it.
  for (let i = 0; i < signals.length; i++) {
    if (signals[i].aborted) {
      resultSignal.aborted = true;
      resultSignal.reason = signals[i].reason;
      return resultSignal;
    }
  }
  // 3. Set resultSignal's dependent to true.
  resultSignal.dependent = true;
  // 4. For each signal of signals: append it, or where it is dependent its sources, to resultSignal's source signals.
  const sources = new SetConstructor();
  for (let i = 0; i < signals.length; i++) {
    const signal = signals[i];
    if (!signal.dependent) {
      SetPrototypeAdd(sources, signal);
    } else {
      const sourceSignals = signal.sourceSignals;
      for (let j = 0; j < sourceSignals.length; j++) SetPrototypeAdd(sources, sourceSignals[j]);
    }
  }
  resultSignal.sourceSignals = new List();
  SetPrototypeForEach(sources, (source) => {
    resultSignal.sourceSignals.append(source);
    source.dependentSignals ??= new DependentSignals();
    source.dependentSignals.append(resultSignal);
  });
  return resultSignal;
}
