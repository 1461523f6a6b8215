const bell = new EventTarget();
bell.addEventListener("ring", () => console.log("somebody is there"), { once: true }); // somebody is there
bell.dispatchEvent(new Event("ring"));
bell.dispatchEvent(new Event("ring"));
