const here = new BroadcastChannel("news");
const there = new BroadcastChannel("news");
there.onmessage = ({ data }) => {
  console.log(data); // hello
  here.close();
  there.close();
};
here.postMessage("hello");
