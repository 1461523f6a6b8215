const source = new EventSource("http://127.0.0.1:9/events"); // where nobody listens
console.log(source.readyState === EventSource.CONNECTING); // true
source.onmessage = ({ data, lastEventId }) => console.log(lastEventId, data);
// It tries again until it is closed.
source.onerror = () => {
  source.close();
  console.log(source.readyState === EventSource.CLOSED); // true
};
