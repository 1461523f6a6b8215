// `ScheduledEvent`: a time has come.

import { initializeTrustedEvent } from "../dom/event.js";
import { exportToNative } from "../script/bridge.js";
import { ExtendableEventImpl } from "./extendable_event.js";

/** https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/ */
export class ScheduledEventImpl extends ExtendableEventImpl {
  cron = "";
  scheduledTime = 0;

  noRetry() {}
}

function createScheduledEvent(cron, scheduledTime) {
  const event = new ScheduledEventImpl();
  event.cron = cron;
  event.scheduledTime = scheduledTime;
  return event;
}

/** Gives an event to the listeners; throws what one has thrown. */
exportToNative("dispatchScheduledEvent", (cron, scheduledTime, context) => {
  const event = createScheduledEvent(cron, scheduledTime);
  event.dispatch_("scheduled", context);
  if (event.failure !== null) throw event.failure.exception;
});

/** The argument of a handler, which is active without being dispatched. */
exportToNative("scheduledEvent", (cron, scheduledTime, context) => {
  const event = createScheduledEvent(cron, scheduledTime);
  initializeTrustedEvent(event, "scheduled");
  event.context = context;
  event.pendingPromisesCount = 1;
  return event.wrapper;
});
