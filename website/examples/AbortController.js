const controller = new AbortController();
controller.signal.addEventListener("abort", () => console.log("aborted:", controller.signal.reason)); // aborted: no longer needed
controller.abort("no longer needed");
