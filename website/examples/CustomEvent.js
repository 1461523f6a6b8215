const target = new EventTarget();
target.addEventListener("order", (event) => console.log(/** @type {CustomEvent} */ (event).detail.product)); // tea
target.dispatchEvent(new CustomEvent("order", { detail: { product: "tea" } }));
