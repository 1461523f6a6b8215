const event = new Event("tick", { cancelable: true });
event.preventDefault();
console.log(event.type, event.defaultPrevented); // tick true
