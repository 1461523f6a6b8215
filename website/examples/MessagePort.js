const { port1, port2 } = new MessageChannel();
const buffer = new ArrayBuffer(8);
port2.onmessage = ({ data }) => {
  console.log(data.byteLength, buffer.byteLength); // 8 0
  port2.close();
};
port1.postMessage(buffer, [buffer]);
