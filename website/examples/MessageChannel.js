const { port1, port2 } = new MessageChannel();
port2.onmessage = ({ data }) => {
  console.log(data.length); // 2
  port1.close();
};
port1.postMessage(["a", "b"]);
