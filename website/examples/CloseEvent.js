const [here, there] = Object.values(new WebSocketPair());
here.accept();
there.accept();
here.addEventListener("close", (event) => {
  console.log(event.code, event.reason, event.wasClean); // 1000 goodbye true
});
there.close(1000, "goodbye");
